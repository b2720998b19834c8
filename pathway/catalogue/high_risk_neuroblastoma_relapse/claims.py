"""What version 1 of the pathway promises, in sentences that are checked for every combination of its findings."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.engine.safety import Claim, Decided, Never, OnlyFrom, Spared

_EVERYWHERE: Final = (
    "progression_suspected",
    "progression_confirmed",
    "chemoimmunotherapy.ready",
    "chemoimmunotherapy.cycle_running",
    "assessment_due",
    "decision_due",
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
    "follow_up",
    "referred_elsewhere",
    "supportive_care",
    "closed",
)
_CYCLES: Final = ("start_chemoimmunotherapy", "continue_chemoimmunotherapy")
_COURSES: Final = ("start_maintenance", "continue_maintenance")
_CHOOSING: Final = ("progression_confirmed", "decision_due")
_GIVING: Final = ("chemoimmunotherapy.ready", "maintenance.ready", "chemoimmunotherapy.cycle_running", "maintenance.cycle_running")  # fmt: skip
_NOT_GIVEN: Final = ("refused", "unknown", "stale")

_NEVER: Final = (
    Never(
        "No maintenance is begun at progression.",
        ("decision_due",),
        ("start_maintenance",),
        {f.response: ("PD",)},
    ),
    Never(
        "No maintenance goes on at confirmed progression.",
        ("decision_due",),
        _COURSES,
        {f.response: ("PD",), f.progression_confirmed: ("confirmed",)},
    ),
    Never(
        "No bridge to CAR-T cells unless the child is eligible.",
        _CHOOSING,
        ("bridge_to_car_t",),
        {f.car_t_eligibility: ("no", "unknown")},
    ),
    Never(
        "What depends on a response is not offered while the response is not evaluable or not known.",
        ("decision_due",),
        ("start_maintenance", "consolidation_transplant", "bridge_to_car_t"),
        {f.response: ("NE", "unknown")},
    ),
    Never(
        "Local control after a response that is not evaluable is offered for comfort or for the central nervous "
        "system alone.",
        ("decision_due",),
        ("local_control",),
        {f.response: ("NE",), f.intent: ("treatment",), f.cns: ("none", "controlled", "suspected")},
    ),
    Never(
        "No systemic treatment without the family's consent.",
        _EVERYWHERE,
        (*_CYCLES, *_COURSES, "change_line"),
        {f.consent: _NOT_GIVEN},
    ),
    Never(
        "No bridge to CAR-T cells is chosen without the family's consent to it.",
        _CHOOSING,
        ("bridge_to_car_t",),
        {f.car_t_consent: _NOT_GIVEN},
    ),
    Never(
        "New disease in the central nervous system: no antibody, no maintenance, no cells.",
        (*_CHOOSING, *_GIVING),
        (*_CYCLES, *_COURSES, "bridge_to_car_t"),
        {f.cns: ("new",)},
    ),
    Never(
        "While a life-threatening side effect goes on, no treatment is begun or given.",
        (*_CHOOSING, *_GIVING, "local_control"),
        (
            *_CYCLES,
            *_COURSES,
            "change_line",
            "local_control",
            "bridge_to_car_t",
            "consolidation_transplant",
            "resume",
        ),
        {f.tolerance: ("emergency",)},
    ),
    Never(
        "Where the goal is comfort, nothing intensive is offered.",
        (*_CHOOSING, *_GIVING),
        (*_CYCLES, *_COURSES, "bridge_to_car_t", "consolidation_transplant", "resume"),
        {f.intent: ("comfort",), f.tolerance: ("fine", "limiting", "stop", "unknown")},
    ),
)

_BEFORE_LIMIT_OR_AT_IT: Final = {f.context: ("none", "systemic", "local_control")}

_ONLY_FROM: Final = (
    OnlyFrom(
        "Row 36 takes stable disease from the fourth cycle on and minor response at the limit, in systemic therapy "
        "or after local control, and nothing else.",
        "decision_due",
        "36",
        (
            {f.response: ("SD",), f.phase: ("mid", "limit"), **_BEFORE_LIMIT_OR_AT_IT},
            {f.response: ("MR",), f.phase: ("limit",), **_BEFORE_LIMIT_OR_AT_IT},
        ),
    ),
)

_DECIDED: Final = (
    Decided(
        "Systemic therapy begins with a decision.",
        ("chemoimmunotherapy.ready", "chemoimmunotherapy.cycle_running"),
    ),
    Decided("Maintenance begins with a decision.", ("maintenance.ready", "maintenance.cycle_running")),
    Decided("Local control begins with a decision.", ("local_control",)),
    Decided(
        "The way to CAR-T cells begins with a decision.",
        tuple(state for state in _EVERYWHERE if state.startswith("car_t_bridge.")),
    ),
    Decided(
        "Lymphodepletion, and with it the infusion, begins with a decision.",
        ("car_t_bridge.lymphodepletion", "car_t_bridge.monitoring", "car_t_bridge.response_due"),
    ),
)

_FOR_THE_CNS: Final = "Surgery or radiotherapy of the central nervous system hangs on other findings than those of residual disease."  # fmt: skip
_UNDER_WAY: Final = "It was decided before and is under way; its needs were looked at then."

_SPARED: Final = (
    Spared(_FOR_THE_CNS, "decision_due", "4", "local_control"),
    *(Spared(_FOR_THE_CNS, state, "D", "local_control") for state in _EVERYWHERE),
    Spared(_UNDER_WAY, "local_control", "F", "local_control"),
    Spared(_UNDER_WAY, "car_t_bridge.lymphodepletion", "F", "bridge_to_car_t"),
    *(
        Spared(_UNDER_WAY, f"car_t_bridge.{step}", "G", "bridge_to_car_t")
        for step in ("referred", "apheresis", "manufacturing")
    ),
)

CLAIMS: Final[tuple[Claim, ...]] = (*_NEVER, *_ONLY_FROM, *_DECIDED, *_SPARED)
