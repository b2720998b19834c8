"""A request that is sent again gets its first answer, byte for byte, and changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pathway.store.values import Proposal, Settled
from pathway.store.writer import KEY_REUSED, Command
from tests.store.builders import SITE, Store, opened, opening, recording


@pytest.mark.shows("C-17")
def test_the_same_key_and_request_get_the_first_answer_byte_for_byte(store: Store) -> None:
    store.do(opening("episode"))
    document = '{"note":"größer als 5 mm – \\u0000 \U0001f600","spaces":  1}'.encode()
    answered: list[int] = []

    def command() -> Command:
        honest = recording("episode", key="k")

        def decide(view: object, now: object) -> Proposal:
            answered.append(1)
            return replace(honest.decide(view, now), document=document, location="/somewhere")  # type: ignore[arg-type]

        return replace(honest, decide=decide)

    first = store.do(command())
    again = store.do(command())
    assert first == Settled("recorded", document, "/somewhere", replayed=False)
    assert again == Settled("recorded", document, "/somewhere", replayed=True)
    assert len(answered) == 1
    assert store.count("entry") == 2


def test_the_same_key_with_another_request_is_told_so_and_the_first_answer_stays(store: Store) -> None:
    store.do(opening("episode"))
    first = store.do(recording("episode", key="k", request_digest="one"))
    assert store.do(recording("episode", key="k", request_digest="two")) == Settled(KEY_REUSED, b"{}")
    assert store.do(recording("episode", key="k", request_digest="one")) == replace(first, replayed=True)
    assert store.count("entry") == 2
    assert store.count("answer") == 1


def test_the_same_key_twice_in_one_batch_is_written_once(idle: Store) -> None:
    decided: list[str] = []
    commands = [
        opening("episode", key="open"),
        recording("episode", key="k", request_digest="one", meanwhile=lambda: decided.append("first")),
        recording("episode", key="k", request_digest="one", meanwhile=lambda: decided.append("again")),
        recording("episode", key="k", request_digest="two", meanwhile=lambda: decided.append("other")),
        opening("episode", key="open"),
    ]
    futures = [idle.writer.submit(command) for command in commands]
    idle.start()
    start, first, again, other, restart = [future.result(timeout=60) for future in futures]
    assert restart == replace(start, replayed=True)
    assert again == replace(first, replayed=True)
    assert other.outcome == KEY_REUSED
    assert decided == ["first"]
    assert idle.count("entry") == 2


def test_the_first_answer_is_given_after_a_restart_too(database_url: str) -> None:
    with opened(database_url) as store:
        first = store.start().do(opening("episode", key="k"))
    with opened(database_url) as store:
        assert store.start().do(opening("episode", key="k")) == replace(first, replayed=True)
        assert store.count("episode") == 1


@pytest.mark.shows("T-12")
def test_the_key_of_another_client_or_another_site_is_another_key(store: Store) -> None:
    first = opening(key="k")
    assert not store.do(first).replayed
    assert not store.do(replace(opening(key="k"), client_id="another")).replayed
    assert not store.do(opening(key="k", site_id="another")).replayed
    assert store.do(first).replayed
    assert store.count("answer") == 3


def test_without_a_key_every_request_is_a_new_one(store: Store) -> None:
    store.do(opening("episode"))
    answers = {store.do(recording("episode")).document for _ in range(3)}
    assert len(answers) == 3
    assert store.count("answer") == 0


def test_a_decision_that_raised_left_no_answer(store: Store) -> None:
    def fail(_view: object, _now: object) -> Proposal:
        raise LookupError("not now")

    with pytest.raises(LookupError, match="not now"):
        store.do(Command(SITE, "client", None, fail, key="k", request_digest="opening"))
    assert store.count("answer") == 0
    assert not store.do(opening(key="k")).replayed
