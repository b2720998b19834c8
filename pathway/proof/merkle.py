"""The Merkle tree of a site's log (RFC 6962): roots and proofs, from the roots of complete subtrees of 256 leaves.

Kept are the leaves (level 0), the root of every complete run of 256 leaves (level 1), of every complete run of
256 of those (level 2), and so on. So a root or a proof takes some hundred hashes to read, however long the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pathway.proof.verifier import leaf_hash, node_hash

__all__ = [
    "EMPTY",
    "FAN",
    "Nodes",
    "complete",
    "consistency",
    "inclusion",
    "leaf_hash",
    "needed",
    "node_hash",
    "over",
    "root",
]

FAN: Final = 256
"""How many nodes of one level make a node of the next; a power of two."""

_BITS: Final = 8

EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The root of a tree without leaves: the hash of nothing."""

Nodes = Callable[[int, int], str]
"""The hash of the node `number` (from 0) of a level; level 0 are the leaves."""


def root(size: int, node: Nodes) -> str:
    """The root of the first `size` leaves."""
    return _range(0, size, node) if size else EMPTY


def inclusion(position: int, size: int, node: Nodes) -> list[str]:
    """The audit path of the leaf at `position` in the tree of `size` leaves. Raises `ValueError` for one outside."""
    if not 0 <= position < size:
        raise ValueError("there is no such leaf in the tree")
    return list(_path(position, 0, size, node))


def consistency(old: int, new: int, node: Nodes) -> list[str]:
    """The proof that the tree of `old` leaves is the beginning of the tree of `new`. Raises `ValueError`."""
    if not 0 < old <= new:
        raise ValueError("a proof leads from a tree that is not empty to one that is not smaller")
    return list(_subproof(old, 0, new, node, whole=True)) if old < new else []


def complete(old: int, new: int) -> Iterator[tuple[int, int]]:
    """The nodes (level, number) that become complete when a tree of `old` leaves grows to `new`, lowest first."""
    level, run = 1, FAN
    while run <= new:
        for number in range(old // run, new // run):
            yield level, number
        level, run = level + 1, run * FAN


def needed(size: int, positions: Sequence[int] = ()) -> set[tuple[int, int, int]]:
    """What has to be read for the root, and for the paths of some leaves: (level, first, behind the last)."""
    wanted: set[tuple[int, int, int]] = set()
    level, run = 0, 1
    while run <= size:
        count = size // run
        for place in (*(position // run for position in positions), count):
            first = place // FAN * FAN
            if first < min(first + FAN, count):
                wanted.add((level, first, min(first + FAN, count)))
        level, run = level + 1, run * FAN
    return wanted


def over(leaves: Sequence[str]) -> Nodes:
    """The nodes over leaf hashes in memory."""
    made: dict[tuple[int, int], str] = {}

    def node(level: int, number: int) -> str:
        if level == 0:
            return leaves[number]
        if (level, number) not in made:
            made[level, number] = _perfect(level - 1, number * FAN, FAN, node)
        return made[level, number]

    return node


def _perfect(level: int, first: int, count: int, node: Nodes) -> str:
    """The hash over `count` (a power of two) nodes of a level from `first` on."""
    if count == 1:
        return node(level, first)
    half = count // 2
    return node_hash(_perfect(level, first, half, node), _perfect(level, first + half, half, node))


def _range(start: int, count: int, node: Nodes) -> str:
    """The hash over `count` leaves from `start` on, where `start` is a multiple of the power of two below."""
    if count & (count - 1) == 0:
        exponent = count.bit_length() - 1
        level, rest = divmod(exponent, _BITS)
        run = 1 << (level * _BITS)
        return _perfect(level, start // run, 1 << rest, node)
    half = _split(count)
    return node_hash(_range(start, half, node), _range(start + half, count - half, node))


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _path(position: int, start: int, count: int, node: Nodes) -> Iterator[str]:
    if count == 1:
        return
    half = _split(count)
    if position < half:
        yield from _path(position, start, half, node)
        yield _range(start + half, count - half, node)
    else:
        yield from _path(position - half, start + half, count - half, node)
        yield _range(start, half, node)


def _subproof(old: int, start: int, count: int, node: Nodes, *, whole: bool) -> Iterator[str]:
    if old == count:
        if not whole:
            yield _range(start, count, node)
        return
    half = _split(count)
    if old <= half:
        yield from _subproof(old, start, half, node, whole=whole)
        yield _range(start + half, count - half, node)
    else:
        yield from _subproof(old - half, start + half, count - half, node, whole=False)
        yield _range(start, half, node)
