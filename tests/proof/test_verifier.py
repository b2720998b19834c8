"""A bundle that holds says so in sentences; one that was touched says which entry, and never that it holds."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from pathway.proof import verifier
from pathway.proof.canonical import canonical
from pathway.proof.chain import GENESIS, seal
from pathway.proof.checkpoint import Signer
from pathway.proof.merkle import inclusion, leaf_hash, over, root
from pathway.proof.verifier import Checkpoint, NotVerifiable, main, read_bundle, verify_bundle

SIGNER = Signer.of("pathway", bytes(range(32)))
KEY = SIGNER.verifier_key
Bundle = dict[str, Any]


def bundle(length: int = 6, *, covered: int | None = None) -> Bundle:
    """An episode with an audit record for each entry, in a log with others, as the service would tell of it."""
    signed = length if covered is None else covered
    bodies, before = [], GENESIS
    for number in range(1, length + 1):
        trace = canonical({"recommended": f"step {number}"}).decode()
        told = {
            "site": "north",
            "episode": "e-1",
            "sequence": number,
            "entry": f"entry-{number}",
            "actor": "dr-okafor",
            "recommendation": sha256(trace.encode()).hexdigest(),
        }
        sealed = seal(told, before)
        record = canonical(
            {
                "site": "north",
                "audit": f"a-{number}",
                "episode": "e-1",
                "subject": "dr-okafor",
                "entries": [{"entry": told["entry"], "hash": sealed.hash}],
            }
        )
        bodies.append((sealed.body, record.decode(), trace))
        before = sealed.hash
    others = [leaf_hash(f"other {number}".encode()) for number in range(5)]
    leaves = [
        *others,
        *(leaf_hash(text.encode()) for body, record, _ in bodies[:signed] for text in (body, record)),
    ]
    node = over(leaves)
    size = len(leaves)

    def proved(text: str, place: int, number: int) -> dict[str, Any]:
        if number >= signed:
            return {"body": text, "position": None, "proof": []}
        return {"body": text, "position": place, "proof": inclusion(place, size, node)}

    checkpoint = Checkpoint("pathway/north", size, root(size, node))
    return {
        "format": verifier.FORMAT,
        "site": "north",
        "episode": "e-1",
        "checkpoint": SIGNER.sign(checkpoint),
        "entries": [
            proved(body, 5 + 2 * number, number) | {"recommendation": trace}
            for number, (body, _, trace) in enumerate(bodies)
        ],
        "records": [proved(record, 6 + 2 * number, number) for number, (_, record, _) in enumerate(bodies)],
    }


def found(changed: Bundle) -> set[int | None]:
    return {each.entry for each in verify_bundle(changed, KEY).found}


@pytest.mark.shows("R-087")
def test_a_bundle_that_holds_says_what_it_shows_and_what_it_cannot() -> None:
    verified = verify_bundle(bundle(), KEY)
    assert verified.found == ()
    told = " ".join(verified.sentences())
    assert "all 6 entries are unaltered and in one unbroken chain" in told
    assert "They, and 6 records of who wrote them, stand in the site's log of 17 leaves" in told
    assert "a bundle cannot show" in told


def test_entries_behind_the_checkpoint_are_told_as_not_covered() -> None:
    verified = verify_bundle(bundle(covered=4), KEY)
    assert verified.found == ()
    assert verified.head == verify_bundle(bundle(4), KEY).head
    told = " ".join(verified.sentences())
    assert "the first 4 entries are unaltered" in told
    assert "The last 2 are said to have come after that checkpoint: no signature covers them" in told


def edit(changed: Bundle, place: int, **members: Any) -> None:
    told = json.loads(changed["entries"][place]["body"]) | members
    changed["entries"][place]["body"] = canonical(told).decode()


def forge_a_record(changed: Bundle, place: int, **members: Any) -> None:
    """Somebody else is said to have written it, by a record that claims to have come too late for the log."""
    told = json.loads(changed["records"][place]["body"]) | {"subject": "somebody else"} | members
    changed["records"][place] = {"body": canonical(told).decode(), "position": None, "proof": []}


TOUCHES: dict[str, tuple[Callable[[Bundle], object], int | None]] = {
    "a field": (lambda each: edit(each, 2, actor="somebody else"), 3),
    "the last field": (lambda each: edit(each, 5, actor="somebody else"), 6),
    "taken out": (lambda each: each["entries"].pop(2), 3),
    "moved": (lambda each: each["entries"].reverse(), 1),
    "put in": (lambda each: each["entries"].insert(2, dict(each["entries"][1])), 3),
    "another episode": (lambda each: each.update(episode="e-2"), 1),
    "another place": (lambda each: each["entries"][3].update(position=0), 4),
    "another proof": (lambda each: each["entries"][3].update(proof=[]), 4),
    "another recommendation": (lambda each: each["entries"][1].update(recommendation="{}"), 2),
    "no record": (lambda each: each["records"].pop(1), 2),
    "a forged record that no log holds": (lambda each: forge_a_record(each, 1), 2),
    "the last entry is gone and its record is not": (lambda each: each["entries"].pop(), None),
    "a record of another episode": (lambda each: forge_a_record(each, 1, episode="e-2"), None),
    "a record that no log holds": (lambda each: each["records"][1].update(position=None), None),
    "another record": (lambda each: each["records"][1].update(body='{"entries":[]}'), 2),
    "a record of no form": (lambda each: each["records"][1].update(body='{"entries":[5]}'), 2),
    "a hole": (lambda each: each["entries"][2].update(position=None, proof=[]), 3),
    "another form": (lambda each: each["entries"][2].update(body=each["entries"][2]["body"] + " "), 3),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_what_was_touched_is_named(touch: str) -> None:
    changed = bundle()
    change, entry = TOUCHES[touch]
    change(changed)
    verified = verify_bundle(changed, KEY)
    assert entry in {each.entry for each in verified.found}
    assert next(verified.sentences()) == "THE RECORD OF EPISODE {} AT SITE north DOES NOT HOLD.".format(
        changed["episode"]
    )


def test_the_log_of_another_site_is_told() -> None:
    changed = bundle()
    changed["site"] = "south"
    assert "The checkpoint is of another site's log." in list(verify_bundle(changed, KEY).sentences())


def believed(data: bytes) -> bool:
    try:
        return not verify_bundle(read_bundle(data), KEY).found
    except NotVerifiable:
        return False


@pytest.mark.shows("G5", "T-65")
def test_a_changed_byte_anywhere_is_never_believed() -> None:
    """Each byte of a file without a space too many, to three others; also to one that differs in a single bit."""
    text = orjson.dumps(bundle(2))
    assert believed(text)
    choose = random.Random(11)
    for place, byte in enumerate(text):
        for other in (byte ^ 0x20, byte ^ 1, choose.choice(b"0123456789abcdefxyz+/=")):
            changed = text[:place] + bytes([other]) + text[place + 1 :]
            assert changed == text or not believed(changed), (place, text[place - 20 : place + 20])


@pytest.mark.shows("T-65")
def test_a_member_that_nothing_verifies_or_that_is_there_twice_makes_it_no_bundle() -> None:
    text = orjson.dumps(bundle(2))
    assert not believed(text.replace(b"{", b'{"note":"all is well",', 1))
    assert not believed(text.replace(b"{", b'{"episode":"e-9",', 1))
    assert not believed(text.replace(b'{"body"', b'{"note":"all is well","body"', 1))
    assert not believed(b'{"format":' * 100_000)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "pathway-proof/2"}, "form that this verifier knows"),
        ({"site": 5}, "no text"),
        ({"more": 5}, "members are others"),
        ({"checkpoint": "x"}, "no signed checkpoint"),
        ({"entries": 5}, "no bundle"),
        ({"entries": [{}]}, "no bundle"),
        ({"entries": [{"body": "{}", "position": "1", "proof": [], "recommendation": None}]}, "no bundle"),
        ({"entries": [{"body": "{}", "position": True, "proof": [], "recommendation": None}]}, "no bundle"),
        ({"records": [{"body": "{}", "position": 1, "proof": ["zz"]}]}, "no bundle"),
        ({"records": [{"body": "{}", "position": 1, "proof": ["00"]}]}, "no bundle"),
    ],
)
def test_what_is_no_bundle_is_told_as_such(change: Bundle, sentence: str) -> None:
    with pytest.raises(NotVerifiable, match=sentence):
        verify_bundle(bundle() | change, KEY)


def test_an_episode_without_entries_holds_and_ends_with_nothing() -> None:
    told: Bundle = bundle() | {"entries": [], "records": []}
    assert verify_bundle(told, KEY).head == GENESIS


@pytest.mark.shows("R-087")
def test_an_auditor_runs_the_one_file_and_reads_its_answer(tmp_path: Path) -> None:
    """In a folder of its own, by a Python that does not know this service."""
    alone = tmp_path / "verifier.py"
    alone.write_bytes(Path(verifier.__file__).read_bytes())
    (tmp_path / "bundle.json").write_text(json.dumps(bundle()))
    command: list[str | Path] = [sys.executable, "-I", alone, tmp_path / "bundle.json", KEY]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "unaltered" in done.stdout
    imports = [line for line in alone.read_text().splitlines() if line.startswith(("import ", "from "))]
    assert not any("pathway" in line for line in imports)


def test_it_ends_with_one_for_what_does_not_hold_and_with_two_for_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = copy.deepcopy(bundle())
    edit(changed, 1, actor="somebody else")
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(changed))
    assert main([str(path), KEY]) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out
    path.write_text("{")
    assert main([str(path), KEY]) == 2
    assert main([str(tmp_path / "nowhere"), KEY]) == 2
    assert main([str(path)]) == 2
    assert "Usage" in capsys.readouterr().err
