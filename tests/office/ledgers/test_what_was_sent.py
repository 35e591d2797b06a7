"""The history of a ledger's record leads to what a phone sent with each version, to those who may look at it."""

from __future__ import annotations

from tests.filled_forms import a_station, new_uuid
from tests.office.desk import Desk, with_passwords
from tests.valley import UNIT


def test_what_a_phone_sent_with_a_version_is_shown_and_saved(valley):
    id = new_uuid()
    valley.phone("worker").send(a_station(id, area=UNIT, hoses="8"))
    with_passwords(valley)
    desk = Desk(valley)
    desk.sign_in("officer")
    record = f"/office/ledgers/stations/{id}"

    page, sent, file = (desk.open(f"{record}{path}") for path in ("", "/submissions/1", "/submissions/1.xml"))

    assert f'<a href="{record}/submissions/1">看提交</a>' in page.text
    assert sent.status_code == 200 and ">8<" in sent.text and f'href="{record}"' in sent.text
    assert '<dt title="hoses">水带数</dt>' in sent.text
    assert file.status_code == 200 and b"<hoses>8</hoses>" in file.data
    assert "attachment" in file.headers["Content-Disposition"]
    assert desk.open(f"{record}/submissions/2").status_code == 404
    assert desk.open(f"/office/ledgers/hazards/{id}/submissions/1").status_code == 404
