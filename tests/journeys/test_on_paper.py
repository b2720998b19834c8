"""What is printed is kept: nothing is missing on it, and it says what it is of and when it was read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import planned

A4 = 703
"""How wide the page is on A4 between its margins, in pixels of the style sheet."""


@pytest.fixture
def printed(sits_down: Callable[..., Desk]) -> Callable[[str], Page]:
    """Pages as they come out of a printer."""
    desk = sits_down("auditor", "auditor-wu", width=A4)

    def out(path: str) -> Page:
        page = desk.open(path)
        page.emulate_media(media="print")
        return page

    return out


def test_what_is_folded_on_the_screen_is_on_the_paper(printed: Callable[[str], Page], ward: Service) -> None:
    page = printed(f"{planned(ward)}/history")
    told = page.locator("details p")
    assert told.count() > 5
    assert all(each.evaluate("p => p.checkVisibility() && p.offsetHeight > 0") for each in told.all())
    assert all(each.evaluate("p => !p.closest('details').open") for each in told.all())


def test_paper_says_of_what_site_and_filter_it_is_who_read_it_and_when(
    printed: Callable[[str], Page], ward: Service
) -> None:
    planned(ward)
    page = printed("/audit?subject=dr-okafor")
    line = page.locator(".on-paper")
    expect(line).to_be_visible()
    expect(line).to_contain_text("north · auditor-wu · read ")
    expect(line).to_contain_text("UTC · /audit?subject=dr-okafor")
    page.emulate_media(media="screen")
    expect(line).to_be_hidden()


@pytest.mark.parametrize("path", ["", "/history", "/verification"])
def test_nothing_of_an_episode_is_cut_off_at_the_margin_of_a4(
    printed: Callable[[str], Page], ward: Service, path: str
) -> None:
    page = printed(f"{planned(ward)}{path}")
    beyond = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert page.evaluate(f"{beyond}.map(e => e.outerHTML.slice(0, 80))") == []


def test_on_paper_tables_are_tables_and_small_print_is_the_smaller(
    printed: Callable[[str], Page], ward: Service
) -> None:
    page = printed(f"{planned(ward)}/history")
    assert page.locator("table.cards").last.evaluate("e => getComputedStyle(e).display") == "table"
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    small, text = page.locator("p.small").first.evaluate(size), page.locator("body").evaluate(size)
    assert small < text


@pytest.mark.parametrize("path", ["/cohort", "/audit"])
def test_no_form_is_printed(printed: Callable[[str], Page], path: str) -> None:
    page = printed(path)
    assert page.locator("form").count() > 0
    assert not any(form.is_visible() for form in page.locator("form").all())
