"""Verifies what a site recorded against itself, against its signed checkpoints, and against the definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.fold import fold
from pathway.engine.recommendation import recommend
from pathway.episodes.log import effective_history
from pathway.proof.canonical import canonical
from pathway.proof.merkle import FAN, complete, over, root
from pathway.proof.verifier import GENESIS, leaf_hash
from pathway.store.protections import protections
from pathway.store.sealing import IdentifierKey, KeySource, SealBroken, Sealed
from pathway.store.tree import MerkleLog, PlacedLeaf
from pathway.store.values import StoredAudit, StoredEntry, Summary
from pathway.store.whole_site import PlacedEntry, WholeSite
from pathway.use_cases import keys
from pathway.use_cases.checkpoints import Kept, Notary, NotSigned, signed_at
from pathway.use_cases.derivation import day_of, derived_traces
from pathway.use_cases.draft import FIRST_DAY, entry_of, standing_columns
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.standing import summary_of
from pathway.use_cases.wording import day_in_words


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: where, which kind of thing it is, and a sentence."""

    site: str
    what: str
    sentence: str
    episode: str | None = None
    entry: int | None = None
    """The sequence number of the entry."""


@dataclass(slots=True)
class Report:
    """What was verified at a site, and what does not hold."""

    site: str
    episode: str | None = None
    """The one episode that was looked at; None for the whole site."""
    episodes: int = 0
    entries: int = 0
    records: int = 0
    leaves: int = 0
    root: str = ""
    waiting: int = 0
    """Records that no checkpoint covers yet."""
    since: int = 0
    """Entries that were recorded while this was verified, and not looked at."""
    checkpoints: int = 0
    last_checkpoint: str | None = None
    identifiers: int = 0
    """Patients' identifiers that are their own."""
    without_key: bool = False
    """True when there was no key to open identifiers with."""
    derived: int = 0
    """Recommendations derived again under the running engine and found the same."""
    derived_same: int = 0
    """Recommendations made by another engine that the running one makes as well."""
    derived_otherwise: int = 0
    """Recommendations made by another engine that the running one would not make."""
    not_derived: int = 0
    """Entries of logs, or under definitions, that are not what was sealed: nothing follows from those."""
    answered: list[str] = field(default_factory=list)
    """When, by whom and why a log was continued that did not agree with earlier checkpoints."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """True when nothing was found."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"holds": self.holds, **asdict(self)}

    def sentences(self) -> Iterator[str]:
        """The result, for people."""
        if self.episode:
            yield self._of_one(self.episode)
        elif self.holds:
            yield (
                f"Site {self.site} holds: {_counted(self.episodes, 'episode')} with"
                f" {_counted(self.entries, 'entry', 'entries')} and {_counted(self.records, 'audit record')} are"
                f" unaltered and in unbroken chains; the log of {_counted(self.leaves, 'leaf', 'leaves')} has the"
                f" root {self.root}."
            )
        else:
            yield f"SITE {self.site} DOES NOT HOLD: {_counted(len(self.findings), 'finding')}."
        told = "recommendation was", "recommendations were"
        if self.derived or self.derived_same or self.derived_otherwise:
            yield f"{_counted(self.derived, *told)} derived again, the same to the last bit."
        if self.derived_same or self.derived_otherwise:
            yield (
                f"Of those that another engine made, this one makes {self.derived_same} the same"
                f" and {self.derived_otherwise} otherwise."
            )
        if self.not_derived:
            yield (
                f"{_counted(self.not_derived, *told)} not derived again: from entries, or a definition, that are not"
                " what was sealed nothing follows."
            )
        yield (
            f"{_counted(self.checkpoints, 'signed checkpoint agrees', 'signed checkpoints agree')} with the log;"
            f" the last is of {self.last_checkpoint}."
            if self.checkpoints
            else "No checkpoint has been signed yet: that the log was not rebuilt as a whole cannot be seen."
        )
        if self.without_key:
            yield "Patients' identifiers were not looked at: there is no key to open them with."
        yield from (
            f"The log was continued from another state, {each.rstrip('.')}." for each in self.answered
        )
        if self.waiting:
            yield (
                f"{_counted(self.waiting, 'record was', 'records were')} recorded"
                f" {'since' if self.last_checkpoint else 'so far'}; the next checkpoint covers"
                f" {'it' if self.waiting == 1 else 'them'}."
            )
        if self.since:
            told = "entry was", "entries were"
            yield f"{_counted(self.since, *told)} recorded meanwhile; the next verification looks at them."

    def _of_one(self, episode: str) -> str:
        if self.holds:
            return (
                f"The record of episode {episode} at site {self.site} holds:"
                f" {_counted(self.entries, 'entry', 'entries')} unaltered, in an unbroken chain, and in the log of"
                " the site."
            )
        found = _counted(len(self.findings), "finding")
        return f"THE RECORD OF EPISODE {episode} AT SITE {self.site} DOES NOT HOLD: {found}."


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


Progress = Callable[[int], None]
"""Hears how many records were looked at since it was last called."""


def verify_site(
    installation: Installation,
    notary: Notary,
    site_id: str,
    *,
    derive: bool = True,
    progress: Progress = lambda _records: None,
) -> Report:
    """Looks at every row of the site; with `derive` every recommendation is derived again. Raises `StoreError`.

    The service may go on recording meanwhile: each part is seen as of one instant, and what a later part shows
    beyond an earlier one is looked up again before anything is said of it.
    """
    whole = WholeSite(installation.engines, site_id)
    report = Report(site_id)
    look = _Look(installation, report)
    for table in protections(installation.engines).unguarded:
        look.find(
            "trigger_missing", f"The database no longer keeps rows of the table {table} from being changed."
        )
    agreed = _log(look, notary, progress)
    for episodes in whole.episodes():
        for summary, placed in episodes:
            look.episode(summary, placed, derive=derive)
            progress(len(placed))
    for records in whole.audits():
        for each in records:
            look.audit(each.record, each.leaf)
        progress(len(records))
    look.gone(whole)
    look.patients(whole, keys.sealing_key(installation.settings))
    look.settle(notary.log, whole)
    report.waiting += report.leaves - agreed
    return report


def verify_episode(installation: Installation, notary: Notary, caller: Caller, episode_id: str) -> Report:
    """Looks at one of the caller's episodes, at its leaves, and at the last checkpoint. Raises `Refusal`."""
    summary_of(installation, caller, Operation.VERIFY_AN_EPISODE, episode_id)
    site = caller.site_id
    whole = WholeSite(installation.engines, site)
    report = Report(site, episode_id)
    look = _Look(installation, report)
    found = whole.episode(episode_id)
    if found is not None:
        look.episode(*found, derive=True)
    _last_checkpoint(look, notary)
    look.settle(notary.log, whole)
    return report


Place = tuple[str | None, int | None]
"""An episode and the number of an entry there, as far as they are known."""


@dataclass(frozen=True, slots=True)
class _Unplaced:
    """A record without a leaf when it was looked at, and how to speak of it."""

    hash: str
    subject: str
    places: Sequence[Place]


class _Look:
    """Looks at rows and notes what does not hold."""

    def __init__(self, installation: Installation, report: Report) -> None:
        self._installation = installation
        self.report = report
        self._seen: dict[str, tuple[str, str, int]] = {}
        """Of each entry that was looked at: its hash, its episode, and its number there."""
        self._episodes: dict[str, list[str | None]] = {}
        """Of each patient."""
        self._told: set[str] = set()
        self._signed: dict[str, PlacedLeaf] = {}
        self._unplaced: dict[str, _Unplaced] = {}
        self._unseen: list[tuple[str, str, str, str | None]] = []

    def find(self, what: str, sentence: str, episode: str | None = None, entry: int | None = None) -> None:
        self.report.findings.append(Finding(self.report.site, what, sentence, episode, entry))

    def episode(self, summary: Summary, placed: Sequence[PlacedEntry], *, derive: bool) -> None:
        self.report.episodes += 1
        self._episodes.setdefault(summary.pseudonym, []).append(summary.episode_id)
        before, sound = GENESIS, True
        payloads = []
        for number, each in enumerate(placed, start=1):
            payload = self._entry(summary, each, number, before)
            payloads.append(payload)
            before = each.entry.hash
            sound = sound and payload is not None
            self.report.entries += 1
        entries = [each.entry for each in placed]
        known = [payload for payload in payloads if payload is not None]
        follows = False
        try:
            if self._head_is_last(summary, entries) and sound:
                follows = self._derivation(summary, entries, known, derive=derive)
        except Exception:  # noqa: BLE001 -- what a forged log holds may break whatever reads it: that is a finding
            sentence = "What followed from its log cannot be derived again: something in it cannot have been recorded."
            self.find("not_derivable", sentence, summary.episode_id, len(entries))
        self.report.not_derived += len(entries) if derive and not follows else 0

    def audit(self, record: StoredAudit, leaf: str | None) -> None:
        self.report.records += 1
        sentence = f"The audit record {record.audit_id} of {str(record.recorded_at)[:19]} UTC"
        told = _told_by(record)
        if told is None:
            self.find("record_altered", f"{sentence} is not what was sealed.", record.episode_id)
            return
        places = [self._where(entry) for entry, _ in told] or [(record.episode_id, None)]
        self._leaf(record.audit_id, leaf, _Unplaced(leaf_hash(record.body.encode()), sentence, places))
        for entry, entry_hash in told:
            self._told.add(entry)
            if entry not in self._seen:
                self._unseen.append((entry, entry_hash, sentence, record.episode_id))
            elif self._seen[entry][0] != entry_hash:
                self._missing(entry, sentence, record.episode_id)

    def patients(self, whole: WholeSite, source: KeySource) -> None:
        """Opens each patient's identifier: it is to be sealed for this pseudonym, and found by its own index."""
        try:
            key = source()
        except keys.KeyMissing:
            self.report.without_key = True
            return
        pseudonyms = set()
        for pseudonym, kept in whole.patients():
            pseudonyms.add(pseudonym)
            if kept is None or _is_their_own(key, self.report.site, pseudonym, kept):
                self.report.identifiers += kept is not None
                continue
            sentence = (
                f"The identifier kept for the patient {pseudonym} was altered, or is another patient's."
            )
            for episode in self._episodes.get(pseudonym, [None]):
                self.find("patient_altered", sentence, episode)
        for pseudonym in self._episodes.keys() - pseudonyms:
            for episode in self._episodes[pseudonym]:
                self.find("patient_missing", f"The patient {pseudonym} is not there.", episode)

    def settle(self, log: MerkleLog, whole: WholeSite) -> None:
        """Says what is not in the log or not there, once what was recorded meanwhile has been looked up."""
        # In this order: a record leaves those that wait when it gets its place.
        waiting = log.waiting(self.report.site)
        placed = log.placed(self.report.site, self._unplaced.keys() - waiting.keys())
        for record, told in self._unplaced.items():
            found = placed[record].hash if record in placed else waiting.get(record)
            self._placed(told, found)
        self.report.waiting = len(waiting)
        there = whole.hashes(entry for entry, *_ in self._unseen)
        for entry, hashed, sentence, episode in self._unseen:
            if there.get(entry) == hashed:
                self.report.since += 1
            else:
                self._missing(entry, sentence, episode)

    def signed(self, leaves: Sequence[PlacedLeaf]) -> None:
        """Remembers what was signed, so that what is gone has a name."""
        self._signed |= {leaf.record_id: leaf for leaf in leaves}

    def _where(self, entry: str) -> Place:
        """Episode and number of an entry, as it is there or as it was when it was signed."""
        if entry in self._seen:
            return self._seen[entry][1:]
        was = self._signed.get(entry)
        return (was.episode, was.sequence) if was else (None, None)

    def touched(self, signed: Sequence[PlacedLeaf], hashes: Sequence[str]) -> None:
        """Names what was signed and is not there any more, or is another."""
        for leaf in signed:
            there = hashes[leaf.position] if leaf.position < len(hashes) else None
            if there == leaf.hash:
                continue
            kind = "entry" if leaf.kind == "entry" else "audit record"
            how = "is gone" if there is None else "is not the one that was signed"
            sentence = f"The {kind} {leaf.record_id} in place {leaf.position} of the log {how}."
            self.find("signed_record_touched", sentence, leaf.episode, leaf.sequence)

    def rebuilt(self, between: Sequence[PlacedLeaf], agreed: int, size: int) -> None:
        """Names every entry between the last checkpoint that agrees with the log and the first that does not."""
        sentence = (
            f"The log agrees with what was signed up to {agreed} leaves, and no more at {size}: it was rebuilt, and"
            " what was altered is among the records between."
        )
        self.find("log_rebuilt", sentence)
        for leaf in between:
            if leaf.kind == "entry":
                told = "It is among the records of which at least one was altered when the log was rebuilt."
                self.find("log_rebuilt", told, leaf.episode, leaf.sequence)

    def gone(self, whole: WholeSite) -> None:
        """What is not seen by looking at what is there."""
        for episode, entry in whole.strays():
            self.find(
                "episode_missing", f"The entry {entry} belongs to an episode that is not there.", episode
            )
        for leaf in whole.orphans():
            kind = "an entry" if leaf.kind == "entry" else "an audit record"
            was = self._signed.get(leaf.record_id, leaf)
            sentence = f"{kind.capitalize()}, {leaf.record_id}, is in the log and is gone."
            self.find("record_missing", sentence, was.episode, was.sequence)
        for entry in self._seen.keys() - self._told:
            sentence = f"No audit record says who wrote the entry {entry}."
            self.find("record_missing", sentence, *self._where(entry))

    def _entry(
        self, summary: Summary, placed: PlacedEntry, number: int, before: str
    ) -> dict[str, Any] | None:
        entry = placed.entry
        episode = summary.episode_id
        self._seen[entry.entry_id] = (entry.hash, episode, number)
        payload = _payload_of(entry.body)
        fault = _fault_of(entry, payload, number, before)
        if payload is None or fault is not None:
            self.find(*(fault or _ALTERED), episode, number)
            return None
        hashed = leaf_hash(entry.body.encode())
        self._leaf(entry.entry_id, placed.leaf, _Unplaced(hashed, "It", [(episode, number)]))
        return payload

    def _leaf(self, record: str, leaf: str | None, told: _Unplaced) -> None:
        if leaf is None:
            self._unplaced[record] = told
        elif leaf != told.hash:
            self._placed(told, leaf)

    def _placed(self, told: _Unplaced, leaf: str | None) -> None:
        for place in told.places if leaf != told.hash else ():
            if leaf is None:
                self.find("not_in_log", f"{told.subject} is not in the log of the site.", *place)
            else:
                self.find("leaf_differs", f"{told.subject} is not what the log holds in its place.", *place)

    def _missing(self, entry: str, sentence: str, episode: str | None) -> None:
        told = f"{sentence} tells of the entry {entry}, which is not there as it was."
        self.find("entry_missing", told, episode, self._where(entry)[1])

    def _head_is_last(self, summary: Summary, entries: Sequence[StoredEntry]) -> bool:
        last = entries[-1] if entries else None
        told = (summary.head_sequence, summary.head_hash, summary.head_recorded_at)
        if last is not None and told == (last.sequence, last.hash, last.recorded_at):
            return True
        number = last.sequence if last else 0
        sentence = f"The episode ends with entry {summary.head_sequence} by its summary, and with {number} by its log."
        self.find("tail_differs", sentence, summary.episode_id, max(number, summary.head_sequence))
        return False

    def _derivation(
        self,
        summary: Summary,
        entries: Sequence[StoredEntry],
        payloads: Sequence[dict[str, Any]],
        *,
        derive: bool,
    ) -> bool:
        """False when the log is of another patient, pathway or definition: then nothing follows from it."""
        episode, last = summary.episode_id, payloads[-1]
        opening = payloads[0]["event"]
        sealed = (
            summary.site_id,
            *(last[name] for name in ("pseudonym", "pathway", "engine")),
            opening["time_zone"],
            opening["occurred_on"],
        )
        if _sealed_columns(summary) != sealed:
            sentence = "Its summary names another patient, pathway or opening than its log."
            self.find("summary_differs", sentence, episode, len(entries))
            return False
        for number, payload in enumerate(payloads, start=1):
            if (payload["pseudonym"], payload["pathway"]) != (last["pseudonym"], last["pathway"]):
                self.find("pathway_differs", "It is of another patient or pathway.", episode, number)
                return False
        named = last["pathway"]
        found = self._installation.catalogue.find(named["id"], named["version"])
        if found is None or found.content_hash != named["content_hash"]:
            sentence = (
                f"The definition {named['id']} version {named['version']} is not the one it was made under."
            )
            self.find("definition_differs", sentence, episode, len(entries))
            return False
        if derive:
            self._derived_again(summary, found, entries, payloads)
        return True

    def _derived_again(
        self,
        summary: Summary,
        found: Pathway,
        entries: Sequence[StoredEntry],
        payloads: Sequence[dict[str, Any]],
    ) -> None:
        zone = ZoneInfo(summary.time_zone)
        log = [entry_of(entry) for entry in entries]
        engine = self._installation.engine
        kept = [entry.recommendation for entry in entries]
        if summary.engine == engine and kept[-1] is not None:
            history = effective_history(log, zone)
            folded = fold(found, history)
            last_on = max((effective.on for effective in history[1:]), default=FIRST_DAY)
            told = recommend(found, folded.episode, day_of(kept[-1]))
            follows = standing_columns(folded.episode, folded.digest, last_on, told)
            if any(getattr(summary, name) != value for name, value in follows.items()):
                sentence = "Its summary is not what follows from its log."
                self.find("summary_differs", sentence, summary.episode_id, len(entries))
        for entry, payload, trace in zip(
            entries, payloads, derived_traces(found, log, kept, zone), strict=True
        ):
            if trace is not None:
                self._derived(entry, payload, same=trace == entry.recommendation, engine=engine)

    def _derived(self, entry: StoredEntry, payload: dict[str, Any], *, same: bool, engine: str) -> None:
        if payload["engine"] != engine:
            self.report.derived_same += same
            self.report.derived_otherwise += not same
        elif same:
            self.report.derived += 1
        else:
            sentence = "The recommendation kept with it does not follow from what was known."
            self.find("derivation_differs", sentence, entry.episode_id, entry.sequence)


_ALTERED: Final = ("entry_altered", "Its text or what stands beside it is nothing that the service writes.")


def _payload_of(body: str) -> dict[str, Any] | None:
    """As `pathway.proof.verifier.sealed_payload`, several times as fast: for a record of millions of entries."""
    try:
        payload = orjson.loads(body)
        return payload if isinstance(payload, dict) and canonical(payload).decode() == body else None
    except ValueError:
        return None


def unsealed(log: Sequence[StoredEntry]) -> dict[str, str]:
    """The entries of a log, from its first, that are not what was sealed: by their ids, with a sentence each."""
    found, before = dict[str, str](), GENESIS
    for number, entry in enumerate(log, 1):
        if fault := _fault_of(entry, _payload_of(entry.body), number, before):
            found[entry.entry_id] = fault[1]
        before = entry.hash
    return found


def _fault_of(
    entry: StoredEntry, payload: dict[str, Any] | None, number: int, before: str
) -> tuple[str, str] | None:
    try:
        if sha256(entry.body.encode()).hexdigest() != entry.hash:
            return "entry_altered", "Its text is not the one that was hashed."
        if payload is None:
            return "entry_altered", "Its text is in another form than entries are sealed in."
        if payload["prev_hash"] != before or entry.prev_hash != before or entry.sequence != number:
            return (
                "chain_broken",
                "It does not follow the entry before it: one was altered, moved, put in or taken out.",
            )
        if _entry_columns(entry) != _entry_payload(payload):
            return "columns_differ", _differing(entry, payload)
        trace = entry.recommendation
        if payload["recommendation"] != (trace and sha256(trace.encode()).hexdigest()):
            return "recommendation_altered", "The recommendation kept with it is not the one that was sealed."
    except (AttributeError, KeyError, TypeError, ValueError):
        return _ALTERED
    return None


_BESIDE: Final = (
    "the site", "the episode", "its number", "its id", "its kind", "its date", "when it was recorded",
    "who recorded it", "through which system",
)  # fmt: skip
"""What the columns beside the sealed text of an entry say, in their order."""
_TOLD: Final = frozenset({"its number", "when it was recorded", "who recorded it", "through which system"})
"""Those of which the sealed value is told: it says nothing of the patient."""


def _differing(entry: StoredEntry, payload: dict[str, Any]) -> str:
    """Which columns were altered, and what is sealed."""
    beside = zip(_BESIDE, _entry_columns(entry), _entry_payload(payload), strict=True)
    told = [
        f"{what} (sealed: {sealed})" if what in _TOLD else what
        for what, column, sealed in beside
        if column != sealed
    ]
    return f"A column beside its sealed text says something else: {', '.join(told)}."


def _is_their_own(key: IdentifierKey, site: str, pseudonym: str, kept: Sealed) -> bool:
    try:
        return key.lookup(site, *key.unseal(site, pseudonym, kept)) == kept.lookup
    except SealBroken:
        return False


def _told_by(record: StoredAudit) -> list[tuple[str, str]] | None:
    """Id and hash of each entry the audit record tells of; None for a record that is not what was sealed."""
    try:
        payload = _payload_of(record.body)
        if payload is None or sha256(record.body.encode()).hexdigest() != record.hash:
            return None
        if _audit_columns(record) != _audit_payload(payload):
            return None
        return [(each["entry"], each["hash"]) for each in payload["entries"]]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _sealed_columns(summary: Summary) -> tuple[object, ...]:
    pathway = {
        "id": summary.pathway_id,
        "version": summary.pathway_version,
        "content_hash": summary.content_hash,
    }
    opened = summary.opened_on.isoformat()
    return summary.site_id, summary.pseudonym, pathway, summary.engine, summary.time_zone, opened


def _entry_columns(entry: StoredEntry) -> tuple[object, ...]:
    return (
        entry.site_id,
        entry.episode_id,
        entry.sequence,
        entry.entry_id,
        entry.kind,
        entry.occurred_on.isoformat(),
        _instant(entry.recorded_at),
        entry.actor,
        entry.client_id,
    )


def _entry_payload(told: dict[str, Any]) -> tuple[object, ...]:
    return (
        told["site"],
        told["episode"],
        told["sequence"],
        told["entry"],
        told["event"]["kind"],
        told["on"],
        told["recorded_at"],
        told["actor"],
        told["client"],
    )


def _instant(at: datetime) -> str:
    """As it is sealed: in UTC, to the microsecond."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def _audit_columns(record: StoredAudit) -> tuple[object, ...]:
    return (
        record.site_id,
        record.audit_id,
        _instant(record.recorded_at),
        record.subject,
        record.client_id,
        record.operation,
        record.episode_id,
        record.outcome,
    )


def _audit_payload(told: dict[str, Any]) -> tuple[object, ...]:
    names = ("site", "audit", "recorded_at", "subject", "client", "operation", "episode", "outcome")
    return tuple(told[name] for name in names)


def _log(look: _Look, notary: Notary, progress: Progress) -> int:
    """The log against itself and against every checkpoint that was kept; how many leaves the last of them covers."""
    report = look.report
    try:
        paths = notary.paths(report.site)  # before the log, which only grows: what was signed is in it
    except NotSigned as reason:
        look.find("checkpoint_forged", str(reason))
        paths = []
    report.answered = [f"{each.at} by {each.by}: {each.because}" for each in notary.answered(report.site)]
    head, kept_nodes = notary.log.whole(report.site)
    hashes: list[str] = []
    while len(hashes) < head.size:
        some = notary.log.hashes(report.site, len(hashes), min(len(hashes) + FAN * 64, head.size))
        if not some or [position for position, _ in some] != list(
            range(len(hashes), len(hashes) + len(some))
        ):
            sentence = (
                f"The log has {head.size} leaves by its own count, and the one at {len(hashes)} is missing."
            )
            look.find("log_differs", sentence)
            break
        hashes += [hashed for _, hashed in some]
        progress(0)
    node = over(hashes)
    report.leaves, report.root = len(hashes), root(len(hashes), node)
    nodes = {place: node(*place) for place in complete(0, len(hashes))}
    if nodes != kept_nodes or report.root != head.root:
        look.find("log_differs", "The tree that is kept is not the one over the leaves.")
    return _checkpoints(look, notary, paths, hashes)


def _checkpoints(look: _Look, notary: Notary, paths: Sequence[Path], hashes: Sequence[str]) -> int:
    """Every checkpoint against the leaves there are, and against those that were kept beside it.

    The leaves that were kept are believed when the signed root is the one over them. Then what is missing or
    altered can be named; otherwise only between which checkpoints it lies.
    """
    report, node = look.report, over(hashes)
    signed: list[PlacedLeaf] = []
    last: Kept | None = None
    agreed = 0
    try:
        for kept in notary.read(report.site, paths):
            checkpoint = kept.checkpoint
            # Two workers may have signed at once: what one kept may begin before the end of what the other did.
            beside = [leaf for leaf in kept.leaves() if leaf.position >= len(signed)]
            look.signed(beside)
            signed += beside
            report.checkpoints += 1
            if checkpoint.size <= len(hashes) and root(checkpoint.size, node) == checkpoint.root:
                last, agreed = kept, checkpoint.size
                continue
            known = [leaf.hash for leaf in signed]
            if len(known) == checkpoint.size and root(len(known), over(known)) == checkpoint.root:
                look.touched(signed[agreed:], hashes)
            else:
                look.rebuilt(notary.log.leaves(report.site, agreed, checkpoint.size), agreed, checkpoint.size)
            if checkpoint.size > len(hashes):
                sentence = (
                    f"The log has {len(hashes)} leaves, and {checkpoint.size} were signed: its end was cut off, or"
                    " an older state of the database was restored."
                )
                look.find("log_truncated", sentence)
            break
    except NotSigned as reason:
        look.find("checkpoint_forged", str(reason))
    _note(report, last)
    return agreed


def _last_checkpoint(look: _Look, notary: Notary) -> None:
    report = look.report
    last, fault = None, ""
    try:
        last = notary.latest(report.site)
    except NotSigned as reason:
        fault = str(reason)
    head = notary.log.head(report.site)
    report.leaves, report.root = head.size, head.root
    if fault:
        look.find("checkpoint_forged", fault)
    if last is None:
        return
    signed = last.checkpoint
    if signed.size > report.leaves:
        look.find("log_truncated", f"The log has {report.leaves} leaves, and {signed.size} were signed.")
    elif root(signed.size, notary.log.nodes(report.site, signed.size)) != signed.root:
        look.find("log_rebuilt", f"The first {signed.size} leaves are others than were signed.")
    else:
        report.checkpoints = 1
    _note(report, last)


def _note(report: Report, last: Kept | None) -> None:
    if last is not None:
        told, at = last.checkpoint, signed_at(last)
        signed = f"{day_in_words(at.date().isoformat())}, {at:%H:%M} UTC"
        report.last_checkpoint = f"{told.size} leaves, root {told.root}, signed {signed}"
