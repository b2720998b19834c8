"""What guards read: a name, a finite domain, and one function from the episode to a value of it.

Explanation, what-would-change-it and the safety check use findings and nothing else, so they can be
computed and proved. `unknown` and `stale` are ordinary values of a domain; no guard counts them as
true or as false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from pathway.clinical.evidence import Citation
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Stamp

UNKNOWN: Final = "unknown"
STALE: Final = "stale"
OPEN: Final = frozenset({UNKNOWN, STALE})
"""The values which say that a fact has to be obtained."""


_WRITTEN: Final = {
    "gd2": "GD2",
    "cns": "CNS",
    "inrc": "INRC",
    "crs": "CRS",
    "icans": "ICANS",
    "car t": "CAR-T",
    "lansky": "Lansky",
    "karnofsky": "Karnofsky",
    "mycn": "MYCN",
    "alk": "ALK",
    "ldh": "LDH",
    "nse": "NSE",
    "hva": "HVA",
    "vma": "VMA",
    "mibg": "MIBG",
}
_SPELT_SMALL: Final = re.compile(rf"\b({'|'.join(_WRITTEN)})\b")


def in_words(text: str) -> str:
    """Text in which names are written as people read them: without underscores, `gd2` as GD2."""
    return _SPELT_SMALL.sub(lambda found: _WRITTEN[found[0]], text.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Found:
    """A finding's value for one episode on one day, in words, and the fact it rests on.

    `because` is the value's own source, where it rests on one: a limit of the regimen, a rule that ends an agent.
    """

    value: str
    shown: str = ""
    at: Stamp | None = None
    because: Citation | None = None


Reading = Callable[[Episode, date], Found]
Changes = Literal["obtain", "decide", "course"]
"""How a value may become another: somebody obtains a fact, somebody decides, or the course of the disease does it."""


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
    decided: bool = False
    """True when people decide its value, such as a consent."""
    pending: frozenset[str] = frozenset()
    """Known values that stand for something still to be obtained, such as a suspicion."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Values as the end of a sentence that begins with "if", where the label does not make a good one."""
    adverse: frozenset[str] = frozenset()
    """Values that nobody hopes for: what they would open is no way that is held out to anybody."""

    def changes_by(self, value: str, to: Collection[str] = ()) -> Changes:
        """How this value may become another one, or one of `to`; what is adverse comes of the course alone."""
        if to and self.adverse.issuperset(to):
            return "course"
        if self.decided:
            return "decide"
        return "obtain" if value in OPEN or value in self.pending else "course"

    def condition(self, now: str, values: Collection[str]) -> str:
        """That it had one of `values`, as the end of a sentence that begins with "if"."""
        if now in OPEN and set(values) == set(self.domain) - set(OPEN):
            return f"{self.label} were known, whatever it is"
        words = {**_yes_and_no(self.label), **self.conditions}
        told = list(dict.fromkeys(words[each] for each in values if each in words))
        others = [in_words(each) for each in values if each not in words]
        if others:
            verb = "were recorded as" if self.changes_by(now) == "obtain" else "were"
            told.append(f"{self.label} {verb} {' or '.join(others)}")
        return " or ".join(told)

    def of(self, episode: Episode, as_of: date) -> Found:
        """The value for `episode` on the day `as_of`; a value outside the domain is a fault of the definition."""
        found = self.read(episode, as_of)
        if found.value not in self.domain:
            raise AssertionError(f"{self.name} gave {found.value!r}, which is not in its domain.")
        return found


def _read_once(read: Reading) -> Reading:
    """The same reading, not repeated while guards, criteria and prompts ask it of one episode on one day."""
    last: tuple[Episode, date, Found] | None = None

    def again(episode: Episode, as_of: date) -> Found:
        nonlocal last
        known = last
        if known is None or known[0] is not episode or known[1] != as_of:
            known = last = (episode, as_of, read(episode, as_of))
        return known[2]

    return again


def _yes_and_no(label: str) -> Mapping[str, str]:
    """What a label that asks whether something is so says as a condition."""
    if not label.startswith("whether "):
        return {}
    asked = label.removeprefix("whether ")
    return {"yes": asked, "no": f"it were not so that {asked}"}


def finding(
    label: str,
    domain: tuple[str, ...],
    *,
    request: str = "",
    completed: bool = False,
    decided: bool = False,
    pending: Collection[str] = (),
    conditions: Mapping[str, str] | None = None,
    adverse: Collection[str] = (),
) -> Callable[[Reading], Finding]:
    """Declare the decorated function as a finding; its name is the finding's name."""

    def declare(read: Reading) -> Finding:
        return Finding(
            read.__name__,
            label,
            domain,
            request,
            _read_once(read),
            completed,
            decided,
            frozenset(pending),
            conditions or {},
            frozenset(adverse),
        )

    return declare
