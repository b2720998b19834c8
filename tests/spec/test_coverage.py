"""Every rule of `coverage.txt` has a test that shows it and a line on a generated page, or a reason why it has not."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from docs.generate import documents
from pathway.catalogue.high_risk_neuroblastoma_relapse.not_encoded import NOT_ENCODED

FOLDER = Path(__file__).parent
TESTS = FOLDER.parent


@dataclass(frozen=True)
class Rule:
    """One rule: its name, what it says in short, where a reader finds it, and the tests that show it."""

    name: str
    says: str
    page: str
    tests: tuple[str, ...]


def _read() -> tuple[Rule, ...]:
    _introduction, *blocks = (FOLDER / "coverage.txt").read_text(encoding="utf-8").split("\n\n")
    return tuple(map(_rule, blocks))


def _rule(block: str) -> Rule:
    told = re.fullmatch(r"(\S+): (.+)\n  page: (.+)((?:\n  test: \w+)*)\s*", block)
    assert told is not None, f"This is no rule: {block}"
    return Rule(told[1], told[2], told[3], tuple(re.findall(r"test: (\w+)", told[4])))


RULES = _read()


@cache
def _written() -> tuple[str, ...]:
    pages = (made() for name, made in documents().items() if name.endswith(".md"))
    return tuple(line for page in pages for line in page.splitlines())


@cache
def _test_names() -> frozenset[str]:
    found = set()
    for folder in ("spec", "clinical", "catalogue", "engine", "use_cases"):
        for path in (TESTS / folder).glob("test_*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    found.add(node.name)
    return frozenset(found)


def _stands(words: str) -> bool:
    wanted = re.compile(".*".join(re.escape(part.strip()) for part in words.split("…")))
    return any(wanted.search(line) for line in _written())


@pytest.mark.shows("R-072", "C-03")
@pytest.mark.parametrize("rule", RULES, ids=[each.name for each in RULES])
def test_a_rule_stands_on_a_page_and_is_shown_by_a_test_or_is_listed_as_not_encoded(rule: Rule) -> None:
    assert _stands(rule.page), f"No line of a generated page says: {rule.page}"
    missing = [name for name in rule.tests if name not in _test_names()]
    assert not missing, f"There is no such test: {missing}"
    assert rule.tests or rule.page in {each.about for each in NOT_ENCODED}


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len({each.name for each in RULES}) == len(RULES)


def test_whatever_is_listed_as_not_encoded_is_a_rule_without_a_test() -> None:
    without = {rule.page for rule in RULES if not rule.tests}
    assert {each.about for each in NOT_ENCODED} == without


@pytest.mark.shows("C-03")
def test_every_row_of_the_decision_after_an_assessment_is_among_the_rules() -> None:
    rows = {rule.name for rule in RULES if re.fullmatch(r"matrix-\d+", rule.name)}
    assert rows == {f"matrix-{number}" for number in range(1, 37)}
