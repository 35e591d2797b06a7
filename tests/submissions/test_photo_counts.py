"""How many photos a record has is counted once for each of its versions, by any number of readers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from server.submissions.usecases import case_details
from tests.api_county import add_record


def test_a_reader_that_makes_room_takes_no_count_from_another(county_to_change, monkeypatch):
    monkeypatch.setattr(case_details, "_COUNTS_KEPT", 0)  # each forgets what was counted before
    for name in ("东站", "西站", "南站"):
        add_record(county_to_change, name, "worker", {"label": name, "head": "甲"})
    store, count = county_to_change.store, case_details._counted
    with store.reading() as reading:
        rows = reading.sql.rows("SELECT id, type, version FROM record WHERE label IN ('东站', '西站', '南站')")
        expected = case_details.photo_counts(reading, rows[:2])
        for part in (rows[2:], rows[:1]):
            case_details.photo_counts(reading, part)

    def count_others():
        with store.reading() as other:
            case_details.photo_counts(other, rows[2:])

    def count_beside_another(reading, types):
        monkeypatch.setattr(case_details, "_counted", count)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(count_others).result()
        return count(reading, types)

    with store.reading() as reading:
        monkeypatch.setattr(case_details, "_counted", count_beside_another)

        assert case_details.photo_counts(reading, rows[:2]) == expected
