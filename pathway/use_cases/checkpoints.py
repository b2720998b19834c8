"""Takes the Merkle log of each site further, and signs how far it has come, outside the database.

A checkpoint in the folder says what the log was once. A database whose log is not a continuation of it, because an
older backup was restored or the record was rebuilt, is reported and not signed over until somebody answers for it:
then a new series of checkpoints begins, and the old one stays where it is.

When the signing key changes, the last checkpoint is signed with the new key as well; those before it stay under the
key they were signed with, whose public part `PATHWAY_FORMER_LOG_KEYS` names.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pathway.proof.checkpoint import Signer
from pathway.proof.merkle import root
from pathway.proof.verifier import Checkpoint, NotVerifiable, open_checkpoint
from pathway.settings import Settings
from pathway.store.engines import StoreError
from pathway.store.tree import Head, MerkleLog, PlacedLeaf
from pathway.use_cases import keys
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.refusals import Refusal

LEASE: Final = timedelta(seconds=20)
"""How long a worker that died keeps others from its site: not past the next round."""

_ANSWERED: Final = "answered.json"


class NotSigned(Exception):
    """The log is not signed further; the message says why, and what an operator can do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it lies in the folder, its signature verified."""

    path: Path
    note: str
    checkpoint: Checkpoint
    key_age: int
    """0 when the present key signed it, 1 when only the key before that did, and so on."""

    def leaves(self) -> list[PlacedLeaf]:
        """What stands behind the checkpoint before it, up to this one, as it was when this was signed.

        Empty where that was not kept. Whether it is what was signed only the root tells. Raises `NotSigned`
        for what cannot be read.
        """
        try:
            lines = self.path.with_suffix(".leaves").read_text(encoding="utf-8").splitlines()
            return [PlacedLeaf(*json.loads(line)) for line in lines]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            raise NotSigned(
                f"The leaves kept beside the checkpoint {self.path.name} cannot be read."
            ) from None


@dataclass(frozen=True, slots=True)
class Answered:
    """Why the log does not continue an earlier series of checkpoints: who answered for it, when, and what was left."""

    by: str
    at: str
    because: str
    left: int
    """Leaves of the last checkpoint before."""


class Notary:
    """Integrates and signs the logs of an installation, and knows what was signed before.

    Raises `KeyMissing` when there is no key to sign with.
    """

    def __init__(self, installation: Installation) -> None:
        self._clock = installation.clock
        self._installation = installation
        self.log = MerkleLog(installation.engines)
        self.signer: Signer = keys.signer(installation.settings)
        self._keys = (self.signer.verifier_key, *keys.former_log_keys(installation.settings))
        self.folder = folder_of(installation.settings)

    @property
    def verifier_key(self) -> str:
        """The public key everybody may have; an auditor should get it from a person, and early."""
        return self.signer.verifier_key

    def attest(self, site_id: str, holder: str | None = None) -> Kept | None:
        """Integrates what was committed and signs how far the log has come.

        The last checkpoint, or None where nothing was recorded yet. A worker names itself as the `holder` of the
        lease, and leaves it to whoever has it to take the log further. Raises `NotSigned`, or `StoreError`.
        """
        latest = self.latest(site_id)  # before the log is looked at, which another may take further meanwhile
        head = self._integrated(site_id, holder)
        if latest is not None:
            self._require_continuation(site_id, head, latest)
            if latest.key_age > 0:
                latest = self._signed_anew(site_id, latest)
            if latest.checkpoint.size == head.size:
                return latest
        return self._sign(site_id, head, latest.checkpoint.size if latest else 0) if head.size else None

    def require_continuation(self, site_id: str) -> None:
        """Raises `NotSigned` when the log does not continue what was signed; signs nothing itself."""
        latest = self.latest(site_id)
        if latest is not None:
            self._require_continuation(site_id, self.log.head(site_id), latest)

    def latest(self, site_id: str) -> Kept | None:
        """The last checkpoint of the present series. Raises `NotSigned` when it is none of ours."""
        paths = self.paths(site_id)[-2:]
        return max(self.read(site_id, paths), key=lambda kept: kept.checkpoint.size, default=None)

    def paths(self, site_id: str) -> list[Path]:
        """Where the checkpoints of the present series lie, in order. Raises `NotSigned` for a series nobody began."""
        series = self._series(site_id)
        if int(series.name) > 1 and not (series / _ANSWERED).exists():
            raise NotSigned(f"Nobody answered for the series {series.name} of checkpoints of site {site_id}.")
        return sorted(series.glob("*.txt"))

    def read(self, site_id: str, paths: Iterable[Path]) -> Iterator[Kept]:
        """The checkpoints at these paths, which are in order. Raises `NotSigned` for a file that is none of ours.

        Once a key was replaced nothing more can have been signed with it alone.
        """
        age = len(self._keys)
        for path in paths:
            kept = self._read(site_id, path)
            if kept.key_age > age:
                raise NotSigned(
                    f"The checkpoint {path.name} of site {site_id} is signed with a key that had been replaced."
                )
            age = kept.key_age
            yield kept

    def answered(self, site_id: str) -> list[Answered]:
        """Each time that somebody answered for a log which does not continue what was signed before."""
        told = sorted((self.folder / site_id).glob(f"*/{_ANSWERED}"))
        return [Answered(**json.loads(path.read_text(encoding="utf-8"))) for path in told]

    def accept(self, caller: Caller, because: str) -> Kept | None:
        """Begins a new series of checkpoints at the caller's site, for the reason given, which goes into the log.

        Raises `Refusal` when there is nothing to answer for.
        """
        site_id = caller.site_id
        try:
            self.attest(site_id)
        except NotSigned:
            pass
        else:
            raise Refusal(
                "invalid_parameter", "The log continues what was signed; there is nothing to answer for."
            )
        telling = replace(caller, operation="accept_another_log")
        self._installation.tell_of(telling, "ok", reason=because).result()
        series = self._series(site_id)
        answered = {
            "by": caller.subject,
            "at": self._clock().isoformat(timespec="seconds"),
            "because": because,
            "left": int(max((path.stem for path in series.glob("*.txt")), default="0")),
        }
        # Under another name until the answer is in it: a series is never there without one.
        draft = series.with_name(f".{secrets.token_hex(8)}")
        draft.mkdir(parents=True)
        _write(draft / _ANSWERED, json.dumps(answered))
        draft.rename(series.with_name(f"{int(series.name) + 1:04}"))
        return self.attest(site_id)

    def _read(self, site_id: str, path: Path) -> Kept:
        note = path.read_text(encoding="utf-8")
        checkpoint, age = self._opened(site_id, path.name, note)
        if checkpoint.origin != self._origin(site_id) or f"{checkpoint.size:012}" != path.stem:
            raise NotSigned(f"The checkpoint {path.name} of site {site_id} lies in another place.")
        return Kept(path, note, checkpoint, age)

    def _opened(self, site_id: str, name: str, note: str) -> tuple[Checkpoint, int]:
        """What the note says, and which of our keys signed it."""
        why = ""
        for age, key in enumerate(self._keys):
            try:
                return open_checkpoint(note, key), age
            except NotVerifiable as fault:
                why = why or str(fault)
        raise NotSigned(f"The checkpoint {name} of site {site_id} is not ours. {why}")

    def _integrated(self, site_id: str, holder: str | None) -> Head:
        before: Head | None = None
        while True:
            head = self.log.integrate(site_id, self._clock(), holder, LEASE)
            if head is None:
                return self.log.head(site_id)
            if head == before:
                return head
            before = head

    def _require_continuation(self, site_id: str, head: Head, latest: Kept) -> None:
        signed = latest.checkpoint
        if head.size < signed.size:
            raise NotSigned(
                f"The log of site {site_id} has {head.size} leaves, and {signed.size} were signed: an older state of"
                " the database was restored, or its end was cut off." + _WHAT_NOW
            )
        now = root(signed.size, self.log.nodes(site_id, signed.size))
        if now != signed.root:
            raise NotSigned(
                f"The log of site {site_id} is another one than was signed at {signed.size} leaves: what was"
                " recorded before has been altered or rebuilt." + _WHAT_NOW
            )

    def _sign(self, site_id: str, head: Head, before: int) -> Kept:
        checkpoint = Checkpoint(self._origin(site_id), head.size, head.root)
        note = self.signer.sign(checkpoint)
        path = self._series(site_id) / f"{head.size:012}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the checkpoint goes what it covers, so that what is gone from the database can still be named.
        leaves = self.log.leaves(site_id, before, head.size)
        _replace(path.with_suffix(".leaves"), "".join(f"{json.dumps(astuple(leaf))}\n" for leaf in leaves))
        try:
            _write(path, note)
        except FileExistsError:  # another worker was first
            kept = self._read(site_id, path)
            if kept.checkpoint != checkpoint:
                raise NotSigned(
                    f"Another log of site {site_id} was signed at {head.size} leaves: two databases are at work."
                    + _WHAT_NOW
                ) from None
            return kept
        return Kept(path, note, checkpoint, 0)

    def _signed_anew(self, site_id: str, kept: Kept) -> Kept:
        """The checkpoint with a signature of the present key beside the one it has."""
        signature = self.signer.sign(kept.checkpoint).rpartition("\n\n")[2]
        _replace(kept.path, kept.note + signature)
        return self._read(site_id, kept.path)

    def _series(self, site_id: str) -> Path:
        return _present_series(self.folder / site_id)

    def _origin(self, site_id: str) -> str:
        return f"{self.signer.name}/{site_id}"


_WHAT_NOW: Final = (
    " Nothing is signed over it. Find out what happened (`pathway verify`); if it is as it should be, an operator"
    " answers for it with `pathway checkpoints accept --because ...`."
)


def folder_of(settings: Settings) -> Path:
    """Where checkpoints are kept (`PATHWAY_CHECKPOINTS`); beside the database unless it is set."""
    return settings.checkpoints or keys.beside_the_database(settings) / "checkpoints"


def last_note(settings: Settings, site_id: str) -> str | None:
    """The last checkpoint of the present series as it lies in the folder, its signature not looked at."""
    last = max(_present_series(folder_of(settings) / site_id).glob("*.txt"), default=None)
    return None if last is None else last.read_text(encoding="utf-8")


def _present_series(place: Path) -> Path:
    """The folder of the present series of checkpoints."""
    return max(place.glob("[0-9][0-9][0-9][0-9]"), default=place / "0001")


class CheckpointWorker:
    """A thread which attests every site, again and again. Several processes may run one: the log has a lease.

    `tell` hears of each site that is not signed further, once for each reason.
    """

    def __init__(self, notary: Notary, seconds: float, tell: Callable[[str], None]) -> None:
        self._notary = notary
        self._name = secrets.token_hex(8)
        self._seconds = seconds
        self._tell = tell
        self._told: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Begins; the first checkpoint comes after the first interval."""
        self._thread.start()

    def close(self) -> None:
        """Ends after what is under way."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def attest_all(self, *, leased: bool = True) -> None:
        """One round over the sites. What stands in the way of one is told and does not keep the others waiting.

        Who does a single round takes no lease: there is no next one to keep others from.
        """
        try:
            sites = self._notary.log.sites()
        except StoreError:
            return  # the next round may find the database again
        for site_id in sites:
            try:
                self._notary.attest(site_id, self._name if leased else None)
            except (NotSigned, OSError) as reason:
                if self._told.get(site_id) != str(reason):
                    self._told[site_id] = str(reason)
                    self._tell(site_id)
            except StoreError:
                continue
            else:
                self._told.pop(site_id, None)

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self.attest_all()


def signed_at(kept: Kept) -> datetime:
    """When the checkpoint was written, by the file's date."""
    return datetime.fromtimestamp(kept.path.stat().st_mtime, UTC)


def _write(path: Path, text: str) -> None:
    """Writes a new file, whole or not at all, and durable before anybody relies on it. Raises `FileExistsError`."""
    draft = _drafted(path, text)
    try:
        os.link(draft, path)  # unlike a rename, a link never replaces what is there
    finally:
        draft.unlink()
    _make_durable(path.parent)


def _replace(path: Path, text: str) -> None:
    """The same for a file that may be there already."""
    _drafted(path, text).replace(path)
    _make_durable(path.parent)


def _drafted(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _make_durable(place: Path) -> None:
    folder = os.open(place, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
