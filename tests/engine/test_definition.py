"""A definition shows its contradictions when it is built, all at once, and describes itself whole."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pathway.engine.definition import (
    ANYWHERE,
    DefinitionContradicts,
    Offer,
    Option,
    Pathway,
    Row,
    State,
    Transition,
)
from pathway.engine.guards import guard
from pathway.proof.canonical import digest
from tests.engine.small import FAIR, OTHERWISE, WALK, WHY, small, weather
from tests.story import PATHWAY

HOME, HILL = small().states
NEVER = guard(weather, "mild", sentence="Mild.", because=WHY)
STAYING = Transition("decide:stay", ANYWHERE, "=")
WALKING = Transition("decide:walk", ANYWHERE, "hill")


def faults(**changed: object) -> tuple[str, ...]:
    with pytest.raises(DefinitionContradicts) as raised:
        small(**changed)
    return raised.value.faults


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"states": (HOME, HOME, HILL)}, "The state home is defined twice."),
        (
            {"options": (*small().options, Option("stay", "stay again"))},
            "The option stay is defined twice.",
        ),
        ({"initial": "valley"}, "The initial state valley does not exist."),
        (
            {"transitions": (WALKING, STAYING, Transition("rain", "hill", "valley"))},
            "The edge rain speaks of the state valley, which does not exist.",
        ),
        (
            {"states": (replace(HOME, table=(WALK, replace(OTHERWISE, number="1"))), HILL)},
            "Two rows of home have the same number.",
        ),
        (
            {"states": (replace(HOME, table=(WALK,)), HILL)},
            "The table of home has no last row for all other cases.",
        ),
        (
            {"states": (replace(HOME, table=()), HILL)},
            "The table of home has no last row for all other cases.",
        ),
        (
            {"states": (replace(HOME, table=(replace(OTHERWISE, possible=(Offer("stay"), Offer("stay"))),)), HILL)},
            "Row 2 of home offers stay twice.",
        ),
        (
            {"states": (replace(HOME, always=(Offer("fly"),)), HILL)},
            "Row 1 of home offers fly, which does not exist.",
        ),
        ({"transitions": (WALKING,)}, "No edge says where the option stay leads."),
        (
            {"options": (Option("walk", "walk", (NEVER,)), Option("stay", "stay"))},
            "A guard asks whether weather is mild, which it can never be.",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_a_contradiction_is_found_when_the_pathway_is_built(changed: dict[str, object], fault: str) -> None:
    assert fault in faults(**changed)


def test_all_faults_are_told_at_once() -> None:
    told = faults(initial="valley", transitions=(WALKING,))
    assert len(told) == 2
    with pytest.raises(DefinitionContradicts, match=r"valley.*stay"):
        small(initial="valley", transitions=(WALKING,))


def test_a_pathway_without_contradictions_is_built() -> None:
    pathway = small()
    assert [state.name for state in pathway.states] == ["home", "hill"]
    assert pathway.findings == (weather,)
    assert pathway.guards == (FAIR,)
    assert (pathway.has_option("walk"), pathway.has_option("fly")) == (True, False)


def test_an_edge_of_a_state_goes_before_one_from_anywhere() -> None:
    special = Transition("decide:walk", "home", "home")
    pathway = small(transitions=(WALKING, STAYING, special))
    assert pathway.edges("decide:walk", "home") == (special,)
    assert pathway.edges("decide:walk", "hill") == (WALKING,)
    assert pathway.edges("rain", "hill") == ()


def test_a_row_that_rests_asks_no_tumour_board() -> None:
    (rest,) = HILL.table
    assert (rest.tumour_board, OTHERWISE.tumour_board, WALK.tumour_board) == (False, True, False)


def test_the_description_is_whole_and_plain_json() -> None:
    told = small().describe()
    assert json.loads(json.dumps(told)) == told
    assert [each["state"] for each in told["states"]] == ["home", "hill"]
    (walk, _) = told["states"][0]["table"]
    assert walk["when"][0]["sentence"] == "The weather is fair."
    assert walk["when"][0]["because"] == {
        "source": "Lerman 2023",
        "reference": "Chemoimmunotherapy at first relapse; J Clin Oncol 2023;41:508",
        "doi": None,
        "where": "page 1",
        "tag": "M",
        "verified": False,
    }
    assert told["windows"] == [
        {
            "what": "take a walk",
            "anchor": "",
            "earliest": 1,
            "target": 2,
            "latest": 3,
            "because": WHY.as_dict(),
        }
    ]
    assert told["findings"][0]["domain"] == ["fair", "foul", "unknown", "stale"]


def _edited(pathway: Pathway, number: str, **changed: object) -> Pathway:
    def edited(row: Row) -> Row:
        return replace(row, **changed) if row.number == number else row  # type: ignore[arg-type]

    states = tuple(replace(state, table=tuple(map(edited, state.table))) for state in pathway.states)
    return replace(pathway, states=states)


@pytest.mark.shows("C-31")
def test_the_content_hash_follows_every_word_and_nothing_else() -> None:
    pathway = small()
    assert pathway.content_hash == digest(pathway.describe()) == small().content_hash
    assert _edited(pathway, "1", sentence="A fine day.").content_hash != pathway.content_hash
    assert _edited(
        pathway, "1", possible=(Offer("stay", "with coffee", needs_reason=True),)
    ).content_hash != (pathway.content_hash)
    edge = replace(pathway, transitions=(*pathway.transitions, Transition("rain", "hill", "home")))
    assert edge.content_hash != pathway.content_hash


def test_the_published_pathway_describes_its_duties_and_conditions_of_edges() -> None:
    told = PATHWAY.describe()
    assert {duty["kind"] for duty in told["duties"]} == {duty.kind for duty in PATHWAY.duties}
    assert any(edge["when"] for edge in told["transitions"])


def test_every_citation_of_a_definition_is_told_once() -> None:
    pathway = small()
    assert pathway.citations == (FAIR.because, WHY)


def test_states_have_a_schedule_only_where_they_say_so() -> None:
    quiet = State("quiet", "Quiet", (OTHERWISE,))
    from tests.story import Story

    assert quiet.schedule(Story.opened().episode) == ()
