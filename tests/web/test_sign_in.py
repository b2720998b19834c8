"""Nobody sees a page who is not signed in; who signs in is whom the provider says; forms are a person's own."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from api.access import CannotStart
from api.app import create_app
from api.web import sessions
from api.web.pages import ROUTERS
from api.web.rendering import Page
from api.web.sign_in import own_page
from pathway.settings import Settings
from pathway.use_cases.keys import new_secret
from tests.api.conftest import Service, serving
from tests.api.issuer import AUDIENCE, NAME
from tests.web.conftest import Browser
from tests.web.hospital import CLIENT, SECRET, Hospital, open_hospital

ADDRESS = "http://127.0.0.1:0"


@pytest.fixture(scope="module")
def providing() -> Iterator[Hospital]:
    with open_hospital() as running:
        yield running


@pytest.fixture
def hospital(providing: Hospital) -> Iterator[Hospital]:
    """The provider, which does again as it should afterwards."""
    key = providing.key
    yield providing
    providing.told, providing.without, providing.refuses = {}, (), False
    providing.key, providing.published = key, None


@pytest.fixture(scope="module")
def in_production(providing: Hospital, new_sqlite: Callable[[], str]) -> Iterator[Service]:
    """A service which has people sign in with the hospital's provider."""
    with serving(settings(providing.issuer, new_sqlite())) as running:
        yield running


@pytest.fixture
def ward(hospital: Hospital, in_production: Service) -> Iterator[httpx2.Client]:
    """A new browser at that service."""
    del hospital

    def come_back(response: httpx2.Response) -> None:
        # The public address is one no test can know beforehand: its port is free when the service starts.
        if "location" in response.headers:
            response.headers["location"] = response.headers["location"].replace(ADDRESS, in_production.url)

    with httpx2.Client(base_url=in_production.url, timeout=30) as browser:
        browser.event_hooks["response"] = [come_back]
        yield browser


def settings(issuer: str, database_url: str, **more: Any) -> Settings:
    said: dict[str, Any] = {
        "env": "production",
        "database_url": database_url,
        "token_issuer": NAME,
        "token_audience": AUDIENCE,
        "jwks_url": f"{issuer}/keys",
        "signing_key": SecretStr(new_secret()),
        "identifier_key": SecretStr(new_secret()),
        "session_key": SecretStr(new_secret()),
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SecretStr(SECRET),
        "public_url": ADDRESS,
    }
    return Settings(**said | more)


def signed_in(browser: httpx2.Client) -> bool:
    return browser.get("/").status_code == 200


def go_through(browser: httpx2.Client, back: str = "/") -> httpx2.Response:
    return browser.get("/sign-in/begin", params={"next": back}, follow_redirects=True)


# With the hospital's provider.


@pytest.mark.shows("T-80")
def test_whom_the_provider_names_is_signed_in_and_led_back_to_the_page_that_was_asked_for(
    ward: httpx2.Client,
) -> None:
    asked = ward.get("/?kind=due")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2F%3Fkind%3Ddue")
    answer = go_through(ward, "/?kind=due")
    assert answer.status_code == 200
    assert answer.url.query == b"kind=due"
    assert "<strong>dr-okafor</strong> at north" in answer.text


@pytest.mark.parametrize(
    "told",
    [
        {"iss": "https://another.example"},
        {"aud": "another client"},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"site": ["north", "south"]},
        {"site": ""},
        {"roles": "clinician"},
        {"sub": ""},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(
    ward: httpx2.Client, hospital: Hospital, told: dict[str, Any]
) -> None:
    hospital.told = told
    assert "Sign in" in go_through(ward).text
    assert not signed_in(ward)
    hospital.told = {}
    go_through(ward)
    assert signed_in(ward)


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "sub", "nonce", "site", "roles"])
def test_an_id_token_without_a_claim_that_is_needed_signs_nobody_in(
    ward: httpx2.Client, hospital: Hospital, claim: str
) -> None:
    hospital.without = (claim,)
    go_through(ward)
    assert not signed_in(ward)


def test_an_id_token_signed_with_a_key_that_is_not_published_signs_nobody_in(
    ward: httpx2.Client, hospital: Hospital
) -> None:
    hospital.published = hospital.key
    hospital.key = OKPKey.generate_key("Ed25519", {"kid": str(hospital.published.kid)})
    go_through(ward)
    assert not signed_in(ward)


@pytest.mark.shows("T-76")
def test_an_answer_of_the_provider_serves_one_sign_in_in_the_browser_that_began_it(
    ward: httpx2.Client, hospital: Hospital
) -> None:
    begun = ward.get("/sign-in/begin")
    sent_back = hospital.authorize(
        {name: told[0] for name, told in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    )
    callback = f"/sign-in/callback?{urlsplit(sent_back).query}"
    with httpx2.Client(base_url=ward.base_url, timeout=30) as another:
        assert another.get(callback).status_code == 401
        assert not signed_in(another)
    other_state = callback.replace("state=", "state=x")
    assert ward.get(other_state).status_code == 401
    assert not signed_in(ward)
    assert ward.get(callback).status_code == 401  # what was kept for it served once


def test_a_provider_that_refuses_or_is_out_of_reach_is_told_in_words(
    ward: httpx2.Client, hospital: Hospital, new_sqlite: Callable[[], str]
) -> None:
    hospital.refuses = True
    assert "Sign in" in go_through(ward).text
    assert not signed_in(ward)
    with serving(settings("http://127.0.0.1:1", new_sqlite(), jwks_url="http://127.0.0.1:1/keys")) as lonely:
        answer = lonely.http.get("/sign-in/begin")
        assert answer.status_code == 503
        assert "cannot be reached" in answer.text


def test_there_is_no_signing_in_by_a_link_in_production(ward: httpx2.Client) -> None:
    assert ward.get("/sign-in", params={"token": "a.b.c"}).status_code == 404
    assert not signed_in(ward)


@pytest.mark.parametrize("name", ["oidc_client_id", "public_url", "session_key"])
def test_half_a_setting_keeps_the_service_from_starting(new_sqlite: Callable[[], str], name: str) -> None:
    with pytest.raises(CannotStart, match=f"PATHWAY_{name.upper()}"):
        create_app(settings("https://provider.example", new_sqlite(), **{name: None}))


def test_a_provider_in_the_clear_keeps_the_service_from_starting(new_sqlite: Callable[[], str]) -> None:
    with pytest.raises(CannotStart, match="https"):
        create_app(settings("http://provider.example", new_sqlite()))


def test_without_a_provider_a_service_in_production_has_no_pages(
    hospital: Hospital, new_sqlite: Callable[[], str]
) -> None:
    alone = settings(hospital.issuer, new_sqlite(), oidc_issuer=None)
    with serving(alone) as running:
        assert running.http.get("/").status_code == 404
        assert running.http.get("/health/live").status_code == 200


# Nobody else.

BEHIND_A_DOOR = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Page) and not route.path.startswith("/sign-")
    for method in sorted(route.methods or ())
]


@pytest.mark.parametrize(("method", "path"), BEHIND_A_DOOR)
def test_who_is_not_signed_in_is_asked_to_and_sees_nothing(pages: Service, method: str, path: str) -> None:
    address = re.sub(r"\{[a-z_]+\}", "00000000-0000-7000-8000-000000000000", path)
    answer = pages.http.request(method, address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")
    assert answer.content == b""


# By the link of the demonstration, and what a session is.


def test_the_link_of_the_demonstration_signs_in_and_its_token_is_in_no_address_afterwards(
    sign_in: Callable[..., Browser],
) -> None:
    browser = sign_in("coordinator")
    answer = browser.http.get("/")
    assert answer.status_code == 200
    assert "token=" not in str(answer.url)
    assert (
        "httponly"
        in browser.http.get("/sign-in", params={"token": browser.service.token()})
        .headers["set-cookie"]
        .lower()
    )


@pytest.mark.shows("T-74")
def test_a_cookie_that_was_altered_or_is_another_services_is_nobodys(
    sign_in: Callable[..., Browser], pages: Service
) -> None:
    browser = sign_in()
    sealed = browser.http.cookies["pathway"].strip('"')
    broken = base64.urlsafe_b64encode(base64.urlsafe_b64decode(sealed)[:-1] + b"\x00").decode()
    for cookie in (broken, "", "x", sealed[:-8]):
        answer = httpx2.get(f"{pages.url}/", headers={"cookie": f"pathway={cookie}"})
        assert answer.status_code == 303


@pytest.mark.shows("T-70")
def test_a_form_of_another_page_or_of_another_session_does_nothing(sign_in: Callable[..., Browser]) -> None:
    browser, other = sign_in(), sign_in(subject="dr-sol")
    foreign = {"origin": "https://elsewhere.example"}
    assert browser.send("/sign-out", {}, headers=foreign).status_code == 403
    assert browser.send("/sign-out", {}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert browser.send("/sign-out", {"token": "another"}).status_code == 403
    theirs = other.send("/nothing", {}).request.content.decode()
    kept = parse_qs(theirs)["token"][0]
    assert browser.send("/sign-out", {"token": kept}).status_code == 403
    assert signed_in(browser.http)
    assert browser.send("/sign-out", {}).status_code == 303
    assert not signed_in(browser.http)


@pytest.mark.shows("T-72")
@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "",
        "javascript:alert(1)",
        None,
    ],
)
def test_signing_in_leads_to_no_other_service(address: str | None) -> None:
    assert own_page(address) == "/"


@pytest.mark.shows("T-71")
def test_every_page_forbids_scripts_and_styles_of_others_and_being_framed(
    sign_in: Callable[..., Browser],
) -> None:
    for path in ("/", "/sign-in", "/nothing-here"):
        headers = sign_in().http.get(path).headers
        if path != "/nothing-here":
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"


@pytest.mark.shows("C-45")
@pytest.mark.parametrize("name", ["IDLE_S", "LONGEST_S"])
def test_a_session_ends_by_itself(
    sign_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    browser = sign_in()
    assert "<h1>Worklist" in browser.open("/")
    monkeypatch.setattr(sessions, name, -1)  # as if so much time had passed
    assert browser.http.get("/").headers["location"] == "/sign-in?next=%2F"


def test_an_address_that_is_none_is_told_to_a_person_on_a_page_and_to_a_program_as_a_problem(
    pages: Service,
) -> None:
    person = httpx2.get(f"{pages.url}/nonsense", headers={"accept": "text/html"})
    program = httpx2.get(f"{pages.url}/nonsense", headers={"accept": "application/json"})
    assert (person.status_code, program.status_code) == (404, 404)
    assert "There is nothing at this address." in person.text
    assert person.headers["content-type"].startswith("text/html")
    assert program.json()["type"] == "urn:pathway:problem:not_found"
