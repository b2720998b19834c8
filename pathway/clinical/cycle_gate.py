"""What has to be so before a cycle with an anti-GD2 antibody or with chemotherapy begins, and how long a value counts.

The numbers of the antibody are those of the label of dinutuximab beta and are taken for the other antibodies as
well. Chemotherapy asks for higher counts, by its backbone. Nothing here is a dose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pathway.clinical.backbones import ALONGSIDE
from pathway.clinical.evidence import (
    GRAY_2026,
    MODY_2017,
    PROJECT_DESIGN,
    QARZIBA_SWISS,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.side_effects import (
    ANY_PAIN,
    ANY_VISION,
    BRAIN_STEM,
    CENTRAL,
    FEBRILE_NEUTROPENIA,
    FEVER,
    MOTOR,
    MYELITIS,
    PERIPHERAL_NEUROPATHY,
    PHOTOPHOBIA,
    PRES,
    PUPILS,
    SEPSIS,
    SEVERE_CENTRAL,
    plain_term,
)
from pathway.clinical.terms import is_anti_gd2

COUNTS_DAYS: Final = 3
ORGAN_DAYS: Final = 7
MEASURED_GFR_DAYS: Final = 90
BEDSIDE_DAYS: Final = 1
EXAMINATION_DAYS: Final = 35
PREGNANCY_TEST_DAYS: Final = 7

FEVER_C: Final = Decimal("38.0")
"""The temperature from which it is a fever by CTCAE v5.0."""


class Part(StrEnum):
    """What a treatment consists of, as far as it decides which criteria apply to it."""

    ANY = "any treatment"
    ANTIBODY = "an anti-GD2 antibody"
    BACKBONE = "chemotherapy"
    CHEMOTHERAPY_ALONE = "chemotherapy without an antibody"
    IRINOTECAN = "irinotecan"
    IRINOTECAN_TEMOZOLOMIDE = "irinotecan and temozolomide"
    MARROW_DISEASE = "irinotecan and temozolomide with disease in the marrow"
    NO_MARROW_DISEASE = "irinotecan and temozolomide without disease in the marrow"
    BEACON = "temozolomide, topotecan or cyclophosphamide"
    OTHER_BACKBONE = "another chemotherapy"


@lru_cache(maxsize=256)
def parts_of(agents: tuple[str, ...], *, maintenance: bool, marrow_disease: bool) -> frozenset[Part]:
    """The parts of a treatment with these agents; with none named it may have every part, with the stricter counts.

    Of maintenance only the antibody is looked at. What no table here knows counts as another chemotherapy.
    """
    antibody = not agents or any(map(is_anti_gd2, agents))
    given_with = {Part.ANTIBODY} if antibody else set()
    if maintenance:
        return frozenset({Part.ANY, *given_with})
    drugs = {agent for agent in agents if not is_anti_gd2(agent)} - ALONGSIDE
    if agents and not drugs:
        return frozenset({Part.ANY, *given_with})
    parts = {Part.ANY, Part.BACKBONE, *(given_with or {Part.CHEMOTHERAPY_ALONE})}
    if not agents or "irinotecan" in drugs:
        parts.add(Part.IRINOTECAN)
    if drugs == {"irinotecan", "temozolomide"}:
        marrow = Part.MARROW_DISEASE if marrow_disease else Part.NO_MARROW_DISEASE
        return frozenset({*parts, Part.IRINOTECAN_TEMOZOLOMIDE, marrow})
    beacon = bool(drugs) and drugs <= {"temozolomide", "topotecan", "cyclophosphamide"}
    return frozenset({*parts, Part.BEACON if beacon else Part.OTHER_BACKBONE})


class Since(StrEnum):
    """What makes a value count no longer, however young it is."""

    CYCLE = "a cycle that began after it"
    FEVER = "a fever after it"
    KIDNEY = "a kidney injury or sepsis after it"
    NERVES = "a side effect on nerves after it"
    EYES = "a side effect on the eyes after it"


def _terms(*names: str) -> frozenset[str]:
    return frozenset(plain_term(name) for name in names)


EYE_TOXICITY: Final = ANY_VISION.terms.union(
    PHOTOPHOBIA.terms,
    PUPILS.terms,
    _terms(
        "eye pain",
        "eye disorder",
        "optic nerve disorder",
        "night blindness",
        "diplopia",
        "accommodation disorder",
    ),
)
NERVE_TOXICITY: Final = PERIPHERAL_NEUROPATHY.terms.union(
    MYELITIS.terms,
    PRES.terms,
    BRAIN_STEM.terms,
    CENTRAL.terms,
    SEVERE_CENTRAL.terms,
    _terms("seizure", "encephalopathy", "leukoencephalopathy", "Guillain-Barre syndrome"),
)
OUTDATING: Final[Mapping[Since, frozenset[str]]] = MappingProxyType(
    {
        Since.FEVER: FEVER.terms | FEBRILE_NEUTROPENIA.terms | SEPSIS.terms,
        Since.KIDNEY: SEPSIS.terms | _terms("acute kidney injury", "creatinine increased"),
        Since.NERVES: NERVE_TOXICITY,
        Since.EYES: EYE_TOXICITY,
    }
)
"""The side effects after which a value has to be taken anew, as `plain_term` writes them."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One criterion: the value it reads (a field of `fitness_recorded`), when it is met, and how long it counts.

    `worst` is the highest grade at which one of the side effects `terms` may still go on. Without a value nothing
    but side effects is asked about. `days` None counts until what `since` names; the value `lasting` counts for good.
    """

    name: str
    part: Part
    sentence: str
    because: Citation
    value: str | None = None
    met: Callable[[str], bool] = lambda _: True
    days: int | None = None
    since: Since | None = None
    terms: frozenset[str] = frozenset()
    worst: int = 0
    lasting: str | None = None


def _above(number: str) -> Callable[[str], bool]:
    return lambda told: Decimal(told) > Decimal(number)


def _at_least(number: str) -> Callable[[str], bool]:
    return lambda told: Decimal(told) >= Decimal(number)


def _below(number: str) -> Callable[[str], bool]:
    return lambda told: Decimal(told) < Decimal(number)


def _one_of(values: Collection[str]) -> Callable[[str], bool]:
    return lambda told: told in values


_LABEL: Final = cite(QARZIBA_SWISS, Tag.SOURCE_READ, "criteria to begin a course")
_CONTRAINDICATION: Final = cite(QARZIBA_SWISS, Tag.SOURCE_READ, "contraindications")
_ANBL1221: Final = cite(MODY_2017, Tag.UNVERIFIED, "ANBL1221, counts to begin a cycle")
_BEACON: Final = cite(GRAY_2026, Tag.UNVERIFIED, "BEACON, counts to begin a cycle")


def _chosen(what: str) -> Citation:
    return cite(PROJECT_DESIGN, Tag.DESIGN, f"criteria to begin a cycle: {what}")


def _neutrophils(name: str, part: Part, least: str, sentence: str, because: Citation) -> Requirement:
    return Requirement(
        f"neutrophils ({name})", part, sentence, because, "anc_per_ul", _at_least(least), COUNTS_DAYS, Since.CYCLE
    )  # fmt: skip


def _platelets(name: str, part: Part, least: str, sentence: str, because: Citation) -> Requirement:
    return Requirement(
        f"platelets ({name})", part, sentence, because, "platelets_per_ul", _at_least(least), COUNTS_DAYS, Since.CYCLE
    )  # fmt: skip


def _known(what: str, part: Part, value: str, since: Since | None = None) -> Requirement:
    sentence = f"{what} is known; its limit for chemotherapy is the protocol's."
    name = f"{what} (chemotherapy)"
    return Requirement(name, part, sentence, _chosen("organ function"), value, days=ORGAN_DAYS, since=since)


_COUNTS: Final = (
    _neutrophils("antibody", Part.ANTIBODY, "500", "Neutrophils for the antibody: at least 500 per microlitre.", _LABEL),
    _platelets("antibody", Part.ANTIBODY, "20000", "Platelets for the antibody: at least 20,000 per microlitre.", _LABEL),
    Requirement("haemoglobin", Part.ANTIBODY, "Haemoglobin for the antibody: above 8.0 g/dl.", _LABEL, "hb_g_dl", _above("8.0"), COUNTS_DAYS, Since.CYCLE),
    _neutrophils("irinotecan and temozolomide", Part.IRINOTECAN_TEMOZOLOMIDE, "750", "Neutrophils for irinotecan and temozolomide: at least 750 per microlitre.", _ANBL1221),
    _platelets("irinotecan and temozolomide", Part.NO_MARROW_DISEASE, "75000", "Platelets for irinotecan and temozolomide: at least 75,000 per microlitre.", _ANBL1221),
    _platelets("irinotecan and temozolomide, disease in the marrow", Part.MARROW_DISEASE, "50000", "Platelets for irinotecan and temozolomide with disease in the marrow: at least 50,000 per microlitre.", _ANBL1221),
    _neutrophils("BEACON backbone", Part.BEACON, "1000", "Neutrophils for temozolomide, topotecan or cyclophosphamide: at least 1,000 per microlitre.", _BEACON),
    _platelets("BEACON backbone", Part.BEACON, "75000", "Platelets for temozolomide, topotecan or cyclophosphamide: at least 75,000 per microlitre.", _BEACON),
    _neutrophils("other chemotherapy", Part.OTHER_BACKBONE, "1000", "Neutrophils for any other chemotherapy, or one that is not known: the stricter number of the others, at least 1,000 per microlitre.", _chosen("the stricter counts")),
    _platelets("other chemotherapy", Part.OTHER_BACKBONE, "75000", "Platelets for any other chemotherapy, or one that is not known: the stricter number of the others, at least 75,000 per microlitre.", _chosen("the stricter counts")),
)  # fmt: skip

_ORGANS: Final = (
    Requirement("ALT", Part.ANTIBODY, "ALT for the antibody: below five times the upper limit.", _LABEL, "alt_x_uln", _below("5"), ORGAN_DAYS),
    Requirement("AST", Part.ANTIBODY, "AST for the antibody: below five times the upper limit.", _LABEL, "ast_x_uln", _below("5"), ORGAN_DAYS),
    Requirement("kidney function", Part.ANTIBODY, "Filtration rate for the antibody: above 60 ml/min/1.73 m2.", _LABEL, "gfr_ml_min_173", _above("60"), ORGAN_DAYS, Since.KIDNEY),
    _known("ALT", Part.CHEMOTHERAPY_ALONE, "alt_x_uln"),
    _known("AST", Part.CHEMOTHERAPY_ALONE, "ast_x_uln"),
    _known("Filtration rate", Part.CHEMOTHERAPY_ALONE, "gfr_ml_min_173", Since.KIDNEY),
    _known("Bilirubin", Part.BACKBONE, "bilirubin_x_uln"),
)  # fmt: skip

_BEDSIDE: Final = (
    Requirement("oxygen saturation", Part.ANTIBODY, "Oxygen saturation for the antibody: above 94 % in room air.", _LABEL, "spo2_percent", _above("94"), BEDSIDE_DAYS, Since.FEVER),
    Requirement("infection", Part.ANY, "No infection that is not under control.", _chosen("infection"), "uncontrolled_infection", _one_of(["false"]), BEDSIDE_DAYS, Since.FEVER),
    Requirement("pain", Part.ANTIBODY, "Pain of grade 2 at most before the antibody.", _chosen("pain"), "pain_grade", _below("3"), BEDSIDE_DAYS, Since.FEVER, ANY_PAIN.terms, 2),
    Requirement("diarrhoea", Part.IRINOTECAN, "Diarrhoea of grade 1 at most before irinotecan.", _chosen("diarrhoea before irinotecan"), "diarrhoea_grade", _below("2"), BEDSIDE_DAYS, terms=_terms("diarrhoea"), worst=1),
)  # fmt: skip

_EXAMINATIONS: Final = (
    Requirement("motor neuropathy", Part.ANY, "No motor neuropathy of grade 2 or more that goes on.", _chosen("motor neuropathy"), terms=MOTOR.terms, worst=1),
    Requirement("neurological examination", Part.ANTIBODY, "A neurological examination without new findings.", _chosen("neurological examination"), "neurological_examination", _one_of(["normal"]), EXAMINATION_DAYS, Since.NERVES),
    Requirement("eyes", Part.ANTIBODY, "No side effect on the eyes that goes on.", _chosen("eyes"), terms=EYE_TOXICITY),
    Requirement("eye examination", Part.ANTIBODY, "An eye examination without new findings.", _chosen("eye examination"), "eye_examination", _one_of(["normal"]), EXAMINATION_DAYS, Since.EYES),
    Requirement("pregnancy test", Part.ANY, "A negative pregnancy test, where one applies.", _chosen("pregnancy test"), "pregnancy_test", _one_of(["negative", "not_applicable"]), PREGNANCY_TEST_DAYS, lasting="not_applicable"),
    Requirement("steroids", Part.ANTIBODY, "No systemic steroids beside the antibody.", _chosen("systemic steroids, by agent"), "systemic_steroids", _one_of(["false"]), None, Since.CYCLE),
)  # fmt: skip

REQUIREMENTS: Final[tuple[Requirement, ...]] = (*_COUNTS, *_ORGANS, *_BEDSIDE, *_EXAMINATIONS)

GRAFT_VERSUS_HOST: Final = Requirement(
    "graft-versus-host disease",
    Part.ANTIBODY,
    "No acute graft-versus-host disease of grade 3 or 4 and no extensive chronic one; asked for after a transplant "
    "from a donor.",
    _CONTRAINDICATION,
    "graft_versus_host",
    _one_of(["none", "acute_1_2", "chronic_limited"]),
    None,
    Since.CYCLE,
)
"""Asked for once it was told of, or with the regimen that follows a haploidentical transplant."""
