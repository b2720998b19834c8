"""Which entries a correction or a retraction may speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.reference.history import NOT_FACTS, Line, first_told, is_retracted


def refused_reference(log: Sequence[Line], told: dict[str, Any]) -> str | None:
    """The outcome for a correction or a retraction of an entry that cannot be changed; None when it can."""
    if told["kind"] not in ("event_corrected", "event_retracted"):
        return None
    target = first_told(log, told["entry"])
    if target is None:
        return "unknown_entry"
    if is_retracted(log, target.entry):
        return "not_correctable"
    if told["kind"] == "event_retracted":
        return "not_correctable" if target.kind in ("episode_opened", "event_retracted") else None
    same_kind = target.kind == told["replacement"]["kind"]
    return None if same_kind and target.kind not in NOT_FACTS else "not_correctable"
