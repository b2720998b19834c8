"""A decision that rests on what is no longer so is caught, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import ago, planned


@pytest.mark.shows("C-43", "R-118")
def test_facts_that_arrive_while_the_form_is_open_stop_the_decision(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    # Given a form that is being filled,
    desk = sits_down("clinician", "dr-okafor")
    episode = planned(ward)
    page = desk.open(episode)
    expect(page.locator("#next")).to_have_text("Recommended: start chemoimmunotherapy.")
    page.get_by_role("radio", name="Start chemoimmunotherapy").check()
    page.get_by_label("Regimen").fill("dinutuximab_beta_irinotecan_temozolomide")
    page.get_by_label("In your own words").fill("As discussed on the ward.")

    # when the laboratory's system says meanwhile that the tumour has lost GD2,
    fact = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(0)}
    ward.record(f"/v1{episode}", fact, role="integration", subject="laboratory").raise_for_status()
    page.get_by_role("button", name="Record the decision").click()

    # then nothing is recorded, what is recommended now is shown, and what was typed still stands there.
    expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded")
    expect(page.get_by_role("alert")).to_contain_text("have changed since this recommendation was made")
    expect(page.locator("#next")).not_to_have_text("Recommended: start chemoimmunotherapy.")
    expect(page.get_by_label("Regimen")).to_have_value("dinutuximab_beta_irinotecan_temozolomide")
    expect(page.get_by_label("In your own words")).to_have_value("As discussed on the ward.")
    assert desk.barriers() == []
    kinds = [each["kind"] for each in ward.get(f"/v1{episode}/history?limit=200").json()["entries"]]
    assert "decision_made" not in kinds

    # And when the clinician thinks again and chooses what is open now,
    page.get_by_role("radio", name="Hold treatment and look again").check()
    page.get_by_role("button", name="Record the decision").click()

    # then it is recorded.
    expect(page.locator("#recorded")).to_contain_text("Recorded: decision made")
