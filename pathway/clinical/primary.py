"""The primary tumour rated by INRC 2017: its longest diameter, and its uptake of MIBG (or FDG)."""

from typing import Final

from pathway.clinical.component_rules import (
    COMPLETE_BELOW_MM,
    GROWTH_MM,
    MIMIC_CHECK,
    ComponentRule,
    Readings,
    Truth,
    all_of,
    any_of,
    design,
    grew,
    grew_anew,
    negated,
    park,
    pdq,
    shrank,
    told_length,
    told_uptake,
)
from pathway.clinical.measurements import Measurements
from pathway.clinical.terms import ComponentRating

_LENGTH: Final = "the longest diameter of the primary tumour"
_UPTAKE: Final = "the uptake of MIBG (FDG, if the disease takes up no MIBG) at the primary site"


def _involved(m: Measurements, readings: Readings | None = None) -> Truth:  # noqa: ARG001  (a row's condition)
    baseline = m.longest_diameter_mm.baseline if m.longest_diameter_mm else None
    if baseline is not None and baseline > 0:
        return True
    if m.involved_at_baseline is not None:
        return m.involved_at_baseline
    return False if baseline is not None else ("whether there was a primary tumour at baseline",)


def _new(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    return bool(m.new_lesions)


def _came_back(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    came_back = all_of(negated(_involved(m)), _seen(m))
    regrew = all_of(_involved(m), grew_anew(m.longest_diameter_mm, _LENGTH))
    return any_of(came_back, regrew)


def _seen(m: Measurements) -> Truth:
    """Whether anything is at a site that was free; a plain no to new lesions answers what was not examined."""
    unseen: bool = m.new_lesions is False
    length: Truth = (_LENGTH,) if m.longest_diameter_mm is None else m.longest_diameter_mm.now >= GROWTH_MM
    uptake: Truth = (_UPTAKE,) if m.uptake is None else m.uptake != "none"
    return any_of(*(False if unseen and isinstance(each, tuple) else each for each in (length, uptake)))


def _grew(m: Measurements, readings: Readings) -> Truth:
    length = m.longest_diameter_mm
    return all_of(_involved(m), (_LENGTH,)) if length is None else grew(length, _LENGTH, readings)


def _gone(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    length = m.longest_diameter_mm
    small: Truth = (_LENGTH,) if length is None else length.now < COMPLETE_BELOW_MM
    cold: Truth = (_UPTAKE,) if m.uptake is None else m.uptake == "none"
    return all_of(_involved(m), small, cold)


def _shrank(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    no_more: Truth = (_UPTAKE,) if m.uptake is None else m.uptake != "increased"
    return all_of(_involved(m), shrank(m.longest_diameter_mm, _LENGTH), no_more)


def _never(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    return negated(_involved(m))


def _told(m: Measurements) -> str:
    return told_length("longest diameter", m.longest_diameter_mm)


PRIMARY_RULES: Final[tuple[ComponentRule, ...]] = (
    ComponentRule(
        "P1", ComponentRating.PD,
        "Any new lesion is progression, once a mimic is excluded.",
        pdq("progressive disease: any new lesion"), _new, (_told, told_uptake), (MIMIC_CHECK,),
    ),
    ComponentRule(
        "P2", ComponentRating.PD,
        "Growth or uptake where no primary tumour was left is a new lesion: progression once a mimic is excluded.",
        design("regrowth where nothing was left"), _came_back, (_told, told_uptake), (MIMIC_CHECK,),
    ),
    ComponentRule(
        "P3", ComponentRating.PD,
        "More than 20 % and at least 5 mm longer than the smallest on study is progression.",
        pdq("progressive disease: 20 % and 5 mm"), _grew, (_told,),
    ),
    ComponentRule(
        "P4", ComponentRating.CR,
        "Less than 10 mm left without uptake is complete response.",
        pdq("complete response: primary"), _gone, (_told, told_uptake),
    ),
    ComponentRule(
        "P5", ComponentRating.PR,
        "At least 30 % shorter than at baseline, with uptake no greater, is partial response.",
        park("Table 2, partial response"), _shrank, (_told, told_uptake),
    ),
    ComponentRule(
        "P6", ComponentRating.NI,
        "No primary tumour at baseline and none now: not involved.",
        park("Table 2, not involved"), _never,
    ),
    ComponentRule(
        "P7", ComponentRating.SD,
        "Neither response nor progression: stable disease.",
        park("Table 2, stable disease"), _involved, (_told, told_uptake),
    ),
)  # fmt: skip
"""The rows for the primary tumour, read from the top."""


def primary_warnings(m: Measurements, rating: ComponentRating) -> tuple[str, ...]:
    """What a person should look at beside the rating."""
    told = []
    length = m.longest_diameter_mm
    if length is not None and rating is ComponentRating.PD and length.now < COMPLETE_BELOW_MM:
        told.append(
            "What grew is still below 10 mm, less than can be measured reliably: repeat the measurement."
        )
    if rating is not ComponentRating.PD and m.uptake == "increased":
        told.append(
            "The uptake rose while the mass did not grow: fluctuating uptake alone is no progression."
        )
    if rating is ComponentRating.NI and length is not None and length.now > 0:
        told.append("Less than 5 mm is seen where no primary tumour was left; it was not taken for a tumour.")
    return tuple(told)
