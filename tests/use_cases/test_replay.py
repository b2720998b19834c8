"""Published courses walked through the service, over HTTP and on a real database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from rich.console import Console

from api.app import create_app
from pathway.settings import Settings
from pathway.use_cases.comparison import Verdict, reading
from pathway.use_cases.concordance import tally
from pathway.use_cases.published_cases import Case
from pathway.use_cases.replay import (
    CaseNotUnderstood,
    CaseReplay,
    ReplayRefused,
    as_json,
    as_table,
    load_case,
    replay,
)
from pathway.use_cases.tokens import issue

CASES = Path(__file__).parents[2] / "examples" / "cases"


@dataclass
class Service:
    """A running service on an empty database, and how people of the site reach it."""

    address: str
    settings: Settings

    @contextmanager
    def client(self, role: str, site: str = "north") -> Iterator[httpx2.Client]:
        headers = {"Authorization": f"Bearer {issue(self.settings, role, site, f'a-{role}', 1)}"}
        with httpx2.Client(base_url=self.address, headers=headers, timeout=60) as client:
            yield client


@pytest.fixture(scope="module")
def running(new_sqlite: Callable[[], str]) -> Iterator[Service]:
    settings = Settings(database_url=new_sqlite(), env="development")
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Service(f"http://127.0.0.1:{port}", settings)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def service(running: Service) -> Iterator[httpx2.Client]:
    with running.client("clinician") as client:
        yield client


@pytest.fixture
def coordinator(running: Service) -> Iterator[httpx2.Client]:
    with running.client("coordinator") as client:
        yield client


@pytest.fixture
def reader(running: Service) -> Iterator[httpx2.Client]:
    """Someone of another site who may only read."""
    with running.client("auditor", "south") as client:
        yield client


@pytest.fixture(scope="module")
def replays(service: httpx2.Client) -> dict[str, CaseReplay]:
    """All published courses, replayed once."""
    return {path.stem: replay(load_case(path), service) for path in sorted(CASES.glob("*.json"))}


def history(client: httpx2.Client, played: CaseReplay) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{played.episode}/history?limit=200").json()["entries"]
    return found


# ---------------------------------------------------------------------------------------------------------------------
# The file of a case


def without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / "criu2016_1.json").read_text(encoding="utf-8"))
    return found


def faults(document: object, folder: Path) -> str:
    path = folder / "case.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    with pytest.raises(CaseNotUnderstood) as caught:
        load_case(path)
    return str(caught.value)


def test_a_field_nobody_knows_is_refused_by_its_name(document: dict[str, Any], tmp_path: Path) -> None:
    document["steps"][0]["event"]["severity"] = "moderate"
    assert "/steps/0/event/progression_evidence_recorded/severity" in faults(document, tmp_path)


def test_a_case_without_a_citation_is_refused(document: dict[str, Any], tmp_path: Path) -> None:
    assert "/citation: Field required" in faults(without(document, "citation"), tmp_path)


def test_a_step_is_an_event_or_a_decision_and_not_both(document: dict[str, Any], tmp_path: Path) -> None:
    document["steps"][0]["decision"] = document["steps"][1]["decision"]
    assert "/steps/0: Value error, A step is either an event or a decision." in faults(document, tmp_path)


def test_steps_out_of_order_are_refused(document: dict[str, Any], tmp_path: Path) -> None:
    document["steps"][1]["decision"]["decided_on"] = "2000-01-01"
    assert "do not stand in the order of their dates" in faults(document, tmp_path)


def test_what_is_recorded_with_the_opening_cannot_lie_after_it(
    document: dict[str, Any], tmp_path: Path
) -> None:
    document["baseline"][0]["occurred_on"] = "2020-01-01"
    assert "happened by then" in faults(document, tmp_path)


def test_two_events_cannot_share_a_message_id(document: dict[str, Any], tmp_path: Path) -> None:
    document["baseline"][0]["source"] = document["baseline"][1]["source"]
    assert "share the message id criu2016_1/2" in faults(document, tmp_path)


def test_a_message_id_names_its_case(document: dict[str, Any], tmp_path: Path) -> None:
    document["baseline"][0]["source"]["message_id"] = "another/1"
    assert "does not begin with the name of the case" in faults(document, tmp_path)


def test_an_event_without_a_source_could_be_posted_twice_and_is_refused(
    document: dict[str, Any], tmp_path: Path
) -> None:
    del document["baseline"][0]["source"]
    assert "names its source" in faults(document, tmp_path)


def test_an_instant_would_claim_more_than_a_source_knows(document: dict[str, Any], tmp_path: Path) -> None:
    document["baseline"][0]["occurred_at"] = "2001-01-01T10:00:00Z"
    del document["baseline"][0]["occurred_on"]
    assert "an instant would claim more than is known" in faults(document, tmp_path)


def test_one_option_is_not_decided_twice_on_one_day(document: dict[str, Any], tmp_path: Path) -> None:
    document["steps"].insert(1, document["steps"][1])
    assert "decided twice on one day" in faults(document, tmp_path)


def test_a_file_that_is_no_json_or_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    assert "Invalid JSON" in faults("{", tmp_path)
    with pytest.raises(CaseNotUnderstood, match="cannot be read"):
        load_case(tmp_path / "nowhere.json")


# ---------------------------------------------------------------------------------------------------------------------
# The verdict


def said(status: str, *, recommended: str | None = None, **more: Any) -> dict[str, Any]:
    """A recommendation in which the option `change_line` has a status."""
    option = {
        "option": "change_line",
        "label": "Change the line",
        "status": status,
        "offered_here": True,
        "guards": [],
    }
    others: list[dict[str, Any]] = [
        {"option": name, "label": name, "status": "possible", "offered_here": True, "guards": []}
        for name in ("refer", "complete_workup")
    ]
    missing = [{"label": "consent", "options": list(more.get("hangs", ()))}] if "hangs" in more else []
    return {
        "recommended": recommended,
        "needs_tumour_board": more.get("needs_tumour_board", False),
        "rows": [{"row": "9", "sentence": "Progression."}],
        "options": [option | more.get("option", {}), *others],
        "missing": missing,
    }


def verdict(recommendation: Mapping[str, Any]) -> Verdict:
    return reading("change_line", recommendation).verdict


def test_choosing_what_is_recommended_is_the_recommendation() -> None:
    assert verdict(said("recommended", recommended="change_line")) is Verdict.RECOMMENDATION


def test_choosing_another_possible_option_is_possible() -> None:
    assert verdict(said("possible", recommended="refer")) is Verdict.POSSIBLE


def test_a_choice_among_the_possible_where_the_field_is_undecided_is_the_tumour_boards() -> None:
    assert verdict(said("possible", needs_tumour_board=True)) is Verdict.TUMOUR_BOARD


def test_a_possible_choice_where_facts_are_asked_for_comes_before_them() -> None:
    assert verdict(said("possible", recommended="complete_workup")) is Verdict.OBTAIN_FIRST


def test_a_choice_that_only_a_missing_fact_keeps_closed_is_not_blocked() -> None:
    consent = {"guards": [{"sentence": "The family has consented.", "value": "unknown"}]}
    asked = said("blocked", recommended="complete_workup", hangs=["change_line"], option=consent)
    found = reading("change_line", asked)
    assert found.verdict is Verdict.OBTAIN_FIRST
    assert found.because == ("Row 9: Progression.", "Unknown: The family has consented.")


def test_a_choice_against_a_known_fact_is_blocked_even_when_facts_are_missing() -> None:
    refused = {"guards": [{"sentence": "The family has consented.", "value": False}]}
    asked = said("blocked", recommended="complete_workup", hangs=["change_line"], option=refused)
    assert verdict(asked) is Verdict.BLOCKED


def test_a_choice_the_table_does_not_offer_is_blocked_and_says_so() -> None:
    asked = said("blocked", recommended="refer", hangs=["refer"], option={"offered_here": False})
    found = reading("change_line", asked)
    assert found.verdict is Verdict.BLOCKED
    assert found.because == ("Row 9: Progression.", "Their choice is not offered there.")


def test_an_option_the_pathway_lacks_is_blocked() -> None:
    assert reading("prayer", said("possible")).verdict is Verdict.BLOCKED


# ---------------------------------------------------------------------------------------------------------------------
# The replay


@pytest.mark.shows("R-046")
def test_every_decision_of_the_clinicians_stands_beside_what_the_service_said(
    replays: dict[str, CaseReplay],
) -> None:
    for played in replays.values():
        decisions = [step.decision for step in played.case.steps if step.decision]
        assert [point.option for point in played.points] == [decision.option for decision in decisions]
        assert all(point.recorded.because for point in played.points)


def test_the_log_holds_the_whole_course_with_each_choice_as_it_was_made(
    service: httpx2.Client, replays: dict[str, CaseReplay]
) -> None:
    for played in replays.values():
        kinds = [entry["kind"] for entry in history(service, played)]
        sent: list[str] = [event.kind for event in played.case.baseline]
        sent += ["decision_made" if step.event is None else step.event.kind for step in played.case.steps]
        assert kinds == ["episode_opened", *sent]


def test_a_deviation_carries_the_words_of_the_published_course(
    service: httpx2.Client, replays: dict[str, CaseReplay]
) -> None:
    played = replays["criu2016_1"]
    decision = next(entry for entry in history(service, played) if entry["kind"] == "decision_made")
    assert decision["event"]["reason"]["text"].startswith("Published course: The recurrence was irradiated")


@pytest.mark.shows("R-046")
def test_replaying_again_writes_nothing_and_finds_the_same(
    service: httpx2.Client, replays: dict[str, CaseReplay]
) -> None:
    for name in ("acemapcns_1", "criu2016_1", "xinyuhealth336_1"):
        before = history(service, replays[name])
        assert replay(replays[name].case, service) == replays[name]
        assert history(service, replays[name]) == before


def test_a_course_that_ended_in_death_is_closed(replays: dict[str, CaseReplay]) -> None:
    assert replays["acemapcns_1"].state == "closed"


def test_another_client_continues_the_same_episodes_without_writing(
    service: httpx2.Client, replays: dict[str, CaseReplay], coordinator: httpx2.Client
) -> None:
    for name in ("acemapcns_1", "li2025_1"):
        before = history(service, replays[name])
        assert replay(replays[name].case, coordinator) == replays[name]
        assert history(service, replays[name]) == before


def test_treatment_without_a_decision_that_the_source_tells_is_left_for_review(
    replays: dict[str, CaseReplay],
) -> None:
    assert [
        name for name, played in replays.items() if any("decision" in each for each in played.reviews)
    ] == [
        "avesisdeu2022_1",
        "li2025_1",
        "wieczorek2022_4",
        "xinyuhealth336_1",
    ]


def test_who_may_not_write_is_told_so(reader: httpx2.Client) -> None:
    with pytest.raises(ReplayRefused, match="kebudi2025_1/open: 403"):
        replay(load_case(CASES / "kebudi2025_1.json"), reader)


def test_a_step_the_service_refuses_is_named(service: httpx2.Client) -> None:
    case = load_case(CASES / "criu2016_1.json")
    decision = case.steps[1].decision
    assert decision is not None
    unknown = case.steps[1].model_copy(update={"decision": decision.model_copy(update={"option": "prayer"})})
    renamed = {"value": "another-patient"}
    broken = Case.model_copy(
        case,
        update={
            "case": "broken_1",
            "patient": case.patient.model_copy(update=renamed),
            "baseline": (),
            "steps": (unknown,),
        },
    )
    with pytest.raises(ReplayRefused, match="broken_1/1: 422"):
        replay(broken, service)


# ---------------------------------------------------------------------------------------------------------------------
# The concordance


@pytest.mark.shows("R-046")
def test_the_summary_states_what_its_numbers_are_out_of(replays: dict[str, CaseReplay]) -> None:
    counted = as_json(list(replays.values()))["counted"]
    assert (counted["cases"], counted["patients"]) == (24, 33)
    assert counted["decision_points"] == sum(counted["of"].values())
    for verdicts in (counted["recorded"], counted["supposing"]):
        assert {basis: sum(found.values()) for basis, found in verdicts.items()} == counted["of"]


def test_a_course_that_is_no_patient_is_counted_apart(replays: dict[str, CaseReplay]) -> None:
    found = as_json(list(replays.values()))
    assert found["counted"]["of"]["planned"] == 0
    assert (found["counted_apart"]["cases"], found["counted_apart"]["of"]["planned"]) == (1, 1)


def test_nothing_replayed_counts_as_nothing() -> None:
    assert tally([]).decision_points == 0


def test_the_concordance_is_json_and_a_table(replays: dict[str, CaseReplay]) -> None:
    found = json.loads(json.dumps(as_json(list(replays.values()))))
    assert len(found["cases"]) == len(replays)
    terminal = Console(file=StringIO(), width=160)
    terminal.print(as_table(list(replays.values())))
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "24 cases, 33 patients" in shown
    assert "no verifiable patient" in shown
