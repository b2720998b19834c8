"""How what was recorded, and what was found, is told in words: at the terminal and on the pages alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pathway.clinical.terms import DecidedBy, OverrideReason
from pathway.engine.findings import in_words
from pathway.use_cases.refusals import ENTRIES, OUTCOMES
from pathway.use_cases.wording import Wording, day_in_words, place_of, value_in_words, wording_of

Document: TypeAlias = Mapping[str, Any]

_LEFT_OUT: Final = frozenset(
    {"kind", "occurred_on", "occurred_at", "occurred_precision", "source", "basis", "time_zone"}
)
_STAMP: Final = frozenset({"entry", "on", "precision", "since", "since_precision"})
"""What a fact rests on, which is shown beside it."""
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")
_MANY: Final = 3
_GROUPS: Final = {"biomarkers": "marker", "consents": "consent to", "car_t": "CAR-T"}

Labels: TypeAlias = Mapping[str, str]
"""What the options of a pathway are called, by their names."""
NO_LABELS: Final[Labels] = MappingProxyType({})


def event_in_words(event: Document, options: Labels = NO_LABELS) -> str:
    """What an event says beside its kind and its date, as the body of a log entry has it; may be empty."""
    return ", ".join(_decision(event, options) if event["kind"] == "decision_made" else _fields(event))


def entry_in_words(event: Document, options: Labels = NO_LABELS) -> str:
    """The same, never with the id of another entry; of a correction what it puts in its place, and why."""
    if event["kind"] == "event_corrected":
        reason = [f"because: {event['reason'].rstrip('.')}"] if event.get("reason") else []
        return ", ".join(filter(None, (entry_in_words(event["replacement"]), *reason)))
    return event_in_words({name: value for name, value in event.items() if name != "entry"}, options)


def changes_in_words(was: Document, now: Document, unit: str = "") -> Iterator[tuple[str, str, str]]:
    """What a correction changed but for its day: the field, its value now and before; empty where nothing was said."""
    names = sorted({*was, *now} - _LEFT_OUT - {"entry"}, key=lambda each: (place_of(each), each))
    for name in names:
        before, after = was.get(name), now.get(name)
        if before == after:
            continue
        label = wording_of(name).label.rstrip(":") or in_words(name)
        of_numbers = wording_of(name).unit or unit
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for inner, is_now, was_then in changes_in_words(before, after, of_numbers):
                yield f"{label}, {inner}", is_now, was_then
        else:
            yield label, _alone(name, after, of_numbers), _alone(name, before, of_numbers)


def detail_in_words(event: Document) -> str:
    """What was said of a decision beside its option and its reason; may be empty."""
    return ", ".join(_fields(event.get("detail") or {}))


def reason_in_words(event: Document) -> str:
    """Why a decision was taken, by its code and as the person wrote it; may be empty."""
    reason = event.get("reason") or {}
    told = [OverrideReason(reason["code"]).label] if reason.get("code") else []
    return "; ".join((*told, *([reason["text"].rstrip(".")] if reason.get("text") else [])))


def decider_in_words(event: Document) -> str:
    """Who took a decision; empty where it was not said."""
    return DecidedBy(event["decided_by"]).label if event.get("decided_by") else ""


def facts_in_words(facts: Document) -> Iterator[tuple[str, str, Document]]:
    """What is known, its value, and the day and the entry it rests on; but for toxicities and doses of radiation."""
    for name, told in facts.items():
        if name in ("toxicities", "irradiated_gy"):
            continue
        if "entry" in told:
            yield fact_label(name), fact_in_words(told, name), told
        else:
            yield from ((fact_label(name, each), fact_in_words(of, each), of) for each, of in told.items())


def fact_label(name: str, of: str | None = None) -> str:
    """What a fact is called; with the member of its group that is meant."""
    if of is None:
        return wording_of(name).label or in_words(name)
    if name == "fitness":
        return wording_of(of).label.rstrip(":") or in_words(of)
    return f"{_GROUPS.get(name) or in_words(name)}: {value_in_words(of)}"


def fact_in_words(told: Document, name: str = "") -> str:
    """The value of one fact, with its unit and with what else was said of it."""
    if "value" not in told:
        return ", ".join(_fields({each: of for each, of in told.items() if each not in _STAMP}))
    more = {each: told[each] for each in ("percent", "method", "specimen", "density") if each in told}
    value = _with_unit(value_in_words(told["value"]), wording_of(name).unit if name else "")
    return ", ".join((value, *_fields(more)))


def finding_in_words(value: Document) -> str:
    """What was found, as a guard of an answer has it; empty where its sentence says it already."""
    if "shown" in value:
        return _shortened(value["shown"].rstrip("."))
    found = value.get("found", "unknown")
    return "" if found in ("yes", "no", "unknown") else in_words(found)


def impact_in_words(told: Document, options: Labels = NO_LABELS) -> Iterator[str]:
    """What a late, corrected or retracted fact changed, a sentence each; nothing where it changed nothing."""
    for each in told["responses"]:
        yield (
            f"The response at {each['assessment']} was {_response(each['then'])} and is now {_response(each['now'])}. "
            f"{each['why']}"
        )
    yield from _recommendations(told["recommendations"])
    for each in told["decisions"]:
        choice = f"The decision of {day_in_words(each['on'])} ({option_in_words(each['option'], options)})"
        yield f"{choice} was {each['then']} and would now be {each['now']}."
    for each in told["reviews_opened"]:
        yield f"It opened a review task: {each['sentence']}"


def _recommendations(told: Iterable[Document]) -> Iterator[str]:
    """The next steps that would have been others, those of following days that read alike together."""
    same = False
    for (then, now), group in groupby(told, key=_next_steps):
        if then == now:
            same = True
            continue
        days = [each["on"] for each in group]
        yield f'{_days(days[0], days[-1])} the next step would have been "{now}" instead of "{then}".'
    if same:
        yield "For another reason the same would have been recommended: other rows of the table apply."


def _next_steps(each: Document) -> tuple[str, str]:
    """What was said and what would have been, each as short as lets them be told apart."""
    then, now = each["then"], each["now"]
    short = _step(then), _step(now)
    return short if short[0] != short[1] or then["recommended"] else (then["summary"], now["summary"])


def _step(told: Document) -> str:
    if told["recommended"]:
        return str(told["summary"]).removeprefix("Recommended: ").rstrip(".")
    return "a choice of the tumour board" if told["needs_tumour_board"] else "nothing"


def _response(told: str | None) -> str:
    return told or "unknown until a person confirms it"


def _days(first: str, last: str) -> str:
    """One day, or from the first to the last; the year is told once where it is the same."""
    if first == last:
        return f"On {day_in_words(first)}"
    start = day_in_words(first).removesuffix(f" {last[:4]}") if first[:4] == last[:4] else day_in_words(first)
    return f"From {start} to {day_in_words(last)}"


def option_in_words(option: str, options: Labels) -> str:
    """What an option is called in the middle of a sentence."""
    label = options.get(option, "")
    return label[:1].lower() + label[1:] if label[1:2].islower() else label or in_words(option)


def _shortened(told: str) -> str:
    """The first two of a long list: each of its members stands in the checklist it comes from."""
    each = told.split("; ")
    return "; ".join((*each[:2], f"and {len(each) - 2} more")) if len(each) > _MANY else told


def _decision(event: Document, options: Labels) -> Iterator[str]:
    yield f"{option_in_words(event['option'], options)}, which was {event['offered_as']}"
    if who := decider_in_words(event):
        yield f"decided by {who}"
    yield from _fields(event.get("detail") or {})
    if told := reason_in_words(event):
        yield f"because: {told}"


def _fields(event: Document, unit: str = "") -> Iterator[str]:
    """Each field with its label and unit, in the order in which people tell them; `unit` is that of the numbers."""
    told = {
        name: value for name, value in event.items() if name not in _LEFT_OUT and value not in (None, [], ())
    }
    if "limit" in told:
        yield f"{_with_unit(told['value'], told['unit'])} (upper limit of normal {told['limit']})"
        return
    if "marker" in told:
        yield " ".join(str(told[name]) for name in ("marker", "value", "unit") if name in told)
        return
    for name in sorted(told, key=lambda each: (place_of(each), each)):
        wording = wording_of(name)
        if value := _value(told[name], wording, wording.unit or unit):
            yield value


def _alone(name: str, value: object, unit: str) -> str:
    """The value of a field without its label; empty for what was not said."""
    if value in (None, [], ()):
        return ""
    wording = wording_of(name)
    if isinstance(value, bool):
        return (wording.yes if value else wording.no) or ("yes" if value else "no")
    return _value(value, Wording("", is_day=wording.is_day), unit)


def _value(value: object, wording: Wording, unit: str) -> str:
    """A value with its label and unit; empty for what was not said."""
    if isinstance(value, bool):
        said = wording.yes if value else wording.no
        return said or f"{wording.label.rstrip(':')}: {'yes' if value else 'no'}"
    if isinstance(value, Mapping):
        inner = ", ".join(_fields(value, unit))
        if not inner:
            return ""
        return (
            f"{wording.label} ({inner})"
            if wording.label and "limit" not in value
            else f"{wording.label} {inner}".strip()
        )
    if isinstance(value, list):
        shown = ("; " if isinstance(value[0], Mapping) else " + ").join(
            _value(each, Wording(""), "") for each in value
        )
    elif wording.is_day:
        shown = day_in_words(str(value))
    else:
        shown = _with_unit(value_in_words(str(value).rstrip(".")), unit)
    return f"{wording.label} {shown}".strip()


def _with_unit(value: str, unit: str) -> str:
    """Units belong to numbers: what is not known has none."""
    return f"{value} {unit}" if unit and _NUMBER.fullmatch(value) else value


_OPERATIONS: Final = {
    "take_back_a_persons_word": "take back a person’s word",
    "is_ready": "ask whether the service is ready",
    "read_metrics": "read the figures of the service",
}
_CAME_OF_IT: Final = {"ok": "done", "invalid_body": "not accepted; nothing was recorded"}
"""Outcomes whose title is for programs."""


def operation_in_words(operation: str) -> str:
    """What was asked for, as an audit record has it."""
    return _OPERATIONS.get(operation) or in_words(operation)


def outcome_in_words(outcome: str, *, wrote: bool = True) -> str:
    """What came of an operation, as an audit record has it; and whether it `wrote` an entry."""
    if outcome in ENTRIES and not wrote:
        return "It had been recorded before; nothing was added"
    told = _CAME_OF_IT.get(outcome) or OUTCOMES.get(outcome) or in_words(outcome)
    return told[:1].upper() + told[1:]
