"""A coordinator works off her list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Service
from tests.journeys.conftest import WIDTHS, Desk


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_worklist_is_there_for_everybody_who_uses_it(
    sits_down: Callable[..., Desk], ward: Service, theme: str, width: int
) -> None:
    ward.open_episode()
    desk = sits_down(theme=theme, width=width)
    page = desk.open("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Worklist")
    assert desk.barriers() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it has to be moved sideways"
