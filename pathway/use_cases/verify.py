"""Verifies what a site recorded against itself, against its signed checkpoints, and against the definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, timedelta
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from pathway.engine.definition import Pathway
from pathway.engine.fold import fold
from pathway.episodes.log import effective_history
from pathway.proof.merkle import FAN, complete, over, root
from pathway.proof.verifier import GENESIS, leaf_hash, sealed_payload
from pathway.store.tree import PlacedLeaf
from pathway.store.values import StoredAudit, StoredEntry, Summary
from pathway.store.whole_site import PlacedEntry, WholeSite
from pathway.use_cases.checkpoints import Kept, Notary, NotSigned, signed_at
from pathway.use_cases.derivation import derived_traces
from pathway.use_cases.draft import entry_of
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.standing import summary_of

ONE_DAY: Final = timedelta(days=1)


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
    episodes: int = 0
    entries: int = 0
    records: int = 0
    leaves: int = 0
    root: str = ""
    waiting: int = 0
    """Records that no checkpoint covers yet."""
    checkpoints: int = 0
    last_checkpoint: str | None = None
    derived: int = 0
    """Recommendations derived again under the running engine and found the same."""
    derived_same: int = 0
    """Recommendations made by another engine that the running one makes as well."""
    derived_otherwise: int = 0
    """Recommendations made by another engine that the running one would not make."""
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
        if self.holds:
            yield (
                f"Site {self.site} holds: {self.episodes} episodes with {self.entries} entries and {self.records}"
                f" audit records are unaltered, in unbroken chains, and in the log under the root {self.root}."
            )
        else:
            yield f"SITE {self.site} DOES NOT HOLD: {len(self.findings)} findings."
        if self.derived or self.derived_same or self.derived_otherwise:
            yield f"{self.derived} recommendations were derived again, bit for bit."
        if self.derived_same or self.derived_otherwise:
            yield (
                f"Of those that another engine made, this one makes {self.derived_same} the same"
                f" and {self.derived_otherwise} otherwise."
            )
        yield (
            f"{self.checkpoints} signed checkpoints agree with the log; the last is {self.last_checkpoint}."
            if self.checkpoints
            else "No checkpoint has been signed yet: that the log was not rebuilt as a whole cannot be seen."
        )
        if self.waiting:
            yield f"{self.waiting} records are not covered by a checkpoint yet."


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
    """Looks at every row of the site; with `derive` every recommendation is derived again. Raises `StoreError`."""
    whole = WholeSite(installation.engines, site_id)
    report = Report(site_id)
    look = _Look(installation, report, notary.log.waiting(site_id))
    for table in whole.missing_triggers():
        look.find(
            "trigger_missing", f"The database no longer keeps rows of the table {table} from being changed."
        )
    _log(look, notary, progress)
    for episodes in whole.episodes():
        for summary, placed in episodes:
            look.episode(summary, placed, derive=derive)
            progress(len(placed))
    for records in whole.audits():
        for each in records:
            look.audit(each.record, each.leaf)
        progress(len(records))
    look.gone(whole)
    return report


def verify_episode(installation: Installation, notary: Notary, caller: Caller, episode_id: str) -> Report:
    """Looks at one of the caller's episodes, at its leaves, and at the last checkpoint. Raises `Refusal`."""
    summary = summary_of(installation, caller, Operation.VERIFY_AN_EPISODE, episode_id)
    site = caller.site_id
    report = Report(site)
    look = _Look(installation, report, notary.log.waiting(site))
    entries = installation.readers.entries(site, episode_id)
    leaves = notary.log.placed(site, [entry.entry_id for entry in entries])
    placed = [PlacedEntry(entry, leaf.hash if leaf else None) for entry, leaf in _beside(entries, leaves)]
    look.episode(summary, placed, derive=True)
    head = notary.log.head(site)
    report.leaves, report.root = head.size, head.root
    report.waiting = sum(entry.entry_id not in leaves for entry in entries)
    _last_checkpoint(look, notary)
    return report


def _beside(
    entries: Sequence[StoredEntry], leaves: Mapping[str, PlacedLeaf]
) -> Iterator[tuple[StoredEntry, PlacedLeaf | None]]:
    return ((entry, leaves.get(entry.entry_id)) for entry in entries)


class _Look:
    """Looks at rows and notes what does not hold."""

    def __init__(self, installation: Installation, report: Report, waiting: set[str]) -> None:
        self._installation = installation
        self.report = report
        self.waiting = waiting
        self._hashes: dict[str, str] = {}
        self._told: set[str] = set()
        self._signed: dict[str, PlacedLeaf] = {}
        report.waiting = len(waiting)

    def find(self, what: str, sentence: str, episode: str | None = None, entry: int | None = None) -> None:
        self.report.findings.append(Finding(self.report.site, what, sentence, episode, entry))

    def episode(self, summary: Summary, placed: Sequence[PlacedEntry], *, derive: bool) -> None:
        self.report.episodes += 1
        before, sound = GENESIS, True
        payloads = []
        for number, each in enumerate(placed, start=1):
            payload = self._entry(summary, each, number, before)
            payloads.append(payload)
            before = each.entry.hash
            sound = sound and payload is not None
            self.report.entries += 1
        entries = [each.entry for each in placed]
        if not self._head_is_last(summary, entries) or not sound:
            return
        known = [payload for payload in payloads if payload is not None]
        self._derivation(summary, entries, known, derive=derive)

    def audit(self, record: StoredAudit, leaf: str | None) -> None:
        self.report.records += 1
        payload = sealed_payload(record.body)
        sentence = f"The audit record {record.audit_id} of {record.recorded_at:%Y-%m-%d %H:%M:%S} UTC"
        hashed = sha256(record.body.encode()).hexdigest()
        if payload is None or hashed != record.hash or _audit_columns(record) != _audit_payload(payload):
            self.find("record_altered", f"{sentence} is not what was sealed.", record.episode_id)
            return
        self._leaf(record.audit_id, record.body, leaf, sentence, record.episode_id, None)
        for each in payload["entries"]:
            self._told.add(each["entry"])
            if self._hashes.get(each["entry"]) != each["hash"]:
                told = f"{sentence} tells of the entry {each['entry']}, which is not there as it was."
                self.find("entry_missing", told, record.episode_id, self._number(each["entry"]))

    def signed(self, leaves: Sequence[PlacedLeaf]) -> None:
        """Remembers what was signed, so that what is gone has a name."""
        self._signed |= {leaf.record_id: leaf for leaf in leaves}

    def _number(self, entry: str) -> int | None:
        was = self._signed.get(entry)
        return was.sequence if was else None

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
        for entry in self._hashes.keys() - self._told:
            self.find("record_missing", f"No audit record says who wrote the entry {entry}.")

    def _entry(
        self, summary: Summary, placed: PlacedEntry, number: int, before: str
    ) -> dict[str, Any] | None:
        entry = placed.entry
        self._hashes[entry.entry_id] = entry.hash
        episode = summary.episode_id
        payload = sealed_payload(entry.body)
        fault = _fault_of(entry, payload, number, before)
        if fault is not None:
            self.find(*fault, episode, number)
            return None
        assert payload is not None  # noqa: S101  (that it is none would have been a fault)
        if entry.recommendation is not None and (
            sha256(entry.recommendation.encode()).hexdigest() != payload["recommendation"]
        ):
            sentence = "The recommendation kept with it is not the one that was sealed."
            self.find("recommendation_altered", sentence, episode, number)
            return None
        self._leaf(entry.entry_id, entry.body, placed.leaf, "It", episode, number)
        return payload

    def _leaf(
        self, record: str, body: str, leaf: str | None, subject: str, episode: str | None, entry: int | None
    ) -> None:
        if leaf is None:
            if record not in self.waiting:
                self.find("not_in_log", f"{subject} is not in the log of the site.", episode, entry)
        elif leaf != leaf_hash(body.encode()):
            self.find("leaf_differs", f"{subject} is not what the log holds in its place.", episode, entry)

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
    ) -> None:
        episode = summary.episode_id
        named = payloads[-1]["pathway"]
        found = self._installation.catalogue.find(named["id"], named["version"])
        if found is None or found.content_hash != named["content_hash"]:
            sentence = (
                f"The definition {named['id']} version {named['version']} is not the one it was made under."
            )
            self.find("definition_differs", sentence, episode, len(entries))
            return
        if not derive:
            return
        try:
            self._derived_again(summary, found, entries, payloads)
        except Exception:  # noqa: BLE001 -- what a forged log holds may break whatever reads it: that is a finding
            sentence = "What followed from its log cannot be derived again: something in it cannot have been recorded."
            self.find("not_derivable", sentence, episode, len(entries))

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
        if summary.engine == engine:
            folded = fold(found, effective_history(log, zone))
            if (folded.episode.to_json(), folded.digest, folded.episode.state) != (
                summary.snapshot,
                summary.facts_digest,
                summary.state,
            ):
                sentence = "Its summary is not what follows from its log."
                self.find("summary_differs", sentence, summary.episode_id, len(entries))
        kept = [entry.recommendation for entry in entries]
        for entry, payload, trace in zip(
            entries, payloads, derived_traces(found, log, kept, zone), strict=True
        ):
            if trace is None:
                continue
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


def _fault_of(
    entry: StoredEntry, payload: dict[str, Any] | None, number: int, before: str
) -> tuple[str, str] | None:
    if sha256(entry.body.encode()).hexdigest() != entry.hash:
        return "entry_altered", "Its text is not the one that was hashed."
    if payload is None:
        return "entry_altered", "Its text is in another form than entries are sealed in."
    if payload.get("prev_hash") != before or entry.prev_hash != before or entry.sequence != number:
        return (
            "chain_broken",
            "It does not follow the entry before it: one was altered, moved, put in or taken out.",
        )
    if _entry_columns(entry) != _entry_payload(payload):
        return "columns_differ", "A column beside its sealed text says something else."
    return None


def _entry_columns(entry: StoredEntry) -> tuple[object, ...]:
    return (
        entry.site_id,
        entry.episode_id,
        entry.sequence,
        entry.entry_id,
        entry.kind,
        entry.occurred_on.isoformat(),
        entry.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.client_id,
    )


def _entry_payload(told: dict[str, Any]) -> tuple[object, ...]:
    names = ("site", "episode", "sequence", "entry", "event", "on", "recorded_at", "actor", "client")
    return tuple(told.get("event", {}).get("kind") if name == "event" else told.get(name) for name in names)


def _audit_columns(record: StoredAudit) -> tuple[object, ...]:
    return (
        record.site_id,
        record.audit_id,
        record.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        record.subject,
        record.client_id,
        record.operation,
        record.episode_id,
        record.outcome,
    )


def _audit_payload(told: dict[str, Any]) -> tuple[object, ...]:
    names = ("site", "audit", "recorded_at", "subject", "client", "operation", "episode", "outcome")
    return tuple(told.get(name) for name in names)


def _log(look: _Look, notary: Notary, progress: Progress) -> None:
    """The log against itself and against every checkpoint that was kept."""
    report = look.report
    head = notary.log.head(report.site)
    hashes: list[str] = []
    while len(hashes) < head.size:
        some = notary.log.leaves(report.site, len(hashes), len(hashes) + FAN * 64)
        if not some or [leaf.position for leaf in some] != list(range(len(hashes), len(hashes) + len(some))):
            sentence = (
                f"The log has {head.size} leaves by its own count, and the one at {len(hashes)} is missing."
            )
            look.find("log_differs", sentence)
            break
        hashes += [leaf.hash for leaf in some]
        progress(0)
    node = over(hashes)
    report.leaves, report.root = len(hashes), root(len(hashes), node)
    nodes = {place: node(*place) for place in complete(0, len(hashes))}
    if nodes != notary.log.kept_nodes(report.site) or report.root != head.root:
        look.find("log_differs", "The tree that is kept is not the one over the leaves.")
    _checkpoints(look, notary, hashes)


def _checkpoints(look: _Look, notary: Notary, hashes: Sequence[str]) -> None:
    """Every checkpoint against the leaves there are, and against those that were kept beside it.

    The leaves that were kept are believed when the signed root is the one over them. Then what is missing or
    altered can be named; otherwise only between which checkpoints it lies.
    """
    report, node = look.report, over(hashes)
    signed: list[PlacedLeaf] = []
    last: Kept | None = None
    agreed = 0
    try:
        for kept in notary.kept(report.site):
            checkpoint = kept.checkpoint
            beside = kept.leaves()
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


def _last_checkpoint(look: _Look, notary: Notary) -> None:
    report = look.report
    try:
        last = notary.latest(report.site)
    except NotSigned as reason:
        look.find("checkpoint_forged", str(reason))
        return
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
        told = last.checkpoint
        report.last_checkpoint = (
            f"{told.size} leaves, root {told.root}, signed {signed_at(last):%Y-%m-%d %H:%M} UTC"
        )
