"""A corpus of tokens that nobody must be let in with, each beside one that differs in that alone and is let in."""

from __future__ import annotations

import base64
import hmac
import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from api import access
from api.access import LONGEST_TOKEN, Gate
from pathway.settings import Settings
from tests.api.conftest import Service, serving
from tests.api.issuer import AUDIENCE, NAME, Issuer, base64_of, good_claims, issuing, production

CALL = "/v1/pathways"
HOUR = 3600
NOW = int(time.time())
CURVE = ECKey.generate_key("P-256", auto_kid=True)
RSA = RSAKey.generate_key(2048, auto_kid=True)
STRANGER = OKPKey.generate_key("Ed25519", auto_kid=True)


@dataclass(frozen=True)
class Sent:
    """What a caller sends to be let in: `Authorization` header fields, and whatever stands elsewhere."""

    authorization: tuple[str | bytes, ...] = ()
    elsewhere: Mapping[str, Any] = field(default_factory=dict)

    def to(self, service: Service) -> httpx2.Response:
        more = dict(self.elsewhere)
        headers = [*more.pop("headers", ()), *(("authorization", each) for each in self.authorization)]
        return service.http.get(CALL, headers=headers, **more)


def bearer(token: str) -> Sent:
    return Sent((f"Bearer {token}",))


Make = Callable[[Issuer], Sent]
Pair = tuple[Make, Make]

# One thing in the claims or the header is wrong; the issuer signed it all the same.


def said(hostile: dict[str, Any], good: dict[str, Any]) -> Pair:
    return lambda issuer: bearer(issuer.sign(**hostile)), lambda issuer: bearer(issuer.sign(**good))


SAID: dict[str, Pair] = {
    "another issuer": said({"iss": "https://other.example"}, {"iss": NAME}),
    "an issuer that begins like ours": said({"iss": f"{NAME}.evil.example"}, {"iss": NAME}),
    "no issuer": said({"without": ("iss",)}, {}),
    "issuer as a list": said({"iss": [NAME]}, {"iss": NAME}),
    "another audience": said({"aud": "https://other.example"}, {"aud": AUDIENCE}),
    "audience that begins like ours": said({"aud": AUDIENCE + ".evil.example"}, {"aud": AUDIENCE}),
    "several other audiences": said(
        {"aud": ["https://a.example", "https://b.example"]}, {"aud": ["https://a.example", AUDIENCE]}
    ),
    "no audience": said({"without": ("aud",)}, {}),
    "audience as an object": said({"aud": {"0": AUDIENCE}}, {"aud": [AUDIENCE]}),
    "expired": said({"exp": NOW - HOUR}, {"exp": NOW + HOUR}),
    "expired before there was time": said({"exp": -1}, {"exp": NOW + HOUR}),
    "no expiry": said({"without": ("exp",)}, {}),
    "expiry as text": said({"exp": "2999-01-01"}, {"exp": NOW + HOUR}),
    "expiry as digits in text": said({"exp": "32472144000"}, {"exp": 32472144000}),
    "expiry as true": said({"exp": True}, {"exp": NOW + HOUR}),
    "expiry not a number": said({"exp": float("nan")}, {"exp": NOW + HOUR + 0.5}),
    "endless expiry": said({"exp": float("inf")}, {"exp": NOW + HOUR}),
    "expiry beyond any number": said({"exp": 10**400}, {"exp": 10**12}),
    "not valid yet": said({"nbf": NOW + HOUR}, {"nbf": NOW - HOUR}),
    "issued in the future": said({"iat": NOW + HOUR}, {"iat": NOW - HOUR}),
    "an identity token": said({"header": {"typ": "JWT"}}, {"header": {"typ": "at+jwt"}}),
    "no type": said({"header": {"typ": None}}, {"header": {"typ": "application/at+jwt"}}),
    "another type": said({"header": {"typ": "dpop+jwt"}}, {"header": {"typ": "AT+JWT"}}),
    "type in letters that look alike": said(
        {"header": {"typ": "\u0430t+jwt"}}, {"header": {"typ": "at+jwt"}}
    ),
    "no site": said({"without": ("site",)}, {}),
    "empty site": said({"site": ""}, {"site": "n"}),
    "two sites": said({"site": ["north", "south"]}, {"site": "north"}),
    "one site in a list": said({"site": ["north"]}, {"site": "north"}),
    "site as an object": said({"site": {"id": "north"}}, {"site": "north"}),
    "site with a wildcard": said({"site": "*"}, {"site": "north"}),
    "site that climbs": said({"site": "north/../south"}, {"site": "north..south"}),
    "site with a null character": said({"site": "north\x00south"}, {"site": "north-south"}),
    "site as a number": said({"site": 1}, {"site": "1"}),
    "site with a space at its end": said({"site": "north "}, {"site": "north"}),
    "site with a line break at its end": said({"site": "north\n"}, {"site": "north"}),
    "site in letters that look alike": said({"site": "n\u043erth"}, {"site": "north"}),
    "site with an invisible character": said({"site": "north\u200b"}, {"site": "north"}),
    "site in wide letters": said({"site": "\uff4e\uff4f\uff52\uff54\uff48"}, {"site": "north"}),
    "site too long": said({"site": "n" * 65}, {"site": "n" * 64}),
    "no subject": said({"without": ("sub",)}, {}),
    "empty subject": said({"sub": ""}, {"sub": "o"}),
    "subject as a number": said({"sub": 4711}, {"sub": "4711"}),
    "subject with a line break": said({"sub": "dr-okafor\nrole: operator"}, {"sub": "dr-okafor"}),
    "subject with a space at its end": said({"sub": "dr-okafor "}, {"sub": "dr-okafor"}),
    "subject written backwards": said({"sub": "\u202erofako-rd"}, {"sub": "rofako-rd"}),
    "subject too long": said({"sub": "x" * 300}, {"sub": "x" * 255}),
    "no client": said({"without": ("client_id",)}, {}),
    "client as a list": said({"client_id": ["ehr"]}, {"client_id": "ehr"}),
    "client as nothing": said({"client_id": None}, {"client_id": "ehr"}),
    "no roles": said({"without": ("roles",)}, {}),
    "roles as text": said({"roles": "clinician"}, {"roles": ["clinician"]}),
    "roles as numbers": said({"roles": [1, "clinician"]}, {"roles": ["1", "clinician"]}),
    "roles in a list of lists": said({"roles": [["clinician"]]}, {"roles": ["clinician"]}),
    "roles as an object": said({"roles": {"clinician": True}}, {"roles": ["clinician"]}),
    "key id that climbs": said({"header": {"kid": "../../etc/passwd"}}, {}),
    "key id as a query": said({"header": {"kid": "' OR 1=1 --"}}, {}),
    "no key id among several keys": said({"header": {"kid": None}}, {}),
    "the id of another key of the issuer": said({"header": {"kid": CURVE.kid}}, {}),
    "longer than a token may be": said({"jti": "x" * LONGEST_TOKEN}, {"jti": "x" * (LONGEST_TOKEN // 2)}),
    "an algorithm that is not listed": said({"key": RSA, "alg": "RS384"}, {"key": RSA, "alg": "RS256"}),
    "signed by a stranger": said({"key": STRANGER}, {}),
    "signed by a stranger in the name of the issuer's key": (
        lambda issuer: bearer(issuer.sign(key=STRANGER, header={"kid": issuer.key.kid})),
        lambda issuer: bearer(issuer.sign(header={"kid": issuer.key.kid})),
    ),
}

# The header says where to look for the key, or how to read the claims.


def headed(*, good_kept: bool = True, **header: Any) -> Pair:
    """A stranger signs, in the name of the issuer's key; from the issuer the same header is passed over."""
    return (
        lambda issuer: bearer(issuer.sign(key=STRANGER, header={"kid": issuer.key.kid, **header})),
        lambda issuer: bearer(issuer.sign(header=header if good_kept else {})),
    )


def exactly(claims: Callable[[], bytes], good: Callable[[], bytes] | None = None, **header: Any) -> Pair:
    """Claims, and a header, that a careful library would not write, signed by the issuer."""
    return (
        lambda issuer: bearer(issuer.sign_exactly(claims(), **header)),
        lambda issuer: bearer(issuer.sign_exactly((good or _claims)())),
    )


def _claims(**more: Any) -> bytes:
    return json.dumps(good_claims() | more).encode()


def _twice(member: str) -> bytes:
    return (_claims().decode()[:-1] + f", {member}}}").encode()


HEADED: dict[str, Pair] = {
    "brings its own key": headed(jwk=STRANGER.as_dict(private=False)),
    "names its own key set": headed(jku="https://evil.example/keys"),
    "names its own certificate": headed(x5u="https://evil.example/certificate.pem"),
    "brings a chain of certificates": headed(x5c=["MIIB"]),
    "a critical extension nobody knows": exactly(_claims, novel=1, crit=["novel"]),
    "a critical extension that is not there": exactly(_claims, crit=["exp"]),
    "claims that are not encoded": exactly(_claims, b64=False, crit=["b64"]),
    "compressed claims": exactly(lambda: zlib.compress(_claims()), zip="DEF"),
    "a token within a token": (
        lambda issuer: bearer(issuer.sign_exactly(issuer.sign().encode(), cty="JWT")),
        lambda issuer: bearer(issuer.sign()),
    ),
    "an algorithm under a name that says less": exactly(_claims, alg="EdDSA"),
    "key id as a list": exactly(_claims, kid=["x"]),
    "key id as a number": exactly(_claims, kid=0),
    "type as a list": exactly(_claims, typ=["at+jwt"]),
    "claims that are no object": exactly(lambda: b"[]"),
    "claims that are no JSON": exactly(lambda: b"\xff"),
    "claims too deep": exactly(lambda: b"[" * 5_000),
    "something behind the claims": exactly(lambda: _claims() + b"{}", lambda: _claims() + b"\n"),
    "site said twice": exactly(lambda: _twice('"site": "south"'), lambda: _twice('"Site": "south"')),
    "roles said twice": exactly(
        lambda: _twice('"roles": ["operator"]'), lambda: _twice('"role": "operator"')
    ),
    "subject said twice, once in escapes": exactly(
        lambda: _twice('"\\u0073ub": "dr-lind"'), lambda: _twice('"\\u0073up": "dr-lind"')
    ),
}

# Made without the issuer, of what everybody can see.


def parts(header: dict[str, Any], claims: bytes, signature: bytes = b"") -> str:
    return ".".join(base64_of(part) for part in (json.dumps(header).encode(), claims, signature))


def forged(make: Callable[[Issuer], str], good: Callable[[Issuer], str] | None = None) -> Pair:
    return (
        lambda issuer: bearer(make(issuer)),
        lambda issuer: bearer(good(issuer) if good else issuer.sign_exactly(_claims())),
    )


def unsigned(signature: bytes = b"", **header: Any) -> Pair:
    return forged(
        lambda issuer: parts({"typ": "at+jwt", "kid": issuer.key.kid, **header}, _claims(), signature)
    )


def with_secret(secret: Callable[[Issuer], bytes], key: Any, alg: str) -> Pair:
    """What a library accepts that lets the token choose between a signature and a shared secret."""

    def make(issuer: Issuer) -> str:
        kid = (key or issuer.key).kid
        signed = parts({"alg": "HS256", "typ": "at+jwt", "kid": kid}, _claims()).rstrip(".")
        return f"{signed}.{base64_of(hmac.digest(secret(issuer), signed.encode(), 'sha256'))}"

    return forged(make, lambda issuer: issuer.sign(key=key, alg=alg))


def changed(change: Callable[[Issuer, str, str, str], str]) -> Pair:
    """A good token with something about its three parts changed."""
    return forged(lambda issuer: change(issuer, *issuer.sign().split(".")), lambda issuer: issuer.sign())


def of_curve(change: Callable[[bytes], bytes]) -> Pair:
    """A token signed with the issuer's key on P-256, and what becomes of its signature (64 bytes)."""

    def make(issuer: Issuer) -> str:
        signed = issuer.sign(key=CURVE, alg="ES256").rsplit(".", 1)
        return f"{signed[0]}.{base64_of(change(_raw(signed[1])))}"

    return forged(make, lambda issuer: issuer.sign(key=CURVE, alg="ES256"))


def _raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _as_der(signature: bytes) -> bytes:
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    return encode_dss_signature(r, s)


def encrypted(issuer: Issuer) -> str:
    """Only who holds the issuer's public key can make it, which is everybody."""
    head = {"alg": "ECDH-ES", "enc": "A128GCM", "typ": "at+jwt", "cty": "JWT", "kid": CURVE.kid}
    public = ECKey.import_key(CURVE.as_dict(private=False))
    return jwe.encrypt_compact(head, issuer.sign().encode(), public)


FORGED: dict[str, Pair] = {
    "algorithm none": unsigned(alg="none"),
    "algorithm None": unsigned(alg="None"),
    "algorithm none with a signature": unsigned(b"x" * 64, alg="none"),
    "no algorithm": unsigned(b"x" * 64),
    "algorithm as a list": unsigned(b"x" * 64, alg=["Ed25519"]),
    "algorithm as nothing": unsigned(b"x" * 64, alg=None),
    "public key used as a secret": with_secret(
        lambda issuer: issuer.key.as_pem(private=False), None, "Ed25519"
    ),
    "public key for RSA used as a secret": with_secret(lambda _: RSA.as_pem(private=False), RSA, "RS256"),
    "public coordinate used as a secret": with_secret(
        lambda issuer: str(issuer.key.as_dict(private=False)["x"]).encode(), None, "Ed25519"
    ),
    "the key set used as a secret": with_secret(lambda issuer: issuer.key_set(), None, "Ed25519"),
    "nothing used as a secret": with_secret(lambda _: b"", None, "Ed25519"),
    "claims changed after signing": changed(
        lambda _i, head, _c, signature: f"{head}.{base64_of(_claims(site='south'))}.{signature}"
    ),
    "header changed after signing": changed(
        lambda issuer, _h, claims, signature: ".".join(
            (
                parts({"alg": "Ed25519", "typ": "at+jwt", "kid": issuer.key.kid, "x": 1}, b"")[:-2],
                claims,
                signature,
            )
        )
    ),
    "signature cut": changed(lambda _i, head, claims, signature: f"{head}.{claims}.{signature[:-8]}"),
    "signature of something else": changed(
        lambda issuer, head, claims, _s: f"{head}.{claims}.{issuer.sign(site='south').rsplit('.', 1)[1]}"
    ),
    "empty signature": changed(lambda _i, head, claims, _s: f"{head}.{claims}."),
    "signature left out": changed(lambda _i, head, claims, _s: f"{head}.{claims}"),
    "a part too many": changed(lambda _i, *three: ".".join((*three, three[2]))),
    "padded": changed(lambda _i, head, claims, signature: f"{head}.{claims}.{signature}=="),
    "in the alphabet of addresses turned back": changed(
        lambda _i, head, claims, signature: f"{head}.{claims}.+{signature[1:]}"
    ),
    "signature of nothing but zeros": of_curve(lambda _: bytes(64)),
    "signature in another form": of_curve(_as_der),
    "one padding under the name of the other": forged(
        lambda issuer: ".".join(
            (
                parts({"alg": "PS256", "typ": "at+jwt", "kid": RSA.kid}, _claims())[:-1],
                issuer.sign(key=RSA, alg="RS256").rsplit(".", 1)[1],
            )
        ),
        lambda issuer: issuer.sign(key=RSA, alg="PS256"),
    ),
    "encrypted to the issuer": forged(encrypted, lambda issuer: issuer.sign()),
    "garbage": forged(lambda _: "garbage"),
    "dots alone": forged(lambda _: ".."),
    "very long": forged(lambda _: "a." + "b" * 20_000 + ".c"),
}

# A good token, brought in a way that is none.


def brought(hostile: Callable[[str], Sent], good: Callable[[str], Sent] = bearer) -> Pair:
    return lambda issuer: hostile(issuer.sign()), lambda issuer: good(issuer.sign())


BROUGHT: dict[str, Pair] = {
    "under another scheme": brought(lambda token: Sent((f"Token {token}",))),
    "without a scheme": brought(lambda token: Sent((token,))),
    "a scheme and no space": brought(
        lambda token: Sent((f"bearer{token}",)), lambda token: Sent((f"bearer {token}",))
    ),
    "a scheme in wide letters": brought(lambda token: Sent((f"\uff22earer {token}".encode(),))),
    "behind a tab": brought(
        lambda token: Sent((f"Bearer\t{token}",)), lambda token: Sent((f"BEARER   {token}",))
    ),
    "in quotes": brought(lambda token: Sent((f'Bearer "{token}"',))),
    "with a word behind it": brought(lambda token: Sent((f"Bearer {token} north",))),
    "two in one header": brought(lambda token: Sent((f"Bearer {token}, Bearer {token}",))),
    "two headers": brought(lambda token: Sent((f"Bearer {token}",) * 2)),
    "a good header and an empty one": brought(lambda token: Sent((f"Bearer {token}", ""))),
    "in the address": brought(lambda token: Sent(elsewhere={"params": {"access_token": token}})),
    "in a cookie": brought(lambda token: Sent(elsewhere={"headers": [("cookie", f"access_token={token}")]})),
    "in a header for proxies": brought(
        lambda token: Sent(elsewhere={"headers": [("proxy-authorization", f"Bearer {token}")]})
    ),
    "in a header of forwarders": brought(
        lambda token: Sent(elsewhere={"headers": [("x-forwarded-authorization", f"Bearer {token}")]})
    ),
}
CORPUS: dict[str, Pair] = SAID | HEADED | FORGED | BROUGHT


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        running.published += [CURVE, RSA]
        yield running


@pytest.fixture
def service(new_sqlite: Callable[[], str], issuer: Issuer) -> Iterator[Service]:
    """A service in production, whose tokens come from the issuer."""
    settings: Settings = production(issuer, database_url=new_sqlite())
    with serving(settings) as running:
        yield running


def let_in(service: Service, issuer: Issuer, names: Any = CORPUS) -> set[str]:
    """Those of the hostile tokens with which a caller gets anything but the refusal of an unknown one."""
    found = set()
    for name in names:
        answer = CORPUS[name][0](issuer).to(service)
        known = answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer ")
        if not known or answer.json().keys() - {"type", "title", "status", "detail", "instance"}:
            found.add(name)
    return found


@pytest.mark.shows("G12", "R-093", "C-32", "T-02", "T-03", "T-08")
def test_no_hostile_token_is_let_in(
    service: Service, issuer: Issuer, record_property: Callable[[str, object], None]
) -> None:
    found = let_in(service, issuer)
    record_property("hostile tokens", len(CORPUS))
    record_property("hostile tokens let in", len(found))
    assert found == set()
    assert len(CORPUS) >= 100
    assert issuer.fetches <= 2, "no token makes the service ask for keys again and again"


@pytest.mark.shows("R-093")
def test_each_has_a_good_variant_that_is_let_in(service: Service, issuer: Issuer) -> None:
    answers = {name: good(issuer).to(service) for name, (_, good) in CORPUS.items()}
    assert {name: each.text for name, each in answers.items() if each.status_code != 200} == {}


@pytest.mark.shows("G12", "C-32", control=True)
@pytest.mark.parametrize(
    ("place", "name", "planted", "expected"),
    [
        (access, "TOKEN_TYPES", {"at+jwt", "jwt", "dpop+jwt"}, {"an identity token", "another type"}),
        (access, "OneOfEach", json.JSONDecoder, {"site said twice", "roles said twice"}),
        (jwt.JWTClaimsRegistry, "validate", lambda _self, _claims: None, {"expired", "another audience"}),
        (
            access,
            "_SITE",
            SimpleNamespace(fullmatch=lambda _: True),
            {"site that climbs", "site in letters that look alike"},
        ),
        (
            Gate,
            "_decode",
            lambda _self, token, _keys: _believed(token),
            {"signed by a stranger", "claims changed after signing", "public key used as a secret"},
        ),
        (
            access,
            "_BEARER",
            SimpleNamespace(fullmatch=lambda sent: (sent, sent.rsplit(b" ", 1)[-1])),
            {"under another scheme", "without a scheme"},
        ),
    ],
    ids=["any type", "twice", "claims unread", "any site", "no signature", "any scheme"],
)
def test_a_gate_with_a_gap_is_found(
    service: Service,
    issuer: Issuer,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    planted: Any,
    expected: set[str],
) -> None:
    monkeypatch.setattr(place, name, planted)
    assert let_in(service, issuer, expected) == expected


def _believed(token: bytes) -> Any:
    head, claims, *_ = token.decode().split(".")
    return SimpleNamespace(header=json.loads(_raw(head)), claims=json.loads(_raw(claims)))
