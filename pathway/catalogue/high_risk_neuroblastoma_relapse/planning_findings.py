"""What the planning of a line asks beside the common findings: what kind of disease it is, and how old the child."""

from __future__ import annotations

from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.clinical.evidence import GRAY_2026, NCT07027748, QARZIBA_EMA, REVIEW, Tag, cite
from pathway.engine.findings import UNKNOWN, Found, finding
from pathway.engine.guards import guard
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted


@finding(
    "how the disease came to need another line",
    ("relapse", "progression", "refractory", UNKNOWN),
    request="Record whether this is a relapse, progression during frontline therapy, or refractory disease.",
)
def setting(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression = episode.progression
    if progression is None or progression.setting is None:
        return Found(UNKNOWN)
    return Found(str(progression.setting), at=progression.at)


@finding(
    "where the disease shows itself",
    ("local", "metastatic", "combined", "cns", UNKNOWN),
    request="Record whether the disease is local, metastatic, both, or in the central nervous system.",
)
def pattern(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression = episode.progression
    if progression is None or progression.pattern is None:
        return Found(UNKNOWN)
    return Found(str(progression.pattern), at=progression.at)


@finding("the age", ("infant", "child", "adult", UNKNOWN), request="Record the age, in months.")
def age(episode: Episode, as_of: date) -> Found:
    noted = episode.age_months
    if noted is None:
        return Found(UNKNOWN)
    months = _months(noted, as_of)
    if months < t.INFANT_MONTHS.value:
        return Found("infant", f"{months} months", noted.at)
    value = "adult" if months >= t.ADULT_MONTHS.value else "child"
    return Found(value, f"{months // 12} years and {months % 12} months", noted.at)


def age_in_months(episode: Episode, as_of: date) -> int | None:
    """The age on the day in whole months; None when it was not told."""
    return _months(episode.age_months, as_of) if episode.age_months else None


def _months(told: Noted, as_of: date) -> int:
    """The age that was told, with the whole months since."""
    then = told.at.on
    since = (as_of.year - then.year) * 12 + as_of.month - then.month - (as_of.day < then.day)
    return int(told.value) + since


INFANT: Final = guard(
    age,
    "infant",
    sentence="The child is younger than the trials took.",
    because=cite(QARZIBA_EMA, Tag.SOURCE_READ, "age"),
)
ADULT: Final = guard(
    age,
    "adult",
    sentence="The patient is older than the trials took.",
    because=cite(GRAY_2026, Tag.SOURCE_READ, "arms for ages 1 to 21 years"),
)
REFRACTORY: Final = guard(
    setting,
    "refractory",
    sentence="The disease is refractory: less than a partial response to four or more cycles of induction.",
    because=cite(NCT07027748, Tag.SOURCE_READ, "refractory disease"),
)
LOCAL_PATTERN: Final = guard(
    pattern,
    "local",
    sentence="The disease shows itself locally alone.",
    because=cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance"),
)
