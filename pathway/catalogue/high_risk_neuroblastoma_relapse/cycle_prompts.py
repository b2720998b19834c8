"""What a person is told before a cycle and while one waits: precautions no fact carries, and what has waited too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.clinical.evidence import PROJECT_DESIGN, Tag, cite
from pathway.engine.definition import Noticed, Prompt
from pathway.episodes.episode import Episode

_READY: Final = ("chemoimmunotherapy.ready", "maintenance.ready")


def _with_temozolomide(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    if "temozolomide" in episode.agents:
        yield Noticed()


def _always(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    yield Noticed()


def _long_holds(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for hold in episode.holds:
        if not hold.at.exact or as_of <= hold.at.on + timedelta(days=t.DELAY_DAYS.value):
            continue
        days = (as_of - hold.at.on).days
        asked = "; the tumour board decides" if days > t.LONG_HOLD_DAYS.value else ""
        yield Noticed(f"{hold.agent}: {days} days{asked}", hold.at)


def _overdue(episode: Episode, as_of: date) -> Iterator[Noticed]:
    began, cycles = episode.cycles.last_started, episode.cycles
    waits = episode.context != "maintenance" and cycles.since_assessment >= t.CYCLES_BETWEEN_ASSESSMENTS.value
    if (
        waits
        and began is not None
        and began.exact
        and as_of > began.on + timedelta(days=t.OVERDUE_DAYS.value)
    ):
        yield Noticed(f"{(as_of - began.on).days} days since day 1 of the last cycle", began)


PROMPTS: Final = (
    Prompt(
        "pneumocystis",
        "before a cycle with temozolomide",
        "Temozolomide: is Pneumocystis prophylaxis given?",
        cite(PROJECT_DESIGN, Tag.DESIGN, "criteria to begin a cycle: Pneumocystis prophylaxis"),
        _with_temozolomide,
        ("chemoimmunotherapy.ready",),
    ),
    Prompt(
        "zoster",
        "before a cycle or a course",
        "Has the child had zoster recently, or been near somebody who has it?",
        cite(PROJECT_DESIGN, Tag.DESIGN, "criteria to begin a cycle: recent zoster"),
        _always,
        _READY,
    ),
    Prompt(
        "mibg_interference",
        "before a cycle and before an assessment",
        "Does the child take a drug that keeps MIBG out of tumour cells? It would make the next scan look better than "
        "the disease is.",
        cite(PROJECT_DESIGN, Tag.DESIGN, "criteria to begin a cycle: drugs that interfere with MIBG"),
        _always,
        (*_READY, "assessment_due", "restaging"),
    ),
    Prompt(
        "long_hold",
        "while treatment is on hold for more than 14 days, and again after 28",
        "Treatment has been on hold for long.",
        cite(PROJECT_DESIGN, Tag.DESIGN, "when things are due: hold"),
        _long_holds,
        urgent=True,
    ),
    Prompt(
        "assessment_overdue",
        "while an assessment waits for more than 42 days after day 1 of the second cycle",
        "The assessment of the response is overdue.",
        cite(PROJECT_DESIGN, Tag.DESIGN, "when things are due: assessment"),
        _overdue,
        ("assessment_due", "chemoimmunotherapy.ready"),
        urgent=True,
    ),
)
