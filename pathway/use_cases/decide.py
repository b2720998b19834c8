"""Record what people decided on a recommendation, and refuse what rests on facts that have changed."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pathway.clinical.terms import Precision, anti_gd2_in, is_anti_gd2
from pathway.engine.definition import Option
from pathway.engine.fold import planned_agents
from pathway.engine.outcome import Status
from pathway.engine.recommendation import Recommendation, basis_of
from pathway.episodes.episode import UNNAMED_ANTIBODY, Stop
from pathway.episodes.events import DecisionDetail, DecisionMade, Reason
from pathway.store.values import Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller, Installation, latest_day
from pathway.use_cases.refusals import Refusal, read_body, refusing

LONGEST_CONSIDERATION_DAYS = 92
"""How old the day of a quoted recommendation may be before it counts as stale whatever it says."""


class Request(BaseModel):
    """The option chosen, what exactly, the digest of the recommendation it rests on, and why it differs from it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    option: Annotated[str, StringConstraints(max_length=60)]
    detail: DecisionDetail = DecisionDetail()
    basis: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    decided_on: date | None = None
    decided_precision: Precision = Precision.DAY
    reason: Reason | None = Field(default=None)


def decide(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    body: bytes,
    key: str | None,
    request_digest: str,
) -> Future[Settled]:
    """Records a decision; the override of a hard stop waits for a second signature. Raises `Refusal`."""
    caller.require("decisions.write")
    asked = read_body(Request, body)

    def propose(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _proposed(Draft.of(installation, caller, view, now), asked))

    return installation.writer.submit(
        Command(caller.site_id, caller.client_id, episode_id, propose, key, request_digest)
    )


def _proposed(draft: Draft, asked: Request) -> Proposal:
    on = asked.decided_on or draft.today
    if on > latest_day(draft.now) or on.year < 1950:  # noqa: PLR2004
        future = [("/decided_on", "A decision is taken today or was taken before.")]
        raise Refusal("impossible_date", "The date of the decision cannot be true.", future)
    if not draft.pathway.has_option(asked.option):
        known = ", ".join(option.name for option in draft.pathway.options)
        raise Refusal("not_an_option", f"The options are {known}.", [("/option", "There is no such option.")])
    told = _fresh(draft, asked, on)
    if draft.known.state == "closed" and told.status(asked.option) == "blocked":
        raise Refusal("episode_closed", "The episode is closed; reopen it before anything else is decided.")
    _require_detail(asked)
    _require_agents(draft, asked)
    stops = stops_in_the_way(draft, asked)
    if stops:
        draft.caller.require("overrides.sign")
    _require_reason(told, asked, stops)
    status: Status = "blocked" if stops else told.status(asked.option)
    event = DecisionMade(
        occurred_on=on,
        occurred_precision=asked.decided_precision,
        option=asked.option,
        detail=asked.detail,
        basis=asked.basis,
        offered_as=status,
        recommended=told.recommended,
        reason=asked.reason,
        awaits_second_signature=bool(stops),
    )
    entry, step = draft.append(event)
    document = {
        "episode": draft.episode_id,
        "entry": entry.entry_id,
        "sequence": entry.sequence,
        "decided_on": on.isoformat(),
        "option": asked.option,
        "offered_as": status,
        "recommended": told.recommended,
        "awaiting_second_signature": bool(stops),
        "stops": [{"agent": stop.agent, "sentence": stop.sentence, "entry": stop.at.entry} for stop in stops],
        "state": draft.known.state,
        "moved": step.moved,
        "impact": draft.impact.as_dict(),
        "next_step": draft.recommendation().document(draft.basis()),
    }
    return draft.proposal("awaiting_second_signature" if stops else "decided", document)


def _fresh(draft: Draft, asked: Request, on: date) -> Recommendation:
    """The recommendation for the day of the decision. Raises `Refusal` when the one quoted no longer holds."""
    told = draft.recommendation(on)
    quoted = _quoted_day(draft, asked.basis, on)
    if quoted is None:
        raise _stale(draft, "The facts or the pathway have changed since this recommendation was made.")
    if draft.recommendation(quoted).outcome.statuses != told.outcome.statuses:
        raise _stale(
            draft, "On the day of the decision the options stand otherwise than when it was looked at."
        )
    return told


def _quoted_day(draft: Draft, basis: str, on: date) -> date | None:
    last = max(on, draft.today)
    days = dict.fromkeys(
        [on, draft.today, *(last - timedelta(n) for n in range(-1, LONGEST_CONSIDERATION_DAYS))]
    )
    for day in days:
        if basis_of(draft.pathway, draft.installation.engine, day, draft.digest) == basis:
            return day
    return None


def _stale(draft: Draft, detail: str) -> Refusal:
    recommendation = draft.recommendation().document(draft.basis())
    return Refusal(
        "stale_decision", f"{detail} Look at it again and decide anew.", recommendation=recommendation
    )


def stops_in_the_way(draft: Draft, asked: Request) -> tuple[Stop, ...]:
    """The hard stops on what the decision would give: agents it names in any way, else those that then go on.

    An antibody that is not named may be any of them.
    """
    option = draft.pathway.option(asked.option)
    if option.effect in TAKES_AWAY:
        return ()
    agents = _named_agents(asked.detail)
    if not agents and _goes_on(option):
        agents = draft.known.agents
    unnamed = UNNAMED_ANTIBODY in agents
    return tuple(
        stop
        for stop in draft.known.stops.values()
        if stop.concerns(agents) or (unnamed and is_anti_gd2(stop.agent))
    )


KEEPS_AGENTS: Final = ("new_courses", "agents", "resume")
"""The effects after which the agents are those of before, unless the decision names others."""

TAKES_AWAY: Final = ("stop", "hold")
"""The effects under which the agents named are those that are not given."""


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


def _require_agents(draft: Draft, asked: Request) -> None:
    """Raises `Refusal` when an agent was stopped for good and nobody knows which are to be given."""
    option = draft.pathway.option(asked.option)
    gives = option.treats and (_goes_on(option) or option.effect == "new_line")
    if not gives or not draft.known.stops or planned_agents(asked.detail):
        return
    if not (_goes_on(option) and draft.known.agents):
        sentence = "An agent was stopped for good: say which agents are to be given."
        raise Refusal("invalid_body", sentence, [("/detail/agents", sentence)])


def _require_detail(asked: Request) -> None:
    wanted: dict[str, tuple[bool, Literal["closure", "agents", "text"], str]] = {
        "close": (asked.detail.closure is None, "closure", "Say why the episode is closed."),
        "stop_agent": (not asked.detail.agents, "agents", "Say which agent is stopped for good."),
        "other": (asked.detail.text is None, "text", "Say in words what was chosen."),
    }
    missing, field, sentence = wanted.get(asked.option, (False, "text", ""))
    if missing:
        raise Refusal("invalid_body", sentence, [(f"/detail/{field}", sentence)])
    if asked.detail.rests_in is not None and asked.option != "other":
        sentence = (
            "Where the episode rests follows from the option; it can be said with the option other alone."
        )
        raise Refusal("invalid_body", sentence, [("/detail/rests_in", sentence)])


def _require_reason(told: Recommendation, asked: Request, stops: tuple[Stop, ...]) -> None:
    reason, status = asked.reason, told.status(asked.option)
    if (status == "blocked" or stops) and (reason is None or reason.code is None):
        sentence = "This option is blocked; choosing it is an override and needs a reason with a code."
        raise Refusal("reason_required", sentence, [("/reason/code", sentence)])
    offer = told.outcome.offers.get(asked.option)
    if asked.option != told.recommended and reason is None and asked.detail.text is None:
        because = "another option is recommended" if told.recommended else "nothing is recommended here"
        if offer is not None and offer.needs_reason:
            because = "the table asks for one"
        sentence = f"This choice needs a reason, with a code or in words: {because}."
        raise Refusal("reason_required", sentence, [("/reason", sentence)])
