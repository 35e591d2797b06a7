"""Finds what the codes of answers are called, in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from server.db.transactions import Reading
from server.forms.domain import outline
from server.forms.domain.outline import Asked, FormOutline, Language, Offer
from server.forms.store import codes, forms
from server.forms.store.forms import Form
from server.forms.usecases.lists import list_reader
from server.forms.usecases.xform.outline_reader import read_outline

_ENGLISH = ("label::English (en)", "label_en")
"""Columns of a CSV list that hold English labels: as XLSForm names them, and as code lists do."""


@dataclass(frozen=True, slots=True)
class CodeLabels:
    """What the codes of one question or field are called.

    known: label by code, in the order of the form. list: name of a list of areas, records or handlers, whose rows have
    to be looked up, None for none. several: an answer is several codes with spaces between. tones: how each code of a
    state is shown (``tone`` of its code list: good, fair, bad or neutral); empty where the codes are no states.
    """

    known: Mapping[str, str]
    list: str | None = None
    several: bool = False
    tones: Mapping[str, str] = field(default_factory=dict)


def outline_of(reading: Reading, form: Form) -> FormOutline:
    """Return what all versions of a form ask together, ordered by the one that phones are given; cached."""

    def make(fresh: Reading) -> FormOutline:
        earlier = [version for version in reversed([*form.versions]) if version != form.version]
        return outline.merged(read_outline(forms.xml(fresh, form.id, each)) for each in (form.version, *earlier))

    return reading.cached(("outline", form.id), make)


def of_form(reading: Reading, form: Form, language: Language) -> Mapping[str, CodeLabels]:
    """Return the labels of the codes of every question and calculation that has any, by its path."""
    whole = outline_of(reading, form)
    offered = {
        each.path: _offered(reading, form, each, each.offer, language, whole.default)
        for each in whole.asked
        if each.offer is not None
    }
    looked_up = {
        each.path: _offered(reading, form, each, each.named, language, whole.default)
        for each in whole.asked
        if each.named is not None
    }
    copied = {each.path: _copied(each, offered) for each in whole.asked if each.copies}
    # A record or an area that a calculation names goes by its id: the question beside it tells what it is called.
    return {**{path: labels for path, labels in looked_up.items() if labels.list is None}, **copied, **offered}


def of_type(reading: Reading, type: str, language: Language) -> Mapping[str, CodeLabels]:
    """Return the labels of the codes of each field of a record type that has any, by its name; cached."""

    def make(fresh: Reading) -> Mapping[str, CodeLabels]:
        found: dict[str, CodeLabels] = {}
        for name, labels in _of_fields(fresh, type, language):
            known = found.get(name, labels)
            found[name] = CodeLabels(
                {**labels.known, **known.known},
                known.list or labels.list,
                known.several or labels.several,
                {**labels.tones, **known.tones},
            )
        return found

    return reading.cached(("labels of fields", type, language), make)


def field_texts(reading: Reading, type: str, language: Language) -> Mapping[str, str]:
    """Return what the questions call each field of a record type, the newest form's text last; none where none does."""
    found: dict[str, str] = {}
    for form, name, asked in _saved(reading, type):
        text = outline.text_in(asked.texts, language, outline_of(reading, form).default)
        if text:
            found[name] = text
    return found


def _of_fields(reading: Reading, type: str, language: Language) -> Iterator[tuple[str, CodeLabels]]:
    for form, name, asked in _saved(reading, type):
        labels = of_form(reading, form, language).get(asked.path)
        if labels is not None:
            yield name, labels


def _saved(reading: Reading, type: str) -> Iterator[tuple[Form, str, Asked]]:
    """Yield what any version of any form saves to a field of ``type``: form, name of the field, question."""
    for form in (each for each in forms.catalogue(reading).forms.values() if each.draft is None):
        saves: dict[str, str] = {}
        for version in form.versions.values():
            for entity in (each for each in version.definition.entities if each.dataset == type):
                saves |= {path.strip("/").partition("/")[2]: field.name for path, field in entity.properties.items()}
        for each in outline_of(reading, form).asked if saves else ():
            if each.path in saves:
                yield form, saves[each.path], each


def _offered(reading: Reading, form: Form, asked: Asked, offer: Offer, language: Language, default: str) -> CodeLabels:
    known = {code: outline.text_in(texts, language, default) or code for code, texts in offer.labels.items()}
    listed = None if offer.file is None else _listed(reading, form, offer, language)
    made = None if offer.file is None or listed is not None else offer.file.removesuffix(".csv")
    return CodeLabels({**known, **(listed or {})}, made, asked.several, _tones(reading, offer))


def _copied(asked: Asked, offered: Mapping[str, CodeLabels]) -> CodeLabels:
    """Return the labels of codes that a calculation hands on; ids of records and areas are handed on as they are."""
    known: dict[str, str] = {}
    tones: dict[str, str] = {}
    for labels in (offered[path] for path in asked.copies if path in offered):
        known |= {} if labels.list is not None else labels.known
        tones |= labels.tones
    return CodeLabels(known, None, asked.several, tones)


TONE = "tone"
"""Column of a code list that says how a state is shown."""


def _tones(reading: Reading, offer: Offer) -> Mapping[str, str]:
    """Return the tone of each code of a list of states, empty for any other."""
    if offer.file is None or offer.value != "name":
        return {}
    dated = codes.of_list(reading, offer.file.removesuffix(".csv"))
    return {code: rows[-1].extra[TONE] for code, rows in dated.items() if rows[-1].extra.get(TONE)}


def _listed(reading: Reading, form: Form, offer: Offer, language: Language) -> Mapping[str, str] | None:
    """Return the labels in a code list or in a list beside the form, None for a list that the server makes."""
    file = str(offer.file)
    dated = codes.of_list(reading, file.removesuffix(".csv"))
    if dated:
        return dict(_of_codes(dated.values(), offer.value, language))
    if file not in form.media:
        return None
    key = ("labels in a list", form.id, file, offer.value, offer.label, language)
    return reading.cached(key, lambda fresh: dict(_of_file(file, forms.media(fresh, form.id, file), offer, language)))


def _of_codes(dated: Iterable[tuple[codes.Code, ...]], value: str, language: Language) -> Iterator[tuple[str, str]]:
    for row in (row for rows in dated for row in rows):
        label = (language is Language.ENGLISH and (row.label_en or row.extra.get(_ENGLISH[0]))) or row.label
        yield (row.code if value == "name" else row.extra.get(value, "")), label


def _of_file(file: str, content: bytes, offer: Offer, language: Language) -> Iterator[tuple[str, str]]:
    for cells in (row.cells for row in list_reader.read(file, content).rows):
        code = cells.get(offer.value, "")
        english = next((cells[name] for name in _ENGLISH if cells.get(name)), "")
        if code:
            yield code, (language is Language.ENGLISH and english) or cells.get(offer.label) or code
