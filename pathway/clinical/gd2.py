"""GD2 disease by disease, as the review's Table 1 sums it up. This project's pathway is for neuroblastoma alone."""

from dataclasses import dataclass
from typing import Final

from pathway.clinical.evidence import REVIEW, Citation, Tag, cite


@dataclass(frozen=True, slots=True)
class Gd2InDisease:
    """How GD2 is expressed in one disease, what to verify where a rule was read, and whether a drug is approved."""

    disease: str
    expression: str
    citation: Citation
    verification: str = ""
    approved: bool = False


_TABLE_1: Final = cite(
    REVIEW, Tag.SOURCE_READ, "Table 1, without its sources: they belong to other statements"
)

GD2_BY_DISEASE: Final = (
    Gd2InDisease(
        "neuroblastoma",
        "Mostly high; it may fall after treatment.",
        cite(REVIEW, Tag.SOURCE_READ, "Table 1; GD2 testing: before retreatment and at progression"),
        "Measure at progression and before another treatment against GD2.",
        approved=True,
    ),
    Gd2InDisease("diffuse midline glioma with H3 K27M", "Often high, but uneven.", _TABLE_1),
    Gd2InDisease("medulloblastoma", "In some tumours, unevenly.", _TABLE_1),
    Gd2InDisease("ependymoma", "Variable.", _TABLE_1),
    Gd2InDisease("osteosarcoma", "In foci, unevenly.", _TABLE_1),
    Gd2InDisease("rhabdomyosarcoma", "Uneven.", _TABLE_1),
    Gd2InDisease("retinoblastoma", "Described, on little evidence.", _TABLE_1),
)
"""Each disease of the table, once."""
