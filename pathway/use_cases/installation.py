"""What a running process works with, and who asks it for something."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pathway
from pathway.catalogue import CATALOGUE, Catalogue
from pathway.engine.definition import Pathway
from pathway.settings import Settings
from pathway.store.engines import Engines, Journal, open_store
from pathway.store.readers import Readers
from pathway.store.values import Access, Proposal, Settled
from pathway.store.writer import Command, Writer
from pathway.use_cases.keys import sealing_key
from pathway.use_cases.permissions import NEEDS, Operation
from pathway.use_cases.refusals import Refusal

CORE = ("clinical", "episodes", "engine", "catalogue")


@cache
def engine_hash() -> str:
    """SHA-256 over the sources that compute a recommendation: what "the same engine" means."""
    root = Path(pathway.__file__).parent
    told = hashlib.sha256()
    for source in sorted(path for room in CORE for path in (root / room).rglob("*.py")):
        told.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return told.hexdigest()


def utc_now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a system, at one site, with what it may do there, and what it is about to do.

    `operation` is the name under which the audit record tells it.
    """

    site_id: str
    client_id: str
    subject: str
    scopes: frozenset[str]
    roles: tuple[str, ...] = ()
    operation: str = "unnamed"

    @property
    def access(self) -> Access:
        """What an audit record says of the caller."""
        return Access(self.subject, self.roles, self.operation)

    def is_person(self, subject: str) -> bool:
        """True where this is the caller's own name: letters of another case do not make another person."""
        return self.subject.casefold() == subject.casefold()

    def require(self, operation: Operation) -> None:
        """Raises `Refusal` when the caller may not do this."""
        needed = NEEDS[operation]
        if needed not in self.scopes:
            raise Refusal("not_permitted", f"This needs the permission {needed}, which you were not given.")


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings, published pathways, the writer and the readers of one process."""

    settings: Settings
    catalogue: Catalogue
    engines: Engines
    writer: Writer
    readers: Readers
    clock: Callable[[], datetime]
    engine: str

    @classmethod
    def open(
        cls, settings: Settings, clock: Callable[[], datetime] = utc_now, journal: Journal | None = None
    ) -> Installation:
        """Opens the store and starts the writer. Raises `StoreError` when the database is out of reach.

        `journal` is SQLite's, where it is not to be the one its library asks for.
        """
        engines = open_store(settings.database_url, journal)
        key = sealing_key(settings)
        writer = Writer(engines, clock, key)
        writer.start()
        return cls(settings, CATALOGUE, engines, writer, Readers(engines, key), clock, engine_hash())

    def close(self) -> None:
        """Writes what is waiting, then lets go of the database."""
        self.writer.close()
        self.engines.close()

    def tell_of(
        self,
        caller: Caller,
        outcome: str,
        episode_id: str | None = None,
        shown: tuple[str, ...] = (),
        reason: str | None = None,
    ) -> Future[Settled]:
        """Leaves the audit record of what the caller read, or was refused; durable once the future is done.

        Nothing may be shown before. `shown` are the episodes that a list names, `reason` is what a person gave as
        one. Raises, and its future raises, what `Writer.submit` does.
        """
        nothing = Proposal(outcome, b"{}")
        command = Command(
            caller.site_id,
            caller.client_id,
            episode_id,
            lambda _view, _now: nothing,
            access=replace(caller.access, shown=shown, reason=reason),
        )
        return self.writer.submit(command)

    def pathway(self, pathway_id: str, version: int) -> Pathway:
        """The version an episode is on. Raises `Refusal` when this installation does not have it."""
        found = self.catalogue.find(pathway_id, version)
        if found is None:
            raise Refusal("unavailable", "This installation does not have the version of the pathway.")
        return found


def today_in(zone: str, now: datetime) -> date:
    """The day it is at the site."""
    return now.astimezone(ZoneInfo(zone)).date()


def latest_day(now: datetime) -> date:
    """The day it is where on earth the day is most advanced; a later date cannot have happened."""
    return (now.astimezone(UTC) + timedelta(hours=14)).date()
