"""Find the rules by which a password of an account is judged: the length of that day, and what others know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.grid.store import areas
from server.people.domain import guessable, passwords, sign_in_rules
from server.people.usecases import password_hashing


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a password of one account must be. length_min: in characters. personal: what others know of the person."""

    length_min: int
    personal: frozenset[str]

    def refuse(self, password: str) -> bool:
        """Return whether this password may not be set."""
        return any(True for _ in self._faults(password))

    def hashed(self, password: str, field: str = "password") -> str:
        """Return the hash of a password that somebody chose. Tens of milliseconds: not for use inside a transaction.

        Raises Invalid that names every broken rule, at ``field``, and ShortOfMemory.
        """
        passwords.checked_password(password, self.length_min, self.personal, field)
        return password_hashing.hashed(password)

    def _faults(self, password: str) -> Iterator[str]:
        return passwords.faults_of(password, self.length_min, self.personal)


def of(reading: Reading, name: str, display: str) -> PasswordRules:
    """Return the rules for the account ``name``, which may be still to be added. display: its shown name."""
    personal = guessable.words_of((name, display)) | reading.cached(("words of places",), _words_of_places)
    return PasswordRules(sign_in_rules.at(reading.now).password_length_min, personal)


def _words_of_places(reading: Reading) -> frozenset[str]:
    """Return the words of the county, its towns and its villages; units are numbered."""
    grid = areas.whole_grid(reading).values()
    return guessable.words_of(area.name for area in grid if area.level is not Level.UNIT)
