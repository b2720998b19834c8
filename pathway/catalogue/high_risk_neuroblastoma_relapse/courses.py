"""What holds on every course an episode of version 1 can take, in sentences that are checked on every step."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import effects as e
from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse.version_1 import STATES
from pathway.engine.paths import Courses, Property, Step

_READY: Final = "chemoimmunotherapy.ready"
_MAINTENANCE: Final = ("maintenance.ready", "maintenance.cycle_running")
_GIVEN_HERE: Final = tuple(
    state.name
    for state in STATES
    if state.name.startswith(("chemoimmunotherapy.", "maintenance.", "local_control", "car_t_bridge."))
)
_CELLS_GIVEN: Final = ("car_t_bridge.monitoring", "car_t_bridge.response_due")
_ON_A_RESPONSE: Final = ("decide:start_maintenance", "decide:consolidation_transplant")
_NEW_LINE: Final = e.NEW_LINE
_DECISION: Final = "decide:"


def _decided(step: Step) -> bool:
    return step.cause.startswith(_DECISION)


def _begins(step: Step, *states: str) -> bool:
    """True when the step enters one of these states from outside."""
    return step.before[0] not in states and step.after[0] in states


def _ungated(step: Step) -> bool:
    begun = step.cause == "cycle_started" and step.moved
    excused = step.was(e.reasoned) == "yes" or step.now(e.review) == "yes"
    return begun and step.now(e.gate) == "not met" and not excused


def _unassessed(step: Step) -> bool:
    begun = step.cause == "cycle_started" and step.moved
    return begun and step.was(e.cycles_since) == "2 or more" and step.now(e.review) == "no"


def _goes_on_unassessed(step: Step) -> bool:
    goes_on = step.cause == "decide:continue_chemoimmunotherapy" and step.how == "recommended"
    waiting = step.before[0] in ("assessment_due", _READY)
    return goes_on and waiting and step.was(e.cycles_since) == "2 or more"


def _beside_the_pathway(step: Step) -> bool:
    given = step.cause in ("cycle_started", "car_t:lymphodepletion", "car_t:infused")
    expected = step.moved or (
        step.cause == "car_t:lymphodepletion" and step.before[0] == "car_t_bridge.lymphodepletion"
    )
    return given and not expected and step.now(e.review) == "no"


def _stopped_agent_given(step: Step) -> bool:
    begun = step.cause in ("cycle_started", *e.TAKEN_OVER) and step.now(e.agents) == "stopped"
    return begun and step.moved and step.now(e.stop_review) == "no"


def _maintenance_in_progression(step: Step) -> bool:
    begins = step.cause == "decide:start_maintenance" or (_decided(step) and _begins(step, *_MAINTENANCE))
    standing = step.was(e.answer) == "progression" or (
        step.cause == "decide:start_maintenance" and step.was(e.answer) == "open progression"
    )
    return begins and step.offered and step.before[0] == "decision_due" and standing


def _on_no_response(step: Step) -> bool:
    needs = step.cause in _ON_A_RESPONSE or (
        step.cause == "decide:bridge_to_car_t" and step.before[0] == "decision_due"
    )
    return needs and step.moved and step.offered and step.was(e.answer) in ("not evaluable", "unsettled")


def _old_baseline(step: Step) -> bool:
    if step.cause not in _NEW_LINE:
        return False
    fresh = step.now(e.cycles_since) == "0" and step.now(r.cycles_given) == "no"
    return not (fresh and step.now(r.assessment) == "incomplete" and step.now(f.line_under_way) == "yes")


def _goes_on_in_progression(step: Step) -> bool:
    confirmed = step.cause == "progression confirmed"
    rated = step.cause in e.ASSESSMENTS and step.now(r.assessment) == "progression"
    # Before the first cycle of a line it is the progression the line was chosen for.
    baseline = step.before[0] == _READY and step.now(r.cycles_given) == "no"
    return (confirmed or (rated and not baseline)) and step.after[0] in _GIVEN_HERE


def _treated_by_a_fact(step: Step) -> bool:
    entered = next(
        (
            states
            for states in (e.SYSTEMIC, _MAINTENANCE, ("local_control",), e.CELLS)
            if _begins(step, *states)
        ),
        None,
    )
    return entered is not None and not _decided(step) and step.cause not in e.TAKEN_OVER


def _infused_by_a_fact(step: Step) -> bool:
    entered = _begins(step, "car_t_bridge.lymphodepletion") and not _decided(step)
    return entered or (
        _begins(step, *_CELLS_GIVEN)
        and not _decided(step)
        and step.before[0] != "car_t_bridge.lymphodepletion"
    )


def _line_ended_silently(step: Step) -> bool:
    return (
        step.cause == "decide:start_chemoimmunotherapy"
        and step.offered
        and step.was(f.line_under_way) == "yes"
    )


PROPERTIES: Final = (
    Property(
        "No cycle begins without its start criteria met, a recorded reason, or an open review task.",
        (e.gate, e.reasoned, e.review),
        _ungated,
    ),
    Property(
        "After two cycles without an assessment no third begins without a recorded reason or an open review task.",
        (e.cycles_since, e.gate, e.reasoned, e.review),
        _unassessed,
    ),
    Property(
        "After two cycles without an assessment it is never recommended to go on with the line.",
        (e.cycles_since,),
        _goes_on_unassessed,
    ),
    Property(
        "A cycle or a step of cell therapy beside the pathway leaves a review task open.",
        (e.review,),
        _beside_the_pathway,
    ),
    Property("An agent stopped for good stays stopped.", (e.stopped,), lambda step: (step.was(e.stopped), step.now(e.stopped)) == ("yes", "no")),
    Property(
        "No cycle gives an agent stopped for good without two signatures, or an open review task.",
        (e.agents, e.stop_review),
        _stopped_agent_given,
    ),
    Property(
        "Maintenance is not offered while a progression stands undecided.",
        (e.answer,),
        _maintenance_in_progression,
    ),
    Property(
        "What depends on a response is not begun while the response is not evaluable or not known.",
        (e.answer,),
        _on_no_response,
    ),
    Property(
        "A new line begins with no cycle counted and no earlier assessment.",
        (e.cycles_since, r.cycles_given, r.assessment, f.line_under_way),
        _old_baseline,
    ),
    Property(
        "After progression, in whatever state, the next treatment begins with a decision.",
        (r.assessment, r.cycles_given, r.evidence),
        _goes_on_in_progression,
    ),
    Property("Treatment begins with a decision.", (), _treated_by_a_fact),
    Property("Lymphodepletion begins with a decision, and cells are infused after it alone.", (), _infused_by_a_fact),
    Property(
        "A line is not begun as a first one while another is under way.",
        (f.line_under_way,),
        _line_ended_silently,
    ),
    Property(
        "A closed episode goes on by being reopened, and by nothing else that is offered.",
        (),
        lambda step: step.before[0] == "closed" and step.moved and not (step.cause == "decide:reopen" or (_decided(step) and not step.offered)),
    ),
)  # fmt: skip


def needs_two(step: Step) -> bool:
    """An agent stopped for good is given again with two signatures alone (pathway.use_cases.decide)."""
    return e.agents in step.follows and step.cause in e.GIVING_AGENTS and step.now(e.agents) != "free"


COURSES: Final = Courses(e.TRACKED, e.EFFECTS, e.FACTS, e.AT_FIRST, needs_two, PROPERTIES, "closed")
