"""What an answer says of each option and guard, as far as it follows from the findings' values alone.

Like the outcome itself it knows no episode, so it is made once for each combination of values: writing it
anew for each answer took longer than everything else a recommendation needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pathway.engine.changes import what_would_open
from pathway.engine.definition import Option, Pathway
from pathway.engine.findings import Finding
from pathway.engine.guards import Guard
from pathway.engine.outcome import Outcome, findings_of, outcome_of

Shown = Mapping[str, Any]


@lru_cache(maxsize=512)
def options_shown(
    pathway: Pathway, state: str, values: tuple[str, ...]
) -> tuple[tuple[Shown, tuple[Guard, ...]], ...]:
    """Every option as answers carry it, the recommended first and the blocked last, and the guards to be shown with it.

    `values` are those of `findings_of(pathway, state)`, in that order. The member `guards` is still empty: what
    a guard rests on differs from episode to episode.
    """
    outcome = outcome_of(pathway, state, values)
    known = dict(zip(findings_of(pathway, state), values, strict=True))
    shown = []
    for option in _in_order(pathway, outcome):
        offer = outcome.offers.get(option.name)
        told = _option(option, outcome)
        if told["status"] == "blocked":
            told["why_not"] = _why_not(option, outcome, known)
            told["would_open"] = [
                [
                    {
                        "finding": change.finding.name,
                        "label": change.finding.label,
                        "from": known[change.finding],
                        "to": list(change.values),
                        "changes_by": change.finding.changes_by(known[change.finding], change.values),
                        "if": change.finding.condition(known[change.finding], change.values),
                    }
                    for change in changes
                ]
                for changes in what_would_open(pathway, state, values, option.name)
            ]
        shown.append((told, () if offer is not None and offer.exempt else option.needs))
    return tuple(shown)


@lru_cache(maxsize=2048)
def guard_shown(guard: Guard, value: str) -> Shown:
    """A guard as answers carry it, evaluated for a value of its finding."""
    holds = guard.holds(value)
    return {
        "sentence": guard.sentence,
        "value": "unknown" if holds is None else holds,
        "finding": guard.finding.name,
        "found": value,
        "wanted": sorted(guard.values),
        "because": guard.because.as_dict(),
    }


def _in_order(pathway: Pathway, outcome: Outcome) -> list[Option]:
    order = {"recommended": 0, "possible": 1, "blocked": 2}
    offered = list(outcome.offers)
    return sorted(
        pathway.options,
        key=lambda option: (
            order[outcome.statuses[option.name]],
            offered.index(option.name) if option.name in offered else len(offered),
        ),
    )


def _option(option: Option, outcome: Outcome) -> dict[str, Any]:
    offer = outcome.offers.get(option.name)
    shown: dict[str, Any] = {
        "option": option.name,
        "label": option.label,
        "status": outcome.statuses[option.name],
        "offered_here": offer is not None,
        "guards": [],
    }
    if offer is not None and offer.remark:
        shown["remark"] = offer.remark
    if offer is not None and offer.needs_reason:
        shown["needs_reason"] = True
    if offer is not None and offer.without_antibody:
        shown["without_antibody"] = True
    return shown


def _why_not(option: Option, outcome: Outcome, known: Mapping[Finding, str]) -> list[str]:
    told = []
    if option.name not in outcome.offers:
        rows = " and ".join(f"{row.number} ({row.sentence})" for row in outcome.rows)
        told.append(f"Not among what the table offers here: row {rows}")
    for guard in option.needs:
        if guard.finding in known:
            holds = guard.holds(known[guard.finding])
            if holds is not True:
                told.append(f"{'Unknown' if holds is None else 'Not true'}: {guard.sentence}")
    return told
