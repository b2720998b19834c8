"""Named sentences that are true, false or unknown, each over one finding and with its citation."""

from __future__ import annotations

from dataclasses import dataclass

from pathway.clinical.evidence import Citation
from pathway.engine.findings import OPEN, Finding


@dataclass(frozen=True, slots=True)
class Guard:
    """True when the finding has one of `values`; otherwise a finding that is unknown or stale leaves it unknown."""

    finding: Finding
    values: frozenset[str]
    sentence: str
    because: Citation

    def __hash__(self) -> int:
        """By the sentence alone: guards are looked up for each event, and a text remembers its own hash."""
        return hash(self.sentence)

    def holds(self, value: str) -> bool | None:
        """Whether the sentence is true for this value of the finding; None when that is not known."""
        if value in self.values:
            return True
        return None if value in OPEN else False


def guard(finding: Finding, *values: str, sentence: str, because: Citation) -> Guard:
    """A guard which is true when `finding` has one of `values`."""
    return Guard(finding, frozenset(values), sentence, because)
