"""What is known of an episode: facts of every kind, and the snapshot that keeps them."""

from __future__ import annotations

import json

import pytest

from pathway.episodes.assessments import with_response
from pathway.episodes.episode import Episode
from pathway.episodes.events import read_event
from pathway.episodes.facts import Stop
from tests.story import Story, assessed_after_two_cycles, day, first_line


def test_the_order_in_which_values_were_sent_leaves_no_trace() -> None:
    values = {"spo2_percent": "98", "lansky": 90, "hb_g_dl": "9.1", "anc_per_ul": "1200", "pain_grade": 0}
    told = {"kind": "fitness_recorded", "occurred_on": "2026-01-02"}
    stories = (Story.opened(), Story.opened())
    for story, sent in zip(stories, (values, dict(reversed(values.items()))), strict=True):
        story.record(read_event(json.dumps(told | sent)))
    one, other = (story.episode.to_json() for story in stories)
    assert one == other


def eventful() -> Story:
    """An episode with something of everything."""
    story = first_line()
    story.told(
        "prior_therapy_recorded",
        0,
        line=1,
        regimen="HR-NBL1",
        months_to_progression="7.5",
        agents=["Qarziba"],
    )
    story.told("gd2_measured", 1, status="positive", specimen="tumour")
    story.told("gd2_measured", 1, status="partial", specimen="marrow", percent="40.0", density="1200")
    story.told("biomarker_recorded", 1, marker="ALK", value="F1174L")
    story.told("biomarker_recorded", 1, marker="NK cells", value="180", unit="/ul")
    story.told("fitness_recorded", 9, hb_g_dl="8.1", alt_x_uln={"value": "90", "limit": "40", "unit": "U/l"})
    story.told("toxicity_recorded", 1, term="Transverse Myelitis", detail="Resolving.")
    story.told("intent_recorded", 1, intent="treatment")
    story.decided("hold", 1, "possible", agents=["Qarziba"], hold_until="2026-01-09")
    story.cycle(1, 2)
    story.told("local_control_completed", 8, modality="radiotherapy", dose_gy="21")
    story.told("car_t_step_recorded", 9, step="referred")
    story.told("follow_up_recorded", 10, findings="stable_disease")
    story.told(
        "decision_made",
        11,
        option="continue_chemoimmunotherapy",
        basis="0" * 64,
        offered_as="blocked",
        reason={"text": "The family wishes it."},
        awaits_second_signature=True,
    )
    story.told(
        "assessment_recorded",
        12,
        components={"primary": {"rating": "PR", "longest_diameter_mm": {"now": "20", "baseline": "40"}}},
    )
    return story


def test_a_snapshot_keeps_everything() -> None:
    episode = eventful().episode
    assert Episode.from_json(episode.to_json()) == episode
    for story in (Story.opened(), assessed_after_two_cycles("SD")):
        assert Episode.from_json(story.episode.to_json()) == story.episode


def test_a_snapshot_is_the_same_text_for_the_same_episode() -> None:
    assert eventful().episode.to_json() == eventful().episode.to_json()


@pytest.mark.shows("R-005")
def test_facts_are_kept_as_they_were_told() -> None:
    episode = eventful().episode
    assert {name: noted.value for name, noted in episode.biomarkers.items()} == {
        "alk": "F1174L",
        "nk_cells": "180 /ul",
    }
    assert episode.gd2 is not None
    assert episode.gd2_elsewhere is not None
    assert (episode.gd2.specimen, str(episode.gd2.percent)) == ("marrow", "40.0")
    assert (episode.gd2_elsewhere.value, episode.gd2_elsewhere.specimen) == ("positive", "tumour")
    assert episode.fitness["alt_x_uln"].value == "2.25"
    assert episode.fitness["hb_g_dl"].value == "8.1"
    (therapy,) = episode.prior_therapies.values()
    assert therapy.line == "1"
    assert str(therapy.months_to_progression) == "7.5"
    assert json.loads(next(iter(episode.pending.values())).body)["option"] == "continue_chemoimmunotherapy"
    assert episode.follow_up is not None
    assert (episode.follow_up.value, episode.follow_up.at.on) == ("stable_disease", day(10))


def test_the_next_evidence_adds_to_what_was_said_of_the_progression() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 1, confirmed=False, pattern="local", setting="relapse")
    story.told("progression_evidence_recorded", 2, confirmed=True)
    progression = story.episode.progression
    assert progression is not None
    assert (progression.confirmed, progression.pattern, progression.setting) == (True, "local", "relapse")


def test_what_was_said_of_one_progression_is_not_said_of_the_next() -> None:
    story = Story.opened().planned(pattern="cns", setting="relapse").treated()
    story.told("progression_evidence_recorded", 50, confirmed=True)
    progression = story.episode.progression
    assert progression is not None
    assert (progression.pattern, progression.setting) == (None, None)


def test_an_agent_is_kept_in_one_spelling_and_unknown_agents_leave_the_plan_as_it_was() -> None:
    story = first_line(agents=["Qarziba", "Temozolomide"])
    story.told("cycle_started", 2, cycle=1, agents="unknown")
    assert story.episode.agents == ("dinutuximab_beta", "temozolomide")
    story.told("cycle_completed", 7, cycle=1)
    story.told("cycle_started", 23, cycle=2, agents=["topotecan"], regimen="something local")
    assert list(story.episode.agents) == ["topotecan"]
    assert story.episode.regimen == "something local"


def test_a_decision_without_a_plan_leaves_the_agents_unknown() -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1)
    assert story.episode.agents == ()
    assert story.finding("antibody", 1) == "unknown"
    story.decided("change_line", 2, "possible", regimen="topotecan_cyclophosphamide")
    assert story.finding("antibody", 2) == "no"


def test_a_stop_concerns_its_agent_and_an_unnamed_antibody_concerns_every_antibody() -> None:
    at = Story.opened().episode.opened
    assert Stop("naxitamab", "Said.", at).concerns(["irinotecan", "naxitamab"])
    assert not Stop("naxitamab", "Said.", at).concerns(["dinutuximab_beta"])
    assert Stop("anti_gd2", "Said.", at).concerns(["dinutuximab_beta"])
    assert not Stop("anti_gd2", "Said.", at).concerns(["irinotecan"])


def test_without_an_assessment_there_is_no_response_to_note() -> None:
    episode = Story.opened().episode
    assert with_response(episode, episode.opened) is episode


def test_a_value_that_was_sent_empty_is_none() -> None:
    story = Story.opened()
    story.told("fitness_recorded", 1, lansky=80, hb_g_dl=None)
    assert set(story.episode.fitness) == {"lansky"}


def test_resolving_a_side_effect_leaves_the_others_alone() -> None:
    story = first_line()
    one = story.told("toxicity_recorded", 2, term="pain", grade=3)
    story.told("toxicity_recorded", 2, term="hypotension", grade=3)
    story.told("toxicity_resolved", 3, entry=one, to_grade=1)
    assert {term: (each.grade, each.ongoing) for term, each in story.episode.toxicities.items()} == {
        "pain": (1, False),
        "hypotension": (3, True),
    }


def test_an_assessment_may_say_only_what_disease_is_left() -> None:
    story = first_line()
    story.told("assessment_recorded", 2, residual={"sites": 1})
    assert story.finding("local_disease", 2) == "unknown"
    story.told("assessment_recorded", 3, residual={"local_control_feasible": False})
    assert story.finding("local_disease", 3) == "no"
