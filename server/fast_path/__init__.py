"""Answers small submissions fast: past Flask, and in the writer's own thread.

An evening's rush is made of submissions without a photo. ``FIREGRID_FAST_PATH=off`` answers them like every other
request; ``docs/adr/0025-fast-path.md`` says what that costs, and ``make bench ARGS=fast_path`` measures it. All of this
can go when it no longer pays: the rest of the program knows only ``RequestRunner`` and ``ShortRequests``.
"""

from __future__ import annotations

from server.fast_path.greenlets import GreenletRunner
from server.fast_path.past_flask import PastFlask
from server.fast_path.small import is_small_submission

__all__ = ["GreenletRunner", "PastFlask", "is_small_submission"]
