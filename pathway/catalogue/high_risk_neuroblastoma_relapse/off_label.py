"""Where a treatment would leave the label of its antibody: shown before the choice, and answered with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.planning_findings import age_in_months
from pathway.catalogue.high_risk_neuroblastoma_relapse.resistance import lines_given
from pathway.clinical.evidence import PROJECT_DESIGN, Tag, cite
from pathway.clinical.labels import (
    EARLIER_ANTIBODY,
    EARLIER_ANTIBODY_IN_TRIALS,
    INTERLEUKIN,
    NAXITAMAB_DISEASE,
    STABILISE_FIRST,
    TOO_YOUNG,
    Disease,
    off_label,
)
from pathway.clinical.terms import Antibody, is_anti_gd2
from pathway.engine.definition import Caution, Noticed, Prompt
from pathway.episodes.episode import Episode

_CHOOSING: Final = ("progression_confirmed", "decision_due")


def disease(episode: Episode, as_of: date) -> Disease:
    """The state of the disease on a day, as labels ask for it."""
    progression, last, progressed = episode.progression, episode.last_response, episode.progressed
    later = last is not None and (progressed is None or last.at.on > progressed.on)
    refractory = progression is not None and progression.setting == "refractory"
    pattern = progression.pattern if progression else None
    return Disease(
        progressing=progressed is not None and not later and not refractory,
        response=last.value if last is not None and later else None,
        local_only=None if pattern is None else pattern == "local",
        age_months=age_in_months(episode, as_of),
        earlier_anti_gd2=_given_before(episode),
    )


def _given_before(episode: Episode) -> bool:
    return any(is_anti_gd2(agent) for line in lines_given(episode) for agent in line.agents or ())


def _of_any_antibody(name: str, episode: Episode, as_of: date) -> Iterator[Noticed]:
    """What holds for the antibodies that may be chosen, before one of them is."""
    for conflict in off_label(Antibody, disease(episode, as_of)):
        if conflict.name == name:
            yield Noticed(conflict.sentence, because=conflict.because)


def _of_those_chosen(name: str, episode: Episode, as_of: date, agents: tuple[str, ...]) -> Iterator[Noticed]:
    for conflict in off_label(agents, disease(episode, as_of)):
        if conflict.name == name:
            yield Noticed(conflict.sentence, because=conflict.because)


def _had_antibody(episode: Episode, as_of: date) -> Iterator[Noticed]:
    if disease(episode, as_of).earlier_anti_gd2:
        yield Noticed()
        yield Noticed("allowed in ANBL1221", because=EARLIER_ANTIBODY_IN_TRIALS)


_TOLD: Final = {
    STABILISE_FIRST.name: (
        "Chemoimmunotherapy while the disease progresses.",
        "An anti-GD2 antibody during active progression is off label; it rests on trials and guidelines. Document why.",
    ),
    NAXITAMAB_DISEASE.name: (
        "Naxitamab for local disease alone, or in complete remission.",
        "Naxitamab is off label except for a partial or minor response or stable disease in bone or marrow.",
    ),
    TOO_YOUNG.name: (
        "Dinutuximab beta below the age of its label.",
        "Dinutuximab beta for an infant is off label. Document why.",
    ),
    INTERLEUKIN.name: (
        "Interleukin-2 beside an anti-GD2 antibody.",
        "Interleukin-2 is not given by default. Document why.",
    ),
}
"""Of each conflict: when it arises, and what is said of it."""
_LABELS: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "label conflicts: a flag and a reason")

PROMPTS: Final = (
    *(
        Prompt(name, when, sentence, _LABELS, partial(_of_any_antibody, name), _CHOOSING)
        for name, (when, sentence) in _TOLD.items()
        if name != INTERLEUKIN.name
    ),
    Prompt(
        EARLIER_ANTIBODY.name,
        "An anti-GD2 antibody was given before, or is being given.",
        EARLIER_ANTIBODY.sentence,
        EARLIER_ANTIBODY.because,
        _had_antibody,
        ("progression_confirmed",),
    ),
)

CAUTIONS: Final = tuple(
    Caution(name, when, sentence, _LABELS, partial(_of_those_chosen, name))
    for name, (when, sentence) in _TOLD.items()
)
