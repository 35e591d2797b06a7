"""Forgets a person: what the law lets people have deleted goes, what others need stays and says why.

《个人信息保护法》 art. 47: deleted is what is no longer needed; where that is technically hard, it is only kept and no
longer used. Who did what, when and in which role stays, since cases and figures rest on it; names and numbers go from
ledgers, history, what phones sent, what was rejected, files, contacts and the audit.

It takes two steps. A reading looks through everything, for as long as that takes, while phones go on writing; then one
transaction takes out what was found, and what has come in since. What is true if we die after each: nothing has
changed; then files are still on disk that no row names (``unneeded_files``), and free space of the database has old
pages (``db/sqlite/connections.py``). The command may be given again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from server.admin.store import change_photos, file_traces, personal_traces, sent_traces
from server.admin.store.sent_traces import Placeholder
from server.admin.usecases import person_traces, sent_forgetting
from server.admin.usecases.person_traces import Places
from server.admin.usecases.sent_forgetting import Answers
from server.audit.domain.entries import Entry
from server.audit.usecases import retention
from server.audit.usecases.recording import record
from server.changes.usecases import recording
from server.db import repeats
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Conflict
from server.forms.store import forms
from server.people.store import accounts
from server.records.store import label_search, records
from server.summaries.domain import patrols
from server.summaries.store import figure_recording

FORGOTTEN = "已删除姓名"
"""What a forgotten account is called."""

KEPT_OF_ACCOUNT = (
    "用户名和岗位：记录、案件和审计里谁在何时以何岗位办了什么，统计和追责要用（第四十七条第二款，只保存不再使用）",
    "写在说明、备注里的名字：不是按字段填的，请用 --value 按记录删除",
    "备份、升级前的旧副本和已导出的文件：程序改不到，到期请管理员删除",
)
KEPT_OF_VALUES = (
    "版本号、时间、结论和统计：不含个人信息",
    "照片：只换掉答案声明为个人信息的（如证件照）；其他的可能是隐患的证据，要一并删除请加 --photos",
    "照片里写着的拍摄时间和地点：是证据；写着的姓名、号码已抹去（压缩包、文档和损坏的文件里面的不查，请加 --photos）",
    "只在说明、备注里提到这个名字的其他记录：不能确定是同一个人（号码不论写在哪里都删）",
    "还没同步的手机和笔记本：同步后更新；里面还没交的表单交上来会重新保存，请交后再执行一次",
    "备份、升级前的旧副本和已导出的文件：程序改不到，到期请管理员删除",
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out. counts: rows by table. records: ids of those that were rewritten. media: as of ``Places``."""

    counts: Counter[str] = field(default_factory=Counter)
    records: tuple[str, ...] = ()
    media: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """What happens to files of a person.

    placeholder: what stands in their place. all: not those of personal answers alone. cleaned: by the hash of each
    content that tells of the person what stands in its place (``file_forgetting.cleaned``).
    """

    placeholder: Placeholder
    all: bool = False
    cleaned: Mapping[str, Placeholder] = field(default_factory=dict)


def forget_account(tx: Transaction, name: str, *, by: str) -> Forgotten:
    """Take a closed account's display name, password, devices and addresses out, in the audit too.

    Raises NotFound, and Conflict while the account is open.
    """
    account = accounts.get(tx, name)
    if account.revoked_at is None:
        raise Conflict(f"账号“{name}”还在用；请先停用：firegrid user revoke {name}。", user=name)
    personal_traces.forget_account(tx, name, FORGOTTEN)
    words = {} if account.display in (FORGOTTEN, name) else {account.display: FORGOTTEN}
    entries = retention.forget(tx, words, by=by, about=name) if words else 0
    rosters = sum(personal_traces.delete_rosters_naming(tx, [word]) for word in words)
    repeats.forget_all(tx)
    record(tx, Entry("user.forget", by, name))
    return Forgotten(Counter({"person": 1, "roster_import": rosters, "audit": entries}))


def forget_values(
    database: Database,
    values: Sequence[str],
    *,
    by: str,
    files: Files | None = None,
    spared: Collection[str] = (),
) -> Forgotten:
    """Mask names and numbers of a private person wherever ``person_traces.find`` finds them.

    There they go everywhere: fields, labels, notes, history, problems, answers. Each record gets one revision more, so
    that phones and laptops take it anew. files: None leaves files as they are. Raises Invalid.
    """
    with database.reading() as reading:
        found = person_traces.find(reading, values, spared)
    return database.write(lambda tx: forget_found(tx, found, values, by=by, files=files, spared=spared))


def forget_found(
    tx: Transaction,
    found: Places,
    values: Sequence[str],
    *,
    by: str,
    files: Files | None = None,
    spared: Collection[str] = (),
) -> Forgotten:
    """Mask what ``person_traces.find`` found earlier, and what has come in since; as ``forget_values``."""
    wanted, counts = person_traces.wanted_of(values), Counter[str]()
    places = person_traces.with_newer(tx, found, wanted, spared)

    def without(text: str) -> str:
        for each in wanted:
            text = each.taken_out_of(text)
        return text

    _forget_sent(tx, places, without, files, counts)
    counts["upload"] += change_photos.rewrite_uploads(tx, without)
    if files is not None:  # before the names of photos are others
        about = (*places.records, *(key for table, key in places.apart if table == "change"))
        counts["file"] += sum(_forget_photos(tx, id, files) for id in about)
        counts["text_in_file"] += sum(file_traces.replace(tx, old, by) for old, by in files.cleaned.items())
    for id in places.records:
        counts.update(_forget_record(tx, id, without))
    if places.records:
        label_search.empty(tx)
    for table, key in places.apart:
        counts[table] += personal_traces.rewrite_apart(tx, table, key, without)
    for parts in (each for one in wanted for each in one.parts):
        counts["roster_import"] += personal_traces.delete_rosters_naming(tx, parts)
    counts["audit"] = retention.forget_texts(tx, places.entries, without, by=by)
    told = {"records": len(places.records), **{name: count for name, count in counts.items() if count}}
    repeats.forget_all(tx)
    record(tx, Entry("user.forget", by, "records", told, objects=places.records))
    return Forgotten(counts, places.records, places.media)


def _forget_record(tx: Transaction, id: str, without: sent_forgetting.OfText) -> dict[str, int]:
    """Take what is forgotten out of a record, of what figures know of it too; return the rows by table."""
    before = records.find_for_writing(tx, id)
    counts = personal_traces.rewrite_record(tx, id, without)
    after = records.find_for_writing(tx, id)
    if after is not None:
        if after.type == patrols.TYPE:  # whose figures know its place by name
            figure_recording.record_patrol(tx, before, after)
        recording.apply_by_server(tx, after, "renew", "")
    return counts


def _forget_photos(tx: Transaction, id: str, files: Files) -> int:
    """Take photos out of what changes announce: those of personal answers, or all; return how many.

    id: of a record, or of a change that has made none.
    """
    types, count = forms.catalogue(tx).types, 0
    for row in change_photos.announcing(tx, id):
        personal = types[row["type"]].personal if row["type"] in types else {}
        gone = {each.name for each in change_photos.photos_of(row) if files.all or each.field in personal}
        count += change_photos.replace(tx, row, gone, files.placeholder)
    return count


def _forget_sent(
    tx: Transaction, places: Places, without: sent_forgetting.OfText, files: Files | None, counts: Counter[str]
) -> None:
    """Take what is forgotten out of submissions, of every version of them, and out of what was rejected."""
    answers = Answers(tx)
    for row in sent_traces.of_roots(tx, [*places.submissions, *places.wrote]):
        gone: Collection[str] = ()
        if files is not None:
            is_all = files.all and row["id"] in places.submissions
            gone = sent_traces.files_of(tx, row["id"]) if is_all else answers.personal_files(row["form"], row["xml"])
        placeholder = Placeholder("", 0, "") if files is None else files.placeholder
        changed, files_gone = sent_forgetting.forget_submission(tx, row, without, gone, placeholder)
        counts.update({"submission": changed, "file": files_gone})
    for hash in places.bodies:
        changed, files_gone = sent_forgetting.forget_body(tx, hash, without, with_files=files is not None)
        counts.update({"kept_body": changed, "file": files_gone})
