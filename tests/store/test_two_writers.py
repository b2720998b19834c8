"""Two processes that write to one database at the same time decide on the same truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from sqlalchemy import text

from pathway.proof.chain import check
from pathway.store.values import NewPatient, Proposal, Settled
from pathway.store.writer import Command, View
from tests.store.builders import SITE, Store, a_summary, an_entry, opened, opening, recording, until


@pytest.fixture
def pair(database_url: str) -> Iterator[tuple[Store, Store]]:
    with opened(database_url) as first, opened(database_url) as second:
        yield first.start(), second.start()


@pytest.fixture
def meet() -> Callable[[], None]:
    """Waits until both writers are in the middle of their decisions, the first time each comes by.

    SQLite lets only one decide at a time; there the first does not wait for long.
    """
    barrier = threading.Barrier(2)

    def wait() -> None:
        try:
            barrier.wait(timeout=0.5)
        except threading.BrokenBarrierError:
            return
        barrier.abort()

    return wait


def both(pair: tuple[Store, Store], *commands: Command) -> list[Settled]:
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda store, command: store.do(command), pair, commands))


def open_if_there_is_none(patient: str, meet: Callable[[], None]) -> Command:
    """As the use case does it: find or name the patient, then open unless an episode is open."""
    pseudonym_if_new, episode_id = f"p-{threading.get_ident()}-{id(object())}", f"e-{id(object())}-{patient}"

    def decide(view: View, now: datetime) -> Proposal:
        known = view.patient("urn:mrn", patient)
        pseudonym = known or pseudonym_if_new
        there = view.open_episode(pseudonym, "relapse")
        if there is not None:
            return Proposal("already_open", b"{}", there)
        meet()
        entry = an_entry(None, now, episode_id)
        new = None if known else NewPatient(SITE, pseudonym, "urn:mrn", patient)
        return Proposal(
            "opened", b"{}", episode_id, (entry,), a_summary(entry, pseudonym=pseudonym), patient=new
        )

    return Command(SITE, "client", None, decide)


def test_the_same_key_at_both_at_once_is_written_once_and_answered_alike(
    pair: tuple[Store, Store], meet: Callable[[], None]
) -> None:
    def command(name: str) -> Command:
        honest = opening(name, key="k")

        def decide(view: View, now: datetime) -> Proposal:
            meet()
            return honest.decide(view, now)

        return replace(honest, decide=decide)

    answers = both(pair, command("one"), command("two"))
    assert sorted(answer.replayed for answer in answers) == [False, True]
    assert len({(answer.document, answer.location) for answer in answers}) == 1
    assert pair[0].count("episode") == pair[0].count("entry") == pair[0].count("answer") == 1


def test_the_same_message_at_both_at_once_becomes_one_entry(
    pair: tuple[Store, Store], meet: Callable[[], None]
) -> None:
    pair[0].do(opening("one"))
    pair[0].do(opening("two"))
    answers = both(
        pair,
        recording("one", message=("lab", "1"), meanwhile=meet),
        recording("two", message=("lab", "1"), meanwhile=meet),
    )
    assert sorted(answer.outcome for answer in answers) == ["duplicate", "recorded"]
    assert len({answer.document for answer in answers}) == 1
    assert pair[0].count("message") == 1
    assert pair[0].count("entry") == 3


def test_a_patient_has_one_open_episode_and_one_pseudonym(
    pair: tuple[Store, Store], meet: Callable[[], None]
) -> None:
    answers = both(pair, open_if_there_is_none("4711", meet), open_if_there_is_none("4711", meet))
    assert sorted(answer.outcome for answer in answers) == ["already_open", "opened"]
    assert len({answer.location for answer in answers}) == 1
    assert pair[0].count("patient") == pair[0].count("episode") == 1


def test_a_known_patient_has_one_open_episode_too(
    pair: tuple[Store, Store], meet: Callable[[], None]
) -> None:
    pair[0].do(
        opening("closed", pseudonym="p", is_open=False, patient=NewPatient(SITE, "p", "urn:mrn", "4711"))
    )
    answers = both(pair, open_if_there_is_none("4711", meet), open_if_there_is_none("4711", meet))
    assert sorted(answer.outcome for answer in answers) == ["already_open", "opened"]
    assert pair[0].ask("SELECT count(*) FROM episode WHERE is_open") == 1


def test_a_decision_waits_for_the_lock_of_another_process_and_sees_what_it_wrote(postgres_url: str) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with opened(postgres_url) as store, opened(postgres_url) as other:
        store.start().do(opening("episode"))
        seen: list[str] = []

        def look(view: View, _now: datetime) -> Proposal:
            assert view.summary is not None
            seen.append(view.summary.state)
            return Proposal("seen", b"{}")

        with other.owner.write.begin() as connection:
            connection.execute(text("UPDATE episode SET state = 'maintenance'"))
            future = store.writer.submit(Command(SITE, "client", "episode", look))
            until(lambda: store.ask(waiting))
            assert seen == []
        assert future.result(timeout=60).outcome == "seen"
        assert seen == ["maintenance"]


@pytest.mark.shows("R-083")
def test_events_of_one_episode_from_both_are_one_chain_without_a_gap(pair: tuple[Store, Store]) -> None:
    pair[0].do(opening("episode"))
    futures = [
        store.writer.submit(recording("episode", key=f"{number} {side}"))
        for number in range(100)
        for side, store in enumerate(pair)
    ]
    recorded = {future.result(timeout=60).document.decode() for future in futures}
    log = pair[0].readers.entries(SITE, "episode")
    assert [entry.sequence for entry in log] == list(range(1, 202))
    assert {entry.entry_id for entry in log[1:]} == recorded
    assert check([entry.body for entry in log], [entry.hash for entry in log]) is None
    assert all(earlier.recorded_at < later.recorded_at for earlier, later in pairwise(log))


def test_keys_sent_to_both_again_and_again_are_each_written_once(pair: tuple[Store, Store]) -> None:
    episodes = [f"episode {number}" for number in range(8)]
    for episode in episodes:
        pair[0].do(opening(episode))
    sent = [
        (number, store.writer.submit(recording(episodes[number % 8], key=f"key {number}")))
        for number in range(80)
        for store in (*pair, *reversed(pair))
    ]
    answers: dict[int, set[bytes]] = {}
    for number, future in sent:
        answers.setdefault(number, set()).add(future.result(timeout=60).document)
    assert all(len(documents) == 1 for documents in answers.values())
    assert pair[0].count("answer") == 80
    assert pair[0].count("entry") == 88
