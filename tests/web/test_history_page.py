"""The history of an episode: as known on any day, who recorded what, and what was decided on what knowledge."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pathway.use_cases.permissions import Role, permissions_of
from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import ago, decide, planned, questions, text_of

SignIn = Callable[..., Browser]
__all__ = ["questions"]


@pytest.fixture
def auditor(sign_in: SignIn) -> Browser:
    return sign_in("auditor", subject="auditor-wu")


def instant() -> str:
    """The present, for an address."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def entries_of(pages: Service, episode: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pages.get(f"/v1{episode}/history?limit=200").json()["entries"]
    return found


def entry_on(page: str, entry: str) -> str:
    """What a reader sees of one entry."""
    assert f'id="e-{entry}"' in page
    return text_of(page.split(f'id="e-{entry}"')[1].split("</li>", maxsplit=1)[0].partition(">")[2])


def corrected(pages: Service) -> tuple[str, str, str]:
    """An episode whose GD2 was corrected: its path, the entry that was wrong, and an instant before the correction."""
    episode = planned(pages)
    (wrong,) = (each for each in entries_of(pages, episode) if each["kind"] == "gd2_measured")
    before = instant()
    replacement = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(8)}
    correction = {
        "kind": "event_corrected",
        "occurred_on": ago(1),
        "entry": wrong["entry"],
        "replacement": replacement,
    }
    answer = pages.record(f"/v1{episode}", correction, subject="dr-brandt")
    assert answer.status_code == 201, answer.text
    return episode, wrong["entry"], before


def fact(page: str, name: str) -> str:
    """The row of a fact in force."""
    return text_of(next(row for row in page.split("<tr>") if f'<th scope="row">{name}</th>' in row))


def test_as_known_before_a_correction_the_page_shows_the_old_value(pages: Service, auditor: Browser) -> None:
    episode, wrong, before = corrected(pages)
    then = auditor.open(f"{episode}/history?known_at={before}")
    assert "in force" in entry_on(then, wrong)
    assert "positive" in fact(then, "GD2")
    assert "This is what was known" in text_of(then)
    now = auditor.open(f"{episode}/history")
    assert "corrected by entry 6" in entry_on(now, wrong).lower()
    assert "negative" in fact(now, "GD2")
    assert "entry 3 , as corrected by entry 6" in fact(now, "GD2")
    assert "as corrected by" not in fact(then, "GD2")
    assert "This is what was known" not in text_of(now)


def test_each_entry_says_who_recorded_it_when_it_happened_and_when_it_was_recorded(
    pages: Service, auditor: Browser
) -> None:
    episode, wrong, _ = corrected(pages)
    page = auditor.open(f"{episode}/history")
    day = datetime.fromisoformat(ago(8))
    for each in entries_of(pages, episode):
        told = entry_on(page, each["entry"])
        recorded = datetime.fromisoformat(each["recorded_at"])
        assert f"Recorded {recorded.day} {recorded:%b %Y}, {recorded:%H:%M} UTC by {each['actor']}" in told
        assert f"through {each['client']}" in told
    assert f"Happened {day.day} {day:%b %Y}" in entry_on(page, wrong)


def test_each_fact_in_force_leads_to_the_entry_it_rests_on(pages: Service, auditor: Browser) -> None:
    episode, _, _ = corrected(pages)
    page = auditor.open(f"{episode}/history")
    facts = pages.get(f"/v1{episode}").json()["facts"]
    rows = page.split('id="facts"')[1]
    for told in (facts["gd2"], *facts["fitness"].values()):
        assert f'href="#e-{told["entry"]}"' in rows


def test_an_auditor_finds_who_decided_what_against_what_was_recommended_and_why(
    pages: Service, sign_in: SignIn, auditor: Browser
) -> None:
    episode = planned(pages)
    recommended = pages.get(f"/v1{episode}/next-step").json()["recommended"]
    doctor = sign_in("clinician", subject="dr-lindqvist")
    fields = {"option": "supportive_care", "reason_code": "does-not-align-preferences"}
    assert decide(doctor, episode, reason_text="they want to go home", **fields).status_code == 200
    made = entries_of(pages, episode)[-1]
    labels = {
        each["option"]: each["label"] for each in pages.get(f"/v1{episode}/next-step").json()["options"]
    }
    page = auditor.open(f"{episode}/history")
    told = entry_on(page, made["entry"]).casefold()
    assert f"chosen {labels['supportive_care'].casefold()} was " in told
    assert f"recommended then {labels[recommended].casefold()} another was chosen" in told
    assert "the child or family wishes otherwise; they want to go home" in told
    assert "by dr-lindqvist" in told
    then = re.search(rf'href="({episode}\?as_of=[^"]*)"', page)
    assert then, "the recommendation as it stood is one step away"
    shown = text_of(auditor.open(then[1].replace("&amp;", "&")))
    assert "This is not today’s page" in shown
    assert "Entry 6, recorded" not in shown
    assert labels[recommended].casefold() in shown.casefold()


def test_a_day_on_which_nothing_was_known_says_so(pages: Service, auditor: Browser) -> None:
    page = auditor.open(f"{planned(pages)}/history?known_at={ago(3)}")
    assert "Nothing of this episode was known then." in page


def test_a_day_is_meant_to_its_end_and_a_minute_too(pages: Service, auditor: Browser) -> None:
    episode = planned(pages)
    last = datetime.fromisoformat(entries_of(pages, episode)[-1]["recorded_at"])
    for asked in (f"{last:%Y-%m-%d}", f"{last:%Y-%m-%d %H:%M}"):
        assert "Entry 5" in text_of(auditor.open(f"{episode}/history?known_at={asked}"))
    earlier = last - timedelta(minutes=2)
    page = auditor.open(f"{episode}/history?known_at={earlier:%Y-%m-%d %H:%M}")
    assert "Nothing of this episode was known then." in page


@pytest.mark.parametrize(
    "typed", ["yesterday", "2026-13-01", "2026-03-01 25:00", "0001-01-01", "2026-03-01Z"]
)
def test_an_instant_that_cannot_be_read_is_told_beside_its_field_and_kept(
    pages: Service, auditor: Browser, typed: str
) -> None:
    page = auditor.open(f"{planned(pages)}/history?known_at={typed}&from={ago(8)}", status=400)
    assert f'value="{typed}" aria-describedby="known_at-hint known_at-fault" aria-invalid="true"' in page
    assert f'value="{ago(8)}"' in page
    assert 'href="#known_at"' in page


def test_the_entries_of_some_days_alone_can_be_looked_at(pages: Service, auditor: Browser) -> None:
    page = text_of(auditor.open(f"{planned(pages)}/history?from={ago(9)}&to={ago(9)}"))
    assert "Episode opened" in page
    assert "GD2 measured" not in page


def test_the_files_hold_what_the_page_was_narrowed_to(pages: Service, auditor: Browser) -> None:
    episode, _, before = corrected(pages)
    page = auditor.open(f"{episode}/history?known_at={before}&from={ago(8)}")
    links = re.findall(r'href="([^"]*/history\.(?:csv|ndjson)\?[^"]*)"', page)
    assert len(links) == 2
    table, lines = (auditor.http.get(each.replace("&amp;", "&")) for each in links)
    rows = [json.loads(line) for line in lines.text.splitlines()]
    assert [row["sequence"] for row in rows] == [2, 3, 4, 5]
    assert [row["entry"] for row in csv.DictReader(io.StringIO(table.text))] == [row["entry"] for row in rows]
    for answer in (table, lines):
        assert answer.headers["content-disposition"].startswith('attachment; filename="history-')
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    records = pages.get(f"/v1/audit?subject=auditor-wu&episode={episode[10:]}", role="auditor").json()
    assert [each["operation"] for each in records["records"]] == ["read_the_history"] * 3


def test_the_pages_follow_one_another_and_one_entry_is_found_on_its_own(
    pages: Service, auditor: Browser, questions: list[None]
) -> None:
    episode = planned(pages)
    auditor.open(f"{episode}/history")
    short = len(questions)
    marks = [{"kind": "note_added", "text": f"note {n}", "occurred_on": ago(7)} for n in range(60)]
    for some in (marks[:30], marks[30:]):
        assert pages.record(f"/v1{episode}", *some).status_code == 201
    entries = entries_of(pages, episode)
    questions.clear()
    first = auditor.open(f"{episode}/history")
    assert len(questions) == short <= 5
    assert "Entry 50" in text_of(first)
    assert "Entry 51" not in text_of(first)
    following = re.search(r'href="([^"]*)" rel="next"', first)
    assert following
    second = auditor.open(following[1])
    assert [f'id="e-{each["entry"]}"' in second for each in entries] == [False] * 50 + [True] * 15
    for place in (3, 49, 50, 64):
        wanted = entries[place]["entry"]
        assert f'id="e-{wanted}"' in auditor.open(f"{episode}/history?entry={wanted}")


def test_an_entry_of_another_episode_is_not_found(pages: Service, auditor: Browser) -> None:
    one, other = planned(pages), planned(pages)
    auditor.open(f"{one}/history?entry={entries_of(pages, other)[0]['entry']}", status=404)


PAGES = ("history", "history.csv", "history.ndjson", "history/diff", "verification", "bundle.json")


@pytest.mark.parametrize("path", PAGES)
def test_another_sites_episode_is_as_one_that_does_not_exist(
    pages: Service, sign_in: SignIn, path: str
) -> None:
    episode = planned(pages)
    stranger = sign_in("auditor", site="south")
    for each in (episode, "/episodes/00000000-0000-7000-8000-000000000000", "/episodes/%00"):
        assert "This site has no episode with this id." in stranger.open(f"{each}/{path}", status=404)


@pytest.mark.parametrize("path", PAGES)
def test_who_may_not_read_episodes_is_refused(pages: Service, sign_in: SignIn, path: str) -> None:
    episode = planned(pages)
    for role in Role:
        if "episodes.read" not in permissions_of([role]):
            sign_in(role.value).open(f"{episode}/{path}", status=403)


def test_the_history_can_be_had_in_no_other_form(pages: Service, auditor: Browser) -> None:
    auditor.open(f"{planned(pages)}/history.xlsx", status=404)


def test_the_auditor_is_shown_a_pseudonym_and_the_clinician_who_it_is(
    pages: Service, sign_in: SignIn, auditor: Browser
) -> None:
    path = pages.open_episode(opened_on=ago(9), value="canary-0815")
    for page in ("history", f"history/diff?from={ago(3)}"):
        address = f"{path.removeprefix('/v1')}/{page}"
        assert "canary-0815" in sign_in("clinician").open(address)
        assert "canary" not in auditor.open(address)
