"""A real Chromium at a real service: what people do at the pages, from end to end.

Where no Chromium is installed the journeys are skipped with the reason; with `PATHWAY_REQUIRE_ALL=1` they fail.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from pathway.settings import Settings
from tests.api.conftest import Service, serving
from tests.missing import missing

QUIET = (
    "--no-first-run", "--disable-gpu", "--disable-quic", "--disable-sync", "--disable-background-networking",
    "--disable-component-update",
)  # fmt: skip
"""Chromium asks nobody anything of its own accord."""

WIDTHS = {"phone": 380, "desk": 1280, "wall": 1920}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium is not installed")
    # Its sandbox does not work for root.
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def ward(new_sqlite: Callable[[], str]) -> Iterator[Service]:
    """A service with pages, shared by the journeys of one module."""
    with serving(Settings(env="development", database_url=new_sqlite())) as running:
        yield running


@dataclass(frozen=True)
class Desk:
    """Somebody in front of a browser, signed in."""

    service: Service
    page: Page

    def open(self, path: str) -> Page:
        """Goes to a page of the service."""
        self.page.goto(f"{self.service.url}{path}")
        return self.page

    def barriers(self) -> list[str]:
        """What axe finds on the page as it is, in a line each."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:120]})" for each in found]


@pytest.fixture
def sits_down(chromium: Browser, ward: Service) -> Iterator[Callable[..., Desk]]:
    """People who sit down at the service; what a browser complains of on the way fails the test."""
    complaints: list[str] = []
    contexts = []

    def sit(
        role: str = "coordinator",
        subject: str = "nurse-sol",
        *,
        site: str = "north",
        width: int = WIDTHS["desk"],
        theme: str = "light",
        scripts: bool = True,
        service: Service = ward,
    ) -> Desk:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{service.url}/sign-in?token={service.token(role, site, subject)}")
        return Desk(service, page)

    yield sit
    for context in contexts:
        context.close()
    assert [said for said in complaints if "the server responded with a status of 4" not in said] == []


@pytest.fixture
def pictures() -> Path:
    """Where pictures of pages go (`PATHWAY_PICTURES`), which a person then looks at."""
    return Path(os.environ.get("PATHWAY_PICTURES") or tempfile.mkdtemp(prefix="pathway-pictures-"))
