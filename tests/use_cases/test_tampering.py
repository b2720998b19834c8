"""Whatever is touched in the record is found and named, in twelve classes of change, on either database."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pathway.use_cases import verify
from pathway.use_cases.checkpoints import Notary
from pathway.use_cases.verify import Report, verify_site
from tests.tampering import MUTATIONS, SITE, Record, RecordInFile, Touched, with_another_definition
from tests.use_cases.honest import filled, in_file, on_server

QUICK = {"sqlite": 4, "postgresql": 1}
FULL = 45
"""Changes of each class on each database: 1,080 in all."""


@pytest.fixture(scope="module")
def honest_in_file(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record of a few children; beside it, the same some time earlier."""
    return filled(in_file(tmp_path_factory.mktemp("honest")))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def honest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The same on each database."""
    if request.param == "sqlite":
        record: Record = request.getfixturevalue("honest_in_file")
        return record
    databases, url = request.getfixturevalue("postgres"), request.getfixturevalue("new_postgres")()
    return filled(on_server(tmp_path_factory.mktemp("honest"), databases, url))


def names(report: Report) -> set[tuple[str, int]]:
    return {(each.episode, each.entry) for each in report.findings if each.episode and each.entry}


def after(mutation: str, record: Record, seed: int) -> tuple[Report, Touched]:
    """What verification finds once somebody was at work."""
    touched = MUTATIONS[mutation](record, random.Random(f"{mutation} {seed}"))
    change = with_another_definition if mutation == "definition file changed" else (lambda one: one)
    return record.verified(change), touched


def is_named(report: Report, touched: Touched) -> bool:
    """True when an entry that was touched is named, and what it is called is what it is."""
    found = {each.what for each in report.findings}
    return bool(touched.entries & names(report)) and (not touched.what or touched.what in found)


@pytest.mark.shows("G5", "R-088", "C-19", "T-23", "T-24", "T-25")
@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(
    "full",
    [
        pytest.param(False, id="quick", marks=pytest.mark.quick),
        pytest.param(True, id="full", marks=pytest.mark.full),
    ],
)
def test_what_was_touched_is_found_and_named(
    honest: Record,
    tmp_path: Path,
    mutation: str,
    full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    times = FULL if full else QUICK["sqlite" if isinstance(honest, RecordInFile) else "postgresql"]
    missed = []
    for seed in range(times):
        record = honest.copy(tmp_path / str(seed))
        report, touched = after(mutation, record, seed)
        if not is_named(report, touched):
            missed.append((seed, touched, report.findings))
        record.drop()
    record_property("changes", times)
    record_property("found and named", times - len(missed))
    assert missed == []


@pytest.mark.shows("T-24")
def test_each_class_of_change_is_there_once() -> None:
    assert len(MUTATIONS) == 12
    assert Counter(MUTATIONS.values()).most_common(1)[0][1] == 1


# A verifier of which one part is taken away.

Gap = Callable[[pytest.MonkeyPatch], None]


def _nothing(*_: Any, **__: Any) -> None:
    """Looks at nothing and finds nothing."""


def _without(name: str) -> Gap:
    return lambda patch: patch.setattr(verify._Look, name, _nothing)


def _without_comparing_the_text(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_fault_of", _nothing)


def _without_the_log(patch: pytest.MonkeyPatch) -> None:
    """Neither leaves nor checkpoints nor audit records: chains alone, as many a ledger has them."""
    for name in ("_leaf", "_missing", "gone"):
        patch.setattr(verify._Look, name, _nothing)
    patch.setattr(verify, "_log", lambda *_: 0)


def _without_checkpoints(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_checkpoints", lambda *_: 0)


CONTROLS: dict[str, tuple[Gap, str]] = {
    "the texts and their chain": (_without_comparing_the_text, "time"),
    "the log": (_without_the_log, "insert in the past"),
    "checkpoints, at a rebuilt tree": (_without_checkpoints, "tree rebuilt"),
    "checkpoints, at an older state": (_without_checkpoints, "older backup restored"),
    "checkpoints, at a tail that is gone": (_without_checkpoints, "truncate the tail"),
    "what follows from the log": (_without("_derivation"), "swap between episodes"),
    "the definition": (_without("_derivation"), "definition file changed"),
}


@pytest.mark.shows("G5", "C-19", control=True)
@pytest.mark.parametrize("without", CONTROLS)
def test_a_verifier_without_one_of_its_parts_misses_some(
    honest_in_file: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    gap, mutation = CONTROLS[without]
    gap(monkeypatch)
    found = []
    for seed in range(5):
        record = honest_in_file.copy(tmp_path / str(seed))
        report, touched = after(mutation, record, seed)
        found.append(is_named(report, touched))
    assert not all(found)


@pytest.mark.shows("G5", "C-19", "T-25", control=True)
def test_without_the_folder_of_checkpoints_a_log_that_was_rebuilt_passes_for_honest(
    honest_in_file: Record, tmp_path: Path
) -> None:
    """What is kept outside the database is what finds it."""
    record = honest_in_file.copy(tmp_path / "record")
    MUTATIONS["tree rebuilt"](record, random.Random(1))
    with record.installation(checkpoints=tmp_path / "nothing") as installation:
        assert verify_site(installation, Notary(installation), SITE).findings == []
