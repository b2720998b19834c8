"""The proof of one episode as a bundle that verifies offline, with a public key and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from pathway.proof.merkle import Nodes, inclusion
from pathway.proof.verifier import FORMAT
from pathway.store.values import StoredEntry
from pathway.use_cases.checkpoints import Kept, Notary, NotSigned
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import summary_of


def prove_episode(installation: Installation, notary: Notary, caller: Caller, episode_id: str) -> bytes:
    """The bundle (`pathway.proof.verifier` reads it) as JSON. Raises `Refusal`.

    It is proved under the last checkpoint where that covers the whole log of the episode, else under a new one.
    Where nothing more is signed, because the log does not continue what was signed, it is proved as far as it is
    covered.
    """
    summary = summary_of(installation, caller, Operation.PROVE_AN_EPISODE, episode_id)
    site = caller.site_id
    entries = installation.readers.entries(site, episode_id)
    ids = {entry.entry_id for entry in entries}
    records = [
        (record.audit_id, record.body)
        for record in installation.readers.audits_of_episode(site, episode_id)
        if ids & {each["entry"] for each in orjson.loads(record.body)["entries"]}
    ]
    kept = _checkpoint(notary, site, summary.head_sequence, entries)
    placed = notary.log.placed(site, [*ids, *(record for record, _ in records)])
    positions = {
        record: leaf.position for record, leaf in placed.items() if leaf.position < kept.checkpoint.size
    }
    nodes = notary.log.nodes(site, kept.checkpoint.size, sorted(positions.values()))
    proved = _Proved(positions, kept.checkpoint.size, nodes)
    bundle = {
        "format": FORMAT,
        "site": site,
        "episode": episode_id,
        "checkpoint": kept.note,
        "entries": [
            {**proved.of(entry.entry_id, entry.body), "recommendation": entry.recommendation}
            for entry in entries
        ],
        "records": [proved.of(record, body) for record, body in records],
    }
    return orjson.dumps(bundle)


class _Proved:
    def __init__(self, positions: Mapping[str, int], size: int, nodes: Nodes) -> None:
        self._positions, self._size, self._nodes = positions, size, nodes

    def of(self, record_id: str, body: str) -> dict[str, Any]:
        position = self._positions.get(record_id)
        proof = [] if position is None else inclusion(position, self._size, self._nodes)
        return {"body": body, "position": position, "proof": proof}


def _checkpoint(notary: Notary, site: str, head: int, entries: list[StoredEntry]) -> Kept:
    """The last checkpoint if it covers the episode's head, else a new one where one can be had."""
    try:
        latest = notary.latest(site)
        last = entries[head - 1].entry_id
        place = notary.log.placed(site, [last]).get(last)
        covers = latest is not None and place is not None and place.position < latest.checkpoint.size
        if latest is not None and covers and latest.key_age == 0:
            return latest
        latest = notary.attest(site)
    except NotSigned:
        latest = _any_of_ours(notary, site)
    if latest is None:
        raise Refusal("unavailable", "There is no signed checkpoint that this episode could be proved under.")
    return latest


def _any_of_ours(notary: Notary, site: str) -> Kept | None:
    try:
        return notary.latest(site)
    except NotSigned:
        return None
