"""What the pure core costs: no database, no HTTP, no JSON on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.course import SITE, record_course
from benchmarks.figures import Figure, at_most
from pathway.catalogue import CATALOGUE
from pathway.engine.definition import Pathway
from pathway.engine.fold import apply, fold, steps
from pathway.engine.recommendation import recommend
from pathway.episodes.log import Effective, effective_history
from pathway.settings import Settings
from pathway.store.engines import open_store
from pathway.store.migrate import migrate
from pathway.store.readers import Readers
from pathway.use_cases.draft import entry_of

GROUP: Final = "Core"
MOST_US: Final = 1000.0
BASIS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Histories:
    """The course of one treatment, and a long one, as the core takes them in."""

    treatment: tuple[Effective, ...]
    long: tuple[Effective, ...]


def recorded(url: str, long_entries: int) -> Histories:
    """Records a course in a new database at `url`, and reads it back as the service would."""
    migrate(url)
    course = record_course(Settings(env="development", database_url=url), long_entries)
    engines = open_store(url)
    try:
        readers, zone = Readers(engines), ZoneInfo("UTC")
        treatment, long = (
            effective_history(map(entry_of, readers.entries(SITE, each)), zone)
            for each in (course.middle, course.long)
        )
        return Histories(treatment, long)
    finally:
        engines.close()


def measure(told: Histories, repeats: int) -> list[Figure]:
    """Microseconds: for each event, for the explained answer, and for each entry of a whole log."""
    pathway = CATALOGUE.pathways[0]
    before = [step.episode for _, step in steps(pathway, told.treatment)]
    advance, advise, explain = [], [], []
    for _ in range(repeats):
        for episode, effective in zip(before, told.treatment[1:], strict=False):
            started = time.perf_counter()
            step = apply(pathway, episode, effective)
            advanced = time.perf_counter()
            said = recommend(pathway, step.episode, effective.on)
            advised = time.perf_counter()
            said.document(BASIS)
            explained = time.perf_counter()
            advance.append(advanced - started)
            advise.append(advised - advanced)
            explain.append(explained - advised)
    both = [sum(pair) for pair in zip(advance, advise, strict=True)]
    parts = f"advance {_us(advance):.0f}, recommend {_us(advise):.0f}"
    return [
        Figure(GROUP, "advance and recommend, an event", _us(both), "us", at_most(MOST_US), parts),
        Figure(GROUP, "the explained answer", _us(explain), "us"),
        Figure(
            GROUP, f"replay of {len(told.long)} entries, an entry", _replay(pathway, told.long, repeats), "us"
        ),
    ]


def _replay(pathway: Pathway, history: tuple[Effective, ...], repeats: int) -> float:
    took = []
    for _ in range(max(3, repeats // 10)):
        started = time.perf_counter()
        fold(pathway, history)
        took.append((time.perf_counter() - started) / len(history))
    return _us(took)


def _us(seconds: list[float]) -> float:
    return median(seconds) * 1_000_000
