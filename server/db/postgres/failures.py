"""Says of an error of PostgreSQL whether to try again, whether the work is wrong, and what people are told."""

from __future__ import annotations

import psycopg

from server.db.sql import CommitUnknown, EngineError, Parameters
from server.errors import DiskFull, Invalid, OutcomeUnknown, Refusal, Unavailable

TRY_AGAIN = ("08", "25", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE (PostgreSQL, appendix A) that say nothing of the work: connections, a transaction that may not
write, rollbacks for the sake of others, resources, locks, an operator's intervention, the system."""

DISK_FULL = "53100"
READ_ONLY = "25006"
NO_RIGHT = "42501"

RETRY_AFTER_S = 5
"""After which time a request is worth another try: a standby takes over, or a server starts, in about as long."""


_FULL = (
    "too many clients",
    "too many connections",
    "connection slots are reserved",
    "no more connections allowed",
    "客户端连接过多",
    "的连接过多",
    "剩余连接槽位",
)
"""What a server says that has no connection left, and pgbouncer; libpq tells no code of it. PostgreSQL speaks Chinese
where its ``lc_messages`` does."""


class PostgresError(EngineError):
    """An error of PostgreSQL or of the connection to it; ``__cause__`` has what psycopg raised."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.sqlstate = error.sqlstate or ""
        self.is_failure = self.sqlstate[:2] in TRY_AGAIN or (
            not self.sqlstate and isinstance(error, psycopg.OperationalError)
        )


def raised(error: psycopg.Error, parameters: Parameters | tuple[object, ...]) -> Exception:
    """Return what is raised in the place of ``error``. parameters: of the statement that met it."""
    values = parameters.values() if isinstance(parameters, dict) else parameters
    if any(isinstance(each, str) and "\0" in each for each in values):
        # PostgreSQL keeps no U+0000 in a text. XML cannot carry it, JSON can.
        return Invalid("内容里有数据库不能保存的字符 U+0000；请删去这个字符后再试。")
    return PostgresError(error)


def is_failure(error: BaseException | None) -> bool:
    """Say whether PostgreSQL, its machine or the way to it failed, rather than the work being wrong."""
    return isinstance(error, CommitUnknown) or (isinstance(error, PostgresError) and error.is_failure)


def is_full(error: BaseException) -> bool:
    """Say whether a connection was refused because too many are open."""
    said = str(error)
    return any(words in said for words in _FULL)


def refusal_of(error: BaseException | None) -> Refusal | None:
    """Return what people are told of an error; None where it is the program's fault."""
    if isinstance(error, PostgresError) and error.sqlstate == DISK_FULL:
        return DiskFull()
    if isinstance(error, CommitUnknown):
        return OutcomeUnknown()
    if isinstance(error, PostgresError) and error.sqlstate == READ_ONLY:
        return read_only()
    if isinstance(error, PostgresError) and error.sqlstate == NO_RIGHT:
        return Unavailable(
            f"数据库用户没有需要的权限，请联系管理员；/readyz 说明少哪一项、怎样补上。 · a right is missing: {error}",
            retry_after_s=RETRY_AFTER_S,
        )
    if is_failure(error):
        return Unavailable("数据库暂时连不上或太忙，请稍后再试。", retry_after_s=RETRY_AFTER_S)
    return None


def read_only() -> Unavailable:
    """Return what people are told where the database takes no writes."""
    return Unavailable(
        "数据库现在只读，不能保存：连到的是备库，或设了 default_transaction_read_only；"
        "请数据库管理员升主库或改回来，FIREGRID_DATABASE 宜写上 target_session_attrs=read-write。"
        " · the database is read-only",
        retry_after_s=RETRY_AFTER_S,
    )
