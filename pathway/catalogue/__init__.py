"""The published pathways: one package per pathway, one module per version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pathway.catalogue.high_risk_neuroblastoma_relapse import claims, courses, version_1
from pathway.engine.claims import Claim
from pathway.engine.definition import Pathway
from pathway.engine.paths import Courses


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The published versions of all pathways."""

    pathways: tuple[Pathway, ...]

    def __iter__(self) -> Iterator[Pathway]:
        return iter(self.pathways)

    def find(self, pathway_id: str, version: int | None = None) -> Pathway | None:
        """A version of a pathway, the newest when none is named; None when it was never published."""
        known = [each for each in self.pathways if each.id == pathway_id and version in (None, each.version)]
        return max(known, key=lambda each: each.version, default=None)


CATALOGUE = Catalogue((version_1.PATHWAY,))


def claims_of(published: Pathway) -> tuple[Claim, ...]:
    """What the authors promise of a published version; nothing for a pathway that is not published here."""
    return claims.CLAIMS if published is version_1.PATHWAY else ()


def courses_of(published: Pathway) -> Courses:
    """What may happen on a published version and has to hold on every course; nothing for any other pathway."""
    return courses.COURSES if published is version_1.PATHWAY else Courses()
