"""While the database cannot keep anything the service says so and promises nothing; then it goes on by itself."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.sql import SQL, Composed, Literal
from sqlalchemy.engine import make_url

from pathway.store.engines import Journal
from pathway.store.migrate import migrate
from tests.faults.clients import ANSWER_WITHIN_S, Acknowledged, Answer, acknowledged
from tests.faults.conftest import JOURNALS
from tests.faults.inspection import duplicates, faults_of, stored
from tests.faults.load import CONNECTIONS, clients, note, open_episodes
from tests.faults.outages import filled, line_to, no_larger_files, small_disk
from tests.faults.serving import Service, Way, replicas
from tests.missing import missing
from tests.postgres import Cluster, PostgresMissing, as_owner, new_cluster

WRITES = 10
SENT = range(3 * WRITES)


@dataclass
class Ward:
    """One client that records notes, and keeps what was acknowledged."""

    service: Service
    episode: str
    client: httpx2.Client
    ledger: list[Acknowledged] = field(default_factory=list)

    def record(self, numbers: range) -> list[int]:
        """The statuses of the answers; whatever is no success has to say when to try again."""
        found = []
        for number in numbers:
            post = note(number, self.episode, self.service)
            answer = self.client.post(
                post.path,
                content=post.body,
                headers={"Content-Type": "application/json", "Idempotency-Key": post.key},
            )
            found.append(answer.status_code)
            if answer.status_code < 300:
                self.ledger.append(acknowledged(post, Answer(answer.status_code, answer.content)))
            else:
                assert "retry-after" in answer.headers
        return found

    def read(self) -> int:
        return self.client.get(f"/v1/episodes/{self.episode}/next-step").status_code


@contextmanager
def ward(way: Way) -> Iterator[Ward]:
    with replicas(way) as (service,):
        (episode,) = open_episodes(service, 1)
        headers = {"Authorization": f"Bearer {service.token()}"}
        with httpx2.Client(base_url=service.url, headers=headers, timeout=ANSWER_WITHIN_S) as client:
            yield Ward(service, episode, client)
            service.stop()


def faults_after(way: Way, outage: Callable[[Service], AbstractContextManager[object]]) -> list[str]:
    """What does not hold after the service worked before, during and after an outage, without a restart."""
    faults = []
    with ward(way) as here:
        assert here.record(range(WRITES)) == [201] * WRITES
        with outage(here.service):
            during = here.record(range(WRITES, 2 * WRITES))
            if 503 not in during or not set(during) <= {201, 503} or here.read() not in {200, 503}:
                faults.append(f"while nothing could be kept the answers were {during}")
        afterwards = here.record(SENT)
        if set(afterwards) != {201} or here.read() != 200:
            faults.append(f"afterwards the answers were {afterwards}")
    found = stored(way.database_url)
    return [*faults, *faults_of(found, here.ledger), *duplicates(found, SENT)]


# Disk full.


@pytest.fixture
def disk() -> Iterator[Path | None]:
    """A small disk, to which the account of a server finds its way too; none where nothing may be mounted."""
    with tempfile.TemporaryDirectory(prefix="pathway-disk-") as folder:
        Path(folder).chmod(0o711)
        with small_disk(Path(folder) / "disk", 16) as mounted:
            yield Path(folder) / "disk" if mounted else None


def full(way: Way, disk: Path | None) -> Callable[[Service], AbstractContextManager[object]]:
    """The disk of the database is full, or no file of the service can grow."""
    if disk is not None:
        return lambda _: filled(disk)
    file = Path(str(make_url(way.database_url).database))
    return lambda service: no_larger_files(service.pid, file.stat().st_size // 2)


def placed(way: Way, disk: Path | None) -> Way:
    """The SQLite database on the small disk."""
    if disk is None:
        return way
    shutil.copyfile(str(make_url(way.database_url).database), disk / "pathway.db")
    return replace(way, database_url=f"sqlite:///{disk}/pathway.db")


@pytest.mark.shows("G1", "R-080", "R-084", "C-25")
@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
def test_with_a_full_disk_sqlite_promises_nothing(
    sqlite_url: str, tmp_path: Path, journal: Journal, disk: Path | None
) -> None:
    way = placed(Way(sqlite_url, tmp_path, journal), disk)
    assert faults_after(way, full(way, disk)) == []


@pytest.mark.shows("G1", "C-25", control=True)
def test_a_service_that_promises_what_does_not_fit_is_found_out(sqlite_way: Way, disk: Path | None) -> None:
    way = placed(replace(sqlite_way, planted="answers too early"), disk)
    faults = faults_after(way, full(way, disk))
    assert any("while nothing could be kept" in fault for fault in faults)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    try:
        with new_cluster() as cluster:
            yield cluster
    except PostgresMissing as reason:
        missing(f"PostgreSQL is missing: {reason}")


@pytest.mark.shows("G1", "R-080", "R-084", "C-25")
def test_with_a_full_disk_postgresql_promises_nothing(
    cluster: Cluster, tmp_path: Path, disk: Path | None
) -> None:
    if disk is None:
        pytest.skip("no disk may be mounted here")
    space = disk / "space"
    space.mkdir()
    cluster.give(space)
    with cluster.serving() as server:
        template = server.create("template")
        migrate(template)
        server.run(SQL("CREATE TABLESPACE small LOCATION {}").format(Literal(str(space))))
        server.run(Composed([SQL("CREATE DATABASE pathway TEMPLATE template TABLESPACE small")]))
        url = server.url.set(database="pathway").render_as_string(hide_password=False)
        assert faults_after(Way(url, tmp_path), lambda _: filled(disk)) == []


# A file that may only be read.


@pytest.mark.shows("G1", "R-084", "C-25")
@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
def test_with_a_file_that_may_only_be_read_nothing_is_promised(sqlite_url: str, journal: Journal) -> None:
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(str(make_url(sqlite_url).database), folder / "pathway.db")
        for each in (folder, folder / "pathway.db"):
            os.chown(each, -1 if user is None else user, -1)
        way = Way(f"sqlite:///{folder}/pathway.db", folder, journal, user=user)

        @contextmanager
        def read_only(service: Service) -> Iterator[None]:
            service.stop()
            files = sorted(folder.glob("pathway.db*"))
            for file in files:
                file.chmod(0o444)
            folder.chmod(0o555)
            service.start()
            yield
            folder.chmod(0o755)
            for file in files:
                file.chmod(0o644)

        assert faults_after(way, read_only) == []


# A server or a line that is gone.


@pytest.mark.shows("G1", "R-084", "C-25")
def test_while_the_server_is_stopped_nothing_is_promised(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.serving() as server:
        url = server.create("pathway")
        migrate(url)
        port = server.url.port
    running = cluster.serving(port=port)
    running.__enter__()

    @contextmanager
    def stopped(_: Service) -> Iterator[None]:
        nonlocal running
        running.__exit__(None, None, None)
        yield
        running = cluster.serving(port=port)
        running.__enter__()

    try:
        assert faults_after(Way(url, tmp_path), stopped) == []
    finally:
        running.__exit__(None, None, None)


@pytest.mark.shows("G1", "R-084", "C-25")
def test_while_the_line_is_cut_nothing_is_promised(postgres_url: str, tmp_path: Path) -> None:
    port = make_url(postgres_url).port
    assert port is not None
    with line_to(port) as line:
        url = make_url(postgres_url).set(port=line.port).render_as_string(hide_password=False)

        @contextmanager
        def cut(_: Service) -> Iterator[None]:
            line.cut()
            yield
            line.mend()

        assert faults_after(Way(url, tmp_path), cut) == []


@pytest.mark.shows("G1", "G2", "R-080", "R-084", "C-17")
def test_lines_that_are_cut_in_the_middle_of_writes_lose_nothing_and_double_nothing(
    postgres_url: str, tmp_path: Path
) -> None:
    draw = random.Random(13)
    port = make_url(postgres_url).port
    assert port is not None
    with line_to(port) as line:
        url = make_url(postgres_url).set(port=line.port).render_as_string(hide_password=False)
        with replicas(Way(url, tmp_path)) as (service,):
            episodes = open_episodes(service, 8)
            posts = [note(number, episodes[number % 8], service) for number in range(200)]
            lists = [posts[start::CONNECTIONS] for start in range(CONNECTIONS)]
            with clients(service.token(), lists, tmp_path / "ledger") as running:
                for answers in sorted(draw.sample(range(180), 8)):
                    running.wait_for(answers)
                    line.cut()
                    line.mend()
                ledger = running.finish()
            service.stop()
    found = stored(postgres_url)
    assert faults_of(found, ledger) == []
    assert duplicates(found, range(200)) == []


# A lock that somebody holds.


@contextmanager
def locked_sqlite(url: str) -> Iterator[None]:
    with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def locked_postgresql(url: str) -> Iterator[None]:
    # As the owner: to the role that serves, no row is there while no site is in force.
    address = make_url(as_owner(url)).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT 1 FROM episode FOR UPDATE").fetchall()
        yield
        connection.rollback()


@pytest.mark.shows("G1", "R-084", "C-25")
@pytest.mark.full  # who waits for a lock waits long before it gives up
def test_while_somebody_holds_the_lock_nothing_is_promised(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    def statuses(way: Way, lock: Callable[[str], AbstractContextManager[None]]) -> list[int]:
        with ward(way) as here:
            with lock(way.database_url):
                locked = here.record(range(1))
            return [*locked, *here.record(range(2))]

    ways = []
    for name, url in (("one", sqlite_url), ("other", postgres_url)):
        (tmp_path / name).mkdir()
        ways.append(Way(url, tmp_path / name))
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(statuses, ways, (locked_sqlite, locked_postgresql)))
    assert found == [[503, 201, 201]] * 2
