"""What guards read: a name, a finite domain, and one function from the episode to a value of it.

Explanation, what-would-change-it and the safety check use findings and nothing else, so they can be
computed and proved. `unknown` and `stale` are ordinary values of a domain; no guard counts them as
true or as false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from pathway.episodes.episode import Episode, Stamp

UNKNOWN: Final = "unknown"
STALE: Final = "stale"
OPEN: Final = frozenset({UNKNOWN, STALE})
"""The values which say that a fact has to be obtained."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding's value for one episode on one day, in words, and the fact it rests on."""

    value: str
    shown: str = ""
    at: Stamp | None = None


Reading = Callable[[Episode, date], Found]


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing guards may ask about; `request` says what to obtain when it is unknown."""

    name: str
    label: str
    domain: tuple[str, ...]
    request: str
    read: Reading
    completed: bool
    """True when a table has no row for its unknown: every value it may turn out to have is then considered."""

    def of(self, episode: Episode, as_of: date) -> Found:
        """The value for `episode` on the day `as_of`; a value outside the domain is a fault of the definition."""
        found = self.read(episode, as_of)
        if found.value not in self.domain:
            raise AssertionError(f"{self.name} gave {found.value!r}, which is not in its domain.")
        return found


def finding(
    label: str, domain: tuple[str, ...], *, request: str = "", completed: bool = False
) -> Callable[[Reading], Finding]:
    """Declare the decorated function as a finding; its name is the finding's name."""

    def declare(read: Reading) -> Finding:
        return Finding(read.__name__, label, domain, request, read, completed)

    return declare
