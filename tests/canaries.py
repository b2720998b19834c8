"""Marked values put wherever a caller can put text, and looked for wherever they must not come out.

`who` marks what a patient is known by, `says` what people wrote or named, `key` what nobody may know. As a plugin of
pytest this module also looks through what every test of the suite printed: an identifier of the tests' patients in
it, or a canary, fails the test.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

WHO: Final = "who"
SAYS: Final = "says"
KEY: Final = "key"
IN_TESTS: Final = re.compile(r"\bcanary-[a-z0-9]|\bmrn-[0-9a-z]")
"""How the patients of all tests are marked: the builders name them `mrn-...`."""


@dataclass
class Canaries:
    """The values of one run: `made` tells of each where it was put, `known` are secrets of the service's own."""

    run: str = field(default_factory=lambda: secrets.token_hex(3))
    made: dict[str, str] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)

    def new(self, kind: str, place: str) -> str:
        """A value nobody has seen before, at most 40 characters long."""
        value = f"canary-{kind}-{self.run}-{len(self.made):04}"
        self.made[value] = place
        return value

    def found(self, sink: bytes, *kinds: str) -> set[str]:
        """The canaries of these kinds in what came out, whatever the letters' case, and in base64 or hexadecimal."""
        marks = [f"canary-{kind}-{self.run}-" for kind in kinds]
        whole = re.compile(rb"(?:%s)\d{4}" % b"|".join(mark.encode() for mark in marks), re.IGNORECASE)
        found = {value.decode().lower() for value in whole.findall(sink)}
        found |= {mark for mark in marks if any(form in sink for form in _encoded(mark.encode()))}
        if KEY in kinds:
            found |= {secret for secret in self.known if secret.encode() in sink}
        return found


def _encoded(mark: bytes) -> Iterator[bytes]:
    yield mark.hex().encode()
    for before in range(3):
        # The middle of its base64 is the same whatever stands around it.
        yield base64.b64encode(b"\0" * before + mark)[-(-before * 8 // 6) : (before + len(mark)) * 8 // 6]


Put = Callable[[str], str]
UNKNOWN: Final = "00000000-0000-7000-8000-000000000000"
_PLACEHOLDERS: Final = {
    "date": "2026-01-20",
    "date-time": "2026-01-20T10:00:00Z",
    "uuid": UNKNOWN,
    "^[0-9a-f-]{36}$": UNKNOWN,
    "^[0-9a-f]{64}$": "0" * 64,
}


def filled(document: Mapping[str, Any], schema: Mapping[str, Any], put: Put, place: str = "") -> Any:
    """A value of a schema of the OpenAPI `document`, with `put(place)` wherever text is taken."""
    if "$ref" in schema:
        named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return filled(document, named, put, place)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        best = next((one for one in choices if _takes_text(one)), choices[0])
        return filled(document, best, put, place)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {name: filled(document, of, put, f"{place}/{name}") for name, of in members.items()}
        case "array":
            return [filled(document, schema["items"], put, f"{place}/0")]
        case "string":
            form = schema.get("format") or schema.get("pattern")
            return _PLACEHOLDERS.get(str(form)) or put(place)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return None


def _takes_text(schema: Mapping[str, Any]) -> bool:
    plain = schema.get("type") == "string" and "const" not in schema and "enum" not in schema
    return plain and (schema.get("format") or schema.get("pattern")) not in _PLACEHOLDERS


def kinds_of_events(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The schema of every kind of event."""
    mapping = document["components"]["schemas"]["Event"]["discriminator"]["mapping"]
    schemas = document["components"]["schemas"]
    return {kind: schemas[reference.rpartition("/")[2]] for kind, reference in mapping.items()}


def leaks(printed: Mapping[str, str] | list[tuple[str, str]]) -> list[str]:
    """The parts of a test's output in which a patient of the tests is named."""
    parts = printed.items() if isinstance(printed, Mapping) else printed
    return [name for name, text in parts if name.startswith("Captured") and IN_TESTS.search(text)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Looks through what a test printed, once it is over."""
    report = yield
    if call.when == "teardown" and report.passed and (found := leaks(report.sections)):
        report.outcome = "failed"
        report.longrepr = f"{', '.join(found)}: a patient of the tests is named in what was printed."
    return report
