"""Commands that are committed together see each other's effects, and none suffers from another."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from pathway.proof.chain import check
from pathway.store.values import NewMessage, NewPatient, Proposal
from pathway.store.writer import Command, Conflict, Unstorable, View
from tests.store.builders import SITE, Store, an_entry, following, opened, opening, recording


def test_several_events_of_one_episode_in_one_batch_follow_on_each_other(idle: Store) -> None:
    futures = [idle.writer.submit(opening("episode"))]
    futures += [idle.writer.submit(recording("episode", state=f"state {number}")) for number in range(30)]
    idle.start()
    documents = [future.result(timeout=60).document.decode() for future in futures]
    log = idle.readers.entries(SITE, "episode")
    assert [entry.entry_id for entry in log[1:]] == documents[1:]
    assert check([entry.body for entry in log], [entry.hash for entry in log]) is None
    assert all(earlier.recorded_at < later.recorded_at for earlier, later in pairwise(log))
    summary = idle.readers.summary(SITE, "episode")
    assert summary is not None
    assert (summary.state, summary.head_sequence, summary.head_hash) == ("state 29", 31, log[-1].hash)


def test_a_decision_reads_what_the_batch_wrote_before_it(idle: Store) -> None:
    seen: list[object] = []

    def look(view: View, _now: datetime) -> Proposal:
        seen.extend(
            [
                [entry.sequence for entry in view.entries()],
                view.patient("urn:mrn", "4711"),
                view.open_episode("p", "relapse"),
                getattr(view.message("lab", "1"), "episode_id", None),
            ]
        )
        return Proposal("seen", b"{}")

    patient = NewPatient(SITE, "p", "urn:mrn", "4711")
    commands = [
        Command(SITE, "client", "episode", look),
        opening("episode", patient=patient, pseudonym="p"),
        recording("episode", message=("lab", "1")),
        Command(SITE, "client", "episode", look),
        recording("episode", is_open=False),
        Command(SITE, "client", "episode", look),
    ]
    futures = [idle.writer.submit(command) for command in commands]
    idle.start()
    for future in futures:
        future.result(timeout=60)
    assert seen[:4] == [[], None, None, None]
    assert seen[4:8] == [[1, 2], "p", "episode", "episode"]
    assert seen[8:] == [[1, 2, 3], "p", None, "episode"]


def test_an_episode_that_the_batch_closed_is_open_no_longer(database_url: str) -> None:
    with opened(database_url) as store:
        store.start().do(opening("episode", pseudonym="p"))
    seen: list[str | None] = []

    def look(view: View, _now: datetime) -> Proposal:
        seen.append(view.open_episode("p", "relapse"))
        return Proposal("seen", b"{}")

    with opened(database_url) as store:
        commands = [
            Command(SITE, "client", None, look),
            recording("episode", is_open=False),
            Command(SITE, "client", None, look),
        ]
        futures = [store.writer.submit(command) for command in commands]
        store.start()
        for future in futures:
            future.result(timeout=60)
    assert seen == ["episode", None]


def test_the_same_message_twice_in_one_batch_is_one_entry(idle: Store) -> None:
    futures = [idle.writer.submit(opening("episode"))]
    futures += [idle.writer.submit(recording("episode", message=("lab", "1"))) for _ in range(3)]
    idle.start()
    answers = [future.result(timeout=60) for future in futures][1:]
    assert [answer.outcome for answer in answers] == ["recorded", "duplicate", "duplicate"]
    assert len({answer.document for answer in answers}) == 1
    assert idle.count("entry") == 2


def test_an_episode_may_close_and_another_of_the_patient_open_in_one_batch(database_url: str) -> None:
    decided: list[str] = []
    with opened(database_url) as store:
        store.start().do(opening("z first", pseudonym="p"))
        store.do(recording("z first", is_open=False))
        store.do(opening("a second", pseudonym="p"))
    with opened(database_url) as store:
        commands = [
            recording("a second", is_open=False, meanwhile=lambda: decided.append("close")),
            opening("third", pseudonym="p"),
            recording("third", is_open=False, meanwhile=lambda: decided.append("close")),
            recording("z first", is_open=True, meanwhile=lambda: decided.append("reopen")),
        ]
        futures = [store.writer.submit(command) for command in commands]
        store.start()
        for future in futures:
            future.result(timeout=60)
        open_now = {summary.episode_id: summary.is_open for summary in store.readers.episodes_of(SITE, "p")}
    assert open_now == {"z first": True, "a second": False, "third": False}
    assert decided == ["close", "close", "reopen"], "the batch was refused and taken apart"


def raising(_view: View, _now: datetime) -> Proposal:
    raise RuntimeError("this one only")


def colliding(view: View, now: datetime) -> Proposal:
    assert view.summary is not None
    entry = an_entry(view.summary, now, "episode", entry_id="taken")
    return Proposal("recorded", b"{}", None, (entry,), following(view.summary, (entry,)))


def claiming_a_taken_message(view: View, now: datetime) -> Proposal:
    assert view.summary is not None
    entry = an_entry(view.summary, now, "episode")
    taken = NewMessage(SITE, "lab", "taken", "digest", "episode", entry.entry_id)
    return Proposal("recorded", b"{}", None, (entry,), following(view.summary, (entry,)), messages=(taken,))


def beyond_the_database(view: View, now: datetime) -> Proposal:
    assert view.summary is not None
    entry = an_entry(view.summary, now, "episode")
    return Proposal("recorded", b"{}", None, (entry,), following(view.summary, (entry,), missing=2**70))


@pytest.mark.shows("T-42")
@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (raising, RuntimeError),
        (colliding, Conflict),
        (claiming_a_taken_message, Conflict),
        (beyond_the_database, Unstorable),
        (lambda _view, _now: Proposal("refused", b"\xff not text"), UnicodeDecodeError),
    ],
)
def test_one_bad_command_in_a_batch_harms_no_other(
    idle: Store, bad: Callable[[View, datetime], Proposal], error: type[Exception]
) -> None:
    def take(view: View, now: datetime) -> Proposal:
        honest = recording("taker", message=("lab", "taken")).decide(view, now)
        assert honest.summary is not None
        entry = replace(honest.entries[0], entry_id="taken")
        return replace(honest, entries=(entry,))

    good = [opening("taker"), Command(SITE, "client", "taker", take), opening("episode")]
    good += [recording("episode", key=f"before {number}") for number in range(3)]
    later = [recording("episode", key=f"after {number}") for number in range(3)] + [opening("last")]
    before = [idle.writer.submit(command) for command in good]
    failing = idle.writer.submit(Command(SITE, "client", "episode", bad, key="bad", request_digest="d"))
    after = [idle.writer.submit(command) for command in later]
    idle.start()
    with pytest.raises(error):
        failing.result(timeout=60)
    outcomes = [future.result(timeout=60).outcome for future in (*before, *after)]
    assert outcomes == ["opened", "recorded", "opened", *["recorded"] * 6, "opened"]
    log = idle.readers.entries(SITE, "episode")
    assert [entry.sequence for entry in log] == list(range(1, 8))
    assert check([entry.body for entry in log], [entry.hash for entry in log]) is None
    assert idle.ask("SELECT count(*) FROM answer WHERE key = 'bad'") == 0


def test_a_long_mixed_run_loses_nothing_and_keeps_the_order_of_each_episode(idle: Store) -> None:
    chance = random.Random(7)
    episodes = [f"episode {number}" for number in range(12)]
    futures = [(episode, idle.writer.submit(opening(episode))) for episode in episodes]
    for number in range(400):
        episode = chance.choice(episodes)
        futures.append((episode, idle.writer.submit(recording(episode, key=f"key {number}"))))
    idle.start()
    recorded: dict[str, list[str]] = {episode: [] for episode in episodes}
    for episode, future in futures[12:]:
        recorded[episode].append(future.result(timeout=60).document.decode())
    for episode in episodes:
        assert [entry.entry_id for entry in idle.readers.entries(SITE, episode)][1:] == recorded[episode]
    assert idle.count("answer") == 400
