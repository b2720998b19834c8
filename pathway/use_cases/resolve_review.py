"""Answer a review task with a sentence."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pathway.episodes.events import Prose, ReviewResolved
from pathway.store.values import Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal, read_body, refusing


class Request(BaseModel):
    """What was found, in a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reason: Prose


def resolve_review(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    entry_id: str,
    body: bytes,
    key: str | None,
    request_digest: str,
) -> Future[Settled]:
    """Closes the review task that the entry `entry_id` raised. Raises `Refusal`."""
    caller.require(Operation.ANSWER_A_REVIEW_TASK)
    asked = read_body(Request, body)

    def propose(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _proposed(Draft.of(installation, caller, view, now), entry_id, asked))

    return installation.writer.submit(
        Command(
            caller.site_id, caller.client_id, episode_id, propose, key, request_digest, access=caller.access
        )
    )


def _proposed(draft: Draft, entry_id: str, asked: Request) -> Proposal:
    review = draft.known.reviews.get(entry_id)
    if review is None:
        raise Refusal("unknown_entry", "No review task is open under this id.")
    # Never before what raised it, which may be dated to a day that has not begun at the site.
    on = max(draft.today, review.at.on)
    entry, _ = draft.append(ReviewResolved(occurred_on=on, entry=entry_id, reason=asked.reason))
    document = {
        "episode": draft.episode_id,
        "entry": entry.entry_id,
        "review": entry_id,
        "reviews": len(draft.known.reviews),
        "state": draft.known.state,
    }
    return draft.proposal("review_resolved", document)
