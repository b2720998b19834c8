"""What the authors of a pathway say of it, to be held against every combination of its findings' values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pathway.engine.cases import Wanted
from pathway.engine.definition import Option, State
from pathway.engine.findings import Finding


@dataclass(frozen=True, slots=True)
class Never:
    """In none of `states` is any of `options` open while the findings have these values."""

    sentence: str
    states: tuple[str, ...]
    options: tuple[str, ...]
    when: Wanted

    def speaks_of(self, state: State, option: Option) -> bool:
        """True when the claim is about this option in this state."""
        return state.name in self.states and option.name in self.options


@dataclass(frozen=True, slots=True)
class WithoutAntibody(Never):
    """While the findings have these values, `options` are open without an anti-GD2 antibody alone."""


@dataclass(frozen=True, slots=True)
class ForAReason(Never):
    """While the findings have these values, `options` are never recommended, and taken for a reason alone."""


@dataclass(frozen=True, slots=True)
class OnlyFrom:
    """The row is reached from these combinations alone, as far as the findings are known."""

    sentence: str
    state: str
    row: str
    members: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """These states are entered from outside by what people decide, or by a fact that tells of a decision elsewhere."""

    sentence: str
    states: tuple[str, ...]
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spared:
    """A treatment that this row offers free of the option's own needs, on purpose."""

    sentence: str
    state: str
    row: str
    option: str


@dataclass(frozen=True, slots=True)
class OpenUnknown:
    """Treatments stay open while the finding is unknown though one of these values would close them, on purpose."""

    sentence: str
    finding: Finding
    though: tuple[str, ...]
    options: tuple[str, ...]


Claim: TypeAlias = Never | OnlyFrom | Decided | Spared | OpenUnknown


def states_of(claim: Claim) -> tuple[str, ...]:
    """The states a claim speaks of by name."""
    if isinstance(claim, OpenUnknown):
        return ()
    return (claim.state,) if isinstance(claim, OnlyFrom | Spared) else claim.states


def options_of(claim: Claim) -> tuple[str, ...]:
    """The options a claim speaks of."""
    if isinstance(claim, Spared):
        return (claim.option,)
    return claim.options if isinstance(claim, Never | OpenUnknown) else ()


def values_named(claims: tuple[Claim, ...]) -> Iterator[Wanted]:
    """Every combination the claims speak of: its values have to be told apart."""
    for claim in claims:
        if isinstance(claim, Never):
            yield claim.when
        elif isinstance(claim, OnlyFrom):
            yield from claim.members
        elif isinstance(claim, OpenUnknown):
            yield {claim.finding: claim.though}
