"""How fast verification is: told, not asserted, since it says as much of the machine as of the service."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pathway.proof.verifier import read_bundle, verify_bundle
from pathway.use_cases.prove_episode import prove_episode
from pathway.use_cases.verify import verify_site
from tests.tampering import SITE, Hospital, Record
from tests.use_cases.honest import in_file, on_server
from tests.use_cases.journeys import Child


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Record:
    if request.param == "sqlite":
        return in_file(tmp_path)
    return on_server(tmp_path, request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url"))


def seconds(work: Callable[[], object]) -> float:
    """The shortest of a few times, which is the one that others disturbed least."""
    took = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


@pytest.mark.shows("G5")
@pytest.mark.parametrize(
    ("children", "events"),
    [
        pytest.param(2, 10, id="quick", marks=pytest.mark.quick),
        pytest.param(100, 100, id="full", marks=pytest.mark.full),
    ],
)
def test_chains_log_and_audit_records_are_verified_and_a_bundle_offline(
    empty: Record, children: int, events: int, record_property: Callable[[str, object], None]
) -> None:
    """One audit record goes with every ten entries."""
    side = Hospital.of(empty)
    wards = [Child.opened(side, f"mrn-{number}") for number in range(children)]
    for child in wards:
        for _ in range(events // 10):
            child.send(*(child.told("fitness_recorded", lansky=90, hb_g_dl="10.0") for _ in range(10)))
    notary = side.notary
    notary.attest(SITE)
    report = verify_site(side.installation, notary, SITE, derive=False)
    assert report.findings == []
    assert report.entries >= children * events
    took = seconds(lambda: verify_site(side.installation, notary, SITE, derive=False))
    bundle = prove_episode(side.installation, notary, side.caller(), wards[0].episode)
    key = notary.verifier_key
    verified = verify_bundle(read_bundle(bundle), key)
    assert (verified.found, verified.covered) == ((), verified.entries)
    offline = seconds(lambda: verify_bundle(read_bundle(bundle), key))
    side.stop()
    record_property("entries verified a second", round(report.entries / took))
    record_property("ms to verify a bundle", round(offline * 1000, 1))
