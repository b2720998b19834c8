"""Several people and systems at once, at one service and at two on the same database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from pathway.episodes.episode import Episode
from pathway.proof.chain import check
from tests.sides import Answer, Side, unused_key
from tests.use_cases.journeys import MRN, Child

THREADS = 8


@pytest.fixture
def second(side: Side) -> Iterator[Side]:
    """Another service on the same database."""
    other = Side(side.url, side.site, side.clock)
    yield other
    other.stop()


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def assert_unbroken(child: Child, entries: int) -> None:
    log = child.side.entries(child.episode)
    assert [entry.sequence for entry in log] == list(range(1, entries + 1))
    assert check([entry.body for entry in log], [entry.hash for entry in log]) is None
    assert all(one.recorded_at < other.recorded_at for one, other in pairwise(log))
    summary = child.side.summary(child.episode)
    assert (summary.head_sequence, summary.head_hash) == (entries, log[-1].hash)


@pytest.mark.shows("R-083")
def test_of_eight_clinicians_who_decide_on_one_recommendation_exactly_one_is_taken(
    child: Child, second: Side
) -> None:
    before = len(child.side.entries(child.episode))
    for turn in range(5):
        seen = child.next()["basis"]
        desks = [child, replace(child, side=second)]
        answers = at_once(
            *(
                partial(desks[number % 2].decide, "refer", basis=seen, by=f"dr-{number}")
                for number in range(THREADS)
            )
        )
        assert Counter(answer.outcome for answer in answers) == {"decided": 1, "stale_decision": THREADS - 1}
        assert_unbroken(child, before + turn + 1)
        current = child.next()["basis"]
        for answer in answers:
            if answer.outcome == "stale_decision":
                assert answer.document["recommendation"]["basis"] == current


@pytest.mark.shows("R-083")
def test_of_facts_that_arrive_at_two_services_at_once_none_is_lost(child: Child, second: Side) -> None:
    before = len(child.side.entries(child.episode))
    desks = [child, replace(child, side=second)]
    told = [
        child.told("biomarker_recorded", ago=number % 3, marker=f"marker_{number}", value="present")
        for number in range(THREADS * 6)
    ]

    def sends(number: int) -> list[Answer]:
        return [desks[number % 2].send(event) for event in told[number::THREADS]]

    with ThreadPoolExecutor(THREADS) as threads:
        answers = [answer for sent in threads.map(sends, range(THREADS)) for answer in sent]
    assert {answer.outcome for answer in answers} == {"recorded"}
    assert_unbroken(child, before + len(told))
    known = Episode.from_json(child.side.summary(child.episode).snapshot).biomarkers
    assert set(known) == {event["marker"] for event in told}


@pytest.mark.shows("R-083", "C-10")
def test_a_fact_and_a_decision_at_once_leave_no_decision_on_facts_it_did_not_see(
    child: Child, second: Side
) -> None:
    elsewhere = replace(child, side=second)
    for turn in range(6):
        seen = child.next()["basis"]
        fact, decision = at_once(
            partial(elsewhere.tell, "biomarker_recorded", marker="ALK", value=f"finding {turn}"),
            partial(child.decide, "refer", basis=seen),
        )
        assert fact.outcome == "recorded"
        log = [entry.kind for entry in child.side.entries(child.episode)][-2:]
        if decision.outcome == "decided":
            assert log == ["decision_made", "biomarker_recorded"]
        else:
            assert (decision.outcome, log[-1]) == ("stale_decision", "biomarker_recorded")


def test_the_same_request_at_two_services_at_once_is_carried_out_once(child: Child, second: Side) -> None:
    elsewhere = replace(child, side=second)
    before = len(child.side.entries(child.episode))
    for _ in range(5):
        key, told = unused_key(), child.told("note_added", text="seen")
        answers = at_once(*(partial(desk.send, told, key=key) for desk in [child, elsewhere] * 4))
        assert len({answer.text for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1
    assert_unbroken(child, before + 5)


def test_the_same_message_at_two_services_at_once_is_one_entry(child: Child, second: Side) -> None:
    elsewhere = replace(child, side=second)
    before = len(child.side.entries(child.episode))
    told = child.told("gd2_measured", status="partial", source={"system": "urn:lab", "message_id": "A-17"})
    answers = at_once(*(partial(desk.send, told) for desk in [child, elsewhere] * 4))
    assert {answer.outcome for answer in answers} == {"recorded"}
    assert len({answer.document["entries"][0]["entry"] for answer in answers}) == 1
    assert_unbroken(child, before + 1)


@pytest.mark.shows("R-001")
def test_two_services_open_one_episode_for_one_child(side: Side, second: Side) -> None:
    def opens(desk: Side) -> str:
        try:
            return Child.opened(desk).episode
        except AssertionError as refused:
            return str(refused)

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(opens, [side, second] * (THREADS // 2)))
    (opened,) = [each for each in found if len(each) == 36]
    assert all(opened in each for each in found)
    pseudonym = side.installation.readers.find_patient(side.site, "urn:mrn", MRN)
    assert pseudonym is not None
    assert [each.episode_id for each in side.installation.readers.episodes_of(side.site, pseudonym)] == [
        opened
    ]
