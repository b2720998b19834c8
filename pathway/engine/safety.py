"""Checks a pathway over every combination of its findings' values: what it may never do, it does nowhere.

Nothing is sampled. The engine itself reads each table with no finding known; where it asks for one, every
value of it is followed. What comes out are *cases*: the findings that were asked for, with their values,
whatever all the others may be. Together they are all combinations, each in exactly one case. Values which no
guard of the state tells apart are followed once, since guards are all that looks at a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias

from pathway.engine.definition import ANYWHERE, STAY, Guard, Option, Pathway, Row, State
from pathway.engine.findings import OPEN, Finding
from pathway.engine.outcome import Values, findings_of, matching_rows, outcome_of

Wanted: TypeAlias = Mapping[Finding, Collection[str]]


@dataclass(frozen=True, slots=True)
class Never:
    """In none of `states` is any of `options` open while the findings have these values."""

    sentence: str
    states: tuple[str, ...]
    options: tuple[str, ...]
    when: Wanted


@dataclass(frozen=True, slots=True)
class OnlyFrom:
    """The row is reached from these combinations alone, as far as the findings are known."""

    sentence: str
    state: str
    row: str
    members: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """These states are entered from outside by what people decide, never by a fact."""

    sentence: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spared:
    """A treatment that this row offers free of the option's own needs, on purpose."""

    sentence: str
    state: str
    row: str
    option: str


Claim: TypeAlias = Never | OnlyFrom | Decided | Spared
"""What the authors of a pathway say of it, to be held against every combination."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the pathway does and should not, with one combination that shows it (empty when none is needed)."""

    state: str
    sentence: str
    example: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked and what was found; `combinations` of values fell into `cases`."""

    combinations: int
    cases: int
    faults: tuple[Fault, ...]


Progress: TypeAlias = Callable[[float], None]
"""Is told which share of all combinations has been checked, from 0 to 1."""


def check(pathway: Pathway, claims: Sequence[Claim] = (), progress: Progress = lambda _: None) -> Checked:
    """Every table over every combination, every edge, and every claim."""
    domains = {state.name: distinct_values(pathway, state) for state in pathway.states}
    sizes = {name: _size(domain) for name, domain in domains.items()}
    total, done, cases = sum(sizes.values()), 0, 0
    faults: dict[tuple[str, str], Fault] = {}
    for state in pathway.states:
        reached: set[Row] = set()
        for values, rows in read_table(state, domains[state.name]):
            cases += 1
            reached |= set(rows)
            for fault in _of_case(pathway, state, claims, values, rows):
                faults.setdefault((fault.state, fault.sentence), fault)
            done += _size({each: known for each, known in domains[state.name].items() if each not in values})
            progress(done / total)
        for fault in (*_unreached(state, reached), *_unspared(pathway, state, claims)):
            faults.setdefault((fault.state, fault.sentence), fault)
    for fault in (*_undecided(pathway, claims), *_unconnected(pathway), *_never_offered(pathway)):
        faults.setdefault((fault.state, fault.sentence), fault)
    combinations = sum(_size({each: each.domain for each in domain}) for domain in domains.values())
    return Checked(combinations, cases, tuple(faults.values()))


def _size(domains: Mapping[Finding, Sequence[str]]) -> int:
    return math.prod(len(values) for values in domains.values())


def distinct_values(pathway: Pathway, state: State) -> dict[Finding, tuple[str, ...]]:
    """For each finding the state asks about, one value for each group that no guard there tells apart."""
    guards = [*(guard for row in state.table for guard in row.when), *_needs_offered(pathway, state)]
    found: dict[Finding, tuple[str, ...]] = {}
    for each in findings_of(pathway, state.name):
        reading = [guard for guard in guards if guard.finding is each]
        groups: dict[tuple[bool, ...], str] = {}
        for value in each.domain:
            groups.setdefault((value in OPEN, *(value in guard.values for guard in reading)), value)
        found[each] = tuple(groups.values())
    return found


def _needs_offered(pathway: Pathway, state: State) -> Iterator[Guard]:
    for row in state.table:
        for offer in (*row.offers, *state.always):
            yield from pathway.option(offer.option).needs


def read_table(
    state: State, domains: Mapping[Finding, Sequence[str]], known: Values | None = None
) -> Iterator[tuple[Values, tuple[Row, ...]]]:
    """Each case of the table with the rows that match in it."""
    known = known or {}
    try:
        rows = tuple(sorted(matching_rows(state, known), key=state.table.index))
    except KeyError as asked:
        wanted: Finding = asked.args[0]
        for value in domains[wanted]:
            yield from read_table(state, domains, {**known, wanted: value})
        return
    yield known, rows


def _of_case(
    pathway: Pathway, state: State, claims: Sequence[Claim], values: Values, rows: tuple[Row, ...]
) -> Iterator[Fault]:
    if not rows:
        yield Fault(state.name, "A combination reaches no row.", _shown(values))
        return
    for claim in claims:
        if (
            isinstance(claim, OnlyFrom)
            and claim.state == state.name
            and [row.number for row in rows] == [claim.row]
        ):
            known = {each: value for each, value in values.items() if value not in OPEN}
            if not any(_may_be(known, member) for member in claim.members):
                yield Fault(state.name, claim.sentence, _shown(values))
    offered = {offer.option for row in rows for offer in (*row.offers, *state.always)}
    nevers = [claim for claim in claims if isinstance(claim, Never) and state.name in claim.states]
    for name in sorted(offered):
        yield from _of_option(pathway, state, pathway.option(name), nevers, values)


def _of_option(
    pathway: Pathway, state: State, option: Option, nevers: Sequence[Never], values: Values
) -> Iterator[Fault]:
    """What is wrong with an option in one case, over every combination of what it needs."""
    domains = distinct_values(pathway, state)
    needed = [need.finding for need in option.needs if need.finding not in values]
    for picked in product(*(domains[each] for each in needed)):
        known = {**values, **dict(zip(needed, picked, strict=True))}
        whole = tuple(known.get(each, domain[0]) for each, domain in domains.items())
        told = outcome_of(pathway, state.name, whole)
        recommended = [name for name, status in told.statuses.items() if status == "recommended"]
        if recommended != ([told.recommended] if told.recommended else []):
            yield Fault(state.name, "More than one option is recommended.", _shown(known))
        if told.statuses[option.name] == "blocked":
            continue
        if not told.offers[option.name].exempt and any(
            need.holds(known[need.finding]) is not True for need in option.needs
        ):
            yield Fault(
                state.name, f"{option.name} is open though what it needs is not known to hold.", _shown(known)
            )
        for claim in nevers:
            if option.name in claim.options and _may_be(known, claim.when):
                yield Fault(state.name, f"{claim.sentence} Here {option.name} is open.", _shown(known))
