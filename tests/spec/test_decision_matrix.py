"""The decision after an assessment: every combination against a reference written apart, and each row in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product

import pytest

from pathway.engine.definition import Row
from pathway.engine.findings import OPEN, Finding
from pathway.engine.outcome import matching_rows
from tests.spec.decision import FINDINGS, PATHWAY, STATE, USUAL, outcome
from tests.spec.matrix_reference import ALWAYS, LETTERS, LINES, NAMES, Line, lines_for, translated

BY_LETTER = {NAMES[name][0]: finding for name, finding in FINDINGS.items() if name in NAMES}


def number_of(row: Row) -> int:
    return int("".join(letter for letter in row.number if letter.isdigit()))


def letters(options: Mapping[str, object]) -> set[str]:
    return {LETTERS[name] for name in options if name not in ALWAYS}


Case = tuple[Mapping[str, str], frozenset[Row], frozenset[Line]]


def cases(background: Mapping[Finding, str], *, settled: bool) -> Iterator[Case]:
    """All combinations of what is left open, those that differ in nothing either side looks at taken together.

    Both sides are asked with the background alone. Where one of them asks for a finding, each value of it is
    followed; so every combination lies in exactly one case, in which both sides have read all they read.
    `settled` leaves out that something is unknown which has no row for it.
    """
    waiting: list[Mapping[Finding, str]] = [background]
    while waiting:
        known = waiting.pop()
        try:
            rows = frozenset(matching_rows(STATE, known))
            lines = frozenset(lines_for(dict(translated(each.name, value) for each, value in known.items())))
        except KeyError as asked:
            finding = BY_LETTER.get(asked.args[0], asked.args[0])
            followed = [
                value for value in finding.domain if not (settled and finding.completed and value in OPEN)
            ]
            waiting += [{**known, finding: value} for value in followed]
        else:
            yield {each.name: value for each, value in known.items()}, rows, lines


@cache
def every_case() -> tuple[Case, ...]:
    """Every combination in which nothing is unknown that has no row for it."""
    return tuple(cases({}, settled=True))


def differing(found: Iterable[Case]) -> list[tuple[Mapping[str, str], list[str], list[int]]]:
    return [
        (known, sorted(row.number for row in rows), sorted(line.number for line in lines))
        for known, rows, lines in found
        if {number_of(row) for row in rows} != {line.number for line in lines}
    ]


@pytest.mark.shows("R-060", "C-01")
def test_every_combination_of_findings_reaches_the_row_it_should() -> None:
    assert differing(every_case()) == []


BACKGROUNDS: tuple[dict[str, str], ...] = (
    {},
    {"context": "maintenance"},
    {"context": "car_t"},
    {"context": "follow_up"},
    {"local_disease": "yes"},
    {"local_disease": "unknown", "car_t_eligibility": "yes"},
    {"gd2": "negative"},
    {"gd2": "stale"},
    {"tolerance": "stop"},
    {"tolerance": "limiting"},
    {"tolerance": "unknown"},
    {"fitness": "poor"},
    {"line": "third_or_later"},
    {"stopped_antibody": "yes"},
    {"local_control_owed": "yes", "local_disease": "stale"},
)


@pytest.mark.shows("C-08")
@pytest.mark.parametrize("background", BACKGROUNDS, ids=str)
def test_what_is_unsettled_reaches_every_row_it_may_turn_out_to_reach(background: dict[str, str]) -> None:
    """All combinations of what may be unsettled, before backgrounds that between them reach every row."""
    known = {
        finding: (USUAL | background)[name]
        for name, finding in FINDINGS.items()
        if name in NAMES and not finding.completed
    }
    assert differing(cases(known, settled=False)) == []


@pytest.mark.shows("C-01")
def test_every_row_is_reached_and_every_combination_reaches_one() -> None:
    assert {number_of(row) for _, rows, _ in every_case() for row in rows} == set(range(1, 37))
    assert all(len(rows) == 1 for _, rows, _ in every_case())


def test_only_stable_disease_from_the_fourth_cycle_and_minor_response_at_the_limit_reach_row_36() -> None:
    members = {
        (known["context"], known["response"], known["phase"])
        for known, rows, _ in every_case()
        if [row.number for row in rows] == ["36"]
    }
    assert {(response, phase) for _, response, phase in members} == {
        ("SD", "mid"),
        ("SD", "limit"),
        ("MR", "limit"),
    }
    assert {context for context, _, _ in members} == {"none", "systemic", "local_control"}


@pytest.mark.shows("R-060")
@pytest.mark.parametrize("row", STATE.table, ids=lambda row: row.number)
def test_a_row_recommends_and_offers_what_it_should(row: Row) -> None:
    (line,) = (each for each in LINES if each.number == number_of(row) and is_meant(row, each))
    offered = {offer.option: offer for offer in row.offers}
    recommended = LETTERS[row.recommended.option] if row.recommended else "TB"
    assert recommended == line.recommended
    assert letters(offered) - {recommended} == line.possible
    asks = {LETTERS[name] for name, offer in offered.items() if offer.needs_reason}
    asks_nothing = {LETTERS[name] for name, offer in offered.items() if not offer.needs_reason}
    assert asks == line.with_reason
    assert not asks & asks_nothing
    assert {LETTERS[name] for name, offer in offered.items() if offer.exempt} == line.spared


def is_meant(row: Row, line: Line) -> bool:
    """Rows 16, 28 and 29 stand in two parts: the first asks for one thing more."""
    asked = {name for condition in line.when for name, _ in condition}
    in_two = row.number in ("16a", "16b", "28a", "28b", "29a", "29b")
    return not in_two or ("a" in row.number) == bool(asked & {"M6", "OWED", "STOPPED"})


def needs_hold(option: str, values: Mapping[str, str], *, spared: bool) -> bool | None:
    """The second layer: what each option needs wherever it stands; None where that is not known."""
    if spared:
        return True
    consent = (values["consent"], {"given"})
    anew = (values["new_line_consent"], {"given"})
    in_treatment = (values["context"], {"systemic", "local_control", "maintenance"})
    wanted = {
        "start_chemoimmunotherapy": [
            anew,
            (values["line_under_way"], {"no"}),
            (values["risk_group"], {"high"}),
        ],
        "continue_chemoimmunotherapy": [
            consent,
            (values["line_under_way"], {"yes"}),
            (values["context"], {"systemic", "local_control"}),
        ],
        "continue_maintenance": [consent, (values["context"], {"maintenance"})],
        "continue_monitoring": [(values["context"], {"car_t"})],
        "drop_antibody": [consent, in_treatment, (values["antibody"], {"yes"})],
        "switch_antibody": [consent, in_treatment, (values["antibody"], {"yes"})],
        "start_maintenance": [consent, (values["graft_versus_host"], {"compatible"})],
        "waive_local_control": [(values["local_control_owed"], {"yes"})],
        "change_line": [anew],
        "local_control": [(values["local_disease"], {"yes"})],
        "bridge_to_car_t": [(values["car_t_eligibility"], {"yes"}), (values["car_t_consent"], {"given"})],
        "consolidation_transplant": [(values["high_dose_therapy"], {"refractory", "none", "haploidentical"})],
        "resume": [
            (values["held"], {"yes"}),
            (values["emergency"], {"no"}),
            (values["tolerance"], {"fine", "limiting", "stop"}),
            (values["intent"], {"treatment"}),
        ],
    }.get(option, [])
    if any(value not in allowed and value not in ("unknown", "stale") for value, allowed in wanted):
        return False
    return None if any(value not in allowed for value, allowed in wanted) else True


def _reaching(row: Row) -> Iterator[dict[str, str]]:
    """Ways to reach a row alone: one for each combination of those findings that options need as well."""
    needed = {need.finding.name for option in PATHWAY.options for need in option.needs}
    seen = set()
    for known, rows, _ in every_case():
        fixed = frozenset((name, value) for name, value in known.items() if name in needed)
        if rows == {row} and fixed not in seen:
            seen.add(fixed)
            yield dict(known)


@pytest.mark.parametrize("row", STATE.table, ids=lambda row: row.number)
def test_what_an_option_needs_only_takes_away(row: Row) -> None:
    """Every combination of what an option needs, for each option: nothing else bears on whether it is open."""
    first = row.recommended.option if row.recommended else None
    for known in _reaching(row):
        for offer in (*row.offers, *STATE.always):
            needs = {need.finding.name for need in PATHWAY.option(offer.option).needs} - set(known)
            for picked in product(*(FINDINGS[name].domain for name in sorted(needs))):
                values = {**USUAL, **known, **dict(zip(sorted(needs), picked, strict=True))}
                told = outcome(**values)
                holds = needs_hold(offer.option, values, spared=offer.exempt)
                if offer.option != first:
                    opened = "possible" if holds else "blocked"
                elif holds:
                    opened = "recommended"
                else:
                    opened = "blocked"
                    assert told.recommended == ("complete_workup" if holds is None else None)
                    assert told.needs_tumour_board == (holds is False)
                assert told.statuses[offer.option] == opened


ROWS = (
    (
        "A life-threatening side effect is managed before anything else.",
        {"tolerance": "emergency", "response": "PD"},
        1,
        "E",
        "",
    ),
    ("When comfort is the goal, supportive care comes first.", {"intent": "comfort"}, 2, "S", "FX"),
    (
        "When comfort is the goal, treatment of low intensity stays possible with consent.",
        {"intent": "comfort", "local_disease": "yes", "response": "PD"},
        2,
        "S",
        "FLX",
    ),
    ("Suspected CNS disease is imaged first.", {"cns": "suspected"}, 3, "O", "FS"),
    (
        "A child with new CNS disease is referred; the antibody, maintenance and cells do not apply.",
        {"cns": "new", "response": "CR", "car_t_eligibility": "yes", "car_t_consent": "given"},
        4,
        "F",
        "LSX",
    ),
    (
        "New CNS disease can be operated on or irradiated though nothing else is amenable.",
        {"cns": "new", "local_disease": "no"},
        4,
        "F",
        "LSX",
    ),
    (
        "New CNS disease allows another line, without antibody, with consent only.",
        {"cns": "new", "new_line_consent": "unknown"},
        4,
        "F",
        "LS",
    ),
    (
        "An unconfirmed new spot is looked into before the line is left.",
        {"response": "PD", "progression_confirmed": "open"},
        5,
        "O",
        "FSXY",
    ),
    (
        "Confirmed progression in a child in poor condition is for the tumour board.",
        {"response": "PD", "fitness": "poor"},
        6,
        "TB",
        "FSX",
    ),
    (
        "Confirmed progression in the third line is for the tumour board.",
        {"response": "PD", "line": "third_or_later"},
        6,
        "TB",
        "FSX",
    ),
    (
        "Confirmed progression with an unknown number of earlier lines is for the tumour board.",
        {"response": "PD", "line": "unknown"},
        6,
        "TB",
        "FSX",
    ),
    (
        "Progression that can be treated locally is for the tumour board.",
        {"response": "PD", "local_disease": "yes"},
        7,
        "TB",
        "FLSX",
    ),
    (
        "Progression without GD2 leads to a line that does not need it.",
        {"response": "PD", "gd2": "negative"},
        8,
        "X",
        "FS",
    ),
    (
        "Progression with GD2 unknown changes the line and measures GD2 without waiting.",
        {"response": "PD", "gd2": "stale"},
        9,
        "X",
        "FS",
    ),
    (
        "Progression in a child eligible for cells is for the tumour board.",
        {"response": "PD", "car_t_eligibility": "yes", "car_t_consent": "given"},
        10,
        "TB",
        "BFSX",
    ),
    ("Other progression changes the line.", {"response": "PD"}, 11, "X", "FS"),
    ("A response that cannot be evaluated yet is completed first.", {"response": "NE"}, 12, "O", "FSY"),
    (
        "A response that was not completed in time is for the tumour board.",
        {"response": "NE", "work_up": "over"},
        13,
        "TB",
        "FSXY",
    ),
    ("Follow-up without progression goes on.", {"context": "follow_up", "response": "NED"}, 14, "W", "FS"),
    ("Unknown tolerance is asked for.", {"tolerance": "unknown"}, 15, "O", "FS"),
    ("Unknown fitness is asked for.", {"fitness": "stale"}, 15, "O", "FS"),
    (
        "A response to cells is followed to the next time point.",
        {"context": "car_t", "response": "PR"},
        16,
        "Y",
        "FSW",
    ),
    (
        "A response at month 6 after cells goes on to follow-up.",
        {"context": "car_t", "response": "CR", "cell_time_points": "done"},
        16,
        "W",
        "FSY",
    ),
    (
        "Less than a partial response to cells is for the tumour board.",
        {"context": "car_t", "response": "SD"},
        17,
        "TB",
        "FSXY",
    ),
    (
        "A response in a child in poor condition is for the tumour board.",
        {"fitness": "poor", "response": "CR"},
        18,
        "TB",
        "FSWXY",
    ),
    (
        "Remission with the antibody stopped for good is for the tumour board.",
        {"tolerance": "stop", "response": "CR"},
        19,
        "TB",
        "FMSWY",
    ),
    (
        "Disease left with the antibody stopped for good is for the tumour board.",
        {"tolerance": "stop", "response": "MR"},
        20,
        "TB",
        "FSWXY",
    ),
    (
        "A response with limiting toxicity is for the tumour board.",
        {"tolerance": "limiting", "response": "PR"},
        21,
        "TB",
        "FMSWY",
    ),
    (
        "Stable disease with limiting toxicity is for the tumour board.",
        {"tolerance": "limiting", "response": "SD"},
        22,
        "TB",
        "FSXY",
    ),
    ("Stable disease that has lost GD2 is for the tumour board.", {"gd2": "negative"}, 23, "TB", "FMSWXY"),
    (
        "Maintenance goes on to the planned number of courses.",
        {"context": "maintenance", "phase": "mid", "response": "CR"},
        24,
        "Y",
        "FSX",
    ),
    (
        "Maintenance that ends in remission leads to follow-up.",
        {"context": "maintenance", "phase": "limit", "response": "NED"},
        25,
        "W",
        "FMS",
    ),
    (
        "Maintenance that ends with disease is for the tumour board.",
        {"context": "maintenance", "phase": "limit", "response": "SD"},
        26,
        "TB",
        "FMSWX",
    ),
    ("A new remission is given two more cycles.", {"response": "CR"}, 27, "Y", "FMS"),
    (
        "Remission with local control still owed is irradiated or operated on.",
        {"response": "CR", "consolidated": "yes", "local_disease": "yes"},
        28,
        "L",
        "FMSY",
    ),
    (
        "Remission with local control owed of which nobody has said whether it is feasible asks for that first.",
        {
            "response": "CR",
            "consolidated": "yes",
            "local_disease": "stale",
            "local_control_owed": "yes",
        },
        28,
        "O",
        "FMSY",
    ),
    (
        "A consolidated remission goes on to maintenance.",
        {"response": "CR", "consolidated": "yes"},
        29,
        "M",
        "FSWY",
    ),
    (
        "A consolidated remission after an antibody was stopped for good is for the tumour board.",
        {"response": "CR", "consolidated": "yes", "stopped_antibody": "yes"},
        29,
        "TB",
        "FMSWY",
    ),
    ("An early partial response continues, and collects cells early.", {"response": "PR"}, 30, "Y", "FS"),
    (
        "A later partial response that can be treated locally is.",
        {"response": "PR", "phase": "mid", "local_disease": "yes"},
        31,
        "L",
        "FMSY",
    ),
    ("A later partial response continues to the limit.", {"response": "PR", "phase": "mid"}, 32, "Y", "FMS"),
    (
        "A partial response at the limit is for the tumour board.",
        {"response": "PR", "phase": "limit"},
        33,
        "TB",
        "FMSXY",
    ),
    ("A minor response continues to the limit.", {"response": "MR", "phase": "mid"}, 34, "Y", "FSX"),
    ("Stable disease before the fourth cycle continues.", {"response": "SD"}, 35, "Y", "FSX"),
    (
        "Stable disease from the fourth cycle on is for the tumour board.",
        {"response": "SD", "phase": "mid"},
        36,
        "TB",
        "FMSXY",
    ),
    (
        "A minor response at the limit is for the tumour board.",
        {"response": "MR", "phase": "limit"},
        36,
        "TB",
        "FMSXY",
    ),
)


@pytest.mark.shows("R-060")
@pytest.mark.parametrize(
    ("changed", "number", "recommended", "possible"),
    [row[1:] for row in ROWS],
    ids=[f"row {row[2]}: {row[0]}" for row in ROWS],
)
def test_row(changed: dict[str, str], number: int, recommended: str, possible: str) -> None:
    told = outcome(**changed)
    assert [number_of(row) for row in told.rows] == [number]
    assert (LETTERS[told.recommended] if told.recommended else "TB") == recommended
    opened = {name: status for name, status in told.statuses.items() if status == "possible"}
    assert letters(opened) - {recommended, "Z"} == set(possible)


def test_each_row_has_a_sentence_of_its_own() -> None:
    assert {row[2] for row in ROWS} == set(range(1, 37))


def remarks(number: str) -> dict[str, str]:
    (row,) = (row for row in STATE.table if row.number == number)
    return {offer.option: offer.remark for offer in row.offers if offer.remark}


def test_the_line_given_for_comfort_is_of_low_intensity() -> None:
    assert remarks("2")["change_line"] == "low intensity only"


@pytest.mark.shows("R-069")
def test_for_new_cns_disease_another_line_has_no_antibody_and_local_control_means_the_cns() -> None:
    assert remarks("4") == {
        "change_line": "without antibody",
        "local_control": "surgery or radiotherapy of the central nervous system",
    }


def test_to_go_on_in_spite_of_an_unconfirmed_progression_needs_a_reason() -> None:
    (row,) = (row for row in STATE.table if row.number == "5")
    staying = {offer.option: offer.needs_reason for offer in row.offers if LETTERS[offer.option] in "YZ"}
    assert len(staying) == 6
    assert all(staying.values())


def test_what_the_rows_ask_to_obtain() -> None:
    asked = {row.number: {each.name for each in row.obtains} for row in STATE.table if row.obtains}
    assert asked == {
        "3": {"cns"},
        "5": {"progression_confirmed"},
        "6b": {"fitness"},
        "6d": {"line"},
        "8": {"local_disease"},
        "9": {"gd2", "local_disease"},
        "10": {"local_disease"},
        "11": {"local_disease"},
        "12": {"assessment"},
        "15a": {"tolerance"},
        "15b": {"fitness"},
        "28a": {"local_disease"},
    }


def test_treatment_that_goes_on_after_an_assessment_not_completed_in_time_is_two_cycles_at_most() -> None:
    assert remarks("13")["continue_chemoimmunotherapy"] == "at most two more cycles"


def test_with_the_antibody_stopped_what_goes_on_is_chemotherapy_and_maintenance_lacks_that_antibody() -> None:
    assert remarks("19")["continue_chemoimmunotherapy"] == "chemotherapy only"
    assert remarks("20")["continue_chemoimmunotherapy"] == "chemotherapy only"
    assert remarks("19")["start_maintenance"] == "without that antibody"
    assert remarks("29a")["start_maintenance"] == "without that antibody"


@pytest.mark.parametrize("row", STATE.table, ids=lambda row: row.number)
def test_a_row_names_its_source_and_that_it_is_a_choice_of_this_project(row: Row) -> None:
    assert any(f"row {row.number}" in citation.where and citation.tag == "D" for citation in row.because)


@pytest.mark.shows("R-068")
def test_maintenance_is_never_open_from_progression() -> None:
    for changed in every_settled(response=("PD",)):
        assert outcome(**changed).statuses["start_maintenance"] == "blocked"


def test_cells_are_never_open_for_a_child_not_known_to_be_eligible() -> None:
    for changed in every_settled(car_t_eligibility=("no", "unknown")):
        assert outcome(**changed, car_t_consent="given").statuses["bridge_to_car_t"] == "blocked"


@pytest.mark.shows("C-39")
def test_what_rests_on_a_response_is_never_open_without_one() -> None:
    for changed in every_settled(response=("NE",)):
        statuses = outcome(**changed, car_t_consent="given", high_dose_therapy="none").statuses
        for option in ("start_maintenance", "bridge_to_car_t", "consolidation_transplant", "follow_up"):
            assert statuses[option] == "blocked"


def every_settled(**fixed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Every combination of what the rows read, with nothing left unknown that has no row for it, but for `fixed`."""
    for known, rows, _ in every_case():
        if len(rows) == 1 and all(known.get(name, values[0]) in values for name, values in fixed.items()):
            yield {**{name: values[0] for name, values in fixed.items()}, **known}
