"""What a small submission is: by key, of OpenRosa, of a stated length that holds no photo."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder

from server.fast_path import is_small_submission
from server.fast_path.small import SMALL_BYTES, small_submission_key


def environ(path: str = "/key/t/submission", **changes: str | None):
    """Return the environment of a small submission with ``changes``; None takes a name out."""
    headers = {"X-OpenRosa-Version": "1.0"}
    made = EnvironBuilder(method="POST", data=b"form", headers=headers).get_environ()
    made["PATH_INFO"] = path
    made.update({name: value for name, value in changes.items() if value is not None})
    return {name: value for name, value in made.items() if changes.get(name, "") is not None}


@pytest.mark.parametrize("path", ["/key/t/submission", "/key/t/submission/", "//key/t//submission"])
def test_a_submission_by_key_is_small_whatever_slashes_collect_added(path):
    assert small_submission_key(environ(path)) == "t"


@pytest.mark.parametrize(
    "other",
    [
        environ("/submission"),
        environ("/key/t/formList"),
        environ("/key/t/forms/submission"),
        environ(REQUEST_METHOD="HEAD"),
        environ(HTTP_X_OPENROSA_VERSION="0.9"),
        environ(HTTP_X_OPENROSA_VERSION=None),
        environ(CONTENT_LENGTH="0"),
        environ(CONTENT_LENGTH=None),
        environ(CONTENT_LENGTH="-1"),
        environ(CONTENT_LENGTH=str(SMALL_BYTES + 1)),
    ],
)
def test_everything_else_is_not(other):
    assert not is_small_submission(other)
