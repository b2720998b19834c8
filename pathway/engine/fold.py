"""From the effective history to where the episode stands: facts, state, holds, obligations, review tasks.

`opened` begins, `apply` takes in one entry, `fold` does so for a whole history. Facts move an episode only
along the edges of its pathway; a decision is applied as done, from whatever state it meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from pathway.clinical.regimens import regimen
from pathway.clinical.terms import ClosureReason, Delivered, spelling
from pathway.engine.definition import Option, Pathway
from pathway.engine.machine import advance
from pathway.engine.recommendation import recommend
from pathway.episodes.episode import (
    Cycles,
    Episode,
    Hold,
    Line,
    Noted,
    Obligation,
    PendingDecision,
    Review,
    Stamp,
    Stop,
    learn,
    measured_before,
    response_in_force,
    with_stop,
)
from pathway.episodes.events import (
    AssessmentClosedNotEvaluable,
    AssessmentRecorded,
    CarTStepRecorded,
    CycleCompleted,
    CycleStarted,
    DecisionCountersigned,
    DecisionDetail,
    DecisionMade,
    EpisodeClosed,
    EpisodeOpened,
    Event,
    LocalControlCompleted,
    ProgressionEvidenceRecorded,
    ResponseConfirmed,
    ReviewResolved,
    read_logged,
)
from pathway.episodes.log import NO_FACTS, Effective, extended_digest
from pathway.proof.canonical import canonical


@dataclass(frozen=True, slots=True)
class Step:
    """What one entry did: the episode after it, and how it was received."""

    episode: Episode
    moved: bool = False
    unexpected: bool = False
    contested: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folded:
    """A whole history taken in; `digest` is the running hash over its facts."""

    episode: Episode
    digest: str


def opened(pathway: Pathway, first: Effective) -> Step:
    """The episode that begins with `first`, which must be its opening."""
    assert isinstance(first.event, EpisodeOpened)  # noqa: S101  (the log begins with it; the store holds that)
    at = Stamp(first.entry_id, first.on, first.precision)
    episode = Episode(pathway.initial, at, first.event.time_zone, entered=at)
    return Step(learn(episode, first.event, at), moved=True)


def steps(pathway: Pathway, history: Iterable[Effective]) -> Iterator[tuple[Effective, Step]]:
    """Each entry in force with what it did, in order."""
    episode: Episode | None = None
    for effective in history:
        step = opened(pathway, effective) if episode is None else apply(pathway, episode, effective)
        episode = step.episode
        yield effective, step


def fold(pathway: Pathway, history: Iterable[Effective]) -> Folded:
    """The episode after the whole history, which begins with an opening."""
    digest, step = NO_FACTS, None
    for effective, step in steps(pathway, history):  # noqa: B007  (the last step is what is wanted)
        digest = extended_digest(digest, effective)
    assert step is not None  # noqa: S101  (a history is never empty)
    return Folded(step.episode, digest)


def apply(pathway: Pathway, episode: Episode, effective: Effective) -> Step:
    """What an entry in force does to the episode."""
    event, at = effective.event, Stamp(effective.entry_id, effective.on, effective.precision)
    match event:
        case DecisionMade():
            return _decision(pathway, episode, event, at, effective.actor)
        case DecisionCountersigned():
            return _countersigned(pathway, episode, event, at)
        case ReviewResolved():
            reviews = {entry: review for entry, review in episode.reviews.items() if entry != event.entry}
            return Step(replace(episode, reviews=reviews))
        case _:
            return _fact(pathway, episode, event, at)


def _fact(pathway: Pathway, episode: Episode, event: Event, at: Stamp) -> Step:
    if _repeats_cycle(episode, event):
        return Step(_with_review(episode, at, "repeated_cycle", REPEATED_CYCLE), unexpected=True)
    known = learn(episode, event, at)
    known = _with_duties(pathway, known, event, at)
    if isinstance(event, CycleStarted) and _gives_stopped_agent(known):
        known = _with_review(known, at, "stopped_agent_given", STOPPED_AGENT_GIVEN)
    trigger = _trigger(event)
    if trigger is None:
        return Step(known, flags=_flags(known, event))
    target = None if _breaks_order(episode, event) else _target(pathway, known, trigger, at)
    if target is None:
        return _unmoved(episode, known, event, at)
    if target == episode.state:
        return Step(known, flags=_flags(known, event))
    after = _moved(pathway, known, target, at)
    if trigger in (ASSESSED, PROGRESSED):
        after = _assessed(after, ended=episode.context if pathway.state(episode.state).running else None)
    return Step(after, moved=True, flags=_flags(known, event))


ASSESSED = "assessment_recorded"
PROGRESSED = "progression_evidence_recorded"
REPEATED_CYCLE = "A cycle with this number has been recorded already; correct or retract one of the two."
DECISION_MISSING = "This happened without a recorded decision; record the decision with its own date."
STOPPED_AGENT_GIVEN = (
    "The cycle has an agent that was stopped for good, without an override that two clinicians signed."
)
CONTESTED = "On what is known now, this decision would not have been offered; look at it again."


def _trigger(event: Event) -> str | None:
    """The edge an event may move an episode along; None for facts that never move one."""
    match event:
        case CycleStarted() | CycleCompleted() | LocalControlCompleted():
            return event.kind
        case EpisodeClosed():
            return f"episode_closed:{'death' if event.reason is ClosureReason.DEATH else 'other'}"
        case AssessmentRecorded() | ResponseConfirmed() | AssessmentClosedNotEvaluable():
            return ASSESSED
        case ProgressionEvidenceRecorded():
            return PROGRESSED
        case CarTStepRecorded():
            return f"car_t:{event.step}"
        case _:
            return None


def _target(pathway: Pathway, episode: Episode, trigger: str, at: Stamp) -> str | None:
    guards = {guard: None for edge in pathway.edges(trigger, episode.state) for guard in edge.when}
    values = {guard: guard.holds(guard.finding.of(episode, at.on).value) for guard in guards}
    return advance(pathway, episode.state, trigger, values)


def _repeats_cycle(episode: Episode, event: Event) -> bool:
    if not isinstance(event, CycleStarted) or not isinstance(event.cycle, int):
        return False
    same_line = event.line in (episode.line, "unknown")
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    return same_line and cycles.last_number is not None and event.cycle <= cycles.last_number


def _breaks_order(episode: Episode, event: Event) -> bool:
    """True when line and cycle do not follow what was recorded before; unknown ones never do so."""
    if not isinstance(event, CycleStarted | CycleCompleted):
        return False
    if isinstance(event.line, int) and event.line != episode.line:
        return True
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    if not isinstance(event.cycle, int) or (cycles.last_number is None and cycles.started > 0):
        return False
    expected = (cycles.last_number or 0) + (1 if isinstance(event, CycleStarted) else 0)
    return event.cycle != expected


def _gives_stopped_agent(episode: Episode) -> bool:
    given = [agent for agent in episode.agents if agent not in episode.overridden]
    return any(stop.concerns(given) for stop in episode.stops.values())


def _unmoved(before: Episode, known: Episode, event: Event, at: Stamp) -> Step:
    """An event that could have moved the episode but has no edge here."""
    if isinstance(event, ProgressionEvidenceRecorded):
        return Step(known)
    if isinstance(event, LocalControlCompleted) and len(known.obligations) < len(before.obligations):
        return Step(known)
    treats = isinstance(event, CycleStarted | LocalControlCompleted | EpisodeClosed) or (
        isinstance(event, CarTStepRecorded) and event.step in ("lymphodepletion", "infused")
    )
    if treats and at.entry not in known.reviews:
        known = _with_review(known, at, "decision_missing", DECISION_MISSING)
    return Step(known, unexpected=True, flags=_flags(known, event))


def _moved(pathway: Pathway, episode: Episode, target: str, at: Stamp) -> Episode:
    state = pathway.state(target)
    return replace(
        episode,
        state=target,
        entered=at,
        context=episode.context if state.context is None else state.context,
        line_open=episode.line_open and not state.ends_line,
    )


def _assessed(episode: Episode, *, ended: str | None) -> Episode:
    """The episode after an assessment; `ended` is the context of the cycle that it brought to its end."""
    cycles, courses = episode.cycles, episode.courses
    if ended == "maintenance":
        courses = replace(courses, last_delivered=Delivered.ABORTED)
    elif ended is not None:
        cycles = replace(cycles, last_delivered=Delivered.ABORTED)
    return replace(
        episode,
        cycles=replace(cycles, since_assessment=0),
        courses=replace(courses, since_assessment=0),
        assessments=episode.assessments + 1,
    )


def _flags(episode: Episode, event: Event) -> tuple[str, ...]:
    if _trigger(event) == ASSESSED and episode.timepoint is not None:
        return response_in_force(episode.timepoint).flags
    return ()


def _with_review(episode: Episode, at: Stamp, kind: str, sentence: str) -> Episode:
    return replace(episode, reviews={**episode.reviews, at.entry: Review(kind, sentence, at)})


def _with_duties(pathway: Pathway, episode: Episode, event: Event, at: Stamp) -> Episode:
    for duty in pathway.duties:
        owed = any(each.kind == duty.kind for each in episode.obligations)
        if owed and duty.settles(episode, event):
            left = tuple(each for each in episode.obligations if each.kind != duty.kind)
            episode = replace(episode, obligations=left)
        elif not owed and duty.opens(episode, event):
            episode = replace(episode, obligations=(*episode.obligations, Obligation(duty.kind, at)))
    return episode


def _decision(pathway: Pathway, episode: Episode, event: DecisionMade, at: Stamp, actor: str) -> Step:
    if event.awaits_second_signature:
        body = canonical(event.body()).decode()
        waiting = PendingDecision(body, actor, at)
        return Step(replace(episode, pending={**episode.pending, at.entry: waiting}))
    contested = (
        event.offered_as != "blocked" and recommend(pathway, episode, at.on).status(event.option) == "blocked"
    )
    after = _taken(pathway, episode, event, at)
    if contested:
        after = _with_review(after, at, "contested", CONTESTED)
    return Step(after, moved=after.state != episode.state, contested=contested)


def _countersigned(pathway: Pathway, episode: Episode, event: DecisionCountersigned, at: Stamp) -> Step:
    waiting = episode.pending.get(event.entry)
    if waiting is None:
        return Step(episode)
    left = {entry: each for entry, each in episode.pending.items() if entry != event.entry}
    decision = read_logged(waiting.body)
    assert isinstance(decision, DecisionMade)  # noqa: S101  (only decisions are put aside)
    after = _taken(pathway, replace(episode, pending=left), decision, at)
    after = replace(after, overridden=planned_agents(decision.detail) or after.agents)
    return Step(after, moved=after.state != episode.state)


def _taken(pathway: Pathway, episode: Episode, event: DecisionMade, at: Stamp) -> Episode:
    """The episode in which a decision has been carried out."""
    if not pathway.has_option(event.option):
        return episode
    trigger = f"decide:{event.option}"
    if event.detail.rests_in is not None:
        trigger = f"{trigger}:{event.detail.rests_in}"
    target = _target(pathway, episode, trigger, at) or episode.state
    after = replace(episode, last_decision=Noted(event.option, at))
    after = _with_effect(after, pathway.option(event.option), event.detail, at)
    return after if target == episode.state else _moved(pathway, _with_assessment_decided(after), target, at)


def _with_assessment_decided(episode: Episode) -> Episode:
    point = episode.timepoint
    if point is None or point.decided:
        return episode
    return replace(episode, timepoints={**episode.timepoints, point.name: replace(point, decided=True)})


def _with_effect(episode: Episode, option: Option, detail: DecisionDetail, at: Stamp) -> Episode:
    match option.effect:
        case "new_line":
            return _new_line(episode, detail, at)
        case "new_courses":
            return replace(_with_agents(episode, detail), courses=Cycles(), severe_in_cycle={})
        case "agents":
            return _with_agents(episode, detail)
        case "hold":
            agents = tuple(spelling(agent) for agent in detail.agents) or ("all treatment",)
            return replace(
                episode, holds=(*episode.holds, *(Hold(agent, detail.hold_until, at) for agent in agents))
            )
        case "resume":
            return replace(episode, holds=())
        case "stop":
            for agent in detail.agents:
                stop = Stop(spelling(agent), "The team decided to stop this agent for good.", at)
                episode = with_stop(episode, stop)
            return episode
        case "close":
            return replace(episode, closed=Noted(str(detail.closure or "other"), at))
        case "reopen":
            return replace(episode, closed=None)
        case "waive":
            left = tuple(each for each in episode.obligations if each.kind not in option.duties)
            return replace(episode, obligations=left)
        case None:
            return episode
        case _:
            assert_never(option.effect)


def _new_line(episode: Episode, detail: DecisionDetail, at: Stamp) -> Episode:
    began = episode.line_began is not None
    ended = Line(
        episode.line,
        episode.regimen,
        episode.agents,
        episode.last_response.value if episode.last_response else None,
    )
    fresh = replace(
        episode,
        line=episode.line + 1 if began else episode.line,
        earlier_lines=(*episode.earlier_lines, ended) if began else episode.earlier_lines,
        line_began=at,
        line_open=True,
        regimen=None,
        agents=(),
        overridden=(),
        cycles=Cycles(),
        courses=Cycles(),
        timepoints={},
        current_timepoint=None,
        baselines=measured_before(episode, at),
        assessments=0,
        remission_after=None,
        severe_in_cycle={},
        repeatedly_severe={},
    )
    return _with_agents(fresh, detail)


def _with_agents(episode: Episode, detail: DecisionDetail) -> Episode:
    return replace(
        episode,
        regimen=detail.regimen or episode.regimen,
        agents=planned_agents(detail) or episode.agents,
    )


def planned_agents(detail: DecisionDetail) -> tuple[str, ...]:
    """The agents a decision names, or those of the regimen it names; empty when it says neither."""
    if detail.agents:
        return tuple(spelling(agent) for agent in detail.agents)
    known = regimen(spelling(detail.regimen)) if detail.regimen else None
    return tuple(spelling(agent) for agent in known.agents) if known else ()
