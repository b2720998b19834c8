"""What people may decide, on what, and with how many signatures."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.use_cases.countersign import countersign
from pathway.use_cases.decide import decide
from pathway.use_cases.open_episode import open_episode
from pathway.use_cases.record_events import record_events
from tests.sides import PATHWAY
from tests.use_cases.journeys import ALL_CLEAR, BASELINE, FOR_A_REASON, Child, entry_of


@pytest.mark.shows("R-012", "C-10", "T-16")
def test_a_decision_on_facts_that_have_changed_is_refused_with_the_new_recommendation(child: Child) -> None:
    seen = child.next()["basis"]
    child.tell("gd2_measured", status="negative")
    refused = child.decide("start_chemoimmunotherapy", basis=seen)
    assert refused.outcome == "stale_decision"
    recommendation = refused.document["recommendation"]
    assert {"episode": child.episode, **recommendation} == child.next()
    assert child.decide("change_line", basis=recommendation["basis"]).outcome == "decided"


@pytest.mark.shows("R-012")
def test_a_note_makes_no_decision_stale(child: Child) -> None:
    seen = child.next()["basis"]
    child.tell("note_added", text="the family asks for Thursday")
    assert child.decide("start_chemoimmunotherapy", basis=seen).outcome == "decided"


@pytest.mark.shows("R-012")
def test_a_recommendation_grows_stale_when_a_fact_it_rests_on_runs_out(child: Child) -> None:
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR)
    seen = child.next()["basis"]
    child.side.clock.pass_days(15)
    assert child.decide("continue_chemoimmunotherapy", basis=seen).outcome == "stale_decision"


@pytest.mark.shows("R-013")
def test_another_option_than_the_recommended_one_needs_a_reason(child: Child) -> None:
    assert child.next()["recommended"] == "start_chemoimmunotherapy"
    for reason, outcome in ((None, "reason_required"), (FOR_A_REASON, "decided")):
        answer = child.decide("refer", reason=reason)
        assert answer.outcome == outcome


@pytest.mark.shows("R-013")
def test_a_decision_of_an_earlier_day_rests_on_no_fact_of_a_later_one_without_a_code(child: Child) -> None:
    unfit = [each for each in BASELINE if each["kind"] != "fitness_recorded"]
    child = Child.opened(child.side, "mrn-unfit", *unfit)
    child.tell("fitness_recorded", 0, lansky=90, uncontrolled_infection=False)
    assert child.next()["recommended"] == "start_chemoimmunotherapy"
    basis = child.next(as_of=child.day(3))["basis"]
    refused = child.decide(
        "start_chemoimmunotherapy", ago=3, basis=basis, reason={"text": "so the board chose"}
    )
    assert refused.outcome == "reason_required"
    assert "dated up to that day" in str(refused.document)
    assert child.decide("start_chemoimmunotherapy", ago=3, basis=basis).outcome == "decided"


@pytest.mark.shows("R-013")
def test_a_blocked_option_needs_a_reason_with_a_code(child: Child) -> None:
    assert child.option("start_maintenance") == "blocked"
    assert child.decide("start_maintenance", reason={"text": "we want it"}).outcome == "reason_required"
    override = child.decide("start_maintenance")
    assert (override.outcome, override.document["offered_as"]) == ("decided", "blocked")


@pytest.mark.parametrize(
    ("option", "detail", "pointer"),
    [
        ("close", {}, "/detail/closure"),
        ("stop_agent", {}, "/detail/agents"),
        ("other", {}, "/detail/text"),
        ("refer", {"rests_in": "follow_up"}, "/detail/rests_in"),
    ],
)
def test_a_decision_says_what_its_option_asks_for_and_nothing_that_contradicts_it(
    child: Child, option: str, detail: dict[str, Any], pointer: str
) -> None:
    refused = child.decide(option, detail=detail)
    assert refused.outcome == "invalid_body"
    assert [each["pointer"] for each in refused.document["errors"]] == [pointer]
    assert child.decide("surgery").outcome == "not_an_option"


@pytest.mark.shows("R-007")
def test_a_closed_episode_takes_facts_and_no_decision_but_to_reopen_it(child: Child) -> None:
    child.tell("episode_closed", reason="death")
    assert child.state == "closed"
    assert child.decide("start_chemoimmunotherapy").outcome == "episode_closed"
    assert child.tell("gd2_measured", status="negative").outcome == "recorded"
    reopened = child.decide("reopen")
    assert (reopened.outcome, reopened.document["state"]) == ("decided", "progression_suspected")


@pytest.mark.shows("R-007")
def test_a_closed_episode_is_not_opened_again_beside_another_of_the_same_child(child: Child) -> None:
    closure = entry_of(child.tell("episode_closed", reason="death"))
    other = Child.opened(child.side)
    told = child.told("event_retracted", entry=closure, reason="the child lives")
    for answer in (child.decide("reopen"), child.send(told)):
        assert (answer.outcome, answer.document["episode"]) == ("episode_exists", other.episode)
        assert answer.location == f"/v1/episodes/{other.episode}"
    assert child.state == "closed"
    other.decide("close", detail={"closure": "opened_in_error"})
    assert child.send(told).document["state"] == "progression_confirmed"


# The override of a hard stop


def stopped(child: Child, **more: Any) -> None:
    """Anaphylaxis ends the antibody for good."""
    child.treated()
    child.tell("toxicity_recorded", term="anaphylaxis", grade=3, ongoing=False, **more)
    child.tell("assessment_recorded", components=ALL_CLEAR)


WITH_ANTIBODY = {"agents": ["dinutuximab_beta"]}


@pytest.mark.shows("R-014")
@pytest.mark.parametrize("named", [{"agent": "dinutuximab_beta"}, {"agent": "anti_gd2"}])
@pytest.mark.parametrize(
    ("option", "detail"),
    [
        ("continue_chemoimmunotherapy", WITH_ANTIBODY),
        ("start_maintenance", WITH_ANTIBODY),
        ("change_line", WITH_ANTIBODY),
        ("change_line", {"agents": ["Dinutuximab-β"]}),
        ("change_line", {"agents": ["an anti-GD2 antibody", "temozolomide"]}),
        ("change_line", {"regimen": "dinutuximab beta and nivolumab", "agents": ["nivolumab"]}),
        (
            "continue_chemoimmunotherapy",
            {"regimen": "dinutuximab_beta_temozolomide", "agents": ["temozolomide"]},
        ),
        ("other", {"text": "rechallenge under supervision", **WITH_ANTIBODY}),
    ],
)
def test_an_antibody_that_was_stopped_for_good_is_given_again_only_with_two_signatures(
    child: Child, named: dict[str, str], option: str, detail: dict[str, Any]
) -> None:
    stopped(child, **named)
    first = child.decide(option, detail=detail)
    assert (first.outcome, first.document["moved"]) == ("awaiting_second_signature", False)
    assert child.state == "decision_due"
    second = child.sign(first.document["entry"], "dr-brandt")
    assert (second.outcome, second.document["moved"]) == ("countersigned", option != "other")
    assert child.stands()["awaiting_second_signature"] == []


@pytest.mark.shows("C-12")
def test_after_a_stop_nothing_is_started_that_nobody_has_named(child: Child) -> None:
    stopped(child)
    for detail in ({}, {"regimen": "as agreed in the ward round"}):
        refused = child.decide("change_line", detail=detail)
        assert (refused.outcome, refused.document["errors"][0]["pointer"]) == (
            "invalid_body",
            "/detail/agents",
        )
    assert child.decide("change_line", detail={"agents": ["topotecan"]}).outcome == "decided"


def test_the_agent_that_was_stopped_may_be_named_to_stop_or_hold_it(child: Child) -> None:
    stopped(child)
    for option in ("stop_agent", "hold"):
        assert child.decide(option, detail=WITH_ANTIBODY).outcome == "decided"


def test_chemotherapy_alone_needs_one_signature(child: Child) -> None:
    stopped(child)
    alone = child.decide("continue_chemoimmunotherapy", detail={"agents": ["irinotecan", "temozolomide"]})
    assert (alone.outcome, alone.document["state"]) == ("decided", "chemoimmunotherapy.ready")


@pytest.mark.shows("R-014", "C-11", "T-15")
def test_the_same_clinician_cannot_sign_twice(child: Child) -> None:
    stopped(child)
    entry = child.decide("change_line", detail=WITH_ANTIBODY).document["entry"]
    before = child.side.summary(child.episode)
    assert child.sign(entry, "dr-adeyemi").outcome == "not_permitted"
    assert child.side.summary(child.episode) == before
    assert child.sign(entry, "dr-brandt").outcome == "countersigned"
    assert child.sign(entry, "dr-brandt").outcome == "unknown_entry"


@pytest.mark.shows("C-10")
def test_a_second_signature_after_a_new_fact_is_refused_and_after_a_note_is_not(child: Child) -> None:
    stopped(child)
    entry = child.decide("change_line", detail=WITH_ANTIBODY).document["entry"]
    child.tell("gd2_measured", status="negative")
    refused = child.sign(entry, "dr-brandt")
    assert refused.outcome == "stale_decision"
    assert refused.document["recommendation"]["basis"] == child.next()["basis"]
    entry = child.decide("change_line", detail=WITH_ANTIBODY).document["entry"]
    child.tell("note_added", text="the family agrees")
    assert child.sign(entry, "dr-brandt").outcome == "countersigned"


@pytest.mark.shows("C-11")
def test_a_second_signature_comes_too_late_when_what_it_rests_on_has_run_out(child: Child) -> None:
    stopped(child)
    entry = child.decide("change_line", detail=WITH_ANTIBODY).document["entry"]
    child.side.clock.pass_days(15)  # the performance status counts for fourteen days
    assert child.sign(entry, "dr-brandt").outcome == "stale_decision"
    assert child.state == "decision_due"


def test_an_override_dated_tomorrow_takes_effect_when_it_is_signed_today(child: Child) -> None:
    stopped(child)
    child.side.clock.pass_days(0.25)  # an afternoon at the site, when it is tomorrow already elsewhere
    entry = child.decide("change_line", ago=-1, detail=WITH_ANTIBODY).document["entry"]
    assert child.sign(entry, "dr-brandt").document["state"] == "chemoimmunotherapy.ready"
    assert child.stands()["awaiting_second_signature"] == []


def test_a_cycle_with_an_agent_that_was_stopped_asks_for_a_review_unless_two_clinicians_allowed_it(
    child: Child,
) -> None:
    stopped(child)
    child.decide("continue_chemoimmunotherapy", detail={"agents": ["irinotecan", "temozolomide"]})
    child.ready_for_cycle()
    child.tell("cycle_started", agents=["irinotecan", "temozolomide"])
    assert child.stands()["reviews"] == []
    child.tell("cycle_completed", delivered="chemotherapy_only")
    child.tell("cycle_started", agents=["dinutuximab_beta", "irinotecan", "temozolomide"])
    (review,) = child.stands()["reviews"]
    assert review["kind"] == "stopped_agent_given"


def test_an_override_that_two_clinicians_signed_is_no_surprise(child: Child) -> None:
    stopped(child)
    entry = child.decide("continue_chemoimmunotherapy", detail=WITH_ANTIBODY).document["entry"]
    child.sign(entry, "dr-brandt")
    child.ready_for_cycle()
    child.tell("cycle_started", agents=["dinutuximab_beta", "irinotecan", "temozolomide"])
    assert child.stands()["reviews"] == []


# Who may say what


RECORDS_FACTS = frozenset({"episodes.read", "events.write"})


def test_who_may_not_decide_may_neither_state_a_response_nor_take_a_decision_back(child: Child) -> None:
    entry = child.decide("bridge_to_car_t").document["entry"]
    before = child.side.summary(child.episode)
    statement = child.told("response_confirmed", response="CR", reason="seen")
    retraction = child.told("event_retracted", entry=entry, reason="not carried out")
    opening = {
        "pathway": PATHWAY,
        "patient": {"system": "urn:mrn", "value": "mrn-0815"},
        "opened_on": child.day().isoformat(),
        "baseline": [statement],
    }
    for use_case, where, body in (
        (record_events, [child.episode], statement),
        (record_events, [child.episode], retraction),
        (open_episode, [], opening),
    ):
        answer = child.side.ask(use_case, *where, body=body, scopes=RECORDS_FACTS)
        assert answer.outcome == "not_permitted"
    assert child.side.summary(child.episode) == before


COORDINATES = RECORDS_FACTS | {"decisions.write"}


@pytest.mark.shows("R-014", "T-15")
def test_only_clinicians_sign_what_a_hard_stop_forbids(child: Child) -> None:
    stopped(child)
    body = {
        "option": "change_line",
        "detail": WITH_ANTIBODY,
        "basis": child.next()["basis"],
        "reason": FOR_A_REASON,
    }
    refused = child.side.ask(decide, child.episode, body=body, scopes=COORDINATES)
    assert refused.outcome == "not_permitted"
    entry = child.decide("change_line", detail=WITH_ANTIBODY).document["entry"]
    answer = child.side.ask(countersign, child.episode, entry, body={"reason": "agreed"}, scopes=COORDINATES)
    assert answer.outcome == "not_permitted"
    assert child.state == "decision_due"


@pytest.mark.shows("T-17")
def test_what_stopped_an_agent_for_good_is_taken_back_only_by_who_may_sign_overrides(child: Child) -> None:
    child.treated()
    entry = entry_of(child.tell("toxicity_recorded", term="anaphylaxis", grade=3, ongoing=False))
    milder = child.told("toxicity_recorded", term="anaphylaxis", grade=1, ongoing=False)
    for event in (
        child.told("event_retracted", entry=entry, reason="another child's"),
        child.told("event_corrected", entry=entry, replacement=milder),
    ):
        refused = child.side.ask(record_events, child.episode, body=event, scopes=COORDINATES)
        assert refused.outcome == "not_permitted"
    assert child.stands()["stops"]
    assert (
        child.send(child.told("event_retracted", entry=entry, reason="another child's")).outcome == "recorded"
    )
    assert child.stands()["stops"] == []
