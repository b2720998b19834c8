"""Commands that open an episode and record events, with everything filled in that does not matter."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from pathway.proof.chain import GENESIS, seal
from pathway.store.engines import Engines, open_store
from pathway.store.readers import Readers
from pathway.store.values import Access, NewEntry, NewMessage, NewPatient, Proposal, Settled, Summary
from pathway.store.writer import Command, View, Writer
from tests.keys import identifier_key
from tests.owner import owner_engines

SITE = "hospital-1"
TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

_numbers = itertools.count(1)


def utc_now() -> datetime:
    return datetime.now(UTC)


def unused(kind: str) -> str:
    return f"{kind}-{next(_numbers):06d}"


def an_entry(before: Summary | None, now: datetime, episode_id: str, **changes: Any) -> NewEntry:
    sequence, prev_hash = (1, GENESIS) if before is None else (before.head_sequence + 1, before.head_hash)
    sealed = seal({"episode": episode_id, "sequence": sequence}, prev_hash)
    entry = NewEntry(
        site_id=SITE if before is None else before.site_id,
        episode_id=episode_id,
        sequence=sequence,
        entry_id=unused("entry"),
        kind="assessment_recorded",
        occurred_on=TODAY,
        recorded_at=now,
        actor="coordinator",
        client_id="client",
        body=sealed.body,
        prev_hash=sealed.prev_hash,
        hash=sealed.hash,
        recommendation='{"recommended":"continue"}',
    )
    return replace(entry, **changes)


def a_summary(head: NewEntry, **changes: Any) -> Summary:
    summary = Summary(
        site_id=head.site_id,
        episode_id=head.episode_id,
        pseudonym="pseudonym-of-" + head.episode_id,
        pathway_id="relapse",
        pathway_version=1,
        content_hash="a" * 64,
        engine="b" * 64,
        time_zone="Europe/Berlin",
        opened_on=TODAY,
        is_open=True,
        state="decision_due",
        head_sequence=head.sequence,
        head_hash=head.hash,
        head_recorded_at=head.recorded_at,
        facts_digest="c" * 64,
        last_on=head.occurred_on,
        snapshot="{}",
        recommended=None,
        needs_tumour_board=False,
        due_what=None,
        due_earliest=None,
        due_target=None,
        due_latest=None,
        missing=0,
        waiting=0,
        reviews=0,
    )
    return replace(summary, **changes)


def following(before: Summary, entries: tuple[NewEntry, ...], **changes: Any) -> Summary:
    last = entries[-1]
    return replace(
        before,
        head_sequence=last.sequence,
        head_hash=last.hash,
        head_recorded_at=last.recorded_at,
        last_on=last.occurred_on,
        **changes,
    )


def opening(
    episode_id: str | None = None,
    *,
    site_id: str = SITE,
    patient: NewPatient | None = None,
    key: str | None = None,
    **changes: Any,
) -> Command:
    """Opens an episode without asking whether there is one."""
    chosen = episode_id or unused("episode")

    def decide(_view: View, now: datetime) -> Proposal:
        entry = an_entry(None, now, chosen, site_id=site_id, kind="episode_opened")
        summary = a_summary(entry, **changes)
        document = f'{{"opened":"{chosen}"}}'.encode()
        return Proposal("opened", document, f"/v1/episodes/{chosen}", (entry,), summary, patient)

    return Command(site_id, "client", None, decide, key=key, request_digest="opening")


def recording(
    episode_id: str,
    *,
    site_id: str = SITE,
    key: str | None = None,
    request_digest: str = "recording",
    message: tuple[str, str] | None = None,
    meanwhile: Callable[[], object] = lambda: None,
    dry_run: bool = False,
    access: Access | None = None,
    **changes: Any,
) -> Command:
    """Records one event; a message that came before is answered with the entry it became then."""

    def decide(view: View, now: datetime) -> Proposal:
        known = view.message(*message) if message else None
        if known is not None:
            return Proposal("duplicate", known.entry_id.encode())
        meanwhile()
        assert view.summary is not None
        entry = an_entry(view.summary, now, episode_id)
        key_of_it = (NewMessage(site_id, *message, "digest", episode_id, entry.entry_id),) if message else ()
        summary = following(view.summary, (entry,), **changes)
        return Proposal("recorded", entry.entry_id.encode(), None, (entry,), summary, messages=key_of_it)

    return Command(
        site_id,
        "client",
        episode_id,
        decide,
        key=key,
        request_digest=request_digest,
        messages=(message,) if message else (),
        dry_run=dry_run,
        access=access,
    )


@dataclass
class Store:
    """A database with a writer that has not started: what is submitted before `start` is one batch."""

    url: str
    clock: Callable[[], datetime] = utc_now
    room: int = 1024
    engines: Engines = field(init=False)
    owner: Engines = field(init=False)
    writer: Writer = field(init=False)
    readers: Readers = field(init=False)

    def __post_init__(self) -> None:
        self.engines = open_store(self.url)
        self.owner = owner_engines(self.url)
        self.writer = Writer(self.engines, self.clock, identifier_key, room=self.room)
        self.readers = Readers(self.engines, identifier_key)

    def start(self) -> Store:
        self.writer.start()
        return self

    def do(self, command: Command) -> Settled:
        return self.writer.submit(command).result(timeout=60)

    def count(self, table: str) -> int:
        return int(self.ask(f"SELECT count(*) FROM {table}"))

    def ask(self, query: str) -> Any:
        """What the owner of the database finds, whoever serves."""
        with self.owner.read.connect() as connection:
            return connection.scalar(text(query))

    def close(self) -> None:
        self.writer.close()
        self.engines.close()
        self.owner.close()


def with_a_log(store: Store) -> None:
    """A row in each table of the Merkle log, as it is once records were integrated."""
    with store.owner.write.begin() as connection:
        connection.execute(text(f"INSERT INTO leaf VALUES ('{SITE}', 0, 'entry', 'e', 'h')"))
        connection.execute(text(f"INSERT INTO node VALUES ('{SITE}', 1, 0, 'h')"))


@contextmanager
def opened(url: str, **options: Any) -> Iterator[Store]:
    store = Store(url, **options)
    try:
        yield store
    finally:
        store.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
