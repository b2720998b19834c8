"""`make bench`: measures, prints one table, and fails when a floor is missed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks import core, proof, service
from benchmarks.databases import Files, on_postgresql
from benchmarks.figures import WIDTH, Figure, as_json, show
from benchmarks.load import generating
from benchmarks.servers import serving
from benchmarks.service import Sizes
from tests.postgres import PostgresMissing

FULL: Final = Sizes(
    rounds=5,
    seconds=0.6,
    few=1_000,
    many=100_000,
    alike=64,
    long_entries=500,
    core_repeats=300,
    proved_entries=1_000,
)
QUICK: Final = Sizes(
    rounds=3,
    seconds=0.3,
    few=1_000,
    many=10_000,
    alike=32,
    long_entries=500,
    core_repeats=50,
    proved_entries=500,
)
PARTS: Final = ("core", "proof", "postgresql", "sqlite")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when every floor was kept, 1 when one was missed."""
    asked = _arguments(arguments)
    progress = Console(stderr=True, highlight=False)
    started = time.monotonic()

    def tell(what: str) -> None:
        progress.print(f"[dim]{time.monotonic() - started:4.0f} s[/]  {what}")

    figures = list(measure(QUICK if asked.quick else FULL, asked.parts or PARTS, tell))
    tell("done")
    if asked.json:
        print(json.dumps(as_json(figures), indent=2))
    else:
        show(figures, Console(width=None if sys.stdout.isatty() else WIDTH))
    return int(any(figure.missed for figure in figures))


def measure(sizes: Sizes, parts: Sequence[str], tell: Callable[[str], None]) -> Iterator[Figure]:
    """The figures of the parts asked for; a PostgreSQL that cannot be had is told and left out."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pathway-bench-")))
        files = Files(folder)
        if "core" in parts:
            tell("core: an event, an explained answer, a whole log")
            yield from core.measure(core.recorded(files.empty(), sizes.long_entries), sizes.core_repeats)
        if "proof" in parts:
            tell("proof: a record is verified, and a bundle offline")
            (folder / "proof").mkdir()
            yield from proof.measure(f"sqlite:///{folder}/proof/pathway.db", sizes.proved_entries, 5)
        if not set(parts) & {"postgresql", "sqlite"}:
            return
        bench = service.Bench(
            load=stack.enter_context(generating()),
            empty=stack.enter_context(serving("benchmarks.empty:app", folder, {})),
            sizes=sizes,
            folder=folder,
            tell=tell,
        )
        if "postgresql" in parts:
            try:
                databases = stack.enter_context(on_postgresql())
            except PostgresMissing as reason:
                tell(f"PostgreSQL is not measured: {reason}")
            else:
                yield from service.measure(bench, "PostgreSQL", databases)
        if "sqlite" in parts:
            yield from service.measure(bench, "SQLite", files)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Figures of the service, as ratios measured side by side. Exit code 1: a floor was missed.",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: everything)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, for a first look")
    parser.add_argument("--json", action="store_true", help="the figures as JSON instead of a table")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
