"""What is lost with a database comes back from its backup: taken while the service goes on, restored, verified."""

from __future__ import annotations

import json
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pathway.settings import Settings
from pathway.store.backup import TABLES, snapshot
from pathway.store.engines import Engines, StoreError, open_store
from pathway.use_cases.archive import MANIFEST, NoArchive, whole_archive
from pathway.use_cases.back_up import NotRestored, back_up, restore
from pathway.use_cases.checkpoints import Notary
from pathway.use_cases.installation import Installation
from pathway.use_cases.verify import Finding, verify_site
from tests.cli.conftest import Terminal, terminal
from tests.faults.clients import Acknowledged
from tests.faults.inspection import faults_of, stored
from tests.faults.load import CONNECTIONS, clients, note, open_episodes
from tests.faults.serving import SIGNING_KEY, SITE, Way, replicas
from tests.owner import owner_engines

__all__ = ["terminal"]
POSTS = 120
QUICK = pytest.param(1, id="quick", marks=pytest.mark.quick)
FULL = pytest.param(10, id="full", marks=pytest.mark.full)
"""How often work, backup and restore follow each other."""

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@contextmanager
def engines_of(url: str) -> Iterator[Engines]:
    engines = open_store(url)
    try:
        yield engines
    finally:
        engines.close()


def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with engines_of(url) as engines, snapshot(engines) as found:
        return {table.name: list(found.rows(table.name)) for table in TABLES}


def saved(url: str, to: Path) -> Path:
    with engines_of(url) as engines:
        back_up(Settings(database_url=url, env="development"), engines, NOW, to)
    return to


def put_back(archive: Path, url: str) -> None:
    with engines_of(url) as engines:
        restore(engines, archive)


@dataclass(frozen=True)
class Backup:
    """A backup, and what had been acknowledged before it began."""

    archive: Path
    ledger: list[Acknowledged]


def worked(way: Way, turn: int = 0) -> tuple[Backup, Backup]:
    """A backup taken in the middle of a turn of work, and one of its end."""
    with replicas(way) as (service,):
        episodes = open_episodes(service, 8)
        numbers = range(turn * POSTS, (turn + 1) * POSTS)
        posts = [note(number, episodes[number % 8], service) for number in numbers]
        lists = [posts[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with clients(service.token(), lists, way.folder / f"ledger {turn}") as running:
            assert running.wait_for(POSTS / 2)
            began = datetime.now(UTC).timestamp()
            amid = saved(way.database_url, way.folder / f"amid {turn}.zip")
            ledger = running.finish()
        service.stop()
    end = saved(way.database_url, way.folder / f"end {turn}.zip")
    return Backup(amid, [each for each in ledger if each.at < began]), Backup(end, ledger)


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes empty, migrated databases."""
    make: Callable[[], str] = request.getfixturevalue(
        {"sqlite": "new_sqlite", "postgresql": "new_postgres"}[request.param]
    )
    return make


@pytest.mark.shows("G13", "R-090", "C-22")
@pytest.mark.parametrize("turns", [QUICK, FULL])
def test_a_backup_taken_amid_the_work_brings_back_what_was_acknowledged_into_either_database(
    shared: Way, elsewhere: Callable[[], str], turns: int, record_property: Callable[[str, object], None]
) -> None:
    way, differences = shared, list[object]()
    for turn in range(turns):
        amid, end = worked(way, turn)
        put_back(amid.archive, url := elsewhere())
        differences += faults_of(stored(url), amid.ledger)
        put_back(end.archive, url := elsewhere())
        differences += faults_of(stored(url), end.ledger)
        differences += different_rows(way.database_url, url)
        way = replace(way, database_url=url)  # the work goes on with what was restored
        differences += findings(way)
        differences += answered_otherwise(way, end.ledger[0])
    record_property("restores", 2 * turns)
    record_property("differences", len(differences))
    assert differences == []


def different_rows(one: str, other: str) -> list[tuple[str, str]]:
    """The rows that are in one database and not in the other, with their tables."""
    found: list[tuple[str, str]] = []
    theirs = everything(other)
    for table, rows in everything(one).items():
        either = {json.dumps(row) for row in rows} ^ {json.dumps(row) for row in theirs[table]}
        found += [(table, row) for row in sorted(either)]
    return found


def answered_otherwise(way: Way, before: Acknowledged) -> list[tuple[Acknowledged, Acknowledged]]:
    """What is answered to a submission that comes again, beside what it was answered, unless they are the same."""
    with replicas(way) as (service,):
        again = note(before.number, before.episode, service)
        with clients(service.token(), [[again]], way.folder / f"again {before.number}") as running:
            (now,) = running.finish()
    return [] if now == replace(before, at=now.at, again=True) else [(before, now)]


def settings_of(way: Way) -> Settings:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in way.environment.items():
            environment.setenv(name, value)
        return Settings()


def findings(way: Way) -> list[Finding]:
    """What `pathway verify` finds."""
    installation = Installation.open(settings_of(way))
    try:
        return verify_site(installation, Notary(installation), SITE).findings
    finally:
        installation.close()


@pytest.mark.shows("G13", "C-22", control=True)
def test_what_was_changed_after_it_was_restored_is_found_out(
    shared: Way, new_sqlite: Callable[[], str]
) -> None:
    _, end = worked(shared)
    url = new_sqlite()
    put_back(end.archive, url)
    with closing(owner_engines(url)) as engines, engines.write.begin() as connection:
        connection.execute(text("UPDATE episode SET state = 'closed'"))
    assert different_rows(shared.database_url, url) != []
    assert findings(replace(shared, database_url=url)) != []


# A backup that is not whole, or cannot be restored here.


@pytest.fixture(scope="module")
def archive(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small backup."""
    way = Way(new_sqlite(), tmp_path_factory.mktemp("archive"))
    with replicas(way) as (service,):
        open_episodes(service, 3)
        service.stop()
    return saved(way.database_url, way.folder / "backup.zip")


@pytest.mark.shows("T-35")
def test_a_byte_that_was_altered_anywhere_is_found_or_changes_nothing(archive: Path, tmp_path: Path) -> None:
    draw, whole = random.Random(13), archive.read_bytes()
    with whole_archive(archive) as kept:
        rows = {table.name: list(kept.rows(table.name)) for table in TABLES}
        manifest = kept.manifest
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= draw.randint(1, 255)
        altered = tmp_path / "altered.zip"
        altered.write_bytes(damaged)
        try:
            with whole_archive(altered) as read:
                assert read.manifest == manifest
                assert {table.name: list(read.rows(table.name)) for table in TABLES} == rows
        except NoArchive:
            refused += 1
    assert refused > 100


def flagged(archive: Path, to: Path) -> Path:
    """The archive with the bit set that says of its last file that it is encrypted."""
    damaged = bytearray(archive.read_bytes())
    damaged[damaged.rindex(b"PK\x01\x02") + 8] |= 1
    to.write_bytes(damaged)
    return to


def begun_before(archive: Path, to: Path) -> Path:
    """The archive with a directory that is larger than all of it."""
    damaged = bytearray(archive.read_bytes())
    size = damaged.rindex(b"PK\x05\x06") + 12
    damaged[size : size + 4] = b"\xff\xff\xff\x7f"
    to.write_bytes(damaged)
    return to


@pytest.mark.parametrize("damage", [flagged, begun_before])
def test_an_archive_that_misleads_its_reader_is_refused_in_words(
    archive: Path, tmp_path: Path, sqlite_url: str, damage: Callable[[Path, Path], Path]
) -> None:
    with pytest.raises(NoArchive, match="damaged"):
        put_back(damage(archive, tmp_path / "altered.zip"), sqlite_url)


def rewritten(archive: Path, to: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with its files changed, itself well formed."""
    with zipfile.ZipFile(archive) as read:
        files = {name: read.read(name) for name in read.namelist()}
    change(files)
    with zipfile.ZipFile(to, "w") as write:
        for name, content in files.items():
            write.writestr(name, content)
    return to


def drop_a_row(files: dict[str, bytes]) -> None:
    files["entry.jsonl"] = files["entry.jsonl"].split(b"\n", 1)[1]


def alter_a_row(files: dict[str, bytes]) -> None:
    files["entry.jsonl"] = files["entry.jsonl"].replace(b"episode_opened", b"episode_closed", 1)


def drop_a_table(files: dict[str, bytes]) -> None:
    del files["audit.jsonl"]


def add_a_table(files: dict[str, bytes]) -> None:
    files["another.jsonl"] = b""


def drop_the_manifest(files: dict[str, bytes]) -> None:
    del files[MANIFEST]


def forget_a_table(files: dict[str, bytes]) -> None:
    told = json.loads(files[MANIFEST])
    told["tables"] = [table for table in told["tables"] if table["name"] != "audit"]
    files[MANIFEST] = json.dumps(told).encode()
    del files["audit.jsonl"]


def come_from_elsewhere(files: dict[str, bytes]) -> None:
    files[MANIFEST] = files[MANIFEST].replace(b'"schema": "0', b'"schema": "9')


def speak_another_form(files: dict[str, bytes]) -> None:
    files[MANIFEST] = files[MANIFEST].replace(b'"format": 1', b'"format": 2')


@pytest.mark.shows("C-22", "T-35")
@pytest.mark.parametrize(
    "change",
    [
        drop_a_row,
        alter_a_row,
        drop_a_table,
        add_a_table,
        drop_the_manifest,
        forget_a_table,
        come_from_elsewhere,
        speak_another_form,
    ],
)
def test_an_archive_that_is_not_what_was_written_is_refused_and_nothing_is_restored(
    archive: Path, tmp_path: Path, sqlite_url: str, change: Callable[[dict[str, bytes]], None]
) -> None:
    altered = rewritten(archive, tmp_path / "altered.zip", change)
    with pytest.raises((NoArchive, NotRestored)):
        put_back(altered, sqlite_url)
    assert not any(everything(sqlite_url).values())


def test_an_archive_with_an_impossible_row_restores_nothing_at_all(
    archive: Path, tmp_path: Path, database_url: str
) -> None:
    def repeat_the_last_entry(files: dict[str, bytes]) -> None:
        rows = files["entry.jsonl"].splitlines(keepends=True)
        files["entry.jsonl"] = b"".join([*rows, rows[-1]])
        told = json.loads(files[MANIFEST])
        for table in told["tables"]:
            if table["name"] == "entry":
                table["rows"] += 1
                table["sha256"] = sha256(files["entry.jsonl"]).hexdigest()
        files[MANIFEST] = json.dumps(told).encode()

    altered = rewritten(archive, tmp_path / "altered.zip", repeat_the_last_entry)
    with pytest.raises(StoreError):
        put_back(altered, database_url)
    assert not any(everything(database_url).values())


def test_a_file_that_is_no_archive_is_refused(archive: Path, tmp_path: Path, sqlite_url: str) -> None:
    half = tmp_path / "half.zip"
    half.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(NoArchive):
        put_back(half, sqlite_url)


# At the terminal.


def test_a_backup_is_its_owners_alone_replaces_nothing_and_leaves_a_record(terminal: Terminal) -> None:
    terminal.open()
    assert "holds" in terminal("backup", "kept.zip").stdout
    kept = terminal.folder / "kept.zip"
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.read_bytes()
    assert "There is something at kept.zip already" in terminal("backup", "kept.zip", ends=1).stderr
    assert kept.read_bytes() == before
    assert "cannot be used" in terminal("backup", "nowhere/kept.zip", ends=3).stderr
    assert [each.name for each in terminal.folder.glob(".kept*")] == []
    operations = {record["operation"] for record in everything(os.environ["PATHWAY_DATABASE_URL"])["audit"]}
    assert "back_up" in operations


@pytest.mark.shows("R-090")
def test_a_database_that_is_not_empty_or_not_there_is_left_alone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.open()
    terminal("backup", "kept.zip")
    before = everything(os.environ["PATHWAY_DATABASE_URL"])
    told = terminal("restore", "kept.zip", ends=1).stderr
    assert "Nothing was restored." in told
    assert "There is something in the database already" in told
    assert everything(os.environ["PATHWAY_DATABASE_URL"]) == before
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "sqlite:///new.db")
    assert "pathway migrate" in terminal("restore", "kept.zip", ends=3).stderr
    (terminal.folder / "new.db").touch()
    assert "pathway migrate" in terminal("restore", "kept.zip", ends=1).stderr
    terminal("migrate")
    assert "cannot be used" in terminal("restore", "missing.zip", ends=3).stderr
    (terminal.folder / "text.zip").write_text("no archive")
    assert "is no backup" in terminal("restore", "text.zip", ends=1).stderr


@pytest.mark.shows("G13", "R-089", "T-26")
def test_over_a_backup_older_than_the_last_checkpoint_nothing_is_signed_until_an_operator_says_why(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHWAY_ENV", "development")
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", SIGNING_KEY)
    monkeypatch.setenv("PATHWAY_CHECKPOINTS", str(terminal.folder / "checkpoints"))
    episode = terminal.open()
    terminal("backup", "older.zip")
    terminal("record", episode, "--kind", "note_added", "text=seen")
    terminal("backup", "newer.zip")

    def signed() -> list[Path]:
        return sorted((terminal.folder / "checkpoints").rglob("*.txt"))

    def restored(name: str, ends: int) -> str:
        monkeypatch.setenv("PATHWAY_DATABASE_URL", f"sqlite:///{name}.db")
        terminal("migrate")
        return " ".join(terminal("restore", f"{name}.zip", ends=ends).stdout.split())

    assert "it continues the last checkpoint" in restored("newer", 0)
    before = signed()
    assert "older state" in restored("older", 1)
    terminal("worker", "--once")
    assert "older state" in " ".join(terminal("checkpoints", "show", ends=1).stderr.split())
    terminal("verify", ends=1)
    assert signed() == before

    terminal("checkpoints", "accept", "--because", "The disk failed; this is the last backup.")
    assert set(signed()) > set(before)
    assert "The disk failed" in " ".join(terminal("verify").stdout.split())
