"""One service on one database, as a test drives it: requests in, answers out, and everything that is stored."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from pathway.episodes.events import EventNotUnderstood
from pathway.settings import Settings
from pathway.store.values import Settled, StoredEntry, Summary
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.refusals import Refusal
from tests.keys import AS_TEXT
from tests.reference.history import Line

PATHWAY = "high_risk_neuroblastoma_relapse"
ZONE = "Europe/Berlin"
EVERYTHING = frozenset(
    {"episodes.read", "events.write", "decisions.write", "overrides.sign", "pathways.read"}
)
WRITTEN = frozenset(
    {"created", "recorded", "decided", "awaiting_second_signature", "countersigned", "review_resolved"}
)

_keys = itertools.count(1)


def unused_key() -> str:
    return f"key-{next(_keys)}"


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


@dataclass(frozen=True)
class Answer:
    outcome: str
    document: dict[str, Any]
    text: bytes
    location: str | None = None
    replayed: bool = False

    @property
    def wrote(self) -> bool:
        return self.outcome in WRITTEN and not self.replayed


@dataclass
class Side:
    """An installation on one database; a site of its own keeps one test apart from the next."""

    url: str
    site: str
    clock: Clock
    zone: str = ZONE
    checkpoints: Path | None = None
    installation: Installation = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        zones = {self.site: self.zone}
        settings = Settings(
            database_url=self.url,
            site_time_zones=zones,
            identifier_key=SecretStr(AS_TEXT),
            checkpoints=self.checkpoints,
        )
        self.installation = Installation.open(settings, self.clock)

    def stop(self) -> None:
        self.installation.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def caller(
        self,
        subject: str = "coordinator",
        scopes: frozenset[str] = EVERYTHING,
        client: str = "ehr",
        site: str | None = None,
    ) -> Caller:
        return Caller(site or self.site, client, subject, scopes)

    def ask(
        self,
        use_case: Callable[..., Future[Settled]],
        *where: str,
        body: object,
        subject: str = "coordinator",
        scopes: frozenset[str] = EVERYTHING,
        client: str = "ehr",
        site: str | None = None,
        key: str | None = None,
        **more: Any,
    ) -> Answer:
        """Sends one request and waits for its answer; without a key of its own it gets one."""
        text = orjson.dumps(body)
        digest = hashlib.sha256(repr((use_case.__module__, where, text)).encode()).hexdigest()
        try:
            future = use_case(
                self.installation,
                self.caller(subject, scopes, client, site),
                *where,
                text,
                key or unused_key(),
                digest,
                **more,
            )
            settled = future.result(timeout=60)
        except EventNotUnderstood as fault:
            told = {"errors": [list(each) for each in fault.errors]}
            return Answer("invalid_body", told, orjson.dumps(told))
        except Refusal as refusal:
            return Answer(refusal.outcome, orjson.loads(refusal.document()), refusal.document())
        told = orjson.loads(settled.document)
        return Answer(settled.outcome, told, settled.document, settled.location, settled.replayed)

    def read(self, use_case: Callable[..., bytes], episode: str, **more: Any) -> dict[str, Any]:
        """What a read answers; as known now and for today unless said."""
        asked = {"known_at": None, "as_of": None} | more
        told: dict[str, Any] = orjson.loads(use_case(self.installation, self.caller(), episode, **asked))
        return told

    def summary(self, episode: str) -> Summary:
        found = self.installation.readers.summary(self.site, episode)
        assert found is not None
        return found

    def entries(self, episode: str) -> list[StoredEntry]:
        return self.installation.readers.entries(self.site, episode)


def lines_of(entries: list[StoredEntry]) -> tuple[Line, ...]:
    """The stored log as the reference reads it: from the sealed bodies alone."""
    found = []
    for stored in entries:
        told = json.loads(stored.body)
        recorded_at = datetime.fromisoformat(told["recorded_at"])
        found.append(Line(told["entry"], told["sequence"], recorded_at, told["actor"], told["event"]))
    return tuple(found)
