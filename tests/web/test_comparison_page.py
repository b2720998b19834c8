"""What changed between two instants of knowledge."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import ago, planned, questions, text_of
from tests.web.test_history_page import SignIn, corrected, entries_of, instant

__all__ = ["questions"]


@pytest.fixture
def auditor(sign_in: SignIn) -> Browser:
    return sign_in("auditor", subject="auditor-wu")


def test_it_names_the_entry_that_came_the_one_it_corrects_and_the_fact_that_is_another(
    pages: Service, auditor: Browser
) -> None:
    episode, wrong, before = corrected(pages)
    came = entries_of(pages, episode)[-1]
    page = auditor.open(f"{episode}/history/diff?from={before}")
    entries, rest = page.split('id="came"')[1].split('id="restated"')
    restated, rest = rest.split('id="facts"')
    facts, options = rest.split('id="options"')
    assert f"#e-{came['entry']}" in entries
    assert entries.count('<li class="entry">') == 1
    assert "by dr-brandt" in text_of(entries)
    assert f"#e-{wrong}" in restated
    assert "Then in force, now corrected" in text_of(restated)
    row = text_of(next(each for each in facts.split("<tr>") if "GD2" in each))
    assert row.index("positive") < row.index("negative") < row.index("as corrected by entry 6")
    assert row.count("as corrected by") == 1
    assert (
        "Start chemoimmunotherapy" in text_of(options) or "chemoimmunotherapy" in text_of(options).casefold()
    )


def test_a_value_that_had_been_corrected_before_is_told_as_corrected_on_both_sides(
    pages: Service, auditor: Browser
) -> None:
    episode = planned(pages)
    (fit,) = (each for each in entries_of(pages, episode) if each["kind"] == "fitness_recorded")
    correction = {
        "kind": "event_corrected",
        "occurred_on": ago(1),
        "entry": fit["entry"],
        "replacement": {"kind": "fitness_recorded", "lansky": 80, "occurred_on": ago(8)},
    }
    assert pages.record(f"/v1{episode}", correction).status_code == 201
    before = instant()
    later = {"kind": "fitness_recorded", "lansky": 60, "occurred_on": ago(0)}
    assert pages.record(f"/v1{episode}", later).status_code == 201
    facts = auditor.open(f"{episode}/history/diff?from={before}").split('id="facts"')[1]
    row = text_of(next(each for each in facts.split("<tr>") if "Lansky" in each))
    assert "entry 5 , as corrected by entry 6" in row
    assert row.index("80") < row.index("as corrected by entry 6") < row.index("60") < row.index("entry 7")


def test_an_entry_that_speaks_of_an_earlier_one_says_which(pages: Service, auditor: Browser) -> None:
    episode, wrong, _ = corrected(pages)
    before = instant()
    taken_back = {
        "kind": "event_retracted",
        "occurred_on": ago(0),
        "entry": wrong,
        "reason": "Another child.",
    }
    assert pages.record(f"/v1{episode}", taken_back).status_code == 201
    page = text_of(auditor.open(f"{episode}/history/diff?from={before}"))
    assert "Another child — of entry 3" in page
    assert "Then corrected, now retracted" in page
    assert "an earlier entry" not in page
    assert re.search(r"Known \d+ \w{3} \d{4}, \d{2}:\d{2}:\d{2} UTC", page)


def test_a_decision_that_came_is_called_as_the_pathway_calls_it(pages: Service, auditor: Browser) -> None:
    episode = planned(pages)
    before = instant()
    body = {
        "option": "hold",
        "basis": pages.get(f"/v1{episode}/next-step").json()["basis"],
        "detail": {"hold_until": ago(-5)},
        "reason": {"text": "a fever"},
    }
    assert pages.post(f"/v1{episode}/decisions", body).status_code == 201
    until = datetime.fromisoformat(ago(-5))
    page = text_of(auditor.open(f"{episode}/history/diff?from={before}"))
    assert (
        f"Decision made : hold treatment and look again, which was possible, until {until.day} {until:%b %Y}"
        in page
    )


def test_both_recommendations_stand_beside_one_another(pages: Service, auditor: Browser) -> None:
    episode, _, before = corrected(pages)
    told = pages.get(f"/v1{episode}/diff?from={before}").json()
    assert told["then"]["summary"] != told["now"]["summary"]
    page = auditor.open(f"{episode}/history/diff?from={before}")
    then, now = page.split('id="then"')[1].split('id="now"')
    assert told["then"]["summary"] in text_of(then)
    assert told["now"]["summary"] in text_of(now)


def test_between_two_instants_at_which_the_same_was_known_nothing_changed(
    pages: Service, auditor: Browser
) -> None:
    episode, _, before = corrected(pages)
    page = text_of(auditor.open(f"{episode}/history/diff?from={before}&to={before}"))
    assert "Entries that came None. Facts The same. Options Each stands as it did." in page


def test_before_the_episode_was_opened_nothing_was_known(pages: Service, auditor: Browser) -> None:
    page = text_of(auditor.open(f"{planned(pages)}/history/diff?from={ago(3)}"))
    assert "The episode had not been opened; nothing was known." in page
    assert "Episode opened" in page


def test_without_an_instant_only_the_form_is_shown(pages: Service, auditor: Browser) -> None:
    assert "Entries that came" not in auditor.open(f"{planned(pages)}/history/diff")


def test_an_instant_behind_the_other_is_told_beside_its_field(pages: Service, auditor: Browser) -> None:
    page = auditor.open(f"{planned(pages)}/history/diff?from={ago(0)}&to={ago(3)}", status=400)
    assert 'id="from-fault">This is to be the earlier of the two.' in page
    assert f'value="{ago(3)}"' in page


def test_it_asks_as_little_of_a_long_course_as_of_a_short_one(
    pages: Service, auditor: Browser, questions: list[None]
) -> None:
    episode = planned(pages)
    auditor.open(f"{episode}/history/diff?from={ago(3)}")
    short = len(questions)
    notes = [{"kind": "note_added", "text": f"note {n}", "occurred_on": ago(7)} for n in range(30)]
    assert pages.record(f"/v1{episode}", *notes).status_code == 201
    questions.clear()
    assert "note 29" in auditor.open(f"{episode}/history/diff?from={ago(3)}")
    assert len(questions) == short <= 4
