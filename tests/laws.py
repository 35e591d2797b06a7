"""How many examples a law is tried on: fewer at a desk, where people wait, than in continuous integration.

``FIREGRID_TEST_PROFILE`` names the profile: ``desk`` when it is not set, ``ci`` in ``.ci/run``, or a whole number for
so many times as many as ``ci``. All draw anew in each run, so that what one run at a desk does not try another does.
"""

from __future__ import annotations

import os

from hypothesis import settings

IN_CI = 100
AT_A_DESK = 20
"""Examples of a law that names no number of its own."""


def load_profile() -> None:
    """Load the profile that the environment names. Called before any test module is imported."""
    # No deadline: a machine that is busy with something else breaks no law.
    settings.register_profile("ci", deadline=None, max_examples=IN_CI)
    settings.register_profile("desk", deadline=None, max_examples=AT_A_DESK)
    profile = os.environ.get("FIREGRID_TEST_PROFILE", "desk")
    if profile.isdecimal():
        settings.register_profile(profile, deadline=None, max_examples=IN_CI * int(profile))
    settings.load_profile(profile)


def examples(in_ci: int) -> int:
    """Return how many examples to try of a law that is tried on ``in_ci`` in continuous integration."""
    return max(5, in_ci * settings().max_examples // IN_CI)
