"""Values that no patient has, and the mistake which each most often is: another unit, a point for thousands.

They hold for what is posted. What once went into a log is read as it was: `LOGGED` is the context of that reading.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo

from pathway.clinical.measurements import Amount, Percent

LOGGED: Final = {"logged": True}


def _between(least: str, most: str, sentence: str, *, or_none: bool = False) -> tuple[Any, Any]:
    """Refuses with the sentence what lies outside both ends; with `or_none` 0 is taken as well."""
    low, high = Decimal(least), Decimal(most)

    def plausible(value: Decimal, info: ValidationInfo) -> Decimal:
        if info.context is LOGGED or low <= value <= high or (or_none and value == 0):
            return value
        raise ValueError(sentence)

    check: Callable[[Decimal, ValidationInfo], Decimal] = plausible
    return AfterValidator(check), Field(description=sentence)


_PER_NANOLITRE: Final = "Neutrophils are per microlitre: 1200, not 1.2."


def _is_a_count(value: Decimal, info: ValidationInfo) -> Decimal:
    """A few cells in a microlitre are counted whole: a fraction of them is a count of another unit."""
    if info.context is LOGGED or value == value.to_integral_value() or value >= _FEW_CELLS:
        return value
    raise ValueError(_PER_NANOLITRE)


_FEW_CELLS: Final = 100
Neutrophils: TypeAlias = Annotated[
    Amount, *_between("0", "200000", _PER_NANOLITRE), AfterValidator(_is_a_count)
]
Platelets: TypeAlias = Annotated[
    Amount,
    *_between(
        "500",
        "5000000",
        "Platelets are per microlitre: 150000, not 150 and not 150.000; fewer than 500 are told as 0.",
        or_none=True,
    ),
]
Haemoglobin: TypeAlias = Annotated[Amount, *_between("1", "25", "Haemoglobin is in g/dl: 9.5, not 95.")]
Transaminase: TypeAlias = Annotated[
    Amount,
    *_between(
        "0", "500", "This is a multiple of the upper limit of normal: 2.1, not 95; or give value and limit."
    ),
]
Bilirubin: TypeAlias = Annotated[
    Amount,
    *_between(
        "0", "60", "This is a multiple of the upper limit of normal: 1.2, not 20; or give value and limit."
    ),
]
Filtration: TypeAlias = Annotated[
    Amount, *_between("0", "400", "The filtration rate is in ml/min/1.73 m2: 110, not 1100.")
]
Saturation: TypeAlias = Annotated[
    Percent, *_between("20", "100", "Oxygen saturation is in percent: 98, not 0.98.")
]
Ejection: TypeAlias = Annotated[
    Percent, *_between("5", "100", "The ejection fraction is in percent: 60, not 0.60.")
]
Temperature: TypeAlias = Annotated[
    Decimal,
    Field(max_digits=5, decimal_places=2),
    *_between("25", "45", "Temperature is in degrees Celsius: 38.5, not 101.3."),
]
Gray: TypeAlias = Annotated[Amount, *_between("0", "120", "The dose is in Gy: 21.6, not 2160.")]
Months: TypeAlias = Annotated[Amount, *_between("0", "600", "This is in months: 14, not 420 days.")]
