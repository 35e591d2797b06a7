"""Turns an uploaded XLSForm into an XForm that phones can load, whatever the upload tries to do to the server.

pyxform runs in a child process with limits on time, memory and output; ODK Validate (Java, in pyxform's wheel)
runs after it with limits on time and heap. One form is converted at a time.
"""

from __future__ import annotations

import codecs
import hashlib
import importlib.util
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from server.errors import Busy, FormRefused
from server.forms.domain.definitions import Fault, faults_of, refused
from server.forms.usecases.xform.xml_parsing import parse, with_missing_identity
from server.forms.usecases.xlsform import subprocesses
from server.forms.usecases.xlsform.cells import cell_faults, cell_warnings
from server.forms.usecases.xlsform.messages import is_about_languages, said_in_chinese, translated
from server.forms.usecases.xlsform.references import following, reference_faults
from server.forms.usecases.xlsform.sheets import (
    Sheets,
    plain_column_warnings,
    quoting,
    row_of,
    rows_by_path,
    sheet_faults,
)
from server.forms.usecases.xlsform.validator_messages import validator_fault, without_expression

SOURCE_BYTES_MAX = 10_000_000
MEMORY_BYTES_MAX = 1 << 30
FAULTS_MAX = 5
"""How many reasons of ODK Validate are told at once; each costs a start of Java."""
JAVA_HEAP = "-Xmx256m"
FILE_TYPES = (".md", ".xlsx", ".xlsm", ".xls", ".csv", ".xml")
_TEXTS = (".md", ".csv")
_VERSION_DIGITS = 8
NOT_VALIDATED = "没有经过 ODK Validate 检查 (not validated)：{reason}。表单照常发布，请在手机上试填一遍。"
_JAVA_FAILED = ("initialization of VM", "create the Java Virtual Machine", "Unable to access jarfile")


@dataclass(frozen=True, slots=True)
class Converted:
    """An XForm (UTF-8), what the tools want its author to know, and the sheets it came from (empty for ``.xml``).

    itemsets: the file ``itemsets.csv`` that ``select_one_external`` needs, from the sheet external_choices.
    """

    xml: bytes
    warnings: tuple[str, ...] = ()
    sheets: Sheets = field(default_factory=Sheets)
    itemsets: bytes | None = None


def to_xform(source: bytes, file_type: str, *, form_id: str = "", timeout_s: float) -> Converted:
    """Return the XForm of an uploaded form, made by pyxform.

    source: the bytes as uploaded, at most ``SOURCE_BYTES_MAX``. file_type: one of ``FILE_TYPES``. timeout_s: for the
    tool. Raises FormRefused with sheet, row and cure wherever the tool or the sheets tell them, also when the upload is
    too large, too slow or hostile; Busy when another form keeps the converter for longer than ``timeout_s``.
    form_id: for a form that states none; empty to offer none. A form without version is offered one made from its
    content, as ODK Central offers one, so that it can be tried at once.
    """
    suffix = "." + file_type.lower().lstrip(".")
    if suffix not in FILE_TYPES:
        raise refused([Fault(f"不认识的文件类型“{file_type}”。", f"请上传 {'、'.join(FILE_TYPES)} 文件。")])
    if len(source) > SOURCE_BYTES_MAX:
        limit = SOURCE_BYTES_MAX // 1_000_000
        raise refused([Fault(f"表单文件超过 {limit} MB。", "请把大的选项表放到外部 CSV 名单中 (external list)。")])
    if not source.strip():
        raise refused([Fault("文件是空的。", "请选写好的表单文件，再上传。")])
    if suffix == ".xml":
        parse(source)
        offered = _offer(source, form_id)
        xml, taken = with_missing_identity(source, offered)
        return Converted(xml, tuple(_offer_warnings(offered, taken, "主 instance 的根元素")))
    with subprocesses.one_at_a_time(timeout_s), tempfile.TemporaryDirectory(prefix="firegrid-form-") as name:
        [outcome] = _run_child(Path(name), [source], suffix, _offer(source, form_id), timeout_s)
    return read_outcome(outcome)


def to_xforms(sources: Sequence[bytes], *, timeout_s: float) -> list[Converted]:
    """Return the XForms of forms of ours, made in one child process, since most of a conversion is the child's start.

    sources: XLSForms as Markdown tables that state id and version. timeout_s: for each. Raises as ``to_xform``.
    """
    with subprocesses.one_at_a_time(timeout_s), tempfile.TemporaryDirectory(prefix="firegrid-form-") as name:
        outcomes = _run_child(Path(name), sources, ".md", {}, timeout_s * len(sources))
    return [read_outcome(outcome) for outcome in outcomes]


def as_utf8(source: bytes, file_type: str) -> bytes:
    """Return an uploaded form as UTF-8 without byte order mark where it is a text, as Excel and WPS save CSV.

    source: a text in UTF-8, UTF-16 with byte order mark, or GB18030; a workbook comes back as it is. Raises
    FormRefused for a text in none of them.
    """
    if file_type not in _TEXTS:
        return source
    encodings = ("utf-16",) if source[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return source.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    raise refused([Fault("表单文件不是 UTF-8，也不是 GB18030，读不出文字。", "请另存为 UTF-8，或改用 .xlsx。")])


def validate(xml: bytes, sheets: Sheets, *, timeout_s: float) -> tuple[str, ...]:
    """Return ODK Validate's warnings about an XForm; without Java, one warning that says so.

    sheets: where the form came from, to name rows. Raises FormRefused when a phone could not load the form, with up to
    ``FAULTS_MAX`` reasons: the validator stops at the first expression that it refuses, and is asked again without it.
    """
    parse(xml)  # before Java sees it: no DTD, no depth
    found: list[Fault] = []
    until = time.monotonic() + timeout_s
    asked: bytes | None = xml
    while asked is not None and len(found) < FAULTS_MAX and (not found or time.monotonic() < until - timeout_s / 2):
        try:
            warnings = _validated([asked], sheets, timeout_s=until - time.monotonic())
        except FormRefused as error:
            found += faults_of(error)
            asked = without_expression(asked, found[-1], sheets)
            continue
        except Busy:
            if found:
                break
            raise
        if not found:
            return warnings
        break
    raise refused(sorted(dict.fromkeys(found), key=lambda fault: fault.row or 0))


def are_valid(xmls: Sequence[bytes], *, timeout_s: float) -> bool:
    """Return whether ODK Validate has nothing to say of forms of ours, from one start of Java. Raises Busy."""
    try:
        return _validated(xmls, Sheets(), timeout_s=timeout_s) == ()
    except FormRefused:
        return False


def _validated(xmls: Sequence[bytes], sheets: Sheets, *, timeout_s: float) -> tuple[str, ...]:
    """Return the warnings about XForms that phones can open, else raise FormRefused with the first reason."""
    java, jar = shutil.which("java"), _validator()
    if java is None or jar is None:
        return (NOT_VALIDATED.format(reason="这台机器没有 Java" if java is None else "缺少 ODK_Validate.jar"),)
    options = [
        JAVA_HEAP,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+DisplayVMOutputToStderr",
        "-Djava.awt.headless=true",
    ]
    utf8 = ["-Dfile.encoding=UTF-8", "-Dsun.stderr.encoding=UTF-8", "-Dstderr.encoding=UTF-8"]
    with subprocesses.one_at_a_time(timeout_s), tempfile.TemporaryDirectory(prefix="firegrid-form-") as name:
        folder = Path(name)
        files = {f"form{number or ''}.xml": xml for number, xml in enumerate(xmls)}
        for file, xml in files.items():
            (folder / file).write_bytes(xml)
        command = [java, *options, *utf8, f"-Djava.io.tmpdir={name}", "-jar", str(jar), *files]
        ended = subprocesses.run(command, folder=folder, timeout_s=timeout_s)
    if any(text in ended.stderr for text in _JAVA_FAILED):
        return (NOT_VALIDATED.format(reason="Java 没能启动"),)
    complaint = _without_stack_trace(ended.stderr)
    if ended.status != 0:
        raise refused([validator_fault(ended.stderr, complaint, sheets)])
    return (f"检查工具 (ODK Validate) 的提醒，原话是：{complaint}",) if complaint else ()


def read_outcome(outcome: dict[str, Any]) -> Converted:
    """Return what the child process left as an XForm; raises FormRefused when it left an error."""
    raw = outcome.get("sheets", {"headers": {}, "rows": {}})
    sheets = Sheets(
        {name: tuple(headers) for name, headers in raw["headers"].items()},
        {name: tuple(rows) for name, rows in raw["rows"].items()},
    )
    if "error" in outcome:
        told = [_told(each, sheets) for each in (outcome["error"], *outcome.get("further", ()))]
        # What our own checks find in a cell is often what the tool stumbled over there, as is what follows from it.
        cells = [*cell_faults(sheets), *reference_faults(sheets)]
        places = {(each.sheet, each.row, column) for each in cells for column in (None, each.column)}
        places |= following(sheets)
        more = [each for each in told if (each.sheet, each.row, each.column) not in places]
        raise refused(quoting(dict.fromkeys([*cells, *more, *sheet_faults(sheets)]), sheets))
    plain = plain_column_warnings(sheets)
    # pyxform counts a column without a language as a language of its own, whatever it was told to take it for.
    of_tool = [each for each in outcome["warnings"] if not (plain and is_about_languages(each))]
    offer = _offer_warnings(
        {name: sheets.setting(name) for name in ("form_id", "version")}, outcome["taken"], " settings 表"
    )
    warnings = (*map(said_in_chinese, of_tool), *offer, *plain, *cell_warnings(sheets))
    itemsets = outcome["itemsets"]
    return Converted(
        outcome["xform"].encode("utf-8"), warnings, sheets, None if itemsets is None else itemsets.encode("utf-8")
    )


def _told(error: dict[str, Any], sheets: Sheets) -> Fault:
    """Return what the tool says of an error as a fault with its place and cure."""
    same = _same_as_root(error["message"], sheets)
    return same or _with_row(translated(error["code"], error["message"]), sheets)


def _same_as_root(message: str, sheets: Sheets) -> Fault | None:
    """Return the fault of a question named like the form's root, which pyxform takes for a name that is there twice."""
    named = re.search(r"multiple survey elements named '([^']+)'", message)
    root = sheets.setting("name") or "data"
    rows = [row for path, row in rows_by_path(sheets).items() if path.rpartition("/")[2] == root]
    if named is None or named[1] != root or len(rows) != 1:
        return None
    return Fault(
        f"问题名 (name) “{root}”与表单的根同名，引用 ${{{root}}} 时手机分不清。",
        f"请把这个问题改名，例如 {root}_1，并改掉所有 ${{{root}}}；或在 settings 表另写一个 name。",
        "survey",
        rows[0],
        "name",
    )


def _with_row(fault: Fault, sheets: Sheets) -> Fault:
    """Return the fault with the row that pyxform only quotes or names (``'tekst'``, select_one_external)."""
    if fault.sheet != "survey" or fault.row is not None:
        return fault
    named = [quoted or bare for quoted, bare in re.findall(r"'([^']+)'|(select_one_external)", fault.message)]
    return replace(fault, row=next((row for name in named if (row := row_of(sheets, name))), None))


def _offer(source: bytes, form_id: str) -> Mapping[str, str]:
    return {"form_id": form_id, "version": hashlib.sha256(source).hexdigest()[:_VERSION_DIGITS]} if form_id else {}


def _offer_warnings(settings: Mapping[str, str], taken: Iterable[str], where: str) -> Iterator[str]:
    if "form_id" in taken:
        yield (
            f"没有填写表单编号 (form_id)，已用文件名“{settings['form_id']}”；"
            f"请在{where}写明，否则改了文件名就成了另一张表单。"
        )
    if "version" in taken:
        yield (
            f"没有填写版本号 (version)，已按内容编为 {settings['version']}；"
            f"请在{where}写明，例如 2026112401，才看得出新旧。"
        )


def _run_child(
    folder: Path, sources: Sequence[bytes], file_type: str, offered: Mapping[str, str], timeout_s: float
) -> list[dict[str, Any]]:
    """Return what one child leaves of each source. timeout_s: for all of them."""
    folders = [folder / str(number) for number in range(len(sources))]
    for each, source in zip(folders, sources, strict=True):
        each.mkdir()
        (each / "source").write_bytes(source)
    command = [
        sys.executable,
        "-P",
        "-m",
        "server.forms.usecases.xlsform.child_process",
        str(MEMORY_BYTES_MAX),
        str(int(timeout_s) + 1),
        file_type,
        json.dumps(offered),
        *map(str, folders),
    ]
    ended = subprocesses.run(command, folder=folder, timeout_s=timeout_s)
    results = [each / "result.json" for each in folders]
    if ended.status != 0 or not all(result.exists() for result in results):
        raise refused(
            [Fault("表单太大或太复杂，转换时超出了内存或时间。", "请把大的选项表放到外部 CSV 名单中，或把表单拆小。")]
        )
    return [json.loads(result.read_bytes()) for result in results]


def _validator() -> Path | None:
    # Found without importing pyxform, which would stay in the server's memory for good.
    found = importlib.util.find_spec("pyxform")
    if found is None or found.origin is None:
        return None
    jar = Path(found.origin).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"
    return jar if jar.exists() else None


def _without_stack_trace(stderr: str) -> str:
    own = stderr.partition("The following files failed validation:")[0]
    lines = (line.strip() for line in own.splitlines() if not re.match(r"\s*(at |\.\.\. |Caused by:|>> )", line))
    bare = (re.sub(r"^(Exception in thread \"main\" )?(\w+\.)+\w+(Exception|Error)(: )?", "", line) for line in lines)
    return "\n".join(dict.fromkeys(line for line in bare if line))[:2000]
