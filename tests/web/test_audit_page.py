"""Who read and wrote what, for those who look into it."""

from __future__ import annotations

import re

import pytest

from pathway.use_cases.permissions import Role
from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import ago, decide, planned, questions, text_of
from tests.web.test_history_page import SignIn

__all__ = ["questions"]


@pytest.fixture
def auditor(sign_in: SignIn) -> Browser:
    return sign_in("auditor", subject="auditor-wu")


def rows(page: str) -> list[str]:
    """What a reader sees of each record."""
    return [text_of(each.partition(">")[2]) for each in page.split('<tr id="a-')[1:]]


def test_an_auditor_finds_who_decided_on_an_episode(
    pages: Service, sign_in: SignIn, auditor: Browser
) -> None:
    episode = planned(pages)
    doctor = sign_in("clinician", subject="dr-lindqvist")
    assert decide(doctor, episode, option="hold", reason_text="a fever").status_code == 200
    page = auditor.open(f"/audit?operation=decide_on_an_option&episode={episode[10:]}")
    (row,) = rows(page)
    assert "dr-lindqvist clinician, through pages" in row
    assert "Decide on an option The decision was recorded" in row
    entry = pages.get(f"/v1{episode}/history").json()["entries"][-1]["entry"]
    link = re.search(rf'href="({episode}/history\?entry={entry})#e-{entry}"', page)
    assert link
    assert f'id="e-{entry}"' in auditor.open(link[1])


def test_looking_leaves_a_record_of_its_own(auditor: Browser) -> None:
    auditor.open("/audit?subject=nobody-yet")
    first = rows(auditor.open("/audit?subject=auditor-wu"))[0]
    assert "Read the audit records Done" in first
    count = len(rows(auditor.open("/audit?subject=auditor-wu")))
    assert len(rows(auditor.open("/audit?subject=auditor-wu"))) == count + 1


def test_what_was_refused_is_there_too(pages: Service, sign_in: SignIn, auditor: Browser) -> None:
    curious = sign_in("coordinator", subject="curious-one")
    curious.open("/audit", status=403)
    (row,) = rows(auditor.open("/audit?subject=curious-one"))
    assert "Read the audit records The caller may not do this" in row


@pytest.mark.parametrize("role", [role.value for role in Role if role is not Role.AUDITOR])
def test_nobody_else_sees_it_or_the_way_there(sign_in: SignIn, role: str) -> None:
    browser = sign_in(role)
    page = browser.open("/audit", status=403)
    assert 'href="/audit"' not in page
    assert 'href="/verification"' not in page
    browser.open("/verification", status=403)


def test_the_days_are_meant_from_their_beginning_to_their_end(pages: Service, auditor: Browser) -> None:
    planned(pages, subject="dr-of-today")
    of_today = "/audit?subject=dr-of-today"
    assert len(rows(auditor.open(f"{of_today}&since={ago(0)}&until={ago(0)}"))) == 2
    assert rows(auditor.open(f"{of_today}&until={ago(1)}")) == []
    assert rows(auditor.open(f"{of_today}&since={ago(-1)}")) == []


def test_what_cannot_be_looked_for_is_told_beside_its_field_and_kept(auditor: Browser) -> None:
    page = auditor.open("/audit?subject=J%C3%BCrgen&episode=12&since=soon", status=400)
    for field, typed in (("subject", "Jürgen"), ("episode", "12"), ("since", "soon")):
        assert f'id="{field}-fault"' in page
        assert f'value="{typed}"' in page
    assert rows(page) == []


def test_the_pages_follow_one_another_with_one_question_each(
    pages: Service, auditor: Browser, questions: list[None]
) -> None:
    episode = planned(pages, site="busy")
    for _ in range(60):
        pages.get(f"/v1{episode}", site="busy", subject="dr-busy")
    browser = auditor
    http = browser.http
    http.get("/sign-in", params={"token": pages.token("auditor", "busy", "auditor-wu")})
    questions.clear()
    page = browser.open("/audit?subject=dr-busy&operation=read_an_episode")
    assert len(questions) == 1
    following = re.search(r'href="([^"]*)" rel="next"', page)
    assert following
    second = browser.open(following[1].replace("&amp;", "&"))
    assert (len(rows(page)), len(rows(second))) == (50, 10)
    assert not {*re.findall(r'id="a-([^"]*)"', page)} & {*re.findall(r'id="a-([^"]*)"', second)}
    assert 'value="dr-busy"' in second


def test_reads_bury_no_change_and_no_refusal(pages: Service, sign_in: SignIn, auditor: Browser) -> None:
    episode = planned(pages, subject="dr-many")
    for _ in range(3):
        pages.get(f"/v1{episode}", subject="dr-many")
    sign_in("coordinator", subject="dr-many").open("/audit", status=403)
    of_one = "/audit?subject=dr-many&show="
    changed = rows(auditor.open(f"{of_one}changes"))
    assert len(changed) == 2
    assert all("recorded" in each or "opened" in each for each in changed)
    (refused,) = rows(auditor.open(f"{of_one}refused"))
    assert "The caller may not do this" in refused
    assert len(rows(auditor.open(of_one))) == 6
    page = auditor.open(f"{of_one}everything-else", status=400)
    assert 'id="show-fault">Choose one of the list.' in page


def test_a_message_that_came_again_is_told_as_adding_nothing(pages: Service, auditor: Browser) -> None:
    episode = planned(pages)
    gd2 = {"kind": "gd2_measured", "status": "positive", "occurred_on": ago(2)}
    message = gd2 | {"source": {"system": "lab", "message_id": "7"}}
    for _ in range(2):
        assert pages.record(f"/v1{episode}", message, subject="laboratory-7").status_code in (200, 201)
    again, first = rows(auditor.open("/audit?subject=laboratory-7"))
    assert "The events were recorded" in first
    assert "It had been recorded before; nothing was added" in again
    assert "The events were recorded" not in again


def test_what_was_not_accepted_says_that_nothing_was_recorded(pages: Service, auditor: Browser) -> None:
    episode = planned(pages)
    assert pages.post(f"/v1{episode}/decisions", {"option": 7}, subject="dr-odd").status_code == 422
    (row,) = rows(auditor.open("/audit?subject=dr-odd"))
    assert "Decide on an option Not accepted; nothing was recorded" in row


def test_from_an_episode_an_auditor_comes_to_who_read_and_wrote_it(
    pages: Service, sign_in: SignIn, auditor: Browser
) -> None:
    episode = planned(pages)
    way = f'<a href="/audit?episode={episode[10:]}">Who read and wrote this</a>'
    assert way in auditor.open(f"{episode}/history")
    assert way not in sign_in("clinician").open(f"{episode}/history")
    copied = f"/audit?episode=%20{episode[10:18]}%20{episode[18:]}%09"
    found = rows(auditor.open(copied))
    assert any("Open an episode The episode was opened" in each for each in found)


def test_a_page_of_records_says_what_it_leaves_out(pages: Service, auditor: Browser) -> None:
    episode = planned(pages, site="quiet", subject="dr-quiet")
    for _ in range(55):
        pages.get(f"/v1{episode}", site="quiet", subject="dr-quiet")
    auditor.http.get("/sign-in", params={"token": pages.token("auditor", "quiet", "auditor-wu")})
    page = auditor.open(f"/audit?subject=dr-quiet&operation=read_an_episode&since={ago(0)}")
    shown = text_of(page)
    assert "Looked for: of dr-quiet; read an episode; from" in shown
    assert "More records follow: the 50 on this page" in shown
    assert "<details open>" in page
    alone = auditor.open("/audit")
    assert "Looked for:" not in text_of(alone)
    assert "<details>" in alone, "what was not asked for takes no room on a telephone"
    assert re.search(r"\d{2}:\d{2}:\d{2} UTC", rows(page)[0])
    assert episode[10:] in rows(page)[0]


def test_another_site_has_its_own_records(pages: Service, sign_in: SignIn) -> None:
    planned(pages, subject="dr-of-the-north")
    assert rows(sign_in("auditor", site="south").open("/audit?subject=dr-of-the-north")) == []
