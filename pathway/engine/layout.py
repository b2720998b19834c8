"""Which part each state plays in the picture of a pathway, and where it stands.

Everything follows from the definition. The *hub* is the state from which most others can be chosen. The *spine*
is the longest way to it that needs no choice made there; a *branch* is what a choice at the hub leads to; what
nothing leads out of is an *exit*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pathway.engine.definition import STAY, Pathway, State, Transition

BOX_WIDTH, BOX_HEIGHT = 164, 44
PAD, TITLE = 12, 30
BRANCH_GAP, BRANCH_STEP, COLUMN_GAP = 22, 116, 56
SPINE_STEP, SPINE_TOP = 56, 30
LEFT, RIGHT, RAIL = 44, 78, 14


@dataclass(frozen=True, slots=True)
class Way:
    """One edge between two states, as the picture shows it; `decided` when a person takes it.

    `travelled` says that an episode whose course is drawn took it.
    """

    source: str
    target: str
    label: str
    when: str
    decided: bool
    travelled: bool = False


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
        led = {way.source for way in ways if kin(way.target) == name and not way.decided}
        chain = next((i for i, branch in enumerate(branches) if led & set(branch)), None)
        if chain is None:
            branches.append(_members(pathway, name))
        else:
            branches[chain] += _members(pathway, name)
    ends = tuple(state for name in exits for state in _members(pathway, name))
    return Layout(hub, spine, tuple(branches), ends, ways)


def _members(pathway: Pathway, name: str) -> tuple[str, ...]:
    return tuple(state.name for state in pathway.states if kin(state.name) == name)


def _in_order_of_choice(pathway: Pathway, hub: str, names: list[str]) -> list[str]:
    chosen = [
        kin(edge.target) for option in pathway.options for edge in pathway.edges(f"decide:{option.name}", hub)
    ]
    return sorted(names, key=lambda name: chosen.index(name) if name in chosen else len(chosen))


def _choices(pathway: Pathway, state: State) -> set[str]:
    offered = {offer.option for row in state.table for offer in row.offers}
    edges = (edge for name in offered for edge in pathway.edges(f"decide:{name}", state.name))
    return {edge.target for edge in edges} - {STAY, state.name}


def _ways(pathway: Pathway, hub: str) -> Iterator[Way]:
    for edge in pathway.transitions:
        usual = not (edge.aside or _is_decision(edge))
        if usual and any(edge.source == state.name for state in pathway.states):
            yield from _leading_elsewhere(edge, edge.source)
    for state in pathway.states:
        for option in _shown_choices(pathway, state, hub):
            for edge in pathway.edges(f"decide:{option}", state.name):
                yield from _leading_elsewhere(edge, state.name)


def _shown_choices(pathway: Pathway, state: State, hub: str) -> tuple[str, ...]:
    """All choices at the hub; elsewhere what the last row recommends: the normal course."""
    if state.name == hub:
        offered = {offer.option for row in state.table for offer in (*row.offers, *state.always)}
        return tuple(option.name for option in pathway.options if option.name in offered)
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
    paths: list[tuple[str, ...]] = [(start,)]
    while paths:
        path = paths.pop()
        if path[-1] == hub:
            best = max(best, path, key=len)
            continue
        paths += [(*path, name) for name in onward.get(path[-1], {}) if name not in path]
    return best


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the picture; `x` and `y` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def centre(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(slots=True)
class Plan:
    """Where everything goes: boxes by state, frames by their first state, and the size of the whole."""

    layout: Layout
    boxes: dict[str, Box] = field(default_factory=dict)
    frames: dict[str, Box] = field(default_factory=dict)
    width: float = 0
    floor: float = 0
    """The lower edge of the lowest frame."""


def planned(pathway: Pathway) -> Plan:
    """Where everything goes."""
    plan = Plan(laid_out(pathway))
    groups = [*plan.layout.branches, *([plan.layout.exits] if plan.layout.exits else [])]
    widths = [_columns(group) * (BOX_WIDTH + PAD) + PAD for group in groups]
    needed = sum(widths) + BRANCH_GAP * (len(widths) - 1)
    plan.width = max(needed + LEFT + RIGHT, NARROWEST)
    y = _spine(plan)
    x = LEFT + (plan.width - LEFT - RIGHT - needed) / 2
    for group, width in zip(groups, widths, strict=True):
        _stand(plan, group, x, y + BRANCH_STEP)
        x += width + BRANCH_GAP
    plan.floor = max(box.bottom for box in (*plan.boxes.values(), *plan.frames.values()))
    return plan


def _columns(group: tuple[str, ...]) -> int:
    return 1 if len(group) <= LONGEST_COLUMN else 2


LONGEST_COLUMN = 4
NARROWEST = 980


def _spine(plan: Plan) -> float:
    """Places the main course from the top down; gives the lower edge of the hub."""
    y, middle = float(SPINE_TOP), (LEFT + plan.width - RIGHT) / 2
    for group in plan.layout.spine:
        inner = len(group) * BOX_WIDTH + (len(group) - 1) * BOX_WIDTH
        framed = len(group) > 1
        if framed:
            plan.frames[group[0]] = Box(
                middle - inner / 2 - PAD, y, inner + 2 * PAD, BOX_HEIGHT + PAD + TITLE
            )
        for i, state in enumerate(group):
            top = y + TITLE if framed else y
            plan.boxes[state] = Box(middle - inner / 2 + i * 2 * BOX_WIDTH, top, BOX_WIDTH, BOX_HEIGHT)
        y += BOX_HEIGHT + SPINE_STEP + (PAD + TITLE if framed else 0)
    return y - SPINE_STEP


def _stand(plan: Plan, group: tuple[str, ...], x: float, y: float) -> None:
    """Places a branch: one column from the top down, or two, the second from the bottom up."""
    columns = _columns(group)
    rows = -(-len(group) // columns)
    step = BOX_HEIGHT + COLUMN_GAP
    height = TITLE + rows * step - COLUMN_GAP + PAD * columns
    plan.frames[group[0]] = Box(x, y, columns * (BOX_WIDTH + PAD) + PAD, height)
    for i, state in enumerate(group):
        row = i if i < rows else 2 * rows - 1 - i
        left = x + PAD + (i // rows) * (BOX_WIDTH + PAD)
        plan.boxes[state] = Box(left, y + TITLE + row * step, BOX_WIDTH, BOX_HEIGHT)
