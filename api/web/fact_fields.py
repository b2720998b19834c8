"""How people are asked for a fact: fields, rows and groups of them, and the choices between ways of telling.

What a field can hold, and whether it has to be there, is read from the schema of the events; here it only stands
under which words and beside what people are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `name` is where its value stands in the event, with dots between the steps inwards."""

    name: str
    label: str
    hint: str = ""
    unit: str = ""
    words: Words = field(default_factory=dict)
    """What people read for a value, where it is not the value in words; a whole number with words is chosen."""
    suggested: str = ""
    """The list of the episode's words which the field suggests, or (`toxicities`) from which it is chosen."""
    only: bool = False
    """True when no value but those with words is offered."""
    when: str = ""
    """The field and the values with which it counts: `name=value value`."""
    asked_for: bool = False
    """True for what the form asks for although an event may do without it."""
    counted: bool = False
    """True for a number which nobody reports with decimals: a point in it separates thousands."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some values of one form below each other, such as the samples of a marrow. Each of `presets` is a row."""

    name: str
    columns: tuple[Field, ...]
    presets: tuple[Words, ...]

    def row(self, number: int) -> tuple[Field, ...]:
        """The fields of a row."""
        return tuple(replace(each, name=f"{self.name}.{number}.{each.name}") for each in self.columns)


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together. A `folded` one is opened by those who need it."""

    title: str
    fields: tuple[Field | Rows, ...]
    hint: str = ""
    when: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """How one component of an assessment is told: nothing in the event but which of its fields count."""

    name: str
    """Where the component stands in the event."""
    title: str
    groups: tuple[Group, ...]

    @property
    def how(self) -> Field:
        """The field that is chosen from."""
        return Field(f"{self.name}.how", "How it is told", words=HOW)


HOW: Final[Words] = MappingProxyType(
    {"": "Not examined", "rated": "As a rating alone", "measured": "As measurements"}
)


@dataclass(frozen=True, slots=True)
class FactForm:
    """The form for one kind of fact, and the findings a next step may miss that it can bring (`obtains`)."""

    kind: str
    title: str
    parts: tuple[Group | Choice, ...]
    hint: str = ""
    obtains: frozenset[str] = field(default=frozenset())
    states: bool = False
    """True for what a person states and nobody else can, nor correct for them."""

    @property
    def groups(self) -> Iterator[Group]:
        """All groups, those of the choices among them."""
        for part in self.parts:
            yield from part.groups if isinstance(part, Choice) else (part,)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The parts of which a choice says how they are told."""
        return tuple(part for part in self.parts if isinstance(part, Choice))


EXACTLY: Final[Words] = MappingProxyType(
    {
        "day": "To the day",
        "month": "To the month",
        "year": "To the year",
        "order": "Not at all: only what came before and after it",
    }
)
ON: Final = Group(
    "When",
    (
        Field(
            "occurred_on",
            "On",
            "Where only the month or the year is known, its first day.",
        ),
        Field("occurred_precision", "How exactly the day is known", words=EXACTLY),
    ),
    "Windows and due dates can be worked out only from what is known to the day.",
)
"""When it happened; each form ends with it."""

GRADES: Final[Words] = MappingProxyType({str(grade): f"Grade {grade}" for grade in range(6)})
SCORES: Final[Words] = MappingProxyType({str(score): str(score) for score in range(100, -1, -10)})
RESPONSES: Final[Words] = MappingProxyType(
    {
        "CR": "CR, complete response",
        "VGPR": "VGPR, very good partial response (1993 only)",
        "PR": "PR, partial response",
        "MR": "MR, minor response (in 1993: mixed)",
        "MD": "MD, minimal disease",
        "SD": "SD, stable disease",
        "NR": "NR, no response (1993 only)",
        "PD": "PD, progressive disease",
        "NI": "NI, not involved",
        "NE": "NE, not evaluable",
        "NED": "NED, no evidence of disease",
        "none": "Nothing was involved",
    }
)
SCORING: Final[Words] = MappingProxyType({"curie": "Curie", "siopen": "SIOPEN"})
