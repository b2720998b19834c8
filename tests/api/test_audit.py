"""What an audit record says, who finds it, and what happens where none can be kept.

That every operation leaves exactly one is shown in `tests/access/test_every_operation.py`.
"""

from __future__ import annotations

import csv
import io
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from api.app import openapi_document
from pathway.settings import Settings
from tests.api.conftest import PATHWAY, Service, serving

CALLS = {
    operation["operationId"]: (method, path, bool(operation["security"]))
    for path, methods in openapi_document()["paths"].items()
    for method, operation in methods.items()
}
AUDITED = sorted(name for name, (_, _, known) in CALLS.items() if known)
FIT = {"kind": "fitness_recorded", "occurred_on": "2026-01-06", "lansky": 90}
PATIENT = {"system": "urn:example:mrn", "value": "mrn-of-the-audit"}
UNKNOWN = "00000000-0000-7000-8000-000000000000"
BODY: dict[str, object] = {
    "open_an_episode": {"pathway": PATHWAY, "patient": PATIENT, "opened_on": "2026-01-05"},
    "find_episodes_of_a_patient": {"patient": PATIENT},
    "record_what_happened": FIT,
    "suppose_something_happened": FIT,
    "work_out_a_response": {"primary": "CR", "metastatic": "CR", "bone_marrow": "CR"},
}
"""What makes each call that has a body a good one; what is not named here is refused, and recorded all the same."""

ROLE = {
    "is_ready": "operator",
    "read_metrics": "operator",
    "read_the_audit_records": "auditor",
    "erase_a_patient": "operator",
    "hold_a_patient": "operator",
    "release_a_patient": "operator",
}


def records(service: Service, **filters: str) -> list[dict[str, Any]]:
    with sqlite3.connect(database(service)) as connection:
        rows = connection.execute("SELECT body FROM audit ORDER BY audit_id").fetchall()
    told = [json.loads(body) for (body,) in rows]
    return [each for each in told if all(each[name] == value for name, value in filters.items())]


def database(service: Service) -> str:
    return service.settings.database_url.removeprefix("sqlite:///")


def call(service: Service, name: str, episode: str, *, role: str | None = None) -> httpx2.Response:
    method, path, _ = CALLS[name]
    place = path.format(episode_id=episode, entry_id=UNKNOWN, pathway_id=PATHWAY, version=1)
    asking = role or ROLE.get(name, "clinician")
    if method == "get":
        return service.get(place, role=asking)
    return service.post(place, BODY.get(name, {}), role=asking)


@pytest.fixture(scope="module")
def episode(service: Service) -> str:
    return service.open_episode().removeprefix("/v1/episodes/")


def test_who_is_not_known_leaves_no_record(service: Service) -> None:
    before = len(records(service))
    assert service.http.get("/v1/worklist").status_code == 401
    assert service.http.get("/health/live").status_code == 200
    assert len(records(service)) == before


@pytest.mark.shows("R-094")
def test_who_went_away_before_the_body_was_there_leaves_a_record(service: Service, episode: str) -> None:
    before = len(records(service))
    head = (
        f"POST /v1/episodes/{episode}/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {service.token()}\r\nidempotency-key: gone\r\ncontent-length: 100\r\n\r\n{{"
    )
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))) as leaving:
        leaving.sendall(head.encode())
    deadline = time.monotonic() + 30
    while len(records(service)) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    (record,) = records(service)[before:]
    assert (record["operation"], record["outcome"]) == ("record_what_happened", "client_gone")


def test_a_repeated_write_is_recorded_each_time_and_names_its_entries_once(
    service: Service, episode: str
) -> None:
    before = len(records(service))
    for _ in range(2):
        service.post(f"/v1/episodes/{episode}/events", FIT, key="the-same")
    first, again = records(service)[before:]
    assert len(first["entries"]) == 1
    assert again["entries"] == []


@pytest.mark.shows("T-19")
def test_a_list_tells_which_episodes_it_showed(service: Service) -> None:
    opened = service.post(
        "/v1/episodes",
        {"pathway": PATHWAY, "patient": {**PATIENT, "value": "shown"}, "opened_on": "2026-01-05"},
    )
    found = service.post("/v1/episodes:find", {"patient": {**PATIENT, "value": "shown"}})
    assert found.status_code == 200
    assert records(service)[-1]["shown"] == [opened.json()["episode"]]
    service.get("/v1/worklist?limit=200")
    assert opened.json()["episode"] in records(service)[-1]["shown"]


@pytest.mark.shows("T-10")
def test_another_sites_episode_is_recorded_as_asked_for_at_the_callers_own_site(
    service: Service, episode: str
) -> None:
    assert service.get(f"/v1/episodes/{episode}", site="south").status_code == 404
    last = records(service)[-1]
    assert (last["site"], last["episode"], last["outcome"]) == ("south", episode, "unknown_episode")


@pytest.fixture
def without_audit(new_sqlite: Callable[[], str]) -> Iterator[tuple[Service, str]]:
    """A service whose audit records cannot be kept any more, with an episode from before."""
    with serving(Settings(env="development", database_url=new_sqlite())) as service:
        opened = service.open_episode().removeprefix("/v1/episodes/")
        with sqlite3.connect(database(service)) as connection:
            connection.execute("ALTER TABLE audit RENAME TO gone")
        yield service, opened


@pytest.mark.shows("G9", "R-095", "C-34", "T-31")
def test_where_no_record_can_be_kept_nothing_is_shown_and_nothing_is_written(
    without_audit: tuple[Service, str],
) -> None:
    service, opened = without_audit
    for name in AUDITED:
        response = call(service, name, opened)
        assert response.status_code == 503, name
        assert response.headers["retry-after"] == "5"
        assert set(response.json()) <= {"type", "title", "status", "detail", "instance"}
    with sqlite3.connect(database(service)) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (1,)
        connection.execute("ALTER TABLE gone RENAME TO audit")
    assert call(service, "read_an_episode", opened).status_code == 200, "it recovers without a restart"


@pytest.mark.shows("R-094", "T-19")
def test_an_auditor_finds_who_looked_at_an_episode(service: Service) -> None:
    path = service.open_episode()
    service.get(path, subject="nurse-abara", role="coordinator")
    service.get("/v1/worklist?limit=200", subject="dr-lind")
    episode = path.removeprefix("/v1/episodes/")
    found = service.get(f"/v1/audit?episode={episode}", role="auditor", subject="auditor-wu").json()[
        "records"
    ]
    assert [each["operation"] for each in found] == [
        "read_the_worklist",
        "read_an_episode",
        "open_an_episode",
    ]
    assert [each["subject"] for each in found] == ["dr-lind", "nurse-abara", "dr-okafor"]
    again = service.get("/v1/audit?subject=auditor-wu", role="auditor", subject="auditor-wu").json()
    assert [each["operation"] for each in again["records"]] == ["read_the_audit_records"]


def test_records_are_found_by_operation_and_time(service: Service) -> None:
    now = datetime.now(UTC)
    service.get("/v1/pathways", subject="owner-of-time", role="pathway_owner")
    since = (now - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    base = "/v1/audit?subject=owner-of-time&operation=list_the_pathways"
    assert len(service.get(f"{base}&since={since}&until={until}", role="auditor").json()["records"]) == 1
    assert service.get(f"{base}&until={since}", role="auditor").json()["records"] == []
    assert service.get(f"{base}&since={until}", role="auditor").json()["records"] == []


def test_records_come_a_page_at_a_time_the_newest_first(service: Service) -> None:
    for _ in range(3):
        service.get("/v1/pathways", subject="pager")
    first = service.get("/v1/audit?subject=pager&limit=2", role="auditor")
    assert len(first.json()["records"]) == 2
    rest = service.get(first.headers["link"].partition(">")[0][1:], role="auditor").json()
    assert len(rest["records"]) == 1
    assert rest["next_cursor"] is None
    seen = [each["audit"] for each in [*first.json()["records"], *rest["records"]]]
    assert seen == sorted(seen, reverse=True)


@pytest.mark.shows("R-094")
def test_records_can_be_exported_for_a_spreadsheet_and_as_lines(service: Service) -> None:
    service.get("/v1/pathways", subject="=cmd()", role="coordinator")
    wanted = {"accept": "text/csv"}
    table = service.get("/v1/audit?subject=%3Dcmd()", headers=wanted, role="auditor").text
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["subject"], row["operation"]) == ("'=cmd()", "list_the_pathways")
    lines = service.get(
        "/v1/audit?subject=%3Dcmd()", headers={"accept": "application/x-ndjson"}, role="auditor"
    )
    assert [json.loads(line)["subject"] for line in lines.text.splitlines()] == ["=cmd()"]
    exported = records(service, operation="read_the_audit_records")[-2:]
    assert [each["outcome"] for each in exported] == ["ok", "ok"], "and each export is recorded itself"


@pytest.mark.shows("C-15", "T-11")
def test_a_site_reads_its_own_records_alone(service: Service) -> None:
    service.get("/v1/pathways", subject="of-the-south", site="south")
    assert service.get("/v1/audit?subject=of-the-south", role="auditor").json()["records"] == []


@pytest.mark.parametrize("query", ["cursor=abc", "episode=abc", "since=yesterday", "subject=%00", "limit=0"])
def test_what_cannot_be_looked_for_is_refused(service: Service, query: str) -> None:
    assert service.get(f"/v1/audit?{query}", role="auditor").status_code == 400


def test_on_postgresql_it_is_the_same(postgres_url: str) -> None:
    with serving(Settings(env="development", database_url=postgres_url)) as service:
        path = service.open_episode()
        service.get(path, subject="nurse-abara", role="coordinator")
        episode = path.removeprefix("/v1/episodes/")
        query = f"episode={episode}&since=2020-01-01T00:00:00Z&subject=nurse-abara"
        found = service.get(f"/v1/audit?{query}", role="auditor").json()["records"]
        assert [each["operation"] for each in found] == ["read_an_episode"]
