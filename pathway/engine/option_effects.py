"""What taking an option does to an episode beside moving it: a line begins, agents change, treatment is held."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pathway.clinical.regimens import RegimenUse, is_chemotherapy, regimen, regimen_with
from pathway.clinical.terms import is_anti_gd2, spelling
from pathway.engine.definition import Effect, Option
from pathway.episodes.assessments import measured_before
from pathway.episodes.cycles import resistant_to_line
from pathway.episodes.episode import Episode
from pathway.episodes.events import DecisionDetail
from pathway.episodes.facts import Cycles, Hold, Line, Noted, Stamp, Stop
from pathway.episodes.toxicities import with_stop


def with_effect(episode: Episode, option: Option, detail: DecisionDetail, at: Stamp) -> Episode:
    """The episode after the effect of `option`, taken with what `detail` says of it."""
    match option.effect:
        case "new_line":
            return _new_line(episode, detail, at)
        case "new_courses":
            return replace(_with_agents(episode, detail, option), courses=Cycles(), severe_in_cycle={})
        case "agents" | "drop_antibody" | "switch_antibody":
            return _with_agents(episode, detail, option)
        case "hold":
            return _held(episode, detail, at)
        case "resume":
            return replace(_with_agents(episode, detail), holds=())
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


def _held(episode: Episode, detail: DecisionDetail, at: Stamp) -> Episode:
    """The episode in which agents are held; one that is held already stays so since then, until the new day."""
    agents = tuple(dict.fromkeys(spelling(agent) for agent in detail.agents)) or ("all treatment",)
    since = {hold.agent: hold.at for hold in episode.holds}
    others = tuple(hold for hold in episode.holds if hold.agent not in agents)
    held = tuple(Hold(agent, detail.hold_until, since.get(agent, at), at) for agent in agents)
    return replace(episode, holds=(*others, *held))


def _new_line(episode: Episode, detail: DecisionDetail, at: Stamp) -> Episode:
    began = episode.line_began is not None
    ended = Line(
        episode.line,
        episode.regimen,
        episode.agents,
        episode.last_response.value if episode.last_response else None,
        episode.last_anti_gd2,
        resistant_to_line(episode),
    )
    fresh = replace(
        episode,
        line=episode.line + 1 if began else episode.line,
        earlier_lines=(*episode.earlier_lines, ended) if began else episode.earlier_lines,
        line_began=at,
        line_open=True,
        progression_stands=False,
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


def _with_agents(episode: Episode, detail: DecisionDetail, option: Option | None = None) -> Episode:
    agents = agents_after(option, detail, episode.agents)
    effect = option.effect if option else None
    return replace(episode, regimen=detail.regimen or _regimen_after(effect, episode, agents), agents=agents)


def _regimen_after(effect: Effect | None, episode: Episode, agents: tuple[str, ...]) -> str | None:
    """The regimen where none was named.

    Of a line whose antibody was dropped or switched it is the backbone, alone or with the other antibody; of
    maintenance that begins it is none, for what the line was given by has other days and numbers.
    """
    known = regimen(episode.regimen) if episode.regimen else None
    if effect == "new_courses" and not episode.courses.started:
        return episode.regimen if known is not None and known.use is RegimenUse.MAINTENANCE else None
    if known is None or known.backbone is None:
        return episode.regimen
    if effect == "drop_antibody":
        return known.backbone
    if effect == "switch_antibody":
        return next((found for agent in agents if (found := regimen_with(agent, known.backbone))), None)
    return episode.regimen


def agents_after(option: Option | None, detail: DecisionDetail, given: tuple[str, ...]) -> tuple[str, ...]:
    """What would be given after a decision: the agents it names, else those of before.

    Without the antibody nothing that binds GD2 is left of either; where another antibody alone is named, what else
    was given goes on. The chemotherapy of a line ends where maintenance begins.
    """
    named = planned_agents(detail)
    effect = option.effect if option else None
    if effect == "drop_antibody":
        return tuple(agent for agent in named or given if not is_anti_gd2(agent))
    if effect == "switch_antibody" and named and all(map(is_anti_gd2, named)):
        return (*named, *(agent for agent in given if not is_anti_gd2(agent)))
    if effect == "new_courses":
        return named or tuple(agent for agent in given if not is_chemotherapy(agent))
    return named or given


def planned_agents(detail: DecisionDetail) -> tuple[str, ...]:
    """The agents a decision names, or those of the regimen it names; empty when it says neither."""
    if detail.agents:
        return tuple(spelling(agent) for agent in detail.agents)
    known = regimen(spelling(detail.regimen)) if detail.regimen else None
    return tuple(spelling(agent) for agent in known.agents) if known else ()
