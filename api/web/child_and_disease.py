"""The child and the disease in a few words: what a tumour board asks for first, and what of it is not recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pathway.clinical.side_effects import side_effect_key
from pathway.clinical.terms import ToxicityScale
from pathway.engine.findings import in_words
from pathway.use_cases.wording import value_in_words
from pathway.use_cases.words import fact_in_words

Document = Mapping[str, Any]

SEVERE: Final = 3
MOST_MARKERS: Final = 5
MOST_PAST_EFFECTS: Final = 6
MONTHS_OF_A_YEAR: Final = 12
_EXACT: Final = ("day", "month")
_ASKED: Final = (("mycn", "MYCN"), ("alk", "ALK"))
_SCORES: Final = (("lansky", "Lansky"), ("karnofsky", "Karnofsky"))
_RISK: Final = {"high": "high, at diagnosis", "not_high": "not high, at diagnosis"}
_SCALES: Final = {"ctcae_v5": "CTCAE 5", "astct": "ASTCT"}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer under its label; `text` is empty where nothing was recorded. `on` is the day it rests on."""

    label: str
    text: str = ""
    on: str | None = None
    precision: str = "day"
    without: str = "not recorded"
    """What is said where nothing was."""
    long: bool = False
    """Whether it wants more room than the others."""


def child_and_disease(episode: Document, next_step: Document, rows: Iterable[Document]) -> list[Told]:
    """What is known of the child and of the disease on the day of the sheet; `rows` are the entries in force."""
    facts, in_force = episode["facts"], list(rows)
    markers = facts.get("biomarkers", {})
    return [
        _age(facts, next_step["as_of"]),
        Told("Risk group", _RISK[facts["risk_group"]["value"]] if "risk_group" in facts else ""),
        *_fitness(facts.get("fitness", {})),
        *(_fact(label, markers.get(name)) for name, label in _ASKED),
        *_other_markers(markers),
        _gd2(facts.get("gd2"), next_step["missing"]),
        _disease(facts.get("progression")),
        _sites(in_force),
        _fact("Central nervous system", facts.get("cns")),
        _past_effects(facts.get("toxicities", []), in_force),
    ]


def years_and_months(months: int) -> str:
    """An age as people say it: 55 months are 4 years 7 months."""
    years, left = divmod(months, MONTHS_OF_A_YEAR)
    told = [
        f"{number} {unit}{'' if number == 1 else 's'}"
        for number, unit in ((years, "year"), (left, "month"))
        if number
    ]
    return " ".join(told) or "less than 1 month"


def _fact(label: str, told: Document | None) -> Told:
    if told is None:
        return Told(label)
    return Told(label, value_in_words(told["value"]), told["on"], told["precision"])


def _age(facts: Document, as_of: str) -> Told:
    """On the day of the sheet, or of death; where that cannot be reckoned, as it was told."""
    if "age_months" not in facts:
        return Told("Age")
    told, closed = facts["age_months"], facts.get("closed", {})
    on, precision = told["on"], told["precision"]
    label, day, exact = "Age", as_of, precision in _EXACT
    if closed.get("value") == "death":
        label, day = "Age when the child died", min(as_of, closed["on"])
        exact = exact and closed["precision"] in _EXACT
    if not exact:
        return Told("Age", f"{years_and_months(int(told['value']))}, as told then", on, precision)
    now = int(told["value"]) + _months(date.fromisoformat(on), date.fromisoformat(day))
    return Told(label, f"{years_and_months(now)}; {told['value']} months on", on, precision)


def _months(then: date, now: date) -> int:
    """Whole months that have passed."""
    passed = (now.year - then.year) * MONTHS_OF_A_YEAR + now.month - then.month - (now.day < then.day)
    return max(passed, 0)


def _fitness(fitness: Document) -> list[Told]:
    told = [
        Told(label, fitness[name]["value"], fitness[name]["on"], fitness[name]["precision"])
        for name, label in _SCORES
        if name in fitness
    ]
    return told or [Told("Lansky or Karnofsky score")]


def _other_markers(markers: Document) -> list[Told]:
    asked = {name for name, _ in _ASKED}
    others = [
        f"{value_in_words(name)} {value_in_words(told['value'])}"
        for name, told in markers.items()
        if name not in asked
    ]
    if not others:
        return []
    more = f"; and {len(others) - MOST_MARKERS} more" if len(others) > MOST_MARKERS else ""
    return [Told("Other markers", "; ".join(others[:MOST_MARKERS]) + more)]


def _gd2(told: Document | None, missing: Iterable[Document]) -> Told:
    if told is None:
        return Told("GD2")
    outdated = any(each["finding"] == "gd2" for each in missing)
    text = fact_in_words(told, "gd2") + ("" if "method" in told else ", method not recorded")
    return Told("GD2", text + ("; to be measured again" if outdated else ""), told["on"], told["precision"])


def _disease(progression: Document | None) -> Told:
    if progression is None:
        return Told("Disease")
    parts = (
        progression["setting"] or "relapse or refractory: not recorded",
        progression["pattern"] and f"{value_in_words(progression['pattern'])} disease",
        "confirmed" if progression["confirmed"] else "not confirmed",
    )
    return Told(
        "Disease", ", ".join(part for part in parts if part), progression["on"], progression["precision"]
    )


def _sites(rows: list[Document]) -> Told:
    """What was seen, and by which examination, since the progression before this one was confirmed."""
    evidence: list[str] = []
    for row in reversed([row for row in rows if row["kind"] == "progression_evidence_recorded"]):
        if evidence and row["event"]["confirmed"]:
            break
        evidence = [_seen(each) for each in row["event"].get("evidence", [])] + evidence
    return Told("Sites and findings", " ".join(evidence), long=True)


def _seen(evidence: Document) -> str:
    by, finding = evidence["modality"], evidence["finding"].rstrip(".")
    told = value_in_words(by)
    return f"{finding}." if by == "other" else f"{told[:1].upper()}{told[1:]}: {finding}."


def _past_effects(toxicities: Iterable[Document], rows: list[Document]) -> Told:
    """Side effects of grade 3 or more that do not go on as such: over, or come down."""
    now = {_key(each): each for each in toxicities if each["ongoing"]}
    keys: dict[str, str] = {}
    found: dict[str, tuple[int, str]] = {}
    over: dict[str, str] = {}
    for row in rows:
        event = row["event"]
        if row["kind"] == "toxicity_resolved" and event["entry"] in keys:
            over[keys[event["entry"]]] = f", down to grade {event['to_grade']}{_on(row)}"
        if row["kind"] != "toxicity_recorded":
            continue
        key = keys[row["entry"]] = _key(event)
        grade = event.get("grade")
        if isinstance(grade, int) and grade >= max(SEVERE, found.get(key, (SEVERE, ""))[0]):
            agent = f", {value_in_words(event['agent'])}" if event.get("agent") else ""
            scale = _SCALES[event.get("scale", "ctcae_v5")]
            found[key] = grade, f"{in_words(event['term'])} grade {grade} ({scale}){agent}{_on(row)}"
    going_on = {
        key for key, each in now.items() if not isinstance(each["grade"], int) or each["grade"] >= SEVERE
    }
    told = [
        text + (f", now grade {now[key]['grade']}" if key in now else over.get(key, ""))
        for key, (_, text) in found.items()
        if key not in going_on
    ]
    more = f"; and {len(told) - MOST_PAST_EFFECTS} earlier" if len(told) > MOST_PAST_EFFECTS else ""
    return Told(
        "Past side effects of grade 3 or more",
        "; ".join(told[-MOST_PAST_EFFECTS:]) + more,
        without="none recorded",
        long=True,
    )


def _key(event: Document) -> str:
    return side_effect_key(event["term"], ToxicityScale(event.get("scale", "ctcae_v5")))


def _on(row: Document) -> str:
    """The day, as far as it is known."""
    on, precision = date.fromisoformat(row["on"]), row["event"].get("occurred_precision", "day")
    told = {"day": f"{on.day} {on:%b %Y}", "month": f"{on:%b %Y}", "year": f"{on.year}"}.get(precision)
    return f" ({told})" if told else ""
