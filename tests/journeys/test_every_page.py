"""What holds of every page, by a list made of the application's own routes: a new page is on it by itself."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2
import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, event

from api.web.fact_forms import BY_KIND
from api.web.pages import ROUTERS
from api.web.rendering import Page
from pathway.settings import Settings
from pathway.use_cases.pathways import RULES
from pathway.use_cases.permissions import NEEDS, Operation, Role, permissions_of
from tests.api.conftest import PATHWAY, Service, serving
from tests.journeys.conftest import WIDTHS, Desk
from tests.web.test_episode_page import ago, stopped
from tests.web.test_history_page import entries_of

FILES: Final = ("/bundle.json", "/history.{form}")
"""What is handed out whole, and grows with what is in it."""

ABOUT_AN_ENTRY: Final = ("event_corrected", "event_retracted")
READERS: Final = (Role.CLINICIAN, Role.AUDITOR, Role.PATHWAY_OWNER)
"""Who looks at a page: the first of these who may."""

CHOICES: Final = {"{kind}": (*BY_KIND, *ABOUT_AN_ENTRY), "{name}": tuple(RULES)}
"""What a part of an address can be, where each makes a page of its own."""


UNFOLDED: Final = "details:not(.chapter > .chapter:nth-of-type(n + 4))"
"""What is looked at unfolded: of the chapters within a chapter, which one macro writes, the first three."""


def each_choice(path: str) -> list[str]:
    """The address, or one for each choice there is in it."""
    for part, values in CHOICES.items():
        if part in path:
            return [path.replace(part, value) for value in values]
    return [path]


PAGES: Final = {
    address: route.name
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Page) and "GET" in (route.methods or ())
    for address in each_choice(route.path)
}
"""The name of the operation, by the address of each page."""


def reader(address: str) -> Role:
    """Who looks at it: the first who may, or where an operation has no right of its own, the auditor."""
    name = PAGES[address]
    if name == "sign_in":
        return Role.CLINICIAN
    if name not in {each.value for each in Operation}:
        return Role.AUDITOR
    return next(role for role in READERS if NEEDS[Operation(name)] in permissions_of([role]))


def filled(address: str, episode: str, entry: str) -> str:
    """The address for this episode (a path). Raises `KeyError` for a part nobody has said the meaning of."""
    told = {
        "episode_id": episode.removeprefix("/episodes/"),
        "pathway_id": PATHWAY,
        "version": 1,
        "form": "csv",
    }
    more = f"?entry={entry}" if address.endswith(ABOUT_AN_ENTRY) else ""
    return address.format_map(told) + more


@pytest.fixture(scope="module")
def eventful(ward: Service) -> tuple[str, str]:
    """An episode with a stop, an override that waits, a review task and a correction; and an entry of it."""
    episode = stopped(ward)
    basis = ward.get(f"/v1{episode}/next-step").json()["basis"]
    override = {
        "option": "change_line",
        "basis": basis,
        "detail": {"agents": ["dinutuximab_beta", "temozolomide"]},
        "reason": {"code": "recipient-disagrees-evidence", "text": "under supervision"},
    }
    ward.post(f"/v1{episode}/decisions", override).raise_for_status()
    (gd2,) = (each for each in entries_of(ward, episode) if each["kind"] == "gd2_measured")
    corrected = {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(8)}
    ward.record(
        f"/v1{episode}",
        {"kind": "cycle_started", "line": 3, "cycle": 2, "occurred_on": ago(1)},
        {"kind": "event_corrected", "occurred_on": ago(0), "entry": gd2["entry"], "replacement": corrected},
    ).raise_for_status()
    told = ward.get(f"/v1{episode}").json()
    assert told["reviews"]
    assert told["awaiting_second_signature"]
    return episode, gd2["entry"]


@pytest.mark.shows("R-120", "C-44", "C-46")
@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_there_for_everybody(
    sits_down: Callable[..., Desk], ward: Service, eventful: tuple[str, str], address: str
) -> None:
    desk = sits_down(reader(address), "dr-okafor")
    path = filled(address, *eventful)
    answer = desk.page.request.get(f"{ward.url}{path}", max_redirects=0)
    if answer.headers.get("location", "").startswith("/pathway/"):
        return  # which is on the list itself
    if not answer.headers["content-type"].startswith("text/html"):
        assert "attachment" in answer.headers["content-disposition"], "It is neither a page nor a file."
        return
    page = desk.open(path)
    assert page.title().endswith(" · Pathway")
    assert page.get_by_role("heading", level=1).count() == 1
    if not address.startswith("/sign-in"):
        expect(page.get_by_role("banner")).to_contain_text("dr-okafor at north")
    if "{episode_id}" in address and page.locator("main form[method=post]").count():
        assert re.search(r"child-\d+ · Pathway", page.title()), "It does not say about which child this is."
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"child-\d+"))
    page.emulate_media(color_scheme="dark")
    assert desk.barriers() == [], "In the dark, as it is opened."
    page.emulate_media(color_scheme="light")
    page.evaluate(f"document.querySelectorAll('{UNFOLDED}').forEach(each => each.open = true)")
    for width in WIDTHS.values():
        page.set_viewport_size({"width": width, "height": 900})
        assert desk.fits(), f"At {width} pixels it has to be moved sideways."
    assert desk.barriers() == []
    page.set_viewport_size({"width": WIDTHS["phone"], "height": 900})
    page.emulate_media(color_scheme="dark")
    assert desk.barriers("color-contrast") == [], "In the dark, with everything unfolded."


def test_a_barrier_and_a_page_too_wide_would_be_found(sits_down: Callable[..., Desk]) -> None:
    desk = sits_down()
    desk.page.evaluate("document.querySelector('main').innerHTML = '<img src=/static/pathway.svg><input>'")
    assert {each.partition(":")[0] for each in desk.barriers()} >= {"image-alt", "label"}
    desk.page.evaluate("document.querySelector('main').style.width = '3000px'")
    assert not desk.fits()


SCRIPT: Final = "<script>document.title = 'taken'</script><img src=/x onerror=\"document.title='taken'\">"


@pytest.mark.shows("T-73")
def test_a_script_that_somebody_typed_is_text(sits_down: Callable[..., Desk], ward: Service) -> None:
    path = f"/v1/{ward.open_episode(opened_on=ago(9), value='<b>child-0</b>').removeprefix('/v1/')}"
    ward.record(path, {"kind": "note_added", "text": SCRIPT, "occurred_on": ago(1)}).raise_for_status()
    desk = sits_down("clinician", "dr-okafor")
    for address in ("", "/history", "/sheet", "/record"):
        page = desk.open(path.removeprefix("/v1") + address)
        assert "taken" not in page.title()
        assert page.locator("main img, main script, h1 b").count() == 0
        assert "<b>child-0</b>" in page.get_by_role("heading", level=1).inner_text()
    expect(desk.open(path.removeprefix("/v1")).locator("#timeline ~ ol")).to_contain_text(SCRIPT)


@pytest.mark.shows("T-73")
def test_a_script_inside_a_page_is_not_run_and_is_complained_of(sits_down: Callable[..., Desk]) -> None:
    signed_in = sits_down().page
    page, said = signed_in.context.new_page(), list[str]()
    page.on("console", lambda each: said.append(each.text))
    page.goto(signed_in.url)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<a href=# onclick=document.title=1>x</a>')")
    page.get_by_role("link", name="x", exact=True).click()
    assert any("Content Security Policy" in each for each in said)
    assert page.title() != "1"


# What a page asks the database


class Statements:
    """What is read of any database, by the threads in which pages are made."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def watch(self, connection: Any, _record: object) -> None:
        """Notes what this new connection of a pool is asked."""
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(self._said)

    def _said(self, statement: str) -> None:
        if threading.current_thread().name.startswith("AnyIO") and statement.lstrip()[:6] in (
            "SELECT",
            "WITH",
        ):
            self.read.append(statement)


FEW, MANY = 3, 60
MOST = 12
"""How many questions any page may ask."""


@pytest.fixture(scope="module")
def counted(new_sqlite: Callable[[], str]) -> Iterator[tuple[Service, Statements, dict[str, str]]]:
    """A service with a site of three episodes and one of sixty, and an episode of each."""
    statements = Statements()
    event.listen(Engine, "connect", statements.watch)
    try:
        with serving(Settings(env="development", database_url=new_sqlite())) as running:
            first: dict[str, str] = {}
            for site, number in (("few", FEW), ("many", MANY)):
                for count in range(number):
                    episode = running.open_episode(opened_on=ago(40), value=f"{site}-{count}", site=site)
                    fact = {"kind": "gd2_measured", "status": "positive", "occurred_on": ago(30)}
                    running.record(episode, fact, site=site).raise_for_status()
                    first.setdefault(site, episode.removeprefix("/v1"))
            yield running, statements, first
    finally:
        event.remove(Engine, "connect", statements.watch)


@pytest.mark.shows("R-121")
@pytest.mark.parametrize("address", [each for each in PAGES if not each.endswith(FILES)])
def test_a_page_asks_as_little_of_a_long_list_as_of_a_short_one(
    counted: tuple[Service, Statements, dict[str, str]], address: str
) -> None:
    service, statements, first = counted
    asked = {}
    for site in ("few", "many"):
        token = service.token(reader(address), site, "dr-okafor")
        with httpx2.Client(base_url=service.url, timeout=60, follow_redirects=True) as browser:
            browser.get("/sign-in", params={"token": token}).raise_for_status()
            path = filled(address, first[site], "")
            browser.get(path)  # what is looked up once and kept does not count
            statements.read.clear()
            browser.get(path)
            asked[site] = len(statements.read)
    assert asked["few"] == asked["many"] <= MOST


def test_what_is_asked_is_counted(counted: tuple[Service, Statements, dict[str, str]]) -> None:
    service, statements, first = counted
    statements.read.clear()
    for _ in range(2):
        service.get(f"/v1{first['few']}/history", site="few").raise_for_status()
    assert len(statements.read) >= 2
