"""An auditor finds out who decided what on what knowledge, and believes nobody's word for it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pathway.proof import verifier
from tests.api.conftest import Service
from tests.journeys.conftest import Desk
from tests.journeys.test_late_correction import treated
from tests.web.test_episode_page import ago
from tests.web.test_history_page import entries_of, instant


def corrected(ward: Service) -> tuple[str, str]:
    """The path of an episode decided upon by GD2, which was corrected afterwards, and an instant between the two."""
    episode = treated(ward)
    between = instant()
    (wrong,) = (each for each in entries_of(ward, episode) if each["kind"] == "gd2_measured")
    correction = {
        "kind": "event_corrected",
        "occurred_on": ago(0),
        "entry": wrong["entry"],
        "reason": "the samples had been exchanged",
        "replacement": {"kind": "gd2_measured", "status": "negative", "occurred_on": ago(8)},
    }
    ward.record(f"/v1{episode}", correction, subject="dr-brandt").raise_for_status()
    return episode, between


@pytest.mark.shows("R-119", "R-042", "R-208")
def test_an_auditor_finds_who_decided_what_on_what_knowledge(
    sits_down: Callable[..., Desk], ward: Service
) -> None:
    # Given a decision, and a correction that came after it,
    episode, between = corrected(ward)
    page = sits_down("auditor", "auditor-wu").open("/audit")

    # when an auditor looks for decisions,
    page.get_by_text("Look for some of them").click()
    page.get_by_label("Operation").select_option(label="decide on an option")
    page.get_by_role("button", name="Look").click()
    record = page.get_by_role("row").filter(has_text="dr-okafor").first
    expect(record).to_contain_text("decide on an option".capitalize())
    record.get_by_role("link", name="the entry").click()

    # then the history says who chose what, when, what was recommended and why,
    entry = page.locator(".timeline > li").filter(has_text="Decision made")
    expect(entry).to_contain_text("Start chemoimmunotherapy")
    expect(entry).to_contain_text("by dr-okafor")
    expect(entry).to_contain_text("Agreed")

    # leads to what was known then, under a pseudonym and with nothing to decide,
    entry.get_by_role("link", name="as they stood before this decision").click()
    expect(page.get_by_text("This is not today’s page.")).to_be_visible()
    expect(page.locator("#next")).to_have_text("Recommended: start chemoimmunotherapy.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Patient ")
    expect(page.get_by_role("button", name="Record the decision")).to_have_count(0)

    # and shows the fact as it was known between the two, and what has changed since.
    page.goto(f"{ward.url}{episode}/history")
    page.get_by_label("As known at").fill(between)
    page.get_by_role("button", name="Show").click()
    gd2 = page.get_by_role("row").filter(has_text=re.compile("GD2", re.IGNORECASE)).first
    expect(gd2).to_contain_text("positive")
    page.get_by_role("link", name="What changed since then").click()
    changed = page.locator("section", has=page.locator("#facts")).get_by_role("row")
    expect(changed.filter(has_text="negative")).to_contain_text("positive")


@pytest.mark.shows("R-119", "R-087")
def test_an_auditor_verifies_the_record_offline(
    sits_down: Callable[..., Desk], ward: Service, tmp_path: Path
) -> None:
    # Given an episode that was corrected, as honest records are,
    episode, _ = corrected(ward)

    # when an auditor has it verified, and takes the proof along,
    page = sits_down("auditor", "auditor-wu").open(f"{episode}/verification")
    expect(page.locator("#result")).to_contain_text("it holds")
    expect(page.get_by_role("region", name="it holds")).to_contain_text("in an unbroken chain")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the proof of this episode").click()
    bundle = tmp_path / download.value.suggested_filename
    download.value.save_as(bundle)
    key = re.search(r"--key '([^']*)'", unescape(page.content()))
    assert key

    # then one file of the sources verifies it, without this service,
    alone = tmp_path / "verifier.py"
    shutil.copyfile(str(verifier.__file__), alone)
    assert verified(alone, bundle, key[1]) == 0

    # and finds a single letter that was changed.
    bundle.write_text(bundle.read_text().replace("exchanged", "eschanged", 1))
    assert verified(alone, bundle, key[1]) != 0


def verified(program: Path, bundle: Path, key: str) -> int:
    """How the verifier ends, in an interpreter that does not find this project."""
    return subprocess.run(
        [sys.executable, "-I", str(program), str(bundle), key],
        cwd=program.parent,
        capture_output=True,
        check=False,
        timeout=60,
    ).returncode
