"""Debian's Chromium without a window, started once in a session and lent to the tests that need a browser.

Where none is installed these tests are skipped with the reason; with `PATHWAY_REQUIRE_ALL=1` they fail.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.missing import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUIET: Final = (
    "--no-first-run", "--disable-gpu", "--disable-quic", "--disable-sync", "--disable-background-networking",
    "--disable-component-update",
)  # fmt: skip
"""Chromium asks nobody anything of its own accord."""


@dataclass(frozen=True)
class Launched:
    """A browser, and the loop it is driven by, which this thread says is running as long as it is lent."""

    browser: Browser
    loop: asyncio.AbstractEventLoop

    def lend(self) -> None:
        asyncio._set_running_loop(self.loop)

    def take_back(self) -> None:
        # Else no other test of the session could run a loop of its own.
        asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def launched() -> Iterator[Launched]:
    """The one browser of the session."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium is not installed")
    from playwright.sync_api import sync_playwright  # only here: it takes a while, and most tests need none

    # Its sandbox does not work for root.
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        found = Launched(browser, asyncio.get_running_loop())
        found.take_back()
        yield found
        found.lend()
        browser.close()


@pytest.fixture
def chromium(launched: Launched) -> Iterator[Browser]:
    """The browser, for one test; contexts that are opened in it have to be closed."""
    launched.lend()
    yield launched.browser
    launched.take_back()
