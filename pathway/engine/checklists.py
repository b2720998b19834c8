"""Criteria that have to be met before a step, each held against what is known of the episode.

A checklist decides nothing by itself: `verdict` makes one value of it, which a finding gives to guards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from pathway.clinical.evidence import Citation
from pathway.engine.findings import STALE, UNKNOWN, in_words
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Stamp

Standing = Literal["met", "not_met", "missing", "stale"]
MET: Final = "met"
NOT_MET: Final = "not_met"
VERDICTS: Final = (MET, NOT_MET, UNKNOWN, STALE)
"""The domain of a finding that gives a checklist's verdict."""


@dataclass(frozen=True, slots=True)
class Held:
    """How a criterion stands: its standing, the value in words, and the fact it rests on.

    `until` is the last day this value counts, where that differs from its criterion; `date.max` for good.
    """

    standing: Standing
    shown: str = ""
    at: Stamp | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """One thing that has to be so. `days` is how long a value counts; `read` gives None where it does not apply."""

    name: str
    sentence: str
    because: Citation
    read: Callable[[Episode, date], Held | None]
    days: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Checklist:
    """Criteria that belong together, such as those to begin a cycle."""

    name: str
    label: str
    criteria: tuple[Criterion, ...]

    def held(self, episode: Episode, as_of: date) -> Iterator[tuple[Criterion, Held]]:
        """Each criterion that applies, with how it stands on the day `as_of`."""
        for criterion in self.criteria:
            if (held := criterion.read(episode, as_of)) is not None:
                yield criterion, held

    def is_met(self, episode: Episode, as_of: date) -> bool:
        """True when every criterion that applies is met; nothing is read after the first that is not."""
        return all(held.standing == MET for _, held in self.held(episode, as_of))

    def verdict(self, episode: Episode, as_of: date) -> tuple[str, str, Stamp | None]:
        """One of `VERDICTS`, what decided it in words, and the fact it rests on.

        One criterion that is not met decides; a missing value leaves it unknown, and one that is too old, stale.
        """
        found = tuple(self.held(episode, as_of))
        for standing, value in _ORDER:
            named = [(each, held) for each, held in found if held.standing == standing]
            if named:
                told: dict[str, list[str]] = {}
                for each, held in named:
                    told.setdefault(held.shown or standing, []).append(each.name)
                sentence = "; ".join(f"{', '.join(names)}: {shown}" for shown, names in told.items())
                return value, sentence, named[0][1].at
        return MET, "all criteria are met", None

    def as_list(self, episode: Episode, as_of: date) -> list[dict[str, Any]]:
        """The checklist as answers carry it, one member per criterion that applies."""
        return [_shown(criterion, held) for criterion, held in self.held(episode, as_of)]

    def describe(self) -> dict[str, Any]:
        """The checklist as the definition's description carries it."""
        criteria = [
            {
                "criterion": each.name,
                "sentence": each.sentence,
                "days": each.days,
                "because": each.because.as_dict(),
            }
            for each in self.criteria
        ]
        return {"checklist": self.name, "label": self.label, "criteria": criteria}


_ORDER: Final[tuple[tuple[Standing, str], ...]] = (
    ("not_met", NOT_MET),
    ("missing", UNKNOWN),
    ("stale", STALE),
)


def _shown(criterion: Criterion, held: Held) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "criterion": criterion.name,
        "sentence": criterion.sentence,
        "standing": held.standing,
    }
    if held.shown:
        shown["shown"] = in_words(held.shown)
    if held.at is not None:
        shown["rests_on"] = {"entry": held.at.entry, "on": held.at.on.isoformat()}
        days = timedelta(days=criterion.days) if criterion.days is not None and held.at.exact else None
        until = held.until or (held.at.on + days if days is not None else date.max)
        if until != date.max and held.standing != "stale":
            shown["counts_until"] = until.isoformat()
    return shown | {"because": criterion.because.as_dict()}
