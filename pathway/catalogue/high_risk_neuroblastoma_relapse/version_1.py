"""The pathway for relapsed or refractory high-risk neuroblastoma, version 1: its states, put together."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds, windows
from pathway.catalogue.high_risk_neuroblastoma_relapse.afterwards import (
    CLOSED,
    COMFORTING,
    ELSEWHERE,
    FOLLOWING,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.bridge import BRIDGE, CELLS_GIVEN, LYMPHODEPLETING
from pathway.catalogue.high_risk_neuroblastoma_relapse.duties import DUTIES
from pathway.catalogue.high_risk_neuroblastoma_relapse.edges import TRANSITIONS
from pathway.catalogue.high_risk_neuroblastoma_relapse.giving import (
    ASSESSING,
    GIVING,
    GIVING_MAINTENANCE,
    RUNNING,
    RUNNING_MAINTENANCE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.local_control import LOCAL
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import MATRIX
from pathway.catalogue.high_risk_neuroblastoma_relapse.options import ALWAYS, OPTIONS, always
from pathway.catalogue.high_risk_neuroblastoma_relapse.planning import PLANNING, SUSPECTED
from pathway.engine.definition import Pathway, State

STATES: Final = (
    State("progression_suspected", "Progression suspected", SUSPECTED, always("resume"), "", ends_line=True, schedule=windows.suspected),
    State("progression_confirmed", "Progression confirmed: planning", PLANNING, always("resume"), "", ends_line=True, schedule=windows.confirmed),
    State("chemoimmunotherapy.ready", "Chemoimmunotherapy or another line: ready for the next cycle", GIVING, ALWAYS, "systemic", schedule=windows.next_cycle),
    State("chemoimmunotherapy.cycle_running", "Chemoimmunotherapy or another line: cycle running", RUNNING, ALWAYS, "systemic", running=True, schedule=windows.running_cycle),
    State("assessment_due", "Assessment due", ASSESSING, ALWAYS, schedule=windows.assessment),
    State("decision_due", "Decision due", MATRIX, ALWAYS, schedule=windows.decision),
    State("local_control", "Local control", LOCAL, ALWAYS, "local_control", schedule=windows.local_control),
    State("restaging", "Restaging", ASSESSING, ALWAYS, schedule=windows.restaging),
    State("maintenance.ready", "Maintenance: ready for the next course", GIVING_MAINTENANCE, ALWAYS, "maintenance", schedule=windows.maintenance),
    State("maintenance.cycle_running", "Maintenance: course running", RUNNING_MAINTENANCE, ALWAYS, "maintenance", running=True, schedule=windows.running_cycle),
    State("car_t_bridge.referred", "CAR-T bridge: referred", BRIDGE, ALWAYS, "car_t", schedule=windows.referral),
    State("car_t_bridge.apheresis", "CAR-T bridge: collection", BRIDGE, ALWAYS, "car_t", schedule=windows.apheresis),
    State("car_t_bridge.manufacturing", "CAR-T bridge: manufacturing", BRIDGE, ALWAYS, "car_t", schedule=windows.manufacturing),
    State("car_t_bridge.lymphodepletion", "CAR-T bridge: lymphodepletion", LYMPHODEPLETING, ALWAYS, "car_t", schedule=windows.lymphodepletion),
    State("car_t_bridge.monitoring", "CAR-T cells given: monitoring", CELLS_GIVEN, ALWAYS, "car_t", schedule=windows.after_infusion),
    State("car_t_bridge.response_due", "CAR-T cells given: response due", CELLS_GIVEN, ALWAYS, "car_t", schedule=windows.after_infusion),
    State("follow_up", "Follow-up", FOLLOWING, always("resume", "hold", "stop_agent"), "follow_up", ends_line=True, schedule=windows.follow_up),
    State("referred_elsewhere", "Referred elsewhere", ELSEWHERE, always("resume", "hold", "stop_agent"), schedule=windows.nothing),
    State("supportive_care", "Supportive care", COMFORTING, always("resume", "hold", "stop_agent"), schedule=windows.nothing),
    State("closed", "Closed", CLOSED, (), schedule=windows.nothing),
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
)
