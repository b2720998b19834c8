"""What was typed, said again in words before it is recorded: each value with its unit, the day with its month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pathway.use_cases.words import entry_in_words

Document = Mapping[str, Any]

_FAR_DAYS: Final = 42
"""What is typed at the bedside or off a report is seldom older than some weeks: a longer way back may be a slip."""

_MARROW_NEVER: Final = (
    "The marrow is rated CR, and an earlier assessment of this episode rated it NI: a marrow that was never involved"
    " is NI (not involved). CR counts as a response."
)
_MARROW_NOT_KNOWN: Final = (
    "The marrow is rated CR, and nothing recorded here says that it was involved: if it was not at baseline, it is NI"
    " (not involved). CR counts as a response."
)
_BEFORE_THE_EPISODE: Final = frozenset({"prior_therapy_recorded"})
"""Kinds which lie before the opening by their nature."""


@dataclass(frozen=True, slots=True)
class Restated:
    """What would be recorded: its values in words, and the day."""

    said: str
    """May be empty: some kinds say nothing beside themselves and their day."""
    on: str
    why: str = ""
    """Of a correction or a retraction: its reason, and when it was found."""


def restated(event: Document, told: Document) -> Restated:
    """The event that was typed, on the episode of which the form was `told`."""
    today = date.fromisoformat(told["today"])
    about = event["kind"] in ("event_corrected", "event_retracted")
    why = f"{_sentence(event.get('reason', ''))} Found {_day(event, today)}.".lstrip() if about else ""
    if event["kind"] == "event_retracted":
        recorded = told["entry"]["recorded"] | {"kind": told["entry"]["kind"]}
        return Restated(_said(recorded, told), _day(recorded, today), why)
    fact = event.get("replacement", event)
    return Restated(_said(fact, told), _day(fact, today), why)


def doubts(event: Document, told: Document) -> list[str]:
    """What is odd about what was typed, in sentences; what cannot be read is refused elsewhere."""
    fact = event.get("replacement", event)
    return [*_of_the_day(event, fact, told), *_of_the_marrow(fact, told)]


def _of_the_marrow(fact: Document, told: Document) -> list[str]:
    # It costs a response: a marrow that never was involved, rated CR, makes MR or PR of stable disease.
    marrow = (fact.get("components") or {}).get("bone_marrow")
    rating = marrow.get("rating") if isinstance(marrow, Mapping) else marrow
    measured = isinstance(marrow, Mapping) and set(marrow) != {"rating"}
    if rating != "CR" or measured or told["marrow_before"] == "involved":
        return []
    return [_MARROW_NEVER if told["marrow_before"] == "never" else _MARROW_NOT_KNOWN]


def _of_the_day(event: Document, fact: Document, told: Document) -> list[str]:
    to_the_day = fact.get("occurred_precision", "day") == "day"
    if event["kind"] == "event_retracted" or fact["kind"] in _BEFORE_THE_EPISODE or not to_the_day:
        return []
    today, opened = (date.fromisoformat(told[name]) for name in ("today", "opened_on"))
    try:
        on = _on(fact)
    except ValueError:
        return []
    found = []
    if (back := (today - on).days) > _FAR_DAYS:
        found.append(f"That day is {back} days back; see whether day, month and year are right.")
    if on < opened:
        found.append(f"That day is before the episode was opened on {in_full(opened)}.")
    return found


def _said(fact: Document, told: Document) -> str:
    said = entry_in_words(fact)
    if fact["kind"] != "toxicity_resolved":
        return said
    # The side effect is named by its entry, of which nobody can read anything.
    return ": ".join(filter(None, (dict(told["words"]["toxicities"]).get(fact["entry"]), said)))


def far_back(on: date, today: date) -> str:
    """The day in words with how long ago it is, where that is long enough to be a slip; else empty."""
    return f"{in_full(on)} ({_distance(days)})" if (days := (today - on).days) > _FAR_DAYS else ""


def in_full(on: date) -> str:
    """The day with the month in letters."""
    return f"{on.day} {on:%B %Y}"


def _day(fact: Document, today: date) -> str:
    on = _on(fact)
    match fact.get("occurred_precision", "day"):
        case "month":
            return f"in {on:%B %Y}, the day not known"
        case "year":
            return f"in {on:%Y}, the month not known"
        case "order":
            return f"at a time not known, placed at {in_full(on)}"
        case _:
            return f"on {in_full(on)} ({_distance((today - on).days)})"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _distance(days: int) -> str:
    match days:
        case 0:
            return "today"
        case 1:
            return "yesterday"
        case -1:
            return "tomorrow"
        case _:
            return f"{days} days ago" if days > 0 else f"in {-days} days"


def _on(fact: Document) -> date:
    return date.fromisoformat((fact.get("occurred_on") or fact.get("occurred_at", ""))[:10])
