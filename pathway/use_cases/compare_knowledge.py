"""What changed between two instants of knowledge: facts, state, recommendation, and the entries that came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.fold import fold
from pathway.engine.recommendation import Recommendation, recommend
from pathway.episodes.log import effective_history
from pathway.store.values import StoredEntry, Summary
from pathway.use_cases.draft import entry_of
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.read_episode import facts_shown
from pathway.use_cases.read_history import rows_of
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import summary_of


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was known at one instant beside what was known at another, as JSON values."""

    told: dict[str, Any]
    sequences: Mapping[str, int]
    """The number of every entry that was known at the later one, by its id."""
    corrections: Mapping[str, Mapping[str, str]]
    """`then` and `now`, for each entry that stood corrected, the correction in its place."""


def compare_knowledge(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    since: datetime | None,
    until: datetime | None,
    as_of: date | None = None,
) -> bytes:
    """The same as JSON. Raises `Refusal`."""
    return orjson.dumps(compared(installation, caller, episode_id, since, until, as_of).told)


def compared(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    since: datetime | None,
    until: datetime | None,
    as_of: date | None = None,
) -> Comparison:
    """What was known of the episode at `until` (now, when None) beside what was known at `since`.

    Nothing was known before the episode was opened, nor when `since` is None: `then` is null. Both recommendations
    are asked on the day `as_of` (today), so that nothing but knowledge makes them differ. Raises `Refusal`.
    """
    summary = summary_of(installation, caller, Operation.COMPARE_WHAT_WAS_KNOWN, episode_id)
    if since is not None and until is not None and since > until:
        fault = [("from", "It lies behind the other instant.")]
        raise Refusal("invalid_parameter", "The first instant is to be the earlier one.", fault)
    log = installation.readers.entries(summary.site_id, episode_id)
    later = [entry for entry in log if until is None or entry.recorded_at <= until]
    earlier = [entry for entry in later if since is not None and entry.recorded_at <= since]
    if not later:
        raise Refusal("unknown_episode", "Nothing was known of this episode by then.")
    pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
    day = as_of or today_in(summary.time_zone, installation.clock())
    then = _told(summary, pathway, earlier, day) if earlier else None
    now = _told(summary, pathway, later, day)
    before = {row["entry"]: row for row in rows_of(earlier, earlier)}
    rows = rows_of(later, later)
    return Comparison(
        {
            "episode": episode_id,
            "from": _shown(since),
            "to": _shown(until),
            "as_of": day.isoformat(),
            "then": _standing(then) if then else None,
            "now": _standing(now),
            "facts": list(_facts(then, now)),
            "options": list(_options(then, now)),
            "entries": [row for row in rows if row["entry"] not in before],
            "restated": [
                {**_place(row), "then": before[row["entry"]]["standing"], "now": row["standing"]}
                for row in rows
                if row["entry"] in before and row["standing"] != before[row["entry"]]["standing"]
            ],
        },
        {row["entry"]: row["sequence"] for row in rows},
        {"then": _corrections(before.values()), "now": _corrections(rows)},
    )


def _corrections(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {row["entry"]: row["changed_by"] for row in rows if row["standing"] == "corrected"}


def _told(summary: Summary, pathway: Pathway, log: list[StoredEntry], day: date) -> Recommendation:
    history = effective_history(map(entry_of, log), ZoneInfo(summary.time_zone))
    return recommend(pathway, fold(pathway, history).episode, day)


def _shown(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _standing(told: Recommendation) -> dict[str, Any]:
    state = told.pathway.state(told.episode.state)
    return {
        "state": state.name,
        "state_label": state.label,
        "line": told.episode.line,
        "recommended": told.recommended,
        "needs_tumour_board": told.outcome.needs_tumour_board,
        "summary": told.summary(),
        "rows": [{"row": row.number, "sentence": row.sentence} for row in told.outcome.rows],
    }


def _facts(then: Recommendation | None, now: Recommendation) -> Iterator[dict[str, Any]]:
    """The facts whose value is another, or that rest on another entry; null where there was or is none."""
    before = dict(_each(facts_shown(then.episode))) if then else {}
    after = dict(_each(facts_shown(now.episode)))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield {"fact": name[0], "of": name[1], "then": before.get(name), "now": after.get(name)}


def _each(facts: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str | None], Any]]:
    """Every single fact under its name, and under what it is of where several have that name."""
    for name, told in facts.items():
        if isinstance(told, list):
            for each in told:
                yield (name, " / ".join(filter(None, (each["term"], each["agent"], each["since"])))), each
        elif isinstance(told, dict) and "entry" not in told:
            yield from (((name, of), each) for of, each in told.items())
        else:
            yield (name, None), told


def _options(then: Recommendation | None, now: Recommendation) -> Iterator[dict[str, Any]]:
    """The options that stand otherwise."""
    for option in now.pathway.options:
        was, stands = then.status(option.name) if then else None, now.status(option.name)
        if was is not None and was != stands:
            yield {"option": option.name, "label": option.label, "then": was, "now": stands}


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("entry", "sequence", "kind", "on", "changed_by", "event")}
