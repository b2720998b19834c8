"""The rows that come first in most tables: emergencies, the goal of care, the central nervous system, eligibility."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import (
    CNS_RELAPSE,
    LOW_INTENSITY,
    OBTAIN,
    UNDECIDED_INTENT,
    X_WITHOUT_ANTIBODY,
    F,
    L,
    S,
    W,
    row,
)
from pathway.clinical.evidence import NCI_PDQ_2025, Tag, cite
from pathway.engine.definition import Offer

OPTIONS_AT_RELAPSE: Final = cite(NCI_PDQ_2025, Tag.SOURCE_READ, "options at relapse")

EMERGENCY: Final = row("A", "A life-threatening side effect comes first: manage it, then decide again.", [g.EMERGENCY], "hold", because=[])  # fmt: skip
COMFORT: Final = row("B", "The goal of care is comfort.", [g.COMFORT], "supportive_care", LOW_INTENSITY, L, F, because=[OPTIONS_AT_RELAPSE], notes=(UNDECIDED_INTENT,))  # fmt: skip
CNS_SUSPECTED: Final = row("C", "Disease in the central nervous system is suspected: image brain and spine.", [g.CNS_SUSPECTED], Offer(OBTAIN, "image brain and spine first"), S, F, because=[OPTIONS_AT_RELAPSE], obtains=(f.cns,))  # fmt: skip
CNS_NEW: Final = row("D", "New disease in the central nervous system: refer.", [g.CNS_NEW], "refer", (Offer("local_control", "surgery or radiotherapy of the central nervous system", exempt=True),), X_WITHOUT_ANTIBODY, S, because=[cite(NCI_PDQ_2025, Tag.SOURCE_READ, "CNS relapse")], notes=(CNS_RELAPSE,))  # fmt: skip
NOT_HIGH_RISK: Final = row("E", "Not high-risk neuroblastoma: this pathway was not written for it.", [g.NOT_HIGH_RISK], None, W, L, F, S, because=[g.chosen("eligibility")], notes=("Some of these tumours mature or stay quiet without treatment; over-treatment is the danger.",))  # fmt: skip
