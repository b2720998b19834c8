"""Local control that was decided and has to be carried out."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import F, S, X, row
from pathway.engine.definition import Offer, Row

LOCAL: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    row("F", "Local control was decided: carry it out.", [], Offer("local_control", exempt=True), X, (Offer("continue_chemoimmunotherapy", "local control is put off", needs_reason=True),), F, S),
)  # fmt: skip
