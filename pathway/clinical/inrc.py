"""The overall response by INRC 2017, from the ratings of the three components.

The rules are the rows of `RULES`, read from the top; each names its source. The published criteria leave
three combinations open (rows G1 to G3): there the answer is this project's reading and asks to be confirmed.
All 216 combinations are worked out once, when the module loads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Final

from pathway.clinical.evidence import NCI_PDQ_2025, PARK_2017, PROJECT_DESIGN, Citation, Tag, cite
from pathway.clinical.terms import Component, ComponentRating, Response

CR, PR, MD, SD, PD, NI, NE = ComponentRating

_Ratings = tuple[ComponentRating, ComponentRating, ComponentRating]

POSSIBLE_RATINGS: Final[Mapping[Component, tuple[ComponentRating, ...]]] = MappingProxyType(
    {
        Component.PRIMARY: (CR, PR, SD, PD, NI, NE),
        Component.METASTATIC: (CR, PR, SD, PD, NI, NE),
        Component.BONE_MARROW: (CR, MD, SD, PD, NI, NE),
    }
)
"""What each component can be rated: minimal disease is a finding of the marrow, partial response is not."""

_NAMES: Final[Mapping[Component, str]] = MappingProxyType(
    {
        Component.PRIMARY: "the primary tumour",
        Component.METASTATIC: "the metastatic disease",
        Component.BONE_MARROW: "the bone marrow",
    }
)

BEST_FIRST: Final = (Response.CR, Response.PR, Response.MR, Response.SD, Response.PD)
"""Responses from the best to the worst."""

NEEDS_HUMAN_CONFIRMATION: Final = "needs_human_confirmation"
"""The flag of an answer which rests on this project's reading of a gap in the criteria."""


class RatingNotPossible(ValueError):
    """A component was given a rating which INRC 2017 does not know for it."""

    def __init__(self, component: Component, rating: str, allowed: tuple[ComponentRating, ...]) -> None:
        self.component = component
        self.rating = rating
        self.allowed = allowed
        super().__init__(
            f"{_NAMES[component].capitalize()} cannot be rated {rating}; possible are {', '.join(allowed)}."
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: it fits when `present` all occur, one of `with_any` does (if given), and nothing but `only`.

    What occurs are the ratings of the components; one that is not involved (NI) counts as absent.
    `sentence` names components by their rating: `{SD}` becomes those with stable disease.
    """

    id: str
    present: frozenset[ComponentRating]
    with_any: frozenset[ComponentRating]
    only: frozenset[ComponentRating]
    overall: Response
    sentence: str
    citation: Citation
    confirm: bool = False

    def fits(self, occurring: frozenset[ComponentRating]) -> bool:
        """Whether the row speaks about components with these ratings (NI left out)."""
        if self.with_any and self.with_any.isdisjoint(occurring):
            return False
        return self.present <= occurring <= self.only


@dataclass(frozen=True, slots=True)
class OverallResponse:
    """The overall response, the row and the sentence that give it, and what is still open.

    `missing` are the components without a result. `ceiling` is the best response still possible and is given
    for NE alone.
    """

    overall: Response
    rule: str
    sentence: str
    citation: Citation
    flags: tuple[str, ...] = ()
    missing: tuple[Component, ...] = ()
    ceiling: Response | None = None


def _row(
    name: str,
    present: Iterable[ComponentRating],
    only: Iterable[ComponentRating],
    overall: Response,
    sentence: str,
    citation: Citation,
    *,
    with_any: Iterable[ComponentRating] = (),
    confirm: bool = False,
) -> Rule:
    return Rule(
        name, frozenset(present), frozenset(with_any), frozenset(only), overall, sentence, citation, confirm
    )


def _published(where: str) -> Citation:
    return cite(NCI_PDQ_2025, Tag.SOURCE_READ, f"INRC overall response, {where}")


def _chosen(where: str) -> Citation:
    return cite(PROJECT_DESIGN, Tag.DESIGN, where)


RULES: Final[tuple[Rule, ...]] = (
    _row(
        "R1", {PD}, {CR, PR, MD, SD, PD, NE}, Response.PD,
        "Progression in {PD} makes the overall response PD, whatever the other components show.",
        _published("progressive disease"),
    ),
    _row(
        "D1", {NE}, {CR, PR, MD, SD, NE}, Response.NE,
        "Nothing shows progression so far, but without a result for {NE} there is no overall response (NE); "
        "the best still possible is {ceiling}.",
        _chosen("INRC: a component without a result"),
    ),
    _row(
        "D2", (), (), Response.NONE,
        "No component was involved and none is now: there is no response to rate, only whether it stays so.",
        _chosen("INRC: no component involved"),
    ),
    _row(
        "R2", {CR}, {CR}, Response.CR,
        "Complete response in every involved component ({CR}) makes the overall response CR.",
        _published("complete response"),
    ),
    _row(
        "R4", {SD}, {CR, PR, MD, SD}, Response.MR,
        "Response in {CR_or_PR} beside stable disease in {SD}, without progression, "
        "makes the overall response MR.",
        _published("minor response"), with_any={CR, PR},
    ),
    _row(
        "R5", {SD}, {SD}, Response.SD,
        "Stable disease in every involved component ({SD}) makes the overall response SD.",
        _published("stable disease"),
    ),
    _row(
        "R3", {PR}, {CR, PR, MD}, Response.PR,
        "Partial response in {PR}, with at most minimal disease elsewhere, makes the overall response PR.",
        cite(PARK_2017, Tag.UNVERIFIED, "Table 5, partial response"),
    ),
    _row(
        "G1", {CR, MD}, {CR, MD}, Response.PR,
        "Complete response in {CR} beside minimal disease in {MD} has no published category; "
        "it is read as PR until a person confirms it.",
        _chosen("INRC gap G1"), confirm=True,
    ),
    _row(
        "G2", {SD, MD}, {SD, MD}, Response.SD,
        "Stable disease in {SD} beside minimal disease in {MD} has no published category; it is read as SD "
        "until a person confirms it (MR may be meant where the marrow had more than 5 % before).",
        _chosen("INRC gap G2"), confirm=True,
    ),
    _row(
        "G3", {MD}, {MD}, Response.SD,
        "Minimal disease in {MD} alone has no published category; "
        "it is read as SD until a person confirms it.",
        _chosen("INRC gap G3"), confirm=True,
    ),
)  # fmt: skip
"""The rules in the order in which they are read; the first that fits decides."""


def rule_for(ratings: Iterable[ComponentRating]) -> Rule:
    """The first row that fits these ratings of the three components."""
    occurring = frozenset(ratings) - {NI}
    return next(rule for rule in RULES if rule.fits(occurring))


def _rated(ratings: _Ratings, *wanted: ComponentRating) -> tuple[Component, ...]:
    return tuple(part for part, rating in zip(Component, ratings, strict=True) if rating in wanted)


def _spoken(components: Iterable[Component]) -> str:
    *others, last = (_NAMES[part] for part in components)
    return f"{', '.join(others)} and {last}" if others else last


def _sentence(rule: Rule, ratings: _Ratings, ceiling: Response | None) -> str:
    groups = {rating.value: (rating,) for rating in ratings} | {"CR_or_PR": (CR, PR)}
    named = {name: _rated(ratings, *group) for name, group in groups.items()}
    spoken = {name: _spoken(parts) for name, parts in named.items() if parts}
    return rule.sentence.format(**spoken, ceiling=ceiling)


def _ceiling(ratings: _Ratings) -> Response:
    could_be = [
        [other for other in POSSIBLE_RATINGS[part] if other is not NE] if rating is NE else [rating]
        for part, rating in zip(Component, ratings, strict=True)
    ]
    reachable = {rule_for(combination).overall for combination in product(*could_be)}
    return next(response for response in BEST_FIRST if response in reachable)


def _work_out(ratings: _Ratings) -> OverallResponse:
    rule = rule_for(ratings)
    ceiling = _ceiling(ratings) if rule.overall is Response.NE else None
    return OverallResponse(
        overall=rule.overall,
        rule=rule.id,
        sentence=_sentence(rule, ratings, ceiling),
        citation=rule.citation,
        flags=(NEEDS_HUMAN_CONFIRMATION,) if rule.confirm else (),
        missing=_rated(ratings, NE),
        ceiling=ceiling,
    )


_ANSWERS: Final[Mapping[_Ratings, OverallResponse]] = MappingProxyType(
    {
        (primary, metastatic, bone_marrow): _work_out((primary, metastatic, bone_marrow))
        for primary, metastatic, bone_marrow in product(*POSSIBLE_RATINGS.values())
    }
)


NOT_DECLARED: Final = OverallResponse(
    overall=Response.NE,
    rule="D3",
    sentence="Everything else is gone, but the marrow, free at baseline, was not fully sampled again: complete "
    "response is declared once it was.",
    citation=_chosen("INRC: marrow that was free is sampled again before complete response"),
    missing=(Component.BONE_MARROW,),
    ceiling=Response.CR,
)
"""The answer where everything is gone but what a free marrow shows now."""


def overall_response(
    primary: ComponentRating | None,
    metastatic: ComponentRating | None,
    bone_marrow: ComponentRating | None,
    *,
    marrow_repeated: bool = True,
) -> OverallResponse:
    """The overall response by INRC 2017 (Park 2017, Table 5, as NCI PDQ 2025 gives it).

    A component that was not reported (None) is not evaluated (NE); one that was never involved is NI, never
    CR. `marrow_repeated` is false where a marrow that is NI was not sampled again: then CR is not declared.
    Raises `RatingNotPossible` for a rating the component cannot have.
    """
    ratings = (
        NE if primary is None else primary,
        NE if metastatic is None else metastatic,
        NE if bone_marrow is None else bone_marrow,
    )
    answer = _ANSWERS.get(ratings)
    if answer is None:
        raise _refusal(ratings)
    if answer.overall is Response.CR and not marrow_repeated:
        return NOT_DECLARED
    return answer


def _refusal(ratings: _Ratings) -> RatingNotPossible:
    return next(
        RatingNotPossible(part, rating, POSSIBLE_RATINGS[part])
        for part, rating in zip(Component, ratings, strict=True)
        if rating not in POSSIBLE_RATINGS[part]
    )
