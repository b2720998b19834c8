"""What was committed gets its place in the Merkle log of its site: once, in order, by one worker at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from pathway.proof.merkle import EMPTY, consistency, inclusion, leaf_hash, over, root
from pathway.proof.verifier import root_from_inclusion, roots_from_consistency
from pathway.store import tree
from pathway.store.tree import Head, MerkleLog
from pathway.store.values import Access
from tests.store.builders import NOON, SITE, Store, opening, recording

LEASE = timedelta(minutes=2)
ACCESS = Access("dr-okafor", ("clinician",), "record_events")


def grow(store: Store, *episodes: str) -> None:
    for episode in episodes:
        store.do(replace(opening(episode), access=ACCESS))
        store.do(recording(episode, access=ACCESS))


def integrate(store: Store, holder: str = "worker", now: datetime = NOON) -> Head | None:
    return MerkleLog(store.engines).integrate(SITE, now, holder, LEASE)


@pytest.mark.shows("R-086")
def test_every_record_has_one_place_and_the_root_is_that_of_the_leaves(store: Store) -> None:
    grow(store, "first", "second")
    head = integrate(store)
    log = MerkleLog(store.engines)
    assert head == log.head(SITE)
    assert head is not None
    assert head.size == 8
    leaves = log.leaves(SITE, 0, head.size)
    assert [leaf.position for leaf in leaves] == list(range(8))
    assert head.root == root(8, over([leaf.hash for leaf in leaves]))
    bodies = {e.entry_id: e.body for name in ("first", "second") for e in store.readers.entries(SITE, name)}
    bodies |= {a.audit_id: a.body for a in store.readers.audits(SITE)}
    assert {leaf.record_id: leaf.hash for leaf in leaves} == {
        record: leaf_hash(body.encode()) for record, body in bodies.items()
    }
    assert log.waiting(SITE) == {}


def test_nothing_new_leaves_the_log_as_it_is(store: Store) -> None:
    grow(store, "first")
    assert integrate(store) == integrate(store)


def test_it_grows_over_many_runs_as_if_it_had_grown_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "COMMITS", 7)
    grow(store, *(f"episode-{number}" for number in range(150)))
    heads = [integrate(store)]
    while MerkleLog(store.engines).waiting(SITE):
        heads.append(integrate(store))
    log = MerkleLog(store.engines)
    leaves = [leaf.hash for leaf in log.leaves(SITE, 0, 1_000)]
    assert len(leaves) == 600
    assert log.whole(SITE) == (heads[-1], {(1, number): over(leaves)(1, number) for number in range(2)})
    for head in heads:
        assert head is not None
        assert head.root == root(head.size, over(leaves))
    last = heads[-1]
    assert last is not None
    for position in (0, 255, 256, 599):
        proof = inclusion(position, last.size, log.nodes(SITE, last.size, [position]))
        assert root_from_inclusion(leaves[position], position, last.size, proof) == last.root
    first = heads[len(heads) // 2]
    assert first is not None
    proof = consistency(first.size, last.size, log.nodes(SITE, last.size, [first.size - 1, first.size]))
    assert roots_from_consistency(first.size, last.size, first.root, proof) == (first.root, last.root)


def test_while_one_worker_has_the_lease_another_does_nothing(store: Store) -> None:
    grow(store, "first")
    assert integrate(store, "one") is not None
    grow(store, "second")
    assert integrate(store, "another") is None
    assert len(MerkleLog(store.engines).waiting(SITE)) == 4
    assert integrate(store, "one") is not None


def test_whoever_asks_for_it_now_need_not_wait_for_the_lease(store: Store) -> None:
    grow(store, "first")
    integrate(store, "one")
    grow(store, "second")
    head = MerkleLog(store.engines).integrate(SITE, NOON)
    assert head is not None
    assert head.size == 8
    grow(store, "third")
    assert integrate(store, "another") is None, "the lease is still the first worker's"


def test_a_lease_that_has_run_out_goes_to_whoever_comes(store: Store) -> None:
    grow(store, "first")
    integrate(store, "one")
    grow(store, "second")
    head = integrate(store, "another", NOON + LEASE)
    assert head is not None
    assert head.size == 8


def test_workers_at_once_give_each_record_one_place(store: Store) -> None:
    grow(store, *(f"episode-{number}" for number in range(20)))
    later = NOON + LEASE

    def work(number: int) -> None:
        for step in range(5):
            integrate(store, f"worker-{number}", later + step * 2 * LEASE)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = MerkleLog(store.engines)
    assert [leaf.position for leaf in log.leaves(SITE, 0, 1_000)] == list(range(80))
    assert log.waiting(SITE) == {}


def test_each_site_has_a_log_of_its_own(store: Store) -> None:
    store.do(opening("here"))
    store.do(opening("there", site_id="hospital-2"))
    log = MerkleLog(store.engines)
    assert log.sites() == [SITE, "hospital-2"]
    assert integrate(store) is not None
    assert log.head(SITE).size == 1
    assert log.head("hospital-2") == Head(0, EMPTY)
    assert len(log.waiting("hospital-2")) == 1
    assert log.head("hospital-3") == log.integrate("hospital-3", NOON) == Head(0, EMPTY)


def test_where_records_stand_is_told_for_those_that_have_a_place(store: Store) -> None:
    grow(store, "first")
    integrate(store)
    grow(store, "second")
    entries = [e.entry_id for name in ("first", "second") for e in store.readers.entries(SITE, name)]
    found = MerkleLog(store.engines).placed(SITE, entries)
    assert {record: leaf.kind for record, leaf in found.items()} == dict.fromkeys(entries[:2], "entry")


def test_what_a_rolled_back_commit_would_have_added_never_gets_a_place(store: Store) -> None:
    grow(store, "first")
    with store.owner.write.connect() as connection:
        connection.begin()
        connection.execute(text(f"INSERT INTO unlogged VALUES ('{SITE}', 'x', '[[\"entry\",\"e\",\"h\"]]')"))
        connection.rollback()
    head = integrate(store)
    assert head is not None
    assert head.size == 4
