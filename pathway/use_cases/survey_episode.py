"""Look at one episode as a whole: where it stands and how it came there, what is next, and what can be decided.

What a page, or a sheet for the tumour board, shows at once is read at once, so that no part of it knows more than
another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from pathway.clinical.regimens import regimen
from pathway.clinical.terms import ClosureReason, DecidedBy, LocalControlModality, OverrideReason
from pathway.engine.definition import STAY, Pathway
from pathway.engine.diagram import Course, drawn_with
from pathway.engine.findings import in_words
from pathway.engine.fold import steps
from pathway.engine.recommendation import Recommendation
from pathway.episodes.assessments import response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.events import AssessmentRecorded, DecisionMade, ResponseConfirmed, read_logged
from pathway.episodes.log import NO_FACTS, effective_history, extended_digest
from pathway.store.values import StoredEntry, Summary
from pathway.use_cases.aftermath import impacts, late_places
from pathway.use_cases.decision_details import details_of, required_of
from pathway.use_cases.draft import History, entry_of
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.read_episode import shown_episode, stop_shown
from pathway.use_cases.read_history import rows_of
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import Standing, summary_of
from pathway.use_cases.treatment_chosen import may_meet_a_stop, stops_overridden

_ASSESSED: Final = (AssessmentRecorded, ResponseConfirmed)


def survey_episode(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    known_at: datetime | None,
    as_of: date | None,
    recorded: str | None = None,
) -> bytes:
    """The episode, its next step, its history and what can be decided, as known at `known_at`, on the day `as_of`.

    JSON with `episode` and `next_step` as their own reads give them; `course`, the states it has been in, each
    with since when and by which entry, and those that can be chosen; `history`, every entry, the latest day first,
    that of an assessment with the `response` then in force, that of a cycle with its `treatment`, a corrected one with
    what stands `in_its_place`;
    `impacts` by entry, that of `recorded` among them whenever it came late; `overridden`, the hard stops of each
    decision that awaits its second signature; `form`, what can be said of each option. Raises `Refusal`.
    """
    caller.require(Operation.READ_THE_NEXT_STEP)
    caller.require(Operation.READ_THE_HISTORY)
    summary = summary_of(installation, caller, Operation.READ_AN_EPISODE, episode_id)
    stored = installation.readers.entries(summary.site_id, episode_id)
    stored = [entry for entry in stored if known_at is None or entry.recorded_at <= known_at]
    if not stored:
        raise Refusal("unknown_episode", "Nothing was known of this episode by then.")
    pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
    zone, log = ZoneInfo(summary.time_zone), [entry_of(entry) for entry in stored]
    history = list(steps(pathway, effective_history(log, zone)))
    standing = _standing(installation, summary, pathway, history, stored, as_of)
    told = standing.recommendation()
    late = late_places(log, zone)
    return orjson.dumps(
        {
            "episode": shown_episode(standing),
            "next_step": told.document(standing.basis(installation.engine)),
            "course": {"been": _course(pathway, history), "ahead": _ahead(told)},
            "history": _rows(stored, history, [log[place].entry_id for place in late]),
            "impacts": impacts(pathway, log, zone, late, recorded),
            "overridden": _overridden(pathway, standing.episode),
            "form": _form(pathway, standing.episode),
        }
    )


def draw_course(
    installation: Installation,
    caller: Caller,
    pathway_id: str,
    version: int,
    states: Sequence[str],
    ahead: Iterable[tuple[str, bool]],
    told: str,
) -> str:
    """The picture of the pathway with a course on it (SVG), for a page. Raises `Refusal`."""
    caller.require(Operation.DRAW_A_PATHWAY)
    return drawn_with(installation.pathway(pathway_id, version), Course(tuple(states), dict(ahead)), told)


def _standing(
    installation: Installation,
    summary: Summary,
    pathway: Pathway,
    history: History,
    stored: list[StoredEntry],
    as_of: date | None,
) -> Standing:
    digest = NO_FACTS
    for effective, _ in history:
        digest = extended_digest(digest, effective)
    day = as_of or today_in(summary.time_zone, installation.clock())
    head = stored[-1].sequence, stored[-1].hash
    return Standing(summary, pathway, history[-1][1].episode, digest, day, head)


def _course(pathway: Pathway, history: History) -> list[dict[str, Any]]:
    """Each state it has been in, one after the other, with the entry that brought it there."""
    been: list[dict[str, Any]] = []
    for effective, step in history:
        state = step.episode.state
        if been and been[-1]["state"] == state:
            continue
        been.append(
            {
                "state": state,
                "label": pathway.state(state).label,
                "entry": effective.entry_id,
                "on": effective.on.isoformat(),
                "precision": effective.precision,
                "decided": isinstance(effective.event, DecisionMade),
            }
        )
    return been


def _ahead(told: Recommendation) -> list[dict[str, Any]]:
    """Where each option that is open leads."""
    pathway, state = told.pathway, told.episode.state
    found = []
    for option in pathway.options:
        status = told.status(option.name)
        if status == "blocked":
            continue
        targets = {edge.target for edge in pathway.edges(f"decide:{option.name}", state)} - {STAY, state}
        found += [
            {"option": option.name, "state": target, "label": pathway.state(target).label, "status": status}
            for target in sorted(targets)
        ]
    return found


def _rows(stored: list[StoredEntry], history: History, late: list[str]) -> list[dict[str, Any]]:
    """The log, the latest day first, with the state that each entry brought about."""
    reached = {effective.entry_id: (effective, step) for effective, step in history}
    assessed = {each.entry_id for each, _ in history if isinstance(each.event, _ASSESSED)}
    rows = rows_of(stored, stored)
    for row in rows:
        for name in ("engine", "recommendation", "prev_hash", "hash"):
            del row[name]
        row["late"] = row["entry"] in late
        if row["entry"] in reached:
            effective, step = reached[row["entry"]]
            row |= {"moved": step.moved, "state": step.episode.state}
            row |= {"unexpected": step.unexpected, "contested": step.contested}
            if row["entry"] in assessed:
                row["response"] = _response(step.episode)
            if row["kind"] == "cycle_started":
                row["treatment"] = _treatment(step.episode)
            if row["standing"] == "corrected":
                row["in_its_place"] = {"on": effective.on.isoformat(), "event": effective.event.body()}
    return sorted(rows, key=lambda row: (row["on"], row["sequence"]), reverse=True)


def _treatment(episode: Episode) -> dict[str, Any]:
    """What the cycle that just began belongs to."""
    known = regimen(episode.regimen) if episode.regimen else None
    return {
        "line": episode.line,
        "regimen": known.name if known else episode.regimen,
        "agents": list(episode.agents),
        "maintenance": episode.context == "maintenance",
    }


def _response(episode: Episode) -> str | None:
    """The response in force of the assessment under way; None where it is not known."""
    response = response_in_force(episode.timepoint).response if episode.timepoint else None
    return None if response is None else str(response)


def _overridden(pathway: Pathway, episode: Episode) -> dict[str, list[dict[str, Any]]]:
    """What would be let pass by the second signature, by the decision that awaits it."""
    found = {}
    for entry, pending in episode.pending.items():
        decision = read_logged(pending.body)
        assert isinstance(decision, DecisionMade)  # noqa: S101  (nothing else waits for a signature)
        option = pathway.option(decision.option)
        found[entry] = [stop_shown(stop) for stop in stops_overridden(episode, option, decision.detail)]
    return found


def _form(pathway: Pathway, episode: Episode) -> dict[str, Any]:
    """What can be said of each option, what has to be, and from which words the rest is chosen.

    `stopped` are the agents of hard stops, with the options that may give one of them.
    """
    return {
        "stopped": {
            "agents": [stop.agent for stop in episode.stops.values()],
            "options": [each.name for each in pathway.options if may_meet_a_stop(each)],
        },
        "details": {each.name: details_of(each) for each in pathway.options},
        "required": {each.name: needed for each in pathway.options if (needed := required_of(each))},
        "states": {each.name: each.label for each in pathway.states},
        "regimens": [[in_words(each.id), each.name] for each in pathway.regimens],
        "closures": list(ClosureReason),
        "modalities": list(LocalControlModality),
        "decided_by": [[each.value, each.label] for each in DecidedBy],
        "rests_in": {
            name: pathway.state(name).label for name in ("follow_up", "restaging", "referred_elsewhere")
        },
        "reasons": [[reason.value, reason.label] for reason in OverrideReason],
    }
