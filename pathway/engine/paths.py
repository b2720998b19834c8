"""Follows every course an episode can take, over what each kind of event may do to a few findings: none is sampled.

A *node* is a state with the values of the findings a property follows. What may happen there are the facts, each
with the effects declared for its kind, and the decisions: those that some combination of all other findings offers,
and any option against the table, for a reason. Where an effect hangs on what is not followed, each possibility is
followed. So every course an episode can really take runs along these nodes, and a property that holds on every
step between them holds on every course. That the declared effects are those of the code is for tests to show.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final, TypeAlias

from pathway.engine.cases import Matches, Table, Wanted
from pathway.engine.definition import STAY, Pathway, Transition
from pathway.engine.findings import Finding
from pathway.engine.outcome import Values

OVERRIDE: Final = "override"
"""How a decision is taken that the table does not offer: with a coded reason."""
TWO_SIGNATURES: Final = "two signatures"
"""How the hard stop of an agent is overridden."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A finding that is followed along a course; `tells` says what its values mean for the findings guards read."""

    finding: Finding
    tells: Mapping[str, Wanted] = field(default_factory=dict)

    def told(self, value: str) -> Wanted:
        """What is known of other findings, and of this one, while it has this value."""
        return {self.finding: (value,), **self.tells.get(value, {})}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one of `causes` may do to a finding: it may then have one of `to`, and surely so where it is `certain`.

    It applies while the findings before have the values `given`, from `states` (empty: from any). One with
    `entering` or `moved` follows from the move: it applies where the episode moves into one of `entering` (empty:
    anywhere), or moves or not as `moved` says, and the values `given` are those once the fact has been taken in.
    """

    causes: Collection[str]
    finding: Finding
    to: tuple[str, ...]
    given: Wanted = field(default_factory=dict)
    states: Collection[str] = ()
    entering: Collection[str] = ()
    moved: bool | None = None
    certain: bool = True

    @property
    def of_the_move(self) -> bool:
        """True when it follows from where the episode goes, and not from what is told."""
        return bool(self.entering) or self.moved is not None


@dataclass(frozen=True, slots=True)
class Fact:
    """A kind of event, and the edge it may take; `astray` when it may also stay: line and cycle may not follow."""

    cause: str
    trigger: str | None = None
    astray: bool = False


Node: TypeAlias = tuple[str, tuple[str, ...]]
"""A state, and the values of the findings that are followed, in their order."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, or was decided, between two nodes; `how` a decision was offered, empty for facts."""

    cause: str
    how: str
    before: Node
    after: Node
    follows: tuple[Finding, ...]

    def was(self, finding: Finding) -> str:
        """The finding's value before."""
        return self.before[1][self.follows.index(finding)]

    def now(self, finding: Finding) -> str:
        """The finding's value after."""
        return self.after[1][self.follows.index(finding)]

    @property
    def moved(self) -> bool:
        """True when the state is another one."""
        return self.before[0] != self.after[0]

    @property
    def offered(self) -> bool:
        """True for a decision that the table offered."""
        return self.how not in ("", OVERRIDE, TWO_SIGNATURES)

    def __str__(self) -> str:
        """The step as a line for people."""
        changed = [
            f"{each.name} is {now}"
            for each, was, now in zip(self.follows, self.before[1], self.after[1], strict=True)
            if was != now
        ]
        told = f"{self.cause} ({self.how})" if self.how else self.cause
        where = f"to {self.after[0]}" if self.moved else f"stays in {self.after[0]}"
        return f"{told}: {'; '.join([where, *changed])}"


@dataclass(frozen=True, slots=True)
class Property:
    """What holds on every step of every course; `broken` says of a step that it does not."""

    sentence: str
    follows: tuple[Finding, ...]
    broken: Callable[[Step], bool]


@dataclass(frozen=True, slots=True)
class Courses:
    """What may happen to an episode, what it does to the findings that are followed, and what has to hold."""

    tracked: tuple[Tracked, ...] = ()
    effects: tuple[Effect, ...] = ()
    facts: tuple[Fact, ...] = ()
    at_first: Wanted = field(default_factory=dict)
    """The values right after the opening."""
    needs_two: Callable[[Step], bool] = lambda _: False
    """Decisions that the service takes with two signatures alone."""
    properties: tuple[Property, ...] = ()
    end: str | None = None
    """The state in which a course ends; decisions lead there from everywhere."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A property that does not hold, with the course, step by step, or the combination that shows it."""

    state: str
    sentence: str
    path: tuple[str, ...] = ()
    example: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explored:
    """How much was followed, and which properties do not hold."""

    nodes: int
    steps: int
    broken: tuple[Broken, ...]


Openings: TypeAlias = Mapping[tuple[str, str], set[frozenset[tuple[Finding, str]]]]
"""For each option and way in which it is offered, the combinations of what can be told in which it is."""


@dataclass(slots=True)
class Offered:
    """What a table offers, as far as what is followed can tell; and the ways that are open for sure."""

    table: Table
    courses: Courses
    openings: dict[tuple[str, str], set[frozenset[tuple[Finding, str]]]] = field(default_factory=dict)
    ways: dict[frozenset[str], Values] = field(default_factory=dict)
    """The states to which decisions surely lead in some case, with that case."""
    _targets: dict[str, frozenset[str]] = field(default_factory=dict)
    _tellable: frozenset[Finding] = field(init=False)

    def __post_init__(self) -> None:
        told = [each.told(value) for each in self.courses.tracked for value in each.finding.domain]
        self._tellable = frozenset(finding for wanted in told for finding in wanted)

    def take(self, values: Values, matches: Matches) -> None:
        """Take in one case of the table."""
        table = self.table
        here = {pair for pair in values.items() if pair[0] in self._tellable}
        for name in table.told(values, matches).offers:
            for opening in table.openings(values, matches, name):
                beside = {pair for pair in opening.needed.items() if pair[0] in self._tellable}
                self.openings.setdefault((name, opening.how), set()).add(frozenset(here | beside))
        sure = (self._sure_targets(offer.option) for offer in table.surely_open(values, matches))
        self.ways.setdefault(frozenset().union(*sure) - {table.state.name}, values)

    def _sure_targets(self, option: str) -> frozenset[str]:
        """Where a decision for the option may lead to whatever the findings are."""
        if option not in self._targets:
            here = self.table.state.name
            self._targets[option] = frozenset(
                _end(edges[0], here)
                for _, edges in _edges_of_decision(self.table.pathway, option, here)
                if edges and not edges[0].when
            )
        return self._targets[option]

    def may_be(self, option: str, how: str, told: Mapping[Finding, frozenset[str]]) -> bool:
        """True when the option may be offered in this way while the findings have one of these values each."""
        groups = self.table.groups
        return any(
            all(each not in told or not groups[each][value].isdisjoint(told[each]) for each, value in when)
            for when in self.openings[option, how]
        )


def _edges_of_decision(
    pathway: Pathway, option: str, state: str
) -> Iterator[tuple[str, tuple[Transition, ...]]]:
    """The edges of a decision, and of each way to say where the episode rests after it."""
    yield "", pathway.edges(f"decide:{option}", state)
    for each in pathway.states:
        if edges := pathway.edges(f"decide:{option}:{each.name}", state):
            yield f":{each.name}", edges


def _end(edge: Transition, state: str) -> str:
    return state if edge.target == STAY else edge.target


@dataclass(slots=True)
class Follower:
    """The nodes of one set of findings, and the steps between them."""

    pathway: Pathway
    courses: Courses
    follows: tuple[Finding, ...]
    _tracked: tuple[Tracked, ...] = field(init=False)
    _effects: dict[str, list[Effect]] = field(default_factory=dict)
    _told: dict[tuple[str, ...], Mapping[Finding, frozenset[str]] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {each.finding: each for each in self.courses.tracked}
        self._tracked = tuple(known[each] for each in self.follows)
        for effect in self.courses.effects:
            if effect.finding in self.follows:
                for cause in effect.causes:
                    self._effects.setdefault(cause, []).append(effect)

    def first(self) -> Iterator[Node]:
        """Where courses begin."""
        for values in product(*(self.courses.at_first.get(each, each.domain) for each in self.follows)):
            yield self.pathway.initial, values

    def is_touched_by(self, cause: str) -> bool:
        """True when the cause may change something that is followed."""
        return cause in self._effects

    def told(self, values: tuple[str, ...]) -> Mapping[Finding, frozenset[str]] | None:
        """What the values tell of all findings; None when they cannot be so together."""
        if values not in self._told:
            found: dict[Finding, frozenset[str]] = {}
            for each, value in zip(self._tracked, values, strict=True):
                for finding, allowed in each.told(value).items():
                    found[finding] = found.get(finding, frozenset(finding.domain)) & frozenset(allowed)
            self._told[values] = found if all(found.values()) else None
        return self._told[values]

    def after(self, node: Node, cause: str) -> Iterator[Node]:
        """Where a fact or a decision of this cause may lead."""
        if cause.startswith("decide:"):
            _, option, *rests_in = cause.split(":")
            yield from self.after_decision(node, option, "".join(f":{each}" for each in rests_in))
        for fact in self.courses.facts:
            if fact.cause == cause:
                yield from self.after_fact(node, fact)

    def after_fact(self, node: Node, fact: Fact) -> Iterator[Node]:
        """Where a fact may lead: what it tells is taken in, then it may take an edge."""
        state, before = node
        for learnt in self._changed(fact.cause, node, before, None):
            targets = {state} if fact.trigger is None or fact.astray else set()
            if fact.trigger is not None and (told := self.told(learnt)) is not None:
                targets |= self._targets(fact.trigger, state, told)
            for target in targets:
                for values in self._changed(fact.cause, node, learnt, target):
                    if self.told(values) is not None:
                        yield target, values

    def after_decision(self, node: Node, option: str, rests_in: str = "") -> Iterator[Node]:
        """Where a decision may lead: its edge is looked for before what it does is done."""
        state, before = node
        told = self.told(before)
        for target in self._targets(f"decide:{option}{rests_in}", state, told or {}):
            for learnt in self._changed(f"decide:{option}", node, before, None):
                for values in self._changed(f"decide:{option}", node, learnt, target):
                    if self.told(values) is not None:
                        yield target, values

    def _targets(self, trigger: str, state: str, told: Mapping[Finding, frozenset[str]]) -> set[str]:
        """Where an edge may lead while the findings have one of these values each; the state itself without one."""
        found: set[str] = set()
        for edge in self.pathway.edges(trigger, state):
            holds = [
                {guard.holds(value) is True for value in told.get(guard.finding, guard.finding.domain)}
                for guard in edge.when
            ]
            if all(True in each for each in holds):
                found.add(_end(edge, state))
            if all(each == {True} for each in holds):
                return found
        return found | {state}

    def _changed(
        self, cause: str, node: Node, base: tuple[str, ...], target: str | None
    ) -> Iterator[tuple[str, ...]]:
        """The values there may be after what is told (no target yet), or after the move to the target."""
        state, before = node
        known = dict(zip(self.follows, before if target is None else base, strict=True))
        applying: dict[Finding, list[tuple[Effect, bool]]] = {}
        for effect in self._effects.get(cause, ()):
            if effect.of_the_move is (target is not None) and _applies(effect, state, target):
                given = {known[each] in values for each, values in effect.given.items() if each in known}
                if False not in given:
                    sure = effect.certain and all(each in known for each in effect.given)
                    applying.setdefault(effect.finding, []).append((effect, sure))
        values: list[set[str]] = []
        for each, value in zip(self.follows, base, strict=True):
            found = applying.get(each, [])
            may = {to for effect, _ in found for to in effect.to}
            values.append(may if any(sure for _, sure in found) else may | {value})
        yield from product(*values)


def _applies(effect: Effect, state: str, target: str | None) -> bool:
    if effect.states and state not in effect.states:
        return False
    if target is None:
        return True
    moved = target != state
    if effect.entering and not (moved and target in effect.entering):
        return False
    return effect.moved in (None, moved)


def explore(
    pathway: Pathway,
    courses: Courses,
    offered: Mapping[str, Offered],
    progress: Callable[[float], None] = lambda _: None,
) -> Explored:
    """Every course, for each set of findings that a property follows; `offered` is what each state's table offers."""
    by_follows: dict[tuple[Finding, ...], list[Property]] = {(): []}
    for each in courses.properties:
        by_follows.setdefault(each.follows, []).append(each)
    nodes = steps = 0
    broken: list[Broken] = []
    for number, (follows, properties) in enumerate(by_follows.items(), start=1):
        walk = _Walk(Follower(pathway, courses, follows), offered, properties)
        walk.run()
        nodes, steps = nodes + len(walk.came_by), steps + walk.steps
        broken += walk.broken.values()
        if not follows:
            broken += _traps(courses, offered, walk)
        progress(number / len(by_follows))
    return Explored(nodes, steps, tuple(broken))


@dataclass(slots=True)
class _Walk:
    """All nodes that can be reached, nearest first, with the step by which each was reached first."""

    follower: Follower
    offered: Mapping[str, Offered]
    properties: Sequence[Property]
    came_by: dict[Node, Step | None] = field(default_factory=dict)
    broken: dict[str, Broken] = field(default_factory=dict)
    steps: int = 0

    def run(self) -> None:
        """Follow every step from every node, each node once."""
        waiting: deque[Node] = deque()
        for node in self.follower.first():
            self.came_by[node] = None
            waiting.append(node)
        while waiting:
            node = waiting.popleft()
            for step in self._steps(node):
                self.steps += 1
                self._hold(step)
                if step.after not in self.came_by:
                    self.came_by[step.after] = step
                    waiting.append(step.after)

    def _steps(self, node: Node) -> Iterator[Step]:
        courses, follows = self.follower.courses, self.follower.follows
        for fact in courses.facts:
            if fact.trigger is None and not self.follower.is_touched_by(fact.cause):
                continue
            for after in dict.fromkeys(self.follower.after_fact(node, fact)):
                yield Step(fact.cause, "", node, after, follows)
        for option in self.follower.pathway.options:
            hows = self._hows(node, option.name)
            for rests_in, _ in _edges_of_decision(self.follower.pathway, option.name, node[0]):
                for after in dict.fromkeys(self.follower.after_decision(node, option.name, rests_in)):
                    for how in hows:
                        step = Step(f"decide:{option.name}{rests_in}", how, node, after, follows)
                        yield replace(step, how=TWO_SIGNATURES) if courses.needs_two(step) else step

    def _hows(self, node: Node, option: str) -> list[str]:
        """The ways in which the option may be chosen here."""
        offered, told = self.offered[node[0]], self.follower.told(node[1]) or {}
        hows = [how for name, how in offered.openings if name == option and offered.may_be(name, how, told)]
        return [*hows, OVERRIDE]

    def _hold(self, step: Step) -> None:
        for each in self.properties:
            if each.sentence not in self.broken and each.broken(step):
                self.broken[each.sentence] = Broken(
                    step.after[0], each.sentence, (*self.path(step.before), str(step))
                )

    def path(self, node: Node) -> tuple[str, ...]:
        """The steps that lead to the node, as lines for people."""
        lines: list[str] = []
        while (step := self.came_by[node]) is not None:
            lines.append(str(step))
            node = step.before
        return tuple(reversed(lines))


def _traps(courses: Courses, offered: Mapping[str, Offered], walk: _Walk) -> Iterator[Broken]:
    """States in which, in some case, nothing that is open for sure leads on, or leads to the end in the long run."""
    if courses.end is None:
        return
    reached = {node[0]: node for node in walk.came_by}
    ending = {courses.end}
    while True:
        more = {
            state
            for state in reached
            if state not in ending and all(not ending.isdisjoint(ways) for ways in offered[state].ways)
        }
        if not more:
            break
        ending |= more
    for state, node in reached.items():
        for ways, values in offered[state].ways.items():
            example = {each.name: value for each, value in values.items()}
            if not ways - {courses.end}:
                yield Broken(
                    state, "No open decision is sure to lead on from here.", walk.path(node), example
                )
            elif ending.isdisjoint(ways) and state != courses.end:
                yield Broken(state, "No decision is sure to lead to the end.", walk.path(node), example)
