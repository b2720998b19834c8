"""What an earlier release wrote in plain text is sealed by the migration, and leaves no trace in the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from pathway.store import migrate as migrating
from pathway.store.engines import StoreUnavailable, open_store
from pathway.store.migrate import current, head, migrate
from pathway.store.readers import Readers
from pathway.store.sealing import IdentifierKey, Sealed
from tests.keys import identifier_key
from tests.owner import owner_engines, owner_of
from tests.postgres import Databases

PATIENTS = 2_500
CANARY = "canary-in-plain-text"


@pytest.fixture(params=["sqlite", "postgresql"])
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database at revision 0002, with patients and an answer as that release wrote them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/earlier.db"
    else:
        databases: Databases = request.getfixturevalue("postgres")
        url = databases.empty()
    engines = owner_engines(url)
    with engines.write.begin() as connection:
        config = migrating._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text("INSERT INTO patient VALUES (:site, :pseudonym, 'urn:mrn', :value)"),
            [
                {
                    "site": ("north", "south")[number % 2],
                    "pseudonym": f"p{number}",
                    "value": f"{CANARY}-{number}",
                }
                # Not in order: pages are split, and parts of rows stay behind in them.
                for number in sorted(range(PATIENTS), key=lambda number: number * 7919 % PATIENTS)
            ],
        )
        connection.execute(
            text(
                "INSERT INTO answer VALUES ('north', 'ehr', 'k', :digest, 'created', '{}', NULL,"
                " '2026-03-02T09:30:00.000000+00:00')"
            ),
            {"digest": "d" * 64},
        )
    engines.close()
    return url


def test_everybody_is_found_as_before(earlier: str) -> None:
    migrate(earlier, identifier_key)
    assert current(earlier) == head()
    engines = open_store(earlier)
    readers = Readers(engines, identifier_key)
    for number in (0, 1, PATIENTS - 1):
        site, other = ("north", "south")[number % 2], ("south", "north")[number % 2]
        assert readers.find_patient(site, "urn:mrn", f"{CANARY}-{number}") == f"p{number}"
        assert readers.find_patient(other, "urn:mrn", f"{CANARY}-{number}") is None
    with owner_of(earlier) as owner, owner.read.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM patient WHERE sealed IS NOT NULL")) == PATIENTS
        row = connection.execute(
            text("SELECT lookup, sealed, wrapped_key, key_id FROM patient WHERE pseudonym = 'p1'")
        ).one()
        kept = Sealed(*row)
        digest = connection.scalar(text("SELECT request_digest FROM answer"))
    assert identifier_key().unseal("south", "p1", kept) == ("urn:mrn", f"{CANARY}-1")
    assert digest == identifier_key().blinded("north", "d" * 64)
    engines.close()


def test_the_answers_may_not_be_changed_afterwards(earlier: str) -> None:
    migrate(earlier, identifier_key)
    engines = owner_engines(earlier)
    with pytest.raises(Exception, match="append-only"), engines.write.begin() as connection:
        connection.execute(text("UPDATE answer SET request_digest = ''"))
    engines.close()


def test_without_the_key_nothing_is_changed(earlier: str) -> None:
    with pytest.raises(StoreUnavailable, match="no key"):
        migrate(earlier)
    assert current(earlier) == "0002"
    engines = owner_engines(earlier)
    with engines.read.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM patient WHERE value LIKE 'canary%'")) == PATIENTS
    engines.close()


def test_an_empty_database_needs_no_key(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/empty.db")
    assert current(f"sqlite:///{tmp_path}/empty.db") == head()


def raw(url: str) -> bytes:
    """Everything the SQLite file and what stands beside it hold."""
    file = Path(url.removeprefix("sqlite:///"))
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


def give_pages_free(url: str) -> None:
    """As a program would that does not overwrite what it deletes."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("PRAGMA secure_delete = OFF")
    tenfold = "SELECT patient.* FROM patient, (SELECT 1 FROM patient LIMIT 10)"
    connection.execute(f"CREATE TABLE passing AS {tenfold}")
    connection.execute("DROP TABLE passing")
    connection.commit()
    connection.close()


@pytest.mark.shows("T-33")
@pytest.mark.parametrize("earlier", ["sqlite"], indirect=True)
def test_no_plain_text_is_left_in_the_sqlite_file(earlier: str) -> None:
    give_pages_free(earlier)
    assert raw(earlier).count(CANARY.encode()) >= PATIENTS  # the search finds it where it is
    migrate(earlier, identifier_key)
    assert CANARY.encode() not in raw(earlier)


@pytest.mark.parametrize("earlier", ["sqlite"], indirect=True)
def test_without_writing_the_file_anew_plain_text_would_be_left(
    earlier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_pages_free(earlier)
    monkeypatch.setattr(migrating, "_leave_no_trace", lambda _engines: None)
    migrate(earlier, identifier_key)
    assert CANARY.encode() in raw(earlier)


def test_sealed_under_another_key_it_is_not_opened(earlier: str) -> None:
    migrate(earlier, lambda: IdentifierKey(bytes(32)))
    engines = open_store(earlier)
    with pytest.raises(StoreUnavailable, match="another key"):
        Readers(engines, identifier_key).find_patient("north", "urn:mrn", f"{CANARY}-0")
    engines.close()
