"""The README is true: its session runs when pasted, its links lead somewhere, its commands exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pathway.cli.server_process import listening, service, url
from pathway.store.migrate import migrate
from tests.missing import missing

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
(SESSION,) = re.findall(r"^```bash\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
CLAIMED = [line.removeprefix("#> ") for line in SESSION.splitlines() if line.startswith("#> ")]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell as a newcomer has it, with this checkout's `pathway` where set-up would put it."""
    for tool in ("bash", "curl"):
        if shutil.which(tool) is None:
            missing(f"{tool} is missing: the session of the README cannot be run.")
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    command = bin_folder / "pathway"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pathway.cli "$@"\n')
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PATHWAY_")}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}


@pytest.fixture
def served(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service freshly started in an empty folder, on the database the session's commands use there."""
    monkeypatch.chdir(tmp_path)
    migrate("sqlite:///var/pathway.db")
    settings = {"PATHWAY_ENV": "development", "PYTHONPATH": str(ROOT)}
    ours = [name for name in os.environ if name.startswith("PATHWAY_")]
    with (
        listening("127.0.0.1", 0) as listener,
        service(listener, settings, tmp_path / "service.log", without=ours),
    ):
        yield url(listener)


@pytest.mark.shows("R-113")
def test_the_session_runs_when_pasted_and_says_what_the_readme_says(
    served: str, environment: dict[str, str], tmp_path: Path
) -> None:
    told = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", SESSION],
        cwd=tmp_path,
        env=environment | {"URL": served},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""
    read = " ".join(told.stdout.split())
    passed_over = {}
    for claim in CLAIMED:
        passed_over[claim], found, read = read.partition(claim)
        assert found, f"The session did not say, in its place: {claim}\nIt said: {passed_over[claim][:2000]}"
    earlier = passed_over["Complete the assessment of primary, metastases and marrow."]
    assert "cycle completed: line 1, cycle 2" in earlier
    assert "assessment recorded" not in earlier


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z]+)", README))))
def test_a_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
