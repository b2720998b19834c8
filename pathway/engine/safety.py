"""Checks a pathway over every combination of its findings' values: what it may never do, it does nowhere.

Nothing is sampled. The engine itself reads each table with no finding known; where it asks for one, every
value of it is followed. What comes out are *cases*: the findings that were asked for, with their values,
whatever all the others may be. Together they are all combinations, each in exactly one case. Values which no
guard of the state tells apart are followed once, since guards are all that looks at a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Final, TypeAlias

from pathway.engine.definition import ANYWHERE, STAY, Option, Pathway, Row, State
from pathway.engine.findings import OPEN, Finding
from pathway.engine.outcome import Outcome, Values, findings_of, matching_rows, outcome_of_rows

Wanted: TypeAlias = Mapping[Finding, Collection[str]]
Matches: TypeAlias = Mapping[Row, set[Finding]]


@dataclass(frozen=True, slots=True)
class Never:
    """In none of `states` is any of `options` open while the findings have these values."""

    sentence: str
    states: tuple[str, ...]
    options: tuple[str, ...]
    when: Wanted

    def speaks_of(self, state: State, option: Option) -> bool:
        """True when the claim is about this option in this state."""
        return state.name in self.states and option.name in self.options


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


NOTHING: Final[Values] = MappingProxyType({})

Progress: TypeAlias = Callable[[float], None]
"""Is told which share of all combinations has been checked, from 0 to 1."""


def check(pathway: Pathway, claims: Sequence[Claim] = (), progress: Progress = lambda _: None) -> Checked:
    """Every table over every combination, every edge, and every claim."""
    tables = [_Table(pathway, state, distinct_values(pathway, state), claims) for state in pathway.states]
    total, done, cases = sum(_size(table.domains) for table in tables), 0, 0
    faults: dict[tuple[str, str], Fault] = {}
    for table in tables:
        reached: set[Row] = set()
        for values, matches in read_table(table.state, table.domains):
            cases += 1
            reached |= set(matches)
            for fault in table.faults_of(values, matches):
                faults.setdefault((fault.state, fault.sentence), fault)
            done += _size({each: table.domains[each] for each in table.domains if each not in values})
            progress(done / total)
        for fault in (*table.unreached(reached), *table.unspared()):
            faults.setdefault((fault.state, fault.sentence), fault)
    whole = (_misspelt, _undecided, _unconnected, _never_offered)
    for fault in (fault for look in whole for fault in look(pathway, claims)):
        faults.setdefault((fault.state, fault.sentence), fault)
    combinations = sum(_size({each: each.domain for each in table.domains}) for table in tables)
    return Checked(combinations, cases, tuple(faults.values()))


def _size(domains: Mapping[Finding, Sequence[str]]) -> int:
    return math.prod(len(values) for values in domains.values())


def distinct_values(pathway: Pathway, state: State) -> dict[Finding, tuple[str, ...]]:
    """For each finding the state asks about, one value of each group that no guard there tells apart."""
    offers = [offer for row in state.table for offer in (*row.offers, *state.always)]
    needs = [need for offer in offers for need in pathway.option(offer.option).needs]
    guards = [*(guard for row in state.table for guard in row.when), *needs]
    found: dict[Finding, tuple[str, ...]] = {}
    for each in findings_of(pathway, state.name):
        reading = [guard for guard in guards if guard.finding is each]
        groups: dict[tuple[bool, ...], str] = {}
        for value in each.domain:
            groups.setdefault((value in OPEN, *(value in guard.values for guard in reading)), value)
        found[each] = tuple(groups.values())
    return found


def read_table(
    state: State, domains: Mapping[Finding, Sequence[str]], known: Values = NOTHING
) -> Iterator[tuple[Values, Matches]]:
    """Each case of the table with the rows that match in it."""
    try:
        matches = matching_rows(state, known)
    except KeyError as asked:
        wanted: Finding = asked.args[0]
        for value in domains[wanted]:
            yield from read_table(state, domains, {**known, wanted: value})
        return
    yield known, matches


@dataclass(frozen=True, slots=True)
class _Table:
    """One state's table, the values to follow, and what is claimed of it."""

    pathway: Pathway
    state: State
    domains: Mapping[Finding, Sequence[str]]
    claims: Sequence[Claim]
    outcomes: dict[tuple[tuple[str, ...], tuple[str, ...]], Outcome] = field(default_factory=dict)

    def faults_of(self, values: Values, matches: Matches) -> Iterator[Fault]:
        """What is wrong in one case."""
        if not matches:
            yield self._fault("A combination reaches no row.", values)
            return
        for claim in self.claims:
            if isinstance(claim, OnlyFrom) and claim.state == self.state.name:
                alone = [row.number for row in matches] == [claim.row]
                if alone and not any(_lies_in(values, member) for member in claim.members):
                    yield self._fault(claim.sentence, values)
        beside = self._asked_beside(tuple(matches))
        told = self._told(values, matches, beside)
        recommended = [name for name, status in told.statuses.items() if status == "recommended"]
        if recommended != ([told.recommended] if told.recommended else []):
            yield self._fault("What stands as recommended is not what is recommended.", values)
        for name in told.offers:
            yield from self._faults_of_option(self.pathway.option(name), values, matches, beside)

    def _told(self, known: Values, matches: Matches, beside: tuple[Finding, ...]) -> Outcome:
        """The outcome where these rows match; handed nothing but the findings `beside` them, on which it may hang."""
        values = tuple(known.get(each, self.domains[each][0]) for each in beside)
        key = (tuple(row.number for row in matches), values)
        if key not in self.outcomes:
            whole = dict(zip(beside, values, strict=True))
            self.outcomes[key] = outcome_of_rows(self.pathway, self.state, whole, matches)
        return self.outcomes[key]

    def _asked_beside(self, rows: tuple[Row, ...]) -> tuple[Finding, ...]:
        """What is asked beyond the rows themselves: the needs of what they offer, and what they ask to obtain."""
        offers = [offer for row in rows for offer in (*row.offers, *self.state.always)]
        needs = [need.finding for offer in offers for need in self.pathway.option(offer.option).needs]
        return tuple(dict.fromkeys((*needs, *(wanted for row in rows for wanted in row.obtains))))

    def _faults_of_option(
        self, option: Option, values: Values, matches: Matches, beside: tuple[Finding, ...]
    ) -> Iterator[Fault]:
        """What is wrong with one option in one case, for every combination of what it needs beside it."""
        asked = [need.finding for need in option.needs if need.finding not in values]
        nevers = [
            claim for claim in self.claims if isinstance(claim, Never) and claim.speaks_of(self.state, option)
        ]
        for picked in product(*(self.domains[each] for each in asked)):
            known = {**values, **dict(zip(asked, picked, strict=True))}
            told = self._told(known, matches, beside)
            if told.statuses[option.name] == "blocked":
                continue
            needs_hold = all(need.holds(known[need.finding]) for need in option.needs)
            if not needs_hold and not told.offers[option.name].exempt:
                yield self._fault(f"{option.name} is open though what it needs is not known to hold.", known)
            for claim in nevers:
                if _may_be(known, claim.when):
                    yield self._fault(f"{claim.sentence} Here {option.name} is open.", known)

    def unreached(self, reached: set[Row]) -> Iterator[Fault]:
        """Rows that no combination reaches."""
        for row in self.state.table:
            if row not in reached:
                yield self._fault(
                    f"Row {row.number} is never reached: the rows above it take every case.", {}
                )

    def unspared(self) -> Iterator[Fault]:
        """Treatments that a row frees of their needs without a word from the authors."""
        spared = {
            (claim.state, claim.row, claim.option) for claim in self.claims if isinstance(claim, Spared)
        }
        for row in self.state.table:
            for offer in row.offers:
                freed = offer.exempt and self.pathway.option(offer.option).treats
                if freed and (self.state.name, row.number, offer.option) not in spared:
                    sentence = (
                        f"Row {row.number} offers {offer.option} whatever it needs, and no claim says why."
                    )
                    yield self._fault(sentence, {})

    def _fault(self, sentence: str, values: Values) -> Fault:
        return Fault(self.state.name, sentence, {each.name: value for each, value in values.items()})


def _may_be(known: Values, wanted: Wanted) -> bool:
    """True when the case holds a combination with the wanted values: a finding it leaves open may have any."""
    return all(known[each] in values for each, values in wanted.items() if each in known)


def _lies_in(known: Values, wanted: Wanted) -> bool:
    """True when every combination the case holds has the wanted values, as far as they are known."""
    left_open = {each: frozenset(each.domain) for each in wanted if each not in known}
    given = {each: frozenset({known[each]}) for each in wanted if each in known}
    return all(values - OPEN <= set(wanted[each]) for each, values in (left_open | given).items())


def _misspelt(pathway: Pathway, claims: Sequence[Claim]) -> Iterator[Fault]:
    """Claims about states or options that the pathway does not have: they would hold of anything."""
    known = {state.name for state in pathway.states}
    for claim in claims:
        states = claim.states if isinstance(claim, Never | Decided) else (claim.state,)
        options = claim.options if isinstance(claim, Never) else ()
        for state in (name for name in states if name not in known):
            yield Fault(state, f"{claim.sentence} No state has this name.")
        for option in (name for name in options if not pathway.has_option(name)):
            yield Fault("", f"{claim.sentence} No option has the name {option}.")


def _undecided(pathway: Pathway, claims: Sequence[Claim]) -> Iterator[Fault]:
    for claim in claims:
        if not isinstance(claim, Decided):
            continue
        for edge in pathway.transitions:
            enters = edge.target in claim.states and edge.source not in claim.states
            if enters and not edge.trigger.startswith("decide:"):
                yield Fault(
                    edge.target, f"{claim.sentence} Here {edge.trigger} leads there from {edge.source}."
                )


def _unconnected(pathway: Pathway, _: Sequence[Claim]) -> Iterator[Fault]:
    """States that no edge leads to, from the initial state on."""
    reached, waiting = {pathway.initial}, [pathway.initial]
    while waiting:
        source = waiting.pop()
        for edge in pathway.transitions:
            if edge.source in (source, ANYWHERE) and edge.target not in (STAY, *reached):
                reached.add(edge.target)
                waiting.append(edge.target)
    for state in pathway.states:
        if state.name not in reached:
            yield Fault(state.name, "No edge leads to this state.")


def _never_offered(pathway: Pathway, _: Sequence[Claim]) -> Iterator[Fault]:
    """Options that stand in no table."""
    offered = {offer.option for state in pathway.states for offer in state.always}
    offered |= {offer.option for state in pathway.states for row in state.table for offer in row.offers}
    for option in pathway.options:
        if option.name not in offered:
            yield Fault("", f"No table offers {option.name}.")
