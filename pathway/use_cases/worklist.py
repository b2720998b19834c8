"""What is urgent, due, overdue, missing, waiting or to be reviewed at a site: the urgent first, then by the date."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import orjson

from pathway.store.readers import Kind, Position
from pathway.store.values import Summary
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import standing_of

KINDS: tuple[str, ...] = get_args(Kind)


def read_worklist(
    installation: Installation,
    caller: Caller,
    due_before: date | None,
    kind: str | None,
    cursor: str | None,
    limit: int,
) -> bytes:
    """One page of the caller's worklist as JSON. Raises `Refusal`."""
    caller.require(Operation.READ_THE_WORKLIST)
    if kind is not None and kind not in KINDS:
        raise Refusal(
            "invalid_parameter", f"The kinds are {', '.join(KINDS)}.", [("kind", "There is no such kind.")]
        )
    today = today_in(installation.settings.time_zone(caller.site_id), installation.clock())
    found = installation.readers.worklist(
        caller.site_id,
        today=today,
        kind=kind,  # type: ignore[arg-type]  # checked against the kinds above
        due_before=due_before,
        after=_position(cursor),
        limit=limit + 1,
    )
    page = found[:limit]
    # What is stored is as of the last entry: what has become urgent since then is first on its page all the same.
    items = sorted((_item(installation, each) for each in page), key=lambda item: not item["urgent"])
    return orjson.dumps(
        {
            "as_of": today.isoformat(),
            "items": items,
            "next_cursor": _cursor(page[-1]) if len(found) > limit else None,
        }
    )


def count_worklist(
    installation: Installation, caller: Caller, due_before: date | None
) -> dict[str | None, int]:
    """How many rows the caller's worklist has of each kind, and in all (None). Raises `Refusal`."""
    caller.require(Operation.READ_THE_WORKLIST)
    today = today_in(installation.settings.time_zone(caller.site_id), installation.clock())
    return installation.readers.worklist_counts(caller.site_id, today=today, due_before=due_before)


def count_undated(installation: Installation, caller: Caller, kind: str | None) -> int:
    """How many rows of a kind have no date, and are not there where one asks for a day. Raises `Refusal`."""
    return (
        count_worklist(installation, caller, None)[kind]
        - count_worklist(installation, caller, date.max)[kind]
    )


def _cursor(last: Summary) -> str:
    first = "leads" if last.leads else "follows"
    return f"{first}_{last.due_target.isoformat() if last.due_target else 'undated'}_{last.episode_id}"


def _position(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        first, day, episode_id = cursor.split("_", 2)
        leads = {"leads": True, "follows": False}[first]
        return leads, None if day == "undated" else date.fromisoformat(day), episode_id
    except (ValueError, KeyError):
        refused = [("cursor", "Not a cursor.")]
        raise Refusal("invalid_parameter", "The cursor is not one this service gave.", refused) from None


def _item(installation: Installation, summary: Summary) -> dict[str, Any]:
    """One row, told for today: what a fact is worth, and so what is recommended, changes with the days."""
    standing = standing_of(installation, summary, None, None)
    told = standing.recommendation()
    due = told.next_due
    return {
        "episode": summary.episode_id,
        "patient": summary.pseudonym,
        "pathway": {"id": summary.pathway_id, "version": summary.pathway_version},
        "state": summary.state,
        "state_label": standing.pathway.state(summary.state).label,
        "recommended": told.recommended,
        "needs_tumour_board": told.outcome.needs_tumour_board,
        "summary": told.summary(),
        "urgent": list(told.urgent()),
        "due": due.as_dict(standing.as_of) if due else None,
        "missing": [finding.name for finding in told.outcome.obtain],
        "waiting": summary.waiting,
        "signatures": len(standing.episode.pending),
        "reviews": summary.reviews,
    }
