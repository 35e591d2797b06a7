"""The catalogue of refusals, which each door answers in its own format."""

from __future__ import annotations


class Refusal(Exception):
    """A rule refuses a request. Subclasses name the rule; ``data`` names the particulars.

    The message is one Chinese sentence for the worker or officer who reads it:
    what is wrong, and how to correct it. ``code`` is a stable word for programs.
    """

    code = "refused"

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class Unreadable(Refusal):
    """What arrived cannot be read at all: broken XML, multipart, JSON or encoding."""

    code = "unreadable"


class HostUnknown(Refusal):
    """The Host header names no address of this installation, or there is not exactly one."""

    code = "host-unknown"


class TooLarge(Refusal):
    """What arrived is larger than a stated limit."""

    code = "too-large"


class Invalid(Refusal):
    """A value is readable and wrong; ``errors`` lists every bad field at once."""

    code = "invalid"


class NotFound(Refusal):
    """Nothing of this name is in the caller's scope (out of scope and absent are answered alike)."""

    code = "not-found"


class NotAllowed(Refusal):
    """The caller sees the thing but their role may not do this to it."""

    code = "not-allowed"


class SignInRequired(Refusal):
    """No credentials, or credentials that have run out."""

    code = "sign-in-required"


class SignInFailed(Refusal):
    """User name or password is wrong."""

    code = "sign-in-failed"


class LockedOut(Refusal):
    """Too many failed sign-ins; ``until`` is the instant at which the next try is allowed."""

    code = "locked-out"


class TooManySignIns(Refusal):
    """More people sign in at once than passwords can be checked; ``retry_after_s`` says when to try again."""

    code = "too-many-sign-ins"


class PasswordChangeRequired(Refusal):
    """The password is one that somebody else set, or too weak; until it is changed it opens nothing else."""

    code = "password-change-required"


class ShortOfMemory(Refusal):
    """The machine has not the memory for this now; ``retry_after_s`` says when to try again."""

    code = "short-of-memory"

    def __init__(self) -> None:
        super().__init__("服务器内存不足，暂时不能办理；请过一会儿再试，一再出现请告诉管理员。", retry_after_s=10)


class KeyRefused(Refusal):
    """A phone key that is unknown, replaced or revoked."""

    code = "key-refused"


class Conflict(Refusal):
    """The thing exists already, or has moved on since the caller looked."""

    code = "conflict"


class StaleVersion(Conflict):
    """``base_version`` or ``If-Match`` names a version that is no longer the newest."""

    code = "stale-version"


class PreconditionFailed(Refusal):
    """``If-Match`` names another version than the stored one."""

    code = "precondition-failed"


class IllegalStep(Refusal):
    """The transition table has no such step from this status."""

    code = "illegal-step"


class SubmissionDiffers(Conflict):
    """The same instanceID arrived with other XML; the first copy stands and the second is kept beside it."""

    code = "submission-differs"


class EditOutOfDate(Conflict):
    """An edit names a submission version that another edit has already replaced."""

    code = "edit-out-of-date"


class OriginalUnknown(NotFound):
    """An edit arrived before the submission that it edits; the phone keeps it and tries again."""

    code = "original-unknown"


class FormUnknown(NotFound):
    """No form of this id, or no such version of it, was ever published."""

    code = "form-unknown"


class FormClosed(Conflict):
    """The form takes no more submissions."""

    code = "form-closed"


class FormRefused(Refusal):
    """A form cannot be published; ``errors`` lists sheet or file, row, column, message and cure."""

    code = "form-refused"


class TypeConflict(Refusal):
    """Two forms declare the same record type or property in ways that exclude each other."""

    code = "type-conflict"


class GridRefused(Refusal):
    """A grid file has bad rows; ``errors`` lists line, column, reason and cure of each."""

    code = "grid-refused"


class CalendarRefused(Refusal):
    """A calendar of holidays has bad rows; ``errors`` lists line, column, reason and cure of each."""

    code = "calendar-refused"


class MonthFrozen(Conflict):
    """The sheet of the month was filed; what was filed is never changed, only corrected by a further sheet."""

    code = "month-frozen"


class MonthNotFrozen(NotFound):
    """The sheet of the month was not filed, so there is nothing to compare or correct."""

    code = "month-not-frozen"


class UnsupportedType(Refusal):
    """The body is of another media type than this address takes."""

    code = "unsupported-type"


class ChecksumMismatch(Refusal):
    """Bytes that came do not hash to what their sender says (tus 1.0, checksum); send them again."""

    code = "checksum-mismatch"


class QuotaExceeded(Refusal):
    """One person, or one device, has sent as much as may lie here unused; the message says what frees room."""

    code = "quota-exceeded"


class Unavailable(Refusal):
    """The disk or the database could not take the write; nothing was acknowledged, try again."""

    code = "unavailable"


class DiskFull(Unavailable):
    """There is no room on the disk; nothing was acknowledged, and only who runs the server can help."""

    code = "disk-full"

    def __init__(
        self, message: str = "服务器磁盘已满，暂时不能保存；请告诉管理员。没送到的内容都还在，稍后再送。"
    ) -> None:
        super().__init__(message)


class DiskUnwritable(Unavailable):
    """The data folder cannot be read or written, as on a read-only disk; only who runs the server can help."""

    code = "disk-unwritable"

    def __init__(
        self,
        message: str = "服务器的数据目录读写不了（磁盘只读、出错或权限不对），暂时不能保存；"
        "请告诉管理员检查。没送到的内容都还在，稍后再送。",
    ) -> None:
        super().__init__(message)


class OutcomeUnknown(Unavailable):
    """The connection to the database was lost at COMMIT: kept or not, nobody knows; the same again finds out."""

    code = "outcome-unknown"

    def __init__(self) -> None:
        super().__init__(
            "保存时和数据库的连接断了，不知道是否已保存；请稍后把同样的内容原样再提交一次，已保存的不会存两份。",
            retry_after_s=5,
        )


class Busy(Refusal):
    """Another process holds what this one needs, such as the data folder."""

    code = "busy"


class DatabaseTooNew(Refusal):
    """The database was written by a newer Firegrid than this one."""

    code = "database-too-new"


class FolderMoved(Refusal):
    """The data folder was moved or copied, and nobody has said which."""

    code = "folder-moved"


class Damaged(Refusal):
    """The database file itself is broken and cannot be read; only a backup helps."""

    code = "damaged"


ITEM_ERRORS = (Refusal, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""Errors that belong to one item of many and come again with it, so that a stuck item never holds up another
(``sync.md`` section 7); what is wrong with the database is no such error."""
