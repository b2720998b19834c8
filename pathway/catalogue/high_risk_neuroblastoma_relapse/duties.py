"""What has to be done beside the state an episode rests in."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import schedules, thresholds, windows
from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import cns
from pathway.catalogue.high_risk_neuroblastoma_relapse.response_findings import assessment, phase
from pathway.clinical.terms import Intent, LocalControlModality, Pattern
from pathway.engine.definition import Duty, Told
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    AssessmentClosedNotEvaluable,
    AssessmentRecorded,
    CnsStatusRecorded,
    CycleCompleted,
    DecisionMade,
    Event,
    Gd2Measured,
    LocalControlCompleted,
    LocalControlPlanned,
    ProgressionEvidenceRecorded,
    ResponseConfirmed,
)
from pathway.episodes.facts import Progression, Stamp

LOCAL_CONTROL_KINDS: Final = ("local_plan", "local_control")
"""What a local relapse owes; a waiver settles both."""


def _progression(episode: Episode, event: Event, at: Stamp) -> Progression | None:
    """The progression which this entry confirms."""
    found = episode.progression
    told_now = isinstance(event, ProgressionEvidenceRecorded) and found is not None and found.at == at
    return found if told_now and found is not None and found.confirmed else None


def _local_relapse(episode: Episode, event: Event, at: Stamp) -> bool:
    """A local relapse is confirmed, or a relapse that was confirmed turns out to be local."""
    found = _progression(episode, event, at)
    if found is None or found.pattern != Pattern.LOCAL:
        return False
    if episode.progressed == at:
        return True
    owed = any(each.kind == "local_control" for each in episode.obligations)
    done, since = episode.local_control, episode.progressed
    dealt_with = episode.local_plan is not None or (
        done is not None and since is not None and done.at.on >= since.on
    )
    return (
        isinstance(event, ProgressionEvidenceRecorded)
        and event.pattern is not None
        and not (owed or dealt_with)
    )


def _no_longer_local(episode: Episode, event: Event, at: Stamp) -> bool:
    found = _progression(episode, event, at)
    return found is not None and found.pattern not in (None, Pattern.LOCAL)


def _planned(episode: Episode, event: Event, at: Stamp) -> bool:
    chosen = isinstance(event, DecisionMade) and event.option == "local_control"
    return chosen or isinstance(event, LocalControlPlanned) or _carried_out(episode, event, at)


def _carried_out(episode: Episode, event: Event, at: Stamp) -> bool:
    return isinstance(event, LocalControlCompleted) or _no_longer_local(episode, event, at)


def _fourth_cycle_ended(episode: Episode, event: Event, _: Stamp) -> bool:
    given = episode.cycles.completed
    return isinstance(event, CycleCompleted) and given >= thresholds.LOCAL_CONTROL_CYCLE.value


def _beside_treatment(modality: LocalControlModality) -> Told:
    """Local control that did not wait in a state of its own, where the restaging would be scheduled."""

    def told(episode: Episode, event: Event, _: Stamp) -> bool:
        carried_out = isinstance(event, LocalControlCompleted) and event.modality is modality
        return carried_out and episode.state not in ("local_control", "restaging")

    return told


def _assessed(episode: Episode, event: Event, at: Stamp) -> bool:
    examined = isinstance(event, AssessmentRecorded | ResponseConfirmed | AssessmentClosedNotEvaluable)
    return examined and assessment.of(episode, at.on).value != "incomplete"


def _restaged(episode: Episode, event: Event, at: Stamp) -> bool:
    return isinstance(event, LocalControlCompleted) or _assessed(episode, event, at)


_TREATING: Final = (
    "start_chemoimmunotherapy", "continue_chemoimmunotherapy", "start_maintenance", "continue_maintenance", "change_line",
    "bridge_to_car_t", "local_control", "consolidation_transplant",
)  # fmt: skip


def _treatment_ended(episode: Episode, event: Event, at: Stamp) -> bool:
    """The last planned course was given; or follow-up was chosen without an assessment since the last treatment."""
    if isinstance(event, CycleCompleted):
        return episode.context == "maintenance" and phase.of(episode, at.on).value == "limit"
    ended, point = schedules.last_treatment(episode), episode.timepoint
    if not isinstance(event, DecisionMade) or event.option != "follow_up" or ended is None:
        return False
    owed = any(each.kind == "end_of_treatment" for each in episode.obligations)
    assessed = point is not None and point.last is not None and point.last.on >= ended.on
    return not owed and not (assessed and assessment.of(episode, at.on).value != "incomplete")


def _worked_up(episode: Episode, event: Event, at: Stamp) -> bool:
    goes_on = isinstance(event, DecisionMade) and event.option in _TREATING
    return goes_on or _progression(episode, event, at) is not None or _assessed(episode, event, at)


def _brain_suspected(*, symptoms: bool) -> Told:
    def told(episode: Episode, event: Event, at: Stamp) -> bool:
        suspected = _of_the_brain(event) and cns.of(episode, at.on).value == "suspected"
        return suspected and episode.cns_symptoms is symptoms

    return told


def _brain_imaged(_: Episode, event: Event, __: Stamp) -> bool:
    return _of_the_brain(event)


def _of_the_brain(event: Event) -> bool:
    relapse = isinstance(event, ProgressionEvidenceRecorded) and event.pattern is Pattern.CNS
    return relapse or isinstance(event, CnsStatusRecorded)


def _for_comfort(episode: Episode) -> bool:
    return episode.intent is not None and episode.intent.value == Intent.COMFORT


def _outdates_gd2(episode: Episode, _: Event, at: Stamp) -> bool:
    return episode.gd2_outdated == at and not _for_comfort(episode)


def _measured_or_comfort(episode: Episode, event: Event, _: Stamp) -> bool:
    return isinstance(event, Gd2Measured) or _for_comfort(episode)


DUTIES: Final = (
    Duty(
        "local_plan",
        "Local control of a local relapse is planned from the start.",
        _local_relapse,
        _planned,
        windows.LOCAL_PLAN,
    ),
    Duty(
        "local_control",
        "Local control of a local relapse is carried out by the end of cycle 4, at the latest of cycle 6.",
        _local_relapse,
        _carried_out,
        windows.CARRY_OUT,
        starts=_fourth_cycle_ended,
    ),
    Duty(
        "restage_after_surgery",
        "After an operation that was done beside systemic therapy the disease is staged anew.",
        _beside_treatment(LocalControlModality.SURGERY),
        _restaged,
        windows.AFTER_SURGERY,
    ),
    Duty(
        "restage_after_radiotherapy",
        "After radiotherapy that was given beside systemic therapy the disease is staged anew.",
        _beside_treatment(LocalControlModality.RADIOTHERAPY),
        _restaged,
        windows.AFTER_RADIOTHERAPY,
    ),
    Duty(
        "end_of_treatment",
        "When treatment has ended, the disease is worked up before follow-up.",
        _treatment_ended,
        _worked_up,
        windows.END_OF_TREATMENT,
    ),
    Duty(
        "gd2_again",
        "After every progression GD2 is measured again, unless the goal is comfort; treatment does not wait for it.",
        _outdates_gd2,
        _measured_or_comfort,
        windows.GD2_AGAIN,
    ),
    Duty(
        "brain_image",
        "Where disease in the central nervous system is suspected, brain and spine are imaged.",
        _brain_suspected(symptoms=False),
        _brain_imaged,
        windows.IMAGE_BRAIN,
    ),
    Duty(
        "brain_image_symptoms",
        "Where symptoms point to the central nervous system, brain and spine are imaged at once.",
        _brain_suspected(symptoms=True),
        _brain_imaged,
        windows.IMAGE_BRAIN_AT_ONCE,
    ),
)
