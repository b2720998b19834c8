"""The page of toxicity: every rule, every term and every grade, each with its source."""

from __future__ import annotations

import pytest

from pathway.clinical.cell_toxicity import CAPD_GRADES, CRS_GRADES, ICANS_GRADES
from pathway.clinical.evidence import Tag
from pathway.clinical.side_effects import TERMS
from pathway.clinical.terms import Antibody
from pathway.clinical.toxicity import STOP_RULES
from pathway.clinical.toxicity_tables import ACTION_RULES, CONTRAINDICATION, LIFE_THREATENING, Action
from pathway.engine.toxicity_page import toxicity_written

PAGE = toxicity_written()
LINES = PAGE.splitlines()


def test_every_rule_stands_on_the_page_with_its_tag() -> None:
    for rule in STOP_RULES:
        assert any(rule.sentence in line and f"[{rule.citation.tag}]" in line for line in LINES)
    for action in (*ACTION_RULES, CONTRAINDICATION, LIFE_THREATENING):
        (line,) = {
            line
            for line in LINES
            if line.startswith(
                f"| {action.event} | `{action.action}` | {action.sentence} | {action.resume} |"
            )
            and action.citation.where in line
        }
        assert f"[{action.citation.tag}]" in line


def test_each_antibody_has_its_tables() -> None:
    for antibody in Antibody:
        name = antibody.replace("_", " ")
        assert f"### What ends {name} for good" in LINES
        assert f"### While {name} is given" in LINES


def test_each_term_stands_there_with_its_grades() -> None:
    for term in TERMS:
        (line,) = (
            line
            for line in LINES
            if line.startswith(f"| {term.name} |")
            and "grades" not in line[:5]
            and line.count("|") == 6
            and "CTCAE" in line
        )
        for grade, text in term.grades:
            assert f"**{grade}** {text}".strip() in line


def test_each_grade_after_cells_stands_there() -> None:
    for grade in (*CRS_GRADES, *ICANS_GRADES, *CAPD_GRADES):
        assert any(line.startswith(f"| {grade.grade} | {grade.sentence} |") for line in LINES)


@pytest.mark.shows("C-05")
def test_what_is_unverified_says_so_wherever_it_stands() -> None:
    told = [line for line in LINES if f"[{Tag.UNVERIFIED}]" in line and line.startswith("|")]
    assert told
    assert all("*unverified*" in line for line in told)


def test_each_outcome_is_explained() -> None:
    assert all(f"| `{each}` | {each.in_words} |" in LINES for each in Action)
