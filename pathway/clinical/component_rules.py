"""How a table of component rules is read: three-valued conditions, the rows, the open readings, the answer.

A condition is true, false, or open; an open one is the tuple of what would have to be known. A table is read
from the top: the first row that holds decides, unless an open row above it would rate otherwise; then the
component is not evaluable and what the open rows ask for is missing. So nothing that is unknown ever counts
as true or as false.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

from pathway.clinical.evidence import NCI_PDQ_2025, PARK_2017, PROJECT_DESIGN, Citation, Tag, cite
from pathway.clinical.measurements import Diameter, Measurements
from pathway.clinical.terms import Component, ComponentRating

Truth: TypeAlias = bool | tuple[str, ...]
"""True, false, or what is missing to tell."""

Otherwise: TypeAlias = frozenset[str]
"""The policies, by id, that are read the other way than by default."""

BY_DEFAULT: Final[Otherwise] = frozenset()


class Readings:
    """How the open questions are read while one component is rated, and which of them came up."""

    __slots__ = ("came_up", "otherwise")

    def __init__(self, otherwise: Otherwise = BY_DEFAULT) -> None:
        self.otherwise = otherwise
        self.came_up: list[str] = []

    def turned(self, policy: str) -> bool:
        """Whether the other reading is in force; asked only where the two readings part."""
        self.came_up.append(policy)
        return policy in self.otherwise


MIMIC_CHECK: Final = "mimic_check"
"""The progression rests on something that may be no tumour: biopsy, FDG-PET, MRI or repetition first."""
MIXED: Final = "mixed"
"""Lesions of one component went opposite ways."""
MARROW_NOT_REPEATED: Final = "marrow_not_repeated"
"""The marrow, free at baseline, was not fully sampled again: it is needed before complete response is declared."""


def all_of(*truths: Truth) -> Truth:
    """False if any is; else open if any is; else true."""
    missing: tuple[str, ...] = ()
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            missing += truth
    return missing or True


def any_of(*truths: Truth) -> Truth:
    """True if any is; else open if any is; else false."""
    missing: tuple[str, ...] = ()
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            missing += truth
    return missing or False


def negated(truth: Truth) -> Truth:
    """True for false, false for true; what is open stays open."""
    return truth if isinstance(truth, tuple) else not truth


@dataclass(frozen=True, slots=True)
class Policy:
    """A question which the criteria leave open, how it is read here, and the other reading.

    `reading` is the one in force, the default unless the definition chooses `other`.
    """

    id: str
    name: str
    question: str
    reading: str
    other: str
    components: tuple[Component, ...]
    citation: Citation

    def turned(self) -> "Policy":
        """The same question with the other reading in force."""
        return replace(self, reading=self.other, other=self.reading)

    def as_dict(self) -> dict[str, object]:
        """The policy as answers carry it."""
        return {
            "id": self.id,
            "name": self.name,
            "question": self.question,
            "reading": self.reading,
            "other": self.other,
            "because": self.citation.as_dict(),
        }


def _open(
    name: str, title: str, question: str, reading: str, other: str, *components: Component
) -> tuple[str, Policy]:
    citation = cite(PROJECT_DESIGN, Tag.DESIGN, f"INRC ambiguity {name}")
    return name, Policy(name, title, question, reading, other, components, citation)


POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    dict(
        (
            _open(
                "A1", "node_threshold",
                "How small has a target node to be for complete response?",
                "Less than 10 mm in its short axis.", "Less than 15 mm in its short axis.",
                Component.METASTATIC,
            ),
            _open(
                "A2", "trace_bone_score",
                "What is a relative bone score between 0 and 0.1?",
                "Partial response, as long as it is not 0.", "Complete response.",
                Component.METASTATIC,
            ),
            _open(
                "A3", "marrow_cleared_from_5_to_20",
                "What is marrow that had more than 5 % and up to 20 % and now has up to 5 %?",
                "Minimal disease, like any infiltration up to 5 %.", "Stable disease.",
                Component.BONE_MARROW,
            ),
            _open(
                "A4", "reappeared_bone_site",
                "Is a bone site new which was avid in an earlier line of therapy?",
                "It is new: progression.", "It is not new.",
                Component.METASTATIC,
            ),
            _open(
                "A5", "reference_of_the_relative_score",
                "What is the relative bone score measured against for progression?",
                "The baseline of this line of therapy.", "The lowest score on study.",
                Component.METASTATIC,
            ),
            _open(
                "A6", "new_marrow_disease_of_exactly_5",
                "Is exactly 5 % in marrow that was free progression?",
                "No, progression takes more than 5 %.", "Yes, 5 % is enough.",
                Component.BONE_MARROW,
            ),
            _open(
                "A7", "exactly_20_percent",
                "Are exactly 20 % (growth of a diameter, infiltration of the marrow) enough for progression?",
                "No, progression takes more than 20 %.", "Yes, 20 % are enough.",
                Component.PRIMARY, Component.METASTATIC, Component.BONE_MARROW,
            ),
        )
    )
)  # fmt: skip
"""The open questions of the component criteria by id, each with its default reading."""


@dataclass(frozen=True, slots=True)
class ComponentRule:
    """One row: the rating it gives, its sentence and source, its condition, and what it rests on.

    `found` puts into words the measurements that decided. `flags` mark what a person has to look at.
    """

    id: str
    rating: ComponentRating
    sentence: str
    citation: Citation
    when: Callable[[Measurements, Readings], Truth]
    found: tuple[Callable[[Measurements], str], ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComponentResponse:
    """What one component shows by its measurements.

    `rule` is the id of the row, `sentence` says it with the values that decided. `policies` are the open
    questions whose other reading would have rated otherwise. `missing` says what keeps the component from
    being evaluated; `flags` are `mimic_check`, `mixed` and `marrow_not_repeated`.
    """

    rating: ComponentRating
    rule: str
    sentence: str
    citation: Citation
    policies: tuple[Policy, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def read_table(
    rules: tuple[ComponentRule, ...], measured: Measurements, readings: Readings
) -> ComponentRule | tuple[str, ...]:
    """The row that decides, or what is missing to tell which."""
    unsettled: list[tuple[ComponentRating, tuple[str, ...]]] = []
    for rule in rules:
        truth = rule.when(measured, readings)
        if isinstance(truth, tuple):
            unsettled.append((rule.rating, truth))
        elif truth:
            if all(rating is rule.rating for rating, _ in unsettled):
                return rule
            break
    return tuple(dict.fromkeys(word for _, words in unsettled for word in words))


def by_rule(rule: ComponentRule, measured: Measurements) -> ComponentResponse:
    """The answer a row gives."""
    found = "; ".join(text for text in (say(measured) for say in rule.found) if text)
    sentence = f"{rule.sentence} Found: {found}." if found else rule.sentence
    return ComponentResponse(rule.rating, rule.id, sentence, rule.citation, flags=rule.flags)


NOT_EVALUABLE: Final = "NE"
_NOT_EVALUABLE: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "INRC: a component without a result")


def not_evaluable(missing: tuple[str, ...]) -> ComponentResponse:
    """The answer where measurements do not suffice."""
    sentence = f"Not evaluable, nor is progression shown, without: {'; '.join(missing)}."
    return ComponentResponse(ComponentRating.NE, NOT_EVALUABLE, sentence, _NOT_EVALUABLE, missing=missing)


def pdq(where: str) -> Citation:
    """A criterion that was read in NCI PDQ."""
    return cite(NCI_PDQ_2025, Tag.SOURCE_READ, f"INRC, {where}")


def park(where: str) -> Citation:
    """A row of the published tables, not compared with the paper."""
    return cite(PARK_2017, Tag.UNVERIFIED, where)


def design(where: str) -> Citation:
    """A choice of this project."""
    return cite(PROJECT_DESIGN, Tag.DESIGN, f"INRC: {where}")


# What is asked of a length, for the primary tumour and for the sum over metastases.

COMPLETE_BELOW_MM: Final = Decimal(10)
GROWTH_MM: Final = Decimal(5)


def grew(length: Diameter, what: str, readings: Readings) -> Truth:
    """More than 20 % and at least 5 mm longer than the smallest on study (A7: from 20 % on)."""
    if length.now < GROWTH_MM:
        return False
    if length.smallest is None:
        return (f"{what} at baseline",)
    growth = length.now - length.smallest
    fifth = growth * 5 - length.smallest
    return growth >= GROWTH_MM and (fifth > 0 or (fifth == 0 and readings.turned("A7")))


def grew_anew(length: Diameter | None, what: str) -> Truth:
    """At least 5 mm where nothing had been left."""
    if length is None:
        return (what,)
    if length.now < GROWTH_MM:
        return False
    return (f"{what} at baseline",) if length.smallest is None else length.smallest == 0


def shrank(length: Diameter | None, what: str) -> Truth:
    """At least 30 % shorter than at baseline."""
    if length is None:
        return (what,)
    if length.baseline is None:
        return (f"{what} at baseline",)
    return length.baseline > 0 and length.now * 10 <= length.baseline * 7


def plain(value: Decimal | int) -> str:
    """A number as people write it: no exponent, no zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def told_length(name: str, length: Diameter | None) -> str:
    """A length with what it is compared with, in words."""
    if length is None:
        return ""
    before = [
        f"{plain(value)} mm {when}"
        for value, when in ((length.baseline, "at baseline"), (length.nadir, "at its smallest"))
        if value is not None
    ]
    compared = f" ({', '.join(before)})" if before else ""
    return f"{name} {plain(length.now)} mm{compared}"


def told_uptake(measured: Measurements) -> str:
    """The uptake in words."""
    return f"uptake {measured.uptake}" if measured.uptake else ""
