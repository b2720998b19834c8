"""What would change it: the smallest sets of findings whose change would open a blocked option.

The search goes backwards from each row that offers the option. What disagrees with that row, or with what the
option needs, must change in any case; whatever row then still comes first must be falsified in one of its own
guards. So every smallest set is found, and few others are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from pathway.engine.definition import Option, Pathway, Row, State
from pathway.engine.findings import OPEN, Finding
from pathway.engine.guards import Guard
from pathway.engine.outcome import Values, common_offers, findings_of, matching_rows

MOST_CHANGES = 3
"""How many findings may change at once in an answer; beyond that, nobody could act on it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One finding and the values that would do."""

    finding: Finding
    values: tuple[str, ...]


Changed = dict[Finding, str]


@lru_cache(maxsize=8192)
def what_would_open(
    pathway: Pathway, state: str, values: tuple[str, ...], option: str
) -> tuple[tuple[Change, ...], ...]:
    """The smallest sets of changes, each to a known value, that would open a blocked option.

    `values` are those of `findings_of(pathway, state)`, in that order. Empty when no set of up to
    `MOST_CHANGES` findings would do.
    """
    search = _Search(
        pathway.state(state),
        pathway.option(option),
        dict(zip(findings_of(pathway, state), values, strict=True)),
    )
    for size in range(1, MOST_CHANGES + 1):
        if opening := search.openings(size):
            return _merged(opening)
    return ()


@dataclass(frozen=True, slots=True)
class _Search:
    table: State
    option: Option
    now: Values

    def openings(self, size: int) -> list[Changed]:
        """Every set of at most `size` changes that opens the option, none found twice."""
        found: dict[frozenset[tuple[Finding, str]], Changed | None] = {}
        for required in self._required():
            if len(required) <= size:
                for picked in product(*(sorted(values) for values in required.values())):
                    self._follow(dict(zip(required, picked, strict=True)), size, found)
        return [changed for changed in found.values() if changed is not None]

    def _follow(
        self, changed: Changed, size: int, found: dict[frozenset[tuple[Finding, str]], Changed | None]
    ) -> None:
        key = frozenset(changed.items())
        if key in found:
            return
        found[key] = None
        values = {**self.now, **changed}
        rows = tuple(matching_rows(self.table, values))
        offer = common_offers(self.table, rows).get(self.option.name)
        if offer is not None:
            needs = () if offer.exempt else self.option.needs
            if all(need.holds(values[need.finding]) is True for need in needs):
                found[key] = changed
                return
        if len(changed) < size:
            blocking = rows if offer is not None else [row for row in rows if not _offers(row, self.option)]
            # What is open may also be settled so that a row before the one in the way takes its place for certain.
            standing = [guard for row in blocking for guard in row.when]
            standing += [guard for row in rows for guard in row.when if values[guard.finding] in OPEN]
            for guard in (guard for guard in dict.fromkeys(standing) if guard.finding not in changed):
                for value in guard.finding.domain:
                    if value not in OPEN and value not in (self.now[guard.finding], *_held(guard, values)):
                        self._follow({**changed, guard.finding: value}, size, found)

    def _required(self) -> Iterator[Mapping[Finding, frozenset[str]]]:
        """For each row that offers the option: what disagrees with it, and the values that would agree."""
        for row in self.table.table:
            offers = (*row.offers, *self.table.always)
            offer = next((each for each in offers if each.option == self.option.name), None)
            if offer is None:
                continue
            wanted: dict[Finding, frozenset[str]] = {}
            disagree: set[Finding] = set()
            needs = () if offer.exempt else self.option.needs
            for guard in (*row.when, *needs):
                finding, value = guard.finding, self.now[guard.finding]
                wanted[finding] = wanted.get(finding, frozenset(finding.domain) - OPEN) & guard.values
                may_turn_out = finding.completed and value in OPEN and guard not in needs
                if value not in guard.values and not may_turn_out:
                    disagree.add(finding)
            required = {finding: values for finding, values in wanted.items() if finding in disagree}
            if all(required.values()):
                yield required


def _offers(row: Row, option: Option) -> bool:
    return any(offer.option == option.name for offer in row.offers)


def _held(guard: Guard, values: Values) -> frozenset[str]:
    """The values under which a guard goes on holding; none where it is open, since any may settle it."""
    return guard.values if values[guard.finding] in guard.values else frozenset()


def _merged(opening: list[Changed]) -> tuple[tuple[Change, ...], ...]:
    """Changes that differ in one finding's value only are told as one."""
    groups: dict[tuple[tuple[str, str], ...], tuple[Changed, Finding, list[str]]] = {}
    for changed in opening:
        varied = next(reversed(changed))
        fixed = sorted((each.name, value) for each, value in changed.items() if each is not varied)
        group = groups.setdefault((*fixed, (varied.name, "")), (changed, varied, []))
        group[2].append(changed[varied])
    merged = []
    for changed, varied, values in groups.values():
        others = [Change(each, (value,)) for each, value in changed.items() if each is not varied]
        merged.append((*others, Change(varied, tuple(dict.fromkeys(values)))))
    return tuple(merged)
