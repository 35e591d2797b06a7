"""The README and the pages of docs/ speak of nothing that is not there."""

from __future__ import annotations

import csv
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import click

import kobo_forms
from server.cli.main import main
from server.openrosa.submission_xml import read_submission
from sync.cli.main import main as fieldsync
from tests.docs.pages import ROOT, Page, pages

README = pages()[0]
EVERYTHING = "".join(page.text for page in pages())
DOCUMENTS = [
    *(page.path for page in pages()),
    ROOT / "CHANGELOG.md",
    ROOT / "kobo_forms/README.md",
    *sorted((ROOT / "docs/adr").glob("*.md")),
    *sorted((ROOT / "docs/guides").glob("*.md")),
]
PROGRAMS: dict[str, click.Command] = {"firegrid": main, "fieldsync": fieldsync}
CALL = re.compile(r"""(?:^|(?<!-u)[\s($=]|bin/)((?:firegrid|fieldsync) (?![/"])[^|)]*)""")
"""A call of a program; ``sudo -u firegrid`` names an account."""

README_LINES_MAX = 200


def commands(page: Page) -> Iterator[str]:
    """Yield every ``firegrid …`` and ``fieldsync …`` of a page: in its blocks, and quoted in its sentences."""
    for quoted in re.findall(r"`([^`\n]+)`", page.prose):
        if quoted.startswith(("firegrid ", "fieldsync ")) and not quoted.endswith(" …"):
            yield quoted
    for block in page.blocks():
        if block.language == "bash":
            lines = (re.split(r"\s#\s", line)[0] for line in block.lines)
            yield from (found[1].strip() for line in lines for found in CALL.finditer(line))


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that ``words`` name, and the words left for it."""
    program, *words = words
    found = PROGRAMS[program]
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        context = click.Context(found)
        inner = found.get_command(context, words[0])
        assert inner is not None, f"{program} has no {words[0]!r}"
        found, words = inner, words[1:]
    return found, words


def unknown_options(command: str) -> set[str]:
    """Return the options of a command that its program does not take."""
    found, words = command_of(shlex.split(command.split(" > ")[0]))
    if isinstance(found, click.Group):
        return set()
    known = {name for each in found.params for name in (*each.opts, *each.secondary_opts)}
    return {word for word in words if word.startswith("--")} - known


def paths() -> Iterator[tuple[str, str, str]]:
    """Yield (document, path, anchor) for whatever the documents name or link to inside this repository."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", text):
            path = (document.parent / target).resolve() if target else document
            yield document.name, str(path.relative_to(ROOT)), anchor
        folders = "server|sync|schemas|kobo_forms|tests|docs"
        for path in re.findall(rf"`((?:{folders})/[\w./-]+|[\w.-]+\.(?:toml|cfg)|Makefile)`", text):
            yield document.name, path, ""


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_is_something_to_check():
    assert len({command for page in pages() for command in commands(page)}) > 50
    assert len(list(paths())) > 30


def test_each_command_is_one_that_its_program_takes():
    found = {(page.name, command): unknown_options(command) for page in pages() for command in commands(page)}

    assert {where: unknown for where, unknown in found.items() if unknown} == {}


def test_the_settings_of_the_pages_are_those_that_are_read():
    source = (ROOT / "server/settings.py").read_text(encoding="utf-8")

    assert set(re.findall(r"FIREGRID_(?!TEST_)[A-Z_]+", EVERYTHING)) == set(re.findall(r"FIREGRID_[A-Z_]+", source))


def test_each_file_that_a_document_names_is_there():
    named = sorted({(document, path) for document, path, _ in paths()})

    assert [(document, path) for document, path in named if not (ROOT / path).exists()] == []


def test_each_picture_is_shown_by_a_document():
    shown = {path for _, path, _ in paths() if path.startswith("docs/pictures/")}

    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/pictures").iterdir()} == shown


def test_each_decision_has_its_line_in_the_list_of_decisions():
    folder = ROOT / "docs/adr"
    listed = re.findall(r"^\| \[\d{4}\]\((\S+)\)", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert listed == sorted(path.name for path in folder.glob("0*.md"))


def test_each_heading_that_a_document_links_to_is_there():
    linked = [(document, path, anchor) for document, path, anchor in paths() if anchor]

    assert linked
    assert [each for each in linked if each[2] not in anchors(ROOT / each[1])] == []


def test_each_make_target_of_the_pages_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    spoken = "\n".join(re.findall(r"`make [^`]+`|^make .+$", EVERYTHING, re.MULTILINE))

    named = set(re.findall(r"`?make ([a-z][a-z-]*)(?=[ `\n])", f"{spoken}\n"))

    assert named >= {"run", "test", "lint"}
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_first_report_is_one_that_the_form_would_send():
    page = next(page for page in pages() if page.name == "docs/worker.md")
    block = next(block.text for block in page.blocks() if "report.xml <<" in block.text)
    xml = block.split("<<'XML'\n")[1].split("XML\n")[0]
    form = kobo_forms.source("hazard_report").decode()

    report = read_submission(xml.encode())

    assert f"| {report.form_id} | {report.version} |" in form
    answers = {path.rpartition("/")[2]: text for path, text in report.leaves}
    item = next(row for row in kobo_forms.codes("hazard_items") if row["name"] == answers["item"])
    assert (answers["category"], answers["spot_ok"]) == (item["category"], item["spot_ok"])
    assert report.entities[0].label == f"{answers['place']}｜{item['label']}"


def test_each_variable_that_a_block_uses_was_given_a_value_before_on_its_page():
    for page in pages():
        given = {"PATH", "PWD"}
        for number, line in enumerate(page.script(), start=1):
            given |= set(re.findall(r"(?<![\w$])([A-Z][A-Z_]+)=", line))
            assert set(re.findall(r"\$\{?([A-Z][A-Z_]+)", line)) <= given, f"{page.name}:{number}: {line}"


def test_the_people_of_the_readme_are_those_of_the_demonstration():
    with (files("server.data") / "demo_people.csv").open(encoding="utf-8", newline="") as table:
        names = [row["name"] for row in csv.DictReader(table)]

    listed = re.search(r"who can sign in\*\*: ((?:`\w+`,? ?)+)and twenty-two more", README.text)

    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == names[:-22]


def test_the_readme_promises_the_versions_of_python_that_the_package_takes():
    lint = tomllib.loads((ROOT / "ruff.toml").read_text(encoding="utf-8"))

    assert lint["target-version"] == "py311"
    assert "Python 3.11, 3.12 or 3.13" in README.text


def test_the_readme_is_short_and_sends_its_readers_to_every_page():
    assert len(README.text.splitlines()) <= README_LINES_MAX
    assert [page.name for page in pages()[1:] if f"]({page.name})" not in README.text] == []


def test_the_page_of_figures_has_each_figure_with_its_definition():
    with (files("server.data") / "figures.csv").open(encoding="utf-8", newline="") as table:
        figures = [(row["code"], row["label"], row["label_en"], row["note"]) for row in csv.DictReader(table)]
    page = next(page for page in pages() if page.name == "docs/figures.md")

    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", page.text, re.MULTILINE)

    assert rows == figures
