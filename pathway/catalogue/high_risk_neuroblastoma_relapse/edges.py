"""Where facts and decisions lead: the edges between the states of this pathway."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import OBTAIN
from pathway.engine.definition import ANYWHERE, STAY, Transition

_WITHIN_THE_LINE = ("drop_antibody", "switch_antibody")
_ASSESSED = "assessment_recorded"
_EVIDENCE = "progression_evidence_recorded"
_CELL_STEPS = (
    "referred", "eligible", "ineligible", "apheresis", "apheresis_failed", "product_released", "manufacturing_failed",
    "out_of_specification", "no_slot",
)  # fmt: skip
_TO_CELLS = ("car_t_bridge.referred", "car_t_bridge.apheresis", "car_t_bridge.manufacturing", "car_t_bridge.lymphodepletion")  # fmt: skip
_BEFORE_CELLS = {
    "ineligible": _TO_CELLS,
    "no_slot": _TO_CELLS,
    "apheresis_failed": ("car_t_bridge.apheresis",),
    "manufacturing_failed": _TO_CELLS[1:],
    "out_of_specification": _TO_CELLS[2:],
    "not_infused": _TO_CELLS[2:],
}
"""What ends the way to cells before they are given, and from where: each leads to a decision."""
UNDER_TREATMENT = (
    "chemoimmunotherapy.ready",
    "chemoimmunotherapy.cycle_running",
    "assessment_due",
    "local_control",
    "restaging",
    "maintenance.ready",
    "maintenance.cycle_running",
    "car_t_bridge.referred",
    "car_t_bridge.apheresis",
    "car_t_bridge.manufacturing",
    "car_t_bridge.lymphodepletion",
    "car_t_bridge.monitoring",
    "car_t_bridge.response_due",
)

TRANSITIONS: Final = (
    # Evidence of progression.
    Transition(_EVIDENCE, "progression_suspected", "progression_confirmed", (g.EVIDENCE_CONFIRMED,)),
    Transition(_EVIDENCE, "follow_up", "progression_confirmed", (g.EVIDENCE_CONFIRMED,)),
    Transition(_EVIDENCE, "follow_up", "progression_suspected", (g.EVIDENCE_OPEN,)),
    *(Transition(_EVIDENCE, state, "decision_due", (g.EVIDENCE_CONFIRMED,)) for state in UNDER_TREATMENT),
    # Cycles and courses.
    Transition("cycle_started", "chemoimmunotherapy.ready", "chemoimmunotherapy.cycle_running"),
    Transition("cycle_completed", "chemoimmunotherapy.cycle_running", "assessment_due", (g.TWO_CYCLES,)),
    Transition("cycle_completed", "chemoimmunotherapy.cycle_running", "chemoimmunotherapy.ready", (g.ONE_CYCLE,)),
    Transition("cycle_started", "maintenance.ready", "maintenance.cycle_running"),
    Transition("cycle_completed", "maintenance.cycle_running", "assessment_due", (g.COURSE_ASSESSED,)),
    Transition("cycle_completed", "maintenance.cycle_running", "maintenance.ready", (g.COURSE_NOT_ASSESSED,)),
    # A line begun at another centre goes on here.
    *(
        edge
        for state in ("progression_suspected", "progression_confirmed", "referred_elsewhere")
        for edge in (
            Transition("treatment_taken_over:cycles", state, "assessment_due", (g.TWO_CYCLES,), aside=True),
            Transition("treatment_taken_over:cycles", state, "chemoimmunotherapy.ready", (g.ONE_CYCLE,), aside=True),
            Transition("treatment_taken_over:maintenance", state, "assessment_due", (g.phase_is("limit"),), aside=True),
            Transition("treatment_taken_over:maintenance", state, "maintenance.ready", aside=True),
        )
    ),
    # Assessments.
    *(
        Transition(_ASSESSED, state, "decision_due", (g.ASSESSED,))
        for state in (
            "assessment_due",
            "restaging",
            "maintenance.ready",
            "car_t_bridge.monitoring",
            "car_t_bridge.response_due",
            "follow_up",
        )
    ),
    Transition(_ASSESSED, "chemoimmunotherapy.ready", "decision_due", (g.CYCLES_GIVEN, g.ASSESSED)),
    Transition(_ASSESSED, "chemoimmunotherapy.cycle_running", "decision_due", (g.PROGRESSING,)),
    Transition(_ASSESSED, "maintenance.cycle_running", "decision_due", (g.PROGRESSING,)),
    Transition(_ASSESSED, "local_control", "decision_due", (g.PROGRESSING,)),
    Transition(_ASSESSED, "car_t_bridge.referred", "decision_due", (g.PROGRESSING,)),
    Transition(_ASSESSED, "car_t_bridge.apheresis", "decision_due", (g.PROGRESSING,)),
    Transition(_ASSESSED, "car_t_bridge.manufacturing", "decision_due", (g.PROGRESSING,)),
    Transition(_ASSESSED, "car_t_bridge.lymphodepletion", "decision_due", (g.PROGRESSING,)),
    *(
        Transition(_ASSESSED, state, STAY)
        for state in ("progression_suspected", "progression_confirmed", "decision_due")
    ),
    # Local control.
    Transition("local_control_completed", "local_control", "restaging"),
    Transition("local_control_completed", "restaging", STAY),
    # CAR-T cells.
    Transition("car_t:eligible", "car_t_bridge.referred", "car_t_bridge.manufacturing", (g.COLLECTED,)),
    Transition("car_t:eligible", "car_t_bridge.referred", "car_t_bridge.apheresis", (g.NOT_COLLECTED,)),
    Transition("car_t:apheresis", "car_t_bridge.apheresis", "car_t_bridge.manufacturing"),
    *(
        Transition(f"car_t:{step}", state, "decision_due")
        for step, states in _BEFORE_CELLS.items()
        for state in states
    ),
    *(Transition("car_t:bridging", state, STAY) for state in _TO_CELLS),
    Transition("car_t:infused", "car_t_bridge.lymphodepletion", "car_t_bridge.monitoring"),
    Transition("car_t:lymphodepletion", "car_t_bridge.lymphodepletion", STAY),
    Transition("car_t:response", "car_t_bridge.monitoring", "car_t_bridge.response_due"),
    Transition("car_t:response", "car_t_bridge.response_due", STAY),
    *(Transition(f"car_t:{step}", ANYWHERE, STAY) for step in _CELL_STEPS),
    *(
        Transition(f"car_t:{step}", state, STAY)
        for step in ("crs", "icans", "safety_switch_fired")
        for state in ("car_t_bridge.monitoring", "car_t_bridge.response_due", "decision_due", "follow_up")
    ),
    # Closure.
    Transition("episode_closed:death", ANYWHERE, "closed"),
    Transition("episode_closed:other", "closed", STAY),
    # What people decide.
    Transition("decide:start_chemoimmunotherapy", ANYWHERE, "chemoimmunotherapy.ready"),
    Transition("decide:continue_chemoimmunotherapy", ANYWHERE, "chemoimmunotherapy.ready"),
    Transition("decide:continue_chemoimmunotherapy", "chemoimmunotherapy.cycle_running", STAY),
    Transition("decide:start_maintenance", ANYWHERE, "maintenance.ready"),
    Transition("decide:continue_maintenance", ANYWHERE, "maintenance.ready"),
    Transition("decide:continue_maintenance", "maintenance.cycle_running", STAY),
    Transition("decide:continue_monitoring", ANYWHERE, "car_t_bridge.response_due"),
    Transition("decide:local_control", ANYWHERE, "local_control"),
    Transition("decide:bridge_to_car_t", ANYWHERE, "car_t_bridge.referred"),
    Transition("decide:bridge_to_car_t", "car_t_bridge.apheresis", STAY),
    Transition("decide:bridge_to_car_t", "car_t_bridge.lymphodepletion", STAY),
    Transition("decide:bridge_to_car_t", "car_t_bridge.manufacturing", "car_t_bridge.lymphodepletion", (g.PRODUCT_RELEASED,)),
    Transition("decide:bridge_to_car_t", "car_t_bridge.manufacturing", STAY, (g.NO_PRODUCT,)),
    Transition("decide:change_line", ANYWHERE, "chemoimmunotherapy.ready"),
    Transition("decide:consolidation_transplant", ANYWHERE, "restaging"),
    *(Transition(f"decide:{change}", ANYWHERE, STAY) for change in _WITHIN_THE_LINE),
    *(
        Transition(f"decide:{change}", "decision_due", "maintenance.ready", (g.IN_MAINTENANCE,))
        for change in _WITHIN_THE_LINE
    ),
    *(
        Transition(f"decide:{change}", "decision_due", "chemoimmunotherapy.ready")
        for change in _WITHIN_THE_LINE
    ),
    Transition("decide:follow_up", ANYWHERE, "follow_up"),
    Transition("decide:supportive_care", ANYWHERE, "supportive_care"),
    Transition("decide:refer", ANYWHERE, "referred_elsewhere"),
    Transition("decide:reopen", ANYWHERE, "progression_suspected"),
    Transition("decide:close", ANYWHERE, "closed"),
    *(Transition(f"decide:{name}", ANYWHERE, STAY) for name in ("hold", "resume", "stop_agent", "waive_local_control", OBTAIN, "other")),
    *(
        Transition(f"decide:other:{state}", ANYWHERE, state)
        for state in ("follow_up", "restaging", "referred_elsewhere")
    ),
)  # fmt: skip
