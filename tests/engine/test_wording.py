"""How an answer says things: in words, with dates, and with the source of each value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pathway.clinical.evidence import FIELD_KNOWLEDGE, Tag, cite
from pathway.clinical.terms import Precision
from pathway.engine.definition import Offer, Option, Pathway, Row, State
from pathway.engine.findings import STALE, UNKNOWN, Found, finding
from pathway.engine.guards import guard
from pathway.engine.response import assessment_in_words, response_shown
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Timepoint
from tests.engine.small import FAIR, OTHERWISE, WHY, small, weather
from tests.story import Story, day

UNREAD = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "clouds")


@finding("the sky", ("clear", "dark", UNKNOWN, STALE), request="Look up.", completed=True)
def sky(episode: Episode, as_of: date) -> Found:
    noted = episode.biomarkers.get("sky")
    return Found(noted.value, f"{noted.value}_sky", noted.at, UNREAD) if noted else Found(UNKNOWN)


CLEAR = guard(sky, "clear", sentence="The sky is clear.", because=WHY)


def home(row: Row, *options: Option) -> Pathway:
    """The small pathway with one row at home."""
    states = (State("home", "At home", (row,)), small().states[1])
    return small(states=states, options=options or small().options)


def summary(row: Row, *options: Option) -> str:
    return Story.opened(home(row, *options)).next(0).summary()


@pytest.mark.shows("R-022")
def test_a_field_that_is_undecided_is_told_apart_from_what_a_person_chooses() -> None:
    undecided = replace(OTHERWISE, undecided=True)
    assert summary(undecided) == "The field is undecided here: the tumour board chooses among stay."
    assert summary(OTHERWISE) == "The pathway recommends nothing here: the tumour board chooses among stay."


def test_what_waits_for_a_missing_fact_alone_is_not_passed_over_where_people_choose() -> None:
    row = Row("1", "Choose.", (), None, (Offer("walk"), Offer("stay")), (WHY,))
    story = Story.opened(home(row))
    chosen = "The pathway recommends nothing here: the tumour board chooses among stay."
    assert story.next(0).summary() == (f"{chosen} Not closed, but waiting for the weather: walk <up>.")
    story.told("biomarker_recorded", 0, marker="weather", value="foul")
    assert story.next(0).summary() == chosen


@pytest.mark.shows("C-06")
def test_where_the_recommended_option_is_refused_the_field_is_not_called_undecided() -> None:
    row = Row("1", "Set out.", (), Offer("walk"), (Offer("stay"),), (WHY,), undecided=True)
    story = Story.opened(home(row))
    story.told("biomarker_recorded", 0, marker="weather", value="foul")
    assert story.next(0).summary().startswith("The pathway recommends nothing here: ")


def test_a_recommendation_names_the_step_this_episode_needs_and_how_it_is_offered() -> None:
    _, stay = small().options
    walk = Option("walk", "walk", step=lambda episode: f"walk from {episode.state}")
    row = Row("1", "Set out.", (), Offer("walk"), (), (WHY,))
    assert summary(row, walk, stay) == "Recommended: walk from home."
    slowly = replace(row, recommended=Offer("walk", "slowly"))
    assert summary(slowly, walk, stay) == "Recommended: walk from home (slowly)."


def work_up(remark: str = "") -> Row:
    return Row("1", "Look first.", (), Offer("complete_workup", remark), (), (WHY,), obtains=(sky,))


def test_obtaining_names_what_is_missing_unless_the_row_says_it_better() -> None:
    obtain = Option("complete_workup", "obtain what is missing")
    edges = [
        replace(edge, trigger=f"decide:{name}")
        for edge, name in zip(small().transitions, ("complete_workup", "stay"), strict=True)
    ]
    stay = small().options[1]

    def told(row: Row) -> str:
        states = (State("home", "At home", (row,)), small().states[1])
        pathway = small(states=states, options=(obtain, stay), transitions=tuple(edges))
        return Story.opened(pathway).next(0).summary()

    assert told(work_up()) == "Recommended: obtain what is missing, namely the sky."
    assert told(work_up("look at the sky first")) == "Recommended: look at the sky first."
    assert told(replace(work_up(), obtains=())) == "Recommended: obtain what is missing."


@pytest.mark.shows("R-026")
def test_what_the_recommendation_waits_for_is_named_and_not_what_others_hang_on() -> None:
    walk, stay = small().options
    obtain = Option("complete_workup", "obtain what is missing")
    row = replace(work_up(), possible=(Offer("walk"), Offer("stay")))
    edges = (*small().transitions, replace(small().transitions[0], trigger="decide:complete_workup"))
    home, hill = small().states
    options = (walk, stay, obtain)
    asking = small(states=(replace(home, table=(row,)), hill), options=options, transitions=edges)
    assert list(Story.opened(asking).next(0).outcome.obtain) == [weather, sky]
    assert Story.opened(asking).next(0).summary().endswith("namely the sky.")
    wished = replace(row, recommended=Offer("walk"), possible=(Offer("stay"),))
    waiting = small(states=(replace(home, table=(wished,)), hill), options=options, transitions=edges)
    assert set(Story.opened(waiting).next(0).outcome.obtain) == {weather, sky}
    assert Story.opened(waiting).next(0).summary().endswith("namely the weather.")
    clear = replace(row, when=(CLEAR,))
    several = small(
        states=(replace(home, table=(clear, OTHERWISE)), hill), options=options, transitions=edges
    )
    assert Story.opened(several).next(0).summary().endswith("namely the sky.")


def test_a_value_that_rests_on_its_own_source_says_which_and_whether_it_was_checked() -> None:
    row = Row("1", "A clear day.", (CLEAR,), None, (Offer("stay"),), (WHY,))
    states = (State("home", "At home", (row, OTHERWISE)), small().states[1])
    story = Story.opened(small(states=states))
    entry = story.told("biomarker_recorded", 0, marker="sky", value="clear")
    (told,) = story.next(0).document("0" * 64)["rows"][0]["guards"]
    assert told["shown"] == "clear sky"
    assert told["rests_on"] == {"entry": entry, "on": "2026-01-01"}
    assert told["found_because"] == UNREAD.as_dict()
    assert told["found_because"]["verified"] is False
    assert told["because"]["verified"] is True


def test_a_fact_that_is_asked_for_again_says_what_it_last_was() -> None:
    wanting = Row("1", "Wanting.", (), None, (), (WHY,), obtains=(weather,))
    story = Story.opened(home(wanting))
    entry = story.told("biomarker_recorded", 0, marker="weather", value=STALE)
    (missing,) = story.next(0).document("0" * 64)["missing"]
    assert (missing["shown"], missing["rests_on"]["entry"]) == (STALE, entry)


@pytest.mark.parametrize(
    ("decided", "pending", "value", "by"),
    [
        (False, (), "clear", "course"),
        (False, (), UNKNOWN, "obtain"),
        (False, (), STALE, "obtain"),
        (False, ("dark",), "dark", "obtain"),
        (False, ("dark",), "clear", "course"),
        (True, (), "clear", "decide"),
        (True, (), UNKNOWN, "decide"),
    ],
)
def test_a_value_is_changed_by_obtaining_by_deciding_or_by_the_course_of_the_disease(
    decided: bool, pending: tuple[str, ...], value: str, by: str
) -> None:
    made_up = finding("made up", sky.domain, decided=decided, pending=pending)(sky.read)
    assert made_up.changes_by(value) == by


def test_a_condition_is_said_as_people_say_it() -> None:
    assert sky.condition(UNKNOWN, ["clear"]) == "the sky were recorded as clear"
    assert sky.condition(UNKNOWN, ["clear", "dark"]) == "the sky were known, whatever it is"
    assert sky.condition("dark", ["clear"]) == "the sky were clear"
    asked = replace(sky, label="whether it rains")
    assert asked.condition("no", ["yes"]) == "it rains"
    assert asked.condition("yes", ["no"]) == "it were not so that it rains"
    own = replace(sky, conditions={"clear": "the clouds went away"})
    assert own.condition("dark", ["clear"]) == "the clouds went away"
    assert own.condition("dark", ["clear", "dark"]) == "the clouds went away or the sky were dark"
    assert replace(sky, label="the_sky").condition("dark", ["very_clear"]) == "the_sky were very clear"


@pytest.mark.shows("C-35")
def test_what_would_open_an_option_says_who_could_bring_it_about() -> None:
    story = Story.opened(small())
    (walk,) = [each for each in story.next(0).document("0" * 64)["options"] if each["option"] == "walk"]
    ((change,),) = walk["would_open"]
    assert change == {
        "finding": "weather",
        "label": "the weather",
        "from": UNKNOWN,
        "to": ["fair"],
        "changes_by": "obtain",
        "if": "the weather were recorded as fair",
    }
    assert FAIR.finding is weather


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("1.2", "the assessment after cycle 2 of line 1"),
        ("2.0", "the assessment before the first cycle of line 2"),
        ("1.6.m2", "the assessment after course 2 of maintenance in line 1"),
        ("1.6.m0", "the assessment before the first course of maintenance in line 1"),
        ("1.2/3", "the assessment after cycle 2 of line 1, number 3 there"),
        ("March", 'the assessment "March"'),
    ],
)
def test_an_assessment_is_named_in_words(name: str, words: str) -> None:
    assert assessment_in_words(name) == words


def assessed() -> Story:
    story = Story.opened()
    story.told("assessment_recorded", 40, components={"primary": "SD"})
    story.told("assessment_recorded", 44, components={"metastatic": "SD", "bone_marrow": "NI"})
    return story


def test_a_response_has_the_dates_of_its_examinations() -> None:
    told = assessed().next(45).document("0" * 64)["response"]
    assert told["assessment"] == "the assessment before the first cycle of line 1"
    assert told["first"] == {"on": day(40).isoformat(), "precision": "day"}
    assert told["last"] == {"on": day(44).isoformat(), "precision": "day"}
    assert "overridden_by" not in told


def test_a_response_without_examinations_has_no_dates() -> None:
    told = response_shown(Story.opened().episode, Timepoint("1.2"))
    assert not {"first", "last"} & set(told)


def test_a_month_is_told_as_a_month() -> None:
    story = Story.opened()
    story.told("assessment_recorded", 40, components={"primary": "SD"}, occurred_precision="month")
    assert story.next(45).document("0" * 64)["response"]["last"]["precision"] == Precision.MONTH


def test_a_progression_confirmed_later_is_told_to_count_instead_of_the_response() -> None:
    story = assessed()
    entry = story.told("progression_evidence_recorded", 60, confirmed=True)
    told = story.next(61).document("0" * 64)["response"]
    assert told["in_force"] == "SD"
    assert told["overridden_by"] == {
        "entry": entry,
        "on": day(60).isoformat(),
        "sentence": "A progression was confirmed on that day or after it: progression counts instead.",
    }
    assert story.finding("response", 61) == "PD"


@pytest.mark.parametrize(("on", "confirmed"), [(44, False), (43, True)])
def test_a_suspicion_that_the_examination_answers_and_an_earlier_progression_override_nothing(
    on: int, *, confirmed: bool
) -> None:
    story = assessed()
    story.told("progression_evidence_recorded", on, confirmed=confirmed)
    assert "overridden_by" not in story.next(61).document("0" * 64)["response"]
