"""What has failed before, which backbone that speaks for, and treatments chosen again after progression on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.clinical.backbones import (
    CROSSOVER,
    RESISTANT_MONTHS,
    Given,
    agents_of,
    backbone_rules,
    nothing_new,
)
from pathway.clinical.evidence import PROJECT_DESIGN, Tag, cite
from pathway.clinical.terms import is_anti_gd2
from pathway.engine.definition import Caution, Noticed, Prompt
from pathway.episodes.cycles import resistant_to_line
from pathway.episodes.episode import Episode
from pathway.episodes.facts import PriorTherapy

_CHOOSING: Final = ("progression_confirmed", "decision_due")
_RULES: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "choice of the backbone, first match")


def lines_given(episode: Episode) -> tuple[Given, ...]:
    """Every line of therapy so far: those before the episode, those in it, and the present one."""
    before = tuple(map(_before, episode.prior_therapies.values()))
    ended = tuple(
        Given(f"line {line.number}", agents_of(line.regimen, line.agents), line.resistant)
        for line in episode.earlier_lines
    )
    if episode.line_began is None:
        return (*before, *ended)
    agents = agents_of(episode.regimen, episode.agents)
    return (*before, *ended, Given(f"line {episode.line}", agents, resistant_to_line(episode)))


def _before(therapy: PriorTherapy) -> Given:
    number = "of unknown number" if therapy.line == "unknown" else therapy.line
    what = f"line {number} before this episode"
    if therapy.regimen is not None:
        what = f"{what} ({therapy.regimen})"
    return Given(what, agents_of(therapy.regimen, therapy.agents), _was_resistant(therapy))


def _was_resistant(therapy: PriorTherapy) -> bool | None:
    months = therapy.months_to_progression
    if therapy.progressed_during or (months is not None and months <= RESISTANT_MONTHS):
        return True
    return None if months is None else False


def _progressing(episode: Episode, as_of: date) -> bool:
    return episode.state == "progression_confirmed" or r.response.of(episode, as_of).value == "PD"


def _failed(episode: Episode, as_of: date) -> Iterator[Noticed]:
    if _progressing(episode, as_of):
        for line in lines_given(episode):
            if line.resistant is None:
                yield Noticed(
                    f"{line.what}: {_agents(line)}; whether the disease progressed on it is not known"
                )
            elif line.resistant:
                yield Noticed(
                    f"{line.what}: {_agents(line)}; progression on it or within {RESISTANT_MONTHS} months"
                )


def _agents(line: Given) -> str:
    return ", ".join(sorted(line.agents)) if line.agents else "agents not known"


def _suggested(episode: Episode, as_of: date) -> Iterator[Noticed]:
    if not _progressing(episode, as_of):
        return
    lines = lines_given(episode)
    rules = backbone_rules(lines)
    if not lines:
        yield Noticed("no earlier treatment was recorded; record it, since the choice hangs on it")
    if len(rules) == 1:
        yield Noticed(f"{rules[0].id}: {rules[0].sentence}", because=rules[0].because)
        return
    for rule in rules:
        yield Noticed(f"not settled, {rule.id} may apply: {rule.sentence}", because=rule.because)


def _antibodies_failed(episode: Episode) -> set[str]:
    return {
        agent
        for line in lines_given(episode)
        if line.resistant
        for agent in line.agents or ()
        if is_anti_gd2(agent)
    }


def _antibody_failed(episode: Episode, as_of: date) -> Iterator[Noticed]:
    if _progressing(episode, as_of):
        yield from (Noticed(agent) for agent in sorted(_antibodies_failed(episode)))


def _same_antibody(episode: Episode, as_of: date, agents: tuple[str, ...]) -> Iterator[Noticed]:  # noqa: ARG001
    failed = _antibodies_failed(episode)
    yield from (Noticed(agent) for agent in agents if agent in failed)


def _same_regimen(episode: Episode, as_of: date, agents: tuple[str, ...]) -> Iterator[Noticed]:  # noqa: ARG001
    for line in lines_given(episode):
        if line.resistant and nothing_new(agents, line.agents or ()):
            yield Noticed(line.what)


_SAME_ANTIBODY: Final = (
    "The disease progressed on this antibody: giving it again is possible with a reason. BEACON's crossover does not "
    "support it, since it came from chemotherapy alone."
)

PROMPTS: Final = (
    Prompt(
        "prior_resistance",
        "At progression, for each line on which the disease progressed, or of which that is not known.",
        "Treatment that has failed before:",
        _RULES,
        _failed,
        _CHOOSING,
    ),
    Prompt(
        "backbone",
        "At progression.",
        "A backbone that earlier failures speak for; the tumour board may choose another with a reason:",
        _RULES,
        _suggested,
        _CHOOSING,
    ),
    Prompt(
        "antibody_after_progression",
        "At progression, for each antibody on which the disease progressed.",
        _SAME_ANTIBODY,
        CROSSOVER,
        _antibody_failed,
        _CHOOSING,
    ),
)

CAUTIONS: Final = (
    Caution(
        "same_regimen_after_progression",
        "A regimen on which the disease progressed, or a part of it, is chosen again.",
        "The disease progressed on these agents, or within six months of them, and nothing new is added.",
        _RULES,
        _same_regimen,
        ("new_line",),
    ),
    Caution(
        "same_antibody_after_progression",
        "An antibody on which the disease progressed is chosen again.",
        _SAME_ANTIBODY,
        CROSSOVER,
        _same_antibody,
    ),
)
