"""How cytokine release and neurotoxicity after CAR-T cells are graded (ASTCT), one sentence per grade.

The worst item decides the grade. A CTCAE grade of cytokine release is another scale and is never read as one of these.
"""

from dataclasses import dataclass
from typing import Final

from pathway.clinical.evidence import FIELD_KNOWLEDGE, LEE_2019, MAHADEO_2019, Citation, Tag, cite


@dataclass(frozen=True, slots=True)
class CellGrade:
    """One grade of a scale, what has to be so for it in a sentence, and where that stands."""

    grade: int
    sentence: str
    citation: Citation


_CRS: Final = cite(LEE_2019, Tag.SOURCE_READ, "grades of cytokine release syndrome")
_ICANS: Final = cite(LEE_2019, Tag.SOURCE_READ, "grades of ICANS")
_CAPD: Final = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "CAPD in place of the ICE score under 12 years")

CRS_GRADES: Final[tuple[CellGrade, ...]] = (
    CellGrade(1, "Fever of 38 °C or more, without low blood pressure and without need of oxygen.", _CRS),
    CellGrade(
        2,
        "Fever with low blood pressure that needs no vasopressor, or oxygen at low flow (up to 6 l/min) or blow-by.",
        _CRS,
    ),
    CellGrade(
        3,
        "Fever with one vasopressor (vasopressin beside it does not count), or oxygen at high flow or by a mask.",
        _CRS,
    ),
    CellGrade(
        4,
        "Fever with several vasopressors (vasopressin not counted), or ventilation with positive pressure.",
        _CRS,
    ),
)
"""CRS by ASTCT, from the mildest grade."""

ICANS_GRADES: Final[tuple[CellGrade, ...]] = (
    CellGrade(1, "ICE score 7 to 9; the child wakes by itself.", _ICANS),
    CellGrade(2, "ICE score 3 to 6, or waking only to a voice.", _ICANS),
    CellGrade(
        3,
        "ICE score 0 to 2, waking only to touch, any seizure that resolves rapidly, or focal oedema on imaging.",
        _ICANS,
    ),
    CellGrade(
        4,
        "Not rousable or only by vigorous stimuli, a seizure over 5 minutes or repeated ones, focal weakness, or signs "
        "of diffuse oedema of the brain (posturing, sixth nerve palsy, Cushing's triad).",
        _ICANS,
    ),
)
"""ICANS by ASTCT for children from 12 years on, from the mildest grade."""

CAPD_GRADES: Final[tuple[CellGrade, ...]] = (
    CellGrade(1, "CAPD 1 to 8, the other items as in grade 1.", _CAPD),
    CellGrade(2, "CAPD 1 to 8, the other items as in grade 2.", _CAPD),
    CellGrade(3, "CAPD 9 or more.", _CAPD),
    CellGrade(4, "The CAPD cannot be done.", _CAPD),
)
"""ICANS under 12 years: the CAPD takes the place of the ICE score, all other items stay."""

FEVER_AFTER_TREATMENT: Final = (
    "Once tocilizumab or a steroid was given, fever is no longer asked for: the other items decide."
)
"""How CRS is graded after treatment has taken the fever away; it stands with the grades in the source."""

LOW_BLOOD_PRESSURE: Final = (
    "Low systolic pressure in a child: from 1 to 10 years below 70 + 2 × age in years mmHg, above 10 years below "
    "90 mmHg."
)
LOW_BLOOD_PRESSURE_SOURCE: Final = cite(MAHADEO_2019, Tag.SOURCE_READ, "hypotension by age")

_SCALES: Final = {"crs": CRS_GRADES, "icans": ICANS_GRADES}


def meaning(step: str, grade: int) -> CellGrade | None:
    """What a grade of `crs` or `icans` means, from 12 years on for ICANS; None where the table has no such grade."""
    return next((each for each in _SCALES[step] if each.grade == grade), None)
