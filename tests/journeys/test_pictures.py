"""The pictures of the pages in the README: `make pictures` takes them, of published courses alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import ViewportSize

from pathway.cli.replay import PERSON, client_of, walked
from pathway.use_cases.permissions import Role
from pathway.use_cases.published_cases import load_case
from pathway.use_cases.tokens import issue
from tests.api.conftest import Service
from tests.journeys.conftest import Desk

pytestmark = pytest.mark.skipif(
    "PATHWAY_PICTURES" not in os.environ, reason="PATHWAY_PICTURES names no folder to put pictures into"
)

LARGEST = 200 * 1024
SITE = "library"
SHOWN = "grascco_1"
BOARD = "crc2024lorlatinib_5"
SIZE: Final[ViewportSize] = {"width": 1280, "height": 760}


@pytest.fixture(scope="module")
def published(ward: Service, root: Path) -> dict[str, str]:
    """The paths of the published courses, by the name of the case."""
    cases = [load_case(path) for path in sorted((root / "examples" / "cases").glob("*.json"))]
    found = {}
    with client_of(ward.url, issue(ward.settings, Role.COORDINATOR, SITE, PERSON, 1)) as client:
        walked(cases, client)
        for case in cases:
            body = {"patient": case.patient.model_dump(mode="json")}
            (episode, *_) = client.post("/v1/episodes:find", json=body).json()["episodes"]
            found[case.case] = f"/episodes/{episode['episode']}"
    return found


@pytest.mark.parametrize(
    ("name", "address", "theme", "at"),
    [
        ("worklist", "/", "light", "body"),
        ("episode", f"{{{SHOWN}}}", "light", "body"),
        ("episode_dark", f"{{{SHOWN}}}", "dark", "body"),
        ("decision", f"{{{BOARD}}}", "light", ".columns"),
        ("history", f"{{{SHOWN}}}/history", "light", "li.entry:has(dl)"),
        ("cohort", "/cohort", "light", "main section"),
    ],
)
def test_a_picture_is_taken(
    sits_down: Callable[..., Desk], published: dict[str, str], name: str, address: str, theme: str, at: str
) -> None:
    folder = Path(os.environ["PATHWAY_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    page = sits_down("clinician", "dr-okafor", site=SITE, theme=theme).open(address.format_map(published))
    page.set_viewport_size(SIZE)
    page.locator(at).first.evaluate("each => each.scrollIntoView({block: 'start'})")
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    assert path.stat().st_size <= LARGEST
