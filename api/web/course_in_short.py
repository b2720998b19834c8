"""The course of an episode in short: its lines, responses, operations, cells and decisions, the earliest first.

What a tumour board has to know is never left out for want of room; cycles are told together, and small decisions on
the way go first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pathway.engine.findings import in_words
from pathway.use_cases.words import entry_in_words

Document = Mapping[str, Any]

_TOLD: Final = frozenset(
    {
        "prior_therapy_recorded",
        "treatment_taken_over",
        "progression_evidence_recorded",
        "gd2_measured",
        "decision_made",
        "cycle_started",
        "cycle_completed",
        "assessment_recorded",
        "assessment_closed_not_evaluable",
        "response_confirmed",
        "local_control_completed",
        "car_t_step_recorded",
        "episode_closed",
        "episode_reopened",
    }
)
_ON_THE_WAY: Final = frozenset(
    {"continue_chemoimmunotherapy", "continue_maintenance", "continue_monitoring", "hold", "resume"}
)
"""Decisions that went on with what was under way: the cycles which followed tell of them as well."""
_CELLS_GIVEN_OR_HARM: Final = frozenset({"infused", "crs", "icans", "safety_switch_fired"})
_CYCLES: Final = frozenset({"cycle_started", "cycle_completed"})


def in_force(history: Iterable[Document]) -> list[Document]:
    """What stands, the earliest first; a correction stands in the place of the entry it corrects."""
    found: list[Document] = []
    for row in history:
        if "in_its_place" in row:
            found.append({**row, **row["in_its_place"]})
        elif row["standing"] == "in_force" and row["kind"] not in ("event_corrected", "event_retracted"):
            found.append(row)
    return sorted(found, key=lambda row: (row["on"], row["sequence"]))


def course_in_short(
    history: Iterable[Document], waiting: Iterable[str], room: int
) -> tuple[list[dict[str, Any]], int]:
    """The rows of the course, and how many were left out to come nearer to `room` rows.

    `waiting` are the entries of the decisions that await a second signature: they have not taken effect. Nothing but
    measurements, steps on the way to cells and decisions that only went on is ever left out.
    """
    unsigned = frozenset(waiting)
    rows = [_row(row, unsigned) for row in in_force(history) if row["kind"] in _TOLD]
    told, left_out = list(_joined(rows)), 0
    for may_go in (_is_on_the_way, _is_measured):
        if len(told) > room:
            left_out += sum(map(may_go, rows))
            rows = [row for row in rows if not may_go(row)]
            told = list(_joined(rows))
    return (told if len(told) <= room else _by_treatment(told)), left_out


def _by_treatment(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All cycles of a treatment in the row in which it began, whatever came between them."""
    found: list[dict[str, Any]] = []
    runs: dict[str, dict[str, Any]] = {}
    for row in told:
        if "count" not in row:
            found.append(row)
            continue
        name = str(row["treatment"])
        if name not in runs:
            runs[name] = row
            found.append(row)
            continue
        first = runs[name]
        first |= {"until": row["until"], "until_precision": row["until_precision"]}
        first |= {"count": first["count"] + row["count"], "not_whole": first["not_whole"] + row["not_whole"]}
        first["told"] = _cycles_in_words(first)
    return found


def _is_on_the_way(row: Document) -> bool:
    event = row["event"]
    if row["kind"] == "car_t_step_recorded":
        return event["step"] not in _CELLS_GIVEN_OR_HARM
    return (
        row["kind"] == "decision_made"
        and event["option"] in _ON_THE_WAY
        and event["offered_as"] != "blocked"
        and not row["unsigned"]
    )


def _is_measured(row: Document) -> bool:
    return bool(row["kind"] == "gd2_measured")


def _joined(rows: Iterable[Document]) -> Iterator[dict[str, Any]]:
    """Cycles of one treatment that followed upon each other are one row, from their first day to their last."""
    run: dict[str, Any] | None = None
    for row in rows:
        begins, cycle = row["kind"] == "cycle_started", row["kind"] in _CYCLES
        if run is not None and (not cycle or (begins and row["treatment"] != run["treatment"])):
            yield run | {"told": _cycles_in_words(run)}
            run = None
        if not cycle:
            yield dict(row)
        elif run is not None:
            run |= {"until": row["on"], "until_precision": row["precision"]}
            run["count"] += begins
            run["not_whole"] += _not_whole(row)
        elif begins:
            run = dict(row) | {"count": 1, "not_whole": []}
            run |= {"until": row["on"], "until_precision": row["precision"]}
    if run is not None:
        yield run | {"told": _cycles_in_words(run)}


def _not_whole(row: Document) -> list[str]:
    delivered = row["event"].get("delivered", "full")
    return [in_words(delivered)] if delivered in ("modified", "chemotherapy_only", "aborted") else []


def _row(row: Document, unsigned: frozenset[str]) -> dict[str, Any]:
    event = row["event"]
    told = f"{in_words(row['kind'])}: {entry_in_words(event)}".removesuffix(": ")
    if row["kind"] == "decision_made":
        told = f"{told}; recorded by {row['actor']}"
    if response := row.get("response"):
        told = f"{told}. In force: {response}"
    return {
        "kind": row["kind"],
        "event": event,
        "on": row["on"],
        "precision": event.get("occurred_precision", "day"),
        "sequence": row["sequence"],
        "treatment": row.get("treatment", {}),
        "told": told,
        "unsigned": row["entry"] in unsigned,
    }


def _cycles_in_words(run: Document) -> str:
    treatment, count = run["treatment"], run["count"]
    one, many = (
        ("course of maintenance", "courses of maintenance")
        if treatment.get("maintenance")
        else ("cycle", "cycles")
    )
    named = treatment.get("regimen") or " + ".join(treatment.get("agents", ()))
    told = f"{count} {one if count == 1 else many}"
    told += f" of {in_words(named)}" if named else ", of what was not recorded"
    not_whole: Counter[str] = Counter(run["not_whole"])
    return told + "".join(f", {number} {how}" for how, number in not_whole.items())
