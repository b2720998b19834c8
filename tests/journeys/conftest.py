"""A real Chromium at a real service: what people do at the pages, from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from pathway.settings import Settings
from tests.api.conftest import Service, serving

WIDTHS = {"phone": 380, "desk": 1280, "wall": 1920}
EXPECTED = "the server responded with a status of 4"
"""What Chromium says of a form that comes back with faults."""


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

    def barriers(self, *rules: str) -> list[str]:
        """What axe finds on the page as it is, in a line each; by these rules alone, if any are named."""
        only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
        # What is in order takes axe as long to report as what is not.
        options = {"resultTypes": ["violations"], **only}
        found = Axe().run(self.page, options=options).response["violations"]
        return [f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:120]})" for each in found]

    def fits(self) -> bool:
        """True when nobody has to move the page sideways."""
        found: bool = self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        return found


@pytest.fixture
def sits_down(chromium: Browser, ward: Service) -> Iterator[Callable[..., Desk]]:
    """People who sit down at the service; what a browser complains of on the way fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

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
            reduced_motion="reduce",  # else pages glide to where they are sent, and nothing stands still
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
    assert [said for said in complaints if EXPECTED not in said] == []
