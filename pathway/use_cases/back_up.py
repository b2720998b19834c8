"""Takes a backup of everything that is stored, while the service goes on, and puts one into an empty database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pathway.settings import Settings
from pathway.store.backup import TABLES, NotEmpty, put, snapshot
from pathway.store.engines import Engines
from pathway.store.migrate import current_of, head
from pathway.use_cases.archive import (
    Manifest,
    Site,
    Told,
    counted,
    manifest_of,
    new_archive,
    whole_archive,
)
from pathway.use_cases.checkpoints import last_note


class NotRestored(Exception):
    """Nothing was restored; the message says why, and what to do."""


Progress = Callable[[int, int], object]
"""Hears how many rows of how many have been gone through."""


def _nobody(_done: int, _of: int) -> None:
    """Nobody wants to know."""


def back_up(
    settings: Settings, engines: Engines, now: datetime, path: Path, progress: Progress = _nobody
) -> Manifest:
    """Writes what is stored at this instant to `path`.

    Raises `FileExistsError` where there is something already, `OSError`, and `StoreError`.
    """
    with snapshot(engines) as stored, new_archive(path, _adding_up(progress, stored.count())) as archive:
        logs = stored.logs()
        manifest = Manifest(
            made_at=now.isoformat(timespec="seconds"),
            made_by=f"pathway {version('pathway')}",
            schema=stored.revision() or "none",
            tables=tuple(archive.add(table.name, stored.rows(table.name)) for table in TABLES),
            sites=tuple(Site(log.site, log.size, log.root, last_note(settings, log.site)) for log in logs),
        )
        archive.finish(manifest)
    return manifest


def restore(engines: Engines, path: Path, progress: Progress = _nobody) -> Manifest:
    """Puts the backup at `path` into the empty, migrated database: all of it or nothing.

    Each row is gone through twice: compared first, and then put into the database.

    Raises `NotRestored`, `NoArchive`, `OSError`, and `StoreError`.
    """
    at = current_of(engines)
    if at != head():
        raise NotRestored(
            f"The database is at revision {at or 'none'}, not at {head()}. Run `pathway migrate` first."
        )
    manifest = manifest_of(path)
    _require_same_schema(manifest)
    gone_through = _adding_up(progress, 2 * manifest.rows)
    with whole_archive(path, gone_through) as archive:
        try:
            put(engines, lambda table: counted(archive.rows(table), gone_through))
        except NotEmpty:
            told = "There is something in the database already. Restore into a new one, which `pathway migrate` makes."
            raise NotRestored(told) from None
    return archive.manifest


def _adding_up(progress: Progress, of: int) -> Told:
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        progress(done, of)

    return told


def _require_same_schema(manifest: Manifest) -> None:
    if manifest.schema != head() or {table.name for table in manifest.tables} != {
        table.name for table in TABLES
    }:
        raise NotRestored(
            f"The backup is of revision {manifest.schema} of the tables, and this release has {head()}. Restore it"
            " with the release that made it, and migrate that database."
        )
