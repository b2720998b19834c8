"""The exhaustive check of a pathway: it finds nothing in what is published, and each fault planted in a copy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import product
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathway.catalogue import CATALOGUE, claims_of, courses_of
from pathway.clinical.evidence import PROJECT_DESIGN, Tag, cite
from pathway.engine import cases
from pathway.engine.cases import alike, read_table
from pathway.engine.claims import (
    Claim,
    Decided,
    ForAReason,
    Never,
    OnlyFrom,
    OpenUnknown,
    Spared,
    WithoutAntibody,
)
from pathway.engine.definition import DefinitionContradicts, Offer, Option, Pathway, Row, State, Transition
from pathway.engine.findings import Finding, Found
from pathway.engine.guards import Guard, guard
from pathway.engine.outcome import Outcome, findings_of, matching_rows, outcome_of, outcome_of_rows
from pathway.engine.safety import Checked, Overlap, check, read_for
from pathway.episodes.episode import Episode

PUBLISHED = next(iter(CATALOGUE))
DEPENDS_ON_A_RESPONSE = (
    "What depends on a response is not offered while the response is not evaluable or not known."
)
WHY = cite(PROJECT_DESIGN, Tag.DESIGN, "made up for a test")


def made_up(name: str, *domain: str, completed: bool = False) -> Finding:
    def read(_episode: Episode, _as_of: date) -> Found:
        return Found(domain[0])

    return Finding(name, name, domain, "", read, completed)


COLOUR = made_up("colour", "red", "blue", "unknown")
SHAPE = made_up("shape", "round", "square", "unknown", completed=True)
RED = guard(COLOUR, "red", sentence="It is red.", because=WHY)
ROUND = guard(SHAPE, "round", sentence="It is round.", because=WHY)
SQUARE = guard(SHAPE, "square", sentence="It is square.", because=WHY)


def row(number: str, *when: Guard, recommended: Offer | None, possible: tuple[Offer, ...] = ()) -> Row:
    return Row(number, f"Row {number}.", when, recommended, possible, (WHY,), rests=recommended is None)


FIRST = row("1", ROUND, recommended=Offer("treat"), possible=(Offer("wait"),))
SECOND = row("2", SQUARE, recommended=Offer("wait"), possible=(Offer("treat"),))
LAST = row("3", recommended=Offer("wait"))


def small(
    *rows: Row,
    options: tuple[Option, ...] = (),
    more: tuple[Transition, ...] = (),
    states: tuple[State, ...] = (),
) -> Pathway:
    """A pathway of two states, in which treating needs red."""
    known = (
        Option("treat", "treat", (RED,), treats=True),
        Option("wait", "wait"),
        Option("complete_workup", "obtain what is missing"),
        *options,
    )
    edges = (
        Transition("decide:treat", "*", "treating"),
        *(Transition(f"decide:{option.name}", "*", "=") for option in known if option.name != "treat"),
        *more,
    )
    obtain = (Offer("complete_workup"),)
    return Pathway(
        id="small",
        version=1,
        title="Small",
        summary="For the tests.",
        initial="choosing",
        states=(
            State("choosing", "Choosing", rows, obtain),
            State("treating", "Treating", (row("1", recommended=None),)),
            *states,
        ),
        options=known,
        transitions=edges,
    )


def told(checked: Checked) -> list[str]:
    return [fault.sentence for fault in checked.faults]


@pytest.fixture(scope="module")
def published() -> tuple[Checked, list[float], float]:
    shares: list[float] = []
    began = perf_counter()
    checked = check(PUBLISHED, claims_of(PUBLISHED), courses_of(PUBLISHED), shares.append)
    return checked, shares, perf_counter() - began


@pytest.mark.shows("G15", "R-071", "C-02", "T-46")
def test_the_published_pathway_has_no_fault_in_any_combination(
    published: tuple[Checked, list[float], float], record_property: Callable[[str, object], None]
) -> None:
    checked, _, seconds = published
    record_property("combinations", checked.combinations)
    record_property("broken promises", len(checked.faults))
    record_property("seconds", round(seconds, 1))
    assert checked.faults == ()


@pytest.mark.shows("R-071")
def test_every_combination_of_the_decision_table_is_in_exactly_one_case() -> None:
    state = PUBLISHED.state("decision_due")
    domains = alike(PUBLISHED, state)
    covered = sum(
        math.prod(len(domain) for each, domain in domains.items() if each not in values)
        for values, _ in read_table(state, domains)
    )
    assert covered == math.prod(map(len, domains.values()))


def test_progress_goes_from_nothing_to_all_combinations(
    published: tuple[Checked, list[float], float],
) -> None:
    shares = published[1]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > published[0].cases


def test_every_combination_of_a_table_one_by_one_lies_in_one_case_and_reaches_its_rows() -> None:
    """The cases against plain enumeration, on a table that is small enough for it."""
    state = PUBLISHED.state("assessment_due")
    read = tuple(dict.fromkeys(each.finding for row in state.table for each in row.when))
    domains = alike(PUBLISHED, state)
    found = list(read_table(state, {each: each.domain for each in domains}))
    for picked in product(*(each.domain for each in read)):
        known = dict(zip(read, picked, strict=True))
        (rows,) = [rows for values, rows in found if values.items() <= known.items()]
        assert rows == matching_rows(state, known)


DECISION = findings_of(PUBLISHED, "decision_due")


@given(st.tuples(*(st.sampled_from(each.domain) for each in DECISION)))
def test_a_value_left_out_leads_where_the_value_that_stands_for_it_leads(values: tuple[str, ...]) -> None:
    """Values are left out of the check only where every guard treats them alike."""
    domains = alike(PUBLISHED, PUBLISHED.state("decision_due"))
    guards = PUBLISHED.guards
    stand_ins = []
    for each, value in zip(DECISION, values, strict=True):
        same = [
            known
            for known in domains[each]
            if all(g.holds(known) == g.holds(value) for g in guards if g.finding is each)
        ]
        stand_ins.append(same[0] if same else value)
    first, second = (outcome_of(PUBLISHED, "decision_due", tuple(each)) for each in (values, stand_ins))
    assert first.statuses == second.statuses
    assert first.rows == second.rows


@given(st.tuples(*(st.sampled_from(each.domain) for each in DECISION)))
def test_a_combination_drawn_at_random_reaches_a_row_and_has_at_most_one_recommendation(
    values: tuple[str, ...],
) -> None:
    outcome = outcome_of(PUBLISHED, "decision_due", values)
    assert outcome.rows
    recommended = [name for name, status in outcome.statuses.items() if status == "recommended"]
    assert recommended == ([outcome.recommended] if outcome.recommended else [])


def test_a_sound_small_pathway_passes() -> None:
    checked = check(small(FIRST, SECOND, LAST))
    assert told(checked) == ["Row 3 is never reached: the rows above it take every case."]
    assert told(check(small(FIRST, row("2", recommended=Offer("wait"))))) == []


def test_combinations_are_counted_with_every_value() -> None:
    checked = check(small(FIRST, row("2", recommended=Offer("wait"))))
    assert checked.combinations == len(COLOUR.domain) * len(SHAPE.domain) + 1


def test_a_table_without_a_last_row_is_refused_when_it_is_built() -> None:
    with pytest.raises(DefinitionContradicts, match="has no last row for all other cases"):
        small(FIRST, SECOND)


@pytest.mark.shows("G15", "T-46", control=True)
def test_a_combination_that_reaches_no_row_is_found() -> None:
    nothing_known = made_up("mist", "unknown", completed=True)
    never = guard(nothing_known, "unknown", sentence="There is mist.", because=WHY)
    table = (row("1", never, recommended=Offer("treat")), row("2", recommended=Offer("wait")))
    faults = check(small(*table)).faults
    assert faults[0].sentence == "A combination reaches no row."
    assert faults[0].example == {"mist": "unknown"}


def test_a_treatment_freed_of_its_needs_is_found_unless_a_claim_says_why() -> None:
    freed = small(row("1", recommended=Offer("wait"), possible=(Offer("treat", exempt=True),)))
    assert told(check(freed)) == ["Row 1 offers treat whatever it needs, and no claim says why."]
    assert told(check(freed, [Spared("It is under way.", "choosing", "1", "treat")])) == []


def test_a_row_reached_from_elsewhere_than_claimed_is_found_with_an_example() -> None:
    plain = small(FIRST, row("2", recommended=Offer("wait")))
    claim = OnlyFrom("Row 1 takes square things.", "choosing", "1", ({SHAPE: ("square",)},))
    (fault,) = check(plain, [claim]).faults
    assert (fault.sentence, fault.example) == ("Row 1 takes square things.", {"shape": "round"})
    assert told(check(plain, [OnlyFrom("Round things.", "choosing", "1", ({SHAPE: ("round",)},))])) == []


@pytest.mark.shows("G15", "T-46", control=True)
@pytest.mark.parametrize(
    ("when", "broken"),
    [({COLOUR: ("red",)}, True), ({SHAPE: ("round",)}, True), ({COLOUR: ("blue", "unknown")}, False)],
)
def test_an_option_open_where_it_may_never_be_is_found(when: cases.Wanted, broken: bool) -> None:
    claim = Never("No treatment of these.", ("choosing",), ("treat",), when)
    found = told(check(small(FIRST, row("2", recommended=Offer("wait"))), [claim]))
    assert found == (["No treatment of these. Here treat is open."] if broken else [])


@pytest.mark.parametrize(
    ("offered", "broken"),
    [
        (row("2", SQUARE, recommended=Offer("wait"), possible=(Offer("treat", needs_reason=True),)), False),
        (SECOND, True),
        (row("2", SQUARE, recommended=Offer("treat", needs_reason=True)), True),
    ],
)
def test_what_is_claimed_to_be_for_a_reason_alone_may_neither_be_advised_nor_open_without_one(
    offered: Row, broken: bool
) -> None:
    claim = ForAReason(
        "What is square is treated for a reason.", ("choosing",), ("treat",), {SHAPE: ("square",)}
    )
    sentences = told(check(small(FIRST, offered, LAST), [claim]))
    assert (f"{claim.sentence} Here treat is open." in sentences) == broken


def test_a_claim_about_another_state_or_option_is_not_held_against_this_one() -> None:
    plain = small(FIRST, row("2", recommended=Offer("wait")))
    claims: list[Claim] = [
        Never("Elsewhere.", ("treating",), ("treat",), {}),
        Never("Something else.", ("choosing",), ("complete_workup",), {SHAPE: ("triangular",)}),
        OnlyFrom("Elsewhere.", "treating", "9", ()),
    ]
    assert told(check(plain, claims)) == []


def test_a_claim_about_what_does_not_exist_is_found() -> None:
    """It would hold of any pathway."""
    plain = small(FIRST, row("2", recommended=Offer("wait")))
    claims: list[Claim] = [
        Never("Never.", ("chosing",), ("tread",), {}),
        Spared("On purpose.", "treeting", "1", "treat"),
    ]
    assert told(check(plain, claims)) == [
        "Never. No state has this name.",
        "Never. No option has the name tread.",
        "On purpose. No state has this name.",
    ]


@pytest.mark.shows("G15", "C-30", control=True)
def test_a_fact_that_leads_into_treatment_is_found() -> None:
    decided = Decided("Treatment begins with a decision.", ("treating",))
    table = (FIRST, row("2", recommended=Offer("wait")))
    assert told(check(small(*table), [decided])) == []
    by_fact = small(*table, more=(Transition("cycle_started", "choosing", "treating"),))
    assert told(check(by_fact, [decided])) == [
        "Treatment begins with a decision. Here cycle_started leads there from choosing."
    ]


def test_a_state_no_edge_leads_to_and_an_option_no_table_offers_are_found() -> None:
    island = State("island", "Island", (row("1", recommended=None),))
    lost = Option("lost", "lost")
    found = check(small(FIRST, row("2", recommended=Offer("wait")), options=(lost,), states=(island,)))
    assert told(found) == ["No edge leads to this state.", "No table offers lost."]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda outcome: replace(outcome, statuses=dict.fromkeys(outcome.statuses, "recommended")),
            "What stands as recommended is not what is recommended.",
        ),
        (
            lambda outcome: replace(
                outcome,
                statuses={**dict.fromkeys(outcome.statuses, "possible"), "wait": "recommended"},
                recommended="wait",
            ),
            "treat is open though what it needs is not known to hold.",
        ),
    ],
)
def test_a_fault_of_the_engine_itself_is_found(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Outcome], Outcome], sentence: str
) -> None:
    sound = outcome_of_rows
    monkeypatch.setattr(cases, "outcome_of_rows", lambda *asked: change(sound(*asked)))
    assert sentence in told(check(small(FIRST, row("2", recommended=Offer("wait")))))


def test_the_rows_of_a_case_are_those_the_engine_finds() -> None:
    state = small(FIRST, SECOND, LAST).state("choosing")
    found = list(read_table(state, {SHAPE: SHAPE.domain}))
    assert [matching_rows(state, values) for values, _ in found] == [matches for _, matches in found]


BLUE_OR_RED = guard(COLOUR, "red", "blue", sentence="It is red or blue.", because=WHY)
ANY_SHAPE = made_up("any_shape", "round", "square", "unknown")
IS_SQUARE = guard(ANY_SHAPE, "square", sentence="It is square.", because=WHY)


@pytest.mark.shows("G15", control=True)
def test_a_treatment_that_is_open_because_a_finding_is_unknown_is_found_unless_a_claim_says_why() -> None:
    """It is kept from what is square; of what is not known it is not kept."""
    table = (
        row("1", IS_SQUARE, recommended=Offer("wait")),
        row("2", recommended=Offer("wait"), possible=(Offer("treat"),)),
    )
    (fault,) = check(small(*table)).faults
    assert fault.sentence == "treat is open while any_shape is unknown, though square would close it."
    assert fault.example == {"any_shape": "square"}
    spared = OpenUnknown("Treatment does not wait for it.", ANY_SHAPE, ("square",), ("treat",))
    assert told(check(small(*table), [spared])) == []


def test_an_unknown_that_opens_what_each_known_value_opens_too_is_no_fault() -> None:
    both = (Offer("treat"),)
    table = (
        row("1", IS_SQUARE, recommended=Offer("wait"), possible=both),
        row("2", recommended=Offer("wait"), possible=both),
    )
    assert told(check(small(*table))) == []


def test_a_treatment_freed_of_its_needs_while_a_finding_is_unknown_is_held_against_rows_that_do_not_free_it() -> (
    None
):
    freed = row("2", recommended=Offer("wait"), possible=(Offer("treat", exempt=True),))
    table = (row("1", IS_SQUARE, recommended=Offer("wait"), possible=(Offer("treat"),)), freed)
    spared = Spared("It is under way.", "choosing", "2", "treat")
    assert told(check(small(*table), [spared])) == [
        "treat is open while any_shape is unknown, though square would close it."
    ]


def test_a_value_that_blocks_the_option_itself_is_not_what_the_unknown_opened() -> None:
    """The rows ask for the colour that treating needs; where it is blue nothing is treated anyway."""
    blue = guard(COLOUR, "blue", sentence="It is blue.", because=WHY)
    table = (
        row("1", IS_SQUARE, blue, recommended=Offer("wait")),
        row("2", recommended=Offer("wait"), possible=(Offer("treat"),)),
    )
    assert told(check(small(*table))) == []


def test_a_claim_tells_values_apart_that_no_guard_tells_apart() -> None:
    """The row asks for red or blue; the claim speaks of blue alone."""
    table = (
        row("1", BLUE_OR_RED, recommended=Offer("wait"), possible=(Offer("heal"),)),
        row("2", recommended=Offer("wait")),
    )
    heal = Option("heal", "heal", treats=True)
    never = Never("Nothing blue is healed.", ("choosing",), ("heal",), {COLOUR: ("blue",)})
    faults = check(small(*table, options=(heal,)), [never]).faults
    assert [each.example for each in faults if each.sentence.startswith("Nothing blue")] == [
        {"colour": "blue"}
    ]


@pytest.mark.parametrize(("without", "broken"), [(False, True), (True, False)])
def test_an_option_that_is_open_with_the_antibody_where_only_without_it_is_allowed_is_found(
    without: bool, broken: bool
) -> None:
    claim = WithoutAntibody("Without the antibody alone.", ("choosing",), ("treat",), {})
    table = row("1", recommended=Offer("wait"), possible=(Offer("treat", without_antibody=without),))
    assert bool(told(check(small(table), [claim]))) is broken


@pytest.mark.parametrize(
    ("offer", "broken"), [(Offer("treat"), True), (Offer("treat", needs_reason=True), False)]
)
def test_an_option_that_is_open_without_a_reason_where_one_is_due_is_found(
    offer: Offer, broken: bool
) -> None:
    claim = ForAReason("For a reason alone.", ("choosing",), ("treat",), {})
    found = told(check(small(row("1", recommended=Offer("wait"), possible=(offer,))), [claim]))
    assert bool(found) is broken


def test_a_row_that_may_leave_nothing_to_choose_is_found() -> None:
    choice = Row("1", "Row 1.", (), None, (Offer("treat"),), (WHY,))
    assert "Row 1 may leave nothing to choose." in told(check(small(choice)))
    with_a_way_out = replace(choice, possible=(Offer("treat"), Offer("wait")))
    assert told(check(small(with_a_way_out))) == []


def test_rows_that_match_together_and_recommend_otherwise_are_counted() -> None:
    first = row("1", RED, recommended=Offer("wait"))
    second = row("2", IS_SQUARE, recommended=Offer("treat"))
    third = row("3", guard(COLOUR, "blue", sentence="It is blue.", because=WHY), recommended=Offer("treat"))
    last = row("4", recommended=Offer("wait"))
    assert check(small(first, second, third, last)).overlaps == (
        Overlap("choosing", "1", "2"),
        Overlap("choosing", "2", "4"),
        Overlap("choosing", "3", "4"),
    )


# Faults planted in copies of the published pathway, one table at a time.

MATRIX_ROWS = ("8", "9", "11", "12", "13", "19", "20", "34", "36")


def planted(state: str, *rows: Row) -> Pathway:
    """The published pathway in which this state has another table."""
    found = PUBLISHED.state(state)
    copy = replace(found, table=rows)
    return replace(PUBLISHED, states=tuple(copy if each is found else each for each in PUBLISHED.states))


def rows_of(state: str) -> dict[str, Row]:
    return {each.number: each for each in PUBLISHED.state(state).table}


def faults_in(pathway: Pathway, state: str) -> dict[str, dict[str, str]]:
    """What is found in one table, with an example of each."""
    reading = read_for(pathway, state, claims_of(PUBLISHED))
    for _ in reading.run():
        pass
    return {fault.sentence: dict(fault.example) for fault in reading.faults.values()}


def matrix(**changed: Row) -> Pathway:
    """The decision table with some rows changed, and without those that the faults do not touch."""
    rows = rows_of("decision_due")
    return planted("decision_due", *(changed.get(f"row_{number}", rows[number]) for number in MATRIX_ROWS))


def with_offer(row: Row, *offers: Offer) -> Row:
    names = {each.option for each in offers}
    return replace(row, possible=(*(each for each in row.possible if each.option not in names), *offers))


def test_an_exempt_bridge_is_found_in_the_decision_table() -> None:
    row = with_offer(rows_of("decision_due")["8"], Offer("bridge_to_car_t", exempt=True))
    found = faults_in(matrix(row_8=row), "decision_due")
    assert "Row 8 offers bridge_to_car_t whatever it needs, and no claim says why." in found
    example = found["No bridge to CAR-T cells unless the child is eligible. Here bridge_to_car_t is open."]
    assert example["gd2"] == "negative"


@pytest.mark.shows("G15", "C-02", control=True)
def test_maintenance_offered_at_progression_is_found_in_the_decision_table() -> None:
    row = with_offer(rows_of("decision_due")["11"], Offer("start_maintenance"))
    example = faults_in(matrix(row_11=row), "decision_due")[
        "No maintenance is begun at progression. Here start_maintenance is open."
    ]
    assert example["response"] == "PD"


def test_a_transplant_without_a_response_is_found_in_the_decision_table() -> None:
    row = with_offer(rows_of("decision_due")["13"], Offer("consolidation_transplant"))
    found = faults_in(matrix(row_13=row), "decision_due")
    assert found[f"{DEPENDS_ON_A_RESPONSE} Here consolidation_transplant is open."]["response"] == "NE"


def test_two_rows_with_the_same_guards_are_found_in_the_decision_table() -> None:
    rows = rows_of("decision_due")
    found = faults_in(matrix(row_20=replace(rows["20"], when=rows["19"].when)), "decision_due")
    assert "Row 20 is never reached: the rows above it take every case." in found


def test_a_row_that_takes_more_than_it_was_written_for_is_found_in_the_decision_table() -> None:
    rows = rows_of("decision_due")
    found = faults_in(matrix(row_34=replace(rows["34"], when=rows["34"].when[:1])), "decision_due")
    assert any(sentence.startswith("Row 36 takes stable disease") for sentence in found)


@pytest.mark.shows("C-02", control=True)
def test_maintenance_freed_of_consent_is_found() -> None:
    options = tuple(
        replace(each, needs=()) if each.name == "start_maintenance" else each for each in PUBLISHED.options
    )
    found = faults_in(replace(matrix(), options=options), "decision_due")
    assert "No systemic treatment without the family's consent. Here start_maintenance is open." in found


def without_row(state: str, number: str) -> Pathway:
    rows = rows_of(state)
    return planted(state, *(each for each in rows.values() if each.number != number))


@pytest.mark.shows("G15", "C-02", "C-13", control=True)
@pytest.mark.parametrize(
    "state", ["chemoimmunotherapy.cycle_running", "maintenance.cycle_running", "local_control"]
)
def test_a_table_without_its_row_for_emergencies_is_found(state: str) -> None:
    found = faults_in(without_row(state, "A"), state)
    assert any(sentence.startswith("While a life-threatening side effect goes on") for sentence in found)
    assert {example.get("tolerance", "emergency") for example in found.values()} == {"emergency"}


def test_a_table_without_its_row_for_new_disease_of_the_central_nervous_system_is_found() -> None:
    state = "chemoimmunotherapy.cycle_running"
    found = faults_in(without_row(state, "D"), state)
    assert any(
        sentence.startswith("New disease in the central nervous system: no antibody") for sentence in found
    )


def test_a_table_without_its_row_for_comfort_is_found() -> None:
    state = "chemoimmunotherapy.cycle_running"
    found = faults_in(without_row(state, "B"), state)
    assert (
        "Where the goal is comfort, nothing intensive is offered. Here continue_chemoimmunotherapy is open."
        in found
    )


def test_a_bridge_that_goes_on_without_restaging_is_found() -> None:
    state = "car_t_bridge.manufacturing"
    found = faults_in(without_row(state, "F1"), state)
    assert any(sentence.startswith("No lymphodepletion without restaging") for sentence in found)


def test_a_tumour_board_left_with_nothing_to_choose_is_found() -> None:
    state = "chemoimmunotherapy.cycle_running"
    rows = rows_of(state)
    rows["F"] = replace(rows["F"], possible=(Offer("drop_antibody"),))
    assert "Row F may leave nothing to choose." in faults_in(planted(state, *rows.values()), state)


def test_a_row_moved_behind_the_last_is_found() -> None:
    state = "assessment_due"
    rows = list(rows_of(state).values())
    swapped = [*rows[:-2], replace(rows[-1], when=()), replace(rows[-2], when=())]
    found = faults_in(planted(state, *swapped), state)
    assert f"Row {rows[-2].number} is never reached: the rows above it take every case." in found
