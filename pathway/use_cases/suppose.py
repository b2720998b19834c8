"""What would come next if something happened; nothing is written."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import orjson

from pathway.engine.fold import fold, steps
from pathway.engine.recommendation import recommend
from pathway.episodes.log import Entry, effective_history, fault_of_reference
from pathway.store.identifiers import new_identifier
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.read_episode import hold_shown, stop_shown
from pathway.use_cases.record_events import read_events
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import log_of, summary_of


def suppose(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    body: bytes,
    known_at: datetime | None,
    as_of: date | None,
) -> bytes:
    """The recommendation if the events of `body` had happened too; they may lie in the future. Raises `Refusal`.

    With it the hard stops and holds that would stand then, those that do not stand now marked `new`, and the review
    tasks it would open.
    """
    summary = summary_of(installation, caller, Operation.SUPPOSE_SOMETHING_HAPPENED, episode_id)
    events, at = read_events(body)
    known = [
        entry for entry in log_of(installation, summary) if known_at is None or entry.recorded_at <= known_at
    ]
    if not known:
        raise Refusal("unknown_episode", "Nothing was known of this episode by then.")
    now, log = installation.clock(), [*known]
    for number, event in enumerate(events):
        pointer = f"{at}/{number}" if at else ""
        if event.patient is not None and summary.pseudonym != installation.readers.find_patient(
            caller.site_id, event.patient.system, event.patient.value
        ):
            other = [(f"{pointer}/patient", "This is not the patient of the episode.")]
            raise Refusal("another_patient", "The event names another patient.", other)
        fault = fault_of_reference(event, log)
        if fault is not None:
            raise Refusal("unknown_entry", fault, [(f"{pointer}/entry", fault)])
        log.append(Entry(new_identifier(now), log[-1].sequence + 1, now, caller.subject, event))
    pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
    zone = ZoneInfo(summary.time_zone)
    done = list(steps(pathway, effective_history(log, zone)))
    last, before = done[-1][1].episode, fold(pathway, effective_history(known, zone)).episode
    told = recommend(pathway, last, as_of or max(today_in(zone.key, now), done[-1][0].on))
    unexpected = {effective.entry_id for effective, step in done if step.unexpected}
    return orjson.dumps(
        {
            "episode": episode_id,
            "supposed": [
                {"kind": entry.event.kind, "unexpected": entry.entry_id in unexpected}
                for entry in log[-len(events) :]
            ],
            "state": last.state,
            "stops": [
                stop_shown(stop) | {"new": agent not in before.stops} for agent, stop in last.stops.items()
            ],
            "holds": [hold_shown(hold) | {"new": hold not in before.holds} for hold in last.holds],
            "reviews": [
                review.sentence for entry, review in last.reviews.items() if entry not in before.reviews
            ],
            "next_step": told.document("0" * 64),
        }
    )
