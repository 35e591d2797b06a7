"""Says why a database cannot be worked with, in words for whoever starts the program: the reason, and its cure.

Where a connection fails libpq tells no code, so the reason is known by the words of the server, which speaks Chinese
where its ``lc_messages`` does. What it says is quoted but where it might quote a password.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import psycopg

from server.db.postgres.failures import PostgresError, is_full, read_only
from server.errors import Invalid, Refusal, Unavailable

CREATED_BY = "CREATE DATABASE firegrid ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0"

ADDRESS = (
    "FIREGRID_DATABASE 不是能用的数据库地址；应如 postgresql://用户:密码@主机:5432/数据库名，"
    "密码里的 % @ : / 和空格要写成 %25 %40 %3A %2F %20，问号后面只能写 PostgreSQL 认得的参数。"
    " · FIREGRID_DATABASE is no address of a database"
)


class _Reason(NamedTuple):
    """words: what is said where it is this one. what, cure: in Chinese. english: the same in short."""

    words: re.Pattern[str]
    what: str
    cure: str
    english: str


def _reason(words: str, what: str, cure: str, english: str) -> _Reason:
    return _Reason(re.compile(words), what, cure, english)


_REASONS = (
    _reason(
        r"failed to resolve host|could not translate host name|无法将主机名",
        "找不到这台主机",
        "请核对 FIREGRID_DATABASE 里的主机名，以及这台机器的 DNS",
        "unknown host",
    ),
    _reason(
        r"[Cc]onnection refused|拒绝连接",
        "那里没有数据库在听",
        "请核对地址和端口，看数据库是否在运行",
        "connection refused",
    ),
    _reason(
        r"timeout expired|timed out|超时",
        "没有答复",
        "请看数据库的机器是否在运行、网络和防火墙通不通",
        "no answer",
    ),
    _reason(
        r"no pg_hba\.conf entry|pg_hba\.conf 条目|pg_hba\.conf 记录",
        "数据库不接受从这台机器这样登录",
        "请让数据库管理员在 pg_hba.conf 里加上这台机器、这个用户和数据库",
        "not admitted by pg_hba.conf",
    ),
    _reason(
        r'role "[^"]*" does not exist|角色 "[^"]*" 不存在',
        "没有这个数据库用户",
        "请核对 FIREGRID_DATABASE 里的用户名，或让管理员建立：CREATE ROLE 用户名 LOGIN PASSWORD '…'",
        "no such user",
    ),
    _reason(
        r"authentication failed|认证失败|no password supplied",
        "用户名或密码不对，或没有给密码",
        "请核对 FIREGRID_DATABASE 或 ~/.pgpass 里的用户名和密码，以及数据库的 pg_hba.conf",
        "wrong user or password",
    ),
    _reason(
        r'database "[^"]*" does not exist|数据库 "[^"]*" 不存在',
        "没有这个数据库",
        f"请核对 FIREGRID_DATABASE，或让管理员建立：{CREATED_BY}",
        "no such database",
    ),
    _reason(
        r"permission denied for database|访问数据库 .* 的权限不足",
        "这个用户不许连接这个数据库",
        "请让数据库管理员执行 GRANT CONNECT ON DATABASE 数据库名 TO 用户名",
        "no right to connect",
    ),
    _reason(
        r"starting up|shutting down|not (yet )?accepting connections|正在启动|正在关闭|不接受连接",
        "数据库正在启动或关闭",
        "请过一会儿再试；一直这样请看数据库的日志",
        "starting up or shutting down",
    ),
    _reason(
        r"session is read-only|会话为只读|recovery mode",
        "没有能写的数据库，连到的都是只读的备库",
        "请把一台备库升为主库，或在 FIREGRID_DATABASE 里写上主库",
        "no database that takes writes",
    ),
)
_FULL = _reason("", "连接数已满", "请调大数据库的 max_connections，或减少服务进程", "too many connections")
_OTHER = _reason("", "原因见后", "请核对地址和端口，看数据库是否在运行", "it said")
_MISREAD = re.compile(r"invalid (integer|port|\w+ value)|could not (parse|match)|bad value for")


def refusal_of(error: psycopg.Error, schema: str) -> Refusal | None:
    """Return what whoever starts the program is told of an error with its cure; None where none is known."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Invalid(
            f"数据库用户没有需要的权限：{error.diag.message_primary}。请让数据库管理员运行："
            f"GRANT CREATE ON DATABASE 数据库名 TO 用户名，或把 {schema} 的所有者设为这个用户。 · a right is missing",
            schema=schema,
        )
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return read_only()
    if _is_of_connecting(error):
        said = str(error).strip()
        if _MISREAD.search(said):  # it quotes the address, and so perhaps the password
            return Invalid(ADDRESS, field="FIREGRID_DATABASE")
        found = next((each for each in _REASONS if each.words.search(said)), _FULL if is_full(error) else _OTHER)
        quoted = said.splitlines()[0] if said else "?"
        return Unavailable(f"连不上数据库：{found.what}。{found.cure}。 · {found.english}: {quoted}")
    return None


def _is_of_connecting(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.OperationalError | psycopg.ProgrammingError) and not PostgresError(error).sqlstate
