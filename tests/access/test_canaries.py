"""What a caller sends comes out nowhere but where it belongs: canaries in every field, looked for in every sink."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from api import problems, telemetry
from api.app import openapi_document
from pathway.cli import app as terminal
from pathway.settings import Settings
from pathway.store import sealing
from pathway.store.engines import open_store
from pathway.use_cases.back_up import back_up
from pathway.use_cases.keys import new_secret
from tests.api.conftest import PATHWAY, Service, serving
from tests.canaries import KEY, SAYS, UNKNOWN, WHO, Canaries, Put, filled, kinds_of_events, leaks
from tests.faults.serving import SITE, Way, replicas
from tests.missing import missing
from tests.postgres import Databases

DOCUMENT = openapi_document()
BECAUSE = "because"
ACTOR = "actor"
KINDS = (WHO, SAYS, KEY, BECAUSE, ACTOR)
RECORD = frozenset({SAYS, BECAUSE, ACTOR})
ALLOWED = {
    "good answers": RECORD,
    "the history as a table": RECORD,
    "the history as lines": RECORD,
    "the proof": RECORD,
    "the terminal": RECORD,
    "the database's files": RECORD,
    "a backup": RECORD,
    "the audit records": frozenset({BECAUSE, ACTOR}),
}
"""What people wrote, and who they are, is part of the record; why somebody was erased is in the audit. What a patient
is known by, and what is secret, stands in no sink, and in the sinks not named here stands nothing."""


@dataclass
class Spoken:
    """A service that was told canaries, and everything that came out of it."""

    canaries: Canaries
    sinks: dict[str, bytes] = field(default_factory=dict)

    @property
    def hits(self) -> list[tuple[str, str]]:
        """Which canary stands in which sink though it must not."""
        return [
            (sink, f"{value}: {self.canaries.made.get(value, 'a secret')}")
            for sink, text in self.sinks.items()
            for value in sorted(self.canaries.found(text, *(set(KINDS) - ALLOWED.get(sink, frozenset()))))
        ]


def putting(canaries: Canaries, of: str) -> Put:
    """Makes a canary for each place of a body, of the kind that the place calls for."""

    def put(place: str) -> str:
        kind = WHO if "/patient/" in place else BECAUSE if "patients:" in of and place == "/reason" else SAYS
        return canaries.new(kind, f"{of} {place}")

    return put


def bodies(operation: Mapping[str, Any], put: Put) -> Iterator[object]:
    """Bodies for a call: every member filled, every member something else, and no JSON."""
    if (sent := operation.get("requestBody")) is None:
        return
    schema = sent["content"]["application/json"]["schema"]
    body = filled(DOCUMENT, schema, put)
    yield body
    yield dict.fromkeys(body, 1.5) | {put("/a name of a member"): put("/a member too many")}
    yield [put("/a list")]
    yield f'{{"reason": "{put("/broken")}'.encode()
    yield f'"{put("/long")}{"x" * 70_000}"'.encode()


def events(put: Put) -> Iterator[dict[str, Any]]:
    """Each kind of event: with all of its members, and with each that takes text beside those it needs."""
    for kind, schema in kinds_of_events(DOCUMENT).items():
        whole = filled(DOCUMENT, schema, partial(_at, put, kind))
        whole |= {"kind": kind, "occurred_on": "2026-01-20", "occurred_precision": "day"}
        whole = {name: value for name, value in whole.items() if name not in {"occurred_at", "patient"}}
        needed = {"kind", "occurred_on", *schema.get("required", ())}
        yield whole
        for name, value in whole.items():
            if name not in {*needed, "source"} and "canary" in json.dumps(value):
                yield {each: whole[each] for each in whole if each in needed or each == name}


def _at(put: Put, kind: str, place: str) -> str:
    return put(f"{place} of {kind}")


def everything_said(service: Service, canaries: Canaries) -> list[httpx2.Response]:
    """Calls of every kind, good and bad, with canaries wherever a caller can put something."""
    new = canaries.new
    patient = {"system": new(WHO, "the patient's system"), "value": new(WHO, "the patient's number")}
    who: dict[str, Any] = {"site": SITE, "subject": new(ACTOR, "the subject of the token")}
    opening = {"pathway": PATHWAY, "patient": patient, "opened_on": "2026-01-05"}
    note = {
        "kind": "note_added",
        "occurred_on": "2026-02-01",
        "text": new(SAYS, "a note"),
        "patient": patient,
    }
    sent = [service.post("/v1/episodes", opening, **who)]
    assert sent[0].status_code == 201, sent[0].text
    episode = sent[0].headers["location"]
    told = [note, *events(putting(canaries, "events"))]
    sent += [service.record(episode, event, **who) for event in told]
    sent.append(service.record(episode, *list(events(putting(canaries, "events")))[:20], **who))

    roles = {"patients": "operator", "audit": "auditor"}
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            asking = who | {
                "role": roles.get(path.split("/")[2].split(":")[0] if "/v1/" in path else "", "clinician")
            }
            put = putting(canaries, path)
            good = path.replace("{episode_id}", episode.rpartition("/")[2]).replace("{entry_id}", UNKNOWN)
            good = good.replace("{pathway_id}", PATHWAY).replace("{version}", "1")
            ask = (
                partial(service.get, **asking)
                if method == "get"
                else partial(service.post, body={}, **asking)
            )
            sent += [service.post(good, body, **asking) for body in bodies(operation, put)]
            sent += [
                ask(f"{good}?{quote(name)}={quote(put(f'?{name}'))}")
                for name in (
                    *(each["name"] for each in operation["parameters"] if each["in"] == "query"),
                    put("?a parameter nobody knows").upper(),
                )
            ]
            odd = path
            for name in ("{episode_id}", "{entry_id}", "{pathway_id}", "{version}"):
                odd = odd.replace(name, put(name) if name in odd else "")
            sent.append(ask(odd))
    headers = ("content-type", "idempotency-key", "prefer", "accept", "x-request-id", "user-agent", "cookie")
    for name in headers:
        for text in (note["text"], f"{note['text']}!"):
            marked = {name: new(SAYS, f"header {name}")} | {"x-forwarded-for": new(SAYS, "header of a proxy")}
            sent.append(service.post(f"{episode}/events", note | {"text": text}, headers=marked, **who))
    for token in (new(KEY, "a token"), f"{new(KEY, 'a part')}.{new(KEY, 'a part')}.{new(KEY, 'a part')}"):
        sent.append(service.http.get(episode, headers={"authorization": f"Bearer {token}"}))
    sent.append(service.http.request("PROPFIND", f"/{new(SAYS, 'an address')}?{new(SAYS, 'a query')}"))

    message = note | {"source": {"system": new(SAYS, "a system"), "message_id": new(SAYS, "a message id")}}
    sent += [service.record(episode, message | {"text": new(SAYS, "a message")}, **who) for _ in range(2)]
    for call in ("hold", "erase", "release", "erase"):
        reason = new(BECAUSE, f"why {call}")
        sent.append(
            service.post(
                f"/v1/patients:{call}", {"patient": patient, "reason": reason}, **who | {"role": "operator"}
            )
        )
    assert [answer.request.url for answer in sent if answer.status_code >= 500] == []
    return sent


def joined(answers: list[httpx2.Response]) -> bytes:
    return b"\n".join(answer.content + str(answer.headers).encode() for answer in answers)


def at_a_terminal(url: str, key: str, canaries: Canaries) -> dict[str, bytes]:
    """The same bodies on stdin, refused and carried out."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (
            ("PATHWAY_ENV", "development"),
            ("PATHWAY_DATABASE_URL", url),
            ("PATHWAY_IDENTIFIER_KEY", key),
            ("PATHWAY_SITE", SITE),
        ):
            environment.setenv(name, value)
        put = putting(canaries, "terminal")
        opening: dict[str, Any] = {
            "pathway": PATHWAY,
            "patient": {"system": put("/patient/system"), "value": put("/patient/value")},
            "opened_on": "2026-01-05",
        }
        run = CliRunner().invoke
        opened = run(terminal, ["open", "--quiet", "-"], input=json.dumps(opening))
        assert opened.exit_code == 0, opened.stderr
        episode = opened.stdout.strip()
        told: list[tuple[list[str], object]] = [
            (["record", episode, "-"], event) for event in list(events(put))[::5]
        ]
        told += [
            (["open", "-"], opening),
            (["open", "-"], opening | {put("/a name"): put("/a member")}),
            (["record", episode, "-"], [put("/a list")]),
            (["hold", "-"], {"patient": opening["patient"], put("/a name"): 1}),
        ]
        results = [opened, *(run(terminal, words, input=json.dumps(body)) for words, body in told)]
        results += [run(terminal, [word, episode]) for word in ("next", "history")]
    refused = [each for each in results if each.exit_code != 0]
    assert len(refused) > 5
    assert not [each.output for each in results if "fault of pathway" in each.output]
    return {
        "the terminal": b"".join(each.output.encode() for each in results if each.exit_code == 0),
        "the terminal where it refuses": b"".join(each.output.encode() for each in refused),
    }


def files(folder: Path, *but: str) -> bytes:
    """Names and contents of all files in a folder."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in but]
    return b"".join(str(path.relative_to(folder)).encode() + b"\n" + _content(path) for path in found)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the server removes its own files
        return b""


def unpacked(archive: Path) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return b"".join(opened.read(name) for name in opened.namelist())


def of_the_database(url: str, postgres: Callable[[], Databases]) -> dict[str, bytes]:
    """Its files, the write-ahead log among them; and what PostgreSQL writes into its own log."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return {
            "the database's files": b"".join(_content(each) for each in file.parent.glob(f"{file.name}*"))
        }
    asked = make_url(postgres().empty()).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(asked) as connection:
        shown = connection.execute("SHOW data_directory").fetchone()
        connection.execute("CHECKPOINT")
    data = Path(str(shown[0] if shown else ""))
    log = data.parent / "log"
    if not os.access(log, os.R_OK):
        missing("the files of this PostgreSQL cannot be read")
    return {"the database's files": files(data), "the database's own log": log.read_bytes()}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def spoken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    url: str = request.getfixturevalue(
        {"sqlite": "new_sqlite", "postgresql": "new_postgres"}[request.param]
    )()
    folder = tmp_path_factory.mktemp("spoken")
    keys = {"PATHWAY_IDENTIFIER_KEY": new_secret(), "PATHWAY_SIGNING_KEY": new_secret()}
    spoken = Spoken(Canaries())
    sinks = spoken.sinks
    way = Way(url, folder, more=keys)
    settings = Settings(
        env="development", database_url=url, identifier_key=SecretStr(keys["PATHWAY_IDENTIFIER_KEY"])
    )
    with replicas(way) as (process,), chdir(folder), httpx2.Client(base_url=process.url, timeout=30) as http:
        service = Service(settings, process.url, http)
        answers = everything_said(service, spoken.canaries)
        sinks["error answers"] = joined([each for each in answers if each.status_code >= 400])
        sinks["good answers"] = joined([each for each in answers if each.status_code < 400])
        episode = answers[0].headers["location"]
        for name, form in (("table", "text/csv"), ("lines", "application/x-ndjson")):
            history = service.get(f"{episode}/history?limit=200", headers={"accept": form}, site=SITE)
            sinks[f"the history as a {name}" if name == "table" else f"the history as {name}"] = (
                history.content
            )
        sinks["the proof"] = service.get(f"{episode}/proof", site=SITE).content
        sinks["the audit records"] = b"".join(
            service.get(
                f"/v1/audit?limit=200{more}", headers={"accept": form}, role="auditor", site=SITE
            ).content
            for form in ("application/json", "text/csv")
            for more in ("", "&operation=erase_a_patient", "&operation=find_episodes_of_a_patient")
        )
        sinks["metrics"] = service.get("/metrics", role="operator", site=SITE).content
        sinks |= at_a_terminal(url, keys["PATHWAY_IDENTIFIER_KEY"], spoken.canaries)
        engines = open_store(url)
        back_up(settings, engines, datetime.now(UTC), folder / "backup.zip")
        engines.close()
        sinks["a backup"] = unpacked(folder / "backup.zip")
        spoken.canaries.known += [*keys.values(), *service.tokens.values()]
        process.stop()
    sinks |= of_the_database(url, lambda: request.getfixturevalue("postgres"))
    sinks["standard output and error"] = (folder / "service.log").read_bytes()
    sinks["checkpoints and other files"] = files(folder, "service.log", "backup.zip")
    return spoken


@pytest.mark.shows("G8", "R-096", "R-098", "C-27", "T-43")
def test_no_canary_comes_out_where_it_does_not_belong(
    spoken: Spoken, record_property: Callable[[str, object], None]
) -> None:
    hits = spoken.hits
    record_property("canaries", len(spoken.canaries.made))
    record_property("sinks", len(spoken.sinks))
    record_property("hits", len(hits))
    assert hits == []
    assert len(spoken.canaries.made) >= 50
    assert [sink for sink, text in spoken.sinks.items() if not text] == []


def test_they_were_said_and_heard(spoken: Spoken) -> None:
    """What was recorded is found where it belongs, so that the search would have found it elsewhere."""
    found = spoken.canaries.found
    assert len(found(spoken.sinks["the database's files"], SAYS)) >= 50
    assert len(found(spoken.sinks["the history as lines"], SAYS)) >= 30
    assert found(spoken.sinks["a backup"], BECAUSE)
    assert found(spoken.sinks["the audit records"], BECAUSE)
    assert spoken.sinks["standard output and error"].count(b'"event":"request"') >= 200


# The controls: a leak is planted, and the same harness finds it.


@pytest.mark.shows("G8", "C-27", "T-43", control=True)
def test_a_planted_leak_is_found(
    new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Problems that repeat the address, lines of the log with more than is listed, identifiers that are not sealed."""
    monkeypatch.setattr(problems, "_instance", lambda scope: scope["path"])
    monkeypatch.setattr(telemetry, "_REQUEST_ID", re.compile(".*"))
    monkeypatch.setattr(sealing, "_encrypted", lambda _key, plain, *_bound: plain.decode("latin-1"))
    spoken = Spoken(Canaries())
    url = new_sqlite()
    with serving(Settings(env="development", database_url=url)) as service:
        patient = {"system": "urn:example", "value": spoken.canaries.new(WHO, "the patient")}
        opened = service.post(
            "/v1/episodes", {"pathway": PATHWAY, "patient": patient, "opened_on": "2026-01-05"}
        )
        assert opened.status_code == 201
        odd = service.get(f"/v1/episodes/{spoken.canaries.new(SAYS, 'an address')}")
        service.http.get(
            "/v1/worklist", headers={"x-request-id": spoken.canaries.new(SAYS, "an id of a request")}
        )
    spoken.sinks["error answers"] = joined([odd])
    spoken.sinks["standard output and error"] = "".join(capfd.readouterr()).encode()
    spoken.sinks |= of_the_database(url, lambda: missing("not PostgreSQL"))
    assert {sink for sink, _ in spoken.hits} == set(spoken.sinks)


@pytest.mark.parametrize(
    "form", [str, str.upper, "hex", "base64"], ids=["as it is", "upper case", "hexadecimal", "base64"]
)
def test_a_canary_is_found_in_other_letters_too(form: Any) -> None:
    canaries = Canaries()
    value = canaries.new(WHO, "somewhere")
    told = _written(value, form)
    assert canaries.found(b"before " + told + b" behind", WHO)
    assert not canaries.found(b"before " + told + b" behind", SAYS)


def _written(value: str, form: Any) -> bytes:
    match form:
        case "hex":
            return value.encode().hex().encode()
        case "base64":
            return base64.b64encode(b"1" + value.encode())
        case _:
            return str(form(value)).encode()


@pytest.mark.shows("G8", "T-43", control=True)
def test_a_test_that_prints_a_patient_fails(tmp_path: Path, root: Path) -> None:
    """The plugin that looks through what all tests print, on two tests of which one does."""
    file = tmp_path / "test_planted.py"
    file.write_text("def test_silent(): print('nobody')\n\n\ndef test_loud(): print('patient mrn-4711')\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.canaries",
        "-p",
        "no:cacheprovider",
        str(file),
    ]
    told = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "a patient of the tests is named in what was printed" in told.stdout
    assert told.stdout.count("ERROR") >= 1
    assert leaks([("Captured stdout call", "patient mrn-4711"), ("other", "mrn-4711")]) == [
        "Captured stdout call"
    ]
