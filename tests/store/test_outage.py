"""When the database is gone the store says so, and goes on by itself when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from pathway.store.migrate import migrate
from pathway.store.values import Proposal
from pathway.store.writer import Command, StoreUnavailable, Unstorable, View
from tests.missing import missing
from tests.postgres import PostgresMissing, Server, as_owner, running_server
from tests.store.builders import SITE, Store, opened, opening, recording, until


def administer(url: str, *statements: str) -> None:
    """Runs statements beside the database at `url`, on the same server."""
    beside = make_url(as_owner(url)).set(drivername="postgresql", database="postgres")
    with psycopg.connect(beside.render_as_string(hide_password=False), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def disconnect_everybody(url: str) -> None:
    name = make_url(url).database
    administer(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


@contextmanager
def gone(url: str, store: Store) -> Iterator[None]:
    """The database cannot be reached for a while."""
    if url.startswith("sqlite"):
        store.engines.close()
        folder = Path(url.removeprefix("sqlite:///")).parent
        elsewhere = folder.rename(folder.with_name(folder.name + "-elsewhere"))
        yield
        elsewhere.rename(folder)
        return
    name = make_url(url).database
    administer(url, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    disconnect_everybody(url)
    yield
    administer(url, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


@pytest.mark.shows("R-084", "C-25")
def test_while_the_database_is_gone_nothing_is_promised_and_afterwards_all_goes_on(
    database_url: str, store: Store
) -> None:
    store.do(opening("episode"))
    with gone(database_url, store):
        waiting = [store.writer.submit(recording("episode", key=f"key {number}")) for number in range(100)]
        for future in waiting:
            with pytest.raises(StoreUnavailable):
                future.result(timeout=60)
        with pytest.raises(StoreUnavailable):
            store.readers.ping()
        with pytest.raises(StoreUnavailable):
            store.readers.summary(SITE, "episode")
    answers = [store.do(recording("episode", key=f"key {number}")) for number in range(100)]
    assert not any(answer.replayed for answer in answers)
    assert store.count("entry") == 101
    store.readers.ping()


def test_what_is_told_of_an_outage_names_no_patient(database_url: str, store: Store) -> None:
    with gone(database_url, store), pytest.raises(StoreUnavailable) as told:
        store.do(opening("Lina Canary", key="Lina Canary"))
    assert "Canary" not in f"{told.value} {told.value.__cause__} {told.value.__context__}"


def test_an_sqlite_file_without_its_tables_is_unavailable(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/new.db") as store:
        store.start()
        with pytest.raises(StoreUnavailable):
            store.do(opening(key="k"))
        with pytest.raises(StoreUnavailable):
            store.readers.summary(SITE, "episode")


def test_a_postgresql_without_its_tables_is_unavailable(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start()
        with store.owner.write.begin() as connection:
            connection.exec_driver_sql("DROP TABLE answer")
        with pytest.raises(StoreUnavailable):
            store.do(opening(key="k"))
        with store.owner.write.begin() as connection:
            connection.exec_driver_sql("DROP TABLE entry, episode")
        with pytest.raises(StoreUnavailable):
            store.readers.summary(SITE, "episode")


def test_connections_that_died_while_idle_are_not_noticed_by_anybody(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening("episode"))
        store.readers.ping()
        disconnect_everybody(postgres_url)
        assert store.do(recording("episode")).outcome == "recorded"
        assert store.readers.summary(SITE, "episode") is not None
        assert store.count("entry") == 2


@pytest.mark.shows("R-084")
def test_a_connection_that_dies_before_the_commit_is_tried_again_and_written_once(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening("episode"))
        honest = recording("episode", key="k")
        deaths = iter([True])

        def decide(view: View, now: datetime) -> Proposal:
            if next(deaths, False):
                disconnect_everybody(postgres_url)
                view.entries()
            return honest.decide(view, now)

        assert store.do(replace(honest, decide=decide)).outcome == "recorded"
        assert store.count("entry") == 2


def test_an_outage_while_a_batch_is_taken_apart_is_told_to_all_that_are_left(postgres_url: str) -> None:
    with opened(postgres_url) as store, ExitStack() as outage:
        calls = iter([False, True])

        def decide(_view: View, _now: datetime) -> Proposal:
            if next(calls, False):
                outage.enter_context(gone(postgres_url, store))
            return Proposal("refused", b"{}")

        commands = [
            opening(missing=2**70),
            opening("before", key="before"),
            Command(SITE, "client", None, decide, key="k"),
            opening("after", key="after"),
        ]
        bad, before, *rest = [store.writer.submit(command) for command in commands]
        store.start()
        with pytest.raises(Unstorable):
            bad.result(timeout=60)
        for future in rest:
            with pytest.raises(StoreUnavailable):
                future.result(timeout=60)
        outage.close()
        assert before.result(timeout=60).outcome == "opened"
        assert store.do(opening("before", key="before")).replayed
        assert not store.do(opening("after", key="after")).replayed


def test_a_database_that_dies_under_every_attempt_is_unavailable(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening("episode"))

        def decide(_view: View, _now: datetime) -> Proposal:
            disconnect_everybody(postgres_url)
            return Proposal("refused", b"{}")

        with pytest.raises(StoreUnavailable):
            store.do(Command(SITE, "client", "episode", decide, key="k"))
        assert store.do(recording("episode")).outcome == "recorded"


@pytest.mark.shows("C-25")
def test_a_commit_that_the_database_refuses_is_not_answered(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening("episode"))
        with store.owner.write.begin() as connection:
            connection.exec_driver_sql(
                "CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON answer DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        with pytest.raises(StoreUnavailable, match="not known whether the commit took place"):
            store.do(recording("episode", key="k"))
        assert store.count("entry") == 1
        assert store.do(recording("episode")).outcome == "recorded"


@pytest.fixture
def server_of_its_own() -> Iterator[Server]:
    try:
        with running_server() as server:
            yield server
    except PostgresMissing as reason:
        missing(f"PostgreSQL is missing: {reason}")


def test_an_answer_waits_for_the_standby_also_when_it_is_repeated(server_of_its_own: Server) -> None:
    url = server_of_its_own.create("standby")
    migrate(url)
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with opened(url) as store:
        store.start().do(opening("episode"))
        assert store.readers.durability().kind == "async"
        administer(url, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
        until(lambda: store.readers.durability().kind == "sync")

        # The wait for the standby is cut off: committed here, and not known to be safe.
        first = store.writer.submit(opening("another", key="k"))
        until(lambda: store.ask(waits))
        administer(url, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        with pytest.raises(StoreUnavailable, match="standby"):
            first.result(timeout=60)
        assert store.count("episode") == 2

        # Sent again, the stored answer is not given before the standby has it.
        again = store.writer.submit(opening("another", key="k"))
        until(lambda: store.ask(waits))
        assert not again.done()
        administer(url, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        assert again.result(timeout=60).replayed
        assert store.count("episode") == 2
