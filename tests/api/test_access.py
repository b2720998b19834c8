"""Who is let in, and on the strength of which token."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from pydantic import SecretStr

from api import access
from api.access import CannotStart, Gate
from pathway.settings import Settings
from pathway.use_cases.keys import new_secret
from tests.api.conftest import Service, serving
from tests.api.issuer import AUDIENCE, NAME, Issuer, good_claims, issuing

CALL = "/v1/pathways"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture(scope="module")
def service(new_sqlite: Callable[[], str], issuer: Issuer) -> Iterator[Service]:
    """A service in production, whose tokens come from the issuer."""
    with serving(production(issuer, database_url=new_sqlite())) as running:
        yield running


def production(issuer: Issuer, **more: Any) -> Settings:
    return Settings(
        env="production",
        token_issuer=NAME,
        token_audience=AUDIENCE,
        jwks_url=issuer.jwks_url,
        signing_key=SecretStr(new_secret()),
        identifier_key=SecretStr(new_secret()),
        **more,
    )


def call(service: Service, authorization: str | None) -> httpx2.Response:
    headers = {} if authorization is None else {"authorization": authorization}
    return service.http.get(CALL, headers=headers)


def test_a_token_of_the_issuer_is_let_in(service: Service, issuer: Issuer) -> None:
    assert call(service, f"Bearer {issuer.sign()}").status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"aud": [AUDIENCE, "https://elsewhere.example"]},
        {"roles": ["clinician", "a role of another service"]},
        {"header": {"typ": "application/at+jwt"}},
        {"header": {"typ": "AT+JWT"}},
        {"header": {"x5t": "a member of another standard"}},
    ],
    ids=repr,
)
def test_a_token_may_say_what_the_standard_allows(
    service: Service, issuer: Issuer, said: dict[str, Any]
) -> None:
    assert call(service, f"Bearer {issuer.sign(**said)}").status_code == 200


def test_a_header_nobody_knows_is_passed_over_unless_it_is_critical(service: Service, issuer: Issuer) -> None:
    claims = json.dumps(good_claims()).encode()
    assert call(service, f"Bearer {issuer.sign_exactly(claims, novel=1)}").status_code == 200
    assert_refused(call(service, f"Bearer {issuer.sign_exactly(claims, novel=1, crit=['novel'])}"))


HOSTILE: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://other.example"},
    "no issuer": {"without": ("iss",)},
    "issuer as a list": {"iss": [NAME]},
    "another audience": {"aud": "https://other.example"},
    "audience that begins like ours": {"aud": AUDIENCE + ".evil.example"},
    "several other audiences": {"aud": ["https://a.example", "https://b.example"]},
    "no audience": {"without": ("aud",)},
    "audience as an object": {"aud": {"0": AUDIENCE}},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"without": ("exp",)},
    "expiry as text": {"exp": "2999-01-01"},
    "expiry as true": {"exp": True},
    "expiry not a number": {"exp": float("nan")},
    "endless expiry": {"exp": float("inf")},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "issued in the future": {"iat": int(time.time()) + 3600},
    "an identity token": {"header": {"typ": "JWT"}},
    "no type": {"header": {"typ": None}},
    "another type": {"header": {"typ": "dpop+jwt"}},
    "no site": {"without": ("site",)},
    "empty site": {"site": ""},
    "two sites": {"site": ["north", "south"]},
    "one site in a list": {"site": ["north"]},
    "site as an object": {"site": {"id": "north"}},
    "site with a wildcard": {"site": "*"},
    "site that climbs": {"site": "north/../south"},
    "site with a null character": {"site": "north\x00south"},
    "site as a number": {"site": 1},
    "no subject": {"without": ("sub",)},
    "subject with a line break": {"sub": "dr-okafor\nrole: operator"},
    "subject too long": {"sub": "x" * 300},
    "no client": {"without": ("client_id",)},
    "client as a list": {"client_id": ["ehr"]},
    "no roles": {"without": ("roles",)},
    "roles as text": {"roles": "clinician"},
    "roles as numbers": {"roles": [1]},
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_a_token_that_is_wrong_in_any_one_thing_is_refused(
    service: Service, issuer: Issuer, said: dict[str, Any]
) -> None:
    assert_refused(call(service, f"Bearer {issuer.sign(**said)}"))


def unsigned(header: dict[str, Any], claims: bytes | None = None, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), claims or json.dumps(good_claims()).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def with_secret(secret: bytes, kid: str | None) -> str:
    """What a library accepts that lets the token choose between a signature and a shared secret."""
    signed = unsigned({"alg": "HS256", "typ": "at+jwt", "kid": kid}).rstrip(".")
    mac = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def forged_tokens(issuer: Issuer) -> dict[str, str]:
    good = issuer.sign()
    head, payload, signature = good.split(".")
    kid = issuer.key.kid
    stranger = OKPKey.generate_key("Ed25519", auto_kid=True)
    coordinate = issuer.key.as_dict(private=False)["x"]
    other_claims = base64.urlsafe_b64encode(json.dumps(good_claims() | {"site": "south"}).encode()).rstrip(
        b"="
    )
    twice = json.dumps(good_claims())[:-1] + ', "site": "south"}'
    return {
        "algorithm none": unsigned({"alg": "none", "typ": "at+jwt", "kid": kid}),
        "algorithm None": unsigned({"alg": "None", "typ": "at+jwt", "kid": kid}),
        "algorithm none with a signature": unsigned({"alg": "none", "typ": "at+jwt"}, signature=b"x" * 64),
        "no algorithm": unsigned({"typ": "at+jwt", "kid": kid}, signature=b"x" * 64),
        "algorithm as a list": unsigned(
            {"alg": ["Ed25519"], "typ": "at+jwt", "kid": kid}, signature=b"x" * 64
        ),
        "public key used as a secret": with_secret(issuer.key.as_pem(private=False), kid),
        "public coordinate used as a secret": with_secret(str(coordinate).encode(), kid),
        "the key set used as a secret": with_secret(issuer.key_set(), kid),
        "signed by a stranger": issuer.sign(key=stranger),
        "signed by a stranger in the name of the issuer's key": issuer.sign(
            key=stranger, header={"kid": kid}
        ),
        "brings its own key": issuer.sign(
            key=stranger, header={"kid": kid, "jwk": stranger.as_dict(private=False)}
        ),
        "names its own key set": issuer.sign(
            key=stranger, header={"kid": kid, "jku": "https://evil.example/keys"}
        ),
        "key id that climbs": issuer.sign(header={"kid": "../../etc/passwd"}),
        "key id as a query": issuer.sign(header={"kid": "' OR 1=1 --"}),
        "claims changed after signing": f"{head}.{other_claims.decode()}.{signature}",
        "signature cut": f"{head}.{payload}.{signature[:-8]}",
        "signature of something else": f"{head}.{payload}.{issuer.sign(site='south').rsplit('.', 1)[1]}",
        "empty signature": f"{head}.{payload}.",
        "signature left out": f"{head}.{payload}",
        "a part too many": f"{good}.{signature}",
        "claims that are no object": issuer.sign_exactly(b"[]"),
        "claims that are no JSON": issuer.sign_exactly(b"\xff"),
        "claims too deep": issuer.sign_exactly(b"[" * 50_000),
        "site said twice": issuer.sign_exactly(twice.encode()),
        "garbage": "garbage",
        "dots alone": "..",
        "very long": "a." + "b" * 20_000 + ".c",
    }


def test_a_forged_token_is_refused(service: Service, issuer: Issuer) -> None:
    for kind, token in forged_tokens(issuer).items():
        assert_refused(call(service, f"Bearer {token}"), kind)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Basic bm9ydGg6c2VjcmV0", "Token abc", "Bearer a b c"],
    ids=repr,
)
def test_without_a_bearer_token_nothing_is_shown(service: Service, authorization: str | None) -> None:
    assert_refused(call(service, authorization))


def test_two_tokens_at_once_are_refused(service: Service, issuer: Issuer) -> None:
    good = f"Bearer {issuer.sign()}"
    response = service.http.get(CALL, headers=[("authorization", good), ("authorization", good)])
    assert_refused(response)


def test_a_token_in_the_address_is_no_token(service: Service, issuer: Issuer) -> None:
    assert_refused(service.http.get(CALL, params={"access_token": issuer.sign()}))


def assert_refused(response: httpx2.Response, kind: str = "") -> None:
    assert response.status_code == 401, kind
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"].startswith("Bearer ")
    problem = response.json()
    assert problem["type"] == "urn:pathway:problem:unauthenticated"
    assert set(problem) <= {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ECKey.generate_key("P-256", auto_kid=True), "ES256"),
        (ECKey.generate_key("P-384", auto_kid=True), "ES384"),
        (RSAKey.generate_key(2048, auto_kid=True), "RS256"),
        (RSAKey.generate_key(2048, auto_kid=True), "PS256"),
    ],
    ids=["ES256", "ES384", "RS256", "PS256"],
)
def test_each_listed_algorithm_is_accepted(
    new_sqlite: Callable[[], str], key: ECKey | RSAKey, alg: str
) -> None:
    with issuing() as issuer:
        issuer.published.append(key)
        with serving(production(issuer, database_url=new_sqlite())) as service:
            assert call(service, f"Bearer {issuer.sign(key=key, alg=alg)}").status_code == 200


def test_a_symmetric_key_in_the_key_set_verifies_nothing(new_sqlite: Callable[[], str]) -> None:
    with issuing() as issuer:
        shared = OctKey.generate_key(256, auto_kid=True)
        issuer.key_set = lambda: json.dumps(  # type: ignore[method-assign]
            {"keys": [shared.as_dict(private=True), issuer.key.as_dict(private=False)]}
        ).encode()
        with serving(production(issuer, database_url=new_sqlite())) as service:
            assert call(service, f"Bearer {issuer.sign()}").status_code == 200
            assert_refused(call(service, f"Bearer {issuer.sign(key=shared, alg='HS256')}"))


def test_a_new_key_of_the_issuer_is_fetched_when_a_token_names_it(
    new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_PAUSE_S", 0)
    with issuing() as issuer, serving(production(issuer, database_url=new_sqlite())) as service:
        assert call(service, f"Bearer {issuer.sign()}").status_code == 200
        rotated = OKPKey.generate_key("Ed25519", auto_kid=True)
        issuer.published.append(rotated)
        assert call(service, f"Bearer {issuer.sign(key=rotated)}").status_code == 200
        assert issuer.fetches == 2


def test_tokens_with_made_up_keys_cannot_make_the_service_fetch_again_and_again(
    new_sqlite: Callable[[], str],
) -> None:
    with issuing() as issuer, serving(production(issuer, database_url=new_sqlite())) as service:
        for _ in range(5):
            stranger = OKPKey.generate_key("Ed25519", auto_kid=True)
            assert_refused(call(service, f"Bearer {issuer.sign(key=stranger)}"))
        assert issuer.fetches == 1


def test_while_the_issuer_was_never_reached_the_answer_is_try_again(new_sqlite: Callable[[], str]) -> None:
    with issuing() as issuer:
        issuer.works = False
        with serving(production(issuer, database_url=new_sqlite())) as service:
            response = call(service, f"Bearer {issuer.sign()}")
            assert response.status_code == 503
            assert response.headers["retry-after"]


def test_a_token_is_verified_once_and_then_remembered(new_sqlite: Callable[[], str]) -> None:
    with issuing() as issuer, serving(production(issuer, database_url=new_sqlite())) as service:
        token = issuer.sign()
        assert call(service, f"Bearer {token}").status_code == 200
        issuer.works = False
        assert call(service, f"Bearer {token}").status_code == 200
        assert issuer.fetches == 1


@pytest.mark.parametrize("absent", ["token_issuer", "token_audience", "jwks_url"])
def test_in_production_the_service_does_not_start_without_knowing_whom_to_trust(absent: str) -> None:
    told: dict[str, Any] = {
        "token_issuer": NAME,
        "token_audience": AUDIENCE,
        "jwks_url": "https://issuer.example/keys",
    }
    del told[absent]
    with pytest.raises(CannotStart, match=f"PATHWAY_{absent.upper()}"):
        Gate.of(Settings(env="production", **told))


@pytest.mark.parametrize("url", ["http://issuer.example/keys", "file:///etc/keys", "ftp://127.0.0.1/keys"])
def test_in_production_keys_are_not_fetched_in_the_clear(url: str) -> None:
    with pytest.raises(CannotStart, match="https"):
        Gate.of(Settings(env="production", token_issuer=NAME, token_audience=AUDIENCE, jwks_url=url))
