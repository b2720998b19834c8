"""What somebody may attempt at the pages who is signed in, was, or only waits before the door."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest
from anyio import to_thread
from pydantic import SecretStr

from api.app import READING_THREADS
from api.web import sessions, verification
from api.web import sign_in as signing_in
from api.web.provider import Provider
from api.web.rendering import STATIC
from pathway.settings import Settings
from pathway.use_cases.keys import (
    KeyMissing,
    beside_the_database,
    new_secret,
    require_none_of_development,
    session_key,
)
from pathway.use_cases.refusals import Refusal
from tests.api.conftest import Service, serving
from tests.web.conftest import Browser
from tests.web.test_sign_in import settings

SignIn = Callable[..., Browser]
TRIES = 1000


@contextmanager
def unfinished(browser: Browser, path: str, number: int) -> Iterator[None]:
    """So many forms of this person of which the head was sent and nothing more."""
    address = urlsplit(browser.service.url)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {address.netloc}\r\ncookie: {cookie}\r\n"
        "content-type: application/x-www-form-urlencoded\r\ncontent-length: 10\r\n\r\n"
    )
    opened = [
        socket.create_connection((str(address.hostname), int(address.port or 0))) for _ in range(number)
    ]
    try:
        for each in opened:
            each.sendall(head.encode())
        # Once one of them is answered, which is a refusal, as many are under way as may be.
        assert select.select(opened, (), (), 30)[0]
        yield
    finally:
        for each in opened:
            each.close()


def eventually(browser: Browser, status: int) -> httpx2.Response:
    """The first answer with this status; the service takes a moment to read what was sent before."""
    for _ in range(TRIES):
        if (answer := browser.http.get("/")).status_code == status:
            return answer
    raise AssertionError(f"no answer was {status}")


@pytest.mark.shows("T-78")
def test_one_person_keeps_nobody_else_waiting(sign_in: SignIn) -> None:
    hasty, other = sign_in(subject="dr-hasty"), sign_in(subject="dr-sol")
    with unfinished(hasty, "/find", sessions.AT_ONCE + 1):
        refused = hasty.http.get("/")
        assert (refused.status_code, "as many requests under way" in refused.text) == (429, True)
        assert other.http.get("/").status_code == 200
    eventually(hasty, 200)


def test_a_list_that_keeps_itself_fresh_keeps_nobody_signed_in(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in()
    monkeypatch.setattr(sessions, "_RENEWED_AFTER_S", -1)
    script = (STATIC / "pathway.js").read_text(encoding="utf-8")
    assert '"x-by-itself": "true"' in script
    by_itself = browser.http.get("/", headers={"x-by-itself": "true"})
    assert (by_itself.status_code, by_itself.headers.get("set-cookie")) == (200, None)
    assert "pathway=" in browser.http.get("/").headers["set-cookie"]


@pytest.mark.shows("T-79")
def test_whoever_has_the_folder_of_a_demonstration_cannot_sign_in_anywhere_else(
    new_sqlite: Callable[[], str],
) -> None:
    address = new_sqlite()
    shown = Settings(env="development", database_url=address)
    session_key(shown)
    left = (beside_the_database(shown) / "development-session-key").read_text(encoding="utf-8")
    live = settings("https://provider.example", address, session_key=SecretStr(left))
    with pytest.raises(KeyMissing, match="PATHWAY_SESSION_KEY is the key that was made for development"):
        require_none_of_development(live)
    require_none_of_development(live.model_copy(update={"session_key": SecretStr(new_secret())}))


def test_who_nobody_knows_yet_takes_few_places_while_the_provider_is_waited_for(
    new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, answers = threading.Semaphore(0), threading.Event()

    async def waits(_self: Provider) -> object:
        arrived.release()
        await to_thread.run_sync(answers.wait)
        raise Refusal("unavailable", "The sign-in provider cannot be reached; try again later.")

    monkeypatch.setattr(Provider, "_published", waits)
    monkeypatch.setattr(signing_in, "AT_ONCE", 3)
    with serving(settings("http://127.0.0.1:1", new_sqlite())) as running:
        begun = [threading.Thread(target=begin, args=(running,)) for _ in range(3)]
        for each in begun:
            each.start()
        for _ in begun:
            arrived.acquire()
        assert begin(running) == 429
        assert running.http.get("/sign-in").status_code == 200
        answers.set()
        for each in begun:
            each.join()
        assert begin(running) == 503


def begin(running: Service) -> int:
    return httpx2.get(f"{running.url}/sign-in/begin", timeout=30).status_code


@pytest.mark.shows("T-78")
def test_verifications_take_long_one_after_the_other_and_nobody_else_waits_for_them(
    pages: Service, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = pages.open_episode().removeprefix("/v1")
    arrived, ends = threading.Semaphore(0), threading.Event()

    def takes_long(*_anything: object) -> bytes:
        arrived.release()
        assert ends.wait(30)
        raise Refusal("unavailable", "It came to no end.")

    monkeypatch.setattr(verification, "verify_one", takes_long)
    people = [sign_in(subject=f"dr-{number}") for number in range(READING_THREADS + 1)]
    waiting = [
        threading.Thread(target=each.http.get, args=(f"{episode}/verification",), daemon=True)
        for each in people
    ]
    waiting[0].start()
    assert arrived.acquire(timeout=30)
    for each in waiting[1:]:
        each.start()
    other = sign_in("auditor", subject="the auditor")
    other.http.timeout = 10
    assert other.http.get("/").status_code == 200
    assert not arrived.acquire(blocking=False)
    statuses = {
        people[0].http.get(f"{episode}/verification").status_code,
        pages.get(f"/v1{episode}/verify", subject="dr-0").status_code,
    }
    ends.set()
    for each in waiting:
        each.join()
    assert statuses == {429}


@pytest.mark.parametrize("known_at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00%2B14:00"])
@pytest.mark.parametrize("page", ["", "/sheet"])
def test_an_instant_outside_the_calendar_is_refused_in_words(
    pages: Service, sign_in: SignIn, known_at: str, page: str
) -> None:
    episode = pages.open_episode().removeprefix("/v1")
    assert "outside the calendar" in sign_in().open(f"{episode}{page}?known_at={known_at}", status=400)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (f"lansky={'9' * 30}", "lansky"),
        ("lansky=%C2%B2", "lansky"),
        (f"toxicity=pain&grade={'9' * 5000}", "grade"),
        ("toxicity=pain&grade=worst", "grade"),
    ],
    ids=("a long score", "a score that is a sign", "a long grade", "a grade that is a word"),
)
def test_what_is_supposed_and_is_no_number_is_told_beside_its_field(
    pages: Service, sign_in: SignIn, asked: str, field: str
) -> None:
    episode = pages.open_episode().removeprefix("/v1")
    shown = sign_in().open(f"{episode}/what-if?{asked}", status=422)
    assert f'href="#{field}"' in shown
