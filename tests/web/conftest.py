"""The pages over real HTTP, as a browser without scripts has them: cookies, forms, and following where one is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx2
import pytest

from pathway.settings import Settings
from tests.api.conftest import Service, serving

HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@dataclass(frozen=True)
class Browser:
    """One person's browser."""

    service: Service
    http: httpx2.Client

    def open(self, path: str, *, status: int = 200) -> str:
        """The page, wherever one is sent from the address."""
        answer = self.http.get(path, follow_redirects=True)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.text

    def send(
        self, path: str, fields: Mapping[str, Any], *, of: str = "/", headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Sends a form from the page `of`, with the hidden fields that all forms of a session have."""
        hidden = {name: unescape(value) for name, value in HIDDEN.findall(self.open(of))}
        kept = {name: hidden[name] for name in ("token", "key")}
        return self.http.post(path, data=kept | dict(fields), headers=dict(headers or {}))


@pytest.fixture(scope="module")
def pages(new_sqlite: Callable[[], str]) -> Iterator[Service]:
    """A service with pages on SQLite, shared by the tests of one module."""
    with serving(Settings(env="development", database_url=new_sqlite())) as running:
        yield running


@pytest.fixture
def sign_in(pages: Service) -> Iterator[Callable[..., Browser]]:
    """Browsers of people who are signed in by the link of the demonstration."""
    opened: list[httpx2.Client] = []

    def browser(role: str = "clinician", site: str = "north", subject: str = "dr-okafor") -> Browser:
        http = httpx2.Client(base_url=pages.url, timeout=30)
        opened.append(http)
        answer = http.get("/sign-in", params={"token": pages.token(role, site, subject)})
        assert answer.status_code == 303, answer.text
        return Browser(pages, http)

    yield browser
    for http in opened:
        http.close()
