"""What is published: found by name and version, fixed word by word, and cited from known sources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pathway.catalogue import CATALOGUE, Catalogue, claims_of
from pathway.clinical.evidence import SOURCES, Tag
from pathway.engine.page import written
from tests.story import PATHWAY

FINGERPRINTS = {
    (
        "high_risk_neuroblastoma_relapse",
        1,
    ): "8c38035dce05323c756660212917b7624ab9843bc3367b97571132079cc9aeef",
}
"""The content of each version. Once released a version is never edited: make another instead. Until then a
changed definition is a deliberate act, and its new fingerprint is written here with it."""


@pytest.mark.shows("R-044", "C-31", "T-45")
def test_a_published_version_is_never_edited() -> None:
    assert {(each.id, each.version): each.content_hash for each in CATALOGUE} == FINGERPRINTS


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
