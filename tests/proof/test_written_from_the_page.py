"""A verifier written from docs/verification.md alone, with nothing of ours, agrees with the one that is shipped.

Whoever changes the format has to change the page, and this.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pathway.proof.verifier import NotVerifiable, read_bundle, verify_bundle
from pathway.use_cases.prove_episode import prove_episode
from tests.tampering import Hospital
from tests.use_cases.honest import courses, in_file

Bundle = dict[str, Any]
PAGE = Path(__file__).parents[2] / "docs" / "verification.md"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def signed_root(note: str, key: str) -> tuple[str, int, bytes]:
    """The section on the checkpoint: first line, leaves, root."""
    name, digits, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    assert raw[0] == 1
    assert sha256(name.encode() + b"\n" + raw)[:4].hex() == digits
    text, signatures = note.split("\n\n")
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        bytes_of_it = base64.b64decode(signature)
        assert base64.b64encode(bytes_of_it).decode() == signature
        if (dash, signer, bytes_of_it[:4].hex()) == ("\N{EM DASH}", name, digits):
            Ed25519PublicKey.from_public_bytes(raw[1:]).verify(bytes_of_it[4:], f"{text}\n".encode())
            origin, leaves, root = text.split("\n")
            return origin, int(leaves), base64.b64decode(root)
    raise AssertionError("not signed by this key")


def root_above(leaf: bytes, position: int, leaves: int, path: list[str]) -> bytes:
    """RFC 9162, section 2.1.3.2."""
    assert 0 <= position < leaves
    place, last, found = position, leaves - 1, leaf
    for step in path:
        assert len(step) == 64
        assert set(step) <= set("0123456789abcdef")
        assert last
        sibling = bytes.fromhex(step)
        if place & 1 or place == last:
            found = sha256(b"\1" + sibling + found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + sibling)
        place, last = place >> 1, last >> 1
    assert last == 0
    return found


def no_float(text: str) -> None:
    raise AssertionError(f"a float: {text}")


def require(bundle: Bundle, key: str) -> None:
    """The section on the bundle, line by line; fails where it does not hold."""
    assert bundle.keys() == {"format", "site", "episode", "checkpoint", "entries", "records"}
    assert bundle["format"] == "pathway-proof/1"
    origin, leaves, root = signed_root(bundle["checkpoint"], key)
    assert origin.rpartition("/")[2] == bundle["site"]
    for each in (*bundle["entries"], *bundle["records"]):
        assert each.keys() - {"recommendation"} == {"body", "position", "proof"}
        told = json.loads(each["body"], parse_float=no_float)
        form = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert form == each["body"]
        assert (told["site"], told["episode"]) == (bundle["site"], bundle["episode"])
        if each["position"] is None:
            assert each["proof"] == []
        else:
            assert type(each["position"]) is int
            leaf = sha256(b"\0" + each["body"].encode())
            assert root_above(leaf, each["position"], leaves, each["proof"]) == root
    before, covered = "0" * 64, True
    hashes = {}
    for number, each in enumerate(bundle["entries"], start=1):
        told = json.loads(each["body"])
        assert (told["sequence"], told["prev_hash"]) == (number, before)
        kept = each["recommendation"]
        assert told["recommendation"] == (None if kept is None else sha256(kept.encode()).hex())
        before = sha256(each["body"].encode()).hex()
        hashes[told["entry"], before] = each["position"] is not None
        assert covered or each["position"] is None
        covered = each["position"] is not None
    told_of: dict[tuple[str, str], bool] = {}
    for each in bundle["records"]:
        assert "recommendation" not in each
        entries = json.loads(each["body"])["entries"]
        assert entries
        for entry in entries:
            named = entry["entry"], entry["hash"]
            assert named in hashes
            told_of[named] = told_of.get(named, False) or each["position"] is not None
    assert all(told_of[named] or not signed for named, signed in hashes.items())


def holds_by_the_page(bundle: Bundle, key: str) -> bool:
    try:
        require(bundle, key)
    except (AssertionError, InvalidSignature, KeyError, ValueError, TypeError, AttributeError):
        return False
    return True


def holds_by_ours(bundle: Bundle, key: str) -> bool:
    try:
        return not verify_bundle(bundle, key).found
    except NotVerifiable:
        return False


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Bundle], str]:
    """Bundles of a real service, whole and in part behind the last checkpoint, and its public key."""
    side = Hospital.of(in_file(tmp_path_factory.mktemp("proved")))
    courses(side, 0, 2)
    episodes = [
        each.episode_id for each in side.installation.readers.worklist(side.site, today=side.clock.now.date())
    ]
    made = [
        read_bundle(prove_episode(side.installation, side.notary, side.caller(), each)) for each in episodes
    ]
    late = json.loads(orjson.dumps(made[0]))
    last = late["entries"][-1]
    entry = json.loads(last["body"])["entry"]
    for each in (last, *(each for each in late["records"] if entry in each["body"])):
        each |= {"position": None, "proof": []}
    key = side.notary.verifier_key
    side.stop()
    return [*made, late], key


@pytest.mark.shows("R-087")
def test_what_a_service_proves_holds_by_the_page_and_by_ours(proved: tuple[list[Bundle], str]) -> None:
    bundles, key = proved
    assert [holds_by_the_page(each, key) for each in bundles] == [True, True, True]
    assert [holds_by_ours(each, key) for each in bundles] == [True, True, True]


def forge_the_body(bundle: Bundle, choose: random.Random) -> None:
    each = choose.choice(bundle[choose.choice(["entries", "records"])])
    told = json.loads(each["body"])
    told[choose.choice(sorted(told))] = choose.choice([None, 1, "forged", [], {}])
    each["body"] = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def forge_what_is_beside(bundle: Bundle, choose: random.Random) -> None:
    each = choose.choice(bundle[choose.choice(["entries", "records"])])
    each[choose.choice(sorted(each))] = choose.choice([None, 0, 1, True, "x", [], ["0" * 64]])


def take_out(bundle: Bundle, choose: random.Random) -> None:
    some = bundle[choose.choice(["entries", "records"])]
    some.pop(choose.randrange(len(some)))


def repeat(bundle: Bundle, choose: random.Random) -> None:
    some = bundle[choose.choice(["entries", "records"])]
    some.insert(choose.randrange(len(some)), choose.choice(some))


def say_it_came_later(bundle: Bundle, choose: random.Random) -> None:
    choose.choice(bundle[choose.choice(["entries", "records"])]).update(position=None, proof=[])


def forge_the_whole(bundle: Bundle, choose: random.Random) -> None:
    bundle[choose.choice(sorted(bundle))] = choose.choice(["south", "", None, []])


def change_a_character(bundle: Bundle, choose: random.Random) -> None:
    note = bundle["checkpoint"]
    place = choose.randrange(len(note))
    bundle["checkpoint"] = note[:place] + choose.choice("Aa0=+\n ") + note[place + 1 :]


CHANGES: list[Callable[[Bundle, random.Random], None]] = [
    forge_the_body, forge_what_is_beside, take_out, repeat, say_it_came_later, forge_the_whole, change_a_character,
]  # fmt: skip


PROVES_LESS = (say_it_came_later, repeat)
"""After these a bundle may hold: less is proved by it, and nothing else is said."""

WHOLE = 2
"""How many of the bundles have a signature over everything."""


@pytest.mark.shows("G5", "R-087", "T-65")
@pytest.mark.parametrize("change", CHANGES)
def test_both_agree_on_what_was_changed(
    proved: tuple[list[Bundle], str], change: Callable[[Bundle, random.Random], None]
) -> None:
    bundles, key = proved
    for seed in range(60):
        choose = random.Random(seed)
        number = choose.randrange(len(bundles))
        bundle = json.loads(orjson.dumps(bundles[number]))
        before = json.dumps(bundle)
        change(bundle, choose)
        told = holds_by_the_page(bundle, key), holds_by_ours(bundle, key)
        assert told[0] == told[1], (seed, told)
        if number < WHOLE and change not in PROVES_LESS:
            assert not told[0] or json.dumps(bundle) == before, seed


def test_the_page_names_every_member(proved: tuple[list[Bundle], str]) -> None:
    page, (bundle, *_) = PAGE.read_text(encoding="utf-8"), proved[0]
    for name in (*bundle, *bundle["entries"][0], *bundle["records"][0]):
        assert f"`{name}`" in page, name
