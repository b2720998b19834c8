"""What a reader of a definition is told beside its rules: statements with their sources, which decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pathway.clinical.evidence import Citation
from pathway.clinical.regimens import Regimen


@dataclass(frozen=True, slots=True)
class Remark:
    """One statement: what it is about, what is said of it, and where that comes from."""

    about: str
    says: str
    because: Citation


@dataclass(frozen=True, slots=True)
class Chapter:
    """Statements that belong together, under a heading; `columns` name what they are about and what is said."""

    heading: str
    introduction: str
    columns: tuple[str, str]
    remarks: tuple[Remark, ...]
    opens: bool = False
    """True for what a reader is told before the tables."""

    def describe(self) -> dict[str, Any]:
        """The chapter as the definition's description carries it."""
        remarks = [
            {"about": each.about, "says": each.says, "because": each.because.as_dict()}
            for each in self.remarks
        ]
        return {"heading": self.heading, "introduction": self.introduction, "remarks": remarks}


def described_regimen(regimen: Regimen) -> dict[str, Any]:
    """A regimen as the definition's description carries it; days are counted from day 1 of a cycle."""
    following, count = regimen.next_cycle, regimen.count
    return {
        "regimen": regimen.id,
        "name": regimen.name,
        "use": regimen.use.value,
        "agents": list(regimen.agents),
        "antibody": regimen.antibody.value if regimen.antibody else None,
        "backbone": regimen.backbone,
        "next_cycle": {
            "earliest": following.earliest,
            "target": following.target,
            "latest": following.latest,
            "because": following.citation.as_dict(),
        }
        if following
        else None,
        "cycles": {"most": count.cycles, "because": count.citation.as_dict()} if count else None,
        "duration": _stated(regimen.duration) if regimen.duration else None,
        "because": _stated(regimen.citation),
    }


def _stated(citation: Citation) -> dict[str, Any]:
    return {**citation.as_dict(), "statement": citation.statement}


def sources_of(regimen: Regimen) -> tuple[Citation, ...]:
    """Every citation of a regimen: its composition, its rhythm, its number of cycles and its duration."""
    numbers = [each.citation for each in (regimen.next_cycle, regimen.count) if each is not None]
    return (regimen.citation, *numbers, *((regimen.duration,) if regimen.duration else ()))
