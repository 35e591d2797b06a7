"""How serious a hazard is: what its report says of it, and whether the brigade has found it to be a major one."""

from __future__ import annotations

FIELD = "severity"
"""Field of a case in which a report says how serious the hazard is."""
SUSPECTED, MAJOR = "suspected_major", "major"


def of_case(reported: str | None, *, is_major: bool) -> str | None:
    """Return the severity of a case (``domain.md`` section 4.3); of a report that says nothing, nothing.

    reported: what the field says; one that calls itself major is suspected to be. is_major: the brigade's finding
    stands, which alone makes it major.
    """
    if is_major:
        return MAJOR
    return SUSPECTED if reported == MAJOR else reported
