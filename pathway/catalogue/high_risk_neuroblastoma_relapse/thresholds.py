"""The numbers this pathway rests on: how long a fact counts, and where the limits lie."""

from __future__ import annotations

from typing import Final

from pathway.clinical.evidence import LOCATELLI_2025, PROJECT_DESIGN, REVIEW, Tag, cite
from pathway.clinical.regimens import DEFAULT_CYCLE_LIMIT
from pathway.engine.definition import Threshold

_AGE = cite(PROJECT_DESIGN, Tag.DESIGN, "how long a fact counts")
_TOLERANCE = cite(PROJECT_DESIGN, Tag.DESIGN, "decision after an assessment: tolerance")

RESPONSE_DAYS: Final = Threshold(
    "Days a response counts, from its last examination and never past the next treatment; progression does not "
    "lapse, and examinations without an exact day are taken as they are.",
    28,
    _AGE,
)
SPAN_DAYS: Final = Threshold(
    "Days between the components of one assessment at most, unless a person settled the response.", 21, _AGE
)
LAST_CELL_RESPONSE_DAYS: Final = Threshold(
    "Days after the infusion from which an assessment is the one of month 6.",
    168,
    cite(LOCATELLI_2025, Tag.SOURCE_READ, "response at week 6, month 3, month 6"),
)
WORK_UP_DAYS: Final = Threshold(
    "Days in which a partial assessment is completed, from its first examination.",
    14,
    cite(PROJECT_DESIGN, Tag.DESIGN, "complete a partial assessment"),
)
GD2_DAYS: Final = Threshold(
    "Days GD2 counts; never past a progression, the end of a line with an anti-GD2 antibody, or CAR-T cells. In "
    "remission, which leaves no tissue, the last known counts.",
    180,
    _AGE,
)
FITNESS_DAYS: Final = Threshold(
    "Days a performance status counts; never past a severe side effect other than of the counts.", 14, _AGE
)
INFECTION_DAYS: Final = Threshold("Days the report of an uncontrolled infection counts.", 1, _AGE)
CONSENT_DAYS: Final = Threshold(
    "Days after which consent is looked at again; never past a progression.", 90, _AGE
)
FIT_FROM: Final = Threshold(
    "Performance status (Lansky or Karnofsky) from which a child counts as fit.",
    60,
    cite(PROJECT_DESIGN, Tag.DESIGN, "decision after an assessment: fitness, as GD2-CART01 asks for it"),
)
EARLY_CYCLES: Final = Threshold(
    "Cycles from which the line is no longer early.",
    4,
    cite(PROJECT_DESIGN, Tag.DESIGN, "decision after an assessment: phase"),
)
CYCLE_LIMIT: Final = Threshold(
    "Cycles of a line at most, unless its regimen says otherwise.",
    DEFAULT_CYCLE_LIMIT,
    cite(PROJECT_DESIGN, Tag.DESIGN, "cycle limit where the regimen gives none"),
)
CYCLES_BETWEEN_ASSESSMENTS: Final = Threshold(
    "Cycles from one assessment to the next.",
    2,
    cite(REVIEW, Tag.SOURCE_READ, "Figure 1: assessment every two cycles"),
)
LATE_LINE: Final = Threshold(
    "Line of therapy from which a line is a late one.",
    3,
    cite(PROJECT_DESIGN, Tag.DESIGN, "decision after an assessment: line"),
)
DELAY_DAYS: Final = Threshold("Days of a hold beyond which toxicity limits continuation.", 14, _TOLERANCE)
EMERGENCY_GRADE: Final = Threshold(
    "Grade from which a side effect that goes on is an emergency; low counts alone are none.", 4, _TOLERANCE
)
CELLS_EMERGENCY_GRADE: Final = Threshold(
    "ASTCT grade from which CRS or ICANS after cells comes first.", 3, _TOLERANCE
)
ALL: Final = (
    RESPONSE_DAYS, SPAN_DAYS, LAST_CELL_RESPONSE_DAYS, WORK_UP_DAYS, GD2_DAYS, FITNESS_DAYS, INFECTION_DAYS, CONSENT_DAYS, FIT_FROM, EARLY_CYCLES,
    CYCLE_LIMIT, CYCLES_BETWEEN_ASSESSMENTS, LATE_LINE, DELAY_DAYS, EMERGENCY_GRADE, CELLS_EMERGENCY_GRADE,
)  # fmt: skip
