"""What the server reads in a submission, what it refuses to read, and what phones read in its answers."""

import time
import tracemalloc
from contextlib import suppress
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from server.errors import TooLarge, Unreadable
from server.openrosa.submission_xml import (
    ListedForm,
    ManifestFile,
    form_list,
    integrity,
    manifest,
    read_submission,
    response,
)
from server.submissions.domain.submissions import EntityBlock, entity_id, may_create

UUID = "9f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b11"
MD5 = "4f1c2a0d9be84c3cbe7f2f6f3a5a1d10"
META = "<meta><instanceID>uuid:1</instanceID></meta>"

any_text = st.text(st.characters(codec="utf-8"))
xml_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))
names = st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True)


def a_submission(inside=META, *, root='id="hazard_report" version="7"', before=""):
    return f"{before}<data {root}>{inside}</data>".encode()


def a_form(**changed):
    listed = {
        "form_id": "hazard_report",
        "name": "隐患上报",
        "version": "7",
        "hash_md5": MD5,
        "download_url": "https://fire.example.org/forms/hazard_report.xml",
        "manifest_url": None,
    }
    return ListedForm(**{**listed, **changed})


def a_file(**changed):
    file = {
        "filename": "hazards.csv",
        "hash_md5": MD5,
        "download_url": "https://fire.example.org/attachments/hazards.csv",
        "integrity_url": None,
        "type": None,
    }
    return ManifestFile(**{**file, **changed})


def shown(document):
    """Return (local name, attributes, text) of every element, as a namespace-aware reader sees them."""
    return [(etree.QName(e).localname, dict(e.attrib), e.text) for e in etree.fromstring(document).iter()]


def as_xml_holds(text):
    """Return ``text`` with what XML 1.0 cannot hold replaced."""
    return "".join(c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in text)


# What a submission says


def test_a_submission_names_its_form_its_version_and_itself():
    raw = a_submission("<meta><instanceID>uuid:1</instanceID><instanceName>3号楼</instanceName></meta>")

    read = read_submission(raw)

    assert (read.form_id, read.version, read.instance_id) == ("hazard_report", "7", "uuid:1")
    assert (read.deprecated_id, read.instance_name) == (None, "3号楼")


@pytest.mark.parametrize(
    "meta",
    [
        "<orx:meta xmlns:orx='http://openrosa.org/xforms'><orx:instanceID>uuid:1</orx:instanceID></orx:meta>",
        "<orx:meta><orx:instanceID>uuid:1</orx:instanceID></orx:meta>",
        "<meta xmlns='http://openrosa.org/xforms'><instanceID> uuid:1\n</instanceID></meta>",
        "<instanceID>uuid:1</instanceID>",
        "<meta><instanceID/></meta><instanceID>uuid:1</instanceID>",
    ],
)
def test_the_instance_id_is_found_whatever_its_prefix_and_also_under_the_root(meta):
    assert read_submission(a_submission(meta)).instance_id == "uuid:1"


@pytest.mark.parametrize("tag", ["deprecatedID", "orx:deprecatedID"])
def test_an_edit_names_what_it_replaces(tag):
    raw = a_submission(f"<meta><{tag}>uuid:0</{tag}><instanceID>uuid:1</instanceID></meta>")

    assert read_submission(raw).deprecated_id == "uuid:0"


def test_a_form_without_version_has_the_empty_version():
    assert read_submission(a_submission(root='id="f"')).version == ""


def test_a_prefixed_or_namespace_attribute_never_stands_in_for_the_plain_one():
    raw = a_submission(root='xmlns:id="urn:x" orx:id="other" id="f" xmlns:version="urn:y" orx:version="3"')

    read = read_submission(raw)

    assert (read.form_id, read.version) == ("f", "3")


def test_leaves_come_in_document_order_and_repeats_recur():
    raw = a_submission(f"<place><town>t01</town></place><kit><n>1</n></kit><kit><n>2</n></kit><gone/>\n{META}")

    read = read_submission(raw)

    assert read.leaves == (
        ("place/town", "t01"),
        ("kit/n", "1"),
        ("kit/n", "2"),
        ("gone", ""),
        ("meta/instanceID", "uuid:1"),
    )


def test_a_leaf_is_whole_across_comments_cdata_and_references():
    raw = a_submission(f"<note>a<!-- x -->&lt;b<![CDATA[<c>]]>&#20010;</note>{META}")

    assert read_submission(raw).leaves[0] == ("note", "a<b<c>个")


@given(st.lists(st.tuples(names, xml_text), max_size=20))
def test_any_leaves_are_read_back_as_written(leaves):
    inside = "".join(f"<g><{name}>{escape(text)}</{name}></g>" for name, text in leaves)

    read = read_submission(a_submission(inside + META))

    assert read.leaves[:-1] == tuple((f"g/{name}", text) for name, text in leaves)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_declared_encoding_is_honoured(encoding):
    declared = encoding.removesuffix("-sig")
    raw = f'<?xml version="1.0" encoding="{declared}"?><d id="f"><n>é</n>{META}</d>'.encode(encoding)

    assert read_submission(raw).leaves[0] == ("n", "é")


# What it says of entities


def test_an_entity_block_is_read_with_every_attribute():
    raw = a_submission(
        f'<meta><entity dataset="hazards" id="{UUID}" update="1" baseVersion="4" trunkVersion="3" branchId="b">'
        "<label>3号楼</label></entity><instanceID>uuid:1</instanceID></meta>"
    )

    read = read_submission(raw)

    assert read.entities == (EntityBlock("hazards", UUID, False, True, "4", "3", "b", "3号楼", ""),)


@pytest.mark.parametrize(("inside", "label"), [("", None), ("<label/>", ""), ("<label> a </label>", " a ")])
def test_a_label_is_told_absent_from_empty(inside, label):
    raw = a_submission(f'<meta><entity dataset="d">{inside}</entity><instanceID>uuid:1</instanceID></meta>')

    assert read_submission(raw).entities[0].label == label


@pytest.mark.parametrize(
    ("flag", "acts"), [("1", True), ("true", True), ("", False), ("0", False), ("True", False), ("yes", False)]
)
def test_only_1_and_true_act(flag, acts):
    raw = a_submission(f'<meta><entity create="{flag}" update="{flag}"/><instanceID>uuid:1</instanceID></meta>')

    block = read_submission(raw).entities[0]

    assert (block.create, block.update) == (acts, acts)


def test_blocks_in_repeats_know_their_container_and_keep_their_own_labels():
    def person(n):
        return f'<person><meta><entity dataset="p" id="{n}"><label>L{n}</label></entity></meta></person>'

    raw = a_submission(f"<people>{person(1)}{person(2)}</people>{META}")

    read = read_submission(raw)

    assert [(b.id, b.label, b.path) for b in read.entities] == [
        ("1", "L1", "people/person"),
        ("2", "L2", "people/person"),
    ]


def test_an_element_called_entity_outside_meta_is_an_answer():
    assert read_submission(a_submission(f"<entity><label>x</label></entity>{META}")).entities == ()


@given(st.uuids(), st.sampled_from(["", "uuid:", "UUID:", " uuid:"]), st.booleans())
def test_an_entity_id_is_lower_case_without_prefix_however_it_was_sent(uuid, prefix, upper):
    sent = prefix + (str(uuid).upper() if upper else str(uuid))

    assert entity_id(sent) == str(uuid)


@pytest.mark.parametrize("raw", ["", "uuid:", UUID[:-1], UUID + "0", "x" + UUID[1:], "①" * 36])
def test_what_is_no_uuid_is_no_entity_id(raw):
    assert entity_id(raw) is None


def test_a_phone_begins_records_under_uuids_of_version_4_alone():
    assert may_create(UUID)
    assert not may_create(UUID.replace("-4b", "-1b"))


# What it refuses to read

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
REFUSED = {
    "nothing": b"",
    "white space": b" \n ",
    "no xml": b"hello",
    "cut off": b"<test",
    "two roots": a_submission() * 2,
    "bad utf-8": a_submission("<n>\xff</n>").replace("ÿ".encode(), b"\xff"),
    "a surrogate": a_submission("<n>x</n>" + META).replace(b"x</n>", b"\xed\xa0\x80</n>"),
    "a null byte": a_submission("<n>\0</n>" + META),
    "an unknown encoding": a_submission(before='<?xml version="1.0" encoding="klingon"?>'),
    "an encoding of several bytes": a_submission(before='<?xml version="1.0" encoding="gb18030"?>'),
    "no text encoding": a_submission(before='<?xml version="1.0" encoding="base64"?>'),
    "an undeclared entity": a_submission("<n>&nbsp;</n>" + META),
    "a bare doctype": a_submission(before="<!DOCTYPE data>"),
    "a doctype in utf-16": a_submission(before="<!DOCTYPE data>").decode().encode("utf-16"),
    "an external doctype": a_submission(before='<!DOCTYPE data SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "an external entity": a_submission(
        "<n>&x;</n>" + META, before='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    ),
    "a parameter entity": a_submission(before='<!DOCTYPE d [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'),
    "a billion laughs": a_submission("<n>&l11;</n>" + META, before=f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>'),
    "quadratic blow-up": a_submission(
        "<n>" + "&a;" * 50_000 + "</n>" + META, before=f'<!DOCTYPE d [<!ENTITY a "{"a" * 50_000}">]>'
    ),
    "deep nesting": b"<a>" * 100_000 + b"</a>" * 100_000,
    "deep nesting within the count of elements": b"<a id='f'>" * 90_000 + b"</a>" * 90_000,
    "elements without end": b"<a id='f'>" + b"<b/>" * 300_000 + b"</a>",
    "attributes without end": b"<a " + b"".join(b"a%d='' " % n for n in range(300_000)) + b"/>",
    "paths longer than the document": b"<a id='f'><%b>%b</%b></a>"
    % (b"n" * 1_000_000, b"<b/>" * 90_000, b"n" * 1_000_000),
    "no form id": a_submission(root='version="1"'),
    "a blank form id": a_submission(root='id=" "'),
    "no instanceID": a_submission("<n>1</n>"),
    "a blank instanceID": a_submission("<meta><instanceID> </instanceID></meta>"),
    "a control character in the instanceID": a_submission("<meta><instanceID>a\x9fb</instanceID></meta>"),
    "a line break in the form id": a_submission(root='id="a&#10;b"'),
    "an over-long instanceID": a_submission(f"<meta><instanceID>{'x' * 256}</instanceID></meta>"),
    "an over-long version": a_submission(root=f'id="f" version="{"1" * 256}"'),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_unreadable_xml_is_refused_quickly_and_in_little_memory(raw):
    tracemalloc.start()
    began_s = time.thread_time()

    with pytest.raises(Unreadable) as refused:
        read_submission(raw)

    took_s = time.thread_time() - began_s
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took_s < 2
    assert peak_bytes < 32 * 1024 * 1024
    assert any("\u4e00" <= c <= "\u9fff" for c in refused.value.message)


def test_fifty_megabytes_are_refused_unread():
    raw = b"<a id='f'>" + b"x" * 50_000_000

    with pytest.raises(TooLarge):
        read_submission(raw)


def test_the_limit_of_size_is_exact():
    raw = a_submission()

    assert read_submission(raw, size_bytes_max=len(raw)).form_id == "hazard_report"
    with pytest.raises(TooLarge):
        read_submission(raw, size_bytes_max=len(raw) - 1)


@given(st.binary() | st.text(alphabet="<>/=\"'&;![]?-: abxid", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_by_name(raw):
    with suppress(Unreadable):
        assert read_submission(raw).instance_id


@given(st.data())
def test_a_submission_cut_off_anywhere_is_refused(data):
    raw = a_submission(f"<n>你好</n>{META}")
    cut = data.draw(st.integers(0, len(raw) - 1))

    with pytest.raises(Unreadable):
        read_submission(raw[:cut])


# What phones read


def test_the_form_list_is_as_collect_demands_it():
    document = form_list([a_form(manifest_url="https://fire.example.org/manifest")])

    root = etree.fromstring(document)
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert root.tag == "{http://openrosa.org/xforms/xformsList}xforms"
    assert {e.tag.partition("}")[0] for e in root.iter()} == {"{http://openrosa.org/xforms/xformsList"}
    assert [(e.tag.partition("}")[2], e.text) for e in root[0]] == [
        ("formID", "hazard_report"),
        ("name", "隐患上报"),
        ("version", "7"),
        ("hash", f"md5:{MD5}"),
        ("downloadUrl", "https://fire.example.org/forms/hazard_report.xml"),
        ("manifestUrl", "https://fire.example.org/manifest"),
    ]


def test_a_form_without_attachments_has_no_manifest_url_and_one_without_name_shows_its_id():
    listed = shown(form_list([a_form(name=" ")]))

    assert "manifestUrl" not in [name for name, _, _ in listed]
    assert ("name", {}, "hazard_report") in listed


def test_no_forms_give_an_empty_list():
    assert shown(form_list([])) == [("xforms", {}, "\n")]


@pytest.mark.parametrize(
    "spoilt", [{"form_id": ""}, {"download_url": " "}, {"hash_md5": ""}, {"hash_md5": MD5.upper()}]
)
def test_an_entry_that_would_spoil_the_list_on_the_phone_is_an_error_here(spoilt):
    with pytest.raises(ValueError, match=r"MD5|blank"):
        form_list([a_form(), a_form(**spoilt)])


def test_the_manifest_marks_entity_lists_only():
    document = manifest([a_file(filename="图例.png"), a_file(type="entityList", integrity_url="https://x/integrity")])

    root = etree.fromstring(document)
    assert root.tag == "{http://openrosa.org/xforms/xformsManifest}manifest"
    assert [(dict(m.attrib), [(e.tag.partition("}")[2], e.text) for e in m]) for m in root] == [
        ({}, [("filename", "图例.png"), ("hash", f"md5:{MD5}"), ("downloadUrl", a_file().download_url)]),
        (
            {"type": "entityList"},
            [
                ("filename", "hazards.csv"),
                ("hash", f"md5:{MD5}"),
                ("downloadUrl", a_file().download_url),
                ("integrityUrl", "https://x/integrity"),
            ],
        ),
    ]


@pytest.mark.parametrize("spoilt", [{"filename": ""}, {"filename": "a/b.png"}, {"filename": "a\\b"}, {"hash_md5": "x"}])
def test_a_file_that_would_spoil_the_manifest_on_the_phone_is_an_error_here(spoilt):
    with pytest.raises(ValueError, match=r"MD5|blank|folder"):
        manifest([a_file(**spoilt)])


def test_the_integrity_answer_has_no_namespace_and_says_true_or_false():
    root = etree.fromstring(integrity([(UUID, True), ("b", False)]))

    assert root.tag == "data"
    assert [(e.get("id"), e[0].tag, e[0].text) for e in root.find("entities")] == [
        (UUID, "deleted", "true"),
        ("b", "deleted", "false"),
    ]


def test_no_entities_give_an_empty_integrity_answer():
    assert [name for name, _, _ in shown(integrity([]))] == ["data", "entities"]


def test_the_answer_to_a_post_has_an_unprefixed_message():
    document = response("已收到，回执号 12", "submit_success")

    assert b'<OpenRosaResponse xmlns="http://openrosa.org/http/response">' in document
    assert b"<message nature=" in document
    assert shown(document)[1] == ("message", {"nature": "submit_success"}, "已收到，回执号 12")


@given(any_text, any_text)
def test_any_text_reaches_the_phone_as_written(message, nature):
    _, attributes, text = shown(response(message, nature))[1]

    assert text == (as_xml_holds(message) or None)
    assert attributes["nature"] == as_xml_holds(nature)


@given(any_text.filter(str.strip), any_text)
def test_any_name_and_version_of_a_form_reach_the_phone_as_written(name, version):
    listed = {tag: text for tag, _, text in shown(form_list([a_form(name=name, version=version)]))}

    assert (listed["name"], listed["version"]) == (as_xml_holds(name), as_xml_holds(version) or None)
