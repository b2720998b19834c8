"""Whether the record holds, in words; and how anybody finds that out without the service."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from html import unescape

import pytest

from api.web import verification
from pathway.proof.verifier import verify_bundle
from pathway.settings import Settings
from tests.api.conftest import Service, serving
from tests.web.conftest import Browser
from tests.web.test_episode_page import planned, text_of
from tests.web.test_history_page import SignIn, entries_of


@pytest.fixture(scope="module")
def pages(new_sqlite: Callable[[], str]) -> Iterator[Service]:
    """A service whose database somebody lays hands on."""
    with serving(Settings(env="development", database_url=new_sqlite())) as running:
        yield running


@pytest.fixture
def auditor(sign_in: SignIn) -> Browser:
    return sign_in("auditor", subject="auditor-wu")


def touch(pages: Service, episode: str, sequence: int) -> None:
    """Drops the triggers and edits a row."""
    with sqlite3.connect(pages.settings.database_url.removeprefix("sqlite:///")) as connection:
        for name in ("update", "delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS entry_append_only_{name}")
        connection.execute(
            "UPDATE entry SET actor = 'somebody else' WHERE episode_id = ? AND sequence = ?",
            (episode[10:], sequence),
        )


def test_an_untouched_episode_holds_and_says_what_was_looked_at(pages: Service, auditor: Browser) -> None:
    shown = text_of(auditor.open(f"{planned(pages)}/verification"))
    assert "it holds" in shown
    assert "5 entries unaltered, in an unbroken chain" in shown
    assert "5 recommendations were derived again, the same to the last bit" in shown


def test_the_bundle_is_a_file_which_the_command_on_the_page_verifies(
    pages: Service, auditor: Browser
) -> None:
    episode = planned(pages)
    page = auditor.open(f"{episode}/verification")
    assert f'href="{episode}/bundle.json" download' in page
    bundle = auditor.http.get(f"{episode}/bundle.json")
    assert bundle.headers["content-disposition"] == f'attachment; filename="bundle-{episode[10:]}.json"'
    key = re.search(rf"pathway verify bundle-{episode[10:]}\.json --key '([^']*)'", unescape(page))
    assert key
    verified = verify_bundle(bundle.json(), key[1])
    assert (verified.found, verified.entries) == ((), 5)
    records = pages.get(f"/v1/audit?subject=auditor-wu&episode={episode[10:]}", role="auditor").json()[
        "records"
    ]
    assert [each["operation"] for each in records] == ["prove_an_episode", "verify_an_episode"]


def test_the_site_says_how_far_it_is_signed_and_is_verified_on_asking(
    pages: Service, auditor: Browser
) -> None:
    auditor.http.get(f"{planned(pages)}/bundle.json").raise_for_status()  # signs what was recorded so far
    page = auditor.open("/verification")
    shown = text_of(page)
    size = re.search(r"the first (\d+) of \1 leaves of the log", shown)
    assert size, shown
    key = pages.get(f"/v1{planned(pages)}/verify", role="auditor").json()["key"]
    assert f"Public key {key}" in shown
    assert re.search(
        r"signed \d{1,2} [A-Z][a-z]{2} \d{4}, \d{2}:\d{2} UTC",
        text_of(auditor.open("/verification?all=true")),
    )
    assert "it holds" not in shown
    assert "it holds" in text_of(auditor.open("/verification?all=true"))


def test_a_site_with_more_than_a_page_waits_for_is_verified_at_a_terminal(
    pages: Service, auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(pages)
    monkeypatch.setattr(verification, "AT_ONCE", 4)
    shown = text_of(auditor.open("/verification?all=true"))
    assert "it holds" not in shown
    assert "pathway verify --site north" in shown


def test_what_was_touched_is_named_with_the_way_to_its_entry(pages: Service, auditor: Browser) -> None:
    episode, other = planned(pages), planned(pages)
    touch(pages, episode, 3)
    page = auditor.open(f"{episode}/verification")
    shown = text_of(page)
    assert "it does not hold" in shown
    assert f"Entry 3 : {COLUMN}" in shown
    link = re.search(rf'href="({episode}/history\?cursor=2)"', page)
    assert link
    assert f'id="e-{entries_of(pages, episode)[2]["entry"]}"' in auditor.open(link[1])
    assert "it holds" in text_of(auditor.open(f"{other}/verification"))
    site = text_of(auditor.open("/verification?all=true"))
    assert f"Entry 3 : {COLUMN} Entry 3 of episode {episode[10:]}" in site
    assert "The site : The database no longer keeps rows of the table entry from being changed." in site


def test_a_record_that_does_not_hold_says_what_to_do_and_calls_nothing_sound(
    pages: Service, auditor: Browser
) -> None:
    episode = planned(pages)
    touch(pages, episode, 2)
    shown = text_of(auditor.open(f"{episode}/verification"))
    assert "5 entries : whether each is what was sealed" in shown.replace("entries:", "entries :")
    assert "each is what was sealed" not in shown.replace("whether each is what was sealed", "")
    assert "5 recommendations were not derived again: from entries, or a definition, that are not" in shown
    assert "What to do now Do not rely on the entries named below" in shown
    assert "What to do now" not in text_of(auditor.open(f"{planned(pages)}/verification"))


def test_what_was_recorded_after_a_checkpoint_is_told_as_recorded_since(
    pages: Service, auditor: Browser
) -> None:
    auditor.http.get(f"{planned(pages)}/bundle.json").raise_for_status()  # signs what was recorded so far
    planned(pages)
    shown = text_of(auditor.open("/verification?all=true"))
    assert re.search(r"\d+ records were recorded since; the next checkpoint covers them\.", shown)
    assert "one for each entry and each audit record" in shown


COLUMN = "A column beside its sealed text says something else: who recorded it (sealed: dr-okafor)."
