"""What an assessment can report of one component of INRC 2017: lengths, scores, counts, samples, or a rating.

One class serves all three components, since reports do; each component's rules read what belongs to it.
Numbers are decimals. What is left out is not known, unless the field says what its absence means.
"""

from collections.abc import Iterable
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pathway.clinical.terms import ComponentRating

Amount = Annotated[Decimal, Field(ge=0, le=10_000_000, max_digits=12, decimal_places=4)]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)]
Number = Annotated[int, Field(ge=0, le=999)]
Segments = Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=9, max_length=12)]

Uptake: TypeAlias = Literal["none", "decreased", "unchanged", "increased"]
Scoring: TypeAlias = Literal["curie", "siopen"]

CURIE_BONE_SEGMENTS: Final = 9
SIOPEN_SEGMENTS: Final = 12
SEGMENTS: Final = {"curie": (CURIE_BONE_SEGMENTS, CURIE_BONE_SEGMENTS + 1), "siopen": (SIOPEN_SEGMENTS,)}
HIGHEST_IN_SEGMENT: Final = {"curie": 3, "siopen": 6}
HIGHEST_BONE_SCORE: Final = {"curie": 27, "siopen": 72}


class Value(BaseModel):
    """A frozen value that is read strictly: no unknown field, no guessed type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def smallest(*values: Decimal | None) -> Decimal | None:
    """The smallest of the values that are known."""
    return min((value for value in values if value is not None), default=None)


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
    segment is left out. Where segments are given they are what counts: Curie's nine bone segments and then,
    if reported, the one of soft tissue; SIOPEN's twelve.
    """

    score: Scoring
    absolute: Amount
    baseline: Amount | None = None
    nadir: Amount | None = None
    baseline_score: Scoring | None = None
    """The system of the baseline, where it is another one: scores of two systems are never compared."""
    new_sites: Number | None = None
    """Bone sites that take up MIBG now and did not at baseline."""
    reappeared_sites: Number | None = None
    """How many of the new sites had been avid in an earlier line of therapy."""
    segments: Segments | None = None
    segments_baseline: Segments | None = None

    @model_validator(mode="after")
    def _segments_belong_to_the_system(self) -> Self:
        for given in (self.segments, self.segments_baseline):
            if given is None:
                continue
            if len(given) not in SEGMENTS[self.score]:
                raise ValueError(
                    "Curie has nine bone segments and one of soft tissue, SIOPEN twelve segments."
                )
            if max(given) > HIGHEST_IN_SEGMENT[self.score]:
                raise ValueError("A Curie segment is scored 0 to 3, a SIOPEN segment 0 to 6.")
        if self.segments is not None and self.absolute not in {sum(self.segments), self.now}:
            raise ValueError("The segments do not add up to the absolute score.")
        return self

    @property
    def now(self) -> Decimal:
        """The bone score of this scan."""
        return self.absolute if self.segments is None else _bone_score(self.score, self.segments)

    @property
    def before(self) -> Decimal | None:
        """The bone score at baseline, None too where it was scored by another system."""
        if self.baseline_score not in (None, self.score):
            return None
        if self.segments_baseline is None:
            return self.baseline
        return _bone_score(self.score, self.segments_baseline)

    @property
    def segment_changes(self) -> tuple[int, ...]:
        """Of each bone segment how much it changed since baseline; empty when either scan has no segments."""
        if self.segments is None or self.segments_baseline is None:
            return ()
        bone = SEGMENTS[self.score][0]
        changes = zip(self.segments[:bone], self.segments_baseline[:bone], strict=True)
        return tuple(now - before for now, before in changes)

    @property
    def newly_avid_segments(self) -> int:
        """How many bone segments take up MIBG now and did not at baseline."""
        changes = self.segment_changes
        return sum(
            change > 0 and now == change for now, change in zip(self.segments or (), changes, strict=False)
        )


def _bone_score(score: Scoring, segments: tuple[int, ...]) -> Decimal:
    return Decimal(sum(segments[: SEGMENTS[score][0]]))


class FdgLesions(Value):
    """FDG-avid bone lesions, counted: they stand for the MIBG score where the disease takes up no MIBG."""

    bone_lesions: Number
    baseline: Number | None = None
    new_bone_lesions: Number | None = None
    new_confirmed: bool | None = None
    """Whether a new one has a correlate on CT or MRI, or histology."""


class Infiltration(Value):
    """Tumour cells in marrow, percent, the highest of the sampled sites; `now` is left out if not repeated."""

    now: Percent | None = None
    baseline: Percent | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.now is None and self.baseline is None:
            raise ValueError("Give the infiltration now, at baseline, or both.")
        return self


class MarrowSample(Value):
    """One sample of marrow; the samples of one event were taken at one time point."""

    kind: Literal["aspirate", "trephine"]
    side: Literal["left", "right"]
    percent: Percent


class Measurements(Value):
    """What was measured of one component; a rating given beside it is the reporter's own."""

    rating: ComponentRating | None = None
    involved_at_baseline: bool | None = None
    new_lesions: bool | None = None
    """Whether there is any new lesion of this component, in soft tissue or bone."""
    new_lesion_avid: bool | None = None
    """Whether a new lesion of soft tissue takes up MIBG (FDG, where the disease takes up no MIBG)."""
    new_lesion_biopsy: Literal["positive", "negative"] | None = None
    """Whether a biopsy of the new lesion showed neuroblastoma or ganglioneuroblastoma."""
    uptake: Uptake | None = None
    """MIBG uptake (or FDG) of the primary tumour or of the soft-tissue metastases, against baseline."""

    longest_diameter_mm: Diameter | None = None

    sum_of_diameters_mm: Diameter | None = None
    """Short axis of discrete nodes and longest diameter of other lesions, targets only."""
    target_node_short_axis_mm: Amount | None = None
    """The largest short axis among the target nodes."""
    largest_lesion_mm: Amount | None = None
    """The largest of the lesions that are no nodes, targets or not."""
    non_target: Literal["resolved", "smaller", "stable", "larger"] | None = None
    """The lesions that are not measured; left out if there are none."""
    soft_tissue_at_baseline: bool | None = None
    bone_at_baseline: bool | None = None
    mibg: MibgScore | None = None
    mibg_nonavid: bool | None = None
    fdg: FdgLesions | None = None
    mixed: bool | None = None
    """Whether lesions went opposite ways, as the reader of the images saw it."""

    infiltration_percent: Infiltration | None = None
    marrow_samples: Annotated[tuple[MarrowSample, ...], Field(min_length=1, max_length=16)] | None = None
    bilateral: bool | None = None
    """Whether two aspirates and two trephines of both sides were taken at one time point."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.rating is None and not self.given:
            raise ValueError("Give a rating or at least one measurement.")
        return self

    @property
    def infiltration(self) -> Decimal | None:
        """The highest infiltration of the marrow of all that was reported, percent."""
        reported = self.infiltration_percent.now if self.infiltration_percent else None
        if self.marrow_samples is None:
            return reported
        sampled = max(sample.percent for sample in self.marrow_samples)
        return sampled if reported is None else max(sampled, reported)

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the measurements there are, the reporter's rating left out."""
        return tuple(name for name in MEASURED if getattr(self, name) is not None)


MEASURED: Final = tuple(name for name in Measurements.model_fields if name != "rating")

RATED_ONLY: Final = MappingProxyType({rating: Measurements(rating=rating) for rating in ComponentRating})
"""A bare rating, as measurements without any."""

_SomeValue = TypeVar("_SomeValue", bound=Value)


def joined(before: _SomeValue, added: _SomeValue) -> _SomeValue:
    """Two reports on one component of one assessment as one; where both say something, the later holds.

    An MIBG scan is reported whole: its scores and segments belong together.
    """
    update: dict[str, Any] = {}
    for name in type(added).model_fields:
        old, new = getattr(before, name), getattr(added, name)
        if new is not None:
            whole = not isinstance(new, Value) or not isinstance(old, Value) or isinstance(new, MibgScore)
            update[name] = new if whole else joined(old, new)
    return before.model_copy(update=update)


def contradict(before: Value, added: Value) -> bool:
    """Whether two reports on one component of one assessment give different values for the same thing."""
    for name in type(added).model_fields:
        old, new = getattr(before, name), getattr(added, name)
        if old is None or new is None or old == new:
            continue
        if not (isinstance(old, Value) and isinstance(new, Value)) or contradict(old, new):
            return True
    return False


_INVOLVED: Final = ("involved_at_baseline", "soft_tissue_at_baseline", "bone_at_baseline")
_OF_THE_LINE: Final = (*_INVOLVED, "mibg_nonavid")


def as_baseline(measured: Measurements) -> Measurements:
    """The last evaluation before a line of therapy, as what the line is compared with."""
    free = [name for name in _INVOLVED if getattr(measured, name) is False and measured.new_lesions is False]
    update: dict[str, Any] = {name: False if name in free else None for name in _INVOLVED}
    for name in ("longest_diameter_mm", "sum_of_diameters_mm"):
        if (length := getattr(measured, name)) is not None:
            update[name] = Diameter(now=length.now, baseline=length.now)
    if (scan := measured.mibg) is not None:
        same = {"baseline": scan.now, "segments_baseline": scan.segments, "baseline_score": None}
        update["mibg"] = scan.model_copy(update=same | {"nadir": None, "new_sites": None})
    if (lesions := measured.fdg) is not None:
        update["fdg"] = FdgLesions(bone_lesions=lesions.bone_lesions, baseline=lesions.bone_lesions)
    if (infiltration := measured.infiltration) is not None:
        update["infiltration_percent"] = Infiltration(now=infiltration, baseline=infiltration)
    return measured.model_copy(update=update)


def within_line(measured: Measurements, earlier: Iterable[Measurements]) -> Measurements:
    """The measurements with what earlier assessments of the same line and component tell for comparison.

    A baseline that was not repeated is taken over, and the smallest value on study is looked up. What the
    report says itself holds.
    """
    for past in earlier:
        update: dict[str, Any] = {
            name: getattr(past, name) for name in _OF_THE_LINE if getattr(measured, name) is None
        }
        for name in ("longest_diameter_mm", "sum_of_diameters_mm"):
            update[name] = _compared(getattr(measured, name), getattr(past, name))
        update["mibg"] = _scored(measured.mibg, past.mibg)
        update["fdg"] = _since(measured.fdg, past.fdg)
        update["infiltration_percent"] = _infiltration(measured, past)
        measured = measured.model_copy(update=update)
    return measured


def _compared(length: Diameter | None, past: Diameter | None) -> Diameter | None:
    if length is None or past is None:
        return length
    nadir = smallest(length.nadir, past.now, past.nadir)
    return length.model_copy(update={"baseline": _first(length.baseline, past.baseline), "nadir": nadir})


def _scored(score: MibgScore | None, past: MibgScore | None) -> MibgScore | None:
    if score is None or past is None or score.score != past.score:
        return score
    update: dict[str, Any] = {"nadir": smallest(score.nadir, past.now, past.nadir)}
    if score.before is None and score.baseline_score is None:
        update |= {"baseline": past.before, "segments_baseline": past.segments_baseline}
    return score.model_copy(update=update)


_Counted = TypeVar("_Counted", FdgLesions, Infiltration)


def _since(found: _Counted | None, past: _Counted | None) -> _Counted | None:
    if found is None or past is None or found.baseline is not None:
        return found
    return found.model_copy(update={"baseline": past.baseline})


def _infiltration(measured: Measurements, past: Measurements) -> Infiltration | None:
    before = past.infiltration_percent.baseline if past.infiltration_percent else None
    if measured.infiltration_percent is None and measured.marrow_samples and before is not None:
        return Infiltration(baseline=before)
    return _since(measured.infiltration_percent, past.infiltration_percent)


def _first(*values: Decimal | None) -> Decimal | None:
    return next((value for value in values if value is not None), None)
