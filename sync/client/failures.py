"""The failures of the field client, each with a sentence for its user and an exit status."""

from __future__ import annotations


class Failure(Exception):
    """Something stopped a command. ``message`` is one line, Chinese first; ``exit_code`` is what the shell gets.

    Whatever was saved before stays saved: no failure takes work away.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(Failure):
    """The request cannot be carried out as it stands; the message says how to mend it."""


class TooLarge(Refused):
    """The server does not take a request of this size. limits: those that it named, empty when none."""

    def __init__(self, message: str, limits: dict[str, int]) -> None:
        super().__init__(message)
        self.limits = limits


class NoConnection(Failure):
    """The server cannot be reached, or is not able to answer now; to be tried again later."""

    exit_code = 3


class NotSignedIn(Failure):
    """Nobody is signed in on this device, or the server no longer takes the key or the sign-in."""

    exit_code = 4
