"""Acknowledged is durable at a power cut: of what was not flushed any part may be lost, of what was answered none."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Composed
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from pathway.store.engines import Journal, open_store
from pathway.store.migrate import migrate
from tests.faults.clients import Acknowledged
from tests.faults.conftest import JOURNALS
from tests.faults.disk import STRACE, Call, Disk, calls, require_strace, wait_for_the_end
from tests.faults.inspection import faults_of, stored
from tests.faults.load import clients, note, open_episodes
from tests.faults.serving import Way, replicas
from tests.missing import missing
from tests.postgres import Cluster, PostgresMissing, new_cluster

EPISODES = 8
NO_MORE_CUTS = {"fsync": "off"}
CONNECTIONS = 8
QUICK = pytest.param(10, id="quick", marks=pytest.mark.quick)
QUICK_POSTGRESQL = pytest.param(4, id="quick", marks=pytest.mark.quick)
FULL = pytest.param(300, id="full", marks=pytest.mark.full)


@dataclass
class Cuts:
    """What was acknowledged before the power was cut so many times, and what did not hold afterwards."""

    count: int
    acknowledged: int
    faults: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        return [fault for fault in self.faults if "was acknowledged and is lost" in fault]

    def tell(self, record_property: Callable[[str, object], None]) -> None:
        record_property("acknowledgements", self.acknowledged)
        record_property("power cuts", self.count)
        record_property("lost", len(self.lost))


def acknowledged(way: Way, posts: int, halfway: Callable[[], object] = lambda: None) -> list[Acknowledged]:
    """What the service acknowledges of so many posts, and then it is killed."""
    with replicas(way) as (service,):
        episodes = open_episodes(service, EPISODES)
        sent = [note(number, episodes[number % EPISODES], service) for number in range(posts)]
        lists = [sent[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with clients(service.token(), lists, way.folder / "ledger") as running:
            running.wait_for(posts / 2)
            halfway()
            return running.finish()


def cuts(
    base: Path, place: Path, made: list[Call], ledger: list[Acknowledged], count: int
) -> Iterator[tuple[Path, list[Acknowledged]]]:
    """What power cuts leave, at any instant or right after an answer, and what had been acknowledged by then.

    `base` holds a copy of the folder `place` as it was before the calls; so does what is given.
    """
    draw = random.Random(300)
    answered = sorted(each.at for each in ledger)
    instants = [
        draw.choice(answered) if number % 2 else draw.uniform(answered[0], answered[-1])
        for number in range(count)
    ]
    disk, left = Disk(base / place.name, place), iter(made)
    call = next(left, None)
    for number, instant in enumerate(sorted(instants)):
        while call is not None and call.ended <= instant:
            disk.play(call)
            call = next(left, None)
        image = base.with_name(f"image-{number}")
        shutil.copytree(base, image)
        disk.cut(image / place.name, draw)
        yield image, [each for each in ledger if each.at <= instant]
        shutil.rmtree(image)


def cut_under_sqlite(way: Way, count: int) -> Cuts:
    """So many power cuts under the service."""
    require_strace()
    file = Path(str(make_url(way.database_url).database))
    base, record = way.folder / "base", way.folder / "calls"
    shutil.copytree(file.parent, base / file.parent.name)
    ledger = acknowledged(replace(way, record=record), max(60, 2 * count))
    found = Cuts(count, len(ledger))
    for image, kept in cuts(base, file.parent, calls(record), ledger, count):
        url = f"sqlite:///{image / file.parent.name / file.name}"
        engines = open_store(url, way.journal)
        try:
            with closing(engines), engines.write.connect() as connection:
                assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
            found.faults.extend(faults_of(stored(url), kept))
        except (AssertionError, DatabaseError) as error:
            found.faults.append(f"what is left cannot be read: {error}")
    return found


def cut_under_postgresql(cluster: Cluster, folder: Path, count: int, **settings: str) -> Cuts:
    """So many power cuts under a server with these settings."""
    require_strace()
    with cluster.serving() as server:
        migrate(server.create("pathway"))
    data, base, record = cluster.folder / "data", cluster.folder / "base", cluster.folder / "calls"
    shutil.copytree(data, base / "data")
    through: list[str | Path] = [*STRACE, "-D", "-o", record]
    with cluster.serving(through=through, settings=settings) as server:
        url = server.url.set(database="pathway").render_as_string(hide_password=False)
        ledger = acknowledged(
            Way(url, folder), max(60, 2 * count), lambda: server.run(Composed([SQL("CHECKPOINT")]))
        )
        process = (data / "postmaster.pid").read_text().split()[0]
    wait_for_the_end(record, process)
    found = Cuts(count, len(ledger))
    for image, kept in cuts(base, data, calls(record), ledger, count):
        (image / "data" / "postmaster.pid").unlink(missing_ok=True)
        cluster.give(image)
        try:
            with cluster.serving(image, settings=NO_MORE_CUTS) as server:
                url = server.url.set(database="pathway").render_as_string(hide_password=False)
                found.faults.extend(faults_of(stored(url), kept))
        except (PostgresMissing, psycopg.Error) as error:
            found.faults.append(f"what is left cannot be read: {error}")
    return found


@pytest.mark.shows("G1", "R-080", "C-16")
@pytest.mark.parametrize("count", [QUICK, FULL])
@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
def test_a_power_cut_takes_nothing_from_sqlite_that_was_acknowledged(
    sqlite_url: str,
    tmp_path: Path,
    journal: Journal,
    count: int,
    record_property: Callable[[str, object], None],
) -> None:
    found = cut_under_sqlite(Way(sqlite_url, tmp_path, journal), count)
    found.tell(record_property)
    assert found.faults == []


@pytest.mark.shows("G1", "C-16", control=True)
@pytest.mark.parametrize("journal", [Journal("WAL", "NORMAL"), Journal("TRUNCATE", "NORMAL")], ids=str)
def test_a_journal_that_is_not_flushed_with_each_commit_is_found_out(
    sqlite_url: str, tmp_path: Path, journal: Journal
) -> None:
    assert cut_under_sqlite(Way(sqlite_url, tmp_path, journal), 20).faults != []


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    try:
        with new_cluster() as cluster:
            yield cluster
    except PostgresMissing as reason:
        missing(f"PostgreSQL is missing: {reason}")


@pytest.mark.shows("G1", "R-080")
@pytest.mark.parametrize("count", [QUICK_POSTGRESQL, FULL])
def test_a_power_cut_takes_nothing_from_postgresql_that_was_acknowledged(
    cluster: Cluster, tmp_path: Path, count: int, record_property: Callable[[str, object], None]
) -> None:
    found = cut_under_postgresql(cluster, tmp_path, count)
    found.tell(record_property)
    assert found.faults == []


@pytest.mark.shows("G1", "C-16", control=True)
def test_a_postgresql_that_does_not_flush_is_found_out(cluster: Cluster, tmp_path: Path) -> None:
    assert cut_under_postgresql(cluster, tmp_path, 3, fsync="off").faults != []
