"""Every call, as its users make it, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pathway.settings import Settings
from tests.api.conftest import PATHWAY, Service, serving

RELAPSE = {
    "kind": "progression_evidence_recorded",
    "occurred_on": "2026-01-05",
    "setting": "relapse",
    "pattern": "metastatic",
    "evidence": [{"modality": "mibg", "finding": "new lesions"}],
    "confirmed": True,
}
GD2 = {
    "kind": "gd2_measured",
    "occurred_on": "2026-01-07",
    "status": "positive",
    "method": "immunohistochemistry",
    "specimen": "tumour",
}


@pytest.fixture(scope="module", params=["new_sqlite", "new_postgres"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service on each database."""
    make: Callable[[], str] = request.getfixturevalue(request.param)
    with serving(Settings(env="development", database_url=make())) as running:
        yield running


@pytest.fixture
def episode(service: Service) -> str:
    return service.open_episode()


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


# ---------------------------------------------------------------------------------------------------------------------
# Episodes


@pytest.mark.shows("R-001")
def test_opening_an_episode_answers_with_it_and_where_it_is(service: Service) -> None:
    body = {
        "pathway": PATHWAY,
        "patient": {"system": "urn:example:mrn", "value": "opened-with-baseline"},
        "opened_on": "2026-01-05",
        "baseline": [RELAPSE, GD2],
    }
    response = service.post("/v1/episodes", body)
    assert response.status_code == 201
    opened = response.json()
    assert response.headers["location"] == f"/v1/episodes/{opened['episode']}"
    assert [entry["kind"] for entry in opened["entries"]] == [RELAPSE["kind"], GD2["kind"]]
    assert opened["next_step"]["options"]
    assert service.get(response.headers["location"]).json()["state"] == opened["state"]


@pytest.mark.shows("R-001")
def test_a_second_open_episode_of_a_patient_is_refused_with_the_way_to_the_first(service: Service) -> None:
    first = service.open_episode(value="only-one")
    body = {
        "pathway": PATHWAY,
        "patient": {"system": "urn:example:mrn", "value": "only-one"},
        "opened_on": "2026-01-06",
    }
    response = service.post("/v1/episodes", body)
    assert response.status_code == 409
    assert response.headers["location"] == first


def test_a_patient_is_found_by_identifier_and_only_in_a_body(service: Service) -> None:
    episode = service.open_episode(value="to-be-found")
    patient = {"system": "urn:example:mrn", "value": "to-be-found"}
    found = service.post("/v1/episodes:find", {"patient": patient}).json()["episodes"]
    assert [f"/v1/episodes/{each['episode']}" for each in found] == [episode]
    nobody = {"system": "urn:example:mrn", "value": "nobody"}
    assert service.post("/v1/episodes:find", {"patient": nobody}).json()["episodes"] == []


@pytest.mark.shows("R-042")
def test_an_episode_reads_as_it_was_known_at_an_earlier_instant(service: Service, episode: str) -> None:
    before = now()
    service.record(episode, RELAPSE)
    as_known_before = service.get(f"{episode}?known_at={before}").json()
    assert "progression" not in as_known_before["facts"]
    assert service.get(episode).json()["facts"]["progression"]["confirmed"]


@pytest.mark.shows("R-042")
def test_before_it_was_opened_nothing_was_known_of_an_episode(service: Service, episode: str) -> None:
    response = service.get(f"{episode}?known_at=2020-01-01T00:00:00Z")
    assert response.status_code == 404


# ---------------------------------------------------------------------------------------------------------------------
# Events and the next step


def test_an_event_is_answered_with_what_it_changed(service: Service, episode: str) -> None:
    told = service.record(episode, RELAPSE).json()
    assert set(told) >= {"entries", "state", "moved", "unexpected", "flags", "impact", "next_step"}
    assert told["entries"][0]["sequence"] == 2


FACTS: list[dict[str, Any]] = [
    RELAPSE,
    GD2,
    {
        "kind": "prior_therapy_recorded",
        "line": 1,
        "regimen": "cojec",
        "agents": ["cisplatin"],
        "best_response": "PR",
    },
    {"kind": "biomarker_recorded", "marker": "ldh", "value": "400", "unit": "U/l"},
    {"kind": "fitness_recorded", "lansky": 90, "anc_per_ul": 1500, "gfr_ml_min_173": 110},
    {"kind": "fitness_recorded", "alt_x_uln": {"value": "60", "limit": "40", "unit": "U/l"}},
    {"kind": "consent_recorded", "given": True},
    {"kind": "baseline_recorded", "risk_group": "high", "age_months": 60},
    {"kind": "intent_recorded", "intent": "treatment"},
    {"kind": "cns_status_recorded", "status": "no_suspicion"},
    {"kind": "cycle_started", "line": 1, "cycle": 1, "regimen": "unknown", "agents": ["irinotecan"]},
    {"kind": "cycle_completed", "line": 1, "cycle": 1, "delivered": "full"},
    {"kind": "toxicity_recorded", "term": "neuropathy", "scale": "ctcae_v5", "grade": 2, "ongoing": True},
    {
        "kind": "assessment_recorded",
        "components": {
            "primary": {"longest_diameter_mm": {"now": "10.5", "baseline": "20"}, "rating": "PR"},
            "metastatic": "SD",
            "bone_marrow": "MD",
        },
        "reported_overall": "SD",
        "residual": {"sites": 2, "local_control_feasible": True},
    },
    {"kind": "local_control_completed", "modality": "radiotherapy", "site": "abdomen", "dose_gy": "21.6"},
    {"kind": "car_t_step_recorded", "step": "referred"},
    {"kind": "car_t_step_recorded", "step": "crs", "grade": 2},
    {"kind": "follow_up_recorded", "findings": "no_disease"},
    {"kind": "note_added", "text": "Seen in clinic."},
    {"kind": "episode_closed", "reason": "transferred"},
]


@pytest.mark.shows("R-005")
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: str(fact["kind"]))
def test_each_kind_of_fact_is_recorded_and_reads_the_same_when_the_whole_log_is_read(
    service: Service, episode: str, fact: dict[str, Any]
) -> None:
    recorded = service.record(episode, {"occurred_on": "2026-02-01"} | fact)
    assert recorded.status_code == 201, recorded.text
    from_the_summary = service.get(episode)
    from_the_whole_log = service.get(f"{episode}?known_at=2999-01-01T00:00:00Z")
    assert from_the_summary.status_code == 200
    assert from_the_whole_log.json() == from_the_summary.json()


@pytest.mark.shows("R-004")
def test_several_events_are_recorded_in_one_go(service: Service, episode: str) -> None:
    told = service.record(episode, RELAPSE, GD2)
    assert told.status_code == 201
    assert [entry["sequence"] for entry in told.json()["entries"]] == [2, 3]


@pytest.mark.shows("R-020", "C-04")
def test_the_next_step_lists_every_option_with_its_reasons(service: Service, episode: str) -> None:
    service.record(episode, RELAPSE, GD2)
    step = service.get(f"{episode}/next-step").json()
    assert len(step["basis"]) == 64
    assert {option["status"] for option in step["options"]} <= {"recommended", "possible", "blocked"}
    guards = [guard for option in step["options"] for guard in option["guards"]]
    assert all(guard["sentence"] for guard in guards)


@pytest.mark.shows("R-025")
def test_the_next_step_can_be_asked_for_another_day(service: Service, episode: str) -> None:
    step = service.get(f"{episode}/next-step?as_of=2026-03-01").json()
    assert step["as_of"] == "2026-03-01"
    assert step["basis"] != service.get(f"{episode}/next-step").json()["basis"]


@pytest.mark.shows("R-025")
def test_supposing_something_writes_nothing(service: Service, episode: str) -> None:
    before = service.get(f"{episode}/next-step").json()
    supposed = service.post(f"{episode}/next-step:suppose", RELAPSE).json()
    assert supposed["next_step"]["options"] != before["options"]
    assert service.get(f"{episode}/next-step").json() == before


# ---------------------------------------------------------------------------------------------------------------------
# Decisions and reviews


def choice(service: Service, episode: str, **more: Any) -> dict[str, Any]:
    """A decision for something that is no option of the table, which is always possible with a reason."""
    step = service.get(f"{episode}/next-step").json()
    return {
        "option": "other",
        "basis": step["basis"],
        "detail": {"text": "A trial at another centre."},
        "reason": {"text": "The family asked for it."},
    } | more


@pytest.mark.shows("R-012")
def test_a_decision_is_recorded_with_what_it_rested_on(service: Service, episode: str) -> None:
    response = service.post(f"{episode}/decisions", choice(service, episode))
    assert response.status_code == 201, response.text
    assert response.json()["option"] == "other"
    last = service.get(f"{episode}/history").json()["entries"][-1]
    assert last["kind"] == "decision_made"
    assert last["actor"] == "dr-okafor"


@pytest.mark.shows("R-012")
def test_a_decision_on_facts_that_have_changed_is_refused_with_the_new_recommendation(
    service: Service, episode: str
) -> None:
    stale = choice(service, episode)
    service.record(episode, RELAPSE)
    response = service.post(f"{episode}/decisions", stale)
    assert response.status_code == 409
    problem = response.json()
    assert problem["type"] == "urn:pathway:problem:stale_decision"
    assert problem["recommendation"]["basis"] == service.get(f"{episode}/next-step").json()["basis"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"option": "homeopathy"}, "not_an_option"),
        ({"reason": None, "option": "start_maintenance", "detail": {}}, "reason_required"),
        ({"decided_on": "2999-01-01"}, "impossible_date"),
        ({"detail": {}}, "invalid_body"),
        ({"basis": "0" * 63}, "invalid_body"),
    ],
    ids=json.dumps,
)
def test_a_decision_that_cannot_be_is_refused(
    service: Service, episode: str, said: dict[str, Any], outcome: str
) -> None:
    response = service.post(f"{episode}/decisions", choice(service, episode, **said))
    assert response.status_code == 422
    assert response.json()["type"] == f"urn:pathway:problem:{outcome}"


@pytest.mark.shows("R-002")
def test_on_a_closed_episode_facts_are_kept_and_decisions_are_refused(service: Service, episode: str) -> None:
    closed = {"kind": "episode_closed", "occurred_on": "2026-02-01", "reason": "death"}
    assert service.record(episode, closed).status_code == 201
    assert service.record(episode, GD2).status_code == 201
    step = service.get(f"{episode}/next-step").json()
    body = {"option": "start_maintenance", "basis": step["basis"], "reason": {"text": "The family asks."}}
    response = service.post(f"{episode}/decisions", body)
    assert response.status_code == 409
    assert response.json()["type"] == "urn:pathway:problem:episode_closed"


@pytest.mark.shows("R-014")
def test_the_override_of_a_hard_stop_takes_effect_once_another_clinician_signs(service: Service) -> None:
    episode = service.open_episode()
    reaction = {
        "kind": "toxicity_recorded",
        "occurred_on": "2026-01-20",
        "term": "anaphylaxis",
        "scale": "ctcae_v5",
        "grade": 4,
        "agent": "dinutuximab_beta",
        "ongoing": False,
    }
    assert service.record(episode, RELAPSE, GD2, reaction).status_code == 201
    stops = service.get(episode).json()["stops"]
    assert stops
    step = service.get(f"{episode}/next-step").json()
    override = {
        "option": "start_chemoimmunotherapy",
        "basis": step["basis"],
        "detail": {"agents": [stops[0]["agent"]]},
        "reason": {"code": "recipient-disagrees-evidence", "text": "Desensitised."},
    }
    first = service.post(f"{episode}/decisions", override)
    assert first.status_code == 202, first.text
    assert first.json()["awaiting_second_signature"] is True
    assert not first.json()["moved"]
    signature = f"{episode}/decisions/{first.json()['entry']}/countersignature"
    alone = service.post(signature, {"reason": "Agreed."}, key="second-signature")
    assert alone.status_code == 403
    other = service.post(signature, {"reason": "Agreed."}, key="second-signature", subject="dr-lindqvist")
    assert other.status_code == 201, "what one may not do is not kept as the answer for the next"
    assert other.json()["state"] != step["state"]


@pytest.mark.shows("R-016")
def test_a_review_task_is_answered_with_a_sentence(service: Service, episode: str) -> None:
    cycle = {"kind": "cycle_started", "occurred_on": "2026-01-20", "line": 1, "cycle": 1, "regimen": "dit"}
    service.record(episode, cycle)
    reviews = service.get(episode).json()["reviews"]
    assert reviews, "a cycle without a decision opens a review task"
    response = service.post(f"{episode}/reviews/{reviews[0]['entry']}", {"reason": "Decided by telephone."})
    assert response.status_code == 201, response.text
    assert len(service.get(episode).json()["reviews"]) == len(reviews) - 1


@pytest.mark.parametrize("path", ["decisions/{}/countersignature", "reviews/{}"])
@pytest.mark.parametrize("entry", ["00000000-0000-7000-8000-000000000000", "no-id", "%00"])
def test_what_waits_for_nobody_cannot_be_answered(
    service: Service, episode: str, path: str, entry: str
) -> None:
    response = service.post(f"{episode}/{path.format(entry)}", {"reason": "Why not."})
    assert response.status_code == 422
    assert response.json()["type"] == "urn:pathway:problem:unknown_entry"


# ---------------------------------------------------------------------------------------------------------------------
# Worklist


@pytest.mark.shows("R-033")
def test_the_worklist_is_read_page_by_page_and_shows_each_episode_once(service: Service) -> None:
    who: dict[str, Any] = {"site": "worklist"}
    opened = {service.open_episode(**who).rsplit("/", 1)[1] for _ in range(5)}
    seen: list[str] = []
    path = "/v1/worklist?limit=2"
    pages = 0
    while True:
        page = service.get(path, **who).json()
        seen += [item["episode"] for item in page["items"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        path = f"/v1/worklist?limit=2&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(opened)
    assert pages == 3


@pytest.mark.shows("R-033")
@pytest.mark.parametrize("kind", ["due", "overdue", "missing", "waiting", "review"])
def test_the_worklist_can_be_asked_for_one_kind(service: Service, kind: str) -> None:
    response = service.get(f"/v1/worklist?kind={kind}&due_before=2030-01-01")
    assert response.status_code == 200
    assert response.json()["as_of"] in {
        str((datetime.now(UTC) + timedelta(days=n)).date()) for n in (-1, 0, 1)
    }


# ---------------------------------------------------------------------------------------------------------------------
# Pathways, response, health


def test_a_pathway_is_described_and_drawn(service: Service) -> None:
    listed = service.get("/v1/pathways").json()["pathways"]
    assert (PATHWAY, 1) in {(each["id"], each["version"]) for each in listed}
    described = service.get(f"/v1/pathways/{PATHWAY}/1").json()
    assert described["content_hash"] == next(each["content_hash"] for each in listed if each["id"] == PATHWAY)
    picture = service.get(f"/v1/pathways/{PATHWAY}/1/diagram.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.text.lstrip().startswith("<svg")


@pytest.mark.parametrize(
    "path", [f"{PATHWAY}/2", f"{PATHWAY}/one", f"{PATHWAY}/1/diagram.png", "nothing/1", "%00/1"]
)
def test_a_pathway_that_is_not_published_is_not_found(service: Service, path: str) -> None:
    response = service.get(f"/v1/pathways/{path}")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:pathway:problem:not_found"


def test_an_overall_response_is_worked_out_without_an_episode(service: Service) -> None:
    told = service.post("/v1/inrc", {"primary": "CR", "metastatic": "PD", "bone_marrow": "CR"}).json()
    assert told["overall"] == "PD"
    assert told["rule"]


def test_the_service_says_that_it_lives_to_anybody(service: Service) -> None:
    assert service.http.get("/health/live").status_code == 200


def test_readiness_says_how_durable_a_write_is_to_an_operator(service: Service) -> None:
    ready = service.get("/health/ready", role="operator")
    assert ready.status_code == 200
    expected = {"embedded"} if service.settings.database_url.startswith("sqlite") else {"sync", "async"}
    assert ready.json()["durability"] in expected


# ---------------------------------------------------------------------------------------------------------------------
# Who may do what


CALLS = (
    ("GET", "{episode}"),
    ("GET", "{episode}/next-step"),
    ("GET", "{episode}/history"),
    ("GET", "{episode}/diff"),
    ("GET", "/v1/worklist"),
    ("POST", "/v1/episodes:find"),
    ("POST", "{episode}/next-step:suppose"),
    ("POST", "/v1/episodes"),
    ("POST", "{episode}/events"),
    ("POST", "{episode}/decisions"),
    ("POST", "{episode}/decisions/00000000-0000-7000-8000-000000000000/countersignature"),
    ("POST", "{episode}/reviews/00000000-0000-7000-8000-000000000000"),
    ("GET", "/v1/pathways"),
    ("GET", f"/v1/pathways/{PATHWAY}/1"),
    ("GET", f"/v1/pathways/{PATHWAY}/1/diagram.svg"),
    ("POST", "/v1/inrc"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
)


@pytest.mark.shows("R-091", "T-01")
def test_no_call_but_liveness_and_the_description_is_open(service: Service, episode: str) -> None:
    for method, path in CALLS:
        answer = service.http.request(method, path.format(episode=episode))
        assert answer.status_code == 401, (method, path)
    for path in ("/docs", "/redoc"):
        assert service.http.get(path).status_code == 404
    assert service.http.get("/openapi.json").status_code == 200
    assert service.http.get("/health/live").status_code == 200


SITE_CALLS = [(method, path) for method, path in CALLS if "{episode}" in path]


@pytest.mark.shows("R-092", "C-15", "T-10")
@pytest.mark.parametrize(("method", "path"), SITE_CALLS)
def test_another_sites_episode_answers_as_one_that_does_not_exist(
    service: Service, episode: str, method: str, path: str
) -> None:
    unknown = "/v1/episodes/00000000-0000-7000-8000-000000000000"
    body = {
        "{episode}/decisions": {"option": "other", "basis": "0" * 64},
        "{episode}/events": RELAPSE,
        "{episode}/next-step:suppose": RELAPSE,
    }.get(path, {"reason": "Because."})

    def ask(which: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        address = path.format(episode=which)
        answer = (
            service.get(address, site="south")
            if method == "GET"
            else service.post(address, body, site="south")
        )
        told = answer.json()
        assert told.pop("instance") == address
        volatile = {"x-request-id", "date", "content-length"}
        return answer.status_code, told, {k: v for k, v in answer.headers.items() if k not in volatile}

    assert ask(episode) == ask(unknown)
    assert ask(episode)[0] == 404


@pytest.mark.shows("R-092", "C-15", "T-11")
def test_another_sites_patient_is_not_found_and_not_on_the_worklist(service: Service) -> None:
    episode = service.open_episode(value="of-the-north")
    patient = {"patient": {"system": "urn:example:mrn", "value": "of-the-north"}}
    assert service.post("/v1/episodes:find", patient, site="south").json()["episodes"] == []
    listed = service.get("/v1/worklist?limit=200", site="south").json()["items"]
    assert episode.rsplit("/", 1)[1] not in {item["episode"] for item in listed}
