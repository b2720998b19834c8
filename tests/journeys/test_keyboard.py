"""The decision by keyboard alone: where one is can always be seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import planned

MOST_STEPS = 80
FOCUS = """async () => {
    const drawn = () => new Promise(done => requestAnimationFrame(done));
    await drawn();  // the browser moves what has the focus into sight with the next picture it draws
    await drawn();
    const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
    // The calendar's button is the browser's own, inside the field, with a mark that cannot be asked for.
    const inner = at.type === "date" && !at.matches(":focus");
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const marked = inner || (at.matches(":focus-visible") && outlined);
    const inSight = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight
        && box.right > 0 && box.left < innerWidth;
    return { id: at.id || at.textContent.trim(), seen: marked && inSight, html: at.outerHTML.slice(0, 160) };
}"""


def tab_to(page: Page, wanted: str) -> int:
    """Goes on with Tab until what has this id or text has the focus, and says how many steps it took."""
    for steps in range(1, MOST_STEPS + 1):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        assert at["seen"], f"It cannot be seen that this has the focus: {at['html']}"
        if at["id"] == wanted:
            return steps
    raise AssertionError(f"{MOST_STEPS} steps do not lead to: {wanted}")


@pytest.mark.shows("R-201", "R-120")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_clinician_decides_by_keyboard_alone(
    sits_down: Callable[..., Desk], ward: Service, theme: str
) -> None:
    # Given the page of an episode,
    page = sits_down("clinician", "dr-okafor", theme=theme).open(planned(ward))

    # when somebody passes over its head, goes to the options and chooses by arrows,
    assert tab_to(page, "Skip to the content") == 1
    page.keyboard.press("Enter")
    tab_to(page, "option-start_chemoimmunotherapy")
    supportive = page.get_by_role("radio", name="Supportive care")
    for _ in range(MOST_STEPS):
        if supportive.is_checked():
            break
        page.keyboard.press("ArrowDown")
        assert page.evaluate(FOCUS)["seen"]
    expect(supportive).to_be_checked()

    # writes a reason and sends it,
    tab_to(page, "reason_text")
    page.keyboard.type("The family wishes to be at home.")
    tab_to(page, "Record the decision")
    page.keyboard.press("Enter")

    # then it is recorded.
    expect(page.locator("#recorded")).to_contain_text("Recorded: decision made")
    expect(page.locator(".standing")).to_contain_text("Supportive care")


def test_a_focus_that_cannot_be_seen_would_be_found(sits_down: Callable[..., Desk]) -> None:
    page = sits_down().open("/")
    page.locator("a").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["seen"]
    page.evaluate(
        "const sheet = document.styleSheets[0]; sheet.insertRule('* { outline: none !important }', 0)"
    )
    assert not page.evaluate(FOCUS)["seen"]
