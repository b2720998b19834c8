"""The statements of the hot paths, compiled once from the tables and run on plain values.

The driver is given text and tuples, and its rows are taken as they are: what SQLAlchemy does for each
parameter and each column of a result costs as much as the rest of a read by key, and a third of a write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement

from pathway.store import tables
from pathway.store.values import (
    Erasure,
    Hold,
    KeptPatient,
    NewAudit,
    NewMessage,
    SealedPatient,
    StoredEntry,
    Summary,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns of `answer`."""

    site_id: str
    client_id: str
    key: str
    request_digest: str
    outcome: str
    document: str
    location: str | None
    recorded_at: datetime


def table_of(model: Any) -> Table:
    """The table behind a row class."""
    table: Table = model.__table__
    return table


PATIENT, EPISODE, ENTRY = table_of(tables.Patient), table_of(tables.Episode), table_of(tables.Entry)
IDENTIFIER_KEY = table_of(tables.IdentifierKey)
MESSAGE, ANSWER = table_of(tables.Message), table_of(tables.Answer)
AUDIT, UNLOGGED, TREE = table_of(tables.Audit), table_of(tables.Unlogged), table_of(tables.Tree)


def columns(table: Table, value: type[Any]) -> Select[Any]:
    """A query whose rows are the arguments of the value class, in order."""
    return select(*(table.c[field.name] for field in fields(value)))


def by(query: Select[Any], table: Table, *names: str) -> Select[Any]:
    """The rows of the query whose columns equal the parameters of the same names."""
    return query.where(*(table.c[name] == bindparam(name) for name in names))


Rows = Callable[[], list[Sequence[Any]]]
"""The rows of a query that was sent, once they are called for."""


@contextmanager
def unawaited(connection: Connection) -> Iterator[None]:
    """What is sent within waits for no answer; the answers are there at the end, where the first error is raised.

    PostgreSQL works through the statements in order, each on its own snapshot, as if they had been awaited.
    A journey there and back for each of them took as long as their work. SQLite is no journey away.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    with translated(connection), connection.connection.driver_connection.pipeline():  # type: ignore[union-attr]
        yield


@contextmanager
def translated(connection: Connection) -> Iterator[None]:
    """Raises errors of the driver as SQLAlchemy would, without a word of the parameters."""
    dialect: Any = connection.dialect
    try:
        yield
    except dialect.dbapi.Error as error:
        gone = dialect.is_disconnect(error, connection.connection, None)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None,
            None,
            error,
            dialect.dbapi.Error,
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=dialect,
        ) from None


class Query:
    """One prepared query, run with its parameters by name."""

    def __init__(self, query: Select[Any], dialect: Dialect) -> None:
        compiled: Any = query.compile(dialect=dialect)
        self._as_text = dialect.name == "sqlite"
        self._text = str(compiled)
        self._names: list[str] = compiled.positiontup
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._converters = [
            (index, convert)
            for index, one in enumerate(query.selected_columns)
            if (convert := one.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def run(self, connection: Connection, **parameters: Any) -> list[Sequence[Any]]:
        """The rows. Raises SQLAlchemy's own errors, without a word of the parameters."""
        return self.ask(connection, **parameters)()

    def ask(self, connection: Connection, **parameters: Any) -> Rows:
        """Sends the query; its rows may be called for afterwards, behind `unawaited`. Raises as `run` does."""
        known = self._constants | parameters
        values = tuple(known[name] for name in self._names)
        with translated(connection):
            cursor = connection.connection.cursor()
            cursor.execute(self._text, tuple(map(_in_sqlite, values)) if self._as_text else values)

        def rows() -> list[Sequence[Any]]:
            with translated(connection), closing(cursor):
                return [self._converted(row) for row in cursor.fetchall()]

        return rows

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return values


class Lookup:
    """Many rows found by their keys in one prepared query, however many keys there are."""

    def __init__(
        self,
        table: Table,
        value: type[Any],
        keys: tuple[str, ...],
        dialect: Dialect,
        refine: Callable[[Select[Any]], Select[Any]] = lambda query: query,
    ) -> None:
        wanted = _wanted(keys, dialect)
        found = columns(table, value).join(wanted, and_(*(table.c[key] == wanted.c[key] for key in keys)))
        self._keys = keys
        self._query = Query(refine(found), dialect)

    def run(self, connection: Connection, keys: Iterable[tuple[str, ...]]) -> list[Sequence[Any]]:
        """The rows under the keys, each once; asks nothing when there are none."""
        return self.ask(connection, keys)()

    def ask(self, connection: Connection, keys: Iterable[tuple[str, ...]]) -> Rows:
        """As `Query.ask`."""
        distinct = set(keys)
        if not distinct:
            return list
        wanted = orjson.dumps([dict(zip(self._keys, key, strict=True)) for key in distinct]).decode()
        return self._query.ask(connection, wanted=wanted)


def _wanted(keys: tuple[str, ...], dialect: Dialect) -> Any:
    # They travel as one JSON text. A list of parameters would be another statement for each length, and the
    # planner may filter by a list where it should look each key up.
    parameter = bindparam("wanted", type_=Text)
    if dialect.name == "postgresql":
        records = func.json_to_recordset(cast(parameter, JSON))
        rows = records.table_valued(*(column(key, tables.Key) for key in keys), name="wanted")
        return rows.render_derived(with_types=True)
    each = func.json_each(parameter).table_valued("value")
    members = (func.json_extract(each.c.value, literal_column(f"'$.{key}'")).label(key) for key in keys)
    return select(*members).subquery("wanted")


def _one_of(query: Select[Any], member: ColumnElement[str], name: str, dialect: Dialect) -> Select[Any]:
    """The rows whose `member` is among those of the parameter `name`: a list, on SQLite as JSON text."""
    parameter = bindparam(name, type_=ARRAY(Text) if dialect.name == "postgresql" else Text)
    if dialect.name == "postgresql":
        return query.where(member == any_(parameter))
    each = func.json_each(parameter).table_valued("value")
    return query.where(member.in_(select(each.c.value)))


class Many:
    """One prepared statement, run once for each of many values whose attributes are its parameters."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._values: Callable[[Any], tuple[Any, ...]] = attrgetter(*compiled.positiontup)
        self._as_text = dialect.name == "sqlite"

    def run(self, connection: Connection, values: Iterable[Any]) -> None:
        """Runs for every value; does nothing when there are none."""
        rows = [self._values(value) for value in values]
        if self._as_text:
            rows = [tuple(map(_in_sqlite, row)) for row in rows]
        if len(rows) == 1:
            connection.exec_driver_sql(self._text, rows[0])
        elif rows:
            connection.exec_driver_sql(self._text, rows)


def _in_sqlite(value: Any) -> Any:
    kind = type(value)
    if kind is datetime:
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if kind is date else value


class Reading:
    """The queries by key, for readers and for decisions."""

    def __init__(self, dialect: Dialect) -> None:
        episodes, entries = columns(EPISODE, Summary), columns(ENTRY, StoredEntry)
        self.episode = Query(by(episodes, EPISODE, "site_id", "episode_id"), dialect)
        self.episodes_of_patient = Query(
            by(episodes, EPISODE, "site_id", "pseudonym").order_by(EPISODE.c.opened_on, EPISODE.c.episode_id),
            dialect,
        )
        self.open_episode = Query(
            by(select(EPISODE.c.episode_id), EPISODE, "site_id", "pseudonym", "pathway_id").where(
                EPISODE.c.is_open
            ),
            dialect,
        )
        self.episodes_by_id = Query(
            _one_of(by(episodes, EPISODE, "site_id"), EPISODE.c.episode_id, "episode_ids", dialect), dialect
        )
        on_pathway = by(episodes, EPISODE, "site_id", "pathway_id").where(
            EPISODE.c.opened_on.between(bindparam("since"), bindparam("until"))
        )
        self.episodes_on_pathway = Query(
            on_pathway.order_by(EPISODE.c.opened_on.desc(), EPISODE.c.episode_id.desc()).limit(
                bindparam("limit")
            ),
            dialect,
        )
        self.entries_of_episodes = Query(
            _one_of(by(entries, ENTRY, "site_id"), ENTRY.c.episode_id, "episode_ids", dialect).order_by(
                ENTRY.c.episode_id, ENTRY.c.sequence
            ),
            dialect,
        )
        self.entry = Query(by(entries, ENTRY, "site_id", "entry_id"), dialect)
        self.entries = Query(
            by(entries, ENTRY, "site_id", "episode_id")
            .where(ENTRY.c.sequence > bindparam("after"))
            .order_by(ENTRY.c.sequence)
            .limit(bindparam("limit")),
            dialect,
        )
        self.audits_of_episode = Query(
            by(columns(AUDIT, NewAudit), AUDIT, "site_id", "episode_id").order_by(AUDIT.c.audit_id), dialect
        )
        self.patient = Query(_with_the_key_in_force(), dialect)
        sealed = by(columns(PATIENT, SealedPatient), PATIENT, "site_id").where(PATIENT.c.erased_at.is_(None))
        self.sealed = Query(_one_of(sealed, PATIENT.c.pseudonym, "pseudonyms", dialect), dialect)
        pseudonyms = by(select(PATIENT.c.pseudonym), PATIENT, "site_id").order_by(PATIENT.c.pseudonym)
        self.erased = Query(pseudonyms.where(PATIENT.c.erased_at.is_not(None)), dialect)
        self.unerased = Query(pseudonyms.where(PATIENT.c.erased_at.is_(None)), dialect)


class Writing(Reading):
    """What a batch looks up before it decides, and what it writes afterwards."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self.episodes = Lookup(EPISODE, Summary, ("site_id", "episode_id"), dialect, _locked_in_order)
        self.answers = Lookup(ANSWER, Answer, ("site_id", "client_id", "key"), dialect, _locked_for_good)
        self.messages = Lookup(MESSAGE, NewMessage, ("site_id", "system", "message_id"), dialect)
        key_in_force = by(select(IDENTIFIER_KEY.c.key_id), IDENTIFIER_KEY, "site_id")
        # Shared, so that no patient is erased and no key exchanged between looking one up and the commit.
        self.key_in_force = Query(key_in_force.with_for_update(read=True), dialect)
        self.key_in_force_alone = Query(key_in_force.with_for_update(), dialect)
        self.kept_patient = Query(by(columns(PATIENT, KeptPatient), PATIENT, "site_id", "lookup"), dialect)
        self.insert_keys = Many(insert(IDENTIFIER_KEY), dialect)
        self.insert_patients = Many(_inserting(PATIENT, SealedPatient), dialect)
        self.erase_patients = Many(
            _changing_a_patient(Erasure, "lookup", "sealed", "wrapped_key", "key_id"), dialect
        )
        self.hold_patients = Many(_changing_a_patient(Hold), dialect)
        self.insert_episodes = Many(insert(EPISODE), dialect)
        self.update_episodes = Many(_replacing_a_summary(), dialect)
        self.insert_entries = Many(insert(ENTRY), dialect)
        self.insert_messages = Many(insert(MESSAGE), dialect)
        self.insert_answers = Many(insert(ANSWER), dialect)
        self.insert_audits = Many(insert(AUDIT), dialect)
        self.insert_commits = Many(insert(UNLOGGED), dialect)
        one_more = sqlite.insert(TREE) if dialect.name == "sqlite" else postgresql.insert(TREE)
        self.insert_trees = Many(one_more.on_conflict_do_nothing(), dialect)


def _locked_in_order(query: Select[Any]) -> Select[Any]:
    # Every writer locks in the same order, so that none waits in a circle.
    return query.order_by(EPISODE.c.site_id, EPISODE.c.episode_id).with_for_update(of=EPISODE)


def _locked_for_good(query: Select[Any]) -> Select[Any]:
    # An answer may be seen before it is safe, when its own commit was cut off while it waited for the standby.
    # The lock makes the commit that repeats it wait as well: the standby has the answer before anybody else.
    return query.with_for_update(read=True, key_share=True, of=ANSWER)


def _with_the_key_in_force() -> Select[Any]:
    """The name of the site's key, and beside it the pseudonym behind `lookup` if there is one."""
    of_the_site = and_(PATIENT.c.site_id == IDENTIFIER_KEY.c.site_id, PATIENT.c.lookup == bindparam("lookup"))
    both = select(IDENTIFIER_KEY.c.key_id, PATIENT.c.pseudonym)
    return by(both.select_from(IDENTIFIER_KEY.outerjoin(PATIENT, of_the_site)), IDENTIFIER_KEY, "site_id")


def _inserting(table: Table, value: type[Any]) -> ClauseElement:
    return insert(table).values({field.name: bindparam(field.name) for field in fields(value)})


def _changing_a_patient(value: type[Any], *emptied: str) -> ClauseElement:
    key = ("site_id", "pseudonym")
    changed: dict[str, Any] = {one.name: bindparam(one.name) for one in fields(value) if one.name not in key}
    changed |= dict.fromkeys(emptied, null())
    return update(PATIENT).where(*(PATIENT.c[name] == bindparam(name) for name in key)).values(changed)


def _replacing_a_summary() -> ClauseElement:
    key = ("site_id", "episode_id")
    changed: dict[str, Any] = {one.name: bindparam(one.name) for one in EPISODE.c if one.name not in key}
    return update(EPISODE).where(*(EPISODE.c[name] == bindparam(name) for name in key)).values(changed)
