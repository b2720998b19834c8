"""The worklist: what waits, how much of it, a page at a time, and where one can go from there."""

from __future__ import annotations

import re
from html import unescape

import pytest
from playwright.sync_api import Browser as BrowserOfPaper

from api.web import worklist
from tests.api.conftest import Service
from tests.web.test_cohort_page import ANTIBODY
from tests.web.test_episode_page import SignIn, ago, planned, stopped, text_of

CHIP = re.compile(r'<a href="(/[^"]*)"[^>]*>([^<]+) <span class="number">(\d+)</span></a>')
ROW = re.compile(r'<th scope="row"><a href="(/episodes/[0-9a-f-]+)">')
REASON = {"code": "does-not-align-preferences", "text": "Discussed."}


def tags(page: str, path: str) -> list[str]:
    """What the row of the episode says that it waits for, but for what is to be reviewed."""
    own = page.partition(f'href="{path}"')[2].partition("</tr>")[0].partition('data-label="Waiting"')[2]
    found = re.findall(r'<span class="tag wait">([^<]*)</span>', own)
    return [each for each in found if each != "tumour board" and "to review" not in each]


def chips(page: str) -> dict[str, tuple[str, int]]:
    """The filters of the page: where each leads, and how many rows it says there are."""
    return {label: (unescape(address), int(number)) for address, label, number in CHIP.findall(page)}


def waiting(pages: Service, site: str) -> str:
    """An episode that waits for a decision, since its disease is progressing."""
    path = planned(pages, site=site)
    basis = pages.get(f"/v1{path}/next-step", site=site).json()["basis"]
    body = {"option": "start_chemoimmunotherapy", "basis": basis, "detail": ANTIBODY, "reason": {"text": "x"}}
    assert pages.post(f"/v1{path}/decisions", body, site=site).status_code == 201
    evidence = {"kind": "progression_evidence_recorded", "confirmed": True, "occurred_on": ago(0)}
    assert pages.record(f"/v1{path}", evidence, site=site).status_code == 201
    assert pages.get(f"/v1{path}", site=site).json()["state"] == "decision_due"
    return path


def test_what_is_missing_is_called_as_the_pathway_calls_it(pages: Service, sign_in: SignIn) -> None:
    site = "missing-worklist"
    path = planned(pages, site=site)
    basis = pages.get(f"/v1{path}/next-step", site=site).json()["basis"]
    body = {"option": "start_chemoimmunotherapy", "basis": basis, "detail": ANTIBODY, "reason": {"text": "x"}}
    assert pages.post(f"/v1{path}/decisions", body, site=site).status_code == 201
    page = text_of(sign_in("coordinator", site=site).open("/"))
    assert "Missing: " in page
    assert "the criteria to begin the next cycle" in page.split("Missing: ")[1]
    assert "start criteria" not in page


def test_each_filter_says_how_many_rows_it_leads_to(pages: Service, sign_in: SignIn) -> None:
    site = "counted-worklist"
    waiting(pages, site)
    planned(pages, site=site)
    pages.open_episode(opened_on=ago(100), site=site)
    browser = sign_in("coordinator", site=site)
    for narrowed in ("", f"?due_before={ago(-3)}"):
        found = chips(browser.open(f"/{narrowed}"))
        assert list(found) == list(worklist.KINDS.values())
        for address, number in found.values():
            assert len(ROW.findall(browser.open(address))) == number
    found = chips(browser.open("/"))
    assert found["Everything"][1] == 3
    assert found["Waiting for a decision"][1] == 1


def test_a_decision_that_is_due_is_no_signature(pages: Service, sign_in: SignIn) -> None:
    site = "waiting"
    path = waiting(pages, site)
    assert tags(sign_in("coordinator", site=site).open("/?kind=waiting"), path) == ["decision"]


def test_a_signature_that_is_awaited_is_told_as_one(pages: Service, sign_in: SignIn) -> None:
    path = stopped(pages)
    basis = pages.get(f"/v1{path}/next-step").json()["basis"]
    body = {"option": "start_chemoimmunotherapy", "basis": basis, "detail": ANTIBODY, "reason": REASON}
    assert pages.post(f"/v1{path}/decisions", body).status_code == 202
    assert tags(sign_in("clinician").open("/?kind=waiting"), path) == ["1 signature"]


def on_fire(pages: Service, site: str) -> str:
    """An episode without any date, whose child has a side effect that asks for the antibody to be interrupted."""
    path = waiting(pages, site)
    harm = {
        "kind": "toxicity_recorded",
        "term": "peripheral motor neuropathy",
        "grade": 4,
        "agent": "dinutuximab_beta",
        "occurred_on": ago(0),
    }
    assert pages.record(f"/v1{path}", harm, site=site).status_code == 201
    told = pages.get(f"/v1{path}/next-step", site=site).json()
    assert any(each["urgent"] for each in told["prompts"])
    return path


def test_a_child_who_needs_something_at_once_stands_first_and_says_so(
    pages: Service, sign_in: SignIn
) -> None:
    site = "urgent"
    overdue = pages.open_episode(opened_on=ago(100), site=site).removeprefix("/v1")
    path = on_fire(pages, site)
    planned(pages, site=site)
    browser = sign_in("coordinator", site=site)
    page = browser.open("/")
    assert ROW.findall(page)[0] == path
    assert overdue in ROW.findall(page)[1:]
    own = page.partition(f'href="{path}"')[2].partition("</tr>")[0]
    assert '<span class="tag stop">at once</span>' in own
    assert chips(page)["At once"][1] == 1
    assert ROW.findall(browser.open(chips(page)["At once"][0])) == [path]


def test_once_nothing_is_urgent_any_more_the_child_goes_back_into_the_row(
    pages: Service, sign_in: SignIn
) -> None:
    site = "over"
    path = on_fire(pages, site)
    first = planned(pages, site=site)
    (harm,) = pages.get(f"/v1{path}", site=site).json()["facts"]["toxicities"]
    over = {
        "kind": "event_retracted",
        "entry": harm["entry"],
        "reason": "Another child.",
        "occurred_on": ago(0),
    }
    assert pages.record(f"/v1{path}", over, site=site, role="clinician").status_code == 201
    page = sign_in("coordinator", site=site).open("/")
    assert chips(page)["At once"][1] == 0
    assert "at once</span>" not in page
    assert set(ROW.findall(page)) == {path, first}


def test_what_the_tumour_board_chooses_has_a_filter_of_its_own(pages: Service, sign_in: SignIn) -> None:
    site = "board"
    path = planned(pages, site=site)
    earlier = {"kind": "prior_therapy_recorded", "line": "unknown", "regimen": "RIST", "occurred_on": ago(8)}
    assert pages.record(f"/v1{path}", earlier, site=site).status_code == 201
    assert pages.get(f"/v1{path}/next-step", site=site).json()["needs_tumour_board"]
    planned(pages, site=site)
    browser = sign_in("coordinator", site=site)
    address, number = chips(browser.open("/"))["For the tumour board"]
    assert number == 1
    assert ROW.findall(browser.open(address)) == [path]


def test_a_day_says_how_many_rows_without_a_day_it_leaves_out(pages: Service, sign_in: SignIn) -> None:
    site = "undated"
    pages.open_episode(opened_on=ago(100), site=site)
    undated = pages.open_episode(opened_on=ago(100), site=site)
    evidence = {"kind": "progression_evidence_recorded", "confirmed": True, "setting": "relapse"}
    by_order = evidence | {"occurred_on": ago(3), "occurred_precision": "order"}
    assert pages.record(undated, by_order, site=site).status_code == 201
    browser = sign_in("coordinator", site=site)
    page = browser.open(f"/?due_before={ago(-9000)}")
    assert len(ROW.findall(page)) == 1
    assert "1 without a day is not shown." in text_of(page)
    every = re.search(r'href="([^"]*)">Show all days', page)
    assert every
    assert len(ROW.findall(browser.open(unescape(every[1])))) == 2
    assert "without a day" not in browser.open("/")


def test_a_day_that_is_none_is_told_beside_the_field_and_the_list_stays(
    pages: Service, sign_in: SignIn
) -> None:
    site = "no-day"
    path = planned(pages, site=site)
    page = sign_in("coordinator", site=site).open("/?due_before=31.3.2026", status=422)
    assert "A day, such as 2026-03-31." in page
    assert ROW.findall(page) == [path]


def test_it_is_printed_whole_where_it_is_longer_than_a_page(
    pages: Service, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "ROWS", 2)
    site = "printed"
    paths = {planned(pages, site=site) for _ in range(3)}
    browser = sign_in("coordinator", site=site)
    page = browser.open("/")
    assert "data-print" in page
    whole = re.search(r'href="([^"]*)">All on one page, to print', page)
    assert whole
    assert set(ROW.findall(browser.open(unescape(whole[1])))) == paths
    monkeypatch.setattr(worklist, "ROWS_TO_PRINT", 2)
    bounded = browser.open(unescape(whole[1]))
    assert "2 of 3 on this page" in bounded
    assert "whole=true" in bounded.partition('rel="next"')[0].rpartition("href=")[2]


def test_on_paper_it_is_a_table(pages: Service, chromium: BrowserOfPaper) -> None:
    page = chromium.new_page(viewport={"width": 700, "height": 900})
    page.goto(f"{pages.url}/sign-in?token={pages.token('coordinator', 'printed')}")
    page.goto(f"{pages.url}/")
    head = page.locator("thead th").first
    assert page.locator("tbody tr").first.evaluate("row => getComputedStyle(row).display") == "block"
    page.emulate_media(media="print")
    assert page.locator("tbody tr").first.evaluate("row => getComputedStyle(row).display") == "table-row"
    assert head.is_visible()
    page.close()


def test_pages_follow_each_other_without_losing_or_repeating_a_row(
    pages: Service, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "ROWS", 2)
    site = "paged"
    paths = {planned(pages, site=site) for _ in range(5)}
    browser = sign_in("coordinator", site=site)
    address, seen, visited = "/", list[str](), 0
    while address:
        page = browser.open(address)
        seen += ROW.findall(page)
        visited += 1
        assert ('rel="first"' in page) == (visited > 1)
        assert "2 of 5 on this page" in page or visited == 3
        following = re.search(r'href="([^"]*)" rel="next"', page)
        address = unescape(following[1]) if following else ""
    assert visited == 3
    assert len(seen) == len(set(seen)) == len(paths)
    assert set(seen) == paths


def test_what_it_is_narrowed_to_is_kept_by_every_filter(sign_in: SignIn) -> None:
    page = sign_in("coordinator", site="kept").open("/?due_before=2030-01-01&kind=overdue")
    assert all("due_before=2030-01-01" in address for address, _ in chips(page).values())
    assert 'name="kind" value="overdue"' in page
    assert re.search(r'aria-current="true">Overdue ', page)


def test_the_counts_are_part_of_what_is_kept_fresh(sign_in: SignIn) -> None:
    page = sign_in("coordinator").open("/")
    kept_fresh = page.partition('<div id="rows" data-refresh="60">')[2]
    assert CHIP.search(kept_fresh)
    assert "<form" not in kept_fresh.partition("</main>")[0], "what is typed would be lost"


def test_who_may_write_is_led_to_opening_and_who_may_read_to_finding(sign_in: SignIn) -> None:
    for role, opens in (("coordinator", True), ("clinician", True), ("auditor", False)):
        page = sign_in(role).open("/")
        assert ('href="/episodes/new"' in page) is opens
        assert 'href="/find"' in page


def test_another_site_counts_its_own_alone(pages: Service, sign_in: SignIn) -> None:
    planned(pages, site="one")
    assert {number for _, number in chips(sign_in("coordinator", site="two").open("/")).values()} == {0}
