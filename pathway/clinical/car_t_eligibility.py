"""What a GD2 CAR-T product or trial asks of a child before its cells are given: one table each, never merged.

For a product that has no table here, only what both tables ask for is held against the child.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from pathway.clinical.cycle_gate import BEDSIDE_DAYS, ORGAN_DAYS, Since
from pathway.clinical.evidence import (
    DEL_BUFALO_2023,
    GD2_CAR_LITERATURE,
    GD2_CAR_REGISTRY,
    NCT03373097,
    PROJECT_DESIGN,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.terms import spelling

LVEF_DAYS: Final = 28
PERFORMANCE_DAYS: Final = 14
DISEASE_DAYS: Final = 28
SEROLOGY_DAYS: Final = 30
STEROID_DAYS: Final = 14
"""How long a value counts before cells, where it is not as before a cycle; for steroids as far back as is asked."""

KARNOFSKY_ABOVE_YEARS: Final = 16
"""Above this age the performance status is Karnofsky's, up to it Lansky's."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that a value of `fitness_recorded` is held against."""

    name: str
    value: str
    sentence: str
    met: Callable[[Decimal], bool]
    days: int
    because: Citation
    since: Since | None = None
    """What makes the value count no longer, however young it is."""


@dataclass(frozen=True, slots=True)
class AgeWindow:
    """Ages in months: met from `youngest` to `surely_to`; from there to `oldest` the sources differ."""

    sentence: str
    youngest: int
    surely_to: int
    oldest: int
    because: Citation


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion that no recorded value answers: the statement of a person does."""

    name: str
    sentence: str
    because: Citation


@dataclass(frozen=True, slots=True)
class Product:
    """The table of one product or trial; what is None or absent the table does not ask for."""

    key: str
    title: str
    names: frozenset[str]
    """What it is called in reports, as `spelling` writes it."""
    worst_toxicity: int
    """The highest grade at which an earlier side effect, other than of the counts, may still go on."""
    toxicity: Citation
    infection: Citation
    antigen: Citation
    age: AgeWindow | None = None
    limits: tuple[Limit, ...] = ()
    judged: tuple[Judged, ...] = ()
    disease: Citation | None = None
    pregnancy: Citation | None = None
    steroids: Citation | None = None
    performance: Citation | None = None
    washout: Citation | None = None


LEAST_PERFORMANCE: Final = 60
WASHOUT_DAYS: Final = 14


def _above(number: str) -> Callable[[Decimal], bool]:
    return lambda told: told > Decimal(number)


def _at_least(number: str) -> Callable[[Decimal], bool]:
    return lambda told: told >= Decimal(number)


def _up_to(number: str) -> Callable[[Decimal], bool]:
    return lambda told: told <= Decimal(number)


_REGISTRY: Final = cite(NCT03373097, Tag.SOURCE_READ, "inclusion, registry and abstract")
_EXCLUSION: Final = cite(
    GD2_CAR_LITERATURE, Tag.SOURCE_READ, "exclusions of GD2-CART01, from its registry entry"
)
_LISTED: Final = cite(GD2_CAR_REGISTRY, Tag.SOURCE_READ, "eligibility")
_GD2_ASKED: Final = cite(
    PROJECT_DESIGN, Tag.DESIGN, "eligibility for CAR-T cells asks for GD2, positive or partial"
)

GD2_CART01: Final = Product(
    "gd2_cart01",
    "GD2-CART01",
    frozenset({"gd2_cart01", "nct03373097", "gd2_cart01_(nct03373097)"}),
    worst_toxicity=2,
    toxicity=_REGISTRY,
    infection=_EXCLUSION,
    antigen=_GD2_ASKED,
    age=AgeWindow(
        "Age from 12 months to 18 years by the registry, from 1 to 25 years by the publication.",
        12,
        18 * 12,
        25 * 12,
        cite(
            DEL_BUFALO_2023, Tag.SOURCE_READ, "age, abstract; the registry entry says 12 months to 18 years"
        ),
    ),
    judged=(
        Judged(
            "cyclophosphamide and fludarabine",
            "No severe side effect of cyclophosphamide or fludarabine before.",
            _EXCLUSION,
        ),
    ),
    disease=_REGISTRY,
    pregnancy=_REGISTRY,
    steroids=_EXCLUSION,
    performance=_REGISTRY,
)

OTHER_AUTOLOGOUS: Final = Product(
    "autologous_gd2_car_t",
    "autologous GD2 CAR-T trial on medifind",
    frozenset({"autologous_gd2_car_t", "autologous_gd2_car_t_trial"}),
    worst_toxicity=1,
    toxicity=_LISTED,
    infection=_LISTED,
    antigen=_LISTED,
    limits=(
        Limit(
            "kidney function",
            "gfr_ml_min_173",
            "Creatinine clearance or filtration rate above 60 ml/min.",
            _above("60"),
            ORGAN_DAYS,
            _LISTED,
            Since.KIDNEY,
        ),
        Limit(
            "ALT", "alt_x_uln", "ALT at most 2.5 times the upper limit.", _up_to("2.5"), ORGAN_DAYS, _LISTED
        ),
        Limit(
            "AST", "ast_x_uln", "AST at most 2.5 times the upper limit.", _up_to("2.5"), ORGAN_DAYS, _LISTED
        ),
        Limit(
            "bilirubin",
            "bilirubin_x_uln",
            "Bilirubin at most 1.5 times the upper limit.",
            _up_to("1.5"),
            ORGAN_DAYS,
            _LISTED,
        ),
        Limit(
            "heart",
            "lvef_percent",
            "Left ventricular ejection fraction at least 50 %.",
            _at_least("50"),
            LVEF_DAYS,
            _LISTED,
        ),
        Limit(
            "oxygen saturation",
            "spo2_percent",
            "Oxygen saturation above 92 % in room air.",
            _above("92"),
            BEDSIDE_DAYS,
            _LISTED,
            Since.FEVER,
        ),
    ),
    judged=(Judged("expected survival", "Expected survival of at least 3 months.", _LISTED),),
    washout=_LISTED,
)

PRODUCTS: Final = (GD2_CART01, OTHER_AUTOLOGOUS)

COMMON: Final = Product(
    "common",
    "what both tables ask for",
    frozenset(),
    worst_toxicity=max(each.worst_toxicity for each in PRODUCTS),
    toxicity=_REGISTRY,
    infection=_EXCLUSION,
    antigen=_GD2_ASKED,
)
"""For a product that is not named, or has no table here."""


@lru_cache(maxsize=64)
def product_of(name: str) -> Product | None:
    """The table of a product or trial by what a report calls it; None when there is none here."""
    plain = spelling(name)
    return next((each for each in PRODUCTS if plain in each.names), None)
