"""What is promised, what may go wrong and who may attack, as data.

Guarantees, requirements, hazards, risk controls and threats are in `docs/requirements/`. Tests name their ids with
`shows("R-012", "C-03")`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "requirements"

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Promised:
    """Everything that tests have to show, by id, and the hazards that controls answer."""

    guarantees: dict[str, Entry]
    requirements: dict[str, Entry]
    hazards: dict[str, Entry]
    controls: dict[str, Entry]
    threats: dict[str, Entry]
    assets: tuple[Entry, ...]
    attackers: Mapping[str, str]
    unreached: Mapping[str, str]
    """What no episode can come to, with the reason."""

    @property
    def entries(self) -> dict[str, Entry]:
        """What a test may be marked with, by id; hazards are answered by controls, not by tests."""
        return self.guarantees | self.requirements | self.controls | self.threats

    def wanting(self) -> Iterator[str]:
        """The ids that need a test: all but what is planned or openly not defended."""
        for each, entry in self.entries.items():
            if not entry.get("later") and "not_defended" not in entry:
                yield each


@cache
def promised() -> Promised:
    """What the files say. Raises `ValueError` where an id stands twice."""
    threats = _read("threats")
    return Promised(
        guarantees=_by_id(_read("guarantees")),
        requirements=_by_id(_read("requirements")),
        hazards=_by_id(_read("hazards")),
        controls=_by_id(_read("risk_controls")),
        threats=_by_id(threats["threats"]),
        assets=tuple(threats["assets"]),
        attackers=threats["attackers"],
        unreached={each["sight"]: each["because"] for each in _read("unreached")},
    )


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _by_id(entries: list[Entry]) -> dict[str, Entry]:
    if twice := [each for each, times in Counter(entry["id"] for entry in entries).items() if times > 1]:
        raise ValueError(f"These ids stand twice: {', '.join(twice)}.")
    return {entry["id"]: entry for entry in entries}
