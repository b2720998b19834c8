"""What is asked before maintenance, and of a child who is treated elsewhere."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.clinical.evidence import QARZIBA_EMA, Tag, cite
from pathway.clinical.toxicity_tables import CONTRAINDICATED_BY
from pathway.engine.findings import STALE, UNKNOWN, Found, finding
from pathway.engine.guards import guard
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Review


@finding(
    "graft-versus-host disease",
    ("compatible", "contraindicated", UNKNOWN),
    request="Record whether there is graft-versus-host disease, acute or chronic, and how severe it is.",
    conditions={
        "compatible": "graft-versus-host disease were recorded as none or mild",
        "contraindicated": "severe acute or extensive chronic graft-versus-host disease were recorded",
    },
)
def graft_versus_host(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    noted = episode.fitness.get("graft_versus_host")
    if noted is not None:
        severe = noted.value in CONTRAINDICATED_BY
        return Found("contraindicated" if severe else "compatible", noted.value, noted.at)
    planned = episode.consents.get("haploidentical_transplant")
    if planned is not None and planned.value == "given":
        return Found(UNKNOWN, "a transplant from a donor was agreed to", planned.at)
    return Found("compatible", "no transplant from a donor is known")


NO_GRAFT_VERSUS_HOST: Final = guard(
    graft_versus_host,
    "compatible",
    sentence="There is no acute graft-versus-host disease of grade 3 or 4 and no extensive chronic one.",
    because=cite(QARZIBA_EMA, Tag.SOURCE_READ, "package leaflet: when it is not given"),
)


@finding(
    "word from where the child was referred",
    ("told", UNKNOWN, STALE),
    request="Ask how the child fares where it was referred, and record it as a visit.",
)
def word_from_elsewhere(episode: Episode, as_of: date) -> Found:
    referred, word = episode.entered, episode.follow_up
    if word is None or (referred is not None and word.at.on < referred.on):
        return Found(UNKNOWN, "nothing since the referral", referred)
    if as_of > word.at.on + timedelta(days=t.WORD_DAYS.value):
        return Found(STALE, f"{word.value}, more than {t.WORD_DAYS.value} days ago", word.at)
    return Found("told", word.value, word.at)


@finding("whether a decision is contradicted by what is known now", ("yes", "no"))
def contested(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    found = contested_decisions(episode)
    return Found("yes", found[0].sentence, found[0].at) if found else Found("no")


def contested_decisions(episode: Episode) -> tuple[Review, ...]:
    """Of the present line, those that would not have been offered on what is known now; gone once they were reviewed."""
    began = episode.line_began
    return tuple(
        each
        for each in episode.reviews.values()
        if each.kind == "contested" and (began is None or each.at.on >= began.on)
    )


CONTESTED: Final = guard(
    contested,
    "yes",
    sentence="A decision of this line is contradicted by what is known now, and has not been looked at again.",
    because=chosen("late and corrected results: contested decisions"),
)
WORD_HAS_COME: Final = guard(
    word_from_elsewhere,
    "told",
    sentence="It is known how the child fares elsewhere.",
    because=chosen("the outcome of a referral is asked for"),
)
