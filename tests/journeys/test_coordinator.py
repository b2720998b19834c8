"""A coordinator works off her list, from what is overdue to the decision and back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.conftest import PATHWAY, Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import ago

_numbers = itertools.count(1)
OVERDUE = re.compile(r"^Overdue\b")  # how many there are follows


def overdue(ward: Service) -> str:
    """The identifier of a child whose treatment should have begun, and of whom facts are missing."""
    child = f"child-{next(_numbers)}"
    patient = {"system": "urn:example:mrn", "value": child}
    body = {"pathway": PATHWAY, "patient": patient, "opened_on": ago(60), "risk_group": "high"}
    episode = ward.post("/v1/episodes", body).raise_for_status().headers["location"]
    evidence = {"confirmed": True, "setting": "relapse", "pattern": "metastatic", "occurred_on": ago(58)}
    ward.record(episode, {"kind": "progression_evidence_recorded"} | evidence).raise_for_status()
    return child


def row_of(page: Page, child: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=child, exact=True))


def record(page: Page, title: str, **typed: str) -> None:
    """Goes from the page of an episode to the form of this title, and records what is typed."""
    page.get_by_role("link", name="Record what happened").click()
    page.get_by_role("link", name=title, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    for label, value in typed.items():
        field = page.get_by_label(label.replace("_", " "), exact=True)
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    page.get_by_role("button", name="Record it").click()
    expect(page.locator("#recorded")).to_contain_text("Recorded:")


def works_off_her_list(desk: Desk, child: str) -> None:
    # Given that treatment of a child is overdue,
    page = desk.open("/")
    page.get_by_role("link", name=OVERDUE).click()
    row = row_of(page, child)
    expect(row).to_contain_text("overdue")
    expect(row).to_contain_text("Missing: fitness")

    # when she opens the episode and records what is missing,
    row.get_by_role("link", name=child).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(child)
    expect(page.locator("#next")).to_contain_text("obtain what is missing, namely fitness")
    record(
        page,
        "Fitness, counts, organ function",
        Lansky_score="90",
        Treatment_is_tolerated="Acceptable",
        An_infection_that_is_not_controlled="No",
    )
    expect(page.locator("#next")).to_contain_text("namely consent to a new line of therapy")
    record(page, "Consent", It_was_given="Yes")
    record(page, "GD2 on the tumour cells", GD2_is="Positive")

    # and decides as is recommended,
    expect(page.locator("#next")).to_have_text("Recommended: start chemoimmunotherapy.")
    page.get_by_role("radio", name="Start chemoimmunotherapy").check()
    page.get_by_label("Regimen").fill("dinutuximab_beta_irinotecan_temozolomide")
    page.get_by_label("Decided by").select_option(label="The tumour board")
    page.get_by_label("In your own words").fill("Off label, as agreed with the family.")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.locator("#recorded")).to_contain_text("Recorded: decision made")

    # then the list has something else to say of the child;
    page.get_by_role("link", name="Worklist", exact=True).click()
    expect(row_of(page, child)).to_contain_text("Chemoimmunotherapy")
    expect(row_of(page, child)).to_contain_text("the criteria to begin the next cycle")

    # and once the first cycle has begun, nothing of the child is overdue.
    row_of(page, child).get_by_role("link", name=child).click()
    record(page, "Cycle begun", Cycle="1")
    page.get_by_role("link", name="Worklist", exact=True).click()
    page.get_by_role("link", name=OVERDUE).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Worklist")
    expect(row_of(page, child)).to_have_count(0)


@pytest.mark.shows("R-116")
def test_a_coordinator_works_off_her_list(sits_down: Callable[..., Desk], ward: Service) -> None:
    works_off_her_list(sits_down("coordinator"), overdue(ward))
