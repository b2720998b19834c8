"""A hospital's OpenID Connect provider on this machine, which knows one person and does as it should."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

CLIENT = "pathway-pages"
SECRET = "the provider's secret for us"
PERSON = {"sub": "dr-okafor", "site": "north", "roles": ["clinician"]}


@dataclass
class Hospital:
    """`told` is what the next ID token says otherwise; `without` what it leaves out; `key` what it is signed with."""

    issuer: str = ""
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", auto_kid=True))
    published: OKPKey | None = None
    told: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    refuses: bool = False

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent once the person said yes."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert asked["prompt"] == "login"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.asked[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: Mapping[str, str], authorization: str) -> dict[str, Any] | None:
        """The tokens for a code, which serves once; nothing when anything is not as it was begun."""
        begun = self.asked.pop(asked.get("code", ""), None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            begun is None
            or self.refuses
            or authorization != expected
            or asked.get("redirect_uri") != begun["redirect_uri"]
            or verifier.rstrip(b"=").decode() != begun["code_challenge"]
        ):
            return None
        return {
            "access_token": "of no use to us",
            "token_type": "Bearer",
            "id_token": self._signed(begun["nonce"]),
        }

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        said = (
            {"iss": self.issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300}
            | PERSON
            | self.told
        )
        kept = {name: value for name, value in said.items() if name not in self.without}
        return jwt.encode({"alg": "Ed25519", "kid": self.key.kid}, kept, self.key, algorithms=["Ed25519"])

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self.published or self.key]).as_dict(private=False))

    def metadata(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }


@contextmanager
def open_hospital() -> Iterator[Hospital]:
    """The provider, for as long as the block lasts."""
    hospital = Hospital()

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            if path.path == "/authorize":
                self.send_response(302)
                self.send_header("location", hospital.authorize(dict(parse_qsl(path.query))))
                self.send_header("content-length", "0")
                self.end_headers()
            else:
                known = {"/.well-known/openid-configuration": hospital.metadata, "/keys": hospital.keys}
                self._answer(200, known[path.path]())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told = hospital.token(dict(parse_qsl(body)), self.headers.get("authorization", ""))
            self._answer(200 if told else 400, told or {"error": "invalid_grant"})

        def _answer(self, status: int, told: Mapping[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name in the library)
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Provider) as server:
        hospital.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hospital
        finally:
            server.shutdown()
            thread.join()
