"""An honest record, and a dozen ways in which somebody with all rights on the database might touch it.

Whoever does this knows the service: triggers are dropped and put back, hashes are taken again, rows that refer to
each other are changed together. What they do not have is the signing key, nor the folder of the checkpoints.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pathway.catalogue import Catalogue
from pathway.proof.chain import GENESIS, seal
from pathway.proof.merkle import complete, leaf_hash, over, root
from pathway.settings import Settings
from pathway.store.tables import APPEND_ONLY
from pathway.use_cases.checkpoints import Notary
from pathway.use_cases.installation import Installation
from pathway.use_cases.verify import Report, verify_site
from tests.sides import Clock

SITE = "north"
LATER = datetime(2027, 1, 1, 12, tzinfo=UTC)
"""After everything in the record: whatever lease a worker had has run out."""


@dataclass(frozen=True)
class Touched:
    """What a mutation touched: episode and number of an entry, or None where it is no one entry."""

    entries: frozenset[tuple[str, int]] = frozenset()
    what: str = ""


@dataclass(frozen=True)
class Record:
    """A database file with its folder of checkpoints, and an older state of the file."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "pathway.db"

    @property
    def older(self) -> Path:
        return self.folder / "older.db"

    def copy(self, folder: Path) -> Record:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Record(folder)

    @contextmanager
    def installation(self) -> Iterator[Installation]:
        settings = Settings(env="development", database_url=f"sqlite:///{self.database}")
        installation = Installation.open(settings, Clock(LATER))
        try:
            yield installation
        finally:
            installation.close()

    def verified(self, change: Callable[[Installation], Installation] = lambda one: one) -> Report:
        with self.installation() as installation:
            changed = change(installation)
            return verify_site(changed, Notary(changed), SITE)


class Hand:
    """Somebody's hand in the database: rows as dictionaries, with the triggers out of the way."""

    def __init__(self, connection: sqlite3.Connection, choose: random.Random) -> None:
        self.connection = connection
        self.choose = choose
        connection.row_factory = sqlite3.Row

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(query, values)]

    def log(self, episode: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM entry WHERE episode_id = ? ORDER BY sequence", episode)

    def episodes(self, longer_than: int = 3) -> list[str]:
        found = self.rows("SELECT episode_id FROM episode WHERE head_sequence > ? ORDER BY 1", longer_than)
        return [row["episode_id"] for row in found]

    def an_episode(self) -> str:
        return self.choose.choice(self.episodes())

    def an_entry(self, *, after: int = 0) -> dict[str, Any]:
        log = self.log(self.an_episode())
        return self.choose.choice(log[after:])

    def put(self, entry: dict[str, Any], **changes: object) -> None:
        """Changes columns of an entry that stays in its place."""
        told = ", ".join(f"{name} = ?" for name in changes)
        where = (entry["episode_id"], entry["sequence"])
        self.connection.execute(
            f"UPDATE entry SET {told} WHERE episode_id = ? AND sequence = ?", (*changes.values(), *where)
        )

    def write_log(self, episode: str, log: Sequence[dict[str, Any]]) -> None:
        """The log of an episode anew, in this order, with a chain that holds and the summary that ends it."""
        self.connection.execute("PRAGMA foreign_keys = OFF")
        self.connection.execute("DELETE FROM entry WHERE episode_id = ?", (episode,))
        before = GENESIS
        for number, row in enumerate(log, start=1):
            payload = json.loads(row["body"])
            payload.pop("prev_hash")
            sealed = seal({**payload, "sequence": number}, before)
            made = row | {
                "sequence": number,
                "body": sealed.body,
                "prev_hash": before,
                "hash": sealed.hash,
            }
            names = ", ".join(made)
            marks = ", ".join("?" * len(made))
            self.connection.execute(f"INSERT INTO entry ({names}) VALUES ({marks})", tuple(made.values()))
            before = sealed.hash
        last = self.log(episode)[-1]
        self.connection.execute(
            "UPDATE episode SET head_sequence = ?, head_hash = ?, head_recorded_at = ? WHERE episode_id = ?",
            (last["sequence"], last["hash"], last["recorded_at"], episode),
        )

    def rebuild_the_tree(self) -> None:
        """Audit records that tell of today's hashes, and a log over everything as it is now."""
        hashes = {row["entry_id"]: row["hash"] for row in self.rows("SELECT entry_id, hash FROM entry")}
        for row in self.rows("SELECT * FROM audit"):
            told = json.loads(row["body"])
            kept = [each for each in told["entries"] if each["entry"] in hashes]
            told["entries"] = [{"entry": each["entry"], "hash": hashes[each["entry"]]} for each in kept]
            body = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self.connection.execute(
                "UPDATE audit SET body = ?, hash = ? WHERE audit_id = ?",
                (body, sha256(body.encode()).hexdigest(), row["audit_id"]),
            )
        bodies = {row["entry_id"]: row["body"] for row in self.rows("SELECT entry_id, body FROM entry")}
        bodies |= {row["audit_id"]: row["body"] for row in self.rows("SELECT audit_id, body FROM audit")}
        leaves = self.rows("SELECT * FROM leaf ORDER BY position")
        kept = [leaf for leaf in leaves if leaf["record_id"] in bodies]
        self.connection.execute("DELETE FROM leaf")
        self.connection.execute("DELETE FROM node")
        made = [
            leaf | {"position": place, "hash": leaf_hash(bodies[leaf["record_id"]].encode())}
            for place, leaf in enumerate(kept)
        ]
        for leaf in made:
            self.connection.execute("INSERT INTO leaf VALUES (?, ?, ?, ?, ?)", tuple(leaf.values()))
        node = over([leaf["hash"] for leaf in made])
        for level, number in complete(0, len(made)):
            kept_node = (SITE, level, number, node(level, number))
            self.connection.execute("INSERT INTO node VALUES (?, ?, ?, ?)", kept_node)
        self.connection.execute("UPDATE tree SET size = ?, root = ?", (len(made), root(len(made), node)))


@contextmanager
def hand_in(record: Record, choose: random.Random) -> Iterator[Hand]:
    """Everything within happens in the file, with the triggers dropped before and put back afterwards."""
    with closing(sqlite3.connect(record.database, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        assert len(triggers) >= 2 * len(APPEND_ONLY)
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield Hand(connection, choose)
        for _, sql in triggers:
            connection.execute(sql)


def named(*rows: dict[str, Any]) -> Touched:
    return Touched(frozenset((row["episode_id"], row["sequence"]) for row in rows))


def edit_a_field(record: Record, choose: random.Random) -> Touched:
    """A value in the event: in the text alone, with its hash, or with the chain after it."""
    with hand_in(record, choose) as hand:
        entry = hand.an_entry(after=1)
        told = json.loads(entry["body"])
        event = told["event"]
        name = choose.choice(sorted(event.keys() - {"kind"}))
        event[name] = "2019-01-01" if name == "occurred_on" else "forged"
        body = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        match choose.randrange(3):
            case 0:
                hand.put(entry, body=body)
            case 1:
                hand.put(entry, body=body, hash=sha256(body.encode()).hexdigest())
            case _:
                log = hand.log(entry["episode_id"])
                log[entry["sequence"] - 1] = entry | {"body": body}
                hand.write_log(entry["episode_id"], log)
        return named(entry)


def edit_the_actor(record: Record, choose: random.Random) -> Touched:
    with hand_in(record, choose) as hand:
        entry = hand.an_entry()
        told = json.loads(entry["body"]) | {"actor": "somebody else"}
        body = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if choose.randrange(2):
            hand.put(entry, actor="somebody else")
        else:
            hand.put(entry, actor="somebody else", body=body, hash=sha256(body.encode()).hexdigest())
        return named(entry)


def edit_the_time(record: Record, choose: random.Random) -> Touched:
    with hand_in(record, choose) as hand:
        entry = hand.an_entry()
        column = choose.choice(["recorded_at", "occurred_on"])
        before = {"recorded_at": "2020-01-01T00:00:00.000000+00:00", "occurred_on": "2020-01-01"}
        hand.put(entry, **{column: before[column]})
        return named(entry)


def reorder(record: Record, choose: random.Random) -> Touched:
    """Two entries change places, with or without a chain made anew."""
    with hand_in(record, choose) as hand:
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
    with hand_in(record, choose) as hand:
        log = hand.log(hand.an_episode())
        gone = choose.randrange(1, len(log) - 1)
        if choose.randrange(2):
            hand.write_log(log[0]["episode_id"], log[:gone] + log[gone + 1 :])
        else:
            hand.connection.execute("DELETE FROM entry WHERE entry_id = ?", (log[gone]["entry_id"],))
        return named(log[gone])


def insert_in_the_past(record: Record, choose: random.Random) -> Touched:
    with hand_in(record, choose) as hand:
        log = hand.log(hand.an_episode())
        place = choose.randrange(1, len(log))
        forged = log[place] | {"entry_id": "00000000-0000-7000-8000-00000000f0f0"}
        told = json.loads(forged["body"]) | {"entry": forged["entry_id"]}
        forged["body"] = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        hand.write_log(log[0]["episode_id"], [*log[:place], forged, *log[place:]])
        return named(log[place])


def truncate_the_tail(record: Record, choose: random.Random) -> Touched:
    """The last entries are gone: alone, with their summary, or with everything that told of them."""
    with hand_in(record, choose) as hand:
        log = hand.log(hand.an_episode())
        kept = choose.randrange(1, len(log))
        thorough = choose.randrange(3)
        hand.connection.execute("PRAGMA foreign_keys = OFF")
        for row in log[kept:]:
            hand.connection.execute("DELETE FROM entry WHERE entry_id = ?", (row["entry_id"],))
        if thorough:
            hand.write_log(log[0]["episode_id"], log[:kept])
        if thorough == 2:
            hand.rebuild_the_tree()
        return named(*log[kept:])


def swap_between_episodes(record: Record, choose: random.Random) -> Touched:
    with hand_in(record, choose) as hand:
        first, second = choose.sample(hand.episodes(), 2)
        place = choose.randrange(1, 4)
        one, other = hand.log(first)[place], hand.log(second)[place]
        carried = (
            "kind",
            "occurred_on",
            "recorded_at",
            "actor",
            "client_id",
            "body",
            "hash",
            "recommendation",
        )
        hand.put(one, **{name: other[name] for name in carried})
        hand.put(other, **{name: one[name] for name in carried})
        return named(one, other)


def restore_an_older_state(record: Record, choose: random.Random) -> Touched:
    """An older copy of the file is put in its place; what came after it is gone."""
    with closing(sqlite3.connect(record.database)) as connection:
        now = set(connection.execute("SELECT episode_id, sequence FROM entry"))
    shutil.copyfile(record.older, record.database)
    with closing(sqlite3.connect(record.database)) as connection:
        then = set(connection.execute("SELECT episode_id, sequence FROM entry"))
    return Touched(frozenset(now - then))


def drop_a_trigger(record: Record, choose: random.Random) -> Touched:
    with closing(sqlite3.connect(record.database, isolation_level=None)) as connection:
        table = choose.choice(APPEND_ONLY)
        connection.execute(f"DROP TRIGGER {table}_append_only_{choose.choice(['update', 'delete'])}")
        connection.execute("DROP TRIGGER IF EXISTS entry_append_only_update")
        hand = Hand(connection, choose)
        entry = hand.an_entry()
        hand.put(entry, recommendation=json.dumps({"as_of": "2026-03-02", "recommended": "forged"}))
        return Touched(named(entry).entries, "trigger_missing")


def rebuild(record: Record, choose: random.Random) -> Touched:
    """An entry is altered, and everything that could show it is made anew: chain, audit records, leaves, nodes."""
    with hand_in(record, choose) as hand:
        entry = hand.an_entry(after=1)
        told = json.loads(entry["body"]) | {"actor": "somebody else"}
        body = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        log = hand.log(entry["episode_id"])
        log[entry["sequence"] - 1] = entry | {"body": body, "actor": "somebody else"}
        hand.write_log(entry["episode_id"], log)
        hand.rebuild_the_tree()
        return named(entry)


def change_the_definition(record: Record, choose: random.Random) -> Touched:
    """The file of the pathway's definition is another than entries were made under."""
    with closing(sqlite3.connect(record.database)) as connection:
        ends = set(connection.execute("SELECT episode_id, head_sequence FROM episode"))
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
