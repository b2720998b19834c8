"""What a state's table says for given values of its findings: statuses, what to obtain, what would change it.

Nothing here knows an episode: an outcome depends on the findings' values alone, which come from finite
domains. That is why it can be remembered, and checked for every combination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from typing import Literal

from pathway.engine.definition import Offer, Option, Pathway, Row, State
from pathway.engine.findings import OPEN, Finding

Status = Literal["recommended", "possible", "blocked"]
Values = Mapping[Finding, str]

OBTAIN = "complete_workup"
"""The option that stands for obtaining facts; it is what remains when a missing fact blocks the rest."""

MOST_CHANGES = 3
"""How many findings may change at once in an answer to "what would change this"."""


@dataclass(frozen=True, slots=True)
class Change:
    """One finding and the values that would do."""

    finding: Finding
    values: tuple[str, ...]


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
    return _read(pathway, pathway.state(state), dict(zip(findings_of(pathway, state), values, strict=True)))


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


def _read(pathway: Pathway, table: State, values: Values) -> Outcome:
    matches = matching_rows(table, values)
    rows = tuple(sorted(matches, key=table.table.index))
    offers = _common_offers(table, rows)
    obtain: dict[Finding, list[str]] = {}
    if len(rows) > 1:
        for hinge in dict.fromkeys(hinge for row in rows for hinge in matches[row]):
            obtain[hinge] = sorted({offer.option for row in rows for offer in row.offers})
    statuses: dict[str, Status] = {}
    for name, offer in offers.items():
        statuses[name] = "possible"
        for need in () if offer.exempt else pathway.option(name).needs:
            holds = need.holds(values[need.finding])
            if holds is not True:
                statuses[name] = "blocked"
            if holds is None:
                obtain.setdefault(need.finding, []).append(name)
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


def _common_offers(table: State, rows: tuple[Row, ...]) -> dict[str, Offer]:
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


@lru_cache(maxsize=8192)
def what_would_open(
    pathway: Pathway, state: str, values: tuple[str, ...], option: str
) -> tuple[tuple[Change, ...], ...]:
    """The smallest sets of findings whose change would open a blocked option, each change to a known value.

    Empty when no set of up to `MOST_CHANGES` findings would do.
    """
    table = pathway.state(state)
    now = dict(zip(findings_of(pathway, state), values, strict=True))
    wanted = [dict(each) for each in _ways(table, now, pathway.option(option))]
    for size in range(1, MOST_CHANGES + 1):
        opening = list(_openings(pathway, table, now, option, wanted, size))
        if opening:
            return _merged(opening)
    return ()


def _ways(table: State, now: Values, option: Option) -> Iterator[dict[Finding, frozenset[str]]]:
    """For each row that offers the option: the findings that must change, and to what."""
    for row in table.table:
        offer = next((each for each in (*row.offers, *table.always) if each.option == option.name), None)
        if offer is None:
            continue
        allowed: dict[Finding, frozenset[str]] = {}
        for guard in (*row.when, *(() if offer.exempt else option.needs)):
            before = allowed.get(guard.finding, frozenset(guard.finding.domain) - OPEN)
            allowed[guard.finding] = before & guard.values
        must = {
            finding: values for finding, values in allowed.items() if not _agrees(row, option, finding, now)
        }
        if all(must.values()) and len(must) <= MOST_CHANGES:
            yield must


def _agrees(row: Row, option: Option, finding: Finding, now: Values) -> bool:
    guards = [guard for guard in (*row.when, *option.needs) if guard.finding is finding]
    return all(now[finding] in guard.values for guard in guards)


def _openings(
    pathway: Pathway,
    table: State,
    now: Values,
    option: str,
    wanted: list[dict[Finding, frozenset[str]]],
    size: int,
) -> Iterator[dict[Finding, str]]:
    tried: set[tuple[tuple[str, str], ...]] = set()
    for must in wanted:
        if len(must) > size:
            continue
        others = [finding for finding in now if finding not in must]
        for extra in combinations(others, size - len(must)):
            choices = [
                *(sorted(values) for values in must.values()),
                *(
                    [value for value in each.domain if value not in OPEN and value != now[each]]
                    for each in extra
                ),
            ]
            for picked in product(*choices):
                change = dict(zip((*must, *extra), picked, strict=True))
                key = tuple(sorted((each.name, value) for each, value in change.items()))
                if key not in tried:
                    tried.add(key)
                    if _opens(pathway, table, {**now, **change}, option):
                        yield change


def _opens(pathway: Pathway, table: State, values: Values, option: str) -> bool:
    rows = tuple(matching_rows(table, values))
    offer = _common_offers(table, rows).get(option)
    if offer is None:
        return False
    needs = () if offer.exempt else pathway.option(option).needs
    return all(need.holds(values[need.finding]) is True for need in needs)


def _merged(opening: list[dict[Finding, str]]) -> tuple[tuple[Change, ...], ...]:
    """Changes that differ in one finding's value only are told as one."""
    groups: dict[tuple[tuple[str, str], ...], tuple[dict[Finding, str], Finding, list[str]]] = {}
    for change in opening:
        varied = next(reversed(change))
        fixed = tuple((each.name, value) for each, value in change.items() if each is not varied)
        key = (*fixed, (varied.name, ""))
        groups.setdefault(key, (change, varied, []))[2].append(change[varied])
    merged = []
    for change, varied, values in groups.values():
        others = [Change(each, (value,)) for each, value in change.items() if each is not varied]
        merged.append((*others, Change(varied, tuple(dict.fromkeys(values)))))
    return tuple(merged)
