"""What is installed is written down: exact versions with hashes, wherever the machine takes its packages from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LOCKS = ("runtime", "test", "build")
PINNED = re.compile(
    r"^([a-z0-9._-]+)==(\S+)((?: ;[^\\]*)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host| @ ")
MOST_DIRECT_DEPENDENCIES = 16


def direct(root: Path, name: str) -> set[str]:
    """The packages a `.in` file names, as their index writes them."""
    text = (root / "requirements" / f"{name}.in").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {re.split(r"[\[<>=~!; ]", line)[0].lower() for line in lines if line and not line.startswith("-")}


def locked(root: Path, name: str) -> dict[str, str]:
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {package: version for package, version, _ in PINNED.findall(text)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_pinned_with_hashes(root: Path, name: str) -> None:
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert direct(root, name) <= set(locked(root, name))
    rest = PINNED.sub("", text)
    assert [line for line in rest.splitlines() if line and not line.lstrip().startswith("#")] == []


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("kind", ["in", "txt"])
def test_no_lock_says_where_packages_come_from(root: Path, name: str, kind: str) -> None:
    assert ADDRESS.findall((root / "requirements" / f"{name}.{kind}").read_text(encoding="utf-8")) == []


def test_the_service_depends_on_few_packages_directly(root: Path) -> None:
    assert 0 < len(direct(root, "runtime")) <= MOST_DIRECT_DEPENDENCIES


def test_the_tests_run_what_production_runs(root: Path) -> None:
    runtime, test = locked(root, "runtime"), locked(root, "test")
    shared = runtime.keys() & test.keys()
    assert shared
    assert {package: test[package] for package in shared} == {package: runtime[package] for package in shared}
