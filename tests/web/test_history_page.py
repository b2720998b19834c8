"""The history of an episode: as known on any day, who recorded what, and what was decided on what knowledge."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pathway.use_cases.permissions import Role, permissions_of
from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import ago, decide, planned, questions, stopped, text_of

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
    rest = page.split(f'<li id="e-{entry}"')[1]
    return text_of(re.split(r'<li id="e-|</section>', rest, maxsplit=1)[0].partition(">")[2])


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
        assert f"Recorded {recorded.day} {recorded:%b %Y}, {recorded:%H:%M:%S} UTC by {each['actor']}" in told
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


def overridden(pages: Service) -> tuple[str, str]:
    """An episode in which one clinician overrode the stop of the antibody: its path, and the decision."""
    episode = stopped(pages)
    body = {
        "option": "start_chemoimmunotherapy",
        "basis": pages.get(f"/v1{episode}/next-step").json()["basis"],
        "detail": {"agents": ["dinutuximab_beta", "irinotecan", "temozolomide"]},
        "reason": {"code": "does-not-align-preferences", "text": "as discussed"},
    }
    assert pages.post(f"/v1{episode}/decisions", body, subject="dr-one").status_code == 202
    return episode, entries_of(pages, episode)[-1]["entry"]


def test_an_override_that_one_clinician_signed_is_told_as_not_in_effect(
    pages: Service, auditor: Browser
) -> None:
    episode, decision = overridden(pages)
    told = entry_on(auditor.open(f"{episode}/history"), decision)
    assert told.startswith("Entry 8 not in effect Decision made")
    assert "not signed It is not in effect" in told
    assert "in force" not in told.split("Known then")[0]
    assert "dinutuximab beta + irinotecan + temozolomide" in told


def test_an_override_that_a_second_clinician_signed_says_who_and_when_on_whatever_page_that_is(
    pages: Service, auditor: Browser
) -> None:
    episode, decision = overridden(pages)
    before = instant()
    answer = pages.post(
        f"/v1{episode}/decisions/{decision}/countersignature", {"reason": "I agree."}, subject="dr-two"
    )
    assert answer.status_code == 201, answer.text
    signed = entries_of(pages, episode)[-1]
    at = datetime.fromisoformat(signed["recorded_at"])
    whole = auditor.open(f"{episode}/history")
    for page in (whole, auditor.open(f"{episode}/history?to={ago(0)}")):
        told = entry_on(page, decision)
        assert told.startswith("Entry 8 in force")
        assert f"Signed by dr-two , {at.day} {at:%b %Y}, {at:%H:%M:%S} UTC , entry 9 : I agree" in told
        assert "not signed" not in told
    then = entry_on(auditor.open(f"{episode}/history?known_at={before}"), decision)
    assert "not signed It is not in effect" in then


def test_a_decision_says_which_treatment_was_chosen_and_until_when(pages: Service, auditor: Browser) -> None:
    episode = planned(pages)
    until = datetime.fromisoformat(ago(-5))
    for option, detail in (
        ("start_chemoimmunotherapy", {"regimen": "dinutuximab_beta_irinotecan_temozolomide"}),
        ("hold", {"hold_until": ago(-5)}),
    ):
        body = {
            "option": option,
            "detail": detail,
            "basis": pages.get(f"/v1{episode}/next-step").json()["basis"],
            "reason": {"text": "as discussed"},
        }
        assert pages.post(f"/v1{episode}/decisions", body).status_code == 201
    page = auditor.open(f"{episode}/history")
    started, held = (entry_on(page, each["entry"]) for each in entries_of(pages, episode)[-2:])
    assert "In detail Regimen: dinutuximab beta irinotecan temozolomide" in started
    assert f"In detail Until {until.day} {until:%b %Y}" in held


def corrected_twice(pages: Service) -> tuple[str, list[str]]:
    """An episode whose haemoglobin was corrected, and corrected again with its day: its path, and the entries."""
    episode = planned(pages)
    fitness = {"kind": "fitness_recorded", "hb_g_dl": "8.4", "occurred_on": ago(6)}
    assert pages.record(f"/v1{episode}", fitness).status_code == 201
    wrong = entries_of(pages, episode)[-1]["entry"]
    for value, day, why in (("7.4", ago(6), "Typed from the wrong column."), ("7.5", ago(5), "Misread.")):
        told = {"kind": "fitness_recorded", "hb_g_dl": value, "occurred_on": day}
        correction = {"kind": "event_corrected", "occurred_on": ago(0), "entry": wrong, "replacement": told}
        assert pages.record(f"/v1{episode}", correction | {"reason": why}).status_code == 201
    return episode, [each["entry"] for each in entries_of(pages, episode)[-3:]]


def test_a_correction_says_why_what_was_wrong_and_on_which_day_it_happened(
    pages: Service, auditor: Browser
) -> None:
    episode, (wrong, first, second) = corrected_twice(pages)
    page = auditor.open(f"{episode}/history")
    earlier, later = datetime.fromisoformat(ago(6)), datetime.fromisoformat(ago(5))
    told = entry_on(page, first)
    assert "because: Typed from the wrong column" in told
    assert "Haemoglobin 7.4 g/dl, was 8.4 g/dl" in told
    assert f"was 8.4 g/dl Happened {earlier.day} {earlier:%b %Y}" in told
    told = entry_on(page, second)
    assert "Haemoglobin 7.5 g/dl, was 7.4 g/dl" in told
    assert f"Happened {later.day} {later:%b %Y} , was {earlier.day} {earlier:%b %Y}" in told
    assert "Corrected by entry 8" in entry_on(page, wrong)
    assert "entry 6 , as corrected by entry 8" in fact(page, "Haemoglobin")


def test_a_correction_that_was_corrected_again_is_in_force_no_more(pages: Service, auditor: Browser) -> None:
    episode, (wrong, first, second) = corrected_twice(pages)
    page = auditor.open(f"{episode}/history")
    assert entry_on(page, first).startswith("Entry 7 corrected")
    assert "Corrected by entry 8" in entry_on(page, first)
    assert entry_on(page, second).startswith("Entry 8 in force")
    taken_back = {
        "kind": "event_retracted",
        "occurred_on": ago(0),
        "entry": wrong,
        "reason": "Another child.",
    }
    assert pages.record(f"/v1{episode}", taken_back).status_code == 201
    stands = {each["entry"]: each["standing"] for each in entries_of(pages, episode)}
    assert [stands[each] for each in (wrong, first, second)] == ["retracted"] * 3


def test_a_decision_that_a_late_result_contests_says_by_which_entry_and_how_that_was_answered(
    pages: Service, auditor: Browser
) -> None:
    episode = planned(pages)
    body = {
        "option": "start_chemoimmunotherapy",
        "basis": pages.get(f"/v1{episode}/next-step").json()["basis"],
        "detail": {"regimen": "dinutuximab_beta_irinotecan_temozolomide"},
        "decided_on": ago(2),
        "reason": {"text": "as discussed"},
    }
    assert pages.post(f"/v1{episode}/decisions", body).status_code == 201
    decision = entries_of(pages, episode)[-1]["entry"]
    notes = [{"kind": "note_added", "text": f"note {n}", "occurred_on": ago(4)} for n in range(3)]
    assert pages.record(f"/v1{episode}", *notes).status_code == 201
    negative = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(3)}
    assert pages.record(f"/v1{episode}", negative).status_code == 201
    late = entries_of(pages, episode)[-1]["entry"]
    more = [{"kind": "note_added", "text": f"later note {n}", "occurred_on": ago(4)} for n in range(3)]
    assert pages.record(f"/v1{episode}", *more).status_code == 201
    page = auditor.open(f"{episode}/history")
    told = entry_on(page, decision)
    assert "contested Later: on what is known now it would not have been offered, by entry 10" in told
    assert "reviewed by" not in told
    assert "recorded late" in entry_on(page, late)
    assert "recorded late" not in told
    link = re.search(rf'href="({episode}/history/diff\?from=[^"]*)">What changed with entry 10', page)
    assert link
    came = auditor.open(link[1].replace("&amp;", "&")).split('id="came"')[1].split("</section>")[0]
    assert came.count('<li class="entry">') == 1
    assert f"#e-{late}" in came
    answer = pages.post(f"/v1{episode}/reviews/{decision}", {"reason": "Measured in another tumour."})
    assert answer.status_code in (200, 201), answer.text
    told = entry_on(auditor.open(f"{episode}/history"), decision)
    assert "reviewed by dr-okafor, entry 14 : Measured in another tumour." in told


def test_an_entry_that_somebody_altered_behind_the_service_is_not_shown_as_true(
    pages: Service, auditor: Browser
) -> None:
    episode = planned(pages)
    third = entries_of(pages, episode)[2]["entry"]
    assert "seal" not in entry_on(auditor.open(f"{episode}/history"), third).split("What the pathway said")[0]
    with sqlite3.connect(pages.settings.database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TRIGGER IF EXISTS entry_append_only_update")
        connection.execute("UPDATE entry SET actor = 'somebody-else' WHERE entry_id = ?", (third,))
    page = auditor.open(f"{episode}/history")
    assert "This record does not hold. An entry does not match what was sealed." in text_of(page)
    told = entry_on(page, third)
    assert told.startswith("Entry 3 seal broken")
    assert "does not match its seal" in told
    assert "who recorded it (sealed: dr-okafor)" in told
    assert "in force" in entry_on(page, entries_of(pages, episode)[1]["entry"])


@pytest.mark.parametrize("made_of_it", ["'{'", "replace(body, '\"positive\"', '\"nonsense\"')"])
def test_a_record_that_cannot_be_read_any_more_says_so_and_what_to_do(
    pages: Service, auditor: Browser, made_of_it: str
) -> None:
    episode = planned(pages)
    with sqlite3.connect(pages.settings.database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TRIGGER IF EXISTS entry_append_only_update")
        connection.execute(
            f"UPDATE entry SET body = {made_of_it} WHERE episode_id = ? AND sequence = 3", (episode[10:],)
        )
    for address in ("", "/history", "/history/diff?from=2026-01-01", "/sheet"):
        page = text_of(auditor.open(f"{episode}{address}", status=500))
        assert "The record of this episode cannot be read: an entry is not what was sealed." in page
        assert "Have the episode verified, and leave its record as it is." in page


def test_where_nothing_was_recommended_no_other_was_chosen(pages: Service, auditor: Browser) -> None:
    episode, decision = overridden(pages)
    made = entries_of(pages, episode)[-1]["event"]
    told = entry_on(auditor.open(f"{episode}/history"), decision)
    assert ("another was chosen" in told) == bool(made.get("recommended"))


def test_a_day_known_to_the_month_is_written_with_the_month_in_letters(
    pages: Service, auditor: Browser
) -> None:
    episode = planned(pages)
    note = {"kind": "note_added", "text": "Seen.", "occurred_on": "2024-03-01", "occurred_precision": "month"}
    assert pages.record(f"/v1{episode}", note).status_code == 201
    told = entry_on(auditor.open(f"{episode}/history"), entries_of(pages, episode)[-1]["entry"])
    assert "Happened Mar 2024 (to the month)" in told


def test_the_history_names_the_child_and_the_episode_in_full(pages: Service, auditor: Browser) -> None:
    one, other = planned(pages), planned(pages)
    titles = set()
    for episode in (one, other):
        page = auditor.open(f"{episode}/history")
        pseudonym = pages.get(f"/v1{episode}").json()["patient"]
        assert f"Pseudonym {pseudonym} Episode {episode[10:]}, at north" in text_of(page)
        titles.add(re.search("<title>(.*)</title>", page)[1])  # type: ignore[index]
        assert f"Patient …{pseudonym[-8:]}" in page
    assert len(titles) == 2, "two children of the same minute have two names"


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
