"""The form of a backup: one file with everything that is stored, and what it takes to see that it is whole.

A zip archive with one file of JSON lines for each table (`<table>.jsonl`, a row a line) and `manifest.json`, which
names the schema's revision, each table's number of rows and the SHA-256 of its file, and for each site the size and
the root of its log with the last checkpoint signed of it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import lzma
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_PIECE: Final = 2**20
_TOGETHER: Final = 500

T = TypeVar("T")


Told = Callable[[int], object]
"""Hears of so many rows more that are done."""


class NoArchive(Exception):
    """The file is no backup, or not a whole one; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the manifest says of one table."""

    name: str
    rows: int
    sha256: str

    @property
    def file(self) -> str:
        """Its file within the archive."""
        return f"{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class Site:
    """How far the log of a site had come, and the last checkpoint of it, if one had been signed."""

    site: str
    size: int
    root: str
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `made_at` is an instant in ISO 8601, `schema` the revision of the tables."""

    made_at: str
    made_by: str
    schema: str
    tables: tuple[Table, ...]
    sites: tuple[Site, ...]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(table.rows for table in self.tables)


class Writing:
    """An archive in the making."""

    def __init__(self, archive: zipfile.ZipFile, told: Told) -> None:
        self._archive = archive
        self._told = told

    def add(self, name: str, rows: Iterable[dict[str, Any]]) -> Table:
        """Writes the rows of one table."""
        seen, count = hashlib.sha256(), 0
        with self._archive.open(f"{name}.jsonl", "w", force_zip64=True) as file:
            for row in counted(rows, self._told):
                line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
                seen.update(line)
                file.write(line)
                count += 1
        return Table(name, count, seen.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Writes the manifest, without which the archive is none."""
        self._archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2) + "\n")


def counted(rows: Iterable[T], told: Told) -> Iterator[T]:
    """The rows as they are, of which some at a time are told to be done."""
    since = 0
    for row in rows:
        yield row
        since += 1
        if since == _TOGETHER:
            told(since)
            since = 0
    told(since)


@contextmanager
def new_archive(path: Path, told: Told) -> Iterator[Writing]:
    """An archive that is at `path` once the block has ended, whole and on the disk, for its owner alone to read.

    Raises `FileExistsError` where there is something already, and `OSError`.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield Writing(archive, told)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, a link replaces nothing
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Archive:
    """An archive that was found to be whole."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of one table, as they were written."""
        with self._archive.open(f"{table}.jsonl") as file:
            yield from map(orjson.loads, file)


def manifest_of(path: Path) -> Manifest:
    """What the archive at `path` says of itself, which nobody has compared yet. Raises `NoArchive`, or `OSError`."""
    with _opened(path) as archive:
        return _manifest(archive)


@contextmanager
def whole_archive(path: Path, told: Told = lambda _: None) -> Iterator[Archive]:
    """The archive at `path`, every byte of it read and compared. Raises `NoArchive`, or `OSError`."""
    with _opened(path) as archive:
        manifest = _manifest(archive)
        for table in manifest.tables:
            _compare(archive, table, told)
        yield Archive(archive, manifest)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    # An altered bit may say that a file is encrypted (RuntimeError), that it was packed by another method, or that it
    # begins before the archive does: faults of the archive, and not of the disk, which has a number for its own.
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise NoArchive(f"It is no zip archive, or a damaged one ({type(error).__name__}).") from None


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        told = json.loads(archive.read(MANIFEST))
        if told["format"] != FORMAT:
            raise NoArchive("Another release wrote it, in a form this one does not know.")
        tables = tuple(Table(**table) for table in told.pop("tables"))
        sites = tuple(Site(**site) for site in told.pop("sites"))
        manifest = Manifest(**told, tables=tables, sites=sites)
    except (KeyError, TypeError, ValueError):
        raise NoArchive("It has no manifest that can be read.") from None
    expected = sorted([MANIFEST, *(table.file for table in manifest.tables)])
    if sorted(archive.namelist()) != expected:
        raise NoArchive("It does not hold the files that its manifest names.")
    return manifest


def _compare(archive: zipfile.ZipFile, table: Table, told: Told) -> None:
    seen, lines = hashlib.sha256(), 0
    with archive.open(table.file) as file:
        while piece := file.read(_PIECE):
            seen.update(piece)
            there = piece.count(b"\n")
            lines += there
            told(there)
    if (seen.hexdigest(), lines) != (table.sha256, table.rows):
        raise NoArchive(f"{table.file} is not what the manifest says.")
