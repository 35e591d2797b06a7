"""Ids are read and made without the standard library's UUID, which costs several times as much, and are the same."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from server.submissions.domain.submissions import may_create
from server.submissions.usecases import entities

NAMESPACE = uuid.UUID("5f1a5c9e-6c1e-5f0e-9a51-2f8f6e2f7a10")


@given(st.text(st.characters(codec="utf-8")))
def test_the_id_of_a_change_is_the_uuid_5_of_its_name(name):
    assert entities.uuid5(name) == str(uuid.uuid5(NAMESPACE, name))


@given(st.uuids())
def test_phones_create_records_under_uuids_of_version_4_alone(id):
    assert may_create(str(id)) == (id.version == 4)


@given(st.uuids(version=4))
def test_phones_create_records_under_every_uuid_of_version_4(id):
    assert may_create(str(id))
