"""A list that is left open on a screen."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk


def test_a_list_that_is_left_open_is_gone_from_the_screen_when_the_session_is(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    ward.open_episode(value="mrn-left-open")
    desk = sits_down()
    desk.page.clock.install()
    page = desk.open("/")
    expect(page.get_by_role("main")).to_contain_text("mrn-left-open")
    page.clock.fast_forward("01:30")
    expect(page.get_by_role("main")).to_contain_text("mrn-left-open")
    page.context.clear_cookies()
    page.clock.fast_forward("01:30")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.get_by_text("mrn-left-open")).to_have_count(0)
