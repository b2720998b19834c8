"""What a state's table says for given values of its findings: statuses, and what to obtain.

Nothing here knows an episode: an outcome depends on the findings' values alone, which come from finite
domains. That is why it can be remembered, and checked for every combination.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pathway.engine.definition import Offer, Pathway, Row, State
from pathway.engine.findings import OPEN, Finding

Status = Literal["recommended", "possible", "blocked"]
Values = Mapping[Finding, str]

OBTAIN = "complete_workup"
"""The option that stands for obtaining facts; it is what remains when a missing fact blocks the rest."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reading of one table. `rows` has several members when an unknown finding leaves the row open."""

    rows: tuple[Row, ...]
    offers: Mapping[str, Offer]
    statuses: Mapping[str, Status]
    recommended: str | None
    needs_tumour_board: bool
    obtain: Mapping[Finding, tuple[str, ...]]
    """What to obtain, and the options that hang on it."""


@lru_cache(maxsize=256)
def findings_of(pathway: Pathway, state: str) -> tuple[Finding, ...]:
    """The findings which the table of `state` and the options it offers read or ask for."""
    table = pathway.state(state)
    found: dict[Finding, None] = {}
    for row in table.table:
        found |= {guard.finding: None for guard in row.when} | dict.fromkeys(row.obtains)
        for offer in (*row.offers, *table.always):
            found |= {guard.finding: None for guard in pathway.option(offer.option).needs}
    return tuple(found)


@lru_cache(maxsize=8192)
def outcome_of(pathway: Pathway, state: str, values: tuple[str, ...]) -> Outcome:
    """The outcome for the values of `findings_of(pathway, state)`, in that order."""
    table, known = pathway.state(state), dict(zip(findings_of(pathway, state), values, strict=True))
    return outcome_of_rows(pathway, table, known, matching_rows(table, known))


def matching_rows(table: State, values: Values) -> dict[Row, set[Finding]]:
    """The first row that matches, or each that may, once what is unknown is known; with the findings it hangs on.

    A finding with rows for its unknown is taken as it is; for one that has none (`completed`), every value it
    may turn out to have is followed.
    """
    for row in table.table:
        unsettled = _unsettled(row, values)
        if unsettled is None:
            continue
        if unsettled == ():
            return {row: set()}
        hinge = unsettled[0]
        found: dict[Row, set[Finding]] = {}
        for value in hinge.domain:
            if value not in OPEN:
                for match, hangs in matching_rows(table, {**values, hinge: value}).items():
                    found[match] = found.get(match, set()) | hangs | {hinge}
        return found
    raise AssertionError(f"No row of {table.name} matches.")


def _unsettled(row: Row, values: Values) -> tuple[Finding, ...] | None:
    unsettled = []
    for guard in row.when:
        value = values[guard.finding]
        if guard.finding.completed and value in OPEN:
            unsettled.append(guard.finding)
        elif value not in guard.values:
            return None
    return tuple(unsettled)


def outcome_of_rows(
    pathway: Pathway, table: State, values: Values, matches: Mapping[Row, set[Finding]]
) -> Outcome:
    """The outcome when these rows match."""
    rows = tuple(sorted(matches, key=table.table.index))
    offers = common_offers(table, rows)
    obtain: dict[Finding, list[str]] = {}
    if len(rows) > 1:
        for hinge in dict.fromkeys(hinge for row in rows for hinge in matches[row]):
            obtain[hinge] = sorted({offer.option for row in rows for offer in row.offers})
    statuses: dict[str, Status] = {}
    for name, offer in offers.items():
        needs = () if offer.exempt else pathway.option(name).needs
        holds = [(need.finding, need.holds(values[need.finding])) for need in needs]
        statuses[name] = "possible" if all(held for _, held in holds) else "blocked"
        # Where one need is known not to hold, the option hangs on nothing that could be obtained.
        if all(held is not False for _, held in holds):
            for finding, held in holds:
                if held is None:
                    obtain.setdefault(finding, []).append(name)
    for wanted in rows[0].obtains if len(rows) == 1 else ():
        if not _is_settled(rows[0], wanted, values):
            obtain.setdefault(wanted, [])
    recommended, tumour_board = _recommended(pathway, rows, values, statuses)
    if recommended is not None:
        statuses[recommended] = "recommended"
        offers.setdefault(recommended, Offer(recommended))
    blocked: dict[str, Status] = {option.name: "blocked" for option in pathway.options}
    return Outcome(
        rows,
        offers,
        blocked | statuses,
        recommended,
        tumour_board,
        {wanted: tuple(dict.fromkeys(names)) for wanted, names in obtain.items()},
    )


def _is_settled(row: Row, wanted: Finding, values: Values) -> bool:
    """True when a fact a row asks for is known already, and the row does not rest on it."""
    ages = not OPEN.isdisjoint(wanted.domain)
    return ages and values[wanted] not in OPEN and all(guard.finding is not wanted for guard in row.when)


def common_offers(table: State, rows: tuple[Row, ...]) -> dict[str, Offer]:
    """The offers that all of these rows make, as the first of them makes them, with what is always open."""
    first = {offer.option: offer for offer in (*table.always, *rows[0].offers)}
    for row in rows[1:]:
        names = {offer.option for offer in (*row.offers, *table.always)}
        first = {name: offer for name, offer in first.items() if name in names}
    return first


def _recommended(
    pathway: Pathway, rows: tuple[Row, ...], values: Values, statuses: Mapping[str, Status]
) -> tuple[str | None, bool]:
    """The recommended option, and whether the tumour board has to choose."""
    if len(rows) > 1:
        return OBTAIN, False
    (row,) = rows
    if row.recommended is None:
        return None, row.tumour_board
    name = row.recommended.option
    if statuses[name] != "blocked":
        return name, False
    refused = any(need.holds(values[need.finding]) is False for need in pathway.option(name).needs)
    return (None, True) if refused else (OBTAIN, False)
