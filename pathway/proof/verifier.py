"""Verifies an episode's record offline: `python verifier.py BUNDLE KEY`. Imports nothing of this service.

What it trusts: SHA-256, Ed25519, and that KEY is the public key of the service, learned from somebody else than
the service. What a bundle that holds shows: the log of the episode is, entry by entry, what the service
committed itself to in a signed checkpoint of the site's Merkle log (RFC 6962), in one unbroken chain, each
entry with the audit record of who wrote it. What it cannot show: that nothing came after the last entry, for
which the checkpoint of a later day is needed, and that what was recorded is true. docs/verification.md describes
bundle and checkpoint so that another verifier can be written.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT: Final = "pathway-proof/1"
MEMBERS: Final = {"format", "site", "episode", "checkpoint", "entries", "records"}
PROVED: Final = {"body", "position", "proof"}
_HASH: Final = re.compile(r"[0-9a-f]{64}")
GENESIS: Final = "0" * 64
"""What the first entry of an episode names as its predecessor."""

ED25519: Final = b"\x01"
"""The algorithm's byte in the keys of signed notes (C2SP)."""


class NotVerifiable(Exception):
    """What was given cannot be verified at all; the message says what it is not."""


# --- the chain of an episode: each entry names the hash of the one before ---


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold: `position` counts from 0."""

    position: int
    reason: Literal["body_altered", "not_canonical", "not_linked"]


def check(bodies: Iterable[str], hashes: Iterable[str], start: str = GENESIS) -> Break | None:
    """The first break in a run of stored bodies and hashes, or `None` when all of them hold.

    `start` is the hash before the first body given (the genesis for a whole chain). A tail that was cut off
    leaves no trace in the chain itself: compare the last hash with a checkpoint.
    Raises `ValueError` when there are not as many hashes as bodies.
    """
    before = start
    for position, (body, hashed) in enumerate(zip(bodies, hashes, strict=True)):
        if hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest() != hashed:
            return Break(position, "body_altered")
        payload = sealed_payload(body)
        if payload is None:
            return Break(position, "not_canonical")
        if payload.get("prev_hash") != before:
            return Break(position, "not_linked")
        before = hashed
    return None


def sealed_payload(body: str) -> dict[str, Any] | None:
    """The object in a sealed text; None when the text is not the canonical form (RFC 8785) of an object."""
    try:
        payload = json.loads(body, object_pairs_hook=_once_each, parse_float=_refuse, parse_constant=_refuse)
        written = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return payload if written == body and isinstance(payload, dict) else None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs) or not all(name.isascii() for name in members):
        raise ValueError("a member is there twice, or its name is not ASCII")
    return members


def _refuse(_text: str) -> None:
    raise ValueError("measurements are decimal strings; a float has no canonical form")


# --- the Merkle tree of a site (RFC 6962), whose leaves are the sealed texts ---


def leaf_hash(data: bytes) -> str:
    """The hash of a leaf, 64 lowercase hexadecimal digits; `data` is the sealed text of a record."""
    return hashlib.sha256(b"\0" + data).hexdigest()


def node_hash(left: str, right: str) -> str:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\1" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()


def root_from_inclusion(leaf: str, position: int, size: int, proof: Sequence[str]) -> str | None:
    """The root of the tree of `size` leaves in which `leaf` stands at `position`, by the proof; None if it is none."""
    if not 0 <= position < size:
        return None
    place, last, found = position, size - 1, bytes.fromhex(leaf)
    for sibling in map(bytes.fromhex, proof):
        if last == 0:
            return None
        if place % 2 or place == last:
            found = hashlib.sha256(b"\1" + sibling + found).digest()
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            found = hashlib.sha256(b"\1" + found + sibling).digest()
        place, last = place // 2, last // 2
    return found.hex() if last == 0 else None


def roots_from_consistency(old: int, new: int, old_root: str, proof: Sequence[str]) -> tuple[str, str] | None:
    """The roots (of the `old` first leaves, of all `new`) that the proof leads to; None if it is no proof."""
    if not 0 < old <= new:
        return None
    if old == new:
        return None if proof else (old_root, old_root)
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        return None
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place // 2, last // 2
    first = second = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return None
        if place % 2 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            second = node_hash(second, sibling)
        place, last = place // 2, last // 2
    return (first, second) if last == 0 else None


# --- checkpoints: signed notes (C2SP signed-note and tlog-checkpoint) ---


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the log of `origin` had come: `size` leaves under `root`."""

    origin: str
    size: int
    root: str


def open_checkpoint(note: str, key: str) -> Checkpoint:
    """The checkpoint in a signed note, whose signature by `key` (a C2SP verifier key) holds.

    Raises `NotVerifiable`, with a sentence, for anything else.
    """
    name, key_hash, public = read_key(key)
    text, separator, signatures = note.rpartition("\n\n")
    if not separator:
        raise NotVerifiable("This is no signed checkpoint.")
    text += "\n"
    for line in signatures.split("\n"):
        mark, _, signer_and_encoded = line.partition(" ")
        signer, _, encoded = signer_and_encoded.partition(" ")
        signed = _base64(encoded)
        if mark == "\N{EM DASH}" and signer == name and signed[:4] == key_hash:
            try:
                public.verify(signed[4:], text.encode("utf-8", "surrogatepass"))
            except InvalidSignature:
                raise NotVerifiable("The checkpoint's signature does not hold.") from None
            return _read_checkpoint(text)
    raise NotVerifiable("The checkpoint is not signed by this key.")


def read_key(key: str) -> tuple[str, bytes, Ed25519PublicKey]:
    """Name, hash and public key of a verifier key such as `pathway+1f0b2c3d+AbC...`. Raises `NotVerifiable`."""
    name, hashed, encoded = (*key.strip().split("+", 2), "", "")[:3]
    raw = _base64(encoded)
    if len(raw) != 33 or raw[:1] != ED25519:  # noqa: PLR2004  (one byte of algorithm, 32 of key)
        raise NotVerifiable("This is no public key of a log: it looks like pathway+1f0b2c3d+AbC...")
    expected = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if expected.hex() != hashed:
        raise NotVerifiable("The public key was mistyped: its parts do not belong together.")
    return name, expected, Ed25519PublicKey.from_public_bytes(raw[1:])


def _read_checkpoint(text: str) -> Checkpoint:
    origin, size, root = (*text.split("\n"), "", "", "")[:3]
    if not (re.fullmatch("0|[1-9][0-9]{0,18}", size) and len(_base64(root)) == 32):  # noqa: PLR2004  (SHA-256)
        raise NotVerifiable("The signed text is no checkpoint.")
    return Checkpoint(origin, int(size), _base64(root).hex())


def _base64(text: str) -> bytes:
    """The bytes; none for what is no base64, or not the one way of writing them."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


# --- the bundle of one episode ---


@dataclass(frozen=True, slots=True)
class Found:
    """Something in a bundle that does not hold; `entry` is its sequence number, None for the whole."""

    entry: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle is about, and what in it does not hold: nothing, when all of it does."""

    site: str
    episode: str
    entries: int
    covered: int
    """How many entries the checkpoint covers; those behind them came later."""
    records: int
    head: str
    """The hash of the last entry that is covered."""
    checkpoint: Checkpoint
    found: tuple[Found, ...]

    def sentences(self) -> Iterator[str]:
        """The result, for people."""
        if self.found:
            yield f"THE RECORD OF EPISODE {self.episode} AT SITE {self.site} DOES NOT HOLD."
            for each in self.found:
                yield each.sentence if each.entry is None else f"Entry {each.entry}: {each.sentence}"
            return
        which = "all" if self.covered == self.entries else "the first"
        yield (
            f"Episode {self.episode} at site {self.site}: {which} {self.covered} entries are unaltered and in one"
            f" unbroken chain, which ends with {self.head}."
        )
        yield (
            f"They, and {self.records} records of who wrote them, stand in the site's log of"
            f" {self.checkpoint.size} leaves under the signed root {self.checkpoint.root}."
        )
        if self.covered < self.entries:
            yield (
                f"The last {self.entries - self.covered} are said to have come after that checkpoint: no signature"
                " covers them, so nothing is proved of them."
            )
        yield "That nothing came after the last entry, a bundle cannot show."


def read_bundle(data: bytes) -> Any:
    """The JSON of a bundle, in which every member is there once. Raises `NotVerifiable`."""
    try:
        return json.loads(data, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise NotVerifiable("This is no bundle: it is not JSON, or a member is there twice.") from None


def verify_bundle(bundle: Any, key: str) -> Verified:
    """Everything that a bundle (what `read_bundle` gives) allows to verify. Raises `NotVerifiable` for any other value.

    A bundle has no member that is not verified: what else somebody puts in makes it none.
    """
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise NotVerifiable("This is no bundle in a form that this verifier knows.")
    if bundle.keys() != MEMBERS or not all(type(bundle[name]) is list for name in ("entries", "records")):
        raise NotVerifiable("This is no bundle of an episode's proof: its members are others.")
    site, episode, note = (_text(bundle[name]) for name in ("site", "episode", "checkpoint"))
    checkpoint = open_checkpoint(note, key)
    entries = [_Record.read(each, PROVED | {"recommendation"}) for each in bundle["entries"]]
    records = [_Record.read(each, PROVED) for each in bundle["records"]]
    found = [
        *_other_log(checkpoint, site),
        *_chain_faults(entries, site, episode),
        *(
            fault
            for place, each in enumerate(entries, start=1)
            for fault in each.tree_faults(checkpoint, "it", place)
        ),
        *_record_faults(records, site, episode, checkpoint),
        *_unaccounted(entries, records, episode),
    ]
    covered = sum(each.position is not None for each in entries)
    proved = sum(each.position is not None for each in records)
    head = entries[covered - 1].hash if covered else GENESIS
    return Verified(
        site, episode, len(entries), covered, proved, head, checkpoint, tuple(dict.fromkeys(found))
    )


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise NotVerifiable("This is no bundle of an episode's proof: something in it is no text.")
    return told


@dataclass(frozen=True, slots=True)
class _Record:
    body: str
    payload: dict[str, Any] | None
    hash: str
    position: int | None
    proof: tuple[str, ...]
    recommendation: str | None

    @classmethod
    def read(cls, told: Any, members: set[str]) -> _Record:
        if not isinstance(told, dict) or told.keys() != members or type(told["proof"]) is not list:
            raise NotVerifiable(
                "This is no bundle of an episode's proof: an entry or record has other members."
            )
        body, position, proof = _text(told["body"]), told["position"], tuple(map(_text, told["proof"]))
        if not (position is None or type(position) is int) or not all(map(_HASH.fullmatch, proof)):
            raise NotVerifiable(
                "This is no bundle of an episode's proof: a place in the log is none, or no hash."
            )
        hashed = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
        trace = told.get("recommendation")
        return cls(
            body, sealed_payload(body), hashed, position, proof, None if trace is None else _text(trace)
        )

    @property
    def trace_hash(self) -> str | None:
        trace = self.recommendation
        return None if trace is None else hashlib.sha256(trace.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def named(self) -> tuple[str, str]:
        """An entry's id and hash, as an audit record tells of it."""
        return str((self.payload or {}).get("entry")), self.hash

    def tells_of(self) -> set[tuple[str, str]]:
        """Id and hash of each entry that an audit record tells of."""
        told = (self.payload or {}).get("entries")
        members = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
        return {(str(each.get("entry")), str(each.get("hash"))) for each in members}

    def tree_faults(self, checkpoint: Checkpoint, subject: str, entry: int | None = None) -> Iterator[Found]:
        if self.position is None and not self.proof:
            return
        leaf = leaf_hash(self.body.encode("utf-8", "surrogatepass"))
        position = -1 if self.position is None else self.position
        if root_from_inclusion(leaf, position, checkpoint.size, self.proof) != checkpoint.root:
            yield Found(entry, f"{subject} is not what the signed log holds in its place.")


def _other_log(checkpoint: Checkpoint, site: str) -> Iterator[Found]:
    if checkpoint.origin.rpartition("/")[2] != site:
        yield Found(None, "The checkpoint is of another site's log.")


def _chain_faults(entries: Sequence[_Record], site: str, episode: str) -> Iterator[Found]:
    broken = check([each.body for each in entries], [each.hash for each in entries])
    if broken is not None:
        reason = {
            "not_canonical": "its text is in another form than it was sealed in.",
            "not_linked": "it does not follow the entry before it: one was altered, moved, put in or taken out.",
        }[broken.reason]
        yield Found(broken.position + 1, reason)
    for place, each in enumerate(entries, start=1):
        told = each.payload or {}
        if (told.get("site"), told.get("episode"), told.get("sequence")) != (site, episode, place):
            yield Found(place, "it belongs to another place: its site, episode or number differ.")
        if each.trace_hash != told.get("recommendation"):
            yield Found(place, "the recommendation kept with it is not the one that was sealed.")
    uncovered = [place for place, each in enumerate(entries) if each.position is None]
    if uncovered and uncovered != list(range(uncovered[0], len(entries))):
        yield Found(uncovered[0] + 1, "the log does not hold it, though it holds later ones.")


def _record_faults(
    records: Sequence[_Record], site: str, episode: str, checkpoint: Checkpoint
) -> Iterator[Found]:
    """Audit records that are not of this episode, or not what the log holds."""
    for place, each in enumerate(records, start=1):
        yield from each.tree_faults(checkpoint, f"Audit record {place} of the bundle")
        told = each.payload or {}
        if (told.get("site"), told.get("episode")) != (site, episode) or not each.tells_of():
            yield Found(None, f"Audit record {place} of the bundle does not tell who wrote at this episode.")


def _unaccounted(entries: Sequence[_Record], records: Sequence[_Record], episode: str) -> Iterator[Found]:
    """Entries of which no record as well proved says who wrote them, and entries that only a record tells of."""
    signed = {told for each in records if each.position is not None for told in each.tells_of()}
    unsigned = {told for each in records if each.position is None for told in each.tells_of()}
    for place, each in enumerate(entries, start=1):
        if each.named not in signed and (each.position is not None or each.named not in unsigned):
            yield Found(place, "no record says who wrote it.")
    if (signed | unsigned) - {each.named for each in entries}:
        yield Found(
            None, f"A record tells of an entry of episode {episode} that is not in the bundle as it was."
        )


def main(arguments: Sequence[str]) -> int:
    """0 when the bundle holds, 1 when it does not, 2 when it cannot be verified."""
    if len(arguments) != 2:  # noqa: PLR2004  (the two of them)
        sys.stderr.write("Usage: python verifier.py BUNDLE KEY\n")
        return 2
    try:
        verified = verify_bundle(read_bundle(Path(arguments[0]).read_bytes()), arguments[1])
    except (OSError, NotVerifiable) as reason:
        sys.stderr.write(f"{reason}\n")
        return 2
    sys.stdout.writelines(f"{sentence}\n" for sentence in verified.sentences())
    return int(bool(verified.found))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
