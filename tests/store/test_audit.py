"""Whatever is asked of the writer in somebody's name leaves one audit record, in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import orjson
import pytest
from sqlalchemy import text

from pathway.proof.merkle import leaf_hash
from pathway.store.values import Access, AuditsOf, Proposal
from pathway.store.writer import Command, View
from tests.store.builders import SITE, Store, opening, recording

ACCESS = Access("dr-okafor", ("clinician",), "record_events")


def audited(command: Command) -> Command:
    return replace(command, access=ACCESS)


def records(store: Store) -> list[dict[str, object]]:
    with store.owner.read.connect() as connection:
        found = connection.execute(text("SELECT * FROM audit ORDER BY audit_id")).mappings().all()
    return [dict(row) for row in found]


def unlogged(store: Store) -> list[list[str]]:
    with store.owner.read.connect() as connection:
        found = connection.execute(text("SELECT leaves FROM unlogged ORDER BY commit_id")).scalars().all()
    return [leaf for one in found for leaf in orjson.loads(one)]


def test_a_write_names_who_did_what_and_the_entries_it_made(store: Store) -> None:
    store.do(audited(opening("episode", key="k1")))
    (record,) = records(store)
    body = orjson.loads(str(record["body"]))
    assert record["hash"] == sha256(str(record["body"]).encode()).hexdigest()
    assert (record["subject"], record["client_id"], record["operation"], record["outcome"]) == (
        "dr-okafor",
        "client",
        "record_events",
        "opened",
    )
    assert record["episode_id"] == body["episode"] == "episode"
    entry = store.readers.entries(SITE, "episode")[0]
    assert body["entries"] == [{"entry": entry.entry_id, "hash": entry.hash}]


def test_a_repeated_request_leaves_a_record_of_its_own_without_entries(store: Store) -> None:
    store.do(audited(opening("episode")))
    for _ in range(2):
        store.do(audited(recording("episode", key="k2")))
    first, again = records(store)[1:]
    assert first["outcome"] == again["outcome"] == "recorded"
    assert orjson.loads(str(first["body"]))["entries"] != []
    assert orjson.loads(str(again["body"]))["entries"] == []


def test_a_dry_run_leaves_a_record_and_no_entry(store: Store) -> None:
    store.do(opening("episode"))
    store.do(audited(recording("episode", dry_run=True)))
    (record,) = records(store)
    assert record["episode_id"] == "episode"
    assert orjson.loads(str(record["body"]))["entries"] == []
    assert store.count("entry") == 1


@pytest.mark.shows("T-31")
def test_a_decision_that_fails_leaves_no_record(store: Store) -> None:

    def fail(_view: View, _now: datetime) -> Proposal:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.do(Command(SITE, "client", None, fail, access=ACCESS))
    assert records(store) == []


@pytest.mark.shows("R-086")
def test_every_entry_and_audit_record_waits_for_the_log_with_its_leaf_hash(idle: Store) -> None:
    store = idle
    for command in (opening("first"), opening("second")):
        store.writer.submit(audited(command))
    store.start()
    store.do(recording("first"))
    leaves = unlogged(store)
    told = {str(row["audit_id"]): str(row["body"]) for row in records(store)}
    told |= {
        entry.entry_id: entry.body
        for episode in ("first", "second")
        for entry in store.readers.entries(SITE, episode)
    }
    assert {record: hashed for _, record, hashed in leaves} == {
        record: leaf_hash(body.encode()) for record, body in told.items()
    }
    assert [kind for kind, _, _ in leaves] == ["entry", "audit", "entry", "audit", "entry"]
    assert store.count("unlogged") == 2, "one row for each commit, however many records it has"


def test_records_are_found_by_what_came_of_them_and_the_others_are_the_rest(store: Store) -> None:
    store.do(audited(opening("episode")))
    store.do(audited(recording("episode", key="k2")))
    written = AuditsOf(frozenset({"opened", "elsewhere"}))
    asked = {"written": written, "rest": replace(written, all_others=True)}
    found = {name: [each.outcome for each in store.readers.audits(SITE, of=of)] for name, of in asked.items()}
    assert found == {"written": ["opened"], "rest": ["recorded"]}
    by_operation = AuditsOf(frozenset(), frozenset({"record_events"}))
    assert len(store.readers.audits(SITE, of=by_operation)) == 2
