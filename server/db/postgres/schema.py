"""The schema of a county: how it is made, brought to the shape of today, and refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from psycopg import sql

from server.db.folder import new_secret
from server.db.migrations import FOLLOWED_BY, STEPS
from server.db.postgres.reasons import CREATED_BY
from server.db.postgres.statements import PgConnection, PostgresSql
from server.db.sql import Sql
from server.errors import Busy, DatabaseTooNew, Invalid, NotFound, Unavailable

BASELINE = "baseline"
_SUFFIX = ".postgres.sql"
_STEPS_LINE = re.compile(r"^-- holds: (?P<step>\S+)$", re.MULTILINE)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('firegrid schema ' || %s, 0))"


@cache
def script(step: str) -> str:
    """Return the SQL of a step, or of the baseline. Raises FileNotFoundError for a step without one."""
    return (files("server.db.migrations") / f"{step}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def held_by_baseline() -> frozenset[str]:
    """Return the names of the steps whose outcome the baseline holds."""
    return frozenset(_STEPS_LINE.findall(script(BASELINE)))


def create(connection: PgConnection, schema: str, epoch: str) -> None:
    """Make the schema with an empty database in it, in one transaction. epoch: its first.

    Raises Busy when there is one, Invalid where the database cannot keep one.
    """
    with connection.transaction():
        connection.execute(_LOCK, (schema,))
        _require_order(connection)
        if _exists(connection, schema):
            raise Busy(
                f"数据库里已有 {schema}；要另建一个县，请用另一个 FIREGRID_COUNTY，或直接使用它。", schema=schema
            )
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        connection.execute(script(BASELINE).encode())
        _note(connection, held_by_baseline())
        _apply(connection, [step for step in STEPS if step not in held_by_baseline()])
        connection.execute("INSERT INTO setting (name, value) VALUES ('epoch', %s)", (epoch,))
        connection.execute("INSERT INTO secret (value) VALUES (%s)", (new_secret(),))


def migrate(connection: PgConnection, schema: str) -> None:
    """Bring the schema to the shape of today, in one transaction; processes that start together do it one by one.

    Raises NotFound when there is none, DatabaseTooNew when a newer Firegrid has written it.
    """
    if not _exists(connection, schema):
        raise NotFound(
            f"数据库里没有 {schema}；请核对 FIREGRID_DATABASE 和 FIREGRID_COUNTY，要新建请运行 firegrid init 。",
            schema=schema,
        )
    _require_rights(connection, schema)
    _require_byte_order(connection, schema)
    if not _pending(connection):
        return
    with connection.transaction():
        connection.execute(_LOCK, (schema,))
        _require_order(connection)
        _apply(connection, _pending(connection))


def secret(connection: PgConnection) -> str:
    """Return the secret of the county."""
    row = connection.execute("SELECT value FROM secret").fetchone()
    return str(row[0]) if row else ""


def set_secret(connection: PgConnection, secret: str) -> None:
    """Put another secret in the place of the present one."""
    connection.execute("UPDATE secret SET value = %s", (secret,))


def drop(connection: PgConnection, schema: str) -> None:
    """Delete a schema with all that is in it."""
    connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


def tables(connection: PgConnection, schema: str) -> list[str]:
    """Return the names of the tables of a schema."""
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", (schema,))
    return [str(name) for (name,) in found.fetchall()]


def compact(connection: PgConnection, schema: str) -> None:
    """Write every table anew; each is locked so long."""
    for table in tables(connection, schema):
        connection.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(schema, table)))


def require_writable(sql: Sql, schema: str) -> None:
    """Do nothing where this server of databases takes writes, and its user may do all that the program does.

    Raises Unavailable.
    """
    if sql.value("SELECT pg_is_in_recovery()"):
        cure = "请让 FIREGRID_DATABASE 写上两台主机和 target_session_attrs=read-write，或把备库升为主库"
        raise Unavailable(f"连到的是只读的备库，不能保存；{cure}。 · a standby, which is read-only")
    if sql.value("SELECT current_setting('default_transaction_read_only')") == "on":
        cure = "请数据库管理员改回来"
        raise Unavailable(
            f"数据库设成了只读 (default_transaction_read_only)，不能保存；{cure}。 · the database is read-only"
        )
    if (missing := _missing_right(sql, schema)) is not None:
        raise Unavailable(f"{missing.what}，不能保存；请数据库管理员执行 {missing.cure} 。 · {missing.english}")


class _Missing(NamedTuple):
    """A right that the user of the database lacks. what: in Chinese. cure: the SQL that gives it, and all others."""

    what: str
    cure: str
    english: str


def _missing_right(sql: Sql, schema: str) -> _Missing | None:
    """Return the first right that the program needs and its user lacks; None where there is none."""
    found = next(iter(sql.tuples(_RIGHTS, {"schema": schema})), None)
    if found is None:
        return None
    user, table, right = found
    everything = f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
    if table is None:
        cure = f"GRANT USAGE ON SCHEMA {schema} TO {user}; {everything}"
        return _Missing(f"数据库用户 {user} 没有权限用 {schema} (USAGE)", cure, f"no right to use {schema}")
    what = f"数据库用户 {user} 没有权限对 {schema}.{table} 做 {right}"
    return _Missing(what, everything, f"no right to {right} on {schema}.{table}")


_RIGHTS = """
SELECT current_user, NULL AS name, 'USAGE' AS needed WHERE NOT has_schema_privilege(:schema, 'USAGE')
UNION ALL
(SELECT current_user, pg_class.relname, needed
   FROM pg_class JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
  CROSS JOIN (VALUES (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE')) AS rights (place, needed)
  WHERE pg_namespace.nspname = :schema AND pg_class.relkind IN ('r', 'p')
    AND NOT has_table_privilege(pg_class.oid, needed)
  ORDER BY pg_class.relname, place)
LIMIT 1
"""


def size(connection: PgConnection, schema: str) -> int:
    """Return how many bytes tables and indexes of a schema take."""
    row = connection.execute(
        "SELECT COALESCE(SUM(pg_total_relation_size(c.oid)), 0) FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'",
        (schema,),
    ).fetchone()
    return int(row[0]) if row else 0


def _require_order(connection: PgConnection) -> None:
    """Raise Invalid where texts would not be kept or compared as they must be."""
    row = connection.execute(
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    if row is None or row[0] != "UTF8":
        raise Invalid(
            f"数据库的编码是 {row[0] if row else '?'}，应为 UTF8；请新建：{CREATED_BY}。",
            field="FIREGRID_DATABASE",
        )
    version = connection.info.server_version
    if version < 150_000:
        raise Invalid(f"PostgreSQL {version // 10_000} 太旧；需要 15 或更新的版本。", field="FIREGRID_DATABASE")


def _require_rights(connection: PgConnection, schema: str) -> None:
    """Raise Invalid where this user may not do in the schema what the program does."""
    missing = _missing_right(PostgresSql(lambda: connection), schema)
    if missing is not None:
        user = connection.info.user
        raise Invalid(
            f"{missing.what}；请让数据库管理员运行：{missing.cure} ，或 ALTER SCHEMA {schema} OWNER TO {user}，"
            f"其中的表也照此办理；或换用建立它的用户。 · {missing.english}",
            schema=schema,
        )


def _require_byte_order(connection: PgConnection, schema: str) -> None:
    """Raise Invalid where a text of the schema is not compared byte by byte, as ranges of paths need."""
    row = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s"
        " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' ORDER BY 1, 2 LIMIT 1",
        (schema,),
    ).fetchone()
    if row is not None:
        table, column = row
        raise Invalid(
            f'{schema}.{table}.{column} 的排序规则不是 "C"，按路径的范围会算错；请停止服务后运行：'
            f'ALTER TABLE {schema}.{table} ALTER COLUMN {column} TYPE text COLLATE "C"，再启动。',
            schema=schema,
        )


def _exists(connection: PgConnection, schema: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'migration'", (schema,))
    return found.fetchone() is not None


def _pending(connection: PgConnection) -> list[str]:
    applied = {str(name) for (name,) in connection.execute("SELECT name FROM migration").fetchall()}
    unknown = sorted(applied - set(STEPS))
    if unknown:
        raise DatabaseTooNew("数据库由更新的 Firegrid 写成；请先升级程序，再打开它。", steps=unknown)
    return [step for step in STEPS if step not in applied]


def _apply(connection: PgConnection, steps: list[str]) -> None:
    for step in steps:
        connection.execute(script(step).encode())
        if step in FOLLOWED_BY:
            FOLLOWED_BY[step](PostgresSql(lambda: connection))
    _note(connection, steps)


def _note(connection: PgConnection, steps: Iterable[str]) -> None:
    now = datetime.now(UTC).isoformat()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO migration (name, applied_at) VALUES (%s, %s)", [(step, now) for step in sorted(steps)]
        )
