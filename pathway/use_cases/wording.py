"""The words for the fields of what was recorded: what each is called, its unit, and the order they are told in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from pathway.engine.findings import in_words


@dataclass(frozen=True, slots=True)
class Wording:
    """How the value of one field is told."""

    label: str
    """Before the value; empty where the value speaks for itself."""
    unit: str = ""
    """After a number."""
    yes: str = ""
    """Instead of label and "yes"."""
    no: str = ""
    """Instead of label and "no"."""
    is_day: bool = False
    """True for a date, which is told as people write it."""


_ULN: Final = "× upper limit of normal"

FIELDS: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        # What is told first, of whatever kind.
        "marker": Wording(""),
        "term": Wording(""),
        "status": Wording(""),
        "step": Wording(""),
        "scope": Wording("to"),
        "given": Wording("", yes="given", no="refused or withdrawn"),
        "confirmed": Wording("", yes="confirmed", no="not confirmed"),
        "setting": Wording("as"),
        "pattern": Wording("disease:"),
        "intent": Wording("for"),
        "modality": Wording(""),
        "finding": Wording(""),
        "findings": Wording("found:"),
        "text": Wording(""),
        "value": Wording(""),
        "unit": Wording(""),
        "limit": Wording("upper limit of normal"),
        # Treatment.
        "line": Wording("line"),
        "cycle": Wording("cycle"),
        "regimen": Wording("regimen:"),
        "agents": Wording("agents:"),
        "agent": Wording("of"),
        "delivered": Wording("given:"),
        "best_response": Wording("best response"),
        "progressed_during": Wording("", yes="progressed during it", no="no progression during it"),
        "months_to_progression": Wording("progression after", "months"),
        "high_dose_therapy": Wording("", yes="with high-dose therapy", no="without high-dose therapy"),
        "cycles": Wording("cycles so far:"),
        "cycles_since_assessment": Wording("since the last assessment:", "cycles"),
        "maintenance_courses": Wording("courses of maintenance so far:"),
        "last_cycle_on": Wording("last cycle begun on", is_day=True),
        "site": Wording("site:"),
        "sites": Wording("sites:"),
        "extent": Wording("extent:"),
        "dose_gy": Wording("dose", "Gy"),
        "planned_for": Wording("planned for", is_day=True),
        "hold_until": Wording("until", is_day=True),
        "after_cycle": Wording("after cycle"),
        "local_control_feasible": Wording(
            "", yes="can be operated on or irradiated", no="cannot be operated on or irradiated"
        ),
        # Side effects and CAR-T cells.
        "grade": Wording("grade"),
        "to_grade": Wording("down to grade"),
        "scale": Wording("by"),
        "no_such_grade": Wording("told as grade"),
        "ongoing": Wording("", yes="ongoing", no="over"),
        "condition_met": Wording(
            "",
            yes="with what its rule asks for beside the grade",
            no="without what its rule asks for beside the grade",
        ),
        "product": Wording("product or trial:"),
        "safety_switch": Wording("", yes="with a safety switch", no="without a safety switch"),
        # Measurements, each with its unit.
        "age_months": Wording("age", "months"),
        "risk_group": Wording("risk group"),
        "lansky": Wording("Lansky score"),
        "karnofsky": Wording("Karnofsky score"),
        "tolerance": Wording("tolerance:"),
        "uncontrolled_infection": Wording("", yes="infection not controlled", no="no uncontrolled infection"),
        "temperature_c": Wording("temperature", "°C"),
        "pain_grade": Wording("pain, grade"),
        "diarrhoea_grade": Wording("diarrhoea, grade"),
        "anc_per_ul": Wording("neutrophils", "per µl"),
        "platelets_per_ul": Wording("platelets", "per µl"),
        "hb_g_dl": Wording("haemoglobin", "g/dl"),
        "alt_x_uln": Wording("ALT", _ULN),
        "ast_x_uln": Wording("AST", _ULN),
        "bilirubin_x_uln": Wording("bilirubin", _ULN),
        "gfr_ml_min_173": Wording("filtration rate", "ml/min/1.73 m²"),
        "gfr_measured": Wording(
            "filtration rate", yes="filtration rate was measured", no="filtration rate was estimated"
        ),
        "lvef_percent": Wording("ejection fraction", "%"),
        "spo2_percent": Wording("oxygen saturation", "%"),
        "neurological_examination": Wording("neurological examination"),
        "eye_examination": Wording("examination of the eyes"),
        "pregnancy_test": Wording("pregnancy test"),
        "systemic_steroids": Wording(
            "systemic steroids", yes="on systemic steroids", no="no systemic steroids"
        ),
        "graft_versus_host": Wording("graft-versus-host disease"),
        "symptoms": Wording("", yes="with symptoms that point there", no="without symptoms that point there"),
        "percent": Wording("cells that carry it", "%"),
        "density": Wording("density"),
        "method": Wording("by"),
        "specimen": Wording("in"),
        # Assessments.
        "timepoint": Wording("assessment"),
        "criteria": Wording("criteria:"),
        "reported_overall": Wording("reported as"),
        "response": Wording("response"),
        "components": Wording(""),
        "primary": Wording("primary"),
        "metastatic": Wording("metastases"),
        "bone_marrow": Wording("bone marrow"),
        "rating": Wording("rated"),
        "longest_diameter_mm": Wording("longest diameter", "mm"),
        "largest_lesion_mm": Wording("largest lesion", "mm"),
        "sum_of_diameters_mm": Wording("sum of diameters", "mm"),
        "target_node_short_axis_mm": Wording("short axis of the target nodes", "mm"),
        "infiltration_percent": Wording("infiltration", "%"),
        "mibg": Wording("MIBG"),
        "fdg": Wording("FDG-PET"),
        "now": Wording("now"),
        "absolute": Wording("now"),
        "baseline": Wording("baseline"),
        "nadir": Wording("smallest"),
        "score": Wording("score:"),
        "baseline_score": Wording("baseline score:"),
        "residual": Wording("residual disease:"),
        "central_review": Wording("", yes="reviewed centrally", no="not reviewed centrally"),
        "evidence": Wording("evidence:"),
        "reason": Wording("because:"),
        "detail": Wording("remarks:"),
    }
)
"""By the name of the field; what is not here is called as its name reads."""

_VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown": "not known",
        "ctcae_v5": "CTCAE 5",
        "astct": "ASTCT",
        "ct_mri": "CT or MRI",
        "mibg": "MIBG",
        "fdg_pet": "FDG-PET",
        "cns": "CNS",
        "car_t": "GD2 CAR-T cells",
        "inrc_1993": "INRC 1993",
        "inrc_2017": "INRC 2017",
        "curie": "Curie",
        "siopen": "SIOPEN",
        "acute_1_2": "acute, grade 1 to 2",
        "acute_3_4": "acute, grade 3 to 4",
        "true": "yes",
        "false": "no",
    }
)
_CODE: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_PLACES: Final = {name: place for place, name in enumerate(FIELDS)}


def wording_of(name: str) -> Wording:
    """The wording of a field, its name as it reads where nobody wrote another."""
    return FIELDS.get(name) or Wording(in_words(name))


def place_of(name: str) -> int:
    """Where a field stands among the others of what was recorded."""
    return _PLACES.get(name, len(_PLACES))


def value_in_words(value: str) -> str:
    """A value as people read it: a code has its own words or is written without underscores, a text stays."""
    return _VALUES.get(value) or (in_words(value) if _CODE.fullmatch(value) else value)


def day_in_words(day: str) -> str:
    """A date that nobody can misread."""
    on = date.fromisoformat(day)
    return f"{on.day} {on:%b %Y}"
