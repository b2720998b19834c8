"""Which promise each test shows, and what it measured of it.

`@pytest.mark.shows("G1", "R-012")` names requirements, risk controls, threats or guarantees that stand in
`docs/requirements/`, and any other id is an error of its file; `control=True` marks the test that shows the other ones
can fail. A test that shows a guarantee is marked `guarantee` besides. Figures are kept with pytest's own
`record_property`. With `--traces=FILE` everything is written down as JSON, of a collection alone (`--collect-only`)
or of a run with its outcomes: what `docs/` makes its tables from.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from docs.promised import promised


@dataclass
class Trace:
    """One test, what it shows, and, once it ran, its outcome and its figures."""

    test: str
    shows: list[str]
    control: bool
    outcome: str = "not run"
    figures: dict[str, object] = field(default_factory=dict)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--traces", type=Path, help="write which test shows what, and its figures, to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "shows(*ids, control=False): the promises in docs/requirements/ it shows"
    )
    config.addinivalue_line("markers", "guarantee: shows a guarantee, as its mark `shows` says")
    path: Path | None = config.getoption("--traces")
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Traces(path), "traces")


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, object, object]:
    made = yield
    for item in made if isinstance(made, list) else ():
        if isinstance(item, pytest.Item):
            know(item)
    return made


def know(item: pytest.Item) -> None:
    """Marks an item that shows a guarantee. Raises `CollectError` where it shows what nobody defined."""
    known, shown = promised(), {each for trace in traces_of(item) for each in trace.shows}
    if unknown := sorted(shown - known.entries.keys()):
        raise pytest.Collector.CollectError(
            f"{item.nodeid} shows {', '.join(unknown)}: no such id in docs/requirements/"
        )
    if shown & known.guarantees.keys():
        item.add_marker("guarantee")


def pytest_runtest_setup(item: pytest.Item) -> None:
    # The controller of a parallel run sees reports, not items.
    item.user_properties.extend(("traced", asdict(trace)) for trace in traces_of(item))


def traces_of(item: pytest.Item) -> Iterator[Trace]:
    """What the test is marked with; a mark of its class or module counts as its own."""
    for control in (False, True):
        marks = [mark for mark in item.iter_markers("shows") if mark.kwargs.get("control", False) is control]
        shows = sorted({str(each) for mark in marks for each in mark.args})
        if shows:
            yield Trace(item.nodeid, shows, control)


class Traces:
    """Gathers the traces of a session and writes them at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[tuple[str, bool], Trace] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for trace in traces_of(item):
                self._found[trace.test, trace.control] = trace

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = list(report.user_properties)
        figures = {str(name): value for name, value in properties if name != "traced"}
        for name, value in properties:
            if name != "traced":
                continue
            assert isinstance(value, dict)
            trace = self._found.setdefault((value["test"], value["control"]), Trace(**value))
            trace.figures = figures
            if report.when == "call" or report.outcome != "passed":
                trace.outcome = report.outcome

    def pytest_sessionfinish(self) -> None:
        ordered = sorted(self._found.values(), key=lambda trace: (trace.test, trace.control))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps([asdict(trace) for trace in ordered], indent=2) + "\n")
