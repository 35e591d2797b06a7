"""Lets phones in by user name and password, which Collect sends with every request once it was asked.

Argon2 on each of them would cost tens of milliseconds, so a login that was verified a moment ago is known again.
"""

from __future__ import annotations

from server.db.database import Database
from server.errors import SignInFailed
from server.people.domain.actors import Actor
from server.people.store import people
from server.people.usecases import sign_in as signing_in
from server.people.usecases.login_cache import VerifiedLogins

_LOGINS = VerifiedLogins()


def sign_in(database: Database, name: str, password: str, logins: VerifiedLogins = _LOGINS) -> Actor:
    """Return the person whose phone shows this name and password. Not for use inside a transaction.

    A wrong password that a phone repeats counts as one failed try: it repeats it for hours, all by itself, and
    would keep its owner locked out for ever. Raises SignInFailed, LockedOut.
    """
    with database.reading() as reading:
        attempt = signing_in.begin(reading, name)
        stored = attempt.account.password_hash if attempt.account else None
        known = None if stored is None else logins.find(name, password, stored, reading.now)
        if known is True:
            return people.actor(reading, name)
    if known is False:
        raise SignInFailed("用户名或密码不对；请在 ODK Collect 的服务器设置里改正，或扫描管理员给的二维码。")
    fits = signing_in.fits(attempt, password)
    if not fits:
        refusal = database.write(lambda tx: signing_in.record_failure(tx, attempt))
    else:
        actor = database.write(lambda tx: signing_in.record_success(tx, attempt))
    if stored is not None:
        logins.remember(name, password, stored, reading.now, fits=fits)
    if not fits:
        raise refusal
    return actor
