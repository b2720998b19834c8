"""Who is let in, and on the strength of which token; what must not be let in is in `tests/access`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from api import access
from api.access import CannotStart, Gate
from pathway.settings import Settings
from tests.api.conftest import Service, serving
from tests.api.issuer import AUDIENCE, NAME, Issuer, issuing, production

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


def call(service: Service, authorization: str | None) -> httpx2.Response:
    headers = {} if authorization is None else {"authorization": authorization}
    return service.http.get(CALL, headers=headers)


@pytest.mark.shows("R-093")
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


@pytest.mark.shows("R-093", "T-01")
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Basic bm9ydGg6c2VjcmV0", "Token abc", "Bearer a b c"],
    ids=repr,
)
def test_without_a_bearer_token_nothing_is_shown(service: Service, authorization: str | None) -> None:
    assert_refused(call(service, authorization))


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


@pytest.mark.shows("T-02")
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


@pytest.mark.shows("T-04")
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


@pytest.mark.shows("R-114", "T-09")
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


@pytest.mark.shows("T-09")
@pytest.mark.parametrize("url", ["http://issuer.example/keys", "file:///etc/keys", "ftp://127.0.0.1/keys"])
def test_in_production_keys_are_not_fetched_in_the_clear(url: str) -> None:
    with pytest.raises(CannotStart, match="https"):
        Gate.of(Settings(env="production", token_issuer=NAME, token_audience=AUDIENCE, jwks_url=url))
