"""Moves an episode along an edge of its pathway: the only module that knows the `transitions` library.

One machine per published pathway is built once and shared; it holds no model. Each move uses a throw-away
cursor that carries the state and the guards' values, all evaluated beforehand: the library compares a
condition with True, so a guard that is unknown lets nothing through. No callbacks are registered, since an
error in one would leave a cursor moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import cast
from weakref import WeakKeyDictionary

from transitions import EventData, Machine, State

from pathway.engine.definition import ANYWHERE, Pathway
from pathway.engine.guards import Guard

_machines: WeakKeyDictionary[Pathway, Machine] = WeakKeyDictionary()


@dataclass(slots=True)
class _Cursor:
    state: str
    values: Mapping[Guard, bool | None]


def advance(pathway: Pathway, state: str, trigger: str, values: Mapping[Guard, bool | None]) -> str | None:
    """The state after `trigger`; the same state when an edge exists but its guards do not hold.

    `values` has every guard of the edges out of `state` by `trigger`. None when there is no such edge.
    """
    if not pathway.edges(trigger, state):
        return None
    cursor = _Cursor(state, values)
    _machine(pathway).events[trigger].trigger(cursor)
    return cursor.state


def _machine(pathway: Pathway) -> Machine:
    machine = _machines.get(pathway)
    if machine is None:
        machine = _machines.setdefault(pathway, _built(pathway))
    return machine


def _built(pathway: Pathway) -> Machine:
    machine = Machine(
        model=None,
        states=[str(state.name) for state in pathway.states],
        initial=pathway.initial,
        auto_transitions=False,
        send_event=True,
        queued=False,
    )
    specific = {(edge.trigger, edge.source) for edge in pathway.transitions if edge.source != ANYWHERE}
    for edge in pathway.transitions:
        sources: list[str | Enum | State] = [edge.source]
        if edge.source == ANYWHERE:
            sources = [state.name for state in pathway.states if (edge.trigger, state.name) not in specific]
        machine.add_transition(
            edge.trigger, sources, edge.target, conditions=[_condition(g) for g in edge.when]
        )
    return machine


def _condition(guard: Guard) -> Callable[[EventData], bool | None]:
    def holds(data: EventData) -> bool | None:
        return cast(_Cursor, data.model).values[guard]

    return holds
