"""What is asked about local control beside its feasibility: whether it is owed, and how long it holds up treatment."""

from __future__ import annotations

from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.duties import LOCAL_CONTROL_KINDS
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.catalogue.high_risk_neuroblastoma_relapse.schedules import restaged_after
from pathway.clinical.evidence import REVIEW, Tag, cite
from pathway.engine.findings import UNKNOWN, Found, finding
from pathway.engine.guards import guard
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Stamp


@finding("whether local control is owed", ("yes", "no"))
def local_control_owed(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    owed = next((each for each in episode.obligations if each.kind in LOCAL_CONTROL_KINDS), None)
    return Found("yes", "since the local relapse", owed.at) if owed else Found("no")


@finding(
    "how long there has been no systemic therapy around local control",
    ("short", "long", UNKNOWN),
    request="Give local control its date.",
)
def pause(episode: Episode, as_of: date) -> Found:
    began = pause_began(episode)
    if began is None:
        return Found("short")
    if not began.exact:
        return Found(UNKNOWN, "the day of local control is not known", began)
    days = (as_of - began.on).days
    return Found("long" if days >= t.LONGEST_PAUSE_DAYS.value else "short", f"{days} days", began)


def pause_began(episode: Episode) -> Stamp | None:
    """Since when local control alone is waited for, or recovered from; None where it is not."""
    if episode.state == "local_control":
        return episode.entered
    done = restaged_after(episode)
    return done.at if done else None


LOCAL_CONTROL_OWED: Final = guard(
    local_control_owed,
    "yes",
    sentence="Local control is owed.",
    because=cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance, not held in reserve"),
)
LONG_PAUSE: Final = guard(
    pause,
    "long",
    sentence="There has been no systemic therapy for six weeks because of local control.",
    because=chosen("restaging after surgery and radiotherapy: no systemic therapy meanwhile"),
)
