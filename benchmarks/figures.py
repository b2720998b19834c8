"""What was measured, the floor it has to keep, and how both are shown."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Floor:
    """A bound that a figure has to keep."""

    bound: float
    at_least: bool

    def met(self, value: float) -> bool:
        """True when the value keeps it."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `told` carries the absolute medians: they drift with the machine, a ratio less."""

    group: str
    name: str
    value: float
    unit: str
    floor: Floor | None = None
    told: str = ""

    @property
    def missed(self) -> bool:
        """True when there is a floor and the value does not keep it."""
        return self.floor is not None and not self.floor.met(self.value)


def at_least(bound: float) -> Floor:
    """The value may not be smaller."""
    return Floor(bound, at_least=True)


def at_most(bound: float) -> Floor:
    """The value may not be larger."""
    return Floor(bound, at_least=False)


Rates = Mapping[str, Sequence[float]]
"""What each side did per second, round by round."""


def rate_ratio(rates: Rates, side: str, other: str) -> float:
    """How many times as fast `side` was as `other`: the median over the rounds, each compared within itself."""
    return median(one / two for one, two in zip(rates[side], rates[other], strict=True))


def shown_rates(rates: Rates, *sides: str) -> str:
    """The median rate of each side, for information."""
    return ", ".join(f"{side} {median(rates[side]):,.0f}/s" for side in sides)


WIDTH: Final = 150
"""Columns of the table where the output is no terminal that says how wide it is."""

_MET: Final = {None: "", True: "[green]met[/]", False: "[bold red]missed[/]"}


def show(figures: Sequence[Figure], console: Console) -> None:
    """Prints the figures as one table, a section for each group."""
    table = Table(title=f"Side by side on {machine()}", title_justify="left", box=SIMPLE)
    for heading, justify in (("figure", "left"), ("value", "right"), ("floor", "right"), ("", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("for information", style="dim")
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            table.add_section()
            table.add_row(f"[bold]{group}[/]")
        met = None if figure.floor is None else not figure.missed
        floor = "" if figure.floor is None else str(figure.floor)
        value = f"{figure.value:.2f}" if figure.unit == "x" else f"{figure.value:,.0f}"
        table.add_row(f"  {figure.name}", f"{value} {figure.unit}", floor, _MET[met], figure.told)
    console.print(table)


def as_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """The figures as JSON values."""
    shown = [
        asdict(figure)
        | {"floor": None if figure.floor is None else str(figure.floor), "met": not figure.missed}
        for figure in figures
    ]
    return {"machine": machine(), "figures": shown, "met": not any(figure.missed for figure in figures)}


def machine() -> str:
    """What it was measured on."""
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {python}"
