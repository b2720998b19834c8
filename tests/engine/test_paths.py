"""Courses, followed exhaustively: what holds on all of them, and each fault planted in a copy is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pathway.catalogue import CATALOGUE, courses_of
from pathway.catalogue.high_risk_neuroblastoma_relapse import effects as e
from pathway.engine.cases import Table, alike
from pathway.engine.definition import ANYWHERE, STAY, Offer, Option, Pathway, State, Transition
from pathway.engine.guards import guard
from pathway.engine.paths import (
    OVERRIDE,
    TWO_SIGNATURES,
    Broken,
    Courses,
    Effect,
    Fact,
    Follower,
    Offered,
    Property,
    Step,
    Tracked,
    explore,
)
from pathway.engine.safety import check
from tests.engine.test_safety import COLOUR, MATRIX_ROWS, RED, WHY, made_up, row, small

PUBLISHED = next(iter(CATALOGUE))
COURSES = courses_of(PUBLISHED)


def offered_in(pathway: Pathway, state: str, courses: Courses) -> Offered:
    found = pathway.state(state)
    table = Table(pathway, found, alike(pathway, found))
    offered = Offered(table, courses)
    for values, matches in table.cases():
        offered.take(values, matches)
    return offered


@pytest.fixture(scope="module")
def published() -> dict[str, Offered]:
    """What each table of the published pathway offers."""
    return {state.name: offered_in(PUBLISHED, state.name, COURSES) for state in PUBLISHED.states}


def named(words: str) -> Property:
    (found,) = (each for each in COURSES.properties if words in each.sentence)
    return found


def broken(
    published: dict[str, Offered], pathway: Pathway, words: str, *changed: str, courses: Courses = COURSES
) -> Broken:
    """The one property, broken in a copy in which the tables of `changed` states differ."""
    holding = replace(courses, properties=(named(words),), end=None)
    tables = published | {state: offered_in(pathway, state, courses) for state in changed}
    (found,) = explore(pathway, holding, tables).broken
    assert found.path
    return found


def with_edges(*edges: Transition, without: Callable[[Transition], bool] = lambda _: False) -> Pathway:
    """The published pathway with more edges in front, and some taken out."""
    kept = tuple(edge for edge in PUBLISHED.transitions if not without(edge))
    return replace(PUBLISHED, transitions=(*edges, *kept))


def with_row(state: str, number: str, **changed: object) -> Pathway:
    found = PUBLISHED.state(state)
    rows = tuple(
        replace(each, **changed) if each.number == number else each  # type: ignore[arg-type]
        for each in found.table
        if state != "decision_due" or each.number in MATRIX_ROWS
    )
    copy = replace(found, table=rows)
    return replace(PUBLISHED, states=tuple(copy if each is found else each for each in PUBLISHED.states))


# Faults planted in copies of the published pathway.


def test_a_cycle_that_begins_from_where_an_assessment_is_due_is_found(published: dict[str, Offered]) -> None:
    pathway = with_edges(
        Transition("cycle_started", "assessment_due", "chemoimmunotherapy.cycle_running"),
    )
    courses = replace(
        COURSES, effects=tuple(each for each in COURSES.effects if each.finding is not e.review)
    )
    found = broken(published, pathway, "no third begins", courses=courses)
    assert found.path[-1].startswith("cycle_started: to chemoimmunotherapy.cycle_running")


@pytest.mark.shows("C-40", control=True)
def test_a_cycle_without_a_task_where_its_criteria_are_not_met_is_found(
    published: dict[str, Offered],
) -> None:
    """As if the fold opened no review task."""
    silent = tuple(
        each
        for each in COURSES.effects
        if not (each.finding is e.review and "cycle_started" in each.causes and each.moved)
    )
    found = broken(
        published, PUBLISHED, "without its start criteria met", courses=replace(COURSES, effects=silent)
    )
    assert found.state.endswith("cycle_running")


def test_going_on_recommended_where_an_assessment_is_due_is_found(published: dict[str, Offered]) -> None:
    last = PUBLISHED.state("assessment_due").table[-1]
    pathway = with_row(
        "assessment_due", last.number, recommended=Offer("continue_chemoimmunotherapy"), possible=()
    )
    found = broken(published, pathway, "never recommended", "assessment_due")
    assert found.path[-1].startswith("decide:continue_chemoimmunotherapy (recommended)")


@pytest.mark.shows("G15", "C-12", control=True)
def test_a_stop_that_a_resolved_side_effect_lifts_is_found(published: dict[str, Offered]) -> None:
    lifting = Effect(("toxicity_resolved",), e.stopped, ("no",), certain=False)
    courses = replace(COURSES, effects=(*COURSES.effects, lifting))
    found = broken(published, PUBLISHED, "stays stopped", courses=courses)
    assert [line.split(":")[0] for line in found.path] == ["toxicity_recorded", "toxicity_resolved"]


@pytest.mark.shows("C-12", control=True)
def test_a_stopped_agent_given_without_a_task_is_found(published: dict[str, Offered]) -> None:
    silent = tuple(each for each in COURSES.effects if each.finding is not e.stop_review)
    found = broken(published, PUBLISHED, "gives an agent stopped", courses=replace(COURSES, effects=silent))
    assert "agents is stopped" in " ".join(found.path)


def test_maintenance_offered_at_progression_is_found_as_a_course(published: dict[str, Offered]) -> None:
    pathway = with_row(
        "decision_due", "11", possible=(Offer("start_maintenance"), Offer("refer"), Offer("supportive_care"))
    )
    found = broken(published, pathway, "progression stands undecided", "decision_due")
    assert found.path[-1].startswith("decide:start_maintenance (possible): to maintenance.ready")


@pytest.mark.shows("G15", control=True)
def test_maintenance_without_a_response_is_found_as_a_course(published: dict[str, Offered]) -> None:
    pathway = with_row("decision_due", "13", possible=(Offer("start_maintenance"), Offer("refer")))
    found = broken(published, pathway, "What depends on a response", "decision_due")
    assert found.path[-1].startswith("decide:start_maintenance")


def test_a_new_line_that_keeps_its_count_is_found(published: dict[str, Offered]) -> None:
    keeping = tuple(
        each
        for each in COURSES.effects
        if not (each.finding is e.cycles_since and set(e.NEW_LINE) <= set(each.causes))
    )
    found = broken(published, PUBLISHED, "A new line begins", courses=replace(COURSES, effects=keeping))
    assert "decide:" in found.path[-1]


def test_progression_that_leaves_treatment_going_on_is_found(published: dict[str, Offered]) -> None:
    pathway = with_edges(
        without=lambda edge: (edge.trigger, edge.source) == ("progression_evidence_recorded", "local_control")
    )
    found = broken(published, pathway, "After progression")
    assert found.path[-1].startswith("progression confirmed: stays in local_control")


@pytest.mark.shows("C-30", control=True)
def test_treatment_that_a_fact_begins_is_found(published: dict[str, Offered]) -> None:
    pathway = with_edges(Transition("assessment_recorded", "decision_due", "maintenance.ready"))
    assert (
        broken(published, pathway, "Treatment begins").path[-1] == "assessment_recorded: to maintenance.ready"
    )


@pytest.mark.shows("G15", control=True)
def test_cells_infused_past_lymphodepletion_are_found(published: dict[str, Offered]) -> None:
    pathway = with_edges(Transition("car_t:infused", "car_t_bridge.manufacturing", "car_t_bridge.monitoring"))
    found = broken(published, pathway, "Lymphodepletion begins")
    assert found.path[-1] == "car_t:infused: to car_t_bridge.monitoring"


def test_a_closed_episode_that_a_fact_opens_is_found(published: dict[str, Offered]) -> None:
    pathway = with_edges(Transition("follow_up_recorded", "closed", "follow_up"))
    courses = replace(COURSES, facts=(*COURSES.facts, Fact("follow_up_recorded", "follow_up_recorded")))
    assert broken(published, pathway, "A closed episode", courses=courses).state == "follow_up"


@pytest.mark.shows("G15", control=True)
def test_a_state_that_no_open_decision_leaves_is_found(published: dict[str, Offered]) -> None:
    """An emergency offers what makes treatment safer; where only closing leads on, nobody can go on."""
    found = PUBLISHED.state("restaging")
    copy = replace(found, always=tuple(each for each in found.always if each.option != "other"))
    pathway = replace(PUBLISHED, states=tuple(copy if each is found else each for each in PUBLISHED.states))
    tables = published | {"restaging": offered_in(pathway, "restaging", COURSES)}
    (trap,) = explore(pathway, replace(COURSES, properties=()), tables).broken
    assert (trap.state, trap.sentence) == ("restaging", "No open decision is sure to lead on from here.")
    assert trap.example == {"tolerance": "emergency"}
    assert trap.path


def test_states_from_which_nothing_leads_to_the_end_are_found(published: dict[str, Offered]) -> None:
    away = [option.name for option in PUBLISHED.options]
    rests = [f"other:{name}" for name in ("follow_up", "restaging", "referred_elsewhere")]
    pathway = with_edges(
        *(Transition(f"decide:{name}", "referred_elsewhere", STAY) for name in (*away, *rests)),
    )
    tables = published | {"referred_elsewhere": offered_in(pathway, "referred_elsewhere", COURSES)}
    traps = explore(pathway, replace(COURSES, properties=()), tables).broken
    assert [each.sentence for each in traps] == ["No open decision is sure to lead on from here."]


# The rules of the model, on a pathway of two states.

LIGHT = made_up("light", "on", "off")
LAMP = made_up("lamp", "on", "off")
ON = guard(LIGHT, "on", sentence="The light is on.", because=WHY)


def house(*edges: Transition) -> Pathway:
    table = (row("1", recommended=Offer("wait"), possible=(Offer("treat"),)),)
    return small(*table, more=edges)


def reached(pathway: Pathway, courses: Courses) -> list[str]:
    """What breaks a property that nothing may break: the last line of the course to every node but the first."""
    lines: list[str] = []

    def note(step: Step) -> bool:
        lines.append(str(step))
        return False

    follows = tuple(each.finding for each in courses.tracked)
    holding = replace(courses, properties=(Property("All is seen.", follows, note),))
    offered = {state.name: offered_in(pathway, state.name, holding) for state in pathway.states}
    explore(pathway, holding, offered)
    return list(dict.fromkeys(lines))


def test_a_fact_without_an_effect_or_an_edge_changes_nothing() -> None:
    courses = Courses((Tracked(LIGHT),), facts=(Fact("noise"),), at_first={LIGHT: ("off",)})
    assert not any(line.startswith("noise") for line in reached(house(), courses))


def test_an_effect_that_is_not_certain_may_leave_the_finding_as_it_is() -> None:
    flick = Effect(("flick",), LIGHT, ("on",), certain=False)
    courses = Courses((Tracked(LIGHT),), (flick,), (Fact("flick"),), {LIGHT: ("off",)})
    lines = reached(house(), courses)
    assert {"flick: stays in choosing", "flick: stays in choosing; light is on"} <= set(lines)


def test_a_certain_effect_leaves_no_choice() -> None:
    flick = Effect(("flick",), LIGHT, ("on",))
    courses = Courses((Tracked(LIGHT),), (flick,), (Fact("flick"),), {LIGHT: ("off",)})
    follower = Follower(house(), courses, (LIGHT,))
    assert list(follower.after(("choosing", ("off",)), "flick")) == [("choosing", ("on",))]


def test_an_effect_applies_while_what_it_hangs_on_is_so_and_may_where_that_is_not_followed() -> None:
    flick = Effect(("flick",), LIGHT, ("on",), {LAMP: ("on",)})
    courses = Courses((Tracked(LIGHT), Tracked(LAMP)), (flick,), (Fact("flick"),))
    both, one = (Follower(house(), courses, follows) for follows in ((LIGHT, LAMP), (LIGHT,)))
    assert list(both.after(("choosing", ("off", "on")), "flick")) == [("choosing", ("on", "on"))]
    assert list(both.after(("choosing", ("off", "off")), "flick")) == [("choosing", ("off", "off"))]
    assert set(one.after(("choosing", ("off",)), "flick")) == {("choosing", ("on",)), ("choosing", ("off",))}


def test_an_effect_of_a_state_applies_there_alone() -> None:
    flick = Effect(("flick",), LIGHT, ("on",), states=("treating",))
    courses = Courses((Tracked(LIGHT),), (flick,), (Fact("flick"),))
    follower = Follower(house(), courses, (LIGHT,))
    assert list(follower.after(("choosing", ("off",)), "flick")) == [("choosing", ("off",))]
    assert list(follower.after(("treating", ("off",)), "flick")) == [("treating", ("on",))]


def test_an_effect_of_the_move_applies_where_the_episode_moves() -> None:
    entering = Effect(("knock",), LIGHT, ("on",), entering=("treating",))
    staying = Effect(("knock",), LIGHT, ("off",), moved=False)
    courses = Courses((Tracked(LIGHT),), (entering, staying), (Fact("knock", "knock", astray=True),))
    follower = Follower(house(Transition("knock", "choosing", "treating")), courses, (LIGHT,))
    assert set(follower.after(("choosing", ("off",)), "knock")) == {
        ("treating", ("on",)),
        ("choosing", ("off",)),
    }
    assert list(follower.after(("treating", ("on",)), "knock")) == [("treating", ("off",))]


def test_a_guarded_edge_is_taken_as_far_as_what_is_followed_tells() -> None:
    knock = Fact("knock", "knock")
    told = Tracked(LAMP, {"on": {LIGHT: ("on",)}, "off": {LIGHT: ("off",)}})
    pathway = house(Transition("knock", "choosing", "treating", (ON,)))
    knowing = Follower(pathway, Courses((told,), facts=(knock,)), (LAMP,))
    assert list(knowing.after(("choosing", ("on",)), "knock")) == [("treating", ("on",))]
    assert list(knowing.after(("choosing", ("off",)), "knock")) == [("choosing", ("off",))]
    blind = Follower(pathway, Courses(facts=(knock,)), ())
    assert set(blind.after(("choosing", ()), "knock")) == {("treating", ()), ("choosing", ())}


def test_values_that_cannot_be_together_are_not_followed() -> None:
    told = Tracked(LAMP, {"on": {LIGHT: ("on",)}, "off": {LIGHT: ("off",)}})
    flick = Effect(("flick",), LIGHT, ("on", "off"))
    courses = Courses((Tracked(LIGHT), told), (flick,), (Fact("flick"),))
    follower = Follower(house(), courses, (LIGHT, LAMP))
    assert follower.told(("on", "off")) is None
    assert list(follower.after(("choosing", ("off", "off")), "flick")) == [("choosing", ("off", "off"))]


def test_a_decision_looks_for_its_edge_before_it_does_what_it_does() -> None:
    lit = Transition("decide:treat", "choosing", "treating", (ON,))
    switching = Effect(("decide:treat",), LIGHT, ("off",))
    courses = Courses((Tracked(LIGHT),), (switching,))
    follower = Follower(house(lit), courses, (LIGHT,))
    assert list(follower.after(("choosing", ("on",)), "decide:treat")) == [("treating", ("off",))]
    assert list(follower.after(("choosing", ("off",)), "decide:treat")) == [("choosing", ("off",))]


def test_a_decision_that_says_where_the_episode_rests_has_an_edge_of_its_own() -> None:
    follower = Follower(house(Transition("decide:wait:treating", ANYWHERE, "treating")), Courses(), ())
    assert list(follower.after(("choosing", ()), "decide:wait:treating")) == [("treating", ())]
    assert list(follower.after(("choosing", ()), "decide:wait")) == [("choosing", ())]


def test_a_decision_is_offered_as_the_table_offers_it_and_can_be_an_override() -> None:
    courses = Courses((Tracked(COLOUR),), at_first={COLOUR: ("blue",)})
    lines = reached(house(), courses)
    assert "decide:wait (recommended): stays in choosing" in lines
    assert f"decide:treat ({OVERRIDE}): to treating" in lines
    assert "decide:treat (possible): to treating" not in lines
    red = reached(house(), replace(courses, at_first={COLOUR: ("red",)}))
    assert "decide:treat (possible): to treating" in red


def test_a_decision_that_needs_two_signatures_is_taken_with_them_alone() -> None:
    courses = Courses(needs_two=lambda step: step.cause == "decide:treat")
    treated = [line for line in reached(house(), courses) if line.startswith("decide:treat")]
    assert treated == [
        f"decide:treat ({TWO_SIGNATURES}): to treating",
        f"decide:treat ({TWO_SIGNATURES}): stays in treating",
    ]


def test_a_broken_property_comes_with_the_shortest_course() -> None:
    knock = Transition("knock", "choosing", "treating")
    courses = Courses(
        facts=(Fact("knock", "knock"),),
        properties=(
            Property("Nobody is treated.", (), lambda step: step.after[0] == "treating" and step.how == ""),
        ),
    )
    (fault,) = check(house(knock), (), courses).faults
    assert (fault.sentence, fault.path) == ("Nobody is treated.", ("knock: to treating",))


def test_a_state_that_leads_on_only_to_the_end_is_a_trap() -> None:
    end = State("end", "End", (row("1", recommended=Offer("wait")),))
    leave = Option("leave", "leave")
    pathway = small(
        row("1", RED, recommended=Offer("wait"), possible=(Offer("leave"),)),
        row("2", recommended=Offer("treat"), possible=(Offer("wait"),)),
        options=(leave,),
        more=(Transition("decide:leave", ANYWHERE, "end"),),
        states=(end,),
    )
    # "leave" stays where it is but for the edge above.
    edges = tuple(
        edge for edge in pathway.transitions if (edge.trigger, edge.target) != ("decide:leave", STAY)
    )
    traps = [
        fault
        for fault in check(replace(pathway, transitions=edges), (), Courses(end="end")).faults
        if "lead" in fault.sentence
    ]
    assert {(each.state, each.sentence) for each in traps} == {
        ("choosing", "No open decision is sure to lead on from here."),
        ("treating", "No open decision is sure to lead on from here."),
        ("end", "No open decision is sure to lead on from here."),
    }
    assert [dict(each.example) for each in traps if each.state == "choosing"]


def test_states_that_lead_to_each_other_and_not_surely_to_the_end_are_found() -> None:
    pathway = small(
        row("1", recommended=Offer("go"), possible=(Offer("treat"), Offer("wait"))),
        options=(Option("go", "go"), Option("back", "go back")),
        more=(Transition("decide:go", "choosing", "there"), Transition("decide:back", "there", "choosing")),
        states=(State("there", "There", (row("1", recommended=Offer("back")),)),),
    )
    faults = check(pathway, (), Courses(end="treating")).faults
    lost = [each for each in faults if each.sentence == "No decision is sure to lead to the end."]
    assert {(each.state, each.path) for each in lost} == {
        ("choosing", ()),
        ("there", ("decide:go (recommended): to there",)),
    }
