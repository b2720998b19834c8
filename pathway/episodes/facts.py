"""The values an episode is made of: each fact with the entry and the day it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainSerializer

from pathway.clinical.evidence import Citation
from pathway.clinical.measurements import Measurements
from pathway.clinical.terms import Component, Delivered, Precision, ToxicityScale, is_anti_gd2

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a fact rests on: the entry that told it, its clinical date, and how exactly that is known."""

    entry: str
    on: date
    precision: Precision = Precision.DAY

    @property
    def exact(self) -> bool:
        """True when days can be counted from it."""
        return self.precision is Precision.DAY

    @property
    def when(self) -> str:
        """The date as far as it is known: `3 Jan 2026`, `Jan 2026`, `2026`, `a day that is not known`."""
        match self.precision:
            case Precision.DAY:
                return f"{self.on.day} {_MONTHS[self.on.month - 1]} {self.on.year}"
            case Precision.MONTH:
                return f"{_MONTHS[self.on.month - 1]} {self.on.year}"
            case Precision.YEAR:
                return str(self.on.year)
            case _:
                return "a day that is not known"


@dataclass(frozen=True, slots=True)
class Noted:
    """A value somebody recorded, as text, with what it rests on."""

    value: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Antigen(Noted):
    """GD2 as measured once: `value` is its class; `percent` of the tumour cells and `density` as reported."""

    method: str | None = None
    specimen: str | None = None
    percent: Decimal | None = None
    density: Decimal | None = None

    @property
    def in_words(self) -> str:
        """The class with how, on what and when it was measured: `positive (flow cytometry, marrow, 3 Jan 2026)`."""
        percent = f"{self.percent.normalize():f} % of the cells" if self.percent is not None else None
        density = f"density {self.density.normalize():f}" if self.density is not None else None
        told = (self.method, self.specimen, percent, density, self.at.when)
        return f"{self.value} ({', '.join(each for each in told if each)})"


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """How and when local control is to be carried out, as far as it was said."""

    modality: str | None
    site: str | None
    planned_for: date | None
    after_cycle: int | None
    at: Stamp


@dataclass(frozen=True, slots=True)
class LocalControl(Noted):
    """Local control as carried out; `value` is its modality."""

    site: str | None = None
    extent: str | None = None


@dataclass(frozen=True, slots=True)
class Progression:
    """The latest evidence that the disease grows, came back, or did not respond."""

    confirmed: bool
    setting: str | None
    pattern: str | None
    at: Stamp
    examined: tuple[str, ...] = ()
    """By which examinations, of all that was told about it so far."""


@dataclass(frozen=True, slots=True)
class PriorTherapy:
    """A line given before the episode."""

    line: str
    regimen: str | None
    agents: tuple[str, ...]
    best_response: str | None
    progressed_during: bool | None
    months_to_progression: Decimal | None
    high_dose_therapy: bool | None
    at: Stamp


@dataclass(frozen=True, slots=True)
class Line:
    """A line of therapy given in this episode and ended."""

    number: int
    regimen: str | None
    agents: tuple[str, ...]
    last_response: str | None
    last_anti_gd2: Stamp | None = None
    """When an anti-GD2 antibody had last been given, in this line or before it."""
    resistant: bool | None = None
    """Whether the disease progressed on it or within six months of it."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles (or maintenance courses) since they were last counted from zero."""

    started: int = 0
    completed: int = 0
    counted: int = 0
    """Completed cycles that count towards the limit of the regimen."""
    since_assessment: int = 0
    uncertain: bool = False
    """True when a number or an outcome is unknown, so that `counted` is not certain."""
    last_number: int | None = None
    last_started: Stamp | None = None
    last_completed: Stamp | None = None
    last_delivered: Delivered | None = None
    days_late: int = 0
    """Days by which cycles began after the day the regimen has for them, added up."""


NO_CYCLES: Final = Cycles()


@dataclass(frozen=True, slots=True)
class Toxicity:
    """The latest grade of one adverse event; None when the source gives none, or one that the scale does not have."""

    term: str
    scale: ToxicityScale
    grade: int | None
    agent: str | None
    ongoing: bool
    stop_possible: bool
    """True when only the missing grade decides whether an agent must be stopped for good."""
    entry: str
    """The entry that told of it last: what resolves it names this one, or the one it goes on since."""
    at: Stamp
    since: Stamp
    """Since when it goes on: the entry that told of it after it had last been resolved."""
    worst: int | None = None
    """The highest grade since then."""
    no_grade: int | None = None
    """A grade that was told and that the scale does not have."""
    condition_met: bool | None = None
    """Whether what a rule asks for beside the grade was found; None while nobody has said."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often a side effect came in the episode under one antibody, and how often it was severe, or so again."""

    told: int = 0
    severe: int = 0
    severe_grade: int | None = None
    """The grade when it was last severe; the highest one while it went on."""
    severe_at: Stamp | None = None
    """When it was last told to be severe."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An agent that may not be given again, with the sentence and the source of the rule or the decision behind it."""

    agent: str
    sentence: str
    at: Stamp
    because: Citation | None = None
    """The source of the rule; none where people decided it."""

    def concerns(self, agents: Iterable[str]) -> bool:
        """True when one of the agents is this one, or may be: an antibody that was not named is any of them."""
        return any(
            agent == self.agent or (self.agent == UNNAMED_ANTIBODY and is_anti_gd2(agent)) for agent in agents
        )


UNNAMED_ANTIBODY = "anti_gd2"


def _briefly(measured: Measurements) -> dict[str, Any]:
    return measured.model_dump(mode="json", exclude_none=True)


Measured: TypeAlias = Annotated[Measurements, PlainSerializer(_briefly, return_type=dict[str, Any])]
"""Measurements as a snapshot keeps them: without what was not measured."""


@dataclass(frozen=True, slots=True)
class Timepoint:
    """One assessment, put together from what arrives on different days."""

    name: str
    ratings: Mapping[Component, Noted] = field(default_factory=dict)
    """The rating in force of each component: derived where its measurements suffice."""
    measured: Mapping[Component, Measured] = field(default_factory=dict)
    """What was measured of the components, with the reporter's own rating if there was one."""
    marks: Mapping[Component, tuple[str, ...]] = field(default_factory=dict)
    """What a person has to look at, component by component."""
    reported: Noted | None = None
    comparable: bool = True
    """False when the reported response follows other criteria than INRC 2017."""
    central_review: bool | None = None
    confirmed: Noted | None = None
    closed: Stamp | None = None
    first: Stamp | None = None
    last: Stamp | None = None
    cycles: int = 0
    decided: bool = False
    """True once a decision was taken on it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Treatment, or one agent, is withheld since `at`; `until` is the day agreed on last for looking again."""

    agent: str
    until: date | None
    at: Stamp
    decided: Stamp
    """When it was decided last, which may be later than when it began."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that has to be done beside the present state; `runs_from` is None while its window does not run."""

    kind: str
    at: Stamp
    runs_from: Stamp | None


@dataclass(frozen=True, slots=True)
class Review:
    """A task for a person, raised by the entry it is filed under."""

    kind: str
    sentence: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class PendingDecision:
    """An override of a hard stop that waits for a second signature; `body` is the decision's JSON."""

    body: str
    actor: str
    at: Stamp
