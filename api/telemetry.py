"""What is told about requests: one log line and two metrics each, made of our own words and never of what was sent."""

from __future__ import annotations

import logging
import random
import re
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import NOTE, internal
from pathway.use_cases.installation import Caller

LOGGED: Final = (
    "timestamp",
    "level",
    "event",
    "method",
    "route",
    "status",
    "duration_ms",
    "outcome",
    "site",
    "request_id",
    "fault",
)
"""Every key a log line may have; anything else bound to a line is left out before it is written."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID: Final = re.compile(r"[0-9a-f-]{32,36}")
_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


@dataclass(slots=True)
class Note:
    """What the answer of one request notes for its log line and its audit record.

    `shown` are the episodes an answer lists. `told` is true once the audit record is another's business.
    """

    outcome: str = "ok"
    caller: Caller | None = None
    shown: tuple[str, ...] = ()
    told: bool = False


class Metrics:
    """Counts and durations by words of our own, so that they are bounded and tell nothing of anybody."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "pathway_http_requests",
            "Requests answered.",
            ("method", "route", "status", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "pathway_http_request_seconds",
            "Seconds from the first byte of a request's head to the last of its answer.",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int, str], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, outcome: str, seconds: float) -> None:
        """One request more."""
        key = method, route, status, outcome
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (
                self._requests.labels(method, route, str(status), outcome),
                self._seconds.labels(method, route),
            )
        requests, durations = children
        requests.inc()
        durations.observe(seconds)


class Telemetry:
    """The outermost layer: gives each request an id, tells of it afterwards, and answers what nobody foresaw.

    Plain ASGI, because a middleware that wraps the response as a stream costs more than the rest of the call.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.get_logger("api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        note = scope[NOTE] = Note()
        request_id = _request_id(scope)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = message["headers"]
                kept = (
                    []
                    if any(name == b"cache-control" for name, _ in told)
                    else [(b"cache-control", b"no-store")]
                )
                message["headers"] = [
                    *told,
                    *kept,
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        fault: dict[str, str] = {}
        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            note.outcome = "client_gone"
        except Exception as error:  # noqa: BLE001  (whatever it is, its text may carry data and must not reach the server's log)
            fault["fault"] = where(error)
            note.outcome = "internal"
            if not status:
                await internal(scope)(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path_format", "none")
            self._metrics.count(method, route, status, note.outcome, seconds)
            tell = self._log.error if fault else self._log.info
            with suppress(
                OSError, ValueError
            ):  # where lines go may be full, or gone; who asked is not to suffer
                tell(
                    "request",
                    method=method,
                    route=route,
                    status=status,
                    duration_ms=round(seconds * 1000, 3),
                    outcome=note.outcome,
                    request_id=request_id,
                    **fault,
                )


def tell_of_unsigned(site: str) -> None:
    """A log line for a site whose log is not signed further; `pathway checkpoints show` says why."""
    structlog.get_logger("api").error("checkpoint", outcome="not_signed", site=site)


def where(error: BaseException) -> str:
    """The class of an exception and the lines it passed, innermost first, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    lines = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {lines}"


def configure_logging() -> None:
    """Sends log lines as JSON to stderr, made of the listed keys alone, and silences the server's own access log.

    uvicorn's access log writes whole addresses; ours writes the route.
    """
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_listed,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def only_listed(_logger: object, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The line with the keys of `LOGGED` alone, in that order."""
    return {key: line[key] for key in LOGGED if key in line}


def _request_id(scope: Scope) -> str:
    """The caller's own id of the request where it is a UUID or a trace id, and so carries no data; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            sent = str(value, "latin-1")
            if _REQUEST_ID.fullmatch(sent):
                return sent
    # No secret. The system's own random bytes cost a change of threads, and so a wait for whoever computes.
    return f"{random.getrandbits(128):032x}"
