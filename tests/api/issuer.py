"""An issuer of tokens outside the service, with its key set on an address of this machine."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from pydantic import SecretStr

from api.access import ALGORITHMS
from pathway.settings import Settings
from pathway.use_cases.keys import new_secret

NAME = "https://issuer.example"
AUDIENCE = "https://pathway.example"
Key = OKPKey | ECKey | RSAKey | OctKey


class Issuer:
    """Signs tokens and publishes keys; `fetches` counts how often they were asked for."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", auto_kid=True)
        self.published: list[Key] = [self.key]
        self.fetches = 0
        self.works = True
        self.jwks_url = ""

    def sign(
        self,
        *,
        key: Key | None = None,
        alg: str = "Ed25519",
        header: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """A good token, but for what is said."""
        key = key or self.key
        said = {**good_claims(), **claims}
        kept = {name: value for name, value in said.items() if name not in without}
        head = {"alg": alg, "typ": "at+jwt", "kid": key.kid, **(header or {})}
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            kept,
            key,
            algorithms=[*ALGORITHMS, "HS256", "RS384"],
            default_type=None,
        )

    def sign_exactly(self, claims: bytes, **header: Any) -> str:
        """A token with exactly these claims, and a header that a careful library would not write."""
        head = {"alg": "Ed25519", "typ": "at+jwt", "kid": self.key.kid, **header}
        signed = f"{base64_of(json.dumps(head).encode())}.{base64_of(claims)}"
        signature = self.key.get_op_key("sign").sign(signed.encode())  # type: ignore[union-attr]
        return f"{signed}.{base64_of(signature)}"

    def key_set(self) -> bytes:
        return json.dumps(KeySet(self.published).as_dict(private=False)).encode()


def base64_of(part: bytes) -> str:
    """The part as it stands in a token."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def good_claims() -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": NAME,
        "aud": AUDIENCE,
        "sub": "dr-okafor",
        "client_id": "ehr",
        "site": "north",
        "roles": ["clinician"],
        "iat": now - 5,
        "exp": now + 600,
    }


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer whose keys can be fetched for as long as the block lasts."""
    issuer = Issuer()

    class Published(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetches += 1
            body = issuer.key_set() if issuer.works else b"out of order"
            self.send_response(200 if issuer.works else 500)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name in the library)
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Published) as server:
        issuer.jwks_url = f"http://127.0.0.1:{server.server_port}/keys"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


def production(issuer: Issuer, **more: Any) -> Settings:
    """Settings of a service in production, whose tokens come from the issuer."""
    return Settings(
        env="production",
        token_issuer=NAME,
        token_audience=AUDIENCE,
        jwks_url=issuer.jwks_url,
        signing_key=SecretStr(new_secret()),
        identifier_key=SecretStr(new_secret()),
        **more,
    )
