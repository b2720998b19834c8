"""Which guards the spec tests see hold and not hold, which edges they travel, and where they arrive.

Seen is what a test meets in an episode that it tells: the guards of a recommendation, as its explanation shows them,
and the guards and the edge of a fact or a decision. `--travelled` writes into `docs/requirements/travelled.json`, for
each guard, edge and state of the published pathways, the test that is most about it: the one that sees the least
besides, and a guard both ways where any does. Such a test is watched whenever it runs, and fails when it no longer
sees what it is named for.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from pathway.catalogue import CATALOGUE
from pathway.engine import fold, recommendation
from pathway.engine.definition import STAY, Pathway, Transition
from pathway.engine.guards import Guard
from pathway.engine.machine import advance
from pathway.engine.outcome import Outcome, findings_of, outcome_of

KEPT: Final = Path(__file__).parents[1] / "docs" / "requirements" / "travelled.json"
FOLDER: Final = "tests/spec/"
HOLDS: Final = "guard holds"
DOES_NOT_HOLD: Final = "guard does not hold"
OTHER_WAY: Final = {HOLDS: DOES_NOT_HOLD, DOES_NOT_HOLD: HOLDS}
EDGE: Final = "edge travelled"
STATE: Final = "state reached"


class Sight(NamedTuple):
    """One thing to see of a published pathway."""

    pathway: str
    kind: str
    what: str


def to_see(pathway: Pathway) -> Iterator[Sight]:
    """Everything there is to see of a pathway: each guard both ways, each edge, each state."""
    for guard in pathway.guards:
        yield _of_guard(pathway, guard, held=True)
        yield _of_guard(pathway, guard, held=False)
    for edge in pathway.transitions:
        yield _of_edge(pathway, edge)
    for state in pathway.states:
        yield _of_state(pathway, state.name)


@contextmanager
def watched() -> Iterator[set[Sight]]:
    """What is met of the published pathways while this lasts."""
    seen: set[Sight] = set()

    def watched_advance(
        pathway: Pathway, state: str, trigger: str, values: Mapping[Guard, bool | None]
    ) -> str | None:
        target = advance(pathway, state, trigger, values)
        if pathway in CATALOGUE:
            seen.update(_on_the_way(pathway, state, trigger, values, target))
        return target

    def watched_outcome_of(pathway: Pathway, state: str, values: tuple[str, ...]) -> Outcome:
        outcome = outcome_of(pathway, state, values)
        if pathway in CATALOGUE:
            seen.update(_in_the_answer(pathway, state, values, outcome))
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "advance", watched_advance)
        patch.setattr(recommendation, "outcome_of", watched_outcome_of)
        yield seen


def _on_the_way(
    pathway: Pathway, state: str, trigger: str, values: Mapping[Guard, bool | None], target: str | None
) -> Iterator[Sight]:
    for guard, holds in values.items():
        yield _of_guard(pathway, guard, held=holds is True)
    for edge in pathway.edges(trigger, state):
        if all(values[guard] is True for guard in edge.when):
            assert target == (state if edge.target == STAY else edge.target)
            yield _of_edge(pathway, edge)
            yield _of_state(pathway, target)
            return


def _in_the_answer(
    pathway: Pathway, state: str, values: tuple[str, ...], outcome: Outcome
) -> Iterator[Sight]:
    """The guards of the rows down to the one that matches, and those of every option."""
    known = dict(zip(findings_of(pathway, state), values, strict=True))
    table = pathway.state(state).table
    read = [guard for row in table[: table.index(outcome.rows[-1]) + 1] for guard in row.when]
    read += [guard for option in pathway.options for guard in option.needs if guard.finding in known]
    yield _of_state(pathway, state)
    for guard in read:
        yield _of_guard(pathway, guard, held=guard.holds(known[guard.finding]) is True)


def _of_guard(pathway: Pathway, guard: Guard, *, held: bool) -> Sight:
    return Sight(_name(pathway), HOLDS if held else DOES_NOT_HOLD, guard.sentence)


def _of_edge(pathway: Pathway, edge: Transition) -> Sight:
    when = "".join(f" [{guard.sentence}]" for guard in edge.when)
    return Sight(_name(pathway), EDGE, f"{edge.trigger}: {edge.source} → {edge.target}{when}")


def _of_state(pathway: Pathway, state: str) -> Sight:
    return Sight(_name(pathway), STATE, state)


def _name(pathway: Pathway) -> str:
    return f"{pathway.id}/{pathway.version}"


Witnesses = dict[Sight, str]
"""For each sight the test that is named for it."""


def kept(path: Path = KEPT) -> Witnesses:
    """What was written down last."""
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        Sight(pathway, kind, what): test
        for pathway, kinds in told.items()
        for kind, tests in kinds.items()
        for what, test in tests.items()
    }


def chosen(seen: Mapping[str, Iterable[Sight]]) -> Witnesses:
    """For each sight the test that sees the least besides; for a guard rather one that sees it both ways.

    Of several tests alike the first by name is taken.
    """
    found: Witnesses = {}
    ordered = sorted(
        ((test, set(sights)) for test, sights in seen.items()), key=lambda each: (len(each[1]), each[0])
    )
    for test, sights in ordered:
        for sight in sights:
            if sight.kind in OTHER_WAY and sight._replace(kind=OTHER_WAY[sight.kind]) in sights:
                found.setdefault(sight, test)
    for test, sights in ordered:
        for sight in sights:
            found.setdefault(sight, test)
    return found


def _keep(witnesses: Witnesses) -> None:
    told: dict[str, dict[str, dict[str, str]]] = {}
    for sight, test in sorted(witnesses.items()):
        told.setdefault(sight.pathway, {}).setdefault(sight.kind, {})[sight.what] = test
    KEPT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


class Travelled:
    """Watches spec tests: all of them to write down what they see, or those that are named, to hold them to it."""

    def __init__(self, named: Witnesses, *, writes: bool) -> None:
        self._writes = writes
        self._seen: dict[str, set[Sight]] = {}
        self._named: dict[str, set[Sight]] = {}
        for sight, test in named.items():
            self._named.setdefault(test, set()).add(sight)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        if not (item.nodeid in self._named or (self._writes and item.nodeid.startswith(FOLDER))):
            return (yield)
        with watched() as seen:
            yield
        self._seen[item.nodeid] = seen
        if not self._writes:
            hold_to(self._named[item.nodeid], seen)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self._writes and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            _keep(chosen(self._seen))


def hold_to(named: set[Sight], seen: set[Sight]) -> None:
    """Fails the test that no longer sees what it is named for."""
    if lost := sorted(named - seen):
        told = "\n".join(f"  {sight.kind}: {sight.what}" for sight in lost)
        pytest.fail(f"This test no longer sees what it is named for; `make docs` names another:\n{told}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--travelled", action="store_true", help="write down what the spec tests see of a pathway"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Travelled(kept(), writes=config.getoption("--travelled")), "travelled")
