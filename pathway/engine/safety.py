"""Checks a pathway over every combination of its findings' values and every course an episode can take.

Nothing is sampled: `cases` reads the tables, `paths` follows the courses. What it may never do, it does nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pathway.engine.cases import Matches, Table, Wanted, alike, may_match
from pathway.engine.claims import (
    Claim,
    Decided,
    ForAReason,
    Never,
    OnlyFrom,
    OpenUnknown,
    Spared,
    WithoutAntibody,
    options_of,
    states_of,
    values_named,
)
from pathway.engine.definition import ANYWHERE, STAY, Offer, Option, Pathway, Row
from pathway.engine.findings import OPEN, Finding
from pathway.engine.outcome import Values
from pathway.engine.paths import Courses, Explored, Offered, explore


@dataclass(frozen=True, slots=True)
class Fault:
    """What the pathway does and should not, with a combination, or a course step by step, that shows it."""

    state: str
    sentence: str
    example: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rows that both match some combination and recommend otherwise: the first one wins."""

    state: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked and what was found; `combinations` of values fell into `cases`."""

    combinations: int
    cases: int
    overlaps: tuple[Overlap, ...]
    explored: Explored
    faults: tuple[Fault, ...]


Progress: TypeAlias = Callable[[float], None]
"""Is told which share of the check is done, from 0 to 1."""

TABLES_SHARE = 0.8
"""About how much of the time goes into the tables; the rest follows the courses."""


def check(
    pathway: Pathway,
    claims: Sequence[Claim] = (),
    courses: Courses | None = None,
    progress: Progress = lambda _: None,
) -> Checked:
    """Every table over every combination, every edge, every claim, and every course."""
    courses = courses or Courses()
    tables = [read_for(pathway, state.name, claims, courses) for state in pathway.states]
    total, done = sum(each.size for each in tables), 0
    faults: dict[tuple[str, str], Fault] = {}
    for table in tables:
        for checked in table.run():
            progress((done + checked) / total * TABLES_SHARE)
        done += table.size
        faults |= table.faults
    for look in (_misspelt, _undecided, _unconnected, _never_offered):
        faults |= {(fault.state, fault.sentence): fault for fault in look(pathway, claims)}
    offered = {each.table.state.name: each.offered for each in tables}
    left = 1 - TABLES_SHARE
    explored = explore(pathway, courses, offered, lambda share: progress(TABLES_SHARE + share * left))
    for broken in explored.broken:
        fault = Fault(broken.state, broken.sentence, broken.example, broken.path)
        faults[fault.state, fault.sentence] = fault
    return Checked(
        sum(_size({each: each.domain for each in one.table.groups}) for one in tables),
        sum(each.cases for each in tables),
        tuple(Overlap(each.table.state.name, *pair) for each in tables for pair in sorted(each.overlapping)),
        explored,
        tuple(faults.values()),
    )


def read_for(
    pathway: Pathway, state: str, claims: Sequence[Claim] = (), courses: Courses | None = None
) -> Reading:
    """The reading of one state's table, not yet begun."""
    found = pathway.state(state)
    table = Table(pathway, found, alike(pathway, found, tuple(values_named(tuple(claims)))))
    return Reading(table, claims, Offered(table, courses or Courses()))


def _size(domains: Mapping[Finding, Collection[str]]) -> int:
    return math.prod(len(values) for values in domains.values())


@dataclass(slots=True)
class Reading:
    """One table held against what is claimed of it, case by case."""

    table: Table
    claims: Sequence[Claim]
    offered: Offered
    cases: int = 0
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    overlapping: set[tuple[str, str]] = field(default_factory=set)
    _reached: set[Row] = field(default_factory=set)
    _nevers: dict[str, tuple[Never, ...]] = field(default_factory=dict)
    _opened: set[tuple[str, Finding, str]] = field(init=False)
    """Treatments known, or allowed, to be open while a finding is unknown though this value would close them."""

    def __post_init__(self) -> None:
        self._opened = {
            (option, claim.finding, value)
            for claim in self.claims
            if isinstance(claim, OpenUnknown)
            for option in claim.options
            for value in claim.though
        }

    @property
    def size(self) -> int:
        """How many combinations the table has, of values that are told apart."""
        return _size(self.table.groups)

    def run(self) -> Iterator[int]:
        """Read every case; gives how many combinations have been read so far."""
        done, groups = 0, self.table.groups
        for values, matches in self.table.cases():
            self.cases += 1
            self._note(self.faults_of(values, matches))
            done += _size({each: groups[each] for each in groups if each not in values})
            yield done
        self._note(self.unreached())
        self._note(self.unspared())

    def _note(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            self.faults.setdefault((fault.state, fault.sentence), fault)

    def faults_of(self, values: Values, matches: Matches) -> Iterator[Fault]:
        """What is wrong in one case."""
        if not matches:
            yield self._fault("A combination reaches no row.", values)
            return
        self._reached |= set(matches)
        self._note_overlaps(values, matches)
        told = self.table.told(values, matches)
        recommended = [name for name, status in told.statuses.items() if status == "recommended"]
        if recommended != ([told.recommended] if told.recommended else []):
            yield self._fault("What stands as recommended is not what is recommended.", values)
        self.offered.take(values, matches)
        yield from self._nothing_offered(values, matches)
        yield from self._reached_from_elsewhere(values, matches)
        for name in told.offers:
            yield from self._faults_of_option(self.table.pathway.option(name), values, matches)
        yield from self._opened_by_unknown(values, matches)

    def _nothing_offered(self, values: Values, matches: Matches) -> Iterator[Fault]:
        """Rows that recommend nothing for sure, and leave nothing for sure to choose."""
        row = next(iter(matches))
        if len(matches) > 1 or row.rests:
            return
        own = {offer.option for offer in row.offers}
        if not any(offer.option in own for offer in self.table.surely_open(values, matches)):
            yield self._fault(f"Row {row.number} may leave nothing to choose.", values)

    def _reached_from_elsewhere(self, values: Values, matches: Matches) -> Iterator[Fault]:
        for claim in self.claims:
            if isinstance(claim, OnlyFrom) and claim.state == self.table.state.name:
                alone = [row.number for row in matches] == [claim.row]
                if alone and not any(_lies_in(values, member) for member in claim.members):
                    yield self._fault(claim.sentence, values)

    def _faults_of_option(self, option: Option, values: Values, matches: Matches) -> Iterator[Fault]:
        """What is wrong with one option in one case, for every combination of what it needs beside it."""
        for opening in self.table.openings(values, matches, option.name):
            known = {**values, **opening.needed}
            if not opening.offer.exempt and not all(need.holds(known[need.finding]) for need in option.needs):
                yield self._fault(f"{option.name} is open though what it needs is not known to hold.", known)
            for claim in self._nevers_of(option):
                spared = (isinstance(claim, WithoutAntibody) and opening.offer.without_antibody) or (
                    isinstance(claim, ForAReason) and opening.how == "with a reason"
                )
                if not spared and _may_be(known, claim.when):
                    yield self._fault(f"{claim.sentence} Here {option.name} is open.", known)

    def _nevers_of(self, option: Option) -> tuple[Never, ...]:
        if option.name not in self._nevers:
            self._nevers[option.name] = tuple(
                claim
                for claim in self.claims
                if isinstance(claim, Never) and claim.speaks_of(self.table.state, option)
            )
        return self._nevers[option.name]

    def _opened_by_unknown(self, values: Values, matches: Matches) -> Iterator[Fault]:
        """Treatments that are open because a finding is unknown: some known value of it would close them.

        Where a finding is followed to every value it may have (`completed`), what is open is open for all of them;
        those cases are left out, since each of their values is a case of its own.
        """
        unknown = [each for each, value in values.items() if value in OPEN]
        if not unknown or any(hinges for hinges in matches.values()):
            return
        offers = self.table.told(values, matches).offers
        treating = [
            offer
            for name, offer in offers.items()
            if self.table.pathway.option(name).treats and self.table.openings(values, matches, name)
        ]
        for each in unknown:
            for value in self.table.groups[each]:
                asked = [offer for offer in treating if (offer.option, each, value) not in self._opened]
                if asked and value not in OPEN:
                    yield from self._closed_by(each, value, asked, values, matches)

    def _closed_by(
        self, finding: Finding, value: str, asked: list[Offer], values: Values, matches: Matches
    ) -> Iterator[Fault]:
        for known, rows in self.table.cases_if(values, matches, finding, value):
            offers = self.table.offers(rows)
            for offer in asked:
                name = offer.option
                as_open = name in offers and offers[name].exempt >= offer.exempt
                if as_open or (name, finding, value) in self._opened:
                    continue
                if offer.exempt or self._may_be_open(name, known):
                    self._opened.add((name, finding, value))
                    yield self._fault(
                        f"{name} is open while {finding.name} is {values[finding]}, though {value} would close it.",
                        known,
                    )

    def _may_be_open(self, option: str, known: Values) -> bool:
        """True unless something the option needs is known not to hold."""
        needs = self.table.pathway.option(option).needs
        return all(need.finding not in known or need.holds(known[need.finding]) for need in needs)

    def _note_overlaps(self, values: Values, matches: Matches) -> None:
        rows = self.table.state.table
        if len(matches) > 1:
            return
        (first,) = matches
        for row in rows[rows.index(first) + 1 :]:
            pair = (first.number, row.number)
            if pair in self.overlapping or _recommends(row) == _recommends(first):
                continue
            if may_match(row, values):
                self.overlapping.add(pair)

    def unreached(self) -> Iterator[Fault]:
        """Rows that no combination reaches."""
        for row in self.table.state.table:
            if row not in self._reached:
                yield self._fault(
                    f"Row {row.number} is never reached: the rows above it take every case.", {}
                )

    def unspared(self) -> Iterator[Fault]:
        """Treatments that a row frees of their needs without a word from the authors."""
        state, pathway = self.table.state, self.table.pathway
        spared = {(each.state, each.row, each.option) for each in self.claims if isinstance(each, Spared)}
        for row in state.table:
            for offer in row.offers:
                freed = offer.exempt and pathway.option(offer.option).treats
                if freed and (state.name, row.number, offer.option) not in spared:
                    sentence = (
                        f"Row {row.number} offers {offer.option} whatever it needs, and no claim says why."
                    )
                    yield self._fault(sentence, {})

    def _fault(self, sentence: str, values: Values) -> Fault:
        return Fault(self.table.state.name, sentence, {each.name: value for each, value in values.items()})


def _recommends(row: Row) -> str | None:
    return row.recommended.option if row.recommended else None


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
        for state in (name for name in states_of(claim) if name not in known):
            yield Fault(state, f"{claim.sentence} No state has this name.")
        for option in (name for name in options_of(claim) if not pathway.has_option(name)):
            yield Fault("", f"{claim.sentence} No option has the name {option}.")


def _undecided(pathway: Pathway, claims: Sequence[Claim]) -> Iterator[Fault]:
    for claim in claims:
        if not isinstance(claim, Decided):
            continue
        for edge in pathway.transitions:
            enters = edge.target in claim.states and edge.source not in claim.states
            if enters and not edge.trigger.startswith("decide:") and edge.trigger not in claim.told_by:
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
