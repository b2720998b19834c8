"""Runs the service: in earnest, as a demonstration, and what has to be done before."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pathway.cli.terminal import (
    SITE,
    Code,
    Site,
    Stop,
    database_file,
    person,
    require_database,
    say,
    settings,
)

if TYPE_CHECKING:
    import httpx2

    from pathway.settings import Settings
    from pathway.use_cases.comparison import CaseReplay

CASES: Final = Path(__file__).parents[2] / "examples" / "cases"
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")]
Hours = Annotated[float, typer.Option(help="How long it is valid.")]


def migrate() -> None:
    """Bring the database to the schema of this release; an SQLite file is created.

    On PostgreSQL run it as the owner of the tables, and name in PATHWAY_APPLICATION_ROLE the role under which the
    service works: it is given what it needs, and no more.
    """
    from pathway.store.migrate import current, head
    from pathway.store.migrate import migrate as bring
    from pathway.use_cases.keys import sealing_key

    in_force = settings()
    file = database_file(in_force)
    before = current(in_force.database_url) if file is None or file.exists() else None
    bring(in_force.database_url, sealing_key(in_force), in_force.application_role)
    shown = in_force.masked()["database_url"]
    if before == head():
        say(f"{shown} is at revision {before}; nothing had to be done.")
    else:
        say(f"{shown} went from {before or 'nothing'} to revision {head()}.")


def token(
    role: Annotated[
        str, typer.Option(help="integration, coordinator, clinician, auditor, pathway_owner or operator.")
    ],
    site: Site = SITE,
    subject: Annotated[str | None, typer.Option(help="Whom the token names (you, unless said).")] = None,
    hours: Hours = 12,
) -> None:
    """Print a bearer token of the development issuer; in production there is none.

    Set PATHWAY_ENV=development for this, as the service has to be run with it too.
    """
    from pathway.use_cases.tokens import issue

    print(issue(settings(), role, site, subject or person(), hours))  # noqa: T201  (it is the whole answer)


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the HTTP API. The settings say which database, and who issues the tokens."""
    from pathway.cli.server_process import listening, run, url

    require_migrated(settings())
    with listening(host, port) as listener:
        say(f"Serving on {url(listener)}; Ctrl-C ends it.")
        started = run(listener)
    if not started:
        raise typer.Exit(Code.UNAVAILABLE)


def require_migrated(in_force: Settings) -> None:
    """Raises `Stop` when the database is not at the revision this release needs."""
    from pathway.store.migrate import current, head

    require_database(in_force)
    at = current(in_force.database_url)
    if at != head():
        hint = "Run `pathway migrate` first."
        raise Stop(Code.UNAVAILABLE, f"The database is at revision {at or 'none'}, not at {head()}.", (hint,))


def demo(
    port: Port = 8000,
    once: Annotated[bool, typer.Option("--once", help="Do all of it, but do not stay.")] = False,
) -> None:
    """Load the published cases into the database, say what is next for each, and serve them on 127.0.0.1.

    It runs with PATHWAY_ENV=development, on var/pathway.db unless PATHWAY_DATABASE_URL names another. Run it
    again as often as you like: what is there already is found again.
    """
    from pathway.cli import listed
    from pathway.cli.replay import PERSON, client_of, walked
    from pathway.cli.server_process import listening, service, url
    from pathway.store.migrate import migrate as bring
    from pathway.use_cases.keys import sealing_key
    from pathway.use_cases.permissions import Role
    from pathway.use_cases.published_cases import load_case
    from pathway.use_cases.tokens import issue

    os.environ.setdefault("PATHWAY_ENV", "development")
    in_force = settings()
    sign_in = issue(in_force, Role.COORDINATOR, SITE, PERSON, 24)
    cases = [load_case(path) for path in sorted(CASES.glob("*.json"))]
    bring(in_force.database_url, sealing_key(in_force))
    file = database_file(in_force)
    log = (file.parent if file else Path("var")) / "service.log"
    with (
        listening("127.0.0.1", port) as listener,
        service(listener, {}, log) as process,
        client_of(url(listener), sign_in) as client,
    ):
        replays = walked(cases, client)
        say(listed.next_steps(_next_steps(replays, client)))
        database = in_force.masked()["database_url"]
        say(f"\n{len(replays)} published courses are in {database}, at site {SITE}.")
        if once:
            say("Look at them with `pathway worklist`, or serve them with `pathway demo`.")
            return
        _say_how_to_sign_in(in_force, listener, log)
        try:
            process.wait()
        except KeyboardInterrupt:
            say("\nStopped. What was loaded stays.")
            return
    raise Stop(Code.UNAVAILABLE, "The service ended by itself.", (f"Its log is {log}.",))


def _next_steps(replays: Sequence[CaseReplay], client: httpx2.Client) -> Iterator[tuple[str, Any]]:
    for each in replays:
        yield each.case.case, client.get(f"{each.episode}/next-step").raise_for_status().json()


def _say_how_to_sign_in(in_force: Settings, listener: socket.socket, log: Path) -> None:
    from pathway.cli.server_process import url
    from pathway.use_cases.permissions import Role
    from pathway.use_cases.tokens import issue

    bearer = issue(in_force, Role.CLINICIAN, SITE, person(), 12)
    say(f"\nServing on {url(listener)} until Ctrl-C; its log is {log}. Open this in a browser:", style="bold")
    # What is broken over lines cannot be clicked or pasted: links and tokens are printed as they are.
    print(f"\n  {url(listener)}/sign-in?token={bearer}\n")  # noqa: T201
    say("It signs you in as a clinician, for twelve hours. A program asks with the same token:")
    print(f"\n  export TOKEN={bearer}")  # noqa: T201
    print(f'  curl -H "Authorization: Bearer $TOKEN" {url(listener)}/v1/worklist\n')  # noqa: T201
    say(
        "Others sign in with a token of `pathway token --role auditor` (or coordinator). In another terminal of this"
        " folder, `pathway worklist` and `pathway next EPISODE` say the same."
    )
