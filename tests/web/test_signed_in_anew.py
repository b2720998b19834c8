"""A session that ends while somebody types: nothing is recorded by it, and nothing that was typed is lost."""

from __future__ import annotations

from html import unescape

import httpx2
import pytest

from api.web import sessions
from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.filled_in import standing
from tests.web.test_episode_page import SignIn, hidden, planned, text_of
from tests.web.test_forms import last

REMARK = "The mother asked for a copy of the scan."
ANEW = "You were signed in anew since this form was shown."


def sign_in_anew(browser: Browser, subject: str = "dr-okafor", role: str = "clinician") -> None:
    """As in another tab of the same browser."""
    token = browser.service.token(role, "north", subject)
    assert browser.http.get("/sign-in", params={"token": token}).status_code == 303


def typed_remark(browser: Browser, episode: str) -> tuple[str, dict[str, str]]:
    address = f"{episode}/record/note_added"
    return address, standing(browser.open(address), address) | {"text": REMARK, "do": "record"}


def test_who_was_signed_in_anew_finds_the_form_filled_in_and_sends_it_again(
    pages: Service, sign_in: SignIn
) -> None:
    browser, episode = sign_in(), planned(pages)
    address, typed = typed_remark(browser, episode)
    before = last(pages, episode)
    sign_in_anew(browser)
    answer = browser.http.post(address, data=typed)
    assert answer.status_code == 403
    assert ANEW in text_of(answer.text)
    assert last(pages, episode) == before
    again = standing(answer.text, address)
    assert again["text"] == REMARK
    assert again["token"] != typed["token"]
    assert again["key"] == typed["key"], "Sent twice it is recorded once."
    assert browser.http.post(address, data=again | {"do": "record"}).status_code == 303
    assert last(pages, episode)["text"] == REMARK


def test_what_another_person_typed_is_not_shown_to_who_signed_in_after_them(
    pages: Service, sign_in: SignIn
) -> None:
    browser, episode = sign_in(), planned(pages)
    address, typed = typed_remark(browser, episode)
    sign_in_anew(browser, "dr-sol")
    answer = browser.http.post(address, data=typed)
    assert answer.status_code == 403
    assert "<h1>This form is of an earlier session</h1>" in answer.text
    assert REMARK not in answer.text
    assert last(pages, episode).get("text") != REMARK


def test_a_decision_a_signature_and_an_answer_come_back_too(pages: Service, sign_in: SignIn) -> None:
    browser, episode = sign_in(), planned(pages)
    sent = hidden(browser.open(episode)) | {"option": "hold", "reason_text": REMARK}
    sign_in_anew(browser)
    answer = browser.http.post(f"{episode}/decisions", data=sent)
    assert answer.status_code == 403
    assert ANEW in text_of(answer.text)
    assert REMARK in answer.text


@pytest.mark.parametrize("address", ["/episodes/new", "/find"])
def test_who_opens_or_looks_for_an_episode_types_nothing_twice(sign_in: SignIn, address: str) -> None:
    browser = sign_in()
    typed = standing(browser.open(address), address) | {"patient.value": "child-of-an-earlier-session"}
    sign_in_anew(browser)
    answer = browser.http.post(address, data=typed)
    assert answer.status_code == 403
    assert ANEW in text_of(answer.text)
    assert standing(answer.text, address)["patient.value"] == "child-of-an-earlier-session"


def test_after_an_idle_hour_what_was_typed_waits_on_the_screen_and_stands_in_no_address(
    pages: Service, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, episode = sign_in(), planned(pages)
    address, typed = typed_remark(browser, episode)
    with monkeypatch.context() as patched:
        patched.setattr(sessions, "IDLE_S", -1)  # as if so much time had passed
        answer = browser.http.post(address, data=typed)
    assert answer.status_code == 401
    shown = text_of(answer.text)
    assert "You are no longer signed in" in shown
    assert REMARK not in shown
    assert f'href="/sign-in?next={address.replace("/", "%2F")}"' in answer.text
    assert "text" not in str(answer.url)
    sign_in_anew(browser)
    kept = {name: unescape(value) for name, value in standing(answer.text, "").items()}
    back = browser.http.post(address, data=kept)
    assert ANEW in text_of(back.text)
    assert standing(back.text, address)["text"] == REMARK


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        ("/episodes/x/record/event_corrected?entry=y", "/episodes/x/record/event_corrected?entry=y"),
        ("/episodes/x/decisions", "/episodes/x"),
        ("/episodes/x/reviews/y", "/episodes/x"),
        ("/find", "/find"),
    ],
)
def test_whoever_signs_in_comes_to_the_page_of_the_form(pages: Service, sent_to: str, page: str) -> None:
    answer = httpx2.post(f"{pages.url}{sent_to}")
    assert answer.status_code == 303
    assert httpx2.URL(answer.headers["location"]).params["next"] == page


def test_a_foreign_page_gets_nothing_shown_of_what_it_sent(pages: Service) -> None:
    answer = httpx2.post(
        f"{pages.url}/find", data={"patient.value": "x"}, headers={"origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 303
    assert answer.content == b""


def test_a_page_that_is_refused_speaks_of_no_token(sign_in: SignIn) -> None:
    shown = text_of(sign_in("auditor", subject="auditor").open("/episodes/new", status=403))
    assert "token" not in shown
