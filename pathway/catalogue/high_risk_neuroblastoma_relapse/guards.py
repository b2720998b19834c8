"""The sentences of this pathway: each is true, false or unknown of an episode, and says where it comes from."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import cell_findings as cells
from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse import start_criteria as start
from pathway.clinical.evidence import (
    FIELD_KNOWLEDGE,
    LOCATELLI_2025,
    NCI_PDQ_2025,
    PARK_2017,
    PROJECT_DESIGN,
    REVIEW,
    Citation,
    Tag,
    cite,
)
from pathway.engine.guards import Guard, guard


def chosen(where: str) -> Citation:
    """A choice of this project."""
    return cite(PROJECT_DESIGN, Tag.DESIGN, where)


MATRIX: Final = "decision after an assessment"
_INRC = cite(PARK_2017, Tag.UNVERIFIED, "Table 5")
_LISTED = {
    "CR": "CR",
    "PR": "PR",
    "MR": "MR",
    "SD": "SD",
    "PD": "PD",
    "NE": "not evaluable",
    "NED": "no disease",
}


def response_is(*values: str) -> Guard:
    """The response in force is one of these."""
    told = ", ".join(_LISTED[value] for value in values)
    source = cite(NCI_PDQ_2025, Tag.SOURCE_READ, "response criteria") if values == ("PD",) else _INRC
    return guard(r.response, *values, sentence=f"The response in force is {told}.", because=source)


_CONTEXTS = {
    "systemic": "a line of systemic therapy",
    "local_control": "what comes after local control",
    "maintenance": "maintenance",
    "car_t": "what comes after CAR-T cells",
    "follow_up": "follow-up",
}


def context_is(*values: str) -> Guard:
    """The decision is about one of these."""
    told = " or ".join(_CONTEXTS[value] for value in values)
    return guard(
        f.context, *values, sentence=f"The decision is about {told}.", because=chosen(f"{MATRIX}: context")
    )


IN_MAINTENANCE: Final = context_is("maintenance")

_PHASES = {
    "early": "before the fourth cycle",
    "mid": "from the fourth cycle to the limit",
    "limit": "at its limit",
}


def phase_is(*values: str) -> Guard:
    """The line is in one of these phases."""
    told = " or ".join(_PHASES[value] for value in values)
    return guard(r.phase, *values, sentence=f"The line is {told}.", because=chosen(f"{MATRIX}: phase"))


NOT_AT_LIMIT: Final = guard(
    r.phase,
    "early",
    "mid",
    sentence="The planned number of cycles has not been reached.",
    because=chosen(f"{MATRIX}: phase"),
)


def gd2_is(*values: str) -> Guard:
    """GD2 is one of these."""
    told = " or ".join("not known" if value == "unknown" else value for value in values if value != "stale")
    return guard(
        f.gd2, *values, sentence=f"GD2 is {told}.", because=cite(REVIEW, Tag.SOURCE_READ, "GD2 testing")
    )


EMERGENCY: Final = guard(
    f.tolerance,
    "emergency",
    sentence="A life-threatening side effect is going on.",
    because=chosen("toxicity outcomes"),
)
NO_EMERGENCY: Final = guard(
    f.emergency,
    "no",
    sentence="No life-threatening side effect is going on.",
    because=chosen("toxicity outcomes"),
)
EMERGENCY_UNKNOWN: Final = guard(
    f.emergency,
    "unknown",
    sentence="It is not known whether a side effect that is going on threatens life.",
    because=chosen("toxicity outcomes"),
)
TOLERANCE_KNOWN: Final = guard(
    f.tolerance,
    "fine",
    "limiting",
    "stop",
    sentence="It is known how the last treatment was tolerated, and that is no emergency.",
    because=chosen("toxicity outcomes"),
)
TOLERANCE_UNKNOWN: Final = guard(
    f.tolerance,
    "unknown",
    sentence="It is not known how the last treatment was tolerated.",
    because=chosen(f"{MATRIX}: tolerance"),
)
TOLERANCE_LIMITING: Final = guard(
    f.tolerance,
    "limiting",
    sentence="Toxicity limits continuation.",
    because=cite(REVIEW, Tag.SOURCE_READ, "toxicity weighed beside response"),
)
STOPPED: Final = guard(
    f.tolerance,
    "stop",
    sentence="An antibody of the present treatment has been stopped for good.",
    because=chosen("toxicity outcomes: stop agent"),
)
COMFORT: Final = guard(
    f.intent,
    "comfort",
    sentence="The goal of care is comfort.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "options"),
)
NOT_COMFORT: Final = guard(
    f.intent,
    "treatment",
    sentence="The goal of care is treatment.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "options"),
)
CNS_SUSPECTED: Final = guard(
    f.cns,
    "suspected",
    sentence="Disease in the central nervous system is suspected.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "relapse work-up"),
)
CNS_NEW: Final = guard(
    f.cns,
    "new",
    sentence="There is new disease in the central nervous system.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "CNS relapse"),
)
PD_UNCONFIRMED: Final = guard(
    r.progression_confirmed,
    "open",
    sentence="The progression has not been confirmed.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "biopsy tells maturation from progression"),
)
POOR_FITNESS: Final = guard(
    f.fitness, "poor", sentence="The child's condition is poor.", because=chosen(f"{MATRIX}: fitness")
)
INFECTED: Final = guard(
    f.infection,
    "yes",
    sentence="An infection is not under control.",
    because=chosen("criteria to begin a cycle: infection"),
)
FITNESS_UNKNOWN: Final = guard(
    f.fitness, "unknown", "stale", sentence="Fitness is not known.", because=chosen(f"{MATRIX}: fitness")
)
LATE_LINE: Final = guard(
    f.line,
    "third_or_later",
    sentence="Three or more lines were given for relapsed or refractory disease.",
    because=chosen(f"{MATRIX}: line"),
)
LINE_UNKNOWN: Final = guard(
    f.line,
    "unknown",
    sentence="It is not known how many lines of therapy were given before.",
    because=chosen(f"{MATRIX}: line"),
)
LOCAL_DISEASE: Final = guard(
    f.local_disease,
    "yes",
    sentence="Local control of the residual disease is feasible.",
    because=cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance"),
)
LOCAL_DISEASE_UNKNOWN: Final = guard(
    f.local_disease,
    "unknown",
    "stale",
    sentence="It is not known whether local control is feasible.",
    because=cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance"),
)
CAR_T_ELIGIBLE: Final = guard(
    cells.car_t_eligibility,
    "yes",
    sentence="The child is eligible for GD2 CAR-T cells, with GD2 present.",
    because=chosen("eligibility for CAR-T cells is a table per product"),
)
CAR_T_INELIGIBLE: Final = guard(
    cells.car_t_eligibility,
    "no",
    sentence="The child is not eligible for GD2 CAR-T cells.",
    because=chosen("eligibility for CAR-T cells is a table per product"),
)
MONTH_6_DONE: Final = guard(
    cells.cell_time_points,
    "done",
    sentence="The response at month 6 after CAR-T cells has been assessed.",
    because=cite(LOCATELLI_2025, Tag.SOURCE_READ, "response at week 6, month 3, month 6"),
)
WORK_UP_IN_TIME: Final = guard(
    r.work_up,
    "in",
    sentence="The missing examinations can still be done in time.",
    because=chosen("complete a partial assessment within 14 days"),
)
NOT_CONSOLIDATED: Final = guard(
    r.consolidated,
    "no",
    sentence="Fewer than two cycles were given since the first complete response.",
    because=cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "practice: at least two cycles beyond complete response"),
)
NOT_HIGH_RISK: Final = guard(
    f.risk_group,
    "not_high",
    sentence="The disease is not high-risk neuroblastoma.",
    because=chosen("eligibility: infants, stage 4S, maturing ganglioneuroblastoma"),
)
HIGH_RISK: Final = guard(
    f.risk_group, "high", sentence="The disease is high-risk neuroblastoma.", because=chosen("eligibility")
)
CONSENT: Final = guard(
    f.consent,
    "given",
    sentence="The family has consented to the treatment.",
    because=chosen("second layer: consent"),
)
NEW_LINE_CONSENT: Final = guard(
    f.new_line_consent,
    "given",
    sentence="The family has consented to the new line of therapy, since the present one began.",
    because=chosen("consent per line"),
)
CAR_T_CONSENT: Final = guard(
    f.car_t_consent,
    "given",
    sentence="The family has consented to cell therapy.",
    because=chosen("second layer: consent"),
)
TRANSPLANT_OPEN: Final = guard(
    f.high_dose_therapy,
    "refractory",
    "none",
    "haploidentical",
    sentence="The disease is refractory, no high-dose therapy was given before, or the plan is haploidentical.",
    because=chosen("second layer: consolidation transplant"),
)
LINE_UNDER_WAY: Final = guard(
    f.line_under_way,
    "yes",
    sentence="A line of systemic therapy is under way.",
    because=chosen("lines of therapy"),
)
NO_LINE_UNDER_WAY: Final = guard(
    f.line_under_way,
    "no",
    sentence="No line of systemic therapy is under way.",
    because=chosen("lines of therapy"),
)
ANTIBODY_GIVEN: Final = guard(
    f.antibody,
    "yes",
    sentence="The present treatment has an anti-GD2 antibody.",
    because=chosen("antibody in a line"),
)
HELD: Final = guard(f.held, "yes", sentence="Treatment is on hold.", because=chosen("holds"))
PRODUCT_RELEASED: Final = guard(
    cells.product,
    "released",
    sentence="The cell product has been released.",
    because=chosen("steps of the CAR-T bridge"),
)
NO_PRODUCT: Final = guard(
    cells.product,
    "awaited",
    sentence="The cell product is awaited.",
    because=chosen("steps of the CAR-T bridge"),
)
COLLECTED: Final = guard(
    cells.collected,
    "collected",
    sentence="Lymphocytes have been collected, and no product of them has been given or has failed.",
    because=chosen("steps of the CAR-T bridge"),
)
NOT_COLLECTED: Final = guard(
    cells.collected,
    "awaited",
    sentence="Lymphocytes have not been collected.",
    because=chosen("steps of the CAR-T bridge"),
)
INFUSED_EARLY: Final = guard(
    cells.infused_early,
    "yes",
    sentence="Cells were infused, though the steps before it were not recorded.",
    because=chosen("steps of the CAR-T bridge"),
)
NOT_RESTAGED: Final = guard(
    cells.restaged,
    "unknown",
    "stale",
    sentence="The child has not been restaged within the 28 days before lymphodepletion.",
    because=chosen("restaging 28 to 3 days before lymphodepletion"),
)
CELL_CRITERIA_OPEN: Final = guard(
    cells.cell_criteria,
    "unknown",
    "stale",
    sentence="A criterion for GD2 CAR-T cells is not known, or its value is too old.",
    because=chosen("eligibility for CAR-T cells is a table per product"),
)
CELL_CRITERIA_NOT_MET: Final = guard(
    cells.cell_criteria,
    "not_met",
    sentence="A criterion for GD2 CAR-T cells is not met.",
    because=chosen("eligibility for CAR-T cells is a table per product"),
)
LYMPHODEPLETION_GIVEN: Final = guard(
    cells.lymphodepletion,
    "given",
    sentence="Lymphodepletion was given within the last seven days.",
    because=chosen("infusion 2 to 7 days after lymphodepletion"),
)
LYMPHODEPLETION_LAPSED: Final = guard(
    cells.lymphodepletion,
    "lapsed",
    sentence="Lymphodepletion was given more than seven days ago, and no cells were infused.",
    because=chosen("infusion 2 to 7 days after lymphodepletion, else the gate again"),
)

ASSESSED: Final = guard(
    r.assessment,
    "complete",
    "progression",
    sentence="The assessment is complete or shows progression.",
    because=cite(REVIEW, Tag.SOURCE_READ, "Figure 1"),
)
PROGRESSING: Final = guard(
    r.assessment,
    "progression",
    sentence="The assessment shows progression.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "any component PD"),
)
TWO_CYCLES: Final = guard(
    r.cycles_since_assessment,
    "two_or_more",
    sentence="Two cycles were completed since the last assessment.",
    because=cite(REVIEW, Tag.SOURCE_READ, "Figure 1: assessment every two cycles"),
)
ONE_CYCLE: Final = guard(
    r.cycles_since_assessment,
    "fewer_than_two",
    sentence="Fewer than two cycles were completed since the last assessment.",
    because=cite(REVIEW, Tag.SOURCE_READ, "Figure 1: assessment every two cycles"),
)
COURSE_ASSESSED: Final = guard(
    r.maintenance_assessment,
    "yes",
    sentence="An assessment follows this course.",
    because=chosen("maintenance assessment after course 2 and the last"),
)
COURSE_NOT_ASSESSED: Final = guard(
    r.maintenance_assessment,
    "no",
    sentence="No assessment follows this course.",
    because=chosen("maintenance assessment after course 2 and the last"),
)
CYCLES_GIVEN: Final = guard(
    r.cycles_given,
    "yes",
    sentence="At least one cycle of this line was started.",
    because=chosen("baseline of a line"),
)
EVIDENCE_CONFIRMED: Final = guard(
    r.evidence,
    "confirmed",
    sentence="The progression is confirmed.",
    because=cite(PARK_2017, Tag.UNVERIFIED, "progressive disease"),
)
EVIDENCE_OPEN: Final = guard(
    r.evidence,
    "open",
    sentence="The progression is suspected.",
    because=cite(PARK_2017, Tag.UNVERIFIED, "progressive disease"),
)

STOPPED_BEFORE: Final = guard(
    f.stopped_antibody,
    "yes",
    sentence="An anti-GD2 antibody was stopped for good.",
    because=chosen("toxicity outcomes: stop agent is never cleared"),
)
MIMICS: Final = cite(NCI_PDQ_2025, Tag.SOURCE_READ, "biopsy tells maturation from progression")
SUSPICION_OPEN: Final = guard(
    r.suspicion,
    "open",
    sentence="A progression is suspected, and neither confirmed nor refuted.",
    because=chosen("a suspicion is answered before the next treatment"),
)
VISIT_SUSPICIOUS: Final = guard(
    f.last_visit,
    "suspicious",
    sentence="The last visit raised the suspicion of disease.",
    because=cite(NCI_PDQ_2025, Tag.SOURCE_READ, "surveillance"),
)

START_NOT_MET: Final = guard(
    start.start_criteria,
    "not_met",
    sentence="A criterion to begin the next cycle is not met.",
    because=chosen("criteria to begin a cycle"),
)
START_UNKNOWN: Final = guard(
    start.start_criteria,
    "unknown",
    "stale",
    sentence="A criterion to begin the next cycle is not known, or its value is too old.",
    because=chosen("criteria to begin a cycle"),
)
CYCLE_LATE: Final = guard(
    start.next_cycle_late,
    "yes",
    sentence="The next cycle is more than 14 days late.",
    because=chosen("when things are due: the next cycle"),
)
COURSES_DONE: Final = guard(
    start.planned_courses,
    "done",
    sentence="The planned courses of maintenance have been given.",
    because=chosen("planned courses of maintenance"),
)
