"""A second clinician signs the override of a hard stop, which then takes effect."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pathway.episodes.events import DecisionCountersigned, NoteAdded, Prose
from pathway.store.values import Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal, read_body, refusing


class Request(BaseModel):
    """Why the second clinician agrees."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reason: Prose


def countersign(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    entry_id: str,
    body: bytes,
    key: str | None,
    request_digest: str,
) -> Future[Settled]:
    """Makes the decision `entry_id` take effect, unless facts came in between. Raises `Refusal`."""
    caller.require(Operation.SIGN_A_DECISION)
    asked = read_body(Request, body)

    def propose(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _proposed(Draft.of(installation, caller, view, now), entry_id, asked))

    return installation.writer.submit(
        Command(
            caller.site_id, caller.client_id, episode_id, propose, key, request_digest, access=caller.access
        )
    )


def _proposed(draft: Draft, entry_id: str, asked: Request) -> Proposal:
    waiting = draft.known.pending.get(entry_id)
    if waiting is None:
        raise Refusal("unknown_entry", "No decision waits for a signature under this id.")
    if draft.caller.is_person(waiting.actor):
        raise Refusal("not_permitted", "The second signature has to come from another clinician.")
    if (detail := _why_stale(draft, entry_id)) is not None:
        recommendation = draft.recommendation().document(draft.basis())
        raise Refusal(
            "stale_decision", f"{detail} Look at it again and decide anew.", recommendation=recommendation
        )
    # Never before what it signs, which may be dated to a day that has not begun at the site.
    on = max(draft.today, waiting.at.on)
    event = DecisionCountersigned(occurred_on=on, entry=entry_id, reason=asked.reason)
    entry, step = draft.append(event)
    document = {
        "episode": draft.episode_id,
        "entry": entry.entry_id,
        "decision": entry_id,
        "state": draft.known.state,
        "moved": step.moved,
        "next_step": draft.recommendation().document(draft.basis()),
    }
    return draft.proposal("countersigned", document)


def _why_stale(draft: Draft, entry_id: str) -> str | None:
    """What has changed since the first signature, as a sentence; None when nothing has."""
    log = draft.whole_log()
    signed = next(entry for entry in log if entry.entry_id == entry_id)
    if any(entry.sequence > signed.sequence and not isinstance(entry.event, NoteAdded) for entry in log):
        return "Facts came in after the first signature."
    then = draft.recommendation(today_in(draft.zone.key, signed.recorded_at))
    if then.outcome.statuses != draft.recommendation().outcome.statuses:
        return "Since the first signature the options have come to stand otherwise with the days."
    return None
