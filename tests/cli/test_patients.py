"""Erasing, holding and exchanging the key at a terminal."""

from __future__ import annotations

import json
import os

import pytest

from tests.cli.conftest import Terminal
from tests.keys import AS_TEXT, OTHER

WHO = ("--patient", "urn:example:mrn|mrn-1")
WHY = ("--because", "Asked for in writing.")


def test_a_patient_is_erased_and_the_episode_stays(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", OTHER)
    episode = terminal.open()
    told = terminal.json("erase", *WHO, *WHY)
    assert told["episodes"] == [episode]

    assert "episode opened" in terminal.read("history", episode)
    assert terminal.open() != episode
    terminal("verify")


def test_somebody_nobody_knows_is_not_erased(terminal: Terminal) -> None:
    told = terminal("erase", *WHO, *WHY, ends=1).stderr
    assert "No patient is known here under this identifier." in told
    assert "mrn-1" not in told


def test_a_hold_stands_in_the_way(terminal: Terminal) -> None:
    terminal.open()
    assert "until it is released" in terminal.read("hold", *WHO, *WHY)
    assert "A legal hold stands since" in terminal("erase", *WHO, *WHY, ends=1).stderr
    assert "released" in terminal.read("hold", "--release", *WHO, *WHY)
    assert "Erased at site" in terminal.read("erase", *WHO, *WHY)


def test_an_identifier_may_come_through_stdin(terminal: Terminal) -> None:
    terminal.open()
    body = {"patient": {"system": "urn:example:mrn", "value": "mrn-1"}, "reason": "asked for"}
    assert terminal.json("erase", "-", stdin=json.dumps(body))["erased_at"]


def test_a_reason_is_required(terminal: Terminal) -> None:
    assert "--because" in terminal("erase", *WHO, ends=2).stderr


def test_what_was_done_is_in_the_audit_records(terminal: Terminal) -> None:
    terminal.open()
    terminal("erase", *WHO, *WHY)
    records = terminal.json("audit", "--operation", "erase_a_patient")["records"]
    assert [(each["outcome"], each["reason"]) for each in records] == [("erased", WHY[1])]


# The key.


def test_without_a_key_what_touches_a_patient_says_which_setting_is_wanting(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATHWAY_IDENTIFIER_KEY")
    words = ("open", *WHO, "--on", "2025-06-02")
    assert "Set PATHWAY_IDENTIFIER_KEY" in terminal(*words, ends=2).stderr
    assert "Nothing" in terminal("worklist").stdout


@pytest.mark.shows("R-099")
def test_under_a_new_key_everybody_is_found_and_the_old_one_opens_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = terminal.open(value="mrn-1")
    terminal.open(value="mrn-2")
    assert "PATHWAY_IDENTIFIER_KEY_OLD" in terminal("keys", "rotate", ends=2).stderr
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", OTHER)
    again = ("open", *WHO, "--on", "2025-06-02")
    assert "another key than PATHWAY_IDENTIFIER_KEY" in terminal(*again, ends=3).stderr
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY_OLD", AS_TEXT)
    assert "demo: 2 patients are under the new key." in terminal.read("keys", "rotate")
    assert "nothing to do" in terminal.read("keys", "rotate")
    assert first in terminal(*again, ends=1).stderr  # the same patient: one open episode
    (record,) = terminal.json("audit", "--operation", "rotate_the_identifier_key")["records"][-1:]
    assert "2 patients" in record["reason"]
    assert AS_TEXT not in json.dumps(record)
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", AS_TEXT)
    assert "another key" in terminal(*again, ends=3).stderr


@pytest.mark.shows("T-50")
def test_a_rotation_from_a_key_that_is_not_in_force_changes_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = terminal.open()
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY_OLD", OTHER)
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", "/" * 42 + "8=")
    assert "another key" in terminal("keys", "rotate", ends=3).stderr
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", AS_TEXT)
    assert first in terminal("open", *WHO, "--on", "2025-06-02", ends=1).stderr


@pytest.mark.shows("T-48")
def test_no_secret_is_shown_by_the_doctor(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY_OLD", OTHER)
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", OTHER)
    told = terminal("doctor", ends=0).stdout
    assert "PATHWAY_IDENTIFIER_KEY = hidden" in told
    assert AS_TEXT not in told
    assert OTHER not in told
    assert os.environ["PATHWAY_IDENTIFIER_KEY"] == AS_TEXT
