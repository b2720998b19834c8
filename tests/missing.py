"""A test whose tool is not on this machine: skipped with the reason, or failed where everything is required."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test that asks, or fail it when `PATHWAY_REQUIRE_ALL=1`."""
    if os.environ.get("PATHWAY_REQUIRE_ALL") == "1":
        pytest.fail(f"PATHWAY_REQUIRE_ALL=1, and {reason}")
    pytest.skip(reason)
