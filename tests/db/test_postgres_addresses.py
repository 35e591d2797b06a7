"""What is refused of the settings of a database, and that no message quotes a password."""

from __future__ import annotations

import pytest

from server.errors import Invalid
from server.settings import county_database

psycopg = pytest.importorskip("psycopg")

BAD = (
    "postgresql://firegrid:S3k%zzr3t@localhost/firegrid",
    "postgresql://firegrid:S3k ret@localhost/firegrid",
    "postgresql://localhost/firegrid?nonsense=S3k",
)


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_cannot_be_read_is_told_with_its_cure_and_without_its_password(url):
    from server.db.postgres import connections

    with pytest.raises(Invalid, match="%25") as refusal:
        connections.address(url)

    assert "S3k" not in str(refusal.value) and refusal.value.__suppress_context__


def test_a_county_beside_an_empty_address_is_a_slip_and_no_data_folder():
    with pytest.raises(Invalid, match="FIREGRID_DATABASE 是空的"):
        county_database({"FIREGRID_DATABASE": "", "FIREGRID_COUNTY": "130630"})

    assert county_database({"FIREGRID_COUNTY": "130630"}) is None
    assert county_database({"FIREGRID_DATABASE": ""}) is None
