"""All courses of a site together: the numbers against a set that was counted by hand, and nobody recognised in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from pathway.cli.replay import PERSON
from pathway.store.readers import Readers
from pathway.use_cases import courses, survey_cohort
from pathway.use_cases.counts import NONE, Count, count_told, together
from pathway.use_cases.courses import told_by
from pathway.use_cases.permissions import Role, permissions_of
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.survey_cohort import Narrowed
from tests.sides import PATHWAY, Side
from tests.use_cases.journeys import ALL_CLEAR, Child

ANTIBODY = {"agents": ["dinutuximab_beta", "irinotecan", "temozolomide"]}
PLANNING = "progression_confirmed"


def cohort(side: Side, role: Role = Role.CLINICIAN, **narrowed: Any) -> dict[str, Any]:
    asking = side.caller(PERSON, permissions_of([role]))
    told: dict[str, Any] = orjson.loads(
        survey_cohort.survey_cohort(side.installation, asking, PATHWAY, Narrowed(**narrowed))
    )
    return told


def row(rows: Iterable[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    return next(each for each in rows if wanted.items() <= each.items())


def shown(count: dict[str, int | None]) -> tuple[int | None, int | None]:
    return count["at_least"], count["at_most"]


@pytest.fixture
def children(side: Side) -> list[Child]:
    """Seven children, opened ten days ago with confirmed progression; six have a line of therapy since today.

    The seventh goes to supportive care, where treatment is recommended.
    """
    found = [Child.opened(side, f"child-{number}") for number in range(7)]
    for child in found[:6]:
        assert child.decide("start_chemoimmunotherapy", detail=ANTIBODY).outcome == "decided"
    assert found[6].decide("supportive_care").outcome == "decided"
    return found


@pytest.mark.usefixtures("children")
def test_the_numbers_are_those_counted_by_hand(side: Side) -> None:
    told = cohort(side)
    assert told["in_all"] == 7
    assert shown(told["episodes"]) == (5, None), (
        "each is in one state: from 7 the one in supportive care would follow"
    )
    planning = row(told["time_in_state"], state=PLANNING)
    assert shown(planning["over"]) == (7, 7)
    assert (planning["median"], planning["shortest"], planning["longest"]) == (10, 10, 10)
    ready = row(told["time_in_state"], state="chemoimmunotherapy.ready")
    assert (shown(ready["over"]), shown(ready["going_on"])) == ((0, 0), (6, 6))
    decided = row(told["concordance"], state=PLANNING)
    assert shown(decided["counts"]["recommended"]) == (6, 6)
    assert shown(decided["counts"]["possible"]) == (1, 4)
    assert shown(decided["counts"]["override"]) == (0, 0)
    assert shown(decided["of"]) == (7, 10)
    (deviation,) = told["deviations"]
    assert deviation["state"] == PLANNING
    assert deviation["agreement"] == "possible"
    assert deviation["reason"] == "does-not-align-preferences"
    assert shown(deviation["count"]) == (1, 4)


def test_stays_are_counted_in_days_and_responses_by_their_number(side: Side) -> None:
    child = Child.opened(side)
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR)
    (course,) = cohort(side)["courses"]
    assert [(each["state"], each["to"] - each["from"]) for each in course["stays"]] == [
        ("progression_suspected", 0),
        (PLANNING, 10),
        ("chemoimmunotherapy.ready", 0),
        ("chemoimmunotherapy.cycle_running", 21),
        ("chemoimmunotherapy.ready", 0),
        ("chemoimmunotherapy.cycle_running", 21),
        ("assessment_due", 0),
        ("decision_due", 0),
    ]
    assert [(each["day"], each["response"]) for each in course["assessments"]] == [(52, "CR")]
    told = cohort(side)
    (responses,) = told["responses"]
    assert responses["assessment"] == 1
    assert {name: shown(each) for name, each in responses["counts"].items() if each["at_least"]} == {
        "CR": (1, 4)
    }
    running = row(told["time_in_state"], state="chemoimmunotherapy.cycle_running")
    assert shown(running["over"]) == (1, 4)
    assert "median" not in running


def test_what_is_known_to_the_month_is_no_time(side: Side) -> None:
    on = (side.clock.now.date() - timedelta(days=10)).isoformat()
    evidence = {
        "kind": "progression_evidence_recorded",
        "confirmed": True,
        "setting": "relapse",
        "pattern": "local",
    }
    Child.opened(side, "by-month", evidence | {"occurred_precision": "month"}, opened_on=on)
    told = cohort(side)
    suspected = row(told["time_in_state"], state="progression_suspected")
    assert (shown(suspected["over"]), shown(suspected["day_not_known"])) == ((0, 0), (1, 4))
    (course,) = told["courses"]
    assert course["exact"] is False
    assert {(stay["from"], stay["to"]) for stay in course["stays"]} == {(None, None)}


# Late, corrected, taken back: the past is another than was thought


def test_a_decision_that_was_taken_back_is_not_counted(side: Side, children: list[Child]) -> None:
    decided = row(cohort(side)["concordance"], state=PLANNING)
    assert shown(decided["counts"]["recommended"]) == (6, 6)
    child = children[0]
    entry = next(each.entry_id for each in side.entries(child.episode) if each.kind == "decision_made")
    assert child.tell("event_retracted", entry=entry, reason="not carried out").wrote
    decided = row(cohort(side)["concordance"], state=PLANNING)
    assert shown(decided["counts"]["recommended"]) == (5, 5)


def test_what_came_late_stands_where_it_happened(side: Side) -> None:
    child = Child.opened(side)
    assert child.decide("start_chemoimmunotherapy", ago=8, detail=ANTIBODY).outcome == "decided"
    child.tell("cycle_completed", 1, line=1, cycle=1, delivered="full")
    assert child.tell("cycle_started", 6, line=1, cycle=1).outcome == "recorded"
    (course,) = cohort(side)["courses"]
    running = row(course["stays"], state="chemoimmunotherapy.cycle_running")
    assert (running["from"], running["to"]) == (4, 9)
    # The control: read in the order of the log alone it would not be there.
    log = side.entries(child.episode)
    states = {each.state for each in told_by(map(courses._stored, log)).stays}
    assert "chemoimmunotherapy.cycle_running" not in states


def test_a_log_in_order_tells_what_going_through_it_tells(side: Side, children: list[Child]) -> None:
    child = children[0]
    child.cycle(1)
    child.cycle(2)
    child.tell("assessment_recorded", components=ALL_CLEAR)
    pathway = side.installation.catalogue.find(PATHWAY)
    assert pathway
    for each in children:
        log = side.entries(each.episode)
        assert courses._in_order(log)
        again = told_by(courses._gone_through(pathway, log, ZoneInfo(side.zone)))
        assert told_by(map(courses._stored, log)) == again


def test_what_waits_for_a_second_signature_counts_once_it_is_signed(side: Side, child: Child) -> None:
    assert child.decide("start_chemoimmunotherapy", detail=ANTIBODY).outcome == "decided"
    child.tell("toxicity_recorded", term="anaphylaxis", grade=4, ongoing=False, agent="dinutuximab_beta")
    answer = child.decide("start_chemoimmunotherapy", detail=ANTIBODY)
    assert answer.outcome == "awaiting_second_signature"
    (course,) = cohort(side)["courses"]
    assert [each["agreement"] for each in course["decisions"]] == ["recommended"]
    assert child.sign(answer.document["entry"], "dr-lind").outcome == "countersigned"
    (course,) = cohort(side)["courses"]
    assert [each["agreement"] for each in course["decisions"]] == ["recommended", "override"]


# What is held back


def test_a_count_is_told_when_it_is_of_five_patients_or_of_none() -> None:
    assert count_told([]) == NONE
    assert count_told(["a"]) == count_told(["a", "b", "c", "d"]) == Count(1, 4)
    assert count_told(["a", "b", "c", "d", "e"]) == Count(5, 5)
    assert count_told(["a"] * 9) == count_told(["a", "b", "c", "d"] * 5) == Count(5, None)
    assert together([Count(7, 7), Count(1, 4)]) == Count(8, 11)
    assert together([Count(7, 7), Count(5, None)]) == Count(12, None)


def leaks(told: dict[str, Any]) -> bool:
    """True when a count of fewer than five is told, or follows from those that are told beside it."""
    if told["episodes"]["at_most"] not in (0, 4, None):
        return True
    counts: list[Any] = [*(each["count"] for each in told["deviations"])]
    for each in told["time_in_state"]:
        counts += [each[name] for name in ("over", "going_on", "day_not_known")]
    for each in (*told["responses"], *told["concordance"]):
        parts = list(each["counts"].values())
        counts += [*parts, each["of"]]
        held_back = [part for part in parts if part["at_least"] != part["at_most"]]
        if held_back and each["of"]["at_least"] == each["of"]["at_most"]:
            return True
    for node in told["concordance"]:
        for how in ("possible", "override"):
            reasons = [
                each["count"]
                for each in told["deviations"]
                if (each["state"], each["agreement"]) == (node["state"], how)
            ]
            if any(shown(each) == (1, 4) for each in reasons) and len(set(shown(node["counts"][how]))) == 1:
                return True
    return any(each["at_least"] == each["at_most"] and 0 < each["at_least"] < 5 for each in counts)


def test_no_small_count_is_told_nor_follows_from_another(side: Side, children: list[Child]) -> None:
    assert not leaks(cohort(side))
    for child in children[:3]:
        assert child.decide("supportive_care", reason={"text": "no code"}).outcome == "decided"
        assert not leaks(cohort(side))


@pytest.mark.usefixtures("children")
def test_a_small_count_that_is_told_is_found(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controls: counts told as they are, and totals told from the courses and not from what is shown."""

    def as_it_is(patients: Any) -> Count:
        return Count(len(patients), len(patients))

    with monkeypatch.context() as patched:
        patched.setattr(survey_cohort, "count_told", as_it_is)
        assert leaks(cohort(side))
    with monkeypatch.context() as patched:
        patched.setattr(survey_cohort, "_at_least", count_told)
        assert leaks(cohort(side))
    with monkeypatch.context() as patched:
        patched.setattr(survey_cohort, "together", lambda counts: Count(7, 7) if list(counts) else NONE)
        assert leaks(cohort(side))


# Who sees what, and what it costs


@pytest.mark.usefixtures("children")
def test_single_courses_and_narrowing_are_for_those_who_may_open_an_episode(side: Side) -> None:
    for role in (Role.CLINICIAN, Role.COORDINATOR, Role.AUDITOR):
        assert len(cohort(side, role)["courses"]) == 7
    owner = cohort(side, Role.PATHWAY_OWNER)
    assert owner["courses"] is None
    assert owner["in_all"] is None
    for_all = cohort(side) | {"courses": None, "in_all": None}
    assert owner == for_all
    refused: tuple[tuple[Role, dict[str, int]], ...] = (
        (Role.PATHWAY_OWNER, {"line": 1}),
        (Role.INTEGRATION, {}),
        (Role.OPERATOR, {}),
    )
    for role, narrowed in refused:
        with pytest.raises(Refusal) as found:
            cohort(side, role, **narrowed)
        assert found.value.outcome == "not_permitted"


def test_it_names_no_patient(side: Side, children: list[Child]) -> None:
    text = orjson.dumps(cohort(side)).decode()
    for child in children:
        assert side.summary(child.episode).pseudonym not in text
    assert "child-" not in text


def test_it_is_narrowed_by_opening_pattern_and_line(side: Side, children: list[Child]) -> None:
    del children
    side.clock.pass_days(20)
    evidence = {
        "kind": "progression_evidence_recorded",
        "confirmed": True,
        "setting": "relapse",
        "pattern": "local",
    }
    local = Child.opened(side, "another", evidence).episode
    opened = side.summary(local).opened_on
    assert len(cohort(side)["courses"]) == 8
    for narrowed in (
        {"pattern": "local"},
        {"opened_from": opened},
        {"pattern": "local", "opened_to": opened, "line": 1},
    ):
        assert [each["episode"] for each in cohort(side, **narrowed)["courses"]] == [local]
    assert len(cohort(side, opened_to=opened - timedelta(days=1))["courses"]) == 7
    assert cohort(side, line=2)["courses"] == []


def test_it_asks_two_questions_however_many_courses_there_are(
    side: Side, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    rows: Callable[..., Any] = Readers._rows

    def counting(self: Readers, *args: Any, **more: Any) -> Any:
        asked.append(None)
        return rows(self, *args, **more)

    monkeypatch.setattr(Readers, "_rows", counting)
    cohort(side)
    assert len(asked) == 2
    for number in range(4):
        Child.opened(side, f"one-more-{number}").decide("start_chemoimmunotherapy", detail=ANTIBODY)
    asked.clear()
    child.tell("gd2_measured", 12, status="negative")
    assert len(cohort(side)["courses"]) == 5
    assert len(asked) == 2


def test_of_more_than_it_takes_in_it_says_so_and_takes_the_last_opened(
    side: Side, children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    del children
    assert cohort(side)["more"] is False
    side.clock.pass_days(5)
    last = Child.opened(side, "last").episode
    monkeypatch.setattr(survey_cohort, "MOST", 1)
    told = cohort(side)
    assert told["more"] is True
    assert [each["episode"] for each in told["courses"]] == [last]


def test_another_site_has_a_cohort_of_its_own(side: Side, child: Child, database_url: str) -> None:
    del child
    other = Side(database_url, "south", side.clock)
    assert cohort(other)["courses"] == []
    other.stop()
