"""The random walks find what is wrong in the service, were it ever so small."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.robustness.small_faults import FAULTS, Plant
from tests.test_episodes_against_reference import WALKS, RandomWalk

ONE = ("late facts are only appended",)


def is_found(plant: Plant, urls: dict[str, str], walks: int) -> bool:
    """True when a walk through a service with this fault comes upon something that does not hold."""
    astray = type("Astray", (RandomWalk,), {"urls": urls})
    until_found = settings(WALKS, max_examples=walks, phases=(Phase.generate,), report_multiple_bugs=False)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        try:
            run_state_machine_as_test(astray, settings=until_found)
        except Exception:  # noqa: BLE001  (a wrong answer, or one of the service's own walls, which found it first)
            return True
    return False


@pytest.mark.shows("G12")
@pytest.mark.shows("G6", control=True)
@pytest.mark.parametrize(
    ("names", "walks"),
    [
        pytest.param(ONE, 15, id="quick", marks=pytest.mark.quick),
        pytest.param(tuple(FAULTS), 60, id="full", marks=pytest.mark.full),
    ],
)
def test_small_faults_are_found(
    names: tuple[str, ...],
    walks: int,
    new_sqlite: Callable[[], str],
    new_postgres: Callable[[], str],
    record_property: Callable[[str, object], None],
) -> None:
    urls = {"sqlite": new_sqlite(), "postgresql": new_postgres()}
    unfound = [name for name in names if not is_found(FAULTS[name], urls, walks)]
    record_property("planted faults", len(names))
    record_property("planted faults found", len(names) - len(unfound))
    record_property("not found", ", ".join(unfound))
    assert len(names) - len(unfound) >= 0.9 * len(names), f"not found: {', '.join(unfound)}"
