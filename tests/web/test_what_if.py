"""What if: the recommendation that would follow, beside the one there is, and nothing is recorded."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import SignIn, ago, planned, text_of


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
