"""What a late, corrected or retracted fact changes about what was said and decided before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pathway.engine.definition import Pathway
from pathway.engine.fold import Step
from pathway.engine.recommendation import recommend
from pathway.episodes.episode import Episode
from pathway.episodes.events import DecisionMade
from pathway.episodes.log import Effective

History = Sequence[tuple[Effective, Step]]


@dataclass(frozen=True, slots=True)
class Impact:
    """Recommendations that would have differed, decisions that rested on them, review tasks opened."""

    recommendations: tuple[dict[str, Any], ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    reviews: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The impact as answers carry it."""
        return {
            "recommendations": list(self.recommendations),
            "decisions": list(self.decisions),
            "reviews_opened": list(self.reviews),
        }


NO_IMPACT = Impact()


def impact_of(pathway: Pathway, before: History, after: History) -> Impact:
    """Compares the history with and without the new entry, entry by entry, each on its own day."""
    was = {effective.entry_id: (effective, step) for effective, step in before}
    recommendations, decisions = [], []
    offered: Episode | None = None
    offered_before = {later.entry_id: earlier.episode for (_, earlier), (later, _) in pairwise(before)}
    for effective, step in after:
        old = was.get(effective.entry_id)
        if old is not None and old[1].episode != step.episode:
            told = {
                "then": _said(pathway, old[1].episode, effective),
                "now": _said(pathway, step.episode, effective),
            }
            if told["then"] != told["now"]:
                recommendations.append(_at(effective) | told)
        earlier = offered_before.get(effective.entry_id)
        if isinstance(effective.event, DecisionMade) and offered is not None and earlier is not None:
            option = effective.event.option
            statuses = [recommend(pathway, each, effective.on).status(option) for each in (earlier, offered)]
            if statuses[0] != statuses[1]:
                decisions.append(_at(effective) | {"option": option, "then": statuses[0], "now": statuses[1]})
        offered = step.episode
    return Impact(tuple(recommendations), tuple(decisions), _new_reviews(before, after))


def _at(effective: Effective) -> dict[str, Any]:
    return {"entry": effective.entry_id, "kind": effective.event.kind, "on": effective.on.isoformat()}


def _said(pathway: Pathway, episode: Episode, effective: Effective) -> dict[str, Any]:
    told = recommend(pathway, episode, effective.on)
    return {
        "state": episode.state,
        "recommended": told.recommended,
        "needs_tumour_board": told.outcome.needs_tumour_board,
        "rows": [row.number for row in told.outcome.rows],
    }


def _new_reviews(before: History, after: History) -> tuple[dict[str, Any], ...]:
    known = before[-1][1].episode.reviews
    return tuple(
        {"entry": entry, "kind": review.kind, "sentence": review.sentence}
        for entry, review in after[-1][1].episode.reviews.items()
        if entry not in known
    )
