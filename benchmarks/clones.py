"""Many episodes out of few: rows copied inside the database, where a thousand take no longer than one request."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, text

from benchmarks.course import SITE
from pathway.store.engines import open_store
from pathway.store.values import NewEntry, Summary


@dataclass(frozen=True, slots=True)
class Herd:
    """The copies of `source` numbered `first` to `last`.

    Each `every`-th has the whole log. The others have its last entry alone, or with `sparse` are not made.
    """

    source: str
    first: int
    last: int
    every: int = 1
    sparse: bool = False
    later: int = 0
    """Days by which their dates in the worklist lie after the source's."""

    @property
    def episodes(self) -> list[str]:
        """The ids of the copies with the whole log."""
        return [episode_id(number) for number in range(self.first, self.last + 1) if number % self.every == 0]


def episode_id(number: int) -> str:
    """The id of a copy; in order, as ids made one after the other are."""
    return f"{_EPISODES}{number:012}"


_EPISODES: Final = "00000000-0000-7000-8000-"
_PSEUDONYMS: Final = "00000000-0000-7000-9000-"
_SUFFIX: Final = "substr('000000000000' || CAST(n AS TEXT), length('000000000000' || CAST(n AS TEXT)) - 11)"
_NUMBERS: Final = (
    "WITH RECURSIVE number(n) AS"
    " (SELECT CAST(:first AS INTEGER) UNION ALL SELECT n + 1 FROM number WHERE n < :last)"
)


def clone(url: str, herds: list[Herd]) -> None:
    """Copies whole episodes, with their logs, within the database at `url`; one transaction.

    The copies' chains name the original, which only a verification would see.
    """
    engines = open_store(url, walls=False)
    try:
        with engines.write.begin() as connection:
            if engines.dialect == "sqlite":
                connection.exec_driver_sql("PRAGMA cache_size = -256000")  # else it writes out page by page
            for herd in herds:
                _copy(connection, herd, engines.dialect)
        if engines.dialect == "postgresql":
            with engines.write.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")
    finally:
        engines.close()


def _copy(connection: Connection, herd: Herd, dialect: str) -> None:
    days = f"({herd.later} + n % 365)"
    later = {"postgresql": f"due_target + {days}", "sqlite": f"date(due_target, '+' || {days} || ' days')"}
    episode = {
        "episode_id": f"'{_EPISODES}' || {_SUFFIX}",
        "pseudonym": f"'{_PSEUDONYMS}' || {_SUFFIX}",
        "due_target": later[dialect],
    }
    entry = {
        "episode_id": episode["episode_id"],
        # Not a UUID, but of its length, and no two alike.
        "entry_id": f"substr(entry_id, 1, 19) || CAST(100000 + sequence AS TEXT) || {_SUFFIX}",
    }
    # Found by another index each, and sealed like the source, which nobody opens.
    patient = {
        "site_id": "site_id",
        "pseudonym": episode["pseudonym"],
        "lookup": f"lookup || {_SUFFIX}",
        "sealed": "sealed",
        "wrapped_key": "wrapped_key",
        "key_id": "key_id",
    }
    of = {
        **dict.fromkeys(("episode", "entry"), "episode_id = :source"),
        "patient": "pseudonym = (SELECT pseudonym FROM episode WHERE site_id = :site AND episode_id = :source)",
    }
    whole = f"n % {herd.every} = 0"
    made = whole if herd.sparse else "TRUE"
    last = "sequence = (SELECT max(sequence) FROM entry WHERE site_id = :site AND episode_id = :source)"
    for table, values, wanted in (
        ("patient", patient, made),
        ("episode", _values(Summary, episode), made),
        ("entry", _values(NewEntry, entry), whole if herd.sparse else f"({whole} OR {last})"),
    ):
        statement = (
            f"INSERT INTO {table} ({', '.join(values)}) {_NUMBERS} SELECT {', '.join(values.values())}"
            f" FROM number CROSS JOIN {table} WHERE site_id = :site AND {of[table]} AND {wanted}"
        )
        told = {"site": SITE, "source": herd.source, "first": herd.first, "last": herd.last}
        connection.execute(text(statement), told)


def _values(row: type[Any], changed: dict[str, str]) -> dict[str, str]:
    return {field.name: changed.get(field.name, field.name) for field in fields(row)}
