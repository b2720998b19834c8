"""What a person is told during maintenance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.clinical.evidence import (
    CNS_RELAPSE_2023,
    DANYELZA_LABEL,
    MABS_2018,
    NHS_DIN1,
    Tag,
    cite,
)
from pathway.clinical.regimens import regimen
from pathway.clinical.terms import Antibody
from pathway.engine.definition import Noticed, Prompt
from pathway.engine.findings import in_words
from pathway.episodes.episode import Episode

_S = Tag.SOURCE_READ
INTERLEUKIN_2: Final = frozenset({"il_2", "il2", "interleukin_2", "aldesleukin"})
_RUNNING: Final = ("chemoimmunotherapy.cycle_running", "maintenance.cycle_running")
_MAINTENANCE: Final = ("maintenance.ready", "maintenance.cycle_running")


def _interleukin_2(episode: Episode, _: date) -> Iterator[Noticed]:
    given = [agent for agent in episode.agents if agent in INTERLEUKIN_2]
    if given:
        yield Noticed(", ".join(given), episode.line_began)


def _isotretinoin(episode: Episode, _: date) -> Iterator[Noticed]:
    if "isotretinoin" in episode.agents:
        yield Noticed()


def _missed_dose(episode: Episode, as_of: date) -> Iterator[Noticed]:
    """While a dose that was missed can still be given, counted from day 1."""
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    began = cycles.last_started
    if Antibody.NAXITAMAB not in episode.agents or began is None or not began.exact:
        return
    last = began.on + timedelta(days=t.LAST_NAXITAMAB_DAY.value - 1)
    if as_of <= last:
        yield Noticed(f"day {t.LAST_NAXITAMAB_DAY.value} is {last}", began)


def _regimen_not_told(episode: Episode, _: date) -> Iterator[Noticed]:
    if episode.context == "maintenance" and episode.regimen is None:
        yield Noticed(", ".join(map(in_words, episode.agents)), episode.entered)


def _more_courses(episode: Episode, as_of: date) -> Iterator[Noticed]:
    known = regimen(episode.regimen) if episode.regimen else None
    after_transplant = known is not None and known.id == "dinutuximab_beta_after_haploidentical_transplant"
    if after_transplant and episode.context == "maintenance" and r.phase.of(episode, as_of).value == "limit":
        yield Noticed(f"{episode.courses.counted} courses given", episode.courses.last_completed)


PROMPTS: Final = (
    Prompt(
        "interleukin_2",
        "When interleukin-2 is one of the agents.",
        "Interleukin-2 is no part of maintenance by default: later evidence did not support it, and it adds side effects.",
        cite(NHS_DIN1, _S, "no IL-2 beside dinutuximab beta"),
        _interleukin_2,
    ),
    Prompt(
        "maintenance_regimen",
        "When it was not told by which regimen maintenance is given.",
        "Say by which regimen maintenance is given, with the decision to go on or with the next course: how many "
        "courses are planned follows from it.",
        chosen("planned courses of maintenance"),
        _regimen_not_told,
    ),
    Prompt(
        "isotretinoin",
        "When isotretinoin is part of maintenance.",
        "Isotretinoin is given on 14 days of each course, on days 19 to 32 of a 35-day course whose antibody runs on "
        "days 8 to 17.",
        cite(MABS_2018, _S, "cycle of 35 days"),
        _isotretinoin,
        states=_MAINTENANCE,
    ),
    Prompt(
        "missed_naxitamab_dose",
        "Until day 10 of a cycle or course with naxitamab.",
        "A dose of naxitamab that was missed is given in the following week, by day 10.",
        cite(DANYELZA_LABEL, _S, "missed dose"),
        _missed_dose,
        states=_RUNNING,
    ),
    Prompt(
        "more_courses_after_transplant",
        "When the courses planned after a haploidentical transplant were given.",
        "Five to six courses were given after a haploidentical transplant, and up to nine while the disease still "
        "responded after course 5 or 6.",
        cite(CNS_RELAPSE_2023, _S, "up to nine cycles if there is a response after cycle 5 or 6"),
        _more_courses,
    ),
)
