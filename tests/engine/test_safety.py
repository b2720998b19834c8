"""The exhaustive check of a pathway: it finds nothing in what is published, and each fault planted in a copy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathway.catalogue import CATALOGUE, claims_of
from pathway.clinical.evidence import PROJECT_DESIGN, Tag, cite
from pathway.engine import safety
from pathway.engine.definition import DefinitionContradicts, Offer, Option, Pathway, Row, State, Transition
from pathway.engine.findings import Finding, Found
from pathway.engine.guards import Guard, guard
from pathway.engine.outcome import Outcome, findings_of, matching_rows, outcome_of, outcome_of_rows
from pathway.engine.safety import (
    Checked,
    Claim,
    Decided,
    Never,
    OnlyFrom,
    Spared,
    check,
    distinct_values,
    read_table,
)
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
def published() -> tuple[Checked, list[float]]:
    shares: list[float] = []
    return check(PUBLISHED, claims_of(PUBLISHED), shares.append), shares


def test_the_published_pathway_has_no_fault_in_any_combination(
    published: tuple[Checked, list[float]],
) -> None:
    assert published[0].faults == ()


def test_every_combination_of_the_decision_table_is_in_exactly_one_case() -> None:
    state = PUBLISHED.state("decision_due")
    domains = distinct_values(PUBLISHED, state)
    covered = sum(
        math.prod(len(domain) for each, domain in domains.items() if each not in values)
        for values, _ in read_table(state, domains)
    )
    assert covered == math.prod(map(len, domains.values()))


def test_progress_goes_from_nothing_to_all_combinations(published: tuple[Checked, list[float]]) -> None:
    shares = published[1]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) == published[0].cases


def test_every_combination_of_a_table_one_by_one_lies_in_one_case_and_reaches_its_rows() -> None:
    """The cases against plain enumeration, on a table that is small enough for it."""
    state = PUBLISHED.state("progression_confirmed")
    read = tuple(dict.fromkeys(each.finding for row in state.table for each in row.when))
    domains = distinct_values(PUBLISHED, state)
    cases = list(read_table(state, {each: each.domain for each in domains}))
    for picked in product(*(each.domain for each in read)):
        known = dict(zip(read, picked, strict=True))
        (rows,) = [rows for values, rows in cases if values.items() <= known.items()]
        assert rows == matching_rows(state, known)


DECISION = findings_of(PUBLISHED, "decision_due")


@given(st.tuples(*(st.sampled_from(each.domain) for each in DECISION)))
def test_a_value_left_out_leads_where_the_value_that_stands_for_it_leads(values: tuple[str, ...]) -> None:
    """Values are left out of the check only where every guard treats them alike."""
    domains = distinct_values(PUBLISHED, PUBLISHED.state("decision_due"))
    guards = PUBLISHED.guards
    stand_ins = []
    for each, value in zip(DECISION, values, strict=True):
        alike = [
            known
            for known in domains[each]
            if all(g.holds(known) == g.holds(value) for g in guards if g.finding is each)
        ]
        stand_ins.append(alike[0] if alike else value)
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


def test_faults_planted_in_the_decision_table_are_all_found() -> None:
    """One copy with several faults, and without the rows they do not touch: reading the whole table takes seconds."""
    state = PUBLISHED.state("decision_due")
    kept = ("8", "9", "11", "12", "13", "19", "20", "34", "36")
    rows = {each.number: each for each in state.table if each.number in kept}
    rows["8"] = replace(rows["8"], possible=(*rows["8"].possible, Offer("bridge_to_car_t", exempt=True)))
    rows["11"] = replace(rows["11"], possible=(*rows["11"].possible, Offer("start_maintenance")))
    rows["13"] = replace(rows["13"], possible=(*rows["13"].possible, Offer("consolidation_transplant")))
    rows["20"] = replace(rows["20"], when=rows["19"].when)
    planted = replace(state, table=tuple(rows.values()))
    states = tuple(planted if each is state else each for each in PUBLISHED.states)
    options = tuple(
        replace(each, needs=()) if each.name == "start_maintenance" else each for each in PUBLISHED.options
    )
    faults = check(replace(PUBLISHED, states=states, options=options), claims_of(PUBLISHED)).faults
    found = {fault.sentence for fault in faults if fault.state == "decision_due"}
    assert {
        "Row 8 offers bridge_to_car_t whatever it needs, and no claim says why.",
        "No bridge to CAR-T cells unless the child is eligible. Here bridge_to_car_t is open.",
        "No maintenance is begun at progression. Here start_maintenance is open.",
        f"{DEPENDS_ON_A_RESPONSE} Here consolidation_transplant is open.",
        "Row 20 is never reached: the rows above it take every case.",
        "No systemic treatment without the family's consent. Here start_maintenance is open.",
    } <= found
    assert any(sentence.startswith("Row 36 takes stable disease") for sentence in found)


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


@pytest.mark.parametrize(
    ("when", "broken"),
    [({COLOUR: ("red",)}, True), ({SHAPE: ("round",)}, True), ({COLOUR: ("blue", "unknown")}, False)],
)
def test_an_option_open_where_it_may_never_be_is_found(when: safety.Wanted, broken: bool) -> None:
    claim = Never("No treatment of these.", ("choosing",), ("treat",), when)
    found = told(check(small(FIRST, row("2", recommended=Offer("wait"))), [claim]))
    assert found == (["No treatment of these. Here treat is open."] if broken else [])


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
    monkeypatch.setattr(safety, "outcome_of_rows", lambda *asked: change(sound(*asked)))
    assert sentence in told(check(small(FIRST, row("2", recommended=Offer("wait")))))


def test_the_rows_of_a_case_are_those_the_engine_finds() -> None:
    state = small(FIRST, SECOND, LAST).state("choosing")
    cases = list(read_table(state, {SHAPE: SHAPE.domain}))
    assert [matching_rows(state, values) for values, _ in cases] == [matches for _, matches in cases]
