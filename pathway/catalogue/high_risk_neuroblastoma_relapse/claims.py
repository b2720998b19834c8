"""What version 1 of the pathway promises, in sentences that are checked for every combination of its findings."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import cell_findings as cells
from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse.later_findings import graft_versus_host
from pathway.catalogue.high_risk_neuroblastoma_relapse.local_findings import local_control_owed
from pathway.catalogue.high_risk_neuroblastoma_relapse.options import OPTIONS
from pathway.catalogue.high_risk_neuroblastoma_relapse.planning_findings import age
from pathway.catalogue.high_risk_neuroblastoma_relapse.start_criteria import planned_courses, start_criteria
from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity import toxicity_action
from pathway.engine.claims import (
    Claim,
    Decided,
    ForAReason,
    Never,
    OnlyFrom,
    OpenUnknown,
    Spared,
    WithoutAntibody,
)
from pathway.engine.findings import OPEN

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
_WITHIN_THE_LINE: Final = ("drop_antibody", "switch_antibody")
_CHOOSING: Final = ("progression_confirmed", "decision_due")
_GIVING: Final = ("chemoimmunotherapy.ready", "maintenance.ready", "chemoimmunotherapy.cycle_running", "maintenance.cycle_running")  # fmt: skip
_NOT_GIVEN: Final = ("refused", "unknown", "stale")

_MAKING: Final = "car_t_bridge.manufacturing"
_LYMPHODEPLETING: Final = "car_t_bridge.lymphodepletion"
_UNLESS_READY: Final = (
    ("No lymphodepletion without restaging before it.", {cells.restaged: ("unknown", "stale")}),
    ("No lymphodepletion of a child who is not known to be fit.", {f.fitness: ("poor", "unknown", "stale")}),
    ("No lymphodepletion while a criterion for the cells is not known to be met.", {cells.cell_criteria: ("not_met", "unknown", "stale")}),
    ("No lymphodepletion of a child who is not known to be eligible.", {cells.car_t_eligibility: ("no", "unknown")}),
    ("No lymphodepletion without the family's consent to the cells.", {f.car_t_consent: _NOT_GIVEN}),
)  # fmt: skip

_NEVER: Final = (
    Never(
        "No maintenance is begun at progression.",
        ("decision_due",),
        ("start_maintenance",),
        {r.response: ("PD",)},
    ),
    Never(
        "No maintenance goes on at confirmed progression.",
        ("decision_due",),
        _COURSES,
        {r.response: ("PD",), r.progression_confirmed: ("confirmed",)},
    ),
    Never(
        "No maintenance is begun while severe graft-versus-host disease forbids the antibody, or may do so.",
        _EVERYWHERE,
        ("start_maintenance",),
        {graft_versus_host: ("contraindicated", "unknown")},
    ),
    Never(
        "Local control can be waived only while it is owed.",
        _EVERYWHERE,
        ("waive_local_control",),
        {local_control_owed: ("no",)},
    ),
    Never(
        "No bridge to CAR-T cells unless the child is eligible.",
        _CHOOSING,
        ("bridge_to_car_t",),
        {cells.car_t_eligibility: ("no", "unknown")},
    ),
    Never(
        "What depends on a response is not offered while the response is not evaluable or not known.",
        ("decision_due",),
        ("start_maintenance", "consolidation_transplant", "bridge_to_car_t"),
        {r.response: ("NE", "unknown")},
    ),
    Never(
        "Local control after a response that is not evaluable is offered for comfort or for the central nervous "
        "system alone.",
        ("decision_due",),
        ("local_control",),
        {r.response: ("NE",), f.intent: ("treatment",), f.cns: ("none", "controlled", "suspected")},
    ),
    Never(
        "No systemic treatment without the family's consent.",
        _EVERYWHERE,
        ("continue_chemoimmunotherapy", *_COURSES, *_WITHIN_THE_LINE),
        {f.consent: _NOT_GIVEN},
    ),
    Never(
        "No new line of therapy without a consent given since the present one began.",
        _EVERYWHERE,
        ("start_chemoimmunotherapy", "change_line"),
        {f.new_line_consent: _NOT_GIVEN},
    ),
    Never(
        "No other antibody for new disease in the central nervous system.",
        _EVERYWHERE,
        ("switch_antibody",),
        {f.cns: ("new",)},
    ),
    Never(
        "While a life-threatening side effect goes on, nobody decides about the antibody alone.",
        (*_CHOOSING, *_GIVING),
        _WITHIN_THE_LINE,
        {f.tolerance: ("emergency",)},
    ),
    *(
        Never(sentence, (_MAKING,), ("bridge_to_car_t",), {cells.product: ("released",), **unless})
        for sentence, unless in _UNLESS_READY
    ),
    *(
        Never(
            sentence,
            (_LYMPHODEPLETING,),
            ("bridge_to_car_t",),
            {cells.lymphodepletion: ("awaited", "lapsed"), **unless},
        )
        for sentence, unless in _UNLESS_READY
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
        "While a life-threatening side effect goes on or may go on, treatment is not resumed.",
        _EVERYWHERE,
        ("resume",),
        {f.emergency: ("yes", "unknown")},
    ),
    Never(
        "Where the goal is comfort, nothing intensive is offered.",
        (*_CHOOSING, *_GIVING),
        (*_CYCLES, *_COURSES, "bridge_to_car_t", "consolidation_transplant", "resume"),
        {f.intent: ("comfort",), f.tolerance: ("fine", "limiting", "stop", "unknown")},
    ),
)

_WITHOUT_ANTIBODY: Final = (
    WithoutAntibody(
        "With an antibody of the present treatment stopped for good, the line goes on with chemotherapy alone, unless "
        "the antibody is switched.",
        ("chemoimmunotherapy.ready", "chemoimmunotherapy.cycle_running", "assessment_due", "restaging"),
        ("continue_chemoimmunotherapy",),
        {f.tolerance: ("stop",), f.held: ("no",), f.intent: ("treatment",), f.cns: ("none", "controlled")},
    ),
    WithoutAntibody(
        "With new disease in the central nervous system, another line is one without antibody.",
        (*_CHOOSING, *_GIVING, "assessment_due", "restaging", "local_control"),
        ("change_line",),
        {f.cns: ("new",), f.intent: ("treatment",), f.tolerance: ("fine", "limiting", "stop", "unknown")},
    ),
)
_GATED: Final = (
    ForAReason(
        "No cycle and no course is recommended unless the criteria to begin it are met; otherwise it is begun for a "
        "reason alone.",
        ("chemoimmunotherapy.ready", "maintenance.ready"),
        ("continue_chemoimmunotherapy", "continue_maintenance"),
        {start_criteria: ("not_met", "unknown", "stale")},
    ),
    ForAReason(
        "While a side effect interrupts the antibody, or its grade is not known and decides, a running cycle or course "
        "goes on for a reason alone.",
        ("chemoimmunotherapy.cycle_running", "maintenance.cycle_running"),
        ("continue_chemoimmunotherapy", "continue_maintenance"),
        {toxicity_action: ("hold", "end_today", "delay", "unknown")},
    ),
    ForAReason(
        "Once the planned courses have been given, no further one is recommended.",
        ("maintenance.ready",),
        ("continue_maintenance",),
        {planned_courses: ("done",)},
    ),
    Never(
        "No cycle begins while it is not known whether the child is fit for it.",
        ("chemoimmunotherapy.ready", "maintenance.ready"),
        ("continue_chemoimmunotherapy", "continue_maintenance"),
        {f.fitness: ("unknown", "stale"), f.tolerance: ("fine", "unknown"), f.held: ("no",)},
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
            {r.response: ("SD",), r.phase: ("mid", "limit"), **_BEFORE_LIMIT_OR_AT_IT},
            {r.response: ("MR",), r.phase: ("limit",), **_BEFORE_LIMIT_OR_AT_IT},
        ),
    ),
)

_DECIDED: Final = (
    Decided(
        "Systemic therapy begins with a decision, here or at the centre from which its line is taken over.",
        ("chemoimmunotherapy.ready", "chemoimmunotherapy.cycle_running"),
        told_by=("treatment_taken_over:cycles",),
    ),
    Decided(
        "Maintenance begins with a decision, here or at the centre from which it is taken over.",
        ("maintenance.ready", "maintenance.cycle_running"),
        told_by=("treatment_taken_over:maintenance",),
    ),
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
    Spared(_UNDER_WAY, "local_control", "E", "local_control"),
    Spared(_UNDER_WAY, "local_control", "F", "local_control"),
    Spared(_UNDER_WAY, "car_t_bridge.lymphodepletion", "F", "bridge_to_car_t"),
    *(
        Spared(_UNDER_WAY, f"car_t_bridge.{step}", "G", "bridge_to_car_t")
        for step in ("referred", "apheresis", "manufacturing")
    ),
)

_BRIDGE_GOES_ON: Final = (
    OpenUnknown(
        "The bridge goes on while eligibility is being decided; lymphodepletion asks for it, and once that was given "
        "the cells are infused unless the child is known not to be eligible.",
        cells.car_t_eligibility,
        ("no",),
        ("bridge_to_car_t",),
    ),
    OpenUnknown(
        "The bridge goes on while fitness is not known; lymphodepletion asks for it, and once that was given the cells "
        "are infused unless the child is known to be in poor condition.",
        f.fitness,
        ("poor",),
        ("bridge_to_car_t",),
    ),
    OpenUnknown(
        "Once lymphodepletion was given, the cells are infused unless a criterion is known not to be met.",
        cells.cell_criteria,
        ("not_met",),
        ("bridge_to_car_t",),
    ),
)

_TREATMENTS: Final = tuple(option.name for option in OPTIONS if option.treats)
_UNKNOWN: Final = (
    OpenUnknown(
        "A life-threatening side effect, a permanent stop and what limits treatment are recorded when they are seen: "
        "that nobody said how the last cycle was tolerated is no suspicion of one, and rows of their own ask for it "
        "before the next cycle and at the decision.",
        f.tolerance,
        ("emergency", "stop", "limiting"),
        _TREATMENTS,
    ),
    OpenUnknown(
        "Chemoimmunotherapy with GD2 not known is a documented choice, and GD2 is asked for alongside.",
        f.gd2,
        ("negative",),
        ("start_chemoimmunotherapy", "local_control", "start_maintenance"),
    ),
    OpenUnknown(
        "Eligibility for CAR-T cells, which the bridge needs, is known only where GD2 is known to be there.",
        f.gd2,
        ("negative",),
        ("bridge_to_car_t",),
    ),
    OpenUnknown(
        "Only the start of chemoimmunotherapy asks whether the disease is high-risk; an episode on this pathway is "
        "otherwise taken to be.",
        f.risk_group,
        ("not_high",),
        _TREATMENTS,
    ),
    OpenUnknown(
        "Where local control turns out to be feasible it comes before a change of line; until then the tumour board may "
        "choose one.",
        f.local_disease,
        ("yes",),
        ("change_line",),
    ),
    OpenUnknown(
        "While the number of earlier lines is not known the tumour board chooses, as it does after the third.",
        f.line,
        ("first_or_second",),
        ("start_chemoimmunotherapy",),
    ),
    OpenUnknown(
        "Eligibility for CAR-T cells, which the bridge needs, has its own limit of age.",
        age,
        ("infant",),
        ("bridge_to_car_t",),
    ),
    *(
        OpenUnknown(
            "To drop or to switch the antibody may be weighed whenever something about the next cycle is open.",
            finding,
            tuple(value for value in finding.domain if value not in OPEN),
            _WITHIN_THE_LINE,
        )
        for finding in (f.tolerance, f.fitness, start_criteria, planned_courses)
    ),
)

CLAIMS: Final[tuple[Claim, ...]] = (
    *_UNKNOWN,
    *_BRIDGE_GOES_ON,
    *_NEVER,
    *_WITHOUT_ANTIBODY,
    *_GATED,
    *_ONLY_FROM,
    *_DECIDED,
    *_SPARED,
)
