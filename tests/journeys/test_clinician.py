"""A clinician decides otherwise than is recommended: as short as accepting, and never alone against a hard stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import planned, stopped

SEND = "Record the decision"
WISH = "The child or family wishes otherwise"
EVIDENCE = "The evidence supports something else"


def decided(page: Page, *steps: Callable[[Page], None]) -> int:
    """Takes these steps in the form, sends it, and says how many fields were touched."""
    for step in steps:
        step(page)
    page.get_by_role("button", name=SEND).click()
    expect(page.locator("#recorded")).to_contain_text("Recorded: decision made")
    return len(steps)


def choose(label: str) -> Callable[[Page], None]:
    def step(page: Page) -> None:
        blocked = page.get_by_text("blocked, which need a reason with a code")
        if not page.get_by_role("radio", name=label).is_visible():
            blocked.click()
        page.get_by_role("radio", name=label).check()

    return step


def write(label: str, text: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_label(label, exact=True).fill(text)


def select(label: str, option: str) -> Callable[[Page], None]:
    def step(page: Page) -> None:
        page.get_by_label(label, exact=True).select_option(label=option)

    return step


@pytest.mark.shows("R-117")
def test_a_clinician_deviates_with_a_code_and_in_words(sits_down: Callable[..., Desk], ward: Service) -> None:
    # Given a child for whom the pathway recommends chemoimmunotherapy,
    episode = planned(ward)
    page = sits_down("clinician", "dr-okafor").open(episode)
    expect(page.locator("#next")).to_have_text("Recommended: start chemoimmunotherapy.")

    # when the family wishes otherwise and the clinician says so,
    decided(
        page,
        choose("Supportive care"),
        select("Reason", WISH),
        write("In your own words", "The family wishes to be at home."),
    )

    # then the episode is where it was decided to be, and the history has both the code and the words.
    expect(page.locator(".standing")).to_contain_text("Supportive care")
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator(".timeline")).to_contain_text("another was chosen")
    expect(page.locator(".timeline")).to_contain_text("The family wishes to be at home")
    expect(page.locator(".timeline")).to_contain_text(WISH)


@pytest.mark.shows("R-117")
def test_to_deviate_takes_no_more_than_to_accept(sits_down: Callable[..., Desk], ward: Service) -> None:
    # Given two children for whom the same is recommended, which is off label and asks for a reason,
    page = sits_down("clinician", "dr-okafor").open(planned(ward))
    accepted = decided(
        page,
        choose("Start chemoimmunotherapy"),
        write("Regimen", "dinutuximab_beta_irinotecan_temozolomide"),
        write("In your own words", "Off label, as agreed."),
    )
    page = sits_down("clinician", "dr-okafor").open(planned(ward))
    # then who deviates on the second has no more fields to fill than who accepted on the first.
    deviated = decided(
        page, choose("Supportive care"), write("In your own words", "The family wishes to be at home")
    )
    assert deviated <= accepted


@pytest.mark.shows("C-11")
def test_a_hard_stop_is_overridden_by_two_clinicians(sits_down: Callable[..., Desk], ward: Service) -> None:
    # Given a child whose antibody was ended for good,
    episode = stopped(ward)
    first = sits_down("clinician", "dr-okafor").open(episode)

    # when a clinician chooses it all the same,
    decided(
        first,
        choose("Change to another line of systemic therapy"),
        write("Agents", "dinutuximab beta, temozolomide"),
        select("Reason", EVIDENCE),
        write("In your own words", "Rechallenge under supervision."),
    )

    # then it waits, and the same person cannot sign it,
    expect(first.locator("#recorded")).to_contain_text("takes effect once another clinician signs it")
    expect(first.get_by_role("button", name="Sign the decision")).to_have_count(0)
    expect(first.get_by_text("the second is another clinician’s")).to_be_visible()

    # until another clinician does, in a sentence and in a browser of their own.
    second = sits_down("clinician", "dr-brandt").open(episode)
    second.get_by_role("link", name="1 awaiting a second signature").click()
    second.get_by_label("Why you agree").fill("Seen with the allergist; the ward is prepared.")
    second.get_by_role("button", name="Sign the decision").click()
    expect(second.locator("#recorded")).to_contain_text("Recorded: decision countersigned")
    expect(second.locator("#signatures")).to_have_count(0)
