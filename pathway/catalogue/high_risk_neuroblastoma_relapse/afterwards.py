"""Follow-up, care elsewhere, supportive care, and a closed episode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Final, TypeAlias

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
    OPTIONS_AT_RELAPSE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.later_findings import (
    WORD_HAS_COME,
    contested_decisions,
    word_from_elsewhere,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    LOW_INTENSITY,
    OBTAIN,
    F,
    L,
    S,
    W,
    X,
    row,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity_prompts import deaths
from pathway.clinical.evidence import NCI_PDQ_2025, Tag, cite
from pathway.engine.definition import Noticed, Offer, Prompt, Row
from pathway.episodes.episode import Episode

Reading: TypeAlias = Callable[[Episode, date], Iterable[Noticed]]
_SURVEILLANCE: Final = cite(NCI_PDQ_2025, Tag.SOURCE_READ, "surveillance")
_REFERRED: Final = g.chosen("referral")

FOLLOWING: Final[tuple[Row, ...]] = (
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    row(
        "E",
        "The last visit raised a suspicion: work it up.",
        [g.VISIT_SUSPICIOUS],
        OBTAIN,
        W,
        F,
        S,
        because=[_SURVEILLANCE],
        obtains=(r.evidence,),
    ),
    row("F", "Follow-up goes on.", [], "follow_up", F, S, because=[_SURVEILLANCE]),
)

ELSEWHERE: Final[tuple[Row, ...]] = (
    row("E", "The child is treated elsewhere, and word of it is recent: nothing is due here until the next.", [WORD_HAS_COME], None, W, S, X, because=[_REFERRED], rests=True),
    row("F", "The child was referred elsewhere: ask how it fares there.", [], OBTAIN, W, S, X, because=[_REFERRED], obtains=(word_from_elsewhere,)),
)  # fmt: skip

COMFORTING: Final[tuple[Row, ...]] = (
    row("E", "Supportive care goes on; its goal is comfort.", [g.COMFORT], "supportive_care", LOW_INTENSITY, L, W, F, because=[OPTIONS_AT_RELAPSE]),
    EMERGENCY,
    CNS_SUSPECTED,
    CNS_NEW,
    row("F", "Supportive care goes on; treatment can be taken up again at any time.", [], "supportive_care", (Offer("start_chemoimmunotherapy"),), X, L, W, F, because=[OPTIONS_AT_RELAPSE]),
)  # fmt: skip

CLOSED: Final[tuple[Row, ...]] = (
    row("F", "The episode is closed.", [], None, (Offer("reopen", needs_reason=True),), because=[g.chosen("closure")], rests=True),
)  # fmt: skip


def _second_malignancy(episode: Episode, _: date) -> Iterator[Noticed]:
    toxicity = f.second_malignancy(episode)
    if toxicity is not None:
        yield Noticed(toxicity.term, toxicity.at)


def _contested(episode: Episode, _: date) -> Iterator[Noticed]:
    for each in contested_decisions(episode):
        yield Noticed(f"decided on {each.at.when}", each.at)


def _emergency(episode: Episode, as_of: date) -> Iterator[Noticed]:
    found = f.tolerance.of(episode, as_of)
    if found.value == "emergency" and not list(deaths(episode, as_of)):
        yield Noticed(found.shown, found.at, found.because)


def _refused(episode: Episode, _: date) -> Iterator[Noticed]:
    for scope, noted in episode.consents.items():
        if noted.value == "refused":
            yield Noticed(scope, noted.at)


def _goals_old(episode: Episode, as_of: date) -> Iterator[Noticed]:
    intent = episode.intent
    if intent is None or not intent.at.exact:
        return
    days = (as_of - intent.at.on).days
    if days > t.INTENT_DAYS.value:
        yield Noticed(f"{intent.value}, agreed {days} days ago", intent.at)


def _brain_image_old(episode: Episode, as_of: date) -> Iterator[Noticed]:
    noted = episode.cns
    if noted is None or noted.value != "controlled" or not noted.at.exact:
        return
    days = (as_of - noted.at.on).days
    if days > t.BRAIN_IMAGE_DAYS.value:
        yield Noticed(f"{days} days ago", noted.at)


def unless_comfort(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """The same prompts, silent once the goal of care is comfort: what they ask for serves a treatment to come."""

    def quiet(read: Reading) -> Reading:
        def while_treating(episode: Episode, as_of: date) -> Iterable[Noticed]:
            return () if g.COMFORT.holds(f.intent.of(episode, as_of).value) else read(episode, as_of)

        return while_treating

    return tuple(replace(each, read=quiet(each.read)) for each in prompts)


PROMPTS: Final = (
    Prompt(
        "contested_decision",
        "When what is known now contradicts a decision of this line, until somebody has looked at it again.",
        "On what is known now, a decision would not have been offered: look at it again before treatment goes on.",
        g.chosen("late and corrected results: contested decisions"),
        _contested,
        urgent=True,
    ),
    Prompt(
        "emergency_after_treatment",
        "When a life-threatening side effect goes on in follow-up or elsewhere.",
        "A life-threatening side effect comes first: manage it, then decide again.",
        g.chosen("toxicity outcomes"),
        _emergency,
        states=("follow_up", "referred_elsewhere"),
        urgent=True,
    ),
    Prompt(
        "second_malignancy",
        "When a second malignancy was recorded and goes on.",
        "A second malignancy is treated by a protocol of its own: decide with its team whether this treatment goes on.",
        g.chosen("any time: second malignancy"),
        _second_malignancy,
        urgent=True,
    ),
    Prompt(
        "refusal",
        "When the family refused a treatment or withdrew its consent.",
        "The family refused, or withdrew its consent: talk about the goals of care, and keep supportive care and "
        "referral open.",
        g.chosen("any time: refusal"),
        _refused,
    ),
    Prompt(
        "goals_of_care",
        "When the goals of care were last agreed more than 90 days ago.",
        "Look at the goals of care again with the family.",
        g.chosen("how long a fact counts: intent"),
        _goals_old,
    ),
    Prompt(
        "brain_image",
        "When disease in the central nervous system counts as controlled on an image older than 28 days.",
        "Image brain and spine again: the last image no longer tells how things stand.",
        g.chosen("how long a fact counts: brain MRI"),
        _brain_image_old,
    ),
)
