"""The field's words as closed sets of values, spelled as they stand in events and answers."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final


class Component(StrEnum):
    """The three parts of the disease which INRC 2017 rates separately."""

    PRIMARY = "primary"
    METASTATIC = "metastatic"
    BONE_MARROW = "bone_marrow"


class ComponentRating(StrEnum):
    """What one component shows; MD (minimal disease) exists for the bone marrow only, PR only outside it."""

    CR = "CR"
    PR = "PR"
    MD = "MD"
    SD = "SD"
    PD = "PD"
    NI = "NI"
    NE = "NE"


class Response(StrEnum):
    """The overall response.

    `NONE` is what INRC says when nothing was involved: there is no response to rate. `NED` (no evidence of
    disease) is what the decision after an assessment makes of it; INRC itself never yields it.
    """

    CR = "CR"
    PR = "PR"
    MR = "MR"
    SD = "SD"
    PD = "PD"
    NE = "NE"
    NED = "NED"
    NONE = "none"


class Response1993(StrEnum):
    """The categories of the INRC of 1993, where MR means *mixed*; they have no translation into 2017."""

    CR = "CR"
    VGPR = "VGPR"
    PR = "PR"
    MR = "MR"
    NR = "NR"
    PD = "PD"


class ResponseCriteria(StrEnum):
    """By which criteria a reported response was given."""

    INRC_2017 = "inrc_2017"
    INRC_1993 = "inrc_1993"
    OTHER = "other"


class Gd2Status(StrEnum):
    """GD2 on the tumour cells; no numeric cut-off is published, so these are classes."""

    POSITIVE = "positive"
    PARTIAL = "partial"
    NEGATIVE = "negative"
    INDETERMINATE = "indeterminate"


class Setting(StrEnum):
    """How the disease came to need another line: after, during or despite frontline therapy."""

    RELAPSE = "relapse"
    PROGRESSION = "progression"
    REFRACTORY = "refractory"


class Pattern(StrEnum):
    """Where the disease shows itself."""

    LOCAL = "local"
    METASTATIC = "metastatic"
    COMBINED = "combined"
    CNS = "cns"


class Delivered(StrEnum):
    """How much of a cycle was given."""

    FULL = "full"
    MODIFIED = "modified"
    CHEMOTHERAPY_ONLY = "chemotherapy_only"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


class ToxicityScale(StrEnum):
    """The scale a grade belongs to: a grade without its scale means nothing."""

    CTCAE_V5 = "ctcae_v5"
    ASTCT = "astct"


class LocalControlModality(StrEnum):
    """How local control was carried out."""

    SURGERY = "surgery"
    RADIOTHERAPY = "radiotherapy"


class CarTStep(StrEnum):
    """What can be reported along the way to GD2 CAR-T cells and after them."""

    REFERRED = "referred"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    APHERESIS = "apheresis"
    PRODUCT_RELEASED = "product_released"
    MANUFACTURING_FAILED = "manufacturing_failed"
    OUT_OF_SPECIFICATION = "out_of_specification"
    APHERESIS_FAILED = "apheresis_failed"
    NO_SLOT = "no_slot"
    BRIDGING = "bridging"
    LYMPHODEPLETION = "lymphodepletion"
    NOT_INFUSED = "not_infused"
    INFUSED = "infused"
    SAFETY_SWITCH_FIRED = "safety_switch_fired"
    CRS = "crs"
    ICANS = "icans"
    RESPONSE = "response"


class ClosureReason(StrEnum):
    """Why an episode ended."""

    COMPLETED = "completed"
    DEATH = "death"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"
    LOST_TO_FOLLOW_UP = "lost_to_follow_up"
    OPENED_IN_ERROR = "opened_in_error"
    OTHER = "other"


class Precision(StrEnum):
    """How exactly a clinical date is known; `order` says that only the sequence is."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ORDER = "order"


class Intent(StrEnum):
    """What treatment is for: holding back the disease, or comfort."""

    TREATMENT = "treatment"
    COMFORT = "comfort"


class CnsStatus(StrEnum):
    """What is known of disease in the central nervous system."""

    NO_SUSPICION = "no_suspicion"
    SUSPECTED = "suspected"
    NEW_DISEASE = "new_disease"
    CONTROLLED = "controlled"


class Antibody(StrEnum):
    """The anti-GD2 antibodies with a marketing authorisation."""

    DINUTUXIMAB_BETA = "dinutuximab_beta"
    DINUTUXIMAB = "dinutuximab"
    NAXITAMAB = "naxitamab"


ANTI_GD2_AGENTS: Final[frozenset[str]] = frozenset({*Antibody, "3f8", "anti_gd2"})
"""Agents that bind GD2, as `spelling` writes them; `anti_gd2` is one which the report did not name."""

_ANTIBODIES: Final[Mapping[str, Antibody]] = MappingProxyType({str(each): each for each in Antibody})
_TRADE_NAMES: Final[Mapping[str, Antibody]] = MappingProxyType(
    {
        "qarziba": Antibody.DINUTUXIMAB_BETA,
        "unituxin": Antibody.DINUTUXIMAB,
        "danyelza": Antibody.NAXITAMAB,
        "ch14.18/cho": Antibody.DINUTUXIMAB_BETA,
        "ch14.18_cho": Antibody.DINUTUXIMAB_BETA,
        "ch14.18": Antibody.DINUTUXIMAB,
        "hu3f8": Antibody.NAXITAMAB,
    }
)


@lru_cache(maxsize=4096)
def spelling(name: str) -> str:
    """The one spelling of an agent or a regimen: lower case, words joined by underscores, no trade name.

    Dashes, signs of trade marks, Greek letters and invisible characters make no other agent.
    """
    plain = name if name.isascii() else _in_ascii(name)
    plain = "_".join(plain.casefold().replace("-", " ").replace("_", " ").split())
    return _TRADE_NAMES.get(plain, plain)


_GREEK: Final[Mapping[str, str]] = MappingProxyType({"α": " alpha ", "β": " beta ", "γ": " gamma "})


def _in_ascii(name: str) -> str:
    """The name with each character as it is typed on a plain keyboard, where there is such a way."""
    kept = []
    for character in unicodedata.normalize("NFKC", name.replace("\N{TRADE MARK SIGN}", "")):
        category = unicodedata.category(character)
        if character == "\N{ZERO WIDTH SPACE}" or category == "Pd":
            kept.append(" ")
        elif category not in ("Cf", "So"):
            kept.append(_GREEK.get(character.casefold(), character))
    return "".join(kept)


def anti_gd2_in(text: str) -> frozenset[str]:
    """The agents against GD2 that a text mentions, such as a regimen called "dinutuximab beta and nivolumab"."""
    left, found = f"_{_AS_ONE_WORD.sub('_', spelling(text))}_", set[str]()
    for name, agent in _MENTIONS:
        if f"_{name}_" in left:
            left = left.replace(f"_{name}_", "__")
            found.add(str(agent))
    return frozenset(found)


_AS_ONE_WORD: Final = re.compile(r"[^a-z0-9./]+|[./](?![a-z0-9])")
_MENTIONS: Final[tuple[tuple[str, str], ...]] = tuple(
    sorted(
        ({agent: agent for agent in ANTI_GD2_AGENTS} | dict(_TRADE_NAMES)).items(),
        key=lambda named: (-len(named[0]), named[0]),
    )
)
"""What an agent against GD2 is called -> the agent; longer names first, since one begins with another."""


def antibody_of(agent: str) -> Antibody | None:
    """The authorised anti-GD2 antibody an agent is, however it is spelled; None for anything else."""
    return _ANTIBODIES.get(spelling(agent))


def is_anti_gd2(agent: str) -> bool:
    """Whether an agent binds GD2, authorised or not."""
    return spelling(agent) in ANTI_GD2_AGENTS


class DecidedBy(StrEnum):
    """Who took a decision; who recorded it is known by their credentials."""

    TUMOUR_BOARD = "tumour_board"
    TREATING_CLINICIAN = "treating_clinician"
    FAMILY_WITH_THE_TEAM = "family_with_the_team"
    OTHER = "other"

    @property
    def label(self) -> str:
        """Who it was, as a sentence goes on after "decided by"."""
        return _DECIDED_BY_LABELS[self]


_DECIDED_BY_LABELS: Final[Mapping[DecidedBy, str]] = MappingProxyType(
    {
        DecidedBy.TUMOUR_BOARD: "the tumour board",
        DecidedBy.TREATING_CLINICIAN: "the treating clinician",
        DecidedBy.FAMILY_WITH_THE_TEAM: "the family with the team",
        DecidedBy.OTHER: "somebody else",
    }
)


class OverrideReason(StrEnum):
    """Why people did otherwise than recommended: the groups of HL7's non-adherence reason codes."""

    CDS_NOT_APPLICABLE = "cds-not-applicable"
    CDS_SUBOPTIMAL_CONTEXT = "cds-suboptimal-context"
    RECIPIENT_DISAGREES_EVIDENCE = "recipient-disagrees-evidence"
    RECIPIENT_CONCERNS_OUTCOMES = "recipient-concerns-outcomes"
    DOES_NOT_ALIGN_PREFERENCES = "does-not-align-preferences"
    NOT_CONVENIENT_FEASIBLE = "not-convenient-feasible"

    @property
    def label(self) -> str:
        """The reason as a form shows it."""
        return _OVERRIDE_LABELS[self]


_OVERRIDE_LABELS: Final[Mapping[OverrideReason, str]] = MappingProxyType(
    {
        OverrideReason.CDS_NOT_APPLICABLE: "Does not fit this child",
        OverrideReason.CDS_SUBOPTIMAL_CONTEXT: "Came at the wrong moment, or facts were still missing",
        OverrideReason.RECIPIENT_DISAGREES_EVIDENCE: "The evidence supports something else",
        OverrideReason.RECIPIENT_CONCERNS_OUTCOMES: "Expected harm outweighs the benefit",
        OverrideReason.DOES_NOT_ALIGN_PREFERENCES: "The child or family wishes otherwise",
        OverrideReason.NOT_CONVENIENT_FEASIBLE: "Cannot be done here or now",
    }
)
