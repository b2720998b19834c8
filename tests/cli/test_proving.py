"""At a terminal the record is verified, a proof is printed, and an operator answers for what was restored."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from pathway.cli.terminal import Code
from tests.cli.conftest import Terminal


@pytest.fixture(autouse=True)
def development(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHWAY_ENV", "development")


def database() -> str:
    return os.environ["PATHWAY_DATABASE_URL"].removeprefix("sqlite:///")


def touch(episode: str) -> None:
    with sqlite3.connect(database()) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE entry SET actor = 'somebody' WHERE episode_id = ?", (episode,))
        for _, sql in triggers:
            connection.execute(sql)


def test_a_record_that_holds_is_told_so_with_the_checkpoint_and_the_key(terminal: Terminal) -> None:
    assert terminal.read("verify").startswith("Nothing has been recorded yet.")
    terminal.open()
    assert "No checkpoint has been signed yet" in terminal.read("verify")
    terminal("worker", "--once")
    told = terminal.read("verify")
    assert "Site demo holds: 1 episode with 1 entry" in told
    assert "1 recommendation was derived again, the same to the last bit." in told
    assert "1 signed checkpoint agrees with the log" in told
    assert "The log is signed with pathway+" in told
    assert terminal.json("verify", "--quick")["sites"][0]["derived"] == 0


@pytest.mark.shows("R-088")
def test_what_was_touched_is_named_and_the_command_ends_with_one(terminal: Terminal) -> None:
    episode = terminal.open()
    touch(episode)
    told = terminal("verify", ends=Code.REFUSED).stdout
    assert "SITE demo DOES NOT HOLD" in told
    assert f"Episode {episode}, entry 1: A column beside its sealed text says something else:" in told
    assert "who recorded it (sealed: " in told
    found = json.loads(terminal("verify", "--episode", episode, "--json", ends=Code.REFUSED).stdout)
    assert found["sites"][0]["findings"][0]["what"] == "columns_differ"


def test_a_long_list_of_findings_is_cut_off_for_people(terminal: Terminal) -> None:
    for number in range(52):
        touch(terminal.open(value=f"mrn-{number}"))
    told = terminal("verify", ends=Code.REFUSED)
    assert told.stdout.count("Episode ") == 50
    assert "and 2 more; --json has them all" in told.stderr


def test_every_verification_leaves_a_record(terminal: Terminal) -> None:
    terminal.open()
    terminal("verify", "--as", "auditor-wu")
    (record,) = terminal.json("audit", "--by", "auditor-wu")["records"]
    assert record["operation"] == "verify_the_record"


@pytest.mark.shows("R-087")
def test_a_proof_verifies_with_the_key_alone_wherever_it_is(terminal: Terminal, tmp_path: Path) -> None:
    episode = terminal.open()
    bundle = tmp_path / "bundle.json"
    bundle.write_text(terminal("proof", episode).stdout)
    key = terminal.json("checkpoints", "show")["key"]
    os.environ.pop("PATHWAY_DATABASE_URL")
    assert "unaltered and in one unbroken chain" in terminal.read("verify", str(bundle), "--key", key)
    assert terminal.json("verify", str(bundle), "--key", key)["holds"] is True
    changed = json.loads(bundle.read_text())
    changed["entries"][0]["body"] = changed["entries"][0]["body"].replace("episode_opened", "episode_closed")
    bundle.write_text(json.dumps(changed))
    assert "DOES NOT HOLD" in terminal("verify", str(bundle), "--key", key, ends=Code.REFUSED).stdout
    assert "give --key" in terminal("verify", str(bundle), ends=Code.USAGE).stderr
    assert "no public key" in terminal("verify", str(bundle), "--key", "x", ends=Code.REFUSED).stderr
    assert "cannot be read" in terminal("verify", str(tmp_path), "--key", key, ends=Code.USAGE).stderr


def test_the_checkpoint_is_shown_as_it_lies_in_the_folder(terminal: Terminal) -> None:
    assert "Nothing has been recorded" in terminal.read("checkpoints", "show")
    terminal.open()
    shown = terminal("checkpoints", "show").stdout
    (kept,) = (Path(database()).parent / "checkpoints" / "demo" / "0001").glob("*.txt")
    assert kept.read_text() in shown


@pytest.mark.shows("R-089", "T-26")
def test_a_restored_database_is_answered_for_by_an_operator(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open()
    terminal("worker", "--once")
    older = tmp_path / "older.db"
    shutil.copyfile(database(), older)
    terminal.open(value="mrn-2")
    terminal("worker", "--once")
    assert "nothing to answer for" in terminal("checkpoints", "accept", "--because", "x", ends=1).stderr
    shutil.copyfile(older, database())
    refused = terminal("checkpoints", "show", ends=Code.REFUSED).stderr
    assert "older state of the database was restored" in " ".join(refused.split())
    assert "is not signed further" in terminal.read("worker", "--once")
    assert "DOES NOT HOLD" in terminal("verify", ends=Code.REFUSED).stdout
    because = "The disk failed; last night's backup was restored."
    told = terminal.read("checkpoints", "accept", "--because", because, "--as", "operator-lindqvist")
    assert "A new series of checkpoints has begun" in told
    assert f"operator-lindqvist: {because}" in terminal.read("checkpoints", "show")
    assert "Site demo holds" in terminal.read("verify")


def test_without_a_signing_key_it_is_told_how_to_make_one(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.open()
    monkeypatch.setenv("PATHWAY_ENV", "production")
    assert "Set PATHWAY_SIGNING_KEY" in terminal("verify", ends=Code.USAGE).stderr
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", "c2hvcnQ=")
    assert "32 random bytes" in terminal("verify", ends=Code.USAGE).stderr
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", "?")
    assert "32 random bytes" in terminal("verify", ends=Code.USAGE).stderr
