"""The side effects known here: how they are spelled, which grades CTCAE v5.0 has for them, and what kind they are.

A grade which a term does not have is no grade: no rule reads it, and a person is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pathway.clinical.evidence import CTCAE_V5, FIELD_KNOWLEDGE, Citation, Tag, cite
from pathway.clinical.terms import ToxicityScale


def plain_term(term: str) -> str:
    """The one spelling of a side effect: lower case, single spaces, no hyphens, American vowels."""
    plain = " ".join(term.casefold().replace("-", " ").replace("_", " ").split())
    return plain.replace("ae", "e").replace("oe", "e")


@dataclass(frozen=True, slots=True)
class SideEffect:
    """A side effect as people say it, and the spellings in which it is reported; or several of them as one."""

    name: str
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Term(SideEffect):
    """A side effect that is graded by itself.

    `grades` pairs each grade that exists with what it means, in few words or none; it is empty for what is no term
    of CTCAE, where every grade is taken. `count` marks a blood count, `with_infusion` what comes with an infusion.
    """

    grades: tuple[tuple[int, str], ...]
    citation: Citation
    count: bool = False
    with_infusion: bool = False


_CTCAE: Final = cite(CTCAE_V5, Tag.SOURCE_READ, "grades of the term")
_CTCAE_UNREAD: Final = cite(CTCAE_V5, Tag.UNVERIFIED, "grades of the term")
_NO_TERM: Final = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "reported so, and no term of CTCAE v5.0")

LIFE: Final = "life-threatening"
DEATH: Final = "death"
_ALL: Final = ("", "", "", LIFE, DEATH)
_NO_DEATH: Final = ("", "", "", "")
_THREE: Final = ("", "", "")
_SEVERE_ONLY: Final = (None, None, "", LIFE, DEATH)
_FROM_TWO: Final = (None, "", "", LIFE, DEATH)

Texts = tuple[str | None, ...]
"""What each grade from 1 on means; None where the term has no such grade."""


def _spelled(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(plain_term, names))


def _term(
    name: str, *others: str, grades: Texts, citation: Citation = _CTCAE, infusion: bool = False
) -> Term:
    existing = tuple((grade, text) for grade, text in enumerate(grades, 1) if text is not None)
    return Term(name, _spelled((name, *others)), existing, citation, with_infusion=infusion)


def _count(name: str, *others: str, grades: Texts, citation: Citation = _CTCAE) -> Term:
    known = _term(name, *others, grades=grades, citation=citation)
    return Term(name, known.terms, known.grades, citation, count=True)


def _reported(name: str, *others: str) -> Term:
    return Term(name, _spelled((name, *others)), (), _NO_TERM)


def _together(name: str, *parts: SideEffect) -> SideEffect:
    return SideEffect(name, frozenset().union(*(part.terms for part in parts)))


ANAPHYLAXIS: Final = _term(
    "Anaphylaxis",
    "anaphylactic reaction",
    "anaphylactic shock",
    grades=(None, None, "bronchospasm, oedema or low blood pressure; parenteral treatment", LIFE, DEATH),
)
ALLERGIC: Final = _term(
    "Allergic reaction",
    "hypersensitivity",
    "hypersensitivity reaction",
    "allergy",
    grades=(
        "no systemic treatment",
        "treatment by mouth",
        "bronchospasm, or treatment into a vein",
        LIFE,
        DEATH,
    ),
)
SERUM_SICKNESS: Final = _term("Serum sickness", grades=_ALL)
INFUSION_REACTION: Final = _term(
    "Infusion-related reaction",
    "infusion reaction",
    grades=(
        "mild, the infusion goes on",
        "interrupted, settles promptly with treatment",
        "prolonged or coming back, or in need of a hospital",
        LIFE,
        DEATH,
    ),
    infusion=True,
)
CYTOKINE_RELEASE: Final = _term(
    "Cytokine release syndrome", "cytokine release", "CRS", grades=_ALL, infusion=True
)
LEAK: Final = _term(
    "Capillary leak syndrome",
    "capillary leak",
    grades=("no symptoms", "symptoms, medical treatment", "severe, intervention", LIFE, DEATH),
    infusion=True,
)
HYPOTENSION: Final = _term(
    "Hypotension",
    "low blood pressure",
    grades=("no symptoms, no treatment", "treatment, not urgent", "treatment in a hospital", LIFE, DEATH),
    infusion=True,
)
HYPERTENSION: Final = _term("Hypertension", "high blood pressure", grades=_ALL, infusion=True)
FEVER: Final = _term(
    "Fever",
    "pyrexia",
    grades=(
        "38.0 to 39.0 °C",
        "over 39.0 to 40.0 °C",
        "over 40.0 °C for up to 24 hours",
        "over 40.0 °C for more than 24 hours",
        DEATH,
    ),
    infusion=True,
)
FEBRILE_NEUTROPENIA: Final = _term(
    "Febrile neutropenia",
    "neutropenic fever",
    grades=(
        None,
        None,
        "neutrophils under 1000/µl with over 38.3 °C once, or 38 °C for over an hour",
        LIFE,
        DEATH,
    ),
)
SEPSIS: Final = _term(
    "Sepsis", grades=(None, None, "positive blood culture with signs, treatment", LIFE, DEATH)
)
BACTEREMIA: Final = _term("Bacteraemia", grades=(None, "positive blood culture without signs"))
CATHETER_INFECTION: Final = _term(
    "Catheter-related infection",
    "line infection",
    "central line infection",
    grades=(
        None,
        "local, treated locally or by mouth",
        "treatment into a vein, or an intervention",
        LIFE,
        DEATH,
    ),
)
PAIN: Final = _term(
    "Pain",
    grades=(
        "mild",
        "moderate, limits what a child does for itself at home or school",
        "severe, limits self-care",
    ),
    infusion=True,
)
NEURALGIA: Final = _term(
    "Neuralgia",
    "neuropathic pain",
    "nerve pain",
    grades=("mild", "moderate", "severe, limits self-care"),
    infusion=True,
)
MOTOR: Final = _term(
    "Motor neuropathy",
    "peripheral motor neuropathy",
    grades=("no symptoms", "moderate, limits daily activities", "severe, limits self-care", LIFE, DEATH),
)
SENSORY: Final = _term(
    "Sensory neuropathy", "peripheral sensory neuropathy", grades=("no symptoms", "moderate", "severe", LIFE)
)
NEUROPATHY: Final = _reported("Peripheral neuropathy", "neuropathy", "polyneuropathy")
BLURRED_VISION: Final = _term(
    "Blurred vision",
    grades=(
        "no treatment",
        "20/40 or better, up to three lines lost",
        "below 20/40, down to 20/200",
        "20/200 or worse",
    ),
)
VISION_DECREASED: Final = _term(
    "Vision decreased", "visual acuity loss", "loss of visual acuity", grades=(None, "", "", "")
)
BLINDNESS: Final = _reported(
    "Subtotal or total loss of vision", "blindness", "total vision loss", "subtotal vision loss"
)
VISUAL: Final = _reported(
    "Visual toxicity", "vision loss", "visual loss", "visual disturbance", "visual impairment", "eye toxicity"
)
PHOTOPHOBIA: Final = _term("Photophobia", grades=_THREE)
PUPILS: Final = _reported(
    "Dilated pupils",
    "mydriasis",
    "bilateral mydriasis",
    "pupil dilation",
    "pupillary dilation",
    "sluggish pupils",
    "sluggish light reflex",
    "sluggish pupillary reflex",
)
HYPONATREMIA: Final = _term(
    "Hyponatraemia",
    grades=(
        "down to 130 mmol/l",
        "125 to 129 mmol/l, no symptoms",
        "125 to 129 mmol/l with symptoms, or 120 to 124",
        "below 120 mmol/l",
        DEATH,
    ),
)
UREMIC: Final = _term(
    "Atypical haemolytic uraemic syndrome", "haemolytic uraemic syndrome", grades=_SEVERE_ONLY
)
RETENTION: Final = _term("Urinary retention", grades=_ALL)
MYELITIS: Final = _term("Transverse myelitis", "myelitis", grades=_ALL)
PRES: Final = _term(
    "Posterior reversible encephalopathy",
    "posterior reversible encephalopathy syndrome",
    "reversible posterior leukoencephalopathy syndrome",
    "PRES",
    "RPLS",
    grades=_FROM_TWO,
)
BRAIN_STEM: Final = _reported("Brain-stem oedema", "brainstem oedema", "oedema of the brain stem")
CENTRAL: Final = _reported(
    "Central neurotoxicity", "CNS neurotoxicity", "central nervous system neurotoxicity"
)
SEVERE_CENTRAL: Final = _reported(
    "Severe central neurotoxicity", *(f"severe {term}" for term in CENTRAL.terms)
)
MYOCARDITIS: Final = _reported("Myocarditis")
SECOND_MALIGNANCY: Final = _reported(
    "Second malignancy",
    "secondary malignancy",
    "second malignant neoplasm",
    "treatment related secondary malignancy",
)

_TRANSAMINASE: Final = (
    "up to 3 × the upper limit",
    "over 3 to 5 ×",
    "over 5 to 20 ×",
    "over 20 × (of the baseline, if that was abnormal)",
)

TERMS: Final[tuple[Term, ...]] = (
    ANAPHYLAXIS,
    ALLERGIC,
    SERUM_SICKNESS,
    INFUSION_REACTION,
    CYTOKINE_RELEASE,
    LEAK,
    HYPOTENSION,
    HYPERTENSION,
    FEVER,
    FEBRILE_NEUTROPENIA,
    SEPSIS,
    BACTEREMIA,
    CATHETER_INFECTION,
    _term("Device-related infection", grades=_FROM_TWO),
    _term("Lung infection", "pneumonia", grades=_FROM_TWO),
    _term("Upper respiratory infection", grades=_FROM_TWO),
    PAIN,
    NEURALGIA,
    _term("Abdominal pain", grades=_THREE, infusion=True),
    _term("Eye pain", grades=_THREE),
    MOTOR,
    SENSORY,
    NEUROPATHY,
    _term("Guillain-Barre syndrome", "Guillain-Barré syndrome", grades=_ALL),
    MYELITIS,
    PRES,
    BRAIN_STEM,
    CENTRAL,
    SEVERE_CENTRAL,
    _term("Encephalopathy", grades=_ALL),
    _term("Leukoencephalopathy", grades=_ALL),
    _term("Depressed level of consciousness", grades=_ALL),
    _term("Seizure", grades=_ALL),
    BLURRED_VISION,
    VISION_DECREASED,
    BLINDNESS,
    VISUAL,
    PHOTOPHOBIA,
    PUPILS,
    _term("Night blindness", grades=_NO_DEATH),
    _term("Optic nerve disorder", grades=_NO_DEATH),
    _term("Eye disorder", "eye disorders, other", grades=_NO_DEATH),
    HYPONATREMIA,
    _term("Hypokalaemia", grades=_ALL),
    _term("Hypoalbuminaemia", grades=_ALL),
    _term("Alanine aminotransferase increased", "ALT increased", grades=_TRANSAMINASE),
    _term("Aspartate aminotransferase increased", "AST increased", grades=_TRANSAMINASE),
    _term("Blood bilirubin increased", grades=_NO_DEATH),
    _term("GGT increased", grades=_NO_DEATH),
    _term("Creatinine increased", grades=_NO_DEATH),
    _term("Acute kidney injury", grades=_SEVERE_ONLY),
    UREMIC,
    RETENTION,
    _term("Ejection fraction decreased", grades=(None, "", "", "")),
    MYOCARDITIS,
    SECOND_MALIGNANCY,
    _count(
        "Neutrophil count decreased",
        "neutropenia",
        grades=("down to 1500/µl", "under 1500 to 1000/µl", "under 1000 to 500/µl", "under 500/µl"),
    ),
    _count(
        "Platelet count decreased",
        "thrombocytopenia",
        grades=(
            "down to 75,000/µl",
            "under 75,000 to 50,000/µl",
            "under 50,000 to 25,000/µl",
            "under 25,000/µl",
        ),
    ),
    _count("White blood cell decreased", "leukopenia", grades=_NO_DEATH),
    _count("Anaemia", grades=_ALL),
    _count("Lymphocyte count decreased", "lymphopenia", grades=_NO_DEATH, citation=_CTCAE_UNREAD),
    _term("Diarrhoea", grades=_ALL),
    _term("Vomiting", grades=_ALL, infusion=True),
    _term("Oral mucositis", "mucositis oral", "mucositis", grades=_ALL),
    _term("Weight gain", grades=_THREE),
    _term("Oedema of the limbs", "oedema limbs", grades=_THREE),
    _term("Infusion-site extravasation", "extravasation", grades=_ALL),
    _term("Hypoxia", grades=_FROM_TWO, infusion=True),
    _term("Bronchospasm", grades=_ALL, infusion=True),
    _term("Pleural effusion", grades=_ALL),
    _term("Pulmonary oedema", grades=_ALL),
    _term(
        "Adult respiratory distress syndrome",
        "acute respiratory distress syndrome",
        "ARDS",
        grades=_SEVERE_ONLY,
    ),
    _term("Urticaria", "hives", grades=_THREE, infusion=True),
)
"""Every side effect known here; which come with an infusion is a choice of this project."""

PERIPHERAL_NEUROPATHY: Final = _together("Peripheral neuropathy", NEUROPATHY, MOTOR, SENSORY)
ANY_PAIN: Final = _together("Pain", PAIN, NEURALGIA)
ANY_VISION: Final = _together("Visual toxicity", VISUAL, BLURRED_VISION, VISION_DECREASED, BLINDNESS)
SYSTEMIC_INFECTION: Final = _together("Systemic infection", SEPSIS, BACTEREMIA)

_BY_SPELLING: Final = {spelled: term for term in TERMS for spelled in sorted(term.terms)}


def known_term(term: str) -> Term | None:
    """The side effect that a report names, however it is spelled; None for one that is not known here."""
    return _BY_SPELLING.get(plain_term(term))


def side_effect_key(term: str, scale: ToxicityScale) -> str:
    """Under which one side effect is kept, however it is spelled; each scale by itself."""
    known = known_term(term)
    name = plain_term(known.name if known else term)
    return f"{name} (ASTCT)" if scale is ToxicityScale.ASTCT else name


GRADED_BY_ASTCT: Final = _spelled(("CRS", "cytokine release syndrome", "cytokine release", "ICANS"))
_ASTCT_GRADES: Final = frozenset(range(1, 6))
_RESOLVED: Final = 0
_CTCAE_GRADES: Final = tuple(range(1, 5))


def grade_exists(term: str, scale: ToxicityScale, grade: int) -> bool:
    """Whether the scale has such a grade of this side effect; of one not known here it may have any."""
    if scale is ToxicityScale.ASTCT:
        return plain_term(term) in GRADED_BY_ASTCT and (grade == _RESOLVED or grade in _ASTCT_GRADES)
    known = known_term(term)
    return known is None or not known.grades or grade in {_RESOLVED, *dict(known.grades)}


def possible_grades(term: str) -> tuple[int, ...]:
    """The CTCAE grades, up to 4, that a side effect may turn out to have."""
    known = known_term(term)
    if known is None or not known.grades:
        return _CTCAE_GRADES
    return tuple(grade for grade, _ in known.grades if grade in _CTCAE_GRADES)


def is_blood_count(term: str) -> bool:
    """Whether it is a low count of the blood, which is expected after chemotherapy."""
    known = known_term(term)
    return known is not None and known.count
