"""The registers of patients that a site uses, and identifiers that differ only in how they are written.

Letters of another case make another identifier, and nothing is folded silently: two children may differ by nothing
else. But people write one child's in several ways, so they are asked.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from pydantic import ValidationError

from pathway.episodes.events import PatientIdentifier
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.name_patients import name_patients

_LOOKED_AT: Final = 50
"""How many of the episodes opened last tell which registers are in use: a site has one, or a few."""

_MOST: Final = 24
"""How many other ways of writing are looked for: each is a question to the database."""


def registers_in_use(installation: Installation, caller: Caller, pathway_id: str) -> list[str]:
    """The registers of the patients whose episodes were opened last, the most frequent first.

    Whoever may not know who patients are is told none. Raises `WrongKey` and `SealBroken`.
    """
    latest = installation.readers.on_pathway(
        caller.site_id, pathway_id, since=None, until=None, limit=_LOOKED_AT
    )
    named = name_patients(installation, caller, (each.pseudonym for each in latest))
    return [system for system, _ in Counter(each.system for each in named.values()).most_common()]


def written_otherwise(asked: PatientIdentifier, registers: Iterable[str]) -> list[PatientIdentifier]:
    """Other ways to write what may be the same identifier: capital letters, blanks, and the registers in use."""
    systems = dict.fromkeys((asked.system, *registers, asked.system.lower()))
    close = "".join(asked.value.split())
    values = dict.fromkeys(
        way
        for text in (asked.value, close)
        for way in (text, text.lower(), text.upper(), text.capitalize(), text.title())
    )
    found = [each for system in systems for value in values for each in _identifier(system, value)]
    return [each for each in found if each != asked][:_MOST]


def _identifier(system: str, value: str) -> Iterator[PatientIdentifier]:
    """None where it cannot be one: some letters are two when they are written large."""
    with suppress(ValidationError):
        yield PatientIdentifier(system=system, value=value)


def same_but_for_writing(one: str, other: str) -> bool:
    """Whether two texts differ in capital letters and blanks alone."""
    return _folded(one) == _folded(other)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).casefold().split())
