"""The response of an assessment: put together from its components, reported or settled, and the one that counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pathway.clinical.component_rules import MARROW_NOT_REPEATED
from pathway.clinical.components import CONTRADICTION, ComponentInForce, component_in_force
from pathway.clinical.evidence import Citation
from pathway.clinical.inrc import NEEDS_HUMAN_CONFIRMATION, overall_response
from pathway.clinical.measurements import (
    RATED_ONLY,
    Measurements,
    as_baseline,
    contradict,
    joined,
    within_line,
)
from pathway.clinical.terms import Component, ComponentRating, Response, ResponseCriteria
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    AssessmentClosedNotEvaluable,
    AssessmentRecorded,
    Components,
    Residual,
    ResponseConfirmed,
)
from pathway.episodes.facts import Noted, Progression, Stamp, Timepoint


@dataclass(frozen=True, slots=True)
class InForce:
    """The response of a timepoint: derived from ratings, reported, and the one that counts.

    `response` is None while a person has to settle it; `why` says in a sentence how it came about, and `because`
    where that sentence comes from when it is a rule of the criteria.
    """

    response: Response | None
    derived: Response | None
    reported: str | None
    ceiling: Response | None
    missing: tuple[Component, ...]
    flags: tuple[str, ...]
    rule: str
    why: str
    because: Citation | None


OTHER_CRITERIA: Final = (
    "No component was evaluated, and the response was reported by other criteria than INRC 2017, or by criteria that "
    "were not named: it is kept as it is and counts as not evaluable."
)


def response_in_force(timepoint: Timepoint) -> InForce:
    """The response of one assessment (product rule 12: derived, reported, in force)."""
    given = {component: ComponentRating(noted.value) for component, noted in timepoint.ratings.items()}
    marks = tuple(dict.fromkeys(mark for marked in timepoint.marks.values() for mark in marked))
    overall = overall_response(
        given.get(Component.PRIMARY),
        given.get(Component.METASTATIC),
        given.get(Component.BONE_MARROW),
        marrow_repeated=MARROW_NOT_REPEATED not in marks,
    )
    derived = Response.NED if overall.overall is Response.NONE else overall.overall
    reported = timepoint.reported.value if timepoint.reported else None
    comparable = reported if timepoint.comparable else None

    def settled(response: Response | None, why: str, *flags: str) -> InForce:
        return InForce(
            response,
            derived if given else None,
            reported,
            overall.ceiling if given else None,
            overall.missing,
            tuple(dict.fromkeys((*overall.flags, *marks, *flags))) if given else flags,
            overall.rule,
            why,
            overall.citation if why == overall.sentence else None,
        )

    if timepoint.confirmed is not None:
        return settled(
            Response(timepoint.confirmed.value), "A person settled the response.", "confirmed_by_person"
        )
    if not given:
        if comparable is None:
            why = OTHER_CRITERIA if reported else "No component was evaluated, and no response was reported."
            return settled(Response.NE, why)
        return settled(
            Response(comparable), "The response is as reported; no component was given.", "reported_only"
        )
    if derived is Response.PD or comparable == Response.PD:
        source = "The component ratings show" if derived is Response.PD else "The report says"
        contradicted = comparable is not None and comparable != derived
        return settled(Response.PD, f"{source} progression.", *((CONTRADICTION,) if contradicted else ()))
    if comparable is not None and comparable not in (derived, Response.NE) and derived is not Response.NE:
        return settled(None, "The reported response contradicts the component ratings.", CONTRADICTION)
    if CONTRADICTION in marks and derived is not Response.NE:
        return settled(None, "The reported rating of a component contradicts what was measured.")
    if NEEDS_HUMAN_CONFIRMATION in overall.flags:
        return settled(None, overall.sentence)
    return settled(derived, overall.sentence)


def later_progression(episode: Episode) -> Progression | None:
    """The progression that counts instead of the response last assessed; None while that response counts.

    A confirmed one counts while it stands, and also where both are told of one day: nothing shows that the response
    came second. One that is only suspected has to come after the last examination. Where what stands is what an
    assessment found, that assessment tells of it, and not the progression that the line answered.
    """
    progression, timepoint = episode.progression, episode.timepoint
    if progression is None:
        return None
    last = timepoint.last if timepoint else None
    if last is None:
        return progression if progression.confirmed else None
    if progression.confirmed:
        since = episode.progressed
        stands = episode.progression_stands and since is not None and since.on <= progression.at.on
        counts = stands or progression.at.on >= last.on
    else:
        counts = progression.at.on > last.on
    return progression if counts else None


def progressed(episode: Episode, at: Stamp) -> Episode:
    """The episode in which progression is confirmed; told again while it stands, it outdates nothing anew."""
    if episode.progression_stands:
        return episode
    return replace(episode, progressed=at, gd2_outdated=at, progression_stands=True)


def _timepoint_name(episode: Episode, given: str | None) -> str:
    """The assessment an event belongs to: as given, else line and cycle, anew once it has been decided upon."""
    if given:
        return given
    courses = f".m{episode.courses.completed}" if episode.courses.started else ""
    name = f"{episode.line}.{episode.cycles.completed}{courses}"
    again = sum(point.decided for key, point in episode.timepoints.items() if key.split("/")[0] == name)
    return f"{name}/{again + 1}" if again else name


def reported_of(timepoint: Timepoint, component: Component) -> Measurements | None:
    """All that was reported of one component at this assessment so far."""
    if component in timepoint.measured:
        return timepoint.measured[component]
    noted = timepoint.ratings.get(component)
    return RATED_ONLY[ComponentRating(noted.value)] if noted else None


def _earlier(episode: Episode, timepoint: Timepoint, component: Component) -> list[Measurements]:
    """What was measured of the component before: in this line of therapy, and last before it."""
    found = []
    for other in episode.timepoints.values():
        if other.name == timepoint.name:
            break
        if component in other.measured:
            found.append(other.measured[component])
    return [*found, episode.baselines[component]] if component in episode.baselines else found


BASELINE_DAYS: Final = 28
"""How long before a line of therapy its baseline may have been measured."""


def measured_before(episode: Episode, line_begins: Stamp) -> dict[Component, Measurements]:
    """What a line that begins is compared with: each component as last measured, at most 28 days before."""
    found: dict[Component, Measurements] = {}
    for timepoint in episode.timepoints.values():
        last = timepoint.last
        if last is None or not (last.exact and line_begins.exact):
            continue
        if 0 <= (line_begins.on - last.on).days <= BASELINE_DAYS:
            found |= {part: as_baseline(measured) for part, measured in timepoint.measured.items()}
    return found


def _rated(
    episode: Episode, timepoint: Timepoint, component: Component, measured: Measurements
) -> ComponentInForce:
    return component_in_force(component, within_line(measured, _earlier(episode, timepoint, component)))


def rated_components(episode: Episode, timepoint: Timepoint) -> dict[Component, ComponentInForce]:
    """The measured components of an assessment, each with the rule and the values that rate it."""
    return {part: _rated(episode, timepoint, part, found) for part, found in timepoint.measured.items()}


def _with_findings(episode: Episode, timepoint: Timepoint, components: Components, at: Stamp) -> Timepoint:
    ratings, measured, marks = dict(timepoint.ratings), dict(timepoint.measured), dict(timepoint.marks)
    for component, finding in components.findings().items():
        known = reported_of(timepoint, component)
        whole = joined(known, finding) if known else finding
        if not whole.given:
            ratings[component] = Noted(str(whole.rating), at)
            continue
        found = _rated(episode, timepoint, component, whole)
        measured[component] = whole
        ratings[component] = Noted(str(found.rating), at)
        marks[component] = found.flags
    return replace(timepoint, ratings=ratings, measured=measured, marks=marks)


def learn_assessment(episode: Episode, event: AssessmentRecorded, at: Stamp) -> Episode:
    """The episode with these findings added to the assessment they belong to."""
    name = _timepoint_name(episode, event.timepoint)
    before = episode.timepoints.get(name) or Timepoint(name, first=at, cycles=episode.cycles.completed)
    after = replace(
        _with_findings(episode, before, event.components, at) if event.components else before,
        reported=Noted(str(event.reported_overall), at) if event.reported_overall else before.reported,
        comparable=event.criteria is ResponseCriteria.INRC_2017
        if event.reported_overall
        else before.comparable,
        central_review=before.central_review if event.central_review is None else event.central_review,
        last=at,
    )
    episode = replace(episode, timepoints={**episode.timepoints, name: after}, current_timepoint=name)
    episode = _with_residual(episode, event.residual, at) if event.residual else episode
    return with_response(episode, at)


def _with_residual(episode: Episode, residual: Residual, at: Stamp) -> Episode:
    if residual.sites is not None:
        episode = replace(episode, residual_sites=Noted(str(residual.sites), at))
    if residual.local_control_feasible is None:
        return episode
    return replace(
        episode, local_control_feasible=Noted("yes" if residual.local_control_feasible else "no", at)
    )


def changed_findings(before: Episode, after: Episode) -> Iterator[tuple[Component, Noted, Noted]]:
    """What `after` was told otherwise than `before` in the same assessment: component, rating before and after.

    More measurements of a component add to it; another value of the same measurement, or another rating, changes
    what was told.
    """
    for name, later in after.timepoints.items():
        earlier = before.timepoints.get(name)
        if earlier is None or earlier is later:
            continue
        for component in earlier.ratings:
            told, now_told = (reported_of(each, component) for each in (earlier, later))
            if told is not None and now_told is not None and contradict(told, now_told):
                yield component, earlier.ratings[component], later.ratings[component]


def learn_statement(
    episode: Episode, event: ResponseConfirmed | AssessmentClosedNotEvaluable, at: Stamp
) -> Episode:
    """The episode in which a person has settled the response of an assessment, or closed it."""
    name = event.timepoint or episode.current_timepoint
    before = episode.timepoints.get(name) if name else None
    if name is None or before is None:
        name = _timepoint_name(episode, event.timepoint)
        before = Timepoint(name, first=at, last=at, cycles=episode.cycles.completed)
    if isinstance(event, ResponseConfirmed):
        after = replace(before, confirmed=Noted(str(event.response), at))
    else:
        after = replace(before, closed=at)
    episode = replace(episode, timepoints={**episode.timepoints, name: after}, current_timepoint=name)
    return with_response(episode, at)


def with_response(episode: Episode, at: Stamp) -> Episode:
    """The episode in which the current assessment's response, as far as it is in force, has been noted."""
    timepoint = episode.timepoint
    if timepoint is None:
        return episode
    response = response_in_force(timepoint).response
    if response is None or response is Response.NE:
        return episode
    episode = replace(episode, last_response=Noted(str(response), at))
    if response is Response.PD:
        return replace(progressed(episode, at), remission_after=None)
    episode = replace(episode, progression_stands=False)
    if response in (Response.CR, Response.NED) and episode.remission_after is None:
        return replace(episode, remission_after=episode.cycles.counted)
    return episode
