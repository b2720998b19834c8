"""What is read and written at a terminal leaves the same records as over HTTP, before anything is printed."""

from __future__ import annotations

import csv
import io
import os

import pytest

from pathway.cli.terminal import Code
from tests.cli.conftest import Terminal


def told(terminal: Terminal, *words: str) -> list[tuple[str, str]]:
    records = terminal.json("audit", *words)["records"]
    return [(each["operation"], each["outcome"]) for each in reversed(records)]


@pytest.mark.shows("R-094")
def test_reading_and_writing_leave_a_record_each(terminal: Terminal) -> None:
    episode = terminal.open()
    terminal("next", episode)
    terminal("history", episode)
    terminal("worklist")
    assert told(terminal, "--episode", episode) == [
        ("open_an_episode", "created"),
        ("read_the_next_step", "ok"),
        ("read_the_history", "ok"),
        ("read_the_worklist", "ok"),
    ]


def test_a_recommendation_that_is_shown_before_a_decision_is_recorded_as_read(terminal: Terminal) -> None:
    episode = terminal.open()
    terminal("decide", episode, "complete_workup", "--reason", "More has to be known.")
    assert told(terminal, "--episode", episode)[1] == ("read_the_next_step", "ok")


def test_a_refusal_leaves_a_record_with_its_outcome(terminal: Terminal) -> None:
    terminal("next", "no-such-episode", ends=Code.REFUSED)
    assert told(terminal) == [("read_the_next_step", "unknown_episode")]


@pytest.mark.shows("R-094", "T-19")
def test_that_somebody_looked_is_in_the_next_answer(terminal: Terminal) -> None:
    terminal("audit", "--as", "auditor-wu")
    assert told(terminal, "--by", "auditor-wu") == [("read_the_audit_records", "ok")]


def test_people_read_who_did_what(terminal: Terminal) -> None:
    episode = terminal.open()
    shown = terminal.read("audit")
    assert "open an episode" in shown
    assert episode in shown
    assert terminal.read("audit", "--by", "nobody-at-all").startswith("No such record at site demo.")


def test_the_records_go_into_a_spreadsheet(terminal: Terminal) -> None:
    terminal.open()
    (row,) = csv.DictReader(io.StringIO(terminal("audit", "--csv").stdout))
    assert row["operation"] == "open_an_episode"


def test_a_long_list_says_where_it_goes_on(terminal: Terminal) -> None:
    for _ in range(3):
        terminal("worklist")
    page = terminal("audit", "--limit", "2")
    cursor = page.stderr.split()[-1]
    assert len(terminal.json("audit", "--cursor", cursor)["records"]) == 1


@pytest.mark.shows("R-095")
def test_where_no_record_can_be_kept_nothing_is_printed(terminal: Terminal) -> None:
    import sqlite3

    episode = terminal.open()
    url = os.environ["PATHWAY_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(url) as connection:
        connection.execute("ALTER TABLE audit RENAME TO gone")
    assert terminal("next", episode, ends=Code.UNAVAILABLE).stdout == ""
