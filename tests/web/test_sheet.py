"""The sheet for the tumour board: what it says, and that it stands on two printed pages at most."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as PrintedPage

from pathway.cli.replay import PERSON, client_of, walked
from pathway.use_cases.permissions import Role
from pathway.use_cases.published_cases import load_case
from pathway.use_cases.tokens import issue
from tests.api.conftest import Service
from tests.web.test_episode_page import TODAY, SignIn, ago, decide, overridden, planned, text_of

MOST_PAGES = 2


@pytest.fixture(scope="module")
def published(pages: Service, root: Any) -> dict[str, str]:
    """The paths of all published courses, by the name of the case."""
    cases = [load_case(each) for each in sorted((root / "examples" / "cases").glob("*.json"))]
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


def told(page: str, label: str) -> str:
    """What the block about the child and the disease says under this label."""
    found = re.search(rf"<dt>{re.escape(label)}</dt><dd>(.*?)</dd>", page, re.DOTALL)
    assert found, label
    return text_of(found[1])


def test_the_child_is_introduced_as_a_board_asks_for_it(pages: Service, sign_in: SignIn) -> None:
    path = planned(pages)
    born_55_months_ago = TODAY.replace(day=1) - timedelta(days=400)
    facts = (
        {"kind": "baseline_recorded", "age_months": 55, "occurred_on": born_55_months_ago.isoformat()},
        {"kind": "biomarker_recorded", "marker": "MYCN", "value": "amplified", "occurred_on": ago(7)},
        {
            "kind": "gd2_measured",
            "status": "positive",
            "method": "flow cytometry",
            "specimen": "bone marrow",
            "occurred_on": ago(6),
        },
        {
            "kind": "toxicity_recorded",
            "term": "peripheral motor neuropathy",
            "grade": 4,
            "agent": "dinutuximab_beta",
            "ongoing": False,
            "occurred_on": ago(5),
        },
    )
    assert pages.record(f"/v1{path}", *facts).status_code == 201
    page = sign_in("clinician").open(f"{path}/sheet")
    months = 55 + (TODAY.year - born_55_months_ago.year) * 12 + TODAY.month - born_55_months_ago.month
    months -= TODAY.day < born_55_months_ago.day
    assert told(page, "Age").startswith(f"{months // 12} years")
    assert "; 55 months on" in told(page, "Age")
    assert told(page, "Risk group") == "high, at diagnosis"
    assert told(page, "MYCN").startswith("amplified")
    assert told(page, "ALK") == "not recorded"
    assert told(page, "Lansky").startswith("90")
    assert "positive, by flow cytometry, in bone marrow" in told(page, "GD2")
    assert told(page, "Disease").startswith("relapse, metastatic disease, confirmed")
    assert told(page, "Central nervous system") == "not recorded"
    assert "peripheral motor neuropathy grade 4 (CTCAE 5), dinutuximab beta" in told(
        page, "Past side effects of grade 3 or more"
    )
    assert "weight" not in text_of(page).casefold()


def test_a_side_effect_that_goes_on_is_not_among_the_past_ones(pages: Service, sign_in: SignIn) -> None:
    path = planned(pages)
    goes_on = {"kind": "toxicity_recorded", "term": "fatigue", "grade": 3, "occurred_on": ago(5)}
    assert pages.record(f"/v1{path}", goes_on).status_code == 201
    page = sign_in("clinician").open(f"{path}/sheet")
    assert told(page, "Past side effects of grade 3 or more") == "none recorded"
    entry = pages.get(f"/v1{path}").json()["facts"]["toxicities"][0]["entry"]
    better = {"kind": "toxicity_resolved", "entry": entry, "to_grade": 1, "occurred_on": ago(2)}
    assert pages.record(f"/v1{path}", better).status_code == 201
    page = sign_in("clinician").open(f"{path}/sheet")
    assert "fatigue grade 3" in told(page, "Past side effects of grade 3 or more")
    assert "down to grade 1" in told(page, "Past side effects of grade 3 or more")


def course_of(page: str) -> list[str]:
    rows = page.split('<h2 id="course">', 1)[1].split("</section>", 1)[0]
    return [text_of(each) for each in re.findall(r"<li>(.*?)</li>", rows, re.DOTALL)]


def test_a_long_course_keeps_its_first_line_its_responses_and_progressions_and_names_what_its_cycles_were(
    published: dict[str, str], sign_in: SignIn
) -> None:
    page = sign_in("clinician", site="library").open(f"{published['xinyuhealth336_1']}/sheet")
    course = course_of(page)
    assert "Prior therapy recorded: line 1" in course[0]
    assert sum("Progression evidence recorded" in each for each in course) == 3
    assert any("9 cycles of chemotherapy (not named)" in each for each in course)
    assert sum("Assessment recorded" in each for each in course) == 3
    assert any("Local control completed" in each for each in course)


def test_cycles_are_told_with_their_regimen_and_from_when_to_when(pages: Service, sign_in: SignIn) -> None:
    path, doctor = planned(pages), sign_in("clinician")
    started = decide(
        doctor,
        path,
        option="start_chemoimmunotherapy",
        decided_on=ago(7),
        regimen="dinutuximab_beta_irinotecan_temozolomide",
        reason_text="as discussed",
    )
    assert started.status_code == 200
    first = {"kind": "cycle_started", "line": 1, "cycle": 1, "occurred_on": ago(6)}
    last = {"kind": "cycle_completed", "line": 1, "cycle": 1, "delivered": "aborted", "occurred_on": ago(4)}
    assert pages.record(f"/v1{path}", first, last).status_code == 201
    (cycles,) = [each for each in course_of(doctor.open(f"{path}/sheet")) if "1 cycle of" in each]
    assert "1 cycle of Dinutuximab beta, irinotecan and temozolomide, 1 aborted" in cycles
    assert f"to {(TODAY - timedelta(days=4)).day} " in cycles


def test_an_override_that_waits_for_its_second_signature_is_marked_in_the_course(
    pages: Service, sign_in: SignIn
) -> None:
    doctor = sign_in("clinician")
    path, _ = overridden(pages, doctor)
    (waits,) = [each for each in course_of(doctor.open(f"{path}/sheet")) if "change line" in each]
    assert "has not taken effect It awaits a second signature." in waits


def test_a_response_that_a_confirmed_progression_replaces_is_not_told_alone(
    pages: Service, sign_in: SignIn
) -> None:
    path = planned(pages)
    stable = {
        "kind": "assessment_recorded",
        "components": {"primary": "SD", "metastatic": "SD", "bone_marrow": "NI"},
        "occurred_on": ago(5),
    }
    grown = {"kind": "progression_evidence_recorded", "confirmed": True, "occurred_on": ago(3)}
    assert pages.record(f"/v1{path}", stable, grown).status_code == 201
    shown = text_of(sign_in("clinician").open(f"{path}/sheet"))
    assert "examined" in shown.split("Response at", 1)[1][:120]
    assert "progression counts instead" in shown.split("Response at", 1)[1][:700]


def test_a_corrected_assessment_stays_in_the_course_as_it_now_stands(pages: Service, sign_in: SignIn) -> None:
    path = planned(pages)
    stable = {
        "kind": "assessment_recorded",
        "components": {"primary": "SD", "metastatic": "SD", "bone_marrow": "NI"},
        "occurred_on": ago(5),
    }
    assert pages.record(f"/v1{path}", stable).status_code == 201
    entry = pages.get(f"/v1{path}/history?limit=200").json()["entries"][-1]["entry"]
    corrected = {
        "kind": "event_corrected",
        "entry": entry,
        "replacement": stable | {"components": {"primary": "CR", "metastatic": "CR", "bone_marrow": "CR"}},
        "occurred_on": ago(1),
    }
    assert pages.record(f"/v1{path}", corrected).status_code == 201
    (assessed,) = [
        each for each in course_of(sign_in("clinician").open(f"{path}/sheet")) if "ssessment" in each
    ]
    assert "primary CR" in assessed
    assert "In force: CR" in assessed


def test_an_auditor_sees_a_pseudonym_and_another_site_nothing(pages: Service, sign_in: SignIn) -> None:
    path = planned(pages)
    pseudonym = pages.get(f"/v1{path}").json()["patient"]
    assert "child-" in text_of(sign_in("clinician").open(f"{path}/sheet"))
    shown = text_of(sign_in("auditor").open(f"{path}/sheet"))
    assert "child-" not in shown
    assert f"…{pseudonym[-8:]}" in shown
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
