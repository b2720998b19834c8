"""What is in force, and what stands in the way: one sentence per finding."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import orjson
import typer
from rich.table import Table
from rich.text import Text

from pathway.cli.safeguards import Finding, safeguards
from pathway.cli.terminal import Code, Json, Stop, print_document, require_database, say, settings

if TYPE_CHECKING:
    from pathway.settings import Settings

STYLE: Final = {"ok": "green", "attention": "yellow", "failed": "bold red"}
BUILT_AFTER: Final = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER_WITHIN_S: Final = 5


def doctor(as_json: Json = False) -> None:
    """Show what is in force and what stands in the way; ends with 1 when something failed.

    Looked at: versions, the clock, the database with its journal and durability, migrations; whether the record can
    be changed, who may see which site, how identifiers are sealed, whether checkpoints are signed and continue, the
    last backup; who issues tokens, the pathways with the hashes of their content, and the settings, secrets masked.
    """
    in_force = settings()
    findings = [found for look in LOOKS for found in look(in_force)]
    failed = any(status == "failed" for status, _, _ in findings)
    shown = in_force.masked()
    if as_json:
        lines = [{"status": status, "about": about, "sentence": told} for status, about, told in findings]
        print_document(orjson.dumps({"ok": not failed, "findings": lines, "settings": shown}))
    else:
        say(_table(findings))
        say("\nSettings, secrets masked", style="bold")
        for name, value in shown.items():
            say(f"  PATHWAY_{name.upper()} = {'(not set)' if value in (None, {}) else value}")
    if failed:
        raise typer.Exit(Code.REFUSED)


def _table(findings: list[Finding]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for status, about, told in findings:
        table.add_row(Text(status, style=STYLE[status]), Text(about, style="bold"), told)
    return table


def _versions(_: Settings) -> Iterator[Finding]:
    from pathway.use_cases.installation import engine_hash

    told = f"pathway {version('pathway')} on Python {platform.python_version()}, {platform.system()}."
    yield "ok", "versions", told
    yield "ok", "engine", f"The sources that compute recommendations have the hash {engine_hash()}."


def _clock(in_force: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    right = now > BUILT_AFTER
    told = f"It is {now:%Y-%m-%d %H:%M:%S} UTC by this machine."
    yield (
        ("ok", "clock", told)
        if right
        else ("failed", "clock", f"{told} That lies before this release was made.")
    )
    zones = [f"{site} in {zone}" for site, zone in in_force.site_time_zones.items()]
    yield "ok", "days", f"Sites count their days in UTC{', but ' + ', '.join(zones) if zones else ''}."


def _database(in_force: Settings) -> Iterator[Finding]:
    from pathway.store.engines import StoreError, journal_for, open_store
    from pathway.store.migrate import current_of, head
    from pathway.store.readers import Readers

    try:
        require_database(in_force)
        engines = open_store(in_force.database_url)
    except Stop as stop:
        yield "failed", "database", f"{stop.sentence} {' '.join(stop.more)}"
        return
    try:
        kept = Readers(engines).durability()
        at = current_of(engines)
    except StoreError as error:
        yield "failed", "database", f"{error}."
        return
    finally:
        engines.close()
    yield "ok", "database", "It answers."
    if kept.journal is not None:
        wanted = journal_for(sqlite3.sqlite_version_info)
        told = (
            f"SQLite {sqlite3.sqlite_version} keeps its journal in mode {kept.journal.mode} with synchronous "
            f"{kept.journal.synchronous}: what was answered survives a power cut."
        )
        if kept.journal != wanted:
            told = f"{told[: told.index(':')]}, not {wanted.mode} and {wanted.synchronous}: a power cut may take it."
        yield "ok" if kept.journal == wanted else "failed", "durability", told
    elif kept.kind == "sync":
        yield "ok", "durability", "PostgreSQL answers once a standby has the write too."
    else:
        told = "PostgreSQL keeps a write on this one server; name a standby to have it on two."
        yield "attention", "durability", told
    if at == head():
        yield "ok", "migrations", f"The database is at revision {at}, which this release needs."
    else:
        told = (
            f"The database is at revision {at or 'none'}, this release needs {head()}: run `pathway migrate`."
        )
        yield "failed", "migrations", told


def _safeguards(in_force: Settings) -> Iterator[Finding]:
    from pathway.store.engines import StoreError
    from pathway.store.migrate import current, head
    from pathway.use_cases.installation import Installation

    try:
        require_database(in_force)
        if current(in_force.database_url) != head():
            return
        installation = Installation.open(in_force)
    except (Stop, StoreError):
        return
    try:
        yield from safeguards(installation)
    finally:
        installation.close()


def _issuer(in_force: Settings) -> Iterator[Finding]:
    if in_force.env == "development" and in_force.jwks_url is None:
        told = "Tokens come from the development issuer: whoever can run `pathway token` here can be anybody."
        yield "attention", "tokens", told
        return
    wanted = {
        "PATHWAY_TOKEN_ISSUER": in_force.token_issuer,
        "PATHWAY_TOKEN_AUDIENCE": in_force.token_audience,
        "PATHWAY_JWKS_URL": in_force.jwks_url,
    }
    if absent := [name for name, value in wanted.items() if not value]:
        told = f"{', '.join(absent)} not set: `pathway serve` will not start. To try it, set PATHWAY_ENV=development."
        yield "attention", "tokens", told
        return
    yield _keys(str(in_force.jwks_url))


def _keys(address: str) -> Finding:
    import httpx2

    try:
        found = httpx2.get(address, timeout=ISSUER_WITHIN_S).raise_for_status().json()["keys"]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        return (
            "failed",
            "tokens",
            f"The issuer's keys cannot be had from PATHWAY_JWKS_URL ({type(error).__name__}).",
        )
    return "ok", "tokens", f"The issuer publishes {len(found)} keys."


def _pathways(_: Settings) -> Iterator[Finding]:
    from pathway.catalogue import CATALOGUE

    for each in CATALOGUE:
        yield "ok", "pathway", f"{each.id} version {each.version} has the content hash {each.content_hash}."


LOOKS: Final[tuple[Callable[[Any], Iterator[Finding]], ...]] = (
    _versions,
    _clock,
    _database,
    _safeguards,
    _issuer,
    _pathways,
)
