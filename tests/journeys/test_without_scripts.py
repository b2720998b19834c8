"""Scripts make nothing possible: the coordinator's day goes the same way without them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.journeys.test_coordinator import overdue, works_off_her_list


@pytest.mark.shows("R-201", "R-116")
def test_a_coordinator_works_off_her_list_without_scripts(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    works_off_her_list(sits_down("coordinator", scripts=False), overdue(ward))
