"""When the next steps are due, from what really happened and not from when it should have.

Days are counted only from a date known to the day: from anything coarser the window is unknown, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from pathway.engine.definition import Anchored, Pathway, Window
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Hold, Stamp

Timing = Literal["not_yet", "due", "overdue", "unknown"]


@dataclass(frozen=True, slots=True)
class Due:
    """One step with its window; the dates are None when the anchor is missing or not known to the day."""

    window: Window
    anchor: Stamp | None
    earliest: date | None
    target: date | None
    latest: date | None

    def timing(self, as_of: date) -> Timing:
        """Where the day `as_of` stands in the window."""
        if self.earliest is None or self.latest is None:
            return "unknown"
        if as_of < self.earliest:
            return "not_yet"
        return "due" if as_of <= self.latest else "overdue"

    def in_brief(self) -> dict[str, str]:
        """What is due, and its days where they are known."""
        shown = {"what": self.window.what}
        if self.earliest and self.target and self.latest:
            shown |= {
                "earliest": self.earliest.isoformat(),
                "target": self.target.isoformat(),
                "latest": self.latest.isoformat(),
            }
        return shown

    def as_dict(self, as_of: date) -> dict[str, Any]:
        """The window as answers carry it."""
        shown: dict[str, Any] = {"timing": self.timing(as_of), **self.in_brief()}
        if self.anchor is not None:
            shown |= {"counted_from": {"entry": self.anchor.entry, "on": self.anchor.on.isoformat()}}
            if not self.anchor.exact:
                shown["why_unknown"] = (
                    f"The date it is counted from is known by {self.anchor.precision} only."
                )
        else:
            shown["why_unknown"] = "The fact it is counted from has not been recorded."
        return shown | {"because": self.window.because.as_dict()}


def due_steps(pathway: Pathway, episode: Episode) -> tuple[Due, ...]:
    """The windows that run for the episode, of its state, its holds and its obligations; soonest first."""
    state = pathway.state(episode.state)
    windows = [*state.schedule(episode)]
    if pathway.hold_window is not None and not state.suspends:
        windows += [_look_again(pathway.hold_window, hold) for hold in episode.holds]
    if not state.suspends:
        duties = {duty.kind: duty for duty in pathway.duties}
        owed = ((duties[each.kind].window, each.runs_from) for each in episode.obligations)
        windows += [(window, since) for window, since in owed if since is not None]
    return tuple(sorted((_dated(each) for each in windows), key=lambda due: due.target or date.max))


def _look_again(window: Window, hold: Hold) -> Anchored:
    """A hold is looked at again on the day that was agreed on; without one, so many days after it was decided."""
    if hold.until is None:
        return window, hold.decided
    agreed = replace(window, earliest=0, target=0, latest=0, anchor="the day agreed on")
    return agreed, Stamp(hold.decided.entry, hold.until)


def _dated(anchored: Anchored) -> Due:
    window, anchor = anchored
    if anchor is None or not anchor.exact:
        return Due(window, anchor, None, None, None)
    earliest, target, latest = (
        anchor.on + timedelta(days=days) for days in (window.earliest, window.target, window.latest)
    )
    return Due(window, anchor, earliest, target, latest)
