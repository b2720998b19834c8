"""The markers besides GD2 that may inform a choice: what they are called, and how long a value of theirs counts.

None of them opens or closes an option: each is shown beside the option it informs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from pathway.clinical.evidence import (
    FIELD_KNOWLEDGE,
    NCI_PDQ_2025,
    PROJECT_DESIGN,
    REVIEW,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.terms import spelling

MOST_MARKERS: Final = 60
"""How many markers are kept of one episode; the ones of `MARKERS` always are."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker and what it tells. `days` is how long a value counts, None for ever.

    `until_progression` and `until_cycle` name what ends that early.
    """

    name: str
    label: str
    informs: str
    because: Citation
    counts: Citation
    days: int | None = None
    until_progression: bool = False
    until_cycle: bool = False

    @property
    def lasts(self) -> str:
        """How long a value counts, as a sentence."""
        ends = {"a progression": self.until_progression, "a cycle": self.until_cycle}
        past = "".join(f", and never past {what}" for what, ended in ends.items() if ended)
        return f"Counts for {self.days} days{past}." if self.days else "Counts for life."


_COUNTS: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "how long a fact counts: markers")
_PLATFORM: Final = cite(REVIEW, Tag.SOURCE_READ, "choice between antibody and cells")
_FCGR: Final = (
    "The genotype of the Fc receptors is weighed when an antibody is chosen; it decides nothing here."
)

MARKERS: Final = (
    Marker(
        "alk",
        "ALK",
        "With an ALK variant, an ALK inhibitor is among the options when the line is changed.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "options at relapse: ALK inhibitor for an ALK variant"),
        _COUNTS,
        days=365,
        until_progression=True,
    ),
    Marker(
        "mycn",
        "MYCN",
        "After a first relapse that was a single mass and was resected, the outlook was worse with MYCN amplification; "
        "it decides nothing here.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "first relapse as a single mass of soft tissue"),
        _COUNTS,
        days=365,
        until_progression=True,
    ),
    Marker("fcgr2a", "FCGR2A", _FCGR, _PLATFORM, _COUNTS),
    Marker("fcgr3a", "FCGR3A", _FCGR, _PLATFORM, _COUNTS),
    Marker("fcgr", "FCGR", _FCGR, _PLATFORM, _COUNTS),
    Marker(
        "nk_cells",
        "NK cells",
        "The number of natural killer cells is weighed when an antibody or cells are chosen; it decides nothing here.",
        _PLATFORM,
        _COUNTS,
        days=28,
        until_cycle=True,
    ),
)


class AlkFinding(StrEnum):
    """What a report on ALK tells of, as far as it decides whether an inhibitor of ALK is thought of."""

    VARIANT = "variant"
    AMPLIFICATION = "amplification"
    NEITHER = "neither"


_OPEN_OR_NOT: Final = re.compile(
    r"\b(no|non|not|none|without|negative|absent|excluded|ruled out|wild[ -]?type|pending|awaited|failed|unclear|"
    r"unknown|uncertain)\b",
    re.IGNORECASE,
)
_NAMED_VARIANT: Final = re.compile(r"\b(p\.)?([a-z]\d{3,4}[a-z]|[a-z]{3}\d{3,4}[a-z]{3})\b", re.IGNORECASE)
_VARIANT: Final = re.compile(r"variant|mutat|fusion|rearrang", re.IGNORECASE)
_AMPLIFIED: Final = re.compile(r"amplif", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[,;.)]\s+|\s+[(]|[)]$|\bbut\b|\s(?=without\b)", re.IGNORECASE)


def alk_finding(value: str) -> AlkFinding:
    """What a value of ALK tells of, clause by clause: a named variant, or a change that is neither denied nor open.

    Expression is neither.
    """
    clauses = [clause for clause in _CLAUSE.split(value) if clause]
    if any(_names_a_variant(clause) for clause in clauses):
        return AlkFinding.VARIANT
    told = [clause for clause in clauses if not _OPEN_OR_NOT.search(clause)]
    if any(_VARIANT.search(clause) for clause in told):
        return AlkFinding.VARIANT
    return AlkFinding.AMPLIFICATION if any(map(_AMPLIFIED.search, told)) else AlkFinding.NEITHER


def _names_a_variant(clause: str) -> bool:
    named = _NAMED_VARIANT.search(clause)
    return named is not None and not _OPEN_OR_NOT.search(clause)


ALK_AMPLIFIED: Final = cite(
    FIELD_KNOWLEDGE, Tag.UNVERIFIED, "ALK amplification as a target of ALK inhibitors"
)
ALK_READ: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "ALK: what counts as a variant")
ALK_INHIBITORS: Final = (
    "crizotinib", "ceritinib", "alectinib", "brigatinib", "ensartinib", "entrectinib", "lorlatinib", "repotrectinib",
)  # fmt: skip

_BY_NAME: Final[Mapping[str, Marker]] = MappingProxyType({each.name: each for each in MARKERS})
_OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alk_mutation": "alk",
        "alk_status": "alk",
        "alk_variant": "alk",
        "mycn_amplification": "mycn",
        "mycn_status": "mycn",
        "n_myc": "mycn",
        "fcgr_genotype": "fcgr",
        "fcgriia": "fcgr2a",
        "fcgriiia": "fcgr3a",
        "nk": "nk_cells",
        "nk_cell_count": "nk_cells",
        "natural_killer_cells": "nk_cells",
    }
)


def marker_name(name: str) -> str:
    """The one spelling of a marker, however it is written."""
    plain = spelling(name)
    return _OTHER_NAMES.get(plain, plain)


_Noted = TypeVar("_Noted")


def most_recent(known: Mapping[str, _Noted], added: str, noted: _Noted) -> dict[str, _Noted]:
    """`known` with one more marker, last; of too many the oldest that informs no option is left out."""
    kept = {name: value for name, value in known.items() if name != added} | {added: noted}
    if len(kept) > MOST_MARKERS:
        del kept[next(name for name in kept if name not in _BY_NAME)]
    return kept
