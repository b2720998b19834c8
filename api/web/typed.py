"""What was typed into the form of a fact as the event it tells, and an event as the form that tells it.

Values are taken over as they were typed wherever they cannot be read: the event says what is wrong with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, Final

from api.web.fact_fields import ON, Choice, FactForm, Field, Group, Rows
from api.web.forms import Form
from pathway.engine.findings import in_words
from pathway.episodes.events import EARLIEST_YEAR, posted_schema

Schema = Mapping[str, Any]

LONG: Final = 1000
"""A text that may be longer than this gets several lines."""

_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")
_NUMBER: Final = re.compile(r"-?[0-9]+([.,][0-9]+)?")
_THOUSANDS: Final = re.compile(
    r"-?[1-9][0-9]{0,2}[.,\s'’\u00a0\u202f][0-9]{3}([.,\s'’\u00a0\u202f][0-9]{1,3})*"
)
"""What may be one thousand or a thousandth of it."""
_YEARS: Final = range(EARLIEST_YEAR, 2101)
_DAY: Final = "occurred_on"
_PLACE: Final = re.compile(r"[1-3]?[0-9]")
"""A row of a form: more than forty nobody types."""
_SEPARATED: Final = re.compile(r"[,;\n]")
_NO_NUMBER: Final = "Write a number alone, such as 9.5; its unit stands beside the field."
_WHICH_NUMBER: Final = (
    "This can be read in two ways. Write thousands without a sign between the digits, as 150000, and decimals as"
    " 9.5."
)
_NO_WHOLE: Final = "Write a whole number, such as 2."
_WHICH_DAY: Final = "Say on which day."
_NO_DAY: Final = "This is no day. Where there is no calendar to choose from, it is written like 2026-03-31."
_NO_YEAR: Final = f"Look at the year: it lies outside {_YEARS[0]} to {_YEARS[-1]}."
_SAID: Final = {"true": True, "false": False}
_YES_OR_NO: Final = (("true", "Yes"), ("false", "No"))
_TWICE: Final = "This is told twice, in two ways; leave one of them empty."
_UNCOUNTED: Final = (
    "Something is typed below that does not count with this choice; choose otherwise, or empty it."
)

_NO_RATING: Final = "Choose the rating, or say that it was not examined."
_NOT_MEASURED: Final = "Nothing was measured; say so, or give a measurement."


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value can be: `flag`, `whole`, `number`, `day`, `list`, `prose`, `choice` or `line`."""

    kind: str
    values: tuple[str, ...] = ()
    default: str = ""
    required: bool = False
    of_whole: bool = False
    or_unknown: bool = False
    asked_for: bool = False
    """True where nothing can be recorded without it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as a page shows it."""

    field: Field
    shape: Shape
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A group of fields as a page shows it: single ones, then rows of them."""

    group: Group
    fields: tuple[Asked, ...]
    rows: tuple[tuple[Asked, ...], ...]
    how: Asked | None = None
    """Where the group begins the telling of a component: how that is told."""
    title: str = ""
    """The component that begins with the group."""


@dataclass(slots=True)
class Typed:
    """The event that was typed, and the field of each part of it by JSON pointer."""

    event: dict[str, Any]
    places: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    """What is wrong with the form itself, whatever the event would say."""

    def beside(self, errors: Iterable[tuple[str, str]], detail: str = "") -> dict[str, str]:
        """The sentences of a refusal by the field they stand beside; "" for what belongs to none."""
        told = list(errors)
        found: dict[str, str] = {}
        for pointer, sentence in told:
            if any(other.startswith(f"{pointer}/") for other, _ in told):
                continue  # one of several ways in which this could be told; what is wrong inside it says more
            name = self._field(pointer)
            found[name] = " ".join(filter(None, (found.get(name), sentence)))
        return found or {"": detail}

    def _field(self, pointer: str) -> str:
        while pointer:
            if pointer in self.places:
                return self.places[pointer]
            inside = (name for place, name in self.places.items() if place.startswith(f"{pointer}/"))
            if (first := next(inside, None)) is not None and pointer.count("/") > 1:
                return first
            pointer = pointer.rpartition("/")[0]
        return ""


def event_of(form: Form, facts: FactForm, prefix: str = "", otherwise: str = "") -> Typed:
    """The event typed into the form, whose fields stand under `prefix`; its day is `otherwise` where none is typed."""
    typed = Typed({"kind": facts.kind})
    for choice in facts.choices:
        typed.places[_pointer(choice.name)] = prefix + choice.how.name
    for group in (*facts.groups, ON):
        for each in group.fields:
            if isinstance(each, Rows):
                _take_rows(typed, form, facts.kind, each, group.when, prefix)
            else:
                _take(typed, form, facts.kind, replace(each, when=each.when or group.when), prefix)
    for choice in facts.choices:
        _tell(typed, choice, form.text(prefix + choice.how.name), prefix)
    return _dated(typed, prefix, otherwise)


def form_of(event: Mapping[str, Any], facts: FactForm, prefix: str = "") -> Form:
    """The form that tells the event, as `Event.body` gives it."""
    fields: dict[str, str] = {}
    for choice in facts.choices:
        fields[choice.how.name] = _how(_at(event, choice.name))
        if isinstance(rating := _at(event, choice.name), str):
            fields[f"{choice.name}.rating"] = rating
    for group in (*facts.groups, ON):
        for each in group.fields:
            if isinstance(each, Rows):
                for number, row in enumerate(_at(event, each.name) or each.presets):
                    fields |= {f"{each.name}.{number}.{name}": _shown(value) for name, value in row.items()}
            elif not isinstance(value := _at(event, each.name), Mapping | None):
                unknown = value == "unknown" and shape_of(facts.kind, each.name).kind != "choice"
                fields[each.name] = "" if unknown else _shown(value)
    return Form({prefix + name: (value,) for name, value in fields.items()})


def empty_form(facts: FactForm, more: Mapping[str, str], prefix: str = "") -> Form:
    """A form nobody has typed into, with what a field says unless told otherwise, and with `more`."""
    fields = {
        asked.field.name: asked.shape.default
        for part in parts_of(facts, {})
        for asked in part.fields
        if asked.shape.default
    }
    for group in facts.groups:
        for rows in group.fields:
            if isinstance(rows, Rows):
                for number, preset in enumerate(rows.presets):
                    fields |= {f"{rows.name}.{number}.{name}": value for name, value in preset.items()}
    return Form({prefix + name: (value,) for name, value in (fields | dict(more)).items()})


def parts_of(
    facts: FactForm, words: Mapping[str, Any], form: Form | None = None, prefix: str = ""
) -> list[Part]:
    """The form as a page shows it, with the episode's own `words` (lists by name) to choose from."""
    found = []
    for part in (*facts.parts, ON):
        if isinstance(part, Choice):
            how = _prefixed(Asked(part.how, Shape("choice"), tuple(part.how.words.items())), prefix)
            first, *others = (_part(facts.kind, group, words, form, prefix) for group in part.groups)
            found += [replace(first, how=how, title=part.title), *others]
        else:
            found.append(_part(facts.kind, part, words, form, prefix))
    return found


def hinted(parts: Iterable[Part], hints: Mapping[str, str]) -> list[Part]:
    """The same parts, with what is told more of some fields, by their names."""

    def told(asked: Asked) -> Asked:
        more = hints.get(asked.field.name, "")
        hint = f"{asked.field.hint} {more}".strip()
        return replace(asked, field=replace(asked.field, hint=hint))

    return [replace(part, fields=tuple(told(each) for each in part.fields)) for part in parts]


def labels_of(parts: Iterable[Part]) -> dict[str, str]:
    """The label of each field by its name."""
    found: dict[str, str] = {}
    for part in parts:
        found |= {part.how.field.name: part.title} if part.how else {}
        asked = (*part.fields, *(each for row in part.rows for each in row))
        found |= {each.field.name: each.field.label for each in asked}
    return found


def part_of(kind: str, group: Group) -> Part:
    """One group as a page shows it."""
    return _part(kind, group, {}, None, "")


def taken(form: Form, kind: str, group: Group) -> Typed:
    """What was typed into one group, as an event of this kind."""
    typed = Typed({"kind": kind})
    for each in group.fields:
        if isinstance(each, Field):
            _take(typed, form, kind, each, "")
    return _dated(typed, "", "")


# From the form to the event


def _dated(typed: Typed, prefix: str, otherwise: str) -> Typed:
    if typed.event.setdefault(_DAY, otherwise) == "":
        typed.faults[prefix + _DAY] = _WHICH_DAY
    return typed


def _take(typed: Typed, form: Form, kind: str, each: Field, prefix: str) -> None:
    text, shape = form.text(prefix + each.name), shape_of(kind, each.name)
    typed.places[_pointer(each.name)] = prefix + each.name
    if not text:
        if shape.required and shape.or_unknown:
            typed.event[each.name] = "unknown"
        return
    if each.when and text != shape.default and not _counts(form, each.when, prefix):
        typed.faults[prefix + each.when.partition("=")[0]] = _UNCOUNTED
    if wrong := _unreadable(shape, each, text):
        typed.faults[prefix + each.name] = wrong
    _put(typed, each.name, _value(shape, text), prefix + each.name)


def _take_rows(typed: Typed, form: Form, kind: str, rows: Rows, when: str, prefix: str) -> None:
    number = 0
    for place in range(_length(form, rows, prefix)):
        preset = rows.presets[place] if place < len(rows.presets) else {}
        row = [(each, form.text(prefix + each.name)) for each in rows.row(place)]
        if all(text in ("", preset.get(_last(each.name))) for each, text in row):
            continue
        if when and not _counts(form, when, prefix):
            typed.faults[prefix + when.partition("=")[0]] = _UNCOUNTED
        for each, text in row:
            name = f"{rows.name}.{number}.{_last(each.name)}"
            typed.places[_pointer(name)] = prefix + each.name
            shape = shape_of(kind, name)
            if wrong := _unreadable(shape, each, text) if text else "":
                typed.faults[prefix + each.name] = wrong
            _put(typed, name, _value(shape, text) if text else None, prefix + each.name)
        number += 1


def _put(typed: Typed, name: str, value: object, told_in: str) -> None:
    """Writes a value where it belongs; a number in the name is a place in a list."""
    *path, last = name.split(".")
    inner: Any = typed.event
    for part, following in zip(path, (*path, last)[1:], strict=True):
        fresh: Any = [] if following.isdigit() else {}
        if isinstance(inner, list):
            if len(inner) == int(part):
                inner.append(fresh)
            inner = inner[int(part)]
        else:
            inner = inner.setdefault(part, fresh)
        if not isinstance(inner, dict | list):
            typed.faults[told_in] = _TWICE
            return
    if value is not None:
        inner[last] = value


def _unreadable(shape: Shape, each: Field, text: str) -> str:
    """What is wrong with how a number or a day is written; nothing that can be read in two ways is guessed."""
    match shape.kind:
        case "number":
            if _THOUSANDS.fullmatch(text) and (each.counted or "." not in text or text.count(".") > 1):
                return _WHICH_NUMBER
            return "" if _NUMBER.fullmatch(text) else _NO_NUMBER
        case "whole":
            return "" if _WHOLE.fullmatch(text) else _NO_WHOLE
        case "day":
            try:
                return "" if date.fromisoformat(text).year in _YEARS else _NO_YEAR
            except ValueError:
                return _NO_DAY
        case _:
            return ""


def _value(shape: Shape, text: str) -> object:
    if shape.kind == "number" and _NUMBER.fullmatch(text):
        return text.replace(",", ".")
    if shape.kind == "flag":
        return _SAID.get(text, text)
    if shape.kind == "whole" and _WHOLE.fullmatch(text):
        return int(text)
    if shape.kind == "list":
        parts = [part for each in _SEPARATED.split(text) if (part := each.strip())]
        return [int(part) if shape.of_whole and _WHOLE.fullmatch(part) else part for part in parts]
    return text


def _counts(form: Form, when: str, prefix: str) -> bool:
    name, _, values = when.partition("=")
    return form.text(prefix + name) in values.split()


def _tell(typed: Typed, choice: Choice, how: str, prefix: str) -> None:
    """Tells a component as it was chosen: a bare rating is one without measurements."""
    whole, _, component = choice.name.partition(".")
    told = typed.event.get(whole, {}).get(component)
    if how and told is None:
        wrong, sentence = {"rated": ("rating", _NO_RATING)}.get(how, ("how", _NOT_MEASURED))
        typed.faults[f"{prefix}{choice.name}.{wrong}"] = sentence
    elif how == "rated" and set(told) == {"rating"}:
        typed.event[whole][component] = told["rating"]


def _length(form: Form, rows: Rows, prefix: str) -> int:
    start = f"{prefix}{rows.name}."
    places = (name.removeprefix(start).partition(".")[0] for name in form.fields if name.startswith(start))
    return max((int(place) + 1 for place in places if _PLACE.fullmatch(place)), default=0)


# From the event to the form


def _at(event: Mapping[str, Any], name: str) -> Any:
    found: Any = event
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _how(component: object) -> str:
    if component is None:
        return ""
    return "rated" if isinstance(component, str) or set(_mapping(component)) == {"rating"} else "measured"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


# What the schema of the events says


def _part(kind: str, group: Group, words: Mapping[str, Any], form: Form | None, prefix: str) -> Part:
    fields = tuple(_asked(kind, each, words, prefix) for each in group.fields if isinstance(each, Field))
    rows = tuple(
        tuple(_asked(kind, each, words, prefix) for each in one.row(number))
        for one in group.fields
        if isinstance(one, Rows)
        for number in range(max(len(one.presets), _length(form, one, prefix) if form else 0))
    )
    return Part(replace(group, when=_prefixed_when(group.when, prefix)), fields, rows)


def _asked(kind: str, each: Field, words: Mapping[str, Any], prefix: str) -> Asked:
    shape = shape_of(kind, each.name)
    whole = "." not in each.name and shape.required and not shape.or_unknown
    shape = replace(shape, asked_for=each.asked_for or whole or each.name == _DAY)
    choices: tuple[tuple[str, str], ...] = ()
    if each.suggested:
        choices = tuple((value, told) for value, told in words.get(each.suggested, ()))
        shape = replace(shape, kind="choice") if each.suggested == "toxicities" else shape
    elif shape.kind == "flag":
        choices = _YES_OR_NO
    elif shape.values:
        ordered = each.only or set(shape.values) <= set(each.words)
        values = tuple(name for name in each.words if name in shape.values) if ordered else shape.values
        choices = tuple((value, each.words.get(value) or in_words(value)) for value in values)
    elif shape.kind == "whole" and each.words:
        choices = tuple(each.words.items())
    return _prefixed(Asked(each, shape, choices), prefix)


def _prefixed(asked: Asked, prefix: str) -> Asked:
    when = _prefixed_when(asked.field.when, prefix)
    return replace(asked, field=replace(asked.field, name=prefix + asked.field.name, when=when))


def _prefixed_when(when: str, prefix: str) -> str:
    return prefix + when if when else ""


@cache
def shape_of(kind: str, name: str) -> Shape:
    """What the value at `name` of an event of this kind can be."""
    found: list[Schema] = [_kinds()[kind]]
    default: object = None
    required = False
    for part in name.split("."):
        owners = [each for each in found if ("items" if part.isdigit() else "properties") in each]
        if part.isdigit():
            inner = [each["items"] for each in owners]
        else:
            owners = [each for each in owners if part in each["properties"]]
            inner = [each["properties"][part] for each in owners]
            required = any(part in each.get("required", ()) for each in owners)
            default = next((each["default"] for each in inner if "default" in each), None)
        if not inner:
            raise KeyError(f"{kind} has no {name}.")
        found = [one for each in inner for one in _alternatives(each)]
    return _shape(found, default, required=required)


def _shape(found: list[Schema], default: object, *, required: bool) -> Shape:
    types = {each.get("type") for each in found if "enum" not in each and "const" not in each}
    values = tuple(
        dict.fromkeys(
            str(value)
            for each in found
            for value in each.get("enum", [each["const"]] if "const" in each else [])
        )
    )
    said = _shown(default) if isinstance(default, bool | int) else ""
    more: dict[str, Any] = {"default": said, "required": required, "or_unknown": "unknown" in values}
    if types & {"integer", "array", "boolean"} or "number" in types:
        values = ()
    elif values and not types - {"null"}:
        return Shape("choice", values, **more | {"default": str(default) if default is not None else ""})
    if "boolean" in types:
        return Shape("flag", **more)
    if "number" in types:
        return Shape("number", **more)
    if "integer" in types:
        return Shape("whole", **more)
    if "array" in types:
        items = next(each["items"] for each in found if each.get("type") == "array")
        return Shape("list", of_whole=items.get("type") == "integer", **more)
    text = next(each for each in found if each.get("type") == "string")
    if text.get("format") == "date":
        return Shape("day", **more)
    return Shape("prose" if text.get("maxLength", 0) > LONG else "line", **more)


def _alternatives(schema: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _alternatives(_definitions()[schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema or "oneOf" in schema:
        for each in schema.get("anyOf") or schema["oneOf"]:
            yield from _alternatives(each)
    elif schema.get("type") != "null":
        yield schema


@cache
def _whole_schema() -> Schema:
    return posted_schema()


def _definitions() -> Schema:
    found: Schema = _whole_schema()["$defs"]
    return found


@cache
def _kinds() -> Mapping[str, Schema]:
    return {each["properties"]["kind"]["const"]: each for each in _alternatives(_whole_schema())}


def _pointer(name: str) -> str:
    return "/" + name.replace(".", "/")


def _last(name: str) -> str:
    return name.rpartition(".")[2]
