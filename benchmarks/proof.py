"""How fast the record is verified: at the database, and a bundle by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.course import SITE, record_course
from benchmarks.figures import Figure, at_least, at_most
from pathway.proof.verifier import read_bundle, verify_bundle
from pathway.settings import Settings
from pathway.store.migrate import migrate
from pathway.use_cases.checkpoints import Notary
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.prove_episode import prove_episode
from pathway.use_cases.verify import verify_site

GROUP: Final = "Proof"
ENTRIES_FLOOR: Final = 20_000
MOST_MS: Final = 200


def measure(url: str, entries: int, repeats: int) -> Iterator[Figure]:
    """Entries a second without and with deriving what was recommended, and milliseconds for the longest bundle."""
    migrate(url)
    settings = Settings(env="development", database_url=url)
    course = record_course(settings, entries)
    installation = Installation.open(settings)
    try:
        notary = Notary(installation)
        notary.attest(SITE)
        quick, whole = (
            _seconds(lambda derive=derive: _verified(installation, notary, derive=derive), repeats)  # type: ignore[misc]
            for derive in (False, True)
        )
        count = _verified(installation, notary, derive=False)
        told = f"{count:,} entries, a hundred to an audit record"
        yield Figure(
            GROUP, "chains and log verified", count / quick, "entries/s", at_least(ENTRIES_FLOOR), told
        )
        told = "each recommendation made once more"
        yield Figure(
            GROUP, "the same, and every recommendation derived again", count / whole, "entries/s", None, told
        )
        caller = Caller(SITE, "benchmark", "benchmark", frozenset({"audit.read", "episodes.read"}))
        bundle, key = prove_episode(installation, notary, caller, course.long), notary.verifier_key
        took = _seconds(lambda: verify_bundle(read_bundle(bundle), key), repeats) * 1000
        told = f"{course.long_entries} entries, {len(bundle) / 1024:,.0f} KiB"
        yield Figure(GROUP, "a bundle verified offline", took, "ms", at_most(MOST_MS), told)
    finally:
        installation.close()


def _verified(installation: Installation, notary: Notary, *, derive: bool) -> int:
    report = verify_site(installation, notary, SITE, derive=derive)
    if not report.holds:
        raise AssertionError(f"the record does not hold: {report.findings[:3]}")
    return report.entries


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """The shortest of a few times."""
    took = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)
