"""What the service does over HTTP on one database, beside an endpoint that does nothing and the driver alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, chdir, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Final

from benchmarks.clones import Herd, clone
from benchmarks.course import SITE, record_course
from benchmarks.databases import Databases
from benchmarks.driver import BESIDE_PROOF, PROVED, driver, rows_of
from benchmarks.figures import Figure, Floor, Rates, at_least, at_most, rate_ratio, shown_rates
from benchmarks.load import Load, Slice
from benchmarks.requests import Requests
from benchmarks.rounds import in_turn
from benchmarks.servers import Served, serving
from pathway.settings import Settings
from pathway.store.migrate import migrate
from pathway.use_cases import tokens

POST_FLOOR: Final = {"PostgreSQL": 0.5, "SQLite": 0.6}
"""Of what the driver alone writes with the same statements, each event in a transaction of its own."""

NEXT_STEP_FLOOR: Final = {"PostgreSQL": 0.3, "SQLite": 0.3}
"""Of what the driver alone writes of audit records: each read leaves one before it is answered."""

MOST_GROWTH: Final = 1.3
MOST_FOR_PROOF: Final = 1.15
"""How many times as long an event may take with its audit record and its place in the log."""

FASTEST: Final = 6000
"""More requests per second than any side answers: so many are prepared for a slice."""

_SHORT_FROM, _LONG_FROM = 200_000_001, 300_000_001
_BEHIND: Final = 1_000
"""Days that keep the short and the long ones off the worklist's first page, which is to be alike everywhere."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: rounds of slices of so many seconds, and how many episodes there are."""

    rounds: int
    seconds: float
    few: int
    many: int
    alike: int
    """How many episodes have a short history, and how many a long one."""
    long_entries: int
    core_repeats: int
    proved_entries: int = 500
    connections: int = 16


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs: the load, the endpoint that does nothing, and a folder for the run."""

    load: Load
    empty: Served
    sizes: Sizes
    folder: Path
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ward:
    """Databases of one kind: few episodes, many, for the driver, for a service without proof; and who is in them."""

    few: str
    many: str
    alone: str
    unproved: str
    middle: Sequence[str]
    short: Sequence[str]
    long: Sequence[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests to one server, a slice at a time, and keeps what came of them."""

    bench: Bench
    requests: Requests
    to: Served
    slices: dict[str, list[Slice]] = field(default_factory=dict)

    def posts(self, episodes: Sequence[str]) -> float:
        """New events for the episodes in turn, sent as integrations do; how many were answered per second."""
        return self._run("posts", self.requests.events(episodes, self._most), 201, repeat=False)

    def posts_in_full(self, episodes: Sequence[str]) -> float:
        """The same, each answered with the whole next step."""
        prepared = self.requests.events(episodes, self._most, minimal=False)
        return self._run("posts in full", prepared, 201, repeat=False)

    @property
    def _most(self) -> int:
        return int(FASTEST * self.bench.sizes.seconds)

    def asks(self, episodes: Sequence[str]) -> float:
        """Next steps that have to be worked out each time."""
        return self._run("asks", self.requests.forgotten_next_steps(episodes), 200, repeat=True)

    def gets(self, prepared: Sequence[bytes]) -> float:
        """The same reads over and over."""
        return self._run("gets", prepared, 200, repeat=True)

    def latency(self, name: str) -> str:
        """Median and 99th percentile of the slices so far."""
        found = self.slices[name]
        half, slow = median(each.median_ms for each in found), median(each.p99_ms for each in found)
        return f"median {half:.1f} ms, p99 {slow:.1f} ms"

    def _run(self, name: str, prepared: Sequence[bytes], status: int, *, repeat: bool) -> float:
        sizes = self.bench.sizes
        done = self.bench.load.run(
            self.to.port,
            prepared,
            status=status,
            connections=sizes.connections,
            seconds=sizes.seconds,
            repeat=repeat,
        )
        self.slices.setdefault(name, []).append(done)
        return done.per_second


def measure(bench: Bench, group: str, databases: Databases) -> Iterator[Figure]:
    """The figures of one kind of database, as they come."""
    bench.tell(f"{group}: databases with {bench.sizes.few:,} and {bench.sizes.many:,} episodes")
    with chdir(bench.folder):  # where the keys of development are kept, to seal and to issue tokens
        ward = prepare(databases, bench.sizes)
        token = tokens.issue(_settings(ward.few), "coordinator", SITE, "benchmark", hours=1)
    requests = Requests(token)
    with _service(bench, ward.few) as served:
        few, empty = Caller(bench, requests, served), Caller(bench, requests, bench.empty)
        bench.tell(f"{group}: writing, beside the empty endpoint and the driver alone")
        with _service(bench, ward.unproved, "benchmarks.unproved:app") as served_unproved:
            yield from _writing(group, few, empty, Caller(bench, requests, served_unproved), ward)
        bench.tell(f"{group}: reading, beside the empty endpoint")
        yield from _reading(group, few, empty, ward)
        # Before the histories: their events would bring other episodes to the top of one worklist alone.
        bench.tell(f"{group}: few and many episodes")
        with _service(bench, ward.many) as served_many:
            yield from _episodes(group, few, Caller(bench, requests, served_many), ward)
        bench.tell(f"{group}: short and long histories")
        yield from _histories(group, few, ward)
        if (memory := served.memory_mb()) is not None:
            yield Figure(group, "memory of the worker after the load", memory, "MB")


def prepare(databases: Databases, sizes: Sizes) -> Ward:
    """Records a course, and fills the databases with copies of it."""
    few = databases.empty()
    migrate(few, role=databases.role)
    course = record_course(_settings(few), sizes.long_entries)
    # In the order of their ids the episodes that are asked for lie scattered among those that are not.
    every = sizes.many // sizes.few
    middle = Herd(course.middle, 1, sizes.many, every)
    short = Herd(course.short, _SHORT_FROM, _SHORT_FROM + sizes.alike - 1, later=_BEHIND)
    long = Herd(course.long, _LONG_FROM, _LONG_FROM + sizes.alike - 1, later=_BEHIND)
    many = databases.copy(few)
    clone(few, [replace(middle, sparse=True), short, long])
    clone(many, [middle])
    alone, unproved = databases.copy(few), databases.copy(few)
    few, many, unproved = (databases.served(url) for url in (few, many, unproved))
    return Ward(few, many, alone, unproved, middle.episodes, short.episodes, long.episodes)


def _settings(url: str) -> Settings:
    return Settings(env="development", database_url=url)


def _service(bench: Bench, url: str, app: str = "api.app:from_environment") -> AbstractContextManager[Served]:
    environment = {
        "PATHWAY_ENV": "development",
        "PATHWAY_DATABASE_URL": url,
        # Often enough that what is measured has its share of it; a real one signs every minute.
        "PATHWAY_CHECKPOINT_SECONDS": "1",
        "PATHWAY_CHECKPOINTS": mkdtemp(prefix="checkpoints-", dir=bench.folder),
    }
    return serving(app, bench.folder, environment, factory=True)


def _writing(group: str, caller: Caller, empty: Caller, unproved: Caller, ward: Ward) -> Iterator[Figure]:
    sizes = caller.bench.sizes
    with closing(driver(ward.alone, rows_of(ward.alone, SITE, ward.middle[: sizes.connections]))) as alone:
        rates = in_turn(
            {
                "service": lambda: caller.posts(ward.middle),
                "without proof": lambda: unproved.posts(ward.middle),
                "whole answers": lambda: caller.posts_in_full(ward.middle),
                "empty": lambda: empty.posts(ward.middle),
                "driver": lambda: alone.run(sizes.seconds),
                "its SQL without proof": lambda: alone.run(sizes.seconds, PROVED),
            },
            sizes.rounds,
        )
    told = f"{shown_rates(rates, 'service', 'driver')}; {caller.latency('posts')}"
    floor = at_least(POST_FLOOR.get(group, 0))
    yield _share(group, "POST event / its SQL by the driver alone", rates, ("service", "driver"), told, floor)
    told = shown_rates(rates, "empty")
    yield _share(group, "POST event / empty endpoint", rates, ("service", "empty"), told)
    told = f"{shown_rates(rates, 'whole answers')}; {caller.latency('posts in full')}"
    whole = ("whole answers", "empty")
    yield _share(group, "POST event, whole answer / empty endpoint", rates, whole, told)
    told = shown_rates(rates, "without proof", "service")
    name, most = "POST event: time with audit record, leaf and log / without", at_most(MOST_FOR_PROOF)
    yield Figure(group, name, rate_ratio(rates, "without proof", "service"), "x", most, told)
    told = shown_rates(rates, "its SQL without proof", "driver")
    name = "its SQL by the driver alone: the same"
    yield Figure(group, name, rate_ratio(rates, "its SQL without proof", "driver"), "x", None, told)


def _reading(group: str, caller: Caller, empty: Caller, ward: Ward) -> Iterator[Figure]:
    get = caller.requests.get
    known = [get(f"/v1/episodes/{episode}/next-step") for episode in ward.middle[:100]]
    histories = [get(f"/v1/episodes/{episode}/history") for episode in ward.middle]
    sides: dict[str, Callable[[], float]] = {
        "empty": lambda: empty.gets(known),
        "next step": lambda: caller.gets(known),
        "next step, worked out anew": lambda: caller.asks(ward.middle),
        "first page of the worklist": lambda: caller.gets([get("/v1/worklist")]),
        "first page of a history": lambda: caller.gets(histories),
    }
    sizes = caller.bench.sizes
    with closing(driver(ward.alone, rows_of(ward.alone, SITE, ward.middle[: sizes.connections]))) as alone:
        sides["its audit record"] = lambda: alone.run(sizes.seconds, BESIDE_PROOF)
        rates = in_turn(sides, sizes.rounds)
    told, floor = shown_rates(rates, "next step", "its audit record"), at_least(NEXT_STEP_FLOOR.get(group, 0))
    against = ("next step", "its audit record")
    yield _share(group, "next step / its audit record by the driver alone", rates, against, told, floor)
    for side in list(sides)[1:-1]:
        told = shown_rates(rates, side, "empty") if side == "next step" else shown_rates(rates, side)
        yield _share(group, f"{side} / empty endpoint", rates, (side, "empty"), told)


def _histories(group: str, caller: Caller, ward: Ward) -> Iterator[Figure]:
    sides = {"1 entry": ward.short, f"{caller.bench.sizes.long_entries} entries": ward.long}
    for what, call in (("POST event", caller.posts), ("next step", caller.asks)):
        calls = {name: partial(call, episodes) for name, episodes in sides.items()}
        yield _growth(group, what, calls, caller.bench.sizes.rounds)


def _episodes(group: str, few: Caller, many: Caller, ward: Ward) -> Iterator[Figure]:
    sizes = few.bench.sizes
    sides = {f"{sizes.few:,} episodes": few, f"{sizes.many:,} episodes": many}
    page = [few.requests.get("/v1/worklist")]
    posts = {name: partial(side.posts, ward.middle) for name, side in sides.items()}
    asks = {name: partial(side.asks, ward.middle) for name, side in sides.items()}
    pages = {name: partial(side.gets, page) for name, side in sides.items()}
    for what, calls in (("POST event", posts), ("next step", asks), ("worklist", pages)):
        yield _growth(group, what, calls, sizes.rounds)


def _share(
    group: str, name: str, rates: Rates, sides: tuple[str, str], told: str, floor: Floor | None = None
) -> Figure:
    """How many times as fast the first side is as the second."""
    return Figure(group, name, rate_ratio(rates, *sides), "x", floor, told)


def _growth(group: str, what: str, calls: Mapping[str, Callable[[], float]], rounds: int) -> Figure:
    """How many times as long the second side takes as the first."""
    rates = in_turn(calls, rounds)
    small, large = calls
    ratio = rate_ratio(rates, small, large)
    told = shown_rates(rates, small, large)
    return Figure(group, f"{what}: time with {large} / with {small}", ratio, "x", at_most(MOST_GROWTH), told)
