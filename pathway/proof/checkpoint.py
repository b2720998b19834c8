"""Signed checkpoints of a log: what the service commits itself to, in the C2SP formats for notes and logs."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pathway.proof.verifier import ED25519, Checkpoint


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under the name that checkpoints are signed with: letters, digits, points and dashes."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, seed: bytes) -> Signer:
        """The signer with the 32 bytes `seed` as its secret. Raises `ValueError` for any other number of bytes."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifier_key(self) -> str:
        """The public key as everybody may have it: `<name>+<hash>+<key>`."""
        return f"{self.name}+{self._key_hash.hex()}+{base64.b64encode(self._public).decode()}"

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note."""
        root = base64.b64encode(bytes.fromhex(checkpoint.root)).decode()
        text = f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"
        signature = base64.b64encode(self._key_hash + self.key.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {self.name} {signature}\n"

    @property
    def _public(self) -> bytes:
        return ED25519 + self.key.public_key().public_bytes_raw()

    @property
    def _key_hash(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self._public).digest()[:4]
