"""What of the promises about the record holds on this installation, and what does not: one sentence per finding."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pathway.settings import Settings
    from pathway.store.engines import Engines
    from pathway.store.readers import Readers
    from pathway.use_cases.checkpoints import Notary
    from pathway.use_cases.installation import Installation

Status = Literal["ok", "attention", "failed"]
Finding = tuple[Status, str, str]
"""How it stands, what it is about, and a sentence."""

BACKUP_WITHIN: Final = timedelta(days=1)
SIGNED_WITHIN: Final = timedelta(minutes=5)
LEAST_FREE_BYTES: Final = 2**30
ELSE_OPEN: Final = 100
"""Files that a process has open beside its connections."""


def safeguards(installation: Installation) -> Iterator[Finding]:
    """Looks at a database that answers and is at the revision of this release. Raises `StoreError`."""
    from pathway.store.tree import MerkleLog

    sites = MerkleLog(installation.engines).sites()
    yield from _append_only(installation.engines)
    yield from _walls(installation.engines)
    yield from _identifiers(installation.settings, installation.readers, sites)
    yield from _checkpoints(installation, sites)
    yield from _backups(installation.readers, sites)
    yield from _files(installation.settings)
    yield from _connections(installation.settings)


def _append_only(engines: Engines) -> Iterator[Finding]:
    from pathway.store.protections import protections

    found = protections(engines)
    if found.unguarded:
        tables = ", ".join(found.unguarded)
        yield "failed", "record", f"The database lets anybody change or take away rows of: {tables}."
    else:
        yield "ok", "record", "The database refuses to change or take away what was recorded."
    if not found.settings:
        return
    off = [
        name for name in ("fsync", "full_page_writes", "synchronous_commit") if found.settings[name] == "off"
    ]
    if off:
        yield (
            "failed",
            "flushing",
            f"PostgreSQL runs with {', '.join(off)} off: what was answered may be lost.",
        )
    if found.settings["log_error_verbosity"] != "terse":
        told = "PostgreSQL's own log may tell key values of rows: set log_error_verbosity to terse."
        yield "attention", "logs", told


def _walls(engines: Engines) -> Iterator[Finding]:
    from pathway.store.walls import gaps

    found = gaps(engines)
    for told in found:
        yield "failed", "sites", told
    if not found:
        holder = "Each connection to the file" if engines.dialect == "sqlite" else "PostgreSQL itself"
        yield (
            "ok",
            "sites",
            f"{holder} keeps every site to its own rows, whatever a statement forgets to say.",
        )


def _identifiers(in_force: Settings, readers: Readers, sites: list[str]) -> Iterator[Finding]:
    from pathway.store.engines import WrongKey
    from pathway.use_cases.erasures import list_of, listed
    from pathway.use_cases.keys import KeyMissing, sealing_key

    try:
        key = sealing_key(in_force)()
        for site in sites:
            readers.require_key(site)
    except (KeyMissing, WrongKey) as reason:
        yield "failed", "identifiers", f"{str(reason)[:1].upper()}{str(reason)[1:].removesuffix('.')}."
        return
    told = f"Patients' identifiers are sealed under the key {key.id}, which is not in the database"
    if in_force.identifier_key is None:
        yield "attention", "identifiers", f"{told} but was made for development and lies beside it."
    else:
        yield "ok", "identifiers", f"{told}. Without it nobody is named: keep a copy elsewhere."
    for site in sites:
        erased, there = listed(list_of(in_force, site)), set(readers.unerased_patients(site))
        if back := len(there.intersection(erased)):
            who = "1 patient who was erased is" if back == 1 else f"{back} patients who were erased are"
            told = f"{site}: {who} in the database again: `pathway erase --again --site {site}`."
            yield "failed", "erasures", told


def _checkpoints(installation: Installation, sites: list[str]) -> Iterator[Finding]:
    from pathway.use_cases.checkpoints import Notary
    from pathway.use_cases.keys import KeyMissing

    try:
        notary = Notary(installation)
    except KeyMissing as reason:
        yield "failed", "checkpoints", f"Nothing is signed. {reason}"
        return
    if installation.settings.signing_key is None:
        told = f"They are signed with a key made for development, {notary.verifier_key}."
        yield "attention", "checkpoints", told
    else:
        yield "ok", "checkpoints", f"They are signed with {notary.verifier_key}; give that to auditors early."
    if installation.settings.checkpoints is None:
        told = f"They lie in {notary.folder}, beside the database: set PATHWAY_CHECKPOINTS to a folder elsewhere."
        yield "attention", "checkpoints", told
    for site in sites:
        yield _signed(notary, site)


def _signed(notary: Notary, site: str) -> Finding:
    from pathway.use_cases.checkpoints import NotSigned, signed_at

    try:
        latest = notary.latest(site)
        notary.require_continuation(site)
    except (NotSigned, OSError) as reason:
        return "failed", "log", f"{site}: {reason}"
    waiting = len(notary.log.waiting(site))
    if latest is None:
        return "attention", "log", f"{site}: nothing is signed yet; the service does it, or `pathway worker`."
    told = f"{site}: {latest.checkpoint.size} records were signed at {signed_at(latest):%Y-%m-%d %H:%M} UTC"
    if waiting and datetime.now(UTC) - signed_at(latest) > SIGNED_WITHIN:
        return (
            "attention",
            "log",
            f"{told}, and more waits since: is the service or `pathway worker` running?",
        )
    return "ok", "log", f"{told}, and the log continues them."


def _backups(readers: Readers, sites: list[str]) -> Iterator[Finding]:
    last = [one.recorded_at for site in sites for one in readers.audits(site, operation="back_up", limit=1)]
    if not sites:
        return
    if not last:
        yield "attention", "backup", "No `pathway backup` was ever made of this database."
        return
    old = datetime.now(UTC) - max(last) > BACKUP_WITHIN
    told = f"The last `pathway backup` was made at {max(last):%Y-%m-%d %H:%M} UTC."
    yield "attention" if old else "ok", "backup", told


def _files(in_force: Settings) -> Iterator[Finding]:
    from pathway.cli.terminal import database_file
    from pathway.use_cases.keys import beside_the_database

    database, folder = database_file(in_force), beside_the_database(in_force)
    secrets = [
        path for path in (database, *folder.glob("development-*")) if path is not None and path.exists()
    ]
    open_to_others = [path.name for path in secrets if path.stat().st_mode & 0o077]
    if open_to_others:
        told = f"Other accounts of this machine can read {', '.join(open_to_others)}: `chmod 600`."
        yield "attention", "files", told
    places = (folder, in_force.checkpoints or folder)
    free = min(shutil.disk_usage(place).free for place in places if place.exists())
    if free < LEAST_FREE_BYTES:
        told = f"Only {free // 2**20} MiB are free; when nothing is, nothing is taken any more."
        yield "attention", "space", told
    else:
        yield "ok", "space", f"{free // 2**30} GiB are free where the record is kept."


def _connections(in_force: Settings) -> Iterator[Finding]:
    from pathway.cli.bounded_http import MOST_CONNECTIONS

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = f"{in_force.requests_at_once} requests at once, {in_force.requests_of_a_client} of a client; more must wait."
    if files < MOST_CONNECTIONS + ELSE_OPEN:
        told = f"A process may open {files} files here, and {MOST_CONNECTIONS} connections need more: `ulimit -n`."
        yield "attention", "load", told
    else:
        yield "ok", "load", told
