"""Builds small XLSForms, so that a test shows only the cells that it is about."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from server.forms.domain.definitions import Allowance, Fault, FormDefinition
from server.forms.domain.record_types import RecordType
from server.forms.usecases import checks
from server.forms.usecases.xform import reader
from server.forms.usecases.xlsform import child_process, conversion
from server.forms.usecases.xlsform.conversion import Converted

SURVEY = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | save_to |
| | text | keeper | 养蜂人 | Keeper | keeper |
| | integer | hives | 蜂箱数 | Hives | hives |
| | csv-external | apiaries | | | |
"""
SETTINGS = {"form_title": "养蜂登记", "form_id": "apiary", "version": "1", "default_language": "中文 (zh)"}
ENTITIES = """\
| entities |
| | list_name | label |
| | apiaries | ${keeper} |
"""
FG = {"namespaces": 'fg="urn:firegrid:xforms"'}


def a_form(
    survey: str = SURVEY, *, more: str = "", entities: str = ENTITIES, choices: str = "", **settings: str
) -> str:
    """Return a Markdown XLSForm; ``more`` is rows added to the survey, an empty setting is left out."""
    cells = {name.replace("__", "::"): value for name, value in {**SETTINGS, **settings}.items() if value}
    head = "| settings |\n| | " + " | ".join(cells) + " |\n| | " + " | ".join(cells.values()) + " |\n"
    return survey + more + choices + entities + head


def convert(source: bytes, file_type: str, *, timeout_s: float = 30.0) -> Converted:
    """Convert an upload and ask ODK Validate, as publishing does, but without lists."""
    done = conversion.to_xform(source, file_type, timeout_s=timeout_s)
    warnings = conversion.validate(done.xml, done.sheets, timeout_s=timeout_s)
    return replace(done, warnings=(*done.warnings, *warnings))


def converted(form: str) -> Converted:
    """Convert in this process: the child's own work, without the child."""
    return conversion.read_outcome(child_process.converted(form.encode(), ".md"))


def read(form: str) -> FormDefinition:
    return reader.read_xform(converted(form).xml)


def checked(
    form: str,
    previous: Sequence[FormDefinition] = (),
    known: Mapping[str, RecordType] | None = None,
    attached: Collection[str] = (),
    allowed: Collection[Allowance] = (),
) -> tuple[list[Fault], list[str]]:
    result = converted(form)
    definition = reader.read_xform(result.xml)
    return checks.check(definition, result.xml, previous, known or {}, attached, result.sheets, allowed=allowed)


def checked_xml(xml: str, known: Mapping[str, RecordType] | None = None) -> tuple[list[Fault], list[str]]:
    raw = xml.encode()
    return checks.check(reader.read_xform(raw), raw, [], known or {}, [])


def an_xform(form: str | None = None, **replaced: str) -> str:
    """Return the XForm of ``form``; ``replaced`` pairs are given as old=…, new=…."""
    xml = converted(form or a_form()).xml.decode()
    if replaced:
        assert replaced["old"] in xml, replaced["old"]
        xml = xml.replace(replaced["old"], replaced["new"])
    return xml


def a_workbook(form: str) -> bytes:
    """Return the same form as .xlsx."""
    from pyxform.xls2json_backends import md_table_to_workbook

    file = io.BytesIO()
    md_table_to_workbook(form).save(file)
    return file.getvalue()


def with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    """Return a workbook with one of its parts replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return out.getvalue()
