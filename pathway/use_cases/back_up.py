"""Takes a backup of everything that is stored, while the service goes on, and puts one into an empty database."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pathway.settings import Settings
from pathway.store.backup import TABLES, NotEmpty, put, snapshot
from pathway.store.engines import Engines
from pathway.store.migrate import current_of, head
from pathway.use_cases.archive import Manifest, Site, new_archive, whole_archive
from pathway.use_cases.checkpoints import last_note


class NotRestored(Exception):
    """Nothing was restored; the message says why, and what to do."""


def back_up(settings: Settings, engines: Engines, now: datetime, path: Path) -> Manifest:
    """Writes what is stored at this instant to `path`.

    Raises `FileExistsError` where there is something already, `OSError`, and `StoreError`.
    """
    with snapshot(engines) as stored, new_archive(path) as archive:
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


def restore(engines: Engines, path: Path) -> Manifest:
    """Puts the backup at `path` into the empty, migrated database: all of it or nothing.

    Raises `NotRestored`, `NoArchive`, `OSError`, and `StoreError`.
    """
    at = current_of(engines)
    if at != head():
        raise NotRestored(
            f"The database is at revision {at or 'none'}, not at {head()}. Run `pathway migrate` first."
        )
    with whole_archive(path) as archive:
        _require_same_schema(archive.manifest)
        try:
            put(engines, archive.rows)
        except NotEmpty:
            told = "There is something in the database already. Restore into a new one, which `pathway migrate` makes."
            raise NotRestored(told) from None
    return archive.manifest


def _require_same_schema(manifest: Manifest) -> None:
    if manifest.schema != head() or {table.name for table in manifest.tables} != {
        table.name for table in TABLES
    }:
        raise NotRestored(
            f"The backup is of revision {manifest.schema} of the tables, and this release has {head()}. Restore it"
            " with the release that made it, and migrate that database."
        )
