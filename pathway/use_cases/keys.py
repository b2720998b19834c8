"""The secrets of an installation that are kept outside its database: set in production, made once in development."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from pathway.proof.checkpoint import Signer
from pathway.proof.verifier import NotVerifiable, read_key
from pathway.settings import Settings
from pathway.store.engines import database_url
from pathway.store.sealing import IdentifierKey, KeySource

KEY_BYTES: Final = 32


class KeyMissing(Exception):
    """A secret is not set, or is none; the message says which and how to make one."""


def signer(settings: Settings) -> Signer:
    """What checkpoints are signed with (`PATHWAY_SIGNING_KEY`). Raises `KeyMissing`."""
    return Signer.of(settings.log_origin, _secret(settings, "signing_key", settings.signing_key))


def former_log_keys(settings: Settings) -> tuple[str, ...]:
    """The public keys of earlier signing keys, the latest first (`PATHWAY_FORMER_LOG_KEYS`). Raises `KeyMissing`."""
    keys = tuple(settings.former_log_keys.split())
    for key in keys:
        try:
            read_key(key)
        except NotVerifiable as fault:
            raise KeyMissing(f"PATHWAY_FORMER_LOG_KEYS names a key that cannot be read. {fault}") from None
    return keys


def identifier_key(settings: Settings) -> bytes:
    """The 32 bytes under which patients' keys are wrapped (`PATHWAY_IDENTIFIER_KEY`). Raises `KeyMissing`."""
    return _secret(settings, "identifier_key", settings.identifier_key)


def session_key(settings: Settings) -> bytes:
    """The 32 bytes under which the cookies of the pages are sealed (`PATHWAY_SESSION_KEY`). Raises `KeyMissing`."""
    return _secret(settings, "session_key", settings.session_key)


def former_key(settings: Settings) -> IdentifierKey:
    """The key that was in force before (`PATHWAY_IDENTIFIER_KEY_OLD`). Raises `KeyMissing`."""
    if settings.identifier_key_old is None:
        raise KeyMissing(
            "Set PATHWAY_IDENTIFIER_KEY to the new key and PATHWAY_IDENTIFIER_KEY_OLD to the one in force."
        )
    return IdentifierKey(_secret(settings, "identifier_key_old", settings.identifier_key_old))


def require_none_of_development(settings: Settings) -> None:
    """Raises `KeyMissing` in production for a secret that lies beside the database, where development left it."""
    if settings.env == "development":
        return
    for name in ("signing_key", "identifier_key", "session_key"):
        given: SecretStr | None = getattr(settings, name)
        left = _of_development(settings, name)
        if (
            given is not None
            and left.exists()
            and left.read_text(encoding="utf-8") == given.get_secret_value()
        ):
            raise KeyMissing(
                f"PATHWAY_{name.upper()} is the key that was made for development and lies in {left}: whoever has"
                " a copy of that folder has it. Make another one for production, and remove that file."
            )


def sealing_key(settings: Settings) -> KeySource:
    """The same key, once something asks for it. It raises `KeyMissing` then."""
    return cache(lambda: IdentifierKey(identifier_key(settings)))


def beside_the_database(settings: Settings) -> Path:
    """The folder of the SQLite file; `var` for PostgreSQL."""
    url = database_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).parent
    return Path("var")


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file, readable by its owner alone; made if it is not there yet.

    Of several processes that make it at once one wins, and the others use its secret.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(make())
            with suppress(FileExistsError):
                os.link(draft, path)  # unlike a rename, a link never replaces what another process just made
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8")


def new_secret() -> str:
    """32 random bytes, as base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _secret(settings: Settings, name: str, given: SecretStr | None) -> bytes:
    variable = f"PATHWAY_{name.upper()}"
    if given is not None:
        told = given.get_secret_value()
    elif settings.env == "development":
        told = kept_secret(_of_development(settings, name), new_secret)
    else:
        raise KeyMissing(
            f"Set {variable} (or {variable}_FILE) to 32 random bytes in base64, for instance from"
            " `openssl rand -base64 32`, and keep a copy of it outside the database and its backups."
        )
    try:
        key = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMissing(f"{variable} is to be 32 random bytes in base64.")
    return key


def _of_development(settings: Settings, name: str) -> Path:
    return beside_the_database(settings) / f"development-{name.replace('_', '-')}"
