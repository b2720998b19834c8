"""What cannot be so beside what is recorded is refused with a sentence, whoever sends it, and nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sides import Answer
from tests.use_cases.journeys import Child, entry_of


def entries(child: Child) -> int:
    return len(child.side.entries(child.episode))


def refused(answer: Answer, outcome: str, pointer: str) -> str:
    """The sentence at the pointer."""
    assert answer.outcome == outcome, answer.document
    (error,) = answer.document["errors"]
    assert error["pointer"] == pointer
    return str(error["detail"])


def suffers(child: Child, ago: int = 5, **told: Any) -> str:
    return entry_of(
        child.tell("toxicity_recorded", ago, **{"term": "pain", "agent": "dinutuximab_beta"} | told)
    )


@pytest.mark.shows("R-003")
def test_a_side_effect_does_not_come_down_to_more_than_it_ever_was(child: Child) -> None:
    entry, before = suffers(child, grade=2), entries(child) + 1
    worse = child.tell("toxicity_resolved", 4, entry=entry, to_grade=3)
    assert refused(worse, "message_conflict", "/to_grade") == (
        "A side effect comes down to a grade that is no higher than it was; if it is worse, record it again."
    )
    assert entries(child) == before - 1
    suffers(child, 3, grade=3)
    assert child.tell("toxicity_resolved", 2, entry=entry, to_grade=3).outcome == "recorded"


def test_a_side_effect_without_a_grade_may_come_down_to_any(child: Child) -> None:
    entry = suffers(child)
    assert child.tell("toxicity_resolved", 4, entry=entry, to_grade=3).outcome == "recorded"


@pytest.mark.shows("R-003")
def test_a_side_effect_does_not_come_down_before_it_began(child: Child) -> None:
    entry = suffers(child, 5, grade=3)
    early = child.tell("toxicity_resolved", 6, entry=entry, to_grade=1)
    assert refused(early, "impossible_date", "/occurred_on").startswith("The side effect was recorded for")
    assert child.tell("toxicity_resolved", 5, entry=entry, to_grade=1).outcome == "recorded"
    vague = child.tell("toxicity_resolved", 6, entry=entry, to_grade=1, occurred_precision="month")
    assert vague.outcome == "recorded"


def test_a_correction_cannot_say_it_either(child: Child) -> None:
    entry = suffers(child, 5, grade=3)
    down = entry_of(child.tell("toxicity_resolved", 4, entry=entry, to_grade=1))
    for ago, grade, outcome in ((4, 4, "message_conflict"), (6, 1, "impossible_date"), (3, 2, "recorded")):
        instead = child.told("toxicity_resolved", ago, entry=entry, to_grade=grade)
        assert child.tell("event_corrected", entry=down, replacement=instead).outcome == outcome


def test_once_the_entry_is_corrected_what_now_stands_there_counts(child: Child) -> None:
    entry = suffers(child, 5, grade=2)
    instead = child.told("toxicity_recorded", 7, term="pain", grade=4, agent="dinutuximab_beta")
    child.tell("event_corrected", entry=entry, replacement=instead)
    assert child.tell("toxicity_resolved", 6, entry=entry, to_grade=3).outcome == "recorded"


def test_what_names_an_entry_that_was_retracted_is_recorded_and_changes_nothing(child: Child) -> None:
    entry = suffers(child, 5, grade=2)
    child.tell("event_retracted", entry=entry, reason="recorded for another child")
    assert child.tell("toxicity_resolved", 6, entry=entry, to_grade=3).outcome == "recorded"


@pytest.mark.parametrize("step", ["referred", "infused", "response"])
def test_only_cytokine_release_and_icans_have_a_grade(child: Child, step: str) -> None:
    graded = child.tell("car_t_step_recorded", step=step, grade=2)
    assert refused(graded, "invalid_body", "/grade") == "Only CRS and ICANS have a grade."
    assert child.tell("car_t_step_recorded", step="icans", grade=2).outcome == "recorded"


def test_cells_are_infused_once_on_a_day(child: Child) -> None:
    first = child.tell("car_t_step_recorded", 3, step="infused")
    again = child.tell("car_t_step_recorded", 3, step="infused")
    assert refused(again, "message_conflict", "/step") == (
        "An infusion of cells is recorded for this day already."
    )
    assert again.document["entry"] == entry_of(first)
    both = child.send(*[child.told("car_t_step_recorded", 2, step="infused") for _ in range(2)])
    assert both.document["errors"][0]["pointer"] == "/events/1/step"


def test_cells_may_be_infused_again_on_another_day_and_the_day_of_an_infusion_be_corrected(
    child: Child,
) -> None:
    first = entry_of(child.tell("car_t_step_recorded", 9, step="infused"))
    again = child.tell("car_t_step_recorded", 2, step="infused")
    assert (again.outcome, again.document["unexpected"]) == ("recorded", True)
    instead = child.told("car_t_step_recorded", 8, step="infused")
    assert child.tell("event_corrected", entry=first, replacement=instead).outcome == "recorded"
    vague = child.tell("car_t_step_recorded", 2, step="infused", occurred_precision="month")
    assert vague.outcome == "recorded"


@pytest.mark.shows("R-003")
def test_a_decision_is_none_of_a_day_before_the_episode_was_opened(child: Child) -> None:
    early, opened = child.decide("start_chemoimmunotherapy", ago=11), child.day(10)
    assert refused(early, "impossible_date", "/decided_on") == (
        f"The episode was opened on {opened.day} {opened:%b %Y}: a decision about it is none of an earlier day."
    )
    assert child.state == "progression_confirmed"


@pytest.mark.parametrize(
    ("precision", "outcome"),
    [("month", "decided"), ("year", "decided"), ("day", "impossible_date"), ("order", "impossible_date")],
)
def test_a_decision_known_to_the_month_or_the_year_may_begin_before_the_opening(
    child: Child, precision: str, outcome: str
) -> None:
    on = child.day(10).replace(day=1)
    assert on < child.day(10)
    if precision == "year":
        on = on.replace(month=1)
    asked: dict[str, Any] = {"decided_on": on.isoformat(), "decided_precision": precision}
    assert child.decide("hold", **asked).outcome == outcome
    asked["decided_on"] = on.replace(year=on.year - 1).isoformat()
    assert child.decide("hold", **asked).outcome == "impossible_date"
