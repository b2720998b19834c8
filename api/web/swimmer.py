"""Where the bars and marks of a swimmer plot stand: one bar for each course, its states one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Final

Document = Mapping[str, Any]

WIDTH: Final = 1000
LEFT: Final = 64
RIGHT: Final = 24
ROW: Final = 44
TOP: Final = 30
BAR: Final = 16
FILLS: Final = 6
"""How many fills there are; what comes after them has them again, hatched."""

_LEAST_FOR_A_LETTER: Final = 14
_STEP: Final = 44
_TICKS: Final = (7, 14, 28, 56, 91, 182, 365, 730, 1826, 3652)
_MOST_TICKS: Final = 8
_SIGNS: Final = {"recommended": "●", "possible": "○", "left_open": "○", "override": "✕"}


@dataclass(frozen=True)
class Segment:
    """A stretch of a bar: the states that share the beginning of their label, as one."""

    x: float
    width: float
    letter: str
    label: str
    fill: int
    hatched: bool
    days: int | None

    @property
    def is_lettered(self) -> bool:
        """True when there is room for its letter."""
        return self.width >= _LEAST_FOR_A_LETTER


@dataclass(frozen=True)
class Mark:
    """A response above a bar, or the sign of a decision below it."""

    x: float
    text: str
    told: str


@dataclass(frozen=True)
class Bar:
    """One course."""

    course: Document
    number: int
    y: int
    segments: tuple[Segment, ...]
    responses: tuple[Mark, ...]
    decisions: tuple[Mark, ...]


@dataclass(frozen=True)
class Swimmer:
    """The whole plot, in units of its own."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, int], ...]
    letters: tuple[tuple[str, str, int, bool], ...]
    """Letter, label, fill and whether hatched, of what stands in it."""

    @property
    def height(self) -> int:
        """From the scale to below the last bar."""
        return TOP + ROW * len(self.bars) + 8


def drawn(courses: Sequence[Document], words: Mapping[str, str]) -> Swimmer:
    """The plot of these courses; `words` say what the agreement of a decision means."""
    groups = list(dict.fromkeys(_group(stay) for course in courses for stay in _drawn(course)))
    legend = {
        group: (ascii_uppercase[place % len(ascii_uppercase)], place % FILLS, place >= FILLS)
        for place, group in enumerate(groups)
    }
    longest = max((course["stays"][-1]["to"] for course in courses if course["exact"]), default=0)
    scale = (WIDTH - LEFT - RIGHT) / max(longest, 1)
    bars = tuple(_bar(course, number, scale, legend, words) for number, course in enumerate(courses, 1))
    letters = tuple((letter, group, fill, hatched) for group, (letter, fill, hatched) in legend.items())
    return Swimmer(bars, tuple(_ticks(longest, scale)) if longest else (), letters)


def _drawn(course: Document) -> list[Document]:
    """The states that a bar has; with its closure it ends."""
    return [stay for stay in course["stays"] if stay["state"] != "closed"]


def _group(stay: Document) -> str:
    label: str = stay["label"]
    return label.partition(":")[0]


def _ticks(longest: int, scale: float) -> Iterator[tuple[float, int]]:
    step = next((each for each in _TICKS if longest / each <= _MOST_TICKS), _TICKS[-1])
    for day in range(0, longest + 1, step):
        yield LEFT + day * scale, day


def _bar(
    course: Document,
    number: int,
    scale: float,
    legend: Mapping[str, tuple[str, int, bool]],
    words: Mapping[str, str],
) -> Bar:
    step = min(_STEP, (WIDTH - LEFT - RIGHT) / len(course["stays"]))

    def at(mark: Document) -> float:
        if course["exact"]:
            return LEFT + float(mark["day"]) * scale
        return LEFT + float(mark["place"] - 1) * step

    responses = tuple(
        Mark(at(each), each["response"], f"Response {each['response']}") for each in course["assessments"]
    )
    decisions = tuple(
        Mark(
            at(each),
            _SIGNS[each["agreement"]],
            f"Decision: {each['option'].replace('_', ' ')}, {words[each['agreement']]}",
        )
        for each in course["decisions"]
    )
    y = TOP + ROW * (number - 1)
    return Bar(course, number, y, tuple(_segments(course, scale, step, legend)), responses, decisions)


def _segments(
    course: Document, scale: float, step: float, legend: Mapping[str, tuple[str, int, bool]]
) -> Iterable[Segment]:
    found: list[Segment] = []
    for place, stay in enumerate(_drawn(course)):
        letter, fill, hatched = legend[_group(stay)]
        days = stay["to"] - stay["from"] if course["exact"] else None
        x = LEFT + (stay["from"] * scale if course["exact"] else place * step)
        width = days * scale if days is not None else step
        if found and found[-1].label == _group(stay):
            before = found.pop()
            x, width = before.x, before.width + width
            days = before.days + days if days is not None and before.days is not None else None
        found.append(Segment(x, width, letter, _group(stay), fill, hatched, days))
    return found
