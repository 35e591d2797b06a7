"""The README speaks of nothing that is not there."""

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

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs/adr").glob("*.md"))]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [content for kind, content in BLOCKS if kind in ("bash", "ini")]
PROGRAMS: dict[str, click.Command] = {"firegrid": main, "fieldsync": fieldsync}
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Return every ``firegrid …`` and ``fieldsync …`` of the README: in its blocks, and quoted in its sentences."""
    told = [span for span in re.findall(r"`([^`\n]+)`", PROSE) if span.startswith(("firegrid ", "fieldsync "))]
    typed = [re.split(r"\s#\s", line)[0] for block in SHELL for line in block.splitlines()]
    call = re.compile(r"(?:^|[\s($=]|bin/)((?:firegrid|fieldsync) (?!/)[^|)]*)")
    said = [found[1] for line in typed for found in call.finditer(line)]
    return sorted({each.strip() for each in (*told, *said) if not each.strip().endswith(" …")})


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


def arguments(command: str) -> list[str]:
    """Return the words of a command, without what a shell would redirect."""
    return shlex.split(command.split(" > ")[0])


def paths() -> Iterator[tuple[str, str]]:
    """Yield (document, path) for whatever the documents name or link to inside this repository."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            yield document.name, str((document.parent / target).resolve().relative_to(ROOT))
        folders = "server|sync|schemas|kobo_forms|tests|docs"
        for path in re.findall(rf"`((?:{folders})/[\w./-]+|[\w.-]+\.(?:toml|cfg)|Makefile)`", text):
            yield document.name, path


def test_there_is_something_to_check():
    assert len(commands()) > 20
    assert len(list(paths())) > 10


def unknown_options(command: str) -> set[str]:
    """Return the options of a command that its program does not take."""
    found, words = command_of(arguments(command))
    if isinstance(found, click.Group):
        return set()
    return {word for word in words if word.startswith("--")} - {name for each in found.params for name in each.opts}


def test_each_command_of_the_readme_is_one_that_its_program_takes():
    assert {command: unknown for command in commands() if (unknown := unknown_options(command))} == {}


def fault(command: str) -> str | None:
    """Return why a command cannot be run as it stands, None when it can."""
    found, words = command_of(arguments(command))
    if isinstance(found, click.Group):
        return "a group of commands"
    try:
        found.make_context(command.split()[0], [word for word in words if word != "--password-stdin"])
    except click.UsageError as error:
        return error.format_message()
    return None


def test_each_command_in_a_block_is_complete(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("grid.csv", "kobo_forms/patrol.md", "stations.csv", "unsent.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    faults = {command: fault(command) for command in commands() if command not in PROSE}

    assert {command: found for command, found in faults.items() if found} == {}


def test_the_settings_of_the_readme_are_those_that_are_read():
    source = (ROOT / "server/settings.py").read_text(encoding="utf-8")

    assert set(re.findall(r"FIREGRID_[A-Z_]+", README)) == set(re.findall(r"FIREGRID_[A-Z_]+", source))


def test_each_file_that_a_document_names_is_there():
    assert [(document, path) for document, path in sorted(set(paths())) if not (ROOT / path).exists()] == []


def test_each_make_target_of_the_readme_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    named = set(
        re.findall(r"`?make ([a-z][a-z-]*)(?=[ `\n])", "\n".join(re.findall(r"`make [^`]+`|^make .+$", README, re.M)))
    )

    assert named >= {"run", "test", "lint"}
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_first_report_of_the_readme_is_one_that_the_form_would_send():
    block = next(content for content in SHELL if "report.xml <<" in content)
    xml = block.split("<<'XML'\n")[1].split("XML\n")[0]
    form = kobo_forms.source("hazard_report").decode()

    report = read_submission(xml.encode())

    assert f"| {report.form_id} | {report.version} |" in form
    said = {path.rpartition("/")[2]: text for path, text in report.leaves}
    item = next(row for row in kobo_forms.codes("hazard_items") if row["name"] == said["item"])
    assert (said["category"], said["spot_ok"]) == (item["category"], item["spot_ok"])
    assert report.entities[0].label == f"{said['place']}｜{item['label']}"


def test_each_variable_that_a_block_uses_was_given_a_value_before():
    given = set()
    for line in "\n".join(content for kind, content in BLOCKS if kind == "bash").splitlines():
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", line)) - {"PATH", "PWD"}
        given |= set(re.findall(r"(?<![\w$])([A-Z][A-Z_]+)=", line))
        assert used <= given, line


def test_the_people_of_the_readme_are_those_of_the_demonstration():
    with (files("server.data") / "demo_people.csv").open(encoding="utf-8", newline="") as table:
        names = [row["name"] for row in csv.DictReader(table)]

    told = re.search(r"who can sign in\*\*: ((?:`\w+`,? ?)+)and twenty-two more", README)

    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == names[:-22]


def test_the_readme_promises_the_versions_of_python_that_the_package_takes():
    lint = tomllib.loads((ROOT / "ruff.toml").read_text(encoding="utf-8"))

    assert lint["target-version"] == "py311"
    assert "Python 3.11, 3.12 or 3.13" in README
