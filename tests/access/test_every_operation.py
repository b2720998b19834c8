"""Every operation of the description leaves exactly one record before its answer: carried out, refused, or misread."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx2
import pytest
from sqlalchemy import create_engine, text

from api.app import create_app, openapi_document
from api.audit import Audit
from pathway.settings import Settings
from pathway.use_cases.permissions import Operation, Role, roles_for
from tests.api.conftest import PATHWAY, Service, serving
from tests.postgres import as_owner

CALLS = {
    described["operationId"]: (method, path)
    for path, methods in openapi_document()["paths"].items()
    for method, described in methods.items()
    if described["security"]
}
UNKNOWN = "00000000-0000-7000-8000-000000000000"
ANTIBODY = {"agents": ["dinutuximab_beta", "irinotecan", "temozolomide"]}
WHY = {"code": "does-not-align-preferences", "text": "Discussed."}
_numbers = itertools.count(1)


def day(ago: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=ago)).isoformat()


def told(kind: str, ago: int = 5, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "occurred_on": day(ago), **more}


BASELINE = (
    told("progression_evidence_recorded", confirmed=True, setting="relapse", pattern="metastatic"),
    told("gd2_measured", status="positive"),
    told("consent_recorded", given=True),
    told("fitness_recorded", lansky=90, uncontrolled_infection=False, tolerance="acceptable"),
    told("toxicity_recorded", term="anaphylaxis", grade=3, ongoing=False, agent="dinutuximab_beta"),
)


@dataclass
class Asked:
    """One request for an operation, and what it needs to have happened before it."""

    service: Service
    name: str
    role: str
    site: str = "north"
    subject: str = "dr-okafor"
    episode: str = UNKNOWN
    entry: str = UNKNOWN
    body: object = field(default_factory=dict)

    def send(self) -> httpx2.Response:
        method, path = CALLS[self.name]
        place = path.format(episode_id=self.episode, entry_id=self.entry, pathway_id=PATHWAY, version=1)
        who: dict[str, Any] = {"role": self.role, "site": self.site, "subject": self.subject}
        if method == "get":
            return self.service.get(place, **who)
        return self.service.post(place, self.body, **who)


def patient() -> dict[str, str]:
    return {"system": "urn:example:mrn", "value": f"mrn-recorded-{next(_numbers)}"}


def prepared(service: Service, name: str) -> Asked:
    """A request that is carried out, and an episode with everything that any operation needs."""
    known = patient()
    opening = {
        "pathway": PATHWAY,
        "patient": known,
        "opened_on": day(10),
        "risk_group": "high",
        "baseline": BASELINE,
    }
    opened = service.post("/v1/episodes", opening)
    assert opened.status_code == 201, opened.text
    path, episode = opened.headers["location"], opened.json()["episode"]
    may = roles_for(Operation(name))
    role = Role.CLINICIAN if Role.CLINICIAN in may else may[0]
    asked = Asked(service, name, role.value, episode=episode)
    match name:
        case "open_an_episode":
            asked.body = opening | {"patient": patient()}
        case "find_episodes_of_a_patient":
            asked.body = {"patient": known}
        case "record_what_happened" | "suppose_something_happened":
            asked.body = told("note_added", text="Seen.")
        case "work_out_a_response":
            asked.body = {"primary": "CR", "metastatic": "CR", "bone_marrow": "CR"}
        case "decide_on_an_option" | "sign_a_decision":
            basis = service.get(f"{path}/next-step").json()["basis"]
            asked.body = {
                "option": "start_chemoimmunotherapy",
                "detail": ANTIBODY,
                "basis": basis,
                "reason": WHY,
            }
            if name == "sign_a_decision":
                first = service.post(f"{path}/decisions", asked.body, subject="dr-lind")
                asked.body, asked.entry = {"reason": "I agree."}, first.json()["entry"]
        case "answer_a_review_task":
            given = service.record(path, told("cycle_started", 1, line=1, cycle=1, **ANTIBODY))
            assert given.status_code == 201, given.text
            asked.body, asked.entry = (
                {"reason": "Looked at."},
                service.get(path).json()["reviews"][0]["entry"],
            )
        case "erase_a_patient" | "hold_a_patient" | "release_a_patient":
            asked.body = {"patient": known, "reason": "Asked for in writing."}
            if name == "release_a_patient":
                assert service.post("/v1/patients:hold", asked.body, role="operator").status_code == 200
    return asked


def ways(service: Service, name: str) -> Iterator[tuple[Asked, int | None]]:
    """The operation carried out; by a role that may not; from another site; and with a body that says nothing."""
    good = prepared(service, name)
    if others := set(Role) - set(roles_for(Operation(name))):
        yield Asked(**{**vars(good), "role": min(others).value}), 403
    yield Asked(**{**vars(good), "site": "south"}), None
    if CALLS[name][0] == "post":
        yield Asked(**{**vars(good), "body": {"nothing": 1}}), 422
    yield good, 2


@dataclass
class Records:
    """The audit records of a database, read past the service."""

    url: str
    seen: set[str] = field(default_factory=set)

    def new(self) -> list[dict[str, Any]]:
        """Those since the last look."""
        engine = create_engine(as_owner(self.url))
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT audit_id, body FROM audit ORDER BY audit_id")).all()
        engine.dispose()
        fresh = [json.loads(body) for audit, body in rows if audit not in self.seen]
        self.seen |= {audit for audit, _ in rows}
        return fresh


def faults(service: Service, name: str) -> list[str]:
    """What is wrong about the records that one operation leaves; nothing, where each call leaves exactly one."""
    found = []
    records = Records(service.settings.database_url)
    for asked, expected in ways(service, name):
        records.new()
        answer = asked.send()
        left = records.new()
        outcome = answer.json()["type"].rpartition(":")[2] if answer.status_code >= 400 else None
        assert expected in {None, answer.status_code, answer.status_code // 100}, (name, answer.text)
        wanted = {
            "operation": name,
            "subject": asked.subject,
            "site": asked.site,
            "roles": [asked.role],
            "episode": asked.episode if "{episode_id}" in CALLS[name][1] else None,
        }
        if len(left) != 1:
            found.append(f"{name}: {len(left)} records of an answer of {answer.status_code}")
            continue
        (record,) = left
        if name == "open_an_episode" and answer.status_code == 201:
            wanted["episode"] = answer.json()["episode"]
        found += [
            f"{name}: {member} is {record[member]}"
            for member, value in wanted.items()
            if record[member] != value
        ]
        if outcome is not None and record["outcome"] != outcome:
            found.append(f"{name}: recorded as {record['outcome']} and answered as {outcome}")
    return found


@pytest.mark.shows("G9", "R-094", "C-34")
def test_every_operation_leaves_exactly_one_record(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    with serving(Settings(env="development", database_url=database_url)) as service:
        found = {name: faults(service, name) for name in sorted(CALLS)}
    record_property("operations", len(found))
    record_property("without exactly one record", sum(map(bool, found.values())))
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.shows("G9", "C-34")
def test_no_answer_comes_before_its_record(new_sqlite: Callable[[], str]) -> None:
    """While nothing can be recorded nobody is answered; then everybody is."""
    with serving(Settings(env="development", database_url=new_sqlite())) as service:
        asked = [prepared(service, name) for name in sorted(CALLS)]
        records = Records(service.settings.database_url)
        records.new()
        held = sqlite3.connect(service.settings.database_url.removeprefix("sqlite:///"), isolation_level=None)
        with ThreadPoolExecutor(len(asked)) as threads:
            held.execute("BEGIN IMMEDIATE")
            answers = [threads.submit(each.send) for each in asked]
            early = wait(answers, timeout=1).done
            held.execute("ROLLBACK")
            statuses = [each.result().status_code for each in answers]
        held.close()
        assert early == set()
        assert {status // 100 for status in statuses} == {2}
        assert sorted(each["operation"] for each in records.new()) == sorted(CALLS)


@pytest.mark.shows("G9", "C-34", control=True)
def test_an_operation_without_its_record_is_found(new_sqlite: Callable[[], str]) -> None:
    settings = Settings(env="development", database_url=new_sqlite())
    app = create_app(settings)
    app.user_middleware = [layer for layer in app.user_middleware if cast("Any", layer.cls) is not Audit]
    with serving(settings, app) as service:
        found = {name for name in ("read_the_worklist", "record_what_happened") if faults(service, name)}
    assert found == {"read_the_worklist", "record_what_happened"}, "the second in what was refused"
