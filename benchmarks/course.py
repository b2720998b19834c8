"""The episodes that are measured, recorded through the use cases so that the database holds what the service writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from typing import Any, Final

from pathway.settings import Settings
from pathway.store.values import Settled
from pathway.use_cases.decide import decide
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.next_step import next_step
from pathway.use_cases.open_episode import open_episode
from pathway.use_cases.record_events import record_events

SITE: Final = "ward"
PATHWAY: Final = "high_risk_neuroblastoma_relapse"
OPENED_DAYS_AGO: Final = 60
AT_ONCE: Final = 100
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """The episodes of one database that the others are copied from."""

    middle: str
    short: str
    long: str
    long_entries: int


def today() -> date:
    """The day of the run: the service refuses what has not happened yet."""
    return datetime.now(UTC).date()


def record_course(settings: Settings, long_entries: int) -> Course:
    """Records the three episodes in the migrated, empty database of the settings."""
    installation = Installation.open(settings)
    try:
        recorder = _Recorder(installation)
        middle, short, long = (recorder.opened(patient) for patient in ("middle", "short", "long"))
        recorder.treat(middle)
        *history, last = islice(_uneventful(), long_entries - 1)
        for start in range(0, len(history), AT_ONCE):
            recorder.record(long, *history[start : start + AT_ONCE])
        # By itself: the driver alone writes the answer that was stored last, and is to write one of a single event.
        recorder.record(long, last)
        return Course(middle, short, long, long_entries)
    finally:
        installation.close()


class _Recorder:
    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        scopes = frozenset({"episodes.read", "events.write", "decisions.write"})
        self._caller = Caller(SITE, "benchmark", "benchmark", scopes)
        self._keys = count(1)

    def opened(self, patient: str) -> str:
        identifier = {"system": "urn:example:mrn", "value": patient}
        body = {"pathway": PATHWAY, "patient": identifier, "opened_on": _day(0), "risk_group": "high"}
        return str(
            self._settled(open_episode(self._installation, self._caller, *self._sent(body)))["episode"]
        )

    def record(self, episode: str, *events: Told) -> None:
        sent = self._sent({"events": list(events)})
        self._settled(record_events(self._installation, self._caller, episode, *sent, minimal=True))

    def decide(self, episode: str, day: int) -> None:
        """Takes what is recommended, with a reason, since the table may ask for one even then."""
        on = date.fromisoformat(_day(day))
        told = json.loads(next_step(self._installation, self._caller, episode, None, on))
        body: Told = {"option": told["recommended"], "basis": told["basis"], "decided_on": on.isoformat()}
        body["reason"] = {"text": "As agreed."}
        self._settled(decide(self._installation, self._caller, episode, *self._sent(body)))

    def treat(self, episode: str) -> None:
        """From the relapse to the decision after two cycles."""
        baseline, first, second, assessment = _treatment()
        self.record(episode, *baseline)
        self.decide(episode, 3)
        self.record(episode, *first)
        self.record(episode, *second)
        self.record(episode, *assessment)

    def _sent(self, body: Told) -> tuple[bytes, str, str]:
        return json.dumps(body).encode(), f"course-{next(self._keys)}", "0" * 64

    @staticmethod
    def _settled(write: Future[Settled]) -> Told:
        settled = write.result()
        told: Told = json.loads(settled.document)
        if settled.outcome not in ("created", "recorded", "decided"):
            raise AssertionError(f"the course could not be recorded: {settled.outcome}: {told}")
        return told


def _day(number: int) -> str:
    return (today() - timedelta(days=OPENED_DAYS_AGO - number)).isoformat()


def _event(kind: str, day: int, **told: Any) -> Told:
    return {"kind": kind, "occurred_on": _day(day), **told}


def _treatment() -> tuple[list[Told], ...]:
    line = {"line": 1, "regimen": "dinutuximab + irinotecan + temozolomide"}
    return (
        [
            _event("prior_therapy_recorded", 0, line=1, regimen="induction", high_dose_therapy=True),
            _event(
                "progression_evidence_recorded", 0, confirmed=True, setting="relapse", pattern="metastatic"
            ),
            _event("gd2_measured", 1, status="positive", method="immunocytology", specimen="marrow"),
            _event("biomarker_recorded", 1, marker="MYCN", value="amplified"),
            _event("fitness_recorded", 2, lansky=80, uncontrolled_infection=False),
            _event("consent_recorded", 2, given=True),
        ],
        [
            _event("cycle_started", 4, cycle=1, **line),
            _event("toxicity_recorded", 6, term="neuropathic pain", grade=2),
            _event("cycle_completed", 24, line=1, cycle=1, delivered="full"),
            _event("fitness_recorded", 24, lansky=80, tolerance="acceptable"),
        ],
        [
            _event("cycle_started", 26, cycle=2, **line),
            _event("toxicity_recorded", 30, term="fever", grade=1),
            _event("cycle_completed", 46, line=1, cycle=2, delivered="full"),
            _event("fitness_recorded", 46, lansky=90, tolerance="acceptable", anc_per_ul="1500"),
        ],
        [
            _event(
                "assessment_recorded",
                50,
                components={"primary": "PR", "metastatic": "SD", "bone_marrow": "CR"},
                residual={"local_control_feasible": False},
            )
        ],
    )


def _uneventful() -> Iterator[Told]:
    """Facts without end that leave the episode in its first state: what differs is the history alone."""
    terms = ("anaemia", "constipation", "cough", "diarrhoea", "fatigue", "fever", "headache", "nausea")
    for number in count():
        day = min(number // 9, OPENED_DAYS_AGO - 1)
        yield (
            _event("fitness_recorded", day, lansky=60 + number % 4 * 10, anc_per_ul=str(900 + number)),
            _event("toxicity_recorded", day, term=terms[number % 8], grade=1 + number % 2),
            _event("note_added", day, text=f"Visit {number}: seen on the ward, no change of plan."),
            _event("biomarker_recorded", day, marker="LDH", value=str(300 + number), unit="U/l"),
        )[number % 4]


def observation(number: int) -> Told:
    """An event as laboratories and wards send them all day; each with a business key of its own."""
    source = {"system": "urn:example:laboratory", "message_id": f"message-{number}"}
    if number % 2:
        return _event(
            "toxicity_recorded",
            OPENED_DAYS_AGO,
            term="neuropathic pain",
            grade=1 + number // 2 % 2,
            source=source,
        )
    counts = {"anc_per_ul": str(1000 + number % 900), "platelets_per_ul": str(90_000 + number % 999)}
    return _event("fitness_recorded", OPENED_DAYS_AGO, lansky=80, **counts, source=source)
