"""Between and during cycles and courses, and when a response has to be assessed."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse import toxicity as tox
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
    OPTIONS_AT_RELAPSE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.later_findings import CONTESTED
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    CLASS_RISK,
    FIGURE_1,
    NO_GD2,
    OBTAIN,
    UNDECIDED_GD2,
    WITHIN_THE_LINE,
    F,
    L,
    S,
    W,
    X,
    row,
    stay,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.start_criteria import start_criteria
from pathway.clinical.evidence import QARZIBA_SWISS, REVIEW, UNITUXIN_LABEL, Tag, cite
from pathway.engine.definition import Offer, Row

_HELD_UNGRADED = row("E0", "Treatment is on hold, and it is not known whether what goes on threatens life.", [g.HELD, g.EMERGENCY_UNKNOWN], OBTAIN, (Offer("resume"),), X, F, S, obtains=(f.emergency,), because=[g.chosen("hold re-check")])  # fmt: skip
_HELD = row("E", "Treatment is on hold: resume it or decide otherwise.", [g.HELD], None, (Offer("resume"), Offer("continue_chemoimmunotherapy", needs_reason=True), Offer("continue_maintenance", needs_reason=True)), X, F, S, because=[g.chosen("hold re-check")])  # fmt: skip
_STOPPED = row("F", "An antibody of the present treatment has been stopped for good.", [g.STOPPED], None, (Offer("drop_antibody"), Offer("switch_antibody", CLASS_RISK, needs_reason=True), Offer("continue_chemoimmunotherapy", "chemotherapy only", needs_reason=True, without_antibody=True), Offer("continue_maintenance", "without that antibody", needs_reason=True)), X, F, S, because=[g.chosen("toxicity outcomes: stop agent")])  # fmt: skip
_LABEL: Final = cite(QARZIBA_SWISS, Tag.SOURCE_READ, "criteria to begin a course")
_DELAY: Final = Offer("hold", "delay it, and check again in three days, at the latest in seven")


def _before(goes_on: str, *beside: tuple[Offer, ...]) -> tuple[Row, ...]:
    """What is looked at before the next cycle or course, whatever its criteria; `beside` is open while all is well."""
    others = (*WITHIN_THE_LINE, *(offer for group in beside for offer in group))
    treating = tuple(offer for group in beside for offer in group if group is not W)
    go_on = (Offer(goes_on, needs_reason=True), *others)
    modified = (Offer(goes_on, "modified", needs_reason=True), *others)
    switching = Offer("switch_antibody", NO_GD2, needs_reason=True)
    dropping = (switching if offer.option == switching.option else offer for offer in reversed(go_on))
    return (
        EMERGENCY,
        COMFORT,
        CNS_SUSPECTED,
        CNS_NEW,
        _HELD_UNGRADED,
        _HELD,
        _STOPPED,
        row("G", "It is not known how the last cycle was tolerated.", [g.TOLERANCE_UNKNOWN], OBTAIN, F, S, others, obtains=(f.tolerance, start_criteria)),
        row("G0", "It is not known whether the child is fit for the next cycle.", [g.FITNESS_UNKNOWN], OBTAIN, F, S, others, obtains=(f.fitness, start_criteria)),
        row("G0a", "An infection is not under control: delay the cycle until it is.", [g.INFECTED], _DELAY, go_on, X, F, S, because=[]),
        row("G0b", "What is known now contradicts the decision that led here: look at it again before treatment goes on.", [CONTESTED], None, X, treating, F, S, (Offer(goes_on, needs_reason=True),), because=[]),
        row("G0c", "A progression is suspected: confirm or refute it before the next cycle.", [g.SUSPICION_OPEN], OBTAIN, go_on, F, S, because=[g.MIMICS], obtains=(r.suspicion,)),
        row("G1", "A child in poor condition: decide before the next cycle.", [g.POOR_FITNESS], None, go_on, X, F, S, because=[OPTIONS_AT_RELAPSE]),
        row("G2", "GD2 was found negative after the antibody was chosen: decide about it before the next cycle.", [g.gd2_is("negative"), g.ANTIBODY_GIVEN], None, tuple(dropping), X, F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_GD2,)),
        row("G3", "Toxicity limits continuation: decide before the next cycle.", [g.TOLERANCE_LIMITING], None, modified, X, F, S, because=[cite(REVIEW, Tag.SOURCE_READ, "toxicity weighed beside response")]),
    )  # fmt: skip


def _gate(goes_on: str, *beside: tuple[Offer, ...]) -> tuple[Row, ...]:
    """The next cycle or course: whether its time and its criteria let it begin."""
    go_on = (Offer(goes_on, needs_reason=True),)
    return (
        row("G5", "The next cycle has been due for more than two weeks: decide how to go on.", [g.CYCLE_LATE], None, go_on, WITHIN_THE_LINE, *beside, X, F, S, because=[g.chosen("when things are due: the next cycle")], obtains=(start_criteria,)),
        row("G6", "The criteria to begin are not met: delay it, and check again after one to seven days.", [g.START_NOT_MET], _DELAY, go_on, WITHIN_THE_LINE, *beside, F, S, because=[_LABEL]),
        row("G7", "Not all that it needs to begin is known, or recent enough.", [g.START_UNKNOWN], OBTAIN, go_on, WITHIN_THE_LINE, *beside, F, S, because=[_LABEL], obtains=(start_criteria,)),
        row("H", "The criteria are met: it may begin.", [], goes_on, WITHIN_THE_LINE, *beside, F, S),
    )  # fmt: skip


GIVING: Final[tuple[Row, ...]] = (
    *_before("continue_chemoimmunotherapy"),
    *_gate("continue_chemoimmunotherapy"),
)

_HOLD_ANTIBODY: Final = Offer("hold", "the antibody; what else was planned is a choice of its own")
_GO_ON_WITHOUT: Final = (Offer("continue_chemoimmunotherapy", "without the antibody meanwhile", needs_reason=True), Offer("continue_maintenance", "without the antibody meanwhile", needs_reason=True))  # fmt: skip
_CULTURES: Final = "With fever: blood cultures, always."
_SIDE_EFFECTS: Final[tuple[Row, ...]] = (
    row("G1", "Interrupt the infusion now: a side effect ends the antibody for this course.", [tox.NEXT_COURSE], _HOLD_ANTIBODY, _GO_ON_WITHOUT, WITHIN_THE_LINE, X, F, S, because=[], notes=(_CULTURES,)),
    row("G2", "Interrupt the infusion now: a severe side effect has come again, and ends it for today.", [tox.ENDS_TODAY], _HOLD_ANTIBODY, _GO_ON_WITHOUT, WITHIN_THE_LINE, X, F, S, because=[], notes=(_CULTURES,)),
    row("G3", "Interrupt the infusion now, and give none, until the side effect has come down.", [tox.INTERRUPTS], _HOLD_ANTIBODY, _GO_ON_WITHOUT, WITHIN_THE_LINE, X, F, S, because=[], notes=(_CULTURES,)),
    row("G3a", "An infection is out of control: interrupt the infusion, and give none, until it has resolved.", [g.INFECTED, g.ANTIBODY_GIVEN], _HOLD_ANTIBODY, _GO_ON_WITHOUT, WITHIN_THE_LINE, X, F, S, because=[cite(UNITUXIN_LABEL, Tag.SOURCE_READ, "systemic infection: stop until resolved"), g.chosen("the same for the other antibodies")], notes=(_CULTURES,)),
    row("G4", "A side effect goes on whose grade decides: obtain the grade.", [tox.GRADE_DECIDES], OBTAIN, F, S, because=[], obtains=(tox.toxicity_action,)),
)  # fmt: skip
_MODIFIES: Final = (
    "A side effect goes on for which the label asks to modify the infusion: go on so, and complete it."
)

RUNNING: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    _HELD_UNGRADED,
    _HELD,
    _STOPPED,
    *_SIDE_EFFECTS,
    row("G5", _MODIFIES, [tox.MODIFIES], Offer("continue_chemoimmunotherapy", "modified"), WITHIN_THE_LINE, F, S, because=[], notes=(_CULTURES,)),
    row("H", "The cycle is running: complete it and record how it was delivered.", [], "continue_chemoimmunotherapy", WITHIN_THE_LINE, F, S),
)  # fmt: skip

GIVING_MAINTENANCE: Final[tuple[Row, ...]] = (
    *_before("continue_maintenance", L, W),
    row("G4", "The planned courses have been given: assess the response and decide how to go on.", [g.COURSES_DONE], OBTAIN, W, (Offer("continue_maintenance", needs_reason=True),), WITHIN_THE_LINE, L, X, F, S, because=[g.chosen("planned courses of maintenance")], obtains=(r.assessment,)),
    *_gate("continue_maintenance", L, W),
)  # fmt: skip

RUNNING_MAINTENANCE: Final[tuple[Row, ...]] = (
    *RUNNING[:-2],
    row(
        "G5",
        _MODIFIES,
        [tox.MODIFIES],
        Offer("continue_maintenance", "modified"),
        F,
        S,
        because=[],
        notes=(_CULTURES,),
    ),
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
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    row(
        "E",
        "The response has to be assessed; an antibody has been stopped for good.",
        [g.STOPPED],
        OBTAIN,
        (
            Offer(
                "continue_chemoimmunotherapy",
                "chemotherapy only, without the assessment",
                needs_reason=True,
                without_antibody=True,
            ),
            Offer("drop_antibody"),
            Offer("switch_antibody", CLASS_RISK, needs_reason=True),
        ),
        F,
        S,
        because=[FIGURE_1, g.chosen("toxicity outcomes: stop agent")],
        obtains=(r.assessment,),
    ),
    row(
        "F",
        "The response has to be assessed before anything is decided.",
        [],
        OBTAIN,
        stay("without the assessment", needs_reason=True),
        F,
        S,
        obtains=(r.assessment,),
    ),
)
