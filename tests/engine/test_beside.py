"""What an answer tells beside the next step: prompts and checklists, on a small pathway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from pathway.clinical.evidence import FIELD_KNOWLEDGE, Tag, cite
from pathway.clinical.terms import Precision
from pathway.engine.checklists import VERDICTS, Checklist, Criterion, Held
from pathway.engine.definition import DefinitionContradicts, Noticed, Prompt
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Stamp
from tests.engine.small import WHY, small
from tests.story import FIRST_DAY, Story, day

UNREAD = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "umbrellas")
STAMP = Stamp("e", FIRST_DAY)


def clouds(episode: Episode, as_of: date) -> Iterator[Noticed]:
    noted = episode.biomarkers.get("weather")
    if noted is not None and noted.value == "foul":
        yield Noticed("dark_clouds", noted.at)


UMBRELLA = Prompt("umbrella", "clouds are seen", "Take an umbrella.", WHY, clouds)
STORM = Prompt(
    "storm",
    "clouds are seen on the hill",
    "Come down.",
    WHY,
    lambda _episode, _as_of: [Noticed(because=UNREAD)],
    states=("hill",),
    urgent=True,
)


def prompted(weather: str, *prompts: Prompt, on: str | None = None) -> list[str]:
    story = Story.opened(small(prompts=prompts))
    story.told("biomarker_recorded", 0, marker="weather", value=weather)
    if on is not None:
        story.decided(on)
    return [each["prompt"] for each in story.next(1).document("0" * 64)["prompts"]]


def test_a_prompt_is_told_where_it_applies_and_nowhere_else() -> None:
    assert prompted("foul", UMBRELLA, STORM) == ["umbrella"]
    assert prompted("fair", UMBRELLA, STORM) == []


@pytest.mark.shows("R-027")
def test_the_urgent_prompts_come_first() -> None:
    assert prompted("foul", UMBRELLA, STORM, on="walk") == ["storm", "umbrella"]


def test_a_prompt_says_what_it_found_in_words_where_that_comes_from_and_how_far_it_was_checked() -> None:
    story = Story.opened(small(prompts=(UMBRELLA, STORM)))
    entry = story.told("biomarker_recorded", 0, marker="weather", value="foul")
    story.decided("walk")
    storm, umbrella = story.next(1).document("0" * 64)["prompts"]
    assert umbrella == {
        "prompt": "umbrella",
        "sentence": "Take an umbrella.",
        "detail": "dark clouds",
        "rests_on": {"entry": entry, "on": "2026-01-01"},
        "urgent": False,
        "because": WHY.as_dict(),
    }
    assert storm == {
        "prompt": "storm",
        "sentence": "Come down.",
        "urgent": True,
        "because": UNREAD.as_dict(),
    }


def test_where_treatment_does_not_go_on_only_prompts_of_that_place_are_told() -> None:
    home, hill = small().states
    story = Story.opened(small(states=(home, replace(hill, suspends=True)), prompts=(UMBRELLA, STORM)))
    story.told("biomarker_recorded", 0, marker="weather", value="foul")
    story.decided("walk")
    assert [each["prompt"] for each in story.next(1).document("0" * 64)["prompts"]] == ["storm"]


def test_a_prompt_that_is_told_twice_or_of_nowhere_contradicts() -> None:
    with pytest.raises(DefinitionContradicts) as told:
        small(prompts=(UMBRELLA, UMBRELLA, replace(STORM, states=("sea",))))
    assert told.value.faults == (
        "The prompt umbrella is defined twice.",
        "The prompt storm speaks of the state sea, which does not exist.",
    )


def test_the_definition_describes_its_prompts_and_checklists_with_their_sources() -> None:
    home, hill = small().states
    pathway = small(states=(replace(home, checklists=(PACKED,)), hill), prompts=(STORM,))
    told = pathway.describe()
    assert told["prompts"] == [
        {
            "prompt": "storm",
            "when": "clouds are seen on the hill",
            "sentence": "Come down.",
            "states": ["hill"],
            "urgent": True,
            "because": WHY.as_dict(),
        }
    ]
    assert [each["criterion"] for each in told["checklists"][0]["criteria"]] == ["shoes", "water"]
    assert [state["checklists"] for state in told["states"]] == [["packed"], []]
    assert UNREAD in pathway.citations


def criterion(name: str, held: Held | None, days: int | None = None) -> Criterion:
    return Criterion(name, f"The {name} is there.", UNREAD, lambda _episode, _as_of: held, days)


MET = Held("met", "two_pairs", STAMP)
PACKED = Checklist("packed", "To set out", (criterion("shoes", MET, 3), criterion("water", None)))


def verdict(*held: Held | None) -> tuple[str, str, Stamp | None]:
    criteria = tuple(criterion(f"thing {number}", each) for number, each in enumerate(held, 1))
    return Checklist("packed", "To set out", criteria).verdict(Story.opened().episode, day(0))


def test_what_is_not_met_decides_then_what_is_missing_then_what_is_too_old() -> None:
    not_met, missing, stale = Held("not_met", "torn", STAMP), Held("missing"), Held("stale", "of May", STAMP)
    assert verdict(MET, stale, missing, not_met) == ("not_met", "thing 4: torn", STAMP)
    assert verdict(MET, stale, missing) == ("unknown", "thing 3: missing", None)
    assert verdict(MET, stale, None) == ("stale", "thing 2: of May", STAMP)
    assert verdict(MET, None) == ("met", "all criteria are met", None)
    assert {verdict(each)[0] for each in (MET, not_met, missing, stale)} == set(VERDICTS)


def test_a_checklist_shows_each_criterion_that_applies_and_until_when_it_counts() -> None:
    home, hill = small().states
    story = Story.opened(small(states=(replace(home, checklists=(PACKED,)), hill)))
    (told,) = story.next(0).document("0" * 64)["checklists"]
    assert (told["checklist"], told["label"]) == ("packed", "To set out")
    assert told["criteria"] == [
        {
            "criterion": "shoes",
            "sentence": "The shoes is there.",
            "standing": "met",
            "shown": "two pairs",
            "rests_on": {"entry": "e", "on": "2026-01-01"},
            "counts_until": "2026-01-04",
            "because": UNREAD.as_dict(),
        }
    ]


@pytest.mark.parametrize(
    ("held", "days"),
    [
        (replace(MET, standing="stale"), 3),
        (replace(MET, at=replace(STAMP, precision=Precision.MONTH)), 3),
        (MET, None),
        (Held("missing"), 3),
    ],
    ids=["too old", "no exact day", "counts for ever", "not there"],
)
def test_no_last_day_is_told_where_there_is_none(held: Held, days: int | None) -> None:
    checklist = Checklist("packed", "To set out", (criterion("shoes", held, days),))
    (told,) = checklist.as_list(Story.opened().episode, day(0))
    assert "counts_until" not in told
