"""The decision after an assessment, version 1: what each combination of findings leads to, read from the top.

Rows marked as left to the tumour board recommend nothing; every row is a choice of this project [D] and names
the sources it leans on. The second layer (what an option needs beyond its row) stands with the options.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse.local_findings import LOCAL_CONTROL_OWED
from pathway.clinical.evidence import (
    CASEY_2018,
    FIELD_KNOWLEDGE,
    FLAADT_2023,
    LERMAN_2023,
    LOCATELLI_2025,
    MORA_2025,
    NCI_PDQ_2025,
    PARK_2017,
    REVIEW,
    SCHUMACHER_KUCKELKORN_2017,
    Citation,
    Tag,
    cite,
)
from pathway.engine.definition import Offer, Row
from pathway.engine.findings import Finding
from pathway.engine.guards import Guard

_S, _M = Tag.SOURCE_READ, Tag.UNVERIFIED
FIGURE_1: Final = cite(REVIEW, _S, "Figure 1")
_LERMAN: Final = cite(LERMAN_2023, _S, "later response after the first evaluation, as given in PDQ")
_OPTIONS: Final = cite(NCI_PDQ_2025, _S, "options at relapse")
_LOCAL: Final = cite(REVIEW, _S, "local control planned in advance, not held in reserve")
_RADIOTHERAPY: Final = cite(CASEY_2018, _S, "local control by radiotherapy of metastatic sites")
_CELLS: Final = cite(LOCATELLI_2025, _S, "GD2 CAR-T cells, low disease burden")
_PARTIAL_GD2: Final = cite(SCHUMACHER_KUCKELKORN_2017, _S, "complete or partial GD2 negativity")
_NE: Final = cite(PARK_2017, _M, "not evaluable components")

CLASS_RISK: Final = "another antibody; the class may carry the same risk"
NO_GD2: Final = "another antibody against GD2, which was not found"


def stay(
    remark: str = "",
    *,
    needs_reason: bool = False,
    without_antibody: bool = False,
    switch: str | None = None,
) -> tuple[Offer, ...]:
    """Going on as before, with the ways to vary it; `switch` says why another antibody asks for a reason."""
    cycles = Offer("continue_chemoimmunotherapy", remark, needs_reason, without_antibody=without_antibody)
    courses = Offer("continue_maintenance", remark, needs_reason, without_antibody=without_antibody)
    begin = Offer("start_chemoimmunotherapy", remark, needs_reason, without_antibody=without_antibody)
    monitoring = Offer("continue_monitoring", remark, needs_reason)
    other = Offer("switch_antibody", switch or "", needs_reason or switch is not None)
    return (cycles, courses, monitoring, begin, Offer("drop_antibody", needs_reason=needs_reason), other)


Y: Final = stay()
"""To go on as before: what of it applies follows from the context."""
WITHIN_THE_LINE: Final = (Offer("drop_antibody"), Offer("switch_antibody"))
CHEMOTHERAPY_ONLY: Final = stay("chemotherapy only", without_antibody=True, switch=CLASS_RISK)
LOW_INTENSITY: Final = (Offer("change_line", "low intensity only", needs_reason=True),)
X_WITHOUT_ANTIBODY: Final = (Offer("change_line", "without antibody", without_antibody=True),)
M: Final = (Offer("start_maintenance"),)
L: Final = (Offer("local_control"),)
B: Final = (Offer("bridge_to_car_t"),)
X: Final = (Offer("change_line"),)
H: Final = (Offer("consolidation_transplant"),)
W: Final = (Offer("follow_up"),)
S: Final = (Offer("supportive_care"),)
F: Final = (Offer("refer"),)
Y_FOR_A_REASON: Final = stay(needs_reason=True)

UNDECIDED_SD: Final = "What to do with stable disease after four to six cycles is not settled in the field."
UNDECIDED_CYCLES: Final = "How many cycles to give after a complete or partial response is not settled."
UNDECIDED_GD2: Final = (
    "What GD2 that is partial, negative or unknown means for the antibody is not settled; no cut-off exists."
)
UNDECIDED_LOCAL: Final = (
    "Whether a local relapse is treated locally first or after two cycles is not settled."
)
UNDECIDED_CELLS: Final = (
    "The best time for CAR-T cells, the disease burden they need and the bridge are not settled."
)
UNDECIDED_NE: Final = "Whether to wait for a missing component or to treat is not settled."
UNDECIDED: Final = frozenset(
    {UNDECIDED_SD, UNDECIDED_CYCLES, UNDECIDED_GD2, UNDECIDED_LOCAL, UNDECIDED_CELLS, UNDECIDED_NE}
)
"""What the field itself has not settled; a row with such a note that recommends nothing says so."""
CNS_RELAPSE: Final = (
    "Surgery, radiotherapy of the region or of brain and spine, and chemotherapy are what was given for relapse in the "
    "central nervous system; this pathway has no branch for it."
)
UNDECIDED_INTENT: Final = "Curative or palliative intent is a choice with the family."


def row(
    number: str,
    sentence: str,
    when: Iterable[Guard],
    recommended: str | Offer | None,
    *possible: tuple[Offer, ...],
    because: Iterable[Citation] = (FIGURE_1,),
    obtains: tuple[Finding, ...] = (),
    notes: tuple[str, ...] = (),
    rests: bool = False,
) -> Row:
    """A row, of the matrix by number, of another state by letter; what is recommended is not told twice."""
    first = Offer(recommended) if isinstance(recommended, str) else recommended
    offers = {offer.option: offer for group in possible for offer in group}
    if first is not None:
        offers.pop(first.option, None)
    table = g.MATRIX if number[0].isdigit() else "the states beside the decision"
    cited = (*because, g.chosen(f"{table}: row {number}"))
    undecided = first is None and not UNDECIDED.isdisjoint(notes)
    others = tuple(offers.values())
    return Row(number, sentence, tuple(when), first, others, cited, obtains, notes, rests, undecided)


PD = g.response_is("PD")
NE = g.response_is("NE")
REMISSION = g.response_is("CR", "NED")
OBTAIN: Final = "complete_workup"

MATRIX: Final[tuple[Row, ...]] = (
    row(
        "1",
        "A life-threatening side effect comes first: manage it, then decide again.",
        [g.EMERGENCY],
        "hold",
        because=[],
    ),
    row(
        "2",
        "The goal of care is comfort.",
        [g.COMFORT],
        "supportive_care",
        (*LOW_INTENSITY, *L, *F),
        because=[_OPTIONS],
        notes=(UNDECIDED_INTENT,),
    ),
    row(
        "3",
        "Disease in the central nervous system is suspected: image brain and spine first.",
        [g.CNS_SUSPECTED],
        Offer(OBTAIN, "image brain and spine first"),
        S,
        F,
        because=[_OPTIONS],
        obtains=(f.cns,),
    ),
    row(
        "4",
        "New disease in the central nervous system: refer; antibody, maintenance and CAR-T cells do not apply.",
        [g.CNS_NEW],
        "refer",
        (Offer("local_control", "surgery or radiotherapy of the central nervous system", exempt=True),),
        X_WITHOUT_ANTIBODY,
        S,
        because=[cite(NCI_PDQ_2025, _S, "CNS relapse")],
        notes=(CNS_RELAPSE,),
    ),
    row(
        "5",
        "Confirm the progression first: exclude maturation and other mimics.",
        [PD, g.PD_UNCONFIRMED],
        Offer(OBTAIN, "confirm the progression first"),
        Y_FOR_A_REASON,
        L,
        X,
        F,
        S,
        because=[cite(NCI_PDQ_2025, _S, "biopsy tells maturation from progression")],
        obtains=(r.progression_confirmed,),
    ),
    row(
        "6a",
        "Progression in a child in poor condition.",
        [PD, g.POOR_FITNESS],
        None,
        S,
        F,
        X,
        L,
        because=[_OPTIONS],
        notes=(UNDECIDED_INTENT,),
    ),
    row(
        "6b",
        "Progression in a child whose fitness is not known.",
        [PD, g.FITNESS_UNKNOWN],
        None,
        S,
        F,
        X,
        L,
        because=[_OPTIONS],
        obtains=(f.fitness,),
        notes=(UNDECIDED_INTENT,),
    ),
    row(
        "6c",
        "Progression in the third or a later line.",
        [PD, g.LATE_LINE],
        None,
        S,
        F,
        X,
        L,
        because=[_OPTIONS],
        notes=(UNDECIDED_INTENT,),
    ),
    row(
        "6d",
        "Progression, and it is not known how many lines were given before.",
        [PD, g.LINE_UNKNOWN],
        None,
        S,
        F,
        X,
        L,
        because=[_OPTIONS],
        obtains=(f.line,),
        notes=(UNDECIDED_INTENT,),
    ),
    row(
        "7",
        "Progression that can be treated locally.",
        [PD, g.LOCAL_DISEASE],
        None,
        L,
        X,
        B,
        F,
        S,
        because=[_LOCAL],
        notes=(UNDECIDED_LOCAL,),
    ),
    row(
        "8",
        "Progression, GD2 negative: change to a treatment that does not need GD2.",
        [PD, g.gd2_is("negative")],
        Offer("change_line", "without anti-GD2 antibody", without_antibody=True),
        F,
        S,
        because=[_PARTIAL_GD2],
        obtains=(f.local_disease,),
        notes=(UNDECIDED_GD2,),
    ),
    row(
        "9",
        "Progression, GD2 not known: change the line and measure GD2 without waiting for it.",
        [PD, g.gd2_is("unknown", "stale")],
        "change_line",
        F,
        S,
        because=[_OPTIONS, _PARTIAL_GD2],
        obtains=(f.gd2, f.local_disease),
        notes=(UNDECIDED_GD2, "An antibody with GD2 unknown is a documented choice."),
    ),
    row(
        "10",
        "Progression in a child eligible for GD2 CAR-T cells.",
        [PD, g.CAR_T_ELIGIBLE],
        None,
        X,
        B,
        F,
        S,
        because=[_CELLS],
        obtains=(f.local_disease,),
        notes=(UNDECIDED_CELLS,),
    ),
    row(
        "11",
        "Progression: change the line, with the regimen chosen by the tumour board.",
        [PD],
        "change_line",
        F,
        S,
        because=[_OPTIONS],
        obtains=(f.local_disease,),
    ),
    row(
        "12",
        "The response cannot be evaluated and there is time to complete the assessment.",
        [NE, g.WORK_UP_IN_TIME],
        OBTAIN,
        Y_FOR_A_REASON,
        F,
        S,
        because=[_NE],
        obtains=(r.assessment,),
    ),
    row(
        "13",
        "The response could not be evaluated in time.",
        [NE],
        None,
        stay("at most two more cycles"),
        X,
        F,
        S,
        because=[_NE],
        notes=(UNDECIDED_NE,),
    ),
    row(
        "14",
        "Follow-up without progression goes on.",
        [g.context_is("follow_up")],
        "follow_up",
        L,
        F,
        S,
        because=[cite(NCI_PDQ_2025, _S, "surveillance")],
    ),
    row(
        "15a",
        "It is not known how the last treatment was tolerated.",
        [g.TOLERANCE_UNKNOWN],
        OBTAIN,
        F,
        S,
        because=[FIGURE_1],
        obtains=(f.tolerance,),
    ),
    row(
        "15b",
        "It is not known whether the child is fit for more treatment.",
        [g.FITNESS_UNKNOWN],
        OBTAIN,
        F,
        S,
        because=[FIGURE_1],
        obtains=(f.fitness,),
    ),
    row(
        "16a",
        "A response at month 6 after CAR-T cells: follow-up.",
        [g.context_is("car_t"), g.response_is("CR", "NED", "PR"), g.MONTH_6_DONE],
        "follow_up",
        (Offer("continue_monitoring"),),
        L,
        F,
        S,
        because=[_CELLS],
    ),
    row(
        "16b",
        "A response after CAR-T cells: go on to the next time point.",
        [g.context_is("car_t"), g.response_is("CR", "NED", "PR")],
        "continue_monitoring",
        L,
        W,
        F,
        S,
        because=[_CELLS],
    ),
    row(
        "17",
        "Less than a partial response after CAR-T cells.",
        [g.context_is("car_t")],
        None,
        (Offer("continue_monitoring"),),
        L,
        X,
        F,
        S,
        because=[_CELLS],
        notes=(UNDECIDED_CELLS,),
    ),
    row(
        "18",
        "A child in poor condition.",
        [g.POOR_FITNESS],
        None,
        Y,
        L,
        X,
        W,
        F,
        S,
        because=[_OPTIONS],
        notes=(UNDECIDED_INTENT,),
    ),
    row(
        "19",
        "Remission, with an antibody stopped for good.",
        [g.STOPPED, REMISSION],
        None,
        CHEMOTHERAPY_ONLY,
        (Offer("start_maintenance", "without that antibody"),),
        L,
        W,
        H,
        F,
        S,
        because=[FIGURE_1],
    ),
    row(
        "20",
        "Disease left, with an antibody stopped for good.",
        [g.STOPPED],
        None,
        CHEMOTHERAPY_ONLY,
        X,
        L,
        B,
        W,
        F,
        S,
        because=[FIGURE_1],
    ),
    row(
        "21",
        "A response, and toxicity that limits continuation.",
        [g.TOLERANCE_LIMITING, g.response_is("CR", "NED", "PR")],
        None,
        stay("modified"),
        M,
        L,
        B,
        W,
        H,
        F,
        S,
        because=[cite(REVIEW, _S, "toxicity weighed beside response")],
    ),
    row(
        "22",
        "Minor response or stable disease, and toxicity that limits continuation.",
        [g.TOLERANCE_LIMITING],
        None,
        stay("modified"),
        X,
        L,
        B,
        F,
        S,
        because=[cite(REVIEW, _S, "toxicity weighed beside response")],
        notes=(UNDECIDED_SD,),
    ),
    row(
        "23",
        "GD2 negative, without progression.",
        [g.gd2_is("negative")],
        None,
        stay(switch=NO_GD2),
        (Offer("start_maintenance", needs_reason=True),),
        X,
        L,
        W,
        H,
        F,
        S,
        because=[_PARTIAL_GD2],
        notes=(UNDECIDED_GD2,),
    ),
    row(
        "24",
        "Maintenance is not finished: the next course.",
        [g.context_is("maintenance"), g.NOT_AT_LIMIT],
        "continue_maintenance",
        L,
        X,
        F,
        S,
        because=[FIGURE_1],
    ),
    row(
        "25",
        "Maintenance is finished in remission: end-of-treatment work-up, then follow-up.",
        [g.context_is("maintenance"), REMISSION],
        Offer("follow_up", "after the end-of-treatment work-up"),
        (Offer("start_maintenance", "extended", needs_reason=True),),
        F,
        S,
        because=[FIGURE_1],
    ),
    row(
        "26",
        "Maintenance is finished with disease left.",
        [g.context_is("maintenance")],
        None,
        M,
        W,
        L,
        B,
        X,
        F,
        S,
        because=[cite(FLAADT_2023, _S, "further courses while responding")],
        notes=(
            "After a haploidentical transplant five to six courses were given, up to nine while the disease responded.",
        ),
    ),
    row(
        "27",
        "A new remission: two more cycles.",
        [REMISSION, g.NOT_CONSOLIDATED, g.NOT_AT_LIMIT],
        "continue_chemoimmunotherapy",
        Y,
        M,
        L,
        H,
        F,
        S,
        because=[
            cite(FIELD_KNOWLEDGE, _M, "practice: at least two cycles beyond complete response"),
            cite(MORA_2025, _S, "naxitamab without chemotherapy: five more cycles"),
        ],
        notes=(UNDECIDED_CYCLES,),
    ),
    row(
        "28a",
        "Remission after a local relapse whose local control is still owed: find out whether it is feasible.",
        [REMISSION, LOCAL_CONTROL_OWED, g.LOCAL_DISEASE_UNKNOWN],
        OBTAIN,
        L,
        M,
        Y,
        H,
        F,
        S,
        because=[_LOCAL],
        obtains=(f.local_disease,),
    ),
    row(
        "28b",
        "Remission with local control still owed.",
        [REMISSION, g.LOCAL_DISEASE],
        "local_control",
        M,
        Y,
        H,
        F,
        S,
        because=[_LOCAL, _RADIOTHERAPY],
    ),
    row(
        "29a",
        "Remission, with an anti-GD2 antibody stopped for good in an earlier treatment.",
        [REMISSION, g.STOPPED_BEFORE],
        None,
        (Offer("start_maintenance", "without that antibody"),),
        Y,
        W,
        H,
        F,
        S,
        because=[FIGURE_1],
        notes=(UNDECIDED_CYCLES,),
    ),
    row(
        "29b",
        "Remission: maintenance.",
        [REMISSION],
        "start_maintenance",
        Y,
        W,
        H,
        F,
        S,
        because=[FIGURE_1],
        notes=(UNDECIDED_CYCLES,),
    ),
    row(
        "30",
        "Partial response before the fourth cycle: continue; where CAR-T cells are possible, collect early.",
        [g.response_is("PR"), g.phase_is("early")],
        "continue_chemoimmunotherapy",
        Y,
        L,
        B,
        H,
        F,
        S,
        because=[_LERMAN],
        notes=(
            "Early collection of lymphocytes improved the outcome of CAR-T cells: prompt it where eligible.",
        ),
    ),
    row(
        "31",
        "Partial response with disease that can be treated locally.",
        [g.response_is("PR"), g.LOCAL_DISEASE],
        "local_control",
        Y,
        M,
        B,
        H,
        F,
        S,
        because=[_LERMAN, _LOCAL],
    ),
    row(
        "32",
        "Partial response before the limit: continue.",
        [g.response_is("PR"), g.phase_is("mid")],
        "continue_chemoimmunotherapy",
        Y,
        M,
        B,
        H,
        F,
        S,
        because=[_LERMAN],
        notes=(UNDECIDED_CYCLES,),
    ),
    row(
        "33",
        "Partial response at the limit.",
        [g.response_is("PR")],
        None,
        M,
        B,
        Y_FOR_A_REASON,
        X,
        H,
        F,
        S,
        because=[_LERMAN],
        notes=(UNDECIDED_CYCLES,),
    ),
    row(
        "34",
        "Minor response before the limit: continue.",
        [g.response_is("MR"), g.NOT_AT_LIMIT],
        "continue_chemoimmunotherapy",
        Y,
        L,
        B,
        X,
        F,
        S,
        because=[_LERMAN],
    ),
    row(
        "35",
        "Stable disease before the fourth cycle: continue.",
        [g.response_is("SD"), g.phase_is("early")],
        "continue_chemoimmunotherapy",
        Y,
        L,
        B,
        X,
        F,
        S,
        because=[_LERMAN],
        notes=("The figures behind this are from first relapses; they do not speak of refractory disease.",),
    ),
    row(
        "36",
        "Stable disease from the fourth cycle on, or minor response at the limit.",
        [],
        None,
        L,
        B,
        X,
        M,
        Y_FOR_A_REASON,
        F,
        S,
        because=[_LERMAN, cite(REVIEW, _S, "stable disease under discussion")],
        notes=(UNDECIDED_SD,),
    ),
)
