"""What people decide, how it is held against what is known, and what waits for them."""

from __future__ import annotations

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, first_line


def contested(story: Story) -> bool:
    """Whether the last entry in force is a decision that would not have been offered."""
    return story.steps[-1].contested


def reviews(story: Story) -> list[str]:
    return [review.kind for review in story.episode.reviews.values()]


@pytest.mark.shows("R-011")
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("cycle_started", {"cycle": 1}),
        ("local_control_completed", {"modality": "surgery"}),
        ("car_t_step_recorded", {"step": "lymphodepletion"}),
    ],
)
def test_treatment_without_a_decision_is_recorded_moves_nothing_and_asks_for_the_decision(
    kind: str, told: dict[str, object]
) -> None:
    story = Story.opened().planned()
    entry = story.told(kind, 1, **told)
    assert (story.episode.state, story.steps[-1].unexpected) == ("progression_confirmed", True)
    assert {key: review.kind for key, review in story.episode.reviews.items()} == {entry: "decision_missing"}


@pytest.mark.shows("R-011")
def test_a_decision_missing_is_healed_by_a_decision_of_the_day_it_was_taken() -> None:
    story = Story.opened().planned()
    story.cycle(1, 2)
    assert reviews(story) == ["decision_missing"]
    assert story.episode.cycles.completed == 1
    story.treated(1)
    assert (story.episode.state, reviews(story)) == ("chemoimmunotherapy.ready", [])
    assert (story.episode.line, story.episode.cycles.counted) == (1, 1)


@pytest.mark.shows("R-016")
def test_a_review_is_closed_by_an_answer() -> None:
    story = Story.opened().planned()
    entry = story.told("cycle_started", 2, cycle=1)
    story.told("review_resolved", 3, entry=entry, reason="Given at another centre before referral.")
    assert reviews(story) == []


@pytest.mark.shows("R-010", "C-30")
def test_no_fact_leads_into_a_state_of_treatment_but_one_that_tells_of_a_decision_elsewhere() -> None:
    for edge in Story().pathway.transitions:
        enters = edge.target.startswith(
            ("chemoimmunotherapy", "maintenance", "local_control", "car_t_bridge")
        )
        stays_within = edge.source.partition(".")[0] == edge.target.partition(".")[0]
        if enters and not stays_within:
            assert edge.trigger.startswith(("decide:", "treatment_taken_over:"))


@pytest.mark.shows("R-010", "C-30")
def test_no_fact_leads_into_lymphodepletion() -> None:
    into = {edge.trigger for edge in Story().pathway.transitions if edge.target.endswith("lymphodepletion")}
    assert into == {"decide:bridge_to_car_t"}


def test_a_decision_is_carried_out_from_whatever_state_it_meets() -> None:
    story = Story.opened()
    story.decided("start_maintenance", 1, "blocked")
    assert story.episode.state == "maintenance.ready"
    assert not contested(story)


@pytest.mark.shows("R-041")
def test_a_decision_that_a_late_result_would_have_blocked_is_contested_and_opens_a_review() -> None:
    story = assessed_after_two_cycles("PR")
    entry = story.decided("continue_chemoimmunotherapy", 46)
    assert not contested(story)
    story.told("consent_recorded", 45, given=False)
    assert contested(story)
    assert reviews(story) == ["contested"]
    assert list(story.episode.reviews) == [entry]
    assert story.episode.state == "chemoimmunotherapy.ready"


def test_a_decision_that_was_taken_as_an_override_is_not_contested() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("start_maintenance", 46, "blocked")
    assert not contested(story)
    assert reviews(story) == []


@pytest.mark.shows("R-015")
def test_a_retracted_decision_was_not_carried_out() -> None:
    story = Story.opened().planned()
    entry = story.decided("start_chemoimmunotherapy", 1)
    story.retracted(entry)
    assert (story.episode.state, story.episode.line_began) == ("progression_confirmed", None)


def test_an_option_another_version_has_and_this_one_lacks_changes_nothing_and_is_contested() -> None:
    story = first_line()
    story.decided("an_option_of_another_version", 5, "possible")
    assert story.episode.state == "chemoimmunotherapy.ready"
    assert contested(story)


@pytest.mark.shows("R-014")
def test_the_override_of_a_hard_stop_takes_effect_with_the_second_signature() -> None:
    story = after_two_cycles()
    story.told("toxicity_recorded", 29, term="transverse myelitis")
    story.assessed(44, "SD")
    entry = story.told(
        "decision_made",
        45,
        option="continue_chemoimmunotherapy",
        basis="0" * 64,
        offered_as="blocked",
        reason={"code": "recipient-disagrees-evidence"},
        awaits_second_signature=True,
    )
    assert story.episode.state == "decision_due"
    assert list(story.episode.pending) == [entry]
    story.told("decision_countersigned", 46, entry=entry, reason="Agreed at the tumour board.")
    assert story.episode.state == "chemoimmunotherapy.ready"
    assert not story.episode.pending


def test_a_signature_under_nothing_that_waits_changes_nothing() -> None:
    story = first_line()
    before = story.episode
    story.told("decision_countersigned", 5, entry="0" * 36, reason="Agreed.")
    assert story.episode == before


def test_a_hold_keeps_the_state_and_leaves_the_tumour_board_to_resume_it() -> None:
    story = first_line()
    story.decided("hold", 10, "possible", hold_until="2026-01-20")
    assert story.episode.state == "chemoimmunotherapy.ready"
    assert [(hold.agent, str(hold.until)) for hold in story.episode.holds] == [
        ("all treatment", "2026-01-20")
    ]
    told = story.next(10)
    assert (told.recommended, told.outcome.needs_tumour_board) == (None, True)
    assert told.status("resume") == "possible"
    story.decided("resume", 12, "possible")
    assert story.episode.holds == ()
    story.ready_for_cycle(12)
    assert story.next(12).recommended == "continue_chemoimmunotherapy"


def test_treatment_held_while_a_cycle_runs_resumes_once_it_is_known_to_be_tolerated() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    story.decided("hold", 3, "possible")
    assert story.status("resume", 4) == "blocked"
    story.told("fitness_recorded", 4, tolerance="acceptable")
    assert story.status("resume", 4) == "possible"


@pytest.mark.parametrize(
    "term", ["brain-stem oedema", "severe central neurotoxicity", "anaphylaxis", "capillary leak syndrome"]
)
def test_treatment_is_not_resumed_while_what_may_be_life_threatening_has_no_grade(term: str) -> None:
    story = first_line()
    story.told("toxicity_recorded", 9, term=term, agent="dinutuximab_beta")
    story.decided("hold", 10, "possible")
    told = story.next(10)
    assert told.status("resume") == "blocked"
    shown = told.document("0" * 64)
    (resume,) = (each for each in shown["options"] if each["option"] == "resume")
    (guard,) = (each for each in resume["guards"] if each["finding"] == "emergency")
    assert guard["sentence"] == "No life-threatening side effect is going on."
    assert (guard["value"], guard["shown"]) == ("unknown", f"{term.replace('-', ' ')}, grade not known")
    story.told("toxicity_recorded", 11, term=term, agent="dinutuximab_beta", grade=3)
    assert story.status("resume", 11) == "possible"


def test_what_is_never_life_threatening_needs_no_grade_before_treatment_is_resumed() -> None:
    story = first_line()
    story.told("toxicity_recorded", 9, term="photophobia", agent="temozolomide")
    story.told("toxicity_recorded", 9, term="neutropenia", agent="temozolomide")
    story.decided("hold", 10, "possible")
    assert story.status("resume", 10) == "possible"


def test_cytokine_release_without_a_grade_may_be_life_threatening() -> None:
    story = first_line()
    story.told("car_t_step_recorded", 9, step="crs")
    story.decided("hold", 10, "possible")
    assert story.finding("emergency", 10) == "unknown"
    assert story.status("resume", 10) == "blocked"


def test_one_agent_can_be_held() -> None:
    story = first_line()
    story.decided("hold", 10, "possible", agents=["Qarziba", "temozolomide"])
    assert [hold.agent for hold in story.episode.holds] == ["dinutuximab_beta", "temozolomide"]


def test_without_a_hold_there_is_nothing_to_resume() -> None:
    assert first_line().status("resume", 2) == "blocked"


def test_something_else_may_say_where_the_episode_rests_afterwards() -> None:
    story = first_line()
    story.decided(
        "other", 10, "possible", text="Radionuclide therapy elsewhere.", rests_in="referred_elsewhere"
    )
    assert story.episode.state == "referred_elsewhere"
    story.decided("other", 11, "possible", text="A pause for a family journey.")
    assert story.episode.state == "referred_elsewhere"


def test_to_go_on_while_a_cycle_runs_changes_no_state() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    story.decided("continue_chemoimmunotherapy", 3)
    assert story.episode.state == "chemoimmunotherapy.cycle_running"


def test_a_decision_on_an_assessment_uses_it_up_unless_the_episode_stays_where_it_is() -> None:
    story = assessed_after_two_cycles("SD")
    story.decided("hold", 45, "possible")
    assert story.episode.timepoints["1.2"].decided is False
    story.decided("continue_chemoimmunotherapy", 46)
    assert story.episode.timepoints["1.2"].decided is True


@pytest.mark.shows("C-06")
def test_a_summary_names_what_is_recommended_or_among_what_the_tumour_board_chooses() -> None:
    summary = assessed_after_two_cycles("SD").next(45).summary()
    assert summary.startswith("Recommended: give cycle 3 of line 1 (")
    board = assessed_after_two_cycles("SD", residual={"local_control_feasible": True})
    board.told("fitness_recorded", 45, lansky=40)
    summary = board.next(45).summary()
    assert summary.startswith("The pathway recommends nothing here: the tumour board chooses among ")
    assert "local control by surgery or radiotherapy" in summary
    board.decided("close", 46, "possible")
    assert board.next(46).summary() == "Nothing is due."


@pytest.mark.shows("R-020")
def test_what_is_recommended_comes_first_then_what_is_possible_then_what_is_blocked() -> None:
    document = assessed_after_two_cycles("SD").next(45).document("0" * 64)
    order = [option["status"] for option in document["options"]]
    assert order == sorted(order, key=["recommended", "possible", "blocked"].index)
    assert len(order) == len(Story().pathway.options)


@pytest.mark.shows("R-020", "C-04")
def test_an_answer_shows_each_guard_with_what_it_rests_on_and_its_source() -> None:
    story = assessed_after_two_cycles("SD")
    document = story.next(45).document("0" * 64)
    assert document["rows"][0]["row"] == "35"
    (first, *_) = document["rows"][0]["guards"]
    assert (first["value"], first["found"], first["wanted"]) == (True, "SD", ["SD"])
    assert first["rests_on"]["on"] == "2026-02-14"
    assert (first["because"]["source"], first["because"]["verified"]) == ("Park 2017", False)
    assert document["response"]["in_force"] == "SD"


def test_an_option_free_of_its_needs_shows_none_and_a_remark_is_shown() -> None:
    story = assessed_after_two_cycles("SD")
    story.told("cns_status_recorded", 45, status="new_disease")
    document = story.next(45).document("0" * 64)
    (local,) = [each for each in document["options"] if each["option"] == "local_control"]
    assert (local["status"], local["guards"]) == ("possible", [])
    assert local["remark"] == "surgery or radiotherapy of the central nervous system"


def test_a_deviation_the_row_asks_a_reason_for_says_so() -> None:
    story = after_two_cycles()
    story.fit(44)
    document = story.next(44).document("0" * 64)
    (going_on,) = [each for each in document["options"] if each["option"] == "continue_chemoimmunotherapy"]
    assert going_on["needs_reason"] is True


def test_the_short_form_says_what_the_long_one_says() -> None:
    told = assessed_after_two_cycles("SD").next(45)
    trace = told.trace()
    assert (trace["recommended"], trace["rows"], trace["state"]) == (
        "continue_chemoimmunotherapy",
        ["35"],
        "decision_due",
    )
    assert trace["findings"]["response"] == "SD"
    assert set(trace["possible"]) == {
        name for name, status in told.outcome.statuses.items() if status == "possible"
    }


def test_an_option_nobody_knows_is_blocked() -> None:
    assert first_line().status("an_option_of_another_version", 2) == "blocked"
