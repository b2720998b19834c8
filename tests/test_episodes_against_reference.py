"""Episodes driven through random requests on two databases at once, beside a plain reference.

`HYPOTHESIS_PROFILE=explore` walks further, more often, and elsewhere each time; `PATHWAY_TEST_WALKS` says how often.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from pathway.catalogue.high_risk_neuroblastoma_relapse.version_1 import PATHWAY as DEFINITION
from pathway.episodes.episode import Episode
from pathway.use_cases.countersign import countersign
from pathway.use_cases.decide import decide
from pathway.use_cases.erase_patient import erase_patient
from pathway.use_cases.find_episodes import find_episodes
from pathway.use_cases.open_episode import open_episode
from pathway.use_cases.permissions import GIVES, Role
from pathway.use_cases.record_events import record_events
from pathway.use_cases.refusals import NEVER_KEPT, Refusal
from pathway.use_cases.resolve_review import resolve_review
from tests import random_events as told_at_random
from tests.reference.refusals import Choice, outcome_of_signature
from tests.reference.tables import offered
from tests.sides import EVERYTHING, PATHWAY, Side, unused_key
from tests.walk import READS, SIDES, Body, Walk, Walked

EXPLORING = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
WALKS = settings(
    max_examples=int(os.environ.get("PATHWAY_TEST_WALKS", "1000" if EXPLORING else "15")),
    stateful_step_count=60 if EXPLORING else 30,
    suppress_health_check=list(HealthCheck),
    # A walk that fails is shortened only where somebody waits for it: that takes minutes.
    phases=tuple(Phase) if EXPLORING else (Phase.explicit, Phase.generate),
)
PATIENTS = ("mrn-1", "mrn-2")
CLINICIANS = ("dr-adeyemi", "dr-brandt")
OPTIONS = {option.name: option for option in DEFINITION.options}
WITH_A_CODE = {"code": "does-not-align-preferences"}
WITH_BOTH = WITH_A_CODE | {"text": "as the family wishes, under supervision"}
HEALTHY: list[Body] = [
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

clinicians = st.sampled_from(CLINICIANS)
places = st.integers(0, 30)


class RandomWalk(Walk):
    """What may happen to the episodes of two patients, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.erased = count(1)
        self.restarts = 0

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

    def one(self, data: st.DataObject) -> Walked:
        return data.draw(st.sampled_from(self.episodes), label="episode")

    # What happens.

    @rule(data=st.data(), rounds=st.integers(2, 8), clinician=clinicians)
    def go_on(self, data: st.DataObject, rounds: int, clinician: str) -> None:
        """What the pathway waits for, a few times, so that walks come far."""
        walked = self.one(data)
        for _ in range(rounds):
            known = self.known(walked)
            episode, when = known.course.episode, {"occurred_on": known.today.isoformat()}
            expected = _expected(episode, data)
            if expected:
                self.record(walked, [_same(each | when) for each in expected])
            else:
                statuses = offered(DEFINITION, episode, known.today).statuses
                ahead = [
                    name for name, status in statuses.items() if status != "blocked" and OPTIONS[name].treats
                ]
                otherwise = "reopen" if episode.state == "closed" else "change_line"
                option = data.draw(st.sampled_from(ahead or [otherwise]), label="option")
                choice = Choice(option, known.today, known.today, known.digest, {}, WITH_A_CODE)
                self.decide(walked, choice, clinician)

    @rule(data=st.data())
    def happen(self, data: st.DataObject) -> None:
        """Anything, one by one or several in one request, late ones among them."""
        walked = self.one(data)
        events = data.draw(st.lists(self.events(walked), min_size=1, max_size=3), label="events")
        self.record(walked, [_same(each) for each in events])

    def events(self, walked: Walked) -> told_at_random.Events:
        """Events as a source system sends them: some with a message id, which comes again with other content."""
        source = st.builds(lambda n: {"source": {"system": "lab", "message_id": str(n)}}, st.integers(1, 4))
        plain = told_at_random.facts(self.known(walked).today)
        return st.one_of(plain, plain, st.builds(lambda told, by: told | by, plain, source))

    @rule(data=st.data())
    def send_twice(self, data: st.DataObject) -> None:
        """The same message in two requests, the second time as it was or with another content."""
        walked = self.one(data)
        told = data.draw(told_at_random.facts(self.known(walked).today), label="event")
        message = {"source": {"system": "ward", "message_id": str(len(self.sent) // 3)}}
        later = data.draw(st.sampled_from([{}, {"occurred_precision": "month"}]), label="later")
        self.record(walked, [_same(told | message)])
        self.record(walked, [_same(told | message | later)])

    @rule(data=st.data(), place=places, times=st.integers(1, 2))
    def correct(self, data: st.DataObject, place: int, times: int) -> None:
        """An entry is corrected, once or twice, mostly by one of its own kind."""
        walked = self.one(data)
        chosen = place % len(self.known(walked).log)
        for _ in range(times):
            self.correct_at(walked, data, chosen)

    def correct_at(self, walked: Walked, data: st.DataObject, place: int) -> None:
        known = self.known(walked)
        line = known.log[place]
        told = line.told["replacement"] if line.kind == "event_corrected" else line.told
        replacement = data.draw(told_at_random.replacements(told, known.today), label="replacement")
        named = [line.entry for line in known.log]

        def correction(name: str) -> dict[str, Any]:
            """The correction with the ids that its entries have on this side."""
            said = replacement
            if "entry" in said:
                said = said | {"entry": self.entry(walked, name, named.index(said["entry"]))}
            return {
                "kind": "event_corrected",
                "replacement": said,
                "occurred_on": known.today.isoformat(),
                "entry": self.entry(walked, name, place),
            }

        self.record(walked, [correction])

    @rule(data=st.data(), statuses=st.permutations(["positive", "partial", "negative"]))
    def correct_the_first_of_two_results(self, data: st.DataObject, statuses: list[str]) -> None:
        """Two results of one day, then the first is corrected: it keeps its place, and the second still counts."""
        walked = self.one(data)
        known = self.known(walked)
        first, second, instead = (
            {"kind": "gd2_measured", "status": status, "occurred_on": known.today.isoformat()}
            for status in statuses
        )
        place = len(known.log)
        self.record(walked, [_same(first), _same(second)])
        correction = {"kind": "event_corrected", "replacement": instead, "occurred_on": first["occurred_on"]}
        self.record(walked, [lambda name: correction | {"entry": self.entry(walked, name, place)}])

    @rule(data=st.data(), place=places)
    def retract(self, data: st.DataObject, place: int) -> None:
        walked = self.one(data)
        when = self.known(walked).today.isoformat()
        told = {"kind": "event_retracted", "reason": "recorded for the wrong child", "occurred_on": when}
        self.record(walked, [lambda name: told | {"entry": self.entry(walked, name, place)}])

    @rule(data=st.data(), by_retraction=st.booleans())
    def learn_late_what_speaks_against_a_decision(self, data: st.DataObject, by_retraction: bool) -> None:
        """After a decision the family's wish for comfort turns up, or what the decision rested on is retracted."""
        walked = self.one(data)
        known = self.known(walked)
        decisions = [line for line in known.log if line.kind == "decision_made"]
        if not decisions:
            return
        on = date.fromisoformat(decisions[-1].told["occurred_on"])
        consents = [line for line in known.log if line.kind == "consent_recorded"]
        if by_retraction and consents:
            place = consents[-1].sequence - 1
            told = {"kind": "event_retracted", "reason": "not so", "occurred_on": known.today.isoformat()}
            self.record(walked, [lambda name: told | {"entry": self.entry(walked, name, place)}])
        else:
            wish = {"kind": "intent_recorded", "intent": "comfort"}
            self.record(walked, [_same(wish | {"occurred_on": (on - timedelta(days=1)).isoformat()})])

    @rule(data=st.data(), place=places, grade=st.integers(0, 3))
    def resolve_side_effect(self, data: st.DataObject, place: int, grade: int) -> None:
        walked = self.one(data)
        known = self.known(walked)
        today = {"occurred_on": known.today.isoformat()}
        toxicities = [line.sequence - 1 for line in known.log if line.kind == "toxicity_recorded"]
        if not toxicities:
            self.record(walked, [_same({"kind": "toxicity_recorded", "term": "pain", "grade": 4} | today)])
            toxicities = [len(known.log), 0]
        chosen = toxicities[place % len(toxicities)]
        told = {"kind": "toxicity_resolved", "to_grade": grade} | today
        self.record(walked, [lambda name: told | {"entry": self.entry(walked, name, chosen)}])

    @rule(data=st.data(), ahead=st.integers(0, 3))
    def say_what_cannot_be(self, data: st.DataObject, ahead: int) -> None:
        """A message for another patient, or a date to come, alone or behind an event that is well."""
        walked = self.one(data)
        today = self.known(walked).today
        note: Body = {"kind": "note_added", "text": "seen", "occurred_on": today.isoformat()}
        other = {"patient": {"system": "urn:mrn", "value": data.draw(st.sampled_from([*PATIENTS, "mrn-9"]))}}
        to_come = {"occurred_on": (today + timedelta(days=ahead)).isoformat()}
        wrong = note | data.draw(st.sampled_from([to_come, other]))
        first = [note] if data.draw(st.booleans()) else []
        self.record(walked, [_same(each) for each in (*first, wrong)])

    @precondition(lambda self: len(self.episodes) < 4)
    @rule(data=st.data(), by_decision=st.booleans())
    def come_back(self, data: st.DataObject, by_decision: bool) -> None:
        """An episode is closed, the patient begins another, and the first is to go on again."""
        walked = self.one(data)
        known = self.known(walked)
        self.record(
            walked,
            [_same({"kind": "episode_closed", "reason": "death", "occurred_on": known.today.isoformat()})],
        )
        if data.draw(st.booleans()):
            known_by_name = walked.patient if walked.patient in PATIENTS else PATIENTS[0]
            self.open(known_by_name, healthy=False)
        known = self.known(walked)
        if by_decision:
            again = Choice("reopen", known.today, known.today, known.digest, {}, WITH_A_CODE)
            self.decide(walked, again, CLINICIANS[0])
        else:
            told = {"kind": "event_retracted", "reason": "alive", "occurred_on": known.today.isoformat()}
            last = len(known.log) - 1
            self.record(walked, [lambda name: told | {"entry": self.entry(walked, name, last)}])

    # What people decide.

    @rule(data=st.data(), clinician=clinicians, say_when=st.booleans())
    def choose(self, data: st.DataObject, clinician: str, say_when: bool) -> None:
        """Any option, recommended or not, for any day, on what was seen now or long ago, with a reason or without."""
        walked = self.one(data)
        known = self.known(walked)
        back = data.draw(
            st.sampled_from([0, 0, 0, 1, 5, -1, -3]) if say_when else st.just(0), label="days ago"
        )
        on = known.today - timedelta(days=back)
        seen_on, seen = data.draw(self.seen(walked, on), label="seen")
        statuses = offered(DEFINITION, known.course.episode, on).statuses
        open_ones = [option for option, status in statuses.items() if status != "blocked"] or ["other"]
        any_one = st.sampled_from([*statuses, "surgery"])
        option = data.draw(st.one_of(st.sampled_from(open_ones), any_one), label="option")
        choice = Choice(option, on, seen_on, seen, _detail(option, data), _reason(data))
        self.decide(walked, choice, clinician, say_when=say_when)

    def seen(self, walked: Walked, on: date) -> st.SearchStrategy[tuple[date, str]]:
        """What a decision may quote: the recommendation of today or of its day, or one given before."""
        known = self.known(walked)
        fresh = st.sampled_from([(known.today, known.digest), (on, known.digest)])
        before = st.sampled_from([(each.day, each.digest) for each in walked.given])
        return st.one_of(fresh, fresh, fresh, before)

    @rule(data=st.data(), place=places, clinician=clinicians)
    def sign(self, data: st.DataObject, place: int, clinician: str) -> None:
        """A second signature; where none is waited for, an antibody that was stopped is given first."""
        walked = self.one(data)
        if not self.known(walked).course.episode.pending:
            self.override_a_stop(walked, data)
            self.clock.pass_days(data.draw(st.sampled_from([0, 0, 0, 15]), label="days until it is signed"))
        known = self.known(walked)
        pending = known.course.episode.pending
        waiting = [line.sequence - 1 for line in known.log if line.entry in pending] or [
            place % len(known.log)
        ]
        chosen = waiting[place % len(waiting)]
        expected = outcome_of_signature(known, known.log[chosen].entry, clinician)
        answer = self.send(
            countersign,
            walked,
            lambda _: {"reason": "agreed at the tumour board"},
            lambda name: self.entry(walked, name, chosen),
            subject=clinician,
        )
        assert answer.outcome == expected
        if expected == "countersigned":
            assert known.log[chosen].entry not in self.known(walked).course.episode.pending

    def override_a_stop(self, walked: Walked, data: st.DataObject) -> None:
        today = self.known(walked).today
        agent = data.draw(st.sampled_from([{"agent": "dinutuximab_beta"}, {}]), label="agent")
        told = {
            "kind": "toxicity_recorded",
            "term": "anaphylaxis",
            "grade": 4,
            "occurred_on": today.isoformat(),
        }
        self.record(walked, [_same(told | agent)])
        known = self.known(walked)
        on = today + timedelta(days=data.draw(st.sampled_from([0, 0, 1]), label="days ahead"))
        option = data.draw(st.sampled_from(["change_line", "start_maintenance"]), label="option")
        detail = {"agents": ["dinutuximab_beta", "irinotecan"]}
        choice = Choice(option, on, today, known.digest, detail, WITH_BOTH)
        self.decide(walked, choice, CLINICIANS[0])

    @rule(data=st.data(), place=places)
    def look_at_review(self, data: st.DataObject, place: int) -> None:
        """A review task is resolved; where none is open, one is raised by a cycle nobody decided on."""
        walked = self.one(data)
        if not self.known(walked).course.episode.reviews:
            on = self.known(walked).today + timedelta(days=data.draw(st.integers(0, 1), label="days ahead"))
            self.record(walked, [_same({"kind": "cycle_started", "line": 9, "occurred_on": on.isoformat()})])
        known = self.known(walked)
        reviews = known.course.episode.reviews
        raised = [line.sequence - 1 for line in known.log if line.entry in reviews] or [
            place % len(known.log)
        ]
        chosen = raised[place % len(raised)]
        expected = "review_resolved" if known.log[chosen].entry in reviews else "unknown_entry"
        answer = self.send(
            resolve_review,
            walked,
            lambda _: {"reason": "looked at"},
            lambda name: self.entry(walked, name, chosen),
        )
        assert answer.outcome == expected
        if expected == "review_resolved":
            assert known.log[chosen].entry not in self.known(walked).course.episode.reviews

    # What goes wrong, and time.

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), differently=st.booleans())
    def send_again(self, data: st.DataObject, differently: bool) -> None:
        """The same key and request: the first answer, byte for byte. The same key for something else: refused."""
        kept = [sent for sent in self.sent if sent.answers["sqlite"].outcome not in NEVER_KEPT]
        sent = data.draw(st.sampled_from(kept), label="request")
        for name, side in self.sides.items():
            before, first = self.stored(name), sent.answers[name]
            body = _otherwise(sent.bodies[name]) if differently else sent.bodies[name]
            who: dict[str, Any] = {"subject": sent.subject, "client": sent.client, "key": sent.key}
            again = side.ask(sent.use_case, *sent.where[name], body=body, **who)
            if differently:
                assert again.outcome == "idempotency_key_reused"
            else:
                assert (again.outcome, again.text, again.location) == (
                    first.outcome,
                    first.text,
                    first.location,
                )
                assert again.replayed
            assert self.stored(name) == before

    @rule(data=st.data(), clients=st.permutations(["ehr", "tumour-board"]))
    def use_the_key_of_another_client(self, data: st.DataObject, clients: list[str]) -> None:
        """Each client has its keys to itself: what one sent is no answer to the other."""
        walked, key = self.one(data), unused_key()
        when = self.known(walked).today.isoformat()
        for client in clients:
            note = {"kind": "note_added", "text": f"seen by {client}", "occurred_on": when}
            self.record(walked, [_same(note)], client=client, key=key)

    @rule(data=st.data(), role=st.sampled_from(Role), elsewhere=st.booleans())
    def ask_without_the_right(self, data: st.DataObject, role: Role, elsewhere: bool) -> None:
        """Somebody of another site finds nothing; somebody who may not is told so; neither changes anything."""
        walked = self.one(data)
        scopes = EVERYTHING if elsewhere else GIVES[role]
        for name, side in self.sides.items():
            before, episode = self.stored(name), walked.ids[name]
            who: dict[str, Any] = {"scopes": scopes, "site": "elsewhere" if elsewhere else None}
            note = {"kind": "note_added", "text": "seen", "occurred_on": "2026-03-01"}
            decision = {"option": "hold", "basis": "0" * 64}
            refused = {
                "events.write": side.ask(record_events, episode, body=note, dry_run=True, **who),
                "decisions.write": side.ask(decide, episode, body=decision, **who),
            }
            for permission, answer in refused.items():
                if elsewhere:
                    assert answer.outcome == "unknown_episode"
                else:
                    assert (answer.outcome == "not_permitted") == (permission not in scopes)
            for use_case in READS.values():
                if elsewhere or "episodes.read" not in scopes:
                    with pytest.raises(Refusal) as refusal:
                        use_case(side.installation, side.caller(**who), episode, known_at=None, as_of=None)
                    assert refusal.value.outcome == ("unknown_episode" if elsewhere else "not_permitted")
            assert self.stored(name) == before

    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        """A patient is erased: the course stays as it was, and whoever has the same identifier is somebody else."""
        walked = self.one(data)
        patient = walked.patient
        asked = {"patient": {"system": "urn:mrn", "value": patient}, "reason": "asked for by the family"}
        is_known = patient in PATIENTS
        for name, side in self.sides.items():
            before = self.stored(name)
            own = {each.ids[name] for each in self.of(patient)} if is_known else set()
            assert self.found(side, patient) == own
            answer = side.ask(erase_patient, body=asked, scopes=GIVES[Role.OPERATOR])
            assert answer.outcome == ("erased" if is_known else "unknown_patient")
            assert set(answer.document.get("episodes", ())) == own
            assert self.found(side, patient) == set()
            assert self.stored(name) == before
        if is_known:
            name = f"erased {next(self.erased)}"
            for each in self.of(patient):
                each.patient = name

    def found(self, side: Side, patient: str) -> set[str]:
        """The episodes found under the identifier."""
        body = orjson.dumps({"patient": {"system": "urn:mrn", "value": patient}})
        told = orjson.loads(find_episodes(side.installation, side.caller(), body))
        return {each["episode"] for each in told["episodes"]}

    @rule(days=st.sampled_from([0.001, 0.5, 0.58, 1, 10, 25]))
    def wait(self, days: float) -> None:
        self.clock.pass_days(days)

    @precondition(lambda self: self.restarts < 2)
    @rule()
    def restart(self) -> None:
        self.restarts += 1
        for side in self.sides.values():
            side.restart()

    @rule(data=st.data())
    def ask_what_was_known(self, data: st.DataObject) -> None:
        """What was answered once is answered again, whatever came since, when asked as it was known then."""
        walked = self.one(data)
        given = data.draw(st.sampled_from(walked.given), label="answer")
        for name in SIDES:
            for use_case, answer in given.answers[name].items():
                asked = {"known_at": given.at, "as_of": given.day}
                assert self.sides[name].read(READS[use_case], walked.ids[name], **asked) == answer


def _same(told: Body) -> Callable[[str], Body]:
    """What is told alike on both sides."""
    return lambda _: told


def _otherwise(body: Body) -> Body:
    """Another request of the same kind."""
    if "kind" in body or "events" in body:
        note = {"kind": "note_added", "text": "one more", "occurred_on": "2026-03-01"}
        return {"events": [*body.get("events", [body]), note]}
    if "option" in body:
        return body | {"detail": body["detail"] | {"text": "otherwise"}}
    return body | ({"opened_on": "2026-01-01"} if "patient" in body else {"reason": "otherwise"})


def _expected(episode: Episode, data: st.DataObject) -> list[Body]:
    """One of the facts that this state waits for; none where a decision is waited for."""
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
        case _ if episode.gd2_outdated or "car_t" not in episode.consents:
            return [
                {"kind": "consent_recorded", "given": True},
                {"kind": "consent_recorded", "given": True, "scope": "car_t"},
                {"kind": "car_t_step_recorded", "step": "eligible"},
                {"kind": "fitness_recorded", "lansky": 80, "tolerance": "acceptable"},
                {"kind": "gd2_measured", "status": "positive"},
            ]
        case _:
            return []


def _detail(option: str, data: st.DataObject) -> Body:
    """What a decision says beyond its option; sometimes what it has to say is left out."""
    agents = st.lists(st.sampled_from(told_at_random.AGENTS), min_size=1, max_size=2)
    said: dict[str, st.SearchStrategy[Body]] = {
        "close": st.just({"closure": "completed"}),
        "stop_agent": agents.map(lambda names: {"agents": names}),
        "hold": agents.map(lambda names: {"agents": names}),
        "other": st.sampled_from([{"text": "a trial"}, {"text": "wait", "rests_in": "follow_up"}]),
    }
    plan: st.SearchStrategy[Body] = st.one_of(
        agents.map(lambda names: {"agents": names}),
        st.sampled_from(told_at_random.REGIMENS).map(lambda name: {"regimen": name}),
        st.just({}),
        st.just({"rests_in": "follow_up"}),
    )
    treats = option in OPTIONS and OPTIONS[option].treats
    usual = said.get(option, plan if treats else st.just({}))
    return data.draw(st.one_of(usual, usual, st.just({})), label="detail")


def _reason(data: st.DataObject) -> dict[str, Any] | None:
    reasons = [WITH_A_CODE, WITH_BOTH, {"text": "as the family wishes"}, None]
    return data.draw(st.sampled_from(reasons), label="reason")


@pytest.mark.shows("G6", "R-044", "C-38")
@pytest.mark.parametrize(
    "walks",
    [
        pytest.param(WALKS.max_examples, id="quick", marks=pytest.mark.quick),
        pytest.param(200, id="full", marks=pytest.mark.full),
    ],
)
def test_whatever_happens_the_record_is_what_the_reference_says(
    walks: int,
    new_sqlite: Callable[[], str],
    new_postgres: Callable[[], str],
    record_property: Callable[[str, object], None],
) -> None:
    RandomWalk.urls = {"sqlite": new_sqlite(), "postgresql": new_postgres()}
    RandomWalk.walks = RandomWalk.episodes_walked = 0
    run_state_machine_as_test(RandomWalk, settings=settings(WALKS, max_examples=walks))
    record_property("walks through both databases", RandomWalk.walks)
    record_property("episodes walked", RandomWalk.episodes_walked)
    record_property("differences", 0)
