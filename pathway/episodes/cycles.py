"""Cycles and courses as they are counted, here or at the centre from which a line is taken over."""

from __future__ import annotations

from dataclasses import replace

from pathway.clinical.backbones import RESISTANT_DAYS
from pathway.clinical.measurements import Measurements, as_baseline
from pathway.clinical.regimens import regimen
from pathway.clinical.terms import Component, Delivered, is_anti_gd2, spelling
from pathway.episodes.episode import Episode
from pathway.episodes.events import UNKNOWN, CycleCompleted, CycleStarted, TreatmentTakenOver
from pathway.episodes.facts import Cycles, Stamp


def resistant_to_line(episode: Episode) -> bool | None:
    """Whether the disease progressed on the present line or within six months of it; None when that is not known."""
    began, progressed = episode.line_began, episode.progressed
    if began is None or progressed is None or progressed.on <= began.on:
        return False
    if episode.line_open:
        return True
    counted = (episode.cycles, episode.courses)
    given = [each for one in counted for each in (one.last_started, one.last_completed) if each is not None]
    if not given or not progressed.exact or not all(each.exact for each in given):
        return None
    return (progressed.on - max(each.on for each in given)).days <= RESISTANT_DAYS


def learn_start(episode: Episode, event: CycleStarted, at: Stamp) -> Episode:
    """The episode in which a cycle, in maintenance a course, began."""
    counter = "courses" if episode.context == "maintenance" else "cycles"
    before: Cycles = getattr(episode, counter)
    number = event.cycle if isinstance(event.cycle, int) else None
    follows = number == (before.last_number or 0) + 1
    after = replace(
        before,
        started=before.started + 1,
        uncertain=before.uncertain or not follows,
        days_late=before.days_late + (_days_late(episode, before, at) if follows else 0),
        last_number=number or before.last_number,
        last_started=at,
        last_completed=None,
        last_delivered=None,
    )
    episode = replace(
        episode,
        progression_stands=False,
        regimen=event.regimen or episode.regimen,
        agents=tuple(spelling(agent) for agent in event.agents)
        if event.agents != UNKNOWN
        else episode.agents,
    )
    return _with_counter(_antibody_given(episode, at), counter, after)


def _antibody_given(episode: Episode, at: Stamp) -> Episode:
    """The episode that knows when an antibody was last given, if the treatment has one."""
    return replace(episode, last_anti_gd2=at) if any(map(is_anti_gd2, episode.agents)) else episode


def _days_late(episode: Episode, before: Cycles, at: Stamp) -> int:
    """Days between the day the regimen has for this cycle and the day it began; a pause for local control is none."""
    known, last = regimen(episode.regimen) if episode.regimen else None, before.last_started
    local = episode.local_control
    if known is None or known.cycle_length_days is None or last is None or not (last.exact and at.exact):
        return 0
    if local is not None and local.at.on >= last.on:
        return 0
    return max(0, (at.on - last.on).days - known.cycle_length_days)


def learn_taken_over(episode: Episode, event: TreatmentTakenOver, at: Stamp) -> Episode:
    """A line that goes on here with what was counted elsewhere; what was measured first is its baseline."""
    last = Stamp(at.entry, event.last_cycle_on) if event.last_cycle_on is not None else None
    courses = event.maintenance_courses
    known = regimen(event.regimen) if event.regimen else None
    baselines: dict[Component, Measurements] = {}
    for point in episode.timepoints.values():
        baselines = {part: as_baseline(found) for part, found in point.measured.items()} | baselines
    cycles = replace(_given(event.cycles, last), since_assessment=event.cycles_since_assessment)
    episode = replace(
        episode,
        context="systemic" if courses is None else "maintenance",
        line=event.line,
        line_began=at,
        line_open=True,
        progression_stands=False,
        regimen=event.regimen,
        agents=tuple(spelling(agent) for agent in event.agents or (known.agents if known else ())),
        cycles=cycles if courses is None else replace(cycles, last_started=None),
        courses=Cycles() if courses is None else _given(courses, last),
        baselines=baselines,
        timepoints={name: replace(point, decided=True) for name, point in episode.timepoints.items()},
    )
    return _antibody_given(episode, last or at)


def _given(number: int, last: Stamp | None) -> Cycles:
    """That many cycles, given in full elsewhere."""
    return Cycles(number, number, number, last_number=number or None, last_started=last)


def learn_completion(episode: Episode, event: CycleCompleted, at: Stamp) -> Episode:
    """The episode in which a cycle or a course ended; one that was broken off is not counted to the limit."""
    counter = "courses" if episode.context == "maintenance" else "cycles"
    before: Cycles = getattr(episode, counter)
    after = replace(
        before,
        completed=before.completed + 1,
        counted=before.counted + (event.delivered is not Delivered.ABORTED),
        uncertain=before.uncertain or event.delivered is Delivered.ABORTED,
        since_assessment=before.since_assessment + 1,
        last_completed=at,
        last_delivered=event.delivered,
    )
    episode = replace(episode, reasoned=None)
    if event.delivered is not Delivered.CHEMOTHERAPY_ONLY:
        episode = _antibody_given(episode, at)
    return _with_counter(episode, counter, after)


def _with_counter(episode: Episode, counter: str, cycles: Cycles) -> Episode:
    return replace(episode, courses=cycles) if counter == "courses" else replace(episode, cycles=cycles)
