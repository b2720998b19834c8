"""What one command proposes is written whole or not at all, and is there before it is answered."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pathway.proof.chain import check
from pathway.store.values import LONGEST_KEY, NewMessage, NewPatient, Proposal, Settled, Summary
from pathway.store.writer import Command, Conflict, QueueFull, StoreUnavailable, Unstorable, View
from tests.store.builders import (
    NOON,
    SITE,
    Store,
    a_summary,
    an_entry,
    following,
    opened,
    opening,
    recording,
)

TABLES = ("patient", "episode", "entry", "message", "answer")


def test_an_episode_reads_back_as_it_was_written(store: Store) -> None:
    written: list[Proposal] = []

    def decide(_view: View, now: datetime) -> Proposal:
        entry = an_entry(None, now, "episode")
        summary = a_summary(
            entry, recommended="continue", due_what="assessment", due_target=NOON.date(), reviews=2
        )
        patient = NewPatient(SITE, summary.pseudonym, "urn:mrn", "4711")
        written.append(Proposal("opened", b"{}", "/here", (entry,), summary, patient))
        return written[-1]

    assert store.do(Command(SITE, "client", None, decide)) == Settled("opened", b"{}", "/here")
    (proposal,) = written
    assert proposal.summary is not None
    assert store.readers.summary(SITE, "episode") == proposal.summary
    assert store.readers.entries(SITE, "episode") == list(proposal.entries)
    assert store.readers.entry(SITE, proposal.entries[0].entry_id) == proposal.entries[0]
    assert store.readers.find_patient(SITE, "urn:mrn", "4711") == proposal.summary.pseudonym
    assert store.readers.episodes_of(SITE, proposal.summary.pseudonym) == [proposal.summary]


@pytest.mark.shows("R-092", "C-15")
def test_nothing_of_one_site_is_seen_from_another(store: Store) -> None:
    store.do(opening("episode", patient=NewPatient(SITE, "p", "urn:mrn", "4711"), pseudonym="p"))
    entry = store.readers.entries(SITE, "episode")[0]
    assert store.readers.summary("elsewhere", "episode") is None
    assert store.readers.entries("elsewhere", "episode") == []
    assert store.readers.entry("elsewhere", entry.entry_id) is None
    assert store.readers.find_patient("elsewhere", "urn:mrn", "4711") is None
    assert store.readers.episodes_of("elsewhere", "p") == []
    assert store.readers.worklist("elsewhere", today=NOON.date()) == []


def test_the_log_is_read_in_pieces(store: Store) -> None:
    store.do(opening("episode"))
    for _ in range(5):
        store.do(recording("episode"))
    whole = store.readers.entries(SITE, "episode")
    assert [entry.sequence for entry in whole] == [1, 2, 3, 4, 5, 6]
    assert store.readers.entries(SITE, "episode", after=2, limit=3) == whole[2:5]
    assert store.readers.entries(SITE, "episode", after=6) == []
    assert check([entry.body for entry in whole], [entry.hash for entry in whole]) is None


def test_a_command_that_fails_halfway_writes_nothing(store: Store) -> None:
    store.do(opening("other", key="k0"))
    store.do(recording("other", message=("lab", "1")))
    store.do(opening("episode"))
    before = [store.count(table) for table in TABLES]

    def decide(view: View, now: datetime) -> Proposal:
        # Everything but the message, which is the last but one to be written, would go in.
        assert view.summary is not None
        entry = an_entry(view.summary, now, "episode")
        patient = NewPatient(SITE, "somebody", "urn:mrn", "0815")
        taken = NewMessage(SITE, "lab", "1", "digest", "episode", entry.entry_id)
        summary = following(view.summary, (entry,), state="moved")
        return Proposal("recorded", b"{}", None, (entry,), summary, patient, (taken,))

    with pytest.raises(Conflict):
        store.do(Command(SITE, "client", "episode", decide, key="k", request_digest="d"))
    assert [store.count(table) for table in TABLES] == before
    summary = store.readers.summary(SITE, "episode")
    assert summary is not None
    assert summary.state == "decision_due"
    assert summary.head_sequence == 1


@pytest.mark.shows("C-16")
def test_the_answer_is_given_once_the_write_can_be_read_by_others(database_url: str) -> None:
    with opened(database_url) as other, opened(database_url) as store:
        seen: list[Summary | None] = []
        answered = threading.Event()

        def look(_future: object) -> None:
            seen.append(other.readers.summary(SITE, "episode"))
            answered.set()

        future = store.writer.submit(opening("episode"))
        future.add_done_callback(look)
        assert not future.done()
        store.start()
        assert answered.wait(60)
        assert seen[0] is not None


@pytest.mark.shows("T-41")
def test_no_client_can_cancel_a_write(idle: Store) -> None:
    future = idle.writer.submit(opening("episode"))
    assert not future.cancel()
    idle.start()
    assert future.result(timeout=60).outcome == "opened"
    assert idle.readers.summary(SITE, "episode") is not None


@pytest.mark.shows("C-23", "T-21")
def test_each_entry_is_recorded_later_than_the_one_before_even_when_the_clock_goes_back(
    database_url: str,
) -> None:
    instants = iter(
        [NOON, NOON, NOON - timedelta(hours=1), NOON - timedelta(days=1), NOON + timedelta(hours=1)]
    )
    with opened(database_url, clock=lambda: next(instants)) as store:
        store.start().do(opening("episode"))
        for _ in range(4):
            store.do(recording("episode"))
        recorded = [entry.recorded_at for entry in store.readers.entries(SITE, "episode")]
    microsecond = timedelta(microseconds=1)
    later = [NOON, NOON + microsecond, NOON + 2 * microsecond, NOON + 3 * microsecond]
    assert recorded == [*later, NOON + timedelta(hours=1)]


def test_instants_come_back_in_utc_to_the_microsecond(store: Store) -> None:
    instant = datetime(2026, 3, 29, 2, 30, 0, 7, tzinfo=timezone(timedelta(hours=-7)))

    def decide(_view: View, _now: datetime) -> Proposal:
        entry = an_entry(None, instant, "episode")
        return Proposal("opened", b"{}", None, (entry,), a_summary(entry))

    store.do(Command(SITE, "client", None, decide))
    recorded = store.readers.entries(SITE, "episode")[0].recorded_at
    assert recorded == instant
    assert recorded.utcoffset() == timedelta(0)
    summary = store.readers.summary(SITE, "episode")
    assert summary is not None
    assert summary.head_recorded_at.isoformat() == "2026-03-29T09:30:00.000007+00:00"


def test_a_dry_run_is_answered_and_writes_nothing_not_even_its_answer(store: Store) -> None:
    store.do(opening("episode"))
    before = [store.count(table) for table in TABLES]
    tried = store.do(recording("episode", key="k", message=("lab", "1"), dry_run=True, state="moved"))
    assert tried.outcome == "recorded"
    assert [store.count(table) for table in TABLES] == before
    done = store.do(recording("episode", key="k", message=("lab", "1"), state="moved"))
    assert done.outcome == "recorded"
    assert not done.replayed
    assert store.do(recording("episode", key="k", dry_run=True)).document != done.document


def test_a_refusal_writes_its_answer_alone(store: Store) -> None:
    store.do(opening("episode"))
    before = [store.count(table) for table in TABLES]
    refusal = Command(
        SITE, "client", "episode", lambda _view, _now: Proposal("refused", b'{"why":1}'), "k", "digest"
    )
    assert store.do(refusal) == Settled("refused", b'{"why":1}')
    assert [store.count(table) for table in TABLES] == [*before[:4], before[4] + 1]
    assert store.do(refusal) == Settled("refused", b'{"why":1}', replayed=True)


def test_a_decision_sees_the_whole_log_and_the_patient(store: Store) -> None:
    patient = NewPatient(SITE, "p", "urn:mrn", "4711")
    store.do(opening("episode", patient=patient, pseudonym="p"))
    store.do(recording("episode", message=("lab", "1")))
    seen: list[Any] = []

    def decide(view: View, _now: datetime) -> Proposal:
        seen.extend(
            [
                [entry.sequence for entry in view.entries()],
                view.message("lab", "1"),
                view.message("lab", "2"),
                view.patient("urn:mrn", "4711"),
                view.patient("urn:mrn", "4712"),
                view.open_episode("p", "relapse"),
                view.open_episode("p", "another pathway"),
                view.open_episode("q", "relapse"),
            ]
        )
        return Proposal("seen", b"{}")

    store.do(Command(SITE, "client", "episode", decide))
    entry = store.readers.entries(SITE, "episode")[1]
    known = NewMessage(SITE, "lab", "1", "digest", "episode", entry.entry_id)
    assert seen == [[1, 2], known, None, "p", None, "episode", None, None]


def test_a_decision_about_an_unknown_episode_sees_none(store: Store) -> None:
    seen: list[Any] = []

    def decide(view: View, _now: datetime) -> Proposal:
        seen.append((view.summary, view.entries()))
        return Proposal("unknown", b"{}")

    store.do(Command(SITE, "client", "nowhere", decide))
    assert seen == [(None, [])]


@pytest.mark.shows("R-101")
def test_a_full_queue_takes_nothing_more_and_forgets_nothing(database_url: str) -> None:
    with opened(database_url, room=2) as store:
        taken = [store.writer.submit(opening()) for _ in range(2)]
        with pytest.raises(QueueFull):
            store.writer.submit(opening())
        store.start()
        assert [future.result(timeout=60).outcome for future in taken] == ["opened", "opened"]
        assert store.do(opening()).outcome == "opened"
        assert store.count("episode") == 3


def test_a_writer_that_never_started_leaves_nobody_waiting(database_url: str) -> None:
    with opened(database_url) as store:
        future = store.writer.submit(opening())
    with pytest.raises(StoreUnavailable, match="closed"):
        future.result(timeout=60)


def test_closing_writes_what_is_waiting_and_takes_nothing_more(database_url: str) -> None:
    with opened(database_url) as store:
        futures = [store.writer.submit(opening()) for _ in range(200)]
        store.start()
        store.writer.close()
        assert all(future.done() for future in futures)
        assert store.count("episode") == 200
        with pytest.raises(StoreUnavailable, match="closed"):
            store.writer.submit(opening())


@pytest.mark.parametrize("value", ["with\0nul", "half a pair \ud800", "x" * 256])
def test_a_key_that_not_every_database_holds_is_refused_before_it_is_queued(value: str) -> None:
    def decide(_view: View, _now: datetime) -> Proposal:
        raise AssertionError

    wrong: list[Callable[[], object]] = [
        lambda: Command(SITE, "client", None, decide, key=value),
        lambda: Command(SITE, "client", value, decide),
        lambda: Command(SITE, "client", None, decide, messages=(("lab", value),)),
        lambda: NewPatient(SITE, "p", "urn:mrn", value),
        lambda: NewMessage(SITE, "lab", value, "digest", "episode", "entry"),
    ]
    for construct in wrong:
        with pytest.raises(Unstorable, match="the text"):
            construct()


def test_the_longest_keys_are_held(store: Store) -> None:
    longest = "\U0001f600" * LONGEST_KEY
    store.do(opening("episode", patient=NewPatient(SITE, "p", longest, longest), pseudonym="p", key=longest))
    assert store.do(recording("episode", message=(longest, longest))).outcome == "recorded"
    assert store.do(recording("episode", message=(longest, longest))).outcome == "duplicate"
    assert store.readers.find_patient(SITE, longest, longest) == "p"


@pytest.mark.shows("T-42")
def test_a_key_beyond_an_index_harms_no_other_write(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        good = [store.writer.submit(opening()) for _ in range(3)]
        chance = random.Random(1)
        endless = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(3000))
        bad = store.writer.submit(opening(pathway_id=endless))
        store.start()
        assert [future.result(timeout=60).outcome for future in good] == ["opened"] * 3
        with pytest.raises(Unstorable):
            bad.result(timeout=60)


def test_asking_for_such_text_is_refused_alike_on_every_database(store: Store) -> None:
    def about_a_patient(view: View, _now: datetime) -> Proposal:
        return Proposal(view.patient("urn:mrn", "\0") or "unknown", b"{}")

    def about_a_message(view: View, _now: datetime) -> Proposal:
        return Proposal("known" if view.message("lab", "\0") else "unknown", b"{}")

    for decide in (about_a_patient, about_a_message):
        with pytest.raises(Unstorable, match="NUL character"):
            store.do(Command(SITE, "client", None, decide))
    assert store.do(opening()).outcome == "opened"


@pytest.mark.parametrize(
    "twist",
    [
        lambda p: replace(p, summary=None),
        lambda p: replace(p, entries=()),
        lambda p: replace(p, entries=(replace(p.entries[0], sequence=3),)),
        lambda p: replace(p, entries=(replace(p.entries[0], episode_id="other"),)),
        lambda p: replace(p, entries=(replace(p.entries[0], prev_hash="0" * 64),)),
        lambda p: replace(p, entries=(replace(p.entries[0], recorded_at=datetime(2020, 1, 1, tzinfo=UTC)),)),
        lambda p: replace(p, entries=p.entries * 2),
        lambda p: replace(p, summary=replace(p.summary, head_sequence=7)),
        lambda p: replace(p, summary=replace(p.summary, head_hash="f" * 64)),
        lambda p: replace(p, summary=replace(p.summary, episode_id="other")),
        lambda p: replace(p, summary=replace(p.summary, site_id="other")),
    ],
    ids=[
        "entries without a summary",
        "a summary without entries",
        "a gap",
        "another episode's entry",
        "not linked",
        "recorded before its predecessor",
        "the same entry twice",
        "a head elsewhere",
        "another hash",
        "another episode",
        "another site",
    ],
)
def test_a_proposal_that_does_not_continue_the_log_is_refused(
    sqlite_url: str, twist: Callable[[Proposal], Proposal]
) -> None:
    with opened(sqlite_url) as store:
        store.start().do(opening("episode"))
        honest = recording("episode", key="k")
        twisted = replace(honest, decide=lambda view, now: twist(honest.decide(view, now)))
        with pytest.raises(ValueError, match=r"proposal|entry|entries|head"):
            store.do(twisted)
        assert store.count("entry") == 1
        assert store.do(honest).outcome == "recorded"


@pytest.mark.shows("C-37")
def test_a_value_beyond_the_database_is_refused_without_being_repeated(store: Store) -> None:
    with pytest.raises(Unstorable) as refused:
        store.do(opening(missing=2**70))
    assert str(2**70) not in str(refused.value)
    assert store.do(opening()).outcome == "opened"
