"""Lists and gets records, with the history of each."""

from __future__ import annotations

from dataclasses import asdict, replace
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import Response, request

from schemas.cases import GroupTextSchema, SuggestionSchema
from schemas.lists import page_of
from schemas.records import (
    STATUSES,
    ListedRecordSchema,
    RecordDetailSchema,
    RecordFilter,
    RecordQuery,
    RevealedSchema,
    RevealRequestSchema,
    RevisionSchema,
    StatusCountsSchema,
)
from server.api import responses, serializers
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.api.cases import orders
from server.cases.usecases import group_text, suggesting, todo_column, waiting
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.store import forms
from server.grid.store import areas
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.records.domain.records import Record, Revision
from server.records.domain.status import ENDED, OPEN
from server.records.store import columns, record_lists, records, revisions
from server.records.store.record_lists import Filters
from server.records.usecases import premises_cases, reveal
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.web import context
from sync import registers

blueprint = create_blueprint("records", "台账记录 · records: profiles, events and cases")


COUNTED_MOST, ENDED_COUNTED_MOST = 10_000, 1_000
"""As far as the counts of lists go: who has more of one kind needs no exact number, and each costs a look."""


@blueprint.route("/records")
@blueprint.arguments(RecordQuery, location="query")
@blueprint.response(200, page_of(ListedRecordSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_records(query: dict[str, Any]) -> Response:
    """List records, newest or due first: in the caller's areas, assigned to them, or written by them."""
    by = context.caller()
    # Reads by phone keys are not audited, so that nobody asks which of their rows name persons.
    whole: dict[str, str] | None = {} if by.key_id is None else None
    masks: list[RecordMask] = []

    order = orders.ORDERS.get(query.get("sort", ""))
    show = serializers.records.newest if order is None else serializers.records.by_due

    def find(reading: Reading, cursor: str | None, limit: int) -> list[NamedRow]:
        masks.append(RecordMask(reading, by))
        filters = filters_of(reading, query, by)
        if order is not None:
            after = None if cursor is None else orders.position_of(cursor, order)
            rows = order.page(reading, by.scope, filters, after=after, limit=limit)
        else:
            before = None if cursor is None else responses.number_of(cursor)
            rows = record_lists.page(reading, by.scope, filters, before=before, limit=limit)
        return list(zip(rows, *_named(reading, rows), strict=True))

    def shown(found: NamedRow) -> responses.Json:
        row, named, photos = found
        return masks[0].listed(serializers.records.in_list(show(row), named, photos), row, whole)

    def key(found: NamedRow) -> int | str:
        row = found[0]
        return int(row["born_seq"]) if order is None else orders.written(order.position(row))

    response = responses.listing(query, responses.decode_cursor, find, shown, key)
    if whole:
        context.audit_read("personal.read", "records", {"types": sorted({*whole.values()})}, whole)
    return response


@blueprint.route("/records/counts")
@blueprint.arguments(RecordFilter, location="query")
@blueprint.response(
    200,
    StatusCountsSchema,
    headers={"ETag": {"description": "a hash of the body", "schema": {"type": "string"}}},
)
@blueprint.alt_response(304, success=False, description="nothing has changed, for this caller")
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def count_records(query: dict[str, Any]) -> Response:
    """Count the cases of each status under the filters of the list."""
    by = context.caller()
    with context.database().reading() as reading:
        filters = filters_of(reading, query, by)
        wanted = {each.value for each in OPEN} & set(filters.statuses if filters.statuses is not None else STATUSES)
        opened = replace(filters, statuses=tuple(sorted(wanted)))
        counts = record_lists.count_by_status(reading, by.scope, opened, COUNTED_MOST)
        asks_ended = filters.statuses is None or {each.value for each in ENDED} & set(filters.statuses)
        ended = record_lists.count_ended(reading, by.scope, filters, ENDED_COUNTED_MOST) if asks_ended else 0
    answer = {"counts": counts, "ended": ended, "most": COUNTED_MOST, "most_ended": ENDED_COUNTED_MOST}
    response = responses.json(answer)
    response.add_etag()
    response.make_conditional(request)
    return response


NamedRow = tuple[Row, serializers.records.Named, int]
_CODES = itemgetter("area", "assignee", "author")


def _named(reading: Reading, rows: list[Row]) -> tuple[list[serializers.records.Named], list[int]]:
    """Return what the area, assignee and author of each row are called, and how many photos each has."""
    codes = [_CODES(row) for row in rows]
    each = set(codes)  # rows of a list have them in common
    places = areas.full_names(reading, {area for area, _, _ in each})
    parties = display_names.of_assignees(reading, {assignee for _, assignee, _ in each if assignee})
    people = display_names.of_people(reading, {author for _, _, author in each})
    named = {
        (area, assignee, author): serializers.records.Named(
            places.get(area, area), parties[assignee] if assignee else None, people[author]
        )
        for area, assignee, author in each
    }
    return [named[each] for each in codes], case_details.photo_counts(reading, rows)


@blueprint.route("/records/<uuid:record_id>")
@blueprint.response(
    200,
    RecordDetailSchema,
    headers={"ETag": {"description": "the version, a hyphen, and a hash of the body", "schema": {"type": "string"}}},
)
@blueprint.alt_response(304, success=False, description="nothing has changed, for this caller at this time")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_record(record_id: UUID) -> Response:
    """Get one record; fields in conflict come with every value that stands, a case with what one may do with it."""
    with context.database().reading() as reading:
        by = context.caller()
        found, mask = records.get(reading, str(record_id), by.scope), RecordMask(reading, by)
        heads = _heads(reading, found) if found.conflicts else {}
        files = [serializers.cases.photo(found.id, each) for each in case_details.photos(reading, found, mask)]
        shown = {
            **serializers.records.record(found),
            "office_note": found.office_note,
            "heads": heads,
            "photos": files,
            "case": None,
        }
        if found.case is not None:
            actions = todo_column.actions(reading, found, by)
            at = serializers.cases.premises_of(premises_cases.premises_of(reading, found, by), mask)
            shown["case"] = serializers.cases.case(found.case, actions, _alike(reading, found, mask), at)
        open_cases = premises_cases.open_cases(reading, found, by)
        shown["open_cases"] = [{"id": each.id, "label": mask.label(each), "status": each.status} for each in open_cases]
    _note_read(mask, found)
    return responses.conditional(responses.json(mask.record(shown, found)), found.version)


@blueprint.route("/records/<uuid:record_id>/suggestion")
@blueprint.response(200, SuggestionSchema)
@blueprint.alt_response(404, success=False, description="unknown, out of scope, or no case")
def get_suggestion(record_id: UUID) -> Response:
    """Suggest who might handle a case and until when, with the reasons; nobody to who may assign to nobody."""
    with context.database().reading() as reading:
        by = context.caller()
        found = records.get(reading, str(record_id), by.scope)
        if found.case is None:
            raise NotFound("这条记录不是案件，没有承办。", record=found.id)
        shown = serializers.cases.suggestion(suggesting.suggest(reading, found, by))
    return responses.json(shown)


@blueprint.route("/records/<uuid:record_id>/text")
@blueprint.response(200, GroupTextSchema)
@blueprint.alt_response(404, success=False, description="unknown, out of scope, or no case")
def get_group_text(record_id: UUID) -> Response:
    """Get a case as a text to paste into a group chat: without personal data, whatever the caller may see."""
    with context.database().reading() as reading:
        found = records.get(reading, str(record_id), context.caller().scope)
        if found.case is None:
            raise NotFound("这条记录不是案件，没有群消息。", record=found.id)
        text = group_text.of_case(reading, found)
    return responses.json({"text": text})


@blueprint.route("/records/<uuid:record_id>/history")
@blueprint.response(200, page_of(RevisionSchema))
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def list_revisions(record_id: UUID) -> Response:
    """List every revision of a record, oldest first."""
    with context.database().reading() as reading:
        by = context.caller()
        found = records.get(reading, str(record_id), by.scope)
        mask = RecordMask(reading, by)
        history = mask.history(found, list(revisions.list_of(reading, found.id)))
    _note_read(mask, found)
    return responses.single_page(map(serializers.records.revision, history))


def _alike(reading: Reading, record: Record, mask: RecordMask) -> list[responses.Json]:
    alike = case_details.similar(reading, record, context.caller())
    handlers = display_names.of_assignees(reading, {each.record.assignee for each in alike if each.record.assignee})
    return [serializers.cases.similar(each, mask, handlers) for each in alike]


def _note_read(mask: RecordMask, found: Record) -> None:
    """Let the audit tell that the caller was shown personal data of one record whole."""
    if mask.shows_persons_of(found):
        context.audit_read("personal.read", found.id, {"types": [found.type]}, [found.id])


@blueprint.route("/records/<uuid:record_id>/reveal", methods=("POST",))
@blueprint.needs(("personal", "reveal"))
@blueprint.arguments(RevealRequestSchema)
@blueprint.response(200, RevealedSchema)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them see it")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
@blueprint.alt_response(422, success=False, description="no such field, or no reason")
def reveal_field(arguments: dict[str, str], record_id: UUID) -> Response:
    """Reveal a field that is masked; the audit keeps who looked at which field of what, and why."""
    by, field, reason = context.caller(), arguments["field"], arguments["reason"]
    found = context.write(lambda tx: reveal.reveal(tx, str(record_id), field, reason, by=by))
    return responses.secret(asdict(found))


def filters_of(reading: Reading, query: dict[str, Any], by: Actor) -> Filters:
    """Return the filters that a query asks for. Raises NotFound (area out of reach), Invalid (type unknown)."""
    known, type = forms.catalogue(reading).types, query.get("type")
    if type is not None and type not in known:
        wrong = f"没有“{type}”这个台账；可选：{'、'.join(sorted(known))}。"
        raise Invalid(f"请求有误。type：{wrong}", errors=[{"field": "type", "message": wrong}])
    narrowed = {name: query[name] for name in columns.FILTERS if name in query and name != "status"}
    return Filters(
        columns=narrowed,
        statuses=query["status"].split(",") if "status" in query else None,
        has_request=True if query.get("requested") else None,
        flag=query.get("flag"),
        place=place_of(reading, query, by),
        overdue=query.get("overdue"),
        soon=query.get("soon", False),
        given_before=waiting.given_too_long_ago(reading) if query.get("untaken") else None,
        placed=query.get("placed"),
        reply=query.get("reply", False),
        unanswered=query.get("unanswered", False),
        q=query.get("q"),
        shown_label=RecordMask(reading, by).shown_label if "q" in query else None,
    )


def _heads(reading: Reading, record: Record) -> dict[str, list[responses.Json]]:
    """Return every value that stands in each field in conflict, the one that is shown first."""
    kept = registers.from_json(record.registers)
    made = {each.version: each for each in revisions.list_of(reading, record.id)}
    return {
        name: [
            _head(head, made.get(head.version))
            for head in sorted(
                kept[name].heads, key=lambda head: (head.observed_at, head.origin, head.seq), reverse=True
            )
        ]
        for name in record.conflicts
        if name in kept
    }


def _head(head: registers.Head, made: Revision | None) -> responses.Json:
    return {
        "value": head.value,
        "observed_at": head.observed_at,
        "origin": head.origin,
        "version": head.version,
        "author": None if made is None else made.author,
    }
