"""The doctor says which of the promises about the record hold on this installation, and which do not."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from pathway.cli.terminal import Code
from pathway.use_cases.erasures import LIST
from tests.cli.conftest import Terminal
from tests.postgres import as_owner

SITE = "demo"


@pytest.fixture
def ward(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """An installation as it should be: keys of its own, checkpoints elsewhere, a backup."""
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", new_key())
    monkeypatch.setenv("PATHWAY_CHECKPOINTS", str(terminal.folder / "elsewhere"))
    file().chmod(0o600)
    file().with_name("development-identifier-key").unlink()
    terminal.open()
    terminal("worker", "--once")
    terminal("backup", "kept.zip")
    return terminal


def new_key() -> str:
    return b64encode(secrets.token_bytes(32)).decode()


def file() -> Path:
    return Path(os.environ["PATHWAY_DATABASE_URL"].removeprefix("sqlite:///"))


def told(terminal: Terminal, about: str, ends: int = Code.DONE) -> list[tuple[str, str]]:
    """What the doctor says of one thing, and how it stands."""
    findings = json.loads(terminal("doctor", "--json", ends=ends).stdout)["findings"]
    return [(each["status"], each["sentence"]) for each in findings if each["about"] == about]


@pytest.mark.shows("R-102")
def test_an_installation_as_it_should_be_has_nothing_to_mend_but_the_issuer(ward: Terminal) -> None:
    findings = ward.json("doctor")["findings"]
    assert {each["about"] for each in findings if each["status"] != "ok"} == {"tokens"}
    assert "the log continues" in told(ward, "log")[0][1]


@pytest.mark.shows("C-20")
@pytest.mark.parametrize("table", ["entry", "audit", "leaf", "node", "answer", "message"])
def test_a_table_whose_rows_can_be_changed_is_named(ward: Terminal, table: str) -> None:
    with closing(sqlite3.connect(file())) as connection:
        connection.execute(f"DROP TRIGGER {table}_append_only_delete")
    assert told(ward, "record", Code.REFUSED) == [
        ("failed", f"The database lets anybody change or take away rows of: {table}.")
    ]


@pytest.mark.shows("C-20")
def test_a_trigger_that_is_switched_off_and_careless_settings_of_postgresql_are_told(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("PATHWAY_ENV", "development")
    monkeypatch.setenv("PATHWAY_DATABASE_URL", postgres_url)
    assert told(terminal, "record") == [
        ("ok", "The database refuses to change or take away what was recorded.")
    ]
    url = make_url(as_owner(postgres_url)).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE entry DISABLE TRIGGER entry_append_only")
        name = make_url(postgres_url).database
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connection.execute(f"ALTER DATABASE {name} SET log_error_verbosity = verbose")
    assert "rows of: entry" in told(terminal, "record", Code.REFUSED)[0][1]
    assert "synchronous_commit off" in told(terminal, "flushing", Code.REFUSED)[0][1]
    assert "terse" in told(terminal, "logs", Code.REFUSED)[0][1]


@pytest.mark.shows("T-69")
@pytest.mark.shows("G7", control=True)
def test_a_role_that_passes_the_walls_between_sites_is_told(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("PATHWAY_ENV", "development")
    monkeypatch.setenv("PATHWAY_DATABASE_URL", postgres_url)
    ((status, sentence),) = told(terminal, "sites")
    assert (status, "PostgreSQL itself keeps every site to its own rows" in sentence) == ("ok", True)
    monkeypatch.setenv("PATHWAY_DATABASE_URL", as_owner(postgres_url))
    passes, owns = told(terminal, "sites", Code.REFUSED)
    assert ("serve as another" in passes[1], "can take the walls down" in owns[1]) == (True, True)


@pytest.mark.shows("T-32")
def test_identifiers_under_another_key_or_none_at_all_are_a_fault(
    ward: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", new_key())
    ((status, sentence),) = told(ward, "identifiers", Code.REFUSED)
    assert (status, "another key" in sentence) == ("failed", True)
    monkeypatch.delenv("PATHWAY_IDENTIFIER_KEY")
    ((status, sentence),) = told(ward, "identifiers", Code.REFUSED)
    assert (status, "Set PATHWAY_IDENTIFIER_KEY" in sentence) == ("failed", True)


@pytest.mark.shows("R-102")
def test_a_log_that_nobody_signs_is_told(ward: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHWAY_CHECKPOINTS", str(ward.folder / "nothing yet"))
    assert told(ward, "log")[0][0] == "attention"
    monkeypatch.delenv("PATHWAY_SIGNING_KEY")
    ((status, sentence),) = told(ward, "checkpoints", Code.REFUSED)
    assert (status, "Nothing is signed" in sentence) == ("failed", True)


def test_checkpoints_that_are_old_while_more_waits_are_told(ward: Terminal) -> None:
    for checkpoint in (ward.folder / "elsewhere").rglob("*.txt"):
        os.utime(checkpoint, (0, 0))
    ward.open(value="mrn-2")
    ((status, sentence),) = told(ward, "log")
    assert (status, "more waits" in sentence) == ("attention", True)


@pytest.mark.shows("T-26")
def test_an_older_state_of_the_database_is_a_fault(ward: Terminal) -> None:
    older = ward.folder / "older.db"
    shutil.copyfile(file(), older)
    ward.open(value="mrn-2")
    ward("worker", "--once")
    shutil.copyfile(older, file())
    ((status, sentence),) = told(ward, "log", Code.REFUSED)
    assert (status, "an older state" in sentence) == ("failed", True)


@pytest.mark.shows("R-102")
def test_a_database_that_was_never_backed_up_or_long_ago_is_told(
    terminal: Terminal, ward: Terminal, monkeypatch: pytest.MonkeyPatch, new_sqlite: Callable[[], str]
) -> None:
    assert told(ward, "backup")[0][0] == "ok"
    monkeypatch.setenv("PATHWAY_DATABASE_URL", new_sqlite())
    monkeypatch.setenv("PATHWAY_CHECKPOINTS", str(ward.folder / "another"))
    terminal.open()
    assert told(terminal, "backup") == [("attention", "No `pathway backup` was ever made of this database.")]


def test_a_database_that_other_accounts_can_read_is_told(ward: Terminal) -> None:
    file().chmod(0o644)
    ((status, sentence),) = told(ward, "files")
    assert (status, "pathway.db" in sentence) == ("attention", True)


@pytest.mark.shows("R-097", "C-28")
def test_patients_who_were_erased_and_are_there_again_are_told_and_erased_again(ward: Terminal) -> None:
    older = ward.folder / "older.db"
    shutil.copyfile(file(), older)
    ward("erase", "--patient", "urn:example:mrn|mrn-1", "--because", "The family asked for it.")
    assert (ward.folder / "elsewhere" / SITE / LIST).exists()
    shutil.copyfile(older, file())
    ((status, sentence),) = told(ward, "erasures", Code.REFUSED)
    assert (status, "1 patient who was erased" in sentence) == ("failed", True)
    assert "1 patient" in ward.read("erase", "--again")
    assert told(ward, "erasures") == []
