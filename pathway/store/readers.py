"""What can be asked of the store outside a write: an episode, its log, a patient's episodes, the worklist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar, get_args

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pathway.store.engines import Engines, Journal, fault
from pathway.store.sealing import KeySource, Sealed, no_key
from pathway.store.statements import AUDIT, EPISODE, Query, Reading, by, columns, unawaited
from pathway.store.tables import Instant, Key
from pathway.store.values import NO_LIMIT, AuditsOf, SealedPatient, StoredAudit, StoredEntry, Summary
from pathway.store.walls import enter

Kind = Literal["urgent", "due", "overdue", "missing", "waiting", "board", "review"]
Position = tuple[bool, date | None, str]
"""Where a page of the worklist ended: whether its last row is one of those that lead, its target date, if it has one,
and the episode id."""

Start = tuple[bool, bool]
"""Whether a page begins among those that lead, and among the dated ones."""
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Durability:
    """How an acknowledged write is kept.

    `sync`: on a standby as well; `async`: on the one PostgreSQL; `embedded`: in the SQLite file, whose
    journal is then given as it is in force.
    """

    kind: Literal["sync", "async", "embedded"]
    journal: Journal | None = None


class Readers:
    """Reads on connections of their own; every call raises `StoreUnavailable` when there is no answer."""

    def __init__(self, engines: Engines, key: KeySource = no_key) -> None:
        self._engines = engines
        self._key = key
        self._queries = Reading(engines.read.dialect)
        self._audits: dict[tuple[frozenset[str], AuditsOf | None], Query] = {}
        self._pages: dict[tuple[Kind | None, bool, Start | None], Query] = {}
        self._counts: dict[bool, Query] = {}

    def summary(self, site_id: str, episode_id: str) -> Summary | None:
        """The summary row of the episode."""
        found = self._rows(self._queries.episode, site_id=site_id, episode_id=episode_id)
        return Summary(*found[0]) if found else None

    def summaries(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Summary]:
        """The summary rows of the episodes (site, episode id) that exist, with one question for each site."""
        wanted: dict[str, list[str]] = {}
        for site_id, episode_id in keys:
            wanted.setdefault(site_id, []).append(episode_id)
        found: dict[tuple[str, str], Summary] = {}
        for site_id, ids in wanted.items():
            listed = ids if self._engines.dialect == "postgresql" else orjson.dumps(ids).decode()
            for row in self._rows(self._queries.episodes_by_id, site_id=site_id, episode_ids=listed):
                summary = Summary(*row)
                found[summary.site_id, summary.episode_id] = summary
        return found

    def entries(
        self, site_id: str, episode_id: str, after: int = 0, limit: int | None = None
    ) -> list[StoredEntry]:
        """The entries behind the sequence number `after`, in order, at most `limit`."""
        most = NO_LIMIT if limit is None else limit
        found = self._rows(
            self._queries.entries, site_id=site_id, episode_id=episode_id, after=after, limit=most
        )
        return [StoredEntry(*row) for row in found]

    def entries_of(self, site_id: str, episode_ids: Iterable[str]) -> dict[str, list[StoredEntry]]:
        """Every entry of these episodes of the site, in order, by episode; in one question."""
        wanted = list(episode_ids)
        listed = wanted if self._engines.dialect == "postgresql" else orjson.dumps(wanted).decode()
        found: dict[str, list[StoredEntry]] = {each: [] for each in wanted}
        for row in self._rows(self._queries.entries_of_episodes, site_id=site_id, episode_ids=listed):
            entry = StoredEntry(*row)
            found[entry.episode_id].append(entry)
        return found

    def entry(self, site_id: str, entry_id: str) -> StoredEntry | None:
        """The entry with this id, whichever episode of the site it belongs to."""
        found = self._rows(self._queries.entry, site_id=site_id, entry_id=entry_id)
        return StoredEntry(*found[0]) if found else None

    def find_patient(self, site_id: str, system: str, value: str) -> str | None:
        """The pseudonym of the patient with this identifier. Raises `WrongKey` rather than find nobody."""
        own = self._key()
        lookup = own.lookup(site_id, system, value)
        found = self._rows(self._queries.patient, site_id=site_id, lookup=lookup)
        key_id, pseudonym = found[0] if found else (None, None)
        own.require(key_id)
        return pseudonym

    def identifiers(self, site_id: str, pseudonyms: Iterable[str]) -> dict[str, tuple[str, str]]:
        """System and value of these patients of the site, by pseudonym, in one question; the erased are left out.

        Raises `WrongKey`, and `SealBroken` for an identifier that was altered.
        """
        wanted = list(dict.fromkeys(pseudonyms))
        if not wanted:
            return {}
        own = self._key()
        listed = wanted if self._engines.dialect == "postgresql" else orjson.dumps(wanted).decode()
        found = self._rows(self._queries.sealed, site_id=site_id, pseudonyms=listed)
        patients = (SealedPatient(*row) for row in found)
        return {
            each.pseudonym: own.unseal(
                site_id, each.pseudonym, Sealed(each.lookup, each.sealed, each.wrapped_key, each.key_id)
            )
            for each in patients
        }

    def erased_patients(self, site_id: str) -> list[str]:
        """The pseudonyms of the site's patients who were erased."""
        return [pseudonym for (pseudonym,) in self._rows(self._queries.erased, site_id=site_id)]

    def unerased_patients(self, site_id: str) -> list[str]:
        """The pseudonyms of the site's patients who were not."""
        return [pseudonym for (pseudonym,) in self._rows(self._queries.unerased, site_id=site_id)]

    def require_key(self, site_id: str) -> None:
        """Raises `WrongKey` when the site's identifiers are sealed under another key than this process has."""
        found = self._rows(self._queries.patient, site_id=site_id, lookup="")
        self._key().require(found[0][0] if found else None)

    def episodes_of(self, site_id: str, pseudonym: str) -> list[Summary]:
        """The patient's episodes, the first opened first."""
        found = self._rows(self._queries.episodes_of_patient, site_id=site_id, pseudonym=pseudonym)
        return [Summary(*row) for row in found]

    def on_pathway(
        self, site_id: str, pathway_id: str, *, since: date | None, until: date | None, limit: int
    ) -> list[Summary]:
        """The site's episodes on any version of the pathway, open and closed, the last opened first, at most `limit`.

        `since` and `until` are the first and the last day of opening that is wanted.
        """
        found = self._rows(
            self._queries.episodes_on_pathway,
            site_id=site_id,
            pathway_id=pathway_id,
            since=since or date.min,
            until=until or date.max,
            limit=limit,
        )
        return [Summary(*row) for row in found]

    def worklist(
        self,
        site_id: str,
        *,
        today: date,
        kind: Kind | None = None,
        due_before: date | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> list[Summary]:
        """The site's open episodes: the urgent ones, then the rest, each the nearest target date first.

        Those without a target date come at the end of either. `urgent`: something has to be seen to at once, or
        nobody knows whether it has. `due`: the window is open on `today`. `overdue`: it has passed. `missing`,
        `waiting`, `review`: there is something to obtain, to decide, to look at. `board`: the pathway leaves the
        choice to the tumour board. `due_before` keeps the target dates before it. `after` is the position of the
        last row of the page before.
        """
        start = None if after is None else (after[0], after[1] is not None)
        found = self._rows(
            self._page(kind, start, bounded=due_before is not None),
            site_id=site_id,
            today=today,
            due_before=due_before,
            after_target=None if after is None else after[1],
            after_id=None if after is None else after[2],
            limit=limit,
        )
        return [Summary(*row) for row in found]

    def worklist_counts(
        self, site_id: str, *, today: date, due_before: date | None = None
    ) -> dict[str | None, int]:
        """How many rows `worklist` has of each kind, and of all (None); in one question, which goes through them."""
        bounded = due_before is not None
        if bounded not in self._counts:
            self._counts[bounded] = Query(_counts(bounded=bounded), self._engines.read.dialect)
        (row,) = self._rows(self._counts[bounded], site_id=site_id, today=today, due_before=due_before)
        return dict(zip((None, *_KINDS), row, strict=True))

    def audits_of_episode(self, site_id: str, episode_id: str) -> list[StoredAudit]:
        """The records about this one episode, in the order of their ids."""
        found = self._rows(self._queries.audits_of_episode, site_id=site_id, episode_id=episode_id)
        return [StoredAudit(*row) for row in found]

    def audits(  # noqa: PLR0913  (each of them narrows the same question)
        self,
        site_id: str,
        *,
        subject: str | None = None,
        operation: str | None = None,
        episode: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: str | None = None,
        limit: int = 50,
        of: AuditsOf | None = None,
    ) -> list[StoredAudit]:
        """The site's audit records, the newest first: those behind the record `before`, at most `limit`.

        `since` is the first instant, `until` the first one no more. `episode` also finds lists that named it.
        Each `of` makes a query that is kept.
        """
        wanted = {
            "subject": subject,
            "operation": operation,
            "episode": episode,
            "since": since,
            "until": until,
            "before": before,
        }
        asked = frozenset(name for name, value in wanted.items() if value is not None)
        shape = (asked, of)
        if shape not in self._audits:
            self._audits[shape] = Query(_audit_page(asked, of), self._engines.read.dialect)
        parameters = {name: wanted[name] for name in asked}
        if episode is not None:
            parameters["named"] = f'%"{episode}"%'
        found = self._rows(self._audits[shape], site_id=site_id, limit=limit, **parameters)
        return [StoredAudit(*row) for row in found]

    def ping(self) -> None:
        """Returns when the database answers."""
        self._ask(lambda connection: connection.scalar(text("SELECT 1")))

    def durability(self) -> Durability:
        """How writes are kept, asked of the database and not of the settings."""
        return self._ask(_sqlite_durability if self._engines.dialect == "sqlite" else _postgresql_durability)

    def _page(self, kind: Kind | None, start: Start | None, *, bounded: bool) -> Query:
        shape = (kind, bounded, start)
        if shape not in self._pages:
            self._pages[shape] = Query(_page(kind, start, bounded=bounded), self._engines.read.dialect)
        return self._pages[shape]

    def _rows(self, query: Query, *, site_id: str, **parameters: Any) -> list[Sequence[Any]]:
        def question(connection: Connection) -> list[Sequence[Any]]:
            with unawaited(connection):
                enter(connection, site_id)
                rows = query.ask(connection, site_id=site_id, **parameters)
            return rows()

        return self._ask(question)

    def _ask(self, question: Callable[[Connection], Found]) -> Found:
        try:
            try:
                return self._once(question)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._once(question)  # the connection had died while it waited for use
        except SQLAlchemyError as error:
            raise fault(error) from None

    def _once(self, question: Callable[[Connection], Found]) -> Found:
        with self._engines.read.connect() as connection:
            return question(connection)


_TODAY = bindparam("today", type_=Date)
_LIMIT = bindparam("limit", type_=Integer)


_LEADS: Final = or_(EPISODE.c.urgent.is_(None), EPISODE.c.urgent > literal_column("0"))
"""Word for word as the index of those that lead has it: PostgreSQL would not know it again by a bound number."""


def _is(kind: Kind) -> ColumnElement[bool]:
    opens = func.coalesce(EPISODE.c.due_earliest, EPISODE.c.due_target)
    ends = func.coalesce(EPISODE.c.due_latest, EPISODE.c.due_target)
    match kind:
        case "urgent":
            return _LEADS
        case "board":
            return EPISODE.c.needs_tumour_board
        case "due":
            return and_(opens <= _TODAY, or_(ends.is_(None), ends >= _TODAY))
        case "overdue":
            return ends < _TODAY
        case "missing":
            return EPISODE.c.missing > 0
        case "waiting":
            return EPISODE.c.waiting > 0
        case "review":
            return EPISODE.c.reviews > 0


def _page(kind: Kind | None, start: Start | None, *, bounded: bool) -> Select[Any]:
    """One page, as ranges of two indexes: those that lead and the rest, each dated and undated.

    The databases place NULL differently, and with "NULLS LAST" one of them would sort the whole list for each
    page. One statement, so that a row which moves from one range to another is not seen in both.
    """
    query = by(columns(EPISODE, Summary), EPISODE, "site_id").where(EPISODE.c.is_open)
    if kind is not None:
        query = query.where(_is(kind))
    target, episode_id = EPISODE.c.due_target, EPISODE.c.episode_id
    after_target, after_id = bindparam("after_target", type_=Date), bindparam("after_id", type_=Key)
    ranges = []
    for leads, dated in ((True, True), (True, False), (False, True), (False, False)):
        if (start is not None and (leads, dated) > start) or (bounded and not dated):
            continue
        one = query.where(_LEADS if leads else EPISODE.c.urgent == 0)
        one = one.where(target.is_not(None) if dated else target.is_(None))
        if bounded:
            one = one.where(target < bindparam("due_before", type_=Date))
        if (leads, dated) == start:
            one = one.where(
                tuple_(target, episode_id) > tuple_(after_target, after_id)
                if dated
                else episode_id > after_id
            )
        ranges.append(one.order_by(target, episode_id).limit(_LIMIT).subquery())
    if not ranges:  # behind the undated ones nothing is dated
        ranges.append(query.where(false()).subquery())
    both = union_all(*(select(one) for one in ranges)).subquery()
    follows = case((or_(both.c.urgent.is_(None), both.c.urgent > 0), 0), else_=1)
    in_order = select(both).order_by(
        follows, both.c.due_target.is_(None), both.c.due_target, both.c.episode_id
    )
    return in_order.limit(_LIMIT)


_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def _counts(*, bounded: bool) -> Select[Any]:
    """How many open episodes there are, and of each kind."""
    number = func.count()
    counted: Any = select(number, *(number.filter(_is(kind)) for kind in _KINDS))
    query = by(counted, EPISODE, "site_id").where(EPISODE.c.is_open)
    return query.where(EPISODE.c.due_target < bindparam("due_before", type_=Date)) if bounded else query


def _audit_page(asked: frozenset[str], of: AuditsOf | None) -> Select[Any]:
    columns_of = AUDIT.c
    conditions = {
        "subject": columns_of.subject == bindparam("subject", type_=Key),
        "operation": columns_of.operation == bindparam("operation", type_=Text),
        "episode": or_(
            columns_of.episode_id == bindparam("episode", type_=Key),
            and_(columns_of.episode_id.is_(None), columns_of.body.like(bindparam("named", type_=Text))),
        ),
        "since": columns_of.recorded_at >= bindparam("since", type_=Instant),
        "until": columns_of.recorded_at < bindparam("until", type_=Instant),
        "before": columns_of.audit_id < bindparam("before", type_=Key),
    }
    query = by(columns(AUDIT, StoredAudit), AUDIT, "site_id").where(
        *(conditions[name] for name in sorted(asked))
    )
    if of is not None:
        any_of = or_(
            *(columns_of.outcome == each for each in sorted(of.outcomes)),
            *(columns_of.operation == each for each in sorted(of.operations)),
        )
        query = query.where(not_(any_of) if of.all_others else any_of)
    return query.order_by(columns_of.audit_id.desc()).limit(_LIMIT)


def _sqlite_durability(connection: Connection) -> Durability:
    mode = str(connection.scalar(text("PRAGMA journal_mode"))).upper()
    level = int(connection.scalar(text("PRAGMA synchronous")) or 0)
    return Durability("embedded", Journal(mode, ("OFF", "NORMAL", "FULL", "EXTRA")[level]))


def _postgresql_durability(connection: Connection) -> Durability:
    standbys = connection.scalar(select(func.current_setting("synchronous_standby_names")))
    return Durability("sync" if standbys else "async")
