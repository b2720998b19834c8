"""Running the service from a terminal: set-up, doctor, tokens, serving, the demonstration, replays."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from pathway.cli import app
from pathway.cli.server_process import listening
from pathway.cli.terminal import Stop
from pathway.store.migrate import head
from tests.cli.conftest import Terminal, clean_environment

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "examples" / "cases").glob("*.json"))


@pytest.fixture
def development(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("PATHWAY_ENV", "development")
    return terminal


@contextmanager
def started(
    terminal: Terminal, *words: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that stays, and the address it says it serves on; ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pathway.cli", *words],
        cwd=terminal.folder,
        env=clean_environment() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"Serving on (http://\S+?)[; ]", line):
                yield process, found[1]
                break
        else:
            raise AssertionError(process.communicate())
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ends_quietly(process: subprocess.Popen[str]) -> str:
    """Presses Ctrl-C, as a terminal sends it: to every process in the foreground. Gives what was still said."""
    os.killpg(process.pid, signal.SIGINT)
    told, complaints = process.communicate(timeout=60)
    assert all(line.startswith("{") for line in complaints.splitlines()), complaints  # lines of the log
    assert process.returncode == 0
    return told


# Set-up and doctor.


def test_a_database_is_created_once_and_then_left_alone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATHWAY_DATABASE_URL")
    assert f"went from nothing to revision {head()}" in terminal("migrate").stdout
    assert "nothing had to be done" in terminal("migrate").stdout
    assert (terminal.folder / "var" / "pathway.db").exists()


@pytest.mark.parametrize("words", [("worklist",), ("next", "0"), ("serve", "--port", "0")])
def test_without_a_database_a_command_says_how_to_make_one_and_makes_none(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("PATHWAY_DATABASE_URL")
    told = terminal(*words, ends=3).stderr
    assert "There is no database at var/pathway.db." in told
    assert "pathway migrate" in told
    assert not (terminal.folder / "var").exists()


def test_a_database_without_its_tables_is_told_from_one_that_does_not_answer(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (terminal.folder / "empty.db").touch()
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "sqlite:///empty.db")
    assert "run `pathway migrate`" in terminal("worklist", ends=3).stderr
    assert "Run `pathway migrate` first." in terminal("serve", ends=3).stderr
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "postgresql://somebody:s3cr3t@127.0.0.1:1/nothing")
    told = terminal("worklist", ends=3).stderr
    assert "The database cannot be used" in told
    assert "s3cr3t" not in told


@pytest.mark.shows("R-102")
def test_the_doctor_finds_nothing_wrong_with_a_migrated_database(development: Terminal) -> None:
    told = development.json("doctor")
    assert told["ok"] is True
    assert {each["about"] for each in told["findings"]} == {
        "versions", "engine", "clock", "days", "database", "durability", "migrations", "record", "identifiers",
        "checkpoints", "files", "sites", "space", "load", "tokens", "pathway",
    }  # fmt: skip
    shown = development("doctor").stdout
    assert "survives a power cut" in shown
    assert "PATHWAY_ENV = development" in shown


@pytest.mark.shows("R-102")
def test_the_doctor_says_what_failed_and_ends_with_1(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "sqlite:///nowhere.db")
    assert "failed" in terminal("doctor", ends=1).stdout
    assert not (terminal.folder / "nowhere.db").exists()
    (terminal.folder / "nowhere.db").touch()
    assert "is at revision none" in " ".join(terminal("doctor", ends=1).stdout.split())
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "postgresql://somebody:s3cr3t@127.0.0.1:1/nothing")
    told = terminal("doctor", ends=1).stdout
    assert "did not take the request" in told
    assert "s3cr3t" not in told


def test_the_doctor_speaks_of_a_postgresql_that_stands_alone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("PATHWAY_DATABASE_URL", postgres_url)
    monkeypatch.setenv("PATHWAY_ENV", "development")
    told = terminal.json("doctor")["findings"]
    assert [each["status"] for each in told if each["about"] == "durability"] == ["attention"]


def test_the_doctor_says_whether_the_issuers_keys_can_be_had(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tokens() -> tuple[str, str]:
        result = terminal("doctor", "--json", ends=0 if served else 1)
        (found,) = (each for each in json.loads(result.stdout)["findings"] if each["about"] == "tokens")
        return found["status"], found["sentence"]

    served = True
    monkeypatch.setenv("PATHWAY_SIGNING_KEY", b64encode(bytes(32)).decode())
    assert tokens()[0] == "attention"
    monkeypatch.setenv("PATHWAY_TOKEN_ISSUER", "https://issuer.example")
    monkeypatch.setenv("PATHWAY_TOKEN_AUDIENCE", "pathway")
    with publishing(b'{"keys": [{}, {}]}') as address:
        monkeypatch.setenv("PATHWAY_JWKS_URL", address)
        assert tokens() == ("ok", "The issuer publishes 2 keys.")
    served = False
    assert tokens()[0] == "failed"


@contextmanager
def publishing(document: bytes) -> Iterator[str]:
    """A process that serves one JSON document on 127.0.0.1."""
    source = (
        "import http.server, sys\n"
        "class Keys(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        f"        body = {document!r}\n"
        "        self.send_response(200)\n"
        "        self.send_header('content-length', str(len(body)))\n"
        "        self.end_headers()\n"
        "        self.wfile.write(body)\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), Keys)\n"
        "print(server.server_port, flush=True)\n"
        "server.serve_forever()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/jwks.json"
        process.terminate()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATHWAY_ENV", "staging"),
        ("PATHWAY_DATABASE_URL", "mysql://somebody:s3cr3t@db/pathway"),
        ("PATHWAY_SITE_TIME_ZONES", "s3cr3t"),
        ("PATHWAY_DATABASE_URL_FILE", "/nowhere"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    told = terminal("worklist", ends=2).stderr
    assert "The settings cannot be used" in told
    assert name.removeprefix("PATHWAY_").lower() in told.lower()
    assert "s3cr3t" not in told


# Tokens and serving.


def test_a_token_is_printed_alone_in_development_and_refused_in_production(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "refused in production" in terminal("token", "--role", "clinician", ends=1).stderr
    monkeypatch.setenv("PATHWAY_ENV", "development")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", terminal("token", "--role", "clinician").stdout)
    assert "the roles are" in terminal("token", "--role", "janitor", ends=1).stderr


def test_the_service_serves_until_ctrl_c(terminal: Terminal) -> None:
    terminal.process("migrate")
    with started(terminal, "serve", "--port", "0", PATHWAY_ENV="development") as (process, address):
        token = terminal.process("token", "--role", "coordinator", PATHWAY_ENV="development").stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx2.get(f"{address}/v1/worklist", headers=headers).json()["items"] == []
        ends_quietly(process)


def test_a_service_that_may_not_start_says_what_is_wanting(terminal: Terminal) -> None:
    terminal.process("migrate")
    assert "PATHWAY_JWKS_URL" in terminal.process("serve", "--port", "0", ends=1).stderr


def test_a_port_that_is_taken_is_said_to_be(development: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = development("serve", "--port", port, ends=3).stderr
    assert f"Nothing can listen on 127.0.0.1:{port}" in told
    assert "--port" in told
    with pytest.raises(Stop, match="Nothing can listen on"):
        listening("::2", 0)


# The demonstration and replays.


@pytest.mark.shows("R-113")
def test_the_demonstration_loads_the_published_cases_says_what_is_next_and_serves_them(
    terminal: Terminal,
) -> None:
    with started(terminal, "demo", "--port", "0") as (process, address):
        assert process.stdout is not None
        link = next(line for line in process.stdout if "/sign-in?token=" in line).strip()
        assert link.startswith(address)
        with httpx2.Client(follow_redirects=True) as browser:
            assert "<h1>Worklist" in browser.get(link).text
        export = next(line for line in process.stdout if "export TOKEN=" in line)
        headers = {"Authorization": f"Bearer {export.strip().removeprefix('export TOKEN=')}"}
        items = httpx2.get(f"{address}/v1/worklist?limit=200", headers=headers).json()["items"]
        assert "Stopped. What was loaded stays." in ends_quietly(process)
    open_now = {item["episode"] for item in items}
    again = terminal.process("demo", "--once", "--port", "0").stdout
    for case in CASES:
        assert case.stem in again
    assert open_now <= set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", again))
    assert json.loads(terminal.process("worklist", "--json", "--limit", "200").stdout)["items"] == items


@pytest.mark.shows("T-09")
def test_the_demonstration_is_refused_in_production(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHWAY_ENV", "production")
    assert "refused in production" in terminal("demo", "--once", ends=1).stderr


def test_a_case_is_replayed_on_a_database_of_its_own(terminal: Terminal) -> None:
    told = terminal.process(
        "replay", str(CASES[0]), "--json", PATHWAY_DATABASE_URL="sqlite:///untouched.db"
    ).stdout
    (case,) = json.loads(told)["cases"]
    assert case["case"] == CASES[0].stem
    assert not (terminal.folder / "untouched.db").exists()


def test_a_case_is_replayed_on_a_service_that_runs(development: Terminal, tmp_path: Path) -> None:
    development.process("migrate")
    with started(development, "serve", "--port", "0", PATHWAY_ENV="development") as (_, address):
        token = development.process(
            "token", "--role", "coordinator", PATHWAY_ENV="development"
        ).stdout.strip()
        told = development("replay", str(CASES[1]), "--url", address, "--token", token).stdout
        assert CASES[1].stem in told
        auditor = development.process("token", "--role", "auditor", PATHWAY_ENV="development").stdout.strip()
        refused = development("replay", str(CASES[0]), "--url", address, "--token", auditor, ends=1).stderr
        assert "403" in refused


def test_a_replay_that_cannot_be_is_told_in_a_sentence(terminal: Terminal, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"case": "x"}')
    assert "is no case" in terminal("replay", str(broken), ends=1).stderr
    assert "cannot be read" in terminal("replay", str(tmp_path / "missing.json"), ends=1).stderr
    nobody = ("replay", str(CASES[0]), "--url", "http://127.0.0.1:1")
    assert "PATHWAY_TOKEN" in terminal(*nobody, ends=2).stderr
    assert "cannot be reached" in terminal(*nobody, "--token", "x", ends=3).stderr


# Pathways.


def test_pathways_are_listed_shown_and_drawn_without_a_database(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATHWAY_DATABASE_URL")
    (listed,) = terminal.json("pathways", "list")["pathways"]
    assert f"Content {listed['content_hash']}" in terminal("pathways", "list").stdout
    assert terminal.json("pathways", "show")["content_hash"] == listed["content_hash"]
    monkeypatch.setenv("COLUMNS", "1000")  # so that no sentence is broken
    shown = terminal("pathways", "show", listed["id"], "--version", "1", "--state", "decision_due").stdout
    assert "Stable disease before the fourth cycle: continue." in shown
    assert "(closed)" not in shown
    assert "(closed)" in terminal("pathways", "show").stdout
    assert terminal("pathways", "show", "--svg").stdout.startswith("<svg")
    assert "these are published" in terminal("pathways", "show", "other", ends=2).stderr
    assert "The states are" in terminal("pathways", "show", "--state", "lost", ends=2).stderr
    assert not (terminal.folder / "var").exists()


@pytest.mark.shows("R-071")
def test_the_check_of_the_published_pathway_names_its_promises_and_finds_nothing(terminal: Terminal) -> None:
    told = terminal.process("pathways", "check", "--verbose").stdout
    assert "No bridge to CAR-T cells unless the child is eligible." in told
    assert "An agent stopped for good stays stopped." in told
    assert "decision_due: row 2 before row 3" in told
    assert "Nothing was found." in told


@pytest.mark.shows("R-071")
def test_a_pathway_with_a_fault_fails_the_check(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, faulty: Callable[[], Any]
) -> None:
    monkeypatch.setattr("pathway.catalogue.CATALOGUE", faulty())
    told = terminal("pathways", "check", ends=1).stdout
    assert "Fault in the pathway: No table offers nothing_at_all." in told
    assert "Fault in closed: Row Z is never reached" in told
    found = json.loads(terminal("pathways", "check", "--json", ends=1).stdout)["faults"]
    assert {each["state"] for each in found} >= {"", "closed"}


@pytest.fixture
def faulty() -> Callable[[], Any]:
    """A catalogue with a small copy of the published pathway that has two faults."""
    from dataclasses import replace

    from pathway.catalogue import CATALOGUE, Catalogue
    from pathway.engine.definition import Option, Transition

    def build() -> Catalogue:
        (published,) = CATALOGUE
        states = tuple(each for each in published.states if each.name in ("progression_suspected", "closed"))
        closed = states[-1]
        twice = replace(closed, table=(*closed.table, replace(closed.table[0], number="Z")))
        kept = {state.name for state in states} | {"*", "="}
        edges = [each for each in published.transitions if {each.source, each.target} <= kept]
        known = {each.trigger for each in edges}
        lost = [option for option in published.options if f"decide:{option.name}" not in known]
        edges += [Transition(f"decide:{option.name}", "*", "=") for option in lost]
        edges.append(Transition("decide:nothing_at_all", "*", "="))
        unused = Option("nothing_at_all", "nothing at all")
        return Catalogue(
            (
                replace(
                    published,
                    states=(states[0], twice),
                    options=(*published.options, unused),
                    transitions=tuple(edges),
                    prompts=(),
                ),
            )
        )

    return build


# What everybody meets.


def test_help_teaches_a_session_and_the_exit_codes(terminal: Terminal) -> None:
    told = " ".join(terminal.process("--help").stdout.split())
    for command in (
        "open",
        "record",
        "next",
        "decide",
        "history",
        "worklist",
        "replay",
        "pathways",
        "demo",
        "serve",
        "migrate",
        "doctor",
        "token",
    ):
        assert f" {command} " in told
    assert "$ EPISODE=$(pathway open" in told
    assert "Exit codes: 0 done; 1 refused" in told


def test_the_version_is_told(terminal: Terminal) -> None:
    assert re.fullmatch(r"pathway \d+\.\d+\.\d+\n", terminal("--version").stdout)


def test_the_session_in_the_help_runs(development: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathway.cli.commands import SESSION

    commands = [line[2:] for line in SESSION if line.startswith("$ ") and "demo" not in line]
    program = f'pathway() {{ "{sys.executable}" -m pathway.cli "$@"; }}\n' + "\n".join(commands)
    environment = clean_environment() | {"PATHWAY_DATABASE_URL": os.environ["PATHWAY_DATABASE_URL"]}
    told = subprocess.run(
        ["bash", "-e", "-c", program],
        cwd=development.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr


def test_a_fault_of_ours_is_a_sentence_and_a_traceback_only_where_asked_for(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("patient 4711")

    monkeypatch.setattr("pathway.use_cases.worklist.read_worklist", broken)
    told = terminal("worklist", ends=4).stderr
    assert "This is a fault of pathway itself (KeyError)" in told
    assert "4711" not in told
    monkeypatch.setenv("PATHWAY_TRACEBACK", "1")
    with pytest.raises(KeyError):
        CliRunner().invoke(app, ["worklist"], catch_exceptions=False)


def test_ctrl_c_is_quiet(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathway.use_cases.worklist.read_worklist", interrupted)
    told = terminal("worklist", ends=130)
    assert (told.stdout, told.stderr) == ("", "")
