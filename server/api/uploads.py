"""Takes the files of a multipart upload apart, and says in words which one is missing or comes twice."""

from __future__ import annotations

from collections.abc import Iterator

from werkzeug.datastructures import FileStorage, MultiDict

from server.errors import Invalid

FORM, MEDIA = "form", "media"


def form_of(files: MultiDict[str, FileStorage]) -> tuple[str, bytes, dict[str, bytes]]:
    """Return file name and content of the one ``form``, and the ``media`` files by name.

    Raises Invalid that names every part that is missing, unnamed, repeated or unknown.
    """
    faults = list(_faults(files))
    if faults:
        listed = "；".join(f"{each['field']}：{each['message']}".removesuffix("。") for each in faults)
        raise Invalid(f"上传有误：{listed}。", errors=faults)
    form = files[FORM]
    return form.filename or "", form.read(), {file.filename or "": file.read() for file in files.getlist(MEDIA)}


def _faults(files: MultiDict[str, FileStorage]) -> Iterator[dict[str, str]]:
    forms, media = files.getlist(FORM), files.getlist(MEDIA)
    if len(forms) != 1:
        cure = "请以 multipart/form-data 上传一个表单文件（.xlsx、.xls、.csv、.md 或 .xml）。"
        yield {"field": FORM, "message": cure}
    if any(not file.filename for file in (*forms, *media)):
        yield {"field": FORM, "message": "每个文件都要带上文件名，如 patrol.xlsx。"}
    names = [file.filename for file in media]
    for name in sorted({name or "" for name in names if names.count(name) > 1}):
        yield {"field": MEDIA, "message": f"文件“{name}”出现了两次，请只保留一份。"}
    for part in sorted(set(files) - {FORM, MEDIA}):
        yield {"field": part, "message": "没有这个部分；附带的文件请放在 media 里。"}
