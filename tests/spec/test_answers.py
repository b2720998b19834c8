"""What an answer says of a real course, read as a clinician reads it: in words, dated, and with its sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pathway.episodes.events import read_logged
from pathway.proof.canonical import canonical
from tests.story import BEACON, PATHWAY, Story, after_two_cycles, assessed_after_two_cycles, day, first_line

Document = dict[str, Any]
PROSE = {"summary", "sentence", "label", "shown", "detail", "if", "what", "why_unknown", "why", "assessment"}


def answer(story: Story, on: int) -> Document:
    return story.next(on).document("0" * 64)


def guards(document: Document, finding: str) -> list[Document]:
    parts = [*document["rows"], *document["options"]]
    return [guard for part in parts for guard in part["guards"] if guard["finding"] == finding]


def stopped() -> Story:
    story = first_line()
    story.cycle(1, 2)
    story.told("toxicity_recorded", 5, term="anaphylaxis", grade=4, agent="dinutuximab_beta", ongoing=False)
    return story


def overdue() -> Story:
    story = assessed_after_two_cycles("PR")
    story.told("toxicity_recorded", 46, term="peripheral_motor_neuropathy", grade=4, agent="dinutuximab_beta")
    return story


def prose(part: Any, name: str = "") -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from prose(value, key)
    elif isinstance(part, list):
        for each in part:
            yield from prose(each, name)
    elif isinstance(part, str) and name in PROSE | {"why_not", "notes", "remark"}:
        yield part


@pytest.mark.shows("C-35")
@pytest.mark.parametrize(
    ("story", "on"),
    [
        (Story.opened(), 0),
        (first_line(), 2),
        (after_two_cycles(), 40),
        (assessed_after_two_cycles("SD"), 45),
        (assessed_after_two_cycles("PR"), 300),
        (assessed_after_two_cycles("PD"), 45),
        (stopped(), 24),
        (overdue(), 50),
    ],
    ids=["opened", "first line", "to assess", "stable", "long ago", "progression", "stopped", "toxic"],
)
def test_no_name_of_the_software_stands_in_what_people_read(story: Story, on: int) -> None:
    told = answer(story, on)
    assert [each for each in prose(told) if "_" in each] == []


def test_the_next_cycle_is_named_with_its_line_and_its_regimen() -> None:
    told = assessed_after_two_cycles("SD").next(45).summary()
    assert told == ("Recommended: give cycle 3 of line 1 (Dinutuximab beta, irinotecan and temozolomide).")


def step(story: Story, option: str = "continue_chemoimmunotherapy") -> str:
    worded = PATHWAY.option(option).step
    assert worded is not None
    return worded(story.episode)


def test_a_cycle_that_runs_is_to_be_completed() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    assert step(story).startswith("complete cycle 1 of line 1 (")
    unnumbered = first_line()
    unnumbered.told("cycle_started", 2, cycle="unknown")
    assert step(unnumbered).startswith("complete this cycle of line 1 (")


def test_a_cycle_whose_number_is_not_certain_has_none() -> None:
    story = first_line()
    story.cycle("unknown", 2)
    assert step(story).startswith("give the next cycle of line 1 (")


def test_a_treatment_is_named_by_its_regimen_by_its_agents_or_not_at_all() -> None:
    assert step(first_line(regimen="a_local_protocol")) == "give cycle 1 of line 1 (a local protocol)"
    agents = ["dinutuximab_beta", "temozolomide"]
    assert (
        step(first_line(regimen=None, agents=agents))
        == "give cycle 1 of line 1 (dinutuximab beta, temozolomide)"
    )
    assert step(Story.opened()) == "give cycle 1 of line 1"


def test_a_course_of_maintenance_is_named_as_one() -> None:
    assert step(first_line(regimen=BEACON), "continue_maintenance").startswith(
        "give course 1 of maintenance ("
    )


def test_a_count_of_cycles_names_the_source_of_its_limit() -> None:
    told = guards(answer(assessed_after_two_cycles("SD"), 45), "phase")
    assert told
    for guard in told:
        assert guard["shown"] == "2 cycles counted, limit 6"
        assert guard["found_because"]["where"] == "cycle limit where the regimen gives none"


def test_a_response_names_the_source_of_the_rule_that_gives_it() -> None:
    told = answer(assessed_after_two_cycles("PR"), 45)
    assert told["response"]["because"]["where"] == "Table 5, partial response"
    assert told["response"]["because"]["verified"] is False
    assert {guard["found_because"]["verified"] for guard in guards(told, "response")} == {False}


def test_a_response_that_a_person_settled_rests_on_no_rule() -> None:
    story = assessed_after_two_cycles("PR")
    story.told("response_confirmed", 45, response="SD", reason="Looked at again.")
    told = answer(story, 45)
    assert told["response"]["because"] is None
    assert not [guard for guard in guards(told, "response") if "found_because" in guard]


@pytest.mark.shows("R-024")
def test_a_stop_that_was_not_checked_against_its_source_says_so_wherever_it_stands() -> None:
    story = stopped()
    (stop,) = story.episode.stops.values()
    assert stop.because is not None
    assert not stop.because.verified
    told = [
        guard
        for finding in ("stopped_antibody", "tolerance")
        for guard in guards(answer(story, 24), finding)
        if guard.get("shown", "").startswith(stop.sentence)
    ]
    assert told
    assert {guard["found_because"]["verified"] for guard in told} == {False}


def test_a_stop_that_people_decided_has_no_source_of_its_own() -> None:
    story = first_line()
    story.decided("stop_agent", 3, offered_as="possible", agents=["dinutuximab_beta"])
    (stop,) = story.episode.stops.values()
    assert stop.because is None


def test_what_is_kept_of_a_stop_comes_back_as_it_was() -> None:
    episode = stopped().episode
    assert type(episode).from_json(episode.to_json()) == episode


@pytest.mark.parametrize("scale", ["lansky", "karnofsky"])
def test_fitness_says_on_which_scale_it_was_recorded(scale: str) -> None:
    story = Story.opened().planned()
    story.told("fitness_recorded", 1, **{scale: 80})
    (fitness,) = (each for each in PATHWAY.findings if each.name == "fitness")
    assert fitness.of(story.episode, day(1)).shown == f"{scale.capitalize()} 80"


@pytest.mark.parametrize(
    ("finding", "on", "told"),
    [
        ("gd2", 300, "last known positive (1 Jan 2026), older than 180 days"),
        ("fitness", 60, "last known Lansky 90, older than 14 days"),
        ("consent", 200, "last known given, older than 90 days"),
    ],
)
def test_what_is_too_old_says_what_it_last_was_and_how_long_it_counts(
    finding: str, on: int, told: str
) -> None:
    story = Story.opened().planned()
    (wanted,) = (each for each in PATHWAY.findings if each.name == finding)
    found = wanted.of(story.episode, day(on))
    assert (found.value, found.shown) == ("stale", told)


@pytest.mark.shows("R-008", "C-23")
def test_a_day_that_is_not_known_leaves_a_value_unknown_and_says_why() -> None:
    story = Story.opened()
    story.record(
        read_logged(
            canonical(
                {
                    "kind": "fitness_recorded",
                    "occurred_on": day(0).isoformat(),
                    "occurred_precision": "month",
                    "lansky": 90,
                }
            )
        )
    )
    (fitness,) = (each for each in PATHWAY.findings if each.name == "fitness")
    found = fitness.of(story.episode, day(1))
    assert (found.value, found.shown) == ("unknown", "Lansky 90, on a day that is not known")


def test_only_what_people_can_obtain_or_decide_is_marked_so() -> None:
    by_name = {each.name: each for each in PATHWAY.findings}
    assert by_name["consent"].changes_by("refused") == "decide"
    assert by_name["intent"].changes_by("comfort") == "course"
    assert by_name["cns"].changes_by("suspected") == "obtain"
    assert by_name["cns"].changes_by("new") == "course"
    assert by_name["fitness"].changes_by("stale") == "obtain"
    assert by_name["fitness"].changes_by("poor") == "course"
    assert by_name["response"].changes_by("SD") == "course"
    assert by_name["gd2"].changes_by("positive") == "course"


def test_every_value_a_finding_has_words_for_is_one_it_can_have() -> None:
    for finding in PATHWAY.findings:
        assert set(finding.conditions) | finding.pending <= set(finding.domain), finding.name


def test_a_yes_and_a_no_are_said_as_what_they_mean() -> None:
    for finding in PATHWAY.findings:
        said = [finding.condition("", [value]) for value in ("yes", "no") if value in finding.domain]
        assert not [each for each in said if each.endswith((" yes", " no"))], finding.name


@pytest.mark.shows("R-022", "C-06")
def test_the_field_is_called_undecided_only_where_it_is() -> None:
    said = "The field is undecided here: the tumour board chooses among "
    board = "The pathway recommends nothing here: the tumour board chooses among "
    assert _row("36").undecided
    assert not _row("6a").undecided
    assert not _row("35").undecided
    story = assessed_after_two_cycles("SD")
    story.decided("continue_chemoimmunotherapy", 46)
    story.cycle(3, 47)
    story.cycle(4, 68)
    story.fit(90)
    story.assessed(90, "SD")
    assert story.next(91).summary().startswith(said)
    held = first_line()
    held.decided("hold", 3, offered_as="possible")
    assert held.next(4).summary().startswith(board)


def test_treatment_that_waits_for_a_consent_nobody_recorded_is_told_beside_supportive_care() -> None:
    story = after_two_cycles()
    story.told("fitness_recorded", 44, lansky=40)
    story.assessed(44, "PD", "PD")
    told = story.next(44)
    assert told.outcome.rows[0].number == "6a"
    assert told.summary() == (
        "The pathway recommends nothing here: the tumour board chooses among supportive care, "
        "refer elsewhere (central nervous system team, trial, other centre). "
        "Not closed, but waiting for consent to a new line of therapy: change to another line of systemic therapy; "
        "for whether local control is feasible: local control by surgery or radiotherapy."
    )
    story.told("consent_recorded", 44, given=False)
    assert "change to another line" not in story.next(44).summary()


def _row(number: str) -> Any:
    (row,) = (each for each in PATHWAY.state("decision_due").table if each.number == number)
    return row


def test_a_line_that_is_not_under_way_is_told_as_ended_or_not_begun() -> None:
    story = Story.opened().planned()
    assert _line_told(story, 1) == (False, "none has begun")
    story.treated()
    assert _line_told(story, 2) == (True, "line 1 goes on")
    story.told("progression_evidence_recorded", 3, confirmed=True)
    story.decided("follow_up", 4, "possible")
    assert _line_told(story, 5) == (False, "line 1 has ended")


def _line_told(story: Story, on: int) -> tuple[bool, str]:
    for option in story.next(on).document("0" * 64)["options"]:
        for guard in option["guards"]:
            if guard["sentence"] == "A line of systemic therapy is under way.":
                return guard["value"], guard["shown"]
    raise AssertionError("No option asks for it here.")


def test_no_prompt_speaks_in_names_of_fields() -> None:
    for prompt in PATHWAY.prompts:
        assert "_" not in prompt.sentence, prompt.name
