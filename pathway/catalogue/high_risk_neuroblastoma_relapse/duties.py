"""What has to be done beside the state an episode rests in."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import windows
from pathway.clinical.terms import Response
from pathway.engine.definition import Duty
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    AssessmentRecorded,
    Event,
    Gd2Measured,
    LocalControlCompleted,
    ResponseConfirmed,
)
from pathway.episodes.events import ProgressionEvidenceRecorded as Progression


def _local_relapse(_: Episode, event: Event) -> bool:
    return isinstance(event, Progression) and event.confirmed and event.pattern == "local"


def _progressed(episode: Episode, event: Event) -> bool:
    if isinstance(event, Progression):
        return event.confirmed
    last = episode.last_response
    return (
        isinstance(event, AssessmentRecorded | ResponseConfirmed)
        and last is not None
        and last.value == Response.PD
    )


DUTIES: Final = (
    Duty(
        "local_control",
        "Local control planned from the start",
        _local_relapse,
        lambda _, event: isinstance(event, LocalControlCompleted),
        windows.LOCAL_PLAN,
    ),
    Duty(
        "gd2_again",
        "GD2 measured again at progression",
        _progressed,
        lambda _, event: isinstance(event, Gd2Measured),
        windows.GD2_AGAIN,
    ),
)
