"""Tells an episode in events, for tests of the core: no database, no clock, days counted from the opening."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pathway.catalogue import CATALOGUE
from pathway.engine.definition import Pathway
from pathway.engine.fold import Step, fold, steps
from pathway.engine.outcome import Status
from pathway.engine.recommendation import Recommendation, recommend
from pathway.episodes.episode import Episode
from pathway.episodes.events import Event, read_logged
from pathway.episodes.log import Effective, Entry, effective_history
from pathway.proof.canonical import canonical

PATHWAY = next(iter(CATALOGUE))
FIRST_DAY = date(2026, 1, 1)
BEACON = "dinutuximab_beta_irinotecan_temozolomide"
COMPLETE = {"primary": "NI", "metastatic": "NI", "bone_marrow": "NI"}

READY: dict[str, Any] = {
    "lansky": 90,
    "anc_per_ul": "1500",
    "platelets_per_ul": "120000",
    "hb_g_dl": "10.2",
    "alt_x_uln": "0.8",
    "ast_x_uln": "0.9",
    "bilirubin_x_uln": "0.5",
    "gfr_ml_min_173": "110",
    "spo2_percent": "98",
    "pain_grade": 0,
    "diarrhoea_grade": 0,
    "temperature_c": "36.8",
    "uncontrolled_infection": False,
    "neurological_examination": "normal",
    "eye_examination": "normal",
    "pregnancy_test": "not_applicable",
    "systemic_steroids": False,
}
"""What lets a cycle with an antibody and chemotherapy begin."""


def day(number: int) -> date:
    """The day so many days after the first."""
    return FIRST_DAY + timedelta(days=number)


def told(number: int) -> str:
    """The same as sentences have it."""
    return f"{day(number).day} {day(number):%b %Y}"


@dataclass
class Story:
    """The log of one episode. `on` is always a number of days after the first."""

    pathway: Pathway = PATHWAY
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def opened(cls, pathway: Pathway = PATHWAY, **told: Any) -> Story:
        """An episode of high-risk disease, unless told otherwise."""
        story = cls(pathway)
        story.told("episode_opened", 0, **{"risk_group": "high", **told})
        return story

    def told(self, kind: str, on: int = 0, **fields: Any) -> str:
        """Record an event; gives the entry's id."""
        said = {"kind": kind, **fields}
        if "occurred_at" not in said:
            said["occurred_on"] = day(on).isoformat()
        return self.record(read_logged(canonical(said)))

    def record(self, event: Event) -> str:
        """Append an event to the log; each entry is recorded an hour after the one before."""
        sequence = len(self.entries) + 1
        entry_id = str(UUID(int=sequence))
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=sequence)
        self.entries.append(Entry(entry_id, sequence, at, "dr", event))
        return entry_id

    def decided(self, option: str, on: int = 0, offered_as: str = "recommended", **detail: Any) -> str:
        """Record a decision."""
        return self.told(
            "decision_made", on, option=option, detail=detail, basis="0" * 64, offered_as=offered_as
        )

    def corrected(self, entry: str, kind: str, on: int, **fields: Any) -> str:
        """Record that an entry was wrong, and what stands in its place; found a year later."""
        replacement = {"kind": kind, "occurred_on": day(on).isoformat(), **fields}
        return self.told("event_corrected", 365, entry=entry, replacement=replacement)

    def retracted(self, entry: str) -> str:
        """Record that an entry should not have been; found a year later."""
        return self.told("event_retracted", 365, entry=entry, reason="recorded for another child")

    def cycle(self, number: int | str, on: int, *, until: int | None = None, **told: Any) -> None:
        """A cycle that was given in full, over five days unless told otherwise, with all that it needs to begin."""
        self.ready_for_cycle(on)
        delivered = told.pop("delivered", "full")
        self.told("cycle_started", on, cycle=number, **told)
        self.told("cycle_completed", on + 5 if until is None else until, cycle=number, delivered=delivered)

    def assessed(
        self, on: int, primary: str, metastatic: str = "NI", bone_marrow: str = "NI", **told: Any
    ) -> str:
        """An assessment with a rating for each component."""
        parts = {"primary": primary, "metastatic": metastatic, "bone_marrow": bone_marrow}
        return self.told("assessment_recorded", on, components=parts, **told)

    def fit(self, on: int) -> None:
        """A fit child whose family consents to treatment."""
        self.told("fitness_recorded", on, lansky=90)
        self.told("consent_recorded", on, given=True)

    def ready_for_cycle(self, on: int, **otherwise: Any) -> str:
        """What the next cycle or course needs to begin is recorded and good; what is None is left out."""
        told = READY | otherwise
        return self.told(
            "fitness_recorded", on, **{name: value for name, value in told.items() if value is not None}
        )

    def planned(self, on: int = 0, **evidence: Any) -> Story:
        """Progression is confirmed and GD2 is positive; the child is fit and the family consents."""
        self.told("progression_evidence_recorded", on, confirmed=True, **evidence)
        self.told("gd2_measured", on, status="positive")
        self.fit(on)
        return self

    def treated(self, on: int = 1, **detail: Any) -> Story:
        """The first line was begun."""
        self.decided("start_chemoimmunotherapy", on, **{"regimen": BEACON, **detail})
        return self

    @property
    def history(self) -> tuple[Effective, ...]:
        """The entries in force."""
        return effective_history(self.entries, ZoneInfo("UTC"))

    @property
    def episode(self) -> Episode:
        """Where the episode stands."""
        return fold(self.pathway, self.history).episode

    @property
    def steps(self) -> list[Step]:
        """What each entry in force did."""
        return [step for _, step in steps(self.pathway, self.history)]

    def next(self, on: int) -> Recommendation:
        """What comes next, asked on a day."""
        return recommend(self.pathway, self.episode, day(on))

    def status(self, option: str, on: int) -> Status:
        """Whether an option is recommended, possible or blocked, asked on a day."""
        return self.next(on).status(option)

    def finding(self, name: str, on: int) -> str:
        """What the pathway takes a finding to be, asked on a day."""
        (wanted,) = (each for each in self.pathway.findings if each.name == name)
        return wanted.of(self.episode, day(on)).value

    def owed(self) -> list[str]:
        """What is owed beside the state."""
        return [each.kind for each in self.episode.obligations]

    def windows(self, on: int) -> dict[str, tuple[int, int, int]]:
        """What is due, asked on a day: earliest, target and latest in days after the first."""
        return {
            each.window.what: (
                (each.earliest - FIRST_DAY).days,
                (each.target - FIRST_DAY).days,
                (each.latest - FIRST_DAY).days,
            )
            for each in self.next(on).due
            if each.earliest and each.target and each.latest
        }

    def prompted(self, name: str, on: int) -> list[str]:
        """What a prompt tells of this episode, asked on a day; nothing when it is not shown."""
        told = self.next(on).document("0" * 64)["prompts"]
        return [each.get("detail", "") for each in told if each["prompt"] == name]

    def rows(self, on: int) -> list[str]:
        """The rows that match, asked on a day."""
        return [row.number for row in self.next(on).outcome.rows]


def first_line(**detail: Any) -> Story:
    """A fit child with confirmed progression, on the first line."""
    return Story.opened().planned().treated(**detail)


def after_two_cycles(**detail: Any) -> Story:
    """The first two cycles were given in full (days 2 and 23): the assessment is due."""
    story = first_line(**detail)
    story.cycle(1, 2)
    story.cycle(2, 23)
    return story


def assessed_after_two_cycles(
    primary: str, metastatic: str = "NI", bone_marrow: str = "NI", **told: Any
) -> Story:
    """The assessment after the first two cycles came on day 44, with fitness and consent up to date."""
    story = after_two_cycles()
    story.fit(44)
    story.assessed(44, primary, metastatic, bone_marrow, **told)
    return story
