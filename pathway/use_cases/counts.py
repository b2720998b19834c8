"""Counts of patients as they are told: a small one only as a range, so that nobody can be recognised in it.

What is told of a total is the sum of what is told of its parts. So it follows from what is shown already, and a
count that was held back does not follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SMALLEST: Final = 5
"""Of how many patients something has to be for its count to be told as it is."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count as it is told: at least so many and at most so many; None where no more than the least is told."""

    at_least: int
    at_most: int | None

    def as_dict(self) -> dict[str, int | None]:
        """The count as answers carry it."""
        return {"at_least": self.at_least, "at_most": self.at_most}


NONE: Final = Count(0, 0)


def count_told(patients: Sequence[str]) -> Count:
    """The count of what was found, given the patient of each; of nobody it is told that there is nothing.

    Less than 5 is told as 1 to 4, and what is more, of fewer than 5 patients, as 5 or more.
    """
    number = len(patients)
    if 0 < number < SMALLEST:
        return Count(1, SMALLEST - 1)
    return Count(number, number) if is_told(patients) else Count(SMALLEST, None)


def is_told(patients: Sequence[str]) -> bool:
    """True when it is nothing, or of so many patients that what was found may be told as it is."""
    return not patients or len(set(patients)) >= SMALLEST


def together(counts: Iterable[Count]) -> Count:
    """A total, told by its parts."""
    total = NONE
    for each in counts:
        known = total.at_most is not None and each.at_most is not None
        most = total.at_most + each.at_most if known else None  # type: ignore[operator]
        total = Count(total.at_least + each.at_least, most)
    return total
