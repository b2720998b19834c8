"""What if: the recommendation that would follow, beside the one there is, and nothing is recorded."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import SignIn, ago, planned, text_of

_numbers = itertools.count(1)


@pytest.fixture
def doctor(sign_in: SignIn) -> Browser:
    return sign_in("clinician")


def test_what_would_follow_stands_beside_what_is_recommended_and_nothing_is_recorded(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    before = pages.get(f"/v1{episode}").json()["head"]
    now = pages.get(f"/v1{episode}/next-step").json()
    supposed = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(0)}
    then = pages.post(f"/v1{episode}/next-step:suppose", supposed).json()["next_step"]
    assert then["summary"] != now["summary"]
    page = text_of(doctor.open(f"{episode}/what-if?gd2=negative&on={ago(0)}"))
    assert page.index("Nothing is recorded here.") < page.index(now["summary"]) < page.index(then["summary"])
    assert pages.get(f"/v1{episode}").json()["head"] == before


def test_the_options_that_would_stand_otherwise_are_listed(pages: Service, doctor: Browser) -> None:
    page = text_of(doctor.open(f"{planned(pages)}/what-if?gd2=negative"))
    told = page.split("What would stand otherwise")[1].split("Ask something else")[0]
    assert "Start chemoimmunotherapy recommended" in told


def test_what_could_move_nothing_here_says_so(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    died = {"kind": "episode_closed", "reason": "death", "occurred_on": ago(0)}
    assert pages.record(f"/v1{episode}", died).status_code == 201
    page = text_of(doctor.open(f"{episode}/what-if?response=SD"))
    assert "Assessment recorded is not expected in this state" in page


def test_several_things_are_supposed_together_on_a_day_to_come(pages: Service, doctor: Browser) -> None:
    asked = "on=2999-01-01&toxicity=anaphylaxis&grade=4&agent=dinutuximab_beta&lansky=30&infection=yes"
    page = text_of(doctor.open(f"{planned(pages)}/what-if?{asked}&tolerance=limiting"))
    assert "on 1 Jan 2999" in page


def test_the_question_stands_in_the_form_again(pages: Service, doctor: Browser) -> None:
    page = doctor.open(f"{planned(pages)}/what-if?gd2=negative&toxicity=%3Cfever%3E&grade=2")
    assert '<option value="negative" selected>' in page
    assert 'value="&lt;fever&gt;"' in page


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("grade=3", "toxicity"),
        ("agent=dinutuximab", "toxicity"),
        ("gd2=green", "gd2"),
        ("response=better", "response"),
        ("gd2=negative&on=soon", "on"),
    ],
)
def test_what_cannot_be_supposed_is_told_beside_its_field(
    pages: Service, doctor: Browser, asked: str, field: str
) -> None:
    page = doctor.open(f"{planned(pages)}/what-if?{asked}", status=422)
    assert f'id="{field}-fault"' in page
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', page)
    assert "If that happened" not in page


def test_another_sites_episode_is_not_there(pages: Service, sign_in: SignIn) -> None:
    episode = planned(pages)
    sign_in("clinician", site="south").open(f"{episode}/what-if?gd2=negative", status=404)


def assessing(pages: Service) -> str:
    """The path of an episode in which two cycles were given and the assessment is due."""
    path = pages.open_episode(opened_on=ago(70), value=f"what-if-{next(_numbers)}")
    facts = (
        {"kind": "baseline_recorded", "risk_group": "high"},
        {"kind": "progression_evidence_recorded", "confirmed": True, "setting": "relapse"},
        {"kind": "gd2_measured", "status": "positive"},
        {"kind": "consent_recorded", "given": True},
        {"kind": "fitness_recorded", "lansky": 90},
    )
    pages.record(path, *(fact | {"occurred_on": ago(60)} for fact in facts)).raise_for_status()
    body = {
        "option": "start_chemoimmunotherapy",
        "basis": pages.get(f"{path}/next-step?as_of={ago(59)}").json()["basis"],
        "decided_on": ago(59),
        "detail": {"regimen": "dinutuximab_beta_irinotecan_temozolomide"},
        "reason": {"text": "as discussed"},
    }
    pages.post(f"{path}/decisions", body).raise_for_status()
    cycles = [
        {"kind": kind, "line": 1, "cycle": cycle, "occurred_on": ago(day)} | more
        for cycle, first in ((1, 50), (2, 29))
        for kind, day, more in (
            ("cycle_started", first, {}),
            ("cycle_completed", first - 5, {"delivered": "full"}),
        )
    ]
    fit = {"kind": "fitness_recorded", "lansky": 90, "occurred_on": ago(1)}
    pages.record(path, *cycles, fit).raise_for_status()
    return path.removeprefix("/v1")


PROGRESSED = {"kind": "assessment_recorded", "components": {"metastatic": "PD"}}
CONFIRMED = {"kind": "progression_evidence_recorded", "confirmed": True}


@pytest.mark.parametrize(
    ("asked", "events", "row"),
    [
        ("metastatic=PD", [PROGRESSED], "9"),
        ("metastatic=PD&gd2=negative", [PROGRESSED, {"kind": "gd2_measured", "status": "negative"}], "8"),
        ("response=PD", [{"kind": "assessment_recorded", "reported_overall": "PD"}], "5"),
        (
            "response=PD&progression=confirmed",
            [{"kind": "assessment_recorded", "reported_overall": "PD"}, CONFIRMED],
            "9",
        ),
    ],
)
def test_what_is_supposed_and_then_recorded_gives_the_same_recommendation(
    pages: Service, doctor: Browser, asked: str, events: list[dict[str, Any]], row: str
) -> None:
    episode = assessing(pages)
    page = doctor.open(f"{episode}/what-if?{asked}&on={ago(0)}")
    supposed = text_of(page.split('id="then"')[1].split('id="changes"', maxsplit=1)[0])
    pages.record(f"/v1{episode}", *(event | {"occurred_on": ago(0)} for event in events)).raise_for_status()
    told = pages.get(f"/v1{episode}/next-step").json()
    assert [each["row"] for each in told["rows"]] == [row]
    assert f"Row {row}. {told['rows'][0]['sentence']}" in supposed
    assert told["summary"] in supposed


def test_a_supposed_side_effect_that_ends_the_antibody_for_good_says_so(
    pages: Service, doctor: Browser
) -> None:
    episode = assessing(pages)
    asked = f"toxicity=anaphylaxis&grade=3&agent=dinutuximab_beta&on={ago(0)}"
    told = text_of(doctor.open(f"{episode}/what-if?{asked}").split('id="then"')[1])
    harm = {"kind": "toxicity_recorded", "term": "anaphylaxis", "grade": 3, "agent": "dinutuximab_beta"}
    pages.record(f"/v1{episode}", harm | {"occurred_on": ago(0)}).raise_for_status()
    (stop,) = pages.get(f"/v1{episode}").json()["stops"]
    assert f"It would be stopped for good: dinutuximab beta. {stop['sentence']}" in told
    for prompt in pages.get(f"/v1{episode}/next-step").json()["prompts"]:
        assert prompt["sentence"] in told
    again = text_of(doctor.open(f"{episode}/what-if?gd2=negative"))
    assert f"Stopped for good already: dinutuximab beta. {stop['sentence']}" in again


def test_a_side_effect_that_is_none_is_not_passed_over(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    told = text_of(doctor.open(f"{episode}/what-if?toxicity=neurotox"))
    assert "“neurotox” is not a CTCAE term that this service knows" in told
    assert "nor that it is safe" in told
    assert "is not a CTCAE term" not in text_of(doctor.open(f"{episode}/what-if?toxicity=fever"))
