"""The bridge to GD2 CAR-T cells, and the time after them."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import FIGURE_1, F, L, S, W, X, row
from pathway.clinical.evidence import LOCATELLI_2025, Tag, cite
from pathway.engine.definition import Offer, Row

INELIGIBLE = row("E", "The child is not eligible for GD2 CAR-T cells: decide otherwise.", [g.CAR_T_INELIGIBLE], None, X, L, F, S, because=[cite(LOCATELLI_2025, Tag.SOURCE_READ, "low disease burden")])  # fmt: skip

BRIDGE: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    INELIGIBLE,
    row("F", "The cell product has been released: go on to lymphodepletion, after restaging.", [g.PRODUCT_RELEASED], "bridge_to_car_t", X, L, F, S, because=[cite(LOCATELLI_2025, Tag.SOURCE_READ, "low disease burden")]),
    row("G", "The bridge goes on: eligibility, collection, manufacturing.", [], Offer("bridge_to_car_t", exempt=True), X, L, F, S, because=[FIGURE_1]),
)  # fmt: skip

CELLS_GIVEN: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    row("F", "After CAR-T cells: watch for CRS and ICANS, assess the response at the next time point.", [], "continue_monitoring", L, W, F, S, because=[cite(LOCATELLI_2025, Tag.SOURCE_READ, "time points")]),
)  # fmt: skip

LYMPHODEPLETING: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    INELIGIBLE,
    row(
        "F",
        "Lymphodepletion was decided: carry it out and infuse.",
        [],
        "bridge_to_car_t",
        F,
        S,
    ),
)
