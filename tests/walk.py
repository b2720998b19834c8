"""A walk through the life of a few episodes on two databases at once, with what has to hold after each step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from hypothesis.stateful import RuleBasedStateMachine, invariant

from pathway.catalogue.high_risk_neuroblastoma_relapse.version_1 import PATHWAY as DEFINITION
from pathway.engine.fold import fold
from pathway.episodes.episode import Episode
from pathway.episodes.events import read_event
from pathway.episodes.log import effective_history
from pathway.proof.chain import check
from pathway.store.values import StoredEntry
from pathway.use_cases.decide import decide
from pathway.use_cases.draft import entry_of
from pathway.use_cases.next_step import next_step
from pathway.use_cases.read_episode import read_episode
from pathway.use_cases.record_events import record_events
from tests.reference.course import DECISIONS, enters_treatment
from tests.reference.history import in_force
from tests.reference.refusals import Choice, Known, after_events, basis, outcome_of_decision
from tests.reference.tables import offered
from tests.sides import WRITTEN, ZONE, Answer, Clock, Side, lines_of, unused_key

SIDES = ("sqlite", "postgresql")
READS = {"next step": next_step, "episode": read_episode}
HASHES = ("hash", "basis", "facts_digest")
Body = dict[str, Any]

_sites = count(1)


@dataclass(frozen=True, repr=False)
class Given:
    """What each read answered: known at which instant, for which day, on the facts with which digest."""

    at: datetime
    day: date
    digest: str
    answers: dict[str, dict[str, dict[str, Any]]]


@dataclass
class Walked:
    """One episode of the walk: its id on each side, and what was answered about it so far."""

    patient: str
    ids: dict[str, str]
    given: list[Given] = field(default_factory=list, repr=False)


@dataclass(frozen=True, repr=False)
class Sent:
    """A request that was sent, so that it can be sent again."""

    use_case: Callable[..., Any]
    where: dict[str, tuple[str, ...]]
    bodies: dict[str, Body]
    subject: str
    key: str
    client: str
    answers: dict[str, Answer]


class Walk(RuleBasedStateMachine):
    """Requests to a service on SQLite and to one on PostgreSQL, which answer alike and as the reference says."""

    urls: dict[str, str]
    walks = 0
    episodes_walked = 0
    """How many there were so far."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        site = f"site-{next(_sites)}"
        self.sides = {name: Side(self.urls[name], site, self.clock) for name in SIDES}
        self.episodes: list[Walked] = []
        self.sent: list[Sent] = []
        self.messages: dict[tuple[str, str], tuple[str, Body]] = {}
        self.touched: set[int] = set()
        self.logs: dict[tuple[str, str], list[StoredEntry]] = {}

    def teardown(self) -> None:
        type(self).walks += 1
        type(self).episodes_walked += len(self.episodes)
        for side in self.sides.values():
            side.stop()

    # Sending, and what holds for every answer.

    def known(self, walked: Walked, name: str = "sqlite") -> Known:
        log = lines_of(self.entries(walked, name))
        return Known(DEFINITION, walked.ids["sqlite"], ZONE, log, self.clock.now, self.messages)

    def entries(self, walked: Walked, name: str) -> list[StoredEntry]:
        """The stored log, read once after each request."""
        key = (name, walked.ids[name])
        if key not in self.logs:
            self.logs[key] = self.sides[name].entries(walked.ids[name])
        return self.logs[key]

    def entry(self, walked: Walked, name: str, number: int) -> str:
        """The id of the entry at a place in the log, the same place on both sides."""
        entries = self.entries(walked, name)
        return entries[number % len(entries)].entry_id

    def stored(self, name: str) -> dict[str, Any]:
        side = self.sides[name]
        return {
            walked.ids[name]: (side.summary(walked.ids[name]), side.entries(walked.ids[name]))
            for walked in self.episodes
        }

    def send(
        self,
        use_case: Callable[..., Any],
        walked: Walked | None,
        body: Callable[[str], Body],
        *more: Callable[[str], str],
        subject: str = "coordinator",
        client: str = "ehr",
        key: str | None = None,
    ) -> Answer:
        """Sends the same to both sides; the answers are alike, and what is refused changes nothing."""
        key, answers, bodies, where = key or unused_key(), {}, {}, {}
        for name, side in self.sides.items():
            before = self.stored(name)
            bodies[name] = body(name)
            first = () if walked is None else (walked.ids[name],)
            where[name] = (*first, *(each(name) for each in more))
            answer = side.ask(
                use_case, *where[name], body=bodies[name], subject=subject, client=client, key=key
            )
            self.logs.clear()
            if not answer.wrote:
                assert self.stored(name) == before
            answers[name] = answer
        if walked is not None:
            shown = [self.alike(walked, name, answers[name].document) for name in SIDES]
            assert shown[0] == shown[1]
        assert len({answer.outcome for answer in answers.values()}) == 1
        self.sent.append(Sent(use_case, where, bodies, subject, key, client, answers))
        if walked in self.episodes:
            self.touched.add(self.episodes.index(walked))
        return answers["sqlite"]

    def alike(self, walked: Walked, name: str, document: Any) -> Any:
        """An answer without what may differ: ids become places in the log, hashes go."""
        names = {walked.ids[name]: "this episode"}
        for each in self.episodes:
            for stored in self.entries(each, name):
                names[stored.entry_id] = f"entry {stored.sequence} of {self.episodes.index(each)}"
            names.setdefault(each.ids[name], f"episode {self.episodes.index(each)}")
            names[self.sides[name].summary(each.ids[name]).pseudonym] = each.patient
        return _renamed(document, names)

    def of(self, patient: str) -> list[Walked]:
        return [each for each in self.episodes if each.patient == patient]

    def record(self, walked: Walked, events: list[Callable[[str], Body]], **who: str) -> None:
        def body(name: str) -> Body:
            told = [each(name) for each in events]
            return told[0] if len(told) == 1 else {"events": told}

        read = [read_event(orjson.dumps(each("sqlite"))) for each in events]
        before = self.known(walked)
        another = [each.patient is not None and each.patient.value != walked.patient for each in read]
        expected, after = after_events(before, list(zip(read, another, strict=True)))
        if expected == "recorded" and self.reopens_beside_another(walked, after):
            expected, after = "episode_exists", before
        foreseen = {
            name: self.alike(walked, name, self.foresee(walked, name, body(name)).document) for name in SIDES
        }
        answer = self.send(record_events, walked, body, **who)
        assert answer.outcome == expected
        log = self.known(walked).log
        assert [line.told for line in log] == [line.told for line in after.log]
        if answer.outcome == "recorded":
            self.messages = dict(after.messages)
        for name in SIDES:
            real = self.alike(walked, name, self.sent[-1].answers[name].document)
            assert _unnamed(foreseen[name]) == _unnamed(real)

    def reopens_beside_another(self, walked: Walked, after: Known) -> bool:
        """True when the patient would then have two open episodes."""
        was_open = self.sides["sqlite"].summary(walked.ids["sqlite"]).is_open
        others = [each for each in self.of(walked.patient) if each is not walked]
        is_open = [self.sides["sqlite"].summary(each.ids["sqlite"]).is_open for each in others]
        return not was_open and any(is_open) and after.course.episode.state != "closed"

    def foresee(self, walked: Walked, name: str, body: Body) -> Answer:
        before = self.stored(name)
        answer = self.sides[name].ask(record_events, walked.ids[name], body=body, dry_run=True)
        assert answer.outcome not in WRITTEN
        assert self.stored(name) == before
        return answer

    def decide(self, walked: Walked, choice: Choice, clinician: str, *, say_when: bool = True) -> Answer:
        """Sends a decision, which is taken or refused as the reference says."""
        known = self.known(walked)

        def body(name: str) -> Body:
            # What was seen with the facts of now is the digest of each side; an older one is of no side any more.
            digest = self.known(walked, name).digest if choice.seen == known.digest else choice.seen
            engine = self.sides[name].installation.engine
            told = {
                "option": choice.option,
                "basis": basis(DEFINITION, engine, choice.seen_on, digest),
                "detail": choice.detail,
            }
            told |= {"reason": choice.reason} if choice.reason else {}
            return told | {"decided_on": choice.on.isoformat()} if say_when else told

        expected = outcome_of_decision(known, choice)
        answer = self.send(decide, walked, body, subject=clinician)
        if answer.outcome == "episode_exists":
            assert expected == "decided"
            assert known.course.episode.state == "closed"
            assert len(self.of(walked.patient)) > 1
            return answer
        assert answer.outcome == expected
        if expected == "stale_decision":
            assert answer.document["recommendation"]["basis"] == self.ask_now(walked, "sqlite")["basis"]
        return answer

    # What always holds.

    @invariant()
    def agree(self) -> None:
        """What is stored is a full fold of the log, is what the reference says, and cannot have been altered."""
        for number in sorted(self.touched):
            walked = self.episodes[number]
            for name in SIDES:
                self.agrees(walked, name)
            answers = {
                name: {use_case: side.read(READS[use_case], walked.ids[name]) for use_case in READS}
                for name, side in self.sides.items()
            }
            shown = [_unnamed(self.alike(walked, name, answers[name])) for name in SIDES]
            assert shown[0] == shown[1]
            known = self.known(walked)
            walked.given.append(Given(known.log[-1].recorded_at, known.today, known.digest, answers))
        self.touched.clear()

    def ask_now(self, walked: Walked, name: str) -> dict[str, Any]:
        return self.sides[name].read(next_step, walked.ids[name])

    def agrees(self, walked: Walked, name: str) -> None:
        side = self.sides[name]
        entries, summary = self.entries(walked, name), side.summary(walked.ids[name])
        assert check([one.body for one in entries], [one.hash for one in entries]) is None
        assert [one.sequence for one in entries] == list(range(1, len(entries) + 1))
        assert all(one.recorded_at < other.recorded_at for one, other in pairwise(entries))
        head = entries[-1]
        assert (summary.head_sequence, summary.head_hash) == (head.sequence, head.hash)
        assert summary.head_recorded_at == head.recorded_at

        known = self.known(walked, name)
        history = effective_history([entry_of(one) for one in entries], ZoneInfo(ZONE))
        folded = fold(DEFINITION, history)
        assert summary.snapshot == folded.episode.to_json()
        assert summary.facts_digest == folded.digest == known.digest

        course, force = known.course, in_force(known.log, ZONE)
        episode = Episode.from_json(summary.snapshot)
        assert episode == course.episode
        assert summary.last_on == max((one.on for one in force[1:]), default=date.min)
        assert (summary.state, summary.is_open) == (episode.state, episode.state != "closed")
        assert summary.reviews == len(episode.reviews)
        assert summary.waiting == len(episode.pending) + (episode.state == "decision_due")
        for taken in course.taken:
            if enters_treatment(taken):
                assert taken.entry.told["kind"] in DECISIONS
        told, expected = self.ask_now(walked, name), offered(DEFINITION, episode, known.today)
        assert {each["option"]: each["status"] for each in told["options"]} == expected.statuses
        assert told["basis"] == basis(DEFINITION, side.installation.engine, known.today, known.digest)


def _renamed(document: Any, names: dict[str, str]) -> Any:
    if isinstance(document, dict):
        return {
            names.get(key, key): _renamed(value, names)
            for key, value in document.items()
            if key not in HASHES
        }
    if isinstance(document, list):
        return [_renamed(each, names) for each in document]
    return names.get(document, document) if isinstance(document, str) else document


def _unnamed(document: Any) -> Any:
    """A foreseen entry has another id than the one that is recorded then."""
    text = json.dumps(document, sort_keys=True)
    new = {each["entry"]: "new" for each in document.get("entries", []) if not each.get("duplicate")}
    for identifier in new:
        text = text.replace(identifier, "new")
    return text
