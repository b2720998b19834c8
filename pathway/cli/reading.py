"""What people read: what is next and why, what was, and what waits."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import orjson
import typer

from pathway.cli.terminal import (
    SITE,
    Code,
    Episode,
    Json,
    Site,
    Stop,
    acting,
    day,
    instant,
    named,
    print_document,
    remark,
    say,
    tell_of,
)

AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DAY", help="The day the question is asked (today).")
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="INSTANT",
        help="What was known then: 2026-03-01T12:00:00Z, or the end of a day.",
    ),
]


def following(
    episode: Episode,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    option: Annotated[str | None, typer.Option(help="Look at one option in depth: why, or why not.")] = None,
    as_json: Json = False,
    site: Site = SITE,
) -> None:
    """Say what should come next, why, why not the rest, what would change that, and what is missing."""
    from pathway.cli import shown
    from pathway.use_cases.next_step import next_step

    with acting(site, "read_the_next_step") as (installation, caller):
        document = next_step(installation, caller, episode, instant(known_at, site), day(as_of, site))
        tell_of(installation, caller, episode)
    if as_json:
        print_document(document)
        return
    told = orjson.loads(document)
    option = named(option) if option else None
    if option is not None and option not in (names := [each["option"] for each in told["options"]]):
        raise Stop(Code.USAGE, f"There is no option {option}.", (f"The options are {', '.join(names)}.",))
    say(shown.recommendation(told, option))


PAGE: Final = 200


def history(
    episode: Episode,
    known_at: KnownAt = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="What happened from this day on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="What happened up to this day.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As a table for a spreadsheet.")] = False,
    as_json: Json = False,
    site: Site = SITE,
) -> None:
    """Read the log: what happened, when it was recorded, by whom, and what became of it."""
    from pathway.cli import listed
    from pathway.use_cases.read_history import COLUMNS, read_history
    from pathway.use_cases.spreadsheet import as_csv as spreadsheet

    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    with acting(site, "read_the_history") as (installation, caller):
        known, first, last = instant(known_at, site), day(since, site), day(until, site)
        while True:
            page = read_history(installation, caller, episode, known, first, last, cursor, PAGE)
            rows += page.rows
            cursor = page.next_cursor
            if cursor is None:
                break
        tell_of(installation, caller, episode)
    if as_json:
        print_document(orjson.dumps({"entries": rows, "next_cursor": None}))
    elif as_csv:
        sys.stdout.write(spreadsheet(COLUMNS, rows).decode())
    elif rows:
        say(listed.history(rows))
    else:
        say("Nothing of this episode was known then.")


def worklist(
    kind: Annotated[
        str | None,
        typer.Option(help="urgent, due, overdue, missing, waiting, board or review; all, unless said."),
    ] = None,
    due_before: Annotated[
        str | None, typer.Option(metavar="DAY", help="Only what is best done before this day.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="At most this many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: Json = False,
    site: Site = SITE,
) -> None:
    """List the open episodes of a site: the urgent ones first, then by the nearest due date."""
    from pathway.cli import listed
    from pathway.use_cases.worklist import read_worklist

    with acting(site, "read_the_worklist") as (installation, caller):
        document = read_worklist(installation, caller, day(due_before, site), kind, cursor, limit)
        tell_of(installation, caller, shown=(each["episode"] for each in orjson.loads(document)["items"]))
    if as_json:
        print_document(document)
        return
    told = orjson.loads(document)
    if told["items"]:
        say(listed.worklist(told["items"]))
    else:
        say(f"Nothing waits at site {site}.")
    if told["next_cursor"]:
        remark(f"There are more: --cursor {told['next_cursor']}")
