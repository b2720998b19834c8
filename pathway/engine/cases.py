"""Reads a state's table over every combination of its findings' values, in cases: nothing is sampled.

The engine itself reads the table with no finding known; where it asks for one, every value of it is followed.
What comes out are *cases*: the findings that were asked for, with their values, whatever all the others may be.
Together they are all combinations, each in exactly one case. Values which nothing that looks at them tells apart
are followed once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from pathway.engine.definition import Offer, Option, Pathway, Row, State
from pathway.engine.findings import OPEN, Finding
from pathway.engine.outcome import Outcome, Values, common_offers, findings_of, matching_rows, outcome_of_rows

Wanted: TypeAlias = Mapping[Finding, Collection[str]]
Matches: TypeAlias = Mapping[Row, set[Finding]]
Groups: TypeAlias = Mapping[Finding, Mapping[str, frozenset[str]]]
"""For each finding, one value of each group that nothing tells apart, with the whole group."""

How = Literal["recommended", "possible", "with a reason"]
"""How an open option is offered. What is not recommended is never chosen without a reason; here the row asks for it."""

NOTHING: Final[Values] = MappingProxyType({})


def alike(pathway: Pathway, state: State, told_apart: Sequence[Wanted] = ()) -> Groups:
    """The values of each finding the state asks about, in groups that neither its guards nor `told_apart` separate."""
    offers = [offer for row in state.table for offer in (*row.offers, *state.always)]
    needs = [need for offer in offers for need in pathway.option(offer.option).needs]
    guards = dict.fromkeys([*(guard for row in state.table for guard in row.when), *needs])
    found: dict[Finding, dict[str, frozenset[str]]] = {}
    for each in findings_of(pathway, state.name):
        reading: list[Collection[str]] = [guard.values for guard in guards if guard.finding is each]
        reading += [wanted[each] for wanted in told_apart if each in wanted]
        groups: dict[tuple[bool, ...], list[str]] = {}
        for value in each.domain:
            groups.setdefault((value in OPEN, *(value in values for values in reading)), []).append(value)
        found[each] = {group[0]: frozenset(group) for group in groups.values()}
    return found


def read_table(
    state: State, domains: Mapping[Finding, Collection[str]], known: Values = NOTHING
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
class Opening:
    """An option that is open, and how it is offered, while the findings have these values besides those of its case."""

    offer: Offer
    how: How
    needed: Values


@dataclass(frozen=True, slots=True)
class Table:
    """One state's table with the values to follow, and what the engine said of it before."""

    pathway: Pathway
    state: State
    groups: Groups
    _asked: dict[tuple[Row, Finding], tuple[Row, ...]] = field(default_factory=dict)
    _beside: dict[tuple[str, ...], tuple[Finding, ...]] = field(default_factory=dict)
    _outcomes: dict[tuple[tuple[str, ...], tuple[str, ...]], Outcome] = field(default_factory=dict)
    _openings: dict[tuple[tuple[str, ...], str, tuple[str | None, ...]], tuple[Opening, ...]] = field(
        default_factory=dict
    )

    def cases(self) -> Iterator[tuple[Values, Matches]]:
        """Each case."""
        return read_table(self.state, self.groups)

    def cases_if(
        self, values: Values, matches: Matches, finding: Finding, value: str
    ) -> Iterator[tuple[Values, Matches]]:
        """Each case that a case of one row becomes when a finding has another value; none where the row stays."""
        known = {**values, finding: value}
        # The rows above that do not ask about the finding were passed over for something else.
        (first,) = matches
        above = [row for row in self._asking(first, finding) if may_match(row, known)]
        if not above and may_match(first, known):
            return iter(())
        place = self.state.table.index(first)
        return read_table(replace(self.state, table=(*above, *self.state.table[place:])), self.groups, known)

    def _asking(self, first: Row, finding: Finding) -> tuple[Row, ...]:
        """The rows above one that ask about the finding."""
        if (first, finding) not in self._asked:
            above = self.state.table[: self.state.table.index(first)]
            asking = (row for row in above if any(each.finding is finding for each in row.when))
            self._asked[first, finding] = tuple(asking)
        return self._asked[first, finding]

    def told(self, known: Values, matches: Matches) -> Outcome:
        """The outcome where these rows match; handed nothing but the findings on which it may hang beside them."""
        rows = tuple(row.number for row in matches)
        if rows not in self._beside:
            self._beside[rows] = self._asked_beside(tuple(matches))
        beside = self._beside[rows]
        values = tuple(known.get(each) or next(iter(self.groups[each])) for each in beside)
        key = (rows, values)
        if key not in self._outcomes:
            whole = dict(zip(beside, values, strict=True))
            self._outcomes[key] = outcome_of_rows(self.pathway, self.state, whole, matches)
        return self._outcomes[key]

    def offers(self, matches: Matches) -> Mapping[str, Offer]:
        """What is offered where these rows match, whether it is open or not."""
        return common_offers(self.state, tuple(sorted(matches, key=self.state.table.index)))

    def openings(self, values: Values, matches: Matches, name: str) -> tuple[Opening, ...]:
        """Every combination of what an option needs beside the case in which it is open."""
        option = self.pathway.option(name)
        rows = tuple(row.number for row in matches)
        key = (rows, name, tuple(values.get(need.finding) for need in option.needs))
        if key not in self._openings:
            self._openings[key] = tuple(self._opened(option, values, matches))
        return self._openings[key]

    def surely_open(self, values: Values, matches: Matches) -> Iterator[Offer]:
        """The offers of a case that are open whatever the findings beside it are."""
        for name, offer in self.told(values, matches).offers.items():
            needs = () if offer.exempt else self.pathway.option(name).needs
            if all(need.finding in values and need.holds(values[need.finding]) for need in needs):
                yield offer

    def _opened(self, option: Option, values: Values, matches: Matches) -> Iterator[Opening]:
        asked = list(dict.fromkeys(need.finding for need in option.needs if need.finding not in values))
        for picked in product(*(self.groups[each] for each in asked)):
            needed = dict(zip(asked, picked, strict=True))
            told = self.told({**values, **needed}, matches)
            status = told.statuses[option.name]
            if status == "blocked":
                continue
            offer = told.offers[option.name]
            for_a_reason = status == "possible" and offer.needs_reason
            yield Opening(offer, "with a reason" if for_a_reason else status, needed)

    def _asked_beside(self, rows: tuple[Row, ...]) -> tuple[Finding, ...]:
        """What is asked beyond the rows themselves: the needs of what they offer, and what they ask to obtain."""
        offers = [offer for row in rows for offer in (*row.offers, *self.state.always)]
        needs = [need.finding for offer in offers for need in self.pathway.option(offer.option).needs]
        return tuple(dict.fromkeys((*needs, *(wanted for row in rows for wanted in row.obtains))))


def may_match(row: Row, known: Values) -> bool:
    """True unless what is known keeps the row from matching."""
    for guard in row.when:
        value = known.get(guard.finding)
        open_ended = guard.finding.completed and value in OPEN
        if value is not None and value not in guard.values and not open_ended:
            return False
    return True
