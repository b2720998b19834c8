"""A day stands in words beside its box, whose order of day and month hangs on how the browser was set up."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.web.test_episode_page import planned


def test_the_fifth_of_november_is_not_taken_for_the_eleventh_of_may(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    page = sits_down("coordinator").open(f"{planned(ward)}/record/gd2_measured")
    box = page.get_by_label("On", exact=True)
    in_words = page.locator(".day-in-words")
    expect(in_words).to_contain_text(", today")
    box.fill("2026-05-11")
    expect(in_words).to_contain_text(re.compile("Monday,? 11 May 2026, "))
    box.fill("2026-11-05")
    expect(in_words).to_contain_text(re.compile("Thursday,? 5 November 2026, "))
    box.fill("")
    expect(in_words).to_be_empty()


def test_the_words_stand_under_their_box_and_take_no_room_from_it(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    page = sits_down("coordinator").open(f"{planned(ward)}/record/gd2_measured")
    box = page.get_by_label("On", exact=True).bounding_box()
    told = page.locator(".day-in-words").bounding_box()
    other = page.get_by_label("How exactly the day is known").bounding_box()
    assert box is not None
    assert told is not None
    assert other is not None
    assert told["y"] >= box["y"] + box["height"]
    assert told["x"] == box["x"]
    assert box["width"] == other["width"]
