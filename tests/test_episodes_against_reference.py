"""Episodes driven through random requests on two databases at once, beside a plain reference.

`HYPOTHESIS_PROFILE=explore` walks further and longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pathway.catalogue.high_risk_neuroblastoma_relapse.version_1 import PATHWAY as DEFINITION
from pathway.engine.fold import fold
from pathway.episodes.episode import Episode
from pathway.episodes.events import read_event
from pathway.episodes.log import effective_history
from pathway.proof.chain import check
from pathway.use_cases.countersign import countersign
from pathway.use_cases.decide import decide
from pathway.use_cases.draft import entry_of
from pathway.use_cases.next_step import next_step
from pathway.use_cases.open_episode import open_episode
from pathway.use_cases.record_events import record_events
from pathway.use_cases.refusals import NEVER_KEPT
from pathway.use_cases.resolve_review import resolve_review
from tests import random_events as told_at_random
from tests.reference.course import DECISIONS, enters_treatment
from tests.reference.history import in_force
from tests.reference.refusals import (
    Choice,
    Known,
    after_events,
    basis,
    outcome_of_decision,
    outcome_of_signature,
)
from tests.reference.tables import offered
from tests.sides import PATHWAY, WRITTEN, ZONE, Answer, Clock, Side, lines_of, unused_key

EXPLORING = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
WALKS = settings(
    max_examples=int(os.environ.get("PATHWAY_TEST_WALKS", "1000" if EXPLORING else "25")),
    stateful_step_count=60 if EXPLORING else 30,
    suppress_health_check=list(HealthCheck),
)
PATIENTS = ("mrn-1", "mrn-2")
CLINICIANS = ("dr-adeyemi", "dr-brandt")
HEALTHY: list[dict[str, Any]] = [
    {
        "kind": "progression_evidence_recorded",
        "confirmed": True,
        "setting": "relapse",
        "pattern": "metastatic",
    },
    {"kind": "consent_recorded", "given": True},
    {"kind": "fitness_recorded", "lansky": 90},
    {"kind": "gd2_measured", "status": "positive"},
]
SIDES = ("sqlite", "postgresql")

_sites = count(1)
Body = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Given:
    """An answer about the next step: known at which instant, for which day, on the facts with which digest."""

    at: datetime
    day: date
    digest: str
    answers: dict[str, dict[str, Any]]


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
    answers: dict[str, Answer]
    walked: Walked | None


class Walk(RuleBasedStateMachine):
    """Random requests to a service on SQLite and to one on PostgreSQL, which have to answer alike."""

    urls: dict[str, str]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        site = f"site-{next(_sites)}"
        self.sides = {name: Side(self.urls[name], site, self.clock) for name in SIDES}
        self.episodes: list[Walked] = []
        self.sent: list[Sent] = []
        self.messages: dict[tuple[str, str], tuple[str, Body]] = {}
        self.touched: set[int] = set()

    def teardown(self) -> None:
        for side in self.sides.values():
            side.stop()

    # Sending, and what holds for every answer.

    def known(self, walked: Walked, name: str = "sqlite") -> Known:
        side = self.sides[name]
        log = lines_of(side.entries(walked.ids[name]))
        return Known(DEFINITION, walked.ids["sqlite"], ZONE, log, self.clock.now, self.messages)

    def entry(self, walked: Walked, name: str, number: int) -> str:
        """The id of the entry at a place in the log, the same place on both sides."""
        entries = self.sides[name].entries(walked.ids[name])
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
    ) -> Answer:
        """Sends the same to both sides; the answers are alike, and what is refused changes nothing."""
        key, answers, bodies, where = unused_key(), {}, {}, {}
        for name, side in self.sides.items():
            before = self.stored(name)
            bodies[name] = body(name)
            first = () if walked is None else (walked.ids[name],)
            where[name] = (*first, *(each(name) for each in more))
            answer = side.ask(use_case, *where[name], body=bodies[name], subject=subject, key=key)
            if not answer.wrote:
                assert self.stored(name) == before
            answers[name] = answer
        if walked is not None:
            shown = [self.alike(walked, name, answers[name].document) for name in SIDES]
            assert shown[0] == shown[1]
        assert len({answer.outcome for answer in answers.values()}) == 1
        self.sent.append(Sent(use_case, where, bodies, subject, key, answers, walked))
        if walked in self.episodes:
            self.touched.add(self.episodes.index(walked))
        return answers["sqlite"]

    def alike(self, walked: Walked, name: str, document: Any) -> Any:
        """An answer without what may differ: ids become places in the log, hashes go."""
        names = {walked.ids[name]: "this episode"}
        for each in self.episodes:
            for stored in self.sides[name].entries(each.ids[name]):
                names[stored.entry_id] = f"entry {stored.sequence} of {self.episodes.index(each)}"
            names.setdefault(each.ids[name], f"episode {self.episodes.index(each)}")
        return _renamed(document, names)

    # What happens.

    @initialize()
    def opens(self) -> None:
        self.open(PATIENTS[0], healthy=True)

    @precondition(lambda self: len(self.episodes) < 4)
    @rule(patient=st.sampled_from(PATIENTS), healthy=st.booleans())
    def open(self, patient: str, healthy: bool) -> None:
        today = (self.clock.now.date() - timedelta(days=1)).isoformat()
        body = {
            "pathway": PATHWAY,
            "patient": {"system": "urn:mrn", "value": patient},
            "opened_on": today,
            "risk_group": "high",
            "baseline": [each | {"occurred_on": today} for each in HEALTHY] if healthy else [],
        }
        is_open = [self.sides["sqlite"].summary(each.ids["sqlite"]).is_open for each in self.of(patient)]
        answer = self.send(open_episode, None, lambda _: body)
        assert answer.outcome == ("episode_exists" if any(is_open) else "created")
        if answer.outcome == "created":
            answers = self.sent[-1].answers
            self.episodes.append(Walked(patient, {name: answers[name].document["episode"] for name in SIDES}))
            self.touched.add(len(self.episodes) - 1)

    def of(self, patient: str) -> list[Walked]:
        return [each for each in self.episodes if each.patient == patient]

    def one(self, data: st.DataObject) -> Walked:
        return data.draw(st.sampled_from(self.episodes), label="episode")

    @rule(data=st.data())
    def happen(self, data: st.DataObject) -> None:
        """Anything, one by one or several in one request, late ones among them."""
        walked = self.one(data)
        events = data.draw(st.lists(self.events(walked), min_size=1, max_size=3), label="events")
        self.record(walked, [_same(each) for each in events])

    @rule(data=st.data())
    def happen_as_expected(self, data: st.DataObject) -> None:
        """What the pathway waits for in this state, so that walks come far."""
        walked = self.one(data)
        episode = self.known(walked).course.episode
        today = self.known(walked).today.isoformat()
        expected = _expected(episode, data)
        self.record(walked, [_same(each | {"occurred_on": today}) for each in expected])

    @rule(data=st.data(), number=st.integers(0, 30))
    def correct(self, data: st.DataObject, number: int) -> None:
        """An entry is corrected, mostly by one of its own kind."""
        walked = self.one(data)
        known = self.known(walked)
        line = known.log[number % len(known.log)]
        told = line.told["replacement"] if line.kind == "event_corrected" else line.told
        replacement = data.draw(told_at_random.replacements(told, known.today), label="replacement")
        correction = {
            "kind": "event_corrected",
            "replacement": replacement,
            "occurred_on": known.today.isoformat(),
        }
        self.record(walked, [lambda name: correction | {"entry": self.entry(walked, name, number)}])

    @rule(data=st.data(), number=st.integers(0, 30))
    def retract(self, data: st.DataObject, number: int) -> None:
        walked = self.one(data)
        when = self.known(walked).today.isoformat()
        reason = "recorded for the wrong child"
        self.record(
            walked,
            [
                lambda name: {
                    "kind": "event_retracted",
                    "entry": self.entry(walked, name, number),
                    "reason": reason,
                    "occurred_on": when,
                }
            ],
        )

    @rule(data=st.data(), number=st.integers(0, 30), grade=st.integers(0, 3))
    def resolve_side_effect(self, data: st.DataObject, number: int, grade: int) -> None:
        walked = self.one(data)
        log = self.known(walked).log
        toxicities = [line.sequence - 1 for line in log if line.kind == "toxicity_recorded"] or [number]
        place = toxicities[number % len(toxicities)]
        when = self.known(walked).today.isoformat()
        self.record(
            walked,
            [
                lambda name: {
                    "kind": "toxicity_resolved",
                    "entry": self.entry(walked, name, place),
                    "to_grade": grade,
                    "occurred_on": when,
                }
            ],
        )

    @rule(data=st.data())
    def say_what_cannot_be(self, data: st.DataObject) -> None:
        """A message for another patient, or a date to come, alone or behind an event that is well."""
        walked = self.one(data)
        note = {"kind": "note_added", "text": "seen", "occurred_on": self.known(walked).today.isoformat()}
        ahead = (self.known(walked).today + timedelta(days=data.draw(st.integers(0, 3)))).isoformat()
        other = {"patient": {"system": "urn:mrn", "value": data.draw(st.sampled_from([*PATIENTS, "mrn-9"]))}}
        wrong = note | data.draw(st.sampled_from([{"occurred_on": ahead}, other]))
        first = [note] if data.draw(st.booleans()) else []
        self.record(walked, [_same(each) for each in (*first, wrong)])

    def events(self, walked: Walked) -> told_at_random.Events:
        """Events as a source system sends them: some with a message id, which comes again with other content."""
        source = st.builds(lambda n: {"source": {"system": "lab", "message_id": str(n)}}, st.integers(1, 4))
        plain = told_at_random.facts(self.known(walked).today)
        return st.one_of(plain, plain, st.builds(lambda told, by: told | by, plain, source))

    def record(self, walked: Walked, events: list[Callable[[str], Body]]) -> None:
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
        answer = self.send(record_events, walked, body)
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

    # What people decide.

    @rule(data=st.data(), clinician=st.sampled_from(CLINICIANS), early=st.booleans())
    def choose(self, data: st.DataObject, clinician: str, early: bool) -> None:
        walked = self.one(data)
        known = self.known(walked)
        back = data.draw(st.sampled_from([0, 0, 0, 1, 5, -1, -3]), label="days ago")
        on = known.today - timedelta(days=back)
        seen_on, seen = data.draw(self.seen(walked, on), label="seen")
        statuses = offered(DEFINITION, known.course.episode, on).statuses
        open_ones = [option for option, status in statuses.items() if status != "blocked"] or ["other"]
        option = data.draw(
            st.one_of(st.sampled_from(open_ones), st.sampled_from([*statuses, "surgery"])), label="option"
        )
        choice = Choice(option, on, seen_on, seen, _detail(option, data), _reason(data))

        def body(name: str) -> Body:
            digest = self.known(walked, name).digest if seen == known.digest else seen
            told = {
                "option": option,
                "basis": basis(DEFINITION, self.sides[name].installation.engine, seen_on, digest),
                "detail": choice.detail,
            }
            told |= {"reason": choice.reason} if choice.reason else {}
            return told if back == 0 and early else told | {"decided_on": on.isoformat()}

        expected = outcome_of_decision(known, choice)
        answer = self.send(decide, walked, body, subject=clinician)
        if expected in WRITTEN and answer.outcome == "episode_exists":
            assert known.course.episode.state == "closed"
            assert len(self.of(walked.patient)) > 1
            return
        assert answer.outcome == expected
        if expected == "stale_decision":
            assert answer.document["recommendation"]["basis"] == self.ask_now(walked, "sqlite")["basis"]

    def seen(self, walked: Walked, on: date) -> st.SearchStrategy[tuple[date, str]]:
        """What a decision may quote: the recommendation of today or of its day, or one given before."""
        known = self.known(walked)
        given = [(each.day, each.digest) for each in walked.given]
        fresh = st.sampled_from([(known.today, known.digest), (on, known.digest)])
        return st.one_of(fresh, fresh, st.sampled_from(given)) if given else fresh

    @rule(data=st.data(), number=st.integers(0, 30), clinician=st.sampled_from(CLINICIANS))
    def sign(self, data: st.DataObject, number: int, clinician: str) -> None:
        walked = self.one(data)
        known = self.known(walked)
        pending = list(known.course.episode.pending)
        waiting = [line.sequence - 1 for line in known.log if line.entry in pending] or [
            number % len(known.log)
        ]
        place = waiting[number % len(waiting)]
        expected = outcome_of_signature(known, known.log[place].entry, clinician)
        answer = self.send(
            countersign,
            walked,
            lambda _: {"reason": "agreed at the tumour board"},
            lambda name: self.entry(walked, name, place),
            subject=clinician,
        )
        assert answer.outcome == expected
        if expected == "countersigned":
            assert known.log[place].entry not in self.known(walked).course.episode.pending

    @rule(data=st.data(), number=st.integers(0, 30))
    def look_at_review(self, data: st.DataObject, number: int) -> None:
        walked = self.one(data)
        known = self.known(walked)
        reviews = known.course.episode.reviews
        open_ones = [line.sequence - 1 for line in known.log if line.entry in reviews] or [
            number % len(known.log)
        ]
        place = open_ones[number % len(open_ones)]
        expected = "review_resolved" if known.log[place].entry in reviews else "unknown_entry"
        answer = self.send(
            resolve_review,
            walked,
            lambda _: {"reason": "looked at"},
            lambda name: self.entry(walked, name, place),
        )
        assert answer.outcome == expected
        if expected == "review_resolved":
            assert known.log[place].entry not in self.known(walked).course.episode.reviews

    # What goes wrong, and time.

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """The same key and request: the first answer, byte for byte. The same key for something else: refused."""
        kept = [sent for sent in self.sent if sent.answers["sqlite"].outcome not in NEVER_KEPT]
        sent = data.draw(st.sampled_from(kept), label="request")
        differently = data.draw(st.booleans(), label="differently")
        for name, side in self.sides.items():
            before, first = self.stored(name), sent.answers[name]
            body = sent.bodies[name] | ({"pathway": "another"} if differently else {})
            again = side.ask(sent.use_case, *sent.where[name], body=body, subject=sent.subject, key=sent.key)
            if not differently:
                assert (again.outcome, again.text, again.location) == (
                    first.outcome,
                    first.text,
                    first.location,
                )
                assert again.replayed or first.outcome == "invalid_body"
            else:
                assert again.outcome in ("idempotency_key_reused", "invalid_body")
            assert self.stored(name) == before

    @rule(days=st.sampled_from([0.001, 0.5, 1, 10, 25]))
    def wait(self, days: float) -> None:
        self.clock.pass_days(days)

    @rule()
    def restart(self) -> None:
        for side in self.sides.values():
            side.restart()

    @rule(data=st.data())
    def ask_what_was_known(self, data: st.DataObject) -> None:
        """What was answered once is answered again, whatever came since, when asked as it was known then."""
        walked = self.one(data)
        given = data.draw(st.sampled_from(walked.given), label="answer")
        for name in SIDES:
            again = self.sides[name].read(next_step, walked.ids[name], known_at=given.at, as_of=given.day)
            assert again == given.answers[name]

    # What always holds.

    @invariant()
    def agree(self) -> None:
        """What is stored is a full fold of the log, is what the reference says, and cannot have been altered."""
        for number in sorted(self.touched):
            walked = self.episodes[number]
            for name in SIDES:
                self.agrees(walked, name)
            answers = {name: self.ask_now(walked, name) for name in SIDES}
            shown = [_unnamed(self.alike(walked, name, answers[name])) for name in SIDES]
            assert shown[0] == shown[1]
            known = self.known(walked)
            walked.given.append(Given(known.log[-1].recorded_at, known.today, known.digest, answers))
        self.touched.clear()

    def ask_now(self, walked: Walked, name: str) -> dict[str, Any]:
        return self.sides[name].read(next_step, walked.ids[name])

    def agrees(self, walked: Walked, name: str) -> None:
        side = self.sides[name]
        entries, summary = side.entries(walked.ids[name]), side.summary(walked.ids[name])
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


def _same(told: Body) -> Callable[[str], Body]:
    """What is told alike on both sides."""
    return lambda _: told


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


HASHES = ("hash", "basis", "facts_digest")


def _unnamed(document: Any) -> Any:
    """A foreseen entry has another id than the one that is recorded then."""
    text = json.dumps(document, sort_keys=True)
    new = {each["entry"]: "new" for each in document.get("entries", []) if not each.get("duplicate")}
    for identifier in new:
        text = text.replace(identifier, "new")
    return text


def _expected(episode: Episode, data: st.DataObject) -> list[Body]:
    """One of the things that this state waits for."""
    counted = episode.courses if episode.context == "maintenance" else episode.cycles
    match episode.state:
        case "chemoimmunotherapy.ready" | "maintenance.ready":
            number = (counted.last_number or 0) + 1
            return [{"kind": "cycle_started", "line": episode.line, "cycle": number}]
        case "chemoimmunotherapy.cycle_running" | "maintenance.cycle_running":
            return [
                {"kind": "cycle_completed", "delivered": data.draw(st.sampled_from(["full", "modified"]))}
            ]
        case "assessment_due" | "restaging" | "car_t_bridge.monitoring" | "car_t_bridge.response_due":
            return [{"kind": "assessment_recorded", "components": data.draw(told_at_random.FULL_COMPONENTS)}]
        case "local_control":
            return [{"kind": "local_control_completed", "modality": "surgery"}]
        case "progression_suspected" | "follow_up":
            return [{"kind": "progression_evidence_recorded", "confirmed": True}]
        case state if state.startswith("car_t_bridge"):
            steps = ("eligible", "apheresis", "product_released", "infused")
            return [{"kind": "car_t_step_recorded", "step": data.draw(st.sampled_from(steps))}]
        case _:
            return [
                {"kind": "consent_recorded", "given": True},
                {"kind": "consent_recorded", "given": True, "scope": "car_t"},
                {"kind": "fitness_recorded", "lansky": 80, "tolerance": "acceptable"},
            ]


def _detail(option: str, data: st.DataObject) -> Body:
    """What a decision says beyond its option; sometimes what it has to say is left out."""
    agents = st.lists(st.sampled_from(told_at_random.AGENTS), min_size=1, max_size=2)
    said: dict[str, st.SearchStrategy[Body]] = {
        "close": st.just({"closure": "completed"}),
        "stop_agent": agents.map(lambda names: {"agents": names}),
        "hold": agents.map(lambda names: {"agents": names}),
        "other": st.sampled_from([{"text": "a trial"}, {"text": "wait", "rests_in": "follow_up"}]),
    }
    treats = option in DEFINITION_OPTIONS and DEFINITION.option(option).treats
    plan = st.one_of(
        agents.map(lambda names: {"agents": names}),
        st.sampled_from(told_at_random.REGIMENS).map(lambda name: {"regimen": name}),
        st.just({"rests_in": "follow_up"}),
    )
    usual = said.get(option, plan if treats else st.just({}))
    return data.draw(st.one_of(usual, usual, st.just({})), label="detail")


DEFINITION_OPTIONS = frozenset(option.name for option in DEFINITION.options)


def _reason(data: st.DataObject) -> Body | None:
    reasons = [
        {"code": "does-not-align-preferences"},
        {"code": "does-not-align-preferences"},
        {"text": "as the family wishes"},
        None,
    ]
    return data.draw(st.sampled_from(reasons), label="reason")


def test_whatever_happens_the_record_is_what_the_reference_says(
    new_sqlite: Callable[[], str], new_postgres: Callable[[], str]
) -> None:
    Walk.urls = {"sqlite": new_sqlite(), "postgresql": new_postgres()}
    run_state_machine_as_test(Walk, settings=WALKS)
