"""A result is corrected after it was decided upon: the record says what that means, and a person answers for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import planned


def treated(ward: Service) -> str:
    """The path of an episode in which chemoimmunotherapy was decided upon because GD2 was positive."""
    episode = planned(ward)
    basis = ward.get(f"/v1{episode}/next-step").json()["basis"]
    detail = {"regimen": "dinutuximab_beta_irinotecan_temozolomide"}
    body = {
        "option": "start_chemoimmunotherapy",
        "basis": basis,
        "detail": detail,
        "reason": {"text": "agreed"},
    }
    ward.post(f"/v1{episode}/decisions", body).raise_for_status()
    return episode


@pytest.mark.shows("R-041", "C-09")
def test_a_late_correction_opens_a_review_task_which_is_answered(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    # Given a decision that rests on GD2,
    episode = treated(ward)
    desk = sits_down("clinician", "dr-okafor")
    page = desk.open(episode)

    # when the measurement turns out to be another child's, and is corrected in the browser,
    entry = page.locator(".timeline > li").filter(has_text="GD2 measured")
    entry.get_by_role("link", name="Correct").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Correct")
    page.get_by_label("GD2 is", exact=True).select_option(label="Negative")
    page.get_by_label("What was wrong").fill("The samples had been exchanged.")
    page.get_by_role("button", name="See what it would change").click()
    expect(page.locator("#foreseen")).to_be_visible()
    page.get_by_role("button", name="Record the correction").first.click()

    # then the page says what it changed about what was decided, and asks for a review.
    expect(page.locator("#recorded")).to_contain_text("It opened a review task")
    task = page.locator("section").filter(has=page.locator("#reviews"))
    expect(task).to_be_visible()
    open_tasks = task.get_by_role("button", name="Close the review task").count()
    assert open_tasks >= 1
    listed = sits_down("coordinator").open("/?kind=review")
    expect(listed.locator(f"a[href='{episode}']")).to_be_visible()
    assert desk.barriers() == []

    # And when it was looked into, one sentence closes it.
    for _ in range(open_tasks):
        page.get_by_label("What was found").first.fill(
            "No antibody had been given; the plan was changed in time."
        )
        page.get_by_role("button", name="Close the review task").first.click()
        expect(page.locator("#recorded")).to_contain_text("Recorded: review resolved")
    expect(page.locator("#reviews")).to_have_count(0)
    listed.reload()
    expect(listed.locator(f"a[href='{episode}']")).to_have_count(0)
