"""The page of an episode: what is next and why, what can be decided there, and by whom."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx2
import pytest

from api import dependencies
from api.web import sending
from api.web.episode import SHOWN_ENTRIES
from pathway.cli.replay import PERSON, client_of, walked
from pathway.store.readers import Readers
from pathway.use_cases.aftermath import MOST_IMPACTS
from pathway.use_cases.permissions import Role
from pathway.use_cases.published_cases import load_case
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.tokens import issue
from tests.api.conftest import PATHWAY, Service
from tests.web.conftest import HIDDEN, Browser

SignIn = Callable[..., Browser]
TODAY = datetime.now(UTC).date()
_numbers = itertools.count(1)
CASES = ("pastorino2023_1", "grascco_1", "rostamiND_1")


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def date_of(days: int) -> str:
    """The day so many days ago, as pages tell it."""
    on = TODAY - timedelta(days=days)
    return f"{on.day} {on:%b %Y}"


def text_of(page: str) -> str:
    """What a reader sees of a page, in one line."""
    shown = re.sub(r"<(script|svg|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split())


def receipt_of(page: str) -> str:
    """What a page says of what was just recorded."""
    _, _, told = page.partition('id="recorded">')
    return told.partition('id="next"')[0].rpartition("<section")[0]


def planned(pages: Service, **who: Any) -> str:
    """The path of an episode whose progression was confirmed: a line of therapy may begin."""
    patient = {"system": "urn:example:mrn", "value": f"child-{next(_numbers)}"}
    body = {"pathway": PATHWAY, "patient": patient, "opened_on": ago(9), "risk_group": "high"}
    episode: str = pages.post("/v1/episodes", body, **who).headers["location"]
    facts = (
        {
            "kind": "progression_evidence_recorded",
            "confirmed": True,
            "setting": "relapse",
            "pattern": "metastatic",
        },
        {"kind": "gd2_measured", "status": "positive"},
        {"kind": "consent_recorded", "given": True},
        {
            "kind": "fitness_recorded",
            "lansky": 90,
            "uncontrolled_infection": False,
            "tolerance": "acceptable",
        },
    )
    assert (
        pages.record(episode, *(fact | {"occurred_on": ago(8)} for fact in facts), **who).status_code == 201
    )
    return episode.removeprefix("/v1")


def stopped(pages: Service) -> str:
    """One whose antibody was ended for good by anaphylaxis."""
    episode = planned(pages)
    basis = pages.get(f"/v1{episode}/next-step").json()["basis"]
    detail = {"agents": ["dinutuximab_beta", "irinotecan", "temozolomide"]}
    body = {
        "option": "start_chemoimmunotherapy",
        "basis": basis,
        "detail": detail,
        "reason": {"text": "as discussed"},
    }
    assert pages.post(f"/v1{episode}/decisions", body).status_code == 201
    harm = {"kind": "toxicity_recorded", "term": "anaphylaxis", "grade": 4, "agent": "dinutuximab_beta"}
    assert pages.record(f"/v1{episode}", harm | {"ongoing": False, "occurred_on": ago(1)}).status_code == 201
    return episode


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form for a decision."""
    form = page.split("/decisions", 1)[1]
    return {name: unescape(value) for name, value in HIDDEN.findall(form.split("</form>", 1)[0])}


def decide(browser: Browser, episode: str, page: str | None = None, **fields: str) -> httpx2.Response:
    """Sends the decision form as it stands on the page (as it is now, unless given) with these fields, for today."""
    sent = hidden(page or browser.open(episode)) | {"decided_on": ago(0)} | fields
    return browser.http.post(f"{episode}/decisions", data=sent, follow_redirects=True)


def state(pages: Service, episode: str) -> str:
    found: str = pages.get(f"/v1{episode}").json()["state"]
    return found


@pytest.fixture
def doctor(sign_in: SignIn) -> Browser:
    return sign_in("clinician")


# What is shown


@pytest.fixture(scope="module")
def published(pages: Service, root: Any) -> dict[str, str]:
    """The paths of some published courses, by the name of the case."""
    token = issue(pages.settings, Role.COORDINATOR, "library", PERSON, 1)
    cases = [load_case(root / "examples" / "cases" / f"{name}.json") for name in CASES]
    with client_of(pages.url, token) as client:
        walked(cases, client)
        found = {}
        for case in cases:
            answer = client.post("/v1/episodes:find", json={"patient": case.patient.model_dump(mode="json")})
            found[case.case] = f"/episodes/{answer.json()['episodes'][0]['episode']}"
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_published_course_is_told_whole(
    pages: Service, published: dict[str, str], sign_in: SignIn, case: str
) -> None:
    page = sign_in("clinician", site="library").open(published[case])
    shown = text_of(page)
    told = pages.get(f"/v1{published[case]}/next-step", site="library").json()
    assert told["summary"] in shown
    for row in told["rows"]:
        assert row["sentence"] in shown
        for guard in row["guards"]:
            assert guard["sentence"] in shown
    for missing in told["missing"]:
        assert missing["sentence"] in shown
    for option in told["options"]:
        assert option["label"].casefold() in shown.casefold()
    for entry in pages.get(f"/v1{published[case]}/history?limit=200", site="library").json()["entries"]:
        assert f"Entry {entry['sequence']}, recorded" in shown
    unverified = [each for row in told["rows"] for each in row["because"] if not each["verified"]]
    assert shown.count("unverified") > len(unverified)


def test_the_next_step_comes_before_what_can_be_decided_and_that_before_the_rest(
    pages: Service, doctor: Browser
) -> None:
    page = doctor.open(planned(pages))
    places = [page.index(f'id="{name}"') for name in ("next", "decide", "others", "map", "timeline", "facts")]
    assert places == sorted(places)


def test_what_has_to_be_done_at_once_stands_on_top(pages: Service, doctor: Browser) -> None:
    episode = stopped(pages)
    told = pages.get(f"/v1{episode}/next-step").json()
    urgent = [each for each in told["prompts"] if each["urgent"]]
    assert urgent
    page = doctor.open(episode)
    assert text_of(page.split('id="next"')[0]).count(urgent[0]["sentence"]) == 1


def test_the_map_says_in_signs_and_in_words_where_the_episode_is_and_was(
    pages: Service, doctor: Browser
) -> None:
    page = doctor.open(planned(pages))
    drawing = page[page.index("<svg") : page.index("</svg>")]
    assert "● Progression" in unescape(drawing)
    assert "✓ Progression" in unescape(drawing)
    assert "style=" not in drawing
    assert "<style" not in drawing
    assert (
        "The episode is in: Progression confirmed: planning. Before, in order: Progression suspected."
        in drawing
    )
    assert "it is here now" in text_of(page)


def test_a_late_fact_says_what_it_changed(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    pages.record(f"/v1{episode}", {"kind": "fitness_recorded", "lansky": 80, "occurred_on": ago(2)})
    late = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(5)}
    answer = pages.record(f"/v1{episode}", late).json()
    assert answer["impact"]["recommendations"]
    page = doctor.open(f"{episode}?recorded={answer['entries'][0]['entry']}")
    assert f"On {date_of(2)} the next step would have been" in text_of(page.split('id="next"')[0])
    assert "recorded late" in text_of(page)


def test_a_correction_that_makes_the_response_uncertain_says_so_in_its_receipt(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)

    def assessed(percent: str) -> dict[str, Any]:
        marrow = {"infiltration_percent": {"now": percent, "baseline": "20"}}
        parts = {"primary": "PR", "metastatic": "PR", "bone_marrow": marrow}
        told = {"kind": "assessment_recorded", "components": parts, "reported_overall": "PR"}
        return told | {"occurred_on": ago(1)}

    wrong = pages.record(f"/v1{episode}", assessed("3")).json()["entries"][0]["entry"]
    body = {"kind": "event_corrected", "entry": wrong, "replacement": assessed("30"), "occurred_on": ago(0)}
    entry = pages.record(f"/v1{episode}", body).json()["entries"][0]["entry"]
    page = doctor.open(f"{episode}?recorded={entry}")
    receipt = text_of(receipt_of(page))
    assert "was PR and is now unknown until a person confirms it." in receipt
    assert "contradiction See the response" in receipt
    assert "It changed nothing" not in receipt


def test_a_corrected_entry_says_so_and_leads_to_the_correction(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    entries = pages.get(f"/v1{episode}/history").json()["entries"]
    wrong = next(each for each in entries if each["kind"] == "gd2_measured")
    right = {"kind": "gd2_measured", "status": "negative", "occurred_on": wrong["on"]}
    body = {"kind": "event_corrected", "entry": wrong["entry"], "replacement": right, "occurred_on": ago(0)}
    pages.record(f"/v1{episode}", body)
    page = doctor.open(episode)
    kept = page[page.index(f'id="entry-{wrong["sequence"]}"') :]
    assert f'corrected</span> by <a href="#entry-{len(entries) + 1}"' in kept.split("</li>")[0]


def test_another_day_is_said_to_be_another_day_and_has_no_forms(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    assert "This is not today’s page" not in doctor.open(episode)
    page = doctor.open(f"{episode}?as_of={ago(3)}")
    assert "This is not today’s page" in page
    assert "/record" not in page
    to_come = (TODAY + timedelta(days=3)).isoformat()
    for asked in (f"as_of={to_come}", f"known_at={ago(0)}", f"as_of={ago(3)}&known_at={ago(0)}"):
        elsewhere = doctor.open(f"{episode}?{asked}")
        assert "/decisions" not in elsewhere
        assert "Nothing can be decided on it." in elsewhere
    assert "Nothing was known of this episode by then" in doctor.open(
        f"{episode}?known_at={ago(3)}", status=404
    )
    assert "had been recorded by" in text_of(doctor.open(f"{episode}?as_of=&known_at={ago(0)}"))
    doctor.open(f"{episode}?as_of=yesterday", status=400)


# Who it is


def test_those_who_treat_the_child_see_who_it_is_and_the_auditor_a_pseudonym(
    pages: Service, sign_in: SignIn
) -> None:
    path = pages.open_episode(opened_on=ago(9), value="canary-4711", site="named")
    episode = path.removeprefix("/v1")
    for role in ("coordinator", "clinician"):
        browser = sign_in(role, site="named")
        for page in (browser.open(episode), browser.open("/")):
            assert "canary-4711" in page
    auditor = sign_in("auditor", site="named")
    for page in (auditor.open(episode), auditor.open("/")):
        assert "canary" not in page
    told = (
        pages.get(f"{path}?", site="named").text,
        pages.get(f"{path}/history", site="named").text,
        pages.get("/v1/worklist", site="named").text,
        pages.get("/v1/audit", role="auditor", site="named").text,
    )
    assert [text for text in told if "canary" in text] == []


# Deciding


def test_what_is_recommended_is_accepted_by_choosing_it_and_confirmed(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    page = doctor.open(episode)
    recommended = pages.get(f"/v1{episode}/next-step").json()["recommended"]
    assert re.search(rf'value="{recommended}"', page)
    answer = decide(doctor, episode, page, option=recommended, reason_text="as discussed")
    assert answer.status_code == 200
    shown = text_of(answer.text)
    assert "Recorded: decision made" in shown
    assert "The episode is now in: " in shown
    assert state(pages, episode) != "progression_confirmed"


def test_sending_a_decision_twice_records_it_once(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    page = doctor.open(episode)
    first, second = (decide(doctor, episode, page, option="hold", reason_text="a fever") for _ in range(2))
    assert first.url == second.url
    entries = pages.get(f"/v1{episode}/history").json()["entries"]
    assert [each["kind"] for each in entries].count("decision_made") == 1
    other = decide(doctor, episode, page, option="supportive_care", reason_text="a fever")
    assert other.status_code == 422
    assert "This form was sent before with something else in it" in other.text


def test_a_decision_on_what_has_changed_comes_back_with_the_new_recommendation_and_all_that_was_typed(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    page = doctor.open(episode)
    suspected = {"kind": "cns_status_recorded", "status": "new_disease", "occurred_on": ago(0)}
    pages.record(f"/v1{episode}", suspected)
    answer = decide(
        doctor,
        episode,
        page,
        option="change_line",
        regimen="topotecan & co",
        reason_text="the board\r\nagreed",
    )
    assert answer.status_code == 409
    told = pages.get(f"/v1{episode}/next-step").json()
    assert told["summary"] in text_of(answer.text)
    assert "The facts or the pathway have changed since this recommendation was made." in answer.text
    assert 'value="change_line" checked' in answer.text
    assert 'value="topotecan &amp; co"' in answer.text
    assert "the board\nagreed</textarea>" in answer.text
    assert hidden(answer.text)["basis"] == told["basis"] != hidden(page)["basis"]
    assert hidden(answer.text)["key"] != hidden(page)["key"]
    assert state(pages, episode) == "progression_confirmed"


def aged(pages: Service) -> str:
    """One whose performance status was told so long ago that it counted last week and counts no longer."""
    patient = {"system": "urn:example:mrn", "value": f"child-{next(_numbers)}"}
    body = {"pathway": PATHWAY, "patient": patient, "opened_on": ago(40), "risk_group": "high"}
    episode: str = pages.post("/v1/episodes", body).headers["location"]
    evidence = {"confirmed": True, "setting": "relapse", "pattern": "metastatic"}
    facts = (
        {"kind": "progression_evidence_recorded"} | evidence,
        {"kind": "gd2_measured", "status": "positive"},
        {"kind": "consent_recorded", "given": True},
        {"kind": "fitness_recorded", "lansky": 90},
    )
    pages.record(episode, *(fact | {"occurred_on": ago(18)} for fact in facts)).raise_for_status()
    return episode.removeprefix("/v1")


def test_what_the_board_decided_last_week_is_recorded_on_that_days_recommendation_though_facts_have_aged(
    pages: Service, doctor: Browser
) -> None:
    episode = aged(pages)
    then, now = (pages.get(f"/v1{episode}/next-step?as_of={day}").json() for day in (ago(7), ago(0)))
    assert (then["recommended"], now["recommended"]) == ("start_chemoimmunotherapy", "complete_workup")
    typed = {"option": "start_chemoimmunotherapy", "decided_on": ago(7), "reason_text": "as the board said"}
    refused = decide(doctor, episode, **typed)
    assert refused.status_code == 409
    assert f"The question is asked for {date_of(7)} ." in text_of(refused.text)
    assert then["summary"] in text_of(refused.text)
    assert hidden(refused.text)["basis"] == then["basis"]
    assert 'value="start_chemoimmunotherapy" checked' in refused.text
    assert "as the board said</textarea>" in refused.text
    again = decide(doctor, episode, refused.text, **typed)
    assert again.status_code == 200
    assert state(pages, episode) == "chemoimmunotherapy.ready"
    (decision,) = pages.get(f"/v1{episode}/history").json()["entries"][-1:]
    assert (decision["on"], decision["event"]["offered_as"]) == (ago(7), "recommended")


def test_a_page_of_last_week_takes_that_days_decision_and_refuses_one_on_facts_that_came_since_it_was_shown(
    pages: Service, doctor: Browser
) -> None:
    episode = aged(pages)
    page = doctor.open(f"{episode}?as_of={ago(7)}")
    assert f'id="decided_on" name="decided_on" type="date" value="{ago(7)}"' in page
    typed = {"option": "start_chemoimmunotherapy", "decided_on": ago(7), "reason_text": "as the board said"}
    negative = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(9)}
    pages.record(f"/v1{episode}", negative).raise_for_status()
    stale = decide(doctor, episode, page, **typed)
    assert stale.status_code == 409
    assert state(pages, episode) == "progression_confirmed"
    fresh = doctor.open(f"{episode}?as_of={ago(7)}")
    unsaid = decide(doctor, episode, fresh, option="hold", decided_on="", reason_text="a fever")
    assert unsaid.status_code == 422
    assert f"The question is asked for {date_of(7)} ." in text_of(unsaid.text)
    assert (
        decide(doctor, episode, fresh, option="hold", decided_on=ago(7), reason_text="x").status_code == 200
    )


def test_where_it_is_not_known_whether_it_was_recorded_the_form_can_be_sent_again_as_it_is(
    pages: Service, doctor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = planned(pages)
    settling = dependencies.outcome_of

    async def too_slow(request: Any, write: Any) -> Any:
        await settling(request, write)
        raise Refusal("timeout", "Still waiting.")

    monkeypatch.setattr(sending, "outcome_of", too_slow)
    answer = decide(doctor, episode, option="hold", reason_text="a fever")
    assert answer.status_code == 409
    assert "send it again as it is, it will not be recorded twice" in answer.text
    monkeypatch.undo()
    again = decide(doctor, episode, answer.text, option="hold", reason_text="a fever")
    kinds = [each["kind"] for each in pages.get(f"/v1{episode}/history").json()["entries"]]
    assert (again.status_code, kinds.count("decision_made")) == (200, 1)


def beside(page: str, field: str) -> str:
    """What is said to be wrong beside a field, by which the field says it is described."""
    assert re.search(rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-fault"[^>]*aria-invalid="true"', page)
    found = re.search(rf'<p class="fault" id="{field}-fault">([^<]*)</p>', page)
    assert found
    assert f'href="#{field}"' in page.split('id="next"', maxsplit=1)[0]
    return unescape(found[1])


def test_a_reason_that_is_missing_is_asked_for_beside_its_field(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    answer = decide(doctor, episode, option="supportive_care")
    assert answer.status_code == 422
    assert beside(answer.text, "reason_text").startswith("This choice needs a reason")
    blocked = decide(doctor, episode, option="bridge_to_car_t", reason_text="we have a slot")
    assert beside(blocked.text, "reason_code").startswith("This option is blocked")
    assert "we have a slot</textarea>" in blocked.text
    assert re.search(r"<details open>\s*<summary>\d+ blocked", blocked.text)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"option": "close", "reason_text": "done"}, "closure", "Say why the episode is closed."),
        ({"option": "stop_agent", "reason_text": "done"}, "agents", "Say which agent is stopped for good."),
        ({"option": "other"}, "text", "Say in words what was chosen."),
        ({"option": "hold", "hold_until": "soon"}, "hold_until", ""),
        (
            {"option": "hold", "decided_on": "2999-01-01"},
            "decided_on",
            "A decision is taken today or was taken",
        ),
    ],
)
def test_a_detail_that_is_missing_or_wrong_is_told_beside_its_field(
    pages: Service, doctor: Browser, fields: dict[str, str], field: str, sentence: str
) -> None:
    answer = decide(doctor, planned(pages), **fields)
    assert answer.status_code == 422
    assert beside(answer.text, field).startswith(sentence)


def test_the_one_who_chose_nothing_is_asked_to(pages: Service, doctor: Browser) -> None:
    answer = decide(doctor, planned(pages), reason_text="hm")
    assert answer.status_code == 422
    assert "Choose what was decided." in answer.text
    assert "hm</textarea>" in answer.text


def test_nothing_is_chosen_before_somebody_chooses_so_that_a_press_alone_records_nothing(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    page = doctor.open(episode)
    assert pages.get(f"/v1{episode}/next-step").json()["recommended"]
    assert '" checked>' not in page
    assert 'class="tag accent">recommended' in page
    assert decide(doctor, episode, page).status_code == 422
    assert state(pages, episode) == "progression_confirmed"


def test_a_day_that_was_emptied_is_asked_for_and_does_not_become_today(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    answer = decide(doctor, episode, option="hold", reason_text="a fever", decided_on="")
    assert answer.status_code == 422
    assert beside(answer.text, "decided_on") == "Say on which day it was decided."
    assert "decision_made" not in [
        each["kind"] for each in pages.get(f"/v1{episode}/history").json()["entries"]
    ]


def test_the_receipt_names_the_option_the_day_and_the_regimen_and_leads_to_taking_it_back(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    regimen = "dinutuximab_beta_irinotecan_temozolomide"
    answer = decide(
        doctor, episode, option="start_chemoimmunotherapy", regimen=regimen, reason_text="as discussed"
    )
    receipt = receipt_of(answer.text)
    told = text_of(receipt)
    assert "start chemoimmunotherapy" in told
    assert "dinutuximab beta irinotecan temozolomide" in told
    assert f"{TODAY.day} {TODAY:%b %Y}" in told
    (decision,) = (
        each
        for each in pages.get(f"/v1{episode}/history").json()["entries"]
        if each["kind"] == "decision_made"
    )
    back = f"{episode}/record/event_retracted?entry={decision['entry']}"
    assert f'href="{back}"' in receipt
    assert "Take back" in text_of(doctor.open(back))
    bare = decide(doctor, planned(pages), option="start_chemoimmunotherapy", reason_text="as discussed")
    assert "No regimen and no agents were named with it." in bare.text


def test_a_blocked_option_says_what_stands_in_its_way_beside_it(pages: Service, doctor: Browser) -> None:
    form = doctor.open(planned(pages)).split('id="decide"')[1].split("</form>")[0]
    assert "Not offered here." not in form
    for option, why in (
        ("bridge_to_car_t", "Unknown: The family has consented to cell therapy."),
        ("resume", "Not true: Treatment is on hold."),
        ("consolidation_transplant", "Not known: The disease is refractory"),
    ):
        assert why in text_of(form.split(f'id="option-{option}"')[1].split("</label>")[0])


def test_deviating_takes_the_same_form_with_a_reason(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    answer = decide(
        doctor, episode, option="supportive_care", reason_code="does-not-align-preferences", decided_on=ago(1)
    )
    assert answer.status_code == 200
    assert "The child or family wishes otherwise" in text_of(answer.text)
    assert state(pages, episode) == "supportive_care"


def test_a_coordinator_says_who_decided_and_the_record_names_both(pages: Service, sign_in: SignIn) -> None:
    episode = planned(pages)
    nurse = sign_in("coordinator", subject="nurse-sol")
    chosen = {"option": "supportive_care", "reason_text": "a quiet time at home"}
    nameless = decide(nurse, episode, **chosen)
    assert nameless.status_code == 422
    assert beside(nameless.text, "decided_by").startswith("Say who decided")
    answer = decide(nurse, episode, **chosen, decided_by="tumour_board")
    told = "decided by the tumour board"
    assert told in text_of(receipt_of(answer.text))
    assert "recorded by nurse-sol" in text_of(receipt_of(answer.text))
    assert "Decided by The tumour board; recorded by nurse-sol" in text_of(nurse.open(f"{episode}/history"))
    sheet = text_of(nurse.open(f"{episode}/sheet"))
    assert told in sheet
    assert "recorded by nurse-sol" in sheet


def test_a_clinician_who_decides_need_not_say_who_did(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    assert decide(doctor, episode, option="hold", reason_text="a fever").status_code == 200
    (decision,) = (
        each["event"]
        for each in pages.get(f"/v1{episode}/history").json()["entries"]
        if each["kind"] == "decision_made"
    )
    assert "decided_by" not in decision


# The override of a hard stop, and its second signature

OVERRIDE = {
    "option": "change_line",
    "agents": "dinutuximab beta, temozolomide",
    "reason_code": "recipient-disagrees-evidence",
    "reason_text": "rechallenge under supervision",
}


def overridden(pages: Service, doctor: Browser) -> tuple[str, str]:
    """The path of an episode with an override that awaits its second signature, and that decision's entry."""
    episode = stopped(pages)
    answer = decide(doctor, episode, **OVERRIDE)
    assert answer.status_code == 200
    assert "it takes effect once another clinician signs it" in answer.text
    (waiting,) = pages.get(f"/v1{episode}").json()["awaiting_second_signature"]
    return episode, waiting["entry"]


def sign(browser: Browser, episode: str, entry: str, reason: str) -> httpx2.Response:
    fields = {"token": hidden(browser.open(episode))["token"], "reason": reason}
    address = f"{episode}/decisions/{entry}/countersignature"
    return browser.http.post(address, data=fields, follow_redirects=True)


def test_an_override_of_a_hard_stop_waits_for_another_clinician(
    pages: Service, doctor: Browser, sign_in: SignIn
) -> None:
    episode, entry = overridden(pages, doctor)
    assert "/countersignature" not in doctor.open(episode)
    other = sign_in("clinician", subject="dr-brandt")
    assert f"/decisions/{entry}/countersignature" in other.open(episode)
    nothing = sign(other, episode, entry, " ")
    assert nothing.status_code == 422
    assert f'id="reason-{entry}-fault"' in nothing.text
    answer = sign(other, episode, entry, "agreed")
    assert answer.status_code == 200
    assert "Recorded: decision countersigned" in text_of(answer.text)
    assert pages.get(f"/v1{episode}").json()["awaiting_second_signature"] == []


def test_the_second_signer_reads_which_stop_is_overridden_what_is_given_and_why_before_signing(
    pages: Service, doctor: Browser, sign_in: SignIn
) -> None:
    episode, _ = overridden(pages, doctor)
    page = sign_in("clinician", subject="dr-brandt").open(episode)
    panel = page.split('id="signatures"')[1].split("</section>")[0]
    told = text_of(panel)
    (stop,) = pages.get(f"/v1{episode}").json()["stops"]
    assert f"Stopped for good: dinutuximab beta. {stop['sentence']}" in told
    assert stop["because"]["source"] in told
    assert "dinutuximab beta + temozolomide" in told
    assert "The evidence supports something else; rechallenge under supervision" in told
    assert "First signature dr-okafor, " in told


def test_the_override_of_a_hard_stop_says_why_in_words_and_a_signature_too(
    pages: Service, doctor: Browser, sign_in: SignIn
) -> None:
    episode = stopped(pages)
    wordless = decide(doctor, episode, **OVERRIDE | {"reason_text": ""})
    assert wordless.status_code == 422
    assert beside(wordless.text, "reason_text").startswith("This overrides a hard stop: say in words why")
    assert pages.get(f"/v1{episode}").json()["awaiting_second_signature"] == []
    episode, entry = overridden(pages, doctor)
    unsaid = sign(sign_in("clinician", subject="dr-brandt"), episode, entry, "")
    assert unsaid.status_code == 422
    assert "Say in a sentence why you agree." in unsaid.text


def test_the_form_warns_of_a_hard_stop_beside_the_options_that_can_meet_it(
    pages: Service, doctor: Browser
) -> None:
    warning = "hard stop on dinutuximab beta: to give it overrides the stop"

    def beside_option(page: str, option: str) -> str:
        return text_of(page.split(f'id="option-{option}"')[1].split("</label>", maxsplit=1)[0])

    page = doctor.open(stopped(pages))
    assert warning in beside_option(page, "change_line")
    assert "signature of a second clinician" in beside_option(page, "change_line")
    for option in ("hold", "supportive_care", "stop_agent"):
        assert "hard stop" not in beside_option(page, option)
    assert "hard stop" not in doctor.open(planned(pages)).split('id="decide"')[1].split("</form>")[0]


def test_nobody_signs_twice_and_no_coordinator_does(pages: Service, doctor: Browser, sign_in: SignIn) -> None:
    episode, entry = overridden(pages, doctor)
    assert sign(doctor, episode, entry, "agreed with myself").status_code == 403
    coordinator = sign_in("coordinator", subject="nurse-sol")
    assert "/countersignature" not in coordinator.open(episode)
    assert sign(coordinator, episode, entry, "agreed").status_code == 403
    assert len(pages.get(f"/v1{episode}").json()["awaiting_second_signature"]) == 1


def test_a_coordinator_cannot_override_and_keeps_what_was_typed(pages: Service, sign_in: SignIn) -> None:
    nurse = sign_in("coordinator", subject="nurse-sol")
    answer = decide(nurse, stopped(pages), **OVERRIDE, decided_by="tumour_board")
    assert answer.status_code == 403
    assert "a clinician decides on it, and another one signs" in answer.text
    assert "rechallenge under supervision</textarea>" in answer.text


# Review tasks


def test_a_review_task_is_answered_with_a_sentence(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    started = {"kind": "cycle_started", "line": 1, "cycle": 1, "occurred_on": ago(1)}
    pages.record(f"/v1{episode}", started)
    (task, *_) = pages.get(f"/v1{episode}").json()["reviews"]
    assert task["sentence"] in text_of(doctor.open(episode))
    address = f"{episode}/reviews/{task['entry']}"
    fields = {"token": hidden(doctor.open(episode))["token"]}
    nothing = doctor.http.post(address, data=fields | {"reason": ""})
    assert nothing.status_code == 422
    assert f'id="reason-{task["entry"]}-fault"' in nothing.text
    answer = doctor.http.post(address, data=fields | {"reason": "Given elsewhere."}, follow_redirects=True)
    assert "Recorded: review resolved" in text_of(answer.text)
    left = pages.get(f"/v1{episode}").json()["reviews"]
    assert task["entry"] not in [each["entry"] for each in left]
    again = doctor.http.post(address, data=fields | {"reason": "Once more."})
    assert again.status_code == 422
    assert "No review task is open under this id." in again.text


# Who may do what


def test_a_role_sees_no_form_for_what_it_may_not_do(pages: Service, sign_in: SignIn) -> None:
    episode = stopped(pages)
    page = sign_in("auditor").open(episode)
    assert 'action="/episodes/' not in page.replace(f'action="{episode}" class="fields"', "")
    assert "Record what happened" not in page
    assert "/decisions" in sign_in("coordinator").open(episode)
    sign_in("pathway_owner").open(episode, status=403)


def test_an_auditor_who_sends_the_form_all_the_same_is_refused(
    pages: Service, doctor: Browser, sign_in: SignIn
) -> None:
    episode = planned(pages)
    auditor = sign_in("auditor")
    token = re.search(r'name="token" value="([^"]*)"', auditor.open("/"))
    assert token
    fields = hidden(doctor.open(episode)) | {
        "token": token[1],
        "option": "supportive_care",
        "reason_text": "x",
    }
    assert auditor.http.post(f"{episode}/decisions", data=fields).status_code == 403
    assert state(pages, episode) == "progression_confirmed"


def test_a_form_of_somebody_elses_page_does_nothing(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    fields = hidden(doctor.open(episode)) | {"option": "supportive_care", "reason_text": "x"}
    for wrong in (
        {"data": fields | {"token": "another"}},
        {"data": {name: value for name, value in fields.items() if name != "token"}},
        {"data": fields, "headers": {"origin": "https://elsewhere.example"}},
        {"data": fields, "headers": {"sec-fetch-site": "cross-site"}},
    ):
        for address in ("decisions", "reviews/x", "decisions/x/countersignature"):
            assert doctor.http.post(f"{episode}/{address}", **wrong).status_code == 403  # type: ignore[arg-type]
    assert state(pages, episode) == "progression_confirmed"


def test_an_episode_of_another_site_is_not_there(pages: Service, sign_in: SignIn) -> None:
    episode = planned(pages)
    stranger = sign_in("clinician", site="south")
    nowhere = f"/episodes/{'0' * 8}-0000-7000-8000-{'0' * 12}"
    there, nothing = (stranger.open(path, status=404) for path in (episode, nowhere))
    same = (
        re.sub(r"\d{2}:\d{2}:\d{2} UTC", "now", text_of(each))
        for each in (there.replace(episode, nowhere), nothing)
    )
    assert len({*same}) == 1
    token = re.search(r'name="token" value="([^"]*)"', stranger.open("/"))
    assert token
    fields = {"token": token[1], "option": "supportive_care", "basis": "0" * 64}
    assert stranger.http.post(f"{episode}/decisions", data=fields).status_code == 404


# What it costs and leaves


def records_of(pages: Service, site: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pages.get("/v1/audit?limit=200", role="auditor", site=site).json()[
        "records"
    ]
    return found


def test_each_call_leaves_one_audit_record_that_names_the_episode(pages: Service, sign_in: SignIn) -> None:
    site = "audited"
    episode = planned(pages, site=site)
    browser = sign_in("clinician", site=site)
    before = len(records_of(pages, site))
    page = browser.open(episode)
    decide(browser, episode, page, option="supportive_care")
    answer = browser.http.post(
        f"{episode}/decisions",
        data=hidden(page)
        | {"option": "supportive_care", "reason_text": "x", "key": "", "decided_on": ago(0)},
    )
    assert answer.status_code == 303
    found = records_of(pages, site)
    made = found[: len(found) - before - 1]  # asking for the records before left one as well
    told = [
        (each["operation"], each["outcome"], each["episode"])
        for each in made
        if each["operation"] != "read_the_audit_records"
    ]
    own = episode.rpartition("/")[2]
    assert told == [
        ("decide_on_an_option", "decided", own),
        ("decide_on_an_option", "reason_required", own),
        ("read_an_episode", "ok", own),
    ]


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows by one for each question that is put to the database."""
    asked: list[None] = []
    rows = Readers._rows

    def counting(self: Readers, *args: Any, **more: Any) -> Any:
        asked.append(None)
        return rows(self, *args, **more)

    monkeypatch.setattr(Readers, "_rows", counting)
    return asked


def test_the_page_asks_as_little_of_a_long_course_as_of_a_short_one(
    pages: Service, doctor: Browser, questions: list[None]
) -> None:
    episode = planned(pages)
    doctor.open(episode)
    short = len(questions)
    marks = [
        {"kind": "biomarker_recorded", "marker": f"m{n}", "value": "x", "occurred_on": ago(7)}
        for n in range(60)
    ]
    assert pages.record(f"/v1{episode}", *marks).status_code == 201
    questions.clear()
    page = doctor.open(episode)
    assert "Entry 65, recorded" in text_of(page)
    assert len(questions) == short == 3


def test_of_a_long_course_the_latest_entries_stand_on_the_page_and_the_others_are_one_link_away(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    marks = [
        {"kind": "biomarker_recorded", "marker": f"m{n}", "value": "x", "occurred_on": ago(1)}
        for n in range(SHOWN_ENTRIES)
    ]
    pages.record(f"/v1{episode}", *marks).raise_for_status()
    page = doctor.open(episode)
    for place in ("decide", "map", "timeline", "facts"):
        assert f'<li><a href="#{place}">' in page
        assert f'id="{place}"' in page
    assert page.count('<li id="entry-') == SHOWN_ENTRIES
    assert f'5 earlier entries: <a href="{episode}/history">' in page
    rendered = {f"#entry-{number}" for number in re.findall(r'id="entry-(\d+)"', page)}
    assert set(re.findall(r'href="(#entry-\d+)"', page)) <= rendered
    (gd2,) = (
        each
        for each in pages.get(f"/v1{episode}/history").json()["entries"]
        if each["kind"] == "gd2_measured"
    )
    address = f"{episode}/history?entry={gd2['entry']}#e-{gd2['entry']}"
    assert f'href="{address}"' in page
    history = doctor.open(address)
    assert f'id="e-{gd2["entry"]}"' in history
    assert f'href="{episode}/record/event_corrected?entry={gd2["entry"]}"' in history


def test_a_late_entry_whose_change_was_not_worked_out_leads_to_what_changed_with_it(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    pages.record(f"/v1{episode}", {"kind": "fitness_recorded", "lansky": 80, "occurred_on": ago(2)})
    for number in range(MOST_IMPACTS + 1):
        late = {"kind": "gd2_measured", "status": "negative", "percent": str(number), "occurred_on": ago(5)}
        pages.record(f"/v1{episode}", late).raise_for_status()
    (address,) = re.findall(r'href="([^"]*/history/diff\?from=[^"]*)"', doctor.open(episode))
    changed = text_of(doctor.open(unescape(address)))
    assert "GD2 measured" in changed or "gd2 measured" in changed.casefold()


def test_a_criterion_that_is_not_met_stands_open_and_those_that_are_met_are_folded(
    pages: Service, doctor: Browser
) -> None:
    episode = planned(pages)
    regimen = "dinutuximab_beta_irinotecan_temozolomide"
    decide(doctor, episode, option="start_chemoimmunotherapy", regimen=regimen, reason_text="as discussed")
    counts = {"kind": "fitness_recorded", "anc_per_ul": "100", "platelets_per_ul": "120000"}
    pages.record(f"/v1{episode}", counts | {"occurred_on": ago(0)}).raise_for_status()
    told = doctor.open(episode).split('id="list-start_criteria"')[1].split("</section>")[0]
    folded = re.findall(r"<details( open)?><summary>(\d+ [^<]*)</summary>", told)
    assert folded[0] == (" open", "2 stand in the way")
    assert folded[-1][0] == ""
    assert folded[-1][1].endswith(" met")


def test_the_worklist_names_many_patients_with_one_question(
    pages: Service, sign_in: SignIn, questions: list[None]
) -> None:
    browser = sign_in("coordinator", site="many")
    pages.open_episode(opened_on=ago(9), site="many", value="first")
    questions.clear()
    browser.open("/")
    one = len(questions)
    for number in range(5):
        pages.open_episode(opened_on=ago(9), site="many", value=f"another-{number}")
    questions.clear()
    page = browser.open("/")
    assert all(f"another-{number}" in page for number in range(5))
    assert len(questions) == one == 3


def test_the_worklist_takes_a_day_that_was_left_empty(doctor: Browser) -> None:
    assert "Worklist" in doctor.open("/?due_before=")


def test_of_a_day_that_is_not_known_none_is_told(pages: Service, doctor: Browser) -> None:
    episode = planned(pages)
    harm = {"kind": "toxicity_recorded", "term": "fever", "grade": 1, "occurred_on": "2026-01-02"}
    assert pages.record(f"/v1{episode}", harm | {"occurred_precision": "order"}).status_code == 201
    page = text_of(doctor.open(episode))
    assert "Fever 1 CTCAE 5" in page
    assert "2 Jan 2026" not in page
