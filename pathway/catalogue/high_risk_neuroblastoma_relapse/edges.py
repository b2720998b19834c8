"""Where facts and decisions lead: the edges between the states of this pathway."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import OBTAIN
from pathway.engine.definition import ANYWHERE, STAY, Transition

_ASSESSED = "assessment_recorded"
_EVIDENCE = "progression_evidence_recorded"
_CELL_STEPS = ("referred", "eligible", "ineligible", "apheresis", "product_released", "manufacturing_failed")
_UNDER_TREATMENT = (
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
    *(Transition(_EVIDENCE, state, "decision_due", (g.EVIDENCE_CONFIRMED,)) for state in _UNDER_TREATMENT),
    # Cycles and courses.
    Transition("cycle_started", "chemoimmunotherapy.ready", "chemoimmunotherapy.cycle_running"),
    Transition("cycle_completed", "chemoimmunotherapy.cycle_running", "assessment_due", (g.TWO_CYCLES,)),
    Transition("cycle_completed", "chemoimmunotherapy.cycle_running", "chemoimmunotherapy.ready", (g.ONE_CYCLE,)),
    Transition("cycle_started", "maintenance.ready", "maintenance.cycle_running"),
    Transition("cycle_completed", "maintenance.cycle_running", "assessment_due", (g.COURSE_ASSESSED,)),
    Transition("cycle_completed", "maintenance.cycle_running", "maintenance.ready", (g.COURSE_NOT_ASSESSED,)),
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
    # CAR-T cells.
    Transition("car_t:eligible", "car_t_bridge.referred", "car_t_bridge.apheresis"),
    Transition("car_t:apheresis", "car_t_bridge.apheresis", "car_t_bridge.manufacturing"),
    *(
        Transition("car_t:ineligible", state, "decision_due")
        for state in ("car_t_bridge.referred", "car_t_bridge.apheresis", "car_t_bridge.lymphodepletion")
    ),
    *(
        Transition("car_t:manufacturing_failed", state, "decision_due")
        for state in ("car_t_bridge.apheresis", "car_t_bridge.manufacturing")
    ),
    Transition("car_t:infused", "car_t_bridge.lymphodepletion", "car_t_bridge.monitoring"),
    Transition("car_t:lymphodepletion", "car_t_bridge.lymphodepletion", STAY),
    Transition("car_t:response", "car_t_bridge.monitoring", "car_t_bridge.response_due"),
    Transition("car_t:response", "car_t_bridge.response_due", STAY),
    *(Transition(f"car_t:{step}", ANYWHERE, STAY) for step in _CELL_STEPS),
    *(
        Transition(f"car_t:{step}", state, STAY)
        for step in ("crs", "icans")
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
    Transition("decide:switch_or_drop_antibody", ANYWHERE, STAY),
    Transition("decide:switch_or_drop_antibody", "decision_due", "chemoimmunotherapy.ready"),
    Transition("decide:follow_up", ANYWHERE, "follow_up"),
    Transition("decide:supportive_care", ANYWHERE, "supportive_care"),
    Transition("decide:refer", ANYWHERE, "referred_elsewhere"),
    Transition("decide:reopen", ANYWHERE, "progression_suspected"),
    Transition("decide:close", ANYWHERE, "closed"),
    *(Transition(f"decide:{name}", ANYWHERE, STAY) for name in ("hold", "resume", "stop_agent", OBTAIN, "other")),
    *(
        Transition(f"decide:other:{state}", ANYWHERE, state)
        for state in ("follow_up", "restaging", "referred_elsewhere")
    ),
)  # fmt: skip
