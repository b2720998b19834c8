"""Record one event, or several all or none, and say what they changed."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from pathway.engine.fold import Step
from pathway.episodes.assessments import changed_findings
from pathway.episodes.events import (
    Event,
    EventCorrected,
    PatientIdentifier,
    Statement,
    ToxicityResolved,
    read_batch,
    read_event,
)
from pathway.proof.canonical import digest
from pathway.store.values import NewEntry, NewMessage, Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases.contradictions import require_consistent
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal, refusing
from pathway.use_cases.short_answers import where_it_stands


@dataclass(frozen=True, slots=True)
class Received:
    """How one event was received: a new entry, or the one it repeats."""

    entry: dict[str, Any]
    step: Step | None


def read_events(body: bytes) -> tuple[tuple[Event, ...], str]:
    """One event, or `{"events": [...]}`; and where they stand in the body, as the start of a JSON pointer.

    Raises `Refusal` or `EventNotUnderstood`.
    """
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal("malformed_json", "The body is not JSON.") from None
    if isinstance(sent, dict) and "events" in sent:
        return read_batch(body), "/events"
    return (read_event(body),), ""


def record_events(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    body: bytes,
    key: str | None,
    request_digest: str,
    *,
    dry_run: bool = False,
    minimal: bool = False,
) -> Future[Settled]:
    """Records what `body` tells; with `dry_run` only says what it would do. Raises `Refusal`.

    With `minimal` the answer is the short one.
    """
    caller.require(Operation.RECORD_WHAT_HAPPENED)
    events, at = read_events(body)
    require_right_to_state(caller, events)

    def decide(view: View, now: datetime) -> Proposal:
        return refusing(
            lambda: _proposed(
                Draft.of(installation, caller, view, now), events, at, dry_run=dry_run, minimal=minimal
            )
        )

    sources = tuple((each.source.system, each.source.message_id) for each in events if each.source)
    return installation.writer.submit(
        Command(
            caller.site_id,
            caller.client_id,
            episode_id,
            decide,
            key,
            request_digest,
            sources,
            dry_run,
            caller.access,
        )
    )


def require_right_to_state(caller: Caller, events: Iterable[Event]) -> None:
    """Raises `Refusal` when an event is a person's statement and the caller is nobody who decides."""
    if any(isinstance(event, Statement) for event in events):
        caller.require(Operation.STATE_WHAT_A_PERSON_FOUND)


def _proposed(draft: Draft, events: tuple[Event, ...], at: str, *, dry_run: bool, minimal: bool) -> Proposal:
    before = draft.known.state
    received = receive(draft, events, at)
    moved = draft.known.state != before
    answer = _short if minimal else _whole
    return draft.proposal("foreseen" if dry_run else "recorded", answer(draft, received, moved=moved))


def _short(draft: Draft, received: list[Received], *, moved: bool) -> dict[str, Any]:
    kept = ("entry", "sequence", "duplicate")
    return {
        "episode": draft.episode_id,
        "entries": [{name: each.entry[name] for name in kept if name in each.entry} for each in received],
        **where_it_stands(draft, moved=moved),
    }


def _whole(draft: Draft, received: list[Received], *, moved: bool) -> dict[str, Any]:
    return {
        "episode": draft.episode_id,
        "entries": [each.entry for each in received],
        "state": draft.known.state,
        "moved": moved,
        "unexpected": any(each.step.unexpected for each in received if each.step),
        "flags": list(dict.fromkeys(flag for each in received if each.step for flag in each.step.flags)),
        "impact": draft.impact.as_dict(),
        "next_step": draft.recommendation().document(draft.basis()),
    }


def receive(draft: Draft, events: tuple[Event, ...], at: str) -> list[Received]:
    """Adds the events to the draft; those that repeat a known message are only pointed to.

    `at` is where the list of events stands in the request; empty when the request is one event.
    """
    received = []
    for number, event in enumerate(events):
        pointer = f"{at}/{number}" if at else ""
        require_patient(draft, event.patient, pointer)
        if isinstance(event, EventCorrected):
            require_patient(draft, event.replacement.patient, f"{pointer}/replacement")
        if (known := _known_message(draft, event, pointer)) is not None:
            received.append(Received({"entry": known.entry_id, "kind": event.kind, "duplicate": True}, None))
            continue
        draft.require_possible(event, pointer)
        _require_known_toxicity(draft, event, pointer)
        require_consistent(draft, event, pointer)
        entry, step = draft.append(event)
        _require_one_value(draft, entry, pointer)
        if event.source is not None:
            draft.messages.append(_message(draft, event, entry))
        received.append(Received(_shown(entry, step), step))
    return received


def require_patient(draft: Draft, patient: PatientIdentifier | None, at: str) -> None:
    """Raises `Refusal` when an event names another patient than the episode's."""
    if patient is not None and draft.view.patient(patient.system, patient.value) != draft.pseudonym:
        told = [(f"{at}/patient", "This is not the patient of the episode.")]
        raise Refusal("another_patient", "The event names another patient; nothing was recorded.", told)


def _message(draft: Draft, event: Event, entry: NewEntry) -> NewMessage:
    source = event.source
    assert source is not None  # noqa: S101  (asked by the caller)
    site = draft.caller.site_id
    content = _content(draft, event)
    return NewMessage(site, source.system, source.message_id, content, draft.episode_id, entry.entry_id)


def _content(draft: Draft, event: Event) -> str:
    return digest([draft.episode_id, event.body()])


def _known_message(draft: Draft, event: Event, at: str) -> NewMessage | None:
    if event.source is None:
        return None
    key = (event.source.system, event.source.message_id)
    own = (each for each in draft.messages if (each.system, each.message_id) == key)
    known = next(own, None) or draft.view.message(*key)
    if known is None or known.content_digest == _content(draft, event):
        return known
    raise _conflict(
        draft,
        known.entry_id,
        f"{at}/source",
        "This message was recorded before with other content. To change what it said, record event_corrected "
        "for the entry it became.",
        "This message stands in the request before with other content.",
    )


def _conflict(draft: Draft, entry_id: str, pointer: str, recorded: str, sent: str) -> Refusal:
    """The refusal of what contradicts an entry: one that was `recorded`, or one `sent` in the same request."""
    if any(entry.entry_id == entry_id for entry in draft.entries):
        return Refusal("message_conflict", sent, [(pointer, sent)])
    return Refusal("message_conflict", recorded, [(pointer, recorded)], entry=entry_id)


def _require_known_toxicity(draft: Draft, event: Event, at: str) -> None:
    if not isinstance(event, ToxicityResolved):
        return
    current = any(toxicity.entry == event.entry for toxicity in draft.known.toxicities.values())
    if not current and not any(
        each.entry_id == event.entry and each.event.kind == "toxicity_recorded" for each in draft.whole_log()
    ):
        told = [(f"{at}/entry", "The episode has no side effect recorded under this id.")]
        raise Refusal("unknown_entry", "There is no such entry in this episode.", told)


def _require_one_value(draft: Draft, entry: NewEntry, at: str) -> None:
    """A component of one assessment has one value; a second one is a correction. Raises `Refusal`."""
    if entry.kind != "assessment_recorded":
        return
    for before, after in draft.passed:
        for component, earlier, later in changed_findings(before, after):
            told = {earlier.at.entry, later.at.entry}
            if entry.entry_id in told:
                (other,) = told - {entry.entry_id}
                raise _conflict(
                    draft,
                    other,
                    f"{at}/components/{component}",
                    f"This assessment has another value for {component}; correct that entry instead.",
                    f"The request has two values for {component} of one assessment.",
                )


def _shown(entry: NewEntry, step: Step) -> dict[str, Any]:
    shown = {
        "entry": entry.entry_id,
        "sequence": entry.sequence,
        "kind": entry.kind,
        "on": entry.occurred_on.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(timespec="microseconds"),
        "hash": entry.hash,
        "moved": step.moved,
        "unexpected": step.unexpected,
    }
    return shown | ({"contested": True} if step.contested else {})
