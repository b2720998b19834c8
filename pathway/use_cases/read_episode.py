"""Where an episode stands: state, line, facts in force, and what runs beside the state."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson

from pathway.episodes.episode import Episode
from pathway.episodes.facts import Antigen, Cycles, Hold, LocalPlan, Noted, Progression, Stamp, Stop, Toxicity
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.standing import Standing, standing_of, summary_of


def read_episode(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    known_at: datetime | None,
    as_of: date | None,
) -> bytes:
    """The episode as known at `known_at`, on the day `as_of`, as JSON. Raises `Refusal`."""
    summary = summary_of(installation, caller, Operation.READ_AN_EPISODE, episode_id)
    return orjson.dumps(shown_episode(standing_of(installation, summary, known_at, as_of)))


def shown_episode(standing: Standing) -> dict[str, Any]:
    """The episode as answers carry it; the patient stands in it by pseudonym only."""
    summary, episode = standing.summary, standing.episode
    duties = {duty.kind: duty.label for duty in standing.pathway.duties}
    return {
        "episode": summary.episode_id,
        "patient": summary.pseudonym,
        "pathway": {
            "id": summary.pathway_id,
            "version": summary.pathway_version,
            "content_hash": summary.content_hash,
        },
        "opened_on": summary.opened_on.isoformat(),
        "time_zone": summary.time_zone,
        "as_of": standing.as_of.isoformat(),
        "open": episode.state != "closed",
        "state": episode.state,
        "state_label": standing.pathway.state(episode.state).label,
        "since": episode.entered.on.isoformat() if episode.entered else None,
        "line": episode.line,
        "regimen": episode.regimen,
        "agents": list(episode.agents),
        "cycles": _cycles(episode.cycles),
        "courses": _cycles(episode.courses),
        "facts": facts_shown(episode),
        "holds": [hold_shown(hold) for hold in episode.holds],
        "obligations": [
            {"kind": each.kind, "sentence": duties[each.kind], **_at(each.at)} for each in episode.obligations
        ],
        "stops": [stop_shown(stop) for stop in episode.stops.values()],
        "reviews": [
            {"entry": entry, "kind": review.kind, "sentence": review.sentence, "on": review.at.on.isoformat()}
            for entry, review in episode.reviews.items()
        ],
        "awaiting_second_signature": [
            {"entry": entry, **_at(each.at)} for entry, each in episode.pending.items()
        ],
        "head": {"sequence": standing.head[0], "hash": standing.head[1]},
        "facts_digest": standing.digest,
    }


def hold_shown(hold: Hold) -> dict[str, Any]:
    """What is held, since when and until when."""
    return {"agent": hold.agent, "until": hold.until.isoformat() if hold.until else None, **_at(hold.at)}


def stop_shown(stop: Stop) -> dict[str, Any]:
    """A hard stop with the entry it rests on and, where a rule set it, its source."""
    shown = {"agent": stop.agent, "sentence": stop.sentence, **_at(stop.at)}
    return {**shown, "because": stop.because.as_dict()} if stop.because else shown


def _at(at: Stamp) -> dict[str, str]:
    return {"entry": at.entry, "on": at.on.isoformat(), "precision": at.precision}


def _noted(noted: Noted) -> dict[str, str]:
    return {"value": noted.value, **_at(noted.at)}


def _cycles(cycles: Cycles) -> dict[str, Any]:
    return {
        "started": cycles.started,
        "completed": cycles.completed,
        "counted": cycles.counted,
        "since_assessment": cycles.since_assessment,
        "count_is_certain": not cycles.uncertain,
    }


def facts_shown(episode: Episode) -> dict[str, Any]:
    """The facts in force by name, each with the day and the entry it rests on; some are groups, toxicities a list."""
    single = {
        "risk_group": episode.risk_group,
        "age_months": episode.age_months,
        "gd2": episode.gd2,
        "intent": episode.intent,
        "cns": episode.cns,
        "response": episode.last_response,
        "local_control_feasible": episode.local_control_feasible,
        "residual_sites": episode.residual_sites,
        "local_control": episode.local_control,
        "follow_up": episode.follow_up,
        "decision": episode.last_decision,
        "closed": episode.closed,
    }
    groups = {
        "fitness": episode.fitness,
        "biomarkers": episode.biomarkers,
        "consents": episode.consents,
        "car_t": episode.car_t,
    }
    facts: dict[str, Any] = {name: _noted(noted) for name, noted in single.items() if noted is not None}
    if episode.gd2 is not None:
        facts["gd2"] |= _measured(episode.gd2)
    facts |= {
        name: {key: _noted(noted) for key, noted in group.items()} for name, group in groups.items() if group
    }
    if episode.irradiated:
        facts["irradiated_gy"] = {site: str(gray) for site, gray in episode.irradiated.items()}
    if episode.local_plan is not None:
        facts["local_plan"] = _plan(episode.local_plan)
    if episode.progression is not None:
        facts["progression"] = _progression(episode.progression)
    if episode.toxicities:
        facts["toxicities"] = [_toxicity(each) for each in episode.toxicities.values()]
    return facts


def _measured(gd2: Antigen) -> dict[str, str]:
    told = {"method": gd2.method, "specimen": gd2.specimen, "percent": gd2.percent, "density": gd2.density}
    return {name: str(each) for name, each in told.items() if each is not None}


def _plan(plan: LocalPlan) -> dict[str, Any]:
    return {
        "modality": plan.modality,
        "site": plan.site,
        "planned_for": plan.planned_for.isoformat() if plan.planned_for else None,
        "after_cycle": plan.after_cycle,
        **_at(plan.at),
    }


def _progression(progression: Progression) -> dict[str, Any]:
    return {
        "confirmed": progression.confirmed,
        "setting": progression.setting,
        "pattern": progression.pattern,
        **_at(progression.at),
    }


def _toxicity(toxicity: Toxicity) -> dict[str, Any]:
    return {
        "term": toxicity.term,
        "scale": toxicity.scale,
        "grade": "unknown" if toxicity.grade is None else toxicity.grade,
        "agent": toxicity.agent,
        "ongoing": toxicity.ongoing,
        "since": toxicity.since.on.isoformat(),
        "since_precision": toxicity.since.precision,
        **({} if toxicity.no_grade is None else {"no_such_grade": toxicity.no_grade}),
        **_at(toxicity.at),
    }
