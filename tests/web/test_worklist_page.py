"""The worklist: what waits, how much of it, a page at a time, and where one can go from there."""

from __future__ import annotations

import re
from html import unescape

import pytest

from api.web import worklist
from tests.api.conftest import Service
from tests.web.test_cohort_page import ANTIBODY
from tests.web.test_episode_page import SignIn, ago, planned, stopped

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
