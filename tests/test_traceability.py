"""Every promise, hazard, guard, edge and end of the pathway has its test, and the pages that say so are up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from docs.promised import Promised, promised
from docs.threats import threats_page
from docs.traceability import PAGE, THREATS, Suite, collected, gaps, page, said
from pathway.catalogue import CATALOGUE
from pathway.engine.definition import Pathway, State, Transition
from tests.story import PATHWAY, Story, assessed_after_two_cycles
from tests.tracing import know
from tests.travelled import (
    DOES_NOT_HOLD,
    EDGE,
    HOLDS,
    STATE,
    Sight,
    Witnesses,
    chosen,
    hold_to,
    kept,
    watched,
)

NAME = f"{PATHWAY.id}/{PATHWAY.version}"
COMFORT = Sight(NAME, HOLDS, "The goal of care is comfort.")
Told = Callable[[str, object], None]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return collected()


def found(
    suite: Suite,
    *,
    promises: Promised | None = None,
    witnesses: Witnesses | None = None,
    pathways: tuple[Pathway, ...] = tuple(CATALOGUE),
) -> set[str]:
    """The gaps there are with something planted, beyond those there are without."""
    real = gaps(promised(), suite, kept(), CATALOGUE)
    planted = gaps(promises or promised(), suite, kept() if witnesses is None else witnesses, pathways)
    return set(planted) - set(real)


@pytest.mark.shows("G14")
def test_nothing_that_was_promised_is_without_its_test(suite: Suite, record_property: Told) -> None:
    missing = gaps(promised(), suite, kept(), CATALOGUE)
    record_property("promises traced", len(list(promised().wanting())))
    record_property("gaps", len(missing))
    assert not missing, "\n".join(("These have no test, or what they say is not so:", *missing))


@pytest.mark.shows("G14")
@pytest.mark.parametrize("path", [PAGE, THREATS], ids=lambda path: path.stem)
def test_the_page_is_up_to_date(suite: Suite, path: Path) -> None:
    made = {
        PAGE: lambda: page(promised(), suite, kept(), tuple(CATALOGUE)),
        THREATS: lambda: threats_page(promised(), suite.shown, suite.controlled),
    }[path]()
    written = path.read_text(encoding="utf-8").splitlines()
    difference = list(unified_diff(written, made.splitlines(), "kept", "made", lineterm="", n=0))
    assert not difference, f"{path.name} is out of date, `make docs` writes it:\n" + "\n".join(
        difference[:60]
    )


def test_there_are_threats_by_everybody_who_may_attack_and_what_is_not_defended_is_said() -> None:
    threats = promised().threats.values()
    assert {each["who"] for each in threats} == promised().attackers.keys()
    assert sum("answer" in each for each in threats) >= 30
    assert any("not_defended" in each for each in threats)


# What a test sees


@pytest.mark.shows("G14")
def test_what_a_test_meets_in_an_episode_that_it_tells_is_seen() -> None:
    with watched() as seen:
        story = Story.opened()
        story.told("intent_recorded", 1, intent="comfort")
        story.next(2)
        story.told("episode_closed", 3, reason="death")
        assert story.episode.state == "closed"
    assert COMFORT in seen
    assert Sight(NAME, EDGE, "episode_closed:death: * → closed") in seen
    assert {each.what for each in seen if each.kind == STATE} == {"progression_suspected", "closed"}


@pytest.mark.shows("G14", control=True)
def test_what_a_test_does_not_meet_is_not_seen() -> None:
    with watched() as seen:
        assessed_after_two_cycles("PR").next(44)
    assert COMFORT not in seen
    assert Sight(NAME, DOES_NOT_HOLD, COMFORT.what) in seen
    assert "closed" not in {each.what for each in seen if each.kind == STATE}


@pytest.mark.shows("G14", control=True)
def test_a_test_that_no_longer_sees_what_it_is_named_for_fails() -> None:
    hold_to({COMFORT}, {COMFORT})
    with pytest.raises(pytest.fail.Exception, match="guard holds: The goal of care is comfort"):
        hold_to({COMFORT}, set())


def test_the_test_that_sees_the_least_besides_is_named() -> None:
    edge = Sight(NAME, EDGE, "somewhere")
    assert chosen({"long": [COMFORT, edge], "short": [COMFORT]}) == {COMFORT: "short", edge: "long"}


def test_of_a_guard_the_test_is_named_in_which_it_changes() -> None:
    not_comfort = COMFORT._replace(kind=DOES_NOT_HOLD)
    edge = Sight(NAME, EDGE, "somewhere")
    seen = {"both": [COMFORT, not_comfort, edge], "one": [COMFORT], "other": [not_comfort]}
    assert chosen(seen) == {COMFORT: "both", not_comfort: "both", edge: "both"}


# That each kind of gap is found


def with_entry(kind: str, name: str, **entry: Any) -> Promised:
    entries: Mapping[str, Any] = getattr(promised(), kind)
    changed: dict[str, Any] = {kind: {**entries, name: {"id": name, **entry}}}
    return replace(promised(), **changed)


@pytest.mark.shows("G14", control=True)
@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("requirements", {"says": "something", "source": "somewhere"}),
        ("controls", {"control": "something", "answers": ["H-01"]}),
        ("threats", {"abuse": "something", "who": "outsider", "answer": "something"}),
    ],
)
def test_a_promise_without_a_test_is_found(suite: Suite, kind: str, entry: dict[str, Any]) -> None:
    assert found(suite, promises=with_entry(kind, "X-1", **entry)) == {"X-1 has no test."}


@pytest.mark.shows("G14", control=True)
def test_a_guarantee_without_a_control_is_found(suite: Suite) -> None:
    others = {each: tests for each, tests in suite.controlled.items() if each != "G1"}
    uncontrolled = replace(suite, controlled=others)
    told = "G1 has no control: nothing shows that its tests can fail."
    assert told in gaps(promised(), uncontrolled, kept(), CATALOGUE)


@pytest.mark.shows("G14", control=True)
def test_a_promise_said_to_come_later_that_has_a_test_is_found(suite: Suite) -> None:
    later = with_entry("requirements", "R-001", says="something", later=True)
    assert found(suite, promises=later) == {"R-001 is said to have no test and has one."}


@pytest.mark.shows("G14", control=True)
def test_a_hazard_without_a_control_is_found(suite: Suite) -> None:
    assert found(suite, promises=with_entry("hazards", "H-99")) == {"H-99 has no control."}


@pytest.mark.shows("G14", control=True)
@pytest.mark.parametrize("answers", [[], ["H-99"]])
def test_a_control_without_a_hazard_is_found(suite: Suite, answers: list[str]) -> None:
    planted = with_entry("controls", "C-36", control="something", answers=answers)
    assert "C-36 answers no hazard, or one that there is not." in found(suite, promises=planted)


@pytest.mark.shows("G14", control=True)
@pytest.mark.parametrize(
    "entry",
    [
        {"who": "nobody", "answer": "x"},
        {"who": "outsider"},
        {"who": "thief", "answer": "x", "not_defended": "x"},
    ],
)
def test_a_threat_that_is_neither_answered_nor_admitted_is_found(suite: Suite, entry: dict[str, Any]) -> None:
    planted = with_entry("threats", "T-01", abuse="something", **entry)
    assert "T-01 has no attacker, or neither answer nor admission." in found(suite, promises=planted)


@pytest.mark.shows("G14", control=True)
@pytest.mark.parametrize("kind", [HOLDS, DOES_NOT_HOLD, EDGE, STATE])
def test_a_guard_an_edge_or_an_end_that_no_test_sees_is_found(suite: Suite, kind: str) -> None:
    sight = next(each for each in kept() if each.kind == kind)
    left = {each: test for each, test in kept().items() if each != sight}
    assert found(suite, witnesses=left) == {f"No spec test sees this: {said(sight)}"}


@pytest.mark.shows("G14", control=True)
def test_an_edge_or_a_state_that_is_new_is_found(suite: Suite) -> None:
    edge = Transition("decide:close", "follow_up", "lost")
    changed = replace(
        PATHWAY,
        states=(*PATHWAY.states, State("lost", "Lost", PATHWAY.state("closed").table)),
        transitions=(*PATHWAY.transitions, edge),
    )
    assert found(suite, pathways=(changed,)) == {
        "No spec test sees this: edge travelled: decide:close: follow_up → lost",
        "No spec test sees this: state reached: lost",
    }


@pytest.mark.shows("G14", control=True)
def test_a_test_that_is_gone_and_a_sight_that_is_gone_are_found(suite: Suite) -> None:
    renamed = kept() | {COMFORT: "tests/spec/test_gone.py::test_gone"}
    (told,) = found(suite, witnesses=renamed)
    assert told.startswith("There is no such test any more: tests/spec/test_gone.py::test_gone")
    gone = Sight(NAME, STATE, "gone")
    assert found(suite, witnesses=kept() | {gone: next(iter(suite.tests))}) == {
        "There is nothing like this to see any more: state reached: gone"
    }


@pytest.mark.shows("G14", control=True)
def test_what_is_said_to_be_out_of_reach_and_is_not_is_found(suite: Suite) -> None:
    planted = replace(
        promised(), unreached={**promised().unreached, said(COMFORT): "", "state reached: gone": ""}
    )
    assert found(suite, promises=planted) == {
        f"This is said to be out of reach, and a test sees it: {said(COMFORT)}",
        "There is nothing like this to be out of reach: state reached: gone",
    }


@pytest.mark.shows("G14", control=True)
def test_an_id_that_nobody_defined_is_an_error_of_its_file(request: pytest.FixtureRequest) -> None:
    item: pytest.Item = request.node
    know(item)
    item.add_marker(pytest.mark.shows("R-999"))
    with pytest.raises(pytest.Collector.CollectError, match="shows R-999: no such id in docs/requirements/"):
        know(item)
