"""Between and during cycles and courses, and when a response has to be assessed."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
    OPTIONS_AT_RELAPSE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    FIGURE_1,
    OBTAIN,
    UNDECIDED_GD2,
    F,
    L,
    S,
    W,
    X,
    row,
    stay,
)
from pathway.clinical.evidence import REVIEW, Tag, cite
from pathway.engine.definition import Offer, Row

_HELD = row("E", "Treatment is on hold: resume it or decide otherwise.", [g.HELD], None, (Offer("continue_chemoimmunotherapy"), Offer("continue_maintenance")), X, F, S, because=[g.chosen("hold re-check")])  # fmt: skip
_STOPPED = row("F", "An antibody of the present treatment has been stopped for good.", [g.STOPPED], None, (Offer("switch_or_drop_antibody"), Offer("continue_chemoimmunotherapy", "chemotherapy only"), Offer("continue_maintenance", "without that antibody")), X, F, S, because=[g.chosen("toxicity outcomes: stop agent")])  # fmt: skip

START_CRITERIA: Final = (
    "The service does not check blood counts, organ function, oxygen saturation or infection before a cycle: "
    "hold them against the start criteria of the protocol."
)

GIVING: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    _HELD,
    _STOPPED,
    row("G", "It is not known how the last cycle was tolerated.", [g.TOLERANCE_UNKNOWN], OBTAIN, F, S, (Offer("switch_or_drop_antibody"),), obtains=(f.tolerance,)),
    row("G1", "A child in poor condition: decide before the next cycle.", [g.POOR_FITNESS], None, (Offer("continue_chemoimmunotherapy"), Offer("continue_maintenance"), Offer("switch_or_drop_antibody")), X, F, S, because=[OPTIONS_AT_RELAPSE]),
    row("G2", "GD2 was found negative after the antibody was chosen: decide about it before the next cycle.", [g.gd2_is("negative"), g.ANTIBODY_GIVEN], None, (Offer("switch_or_drop_antibody"), Offer("continue_chemoimmunotherapy", needs_reason=True), Offer("continue_maintenance", needs_reason=True)), X, F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_GD2,)),
    row("G3", "Toxicity limits continuation: decide before the next cycle.", [g.TOLERANCE_LIMITING], None, (Offer("continue_chemoimmunotherapy", "modified"), Offer("continue_maintenance", "modified"), Offer("switch_or_drop_antibody")), X, F, S, because=[cite(REVIEW, Tag.SOURCE_READ, "toxicity weighed beside response")]),
    row("H", "The next cycle, if the start criteria are met.", [], "continue_chemoimmunotherapy", (Offer("switch_or_drop_antibody"),), F, S, notes=(START_CRITERIA,)),
)  # fmt: skip

RUNNING: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
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
