"""What an assessment can report of one component of INRC 2017: lengths, scores, counts, samples, or a rating.

One class serves all three components, since reports do; each component's rules read what belongs to it.
Numbers are decimals. What is left out is not known, unless a field says what its absence means.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pathway.clinical.terms import Component, ComponentRating

Amount = Annotated[Decimal, Field(ge=0, le=10_000_000, max_digits=12, decimal_places=4)]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)]
Number = Annotated[int, Field(ge=0, le=999)]
Segments = Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=9, max_length=12)]

Uptake: TypeAlias = Literal["none", "decreased", "unchanged", "increased"]
Scoring: TypeAlias = Literal["curie", "siopen"]

CURIE_BONE_SEGMENTS: Final = 9
CURIE_SEGMENTS: Final = 10
CURIE_HIGHEST_IN_SEGMENT: Final = 3
SIOPEN_SEGMENTS: Final = 12


class Value(BaseModel):
    """A frozen value that is read strictly: no unknown field, no guessed type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Diameter(Value):
    """A length in millimetres, now and at the instants it is compared with."""

    now: Amount
    baseline: Amount | None = None
    """At the last complete evaluation before this line of therapy."""
    nadir: Amount | None = None
    """The smallest on study in this line."""

    @property
    def smallest(self) -> Decimal | None:
        """The smallest length before now, baseline included."""
        return smallest(self.baseline, self.nadir)


class MibgScore(Value):
    """An MIBG scan by one scoring system, absolute, with the baseline of this line; planar images are scored.

    `absolute` and `baseline` are bone scores: SIOPEN has bone segments only, of Curie's ten the soft-tissue
    segment is left out. Where segments are given, they are what counts: Curie's nine bone segments and then,
    if reported, the one of soft tissue; SIOPEN's twelve.
    """

    score: Scoring
    absolute: Amount
    baseline: Amount | None = None
    nadir: Amount | None = None
    baseline_score: Scoring | None = None
    """The system of the baseline where it is another one: scores of two systems are never compared."""
    new_sites: Number | None = None
    reappeared_sites: Number | None = None
    """How many of the new sites had been avid in an earlier line of therapy."""
    segments: Segments | None = None
    segments_baseline: Segments | None = None

    @model_validator(mode="after")
    def _segments_belong_to_the_system(self) -> Self:
        possible = (CURIE_BONE_SEGMENTS, CURIE_SEGMENTS) if self.score == "curie" else (SIOPEN_SEGMENTS,)
        for given in (self.segments, self.segments_baseline):
            if given is not None and len(given) not in possible:
                raise ValueError("Curie has nine bone segments and one of soft tissue, SIOPEN twelve segments.")
            if given is not None and self.score == "curie" and max(given) > CURIE_HIGHEST_IN_SEGMENT:
                raise ValueError("A Curie segment is scored 0 to 3.")
        if self.segments is not None and self.absolute not in (sum(self.segments), self.now):
            raise ValueError("The segments do not add up to the absolute score.")
        return self

    @property
    def now(self) -> Decimal:
        """The bone score of this scan."""
        return self.absolute if self.segments is None else Decimal(sum(self.segments[:SIOPEN_SEGMENTS]))

    @property
    def before(self) -> Decimal | None:
        """The bone score at baseline."""
        return self.baseline
