"""Which entries may be corrected or taken back, and which entry is the last."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pathway.clinical.terms import Precision
from pathway.episodes.events import Event, read_logged
from pathway.episodes.log import appends_in_order, effective_history, fault_of_reference
from pathway.proof.canonical import canonical
from tests.story import Story, day, first_line

UTC = ZoneInfo("UTC")


def event(kind: str, on: int = 365, **fields: Any) -> Event:
    return read_logged(canonical({"kind": kind, "occurred_on": day(on).isoformat(), **fields}))


def correction(entry: str, kind: str = "gd2_measured", **fields: Any) -> Event:
    replacement = {"kind": kind, "occurred_on": day(1).isoformat(), **(fields or {"status": "negative"})}
    return event("event_corrected", entry=entry, replacement=replacement)


def retraction(entry: str) -> Event:
    return event("event_retracted", entry=entry, reason="recorded for another child")


def test_a_fact_may_be_corrected_by_one_of_its_kind_and_may_be_retracted() -> None:
    story = Story.opened()
    entry = story.told("gd2_measured", 1, status="positive")
    assert fault_of_reference(correction(entry), story.entries) is None
    assert fault_of_reference(retraction(entry), story.entries) is None


def test_other_events_refer_to_nothing() -> None:
    assert fault_of_reference(event("gd2_measured", status="positive"), []) is None


def test_what_is_not_in_the_log_cannot_be_corrected() -> None:
    assert fault_of_reference(correction("0" * 36), Story.opened().entries) == (
        "This episode has no entry with this id."
    )


def test_a_correction_is_of_the_same_kind() -> None:
    story = Story.opened()
    entry = story.told("gd2_measured", 1, status="positive")
    fault = fault_of_reference(correction(entry, "note_added", text="No."), story.entries)
    assert fault == "The replacement must be of the same kind, gd2_measured; retract it and record anew."


def test_a_correction_may_be_corrected_and_then_means_the_same_entry() -> None:
    story = Story.opened()
    entry = story.told("gd2_measured", 1, status="positive")
    again = story.corrected(entry, "gd2_measured", 1, status="partial")
    assert fault_of_reference(correction(again), story.entries) is None
    assert fault_of_reference(correction(again, "note_added", text="No."), story.entries) is not None


@pytest.mark.parametrize("by_its_correction", [False, True])
def test_what_was_retracted_is_recorded_anew(by_its_correction: bool) -> None:
    story = Story.opened()
    entry = story.told("gd2_measured", 1, status="positive")
    other = story.told("gd2_measured", 2, status="positive")
    corrected = story.corrected(entry, "gd2_measured", 1, status="partial")
    story.retracted(corrected if by_its_correction else entry)
    for named in (entry, corrected):
        assert fault_of_reference(retraction(named), story.entries) == (
            "This entry has been retracted already; record it anew."
        )
    assert fault_of_reference(retraction(other), story.entries) is None


@pytest.mark.shows("R-015")
def test_decisions_are_retracted_and_never_corrected() -> None:
    story = first_line()
    decision = story.entries[-1].entry_id
    assert fault_of_reference(retraction(decision), story.entries) is None
    assert fault_of_reference(correction(decision), story.entries) == (
        "Only facts can be corrected; a decision can be retracted and made anew."
    )


def test_the_opening_is_neither_corrected_nor_retracted() -> None:
    story = Story.opened()
    opening = story.entries[0].entry_id
    assert fault_of_reference(retraction(opening), story.entries) == (
        "The opening cannot be retracted; close the episode as opened in error."
    )
    assert fault_of_reference(correction(opening), story.entries) is not None


@pytest.mark.shows("R-040")
def test_a_retraction_is_not_itself_retracted() -> None:
    story = Story.opened()
    taken_back = story.retracted(story.told("gd2_measured", 1, status="positive"))
    assert fault_of_reference(retraction(taken_back), story.entries) == (
        "A retraction cannot be retracted; record the entry anew."
    )


def test_an_event_appends_in_order_when_nothing_later_has_happened() -> None:
    assert appends_in_order(event("note_added", text="."), day(5), day(5))
    assert not appends_in_order(event("note_added", text="."), day(4), day(5))
    assert not appends_in_order(retraction("0" * 36), day(9), day(5))
    assert not appends_in_order(correction("0" * 36), day(9), day(5))


def test_an_entry_in_force_keeps_how_exactly_its_date_is_known() -> None:
    story = Story.opened()
    story.told("gd2_measured", 1, status="positive", occurred_precision="month")
    assert effective_history(story.entries, UTC)[-1].precision is Precision.MONTH
