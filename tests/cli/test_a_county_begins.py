"""A county begins: one command makes its folder, whole or not at all; the demonstration's people can all come in."""

from __future__ import annotations

import re
import shutil

import pytest
from click.testing import CliRunner

import kobo_forms
from server.cli.check import check
from server.cli.demo import demo
from server.cli.init import init
from server.db import database
from server.demo import people as demonstration
from server.errors import Conflict
from server.forms.store import codes, forms
from server.forms.usecases.entity_rules import SERVER_LISTS
from server.people.domain.passwords import PasswordState
from server.people.store import accounts, people
from server.people.usecases import sign_in
from server.staffing.usecases import enrolment


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The folder that ``firegrid init`` made, and what it said; converting the built-in forms takes seconds."""
    folder = tmp_path_factory.mktemp("county") / "data"
    return folder, CliRunner().invoke(init, ["--admin", "zhang", "--data", str(folder)])


@pytest.fixture
def store(begun, tmp_path):
    """The new county's store, a copy for each test."""
    shutil.copytree(begun[0], tmp_path / "data")
    opened = database.open_inline(tmp_path / "data")
    yield opened
    opened.close()


def test_a_new_county_has_the_official_grid_and_one_unit_in_each_village(begun):
    _, said = begun

    assert said.exit_code == 0
    assert "county 1，town 17，village 295，unit 295" in said.stdout
    assert "“张家庄村”同名" in said.stderr


def test_the_first_administrator_signs_in_with_the_password_that_was_printed_once(begun, store):
    printed = re.search(r"管理员 zhang 的密码（只显示这一次）：(\S+)", begun[1].stdout)

    actor = sign_in.sign_in(store, "zhang", printed[1]).actor

    assert [duty.role.value for duty in actor.current] == ["county_admin"]


def test_every_built_in_form_is_open_with_every_file_it_needs(store):
    with store.reading() as reading:
        catalogue = forms.catalogue(reading)

    assert sorted(catalogue.forms) == sorted(kobo_forms.names())
    for form in catalogue.forms.values():
        assert form.state is forms.State.OPEN
        made_here = {f"{name}.csv" for name in (*SERVER_LISTS, *catalogue.types)}
        assert set(form.current.definition.media) <= {*form.media, *made_here}, form.id


def test_every_field_of_the_built_in_ledgers_has_a_chinese_name_calculated_ones_too(store):
    with store.reading() as reading:
        types = forms.catalogue(reading).types.values()

    unnamed = [f"{type.name}.{name}" for type in types for name in type.fields if type.label_of(name).isascii()]
    assert unnamed == []


@pytest.mark.parametrize("name", sorted(kobo_forms.lists()))
def test_every_code_list_is_there_with_the_columns_of_its_own(store, name):
    with store.reading() as reading:
        known = codes.of_list(reading, name)

    for row in kobo_forms.codes(name):
        dated = known[row["name"]][-1]
        assert (dated.label, dated.active_from, dated.active_to) == (row["label"], row["active_from"], row["active_to"])
        assert dated.extra.items() <= row.items()
        assert "label_en" not in dated.extra


def test_the_new_folder_is_sound(begun):
    checked = CliRunner().invoke(check, ["--data", str(begun[0])])

    assert checked.exit_code == 0, checked.stderr


def test_every_invented_person_signs_in_and_every_phone_of_theirs_is_let_in(store):
    store.write(lambda tx: enrolment.revoke_user(tx, "zhang", by="test"))
    store.write(demonstration.enrol_bodies)
    store.write(lambda tx: demonstration.enrol_people(tx, sign_in.hash_password(demonstration.PASSWORD)))

    first, again = store.write(demonstration.give_keys), store.write(demonstration.give_keys)

    for person in demonstration.people():
        signed_in = sign_in.sign_in(store, person.name, demonstration.PASSWORD).actor
        assert [(duty.role, duty.area) for duty in signed_in.current] == [(person.role, person.area)]
    assert set(first) == {person.name for person in demonstration.people() if person.has_phone}
    with store.reading() as reading:
        for name, key in [*first.items(), *again.items()]:
            assert people.actor_by_key(reading, key).name == name


def test_the_printed_password_opens_everything_also_where_an_older_version_made_the_folder(store):
    store.write(demonstration.enrol_bodies)
    store.write(lambda tx: demonstration.enrol_people(tx, sign_in.hash_password(demonstration.PASSWORD)))
    old, other = (each.name for each in demonstration.people()[:2])
    for name in (old, other):
        store.write(lambda tx, name=name: accounts.set_password_state(tx, name, PasswordState.OWN))
    assert sign_in.sign_in(store, other, demonstration.PASSWORD).must_change  # as anywhere but in a demonstration

    with store.reading() as reading:
        found = demonstration.to_keep_printed(reading)
    store.write(lambda tx: demonstration.keep_printed(tx, found))

    assert sorted(found) == sorted([old, other])
    for name in (old, other):
        assert not sign_in.sign_in(store, name, demonstration.PASSWORD).must_change


def test_a_folder_that_holds_anything_is_left_as_it_is(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")

    made = CliRunner().invoke(init, ["--data", str(tmp_path)])

    assert (made.exit_code, made.stderr.count("\n")) == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_bad_grid_makes_no_folder_and_names_every_bad_row(tmp_path):
    grid = tmp_path / "grid.csv"
    grid.write_text("code,name\n130630,涞源县\n130630106201,荆山口村\nabc,不知道\n", encoding="utf-8")

    made = CliRunner().invoke(init, ["--grid", str(grid), "--data", str(tmp_path / "data")])

    assert made.exit_code == 1
    assert "第3行 上级 130630106000：上级网格不存在" in made.stderr
    assert "第4行 代码 abc：不是网格代码" in made.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["grid.csv"]


@pytest.mark.sqlite  # a folder replaces the one that is named
@pytest.mark.parametrize("command", [init, demo])
def test_the_current_folder_is_refused_with_the_cure(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)

    made = CliRunner().invoke(command, ["--data", "."])

    assert made.exit_code == 1
    assert made.stderr == "firegrid: 当前目录本身不能作数据目录；请用 --data 写一个子目录，如 --data firegrid-data。\n"
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()

    made = CliRunner().invoke(init, ["--data", str(tmp_path / "file" / "data")])

    assert made.exit_code == 1
    assert made.stderr.splitlines()[-1].startswith(f"firegrid: {tmp_path}/file/data")
    assert "路径中有一段不是目录" in made.stderr


def test_a_name_that_is_taken_ends_the_demonstration_before_anybody_is_added(store):
    store.write(lambda tx: enrolment.add_user(tx, "gw0002", role="grid_worker", area="130630106202001", by="test"))

    with pytest.raises(Conflict, match="gw0002"):
        store.write(lambda tx: demonstration.enrol_people(tx, "hash"))

    with store.reading() as reading:
        assert accounts.find(reading, "brigade") is None
