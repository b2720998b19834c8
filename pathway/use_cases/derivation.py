"""Derives again what was recommended when each entry was recorded, from nothing but the log and the definition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.fold import apply, fold, opened
from pathway.engine.recommendation import recommend
from pathway.episodes.episode import Episode
from pathway.episodes.log import Effective, Entry, appends_in_order, effective_history
from pathway.proof.canonical import canonical


def derived_traces(
    pathway: Pathway, log: Sequence[Entry], kept: Sequence[str | None], zone: ZoneInfo
) -> Iterator[str | None]:
    """For each entry the trace that is to be kept with it: what was recommended once it was known.

    `kept` are the traces that are, of which nothing is used but the day they were made for; None where there is
    none. An entry that came late is folded with all that was known by then, any other is applied to what was
    there, as it was when it was recorded.
    """
    episode: Episode | None = None
    last_on = date.min
    for number, (entry, trace) in enumerate(zip(log, kept, strict=True)):
        event, on = entry.event, entry.event.day(zone)
        if episode is None:
            episode = opened(pathway, _in_order(entry, on)).episode
        elif appends_in_order(event, on, last_on):
            episode = apply(pathway, episode, _in_order(entry, on)).episode
            last_on = max(last_on, on)
        else:
            history = effective_history(log[: number + 1], zone)
            episode = fold(pathway, history).episode
            last_on = max((effective.on for effective in history[1:]), default=date.min)
        if trace is None:
            yield None
            continue
        yield canonical(recommend(pathway, episode, day_of(trace)).trace()).decode()


def day_of(trace: str) -> date:
    """The day a recommendation was made for."""
    return date.fromisoformat(orjson.loads(trace)["as_of"])


def _in_order(entry: Entry, on: date) -> Effective:
    return Effective(entry.entry_id, entry.sequence, on, entry.actor, entry.event)
