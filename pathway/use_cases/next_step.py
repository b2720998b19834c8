"""What the pathway recommends next, and why; the question coordinators ask most."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date, datetime
from threading import Lock
from typing import Final

import orjson

from pathway.store.values import Summary
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.standing import Standing, standing_of, summary_of

_Key = tuple[str, str, str, str, date]
_REMEMBERED: Final[OrderedDict[_Key, bytes]] = OrderedDict()
_LOCK: Final = Lock()
MOST_REMEMBERED: Final = 1024


def next_step(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    known_at: datetime | None,
    as_of: date | None,
) -> bytes:
    """The recommendation for the day `as_of`, as known at `known_at`, as JSON. Raises `Refusal`."""
    summary = summary_of(installation, caller, Operation.READ_THE_NEXT_STEP, episode_id)
    if known_at is None:
        return next_step_of(installation, summary, as_of)
    return document(installation, standing_of(installation, summary, known_at, as_of))


def next_step_of(installation: Installation, summary: Summary, as_of: date | None) -> bytes:
    """The recommendation for the day `as_of`, with all that is known, as JSON.

    While the head of the log and the day are the same, so is the answer: it is remembered under both.
    """
    day = as_of or today_in(summary.time_zone, installation.clock())
    key = (summary.site_id, summary.episode_id, summary.head_hash, installation.engine, day)
    with _LOCK:
        known = _REMEMBERED.get(key)
    if known is None:
        known = document(installation, standing_of(installation, summary, None, day))
        with _LOCK:
            _REMEMBERED[key] = known
            if len(_REMEMBERED) > MOST_REMEMBERED:
                _REMEMBERED.popitem(last=False)
    return known


def document(installation: Installation, standing: Standing) -> bytes:
    """The recommendation of a standing episode as JSON."""
    told = standing.recommendation().document(standing.basis(installation.engine))
    return orjson.dumps({"episode": standing.summary.episode_id, **told})
