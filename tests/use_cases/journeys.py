"""The course of one child at one hospital, in the words of those who treat it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pathway.use_cases.countersign import countersign
from pathway.use_cases.decide import decide
from pathway.use_cases.next_step import next_step
from pathway.use_cases.open_episode import open_episode
from pathway.use_cases.read_episode import read_episode
from pathway.use_cases.record_events import record_events
from pathway.use_cases.resolve_review import resolve_review
from tests.sides import PATHWAY, Answer, Side
from tests.story import READY

MRN = "mrn-4711"
BASELINE: tuple[dict[str, Any], ...] = (
    {
        "kind": "progression_evidence_recorded",
        "confirmed": True,
        "setting": "relapse",
        "pattern": "metastatic",
    },
    {"kind": "gd2_measured", "status": "positive"},
    {"kind": "consent_recorded", "given": True},
    {"kind": "consent_recorded", "given": True, "scope": "car_t"},
    {"kind": "car_t_step_recorded", "step": "eligible"},
    {"kind": "fitness_recorded", "lansky": 90, "uncontrolled_infection": False, "tolerance": "acceptable"},
)
FOR_A_REASON = {"code": "does-not-align-preferences", "text": "discussed at the tumour board"}
ALL_CLEAR = {"primary": "CR", "metastatic": "CR", "bone_marrow": "CR"}


@dataclass
class Child:
    side: Side
    episode: str

    @classmethod
    def opened(cls, side: Side, value: str = MRN, *baseline: dict[str, Any], **more: Any) -> Child:
        """Opens an episode ten days ago, with what was known then."""
        on = (side.clock.now.date() - timedelta(days=10)).isoformat()
        body = {
            "pathway": PATHWAY,
            "patient": {"system": "urn:mrn", "value": value},
            "opened_on": on,
            "risk_group": "high",
            "baseline": [event | {"occurred_on": on} for event in baseline or BASELINE],
            **more,
        }
        answer = side.ask(open_episode, body=body)
        assert answer.outcome == "created", answer.document
        return cls(side, answer.document["episode"])

    def day(self, ago: int = 0) -> date:
        return self.side.clock.now.date() - timedelta(days=ago)

    def told(self, kind: str, ago: int = 0, **more: Any) -> dict[str, Any]:
        """An event some days ago, as it is posted."""
        when = {} if "occurred_at" in more else {"occurred_on": self.day(ago).isoformat()}
        return {"kind": kind, **when, **more}

    def tell(self, kind: str, ago: int = 0, **more: Any) -> Answer:
        """Records one event."""
        return self.send(self.told(kind, ago, **more))

    def send(self, *events: dict[str, Any], subject: str = "ward", **more: Any) -> Answer:
        """Records events, one by itself and several together."""
        body = events[0] if len(events) == 1 else {"events": list(events)}
        return self.side.ask(record_events, self.episode, body=body, subject=subject, **more)

    def next(self, **asked: Any) -> dict[str, Any]:
        return self.side.read(next_step, self.episode, **asked)

    def stands(self) -> dict[str, Any]:
        return self.side.read(read_episode, self.episode)

    @property
    def state(self) -> str:
        return self.side.summary(self.episode).state

    def decide(self, option: str, *, by: str = "dr-adeyemi", ago: int | None = None, **more: Any) -> Answer:
        """Decides on today's recommendation, unless `basis` is another."""
        body: dict[str, Any] = {
            "option": option,
            "basis": self.next()["basis"],
            "reason": FOR_A_REASON,
        } | more
        if ago is not None:
            body["decided_on"] = self.day(ago).isoformat()
        return self.side.ask(decide, self.episode, body=body, subject=by)

    def sign(self, entry: str, by: str) -> Answer:
        body = {"reason": "agreed"}
        return self.side.ask(countersign, self.episode, entry, body=body, subject=by)

    def resolve(self, entry: str) -> Answer:
        return self.side.ask(resolve_review, self.episode, entry, body={"reason": "looked at"})

    def ready_for_cycle(self, ago: int = 0) -> None:
        """All that the next cycle needs to begin is recorded."""
        self.tell("fitness_recorded", ago, **READY)

    def cycle(self, number: int, days: int = 21) -> None:
        """A cycle of the first line, given in full, and the days until it is over."""
        self.ready_for_cycle()
        assert self.tell("cycle_started", line=1, cycle=number).document["moved"]
        self.side.clock.pass_days(days)
        assert self.tell("cycle_completed", line=1, cycle=number, delivered="full").document["moved"]

    def treated(self) -> None:
        """The first line is decided on and two cycles are given: the response has to be assessed."""
        agents = ["dinutuximab_beta", "irinotecan", "temozolomide"]
        assert self.decide("start_chemoimmunotherapy", detail={"agents": agents}).outcome == "decided"
        self.cycle(1)
        self.cycle(2)
        self.tell("fitness_recorded", lansky=90, tolerance="acceptable")
        assert self.state == "assessment_due"

    def option(self, name: str) -> str:
        """How an option stands today."""
        status: str = next(each["status"] for each in self.next()["options"] if each["option"] == name)
        return status


def entry_of(answer: Answer, place: int = 0) -> str:
    """The entry an event became."""
    entry: str = answer.document["entries"][place]["entry"]
    return entry
