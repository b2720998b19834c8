"""Somebody who doubts a recommendation reads the rule behind it."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import planned


def test_the_row_that_recommended_is_one_click_away_in_its_chapter(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    """Given an episode with a next step, when its row is followed, then the rules open at that row alone."""
    desk = sits_down("clinician", "dr-okafor")
    page = desk.open(planned(ward))
    page.get_by_role("link", name="Row").first.click()
    page.wait_for_url("**/pathway/**#row-*")
    row = page.locator(f"[id='{page.url.partition('#')[2]}']")
    row.wait_for(state="visible")
    assert page.evaluate("document.querySelectorAll('details.chapter[open]').length") <= 2
    assert desk.fits()
