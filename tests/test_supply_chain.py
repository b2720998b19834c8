"""What is installed is written down: versions with hashes, licences, and nothing of where a machine takes it from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.supply_chain import (
    asked_for,
    bill_of_materials,
    declared_licence,
    faults_of_licences,
    is_allowed,
    locked,
    rest_of,
)

LOCKS = ("runtime", "test", "build")
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host| @ ")
MOST_DIRECT_DEPENDENCIES = 16
COPYLEFT = re.compile(r"\bA?GPL", re.IGNORECASE)

Told = Callable[[str, object], None]


def text(root: Path, name: str) -> str:
    return (root / "requirements" / name).read_text(encoding="utf-8")


def versions(root: Path, name: str) -> dict[str, str]:
    return {each.name: each.version for each in locked(text(root, f"{name}.txt"))}


@pytest.fixture
def soup(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((root / "docs/requirements/soup.yaml").read_text(encoding="utf-8"))
    return told


@pytest.mark.shows("G16", "C-36", "T-47")
@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_pinned_with_hashes(root: Path, name: str) -> None:
    assert asked_for(text(root, f"{name}.in")) <= set(versions(root, name))
    assert rest_of(text(root, f"{name}.txt")) == []


@pytest.mark.shows("G16", "C-36", "T-47")
@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("kind", ["in", "txt"])
def test_no_lock_says_where_packages_come_from(root: Path, name: str, kind: str) -> None:
    assert ADDRESS.findall(text(root, f"{name}.{kind}")) == []


@pytest.mark.shows("G16")
def test_the_service_depends_on_few_packages_directly(root: Path, record_property: Told) -> None:
    direct = asked_for(text(root, "runtime.in"))
    record_property("direct dependencies", len(direct))
    record_property("packages at run time", len(versions(root, "runtime")))
    assert 0 < len(direct) <= MOST_DIRECT_DEPENDENCIES


@pytest.mark.shows("C-36")
def test_the_tests_run_what_production_runs(root: Path) -> None:
    runtime, test = versions(root, "runtime"), versions(root, "test")
    shared = runtime.keys() & test.keys()
    assert shared
    assert {package: test[package] for package in shared} == {package: runtime[package] for package in shared}


@pytest.mark.shows("G16", "T-47")
def test_every_package_has_a_licence_of_the_list_and_says_so_itself(
    root: Path, soup: dict[str, Any], record_property: Told
) -> None:
    packages = {name: declared_licence(name) or "" for name in versions(root, "runtime")}
    faults = list(faults_of_licences(packages, soup))
    record_property("licences not on the list", len(faults))
    assert faults == []
    assert packages.keys() == soup["licences"].keys()
    assert not any(COPYLEFT.search(each) for each in soup["allowed"])


@pytest.mark.shows("C-36")
def test_every_package_that_is_asked_for_is_explained(root: Path, soup: dict[str, Any]) -> None:
    assert soup["direct"].keys() == asked_for(text(root, "runtime.in"))
    assert all(each.keys() == {"purpose", "trust", "limits"} for each in soup["direct"].values())


@pytest.mark.shows("G16")
def test_the_bill_of_materials_names_each_package_once_with_those_that_need_it(root: Path) -> None:
    bill = json.loads(bill_of_materials())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {each["name"]: each["version"] for each in bill["components"]} == versions(root, "runtime")
    refs = ["pathway", *(each["bom-ref"] for each in bill["components"])]
    needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert list(needs) == refs
    assert len(set(refs)) == len(refs)
    reached, left = set[str](), ["pathway"]
    while left:
        reached.add(left[-1])
        left += set(needs[left.pop()]) - reached
    assert reached == set(refs)
    assert ADDRESS.findall(bill_of_materials()) == []


# That the tests above can fail


@pytest.mark.shows("G16", "T-47", control=True)
@pytest.mark.parametrize(
    "licence", ["GPL-3.0-or-later", "AGPL-3.0-only", "MIT AND GPL-2.0-only", "unheard of"]
)
def test_a_package_that_is_not_free_to_use_is_found(soup: dict[str, Any], licence: str) -> None:
    planted = {**soup, "licences": {**soup["licences"], "planted": licence}}
    assert list(faults_of_licences({"planted": licence}, planted)) == [
        f"planted has a licence that is not on the list: {licence}."
    ]


@pytest.mark.shows("G16", control=True)
def test_a_package_that_says_something_else_than_is_written_or_is_not_written_down_is_found(
    soup: dict[str, Any],
) -> None:
    (changed,) = faults_of_licences({"rich": "GPL-3.0-only"}, soup)
    assert changed == "rich says that its licence is GPL-3.0-only, and not MIT."
    (unknown,) = faults_of_licences({"planted": "MIT"}, soup)
    assert unknown == "planted has no licence in docs/requirements/soup.yaml."


@pytest.mark.shows("G16", "C-36", control=True)
@pytest.mark.parametrize(
    "line",
    [
        "rich==15.0.0\n",
        "rich>=15 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "rich==15.0.0 \\\n    --hash=md5:" + "0" * 32 + "\n",
        "rich==15.0.0 \\\n    --hash=sha256:abc\n",
        "-e .\n",
    ],
)
def test_a_line_that_is_not_pinned_by_a_hash_is_found(root: Path, line: str) -> None:
    assert rest_of(text(root, "runtime.txt") + line) != []


@pytest.mark.shows("G16", control=True)
@pytest.mark.parametrize(
    "line",
    ["--index-url https://packages.example/simple", "--find-links wheels", "rich @ https://packages.example"],
)
def test_an_address_in_a_lock_is_found(root: Path, line: str) -> None:
    assert ADDRESS.findall(f"{text(root, 'runtime.txt')}{line}\n") != []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT AND ISC", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("MPL-2.0 AND (GPL-2.0-only OR (GPL-3.0-only AND MIT))", False),
    ],
)
def test_of_a_choice_one_licence_suffices_and_of_a_combination_all_are_needed(
    soup: dict[str, Any], expression: str, *, expected: bool
) -> None:
    assert is_allowed(expression, soup["allowed"]) is expected
