"""Which chemotherapy an antibody may be added to, given what has failed before: a suggestion, never an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pathway.clinical.evidence import (
    GRAY_2026,
    LODE_2023_N5_N6,
    PROJECT_DESIGN,
    REVIEW,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.regimens import regimen
from pathway.clinical.terms import anti_gd2_in, spelling

RESISTANT_MONTHS: Final = 6
"""Progression on a treatment, or within so many months of it, counts as its failure [D]."""
RESISTANT_DAYS: Final = 183
"""The same in days."""


@dataclass(frozen=True, slots=True)
class Given:
    """A line of therapy that was given: with what, and whether the disease failed to be held by it.

    `agents` is None where nobody told them; `resistant` is None where it is not known whether the disease
    progressed on the line or within six months of it.
    """

    what: str
    agents: frozenset[str] | None
    resistant: bool | None


@dataclass(frozen=True, slots=True)
class BackboneRule:
    """What is suggested when treatment based on these drugs has failed, or has not."""

    id: str
    temozolomide_failed: bool
    topotecan_failed: bool
    sentence: str
    because: Citation


BACKBONE_RULES: Final = (
    BackboneRule(
        "B1",
        temozolomide_failed=True,
        topotecan_failed=True,
        sentence="Temozolomide-based and topotecan-based treatment have both failed: N5 and N6, or a trial.",
        because=cite(LODE_2023_N5_N6, Tag.UNVERIFIED, "after at least one second line had failed"),
    ),
    BackboneRule(
        "B2",
        temozolomide_failed=True,
        topotecan_failed=False,
        sentence="Temozolomide-based treatment has failed: topotecan and cyclophosphamide.",
        because=cite(REVIEW, Tag.SOURCE_READ, "topotecan and cyclophosphamide after temozolomide"),
    ),
    BackboneRule(
        "B3",
        temozolomide_failed=False,
        topotecan_failed=True,
        sentence="Topotecan-based treatment has failed: irinotecan and temozolomide.",
        because=cite(PROJECT_DESIGN, Tag.DESIGN, "choice of the backbone, first match"),
    ),
    BackboneRule(
        "B4",
        temozolomide_failed=False,
        topotecan_failed=False,
        sentence=(
            "Neither has failed: a temozolomide-based backbone, with irinotecan or topotecan as the centre does."
        ),
        because=cite(PROJECT_DESIGN, Tag.DESIGN, "choice of the backbone, first match"),
    ),
)
"""A table of all cases. A backbone of both drugs counts as temozolomide-based, since BEACON crossed over from it to
topotecan and cyclophosphamide."""

CROSSOVER: Final = cite(GRAY_2026, Tag.SOURCE_READ, "crossover at progression, from chemotherapy alone")


def agents_of(regimen_name: str | None, agents: Iterable[str]) -> frozenset[str] | None:
    """The agents told, those of the regimen if it is known, and the drugs its name mentions; None when none is."""
    found = {spelling(agent) for agent in agents}
    if regimen_name is not None:
        known = regimen(regimen_name)
        found |= set(known.agents) if known else set()
        found |= anti_gd2_in(regimen_name)
        told = spelling(regimen_name)
        found |= {drug for drug in (TEMOZOLOMIDE, TOPOTECAN) if drug in told}
    return frozenset(found) or None


TEMOZOLOMIDE: Final = "temozolomide"
TOPOTECAN: Final = "topotecan"


def backbone_rules(lines: Iterable[Given]) -> tuple[BackboneRule, ...]:
    """The rule that applies after these lines; each that may apply where something is not known."""
    given = tuple(lines)
    temozolomide = _any_failed(_failed(line, topotecan=False) for line in given)
    topotecan = _any_failed(_failed(line, topotecan=True) for line in given)
    return tuple(
        rule
        for rule in BACKBONE_RULES
        if temozolomide in (None, rule.temozolomide_failed) and topotecan in (None, rule.topotecan_failed)
    )


def _failed(line: Given, *, topotecan: bool) -> bool | None:
    """Whether this line is a failure of topotecan-based, else of temozolomide-based, treatment."""
    if line.resistant is False:
        return False
    if line.agents is None:
        return None
    based = (
        TOPOTECAN in line.agents and TEMOZOLOMIDE not in line.agents
        if topotecan
        else TEMOZOLOMIDE in line.agents
    )
    return line.resistant if based else False


def _any_failed(each: Iterable[bool | None]) -> bool | None:
    values = set(each)
    if True in values:
        return True
    return None if None in values else False


ALONGSIDE: Final = frozenset({"gm_csf", "dfmo", "isotretinoin", "il_2"})
"""What does not make a regimen another one."""


def nothing_new(agents: Iterable[str], failed: Iterable[str]) -> bool:
    """Whether a treatment is a regimen that failed, or a part of it, whatever is given alongside."""
    one, two = ({spelling(agent) for agent in each} - ALONGSIDE for each in (agents, failed))
    return bool(one) and one <= two
