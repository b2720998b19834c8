"""Nobody sees or changes a row of another site, even when a statement forgets to say which site it is about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import orjson
import psycopg
import pytest
from sqlalchemy import Select, bindparam, delete, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from pathway.store import sqlite_wall, statements, walls
from pathway.store.engines import Engines, StoreError
from pathway.store.migrate import migrate
from pathway.store.readers import Readers
from pathway.store.roles import RoleUnfit
from pathway.store.statements import Lookup, Query, Writing
from pathway.store.tables import SITE_TABLES, metadata
from pathway.store.tree import MerkleLog
from pathway.store.values import Access, NewPatient
from pathway.store.walls import enter, gaps, reading, writing
from tests.keys import identifier_key
from tests.postgres import Databases, as_owner
from tests.store.builders import NOON, TODAY, Store, opened, opening, recording

ACCESS = Access("somebody", (), "record_what_happened")
NORTH, SOUTH = "north", "south"
SITES = (NORTH, SOUTH, "east", "west")


def of(site: str) -> dict[str, Any]:
    """Whatever a query by key may be asked for, of one site; all but the site is told apart by its name."""
    return {
        "site_id": site,
        "episode_id": f"episode-{site}",
        "episode_ids": [f"episode-{site}"],
        "pseudonym": f"child-{site}",
        "pseudonyms": [f"child-{site}"],
        "pathway_id": "relapse",
        "since": date.min,
        "until": date.max,
        "lookup": identifier_key().lookup(site, "urn:mrn", "4711"),
        "client_id": "client",
        "key": f"key-{site}",
        "system": "lab",
        "message_id": f"message-{site}",
        "after": 0,
        "limit": 100,
    }


def fill(store: Store) -> Store:
    """Rows in every table, of each of four sites."""
    for site in SITES:
        named = of(site)
        patient = NewPatient(site, named["pseudonym"], "urn:mrn", "4711")
        store.do(
            opening(
                named["episode_id"],
                site_id=site,
                patient=patient,
                key=named["key"],
                pseudonym=named["pseudonym"],
            )
        )
        record = partial(recording, named["episode_id"], site_id=site, access=ACCESS)
        store.do(record(message=(named["system"], named["message_id"])))
        MerkleLog(store.engines).integrate(site, NOON)
        store.do(record())
        with store.owner.write.begin() as connection:
            connection.execute(text(f"INSERT INTO node VALUES ('{site}', 1, 0, 'h')"))
    return store


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hospitals(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Four sites in one database, for tests that change nothing."""
    made = {"sqlite": "new_sqlite", "postgresql": "new_postgres"}[request.param]
    url: str = request.getfixturevalue(made)()
    with opened(url) as store:
        yield fill(store.start())


@pytest.fixture
def own_hospitals(store: Store) -> Store:
    """The same, for tests that change something."""
    return fill(store)


@dataclass
class Seen:
    """What came back from how many statements that name no site."""

    statements: int = 0
    own: int = 0
    foreign: int = 0


def everything(engines: Engines, site: str, seen: Seen) -> None:
    """Asks each table for all of its rows, on behalf of the site."""
    with reading(engines, site) as connection:
        for table in metadata.sorted_tables:
            found = connection.scalars(select(table.c.site_id)).all()
            seen.statements += 1
            seen.own += found.count(site)
            seen.foreign += len(found) - found.count(site)
            if not seen.foreign:
                assert found, table.name


def without_the_site(query: Select[Any], table: Any, *names: str) -> Select[Any]:
    """`statements.by`, where somebody forgot the site."""
    return query.where(*(table.c[name] == bindparam(name) for name in names if name != "site_id"))


class LookupWithoutTheSite(Lookup):
    """A lookup by the other parts of the key."""

    def __init__(self, table: Any, value: Any, keys: tuple[str, ...], *more: Any) -> None:
        super().__init__(table, value, tuple(key for key in keys if key != "site_id"), *more)


@pytest.fixture
def filter_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "by", without_the_site)
    monkeypatch.setattr("pathway.store.readers.by", without_the_site)
    monkeypatch.setattr(statements, "Lookup", LookupWithoutTheSite)


def prepared(engines: Engines, asked_for: dict[str, Any]) -> Iterator[Callable[[Any], list[Any]]]:
    """Every query of readers and writers by key, with the values of one site; each is run on a connection."""
    for statement in vars(Writing(engines.write.dialect)).values():
        if isinstance(statement, Lookup):
            key = tuple(asked_for[name] for name in statement._keys)
            yield partial(_looked_up, statement, key)
        elif isinstance(statement, Query):
            values = dict(asked_for)
            if engines.dialect == "sqlite":
                values |= {
                    name: orjson.dumps(values[name]).decode() for name in ("episode_ids", "pseudonyms")
                }
            yield partial(_asked, statement, values)


def _looked_up(statement: Lookup, key: tuple[str, ...], connection: Any) -> list[Any]:
    return statement.run(connection, [key])


def _asked(statement: Query, values: dict[str, Any], connection: Any) -> list[Any]:
    return statement.run(connection, **values)


def found_by_every_query(engines: Engines, at: str, asked_for: dict[str, Any]) -> list[list[Any]]:
    """The rows that each query by key finds at one site with the values of this or another."""
    with writing(engines, at) as connection:
        return [run(connection) for run in prepared(engines, asked_for)]


def foreign(found: list[list[Any]], own: list[list[Any]]) -> int:
    """How many rows were found that are not the site's own, nor such a row where nothing was joined to it.

    Some queries ask for nothing but the site, and find what is its own whatever else they are given.
    """
    left = 0
    for rows, of_the_site in zip(found, own, strict=True):
        unseen = list(of_the_site)
        for row in rows:
            same = next((one for one in unseen if _says_no_more(row, one)), None)
            if same is None:
                left += 1
            else:
                unseen.remove(same)
    return left


def _says_no_more(row: Any, than: Any) -> bool:
    return all(value in (None, other) for value, other in zip(row, than, strict=True))


def with_an_entry(store: Store, site: str) -> dict[str, Any]:
    entry = store.ask(f"SELECT max(entry_id) FROM entry WHERE site_id = '{site}'")
    return {**of(site), "entry_id": entry}


@pytest.mark.shows("G7", "T-68")
def test_a_statement_that_names_no_site_shows_each_site_its_own_rows(
    hospitals: Store, record_property: Callable[[str, object], None]
) -> None:
    seen = Seen()
    for site in SITES:
        everything(hospitals.engines, site, seen)
    assert seen.foreign == 0
    assert seen.own >= seen.statements == len(SITES) * len(SITE_TABLES)
    record_property("queries without the filter", seen.statements)
    record_property("foreign rows", seen.foreign)


@pytest.mark.shows("G7", "R-092", "C-15")
@pytest.mark.usefixtures("filter_switched_off")
def test_with_the_filter_switched_off_no_query_finds_what_another_site_has(
    hospitals: Store, record_property: Callable[[str, object], None]
) -> None:
    theirs, ours = (with_an_entry(hospitals, site) for site in (NORTH, SOUTH))
    own = found_by_every_query(hospitals.engines, SOUTH, ours)
    assert [len(rows) for rows in own].count(0) == 1  # nobody was erased
    found_there = found_by_every_query(hospitals.engines, SOUTH, theirs)
    assert foreign(found_there, own) == 0
    readers = Readers(hospitals.engines, identifier_key)
    found: list[Any] = [
        readers.summary(SOUTH, theirs["episode_id"]),
        readers.entry(SOUTH, theirs["entry_id"]),
        *readers.summaries([(SOUTH, theirs["episode_id"])]).values(),
        *readers.entries(SOUTH, theirs["episode_id"]),
        *readers.episodes_of(SOUTH, theirs["pseudonym"]),
        *readers.audits_of_episode(SOUTH, theirs["episode_id"]),
        *readers.audits(SOUTH, episode=theirs["episode_id"]),
    ]
    assert [one for one in found if one is not None] == []
    lists: list[Any] = [*readers.worklist(SOUTH, today=TODAY), *readers.audits(SOUTH)]
    assert {row.site_id for row in lists} == {SOUTH}
    record_property("queries without the filter", len(own) + 9)
    record_property("foreign rows", 0)


@pytest.mark.shows("G7", "C-15", "T-68", control=True)
def test_without_the_wall_the_same_queries_find_what_another_site_has(
    own_hospitals: Store, request: pytest.FixtureRequest
) -> None:
    """The control, by what each database has for a wall."""
    store = own_hospitals
    theirs, ours = (with_an_entry(store, site) for site in (NORTH, SOUTH))
    request.getfixturevalue("filter_switched_off")
    own = found_by_every_query(store.engines, SOUTH, ours)
    if store.engines.dialect == "postgresql":
        with store.owner.write.begin() as connection:
            for table in SITE_TABLES:
                connection.execute(text(f"DROP POLICY {table}_of_the_site ON {table}"))
                connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
        engines = store.engines
    else:
        engines = store.owner
    assert foreign(found_by_every_query(engines, SOUTH, theirs), own) >= len(own)
    seen = Seen()
    everything(engines, SOUTH, seen)
    assert seen.foreign >= 3 * len(SITE_TABLES)


@pytest.mark.shows("G7", "C-15")
def test_without_a_site_in_force_there_is_nothing(hospitals: Store) -> None:
    for engine in (hospitals.engines.read, hospitals.engines.write):
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                assert connection.scalars(select(table.c.site_id)).all() == [], table.name


@pytest.mark.shows("G7", "C-15")
def test_a_change_that_names_no_site_changes_a_sites_own_rows(own_hospitals: Store) -> None:
    store = own_hospitals
    with writing(store.engines, SOUTH) as connection:
        connection.execute(update(statements.EPISODE).values(state="changed"))
        connection.execute(update(statements.PATIENT).values(held_because="changed"))
        connection.execute(delete(statements.UNLOGGED))
    kept = "SELECT count(*) FROM {} WHERE site_id {} 'south' AND {}"
    for site, foreign, own in (("episode", 3, 0), ("patient", 3, 0)):
        column = {"episode": "state <> 'changed'", "patient": "held_because IS NULL"}[site]
        assert store.ask(kept.format(site, "<>", column)) == foreign
        assert store.ask(kept.format(site, "=", column)) == own
    assert store.ask(kept.format("unlogged", "<>", "true")) == 3
    assert store.ask(kept.format("unlogged", "=", "true")) == 0


@pytest.mark.shows("G7", "C-15")
@pytest.mark.parametrize("table", SITE_TABLES)
def test_a_row_of_another_site_is_not_taken(hospitals: Store, table: str) -> None:
    rows = metadata.tables[table]
    with reading(hospitals.engines, SOUTH) as connection:
        own = dict(connection.execute(select(rows)).mappings().first() or {})
    text_key = next(one.name for one in reversed(rows.primary_key.columns))
    other = own[text_key] + 900 if isinstance(own[text_key], int) else f"{own[text_key]}-2"
    forged = {**own, text_key: other, "site_id": NORTH}
    before = hospitals.count(table)
    with pytest.raises(StoreError), writing(hospitals.engines, SOUTH) as connection:
        connection.execute(insert(rows), [forged])
    assert hospitals.count(table) == before


@pytest.mark.shows("G7", "C-15")
def test_a_row_cannot_be_moved_to_another_site(hospitals: Store) -> None:
    with pytest.raises(StoreError), writing(hospitals.engines, SOUTH) as connection:
        connection.execute(update(statements.PATIENT).values(site_id="elsewhere"))
    assert hospitals.ask("SELECT count(*) FROM patient WHERE site_id = 'elsewhere'") == 0


# Connections that are used again.


def left_behind(engines: Engines) -> int:
    """Rows that a connection shows to who takes it after a site had it, and entered none."""
    found = 0
    for engine, transaction in ((engines.read, reading), (engines.write, writing)):
        with transaction(engines, NORTH) as connection:
            first = connection.connection.driver_connection
            assert connection.scalars(select(statements.ENTRY.c.site_id)).all()
        with engine.connect() as connection:
            assert connection.connection.driver_connection is first
            found += len(connection.scalars(select(statements.ENTRY.c.site_id)).all())
    Readers(engines, identifier_key).worklist(NORTH, today=TODAY)
    with engines.read.connect() as connection:
        found += len(connection.scalars(select(statements.ENTRY.c.site_id)).all())
    return found


@pytest.mark.shows("G7", "T-68")
def test_a_pooled_connection_keeps_nothing_of_the_site_that_had_it(hospitals: Store) -> None:
    assert left_behind(hospitals.engines) == 0


@pytest.mark.shows("G7", "T-68")
def test_a_transaction_that_was_rolled_back_leaves_no_site_in_force(hospitals: Store) -> None:
    engine = hospitals.engines.write
    with engine.connect() as connection:
        connection.begin()
        enter(connection, NORTH)
        connection.rollback()
        assert connection.scalars(select(statements.ENTRY.c.site_id)).all() == []


@pytest.mark.shows("G7", "T-68", control=True)
def test_a_site_that_stays_in_force_would_be_noticed(
    own_hospitals: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the setting is the session's, and nobody takes it back."""
    monkeypatch.setattr(walls, "_ENTER", walls._ENTER.replace("true", "false"))
    monkeypatch.setattr(sqlite_wall, "forget", lambda _: None)
    assert left_behind(own_hospitals.engines) > 0
    own_hospitals.engines.close()


@pytest.mark.shows("G7", "T-68")
def test_many_at_once_on_few_connections_never_mix(own_hospitals: Store) -> None:
    store, turns = own_hospitals, 15
    mixed: list[str] = []
    start = threading.Barrier(len(SITES) * 2)

    def ask(site: str) -> None:
        start.wait()
        for _ in range(turns):
            listed: list[Any] = [*store.readers.worklist(site, today=TODAY), *store.readers.audits(site)]
            mixed.extend(row.site_id for row in listed if row.site_id != site)
            answer = store.do(recording(f"episode-{site}", site_id=site, access=ACCESS))
            assert answer.outcome == "recorded"

    with ThreadPoolExecutor(len(SITES) * 2) as threads:
        list(threads.map(ask, SITES * 2))
    assert mixed == []
    for site in SITES:
        assert len(store.readers.entries(site, f"episode-{site}")) == 3 + 2 * turns


@pytest.mark.shows("G7", "C-15")
def test_one_batch_of_several_sites_gives_each_its_own(idle: Store) -> None:
    store = idle
    commands = [
        opening(f"{number:02}", site_id=site, key="same", pseudonym="same")
        if number < 4
        else recording(f"{number % 4:02}", site_id=site, message=("lab", f"{number // 4}"), access=ACCESS)
        for number, site in enumerate(SITES * 6)
    ]
    futures = [store.writer.submit(command) for command in commands]
    store.start()
    outcomes = [future.result(timeout=60).outcome for future in futures]
    assert outcomes == ["opened"] * 4 + ["recorded"] * 20
    assert store.ask("SELECT count(*) FROM unlogged") == 4  # one commit
    for number, site in enumerate(SITES):
        assert len(store.readers.entries(site, f"{number:02}")) == 6
        assert len(store.readers.audits(site)) == 5
        assert store.ask(f"SELECT count(*) FROM message WHERE site_id = '{site}'") == 5


# What makes the wall stand on PostgreSQL.


def test_a_wall_that_stands_has_no_gaps(hospitals: Store) -> None:
    assert gaps(hospitals.engines) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("ALTER TABLE entry NO FORCE ROW LEVEL SECURITY", "No wall between sites stands around entry"),
        ("ALTER TABLE audit DISABLE ROW LEVEL SECURITY", "No wall between sites stands around audit"),
        ("DROP POLICY leaf_of_the_site ON leaf", "No wall between sites stands around leaf"),
        ("CREATE POLICY hole ON answer USING (true)", "No wall between sites stands around answer"),
        ("ALTER TABLE message OWNER TO {}", "owns message and can take the walls down"),
        ("ALTER ROLE {} BYPASSRLS", "passes every wall between sites"),
    ],
)
@pytest.mark.shows("G7", "C-15", control=True)
def test_a_gap_is_told_in_a_sentence(
    postgres: Databases, postgres_url: str, change: str, sentence: str
) -> None:
    with opened(postgres_url) as store:
        with store.owner.write.begin() as connection:
            connection.execute(text(change.format(f'"{postgres.role}"')))
        try:
            (told,) = gaps(store.engines)
        finally:
            with store.owner.write.begin() as connection:
                connection.execute(text(f'ALTER ROLE "{postgres.role}" NOBYPASSRLS'))
        assert sentence in told


@pytest.mark.shows("T-69")
def test_who_serves_as_a_superuser_is_told_so(postgres_url: str) -> None:
    with opened(as_owner(postgres_url)) as store:
        assert any("passes every wall" in sentence for sentence in gaps(store.engines))


@pytest.mark.shows("G7", "T-69")
def test_the_wall_binds_the_owner_of_a_table_too(postgres: Databases, postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening("episode"))
        count = "SELECT count(*) FROM entry"
        for table in ("entry", "episode"):
            with store.owner.write.begin() as connection:
                connection.execute(text(f'ALTER TABLE {table} OWNER TO "{postgres.role}"'))
        with store.engines.read.connect() as connection:
            assert connection.scalar(text(count)) == 0
            connection.execute(text("ALTER TABLE entry NO FORCE ROW LEVEL SECURITY"))
            assert connection.scalar(text(count)) == 1


# The role that serves.


@pytest.mark.shows("C-20")
def test_the_role_that_serves_may_neither_change_the_log_nor_the_tables(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        fill(store.start())
        for statement in (
            "UPDATE entry SET body = ''",
            "DELETE FROM audit",
            "UPDATE answer SET document = ''",
            "TRUNCATE leaf",
            "DELETE FROM tree",
            "ALTER TABLE entry DISABLE TRIGGER entry_append_only",
            "ALTER TABLE entry DISABLE ROW LEVEL SECURITY",
            "DROP TABLE node",
            "CREATE TABLE beside (id integer)",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            with (
                pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
                store.engines.write.begin() as connection,
            ):
                connection.execute(text(statement))


@pytest.mark.parametrize(("role", "why"), [("nobody-here", "no role"), ("postgres", "one that migrates")])
def test_a_role_that_cannot_serve_is_refused_and_nothing_is_migrated(
    postgres: Databases, role: str, why: str
) -> None:
    url = postgres.empty()
    name = (
        psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", ""))["user"] if role == "postgres" else role
    )
    with pytest.raises(RoleUnfit, match=why):
        migrate(url, role=str(name))
    with opened(url) as store, pytest.raises(DBAPIError, match="does not exist"):
        store.count("entry")


def test_behind_the_wall_a_few_rows_are_still_found_by_their_keys(sqlite_url: str) -> None:
    """Not by going through all that the site has, which takes longer the more there is."""
    asked: list[str] = []
    with opened(sqlite_url) as store:

        @event.listens_for(store.engines.write, "checkout")
        def _listen(connection: Any, *_: object) -> None:
            connection.set_trace_callback(asked.append)

        store.start()
        store.do(opening("first"))
        store.do(recording("first", message=("lab", "1"), key="key-1"))
        with closing(store.engines.write.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            driver.set_trace_callback(None)
            lookups = [each for each in asked if each.startswith("SELECT") and "json_each" in each]
            plans = [[row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {each}")] for each in lookups]
    searched = [line for plan in plans for line in plan if line.startswith("SEARCH main.")]
    assert {line.split()[1] for line in searched} == {"main.episode", "main.answer", "main.message"}
    assert [line for line in searched if "(site_id=? AND" not in line] == []
