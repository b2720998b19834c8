"""The soft-tissue metastases within the metastatic component: new lesions, sum of diameters, nodes, uptake."""

from decimal import Decimal
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
    plain,
    shrank,
    told_length,
    told_uptake,
)
from pathway.clinical.measurements import CURIE_BONE_SEGMENTS, Measurements
from pathway.clinical.terms import ComponentRating

NODE_BELOW_MM: Final = Decimal(10)
NODE_BELOW_MM_OTHERWISE: Final = Decimal(15)

_SUM: Final = "the sum of diameters of the soft-tissue metastases"
_UPTAKE: Final = "the uptake of MIBG (FDG, if the disease takes up no MIBG) in soft tissue"
_INVOLVED: Final = "whether soft tissue was involved at baseline"
_NEW: Final = "whether there is any new lesion in soft tissue, whatever the new sites in bone"
_BIOPSY: Final = "a biopsy of the new lesion, which takes up no tracer"


def _involved(m: Measurements, readings: Readings | None = None) -> Truth:  # noqa: ARG001  (a row's condition)
    baseline = m.sum_of_diameters_mm.baseline if m.sum_of_diameters_mm else None
    if baseline is not None and baseline > 0:
        return True
    if m.soft_tissue_at_baseline is not None:
        return m.soft_tissue_at_baseline
    return False if m.involved_at_baseline is False or baseline is not None else (_INVOLVED,)


def _any_new(m: Measurements) -> Truth:
    if m.new_lesion_biopsy == "positive" or m.new_lesion_avid:
        return True
    return (_NEW,) if m.new_lesions is None else m.new_lesions


def _new_shown(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    shown: Truth = bool(m.new_lesion_avid)
    if m.new_lesion_biopsy is not None:
        shown = m.new_lesion_biopsy == "positive"
    elif m.new_lesion_avid is False:
        shown = (_BIOPSY,)
    return all_of(_any_new(m), shown)


def _new_said(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    return all_of(_any_new(m), m.new_lesion_avid is None and m.new_lesion_biopsy is None)


def _without_sum(m: Measurements) -> Truth:
    """What can be said of growth without a sum: none where nothing can be measured, open where it should be."""
    return False if m.non_target is not None else all_of(_involved(m), (_SUM,))


def _came_back(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    total = m.sum_of_diameters_mm
    if total is None:
        return _without_sum(m)
    seen_anew = all_of(negated(_involved(m)), total.now >= GROWTH_MM)
    return any_of(seen_anew, all_of(_involved(m), grew_anew(total, _SUM)))


def _grew(m: Measurements, readings: Readings) -> Truth:
    total = m.sum_of_diameters_mm
    return _without_sum(m) if total is None else grew(total, _SUM, readings)


def _small(m: Measurements, readings: Readings) -> Truth:
    """Whether every lesion is below 10 mm; what is not told of single lesions never makes them small."""
    total, node, other = m.sum_of_diameters_mm, m.target_node_short_axis_mm, m.largest_lesion_mm
    if other is not None and other >= COMPLETE_BELOW_MM:
        return False
    if (
        node is not None
        and node >= NODE_BELOW_MM
        and not (node < NODE_BELOW_MM_OTHERWISE and readings.turned("A1"))
    ):
        return False
    if other is None and m.non_target not in {None, "resolved"}:
        return False
    if total is None:
        return (_SUM,) if m.non_target is None else True
    if total.now < COMPLETE_BELOW_MM or (node is not None and other is not None):
        return True
    told = node if other is None else other
    return told is not None and total.now - told < COMPLETE_BELOW_MM


def _cold(m: Measurements) -> Truth:
    if m.uptake is not None:
        return m.uptake == "none"
    segments = m.mibg.segments if m.mibg and m.mibg.score == "curie" else None
    if segments is not None and len(segments) > CURIE_BONE_SEGMENTS:
        return segments[CURIE_BONE_SEGMENTS] == 0
    return (_UPTAKE,)


def _gone(m: Measurements, readings: Readings) -> Truth:
    return all_of(_involved(m), _small(m, readings), _cold(m))


def _shrank(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    if m.sum_of_diameters_mm is None:
        return _without_sum(m)
    return all_of(_involved(m), shrank(m.sum_of_diameters_mm, _SUM), m.non_target != "larger")


def _never(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    return negated(_involved(m))


def _told(m: Measurements) -> str:
    return told_length("sum of diameters", m.sum_of_diameters_mm)


def _told_lesions(m: Measurements) -> str:
    told = [f"non-target lesions {m.non_target}"] if m.non_target else []
    for name, value in (
        ("target node", m.target_node_short_axis_mm),
        ("largest other lesion", m.largest_lesion_mm),
    ):
        if value is not None:
            told.append(f"{name} {plain(value)} mm")
    return ", ".join(told)


def _told_new(m: Measurements) -> str:
    told = ["new lesion"]
    if m.new_lesion_avid is not None:
        told.append("avid" if m.new_lesion_avid else "not avid")
    if m.new_lesion_biopsy is not None:
        told.append(f"biopsy {m.new_lesion_biopsy}")
    return ", ".join(told)


SOFT_TISSUE_RULES: Final[tuple[ComponentRule, ...]] = (
    ComponentRule(
        "S1", ComponentRating.PD,
        "A new soft-tissue lesion that takes up MIBG (or FDG), or is neuroblastoma by biopsy, is progression.",
        pdq("progressive disease: new soft-tissue lesion"), _new_shown, (_told_new,),
    ),
    ComponentRule(
        "S2", ComponentRating.PD,
        "Any new lesion is progression; neither its uptake nor a biopsy was reported, so a mimic is to be excluded.",
        pdq("progressive disease: any new lesion"), _new_said, (_told_new,), (MIMIC_CHECK,),
    ),
    ComponentRule(
        "S3", ComponentRating.PD,
        "Soft-tissue disease where none was left is a new lesion: progression once a mimic is excluded.",
        design("regrowth where nothing was left"), _came_back, (_told,), (MIMIC_CHECK,),
    ),
    ComponentRule(
        "S4", ComponentRating.PD,
        "A sum of diameters more than 20 % and at least 5 mm above the smallest on study is progression.",
        pdq("progressive disease: 20 % and 5 mm"), _grew, (_told,),
    ),
    ComponentRule(
        "S5", ComponentRating.CR,
        "Every lesion below 10 mm and none with uptake is complete response of soft tissue.",
        park("Table 3, complete response"), _gone, (_told, _told_lesions, told_uptake),
    ),
    ComponentRule(
        "S6", ComponentRating.PR,
        "A sum of diameters at least 30 % below that at baseline, other lesions no larger and none new, is partial "
        "response of soft tissue, whatever its uptake.",
        pdq("partial response: sum of diameters"), _shrank, (_told, _told_lesions),
    ),
    ComponentRule(
        "S7", ComponentRating.NI,
        "Soft tissue was not involved at baseline, and is not now.",
        park("Table 3"), _never,
    ),
    ComponentRule(
        "S8", ComponentRating.SD,
        "Neither response nor progression of soft tissue: stable disease.",
        park("Table 3, stable disease"), _involved, (_told, _told_lesions),
    ),
)  # fmt: skip
"""The rows for soft tissue, read from the top."""


def soft_tissue_went(m: Measurements, rating: ComponentRating) -> tuple[bool, bool]:
    """Whether something in soft tissue improved, and whether something worsened."""
    better = shrank(m.sum_of_diameters_mm, _SUM) is True
    return better, rating is ComponentRating.PD or m.non_target == "larger"


def soft_tissue_warnings(m: Measurements, rating: ComponentRating) -> tuple[str, ...]:
    """What a person should look at beside the rating."""
    told = []
    if m.non_target == "larger" and rating is not ComponentRating.PD:
        told.append(
            "Lesions outside the targets grew; the tables know no progression by them, a person has to judge."
        )
    if m.new_lesion_biopsy == "negative":
        told.append("A new lesion without tumour in its biopsy was not counted.")
    total, told_of = m.sum_of_diameters_mm, (m.target_node_short_axis_mm, m.largest_lesion_mm)
    unsure = total is not None and total.now >= COMPLETE_BELOW_MM and None in told_of
    if unsure and rating is ComponentRating.PR and m.uptake == "none":
        told.append("Complete response was not considered: nothing says that every lesion is below 10 mm.")
    return tuple(told)
