"""A clinician looks at one child, asks what would be, and decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Service
from tests.journeys.conftest import WIDTHS, Desk
from tests.web.test_episode_page import ago, planned, stopped


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_episode_is_there_for_everybody_who_uses_it(
    sits_down: Callable[..., Desk], ward: Service, theme: str, width: int
) -> None:
    desk = sits_down("clinician", theme=theme, width=width)
    for path in (stopped(ward), f"{planned(ward)}/what-if?gd2=negative", f"{planned(ward)}/what-if?grade=3"):
        page = desk.open(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert desk.barriers() == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "it has to be moved sideways"
        )


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_clinician_deviates_and_is_asked_why(
    sits_down: Callable[..., Desk], ward: Service, *, scripts: bool
) -> None:
    desk = sits_down("clinician", scripts=scripts)
    page = desk.open(planned(ward))
    page.get_by_role("radio", name="Supportive care").check()
    page.get_by_label("In your own words").fill("The family asked for it.")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.locator("#recorded")).to_contain_text("Recorded: decision made")
    expect(page.locator(".standing")).to_contain_text("Supportive care")


def test_a_decision_on_what_has_changed_is_caught(sits_down: Callable[..., Desk], ward: Service) -> None:
    desk = sits_down("clinician")
    episode = planned(ward)
    page = desk.open(episode)
    page.get_by_role("radio", name="Start chemoimmunotherapy").check()
    page.get_by_label("In your own words").fill("As discussed.")
    ward.record(f"/v1{episode}", {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(0)})
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("alert").first).to_contain_text("have changed since this recommendation was made")
    expect(page.get_by_label("In your own words")).to_have_value("As discussed.")
    assert desk.barriers() == []


def test_the_fields_of_an_option_show_once_it_is_chosen(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    page = sits_down("clinician").open(planned(ward))
    expect(page.get_by_label("Held until")).to_be_hidden()
    page.get_by_role("radio", name="Hold treatment and look again").check()
    expect(page.get_by_label("Held until")).to_be_visible()
    expect(page.get_by_label("Closed because")).to_be_hidden()
