"""What a late, corrected or retracted fact changes about what was said and decided before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pathway.engine.definition import Pathway
from pathway.engine.fold import Step
from pathway.engine.recommendation import recommend
from pathway.engine.response import assessment_in_words
from pathway.episodes.assessments import response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.events import DecisionMade
from pathway.episodes.facts import Timepoint
from pathway.episodes.log import Effective

History = Sequence[tuple[Effective, Step]]


@dataclass(frozen=True, slots=True)
class Impact:
    """Recommendations and responses that would have differed, decisions that rested on them, review tasks opened."""

    recommendations: tuple[dict[str, Any], ...] = ()
    responses: tuple[dict[str, Any], ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    reviews: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The impact as answers carry it."""
        return {
            "recommendations": list(self.recommendations),
            "responses": list(self.responses),
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
    return Impact(
        tuple(recommendations), _other_responses(before, after), tuple(decisions), _new_reviews(before, after)
    )


def _at(effective: Effective) -> dict[str, Any]:
    return {"entry": effective.entry_id, "kind": effective.event.kind, "on": effective.on.isoformat()}


def _said(pathway: Pathway, episode: Episode, effective: Effective) -> dict[str, Any]:
    told = recommend(pathway, episode, effective.on)
    return {
        "state": episode.state,
        "recommended": told.recommended,
        "needs_tumour_board": told.outcome.needs_tumour_board,
        "rows": [row.number for row in told.outcome.rows],
        "summary": told.summary(),
    }


def _other_responses(before: History, after: History) -> tuple[dict[str, Any], ...]:
    """The assessments of both histories whose response in force is another: it counts even where no row hangs on it."""
    was, found = _timepoints(before), list[dict[str, Any]]()
    for name, timepoint in _timepoints(after).items():
        if name not in was or was[name] == timepoint:
            continue
        then, now = (response_in_force(each) for each in (was[name], timepoint))
        if then.response != now.response:
            told: dict[str, Any] = {"timepoint": name, "assessment": assessment_in_words(name)}
            found.append(told | {"then": then.response, "now": now.response, "why": now.why})
    return tuple(found)


def _timepoints(history: History) -> dict[str, Timepoint]:
    """Each assessment as it was last known, by its name."""
    steps = (step.episode.timepoint for _, step in history)
    return {timepoint.name: timepoint for timepoint in steps if timepoint is not None}


def _new_reviews(before: History, after: History) -> tuple[dict[str, Any], ...]:
    known = before[-1][1].episode.reviews
    return tuple(
        {"entry": entry, "kind": review.kind, "sentence": review.sentence}
        for entry, review in after[-1][1].episode.reviews.items()
        if entry not in known
    )
