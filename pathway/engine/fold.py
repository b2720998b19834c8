"""From the effective history to where the episode stands: facts, state, holds, obligations, review tasks.

`opened` begins, `apply` takes in one entry, `fold` does so for a whole history. Facts move an episode only
along the edges of its pathway; a decision is applied as done, from whatever state it meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from pathway.clinical.terms import ClosureReason, Delivered
from pathway.engine.definition import Pathway
from pathway.engine.machine import advance
from pathway.engine.option_effects import planned_agents, with_effect
from pathway.engine.recommendation import Recommendation, recommend
from pathway.episodes.assessments import response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    AssessmentClosedNotEvaluable,
    AssessmentRecorded,
    CarTStepRecorded,
    CycleCompleted,
    CycleStarted,
    DecisionCountersigned,
    DecisionMade,
    EpisodeClosed,
    EpisodeOpened,
    Event,
    FitnessRecorded,
    LocalControlCompleted,
    ProgressionEvidenceRecorded,
    ResponseConfirmed,
    ReviewResolved,
    TreatmentTakenOver,
    read_logged,
)
from pathway.episodes.facts import Noted, Obligation, PendingDecision, Review, Stamp
from pathway.episodes.learning import learn
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
    if isinstance(event, TreatmentTakenOver) and not _may_be_taken_over(pathway, episode, event):
        return Step(_with_review(episode, at, "line_begun_before", LINE_BEGUN_BEFORE), unexpected=True)
    known = learn(episode, event, at)
    known = _with_duties(pathway, known, event, at)
    if isinstance(event, CycleStarted | TreatmentTakenOver) and _gives_stopped_agent(known):
        known = _with_review(known, at, "stopped_agent_given", STOPPED_AGENT_GIVEN)
    if _is_of_another_line(episode, event):
        known = _uncounted(known, episode)
    if isinstance(event, FitnessRecorded):
        known = _with_gates_passed(pathway, known, at)
    trigger = _trigger(event)
    if trigger is None:
        return Step(known, flags=_flags(known, event))
    target = None if _breaks_order(episode, event) else _target(pathway, known, trigger, at)
    if target is None:
        return _unmoved(episode, known, event, at)
    if target == episode.state:
        return Step(known, flags=_flags(known, event))
    after = _moved(pathway, known, target, at)
    untold = isinstance(event, CycleStarted) and at.entry not in known.reviews
    if untold and not _passes_gate(pathway, episode.state, known, at.on):
        after = _with_review(after, at, GATE_SKIPPED_KIND, GATE_SKIPPED)
    if trigger in (ASSESSED, PROGRESSED):
        after = _assessed(after, ended=episode.context if pathway.state(episode.state).running else None)
    return Step(after, moved=True, flags=_flags(known, event))


ASSESSED = "assessment_recorded"
PROGRESSED = "progression_evidence_recorded"
REPEATED_CYCLE = "A cycle with this number has been recorded already; correct or retract one of the two."
LINE_BEGUN_BEFORE = (
    "A line of therapy that was begun elsewhere cannot be taken over from here on; nothing of it was counted."
)
DECISION_MISSING = "This happened without a recorded decision; record the decision with its own date."
STOPPED_AGENT_GIVEN = (
    "The cycle has an agent that was stopped for good, without an override that two clinicians signed."
)
GATE_SKIPPED_KIND = "gate_skipped"
GATE_SKIPPED = (
    "The cycle began without its start criteria on record: record the values with their own date, or say why."
)
CONTESTED = "On what is known now, this decision would not have been offered; look at it again."


def _trigger(event: Event) -> str | None:
    """The edge an event may move an episode along; None for facts that never move one."""
    match event:
        case CycleStarted() | CycleCompleted() | LocalControlCompleted():
            return event.kind
        case TreatmentTakenOver():
            return f"{event.kind}:{'cycles' if event.maintenance_courses is None else 'maintenance'}"
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
    if _is_of_another_line(episode, event):
        return True
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    if not isinstance(event.cycle, int) or (cycles.last_number is None and cycles.started > 0):
        return False
    expected = (cycles.last_number or 0) + (1 if isinstance(event, CycleStarted) else 0)
    return event.cycle != expected


def _is_of_another_line(episode: Episode, event: Event) -> bool:
    if not isinstance(event, CycleStarted | CycleCompleted) or not isinstance(event.line, int):
        return False
    return event.line != episode.line


def _uncounted(known: Episode, before: Episode) -> Episode:
    """The episode that knows of a cycle of another line and does not count it to its own."""
    return replace(
        known,
        cycles=before.cycles,
        courses=before.courses,
        regimen=before.regimen,
        agents=before.agents,
        reasoned=before.reasoned,
    )


def _passes_gate(pathway: Pathway, state: str, episode: Episode, on: date) -> bool:
    """True when what had to be met in `state` was met on that day, or going on was decided there with a reason."""
    if episode.reasoned is not None and episode.reasoned.value == state:
        return True
    return all(each.is_met(episode, on) for each in pathway.state(state).checklists)


def _with_gates_passed(pathway: Pathway, episode: Episode, at: Stamp) -> Episode:
    """The episode without the tasks for a cycle of this day whose values have now been told."""
    tasks = [
        each for each in episode.reviews.values() if each.kind == GATE_SKIPPED_KIND and each.at.on == at.on
    ]
    begun_in = [
        edge.source
        for edge in pathway.transitions
        if tasks and edge.trigger == "cycle_started" and episode.state in (edge.source, edge.target)
    ]
    if not begun_in or not all(_passes_gate(pathway, state, episode, at.on) for state in begun_in):
        return episode
    left = {entry: each for entry, each in episode.reviews.items() if each not in tasks}
    return replace(episode, reviews=left)


def _may_be_taken_over(pathway: Pathway, episode: Episode, event: TreatmentTakenOver) -> bool:
    return episode.line_began is None and bool(pathway.edges(_trigger(event) or "", episode.state))


def _gives_stopped_agent(episode: Episode) -> bool:
    given = [agent for agent in episode.agents if agent not in episode.overridden]
    return any(stop.concerns(given) for stop in episode.stops.values())


def _unmoved(before: Episode, known: Episode, event: Event, at: Stamp) -> Step:
    """An event that could have moved the episode but has no edge here."""
    if isinstance(event, ProgressionEvidenceRecorded):
        return Step(known)
    settled = {owed.kind for owed in before.obligations} - {owed.kind for owed in known.obligations}
    if isinstance(event, LocalControlCompleted) and settled:
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
        progression_stands=episode.progression_stands and state.context != "follow_up",
        bridge_began=at if state.begins_bridge else episode.bridge_began,
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
        owed = {each.kind: each for each in episode.obligations}
        if duty.opens(episode, event, at):
            owed[duty.kind] = Obligation(duty.kind, at, None if duty.starts else at)
        elif (open_one := owed.get(duty.kind)) is None:
            continue
        elif duty.settles(episode, event, at):
            del owed[duty.kind]
        elif open_one.runs_from is None and duty.starts is not None and duty.starts(episode, event, at):
            owed[duty.kind] = replace(open_one, runs_from=at)
        episode = replace(episode, obligations=tuple(owed.values()))
    return episode


def _decision(pathway: Pathway, episode: Episode, event: DecisionMade, at: Stamp, actor: str) -> Step:
    if event.awaits_second_signature:
        body = canonical(event.body()).decode()
        waiting = PendingDecision(body, actor, at)
        return Step(replace(episode, pending={**episode.pending, at.entry: waiting}))
    told = recommend(pathway, episode, at.on)
    contested = event.offered_as != "blocked" and told.status(event.option) == "blocked"
    after = _taken(pathway, episode, event, at)
    after = replace(after, reasoned=_reasoned(told, event, at) or _still_reasoned(episode, after))
    if contested:
        after = _with_review(after, at, "contested", CONTESTED)
    return Step(after, moved=after.state != episode.state, contested=contested)


def _reasoned(told: Recommendation, event: DecisionMade, at: Stamp) -> Noted | None:
    """The decision to go on, if its reason was asked for: by what the state holds against a list, where it does so."""
    state, offer = told.pathway.state(told.episode.state), told.outcome.offers.get(event.option)
    goes_on = told.pathway.has_option(event.option) and told.pathway.option(event.option).effect == "agents"
    given = event.reason is not None or event.detail.text is not None
    lists = {each.name for each in state.checklists}
    about = {guard.finding.name for row in told.outcome.rows for guard in row.when}
    if not goes_on or not given or (offer is not None and not offer.needs_reason):
        return None
    return Noted(state.name, at) if not lists or lists & about else None


def _still_reasoned(before: Episode, after: Episode) -> Noted | None:
    """What was decided for a reason elsewhere stands until the next move; here, until the next decision."""
    known = before.reasoned
    stands = known is not None and known.value != before.state and after.state == before.state
    return known if stands else None


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
    after = with_effect(after, pathway.option(event.option), event.detail, at)
    after = _with_duties(pathway, after, event, at)
    return after if target == episode.state else _moved(pathway, _with_assessment_decided(after), target, at)


def _with_assessment_decided(episode: Episode) -> Episode:
    point = episode.timepoint
    if point is None or point.decided:
        return episode
    return replace(episode, timepoints={**episode.timepoints, point.name: replace(point, decided=True)})
