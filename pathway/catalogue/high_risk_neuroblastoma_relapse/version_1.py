"""The pathway for relapsed or refractory high-risk neuroblastoma, version 1: its states, put together."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import (
    afterwards,
    antigen,
    cell_prompts,
    chapters,
    cycle_prompts,
    local_control,
    maintenance,
    off_label,
    resistance,
    schedules,
    thresholds,
    toxicity_prompts,
    windows,
    work_up,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.afterwards import (
    CLOSED,
    COMFORTING,
    ELSEWHERE,
    FOLLOWING,
    unless_comfort,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.bridge import (
    CELLS_GIVEN,
    COLLECTING,
    LYMPHODEPLETING,
    MAKING,
    REFERRED,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_eligibility import COLLECTION, ELIGIBILITY
from pathway.catalogue.high_risk_neuroblastoma_relapse.duties import DUTIES
from pathway.catalogue.high_risk_neuroblastoma_relapse.edges import TRANSITIONS
from pathway.catalogue.high_risk_neuroblastoma_relapse.giving import (
    ASSESSING,
    GIVING,
    GIVING_MAINTENANCE,
    RUNNING,
    RUNNING_MAINTENANCE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import MATRIX
from pathway.catalogue.high_risk_neuroblastoma_relapse.medicine import MEDICINE
from pathway.catalogue.high_risk_neuroblastoma_relapse.options import ALWAYS, OPTIONS, always
from pathway.catalogue.high_risk_neuroblastoma_relapse.planning import PLANNING, SUSPECTED
from pathway.catalogue.high_risk_neuroblastoma_relapse.start_criteria import START_CRITERIA
from pathway.clinical.regimens import REGIMENS
from pathway.engine.definition import Pathway, State

STATES: Final = (
    State("progression_suspected", "Progression suspected", SUSPECTED, always("resume"), "", ends_line=True, schedule=schedules.suspected),
    State("progression_confirmed", "Progression confirmed: planning", PLANNING, always("resume"), "", ends_line=True, schedule=schedules.confirmed),
    State("chemoimmunotherapy.ready", "Chemoimmunotherapy or another line: ready for the next cycle", GIVING, ALWAYS, "systemic", schedule=schedules.next_cycle, checklists=(START_CRITERIA,)),
    State("chemoimmunotherapy.cycle_running", "Chemoimmunotherapy or another line: cycle running", RUNNING, ALWAYS, "systemic", running=True, schedule=schedules.running_cycle),
    State("assessment_due", "Assessment due", ASSESSING, ALWAYS, schedule=schedules.assessment),
    State("decision_due", "Decision due", MATRIX, ALWAYS, schedule=schedules.decision, checklists=(local_control.CRITERIA,)),
    State("local_control", "Local control", local_control.LOCAL, ALWAYS, "local_control", schedule=schedules.local_control),
    State("restaging", "Restaging", local_control.RESTAGING, ALWAYS, schedule=schedules.restaging),
    State("maintenance.ready", "Maintenance: ready for the next course", GIVING_MAINTENANCE, ALWAYS, "maintenance", schedule=schedules.maintenance, checklists=(START_CRITERIA,)),
    State("maintenance.cycle_running", "Maintenance: course running", RUNNING_MAINTENANCE, ALWAYS, "maintenance", running=True, schedule=schedules.running_cycle),
    State("car_t_bridge.referred", "CAR-T bridge: referred", REFERRED, ALWAYS, "car_t", begins_bridge=True, schedule=schedules.referral, checklists=(ELIGIBILITY,)),
    State("car_t_bridge.apheresis", "CAR-T bridge: collection", COLLECTING, ALWAYS, "car_t", schedule=schedules.apheresis, checklists=(COLLECTION,)),
    State("car_t_bridge.manufacturing", "CAR-T bridge: manufacturing", MAKING, ALWAYS, "car_t", schedule=schedules.manufacturing, checklists=(ELIGIBILITY,)),
    State("car_t_bridge.lymphodepletion", "CAR-T bridge: lymphodepletion", LYMPHODEPLETING, ALWAYS, "car_t", schedule=schedules.lymphodepletion, checklists=(ELIGIBILITY,)),
    State("car_t_bridge.monitoring", "CAR-T cells given: monitoring", CELLS_GIVEN, ALWAYS, "car_t", schedule=schedules.after_infusion),
    State("car_t_bridge.response_due", "CAR-T cells given: response due", CELLS_GIVEN, ALWAYS, "car_t", schedule=schedules.after_infusion),
    State("follow_up", "Follow-up", FOLLOWING, always("resume", "hold", "stop_agent"), "follow_up", ends_line=True, schedule=schedules.follow_up),
    State("referred_elsewhere", "Referred elsewhere", ELSEWHERE, always("resume", "hold", "stop_agent"), suspends=True, schedule=schedules.elsewhere),
    State("supportive_care", "Supportive care", COMFORTING, always("resume", "hold", "stop_agent"), suspends=True, schedule=schedules.goals),
    State("closed", "Closed", CLOSED, (), suspends=True, schedule=schedules.nothing),
)  # fmt: skip

PATHWAY: Final = Pathway(
    id="high_risk_neuroblastoma_relapse",
    version=1,
    title="Relapsed or refractory high-risk neuroblastoma",
    summary=(
        "Progression confirmed, chemoimmunotherapy, assessment every two cycles, then continuation, maintenance, "
        "local control or a bridge to GD2 CAR-T cells, as in Figure 1 of the review."
    ),
    initial="progression_suspected",
    states=STATES,
    options=OPTIONS,
    transitions=TRANSITIONS,
    duties=DUTIES,
    hold_window=windows.HOLD,
    windows=windows.ALL,
    thresholds=thresholds.ALL,
    regimens=tuple(REGIMENS.values()),
    chapters=chapters.CHAPTERS,
    medicine=MEDICINE,
    prompts=(
        *toxicity_prompts.PROMPTS,
        *cycle_prompts.PROMPTS,
        *unless_comfort(antigen.PROMPTS),
        *cell_prompts.PROMPTS,
        *unless_comfort(local_control.PROMPTS),
        *maintenance.PROMPTS,
        *afterwards.PROMPTS,
        *unless_comfort(work_up.PROMPTS),
        *unless_comfort(resistance.PROMPTS),
        *unless_comfort(off_label.PROMPTS),
    ),
    cautions=(*resistance.CAUTIONS, *off_label.CAUTIONS, *antigen.CAUTIONS),
)
