"""An episode looked at as a whole: every part is what its own read gives, and no part knows more than another."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pathway.use_cases.aftermath import MOST_IMPACTS
from pathway.use_cases.read_episode import read_episode
from pathway.use_cases.read_history import read_history
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.survey_episode import survey_episode
from tests.sides import Side
from tests.use_cases.journeys import Child, entry_of


def survey(child: Child, recorded: str | None = None, **asked: Any) -> dict[str, Any]:
    at = {"known_at": None, "as_of": None} | asked
    told: dict[str, Any] = orjson.loads(
        survey_episode(
            child.side.installation, child.side.caller(), child.episode, at["known_at"], at["as_of"], recorded
        )
    )
    return told


def test_it_says_what_the_reads_say(child: Child) -> None:
    child.treated()
    told = survey(child)
    assert told["episode"] == child.stands()
    assert {"episode": child.episode, **told["next_step"]} == child.next()
    rows = read_history(
        child.side.installation, child.side.caller(), child.episode, None, None, None, None, 200
    ).rows
    assert sorted(each["sequence"] for each in told["history"]) == [each["sequence"] for each in rows]


def test_it_is_told_as_known_then_and_for_a_day_as_the_reads_tell_it(child: Child) -> None:
    then = child.side.clock.now
    child.side.clock.pass_days(3)
    child.tell("gd2_measured", status="negative")
    for asked in ({"known_at": then}, {"as_of": child.day(-40)}, {"known_at": then, "as_of": child.day(2)}):
        told = survey(child, **asked)
        assert told["episode"] == child.side.read(read_episode, child.episode, **asked)
        assert {"episode": child.episode, **told["next_step"]} == child.next(**asked)


def test_the_course_has_each_state_with_what_brought_it_about(child: Child) -> None:
    child.treated()
    been = survey(child)["course"]["been"]
    assert [each["state"] for each in been] == [
        "progression_suspected",
        "progression_confirmed",
        "chemoimmunotherapy.ready",
        "chemoimmunotherapy.cycle_running",
        "chemoimmunotherapy.ready",
        "chemoimmunotherapy.cycle_running",
        "assessment_due",
    ]
    assert [each["decided"] for each in been] == [False, False, True, False, False, False, False]


def test_what_can_be_chosen_leads_where_choosing_it_leads(child: Child) -> None:
    ahead = {each["option"]: each["state"] for each in survey(child)["course"]["ahead"]}
    assert ahead["start_chemoimmunotherapy"] == "chemoimmunotherapy.ready"
    assert "hold" not in ahead
    child.decide("start_chemoimmunotherapy", detail={"agents": ["dinutuximab_beta"]})
    assert child.state == ahead["start_chemoimmunotherapy"]


def test_of_the_last_late_entries_it_is_told_what_they_changed_and_of_the_one_just_recorded(
    child: Child,
) -> None:
    assert list(survey(child)["impacts"]) == []
    child.tell("fitness_recorded", lansky=80)
    late = [entry_of(child.tell("gd2_measured", 5, status="negative", percent=str(n))) for n in range(7)]
    told = survey(child, late[0])
    assert set(told["impacts"]) == {late[0], *late[-MOST_IMPACTS:]}
    assert told["impacts"][late[0]]["recommendations"]
    assert [each["entry"] for each in told["history"] if each["late"]] == late[::-1]


def test_another_site_sees_nothing(side: Side, child: Child, database_url: str) -> None:
    other = Side(database_url, "south", side.clock)
    with pytest.raises(Refusal) as refused:
        survey_episode(other.installation, other.caller(), child.episode, None, None)
    other.stop()
    assert refused.value.outcome == "unknown_episode"
