"""What the store takes and gives back: plain frozen values, so that nobody above it sees a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pathway.proof.merkle import EMPTY
from pathway.store.engines import Unstorable


@dataclass(frozen=True, slots=True)
class Summary:
    """The replaceable row of one episode: what the worklist and the fast path need without reading the log.

    `snapshot` is the JSON text of the folded episode. `head_*` describe the last entry. The due window
    (`due_earliest`, `due_target`, `due_latest`) belongs to `due_what`. `missing`, `waiting` and `reviews`
    count what somebody has to obtain, to decide and to look at; `urgent` what has to be seen to at once, and is
    None in a row that a release wrote which did not count it.
    """

    site_id: str
    episode_id: str
    pseudonym: str
    pathway_id: str
    pathway_version: int
    content_hash: str
    engine: str
    time_zone: str
    opened_on: date
    is_open: bool
    state: str
    head_sequence: int
    head_hash: str
    head_recorded_at: datetime
    facts_digest: str
    last_on: date
    snapshot: str
    recommended: str | None
    needs_tumour_board: bool
    due_what: str | None
    due_earliest: date | None
    due_target: date | None
    due_latest: date | None
    missing: int
    waiting: int
    reviews: int
    urgent: int | None = None

    @property
    def leads(self) -> bool:
        """True when it stands before the rest of the worklist: something is urgent, or nobody knows whether it is."""
        return self.urgent != 0


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One entry of an episode's log, sealed.

    `body` is the canonical JSON text which was hashed, `recommendation` the JSON text of what the pathway
    said next once this entry was known (`None` where nothing was computed).
    """

    site_id: str
    episode_id: str
    sequence: int
    entry_id: str
    kind: str
    occurred_on: date
    recorded_at: datetime
    actor: str
    client_id: str
    body: str
    prev_hash: str
    hash: str
    recommendation: str | None = None


StoredEntry = NewEntry
"""An entry reads back exactly as it was written."""


@dataclass(frozen=True, slots=True)
class NewPatient:
    """The one place where a patient's identifier stands beside the pseudonym used everywhere else."""

    site_id: str
    pseudonym: str
    system: str
    value: str

    def __post_init__(self) -> None:
        require_text(self.system, self.value)


@dataclass(frozen=True, slots=True)
class SealedPatient:
    """A patient as the database has it: a pseudonym, and an identifier that nobody can read there."""

    site_id: str
    pseudonym: str
    lookup: str
    sealed: str
    wrapped_key: str
    key_id: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """Which key the identifiers of a site are sealed under from its first patient on."""

    site_id: str
    key_id: str


@dataclass(frozen=True, slots=True)
class KeptPatient:
    """What is known of a patient who is kept; `held_*` say why, by whom and since when nothing may be erased."""

    pseudonym: str
    held_because: str | None
    held_by: str | None
    held_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on a patient's data, or, with nothing in it, the end of one."""

    site_id: str
    pseudonym: str
    held_because: str | None = None
    held_by: str | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """The end of a patient's identifier: key, seal and index go, the pseudonym stays as a tombstone."""

    site_id: str
    pseudonym: str
    erased_at: datetime
    erased_by: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A business key (source system and message id) and the entry it became."""

    site_id: str
    system: str
    message_id: str
    content_digest: str
    episode_id: str
    entry_id: str

    def __post_init__(self) -> None:
        require_text(self.system, self.message_id)


@dataclass(frozen=True, slots=True)
class Access:
    """Who does what, as an audit record says it: the person or system, its roles, and the operation's name.

    `shown` are the ids of the episodes that the answer lists, `reason` is what a person gave as one.
    """

    subject: str
    roles: tuple[str, ...]
    operation: str
    shown: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NewAudit:
    """One audit record, sealed: `body` is the canonical JSON text that was hashed."""

    site_id: str
    audit_id: str
    recorded_at: datetime
    subject: str
    client_id: str
    operation: str
    episode_id: str | None
    outcome: str
    body: str
    hash: str


StoredAudit = NewAudit
"""An audit record reads back exactly as it was written."""


@dataclass(frozen=True, slots=True)
class AuditsOf:
    """Audit records with one of these outcomes, or of one of these operations; or `all_others`."""

    outcomes: frozenset[str]
    operations: frozenset[str] = frozenset()
    all_others: bool = False


@dataclass(frozen=True, slots=True)
class NewCommit:
    """What a commit adds to the Merkle log of a site.

    `leaves` is a JSON list of [`entry` or `audit`, the record's id, its leaf hash] in the order of recording.
    """

    site_id: str
    commit_id: str
    leaves: str


@dataclass(frozen=True, slots=True)
class NewTree:
    """The Merkle log of a site that records for the first time: no leaves, and nobody is at work on it."""

    site_id: str
    updated_at: datetime
    size: int = 0
    root: str = EMPTY
    lease_holder: str | None = None
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a use case wants written and answered.

    A refusal is a proposal without entries and without a summary: only its answer is kept.
    `document` is the answer's body, UTF-8; a replay returns it byte for byte. `patient_change` erases a patient
    or sets or lifts a hold. `shown` are episodes that the answer lists, for the audit record.
    """

    outcome: str
    document: bytes
    location: str | None = None
    entries: tuple[NewEntry, ...] = ()
    summary: Summary | None = None
    patient: NewPatient | None = None
    messages: tuple[NewMessage, ...] = ()
    patient_change: Erasure | Hold | None = None
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to a command, durable when it is handed out; `replayed` when it had been given before."""

    outcome: str
    document: bytes
    location: str | None = None
    replayed: bool = False


LONGEST_KEY = 255
"""Characters of an identifier, a message id or an idempotency key: PostgreSQL has to fit each into an index."""

NO_LIMIT = 2**31 - 1
"""More than any database returns."""


def require_text(*texts: str) -> None:
    """Raises `Unstorable` for keys that not every database holds: with NUL, half a surrogate pair, or long."""
    for text in texts:
        if "\0" in text or not (text.isascii() or _is_unicode(text)):
            raise Unstorable("the text contains a NUL character or half of a surrogate pair")
        if len(text) > LONGEST_KEY:
            raise Unstorable(f"the text is longer than {LONGEST_KEY} characters")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
