"""What a reader of this pathway is told beside its rules, each statement with its source."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.not_encoded import NOT_ENCODED
from pathway.clinical import evidence as e
from pathway.clinical.backbones import BACKBONE_RULES, RESISTANT_MONTHS
from pathway.clinical.biomarkers import MARKERS
from pathway.clinical.evidence import Source, Tag, cite
from pathway.clinical.gd2 import GD2_BY_DISEASE, Gd2InDisease
from pathway.clinical.labels import (
    EARLIER_ANTIBODY,
    EARLIER_ANTIBODY_IN_TRIALS,
    INTERLEUKIN,
    NAXITAMAB_DISEASE,
    NO_LABEL_READ,
    NO_RESPONSE_YET,
    NOT_WHILE_PROGRESSING,
    STABILISE_FIRST,
    TOO_YOUNG,
)
from pathway.engine.chapters import Chapter, Remark


def _read(about: str, says: str, source: Source, where: str) -> Remark:
    return Remark(about, says, cite(source, Tag.SOURCE_READ, where))


def _standing(disease: Gd2InDisease) -> str:
    return "A drug is approved." if disease.approved else "Research only."


def _unverified(about: str, says: str, source: Source, where: str) -> Remark:
    return Remark(about, says, cite(source, Tag.UNVERIFIED, where))


WORDS: Final = Chapter(
    "What the words mean",
    "As the states and the rows use them.",
    ("word", "meaning"),
    (
        _read(
            "Relapse",
            "High-risk disease that came back after frontline treatment was completed.",
            e.NCT07027748,
            "definitions",
        ),
        _read(
            "Progression",
            "High-risk disease that grows during frontline treatment.",
            e.NCT07027748,
            "definitions",
        ),
        _read(
            "Refractory disease",
            "Less than a partial response by INRC after four or more cycles of aggressive induction with several drugs.",
            e.NCT07027748,
            "definitions",
        ),
        Remark(
            "Confirmed",
            "A criterion of INRC for progression, documented by at least one of: measurement on CT or MRI; MIBG, or FDG "
            "where MIBG is not taken up; histology or cytology of marrow; biopsy. A biopsy is advised where growth "
            "could be maturation.",
            cite(e.PROJECT_DESIGN, Tag.DESIGN, "what confirms a progression"),
        ),
        Remark(
            "Line, cycle",
            "Lines count from 1 in an episode, cycles from 1 in a line. A cycle that was aborted counts to the next "
            "assessment; whether it counts to the limit is left open.",
            cite(e.PROJECT_DESIGN, Tag.DESIGN, "lines of therapy"),
        ),
    ),
    opens=True,
)

BACKBONES: Final = Chapter(
    "Which backbone, by what has failed",
    f"Progression on a treatment, or within {RESISTANT_MONTHS} months of it, counts as its failure. A suggestion, told "
    "by a prompt; the tumour board may choose another.",
    ("rule", "what is suggested"),
    tuple(Remark(each.id, each.sentence, each.because) for each in BACKBONE_RULES),
)

LABELS: Final = Chapter(
    "Labels",
    "Where a treatment leaves the label of its antibody. It blocks nothing: a decision for it gives a reason.",
    ("when", "what the label says"),
    (
        *(
            Remark(when, each.sentence, each.because)
            for when, each in (
                ("Active progression", STABILISE_FIRST),
                ("Active progression", NOT_WHILE_PROGRESSING),
                ("Active progression", NO_RESPONSE_YET),
                ("Active progression", NO_LABEL_READ),
                ("Local disease alone, or complete remission", NAXITAMAB_DISEASE),
                ("An infant", TOO_YOUNG),
                ("Interleukin-2 among the agents", INTERLEUKIN),
                ("An earlier anti-GD2 antibody", EARLIER_ANTIBODY),
            )
        ),
        Remark(
            "An earlier anti-GD2 antibody",
            "ANBL1221 took children who had been given one.",
            EARLIER_ANTIBODY_IN_TRIALS,
        ),
    ),
)

COURSE: Final = Chapter(
    "The course in short",
    "Figure 1 of the review as a flow; the tables below say when each way is open.",
    ("from", "to"),
    (
        _read("Progression confirmed", "→ chemoimmunotherapy", e.REVIEW, "Figure 1"),
        _read("Chemoimmunotherapy", "→ assessment after every second cycle", e.REVIEW, "Figure 1"),
        _read(
            "Assessment",
            "→ a decision by response, and by how treatment is tolerated: continue · maintenance · local control · "
            "bridge to GD2 CAR-T cells",
            e.REVIEW,
            "Figure 1",
        ),
        _read(
            "Progression at an assessment",
            "→ another line: chemotherapy with or without antibody, 131I-MIBG, an ALK inhibitor, a trial; or comfort",
            e.NCI_PDQ_2025,
            "options at relapse",
        ),
        _read("Local control", "→ restaging → a decision", e.REVIEW, "Figure 1"),
    ),
    opens=True,
)

CORRECTIONS: Final = Chapter(
    "What the review says and what its sources say",
    "Where the review and what it cites differ, the sources are followed.",
    ("in the review", "in the sources"),
    (
        _read(
            "124 courses with 310 severe side effects, under the name of Hoshi",
            "The series is by Blom: 26 children in one centre, who were given dinutuximab with interleukin 2, GM-CSF "
            "and isotretinoin, not dinutuximab beta; 23 of them completed all six courses. Hoshi wrote of another "
            "tumour.",
            e.BLOM_2021,
            "abstract",
        ),
        _read(
            "5-year event-free survival of 56.6 % and survival of 73.2 % with dinutuximab beta",
            "These are results of dinutuximab in ANBL0032: 56.6 against 46.1 % and 73.2 against 56.6 %.",
            e.YU_2021,
            "as given in NCI PDQ",
        ),
        _unverified(
            "An assessment every two cycles, cited to a paper on CAR-T cells",
            "The rhythm is that of the trials of chemoimmunotherapy.",
            e.FIELD_KNOWLEDGE,
            "rhythm of assessment in trials",
        ),
        _read(
            "An assessment every two cycles",
            "HITS took its main endpoint after four cycles.",
            e.HITS,
            "abstract",
        ),
        _read(
            "The sources named in Table 1",
            "They belong to other diseases or methods and prove nothing here. The table gives no number from which "
            "GD2 counts as positive.",
            e.REVIEW,
            "Table 1, without its sources: they belong to other statements",
        ),
        _read(
            "62 against 87 % of children completing treatment, without a source",
            "HR-NBL1: with and without interleukin 2. Event-free survival did not differ: 56 % without, 60 % with it.",
            e.LADENSTEIN_2018,
            "as given in NCI PDQ",
        ),
        _unverified(
            "Measure GD2 before retreatment and at progression",
            "No label of an anti-GD2 antibody asks for it. GD2 that is not known is therefore a choice to be "
            "documented, not a stop.",
            e.FIELD_KNOWLEDGE,
            "GD2 testing: labels and cut-off",
        ),
        _read(
            "Begin chemoimmunotherapy early after a confirmed progression",
            "The label of dinutuximab beta asks that active progression be stabilised by other means first.",
            e.QARZIBA_EMA,
            "indication: relapsed disease is stabilised first",
        ),
        _read(
            "Begin chemoimmunotherapy early after a confirmed progression",
            "The Swiss label asks for disease that is not actively progressing, alone or with isotretinoin.",
            e.QARZIBA_SWISS,
            "indication",
        ),
        _read(
            "Begin chemoimmunotherapy early after a confirmed progression",
            "Naxitamab is for disease of bone or marrow that responded or is stable after earlier treatment. With "
            "chemotherapy during progression both are off label, on the ground of trials.",
            e.DANYELZA_LABEL,
            "indication",
        ),
    ),
)

GD2_TESTING: Final = Chapter(
    "GD2: what is known of testing",
    "Four classes are used: positive, partial, negative, and unknown.",
    ("subject", "what is known"),
    (
        _read(
            "Methods",
            "Immunohistochemistry of tumour; flow cytometry or immunocytology of marrow; imaging is investigational.",
            e.REVIEW,
            "GD2 testing: methods",
        ),
        _read(
            "How often GD2 is missing",
            "Of 474 children with tumour cells in the marrow 57 had GD2 missing: 14 completely, 43 in part; 37 at "
            "diagnosis, 9 during chemotherapy, 11 at recurrence. Missing completely: no cell is stained. In part: "
            "some cells are not, or faintly.",
            e.SCHUMACHER_KUCKELKORN_2017,
            "complete and partial GD2 negativity, abstract",
        ),
        _read(
            "Frequency and density",
            "A flow assay gives both the share of tumour cells with GD2 and how much antibody binds; children with "
            "little GD2 may have the toxicity without the benefit.",
            e.JCM_2023_FLOW,
            "frequency and density, abstract",
        ),
        _unverified(
            "From which number GD2 is positive",
            "No number was found, and no label has one.",
            e.FIELD_KNOWLEDGE,
            "GD2 testing: labels and cut-off",
        ),
        _read(
            "GD2 for CAR-T cells",
            "Trials of CAR-T cells ask for GD2 on the tumour cells, without a number.",
            e.GD2_CAR_REGISTRY,
            "eligibility: GD2",
        ),
    ),
)

BY_DISEASE: Final = Chapter(
    "GD2 disease by disease",
    "For information: this pathway is for neuroblastoma alone, and only neuroblastoma has an approved drug against "
    "GD2. Everywhere else such a treatment is research, and no rule was read on how to verify GD2 for it.",
    ("disease", "GD2, and what to verify"),
    tuple(
        Remark(
            each.disease,
            " ".join(filter(None, (each.expression, each.verification, _standing(each)))),
            each.citation,
        )
        for each in GD2_BY_DISEASE
    ),
)

OTHER_MARKERS: Final = Chapter(
    "Other markers",
    "Recorded and shown beside the options they inform; none of them opens or closes one.",
    ("marker", "how long a value counts"),
    tuple(Remark(each.label, f"{each.lasts} {each.informs}", each.counts) for each in MARKERS),
)

OUTLOOK: Final = Chapter(
    "Outlook after relapse",
    "For information, not encoded as a rule, because no source says what to do differently on it.",
    ("who", "what was seen"),
    (
        _read(
            "1,833 first relapses (INRG)",
            "Local alone 19 %, distant 65 %, both 16 %; survival at 5 years 64, 23 and 26 %.",
            e.NCI_PDQ_2025,
            "outlook after a first relapse",
        ),
        _read(
            "469 children, a score",
            "Hazard ratios: number of organs with recurrence 2.27, time to recurrence 2.03, liver metastases at "
            "diagnosis 1.77, recurrence at the primary 1.55, age 1.29.",
            e.KREITZ_2019,
            "abstract",
        ),
        _read(
            "383 children in early-phase trials (COG)",
            "Without progression 21 % at 1 year and 6 % at 4 years; alive 57 and 20 %.",
            e.NCI_PDQ_2025,
            "early-phase trials",
        ),
        _read(
            "High-risk children in the United Kingdom after 2000",
            "Median survival after relapse 8.4 months, median time without progression 4.7 months.",
            e.UK_RELAPSE,
            "abstract",
        ),
        _read(
            "Relapse in the central nervous system",
            "In 6 % of metastatic relapses. Median time to death 6 months; alive at 1 year 25 %.",
            e.NCI_PDQ_2025,
            "relapse in the central nervous system",
        ),
        _read(
            "First relapse as a single mass of soft tissue, all of it resected",
            "Survival at 5 years 35 % in one centre; worse with MYCN amplification and with several masses.",
            e.NCI_PDQ_2025,
            "first relapse as a single mass of soft tissue",
        ),
        _read(
            "Relapses found without symptoms",
            "MIBG showed 82 % of them, marrow histology 34 %: MIBG is never left out of a work-up.",
            e.KUSHNER_2009,
            "abstract",
        ),
    ),
)

RESULTS: Final = Chapter(
    "What else treatment achieved",
    "For information, beside what stands with the regimens. Trials differ in whom they took and in what they called "
    "a response, so the numbers cannot be compared with one another.",
    ("treatment", "result"),
    (
        _read(
            "Chemoimmunotherapy at first relapse, outside a trial",
            "146 children: 49 % responded. Of those with SD or better at the first evaluation 22 % improved later; "
            "after SD at first only 13 % ever responded, after MR or PR about 40 % reached CR; with SD past six "
            "cycles a response is unlikely.",
            e.LERMAN_2023,
            "as given in NCI PDQ",
        ),
        _read(
            "Re-induction, all regimens",
            "6 to 64 % responded; no regimen is superior, and relapsed and refractory disease have to be told apart.",
            e.HERD_2019,
            "abstract",
        ),
        _read(
            "Radiotherapy of metastases, mostly 21 Gy",
            "81 % controlled at 5 years; 92 % where they had cleared before, 67 % where MIBG persisted.",
            e.CASEY_2018,
            "abstract",
        ),
        _read(
            "GD2-CART01",
            "54 children: CR in 37 % at week 6, 34 % at month 3, 40 % at month 6; 42.7 % alive at 5 years, 68 % of "
            "those with little disease.",
            e.LOCATELLI_2025,
            "abstract",
        ),
        _read(
            "1RG-CART",
            "12 children: no objective response at day 28.",
            e.STRAATHOF_2020,
            "results",
        ),
        _read(
            "Naxitamab as consolidation, relapses",
            "6 of 18 relapses were in the central nervous system alone.",
            e.KUSHNER_2025,
            "relapses",
        ),
    ),
)

MISSING: Final = Chapter(
    "Not encoded, because",
    "What the sources or this project's design say and the pathway does not do, with the reason.",
    ("what", "why not"),
    NOT_ENCODED,
)

CHAPTERS: Final = (
    COURSE,
    WORDS,
    BACKBONES,
    LABELS,
    CORRECTIONS,
    GD2_TESTING,
    BY_DISEASE,
    OTHER_MARKERS,
    OUTLOOK,
    RESULTS,
    MISSING,
)
