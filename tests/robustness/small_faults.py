"""Twenty small faults, each in one function of the service, which the random walks have to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pathway.engine import fold
from pathway.episodes import log, toxicities
from pathway.episodes.episode import Episode
from pathway.episodes.events import Event, EventCorrected, EventRetracted
from pathway.episodes.facts import Stop
from pathway.episodes.log import Effective, Entry
from pathway.store import batch
from pathway.store.readers import Readers
from pathway.store.values import Settled
from pathway.store.writer import Writer
from pathway.use_cases import countersign, decide, draft, next_step, read_episode, record_events
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller

Plant = Callable[[pytest.MonkeyPatch], None]


def keys_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    submit = Writer.submit
    patch.setattr(Writer, "submit", lambda self, command: submit(self, replace(command, key=None)))


def the_same_key_answers_another_body(patch: pytest.MonkeyPatch) -> None:
    def again(given: Any, _: str) -> Settled:
        return Settled(given.outcome, given.document.encode(), given.location, replayed=True)

    patch.setattr(batch, "_again", again)


def all_clients_share_their_keys(patch: pytest.MonkeyPatch) -> None:
    submit = Writer.submit
    patch.setattr(Writer, "submit", lambda self, command: submit(self, replace(command, client_id="any")))


def a_stale_decision_is_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_fresh", lambda draft, asked, on: draft.recommendation(on))


def a_message_is_not_known_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record_events, "_known_message", lambda *_: None)


def a_message_with_other_content_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record_events, "_content", lambda draft, event: draft.episode_id)


def one_clinician_signs_twice(patch: pytest.MonkeyPatch) -> None:
    proposed = countersign._proposed

    def whoever_it_is(draft: Draft, entry_id: str, asked: countersign.Request) -> Any:
        draft.caller = replace(draft.caller, subject=f"{draft.caller.subject} again")
        return proposed(draft, entry_id, asked)

    patch.setattr(countersign, "_proposed", whoever_it_is)


def facts_since_the_first_signature_do_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(countersign, "_why_stale", lambda *_: None)


def an_override_takes_effect_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "stops_in_the_way", lambda *_: ())


def retractions_are_ignored(patch: pytest.MonkeyPatch) -> None:
    history = log.effective_history

    def without(entries: Any, *more: Any) -> tuple[Effective, ...]:
        return history([each for each in entries if not isinstance(each.event, EventRetracted)], *more)

    patch.setattr(draft, "effective_history", without)


def late_facts_are_read_as_they_came(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Effective, "order", property(lambda self: self.sequence))


def late_facts_are_only_appended(patch: pytest.MonkeyPatch) -> None:
    def always(event: Event, on: date, last_on: date) -> bool:
        del on, last_on
        return not isinstance(event, EventCorrected | EventRetracted)

    patch.setattr(draft, "appends_in_order", always)


def a_correction_takes_the_last_place(patch: pytest.MonkeyPatch) -> None:
    def placed(_: int, root: str, entry: Entry, event: Event, zone: Any) -> Effective:
        return Effective(root, entry.sequence, event.day(zone), entry.actor, event)

    patch.setattr(log, "_placed", placed)


def what_was_retracted_may_be_corrected(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(log, "_is_retracted", lambda *_: False)


def a_stop_for_good_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def forget(episode: Episode, stop: Stop) -> Episode:
        del stop
        return episode

    patch.setattr(toxicities, "with_stop", forget)


def a_cycle_may_begin_without_its_criteria(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fold, "_passes_gate", lambda *_: True)


def a_cycle_told_again_counts_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fold, "_repeats_cycle", lambda *_: False)


def what_was_known_then_is_what_is_known_now(patch: pytest.MonkeyPatch) -> None:
    for module in (next_step, read_episode):
        standing_of = module.standing_of
        patch.setattr(
            module,
            "standing_of",
            lambda own, summary, _, as_of, of=standing_of: of(own, summary, None, as_of),
        )


def nobody_is_asked_for_a_permission(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Caller, "require", lambda *_: None)


def an_erased_patient_is_found_again(patch: pytest.MonkeyPatch) -> None:
    find = Readers.find_patient
    known: dict[tuple[str, str, str], str] = {}

    def remember(self: Readers, site_id: str, system: str, value: str) -> str | None:
        found = find(self, site_id, system, value)
        return (
            known.setdefault((site_id, system, value), found)
            if found
            else known.get((site_id, system, value))
        )

    patch.setattr(Readers, "find_patient", remember)


FAULTS: Mapping[str, Plant] = {
    plant.__name__.replace("_", " "): plant
    for plant in (
        keys_are_forgotten,
        the_same_key_answers_another_body,
        all_clients_share_their_keys,
        a_stale_decision_is_taken,
        a_message_is_not_known_again,
        a_message_with_other_content_is_passed_over,
        one_clinician_signs_twice,
        facts_since_the_first_signature_do_not_matter,
        an_override_takes_effect_at_once,
        retractions_are_ignored,
        late_facts_are_read_as_they_came,
        late_facts_are_only_appended,
        a_correction_takes_the_last_place,
        what_was_retracted_may_be_corrected,
        a_stop_for_good_is_forgotten,
        a_cycle_may_begin_without_its_criteria,
        a_cycle_told_again_counts_again,
        what_was_known_then_is_what_is_known_now,
        nobody_is_asked_for_a_permission,
        an_erased_patient_is_found_again,
    )
}
