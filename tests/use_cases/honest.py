"""A record as it is when nobody touched it: a few children, signed again and again, and an older state beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pathway.store.migrate import migrate
from tests.postgres import Databases, as_owner
from tests.tampering import Hospital, Record, RecordInFile, RecordOnServer
from tests.use_cases.journeys import Child, entry_of


def in_file(folder: Path) -> Record:
    """An empty record in an SQLite file."""
    record = RecordInFile(folder)
    migrate(record.url)
    return record


def on_server(folder: Path, databases: Databases, url: str) -> Record:
    """An empty record in a PostgreSQL database that was made for it."""
    return RecordOnServer(folder, databases, as_owner(url))


def courses(side: Hospital, first: int, last: int) -> None:
    """Children whose courses differ: short and long, with late, corrected and retracted facts, and an override."""
    notary = side.notary
    for number in range(first, last):
        child = Child.opened(side, f"mrn-{number}")
        notary.attest(side.site)
        if number % 2:
            child.treated()
            noted = child.tell("note_added", text="seen on the ward")
            child.tell("gd2_measured", ago=30, status="positive")
            child.tell("event_retracted", entry=entry_of(noted), reason="wrong_patient")
        else:
            child.ready_for_cycle()
            measured = child.tell("gd2_measured", status="partial", ago=3)
            corrected = child.told("gd2_measured", status="positive", ago=3)
            child.tell("event_corrected", entry=entry_of(measured), replacement=corrected)
        side.clock.pass_days(1)
        notary.attest(side.site)


def filled(record: Record) -> Record:
    """Five children; the older state knows three."""
    side = Hospital.of(record)
    courses(side, 0, 3)
    now = side.clock.now
    side.stop()
    record = record.keep_as_older()
    side = Hospital.of(record, now)
    courses(side, 3, 5)
    side.stop()
    return record


Make = Callable[[Path], Record]
