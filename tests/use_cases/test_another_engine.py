"""A summary made by another engine is folded again from the log when it is first touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.owner import owner_of
from tests.sides import Side
from tests.use_cases.journeys import ALL_CLEAR, Child

OLDER = "0" * 64


@pytest.fixture
def upgraded(child: Child) -> Child:
    """A child whose record an older engine wrote, with a snapshot and a digest that this engine would not make."""
    side = child.side
    current = side.installation
    side.installation = replace(current, engine=OLDER)
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR)
    with owner_of(side.url) as owner, owner.write.begin() as connection:
        connection.execute(text("UPDATE episode SET snapshot = '{}', facts_digest = 'of the older engine'"))
    side.installation = current
    return child


def assert_current(child: Child, side: Side) -> None:
    summary = side.summary(child.episode)
    assert summary.engine == side.installation.engine
    assert summary.snapshot != "{}"
    assert len(summary.facts_digest) == 64


@pytest.mark.shows("R-045")
def test_what_is_read_is_computed_anew_and_nothing_is_written_for_it(upgraded: Child) -> None:
    before = upgraded.side.summary(upgraded.episode)
    assert upgraded.next()["state"] == "decision_due"
    assert upgraded.stands()["cycles"]["completed"] == 2
    assert upgraded.side.summary(upgraded.episode) == before
    assert before.engine == OLDER


@pytest.mark.shows("R-045")
def test_the_next_fact_leaves_a_summary_of_this_engine(upgraded: Child) -> None:
    assert upgraded.tell("fitness_recorded", lansky=80).outcome == "recorded"
    assert_current(upgraded, upgraded.side)
    assert upgraded.stands()["facts"]["fitness"]["lansky"]["value"] == "80"
    assert upgraded.state == "decision_due"


def test_a_late_fact_does_too(upgraded: Child) -> None:
    assert upgraded.tell("gd2_measured", ago=30, status="partial").outcome == "recorded"
    assert_current(upgraded, upgraded.side)


def test_a_decision_can_be_taken_on_what_this_engine_recommends(upgraded: Child) -> None:
    assert upgraded.decide("start_maintenance").document["state"] == "maintenance.ready"
    assert_current(upgraded, upgraded.side)


@pytest.mark.shows("R-045")
def test_a_decision_on_what_the_older_engine_recommended_is_stale(child: Child) -> None:
    current = child.side.installation
    child.side.installation = replace(current, engine=OLDER)
    seen = child.next()["basis"]
    child.side.installation = current
    assert child.decide("start_chemoimmunotherapy", basis=seen).outcome == "stale_decision"
