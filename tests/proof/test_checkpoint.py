"""A checkpoint is believed when the key it is checked with signed exactly this text, and otherwise not."""

from __future__ import annotations

import pytest

from pathway.proof.checkpoint import Signer
from pathway.proof.verifier import Checkpoint, NotVerifiable, open_checkpoint, read_key

SIGNER = Signer.of("pathway", bytes(range(32)))
ANOTHER = Signer.of("pathway", bytes(32))
TOLD = Checkpoint("pathway.example/north", 7, "ab" * 32)


@pytest.mark.shows("R-086")
def test_a_signed_checkpoint_reads_back() -> None:
    assert open_checkpoint(SIGNER.sign(TOLD), SIGNER.verifier_key) == TOLD


def test_it_is_text_that_people_can_read() -> None:
    lines = SIGNER.sign(TOLD).split("\n")
    assert lines[:4] == ["pathway.example/north", "7", "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", ""]
    assert lines[4].startswith("\N{EM DASH} pathway ")


def test_the_key_of_a_published_log_is_read_as_that_log_publishes_it() -> None:
    name, _, _ = read_key("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    assert name == "sum.golang.org"


@pytest.mark.shows("T-28")
@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("north", "south"),
        ("\n7\n", "\n8\n"),
        ("q6ur", "q6uq"),
        ("\n\n", "\nmore\n\n"),
    ],
)
def test_a_changed_text_is_not_believed(find: str, put: str) -> None:
    with pytest.raises(NotVerifiable, match="signature does not hold"):
        open_checkpoint(SIGNER.sign(TOLD).replace(find, put, 1), SIGNER.verifier_key)


@pytest.mark.shows("T-28")
def test_another_key_of_the_same_name_is_another_key() -> None:
    with pytest.raises(NotVerifiable, match="not signed by this key"):
        open_checkpoint(ANOTHER.sign(TOLD), SIGNER.verifier_key)


def test_further_signatures_do_no_harm() -> None:
    theirs = ANOTHER.sign(TOLD).rpartition("\n\n")[2]
    assert open_checkpoint(SIGNER.sign(TOLD) + theirs, SIGNER.verifier_key) == TOLD
    assert open_checkpoint(SIGNER.sign(TOLD) + "\N{EM DASH} x\nnonsense\n", SIGNER.verifier_key) == TOLD


@pytest.mark.parametrize("note", ["", "a\nb\n", "a\n\n", "a\n\n\N{EM DASH} pathway ???\n"])
def test_what_is_no_signed_note_is_told_as_such(note: str) -> None:
    with pytest.raises(NotVerifiable):
        open_checkpoint(note, SIGNER.verifier_key)


@pytest.mark.parametrize("size", ["-1", "", "7a"])
def test_a_signed_text_that_is_no_checkpoint_is_refused(size: str) -> None:
    import base64

    text = f"pathway/north\n{size}\n{base64.b64encode(bytes(32)).decode()}\n"
    signed = base64.b64encode(SIGNER._key_hash + SIGNER.key.sign(text.encode())).decode()
    with pytest.raises(NotVerifiable, match="no checkpoint"):
        open_checkpoint(f"{text}\n\N{EM DASH} pathway {signed}\n", SIGNER.verifier_key)


@pytest.mark.parametrize("key", ["", "pathway", "pathway+00000000+????", "pathway+1+AQ=="])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(NotVerifiable, match="no public key"):
        read_key(key)


def test_a_mistyped_key_is_refused() -> None:
    name, hashed, key = SIGNER.verifier_key.split("+", 2)
    with pytest.raises(NotVerifiable, match="mistyped"):
        read_key(f"{name}x+{hashed}+{key}")
