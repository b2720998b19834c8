"""The short answer to a write, for integrations: what is true now, and neither why nor what else is open."""

from __future__ import annotations

from typing import Any

from pathway.use_cases.draft import Draft


def where_it_stands(draft: Draft, *, moved: bool) -> dict[str, Any]:
    """The state, what is recommended there, what a decision on it quotes, and what is due first."""
    told = draft.recommendation()
    due = told.next_due
    return {
        "state": draft.known.state,
        "moved": moved,
        "recommended": told.recommended,
        "needs_tumour_board": told.outcome.needs_tumour_board,
        "basis": draft.basis(),
        "due": due.in_brief() if due else None,
    }
