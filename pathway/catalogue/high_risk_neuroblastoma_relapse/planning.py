"""Before a line of therapy: the work-up of a suspected progression, and the plan once it is confirmed."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse import planning_findings as p
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
    NOT_HIGH_RISK,
    OPTIONS_AT_RELAPSE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    CLASS_RISK,
    FIGURE_1,
    LOW_INTENSITY,
    OBTAIN,
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

_WORK_UP: Final = cite(REVIEW, Tag.SOURCE_READ, "work-up")
_LOCAL: Final = cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance")
_COMPLETE: Final = (
    "complete the work-up (CT or MRI of the regions involved, MIBG or else FDG-PET, marrow from both sides, MRI of "
    "the brain where there are symptoms, biopsy where it could be maturation)"
)

SUSPECTED: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    NOT_HIGH_RISK,
    row("F1", f"Local disease is suspected: {_COMPLETE}, and have it judged whether it can be treated locally.", [p.LOCAL_PATTERN], OBTAIN, W, F, S, because=[_WORK_UP, _LOCAL, OPTIONS_AT_RELAPSE], obtains=(r.evidence, f.local_disease)),
    row("F", f"Relapse, progression or refractory disease is suspected: {_COMPLETE}.", [], OBTAIN, W, F, S, because=[_WORK_UP, OPTIONS_AT_RELAPSE], obtains=(r.evidence,)),
)  # fmt: skip

_START: Final = (Offer("start_chemoimmunotherapy"),)
_GD2_UNKNOWN: Final = Offer("start_chemoimmunotherapy", "GD2 unknown is a documented choice")
_WATCH: Final = (Offer("follow_up", "indolent disease in a fit child, watched closely", needs_reason=True),)
_OUTSIDE_THE_TRIALS: Final = (
    Offer("start_chemoimmunotherapy", "at an age that the trials did not include", needs_reason=True),
)
_QUIET: Final = "Some of these tumours shrink or stay quiet without treatment; over-treatment is the danger."

PLANNING: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    NOT_HIGH_RISK,
    row("E1", "An infant: this pathway was written for older children.", [p.INFANT], None, W, _OUTSIDE_THE_TRIALS, X, L, F, S, because=[g.chosen("eligibility: infants, stage 4S, maturing ganglioneuroblastoma")], notes=(_QUIET,)),
    row("E2", "An adult: the figures behind this pathway are those of children and young people.", [p.ADULT], None, _OUTSIDE_THE_TRIALS, X, B, L, W, F, S, because=[g.chosen("eligibility")]),
    row("F", "It is not known whether the child is fit for treatment.", [g.FITNESS_UNKNOWN], OBTAIN, F, S, obtains=(f.fitness,)),
    row("G", "A child in poor condition: supportive care, or treatment no heavier than the child can bear.", [g.POOR_FITNESS], None, S, F, LOW_INTENSITY, L, W, (Offer("start_chemoimmunotherapy", "in spite of poor condition", needs_reason=True),), because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_INTENT,)),
    row("G2", "Three or more lines were given for relapsed or refractory disease.", [g.LATE_LINE], None, X, _START, L, W, F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_INTENT,)),
    row("G3", "It is not known how many lines were given before.", [g.LINE_UNKNOWN], None, X, _START, L, W, F, S, because=[OPTIONS_AT_RELAPSE], obtains=(f.line,), notes=(UNDECIDED_INTENT,)),
    row("H", "An anti-GD2 antibody was stopped for good before.", [g.STOPPED_BEFORE], None, X, L, B, (Offer("start_chemoimmunotherapy", f"with {CLASS_RISK}", needs_reason=True),), F, S, because=[g.chosen("toxicity outcomes: stop agent")]),
    row("I", "Disease that can be treated locally: locally first, or after two cycles.", [g.LOCAL_DISEASE], None, L, _START, X, B, F, S, because=[_LOCAL], notes=(UNDECIDED_LOCAL,)),
    row("J", "GD2 negative: a treatment that does not need GD2.", [g.gd2_is("negative")], Offer("change_line", "without anti-GD2 antibody", without_antibody=True), F, S, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_GD2,)),
    row("K1", "Refractory disease, GD2 not known: start chemoimmunotherapy and measure GD2 without waiting for it.", [p.REFRACTORY, g.gd2_is("unknown", "stale")], _GD2_UNKNOWN, X, B, L, _WATCH, F, S, because=[FIGURE_1, OPTIONS_AT_RELAPSE], obtains=(f.gd2,), notes=(UNDECIDED_GD2,)),
    row("K", "Relapse or progression, GD2 not known: start chemoimmunotherapy and measure GD2 without waiting for it.", [g.gd2_is("unknown", "stale")], _GD2_UNKNOWN, X, B, L, F, S, because=[FIGURE_1, OPTIONS_AT_RELAPSE], obtains=(f.gd2, p.setting), notes=(UNDECIDED_GD2,)),
    row("L1", "Refractory disease: start chemoimmunotherapy.", [p.REFRACTORY], "start_chemoimmunotherapy", X, B, L, _WATCH, F, S, because=[FIGURE_1, OPTIONS_AT_RELAPSE]),
    row("L", "Relapse or progression: start chemoimmunotherapy.", [], "start_chemoimmunotherapy", X, B, L, F, S, because=[FIGURE_1, OPTIONS_AT_RELAPSE], obtains=(p.setting,)),
)  # fmt: skip
