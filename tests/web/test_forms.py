"""The forms for facts: what is typed is recorded as the interface would record it, and is explained before that."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest

from api import dependencies
from api.web import sending
from api.web.fact_fields import ON, Rows
from api.web.fact_forms import BY_KIND, CHAPTERS, FORMS
from api.web.typed import event_of, form_of, shape_of
from pathway.catalogue import CATALOGUE
from pathway.clinical.components import _BELONGING
from pathway.engine.findings import OPEN
from pathway.episodes.events import Event, read_event
from pathway.use_cases.refusals import Refusal
from tests.api.conftest import PATHWAY, Service
from tests.web.conftest import Browser
from tests.web.filled_in import fill_in, standing
from tests.web.test_episode_page import (
    TODAY,
    SignIn,
    ago,
    planned,
    questions,  # noqa: F401  (a fixture)
    text_of,
)

Typed = dict[str, str]
Told = dict[str, Any]

PRIMARY = "components.primary"
METASTATIC = "components.metastatic"
MARROW = "components.bone_marrow"
SHRUNK: Typed = {
    f"{PRIMARY}.how": "measured",
    f"{PRIMARY}.longest_diameter_mm.now": "12",
    f"{PRIMARY}.longest_diameter_mm.baseline": "40",
    f"{PRIMARY}.longest_diameter_mm.nadir": "12",
    f"{PRIMARY}.uptake": "decreased",
}
FREE: Typed = {
    f"{METASTATIC}.how": "rated",
    f"{METASTATIC}.rating": "NI",
    f"{MARROW}.how": "rated",
    f"{MARROW}.rating": "NI",
}
MEASURED: Typed = SHRUNK | {
    f"{METASTATIC}.how": "measured",
    f"{METASTATIC}.soft_tissue_at_baseline": "false",
    f"{METASTATIC}.bone_at_baseline": "true",
    f"{METASTATIC}.new_lesions": "false",
    f"{METASTATIC}.mibg.score": "curie",
    f"{METASTATIC}.mibg.absolute": "4",
    f"{METASTATIC}.mibg.baseline": "12",
    f"{METASTATIC}.mibg.new_sites": "0",
    f"{METASTATIC}.mibg.segments": "1, 0, 1, 0, 2, 0, 0, 0, 0",
    f"{MARROW}.how": "measured",
    f"{MARROW}.infiltration_percent.baseline": "30",
    f"{MARROW}.marrow_samples.1.percent": "0",
    f"{MARROW}.marrow_samples.3.percent": "2.5",
    "residual.sites": "1",
    "residual.local_control_feasible": "true",
}
BOTH: Told = {
    "primary": {
        "longest_diameter_mm": {"now": "12", "baseline": "40", "nadir": "12"},
        "uptake": "decreased",
    },
    "metastatic": {
        "soft_tissue_at_baseline": False,
        "bone_at_baseline": True,
        "new_lesions": False,
        "mibg": {
            "score": "curie",
            "absolute": "4",
            "baseline": "12",
            "new_sites": 0,
            "segments": [1, 0, 1, 0, 2, 0, 0, 0, 0],
        },
    },
    "bone_marrow": {
        "infiltration_percent": {"baseline": "30"},
        "marrow_samples": [
            {"kind": "aspirate", "side": "right", "percent": "0"},
            {"kind": "trephine", "side": "right", "percent": "2.5"},
        ],
    },
}

KINDS: tuple[tuple[str, Typed, Told], ...] = (
    (
        "assessment_recorded",
        MEASURED,
        {"components": BOTH, "residual": {"sites": 1, "local_control_feasible": True}},
    ),
    (
        "assessment_recorded",
        FREE | {"reported_overall": "PR", "central_review": "false", "timepoint": "after-2"},
        {
            "components": {"metastatic": "NI", "bone_marrow": "NI"},
            "reported_overall": "PR",
            "central_review": False,
            "timepoint": "after-2",
        },
    ),
    (
        "progression_evidence_recorded",
        {
            "confirmed": "false",
            "setting": "relapse",
            "evidence.1.modality": "mibg",
            "evidence.1.finding": "two new sites",
        },
        {
            "confirmed": False,
            "setting": "relapse",
            "evidence": [{"modality": "mibg", "finding": "two new sites"}],
        },
    ),
    (
        "gd2_measured",
        {"status": "partial", "method": "flow cytometry", "percent": "42.5"},
        {"status": "partial", "method": "flow cytometry", "percent": "42.5"},
    ),
    (
        "cns_status_recorded",
        {"status": "suspected", "symptoms": "true"},
        {"status": "suspected", "symptoms": True},
    ),
    (
        "biomarker_recorded",
        {"marker": "MYCN", "value": "amplified"},
        {"marker": "MYCN", "value": "amplified"},
    ),
    (
        "cycle_started",
        {"line": "", "cycle": "2", "regimen": "din.beta-TEMIRI", "agents": "dinutuximab_beta, irinotecan"},
        {"cycle": 2, "regimen": "din.beta-TEMIRI", "agents": ["dinutuximab_beta", "irinotecan"]},
    ),
    (
        "cycle_completed",
        {"line": "1", "cycle": "2", "delivered": "full"},
        {"line": 1, "cycle": 2, "delivered": "full"},
    ),
    (
        "local_control_planned",
        {"modality": "surgery", "planned_for": "2050-01-02", "after_cycle": "4"},
        {"modality": "surgery", "planned_for": "2050-01-02", "after_cycle": 4},
    ),
    (
        "local_control_completed",
        {"modality": "radiotherapy", "site": "abdomen", "dose_gy": "21.6"},
        {"modality": "radiotherapy", "site": "abdomen", "dose_gy": "21.6"},
    ),
    (
        "car_t_step_recorded",
        {"step": "crs", "grade": "2", "safety_switch": "true"},
        {"step": "crs", "grade": 2, "safety_switch": True},
    ),
    (
        "toxicity_recorded",
        {
            "term": "Hypotension",
            "grade": "3",
            "agent": "dinutuximab_beta",
            "ongoing": "false",
            "detail": "a\nb",
        },
        {"term": "Hypotension", "grade": 3, "agent": "dinutuximab_beta", "ongoing": False, "detail": "a\nb"},
    ),
    (
        "fitness_recorded",
        {
            "lansky": "80",
            "anc_per_ul": "1200",
            "alt_x_uln.value": "85",
            "alt_x_uln.limit": "34",
            "alt_x_uln.unit": "U/l",
            "ast_x_uln": "1.5",
            "uncontrolled_infection": "false",
        },
        {
            "lansky": 80,
            "anc_per_ul": "1200",
            "alt_x_uln": {"value": "85", "limit": "34", "unit": "U/l"},
            "ast_x_uln": "1.5",
            "uncontrolled_infection": False,
        },
    ),
    ("consent_recorded", {"scope": "car_t", "given": "true"}, {"scope": "car_t", "given": True}),
    (
        "baseline_recorded",
        {"risk_group": "high", "age_months": "66"},
        {"risk_group": "high", "age_months": 66},
    ),
    ("intent_recorded", {"intent": "comfort"}, {"intent": "comfort"}),
    (
        "prior_therapy_recorded",
        {"agents": "cisplatin; etoposide", "high_dose_therapy": "true", "months_to_progression": "7"},
        {
            "line": "unknown",
            "agents": ["cisplatin", "etoposide"],
            "high_dose_therapy": True,
            "months_to_progression": "7",
        },
    ),
    (
        "treatment_taken_over",
        {"line": "1", "cycles": "2", "regimen": "N8"},
        {"line": 1, "cycles": 2, "regimen": "N8"},
    ),
    ("follow_up_recorded", {"findings": "no_disease"}, {"findings": "no_disease"}),
    ("episode_closed", {"reason": "withdrawn"}, {"reason": "withdrawn"}),
    ("episode_reopened", {"detail": "came back"}, {"detail": "came back"}),
    ("note_added", {"text": "Asked for a copy of the scan."}, {"text": "Asked for a copy of the scan."}),
)


@pytest.fixture
def doctor(sign_in: SignIn) -> Browser:
    return sign_in("clinician")


def record(
    browser: Browser, episode: str, kind: str, page: str | None = None, *, do: str = "record", **typed: str
) -> httpx2.Response:
    """Sends the form of this kind; an assessment is looked at first, as everybody has to."""
    address = f"{episode}/record/{kind}"
    if kind == "assessment_recorded" and do == "record" and page is None:
        page = fill_in(browser, address, do="preview", **typed).text
    return fill_in(browser, address, page, do=do, **typed)


def entries(pages: Service, episode: str) -> list[Told]:
    found: list[Told] = pages.get(f"/v1{episode}/history?limit=200").json()["entries"]
    return found


def last(pages: Service, episode: str) -> Told:
    found: Told = entries(pages, episode)[-1]["event"]
    return found


# Each kind


@pytest.mark.parametrize(("kind", "typed", "told"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_what_is_typed_is_recorded_as_the_interface_would_record_it(
    pages: Service, doctor: Browser, kind: str, typed: Typed, told: Told
) -> None:
    by_hand, by_machine = planned(pages), planned(pages)
    answer = record(doctor, by_hand, kind, **typed, occurred_on=ago(1))
    assert answer.status_code == 303, text_of(answer.text)
    assert pages.record(f"/v1{by_machine}", {"kind": kind, "occurred_on": ago(1), **told}).status_code == 201
    assert last(pages, by_hand) == last(pages, by_machine)


def test_what_came_down_is_chosen_from_the_side_effects_that_go_on(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    harm = {"kind": "toxicity_recorded", "term": "fever", "grade": 3, "occurred_on": ago(2)}
    entry = pages.record(f"/v1{episode}", harm).json()["entries"][0]["entry"]
    page = doctor.open(f"{episode}/record/toxicity_resolved")
    assert f'<option value="{entry}">Fever, grade 3' in page
    address = f"{episode}/record/toxicity_resolved?entry={entry}"
    assert f'href="{address}"' in doctor.open(episode)
    assert f'<option value="{entry}" selected>' in doctor.open(address)
    assert record(doctor, episode, "toxicity_resolved", entry=entry, to_grade="1").status_code == 303
    told = last(pages, episode)
    assert (told["entry"], told["to_grade"]) == (entry, 1)


def test_a_person_states_a_response_and_that_an_assessment_will_stay_incomplete(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    answer = record(doctor, episode, "response_confirmed", response="SD", reason="the board looked at it")
    assert answer.status_code == 303
    assert last(pages, episode)["response"] == "SD"
    assert record(doctor, episode, "assessment_closed_not_evaluable", reason="no scan").status_code == 303
    assert last(pages, episode)["kind"] == "assessment_closed_not_evaluable"


@pytest.mark.parametrize("kind", [facts.kind for facts in FORMS])
def test_a_form_has_a_field_for_everything_its_event_can_say(kind: str) -> None:
    asked = {
        part
        for group in (*BY_KIND[kind].groups, ON)
        for each in group.fields
        for part in (
            [f"{each.name}.0.{one.name}" for one in each.columns] if isinstance(each, Rows) else [each.name]
        )
    }
    model = next(each for each in Event.__subclasses__() if each.model_fields["kind"].default == kind)
    left_out = {"kind", "occurred_at", "patient", "source"}
    top = {name.partition(".")[0] for name in asked}
    assert top == set(model.model_fields) - left_out
    for name in asked:
        assert shape_of(kind, name).kind


def test_an_assessment_has_a_field_for_everything_that_belongs_to_a_component() -> None:
    asked = {
        name.partition(".0")[0]
        for group in BY_KIND["assessment_recorded"].groups
        for name in (each.name for each in group.fields)
    }
    for component, names in _BELONGING.items():
        for name in names - {"rating"}:
            start = f"components.{component}.{name}"
            assert start in asked or any(each.startswith(f"{start}.") for each in asked), start


@pytest.mark.parametrize(("kind", "typed", "told"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_a_form_filled_with_an_event_tells_the_same_event(kind: str, typed: Typed, told: Told) -> None:
    event = read_event(orjson.dumps({"kind": kind, "occurred_on": "2026-03-01", **told}))
    again = event_of(form_of(event.body(), BY_KIND[kind]), BY_KIND[kind])
    assert not again.faults
    assert read_event(orjson.dumps(again.event)) == event


def test_each_form_is_listed_once_and_whatever_can_be_missing_is_brought_by_one() -> None:
    listed = [kind for kinds in CHAPTERS.values() for kind in kinds]
    assert sorted(listed) == sorted(BY_KIND)
    pathway = CATALOGUE.find(PATHWAY, None)
    assert pathway is not None
    brought = {name for each in FORMS for name in each.obtains}
    assert brought <= {each.name for each in pathway.findings}
    assert {each.name for each in pathway.findings if {*each.domain} & OPEN} <= brought


# The list


def test_what_is_missing_and_what_leads_on_from_here_comes_first(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    intent = {
        "option": "start_chemoimmunotherapy",
        "detail": {"regimen": "N8"},
        "reason": {"text": "so agreed"},
    }
    basis = pages.get(f"/v1{episode}/next-step").json()["basis"]
    assert pages.post(f"/v1{episode}/decisions", intent | {"basis": basis}).status_code == 201
    page = text_of(doctor.open(f"{episode}/record"))
    first = page.split("What fits now")[1].split("Response and disease")[0]
    assert "Cycle begun" in first
    missing = pages.get(f"/v1{episode}/next-step").json()["missing"]
    assert "start_criteria" in [each["finding"] for each in missing]
    assert "Fitness, counts, organ function ◔ missing".replace("◔ ", "") in first
    assert "Side effect" not in first


def fitting_now(browser: Browser, episode: str) -> str:
    page = browser.open(f"{episode}/record")
    return text_of(page.split('id="fitting"')[1].split("</section>", maxsplit=1)[0])


def test_a_line_begun_elsewhere_fits_only_while_nothing_has_begun_here(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    assert "Line of therapy begun elsewhere" in fitting_now(doctor, episode)
    syndrome = {"kind": "car_t_step_recorded", "step": "crs", "grade": 2, "occurred_on": ago(1)}
    assert pages.record(f"/v1{episode}", syndrome).status_code == 201
    assert "Line of therapy begun elsewhere" not in fitting_now(doctor, episode)
    assert "Line of therapy begun elsewhere" in doctor.open(f"{episode}/record")


# What is wrong


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        ("gd2_measured", {"percent": "a lot", "status": "positive"}, "percent"),
        ("gd2_measured", {"method": "flow"}, "status"),
        ("gd2_measured", {"status": "positive", "occurred_on": ""}, "occurred_on"),
        ("gd2_measured", {"status": "positive", "occurred_on": "2999-01-01"}, "occurred_on"),
        ("gd2_measured", {"status": "positive", "occurred_on": "0026-11-05"}, "occurred_on"),
        ("gd2_measured", {"status": "positive", "occurred_on": "yesterday"}, "occurred_on"),
        ("local_control_planned", {"planned_for": "20026-11-05"}, "planned_for"),
        ("fitness_recorded", {"platelets_per_ul": "150.000"}, "platelets_per_ul"),
        ("fitness_recorded", {"platelets_per_ul": "150,000"}, "platelets_per_ul"),
        ("fitness_recorded", {"anc_per_ul": "1 500"}, "anc_per_ul"),
        ("fitness_recorded", {"hb_g_dl": "9,500"}, "hb_g_dl"),
        ("fitness_recorded", {"hb_g_dl": "9.5 g/dl"}, "hb_g_dl"),
        ("toxicity_recorded", {"grade": "3"}, "term"),
        ("cycle_started", {"cycle": "two"}, "cycle"),
        ("fitness_recorded", {"alt_x_uln.value": "85"}, "alt_x_uln.limit"),
        ("fitness_recorded", {"alt_x_uln": "2", "alt_x_uln.value": "85"}, "alt_x_uln.value"),
        ("consent_recorded", {"scope": "car_t"}, "given"),
        (
            "progression_evidence_recorded",
            {"confirmed": "true", "evidence.2.modality": "mibg"},
            "evidence.2.finding",
        ),
        ("assessment_recorded", {f"{PRIMARY}.how": "rated"}, f"{PRIMARY}.rating"),
        ("assessment_recorded", {f"{PRIMARY}.how": "measured"}, f"{PRIMARY}.how"),
        ("assessment_recorded", {f"{PRIMARY}.longest_diameter_mm.now": "4"}, f"{PRIMARY}.how"),
        (
            "assessment_recorded",
            SHRUNK | {f"{PRIMARY}.longest_diameter_mm.now": "-4"},
            f"{PRIMARY}.longest_diameter_mm.now",
        ),
        (
            "assessment_recorded",
            {f"{METASTATIC}.how": "measured", f"{METASTATIC}.mibg.absolute": "3"},
            f"{METASTATIC}.mibg.score",
        ),
    ],
)
@pytest.mark.parametrize("do", ["preview", "record"])
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(
    pages: Service, doctor: Browser, kind: str, typed: Typed, field: str, do: str
) -> None:
    episode = planned(pages)
    before = len(entries(pages, episode))
    address = f"{episode}/record/{kind}"
    answer = fill_in(doctor, address, do=do, **typed)
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert f'href="#{field}"' in answer.text
    described = rf'<fieldset class="field wrong" aria-describedby="{field}-fault">'
    if not field.endswith(".how"):
        described = rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-fault"[^>]*aria-invalid="true"'
    assert re.search(described, answer.text)
    sent = {"occurred_on": TODAY.isoformat()} | typed
    kept = standing(answer.text, address)
    assert {name: kept.get(name, "") for name in sent} == sent
    assert len(entries(pages, episode)) == before


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"hb_g_dl": "9,5"}, ("hb_g_dl", "9.5")),
        ({"bilirubin_x_uln": "0,125"}, ("bilirubin_x_uln", "0.125")),
        ({"platelets_per_ul": "150000"}, ("platelets_per_ul", "150000")),
        ({"alt_x_uln": "1.250"}, ("alt_x_uln", "1.250")),
    ],
)
def test_a_comma_before_decimals_is_read_as_it_is_meant(
    pages: Service, doctor: Browser, typed: Typed, told: tuple[str, str]
) -> None:
    episode = planned(pages)
    assert record(doctor, episode, "fitness_recorded", **typed).status_code == 303
    assert last(pages, episode)[told[0]] == told[1]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"platelets_per_ul": "150.000"}, "This can be read in two ways. Write thousands without a sign"),
        ({"occurred_on": "0026-11-05"}, "Look at the year: it lies outside 1950 to 2100."),
        ({"occurred_on": ""}, "Say on which day."),
        ({"temperature_c": "warm"}, "Write a number alone, such as 9.5"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(
    doctor: Browser, pages: Service, typed: Typed, sentence: str
) -> None:
    shown = text_of(record(doctor, planned(pages), "fitness_recorded", **{"hb_g_dl": "9.5"} | typed).text)
    assert sentence in shown


@pytest.mark.parametrize("row", ["40", "9" * 5000, "-1", "٣", "x"])
def test_a_row_that_no_form_has_is_none(pages: Service, doctor: Browser, row: str) -> None:
    typed = {"confirmed": "true", f"evidence.{row}.modality": "mibg"}
    answer = record(doctor, planned(pages), "progression_evidence_recorded", do="preview", **typed)
    assert answer.status_code == 200


def test_a_value_that_contradicts_one_of_the_same_assessment_leads_to_its_correction(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    assert record(doctor, episode, "assessment_recorded", **SHRUNK, timepoint="t1").status_code == 303
    entry = entries(pages, episode)[-1]["entry"]
    again = SHRUNK | {f"{PRIMARY}.longest_diameter_mm.now": "14"}
    answer = record(doctor, episode, "assessment_recorded", do="preview", **again, timepoint="t1")
    assert answer.status_code == 409
    assert f'href="{episode}/record/event_corrected?entry={entry}"' in answer.text


def test_the_same_form_sent_twice_is_recorded_once(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    page = doctor.open(f"{episode}/record/gd2_measured")
    before = len(entries(pages, episode))
    first, second = (record(doctor, episode, "gd2_measured", page, status="partial") for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert len(entries(pages, episode)) == before + 1


def test_a_form_that_was_sent_before_says_so_when_it_comes_with_something_else(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    page = doctor.open(f"{episode}/record/gd2_measured")
    assert record(doctor, episode, "gd2_measured", page, status="partial").status_code == 303
    answer = record(doctor, episode, "gd2_measured", page, status="negative")
    assert answer.status_code == 422
    assert "This form was sent before with something else in it" in answer.text


def test_where_it_is_not_known_whether_it_was_recorded_the_form_can_be_sent_again_as_it_is(
    pages: Service, doctor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = planned(pages)
    before = len(entries(pages, episode))
    settling = dependencies.outcome_of

    async def too_slow(request: Any, write: Any) -> Any:
        await settling(request, write)
        raise Refusal("timeout", "Still waiting.")

    monkeypatch.setattr(sending, "outcome_of", too_slow)
    answer = record(doctor, episode, "gd2_measured", status="partial")
    assert answer.status_code == 409
    monkeypatch.undo()
    assert record(doctor, episode, "gd2_measured", answer.text).status_code == 303
    assert len(entries(pages, episode)) == before + 1


# Before it is recorded


def test_an_assessment_is_explained_before_it_is_recorded_and_nothing_is_recorded_by_that(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    before = pages.get(f"/v1{episode}").json()["head"]
    answer = record(doctor, episode, "assessment_recorded", do="preview", **SHRUNK, **FREE)
    assert answer.status_code == 200
    components = {
        "primary": BOTH["primary"],
        "metastatic": "NI",
        "bone_marrow": "NI",
    }
    told = pages.post("/v1/inrc", components).json()
    shown = text_of(answer.text)
    assert told["overall"] == "PR"
    assert f"By what is typed here: {told['overall']}" in shown
    assert told["sentence"] in shown
    assert told["explained"]["primary"]["sentence"] in shown
    assert "longest diameter 12 mm (40 mm at baseline" in shown
    assert pages.get(f"/v1{episode}").json()["head"] == before
    recorded = record(doctor, episode, "assessment_recorded", answer.text)
    assert recorded.status_code == 303
    assert last(pages, episode)["components"]["primary"]["longest_diameter_mm"]["now"] == "12"


def test_an_assessment_cannot_be_recorded_before_it_was_looked_at(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    before = len(entries(pages, episode))
    page = doctor.open(f"{episode}/record/assessment_recorded")
    answer = record(doctor, episode, "assessment_recorded", page, **SHRUNK, **FREE)
    assert answer.status_code == 200
    assert "Nothing has been recorded yet." in answer.text
    assert len(entries(pages, episode)) == before


def test_what_was_changed_after_it_was_worked_out_is_worked_out_again(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    before = len(entries(pages, episode))
    page = record(doctor, episode, "assessment_recorded", do="preview", **SHRUNK, **FREE).text
    changed = {f"{PRIMARY}.longest_diameter_mm.now": "60"}
    answer = record(doctor, episode, "assessment_recorded", page, **changed)
    assert "What is typed below is not what was worked out" in answer.text
    assert "By what is typed here: PD" in text_of(answer.text)
    assert len(entries(pages, episode)) == before


def test_a_contradiction_between_what_was_reported_and_what_was_derived_is_flagged_before_it_is_recorded(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    typed = SHRUNK | FREE | {f"{PRIMARY}.rating": "SD"}
    shown = text_of(record(doctor, episode, "assessment_recorded", do="preview", **typed).text)
    assert "reported SD, derived PR" in shown
    assert "contradiction What was reported and what was derived differ." in shown


def test_of_what_is_incomplete_the_best_response_still_possible_is_told(
    pages: Service, doctor: Browser
) -> None:
    shown = text_of(record(doctor, planned(pages), "assessment_recorded", do="preview", **SHRUNK).text)
    assert "By what is typed here: NE" in shown
    assert "The best response still possible: PR" in shown


def test_an_open_question_of_the_criteria_that_decides_is_shown_with_its_other_reading(
    pages: Service, doctor: Browser
) -> None:
    marrow = {
        f"{MARROW}.how": "measured",
        f"{MARROW}.infiltration_percent.now": "3",
        f"{MARROW}.infiltration_percent.baseline": "15",
    }
    page = record(doctor, planned(pages), "assessment_recorded", do="preview", **marrow).text
    shown = text_of(page)
    assert "Open question A3: What is marrow that had more than 5 % and up to 20 %" in shown
    assert "The other reading: Stable disease." in shown


CLEARED: Typed = {
    f"{PRIMARY}.how": "rated",
    f"{PRIMARY}.rating": "SD",
    f"{METASTATIC}.how": "rated",
    f"{METASTATIC}.rating": "SD",
    f"{MARROW}.how": "rated",
    f"{MARROW}.rating": "CR",
}


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (None, "nothing recorded here says that it was involved: if it was not at baseline, it is NI"),
        ("NI", "an earlier assessment of this episode rated it NI: a marrow that was never involved is NI"),
        ("MD", ""),
    ],
)
def test_a_marrow_that_was_never_involved_makes_no_response_of_stable_disease_unasked(
    pages: Service, doctor: Browser, before: str | None, sentence: str
) -> None:
    episode = planned(pages)
    if before:
        known = {"timepoint": "before", "components": {"bone_marrow": before}, "occurred_on": ago(5)}
        assert pages.record(f"/v1{episode}", {"kind": "assessment_recorded", **known}).status_code == 201
    answer = record(doctor, episode, "assessment_recorded", do="preview", timepoint="now", **CLEARED)
    shown = text_of(answer.text)
    assert "By what is typed here: MR" in shown
    assert sentence in shown
    assert ("CR counts as a response." in shown) is bool(sentence)


def test_the_form_says_when_a_marrow_is_rated_cr(pages: Service, doctor: Browser) -> None:
    page = text_of(doctor.open(f"{planned(pages)}/record/assessment_recorded"))
    assert "CR only if it was involved at baseline; otherwise NI (not involved)." in page


def test_soft_tissue_that_is_gone_is_told_beside_a_new_lesion_of_bone(
    pages: Service, doctor: Browser
) -> None:
    typed = {
        f"{METASTATIC}.how": "measured",
        f"{METASTATIC}.soft_tissue_at_baseline": "true",
        f"{METASTATIC}.sum_of_diameters_mm.now": "0",
        f"{METASTATIC}.sum_of_diameters_mm.baseline": "40",
        f"{METASTATIC}.uptake": "none",
        f"{METASTATIC}.bone_at_baseline": "true",
        f"{METASTATIC}.new_lesions": "false",
        f"{METASTATIC}.mibg.score": "curie",
        f"{METASTATIC}.mibg.absolute": "19",
        f"{METASTATIC}.mibg.baseline": "12",
        f"{METASTATIC}.mibg.new_sites": "2",
    }
    shown = text_of(record(doctor, planned(pages), "assessment_recorded", do="preview", **typed).text)
    assert "Soft tissue: CR ." in shown
    assert "Bone: PD ." in shown
    assert "mixed Some lesions became better while others became worse." in shown


def test_what_is_known_from_before_counts_in_the_response_that_is_told(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    first = {"primary": {"longest_diameter_mm": {"now": "20", "baseline": "40"}, "uptake": "decreased"}}
    told = {"kind": "assessment_recorded", "timepoint": "1.2", "components": first, "occurred_on": ago(5)}
    assert pages.record(f"/v1{episode}", told).status_code == 201
    typed = {
        f"{PRIMARY}.how": "measured",
        f"{PRIMARY}.longest_diameter_mm.now": "30",
        f"{PRIMARY}.uptake": "decreased",
        f"{PRIMARY}.involved_at_baseline": "true",
        "timepoint": "1.4",
    }
    shown = text_of(record(doctor, episode, "assessment_recorded", do="preview", **FREE, **typed).text)
    assert "In this episode, with what is known from before: PD" in shown


def test_what_recording_would_change_is_told_without_recording_it(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    before = pages.get(f"/v1{episode}").json()["head"]
    event = {"kind": "gd2_measured", "status": "negative", "occurred_on": TODAY.isoformat()}
    foreseen = pages.post(f"/v1{episode}/events?dry_run=true", event).json()
    answer = record(doctor, episode, "gd2_measured", do="preview", status="negative")
    assert f"The next step would be: {foreseen['next_step']['summary']}" in text_of(answer.text)
    assert pages.get(f"/v1{episode}").json()["head"] == before
    assert record(doctor, episode, "gd2_measured", answer.text).status_code == 303
    assert last(pages, episode)["status"] == "negative"


def in_full(days: int) -> str:
    on = TODAY - timedelta(days=days)
    return f"{on.day} {on:%B %Y}"


def told_again(page: str) -> str:
    """What a page says was typed, and what is odd about it."""
    return text_of(page.split('id="foreseen"')[1].split("The episode would", maxsplit=1)[0])


def test_a_value_is_said_again_with_its_unit_and_its_day_before_it_is_recorded(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    typed = {"hb_g_dl": "9.5", "platelets_per_ul": "30000", "occurred_on": ago(3)}
    told = told_again(record(doctor, episode, "fitness_recorded", do="preview", **typed).text)
    assert "platelets 30000 per µl, haemoglobin 9.5 g/dl" in told
    assert f"on {in_full(3)} (3 days ago)" in told
    assert "days back" not in told


@pytest.mark.parametrize(
    ("days", "doubt"),
    [
        (203, "That day is 203 days back; see whether day, month and year are right."),
        (203, "That day is before the episode was opened on "),
        (20, "That day is before the episode was opened on "),
    ],
)
def test_a_day_that_may_be_a_slip_is_pointed_out_and_nothing_is_recorded_before_it_was_looked_at(
    pages: Service, doctor: Browser, days: int, doubt: str
) -> None:
    episode = planned(pages)
    before = last(pages, episode)
    typed = {"status": "partial", "occurred_on": ago(days)}
    answer = record(doctor, episode, "gd2_measured", **typed)
    assert answer.status_code == 200
    assert doubt in told_again(answer.text)
    assert f"on {in_full(days)} ({days} days ago)" in told_again(answer.text)
    assert last(pages, episode) == before
    assert record(doctor, episode, "gd2_measured", answer.text).status_code == 303
    assert last(pages, episode)["occurred_on"] == ago(days)


def test_a_therapy_before_the_episode_is_expected_to_lie_before_it(pages: Service, doctor: Browser) -> None:
    answer = record(doctor, planned(pages), "prior_therapy_recorded", occurred_on=ago(400))
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("precision", "said"),
    [("month", "in {:%B %Y}, the day not known"), ("year", "in {:%Y}, the month not known")],
)
def test_a_day_that_is_not_known_is_not_said_to_be(
    pages: Service, doctor: Browser, precision: str, said: str
) -> None:
    on = (TODAY - timedelta(days=1)).replace(day=1)
    typed = {"status": "partial", "occurred_on": on.isoformat(), "occurred_precision": precision}
    answer = record(doctor, planned(pages), "gd2_measured", do="preview", **typed)
    assert said.format(on) in told_again(answer.text)


def test_a_side_effect_that_came_down_is_named_before_that_is_recorded(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    harm = {"kind": "toxicity_recorded", "term": "fever", "grade": 3, "occurred_on": ago(2)}
    entry = pages.record(f"/v1{episode}", harm).json()["entries"][0]["entry"]
    answer = record(doctor, episode, "toxicity_resolved", do="preview", entry=entry, to_grade="1")
    assert re.search(r"fever, grade 3 \(CTCAE 5\), since .*: down to grade 1", told_again(answer.text))


def test_a_correction_and_a_retraction_say_what_would_stand_and_what_would_go(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    entry = next(each for each in entries(pages, episode) if each["kind"] == "fitness_recorded")["entry"]
    address = f"{episode}/record/event_corrected?entry={entry}"
    typed = {"replacement.lansky": "60", "reason": "read wrongly"}
    told = told_again(fill_in(doctor, address, do="preview", **typed).text)
    assert "It would stand instead: Fitness, counts, organ function: Lansky score 60" in told
    assert f"on {in_full(8)} (8 days ago) . Read wrongly. Found on {in_full(0)} (today)." in told
    address = f"{episode}/record/event_retracted?entry={entry}"
    told = told_again(fill_in(doctor, address, do="preview", reason="Another child").text)
    assert "It would be taken back: Fitness recorded: Lansky score 90" in told
    assert f"on {in_full(8)} (8 days ago) . Another child. Found on {in_full(0)} (today)." in told


@pytest.mark.parametrize("step", ["crs", "icans"])
def test_a_grade_is_asked_of_a_step_only_where_the_step_has_one(
    pages: Service, doctor: Browser, step: str
) -> None:
    episode = planned(pages)
    page = doctor.open(f"{episode}/record/car_t_step_recorded")
    assert re.search(r'data-when="step=crs icans">\s*<label for="grade"', page)
    assert record(doctor, episode, "car_t_step_recorded", step=step, grade="2").status_code == 303
    answer = record(doctor, episode, "car_t_step_recorded", step="apheresis", grade="2")
    assert answer.status_code == 422
    assert 'id="step-fault"' in answer.text


def test_a_fact_that_was_changed_after_it_was_looked_at_is_looked_at_again(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    before = len(entries(pages, episode))
    page = record(doctor, episode, "gd2_measured", do="preview", status="negative").text
    answer = record(doctor, episode, "gd2_measured", page, status="positive")
    assert "What is typed below is not what was worked out" in answer.text
    assert len(entries(pages, episode)) == before
    assert record(doctor, episode, "gd2_measured", answer.text).status_code == 303
    assert last(pages, episode)["status"] == "positive"


def test_what_comes_late_says_what_it_changes_about_what_was_said(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    basis = pages.get(f"/v1{episode}/next-step").json()["basis"]
    chosen = {
        "option": "start_chemoimmunotherapy",
        "detail": {"regimen": "N8"},
        "reason": {"text": "so agreed"},
    }
    assert pages.post(f"/v1{episode}/decisions", chosen | {"basis": basis}).status_code == 201
    typed = {"status": "new_disease", "occurred_on": ago(5)}
    answer = record(doctor, episode, "cns_status_recorded", do="preview", **typed)
    foreseen = pages.post(
        f"/v1{episode}/events?dry_run=true", {"kind": "cns_status_recorded", **typed}
    ).json()
    assert foreseen["impact"]["decisions"]
    assert "What it would change about what was said before" in answer.text
    assert "The decision of" in answer.text


# After it was recorded


def test_after_recording_the_page_of_the_episode_says_what_it_changed(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    address = record(doctor, episode, "cycle_started", cycle="1").headers["location"]
    shown = text_of(doctor.open(address))
    assert "Recorded: cycle started" in shown
    assert "It is not expected in this state: it was kept, and moved nothing." in shown
    told = shown.split("Recorded: cycle started")[1].split("Next step")[0]
    (review,) = pages.get(f"/v1{episode}").json()["reviews"]
    assert f"to review {review['sentence']}" in told


# Corrections


def test_an_entry_is_corrected_from_the_timeline(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    entry = next(each for each in entries(pages, episode) if each["kind"] == "fitness_recorded")
    page = doctor.open(episode)
    address = f"{episode}/record/event_corrected?entry={entry['entry']}"
    assert f'href="{address}" aria-label="Correct entry {entry["sequence"]}"' in page
    stands = standing(doctor.open(address), address)
    assert stands["replacement.lansky"] == "90"
    assert stands["replacement.occurred_on"] == ago(8)
    typed = {"replacement.lansky": "60", "reason": "read wrongly"}
    answer = fill_in(doctor, address, do="record", **typed)
    assert answer.status_code == 303, text_of(answer.text)
    told = last(pages, episode)
    assert told["entry"] == entry["entry"]
    assert told["replacement"] == entry["event"] | {"lansky": 60}
    again = standing(doctor.open(address), address)
    assert again["replacement.lansky"] == "60"


def test_what_is_wrong_with_a_replacement_stands_beside_its_field(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    entry = next(each for each in entries(pages, episode) if each["kind"] == "gd2_measured")
    address = f"{episode}/record/event_corrected?entry={entry['entry']}"
    answer = fill_in(doctor, address, do="record", **{"replacement.percent": "120"})
    assert answer.status_code == 422
    assert 'id="replacement.percent-fault"' in answer.text


def test_what_was_wrong_is_asked_for_with_a_correction(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    entry = next(each for each in entries(pages, episode) if each["kind"] == "gd2_measured")
    address = f"{episode}/record/event_corrected?entry={entry['entry']}"
    answer = fill_in(doctor, address, do="record", **{"replacement.status": "partial"})
    assert answer.status_code == 422
    assert 'id="reason-fault"' in answer.text
    assert "Say what was wrong" in answer.text
    assert last(pages, episode)["kind"] != "event_corrected"
    both = fill_in(doctor, address, do="record", **{"replacement.percent": "120"})
    assert 'id="reason-fault"' in both.text
    assert 'id="replacement.percent-fault"' in both.text


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("gd2_measured", "status"),
        ("gd2_measured", "occurred_on"),
        ("toxicity_recorded", "term"),
        ("consent_recorded", "given"),
        ("note_added", "text"),
        ("treatment_taken_over", "cycles"),
    ],
)
def test_what_has_to_be_filled_in_says_so_in_words(
    pages: Service, doctor: Browser, kind: str, field: str
) -> None:
    page = doctor.open(f"{planned(pages)}/record/{kind}")
    assert f'<p class="hint" id="{field}-hint">Required.' in page
    assert re.search(rf'id="{field}"[^>]*aria-describedby="{field}-hint[^>]*aria-required="true"', page)
    assert "What is marked “required” has to be filled in; everything else may stay empty." in page


def test_what_may_stay_empty_is_not_called_required(pages: Service, doctor: Browser) -> None:
    page = doctor.open(f"{planned(pages)}/record/gd2_measured")
    assert not re.search(r'id="(percent|method|density)"[^>]*aria-required', page)


def treated(pages: Service) -> str:
    """An episode whose first cycle is to begin."""
    episode = planned(pages)
    basis = pages.get(f"/v1{episode}/next-step").json()["basis"]
    chosen = {
        "option": "start_chemoimmunotherapy",
        "detail": {"regimen": "dinutuximab_beta_irinotecan_temozolomide"},
        "reason": {"text": "so agreed"},
        "decided_on": ago(3),
    }
    assert pages.post(f"/v1{episode}/decisions", chosen | {"basis": basis}).status_code == 201
    return episode


def test_the_next_cycle_is_filled_in_and_says_that_it_was(pages: Service, doctor: Browser) -> None:
    episode = treated(pages)
    for cycle, started in (("1", ago(2)), ("2", ago(0))):
        address = f"{episode}/record/cycle_started"
        page = doctor.open(address)
        stands = standing(page, address)
        assert (stands["line"], stands["cycle"]) == ("1", cycle)
        assert stands["agents"] == "dinutuximab beta, irinotecan, temozolomide"
        assert "Filled in from the episode: see whether it is right." in text_of(page)
        assert fill_in(doctor, address, do="record", occurred_on=started).status_code == 303
        told = last(pages, episode)
        assert (told["line"], told["cycle"]) == (1, int(cycle))
        address = f"{episode}/record/cycle_completed"
        assert standing(doctor.open(address), address)["cycle"] == cycle
        done = {"delivered": "full", "occurred_on": ago(1) if cycle == "1" else ago(0)}
        assert fill_in(doctor, address, do="record", **done).status_code == 303
    cycles = pages.get(f"/v1{episode}").json()["cycles"]
    assert (cycles["counted"], cycles["count_is_certain"]) == (2, True)


def test_a_cycle_whose_number_nobody_knows_is_not_filled_in(pages: Service, doctor: Browser) -> None:
    episode = treated(pages)
    begun = {"kind": "cycle_started", "line": 1, "occurred_on": ago(2)}
    assert pages.record(f"/v1{episode}", begun).status_code == 201
    address = f"{episode}/record/cycle_started"
    assert standing(doctor.open(address), address)["cycle"] == ""


def test_an_instant_that_was_recorded_is_kept_while_its_day_is(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    at = f"{ago(3)}T10:30:00Z"
    event = {"kind": "gd2_measured", "status": "positive", "occurred_at": at}
    entry = pages.record(f"/v1{episode}", event).json()["entries"][0]["entry"]
    address = f"{episode}/record/event_corrected?entry={entry}"
    partial = {"replacement.status": "partial", "reason": "read wrongly"}
    assert fill_in(doctor, address, do="record", **partial).status_code == 303
    told = last(pages, episode)["replacement"]
    assert (told["status"], told["occurred_at"]) == ("partial", at)
    moved = {"replacement.occurred_on": ago(4), "reason": "typed wrongly"}
    assert fill_in(doctor, address, do="record", **moved).status_code == 303
    assert last(pages, episode)["replacement"]["occurred_on"] == ago(4)


def test_an_assessment_that_is_corrected_is_worked_out_first(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    assert record(doctor, episode, "assessment_recorded", **SHRUNK, **FREE).status_code == 303
    entry = entries(pages, episode)[-1]
    address = f"{episode}/record/event_corrected?entry={entry['entry']}"
    grown = {f"replacement.{PRIMARY}.longest_diameter_mm.now": "60"}
    seen = fill_in(doctor, address, do="preview", **grown)
    assert "By what is typed here: PD" in text_of(seen.text)
    assert last(pages, episode) == entry["event"]
    # The reason is not what was worked out: told only now, it has nothing worked out again.
    assert fill_in(doctor, address, seen.text, do="record", reason="Other slices.").status_code == 303
    assert last(pages, episode)["reason"] == "Other slices."
    assert last(pages, episode)["replacement"]["components"]["primary"]["longest_diameter_mm"]["now"] == "60"


def test_an_entry_is_taken_back_from_the_timeline_with_a_reason(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    entry = next(each for each in entries(pages, episode) if each["kind"] == "gd2_measured")
    address = f"{episode}/record/event_retracted?entry={entry['entry']}"
    assert f'href="{address}" aria-label="Take back entry {entry["sequence"]}"' in doctor.open(episode)
    without = fill_in(doctor, address, do="record")
    assert without.status_code == 422
    assert 'id="reason-fault"' in without.text
    assert fill_in(doctor, address, do="record", reason="of another child").status_code == 303
    assert last(pages, episode)["entry"] == entry["entry"]
    assert f'href="{address}"' not in doctor.open(episode)


def test_a_decision_is_taken_back_and_not_corrected(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    basis = pages.get(f"/v1{episode}/next-step").json()["basis"]
    chosen = {
        "option": "start_chemoimmunotherapy",
        "detail": {"regimen": "N8"},
        "reason": {"text": "so agreed"},
    }
    entry = pages.post(f"/v1{episode}/decisions", chosen | {"basis": basis}).json()["entry"]
    page = doctor.open(episode)
    assert f"event_corrected?entry={entry}" not in page
    assert f"event_retracted?entry={entry}" in page
    doctor.open(f"{episode}/record/event_corrected?entry={entry}", status=422)
    address = f"{episode}/record/event_retracted?entry={entry}"
    assert fill_in(doctor, address, do="record", reason="not carried out").status_code == 303


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("record/episode_opened", 404),
        ("record/event_corrected", 400),
        ("record/event_retracted?entry=018f0000-0000-7000-8000-000000000000", 422),
    ],
)
def test_there_is_no_form_for_what_is_not_there(
    pages: Service, doctor: Browser, address: str, status: int
) -> None:
    doctor.open(f"{planned(pages)}/{address}", status=status)


# Who may


def test_another_sites_episode_is_not_there(pages: Service, sign_in: SignIn) -> None:
    episode, elsewhere = planned(pages), sign_in("clinician", site="south")
    elsewhere.open(f"{episode}/record", status=404)
    elsewhere.open(f"{episode}/record/gd2_measured", status=404)
    answer = elsewhere.send(f"{episode}/record/gd2_measured", {"do": "record", "status": "positive"})
    assert answer.status_code == 404


def test_who_may_not_record_sees_neither_form_nor_link(pages: Service, sign_in: SignIn) -> None:
    episode, auditor = planned(pages), sign_in("auditor", subject="auditor")
    page = auditor.open(episode)
    assert f"{episode}/record" not in page
    auditor.open(f"{episode}/record", status=403)
    auditor.open(f"{episode}/record/gd2_measured", status=403)
    answer = auditor.send(f"{episode}/record/gd2_measured", {"do": "record", "status": "positive"})
    assert answer.status_code == 403


def test_a_form_asks_as_little_of_a_long_course_as_of_a_short_one(
    pages: Service,
    doctor: Browser,
    questions: list[None],  # noqa: F811
) -> None:
    episode = planned(pages)
    entry = entries(pages, episode)[-1]["entry"]
    addresses = [f"{episode}/record{end}" for end in ("", "/gd2_measured", f"/event_corrected?entry={entry}")]

    def asked() -> list[int]:
        found = []
        for address in addresses:
            questions.clear()
            doctor.open(address)
            found.append(len(questions))
        return found

    short = asked()
    marks = [
        {"kind": "biomarker_recorded", "marker": f"m{n}", "value": "x", "occurred_on": ago(7)}
        for n in range(60)
    ]
    assert pages.record(f"/v1{episode}", *marks).status_code == 201
    assert asked() == short == [2, 2, 3]


def test_each_page_leaves_one_record_of_who_saw_it(pages: Service, doctor: Browser, sign_in: SignIn) -> None:
    episode = planned(pages)
    page = doctor.open(f"{episode}/record/gd2_measured")
    record(doctor, episode, "gd2_measured", page, do="preview", status="partial")
    record(doctor, episode, "gd2_measured", page, status="partial")
    found = pages.get(
        f"/v1/audit?episode={episode.rpartition('/')[2]}", role="auditor", subject="auditor"
    ).json()
    told = [(each["operation"], each["outcome"]) for each in found["records"] if each["client"] == "pages"]
    assert sorted(told) == [
        ("read_an_episode", "ok"),
        ("record_what_happened", "foreseen"),
        ("record_what_happened", "recorded"),
    ]
    assert re.search(r"form-[0-9a-f]{32}", page)
