"""Record what people decided on a recommendation, and refuse what rests on facts that have changed."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pathway.clinical.terms import DecidedBy, Precision
from pathway.engine.outcome import Status
from pathway.engine.recommendation import Recommendation, basis_of
from pathway.episodes.events import DecisionDetail, DecisionMade, Reason
from pathway.episodes.facts import Stamp, Stop
from pathway.store.values import Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases.decision_details import require_details
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller, Installation, latest_day
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal, read_body, refusing
from pathway.use_cases.short_answers import where_it_stands
from pathway.use_cases.treatment_chosen import (
    Cautioned,
    cautions_met,
    require_agents,
    require_another_antibody,
    require_no_antibody,
    stops_in_the_way,
)

LONGEST_CONSIDERATION_DAYS = 92
"""How old the day of a quoted recommendation may be before it counts as stale whatever it says."""


class Request(BaseModel):
    """The option, what exactly, the digest of the recommendation it rests on, who took it, and why it differs."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    option: Annotated[str, StringConstraints(max_length=60)]
    detail: DecisionDetail = DecisionDetail()
    basis: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    decided_on: date | None = None
    decided_precision: Precision = Precision.DAY
    decided_by: DecidedBy | None = None
    reason: Reason | None = Field(default=None)


def decide(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    body: bytes,
    key: str | None,
    request_digest: str,
    *,
    minimal: bool = False,
) -> Future[Settled]:
    """Records a decision; the override of a hard stop waits for a second signature. Raises `Refusal`.

    With `minimal` the answer is the short one.
    """
    caller.require(Operation.DECIDE_ON_AN_OPTION)
    asked = read_body(Request, body)

    def propose(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _proposed(Draft.of(installation, caller, view, now), asked, minimal=minimal))

    return installation.writer.submit(
        Command(
            caller.site_id, caller.client_id, episode_id, propose, key, request_digest, access=caller.access
        )
    )


def _proposed(draft: Draft, asked: Request, *, minimal: bool) -> Proposal:
    on = asked.decided_on or draft.today
    if on > latest_day(draft.now) or on.year < 1950:  # noqa: PLR2004
        future = [("/decided_on", "A decision is taken today or was taken before.")]
        raise Refusal("impossible_date", "The date of the decision cannot be true.", future)
    if _is_before(on, asked.decided_precision, draft.opened_on):
        opened = Stamp(draft.episode_id, draft.opened_on).when
        early = f"The episode was opened on {opened}: a decision about it is none of an earlier day."
        raise Refusal("impossible_date", early, [("/decided_on", early)])
    if not draft.pathway.has_option(asked.option):
        known = ", ".join(option.name for option in draft.pathway.options)
        raise Refusal("not_an_option", f"The options are {known}.", [("/option", "There is no such option.")])
    told = _fresh(draft, asked, on)
    if draft.known.state == "closed" and told.status(asked.option) == "blocked":
        raise Refusal("episode_closed", "The episode is closed; reopen it before anything else is decided.")
    option = draft.pathway.option(asked.option)
    require_details(option, asked.detail)
    require_agents(draft, option, asked.detail)
    require_no_antibody(draft, told.outcome, option, asked.detail)
    require_another_antibody(draft, option, asked.detail)
    stops = stops_in_the_way(draft, option, asked.detail)
    if stops:
        draft.caller.require(Operation.OVERRIDE_A_STOP)
    cautions = cautions_met(draft, option, asked.detail, on)
    _require_reason(told, asked, stops, cautions)
    status: Status = "blocked" if stops else told.status(asked.option)
    event = DecisionMade(
        occurred_on=on,
        occurred_precision=asked.decided_precision,
        option=asked.option,
        detail=asked.detail,
        basis=asked.basis,
        offered_as=status,
        recommended=told.recommended,
        decided_by=asked.decided_by,
        reason=asked.reason,
        awaits_second_signature=bool(stops),
    )
    entry, step = draft.append(event)
    if step.contested and status != "blocked" and not (asked.reason and asked.reason.code):
        raise Refusal("reason_required", _NOT_OPEN_THEN, [("/reason/code", _NOT_OPEN_THEN)])
    outcome = "awaiting_second_signature" if stops else "decided"
    shown: dict[str, Any] = {
        "episode": draft.episode_id,
        "entry": entry.entry_id,
        "sequence": entry.sequence,
        "awaiting_second_signature": bool(stops),
    }
    if minimal:
        return draft.proposal(outcome, shown | where_it_stands(draft, moved=step.moved))
    document = shown | {
        "decided_on": on.isoformat(),
        "option": asked.option,
        "offered_as": status,
        "recommended": told.recommended,
        "stops": [_shown(stop) for stop in stops],
        "cautions": [caution.as_dict() for caution in cautions],
        "state": draft.known.state,
        "moved": step.moved,
        "impact": draft.impact.as_dict(),
        "next_step": draft.recommendation().document(draft.basis()),
    }
    return draft.proposal(outcome, document)


_NOT_OPEN_THEN: Final = (
    "On what is dated up to that day this option was not open: give the reason code for which it was chosen."
)


def _is_before(on: date, precision: Precision, opened_on: date) -> bool:
    """True when a day known so exactly lies before the opening, whichever day of its month or year it was."""
    match precision:
        case Precision.YEAR:
            return on.year < opened_on.year
        case Precision.MONTH:
            return (on.year, on.month) < (opened_on.year, opened_on.month)
        case _:
            return on < opened_on


def _shown(stop: Stop) -> dict[str, Any]:
    shown = {"agent": stop.agent, "sentence": stop.sentence, "entry": stop.at.entry}
    return shown | ({"because": stop.because.as_dict()} if stop.because else {})


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


def _require_reason(
    told: Recommendation, asked: Request, stops: tuple[Stop, ...], cautions: tuple[Cautioned, ...]
) -> None:
    reason, status = asked.reason, told.status(asked.option)
    if (status == "blocked" or stops) and (reason is None or reason.code is None):
        sentence = "This option is blocked; choosing it is an override and needs a reason with a code."
        raise Refusal("reason_required", sentence, [("/reason/code", sentence)])
    if stops and (reason is None or reason.text is None):
        sentence = (
            "This overrides a hard stop: say in words why, for the one who signs second and all who read it."
        )
        raise Refusal("reason_required", sentence, [("/reason/text", sentence)])
    if reason is not None or asked.detail.text is not None:
        return
    offer = told.outcome.offers.get(asked.option)
    asks = offer is not None and offer.needs_reason
    if cautions or asks or asked.option != told.recommended:
        because = "another option is recommended" if told.recommended else "nothing is recommended here"
        if asks:
            because = "the table asks for one"
        if cautions:
            because = " ".join(dict.fromkeys(each.caution.sentence for each in cautions)).rstrip(".")
        sentence = f"This choice needs a reason, with a code or in words: {because}."
        raise Refusal("reason_required", sentence, [("/reason", sentence)])
