"""What auditors read at a terminal: who read and wrote what."""

from __future__ import annotations

import sys
from typing import Annotated

import orjson
import typer

from pathway.cli.terminal import (
    SITE,
    As,
    Json,
    Site,
    acting,
    instant,
    print_document,
    remark,
    say,
    tell_of,
)

PAGE = 200
When = typer.Option(metavar="INSTANT", help="2026-03-01T12:00:00Z, or the end of a day.")


def audit(
    by: Annotated[str | None, typer.Option("--by", help="Only what this person or system did.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="Only this operation, such as read_the_next_step.")
    ] = None,
    episode: Annotated[str | None, typer.Option(help="Only what touches or names this episode.")] = None,
    since: Annotated[str | None, When] = None,
    until: Annotated[str | None, When] = None,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="At most this many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As a table for a spreadsheet.")] = False,
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """List who read and wrote what at a site, the newest first. That you looked is recorded too."""
    from pathway.cli import listed
    from pathway.use_cases.read_audit import COLUMNS, AuditFilter, read_audit
    from pathway.use_cases.spreadsheet import as_csv as spreadsheet

    wanted = AuditFilter(by, operation, episode, instant(since, site), instant(until, site))
    with acting(site, "read_the_audit_records", subject) as (installation, caller):
        page = read_audit(installation, caller, wanted, cursor, limit)
        tell_of(installation, caller)
    if as_json:
        print_document(orjson.dumps({"records": page.rows, "next_cursor": page.next_cursor}))
    elif as_csv:
        sys.stdout.write(spreadsheet(COLUMNS, page.rows).decode())
    elif page.rows:
        say(listed.audit(page.rows))
    else:
        say(f"No such record at site {site}.")
    if page.next_cursor and not as_json:
        remark(f"There are more: --cursor {page.next_cursor}")
