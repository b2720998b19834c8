"""What a decision would give, and what stands in its way: stops, antibodies that were not offered, cautions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pathway.clinical.terms import anti_gd2_in, is_anti_gd2
from pathway.engine.definition import Caution, Noticed, Option
from pathway.engine.fold import fold
from pathway.engine.option_effects import agents_after, planned_agents
from pathway.engine.outcome import Outcome
from pathway.episodes.episode import Episode
from pathway.episodes.events import DecisionDetail, EventCorrected, EventRetracted
from pathway.episodes.facts import UNNAMED_ANTIBODY, Stop
from pathway.episodes.log import effective_history
from pathway.use_cases.draft import Draft
from pathway.use_cases.refusals import Refusal

KEEPS_AGENTS: Final = ("new_courses", "agents", "drop_antibody", "switch_antibody", "resume")
"""The effects after which the agents are those of before, unless the decision names others."""

TAKES_AWAY: Final = ("stop", "hold")
"""The effects under which the agents named are those that are not given."""

STARTS_ANTIBODY: Final = "start_chemoimmunotherapy"
"""The option that gives an antibody though none is named."""


def stops_in_the_way(draft: Draft, option: Option, detail: DecisionDetail) -> tuple[Stop, ...]:
    """The hard stops on what the decision would give: agents it names in any way, else those that then go on.

    An antibody that is not named may be any of them. Who took a stop back does not decide alone what it forbade:
    for that person it stands.
    """
    agents = _given_then(draft.known, option, detail)
    if not agents:
        return ()
    return _concerning(agents, {**_without_what_the_caller_took_back(draft), **draft.known.stops}.values())


def stops_overridden(episode: Episode, option: Option, detail: DecisionDetail) -> tuple[Stop, ...]:
    """Of the hard stops of this episode those on what the decision would give: what a second signature lets pass."""
    return _concerning(_given_then(episode, option, detail), episode.stops.values())


def may_meet_a_stop(option: Option) -> bool:
    """True when a decision for this option can give an agent that was stopped for good."""
    without = (*TAKES_AWAY, "drop_antibody", "switch_antibody")
    return option.effect not in without and (_goes_on(option) or option.effect == "new_line")


def _concerning(agents: tuple[str, ...], stops: Iterable[Stop]) -> tuple[Stop, ...]:
    unnamed = UNNAMED_ANTIBODY in agents
    return tuple(stop for stop in stops if stop.concerns(agents) or (unnamed and is_anti_gd2(stop.agent)))


def _without_what_the_caller_took_back(draft: Draft) -> dict[str, Stop]:
    """The hard stops as they would stand had the caller corrected and retracted nothing; none where that is so."""
    log = draft.whole_log()
    kept = [
        entry
        for entry in log
        if not (
            isinstance(entry.event, EventCorrected | EventRetracted) and draft.caller.is_person(entry.actor)
        )
    ]
    if len(kept) == len(log):
        return {}
    return dict(fold(draft.pathway, effective_history(kept, draft.zone)).episode.stops)


def _given_then(episode: Episode, option: Option, detail: DecisionDetail) -> tuple[str, ...]:
    """Every agent the decision names in any way, and what then is given; nothing where it takes agents away."""
    if option.effect in TAKES_AWAY:
        return ()
    before = episode.agents if _goes_on(option) else ()
    return tuple(dict.fromkeys((*_named_agents(detail), *agents_after(option, detail, before))))


def _goes_on(option: Option) -> bool:
    return option.name.startswith("continue_") or option.effect in KEEPS_AGENTS


def _named_agents(detail: DecisionDetail) -> tuple[str, ...]:
    """The agents named, those of the regimen named, and the antibodies that either text mentions.

    All of them: a regimen with the stopped agent in it is not made harmless by a list that leaves it out.
    """
    of_regimen = planned_agents(detail.model_copy(update={"agents": ()}))
    texts = (*detail.agents, detail.regimen or "")
    mentioned = (name for text in texts for name in anti_gd2_in(text))
    return tuple(dict.fromkeys((*planned_agents(detail), *of_regimen, *mentioned)))


def require_agents(draft: Draft, option: Option, detail: DecisionDetail) -> None:
    """Raises `Refusal` when an agent was stopped for good, and none is named: by silence it is not given again."""
    gives = option.treats and (_goes_on(option) or option.effect == "new_line")
    if not gives or not draft.known.stops or planned_agents(detail):
        return
    going_on = agents_after(option, detail, draft.known.agents) if _goes_on(option) else ()
    if not going_on or any(stop.concerns(going_on) for stop in draft.known.stops.values()):
        sentence = "An agent was stopped for good: say which agents are to be given."
        raise Refusal("invalid_body", sentence, [("/detail/agents", sentence)])


def require_no_antibody(draft: Draft, told: Outcome, option: Option, detail: DecisionDetail) -> None:
    """Raises `Refusal` when an option that is offered without an anti-GD2 antibody would give one.

    To name one that was stopped for good is another thing: an override of the stop, which two clinicians sign.
    """
    offer, dropped = told.offers.get(option.name), option.effect == "drop_antibody"
    if not dropped and (offer is None or not offer.without_antibody):
        return
    if any(map(is_anti_gd2, _named_agents(detail))):
        if stops_in_the_way(draft, option, detail) and not dropped:
            return
        sentence = (
            "This is offered here without an anti-GD2 antibody, and the decision names one: leave it out. To give one "
            "all the same, choose the option that gives it, as an override with a reason."
        )
        in_list = any(anti_gd2_in(agent) for agent in detail.agents)
        raise Refusal("invalid_body", sentence, [(f"/detail/{'agents' if in_list else 'regimen'}", sentence)])
    if any(map(is_anti_gd2, _given_then(draft.known, option, detail))):
        sentence = (
            "This is offered here without an anti-GD2 antibody, and the one given before would go on: say which "
            "agents are to be given."
        )
        raise Refusal("invalid_body", sentence, [("/detail/agents", sentence)])


def require_another_antibody(draft: Draft, option: Option, detail: DecisionDetail) -> None:
    """Raises `Refusal` when a switch does not say to which antibody, or names one that is given or was stopped."""
    if option.effect != "switch_antibody":
        return
    named = [agent for agent in _named_agents(detail) if is_anti_gd2(agent)]
    if not named or UNNAMED_ANTIBODY in named:
        sentence = "Say to which anti-GD2 antibody it is switched."
    elif any(agent in draft.known.stops for agent in named):
        sentence = "This antibody was stopped for good; switch to another one."
    elif any(agent in draft.known.agents for agent in named):
        sentence = "This antibody is given already; switch to another one."
    else:
        return
    raise Refusal("invalid_body", sentence, [("/detail/agents", sentence)])


@dataclass(frozen=True, slots=True)
class Cautioned:
    """A caution that a decision meets, and what it was found in."""

    caution: Caution
    noticed: Noticed

    def as_dict(self) -> dict[str, Any]:
        """The caution as the answer carries it."""
        return {
            "caution": self.caution.name,
            "sentence": self.caution.sentence,
            "detail": self.noticed.detail,
            "because": (self.noticed.because or self.caution.because).as_dict(),
        }


def cautions_met(draft: Draft, option: Option, detail: DecisionDetail, on: date) -> tuple[Cautioned, ...]:
    """What the decision has to answer with a reason, for the agents it would give."""
    return tuple(_cautions(draft, option, detail, on))


def _cautions(draft: Draft, option: Option, detail: DecisionDetail, on: date) -> Iterator[Cautioned]:
    agents = _given_then(draft.known, option, detail)
    if not agents and option.name == STARTS_ANTIBODY:
        agents = (UNNAMED_ANTIBODY,)
    for caution in draft.pathway.cautions:
        if option.effect in caution.effects:
            yield from (Cautioned(caution, noticed) for noticed in caution.read(draft.known, on, agents))
