"""Before a line of therapy: the work-up of a suspected progression, and the plan once it is confirmed."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
    NOT_HIGH_RISK,
    OPTIONS_AT_RELAPSE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    FIGURE_1,
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
)
from pathway.clinical.evidence import REVIEW, Tag, cite
from pathway.engine.definition import Offer, Row

SUSPECTED: Final[tuple[Row, ...]] = (
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    NOT_HIGH_RISK,
    row(
        "F",
        "Progression is suspected: complete the work-up (CT or MRI, MIBG or FDG-PET, bilateral marrow, biopsy where "
        "it could be maturation).",
        [],
        OBTAIN,
        W,
        F,
        S,
        because=[cite(REVIEW, Tag.SOURCE_READ, "work-up"), OPTIONS_AT_RELAPSE],
        obtains=(f.evidence,),
    ),
)

PLANNING: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    NOT_HIGH_RISK,
    row("F", "It is not known whether the child is fit for treatment.", [g.FITNESS_UNKNOWN], OBTAIN, F, S, obtains=(f.fitness,)),
    row("G", "A child in poor condition.", [g.POOR_FITNESS], None, (Offer("start_chemoimmunotherapy"),), X, L, W, F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_INTENT,)),
    row("G2", "A relapse after the third or a later line.", [g.LATE_LINE], None, X, (Offer("start_chemoimmunotherapy"),), L, W, F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_INTENT,)),
    row("H", "An anti-GD2 antibody was stopped for good before.", [g.STOPPED_BEFORE], None, X, L, B, (Offer("start_chemoimmunotherapy", "with another antibody; the class may carry the same risk", needs_reason=True),), F, S, because=[g.chosen("toxicity outcomes: stop agent")]),
    row("I", "Relapse that can be treated locally: locally first, or after two cycles.", [g.LOCAL_DISEASE], None, L, (Offer("start_chemoimmunotherapy"),), X, B, F, S, because=[cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance")], notes=(UNDECIDED_LOCAL, OFF_LABEL)),
    row("J", "GD2 negative: a treatment that does not need GD2.", [g.gd2_is("negative")], Offer("change_line", "without anti-GD2 antibody"), F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_GD2,)),
    row("K", "Confirmed progression, GD2 not known: start chemoimmunotherapy and measure GD2 without waiting for it.", [g.gd2_is("unknown", "stale")], Offer("start_chemoimmunotherapy", "GD2 unknown is a documented choice"), X, B, L, F, S, because=[FIGURE_1, OPTIONS_AT_RELAPSE], obtains=(f.gd2,), notes=(UNDECIDED_GD2, OFF_LABEL)),
    row("L", "Confirmed progression: start chemoimmunotherapy.", [], "start_chemoimmunotherapy", X, B, L, F, S, because=[FIGURE_1, OPTIONS_AT_RELAPSE], notes=(OFF_LABEL,)),
)  # fmt: skip
