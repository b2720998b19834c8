"""The service over real HTTP: uvicorn on a free port of 127.0.0.1, in a thread of the test's process."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from pathway.cli.bounded_http import configuration
from pathway.settings import Settings
from pathway.use_cases import tokens

_keys = itertools.count()
_numbers = itertools.count(1000)
PATHWAY = "high_risk_neuroblastoma_relapse"


@dataclass(frozen=True)
class Service:
    """A running service and the tokens its development issuer gives."""

    settings: Settings
    url: str
    http: httpx2.Client
    tokens: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def token(self, role: str = "clinician", site: str = "north", subject: str = "dr-okafor") -> str:
        wanted = role, site, subject
        if wanted not in self.tokens:
            self.tokens[wanted] = tokens.issue(self.settings, role, site, subject, hours=1)
        return self.tokens[wanted]

    def get(self, path: str, *, headers: dict[str, str] | None = None, **who: Any) -> httpx2.Response:
        return self.http.get(
            path, headers={"authorization": f"Bearer {self.token(**who)}", **(headers or {})}
        )

    def post(
        self,
        path: str,
        body: object,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **who: Any,
    ) -> httpx2.Response:
        """Posts `body` (bytes as they are, anything else as JSON) with an Idempotency-Key of its own unless given."""
        sent = {
            "authorization": f"Bearer {self.token(**who)}",
            "content-type": "application/json",
            "idempotency-key": key or f"key-{next(_keys)}",
            **(headers or {}),
        }
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(path, content=content, headers=sent)

    def open_episode(self, *, opened_on: str = "2026-01-05", value: str | None = None, **who: Any) -> str:
        """Opens an episode of a patient nobody else has, and gives its path."""
        patient = {"system": "urn:example:mrn", "value": value or f"mrn-{next(_numbers)}"}
        body = {"pathway": PATHWAY, "patient": patient, "opened_on": opened_on}
        response = self.post("/v1/episodes", body, **who)
        assert response.status_code == 201, response.text
        return response.headers["location"]

    def record(self, episode: str, *events: object, **who: Any) -> httpx2.Response:
        """Posts one event, or several in one request."""
        return self.post(f"{episode}/events", events[0] if len(events) == 1 else {"events": events}, **who)


@contextmanager
def serving(settings: Settings, app: FastAPI | None = None) -> Iterator[Service]:
    """A service with these settings (or this application of them), for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(configuration(app or create_app(settings), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{port}"
            with httpx2.Client(base_url=url, timeout=30) as http:
                http.get(
                    "/health/live"
                ).raise_for_status()  # the socket listens already: this waits until it serves
                yield Service(settings, url, http)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def service(new_sqlite: Callable[[], str]) -> Iterator[Service]:
    """A service on SQLite, shared by the tests of one module."""
    with serving(Settings(env="development", database_url=new_sqlite())) as running:
        yield running
