"""An honest record, and a dozen ways in which somebody with all rights on the database might touch it.

Whoever does this knows the service: triggers are dropped and put back, hashes are taken again, rows that refer to
each other are changed together. What they do not have is the signing key, nor the folder of the checkpoints.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from pathway.catalogue import Catalogue
from pathway.proof.chain import GENESIS, seal
from pathway.proof.merkle import complete, leaf_hash, over, root
from pathway.settings import Settings
from pathway.store.tables import APPEND_ONLY
from pathway.store.whole_site import WholeSite
from pathway.use_cases.checkpoints import Notary
from pathway.use_cases.installation import Installation
from pathway.use_cases.verify import Report, verify_site
from tests.keys import AS_TEXT
from tests.postgres import Databases, as_owner
from tests.sides import ZONE, Clock, Side

SITE = "north"
LATER = datetime(2027, 1, 1, 12, tzinfo=UTC)
"""After everything in the record: whatever lease a worker had has run out."""

SIGNING_KEY = base64.b64encode(bytes(range(2, 34))).decode()
Row = dict[str, Any]


@dataclass(frozen=True)
class Touched:
    """What a mutation touched: episode and number of an entry, or None where it is no one entry."""

    entries: frozenset[tuple[str, int]] = frozenset()
    what: str = ""


@dataclass(frozen=True)
class Record(ABC):
    """A database with a folder of checkpoints, and an older state of the database."""

    folder: Path

    @property
    @abstractmethod
    def url(self) -> str:
        """As the service knows the database."""

    @abstractmethod
    def copy(self, folder: Path) -> Record:
        """The same record once more; nobody may be connected to this one."""

    @abstractmethod
    def keep_as_older(self) -> Record:
        """The same, with the present state as the older one."""

    @abstractmethod
    def restore_older(self) -> None:
        """Puts the older state in the place of the present one."""

    @abstractmethod
    def connected(self) -> Hand:
        """Somebody's hand in the database, who owns it."""

    @abstractmethod
    def drop(self) -> None:
        """Removes the database."""

    @contextmanager
    def hand(self, choose: random.Random) -> Iterator[Hand]:
        """Everything within happens with the triggers out of the way, and back afterwards."""
        hand = self.connected()
        hand.choose = choose
        with closing(hand.connection):
            hand.do("BEGIN")
            hand.triggers(on=False)
            yield hand
            hand.triggers(on=True)
            hand.do("COMMIT")

    def settings(self, **more: Any) -> Settings:
        told: dict[str, Any] = {
            "env": "development",
            "database_url": self.url,
            "signing_key": SecretStr(SIGNING_KEY),
            "identifier_key": SecretStr(AS_TEXT),
            "checkpoints": self.folder / "checkpoints",
            "site_time_zones": {SITE: ZONE},
        }
        return Settings(**told | more)

    @contextmanager
    def installation(self, **more: Any) -> Iterator[Installation]:
        installation = Installation.open(self.settings(**more), Clock(LATER))
        try:
            yield installation
        finally:
            installation.close()

    def verified(
        self, change: Callable[[Installation], Installation] = lambda one: one, **more: Any
    ) -> Report:
        with self.installation(**more) as installation:
            changed = change(installation)
            return verify_site(changed, Notary(changed), SITE)


@dataclass
class Hospital(Side):
    """A side on a record, with its keys."""

    settings: Settings | None = None

    @classmethod
    def of(cls, record: Record, now: datetime | None = None, **more: Any) -> Hospital:
        clock = Clock(now) if now else Clock()
        return cls(record.url, SITE, clock, settings=record.settings(**more))

    def start(self) -> None:
        assert self.settings is not None
        self.installation = Installation.open(self.settings, self.clock)

    @property
    def notary(self) -> Notary:
        return Notary(self.installation)

    def covered(self) -> bool:
        """True when everything that is recorded stands behind the last checkpoint."""
        notary = self.notary
        latest = notary.latest(self.site)
        return latest is not None and latest.checkpoint.size == sum(
            WholeSite(self.installation.engines, self.site).counts()
        )


class RecordInFile(Record):
    """An SQLite file in the folder, and an older copy of it."""

    @property
    def database(self) -> Path:
        return self.folder / "pathway.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    def copy(self, folder: Path) -> RecordInFile:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return RecordInFile(folder)

    def keep_as_older(self) -> RecordInFile:
        older = self.folder / "older.db"
        with closing(sqlite3.connect(self.database)) as source, closing(sqlite3.connect(older)) as copy:
            source.backup(copy)
        return self

    def restore_older(self) -> None:
        shutil.copyfile(self.folder / "older.db", self.database)

    def connected(self) -> Hand:
        return HandInFile(sqlite3.connect(self.database, isolation_level=None))

    def drop(self) -> None:
        shutil.rmtree(self.folder)


@dataclass(frozen=True)
class RecordOnServer(Record):
    """A PostgreSQL database beside the folder, and an older copy of it."""

    databases: Databases
    owned: str
    older: str = ""

    @property
    def url(self) -> str:
        return self.databases.served(self.owned)

    def copy(self, folder: Path) -> RecordOnServer:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return replace(self, folder=folder, owned=self.databases.copy(self.owned))

    def keep_as_older(self) -> RecordOnServer:
        return replace(self, older=self.databases.copy(self.owned))

    def restore_older(self) -> None:
        name, older = (str(make_url(url).database) for url in (self.owned, self.older))
        server = as_owner(make_url(self.url).set(database="postgres").render_as_string(hide_password=False))
        with psycopg.connect(_plain(server), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{older}"')

    def connected(self) -> Hand:
        return HandOnServer(psycopg.connect(_plain(self.owned), autocommit=True, row_factory=dict_row))

    def drop(self) -> None:
        self.databases.drop(self.owned)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Hand(ABC):
    """Somebody's hand in the database: rows as dictionaries."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.choose = random.Random(0)

    @abstractmethod
    def do(self, statement: str, *values: object) -> Any:
        """Runs a statement whose marks are question marks."""

    @abstractmethod
    def triggers(self, *, on: bool) -> None:
        """Takes the triggers that keep rows from being changed out of the way, or puts them back."""

    @abstractmethod
    def drop_trigger(self, table: str) -> None:
        """Takes one away for good."""

    @abstractmethod
    def replace_trigger(self, table: str) -> None:
        """Puts something of the same name in its place, which refuses nothing."""

    def rows(self, query: str, *values: object) -> list[Row]:
        return [dict(row) for row in self.do(query, *values).fetchall()]

    def pairs(self, query: str) -> set[tuple[str, int]]:
        return {(str(one), int(other)) for one, other in (row.values() for row in self.rows(query))}

    def log(self, episode: str) -> list[Row]:
        return self.rows("SELECT * FROM entry WHERE episode_id = ? ORDER BY sequence", episode)

    def episodes(self, longer_than: int = 3) -> list[str]:
        found = self.rows("SELECT episode_id FROM episode WHERE head_sequence > ? ORDER BY 1", longer_than)
        return [row["episode_id"] for row in found]

    def an_episode(self) -> str:
        return self.choose.choice(self.episodes())

    def an_entry(self, *, after: int = 0) -> Row:
        log = self.log(self.an_episode())
        return self.choose.choice(log[after:])

    def insert(self, table: str, row: Row) -> None:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        self.do(f"INSERT INTO {table} ({names}) VALUES ({marks})", *row.values())

    def put(self, entry: Row, **changes: object) -> None:
        """Changes columns of an entry that stays in its place."""
        told = ", ".join(f"{name} = ?" for name in changes)
        where = (entry["episode_id"], entry["sequence"])
        self.do(f"UPDATE entry SET {told} WHERE episode_id = ? AND sequence = ?", *changes.values(), *where)

    def write_log(self, episode: str, log: Sequence[Row]) -> None:
        """The log of an episode anew, in this order, with a chain that holds and the summary that ends it."""
        self.do("DELETE FROM entry WHERE episode_id = ?", episode)
        before = GENESIS
        for number, row in enumerate(log, start=1):
            payload = json.loads(row["body"])
            payload.pop("prev_hash")
            sealed = seal({**payload, "sequence": number}, before)
            made = {"sequence": number, "body": sealed.body, "prev_hash": before, "hash": sealed.hash}
            self.insert("entry", row | made)
            before = sealed.hash
        last = self.log(episode)[-1]
        self.do(
            "UPDATE episode SET head_sequence = ?, head_hash = ?, head_recorded_at = ? WHERE episode_id = ?",
            *(last["sequence"], last["hash"], last["recorded_at"], episode),
        )

    def rebuild_the_tree(self) -> None:
        """Audit records that tell of today's hashes, and a log over everything as it is now."""
        hashes = {row["entry_id"]: row["hash"] for row in self.rows("SELECT entry_id, hash FROM entry")}
        for row in self.rows("SELECT * FROM audit"):
            told = json.loads(row["body"])
            kept = [each for each in told["entries"] if each["entry"] in hashes]
            told["entries"] = [{"entry": each["entry"], "hash": hashes[each["entry"]]} for each in kept]
            if told["entries"] != json.loads(row["body"])["entries"]:
                self.put_record(row, told)
        bodies = {row["entry_id"]: row["body"] for row in self.rows("SELECT entry_id, body FROM entry")}
        bodies |= {row["audit_id"]: row["body"] for row in self.rows("SELECT audit_id, body FROM audit")}
        leaves = self.rows("SELECT * FROM leaf ORDER BY position")
        made = [
            leaf | {"position": place, "hash": leaf_hash(bodies[leaf["record_id"]].encode())}
            for place, leaf in enumerate(leaf for leaf in leaves if leaf["record_id"] in bodies)
        ]
        self.do("DELETE FROM leaf")
        self.do("DELETE FROM node")
        for leaf in made:
            self.insert("leaf", leaf)
        node = over([leaf["hash"] for leaf in made])
        for level, number in complete(0, len(made)):
            kept_node = {"site_id": SITE, "level": level, "number": number, "hash": node(level, number)}
            self.insert("node", kept_node)
        self.do("UPDATE tree SET size = ?, root = ?", len(made), root(len(made), node))

    def put_record(self, row: Row, told: Row, **columns: object) -> None:
        """An audit record with another text, and the hash of that."""
        body = text_of(told)
        changes = {"body": body, "hash": sha256(body.encode()).hexdigest()} | columns
        names = ", ".join(f"{name} = ?" for name in changes)
        self.do(f"UPDATE audit SET {names} WHERE audit_id = ?", *changes.values(), row["audit_id"])


class HandInFile(Hand):
    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.do("PRAGMA synchronous = OFF")
        connection.row_factory = sqlite3.Row
        self._dropped: list[tuple[str, str]] = []

    def do(self, statement: str, *values: object) -> Any:
        return self.connection.execute(statement, values)

    def triggers(self, *, on: bool) -> None:
        if on:
            for _, statement in self._dropped:
                self.do(statement)
            return
        made = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        self._dropped = [(row["name"], row["sql"]) for row in made]
        assert len(self._dropped) >= 2 * len(APPEND_ONLY)
        for name, _ in self._dropped:
            self.do(f"DROP TRIGGER {name}")

    def drop_trigger(self, table: str) -> None:
        self.do(f"DROP TRIGGER {table}_append_only_{self.choose.choice(['update', 'delete'])}")

    def replace_trigger(self, table: str) -> None:
        name = f"{table}_append_only_update"
        self.do(f"DROP TRIGGER {name}")
        self.do(f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT 1; END")


class HandOnServer(Hand):
    def do(self, statement: str, *values: object) -> Any:
        return self.connection.execute(statement.replace("?", "%s"), values or None)

    def triggers(self, *, on: bool) -> None:
        for table in APPEND_ONLY:
            self.do(f"ALTER TABLE {table} {'ENABLE ALWAYS' if on else 'DISABLE'} TRIGGER {table}_append_only")

    def drop_trigger(self, table: str) -> None:
        self.do(f"DROP TRIGGER {table}_append_only ON {table}")

    def replace_trigger(self, table: str) -> None:
        nothing = "$$ BEGIN RETURN NULL; END $$"
        self.do(f"CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS {nothing}")


def text_of(told: Row) -> str:
    """The canonical text of what is in a body."""
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def named(*rows: Row) -> Touched:
    return Touched(frozenset((row["episode_id"], row["sequence"]) for row in rows))


def edit_a_field(record: Record, choose: random.Random) -> Touched:
    """A value in the event (in the text alone, with its hash, or with the chain after it), or of what is beside it."""
    with record.hand(choose) as hand:
        entry = hand.an_entry(after=1)
        told = json.loads(entry["body"])
        event = told["event"]
        name = choose.choice(sorted(event.keys() - {"kind"}))
        event[name] = "2019-01-01" if name == "occurred_on" else "forged"
        body = text_of(told)
        match choose.randrange(5):
            case 0:
                hand.put(entry, body=body)
            case 1:
                hand.put(entry, body=body, hash=sha256(body.encode()).hexdigest())
            case 2:
                log = hand.log(entry["episode_id"])
                log[entry["sequence"] - 1] = entry | {"body": body}
                hand.write_log(entry["episode_id"], log)
            case 3:
                hand.put(entry, recommendation=choose.choice([None, '{"recommended":"forged"}']))
            case _:
                return _edit_the_summary(hand, entry["episode_id"])
        return named(entry)


def _edit_the_summary(hand: Hand, episode: str) -> Touched:
    """A column of the summary row: whose child it is, where it stands, what is due."""
    changes: Row = {
        "state": "closed",
        "engine": "0" * 64,
        "time_zone": "Asia/Tokyo",
        "opened_on": "2020-01-01",
        "due_what": "forged",
        "recommended": "forged",
        "missing": 77,
        "snapshot": "{}",
        "facts_digest": "0" * 64,
        "pathway_version": 99,
        "pseudonym": "another child",
    }
    name = hand.choose.choice(sorted(changes))
    hand.do(f"UPDATE episode SET {name} = ? WHERE episode_id = ?", changes[name], episode)
    return named(hand.log(episode)[-1])


def edit_the_actor(record: Record, choose: random.Random) -> Touched:
    """Of an entry, or of the audit record that says who wrote it: in a column, in the text, in both."""
    with record.hand(choose) as hand:
        entry = hand.an_entry()
        told = json.loads(entry["body"]) | {"actor": "somebody else"}
        body = text_of(told)
        match choose.randrange(4):
            case 0:
                hand.put(entry, actor="somebody else")
            case 1:
                hand.put(entry, actor="somebody else", body=body, hash=sha256(body.encode()).hexdigest())
            case 2:
                row = _record_of(hand, entry)
                told = json.loads(row["body"]) | {"subject": "somebody else"}
                hand.put_record(row, told, subject="somebody else")
            case _:
                hand.do("DELETE FROM audit WHERE audit_id = ?", _record_of(hand, entry)["audit_id"])
        return named(entry)


def _record_of(hand: Hand, entry: Row) -> Row:
    """The audit record that says who wrote an entry."""
    rows = hand.rows("SELECT * FROM audit WHERE episode_id = ?", entry["episode_id"])
    return next(row for row in rows if entry["entry_id"] in row["body"])


def edit_the_time(record: Record, choose: random.Random) -> Touched:
    with record.hand(choose) as hand:
        entry = hand.an_entry()
        column = choose.choice(["recorded_at", "occurred_on"])
        before = {"recorded_at": "2020-01-01T00:00:00.000000+00:00", "occurred_on": "2020-01-01"}
        told: str | bytes = before[column]
        if isinstance(record, RecordInFile) and choose.randrange(2):
            told = choose.choice(("yesterday", "", b"\0"))  # a file takes anything
        hand.put(entry, **{column: told})
        return named(entry)


def reorder(record: Record, choose: random.Random) -> Touched:
    """Two entries change places, with or without a chain made anew."""
    with record.hand(choose) as hand:
        log = hand.log(hand.an_episode())
        one, other = sorted(choose.sample(range(len(log)), 2))
        touched = named(log[one], log[other])
        if choose.randrange(2):
            log[one], log[other] = log[other], log[one]
            hand.write_log(log[0]["episode_id"], log)
        else:
            first, second = log[one], log[other]
            hand.put(first, sequence=9_999)
            hand.put(second, sequence=first["sequence"])
            hand.put(first | {"sequence": 9_999}, sequence=second["sequence"])
        return touched


def drop(record: Record, choose: random.Random) -> Touched:
    """An entry is taken out of the middle, with or without a chain made anew."""
    with record.hand(choose) as hand:
        log = hand.log(hand.an_episode())
        gone = choose.randrange(1, len(log) - 1)
        if choose.randrange(2):
            hand.write_log(log[0]["episode_id"], log[:gone] + log[gone + 1 :])
        else:
            hand.do("DELETE FROM entry WHERE entry_id = ?", log[gone]["entry_id"])
        return named(log[gone])


def insert_in_the_past(record: Record, choose: random.Random) -> Touched:
    with record.hand(choose) as hand:
        log = hand.log(hand.an_episode())
        place = choose.randrange(1, len(log))
        forged = log[place] | {"entry_id": "00000000-0000-7000-8000-00000000f0f0"}
        forged["body"] = text_of(json.loads(forged["body"]) | {"entry": forged["entry_id"]})
        hand.write_log(log[0]["episode_id"], [*log[:place], forged, *log[place:]])
        return named(log[place])


def truncate_the_tail(record: Record, choose: random.Random) -> Touched:
    """The last entries are gone: alone, with their summary, or with everything that told of them."""
    with record.hand(choose) as hand:
        log = hand.log(hand.an_episode())
        kept = choose.randrange(1, len(log))
        thorough = choose.randrange(3)
        for row in log[kept:]:
            hand.do("DELETE FROM entry WHERE entry_id = ?", row["entry_id"])
        if thorough:
            hand.write_log(log[0]["episode_id"], log[:kept])
        if thorough == 2:
            hand.rebuild_the_tree()
        return named(*log[kept:])


def swap_between_episodes(record: Record, choose: random.Random) -> Touched:
    """Entries change places, or all that makes two episodes those of two children."""
    with record.hand(choose) as hand:
        first, second = choose.sample(hand.episodes(), 2)
        if choose.randrange(3) == 0:
            return _swap_the_children(hand, first, second)
        place = choose.randrange(1, 4)
        one, other = hand.log(first)[place], hand.log(second)[place]
        carried = sorted(one.keys() - {"site_id", "episode_id", "sequence", "entry_id", "prev_hash"})
        hand.put(one, **{name: other[name] for name in carried})
        hand.put(other, **{name: one[name] for name in carried})
        return named(one, other)


def _swap_the_children(hand: Hand, *episodes: str) -> Touched:
    """Each of two episodes is said to be the other child's."""
    pseudonyms = [
        hand.rows("SELECT pseudonym FROM episode WHERE episode_id = ?", each)[0]["pseudonym"]
        for each in episodes
    ]
    for episode, pseudonym in (
        (episodes[0], "nobody"),
        (episodes[1], pseudonyms[0]),
        (episodes[0], pseudonyms[1]),
    ):
        hand.do("UPDATE episode SET pseudonym = ? WHERE episode_id = ?", pseudonym, episode)
    return named(*(hand.log(each)[-1] for each in episodes))


def restore_an_older_state(record: Record, choose: random.Random) -> Touched:
    """An older copy of the database is put in its place; what came after it is gone."""
    now = _entries_of(record)
    record.restore_older()
    return Touched(frozenset(now - _entries_of(record)))


def _entries_of(record: Record) -> set[tuple[str, int]]:
    hand = record.connected()
    with closing(hand.connection):
        return hand.pairs("SELECT episode_id, sequence FROM entry")


def drop_a_trigger(record: Record, choose: random.Random) -> Touched:
    """A trigger is dropped, or one that does nothing has its name; and a row is edited."""
    with record.hand(choose) as hand:
        entry = hand.an_entry()
        hand.put(entry, recommendation=json.dumps({"as_of": "2026-03-02", "recommended": "forged"}))
    hand = record.connected()
    hand.choose = choose
    with closing(hand.connection):
        choose.choice([hand.drop_trigger, hand.replace_trigger])(choose.choice(APPEND_ONLY))
    return Touched(named(entry).entries, "trigger_missing")


def rebuild(record: Record, choose: random.Random) -> Touched:
    """An entry is altered, and everything that could show it is made anew: chain, audit records, leaves, nodes."""
    with record.hand(choose) as hand:
        entry = hand.an_entry(after=1)
        body = text_of(json.loads(entry["body"]) | {"actor": "somebody else"})
        log = hand.log(entry["episode_id"])
        log[entry["sequence"] - 1] = entry | {"body": body, "actor": "somebody else"}
        hand.write_log(entry["episode_id"], log)
        hand.rebuild_the_tree()
        return named(entry)


def change_the_definition(record: Record, choose: random.Random) -> Touched:
    """The file of the pathway's definition is another than entries were made under."""
    hand = record.connected()
    with closing(hand.connection):
        ends = hand.pairs("SELECT episode_id, head_sequence FROM episode")
    return Touched(frozenset(ends), "definition_differs")


def with_another_definition(installation: Installation) -> Installation:
    """The installation with a definition of which one word was changed."""
    changed = [replace(each, title=f"{each.title}.") for each in installation.catalogue]
    return replace(installation, catalogue=Catalogue(tuple(changed)))


MUTATIONS: dict[str, Callable[[Record, random.Random], Touched]] = {
    "field": edit_a_field,
    "actor": edit_the_actor,
    "time": edit_the_time,
    "reorder": reorder,
    "drop": drop,
    "insert in the past": insert_in_the_past,
    "truncate the tail": truncate_the_tail,
    "swap between episodes": swap_between_episodes,
    "older backup restored": restore_an_older_state,
    "trigger dropped and row edited": drop_a_trigger,
    "tree rebuilt": rebuild,
    "definition file changed": change_the_definition,
}
