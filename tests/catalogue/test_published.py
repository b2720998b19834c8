"""What is published: found by name and version, fixed word by word, and cited from known sources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pathway.catalogue import CATALOGUE, Catalogue, claims_of
from pathway.clinical.component_rules import POLICIES
from pathway.clinical.components import COMBINED, TABLES
from pathway.clinical.evidence import SOURCES, Tag
from pathway.clinical.inrc import RULES
from pathway.clinical.toxicity import STOP_RULES
from pathway.clinical.toxicity_tables import ACTION_RULES
from pathway.engine.page import written
from tests.story import PATHWAY

FINGERPRINTS = {
    (
        "high_risk_neuroblastoma_relapse",
        1,
    ): "e1ce5e96789c22ac30ffac11a766853c7e04e389bdcb91f98ef4960f070d784b",
}
"""The content of each version. Once released a version is never edited: make another instead. Until then a
changed definition is a deliberate act, and its new fingerprint is written here with it."""


@pytest.mark.shows("R-044", "C-31", "T-45")
def test_a_published_version_is_never_edited() -> None:
    assert {(each.id, each.version): each.content_hash for each in CATALOGUE} == FINGERPRINTS


@pytest.mark.shows("C-31", "T-45")
def test_the_rules_of_response_and_toxicity_are_part_of_what_is_published() -> None:
    said = {remark.says for chapter in PATHWAY.medicine for remark in chapter.remarks}
    assert {rule.sentence for rule in STOP_RULES} <= said
    for rule in ACTION_RULES:
        assert any(rule.sentence in each for each in said), rule.name
    for policy in POLICIES.values():
        assert any(each.endswith(policy.reading) for each in said), policy.id
    rows = [row.sentence for table in TABLES.values() for row in table]
    rows += [row.sentence for row in COMBINED] + [row.sentence for row in RULES]
    assert all(any(row in each for each in said) for row in rows)


@pytest.mark.shows("C-31")
def test_a_question_of_the_response_that_is_read_otherwise_makes_another_version() -> None:
    chapter = PATHWAY.medicine[2]
    question = POLICIES["A1"].turned()
    remark = replace(chapter.remarks[0], says=f"{question.question} {question.reading}")
    assert remark.about == "A1"
    turned = replace(chapter, remarks=(remark, *chapter.remarks[1:]))
    medicine = (*PATHWAY.medicine[:2], turned, *PATHWAY.medicine[3:])
    assert replace(PATHWAY, medicine=medicine).content_hash != PATHWAY.content_hash


def test_a_pathway_is_found_by_name_and_version_the_newest_by_name_alone() -> None:
    newer = replace(PATHWAY, version=2)
    catalogue = Catalogue((newer, PATHWAY))
    assert catalogue.find(PATHWAY.id) is newer
    assert catalogue.find(PATHWAY.id, 1) is PATHWAY
    assert catalogue.find(PATHWAY.id, 3) is None
    assert catalogue.find("another") is None
    assert list(catalogue) == [newer, PATHWAY]


def test_what_is_not_published_here_promises_nothing() -> None:
    assert claims_of(PATHWAY)
    assert claims_of(replace(PATHWAY, version=2)) == ()


def test_every_source_cited_is_a_known_one() -> None:
    for pathway in CATALOGUE:
        for citation in pathway.citations:
            assert SOURCES[citation.source.key] is citation.source


@pytest.mark.shows("R-024")
def test_every_row_every_need_and_every_window_is_cited() -> None:
    for pathway in CATALOGUE:
        for state in pathway.states:
            assert all(row.because for row in state.table)
        cited = set(pathway.citations)
        assert {need.because for option in pathway.options for need in option.needs} <= cited
        assert {window.because for window in pathway.windows} <= cited


@pytest.mark.shows("R-024", "C-05")
def test_whatever_was_not_checked_against_its_source_says_so_on_the_page_and_in_answers() -> None:
    for pathway in CATALOGUE:
        page = written(pathway)
        for citation in pathway.citations:
            unverified = citation.tag is Tag.UNVERIFIED
            assert citation.as_dict()["verified"] is not unverified
            assert (f"{citation.source.title} [M] *unverified*" in page) >= unverified


@pytest.mark.shows("R-024", "C-05")
def test_a_choice_of_this_project_is_never_told_as_a_published_rule() -> None:
    for pathway in CATALOGUE:
        for citation in pathway.citations:
            assert (citation.source.key == "project_design") == (citation.tag is Tag.DESIGN)
