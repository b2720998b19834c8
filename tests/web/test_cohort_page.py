"""The cohort page: bars with a table that says the same, counts, and who is shown which of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pathway.store.readers import Readers
from tests.api.conftest import Service
from tests.web.test_episode_page import SignIn, ago, planned, text_of

ANTIBODY = {"agents": ["dinutuximab_beta", "irinotecan", "temozolomide"]}


def treated(pages: Service, **who: Any) -> str:
    """One whose first line was decided on."""
    path = planned(pages, **who)
    basis = pages.get(f"/v1{path}/next-step", **who).json()["basis"]
    body = {
        "option": "start_chemoimmunotherapy",
        "basis": basis,
        "detail": ANTIBODY,
        "reason": {"text": "as discussed"},
    }
    assert pages.post(f"/v1{path}/decisions", body, **who).status_code == 201
    return path


@pytest.fixture(scope="module")
def paths(pages: Service) -> list[str]:
    """Five courses at a site of their own."""
    return [treated(pages, site="cohort") for _ in range(5)]


def test_each_course_has_a_bar_and_the_table_says_the_same(paths: list[str], sign_in: SignIn) -> None:
    page = sign_in("clinician", site="cohort").open("/cohort")
    svg = re.findall(r'<svg class="swimmer" .*?</svg>', page, re.DOTALL)
    assert len(svg) == 1
    assert len(re.findall(r'<g class="bar', svg[0])) == len(paths)
    assert svg[0].count("Progression confirmed, 8 days") == len(paths)
    for path in paths:
        assert f'href="{path}"' in page
    shown = text_of(page)
    assert shown.count("Progression confirmed 8 days") == len(paths)
    assert shown.count("start chemoimmunotherapy (as recommended)") == len(paths)


def test_the_counts_are_those_of_the_call(pages: Service, paths: list[str], sign_in: SignIn) -> None:
    told = pages.get("/v1/cohort", site="cohort").json()
    shown = text_of(sign_in("clinician", site="cohort").open("/cohort"))
    assert "5 episodes of this hospital" in shown
    assert "5 or more episodes" not in shown, "it stood beside the very number"
    assert "Groups of fewer than 5 patients are not shown" in shown
    planning = next(each for each in told["time_in_state"] if each["state"] == "progression_confirmed")
    assert planning["over"] == {"at_least": len(paths), "at_most": len(paths)}
    assert "Progression confirmed: planning 5 8 days 8 to 8 days 0 0" in shown
    assert "Progression confirmed: planning 5 0 0 0 5" in shown


def test_a_small_count_is_not_told(pages: Service, sign_in: SignIn) -> None:
    treated(pages, site="small")
    shown = text_of(sign_in("clinician", site="small").open("/cohort"))
    assert "1 episode of this hospital" in shown
    owners = text_of(sign_in("pathway_owner", site="small").open("/cohort"))
    assert "<5 episodes of this hospital" in owners
    assert "1 episode " not in owners
    assert "Progression confirmed: planning <5 not told not told 0 0" in shown


@pytest.mark.usefixtures("paths")
def test_the_owner_of_a_pathway_sees_counts_and_no_course(sign_in: SignIn) -> None:
    browser = sign_in("pathway_owner", site="cohort")
    page = browser.open("/cohort")
    assert "<svg" not in page
    assert "5 or more episodes of this hospital" in text_of(page)
    assert "/episodes/" not in page
    assert 'name="pattern"' not in page
    assert "Progression confirmed: planning 5 8 days" in text_of(page)
    browser.open("/cohort?pattern=local", status=403)
    for role in ("integration", "operator"):
        sign_in(role, site="cohort").open("/cohort", status=403)


def test_a_response_by_other_criteria_is_counted_as_not_evaluable_and_the_page_says_so(
    pages: Service, sign_in: SignIn
) -> None:
    site = "criteria"
    path = treated(pages, site=site)
    for cycle in (1, 2):
        begun = {"kind": "cycle_started", "line": 1, "cycle": cycle, "occurred_on": ago(0)}
        ended = {
            "kind": "cycle_completed",
            "line": 1,
            "cycle": cycle,
            "delivered": "full",
            "occurred_on": ago(0),
        }
        assert pages.record(f"/v1{path}", begun, ended, site=site).status_code == 201
    partial = {
        "kind": "assessment_recorded",
        "criteria": "other",
        "reported_overall": "PR",
        "occurred_on": ago(0),
    }
    assert pages.record(f"/v1{path}", partial, site=site).status_code == 201
    (assessed,) = pages.get("/v1/cohort", site=site).json()["responses"]
    counted = {name: each["at_least"] for name, each in assessed["counts"].items() if each["at_least"]}
    assert counted == {"NE": 1}
    shown = text_of(sign_in("clinician", site=site).open("/cohort"))
    assert "NE is counted here too for a response that was reported by other criteria" in shown


@pytest.mark.usefixtures("paths")
def test_it_names_no_patient(sign_in: SignIn) -> None:
    assert "child-" not in sign_in("clinician", site="cohort").open("/cohort")


@pytest.mark.usefixtures("paths")
def test_what_it_is_narrowed_to_stands_in_the_address_and_in_the_form(sign_in: SignIn) -> None:
    browser = sign_in("clinician", site="cohort")
    page = browser.open(f"/cohort?opened_from={ago(20)}&opened_to=&pattern=metastatic&line=1")
    assert f'value="{ago(20)}"' in page
    assert '<option value="metastatic" selected>' in page
    assert "5 episodes of this hospital" in text_of(page)
    assert "0 episodes" in text_of(browser.open("/cohort?pattern=cns"))
    for wrong in ("pattern=everywhere", "line=0", "line=9", "opened_from=yesterday", "colour=red"):
        browser.open(f"/cohort?{wrong}", status=400)


def test_it_leaves_one_record_which_lists_the_courses_that_were_shown(
    pages: Service, sign_in: SignIn
) -> None:
    site = "recorded"
    episode = treated(pages, site=site).rpartition("/")[2]
    sign_in("clinician", site=site).open("/cohort")
    sign_in("pathway_owner", site=site).open("/cohort")
    asked = f"/v1/audit?limit=200&operation=read_the_cohort&episode={episode}"
    (record,) = pages.get(asked, role="auditor", site=site).json()["records"]
    assert record["roles"] == ["clinician"]
    every = pages.get("/v1/audit?operation=read_the_cohort", role="auditor", site=site).json()["records"]
    assert len(every) == 2


def test_it_asks_as_little_of_many_courses_as_of_one(
    pages: Service, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    rows = Readers._rows

    def counting(self: Readers, *args: Any, **more: Any) -> Any:
        asked.append(None)
        return rows(self, *args, **more)

    site = "counted"
    treated(pages, site=site)
    browser = sign_in("clinician", site=site)
    monkeypatch.setattr(Readers, "_rows", counting)
    browser.open("/cohort")
    one = len(asked)
    for _ in range(4):
        treated(pages, site=site)
    asked.clear()
    browser.open("/cohort")
    assert len(asked) == one == 2
