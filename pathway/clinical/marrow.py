"""The bone marrow rated by INRC 2017: the highest infiltration of a bilateral set of samples, now and at baseline."""

from decimal import Decimal
from typing import Final

from pathway.clinical.component_rules import (
    MARROW_NOT_REPEATED,
    ComponentRule,
    Readings,
    Truth,
    all_of,
    design,
    negated,
    park,
    pdq,
    plain,
)
from pathway.clinical.measurements import Measurements
from pathway.clinical.terms import ComponentRating

MINIMAL: Final = Decimal(5)
SUBSTANTIAL: Final = Decimal(20)

_NOW: Final = "the infiltration of the marrow now"
_BASELINE: Final = "the infiltration of the marrow at baseline"
_FULL_SET: Final = "two aspirates and two trephines, of both sides, at one time point"

_SET: Final = frozenset((kind, side) for kind in ("aspirate", "trephine") for side in ("left", "right"))


def _before(m: Measurements) -> Decimal | None:
    if m.infiltration_percent is not None and m.infiltration_percent.baseline is not None:
        return m.infiltration_percent.baseline
    return Decimal(0) if m.involved_at_baseline is False else None


def _was_involved(m: Measurements) -> Truth:
    before = _before(m)
    if before is not None:
        return before > 0
    return m.involved_at_baseline or (_BASELINE,)


def _complete(m: Measurements) -> bool:
    """Whether the set is bilateral and full; a percentage alone is taken as the highest of a full set."""
    if m.marrow_samples is not None:
        return {(sample.kind, sample.side) for sample in m.marrow_samples} >= _SET
    return m.bilateral is not False


def _at_most(m: Measurements, limit: Decimal) -> Truth:
    now = m.infiltration
    return (_NOW,) if now is None else now <= limit


def _never(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    if m.infiltration is None or not _complete(m):
        return False
    return all_of(negated(_was_involved(m)), _at_most(m, Decimal(0)))


def _not_repeated(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    return all_of(
        negated(_was_involved(m)), m.infiltration is None or (m.infiltration == 0 and not _complete(m))
    )


def _cleared(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    full: Truth = _complete(m) or (_FULL_SET,)
    return all_of(_was_involved(m), _at_most(m, Decimal(0)), full)


def _new(m: Measurements, readings: Readings) -> Truth:
    now = m.infiltration
    if now is None:
        return (_NOW,)
    enough = now > MINIMAL or (now == MINIMAL and readings.turned("A6"))
    return all_of(negated(_was_involved(m)), enough)


def _doubled(m: Measurements, readings: Readings) -> Truth:
    now, before = m.infiltration, _before(m)
    if now is None:
        return (_NOW,)
    much = now > SUBSTANTIAL or (now == SUBSTANTIAL and readings.turned("A7"))
    twice: Truth = (_BASELINE,) if before is None else now > 2 * before
    return all_of(_was_involved(m), much, twice)


def _minimal(m: Measurements, readings: Readings) -> Truth:
    now, before = m.infiltration, _before(m)
    if now is None or not 0 < now <= MINIMAL:
        return (_NOW,) if now is None else False
    between = before is not None and MINIMAL < before <= SUBSTANTIAL
    return not (between and readings.turned("A3"))


def _left(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    now = m.infiltration
    return (_NOW,) if now is None else now > 0


def _told(m: Measurements) -> str:
    now, before = m.infiltration, _before(m)
    told = [
        f"{plain(value)} % {when}"
        for value, when in ((now, "now"), (before, "at baseline"))
        if value is not None
    ]
    return ", ".join(told)


def _told_samples(m: Measurements) -> str:
    return ", ".join(f"{each.side} {each.kind} {plain(each.percent)} %" for each in m.marrow_samples or ())


MARROW_RULES: Final[tuple[ComponentRule, ...]] = (
    ComponentRule(
        "B1", ComponentRating.NI,
        "Free at baseline and free now: not involved.",
        park("Table 4, not involved"), _never, (_told, _told_samples),
    ),
    ComponentRule(
        "B2", ComponentRating.NI,
        "Free at baseline and not fully sampled again: not involved, but not repeated.",
        design("marrow not repeated"), _not_repeated, (_told, _told_samples), (MARROW_NOT_REPEATED,),
    ),
    ComponentRule(
        "B3", ComponentRating.CR,
        "No tumour in a full bilateral set, taken at one time point, is complete response.",
        pdq("complete response: marrow"), _cleared, (_told, _told_samples),
    ),
    ComponentRule(
        "B4", ComponentRating.PD,
        "More than 5 % where the marrow had been free is progression.",
        pdq("progressive disease: marrow newly positive"), _new, (_told, _told_samples),
    ),
    ComponentRule(
        "B5", ComponentRating.PD,
        "More than twice the infiltration at baseline, and more than 20 %, is progression.",
        pdq("progressive disease: marrow doubled and above 20 %"), _doubled, (_told, _told_samples),
    ),
    ComponentRule(
        "B6", ComponentRating.MD,
        "Infiltration of up to 5 % is minimal disease.",
        pdq("minimal disease of the marrow"), _minimal, (_told, _told_samples),
    ),
    ComponentRule(
        "B7", ComponentRating.SD,
        "Infiltration that is left and no progression: stable disease.",
        park("Table 4, stable disease"), _left, (_told, _told_samples),
    ),
)  # fmt: skip
"""The rows for the bone marrow, read from the top; their conditions exclude each other."""


def marrow_warnings(m: Measurements, rating: ComponentRating) -> tuple[str, ...]:
    """What a person should look at beside the rating."""
    told = []
    now, before = m.infiltration, _before(m)
    if (
        now is not None
        and before
        and rating is not ComponentRating.PD
        and now >= 2 * before
        and now > MINIMAL
    ):
        told.append(
            "The infiltration doubled or more; by the letter that is progression only when it is more than twice "
            "the baseline and above 20 %."
        )
    reported = m.infiltration_percent.now if m.infiltration_percent else None
    if reported is not None and m.marrow_samples and reported != max(s.percent for s in m.marrow_samples):
        told.append("The infiltration given is not the highest of the samples; the highest of all was rated.")
    assumed = m.marrow_samples is None and m.bilateral is None and now == 0
    if assumed and rating in {ComponentRating.CR, ComponentRating.NI}:
        told.append(
            "The percentage was taken as the highest of a full bilateral set; the report does not say."
        )
    if not _complete(m) and now:
        told.append("The set of samples is not full; a higher infiltration may have been missed.")
    return tuple(told)
