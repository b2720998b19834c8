"""The windows of this pathway: days after an anchor, not before / best / not after."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.clinical.evidence import GD2_CAR_LITERATURE, KUSHNER_2009, LOCATELLI_2025, QARZIBA_EMA, Tag, cite
from pathway.engine.definition import Window

_DUE = chosen("when things are due")
_EVERY_TWO = chosen("when things are due; the review asks for an assessment every two cycles")
_LOCAL = chosen("when things are due; the review asks for a plan in advance")
_ANTIGEN = chosen("when things are due; the review asks for GD2 at progression")
_CELLS = cite(LOCATELLI_2025, Tag.SOURCE_READ, "response at week 6, month 3, month 6")
_MAKING = cite(GD2_CAR_LITERATURE, Tag.SOURCE_READ, "autologous product in two to three weeks")
_LABEL = cite(QARZIBA_EMA, Tag.SOURCE_READ, "courses of 35 days")
_VISITS = cite(KUSHNER_2009, Tag.SOURCE_READ, "surveillance every two to four months")
WORK_UP: Final = Window(
    "work_up", "complete the work-up of the suspected progression", 0, 7, 21, _DUE, "the suspicion"
)
FIRST_CYCLE: Final = Window(
    "first_cycle", "begin treatment after confirmed progression", 0, 7, 14, _DUE, "the confirmation"
)
BEGIN_CYCLE: Final = Window(
    "begin_cycle", "begin the first cycle of the line", 0, 7, 14, _DUE, "the decision"
)
END_CYCLE: Final = Window("end_cycle", "record the end of the cycle", 5, 21, 35, _DUE, "day 1 of the cycle")
ASSESSMENT: Final = Window(
    "assessment", "assess the response", 14, 21, 35, _EVERY_TWO, "day 1 of the second cycle"
)
ASSESSMENT_BACKSTOP: Final = Window(
    "assessment_backstop",
    "have the response assessed, however the cycles run",
    35,
    63,
    63,
    _EVERY_TWO,
    "the last assessment, or the first day of the line",
)
COMPLETE_ASSESSMENT: Final = Window(
    "complete_assessment", "complete the assessment", 0, 7, 14, _DUE, "the first component"
)
CONFIRM_PROGRESSION: Final = Window(
    "confirm_progression", "confirm or refute the progression", 0, 7, 28, _DUE, "the finding"
)
DECISION: Final = Window("decision", "decide on the next step", 0, 7, 14, _DUE, "the last component")
LOCAL_CONTROL: Final = Window("local_control", "carry out local control", 0, 14, 28, _DUE, "the decision")
LOCAL_PLAN: Final = Window(
    "local_plan", "plan local control of the local relapse", 0, 14, 28, _LOCAL, "the confirmation"
)
CARRY_OUT: Final = Window(
    "carry_out_local_control",
    "carry out the local control that is owed",
    0,
    14,
    42,
    chosen("local plan in local relapse, carried out by the end of cycle 4, at the latest of cycle 6"),
    "the end of cycle 4",
)
GD2_AGAIN: Final = Window("gd2_again", "measure GD2 again", 0, 7, 21, _ANTIGEN, "the progression")
AFTER_SURGERY: Final = Window("restaging", "restage after surgery", 28, 35, 56, _DUE, "the operation")
AFTER_RADIOTHERAPY: Final = Window(
    "restaging", "restage after radiotherapy", 42, 56, 84, _DUE, "the last fraction"
)
AFTER_CONSOLIDATION: Final = Window(
    "restaging",
    "restage after the transplant, counted from the decision for it, since no fact tells its day",
    28,
    35,
    56,
    _DUE,
    "the decision",
)
MAINTENANCE: Final = Window("maintenance", "begin maintenance", 21, 28, 56, _DUE, "day 1 of the last cycle")
MAINTENANCE_AFTER_LOCAL_CONTROL: Final = Window(
    "maintenance", "begin maintenance", 14, 28, 56, _DUE, "local control"
)
COURSE: Final = Window("course", "begin the next course", 35, 35, 49, _LABEL, "day 1 of the course before")
MAINTENANCE_ASSESSMENT: Final = Window(
    "assessment", "assess the response", 28, 35, 49, _DUE, "day 1 of the course"
)
REFERRAL: Final = Window("referral", "have CAR-T eligibility decided", 0, 7, 14, _DUE, "the decision")
APHERESIS: Final = Window("apheresis", "collect lymphocytes", 0, 14, 28, _DUE, "acceptance")
MANUFACTURING: Final = Window(
    "manufacturing", "have the cell product released", 14, 21, 42, _MAKING, "collection"
)
BEGIN_LYMPHODEPLETION: Final = Window(
    "begin_lymphodepletion",
    "begin lymphodepletion, 28 to 3 days after the restaging and best 14",
    3,
    14,
    28,
    chosen("when things are due: restaging -28/-14/-3 days before the planned day of lymphodepletion"),
    "the last examination of the restaging",
)
LYMPHODEPLETION: Final = Window(
    "lymphodepletion", "infuse after lymphodepletion", 2, 3, 7, _DUE, "its last day"
)
SAFETY_CHECK: Final = Window("safety_check", "check safety after infusion", 26, 28, 35, _DUE, "the infusion")
RESPONSES: Final = (
    Window("assessment", "assess the response at week 6", 38, 42, 49, _CELLS, "the infusion"),
    Window("assessment", "assess the response at month 3", 84, 91, 105, _CELLS, "the infusion"),
    Window("assessment", "assess the response at month 6", 168, 182, 203, _CELLS, "the infusion"),
)
CHECK_DAILY: Final = Window(
    "cell_toxicity",
    "check for CRS and ICANS, daily to day 14",
    0,
    1,
    1,
    _DUE,
    "the last check, or the infusion",
)
CHECK_TWICE_A_WEEK: Final = Window(
    "cell_toxicity", "check for CRS and ICANS, twice a week to day 28", 0, 3, 4, _DUE, "the last check"
)
LATE_EFFECTS: Final = Window(
    "late_effects",
    "yearly visit of the gene therapy follow-up, for 15 years",
    335,
    365,
    395,
    cite(
        LOCATELLI_2025,
        Tag.SOURCE_READ,
        "15 years of gene therapy follow-up; the margin is this project's choice",
    ),
    "the last visit, or the infusion",
)
FOLLOW_UP: Final = (
    Window(
        "follow_up",
        "follow-up visit",
        60,
        90,
        120,
        _VISITS,
        "the last visit, in the first two years after treatment",
    ),
    Window(
        "follow_up",
        "follow-up visit",
        150,
        182,
        210,
        _DUE,
        "the last visit, in years three to five after treatment",
    ),
    Window(
        "follow_up",
        "follow-up visit",
        335,
        365,
        395,
        _DUE,
        "the last visit, later than five years after treatment",
    ),
)
END_OF_TREATMENT: Final = Window(
    "end_of_treatment",
    "complete the work-up at the end of treatment",
    28,
    35,
    56,
    _DUE,
    "the end of the last course",
)
OUTCOME_ELSEWHERE: Final = Window(
    "outcome_elsewhere",
    "ask how the child fares where the child was referred to",
    0,
    14,
    28,
    _DUE,
    "the referral",
)
NEXT_WORD: Final = Window(
    "outcome_elsewhere",
    "ask again how the child fares elsewhere",
    60,
    90,
    120,
    chosen("intent is looked at again after 90 days"),
    "the last word from there",
)
GOALS: Final = Window(
    "goals",
    "review supportive care and the goals of care with the family",
    60,
    90,
    120,
    chosen("intent is looked at again after 90 days"),
    "the decision, the last visit or the last talk about the goals",
)
IMAGE_BRAIN: Final = Window(
    "brain_image",
    "image brain and spine",
    0,
    7,
    28,
    chosen("an image of the brain counts for 28 days"),
    "the suspicion",
)
IMAGE_BRAIN_AT_ONCE: Final = Window(
    "brain_image",
    "image brain and spine, since there are symptoms",
    0,
    1,
    3,
    chosen("an image of the brain counts for 3 days where there are symptoms"),
    "the suspicion",
)
HOLD: Final = Window("hold", "look again at the hold", 1, 3, 7, _DUE, "the hold")
ALL: Final = (
    WORK_UP, FIRST_CYCLE, BEGIN_CYCLE, END_CYCLE, ASSESSMENT, ASSESSMENT_BACKSTOP, COMPLETE_ASSESSMENT, CONFIRM_PROGRESSION, DECISION,
    LOCAL_CONTROL, LOCAL_PLAN, GD2_AGAIN, AFTER_SURGERY, AFTER_RADIOTHERAPY, AFTER_CONSOLIDATION, MAINTENANCE, MAINTENANCE_AFTER_LOCAL_CONTROL,
    COURSE, MAINTENANCE_ASSESSMENT, REFERRAL, APHERESIS, MANUFACTURING, BEGIN_LYMPHODEPLETION, LYMPHODEPLETION, SAFETY_CHECK, *RESPONSES,
    CHECK_DAILY, CHECK_TWICE_A_WEEK, LATE_EFFECTS,
    *FOLLOW_UP, HOLD, CARRY_OUT, END_OF_TREATMENT, OUTCOME_ELSEWHERE, NEXT_WORD, GOALS, IMAGE_BRAIN, IMAGE_BRAIN_AT_ONCE,
)  # fmt: skip  # fmt: skip
"""Every window with fixed days; the next cycle's follows from the regimen."""
DAILY_CHECKS: Final = 14
"""Days after the infusion in which CRS and ICANS are looked for daily; thereafter twice a week to the safety check."""
LATE_EFFECTS_YEARS: Final = 15
