"""The benchmarks measure what they say: each once, as small as possible, and no figure is asserted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import core, proof, service
from benchmarks.databases import Files
from benchmarks.figures import Figure, as_json, at_least, at_most, rate_ratio
from benchmarks.load import Load, LoadFailed, generating
from benchmarks.requests import Requests
from benchmarks.rounds import in_turn
from benchmarks.servers import NotStarted, Served, serving
from benchmarks.service import Bench, Sizes
from tests.postgres import Databases

TINY = Sizes(rounds=1, seconds=0.05, few=4, many=40, alike=2, long_entries=12, core_repeats=2, connections=2)


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    with generating() as running:
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving("benchmarks.empty:app", tmp_path_factory.mktemp("empty"), {}) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def figures(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, load: Load, empty: Served
) -> list[Figure]:
    folder = tmp_path_factory.mktemp("bench")
    databases: Databases | Files = Files(folder)
    if request.param == "postgresql":
        databases = request.getfixturevalue("postgres")
    bench = Bench(load, empty, TINY, folder, tell=lambda _: None)
    return list(service.measure(bench, request.param, databases))


def test_writing_reading_history_and_number_of_episodes_are_measured(figures: list[Figure]) -> None:
    named = " ".join(figure.name for figure in figures)
    for what in (
        "POST event / empty endpoint",
        "POST event, whole answer / empty endpoint",
        "its SQL by the driver alone",
        "its audit record by the driver alone",
        "time with audit record, leaf and log / without",
        "next step / empty",
        "12 entries",
        "40 episodes",
    ):
        assert what in named
    assert all(figure.value > 0 for figure in figures)
    assert sum(figure.floor is not None for figure in figures) >= 6


def test_verification_is_measured_at_the_database_and_offline(tmp_path: Path) -> None:
    figures = list(proof.measure(f"sqlite:///{tmp_path}/pathway.db", 12, repeats=1))
    assert [figure.unit for figure in figures] == ["entries/s", "entries/s", "ms"]
    assert all(figure.value > 0 for figure in figures)


def test_the_core_is_measured_without_a_service(tmp_path: Path) -> None:
    figures = core.measure(core.recorded(Files(tmp_path).empty(), 12), repeats=1)
    assert [figure.unit for figure in figures] == ["us"] * 3
    assert all(figure.value > 0 for figure in figures)


def test_an_answer_that_was_not_expected_ends_the_measurement(load: Load, empty: Served) -> None:
    nowhere = [Requests("token").get("/nowhere")]
    with pytest.raises(LoadFailed, match="404"):
        load.run(empty.port, nowhere, status=200, seconds=0.05, connections=1)
    assert load.run(empty.port, nowhere, status=404, seconds=0.05, connections=1).answers > 0


def test_what_may_not_be_repeated_is_sent_once(load: Load, empty: Served) -> None:
    events = Requests("token").events(["a", "b"], 5)
    assert len(set(events)) == 5
    assert all(b"\r\nPrefer: return=minimal\r\n" in event for event in events)
    assert b"Prefer" not in b"".join(Requests("token").events(["a"], 5, minimal=False))
    done = load.run(empty.port, events, status=201, seconds=5, connections=2, repeat=False)
    assert done.answers == 5


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="nothing"), serving("benchmarks.nothing:app", tmp_path, {}):
        pass


def test_sides_are_measured_in_turn_and_compared_round_by_round() -> None:
    order: list[str] = []
    speed = iter([9.0, 9.0, 4.0, 2.0, 30.0, 10.0])

    def slice_of(side: str) -> float:
        order.append(side)
        return next(speed)

    rates = in_turn({"a": lambda: slice_of("a"), "b": lambda: slice_of("b")}, rounds=2)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert rates == {"a": [2.0, 30.0], "b": [4.0, 10.0]}
    assert rate_ratio(rates, "a", "b") == (0.5 + 3.0) / 2


def test_a_missed_floor_is_told_and_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Figure("core", "kept", 0.5, "x", at_least(0.4))
    missed = Figure("core", "missed", 1.4, "x", at_most(1.3), "a 10/s")
    free = Figure("core", "without floor", 1.0, "us")
    assert [figure.missed for figure in (kept, missed, free)] == [False, True, False]
    monkeypatch.setattr(program, "measure", lambda *_: iter((kept, missed, free)))
    assert program.main(["core"]) == 1
    shown = capsys.readouterr().out
    assert "<= 1.3" in shown
    assert "a 10/s" in shown
    monkeypatch.setattr(program, "measure", lambda *_: iter((kept, free)))
    assert program.main(["core", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["met"] is True
    assert as_json([missed])["figures"][0]["met"] is False


def test_a_part_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["speed"])
    assert "there is no part speed" in capsys.readouterr().err
