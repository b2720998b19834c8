"""What is told, and asked, before a line is chosen: the work-up, what failed before, labels, age, kind of disease."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, first_line


def told(story: Story, prompt: str, on: int) -> list[dict[str, Any]]:
    return [each for each in story.next(on).document("")["prompts"] if each["prompt"] == prompt]


def details(story: Story, prompt: str, on: int) -> list[str]:
    return [each.get("detail", "") for each in told(story, prompt, on)]


def row(story: Story, on: int) -> str:
    (found,) = story.next(on).outcome.rows
    return found.number


# The work-up


def test_each_examination_of_the_work_up_that_was_not_recorded_is_named() -> None:
    story = Story.opened()
    assert len(details(story, "work_up_not_recorded", 1)) == 4
    story.told(
        "progression_evidence_recorded",
        1,
        confirmed=False,
        evidence=[{"modality": "ct_mri", "finding": "mass"}],
    )
    story.told(
        "progression_evidence_recorded",
        2,
        confirmed=True,
        evidence=[{"modality": "marrow", "finding": "clear"}],
    )
    story.told("cns_status_recorded", 2, status="no_suspicion")
    (missing,) = told(story, "work_up_not_recorded", 3)
    assert missing["detail"].startswith("MIBG, or FDG-PET")
    assert missing["because"]["source"] == "Kushner 2009"


def test_an_fdg_pet_stands_for_mibg_only_where_the_disease_takes_up_none() -> None:
    story = Story.opened()
    evidence = [{"modality": each, "finding": "seen"} for each in ("ct_mri", "marrow", "fdg_pet")]
    story.told("progression_evidence_recorded", 1, confirmed=True, evidence=evidence)
    story.told("cns_status_recorded", 1, status="no_suspicion")
    (missing,) = details(story, "work_up_not_recorded", 1)
    assert missing.startswith("MIBG; an FDG-PET")
    story.told(
        "progression_evidence_recorded", 2, confirmed=True, evidence=[{"modality": "mibg", "finding": "avid"}]
    )
    assert details(story, "work_up_not_recorded", 2) == []


def test_suspected_local_disease_is_judged_for_local_control_in_its_work_up() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 1, confirmed=False, pattern="local")
    assert row(story, 1) == "F1"
    assert "local_disease" in {each.name for each in story.next(1).outcome.obtain}
    other = Story.opened()
    other.told("progression_evidence_recorded", 1, confirmed=False, pattern="metastatic")
    assert row(other, 1) == "F"


# Kind of disease and age


@pytest.mark.parametrize(
    ("setting", "gd2", "expected"),
    [
        ("refractory", "positive", "L1"),
        ("refractory", "indeterminate", "K1"),
        ("relapse", "positive", "L"),
        ("progression", "indeterminate", "K"),
        (None, "positive", "L"),
    ],
)
def test_the_plan_speaks_of_the_disease_as_it_is(setting: str | None, gd2: str, expected: str) -> None:
    evidence: dict[str, Any] = {"setting": setting} if setting else {}
    story = Story.opened().planned(**evidence)
    story.told("gd2_measured", 0, status=gd2)
    assert row(story, 1) == expected
    watched = story.status("follow_up", 1)
    assert watched == ("possible" if setting == "refractory" else "blocked")
    assert ("setting" in {each.name for each in story.next(1).outcome.obtain}) == (setting is None)


@pytest.mark.parametrize(
    ("months", "expected"), [(0, "E1"), (11, "E1"), (12, "L"), (263, "L"), (264, "E2"), (None, "L")]
)
def test_an_infant_and_an_adult_are_for_the_tumour_board(months: int | None, expected: str) -> None:
    age: dict[str, Any] = {} if months is None else {"age_months": months}
    story = Story.opened(**age).planned(setting="relapse")
    assert row(story, 1) == expected


def test_an_infant_grows_older_while_the_episode_lasts() -> None:
    story = Story.opened(age_months=11)
    assert story.finding("age", 30) == "infant"
    assert story.finding("age", 31) == "child"


def test_a_child_in_poor_condition_is_offered_supportive_care_first_and_nothing_heavy_without_a_reason() -> (
    None
):
    story = Story.opened().planned(setting="relapse")
    story.told("fitness_recorded", 1, lansky=40)
    (found,) = story.next(1).outcome.rows
    assert (found.number, found.offers[0].option) == ("G", "supportive_care")
    asks = {offer.option for offer in found.offers if offer.needs_reason}
    assert asks == {"change_line", "start_chemoimmunotherapy"}


# What failed before


@pytest.mark.shows("R-065")
@pytest.mark.parametrize(
    ("therapy", "expected"),
    [
        ({"agents": ["temozolomide"], "progressed_during": True}, ["B2"]),
        ({"agents": ["temozolomide"], "months_to_progression": "6"}, ["B2"]),
        ({"agents": ["temozolomide"], "months_to_progression": "7"}, ["B4"]),
        ({"regimen": "topotecan_cyclophosphamide", "months_to_progression": "2"}, ["B3"]),
        ({"agents": ["temozolomide"]}, ["B2", "B4"]),
        ({"regimen": "first line"}, ["B1", "B2", "B3", "B4"]),
    ],
)
def test_the_backbone_follows_what_failed_before_the_episode(
    therapy: dict[str, Any], expected: list[str]
) -> None:
    story = Story.opened().planned()
    story.told("prior_therapy_recorded", 0, line=2, **therapy)
    found = details(story, "backbone", 1)
    assert [rule for each in found for rule in ("B1", "B2", "B3", "B4") if rule in each] == expected
    assert any("not settled" in each for each in found) == (len(expected) > 1)


def test_without_a_record_of_earlier_treatment_the_suggestion_says_so() -> None:
    found = details(Story.opened().planned(), "backbone", 1)
    assert found[0].startswith("no earlier treatment was recorded")
    assert found[1].startswith("B4")


def test_what_failed_before_is_carried_to_the_decision_after_progression() -> None:
    story = assessed_after_two_cycles("PD")
    story.told("prior_therapy_recorded", 0, line="unknown", regimen="RIST", progressed_during=True)
    assert details(story, "backbone", 44)[-1].startswith("not settled")
    first, second = details(story, "prior_resistance", 44)
    assert (
        first
        == "line of unknown number before this episode (RIST): agents not known; progression on it or within 6 months"
    )
    assert second.startswith("line 1: dinutuximab beta, irinotecan, temozolomide; progression on it")
    assert details(story, "antibody_after_progression", 44) == ["dinutuximab beta"]


def test_nothing_is_said_of_failures_while_the_disease_does_not_progress() -> None:
    story = assessed_after_two_cycles("SD")
    for prompt in ("prior_resistance", "backbone", "antibody_after_progression"):
        assert told(story, prompt, 44) == []


def test_an_outcome_that_nobody_told_is_shown_as_not_known() -> None:
    story = Story.opened().planned()
    story.told("prior_therapy_recorded", 0, line=1, agents=["cisplatin"])
    (found,) = details(story, "prior_resistance", 1)
    assert found.endswith("whether the disease progressed on it is not known")


@pytest.mark.parametrize(("relapse", "resistant"), [(28 + 183, True), (28 + 184, False)])
def test_a_relapse_within_six_months_of_a_line_counts_as_its_failure(
    relapse: int, *, resistant: bool
) -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("follow_up", 45, "possible")
    story.told("progression_evidence_recorded", relapse, confirmed=True)
    assert story.episode.state == "progression_confirmed"
    assert (details(story, "prior_resistance", relapse) != []) == resistant
    story.decided("start_chemoimmunotherapy", relapse + 1, regimen="naxitamab_irinotecan_temozolomide")
    assert [line.resistant for line in story.episode.earlier_lines] == [resistant]


def test_whether_a_line_failed_is_not_known_while_its_cycles_or_days_are_not() -> None:
    for given, told_as in ((False, "day"), (True, "month")):
        story = after_two_cycles() if given else first_line()
        story.decided("follow_up", 50, "blocked")
        story.told("progression_evidence_recorded", 100, confirmed=True, occurred_precision=told_as)
        story.decided("start_chemoimmunotherapy", 120, "blocked")
        assert [line.resistant for line in story.episode.earlier_lines] == [None]


def test_a_line_that_held_the_disease_did_not_fail() -> None:
    story = assessed_after_two_cycles("SD")
    story.decided("change_line", 45, "possible", agents=["topotecan"])
    assert [line.resistant for line in story.episode.earlier_lines] == [False]
    assert details(story, "prior_resistance", 45) == []


# Labels


def test_before_a_choice_during_progression_each_label_is_told() -> None:
    story = Story.opened().planned(setting="relapse", pattern="metastatic")
    sources = [each["because"]["source"] for each in told(story, "off_label_active_progression", 1)]
    assert len(sources) == 4
    assert {"Qarziba label (EMA)", "Qarziba label (Swiss)", "Danyelza label"} < set(sources)
    assert told(story, "off_label_naxitamab_disease", 1) == []
    assert told(story, "earlier_anti_gd2", 1) == []


def test_refractory_disease_is_not_active_progression() -> None:
    story = Story.opened().planned(setting="refractory", pattern="local")
    assert told(story, "off_label_active_progression", 1) == []
    assert len(told(story, "off_label_naxitamab_disease", 1)) == 1


@pytest.mark.parametrize(("primary", "naxitamab"), [("SD", 0), ("CR", 1)])
def test_a_response_ends_the_progression_that_labels_exclude(primary: str, naxitamab: int) -> None:
    story = assessed_after_two_cycles(primary)
    assert told(story, "off_label_active_progression", 44) == []
    assert len(told(story, "off_label_naxitamab_disease", 44)) == naxitamab


def test_an_infant_is_below_the_label_of_dinutuximab_beta() -> None:
    story = Story.opened(age_months=6).planned()
    assert len(told(story, "off_label_age", 1)) == 1


def test_an_earlier_antibody_is_told_with_what_it_may_mean() -> None:
    story = Story.opened().planned()
    story.told("prior_therapy_recorded", 0, line=1, regimen="first line with Qarziba")
    first, second = told(story, "earlier_anti_gd2", 1)
    assert (first["because"]["source"], second["because"]["source"]) == ("NHS England DIN1", "Mody 2017")
