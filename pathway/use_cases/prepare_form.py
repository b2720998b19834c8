"""What a form for a fact needs to know of the episode: what is waited for, what can be named, what was recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from pathway.clinical.biomarkers import MARKERS
from pathway.clinical.measurements import Measurements
from pathway.clinical.side_effects import TERMS
from pathway.clinical.terms import Component, ComponentRating
from pathway.engine.definition import Pathway
from pathway.engine.findings import in_words
from pathway.episodes.episode import Episode
from pathway.episodes.events import Event, EventCorrected, EventRetracted
from pathway.episodes.log import Entry
from pathway.use_cases.draft import entry_of
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.next_step import next_step_of
from pathway.use_cases.permissions import Operation
from pathway.use_cases.read_episode import shown_episode
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import standing_of, summary_of

_KINDS: Final = {"car_t": "car_t_step_recorded"}
"""The kind of a fact whose edges have a name of their own."""

_SCALES: Final = {"ctcae_v5": "CTCAE 5", "astct": "ASTCT"}
_DECIDE: Final = "decide"
_INVOLVED: Final = frozenset({ComponentRating.MD, ComponentRating.SD, ComponentRating.PD})
"""Ratings which a marrow has only where it was involved. CR is what people also write of one that never was."""


def prepare_form(
    installation: Installation, caller: Caller, episode_id: str, entry_id: str | None = None
) -> bytes:
    """JSON with `episode`, its `pathway`, `state_label`, `line`, `regimen` and `agents`, and `today` at the site.

    `next_cycle` and `running_cycle` are numbers in the line, in maintenance of courses; null where they are not known.
    `marrow_before` is what earlier assessments tell of the marrow: `involved`, `never`, or null.
    `opened_on` is its first day; `summary` tells the next step and `missing` the findings it misses; `expected` are
    the kinds of facts that move an episode out of few states of which this is one; `words` the lists from which
    fields are chosen, each of pairs. With `entry_id` also `entry`: what was `recorded` there, the last correction of
    it included, on which `day`.
    Raises `Refusal`.
    """
    caller.require(Operation.RECORD_WHAT_HAPPENED)
    summary = summary_of(installation, caller, Operation.READ_AN_EPISODE, episode_id)
    standing = standing_of(installation, summary, None, None)
    episode = shown_episode(standing)
    told = orjson.loads(next_step_of(installation, summary, None))
    answer: dict[str, Any] = {
        "episode": episode_id,
        "patient": summary.pseudonym,
        "pathway": {"id": summary.pathway_id, "version": summary.pathway_version},
        "state_label": episode["state_label"],
        "states": {each.name: each.label for each in standing.pathway.states},
        "open": summary.is_open,
        "opened_on": summary.opened_on.isoformat(),
        "today": today_in(summary.time_zone, installation.clock()).isoformat(),
        "line": episode["line"],
        "regimen": episode["regimen"],
        "agents": [in_words(agent) for agent in episode["agents"]],
        **_cycle_numbers(standing.episode),
        "begun_here": _begun_here(standing.episode),
        "summary": told["summary"],
        "missing": [each["finding"] for each in told["missing"]],
        "expected": expected_kinds(standing.pathway, summary.state),
        "marrow_before": _marrow_before(standing.episode),
        "words": words_of(standing.pathway, episode),
    }
    if entry_id is not None:
        log = [entry_of(stored) for stored in installation.readers.entries(summary.site_id, episode_id)]
        answer["entry"] = _recorded(log, entry_id, ZoneInfo(summary.time_zone))
    return orjson.dumps(answer)


def expected_kinds(pathway: Pathway, state: str) -> list[str]:
    """The kinds of facts that lead out of this state; what may come in most states tells nothing of this one."""
    sources = {(_kind(edge.trigger), edge.source) for edge in pathway.transitions}
    states = Counter(kind for kind, _ in sources)
    few = len(pathway.states) / 2
    return sorted(
        kind for kind, source in sources if source == state and kind != _DECIDE and states[kind] < few
    )


def words_of(pathway: Pathway, episode: dict[str, Any] | None = None) -> dict[str, list[tuple[str, str]]]:
    """The lists which fields of forms suggest or choose from: value and what people read."""
    toxicities = (episode or {}).get("facts", {}).get("toxicities", ())
    agents = dict.fromkeys(agent for each in pathway.regimens for agent in each.agents)
    return {
        "regimens": [(in_words(each.id), each.name) for each in pathway.regimens],
        "agents": [(in_words(agent), "") for agent in sorted(agents)],
        "markers": [(each.name, each.label) for each in MARKERS],
        "terms": [(each.name, "") for each in TERMS],
        "toxicities": [(each["entry"], _toxicity(each)) for each in toxicities if each["ongoing"]],
    }


def _cycle_numbers(episode: Episode) -> dict[str, int | None]:
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    last, running = cycles.last_number, cycles.last_started is not None and cycles.last_completed is None
    certain = last is not None or not cycles.started
    return {"next_cycle": (last or 0) + 1 if certain else None, "running_cycle": last if running else None}


def _begun_here(episode: Episode) -> bool:
    """Whether treatment has begun in this episode: by a decision, a cycle, or a step towards cells."""
    return episode.line_began is not None or bool(episode.cycles.started or episode.car_t)


def _marrow_before(episode: Episode) -> str | None:
    """Whether the record knows the marrow was `involved` or `never` was; None where no assessment tells."""
    measured = [point.measured.get(Component.BONE_MARROW) for point in episode.timepoints.values()]
    known = [each for each in (*measured, episode.baselines.get(Component.BONE_MARROW)) if each is not None]
    ratings = {
        noted.value
        for point in episode.timepoints.values()
        if (noted := point.ratings.get(Component.BONE_MARROW)) is not None
    }
    if ratings & _INVOLVED or any(_marrow_was_involved(each) for each in known):
        return "involved"
    return "never" if ComponentRating.NI in ratings else None


def _marrow_was_involved(measured: Measurements) -> bool:
    infiltration = measured.infiltration_percent
    values = (infiltration.now, infiltration.baseline) if infiltration else ()
    return bool(measured.involved_at_baseline) or any(value for value in values)


def _kind(trigger: str) -> str:
    name = trigger.partition(":")[0]
    return _KINDS.get(name, name)


def _toxicity(told: dict[str, Any]) -> str:
    grade = "grade not known" if told["grade"] == "unknown" else f"grade {told['grade']}"
    of = f" of {in_words(told['agent'])}" if told["agent"] else ""
    since = date.fromisoformat(told["since"])
    return (
        f"{in_words(told['term'])}{of}, {grade} ({_SCALES[told['scale']]}), since {since.day} {since:%b %Y}"
    )


def _recorded(log: Sequence[Entry], entry_id: str, zone: ZoneInfo) -> dict[str, Any]:
    """What stands in the place of an entry now. Raises `Refusal` when there is none."""
    by_id = {entry.entry_id: entry for entry in log}
    if entry_id not in by_id:
        raise Refusal("unknown_entry", "There is no such entry in this episode.")
    first = _first(by_id, entry_id)
    told: Event = first.event
    for entry in _about(log, by_id, first):
        if isinstance(entry.event, EventCorrected):
            told = entry.event.replacement
    return {
        "entry": first.entry_id,
        "sequence": first.sequence,
        "kind": told.kind,
        "day": told.day(zone).isoformat(),
        "recorded": told.body(),
    }


def _first(by_id: dict[str, Entry], entry_id: str) -> Entry:
    entry = by_id[entry_id]
    return _first(by_id, entry.event.entry) if isinstance(entry.event, EventCorrected) else entry


def _about(log: Iterable[Entry], by_id: dict[str, Entry], first: Entry) -> Iterable[Entry]:
    changes = (entry for entry in log if isinstance(entry.event, EventCorrected | EventRetracted))
    return (entry for entry in changes if _first(by_id, entry.entry_id) is first)
