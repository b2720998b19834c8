"""How what was recorded, and what was found, is told in words: at the terminal and on the pages alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from pathway.clinical.terms import OverrideReason
from pathway.engine.findings import in_words
from pathway.use_cases.refusals import OUTCOMES

Document: TypeAlias = Mapping[str, Any]

_LEFT_OUT: Final = frozenset(
    {"kind", "occurred_on", "occurred_at", "occurred_precision", "source", "basis", "time_zone"}
)
_NAME: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
_MANY: Final = 3


def event_in_words(event: Document) -> str:
    """What an event says beside its kind and its date, as the body of a log entry has it; may be empty."""
    return ", ".join(_decision(event) if event["kind"] == "decision_made" else _fields(event))


def entry_in_words(event: Document) -> str:
    """The same; of a correction what it puts in its place, and never the id of another entry."""
    told = event["replacement"] if event["kind"] == "event_corrected" else event
    return event_in_words({name: value for name, value in told.items() if name != "entry"})


def reason_in_words(event: Document) -> str:
    """Why a decision was taken, by its code and as the person wrote it; may be empty."""
    reason = event.get("reason") or {}
    told = [OverrideReason(reason["code"]).label] if reason.get("code") else []
    return "; ".join((*told, *([reason["text"].rstrip(".")] if reason.get("text") else [])))


def facts_in_words(facts: Document) -> Iterator[tuple[str, str, Document]]:
    """What is known, its value, and the day and the entry it rests on; but for toxicities and doses of radiation."""
    for name, told in facts.items():
        if name in ("toxicities", "irradiated_gy"):
            continue
        if "entry" in told:
            yield in_words(name), fact_in_words(told), told
        else:
            yield from (
                (f"{in_words(name)}: {in_words(each)}", fact_in_words(of), of) for each, of in told.items()
            )


def fact_in_words(told: Document) -> str:
    """The value of one fact, with what else was said of it."""
    if "value" not in told:
        return ", ".join(_said_of(told))
    more = (each for each in ("method", "specimen", "percent", "density") if each in told)
    value = {"true": "yes", "false": "no"}.get(told["value"]) or in_words(told["value"])
    return ", ".join((value, *(f"{in_words(each)} {told[each]}" for each in more)))


def _said_of(told: Document) -> Iterator[str]:
    for name, value in told.items():
        if name in ("entry", "on", "precision", "since", "since_precision") or value is None:
            continue
        if isinstance(value, bool):
            yield in_words(name) if value else f"not {in_words(name)}"
        else:
            yield f"{in_words(name)} {in_words(str(value))}"


def finding_in_words(value: Document) -> str:
    """What was found, as a guard of an answer has it; empty where its sentence says it already."""
    if "shown" in value:
        return _shortened(value["shown"].rstrip("."))
    found = value.get("found", "unknown")
    return "" if found in ("yes", "no", "unknown") else in_words(found)


def said_in_words(told: Document) -> str:
    """What was recommended, as an impact has it."""
    return in_words(told["recommended"] or "") or (
        "the tumour board" if told["needs_tumour_board"] else "nothing"
    )


def _shortened(told: str) -> str:
    """The first two of a long list: each of its members stands in the checklist it comes from."""
    each = told.split("; ")
    return "; ".join((*each[:2], f"and {len(each) - 2} more")) if len(each) > _MANY else told


def _decision(event: Document) -> Iterator[str]:
    yield f"{in_words(event['option'])}, which was {event['offered_as']}"
    yield from _fields(event.get("detail") or {})
    if told := reason_in_words(event):
        yield f"because: {told}"


def _fields(event: Document) -> Iterator[str]:
    for name, value in event.items():
        if name not in _LEFT_OUT and (told := _value(value)):
            yield f"{in_words(name)} {told}"


def _value(value: object) -> str:
    """A value in words; empty for what was not said."""
    if isinstance(value, Mapping):
        inner = ", ".join(_fields(value))
        return f"({inner})" if inner else ""
    if isinstance(value, list):
        return " + ".join(filter(None, map(_value, value)))
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).rstrip(".")
    return in_words(text) if _NAME.fullmatch(text) else text


def outcome_in_words(outcome: str) -> str:
    """What came of an operation, as an audit record has it."""
    return {"ok": "Done"}.get(outcome) or OUTCOMES.get(outcome) or in_words(outcome)
