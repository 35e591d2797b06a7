"""Parses the XML of submissions and writes the XML that phones read; no other module handles OpenRosa XML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from server.errors import TooLarge, Unreadable
from server.openrosa.xml_parser import RESEND, ParsedBlock, ParsedXml, parse
from server.submissions.domain.submissions import EntityBlock, SubmissionXml

SIZE_BYTES_MAX = 16 * 1024 * 1024
ID_CHARS_MAX = 255

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MD5 = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form as formList shows it; ``hash_md5`` is the bare lower-case MD5 of the bytes at ``download_url``."""

    form_id: str
    name: str
    version: str
    hash_md5: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file or entity list that a form needs; ``type`` is ``entityList``, ``approvalEntityList`` or None."""

    filename: str
    hash_md5: str
    download_url: str
    integrity_url: str | None
    type: str | None


def read_submission(raw: bytes, *, size_bytes_max: int = SIZE_BYTES_MAX) -> SubmissionXml:
    """Return a submission, from the bytes that the phone sent.

    Refuses with TooLarge above ``size_bytes_max``; with Unreadable what is not well-formed XML in an encoding that
    expat reads, any document type declaration, nesting or numbers beyond the limits above, a missing form id or
    instanceID, and ids with control characters or more than 255 characters.
    """
    if len(raw) > size_bytes_max:
        limit = f"{size_bytes_max / 1_048_576:g} MB"
        raise TooLarge(f"这份记录超过 {limit}，服务器不能接收。请分成几份填写后发送。", size_bytes=len(raw))
    return _submission(parse(raw))


def form_list(forms: Iterable[ListedForm]) -> bytes:
    """Return the formList document; no forms give an empty ``xforms``, which clears a phone that matches exactly.

    Raises ValueError for a form without id, hash or address: one bad entry spoils the whole list on the phone, and
    leaving it out would delete the form there, so the door must answer 5xx instead.
    """
    entries = "".join(
        f"<xform>{_element('formID', _present(form.form_id))}"
        f"{_element('name', form.name if form.name.strip() else form.form_id)}"
        f"{_element('version', form.version)}{_hash(form.hash_md5)}"
        f"{_element('downloadUrl', _present(form.download_url))}{_optional('manifestUrl', form.manifest_url)}</xform>\n"
        for form in forms
    )
    return f'{_DECLARATION}<xforms xmlns="http://openrosa.org/xforms/xformsList">\n{entries}</xforms>\n'.encode()


def manifest(files: Iterable[ManifestFile]) -> bytes:
    """Return the manifest document of a form; no files give an empty ``manifest``.

    Raises ValueError for a file without name, hash or address, and for a name with a folder in it (a phone keeps
    the base name only, so two such files could become one).
    """
    entries = "".join(_media_file(file) for file in files)
    return (
        f'{_DECLARATION}<manifest xmlns="http://openrosa.org/xforms/xformsManifest">\n{entries}</manifest>\n'.encode()
    )


def integrity(pairs: Iterable[tuple[str, bool]]) -> bytes:
    """Return the integrity document for (entity id, is it deleted for this caller); give known ids only."""
    entries = "".join(
        f'<entity id="{_attribute(id)}"><deleted>{"true" if deleted else "false"}</deleted></entity>\n'
        for id, deleted in pairs
    )
    return f"{_DECLARATION}<data>\n<entities>\n{entries}</entities>\n</data>\n".encode()


def response(message: str, nature: str) -> bytes:
    """Return the answer to a POST: ``message`` for the worker, ``nature`` is ``submit_success`` or ``error``."""
    return (
        f'{_DECLARATION}<OpenRosaResponse xmlns="http://openrosa.org/http/response">\n'
        f'<message nature="{_attribute(nature)}">{_text(message)}</message>\n</OpenRosaResponse>\n'
    ).encode()


def _submission(parsed: ParsedXml) -> SubmissionXml:
    first = dict(reversed(parsed.leaves))

    def of_meta(name: str) -> str:
        return first.get(f"meta/{name}", "").strip() or first.get(name, "").strip()

    form_id = _checked(parsed.root.get("id", "").strip(), "表单编号（id）")
    if not form_id:
        raise Unreadable("这份记录没有写明是哪张表（缺 id）。请在手机上更新表格后重新填写。", missing="id")
    instance_id = _checked(of_meta("instanceID"), "记录编号（instanceID）")
    if not instance_id:
        raise Unreadable(f"这份记录没有编号（缺 instanceID），服务器无法防止重复。{RESEND}", missing="instanceID")
    return SubmissionXml(
        form_id=form_id,
        version=_checked(parsed.root.get("version", "").strip(), "表单版本（version）"),
        instance_id=instance_id,
        deprecated_id=_checked(of_meta("deprecatedID"), "原记录编号（deprecatedID）") or None,
        instance_name=of_meta("instanceName") or None,
        leaves=tuple(parsed.leaves),
        entities=tuple(map(_block, parsed.blocks)),
    )


def _checked(id: str, label: str) -> str:
    if len(id) > ID_CHARS_MAX or _CONTROL.search(id):
        raise Unreadable(f"这份记录的{label}太长或含有不可见的控制字符。{RESEND}", field=label)
    return id


def _block(parsed: ParsedBlock) -> EntityBlock:
    attributes, labels = parsed.attributes, parsed.labels
    return EntityBlock(
        dataset=attributes.get("dataset", ""),
        id=attributes.get("id", ""),
        create=attributes.get("create") in ("1", "true"),
        update=attributes.get("update") in ("1", "true"),
        base_version=attributes.get("baseVersion", ""),
        trunk_version=attributes.get("trunkVersion", ""),
        branch_id=attributes.get("branchId", ""),
        label=labels[0] if labels else None,
        path=parsed.container,
        first=parsed.first,
        last=parsed.last,
    )


def _media_file(file: ManifestFile) -> str:
    if "/" in file.filename or "\\" in file.filename:
        raise ValueError(f"a manifest file name holds a folder: {file.filename!r}")
    kind = f' type="{_attribute(file.type)}"' if file.type else ""
    return (
        f"<mediaFile{kind}>{_element('filename', _present(file.filename))}{_hash(file.hash_md5)}"
        f"{_element('downloadUrl', _present(file.download_url))}{_optional('integrityUrl', file.integrity_url)}"
        "</mediaFile>\n"
    )


def _hash(md5: str) -> str:
    # A phone cuts the first four characters blindly and crashes on an empty element.
    if not _MD5.fullmatch(md5):
        raise ValueError(f"not a lower-case MD5: {md5!r}")
    return f"<hash>md5:{md5}</hash>"


def _present(value: str) -> str:
    if not value.strip():
        raise ValueError("a required element of a list for phones is blank")
    return value


def _optional(name: str, value: str | None) -> str:
    return _element(name, value) if value else ""


def _element(name: str, value: str) -> str:
    return f"<{name}>{_text(value)}</{name}>"


def _attribute(value: str) -> str:
    return _text(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def _text(value: str) -> str:
    """Escape for XML; a bare CR would be read back as LF, and what XML cannot hold becomes U+FFFD."""
    valid = _NOT_XML.sub("\ufffd", value)
    return valid.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
