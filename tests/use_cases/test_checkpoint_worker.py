"""A worker signs by itself, tells once what stands in its way, and leaves each log to one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from pathway.settings import Settings
from pathway.use_cases.checkpoints import CheckpointWorker
from pathway.use_cases.verify import verify_site
from tests.tampering import MUTATIONS, SITE, Hospital
from tests.use_cases.honest import filled, in_file
from tests.use_cases.journeys import Child

PATIENCE_S = 30


def wait_until(holds: Callable[[], bool]) -> None:
    """Fails when it has not come to hold after a long while."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.shows("G5", "R-086")
def test_what_is_recorded_is_signed_without_anybody_asking(tmp_path: Path) -> None:
    side = Hospital.of(in_file(tmp_path))
    notary, told = side.notary, list[str]()
    worker = CheckpointWorker(notary, 0.02, told.append)
    worker.start()
    for number in range(3):
        child = Child.opened(side, f"mrn-{number}")
        child.tell("note_added", text="seen on the ward")
        wait_until(lambda: notary.log.waiting(SITE) == {} and side.covered())
    worker.close()
    assert len(notary.paths(SITE)) >= 3
    assert told == []
    side.stop()


@pytest.mark.shows("R-086")
@pytest.mark.parametrize("seconds", [0, 61])
def test_no_setting_lets_a_checkpoint_wait_longer_than_a_minute(seconds: int) -> None:
    with pytest.raises(ValidationError):
        Settings(checkpoint_seconds=seconds)


def test_workers_at_once_sign_one_line_of_checkpoints(tmp_path: Path) -> None:
    side = Hospital.of(in_file(tmp_path))
    told: list[str] = []
    workers = [CheckpointWorker(side.notary, 0.01, told.append) for _ in range(3)]
    for worker in workers:
        worker.start()
    for number in range(4):
        Child.opened(side, f"mrn-{number}").tell("note_added", text="seen on the ward")
    wait_until(side.covered)
    for worker in workers:
        worker.close()
    assert told == []
    report = verify_site(side.installation, side.notary, SITE)
    assert report.findings == []
    assert report.checkpoints >= 1
    side.stop()


def test_what_stands_in_its_way_is_told_once_and_nothing_is_signed(tmp_path: Path) -> None:
    record = filled(in_file(tmp_path))
    MUTATIONS["older backup restored"](record, random.Random(1))
    side = Hospital.of(record)
    before, told = side.notary.paths(SITE), list[str]()
    worker = CheckpointWorker(side.notary, 60, told.append)
    for _ in range(3):
        worker.attest_all()
    assert told == [SITE]
    assert side.notary.paths(SITE) == before
    side.stop()
