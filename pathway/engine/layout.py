"""Which part each state plays in the picture of a pathway: the main course, its branches, and the ways out.

Everything follows from the definition. The *hub* is the state from which most others can be chosen. The *spine*
is the longest way to it that needs no choice made there; a *branch* is what a choice at the hub leads to; what
nothing leads out of is an *exit*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pathway.engine.definition import STAY, Pathway, State, Transition


@dataclass(frozen=True, slots=True)
class Way:
    """One edge between two states, as the picture shows it; `decided` when a person takes it."""

    source: str
    target: str
    label: str
    when: str
    decided: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The states by the part they play; a group of states that belong together is a tuple."""

    hub: str
    spine: tuple[tuple[str, ...], ...]
    branches: tuple[tuple[str, ...], ...]
    exits: tuple[str, ...]
    ways: tuple[Way, ...]


def kin(state: str) -> str:
    """What the names of states that belong together begin with."""
    return state.partition(".")[0]


def words(name: str) -> str:
    """The name of an option or of an edge's trigger, in words."""
    plain = name.rpartition(":")[2].removesuffix("_recorded").replace("car_t", "CAR-T")
    return plain.replace("_", " ")


def laid_out(pathway: Pathway) -> Layout:
    """The part each state plays; every state has exactly one."""
    hub = max(pathway.states, key=lambda state: len(_choices(pathway, state))).name
    ways = tuple(_ways(pathway, hub))
    course = _longest(ways, kin(pathway.initial), kin(hub))
    spine = tuple(_members(pathway, name) for name in course)
    rest = list(dict.fromkeys(kin(state.name) for state in pathway.states if kin(state.name) not in course))
    exits = [name for name in rest if not any(kin(way.source) == name != kin(way.target) for way in ways)]
    branches: list[tuple[str, ...]] = []
    for name in _in_order_of_choice(pathway, hub, [name for name in rest if name not in exits]):
        led = (way.source for way in ways if kin(way.target) == name and not way.decided)
        chain = next((i for i, branch in enumerate(branches) for source in led if source in branch), None)
        if chain is None:
            branches.append(_members(pathway, name))
        else:
            branches[chain] += _members(pathway, name)
    ends = tuple(state for name in exits for state in _members(pathway, name))
    return Layout(hub, spine, tuple(branches), ends, ways)


def _members(pathway: Pathway, name: str) -> tuple[str, ...]:
    return tuple(state.name for state in pathway.states if kin(state.name) == name)


def _in_order_of_choice(pathway: Pathway, hub: str, names: list[str]) -> list[str]:
    chosen = [kin(edge.target) for option in pathway.options for edge in pathway.edges(f"decide:{option.name}", hub)]
    return sorted(names, key=lambda name: chosen.index(name) if name in chosen else len(chosen))


def _choices(pathway: Pathway, state: State) -> set[str]:
    offered = {offer.option for row in state.table for offer in row.offers}
    edges = (edge for name in offered for edge in pathway.edges(f"decide:{name}", state.name))
    return {edge.target for edge in edges} - {STAY, state.name}


def _ways(pathway: Pathway, hub: str) -> Iterator[Way]:
    for edge in pathway.transitions:
        if any(edge.source == state.name for state in pathway.states) and not _is_decision(edge):
            yield from _leading_elsewhere(edge, edge.source)
    for state in pathway.states:
        for option in _shown_choices(state, hub):
            for edge in pathway.edges(f"decide:{option}", state.name):
                yield from _leading_elsewhere(edge, state.name)


def _shown_choices(state: State, hub: str) -> tuple[str, ...]:
    """All choices at the hub; elsewhere what the last row recommends: the normal course."""
    if state.name == hub:
        offers = [offer.option for row in state.table for offer in row.offers]
        return tuple(dict.fromkeys([*offers, *(offer.option for offer in state.always)]))
    usual = state.table[-1].recommended
    return (usual.option,) if usual else ()


def _is_decision(edge: Transition) -> bool:
    return edge.trigger.startswith("decide:")


def _leading_elsewhere(edge: Transition, source: str) -> Iterator[Way]:
    if edge.target not in (STAY, source):
        when = " ".join(guard.sentence for guard in edge.when)
        yield Way(source, edge.target, words(edge.trigger), when, _is_decision(edge))


def _longest(ways: tuple[Way, ...], start: str, hub: str) -> tuple[str, ...]:
    """The longest way from `start` to `hub` that passes nothing twice; `start` alone when there is none."""
    onward: dict[str, dict[str, None]] = {}
    for way in ways:
        onward.setdefault(kin(way.source), {})[kin(way.target)] = None
    best: tuple[str, ...] = (start,)
    paths = [(start,)]
    while paths:
        path = paths.pop()
        if path[-1] == hub:
            best = max(best, path, key=len)
            continue
        paths += [(*path, name) for name in onward.get(path[-1], {}) if name not in path]
    return best
