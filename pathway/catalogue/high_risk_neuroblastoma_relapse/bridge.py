"""The bridge to GD2 CAR-T cells, a table for each of its steps, and the time after them."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import cell_findings as cells
from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import FIGURE_1, OBTAIN, F, L, S, W, X, row
from pathway.clinical.evidence import GD2_CAR_LITERATURE, LOCATELLI_2025, Tag, cite
from pathway.engine.definition import Offer, Row

_LOW_BURDEN: Final = cite(LOCATELLI_2025, Tag.SOURCE_READ, "low disease burden")
_TIME_POINTS: Final = cite(LOCATELLI_2025, Tag.SOURCE_READ, "time points")
_MAKING: Final = cite(GD2_CAR_LITERATURE, Tag.SOURCE_READ, "autologous product in two to three weeks")
_GATE: Final = g.chosen("restaging 28 to 3 days before lymphodepletion")
_GOES_ON: Final = Offer("bridge_to_car_t", exempt=True)

_FIRST: Final = (EMERGENCY, COMFORT, CNS_SUSPECTED, CNS_NEW)
_INFUSED_EARLY: Final = row("E", "Cells were infused, though the steps before it were not recorded: watch the child as after an infusion; record eligibility, collection, release and lymphodepletion with their own dates.", [g.INFUSED_EARLY], "continue_monitoring", W, F, S, because=[_TIME_POINTS])  # fmt: skip
_INELIGIBLE: Final = row("E1", "On what is recorded the child is not eligible for GD2 CAR-T cells: hold the bridge while that can change, or decide otherwise.", [g.CAR_T_INELIGIBLE], None, X, L, F, S, because=[_LOW_BURDEN])  # fmt: skip
_POOR: Final = row("E2", "A child in poor condition: decide before the next step of the bridge.", [g.POOR_FITNESS], None, X, L, F, S, because=[_GATE])  # fmt: skip

REFERRED: Final[tuple[Row, ...]] = (
    *_FIRST,
    _INFUSED_EARLY,
    _INELIGIBLE,
    _POOR,
    row("G", "Referred: have eligibility decided by the table of the product, then collect lymphocytes.", [], _GOES_ON, X, L, F, S, because=[FIGURE_1], obtains=(cells.car_t_eligibility,)),
)  # fmt: skip

COLLECTING: Final[tuple[Row, ...]] = (
    *_FIRST,
    _INFUSED_EARLY,
    _INELIGIBLE,
    _POOR,
    row("G", "Found eligible: collect lymphocytes, with infection serology and washout in order.", [], _GOES_ON, X, L, F, S, because=[FIGURE_1]),
)  # fmt: skip

MAKING: Final[tuple[Row, ...]] = (
    *_FIRST,
    _INFUSED_EARLY,
    _INELIGIBLE,
    row("E2", "A child in poor condition, with the cell product released: decide before lymphodepletion.", [g.PRODUCT_RELEASED, g.POOR_FITNESS], None, X, L, F, S, because=[_GATE]),
    row("E3", "A criterion for the cells is not met, with the cell product released: decide before lymphodepletion.", [g.PRODUCT_RELEASED, g.CELL_CRITERIA_NOT_MET], None, X, L, F, S, because=[_GATE]),
    row("F1", "The cell product has been released: restage before lymphodepletion is decided.", [g.PRODUCT_RELEASED, g.NOT_RESTAGED], OBTAIN, X, L, F, S, because=[_GATE, _LOW_BURDEN], obtains=(cells.restaged, f.fitness, cells.cell_criteria)),
    row("F2", "The cell product has been released: record the child's condition before lymphodepletion is decided.", [g.PRODUCT_RELEASED, g.FITNESS_UNKNOWN], OBTAIN, X, L, F, S, because=[_GATE], obtains=(f.fitness, cells.cell_criteria)),
    row("F3", "The cell product has been released: hold the child against the criteria again before lymphodepletion is decided.", [g.PRODUCT_RELEASED, g.CELL_CRITERIA_OPEN], OBTAIN, X, L, F, S, because=[_GATE], obtains=(cells.cell_criteria,)),
    row("F", "The cell product has been released, the child restaged, fit and eligible: go on to lymphodepletion.", [g.PRODUCT_RELEASED], "bridge_to_car_t", X, L, F, S, because=[_LOW_BURDEN]),
    row("G", "The cell product is being made; what keeps the disease low meanwhile is recorded as bridging.", [], _GOES_ON, X, L, F, S, because=[_MAKING]),
)  # fmt: skip

LYMPHODEPLETING: Final[tuple[Row, ...]] = (
    *_FIRST,
    _INELIGIBLE,
    _POOR,
    row("E3", "A criterion for the cells is not met: decide before lymphodepletion or infusion.", [g.CELL_CRITERIA_NOT_MET], None, X, L, F, S, because=[_GATE]),
    row("F", "Lymphodepletion was given: infuse the cells within seven days of its last day.", [g.LYMPHODEPLETION_GIVEN], _GOES_ON, F, S, because=[g.chosen("infusion 2 to 7 days after lymphodepletion")], obtains=(f.fitness, cells.cell_criteria)),
    row("F1", "Restage before lymphodepletion begins.", [g.NOT_RESTAGED], OBTAIN, X, L, F, S, because=[_GATE, _LOW_BURDEN], obtains=(cells.restaged, f.fitness, cells.cell_criteria)),
    row("F2", "Record the child's condition before lymphodepletion begins.", [g.FITNESS_UNKNOWN], OBTAIN, X, L, F, S, because=[_GATE], obtains=(f.fitness, cells.cell_criteria)),
    row("F3", "Hold the child against the criteria again before lymphodepletion begins.", [g.CELL_CRITERIA_OPEN], OBTAIN, X, L, F, S, because=[_GATE], obtains=(cells.cell_criteria,)),
    row("H", "Lymphodepletion was given more than seven days ago without an infusion: decide whether it is given again.", [g.LYMPHODEPLETION_LAPSED], None, (Offer("bridge_to_car_t", "lymphodepletion again"),), X, L, F, S, because=[g.chosen("infusion 2 to 7 days after lymphodepletion, else the gate again")]),
    row("I", "Lymphodepletion was decided: carry it out, then infuse.", [], "bridge_to_car_t", X, L, F, S),
)  # fmt: skip

CELLS_GIVEN: Final[tuple[Row, ...]] = (
    *_FIRST,
    row("F", "After CAR-T cells: watch for CRS and ICANS, assess the response at the next time point.", [], "continue_monitoring", L, (Offer("follow_up", "before the response at month 6", needs_reason=True),), F, S, because=[_TIME_POINTS]),
)  # fmt: skip
