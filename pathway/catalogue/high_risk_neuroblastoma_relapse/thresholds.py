"""The numbers this pathway rests on: how long a fact counts, and where the limits lie."""

from __future__ import annotations

from typing import Final

from pathway.clinical.cycle_gate import (
    BEDSIDE_DAYS,
    COUNTS_DAYS,
    EXAMINATION_DAYS,
    MEASURED_GFR_DAYS,
    ORGAN_DAYS,
    PREGNANCY_TEST_DAYS,
)
from pathway.clinical.evidence import (
    DANYELZA_LABEL,
    GRAY_2026,
    LOCATELLI_2025,
    PROJECT_DESIGN,
    QARZIBA_EMA,
    REVIEW,
    Tag,
    cite,
)
from pathway.clinical.regimens import DEFAULT_CYCLE_LIMIT
from pathway.clinical.toxicity_tables import EMERGENCY_GRADE as LIFE_THREATENING_FROM
from pathway.engine.definition import Threshold
from pathway.episodes.assessments import BASELINE_DAYS

_AGE = cite(PROJECT_DESIGN, Tag.DESIGN, "how long a fact counts")
_TOLERANCE = cite(PROJECT_DESIGN, Tag.DESIGN, "decision after an assessment: tolerance")

RESPONSE_DAYS: Final = Threshold(
    "Days a response counts, from its last examination and never past the next treatment; progression does not "
    "lapse, and examinations without an exact day are taken as they are.",
    28,
    _AGE,
)
BASELINE: Final = Threshold(
    "Days before day 1 of a line in which what it is compared with was measured.", BASELINE_DAYS, _AGE
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
    "Days GD2 counts; never past a progression, CAR-T cells, or the last anti-GD2 antibody of a line that is over. In "
    "remission, which leaves no tissue, the last known counts; of two specimens the later.",
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
    "Lines given for relapsed or refractory disease from which the present one is a late one; the frontline is none "
    "of them, those before the episode are.",
    3,
    cite(PROJECT_DESIGN, Tag.DESIGN, "decision after an assessment: line"),
)
INFANT_MONTHS: Final = Threshold(
    "Months of age below which a child is an infant: younger than the trials took and than the dinutuximab beta label.",
    12,
    cite(QARZIBA_EMA, Tag.SOURCE_READ, "age"),
)
ADULT_MONTHS: Final = Threshold(
    "Months of age from which a patient is older than the trials of chemoimmunotherapy took, that is 22 years.",
    264,
    cite(GRAY_2026, Tag.SOURCE_READ, "arms for ages 1 to 21 years"),
)
DELAY_DAYS: Final = Threshold("Days of a hold beyond which toxicity limits continuation.", 14, _TOLERANCE)
DAYS_LATE: Final = Threshold(
    "Days by which the cycles of a line began late, added up, beyond which toxicity limits continuation; a pause for "
    "local control does not count.",
    21,
    _TOLERANCE,
)
LONG_HOLD_DAYS: Final = Threshold(
    "Days of a hold after which the tumour board decides.",
    28,
    cite(PROJECT_DESIGN, Tag.DESIGN, "when things are due: hold"),
)
OVERDUE_DAYS: Final = Threshold(
    "Days after day 1 of the second cycle from which an assessment is overdue.",
    42,
    cite(PROJECT_DESIGN, Tag.DESIGN, "when things are due: assessment"),
)
COUNTS: Final = Threshold(
    "Days blood counts count for the start of a cycle; never past a cycle that began after them.",
    COUNTS_DAYS,
    _AGE,
)
ORGANS: Final = Threshold(
    "Days liver values, bilirubin and an estimated filtration rate count; the filtration rate never past a kidney "
    "injury or sepsis.",
    ORGAN_DAYS,
    _AGE,
)
MEASURED_GFR: Final = Threshold(
    "Days a filtration rate that was measured counts; never past a kidney injury or sepsis.",
    MEASURED_GFR_DAYS,
    _AGE,
)
BEDSIDE: Final = Threshold(
    "Days oxygen saturation, pain, infection and diarrhoea count; the first three never past a fever.",
    BEDSIDE_DAYS,
    _AGE,
)
EXAMINATION: Final = Threshold(
    "Days an examination of nerves or eyes counts; never past a side effect on them.", EXAMINATION_DAYS, _AGE
)
PREGNANCY_TEST: Final = Threshold("Days a negative pregnancy test counts.", PREGNANCY_TEST_DAYS, _AGE)
ELIGIBILITY_DAYS: Final = Threshold(
    "Days a statement of eligibility for CAR-T cells counts, as long as the restaging it rests on; never past a "
    "progression, a new line, an infusion, or the decision for another bridge.",
    28,
    cite(PROJECT_DESIGN, Tag.DESIGN, "eligibility for CAR-T cells: how long a statement counts"),
)
LYMPHODEPLETION_DAYS: Final = Threshold(
    "Days after the last day of lymphodepletion in which cells are infused; later the checks before it are due again.",
    7,
    cite(PROJECT_DESIGN, Tag.DESIGN, "when things are due: lymphodepletion to infusion"),
)
EMERGENCY_GRADE: Final = Threshold(
    "Grade from which any side effect that goes on is an emergency; low counts alone are none, and the rules of an antibody may name more.",
    LIFE_THREATENING_FROM,
    _TOLERANCE,
)
CELLS_EMERGENCY_GRADE: Final = Threshold(
    "ASTCT grade from which CRS or ICANS after cells comes first.", 3, _TOLERANCE
)
LOCAL_CONTROL_CYCLE: Final = Threshold(
    "Completed cycles after which local control that is owed falls due.",
    4,
    cite(PROJECT_DESIGN, Tag.DESIGN, "local control in local relapse: by the end of cycle 4"),
)
LATEST_LOCAL_CONTROL_CYCLE: Final = Threshold(
    "Completed cycles after which local control that is owed is late.",
    6,
    cite(PROJECT_DESIGN, Tag.DESIGN, "local control in local relapse: at the latest by the end of cycle 6"),
)
LOCAL_SITES: Final = Threshold(
    "Sites of disease left at most, for local control of all of them to be proposed.",
    3,
    cite(PROJECT_DESIGN, Tag.DESIGN, "criteria for local control"),
)
LOCAL_CONTROL_FROM: Final = Threshold(
    "Cycles given from which local control of what is left is proposed.",
    2,
    cite(PROJECT_DESIGN, Tag.DESIGN, "criteria for local control"),
)
FEASIBLE_DAYS: Final = Threshold(
    "Days for which local control counts as feasible or not, from the images; never past the next treatment.",
    28,
    _AGE,
)
PAUSE_DAYS: Final = Threshold(
    "Days without systemic therapy around local control of which the team is warned.",
    28,
    cite(PROJECT_DESIGN, Tag.DESIGN, "restaging after surgery and radiotherapy"),
)
LONGEST_PAUSE_DAYS: Final = Threshold(
    "Days without systemic therapy around local control after which the tumour board decides.",
    42,
    cite(PROJECT_DESIGN, Tag.DESIGN, "restaging after surgery and radiotherapy"),
)
INTENT_DAYS: Final = Threshold("Days after which the goals of care are looked at again.", 90, _AGE)
WORD_DAYS: Final = Threshold(
    "Days a word from where the child was referred counts.",
    90,
    cite(PROJECT_DESIGN, Tag.DESIGN, "referral, as long as consent and intent count"),
)
LAST_NAXITAMAB_DAY: Final = Threshold(
    "Day of a cycle or course by which a missed dose of naxitamab is given.",
    10,
    cite(DANYELZA_LABEL, Tag.SOURCE_READ, "missed dose"),
)
BRAIN_IMAGE_DAYS: Final = Threshold("Days an image of the brain counts.", 28, _AGE)
BRAIN_IMAGE_DAYS_WITH_SYMPTOMS: Final = Threshold(
    "Days an image of the brain counts while symptoms point to the central nervous system.", 3, _AGE
)
ALL: Final = (
    LOCAL_CONTROL_CYCLE, LATEST_LOCAL_CONTROL_CYCLE, LOCAL_SITES, LOCAL_CONTROL_FROM, FEASIBLE_DAYS, PAUSE_DAYS, LONGEST_PAUSE_DAYS,
    BRAIN_IMAGE_DAYS, BRAIN_IMAGE_DAYS_WITH_SYMPTOMS, INTENT_DAYS, WORD_DAYS, LAST_NAXITAMAB_DAY,
    RESPONSE_DAYS, BASELINE, SPAN_DAYS, LAST_CELL_RESPONSE_DAYS, WORK_UP_DAYS, GD2_DAYS, FITNESS_DAYS, INFECTION_DAYS, CONSENT_DAYS, FIT_FROM, EARLY_CYCLES,
    CYCLE_LIMIT, CYCLES_BETWEEN_ASSESSMENTS, LATE_LINE, INFANT_MONTHS, ADULT_MONTHS, COUNTS, ORGANS, MEASURED_GFR,
    BEDSIDE, EXAMINATION, PREGNANCY_TEST, DAYS_LATE, LONG_HOLD_DAYS, OVERDUE_DAYS, DELAY_DAYS, EMERGENCY_GRADE, CELLS_EMERGENCY_GRADE,
    ELIGIBILITY_DAYS, LYMPHODEPLETION_DAYS,
)  # fmt: skip
