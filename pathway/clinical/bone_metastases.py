"""The bone metastases within the metastatic component: new sites, and the relative score of MIBG (or FDG lesions).

One scoring system is read at all times, over the bone segments. FDG stands in only where the disease is said to
take up no MIBG.
"""

from decimal import Decimal
from typing import Final

from pathway.clinical.component_rules import (
    MIMIC_CHECK,
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
from pathway.clinical.measurements import HIGHEST_BONE_SCORE, Measurements, MibgScore, smallest
from pathway.clinical.terms import ComponentRating

_NEW_SITES: Final = "whether there are new avid bone sites"
_CORRELATE: Final = "a correlate on CT or MRI, or histology, of the new FDG-avid bone lesion"
_HUNDREDTH: Final = Decimal("0.01")


def _score(m: Measurements) -> MibgScore | None:
    return None if m.mibg_nonavid else m.mibg


def _possible(m: Measurements, value: Decimal | None) -> Decimal | None:
    score = _score(m)
    highest = HIGHEST_BONE_SCORE[score.score] if score else None
    return value if value is None or highest is None or value <= highest else None


def bone_now(m: Measurements) -> Decimal | None:
    """The bone score, or the number of FDG-avid bone lesions, of this assessment."""
    if m.mibg_nonavid:
        return Decimal(m.fdg.bone_lesions) if m.fdg else None
    return _possible(m, m.mibg.now) if m.mibg else None


def bone_before(m: Measurements) -> Decimal | None:
    """The same at baseline, by the same method."""
    if m.mibg_nonavid:
        return Decimal(m.fdg.baseline) if m.fdg and m.fdg.baseline is not None else None
    return _possible(m, m.mibg.before) if m.mibg else None


def _ask(m: Measurements) -> str:
    if m.mibg_nonavid:
        return "the number of FDG-avid bone lesions"
    if m.mibg is not None:
        return "a bone score by MIBG that can be (Curie up to 27 over its bone segments, SIOPEN up to 72)"
    return "the bone score by MIBG, or FDG-PET with the statement that the disease takes up no MIBG"


def _ask_before(m: Measurements) -> str:
    if not m.mibg_nonavid and m.mibg is not None and m.mibg.baseline_score not in {None, m.mibg.score}:
        return "the bone score at baseline by the same system as now"
    return "the bone score by MIBG at baseline" if not m.mibg_nonavid else f"{_ask(m)} at baseline"


def _involved(m: Measurements, readings: Readings | None = None) -> Truth:  # noqa: ARG001  (a row's condition)
    before = bone_before(m)
    if before is not None:
        return before > 0
    if m.bone_at_baseline is not None:
        return m.bone_at_baseline
    return False if m.involved_at_baseline is False else (_ask_before(m),)


def _new_sites(m: Measurements, readings: Readings) -> int | tuple[str, ...]:
    """How many new sites MIBG shows; a plain no to new lesions answers what the scan does not say."""
    score = _score(m)
    if m.mibg_nonavid:
        return 0
    if score is None:
        return 0 if m.new_lesions is False and _involved(m) is False else (_NEW_SITES,)
    seen = max(score.new_sites or 0, score.newly_avid_segments)
    if bone_before(m) == 0 and score.now > 0:
        seen = max(seen, 1)
    if seen and score.reappeared_sites and readings.turned("A4"):
        seen -= min(seen, score.reappeared_sites)
    told = score.new_sites is not None or m.new_lesions is False
    return seen if seen or told else (_NEW_SITES,)


def _several_new(m: Measurements, readings: Readings) -> Truth:
    sites = _new_sites(m, readings)
    if isinstance(sites, tuple):
        return sites
    return sites > 1 or (sites == 1 and m.new_lesion_biopsy == "positive")


def _one_new(m: Measurements, readings: Readings) -> Truth:
    sites = _new_sites(m, readings)
    return sites if isinstance(sites, tuple) else sites == 1


def _new_by_fdg(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    if not m.mibg_nonavid:
        return False
    fdg = m.fdg
    if fdg is None:
        return False if m.new_lesions is False and _involved(m) is False else (_NEW_SITES,)
    more = fdg.baseline is not None and fdg.bone_lesions > fdg.baseline
    if fdg.new_bone_lesions or more:
        return True if fdg.new_confirmed or m.new_lesion_biopsy == "positive" else (_CORRELATE,)
    told = fdg.new_bone_lesions is not None or m.new_lesions is False
    return False if told else (_NEW_SITES,)


def _came_back(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    score = _score(m)
    return score is not None and score.nadir == 0 and score.now > 0


def _rose(m: Measurements, readings: Readings) -> Truth:
    if m.mibg_nonavid:
        return False
    now, before = bone_now(m), bone_before(m)
    if now is None or before is None:
        return all_of(_involved(m), (_ask(m) if now is None else _ask_before(m),))
    nadir = m.mibg.nadir if m.mibg else None
    if _by_a_fifth(now, before):
        return True
    return nadir is not None and before > 0 and _by_a_fifth(now, nadir) and readings.turned("A5")


def _by_a_fifth(now: Decimal, reference: Decimal) -> bool:
    return reference > 0 and now * 10 >= reference * 12


def _gone(m: Measurements, readings: Readings) -> Truth:
    now, before = bone_now(m), bone_before(m)
    if now is None:
        return all_of(_involved(m), (_ask(m),))
    trace = before is not None and 0 < now * 10 < before and not m.mibg_nonavid
    return all_of(_involved(m), now == 0 or (trace and readings.turned("A2")))


def _half(m: Measurements) -> bool:
    now, before = bone_now(m), bone_before(m)
    return now is not None and before is not None and 0 < before >= now * 2


def _halved(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    now, before = bone_now(m), bone_before(m)
    if now is None or before is None:
        return all_of(_involved(m), (_ask(m) if now is None else _ask_before(m),))
    return _half(m)


def _never(m: Measurements, readings: Readings) -> Truth:  # noqa: ARG001
    return negated(_involved(m))


def _told(m: Measurements) -> str:
    now, before = bone_now(m), bone_before(m)
    if now is None:
        return ""
    method = "FDG-avid bone lesions" if m.mibg_nonavid or m.mibg is None else f"{m.mibg.score} bone score"
    compared = ""
    if before:
        compared = f" ({plain(before)} at baseline, relative {plain((now / before).quantize(_HUNDREDTH))})"
    return f"{method} {plain(now)}{compared}"


def _told_sites(m: Measurements) -> str:
    sites = _new_sites(m, Readings())
    return (
        f"{sites} new avid bone site{'s' if sites != 1 else ''}" if isinstance(sites, int) and sites else ""
    )


def _told_nadir(m: Measurements) -> str:
    lowest = m.mibg.nadir if m.mibg else None
    return "" if lowest is None else f"lowest {plain(lowest)}"


BONE_RULES: Final[tuple[ComponentRule, ...]] = (
    ComponentRule(
        "K1", ComponentRating.PD,
        "New MIBG-avid bone sites are progression.",
        pdq("progressive disease: new avid bone site"), _several_new, (_told_sites, _told),
    ),
    ComponentRule(
        "K2", ComponentRating.PD,
        "A new MIBG-avid bone site is progression; a single one is to be confirmed (FDG-PET, MRI, biopsy or "
        "repetition).",
        pdq("progressive disease: new avid bone site"), _one_new, (_told_sites, _told), (MIMIC_CHECK,),
    ),
    ComponentRule(
        "K3", ComponentRating.PD,
        "In disease that takes up no MIBG, a new FDG-avid bone lesion with a correlate on CT or MRI, or with "
        "histology, is progression.",
        park("Table 3, progressive disease"), _new_by_fdg, (_told,),
    ),
    ComponentRule(
        "K4", ComponentRating.PD,
        "Uptake in bone that had been free of it is a new lesion: progression once a mimic is excluded.",
        design("regrowth where nothing was left"), _came_back, (_told, _told_nadir), (MIMIC_CHECK,),
    ),
    ComponentRule(
        "K5", ComponentRating.PD,
        "A relative bone score of 1.2 or more is progression.",
        pdq("progressive disease: relative MIBG score"), _rose, (_told, _told_nadir),
    ),
    ComponentRule(
        "K6", ComponentRating.CR,
        "No uptake left in bone is complete response of the bone.",
        pdq("complete response: no uptake"), _gone, (_told,),
    ),
    ComponentRule(
        "K7", ComponentRating.PR,
        "A bone score (or number of FDG-avid bone lesions) at most half of that at baseline is partial response "
        "of the bone.",
        pdq("partial response: bone score halved"), _halved, (_told,),
    ),
    ComponentRule(
        "K8", ComponentRating.NI,
        "Bone was not involved at baseline, and is not now.",
        park("Table 3"), _never, (_told,),
    ),
    ComponentRule(
        "K9", ComponentRating.SD,
        "Neither response nor progression of the bone: stable disease.",
        park("Table 3, stable disease"), _involved, (_told,),
    ),
)  # fmt: skip
"""The rows for bone, read from the top."""


def bone_went(m: Measurements, rating: ComponentRating) -> tuple[bool, bool]:
    """Whether something in bone improved, and whether something worsened."""
    changes = m.mibg.segment_changes if m.mibg else ()
    better = _half(m) or any(each < 0 for each in changes)
    return better, rating is ComponentRating.PD or any(each > 0 for each in changes)


def bone_warnings(m: Measurements, rating: ComponentRating) -> tuple[str, ...]:
    """What a person should look at beside the rating."""
    told = []
    score = _score(m)
    now = bone_now(m)
    lowest = smallest(score.nadir) if score else None
    if rating is not ComponentRating.PD and now is not None and lowest and now >= 2 * lowest:
        told.append(
            "The bone score is at least twice its lowest on study; by the letter progression is measured against "
            "the baseline alone."
        )
    if score is not None and score.score == "curie" and score.segments is None:
        told.append("The Curie score was taken as that of the nine bone segments, soft tissue left out.")
    if m.fdg is not None and not m.mibg_nonavid:
        told.append("FDG-PET was not rated: it stands in for MIBG only where the disease takes up no MIBG.")
    if m.mibg is not None and m.mibg_nonavid:
        told.append(
            "The MIBG score was not rated: the disease is said to take up no MIBG, so FDG-PET is read."
        )
    return tuple(told)
