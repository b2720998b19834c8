"""The sheet for the tumour board: what it says, and that it stands on two printed pages at most."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as PrintedPage

from pathway.cli.replay import PERSON, client_of, walked
from pathway.use_cases.permissions import Role
from pathway.use_cases.published_cases import load_case
from pathway.use_cases.tokens import issue
from tests.api.conftest import Service
from tests.web.test_episode_page import SignIn, planned, text_of

CASES = (
    "xinyuhealth336_1",
    "crc2024lorlatinib_5",
    "grascco_1",
    "rostamiND_1",
    "pastorino2023_1",
    "eventact189106_1",
)
MOST_PAGES = 2


@pytest.fixture(scope="module")
def published(pages: Service, root: Any) -> dict[str, str]:
    """The paths of published courses, long ones among them, by the name of the case."""
    folder = root / "examples" / "cases"
    cases = [load_case(folder / f"{name}.json") for name in CASES]
    with client_of(pages.url, issue(pages.settings, Role.COORDINATOR, "library", PERSON, 1)) as client:
        walked(cases, client)
        found = {}
        for case in cases:
            answer = client.post("/v1/episodes:find", json={"patient": case.patient.model_dump(mode="json")})
            found[case.case] = f"/episodes/{answer.json()['episodes'][0]['episode']}"
    return found


def test_it_says_what_the_board_needs_in_the_words_of_the_pathway(
    pages: Service, published: dict[str, str], sign_in: SignIn
) -> None:
    browser = sign_in("clinician", site="library")
    for path in published.values():
        shown = text_of(browser.open(f"{path}/sheet"))
        told = pages.get(f"/v1{path}/next-step", site="library").json()
        episode = pages.get(f"/v1{path}", site="library").json()
        assert told["summary"] in shown
        assert episode["state_label"] in shown
        for row in told["rows"]:
            assert row["sentence"] in shown
        for missing_fact in told["missing"][:8]:
            assert missing_fact["sentence"] in shown
        for option in told["options"]:
            if option["status"] == "possible" and not option["guards"]:
                assert option["label"] in shown
        assert episode["head"]["hash"] in shown
        assert f"Known until entry {episode['head']['sequence']}, recorded" in shown
        assert f"version {told['pathway']['version']}" in shown
        assert "What was decided" in shown


def test_a_guard_that_does_not_hold_or_is_not_known_is_never_told_as_true(
    pages: Service, published: dict[str, str], sign_in: SignIn
) -> None:
    browser, unknown = sign_in("clinician", site="library"), 0
    for path in published.values():
        shown = text_of(browser.open(f"{path}/sheet"))
        told = pages.get(f"/v1{path}/next-step", site="library").json()
        possible = [each for each in told["options"] if each["status"] == "possible"]
        for guard in (guard for part in (*told["rows"], *possible) for guard in part["guards"]):
            if guard["value"] is not True:
                sign = "Not true:" if guard["value"] is False else "Not known:"
                assert f"{sign} {guard['sentence']}" in shown
                unknown += 1
    assert unknown


def test_each_source_is_told_once_and_each_number_leads_to_one(
    published: dict[str, str], sign_in: SignIn
) -> None:
    for path in published.values():
        page = sign_in("clinician", site="library").open(f"{path}/sheet")
        quoted = set(re.findall(r'href="#source-(\d+)"', page))
        listed = re.findall(r'<li id="source-(\d+)">(.*?)</li>', page)
        assert quoted
        assert quoted == {number for number, _ in listed}
        assert len({source for _, source in listed}) == len(listed)


def test_an_auditor_sees_a_pseudonym_and_another_site_nothing(pages: Service, sign_in: SignIn) -> None:
    path = planned(pages)
    pseudonym = pages.get(f"/v1{path}").json()["patient"]
    assert "child-" in text_of(sign_in("clinician").open(f"{path}/sheet"))
    shown = text_of(sign_in("auditor").open(f"{path}/sheet"))
    assert "child-" not in shown
    assert pseudonym[:8] in shown
    sign_in("clinician", site="south").open(f"{path}/sheet", status=404)
    sign_in("pathway_owner").open(f"{path}/sheet", status=403)


def test_the_sheet_of_another_day_says_so(pages: Service, sign_in: SignIn) -> None:
    browser = sign_in("clinician")
    path = planned(pages)
    assert "Not today’s sheet" not in text_of(browser.open(f"{path}/sheet"))
    shown = text_of(browser.open(f"{path}/sheet?as_of=2030-03-05"))
    assert "Not today’s sheet." in shown
    assert "Asked for 5 Mar 2030" in shown
    assert "tumour-board sheet, 5 Mar 2030" in shown


def printed_pages(page: PrintedPage) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def test_it_prints_on_two_pages_of_paper_at_most(
    pages: Service, published: dict[str, str], chromium: Browser
) -> None:
    page = chromium.new_page()
    page.goto(f"{pages.url}/sign-in?token={pages.token('clinician', 'library')}")
    counted = {}
    for case, path in published.items():
        answer = page.goto(f"{pages.url}{path}/sheet")
        assert answer
        assert answer.ok
        counted[case] = printed_pages(page)
    assert {case: number for case, number in counted.items() if not 1 <= number <= MOST_PAGES} == {}
    # The control: what is longer than two pages is counted as such.
    page.evaluate("document.querySelector('main').append(document.querySelector('article').cloneNode(true))")
    page.evaluate("document.querySelector('main').append(document.querySelector('article').cloneNode(true))")
    assert printed_pages(page) > MOST_PAGES
    page.close()
