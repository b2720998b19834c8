"""What an event cannot tell beside what is recorded: coming down to a higher grade, cells infused twice in a day."""

from __future__ import annotations

from collections.abc import Iterator

from pathway.clinical.side_effects import side_effect_key
from pathway.clinical.terms import CarTStep, Precision
from pathway.episodes.events import (
    CarTStepRecorded,
    Event,
    EventCorrected,
    ToxicityRecorded,
    ToxicityResolved,
)
from pathway.episodes.log import Effective, effective_history
from pathway.use_cases.draft import Draft
from pathway.use_cases.refusals import Refusal

GRADED_STEPS = (CarTStep.CRS, CarTStep.ICANS)
NO_GRADE = "Only CRS and ICANS have a grade."
HIGHER = "A side effect comes down to a grade that is no higher than it was; if it is worse, record it again."
BEFORE_IT_BEGAN = "The side effect was recorded for a later day than this: it cannot have come down before."
INFUSED_TWICE = "An infusion of cells is recorded for this day already."


def require_consistent(draft: Draft, event: Event, at: str) -> None:
    """Raises `Refusal` for what cannot be so beside the other entries in force; `at` points to the event."""
    corrects = isinstance(event, EventCorrected)
    told: Event = event.replacement if isinstance(event, EventCorrected) else event
    pointer = f"{at}/replacement" if corrects else at
    if isinstance(told, CarTStepRecorded):
        if told.grade is not None and told.step not in GRADED_STEPS:
            raise Refusal(
                "invalid_body", f"{NO_GRADE} Nothing was recorded.", [(f"{pointer}/grade", NO_GRADE)]
            )
        if told.step is CarTStep.INFUSED and not corrects:
            _require_first_of_the_day(draft, told, pointer)
    elif isinstance(told, ToxicityResolved):
        _require_coming_down(draft, told, pointer)


def _require_first_of_the_day(draft: Draft, told: CarTStepRecorded, at: str) -> None:
    if "infused" not in draft.known.car_t or told.occurred_precision is not Precision.DAY:
        return
    on = told.day(draft.zone)
    for each in _in_force(draft):
        same = isinstance(each.event, CarTStepRecorded) and each.event.step is CarTStep.INFUSED
        if same and each.on == on and each.precision is Precision.DAY:
            sentence = f"{INFUSED_TWICE} Nothing was recorded."
            raise Refusal("message_conflict", sentence, [(f"{at}/step", INFUSED_TWICE)], entry=each.entry_id)


def _require_coming_down(draft: Draft, told: ToxicityResolved, at: str) -> None:
    on, history = told.day(draft.zone), _in_force(draft)
    named = next((each for each in history if each.entry_id == told.entry), None)
    if named is None or not isinstance(named.event, ToxicityRecorded):
        return
    exact = told.occurred_precision is named.precision is Precision.DAY
    if exact and on < named.on:
        raise Refusal(
            "impossible_date",
            f"{BEFORE_IT_BEGAN} Nothing was recorded.",
            [(f"{at}/occurred_on", BEFORE_IT_BEGAN)],
        )
    if all(isinstance(each.grade, int) and each.grade < told.to_grade for each in _reports(history, named)):
        sentence = f"{HIGHER} Nothing was recorded."
        raise Refusal("message_conflict", sentence, [(f"{at}/to_grade", HIGHER)], entry=named.entry_id)


def _reports(history: tuple[Effective, ...], named: Effective) -> Iterator[ToxicityRecorded]:
    """Every report of the side effect that `named` tells of: it may have been worse before or after."""
    assert isinstance(named.event, ToxicityRecorded)  # noqa: S101  (asked by the caller)
    key = side_effect_key(named.event.term, named.event.scale)
    for each in history:
        if (
            isinstance(each.event, ToxicityRecorded)
            and side_effect_key(each.event.term, each.event.scale) == key
        ):
            yield each.event


def _in_force(draft: Draft) -> tuple[Effective, ...]:
    return effective_history(draft.whole_log(), draft.zone)
