"""What is read and written at a terminal leaves the same records as over HTTP, before anything is printed."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from pathway.cli import app
from pathway.cli.terminal import Code
from tests.cli.conftest import Terminal
from tests.keys import AS_TEXT, OTHER

WHO = ("--patient", "urn:example:mrn|mrn-1", "--because", "Asked for in writing.")
RECORDS: dict[str, tuple[str, ...]] = {
    "open": ("open_an_episode",),
    "record": ("record_what_happened",),
    "next": ("read_the_next_step",),
    "decide": ("read_the_next_step", "decide_on_an_option"),
    "review": ("answer_a_review_task",),
    "history": ("read_the_history",),
    "worklist": ("read_the_worklist",),
    "audit": ("read_the_audit_records",),
    "verify": ("verify_the_record",),
    "proof": ("prove_an_episode",),
    "checkpoints show": ("sign_a_checkpoint",),
    "checkpoints accept": ("accept_another_log",),
    "backup": ("back_up",),
    "hold": ("hold_a_patient",),
    "hold --release": ("release_a_patient",),
    "keys rotate": ("rotate_the_identifier_key",),
    "erase": ("erase_a_patient",),
    "restore": ("restore", "erase_again_after_a_restore"),
}
"""What each command does, in this order: one record for each. `decide` shows what it rests on, and who was erased
after the backup was made is erased again."""

TOUCHES_NO_PATIENT = {
    "inrc": "works out what stands in the command",
    "replay": "published cases, in a database of its own that is gone afterwards",
    "demo": "fills a database with published cases, by the calls that leave records",
    "serve": "what is asked over HTTP is recorded there",
    "migrate": "changes tables and shows nothing",
    "doctor": "looks at the installation",
    "worker": "signs hashes",
    "token": "in development alone",
    "pathways list": "published",
    "pathways show": "published",
    "pathways check": "published",
}


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
    episode = terminal.open()
    url = os.environ["PATHWAY_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(url) as connection:
        connection.execute("ALTER TABLE audit RENAME TO gone")
    assert terminal("next", episode, ends=Code.UNAVAILABLE).stdout == ""


# Every command.


def commands(group: Any, name: str = "") -> Iterator[str]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name}{word} ")
        else:
            yield f"{name}{word}"


def records() -> list[str]:
    """The operations on record in the database in force."""
    with sqlite3.connect(os.environ["PATHWAY_DATABASE_URL"].removeprefix("sqlite:///")) as connection:
        rows = connection.execute("SELECT body FROM audit ORDER BY audit_id").fetchall()
    return [json.loads(body)["operation"] for (body,) in rows]


@pytest.mark.shows("C-34")
def test_every_command_is_recorded_or_touches_no_patient() -> None:
    named = {name.removesuffix(" --release") for name in RECORDS} | TOUCHES_NO_PATIENT.keys()
    assert named == set(commands(typer.main.get_command(app)))


def left(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """What each command leaves on record, all of them run one after the other."""
    monkeypatch.setenv("PATHWAY_ENV", "development")
    monkeypatch.setenv("PATHWAY_CHECKPOINTS", "checkpoints")
    episode = terminal.open(value="mrn-0")
    words: dict[str, tuple[str, ...]] = {
        "open": (*WHO[:2], "--on", "2025-06-02"),
        "record": (episode, "--kind", "note_added", "text=seen"),
        "decide": (episode, "complete_workup", "--reason", "More has to be known."),
        "next": (episode,),
        "review": (episode, "no-such-entry", "--because", "Looked at."),
        "history": (episode,),
        "proof": (episode,),
        "checkpoints accept": ("--because", "Nothing happened."),
        "backup": ("kept.zip",),
        "restore": ("kept.zip",),
        "hold": WHO,
        "hold --release": WHO,
        "erase": WHO,
    }
    found = {}
    for name in RECORDS:
        before = len(records())
        if name == "keys rotate":
            monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", OTHER)
            monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY_OLD", AS_TEXT)
        if name == "restore":
            before = records().index("back_up") + 1
            monkeypatch.setenv("PATHWAY_DATABASE_URL", f"sqlite:///{terminal.folder}/restored.db")
            terminal("migrate")
        ends = Code.REFUSED if name in {"review", "checkpoints accept", "restore"} else Code.DONE
        terminal(*name.split(), *words.get(name, ()), ends=ends)
        found[name] = tuple(records()[before:])
    return found


@pytest.mark.shows("G9", "C-34")
def test_each_command_leaves_exactly_one_record_of_each_thing_it_does(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    found = left(terminal, monkeypatch)
    record_property("operations", sum(map(len, RECORDS.values())))
    record_property("without exactly one record", sum(found[name] != RECORDS[name] for name in RECORDS))
    assert found == RECORDS
