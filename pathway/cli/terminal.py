"""What every command shares: exit codes, how faults are told, who acts at which site, how documents are read."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pathway.settings import Settings
    from pathway.store.values import Settled
    from pathway.use_cases.installation import Caller, Installation

PLAIN_WIDTH: Final = 100
"""Columns where the output is no terminal, unless COLUMNS says otherwise."""

WRITE_WITHIN_S: Final = 30
SCOPES: Final = frozenset(
    {
        "episodes.read",
        "events.write",
        "decisions.write",
        "overrides.sign",
        "pathways.read",
        "audit.read",
        "patients.erase",
    }
)
"""What the command line may do: whoever reaches the database can read and write it anyway."""

SUCCESS: Final = frozenset(
    {
        "created",
        "recorded",
        "foreseen",
        "decided",
        "awaiting_second_signature",
        "review_resolved",
        "erased",
        "held",
        "released",
    }
)
LATER: Final = frozenset({"unavailable", "overloaded", "timeout", "too_many_requests"})


class Code(IntEnum):
    """How a command ends."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    FAULT = 4
    INTERRUPTED = 130


class Stop(Exception):
    """Ends the command with a sentence for the user; each of `more` is a line under it."""

    def __init__(self, code: Code, sentence: str, more: tuple[str, ...] = ()) -> None:
        self.code = code
        self.sentence = sentence
        self.more = more
        super().__init__(sentence)


Site: TypeAlias = Annotated[
    str, typer.Option("--site", envvar="PATHWAY_SITE", help="The site whose episodes are meant.")
]
As: TypeAlias = Annotated[
    str | None,
    typer.Option("--as", envvar="PATHWAY_AS", help="Who acts, as the history names them (you, unless said)."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the JSON document and nothing else.")]
Episode: TypeAlias = Annotated[str, typer.Argument(help="The id of the episode.", show_default=False)]
SITE: Final = "demo"
SITE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME: Final = re.compile(r"[\x20-\x7e]{1,255}")


def screen(*, stderr: bool = False) -> Console:
    """Where people read: the terminal's width, or a fixed one where there is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def say(text: object = "", *, style: str | None = None) -> None:
    """A line, or anything rich can draw, for people."""
    screen().print(text, style=style)


def remark(text: str) -> None:
    """A line that is no part of the answer: it goes to stderr."""
    screen(stderr=True).print(text, style="dim")


def progress_on_stderr(*columns: ProgressColumn) -> Progress:
    """A bar for long work; nothing at all where there is no terminal."""
    console = screen(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_document(document: bytes) -> None:
    """The JSON document and nothing else, on stdout."""
    sys.stdout.write(document.decode() + "\n")


def settings() -> Settings:
    """The settings in force. Raises `Stop`, which names the variable and never its value."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from pathway.settings import PREFIX, Settings

    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        lines = [f"{PREFIX}{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in faults]
        raise Stop(Code.USAGE, "The settings cannot be used.", tuple(lines)) from None
    except (SettingsError, ValueError) as error:
        raise Stop(Code.USAGE, f"The settings cannot be used: {error}.") from None


def database_file(in_force: Settings) -> Path | None:
    """The file of an SQLite database; None for PostgreSQL."""
    from pathway.store.engines import database_url

    parsed = database_url(in_force.database_url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def require_database(in_force: Settings) -> None:
    """Raises `Stop` where an SQLite database has not been created: looking for it must not create it."""
    file = database_file(in_force)
    if file is not None and not file.exists():
        hint = "Run `pathway migrate` to create it, or set PATHWAY_DATABASE_URL to the one that is meant."
        raise Stop(Code.UNAVAILABLE, f"There is no database at {file}.", (hint,))


def person() -> str:
    """The operating system's name for whoever sits at the terminal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


@contextmanager
def acting(
    site: str, operation: str, subject: str | None = None, *, on_database: bool = True
) -> Iterator[tuple[Installation, Caller]]:
    """The configured installation, and who does the operation on it (named as the HTTP calls are).

    A refusal leaves its audit record; a write brings its own along, and what was read is told with `tell_of`.
    Raises `Stop` when there is no database and one is needed, and for a site or a name no token could carry.

    The client of what is written is `terminal/<person>`, so that the history shows where `--as` was used.
    """
    from pathway.use_cases.installation import Caller, Installation
    from pathway.use_cases.refusals import Refusal

    if not SITE_NAME.fullmatch(site) or not NAME.fullmatch(subject or person()):
        hint = "A site has letters, digits, points, dashes and underscores; a name has printable ASCII characters."
        raise Stop(Code.USAGE, "This cannot be the name of a site or of a person.", (hint,))
    in_force = settings()
    if on_database:
        require_database(in_force)
    installation = Installation.open(in_force)
    caller = Caller(site, f"terminal/{person()}", subject or person(), SCOPES, operation=operation)
    try:
        yield installation, caller
    except Refusal as refusal:
        if on_database:
            tell_of(installation, caller, outcome=refusal.outcome)
        raise
    finally:
        installation.close()


def tell_of(
    installation: Installation,
    caller: Caller,
    episode: str | None = None,
    *,
    outcome: str = "ok",
    shown: Iterable[str] = (),
) -> None:
    """Leaves the audit record of what was read, durable before anything of it is printed."""
    from pathway.store.identifiers import is_identifier

    about = episode if episode is not None and is_identifier(episode) else None
    installation.tell_of(caller, outcome, about, tuple(shown)).result(timeout=WRITE_WITHIN_S)


def settled(write: Future[Settled]) -> Settled:
    """What became of a write, once it is durable. Raises `Stop` when it was refused."""
    import orjson

    done = write.result(timeout=WRITE_WITHIN_S)
    if done.outcome not in SUCCESS:
        told = orjson.loads(done.document)
        raise refused(done.outcome, told.pop("detail", "The request was refused."), told)
    return done


def refused(outcome: str, detail: str, more: dict[str, Any]) -> Stop:
    """How a refusal ends a command: what is wrong, where, and what else was said."""
    lines = [f"{fault['pointer'] or 'the body'}: {fault['detail']}" for fault in more.pop("errors", ())]
    lines = [line for line in lines if not line.endswith(f": {detail}")]
    lines += [f"{name}: {more[name]}" for name in ("episode", "entry") if name in more]
    if "recommendation" in more:
        lines.append(f"Now: {more['recommendation']['summary']}")
    return Stop(Code.UNAVAILABLE if outcome in LATER else Code.REFUSED, detail, tuple(lines))


def named(words: str) -> str:
    """The name meant by words as they are shown: `start maintenance` is start_maintenance."""
    return words.strip().replace(" ", "_").replace("-", "_")


def zone_of(site: str) -> ZoneInfo:
    """The zone in which the site counts its days."""
    return ZoneInfo(settings().time_zone(site))


def day(text: str | None, site: str) -> date | None:
    """A date, or `today`, `yesterday`, `tomorrow` at the site."""
    if text is None:
        return None
    words = {"yesterday": -1, "today": 0, "tomorrow": 1}
    if text in words:
        return datetime.now(zone_of(site)).date() + timedelta(days=words[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("A day is written 2026-03-01, or today, yesterday, tomorrow.") from None


def instant(text: str | None, site: str) -> datetime | None:
    """An instant with its zone, or the end of a day at the site."""
    if text is None:
        return None
    if "T" not in text:
        on = day(text, site)
        return datetime.combine(on, time.max, zone_of(site)) if on else None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("An instant is written 2026-03-01T12:00:00Z.") from None
    if read.tzinfo is None:
        raise typer.BadParameter("An instant has its zone: add Z for UTC, or +01:00.")
    return read


def read_document(told: str) -> bytes:
    """A JSON document given as itself, as `-` for stdin, or as the name of a file. Raises `Stop`."""
    if told == "-":
        return sys.stdin.buffer.read()
    if told.lstrip().startswith(("{", "[")):
        return told.encode()
    try:
        return Path(told).read_bytes()
    except OSError as error:
        raise Stop(Code.USAGE, f"The file {told} cannot be read: {error.strerror}.") from None
