"""The pathway for relapsed or refractory high-risk neuroblastoma, version 1: states, options, edges."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds, windows
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    FIGURE_1,
    MATRIX,
    OBTAIN,
    OFF_LABEL,
    UNDECIDED_GD2,
    UNDECIDED_INTENT,
    UNDECIDED_LOCAL,
    B,
    F,
    L,
    S,
    W,
    X,
    row,
    stay,
)
from pathway.clinical.evidence import LOCATELLI_2025, NCI_PDQ_2025, REVIEW, Tag, cite
from pathway.clinical.terms import Response
from pathway.engine.definition import ANYWHERE, STAY, Duty, Offer, Option, Pathway, Row, State, Transition
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    AssessmentRecorded,
    Event,
    Gd2Measured,
    LocalControlCompleted,
    ResponseConfirmed,
)
from pathway.episodes.events import ProgressionEvidenceRecorded as Progression

_OPTIONS = cite(NCI_PDQ_2025, Tag.SOURCE_READ, "options at relapse")
_SYSTEMIC = g.context_is("systemic", "local_control")

OPTIONS: Final = (
    Option("start_chemoimmunotherapy", "start chemoimmunotherapy", (g.NO_LINE_UNDER_WAY, g.HIGH_RISK, g.CONSENT), True, "new_line"),
    Option("continue_chemoimmunotherapy", "continue chemoimmunotherapy", (g.LINE_UNDER_WAY, _SYSTEMIC, g.CONSENT), True, "agents"),
    Option("start_maintenance", "start or extend maintenance", (g.CONSENT,), True, "new_courses"),
    Option("continue_maintenance", "go on with maintenance", (g.context_is("maintenance"), g.CONSENT), True, "agents"),
    Option("local_control", "local control by surgery or radiotherapy", (g.LOCAL_DISEASE,), True),
    Option("bridge_to_car_t", "bridge to GD2 CAR-T cells", (g.CAR_T_ELIGIBLE, g.CAR_T_CONSENT), True),
    Option("continue_monitoring", "go on to the next time point after CAR-T cells", (g.context_is("car_t"),)),
    Option("change_line", "change to another line of systemic therapy", (g.CONSENT,), True, "new_line"),
    Option("consolidation_transplant", "consolidation with a stem cell transplant", (g.TRANSPLANT_OPEN,), True),
    Option("switch_or_drop_antibody", "switch or drop the antibody within the line", (g.ANTIBODY_GIVEN, g.CONSENT), True, "agents"),
    Option("hold", "hold treatment and look again", (), False, "hold"),
    Option("resume", "resume treatment after a hold", (g.HELD, g.NO_EMERGENCY, g.NOT_COMFORT), True, "resume"),
    Option("stop_agent", "stop an agent for good", (), False, "stop"),
    Option(OBTAIN, "obtain what is missing"),
    Option("follow_up", "follow-up"),
    Option("supportive_care", "supportive care"),
    Option("refer", "refer elsewhere (central nervous system team, trial, other centre)"),
    Option("reopen", "reopen the episode", (), False, "reopen"),
    Option("close", "close the episode", (), False, "close"),
    Option("other", "something else, said in words"),
)  # fmt: skip

ALWAYS: Final = (
    Offer("hold"),
    Offer("resume"),
    Offer("stop_agent"),
    Offer("other", "say what in words", needs_reason=True),
    Offer("close", "say why", needs_reason=True),
)
"""What no table takes away: making treatment safer, saying what the list lacks, ending the episode."""


def _always(*taken: str) -> tuple[Offer, ...]:
    return tuple(offer for offer in ALWAYS if offer.option not in taken)


_EMERGENCY = row("A", "A life-threatening side effect comes first: manage it, then decide again.", [g.EMERGENCY], "hold", because=[])  # fmt: skip
_COMFORT = row("B", "The goal of care is comfort.", [g.COMFORT], "supportive_care", X, L, F, because=[_OPTIONS], notes=(UNDECIDED_INTENT,))  # fmt: skip
_CNS_SUSPECTED = row("C", "Disease in the central nervous system is suspected: image brain and spine.", [g.CNS_SUSPECTED], OBTAIN, S, F, because=[_OPTIONS], obtains=(f.cns,))  # fmt: skip
_CNS_NEW = row("D", "New disease in the central nervous system: refer.", [g.CNS_NEW], "refer", (Offer("local_control", "surgery or radiotherapy of the central nervous system", exempt=True),), (Offer("change_line", "without antibody"),), S, because=[cite(NCI_PDQ_2025, Tag.SOURCE_READ, "CNS relapse")])  # fmt: skip
_NOT_HIGH_RISK = row("E", "Not high-risk neuroblastoma: this pathway was not written for it.", [g.NOT_HIGH_RISK], None, W, L, F, S, because=[g.chosen("eligibility")], notes=("Some of these tumours mature or stay quiet without treatment; over-treatment is the danger.",))  # fmt: skip

SUSPECTED: Final[tuple[Row, ...]] = (
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    _NOT_HIGH_RISK,
    row(
        "F",
        "Progression is suspected: complete the work-up (CT or MRI, MIBG or FDG-PET, bilateral marrow, biopsy where "
        "it could be maturation).",
        [],
        OBTAIN,
        W,
        F,
        S,
        because=[cite(REVIEW, Tag.SOURCE_READ, "work-up"), _OPTIONS],
        obtains=(f.evidence,),
    ),
)

PLANNING: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    _NOT_HIGH_RISK,
    row("F", "It is not known whether the child is fit for treatment.", [g.FITNESS_UNKNOWN], OBTAIN, F, S, obtains=(f.fitness,)),
    row("G", "A child in poor condition.", [g.POOR_FITNESS], None, (Offer("start_chemoimmunotherapy"),), X, L, W, F, S, because=[_OPTIONS], notes=(UNDECIDED_INTENT,)),
    row("G2", "A relapse after the third or a later line.", [g.LATE_LINE], None, X, (Offer("start_chemoimmunotherapy"),), L, W, F, S, because=[_OPTIONS], notes=(UNDECIDED_INTENT,)),
    row("H", "An anti-GD2 antibody was stopped for good before.", [g.STOPPED_BEFORE], None, X, L, B, (Offer("start_chemoimmunotherapy", "with another antibody; the class may carry the same risk", needs_reason=True),), F, S, because=[g.chosen("toxicity outcomes: stop agent")]),
    row("I", "Relapse that can be treated locally: locally first, or after two cycles.", [g.LOCAL_DISEASE], None, L, (Offer("start_chemoimmunotherapy"),), X, B, F, S, because=[cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance")], notes=(UNDECIDED_LOCAL, OFF_LABEL)),
    row("J", "GD2 negative: a treatment that does not need GD2.", [g.gd2_is("negative")], Offer("change_line", "without anti-GD2 antibody"), F, S, because=[_OPTIONS], notes=(UNDECIDED_GD2,)),
    row("K", "Confirmed progression, GD2 not known: start chemoimmunotherapy and measure GD2 without waiting for it.", [g.gd2_is("unknown", "stale")], Offer("start_chemoimmunotherapy", "GD2 unknown is a documented choice"), X, B, L, F, S, because=[FIGURE_1, _OPTIONS], obtains=(f.gd2,), notes=(UNDECIDED_GD2, OFF_LABEL)),
    row("L", "Confirmed progression: start chemoimmunotherapy.", [], "start_chemoimmunotherapy", X, B, L, F, S, because=[FIGURE_1, _OPTIONS], notes=(OFF_LABEL,)),
)  # fmt: skip

_HELD = row("E", "Treatment is on hold: resume it or decide otherwise.", [g.HELD], None, (Offer("continue_chemoimmunotherapy"), Offer("continue_maintenance")), X, F, S, because=[g.chosen("hold re-check")])  # fmt: skip
_STOPPED = row("F", "An antibody of the present treatment has been stopped for good.", [g.STOPPED], None, (Offer("switch_or_drop_antibody"), Offer("continue_chemoimmunotherapy", "chemotherapy only"), Offer("continue_maintenance", "without that antibody")), X, F, S, because=[g.chosen("toxicity outcomes: stop agent")])  # fmt: skip

START_CRITERIA: Final = (
    "The service does not check blood counts, organ function, oxygen saturation or infection before a cycle: "
    "hold them against the start criteria of the protocol."
)

GIVING: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    _HELD,
    _STOPPED,
    row("G", "It is not known how the last cycle was tolerated.", [g.TOLERANCE_UNKNOWN], OBTAIN, F, S, (Offer("switch_or_drop_antibody"),), obtains=(f.tolerance,)),
    row("G1", "A child in poor condition: decide before the next cycle.", [g.POOR_FITNESS], None, (Offer("continue_chemoimmunotherapy"), Offer("continue_maintenance"), Offer("switch_or_drop_antibody")), X, F, S, because=[_OPTIONS]),
    row("G2", "GD2 was found negative after the antibody was chosen: decide about it before the next cycle.", [g.gd2_is("negative"), g.ANTIBODY_GIVEN], None, (Offer("switch_or_drop_antibody"), Offer("continue_chemoimmunotherapy", needs_reason=True), Offer("continue_maintenance", needs_reason=True)), X, F, S, because=[_OPTIONS], notes=(UNDECIDED_GD2,)),
    row("G3", "Toxicity limits continuation: decide before the next cycle.", [g.TOLERANCE_LIMITING], None, (Offer("continue_chemoimmunotherapy", "modified"), Offer("continue_maintenance", "modified"), Offer("switch_or_drop_antibody")), X, F, S, because=[cite(REVIEW, Tag.SOURCE_READ, "toxicity weighed beside response")]),
    row("H", "The next cycle, if the start criteria are met.", [], "continue_chemoimmunotherapy", (Offer("switch_or_drop_antibody"),), F, S, notes=(START_CRITERIA,)),
)  # fmt: skip

RUNNING: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    _HELD,
    _STOPPED,
    row("H", "The cycle is running: complete it and record how it was delivered.", [], "continue_chemoimmunotherapy", (Offer("switch_or_drop_antibody"),), F, S),
)  # fmt: skip

GIVING_MAINTENANCE: Final[tuple[Row, ...]] = (
    *GIVING[:-1],
    row(
        "H",
        "The next course of maintenance, if the start criteria are met.",
        [],
        "continue_maintenance",
        L,
        W,
        F,
        S,
        notes=(START_CRITERIA,),
    ),
)

RUNNING_MAINTENANCE: Final[tuple[Row, ...]] = (
    *RUNNING[:-1],
    row(
        "H",
        "The course is running: complete it and record how it was delivered.",
        [],
        "continue_maintenance",
        F,
        S,
    ),
)

ASSESSING: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    row(
        "E",
        "The response has to be assessed; an antibody has been stopped for good.",
        [g.STOPPED],
        OBTAIN,
        (
            Offer(
                "continue_chemoimmunotherapy", "chemotherapy only, without the assessment", needs_reason=True
            ),
            Offer("switch_or_drop_antibody"),
        ),
        F,
        S,
        because=[FIGURE_1, g.chosen("toxicity outcomes: stop agent")],
        obtains=(f.assessment,),
    ),
    row(
        "F",
        "The response has to be assessed before anything is decided.",
        [],
        OBTAIN,
        stay("without the assessment", needs_reason=True),
        F,
        S,
        obtains=(f.assessment,),
    ),
)

LOCAL: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    row("F", "Local control was decided: carry it out.", [], Offer("local_control", exempt=True), X, (Offer("continue_chemoimmunotherapy", "local control is put off", needs_reason=True),), F, S),
)  # fmt: skip

_INELIGIBLE = row("E", "The child is not eligible for GD2 CAR-T cells: decide otherwise.", [g.CAR_T_INELIGIBLE], None, X, L, F, S, because=[cite(LOCATELLI_2025, Tag.SOURCE_READ, "low disease burden")])  # fmt: skip

BRIDGE: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    _INELIGIBLE,
    row("F", "The cell product has been released: go on to lymphodepletion, after restaging.", [g.PRODUCT_RELEASED], "bridge_to_car_t", X, L, F, S, because=[cite(LOCATELLI_2025, Tag.SOURCE_READ, "low disease burden")]),
    row("G", "The bridge goes on: eligibility, collection, manufacturing.", [], Offer("bridge_to_car_t", exempt=True), X, L, F, S, because=[FIGURE_1]),
)  # fmt: skip

CELLS_GIVEN: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    row("F", "After CAR-T cells: watch for CRS and ICANS, assess the response at the next time point.", [], "continue_monitoring", L, W, F, S, because=[cite(LOCATELLI_2025, Tag.SOURCE_READ, "time points")]),
)  # fmt: skip

FOLLOWING: Final[tuple[Row, ...]] = (
    _CNS_SUSPECTED,
    _CNS_NEW,
    row(
        "E",
        "The last visit raised a suspicion: work it up.",
        [g.VISIT_SUSPICIOUS],
        OBTAIN,
        W,
        F,
        S,
        because=[cite(NCI_PDQ_2025, Tag.SOURCE_READ, "surveillance")],
        obtains=(f.evidence,),
    ),
    row(
        "F",
        "Follow-up goes on.",
        [],
        "follow_up",
        F,
        S,
        because=[cite(NCI_PDQ_2025, Tag.SOURCE_READ, "surveillance")],
    ),
)

ELSEWHERE: Final[tuple[Row, ...]] = (
    row("F", "The child is treated elsewhere; nothing is due here.", [], None, W, S, X, because=[g.chosen("referral")], rests=True),
)  # fmt: skip

COMFORTING: Final[tuple[Row, ...]] = (
    row("F", "Supportive care goes on.", [], "supportive_care", (Offer("change_line", "low intensity only"),), L, W, F, because=[_OPTIONS]),
)  # fmt: skip

CLOSED: Final[tuple[Row, ...]] = (
    row("F", "The episode is closed.", [], None, (Offer("reopen", needs_reason=True),), because=[g.chosen("closure")], rests=True),
)  # fmt: skip

_LYMPHODEPLETING: Final[tuple[Row, ...]] = (
    _EMERGENCY,
    _COMFORT,
    _CNS_SUSPECTED,
    _CNS_NEW,
    _INELIGIBLE,
    row(
        "F",
        "Lymphodepletion was decided: carry it out and infuse.",
        [],
        "bridge_to_car_t",
        F,
        S,
    ),
)

STATES: Final = (
    State("progression_suspected", "Progression suspected", SUSPECTED, _always("resume"), "", ends_line=True, schedule=windows.suspected),
    State("progression_confirmed", "Progression confirmed: planning", PLANNING, _always("resume"), "", ends_line=True, schedule=windows.confirmed),
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
    State("car_t_bridge.lymphodepletion", "CAR-T bridge: lymphodepletion", _LYMPHODEPLETING, ALWAYS, "car_t", schedule=windows.lymphodepletion),
    State("car_t_bridge.monitoring", "CAR-T cells given: monitoring", CELLS_GIVEN, ALWAYS, "car_t", schedule=windows.after_infusion),
    State("car_t_bridge.response_due", "CAR-T cells given: response due", CELLS_GIVEN, ALWAYS, "car_t", schedule=windows.after_infusion),
    State("follow_up", "Follow-up", FOLLOWING, _always("resume", "hold", "stop_agent"), "follow_up", ends_line=True, schedule=windows.follow_up),
    State("referred_elsewhere", "Referred elsewhere", ELSEWHERE, _always("resume", "hold", "stop_agent"), schedule=windows.nothing),
    State("supportive_care", "Supportive care", COMFORTING, _always("resume", "hold", "stop_agent"), schedule=windows.nothing),
    State("closed", "Closed", CLOSED, (), schedule=windows.nothing),
)  # fmt: skip

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


def _local_relapse(_: Episode, event: Event) -> bool:
    return isinstance(event, Progression) and event.confirmed and event.pattern == "local"


def _progressed(episode: Episode, event: Event) -> bool:
    if isinstance(event, Progression):
        return event.confirmed
    last = episode.last_response
    return (
        isinstance(event, AssessmentRecorded | ResponseConfirmed)
        and last is not None
        and last.value == Response.PD
    )


DUTIES: Final = (
    Duty(
        "local_control",
        "Local control planned from the start",
        _local_relapse,
        lambda _, event: isinstance(event, LocalControlCompleted),
        windows.LOCAL_PLAN,
    ),
    Duty(
        "gd2_again",
        "GD2 measured again at progression",
        _progressed,
        lambda _, event: isinstance(event, Gd2Measured),
        windows.GD2_AGAIN,
    ),
)

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
