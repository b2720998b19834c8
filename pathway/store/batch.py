"""One transaction of the writer: commands decided one after the other, each on the effects of the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from pathway.proof.canonical import canonical
from pathway.proof.chain import GENESIS
from pathway.proof.merkle import leaf_hash
from pathway.store import statements as sql
from pathway.store.identifiers import new_identifier
from pathway.store.sealing import KeySource, no_key
from pathway.store.values import (
    NO_LIMIT,
    Access,
    Erasure,
    Hold,
    KeptPatient,
    NewAudit,
    NewCommit,
    NewEntry,
    NewKey,
    NewMessage,
    NewPatient,
    NewTree,
    Proposal,
    SealedPatient,
    Settled,
    StoredEntry,
    Summary,
    require_text,
)
from pathway.store.walls import enter

KEY_REUSED = "idempotency_key_reused"
"""The outcome when a key comes with another request than the first time."""

EpisodeKey = tuple[str, str]

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Command:
    """What one request wants decided and written.

    `decide` gets what is stored and the instant of recording, and reads nothing else. It may be called more
    than once: only what its last call proposed is written. `key` and `request_digest` make the request
    idempotent for its client; `messages` are the business keys (system, message id) it will ask about.
    With `dry_run` it is decided and answered, nothing is written, and the key is not looked at.
    `access` leaves one audit record in the same transaction, of a dry run and of a repeated answer as well.
    Raises `Unstorable` for a key that no database holds.
    """

    site_id: str
    client_id: str
    episode_id: str | None
    decide: Callable[[View, datetime], Proposal]
    key: str | None = None
    request_digest: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    dry_run: bool = False
    access: Access | None = None

    def __post_init__(self) -> None:
        require_text(self.client_id, self.episode_id or "", self.key or "")
        for system, message_id in self.messages:
            require_text(system, message_id)


class View:
    """What a decision may read: the database under lock, and what was decided before it in the same batch."""

    def __init__(self, batch: Batch, site_id: str, summary: Summary | None) -> None:
        self._batch = batch
        self._site_id = site_id
        self.summary = summary

    def entries(self) -> list[StoredEntry]:
        """The whole log of the episode, in sequence order; empty without an episode."""
        return [] if self.summary is None else self._batch.entries(self._site_id, self.summary.episode_id)

    def message(self, system: str, message_id: str) -> NewMessage | None:
        """The message under this business key, if it came before."""
        return self._batch.message((self._site_id, system, message_id))

    def patient(self, system: str, value: str) -> str | None:
        """The pseudonym of the patient with this identifier. Raises `WrongKey` rather than find nobody."""
        return self._batch.patient((self._site_id, system, value))

    def kept_patient(self, system: str, value: str) -> KeptPatient | None:
        """The patient with this identifier, who from here to the commit is nobody else's business."""
        return self._batch.kept_patient((self._site_id, system, value))

    def episodes_of(self, pseudonym: str) -> tuple[str, ...]:
        """The ids of the patient's episodes, the first opened first."""
        return self._batch.episodes_of(self._site_id, pseudonym)

    def open_episode(self, pseudonym: str, pathway_id: str) -> str | None:
        """The id of the patient's open episode on this pathway."""
        return self._batch.open_episode(self._site_id, pseudonym, pathway_id)


@dataclass(slots=True)
class _Staged:
    """What the commands of one site are to write."""

    keys: list[NewKey] = field(default_factory=list)
    patients: list[SealedPatient] = field(default_factory=list)
    patient_changes: list[Erasure | Hold] = field(default_factory=list)
    episodes: set[EpisodeKey] = field(default_factory=set)
    entries: list[NewEntry] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    answers: list[sql.Answer] = field(default_factory=list)
    audits: list[NewAudit] = field(default_factory=list)
    leaves: list[tuple[str, str, str]] = field(default_factory=list)


class Batch:
    """Begins a transaction, reads what its commands need, settles them in order, and writes everything at the end.

    Its commands may be of several sites. Each statement is run on behalf of one of them: the wall in the database
    lets it see and write that site's rows alone.
    """

    def __init__(
        self,
        connection: Connection,
        statements: sql.Writing,
        clock: Callable[[], datetime],
        commands: Sequence[Command],
        known_sites: Container[str] = (),
        key: KeySource = no_key,
    ) -> None:
        self._connection = connection
        self._key = key
        self._statements = statements
        self._clock = clock
        self._known_sites = known_sites
        self._latest = _NEVER
        self._in_force: str | None = None
        with sql.unawaited(connection):
            connection.begin()
            asked = [self._ask(site_id, of_site) for site_id, of_site in _by_site(commands)]
        summaries = [Summary(*row) for locked, _, _ in asked for row in locked()]
        self._summaries = {_episode_key(summary): summary for summary in summaries}
        self._stored = frozenset(self._summaries)
        answers = [sql.Answer(*row) for _, given, _ in asked for row in given()]
        self._answers = {_answer_key(answer): answer for answer in answers}
        self._messages: dict[tuple[str, str, str], NewMessage | None] = dict.fromkeys(_messages(commands))
        messages = [NewMessage(*row) for _, _, known in asked for row in known()]
        self._messages.update((_message_key(message), message) for message in messages)
        self._patients: dict[tuple[str, str, str], str | None] = {}
        self._key_ids: dict[str, str | None] = {}
        self._staged: defaultdict[str, _Staged] = defaultdict(_Staged)
        self.erases = False

    def _ask(self, site_id: str, commands: Sequence[Command]) -> tuple[sql.Rows, sql.Rows, sql.Rows]:
        """The site's episodes, locked, and its answers and messages."""
        connection, statements = self._at(site_id), self._statements
        locked = statements.episodes.ask(connection, _episodes(commands))
        # Behind the lock: what its holder before us committed is seen.
        answers = statements.answers.ask(connection, _keys(commands))
        return locked, answers, statements.messages.ask(connection, _messages(commands))

    def _at(self, site_id: str) -> Connection:
        """The connection, on behalf of the site."""
        if self._in_force != site_id:
            enter(self._connection, site_id)
            self._in_force = site_id
        return self._connection

    def settle(self, command: Command) -> Settled | Exception:
        """The command's answer, or the error of its decision, which leaves no trace in the batch.

        An error of the database is raised: it is the whole batch's.
        """
        keyed = command.key is not None and not command.dry_run
        if keyed:
            given = self._answers.get((command.site_id, command.client_id, command.key or ""))
            if given is not None:
                again = _again(given, self._blinded(command))
                self._audit(command, again.outcome, command.episode_id, ())
                return again
        try:
            summary = self._summaries.get((command.site_id, command.episode_id or ""))
            now = self._latest = self._clock()
            if summary is not None:
                now = max(now, summary.head_recorded_at + timedelta(microseconds=1))
            proposal = command.decide(View(self, command.site_id, summary), now)
            _require_continuation(proposal, command, self._summaries)
            answer = _answer(command, self._blinded(command), proposal, now) if keyed else None
            patient = None if command.dry_run else self._sealed(proposal.patient)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the answer to this command alone
            return error
        if not command.dry_run:
            self._stage(command.site_id, proposal, answer, patient)
        about = command.episode_id if proposal.summary is None else proposal.summary.episode_id
        written = () if command.dry_run else proposal.entries
        self._audit(
            command,
            proposal.outcome,
            command.episode_id if command.dry_run else about,
            written,
            proposal.shown,
        )
        return Settled(proposal.outcome, proposal.document, proposal.location)

    def write(self) -> None:
        """Writes what was staged.

        One site after the other, each table's rows in the order of their unique key, tables in one order: two
        writers that meet wait for each other instead of standing in a circle. Episodes that close make room for
        those that open.
        """
        with sql.unawaited(self._connection):
            for site_id in sorted(self._staged):
                self._write(site_id, self._staged[site_id])

    def _write(self, site_id: str, staged: _Staged) -> None:
        connection, writes = self._at(site_id), self._statements
        known = [self._summaries[key] for key in staged.episodes & self._stored]
        opened = [self._summaries[key] for key in staged.episodes - self._stored]
        self._write_patients(site_id)
        writes.update_episodes.run(connection, sorted(known, key=_episode_order))
        writes.insert_episodes.run(connection, sorted(opened, key=_episode_order))
        writes.insert_entries.run(connection, staged.entries)
        writes.insert_messages.run(connection, sorted(staged.messages, key=_message_key))
        writes.insert_answers.run(connection, sorted(staged.answers, key=_answer_key))
        writes.insert_audits.run(connection, staged.audits)
        if site_id in self.new_sites:
            writes.insert_trees.run(connection, [NewTree(site_id, self._latest)])
        writes.insert_commits.run(connection, self._commits(site_id))

    @property
    def new_sites(self) -> list[str]:
        """The sites that record something here and are not known to have recorded before."""
        recording = (site for site, staged in self._staged.items() if staged.leaves)
        return [site for site in sorted(recording) if site not in self._known_sites]

    def entries(self, site_id: str, episode_id: str) -> list[StoredEntry]:
        """The log of an episode with what this batch adds to it."""
        rows = self._statements.entries.run(
            self._at(site_id), site_id=site_id, episode_id=episode_id, after=0, limit=NO_LIMIT
        )
        stored = [StoredEntry(*row) for row in rows]
        added = (entry for entry in self._staged[site_id].entries if entry.episode_id == episode_id)
        return [*stored, *added]

    def message(self, key: tuple[str, str, str]) -> NewMessage | None:
        """The message under (site, system, message id)."""
        if key not in self._messages:
            require_text(*key)
            found = self._statements.messages.run(self._at(key[0]), [key])
            self._messages[key] = NewMessage(*found[0]) if found else None
        return self._messages[key]

    def patient(self, key: tuple[str, str, str]) -> str | None:
        """The pseudonym behind (site, system, value)."""
        if key not in self._patients:
            require_text(*key)
            self._require_key(key[0], self._statements.key_in_force)
            found = self._found_patient(key)
            self._patients[key] = found.pseudonym if found else None
        return self._patients[key]

    def kept_patient(self, key: tuple[str, str, str]) -> KeptPatient | None:
        """The patient behind (site, system, value), as this batch leaves them; nobody else changes them meanwhile."""
        require_text(*key)
        self._write_patients(key[0])
        self._key_ids.pop(key[0], None)
        self._require_key(key[0], self._statements.key_in_force_alone)
        return self._found_patient(key)

    def episodes_of(self, site_id: str, pseudonym: str) -> tuple[str, ...]:
        """The patient's episodes with those that this batch opens."""
        rows = self._statements.episodes_of_patient.run(
            self._at(site_id), site_id=site_id, pseudonym=pseudonym
        )
        stored = [Summary(*row).episode_id for row in rows]
        opened = (
            row.episode_id
            for row in (self._summaries[key] for key in self._staged[site_id].episodes - self._stored)
            if row.pseudonym == pseudonym
        )
        return (*stored, *opened)

    def _found_patient(self, key: tuple[str, str, str]) -> KeptPatient | None:
        if self._staged[key[0]].patient_changes:
            self._write_patients(key[0])
        lookup = self._key().lookup(*key)
        rows = self._statements.kept_patient.run(self._at(key[0]), site_id=key[0], lookup=lookup)
        return KeptPatient(*rows[0]) if rows else None

    def _require_key(self, site_id: str, statement: sql.Query) -> None:
        """Raises `WrongKey` unless the site's identifiers are sealed under this process's key, or none is yet."""
        own = self._key()
        if site_id not in self._key_ids:
            rows = statement.run(self._at(site_id), site_id=site_id)
            self._key_ids[site_id] = rows[0][0] if rows else None
        own.require(self._key_ids[site_id])

    def _blinded(self, command: Command) -> str:
        return self._key().blinded(command.site_id, command.request_digest)

    def _sealed(self, patient: NewPatient | None) -> tuple[NewPatient, SealedPatient] | None:
        if patient is None:
            return None
        self._require_key(patient.site_id, self._statements.key_in_force)
        site_id, pseudonym = patient.site_id, patient.pseudonym
        kept = self._key().seal(site_id, pseudonym, patient.system, patient.value)
        sealed = SealedPatient(site_id, pseudonym, kept.lookup, kept.sealed, kept.wrapped_key, kept.key_id)
        return patient, sealed

    def _write_patients(self, site_id: str) -> None:
        """Writes what was staged about the site's patients so far."""
        staged, writes = self._staged[site_id], self._statements
        if not (staged.keys or staged.patients or staged.patient_changes):
            return
        connection = self._at(site_id)
        writes.insert_keys.run(connection, staged.keys)
        writes.insert_patients.run(connection, sorted(staged.patients, key=_patient_order))
        erasures = [change for change in staged.patient_changes if isinstance(change, Erasure)]
        writes.hold_patients.run(connection, [one for one in staged.patient_changes if isinstance(one, Hold)])
        writes.erase_patients.run(connection, erasures)
        for written in (staged.keys, staged.patients, staged.patient_changes):
            written.clear()

    def open_episode(self, site_id: str, pseudonym: str, pathway_id: str) -> str | None:
        """The episode of the patient that is open once this batch is written."""
        touched = self._staged[site_id].episodes
        for row in (self._summaries[key] for key in touched):
            if row.is_open and (row.pseudonym, row.pathway_id) == (pseudonym, pathway_id):
                return row.episode_id
        stored = self._statements.open_episode.run(
            self._at(site_id), site_id=site_id, pseudonym=pseudonym, pathway_id=pathway_id
        )
        return next((found for (found,) in stored if (site_id, found) not in touched), None)

    def _stage(
        self,
        site_id: str,
        proposal: Proposal,
        answer: sql.Answer | None,
        new: tuple[NewPatient, SealedPatient] | None,
    ) -> None:
        staged = self._staged[site_id]
        if new is not None:
            patient, sealed = new
            staged.patients.append(sealed)
            self._patients[patient.site_id, patient.system, patient.value] = patient.pseudonym
            if self._key_ids[patient.site_id] is None:
                self._key_ids[patient.site_id] = sealed.key_id
                staged.keys.append(NewKey(patient.site_id, sealed.key_id))
        if proposal.patient_change is not None:
            self._stage_change(staged, proposal.patient_change)
        if proposal.summary is not None:
            key = _episode_key(proposal.summary)
            self._summaries[key] = proposal.summary
            staged.episodes.add(key)
        staged.entries.extend(proposal.entries)
        for entry in proposal.entries:
            self._add_leaf(site_id, "entry", entry.entry_id, entry.body)
        for message in proposal.messages:
            staged.messages.append(message)
            self._messages[_message_key(message)] = message
        if answer is not None:
            staged.answers.append(answer)
            self._answers[_answer_key(answer)] = answer

    def _stage_change(self, staged: _Staged, change: Erasure | Hold) -> None:
        staged.patient_changes.append(change)
        if isinstance(change, Erasure):
            self.erases = True
            here = [key for key, pseudonym in self._patients.items() if pseudonym == change.pseudonym]
            for key in here:
                del self._patients[key]

    def _audit(
        self,
        command: Command,
        outcome: str,
        episode_id: str | None,
        entries: Sequence[NewEntry],
        shown: tuple[str, ...] = (),
    ) -> None:
        if command.access is not None:
            now = self._latest = self._clock()
            access = replace(command.access, shown=shown) if shown else command.access
            record = _audit_record(command, access, now, outcome, episode_id, entries)
            self._staged[command.site_id].audits.append(record)
            self._add_leaf(command.site_id, "audit", record.audit_id, record.body)

    def _add_leaf(self, site_id: str, kind: str, record_id: str, body: str) -> None:
        self._staged[site_id].leaves.append((kind, record_id, leaf_hash(body.encode())))

    def _commits(self, site_id: str) -> list[NewCommit]:
        leaves = self._staged[site_id].leaves
        if not leaves:
            return []
        return [NewCommit(site_id, new_identifier(self._latest), orjson.dumps(leaves).decode())]


def _audit_record(
    command: Command,
    access: Access,
    now: datetime,
    outcome: str,
    episode_id: str | None,
    entries: Sequence[NewEntry],
) -> NewAudit:
    audit_id = new_identifier(now)
    body = canonical(
        {
            "format": 1,
            "site": command.site_id,
            "audit": audit_id,
            "recorded_at": now.isoformat(timespec="microseconds"),
            "subject": access.subject,
            "client": command.client_id,
            "roles": access.roles,
            "operation": access.operation,
            "episode": episode_id,
            "shown": access.shown,
            "outcome": outcome,
            "reason": access.reason,
            "entries": [{"entry": entry.entry_id, "hash": entry.hash} for entry in entries],
        }
    )
    return NewAudit(
        command.site_id,
        audit_id,
        now,
        access.subject,
        command.client_id,
        access.operation,
        episode_id,
        outcome,
        body.decode(),
        sha256(body).hexdigest(),
    )


def _by_site(commands: Sequence[Command]) -> list[tuple[str, list[Command]]]:
    """In one order, so that none waits in a circle."""
    sites = sorted({command.site_id for command in commands})
    return [(site_id, [one for one in commands if one.site_id == site_id]) for site_id in sites]


def _messages(commands: Iterable[Command]) -> list[tuple[str, str, str]]:
    return [(command.site_id, *message) for command in commands for message in command.messages]


def _episodes(commands: Iterable[Command]) -> Iterable[EpisodeKey]:
    return ((one.site_id, one.episode_id) for one in commands if one.episode_id is not None)


def _keys(commands: Iterable[Command]) -> Iterable[tuple[str, str, str]]:
    return (
        (one.site_id, one.client_id, one.key) for one in commands if one.key is not None and not one.dry_run
    )


def _again(given: sql.Answer, request_digest: str) -> Settled:
    if given.request_digest != request_digest:
        return Settled(KEY_REUSED, b"{}")
    return Settled(given.outcome, given.document.encode(), given.location, replayed=True)


def _answer(command: Command, request_digest: str, proposal: Proposal, now: datetime) -> sql.Answer:
    return sql.Answer(
        site_id=command.site_id,
        client_id=command.client_id,
        key=command.key or "",
        request_digest=request_digest,
        outcome=proposal.outcome,
        document=proposal.document.decode(),
        location=proposal.location,
        recorded_at=now,
    )


def _require_continuation(proposal: Proposal, command: Command, summaries: dict[EpisodeKey, Summary]) -> None:
    """Raises `ValueError` unless the proposal takes one episode from its head to its next head.

    The database would refuse most of this too, but only together with everything else in the batch.
    """
    _require_own_site(proposal, command.site_id)
    after = proposal.summary
    if after is None:
        if proposal.entries or proposal.messages or proposal.patient:
            raise ValueError("a proposal that writes needs a summary")
        return
    if not proposal.entries:
        raise ValueError("a proposal that changes an episode needs an entry")
    key = _episode_key(after)
    if key[0] != command.site_id or key[1] != (command.episode_id or key[1]):
        raise ValueError("the proposal is about another episode than the command")
    before = summaries.get(key)
    sequence, hashed, recorded = (0, GENESIS, _NEVER) if before is None else _head(before)
    for entry in proposal.entries:
        sequence += 1
        if (entry.site_id, entry.episode_id, entry.sequence) != (*key, sequence):
            raise ValueError("the entries do not continue the episode's log")
        if entry.prev_hash != hashed or entry.recorded_at <= recorded:
            raise ValueError("an entry does not follow on the one before it in hash and in time")
        hashed, recorded = entry.hash, entry.recorded_at
    if _head(after) != (sequence, hashed, recorded):
        raise ValueError("the summary's head is not the last entry")


def _require_own_site(proposal: Proposal, site_id: str) -> None:
    """Raises `ValueError` for a proposal that reaches beyond the command's site."""
    touched = [*proposal.messages, proposal.patient, proposal.patient_change]
    if any(one is not None and one.site_id != site_id for one in touched):
        raise ValueError("the proposal is about another site than the command")


def _head(summary: Summary) -> tuple[int, str, datetime]:
    return summary.head_sequence, summary.head_hash, summary.head_recorded_at


def _episode_key(summary: Summary) -> EpisodeKey:
    return summary.site_id, summary.episode_id


def _episode_order(summary: Summary) -> tuple[bool, str, str, str]:
    return summary.is_open, summary.site_id, summary.pseudonym, summary.pathway_id


def _patient_order(patient: SealedPatient) -> tuple[str, str]:
    return patient.site_id, patient.lookup


def _message_key(message: NewMessage) -> tuple[str, str, str]:
    return message.site_id, message.system, message.message_id


def _answer_key(answer: sql.Answer) -> tuple[str, str, str]:
    return answer.site_id, answer.client_id, answer.key
