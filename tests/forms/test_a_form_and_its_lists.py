"""A form and the lists beside it are judged together, as phones will see them: both fit, or nothing is published."""

from __future__ import annotations

import csv
import io
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kobo_forms
from server.errors import FormRefused
from server.forms.store import codes, forms
from server.forms.usecases import publish
from server.forms.usecases.lists import list_reader
from server.forms.usecases.lists.beside import with_lists
from server.forms.usecases.lists.expressions import columns_in
from tests.county import prepared
from tests.forms.form_builders import a_form, an_xform, converted

HEAD = "| | type | name | label::中文 (zh) | label::English (en) | choice_filter | parameters | calculation |\n"
FLOWERS = "name,label,zone\nacacia,槐花,hill\njujube,枣花,plain\n"


def picking(
    kind: str = "select_one_from_file flowers.csv",
    *,
    filter: str = "",
    parameters: str = "",
    more: str = "",
    **settings,
) -> str:
    """Return a form whose third survey row picks from a list; ``more`` is rows below it."""
    survey = f"| survey |\n{HEAD}| | text | zone | 片区 | Zone | | | |\n"
    survey += f"| | {kind} | flower | 花 | Flower | {filter} | {parameters} | |\n{more}"
    return a_form(survey, entities="", **settings)


def errors_of(store, form: str, **lists: str | bytes) -> list[dict]:
    """Return why the form is refused together with its lists (``flowers_csv=…``)."""
    with pytest.raises(FormRefused) as refusal:
        published(store, form, **lists)
    return refusal.value.data["errors"]


def published(store, form: str, **lists: str | bytes):
    media = {
        name.replace("_", "."): content if isinstance(content, bytes) else content.encode()
        for name, content in lists.items()
    }
    ready = prepared(form, tuple(media.items()))
    return store.write(lambda tx: publish.publish(tx, ready, "admin"))


def place(error: dict) -> tuple:
    return error["file"] or error["sheet"], error["row"], error["column"]


@pytest.mark.parametrize("content", ["name,label\n", "name,label,zone\n\n"])
def test_a_list_with_headers_alone_is_refused_since_nothing_could_be_chosen(store, content):
    [error] = errors_of(store, picking(), flowers_csv=content)

    assert place(error) == ("flowers.csv", 2, "name")
    assert "没有一行选项" in error["message"]


def test_a_list_that_nobody_chooses_from_may_be_empty_for_now(store):
    look_up = "| | calculate | found | | | | | pulldata('prices', 'price', 'name', ${zone}) |\n"

    assert published(store, picking(more=look_up), flowers_csv=FLOWERS, prices_csv="name,price\n").added


def test_a_form_and_a_list_that_fit_are_published(store):
    assert published(store, picking(filter="zone = ${zone}"), flowers_csv=FLOWERS).added


@pytest.mark.parametrize(
    ("list_", "row", "column", "word"),
    [
        ("name ,label\na,甲\n", 1, "name", "空格"),
        ("name, label\na,甲\n", 1, "label", "空格"),
        ("name,label\u200b\na,甲\n", 1, "label〔U+200B〕", "U+200B"),
        ("name,label,label\na,甲,乙\n", 1, "label", "2 次"),
        ("name,label,,\na,甲,,\n", 1, None, "没有列名"),
        ("name\tlabel\na\t甲\n", 1, None, "制表符"),
        ("name;label\na;甲\n", 1, None, "分号"),
        ("", 1, None, "空的"),
        ("\n\n", 1, None, "空的"),
        ("name,title\na,甲\n", 1, "label", "label"),
        ("code,label\na,甲\n", 1, "name", "name"),
        ('name,label\na,甲\nb,"乙\nc,丙\n', 3, None, "引号"),
        ('name,label\na,"甲"乙\n', 2, None, "引号"),
        ("name,label\na,甲\nb,乙,丙,丁\n", 3, None, "4 格"),
        ("name,label\na,甲\n,乙\n", 3, "name", "没有代码"),
        ("name,label\na,甲\nb\u00a0,乙\n", 3, "name", "U+00A0"),
        ("name,label\na,甲\n b,乙\n", 3, "name", "空格"),
        ("name,label\na,甲\na,乙\n", 3, "name", "与第 2 行"),
        ("name,label,active_from\na,甲,2026-01-01\nb,乙,1月5日\n", 3, "active_from", "不是日期"),
        ("name,label,active_from\na,甲,1/2/2026\n", 2, "active_from", "不是日期"),
        ("name,label\n甲,甲\n".encode("gb18030"), 1, None, "UTF-8"),
        ("name,label\n甲,甲\n".encode("utf-16"), 1, None, "UTF-8"),
    ],
)
def test_a_list_that_phones_cannot_use_is_refused_with_file_row_and_column(store, list_, row, column, word):
    [error] = errors_of(store, picking(), flowers_csv=list_)

    assert place(error) == ("flowers.csv", row, column)
    assert word in error["message"]
    assert error["cure"]


@pytest.mark.parametrize(
    "list_",
    [
        "\ufeffname,label\na,甲\n",
        "name,label\r\na,甲\r\n",
        "name,label\ra,甲;乙\r",
        "label,name\n甲,a\n",
        "name,label,备注 (office)\na,甲,乙\n",
        "name,label,\na,甲,\n",
        "name,label\na,甲\n\nb\n",
        "name,label\na,甲,,\n",
        'name,label\na,"甲,乙\n丙"\n',
        "name,label\na b,甲\n",
    ],
)
def test_what_phones_read_well_is_published(store, list_):
    assert published(store, picking(), flowers_csv=list_).added


def test_a_code_with_a_space_is_refused_where_several_may_be_chosen(store):
    [error] = errors_of(store, picking("select_multiple_from_file flowers.csv"), flowers_csv="name,label\na b,甲\n")

    assert place(error) == ("flowers.csv", 2, "name")


def test_a_code_may_come_again_where_the_filter_tells_the_rows_apart_or_the_form_allows_it(store):
    twice = "name,label,zone\nother,其他,hill\nother,其他,plain\n"

    assert len(errors_of(store, picking(), flowers_csv=twice)) == 1
    assert published(store, picking(filter="zone = ${zone}"), flowers_csv=twice).added
    assert published(store, picking(form_id="b", allow_choice_duplicates="yes"), flowers_csv=twice).added


def test_of_many_bad_rows_the_first_are_told_and_the_others_counted(store):
    errors = errors_of(store, picking(), flowers_csv="name,label\n" + ",甲\n" * 30)

    assert [error["row"] for error in errors] == [2, 3, 4, 5, 6]
    assert "还有 25 处" in errors[-1]["message"]


PULLED = "| | calculate | c | | | | | pulldata('flowers', {}, ${{flower}}) |\n"


@pytest.mark.parametrize(
    ("form", "row", "column"),
    [
        (picking(filter="zonne = ${zone}"), 3, "choice_filter"),
        (picking(filter="active = '1' or name = ${flower}"), 3, "choice_filter"),
        (picking(parameters="value=code"), 3, "parameters"),
        (picking(parameters="label=title"), 3, "parameters"),
        (
            picking(more="| | calculate | c | | | | | instance('flowers')/root/item[name = ${flower}]/honey |\n"),
            4,
            "calculation",
        ),
        (
            picking(more="| | calculate | c | | | | | pulldata('flowers', 'honey', 'name', ${flower}) |\n"),
            4,
            "calculation",
        ),
        (
            picking(more="| | calculate | c | | | | | pulldata('flowers', 'label', 'code', ${flower}) |\n"),
            4,
            "calculation",
        ),
    ],
)
def test_a_column_that_the_form_names_and_the_list_lacks_is_refused_at_the_row_of_the_form(store, form, row, column):
    [error] = errors_of(store, form, flowers_csv=FLOWERS)

    assert place(error) == ("survey", row, column)
    assert "name、label、zone" in error["message"]


def test_a_filter_by_a_column_that_the_choices_sheet_lacks_is_refused(store):
    choices = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) | zone |\n"
    choices += "| | c | a | 甲 | A | hill |\n| | c | b | 乙 | B | |\n"

    [error] = errors_of(store, picking("select_one c", filter="zonne = ${zone}", choices=choices))

    assert place(error) == ("survey", 3, "choice_filter")
    assert "zone" in error["message"]
    assert published(store, picking("select_one c", filter="zone = ${zone}", choices=choices)).added


EXTERNAL = "list_name,name,label,zone\nc,a,甲,hill\n"


def test_the_list_of_select_one_external_is_judged_with_the_form(store):
    def choosing(filter: str) -> str:
        sheet = "| external_choices |\n| | list_name | name | label | zone |\n| | c | a | 甲 | hill |\n"
        return picking("select_one_external c", filter=filter) + sheet

    [of_form] = errors_of(store, choosing("zonne = ${zone}"), itemsets_csv=EXTERNAL)
    assert published(store, choosing("zone = ${zone}"), itemsets_csv=EXTERNAL).added
    replaced = errors_of(store, choosing("zone = ${zone}"), itemsets_csv="list,name,label\nc,a,甲\n")

    assert place(of_form) == ("survey", 3, "choice_filter")
    assert "zonne" in of_form["message"]
    assert {error["message"].split("”")[0] for error in replaced} == {
        "名单 itemsets.csv 没有“list_name",
        "名单 itemsets.csv 没有“zone",
    }


def test_a_live_forms_list_cannot_be_replaced_by_one_that_does_not_fit(store):
    published(store, picking(filter="zone = ${zone}"), flowers_csv=FLOWERS)

    [error] = errors_of(store, picking(filter="zone = ${zone}"), flowers_csv="name,label\nacacia,槐花\n")

    assert place(error) == ("survey", 3, "choice_filter")
    with store.reading() as reading:
        assert forms.media(reading, "apiary", "flowers.csv") == FLOWERS.encode()


def test_a_new_version_is_judged_with_the_list_that_lies_there_already(store):
    published(store, picking(), flowers_csv=FLOWERS)

    [error] = errors_of(store, picking(filter="kind = 'x'", version="2"))

    assert place(error) == ("survey", 3, "choice_filter")


def test_the_lists_that_the_server_makes_are_judged_by_their_columns(store):
    published(store, a_form())
    record = "| | calculate | c | | | | | instance('apiaries')/root/item[name = ${flower}]/%s |\n"

    [of_areas] = errors_of(store, picking("select_one_from_file areas.csv", filter="town = ${zone}", form_id="b"))
    [of_ledger] = errors_of(store, picking("select_one_from_file apiaries.csv", more=record % "hive", form_id="c"))

    assert (place(of_areas), place(of_ledger)) == (("survey", 3, "choice_filter"), ("survey", 4, "calculation"))
    assert "hives" in of_ledger["message"]
    known = picking("select_one_from_file apiaries.csv", more=record % "hives", form_id="c")
    assert published(store, known).added


@pytest.mark.parametrize(
    ("missing", "without"),
    [
        ("active_from", "name,label,active_to\nacacia,槐花,\n"),
        ("active_to", "name,label,active_from\nacacia,槐花,2026-01-01\n"),
    ],
)
def test_a_dated_list_keeps_its_date_columns(store, missing, without):
    dated = "name,label,active_from,active_to\nacacia,槐花,2026-01-01,\n"
    published(store, picking(), flowers_csv=dated)

    [error] = errors_of(store, picking(form_id="another"), flowers_csv=without)

    assert place(error) == ("flowers.csv", 1, missing)


@pytest.mark.parametrize(
    ("rows", "row", "word"),
    [
        (["jujube,枣花,2026-01-01,", "acacia,槐花,2026/6/1,2026/5/31"], 3, "早于启用日期"),
        (["jujube,枣花,,2026-01-01", "acacia,槐花,2026-01-01,2026/1/31"], 2, "全部已经停用"),
    ],
)
def test_a_code_that_no_day_offers_and_a_list_all_of_which_has_ended_are_refused(store, rows, row, word):
    dated = "\n".join(["name,label,active_from,active_to", *rows])

    [error] = errors_of(store, picking(), flowers_csv=dated)

    assert place(error) == ("flowers.csv", row, "active_to")
    assert word in error["message"]


def test_a_dated_list_as_excel_saves_it_is_published_and_dated(store):
    dated = "\ufeffname,label,active_from,active_to\r\nacacia,槐花,2026/1/4,\r\njujube,枣花,2026/1/4,2026/1/5\r\n"

    assert published(store, picking(), flowers_csv=dated).added

    with store.reading() as reading:
        spans = {code: rows[0].active_to for code, rows in codes.of_list(reading, "flowers").items()}
    assert spans == {"acacia": "", "jujube": "2026-01-05"}


@pytest.mark.parametrize(("zone", "as_told"), [("hill ", "“hill ”"), ("hill\u200b", "U+200B")])
def test_a_cell_that_a_filter_cannot_match_is_warned_of(store, zone, as_told):
    form = picking(filter="zone = ${zone}")

    outcome = published(store, form, flowers_csv=f"name,label,zone\njujube,枣花,plain\nacacia,槐花,{zone}\n")

    [warning] = [each for each in outcome.warnings if "choice_filter" in each]
    assert "第 3 行的 zone" in warning
    assert as_told in warning


def test_the_built_in_report_is_not_disabled_by_a_list_without_its_dates(store):
    source, lists = kobo_forms.source("hazard_report"), kobo_forms.sources("hazard_report")
    offered = kobo_forms.source("premises").decode(), tuple(kobo_forms.sources("premises").items())
    store.write(lambda tx: publish.publish(tx, prepared(*offered), None))
    store.write(lambda tx: publish.publish(tx, prepared(source.decode(), tuple(lists.items())), None))
    rows = csv.DictReader(io.StringIO(lists["hazard_items.csv"].decode()))
    kept = [column for column in rows.fieldnames or () if not column.startswith("active_")]
    saved = io.StringIO()
    writer = csv.DictWriter(saved, kept, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)

    ready = prepared(source.decode(), (("hazard_items.csv", saved.getvalue().encode()),))
    with pytest.raises(FormRefused) as refusal:
        store.write(lambda tx: publish.publish(tx, ready, "admin"))

    places = {place(error) for error in refusal.value.data["errors"]}
    assert {("hazard_items.csv", 1, "active_from"), ("hazard_items.csv", 1, "active_to")} < places


FEATURE = (
    '{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[114.7,39.4]},"properties":{"title":"甲"}}'
)
COLLECTION = f'{{"type":"FeatureCollection","features":[{FEATURE}]}}'


@pytest.mark.parametrize(
    ("list_", "word"),
    [
        (COLLECTION[:60], "断了"),
        ("[]", "FeatureCollection"),
        ('{"type":"FeatureCollection"}', "features"),
        (COLLECTION.replace("Point", "MultiPoint"), "MultiPoint"),
        (COLLECTION.replace('{"type":"Point","coordinates":[114.7,39.4]}', "null"), "geometry"),
        (COLLECTION.replace('"甲"', '"甲","more":{"a":1}'), "more"),
        (COLLECTION.replace("title", "name"), "title"),
        (COLLECTION.replace("[114.7,39.4]", "[114.7]"), "coordinates"),
        (COLLECTION.replace("[114.7,39.4]", "[[114.7,39.4]]"), "coordinates"),
        (COLLECTION.replace("Point", "Polygon"), "coordinates"),
        (COLLECTION.replace(',"coordinates":[114.7,39.4]', ""), "coordinates"),
        (COLLECTION.replace("114.7", "NaN"), "NaN"),
        (COLLECTION.replace('{"title":"甲"}', "[1]"), "properties"),
        (COLLECTION.replace('"Feature"', '"Other"'), "Feature"),
        (COLLECTION.replace('"features":[', '"features":[null,'), "geometry"),
        (COLLECTION.replace('"id":"a",', ""), "id"),
    ],
)
def test_a_geojson_list_that_phones_cannot_read_is_refused(store, list_, word):
    [error] = errors_of(store, picking("select_one_from_file flowers.geojson"), flowers_geojson=list_)

    assert error["file"] == "flowers.geojson"
    assert word in error["message"]


def test_a_geojson_list_that_phones_read_is_published(store):
    assert published(store, picking("select_one_from_file flowers.geojson"), flowers_geojson=COLLECTION).added


def test_a_property_that_no_feature_has_is_warned_of_but_not_as_a_filter(store):
    read = "| | calculate | c | | | | | instance('flowers')/root/item[id = ${flower}]/honey |\n"
    kind = "select_one_from_file flowers.geojson"

    outcome = published(store, picking(kind, more=read), flowers_geojson=COLLECTION)
    [error] = errors_of(store, picking(kind, filter="honey = ${zone}", form_id="b"), flowers_geojson=COLLECTION)

    assert any("honey" in warning for warning in outcome.warnings)
    assert place(error) == ("survey", 3, "choice_filter")


@pytest.mark.parametrize(
    ("list_", "word"),
    [
        ("<root><item><name>a</name><label>", "不是完整的 XML"),
        ("<data><item><name>a</name><label>甲</label></item></data>", "root"),
        ("<root><row><name>a</name></row></root>", "item"),
        ("<root><item><name>a</name></item></root>", "label"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><root/>', "DTD"),
    ],
)
def test_an_xml_list_that_phones_cannot_read_is_refused(store, list_, word):
    [error] = errors_of(store, picking("select_one_from_file flowers.xml"), flowers_xml=list_)

    assert error["file"] == "flowers.xml"
    assert word in error["message"]


def test_an_xml_list_that_phones_read_is_published(store):
    good = "<root><item><name>a</name><label>甲</label></item></root>"

    assert published(store, picking("select_one_from_file flowers.xml"), flowers_xml=good).added


def test_choices_without_a_text_are_warned_of(store):
    outcome = published(store, picking(), flowers_csv="name,label\na,甲\nb,\n")

    assert any("第 3 行" in warning for warning in outcome.warnings)


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("instance('l')/root/item[zone= /data/z  and name != 'x or y']/label", "l.zone l.name l.label"),
        ("instance('a')/root/item[name=instance('b')/root/item[k=current()/../z]/v]/w", "a.name b.k b.v a.w"),
        ("count(instance('l')/root/item[selected(zone, /d/x)]) > 2", "l.zone"),
        ("randomize(instance('l')/root/item[a = 1 and b div 2 > c], 7)", "l.a l.b l.c"),
        ("pulldata('l', 'v', 'k', concat( /data/q , 'a'))", "l.v l.k"),
        ("search('l', 'matches', 'c', /data/z , 'f', 'x')", "l.c l.f"),
        ("instance('l')/root/item[position() = 2]/@id", ""),
        ("instance('l')/root/item[./zone = 'x' or ../zone = 'y']/name", "l.zone l.name"),
        ("if( /data/a , 'instance', 3)", ""),
    ],
)
def test_the_columns_that_an_expression_names_are_found(expression, columns):
    assert [f"{each.list}.{each.name}" for each in columns_in(expression)] == columns.split()


@given(st.text(alphabet="ab'\"/[]().,=:@ 1instance('l')", max_size=40))
def test_no_expression_stops_the_search_for_columns(expression):
    assert all(each.list for each in columns_in(expression))


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_whatever_a_spreadsheet_writes_is_read_back_cell_by_cell(rows):
    saved = io.StringIO()
    csv.writer(saved).writerows([["name", "label"], *rows])

    read = list_reader.read("l.csv", saved.getvalue().encode())

    assert read.faults == ()
    assert [tuple(row.cells.values()) for row in read.rows] == rows


def test_the_form_engine_is_shown_the_lists_inside_the_form():
    xml = converted(picking()).xml

    shown = with_lists(xml, {"flowers.csv": list_reader.read("flowers.csv", FLOWERS.encode())}).decode()

    assert "<item><name>acacia</name><label>槐花</label><zone>hill</zone></item>" in shown
    assert "jr://file-csv" not in shown


@pytest.mark.skipif(shutil.which("java") is None, reason="ODK Validate needs Java, and there is no java on the PATH")
@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("date(instance('flowers')/root/item[position()=1]/zone) + 1", "不是日期"),
        ("instance('flowers')/root/item/zone", "几个答案"),
    ],
)
def test_the_form_engine_refuses_what_fails_only_with_the_cells_of_the_list(expression, word):
    form = picking(more=f"| | calculate | c | | | | | {expression} |\n").encode()

    [fault] = publish.prepare(form, ".md", {"flowers.csv": FLOWERS.encode()}).faults

    assert word in fault.message
    assert (fault.sheet, fault.row, fault.column) == ("survey", 4, "calculation")


def test_a_form_without_lists_is_shown_to_the_form_engine_as_it_is():
    xml = an_xform(a_form(entities="", survey="| survey |\n| | type | name | label |\n| | text | a | 甲 |\n")).encode()

    assert with_lists(xml, {}) == xml
