"""Follow-up, care elsewhere, supportive care, and a closed episode."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    OPTIONS_AT_RELAPSE,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import OBTAIN, F, L, S, W, X, row
from pathway.clinical.evidence import NCI_PDQ_2025, Tag, cite
from pathway.engine.definition import Offer, Row

FOLLOWING: Final[tuple[Row, ...]] = (
    CNS_SUSPECTED,
    CNS_NEW,
    row(
        "E",
        "The last visit raised a suspicion: work it up.",
        [g.VISIT_SUSPICIOUS],
        OBTAIN,
        W,
        F,
        S,
        because=[cite(NCI_PDQ_2025, Tag.SOURCE_READ, "surveillance")],
        obtains=(f.evidence,),
    ),
    row(
        "F",
        "Follow-up goes on.",
        [],
        "follow_up",
        F,
        S,
        because=[cite(NCI_PDQ_2025, Tag.SOURCE_READ, "surveillance")],
    ),
)

ELSEWHERE: Final[tuple[Row, ...]] = (
    row("F", "The child is treated elsewhere; nothing is due here.", [], None, W, S, X, because=[g.chosen("referral")], rests=True),
)  # fmt: skip

COMFORTING: Final[tuple[Row, ...]] = (
    row("F", "Supportive care goes on.", [], "supportive_care", (Offer("change_line", "low intensity only"),), L, W, F, because=[OPTIONS_AT_RELAPSE]),
)  # fmt: skip

CLOSED: Final[tuple[Row, ...]] = (
    row("F", "The episode is closed.", [], None, (Offer("reopen", needs_reason=True),), because=[g.chosen("closure")], rests=True),
)  # fmt: skip
