"""Every rule names a source, and what was not checked says so."""

import re

import pytest

from pathway.clinical import evidence
from pathway.clinical.evidence import PARK_2017, PROJECT_DESIGN, SOURCES, Source, Tag, cite

NAMED = {name: value for name, value in vars(evidence).items() if isinstance(value, Source)}


def test_every_source_is_found_by_the_key_it_is_named_for() -> None:
    assert {name: source.key for name, source in NAMED.items()} == {name: name.lower() for name in NAMED}
    assert dict(SOURCES) == {source.key: source for source in NAMED.values()}


def test_no_two_sources_share_a_key_a_title_or_a_doi() -> None:
    dois = [source.doi for source in NAMED.values() if source.doi]
    assert len(SOURCES) == len(NAMED) == len({source.title for source in NAMED.values()})
    assert len(dois) == len(set(dois))


@pytest.mark.parametrize("source", NAMED.values(), ids=lambda source: source.key)
def test_a_source_has_a_title_a_reference_and_a_doi_without_address(source: Source) -> None:
    assert source.title
    assert source.reference
    assert source.doi is None or re.fullmatch(r"10\.\d{4,9}/[A-Za-z0-9.()_/-]*[A-Za-z0-9]", source.doi)


def test_a_citation_that_was_not_checked_says_so() -> None:
    citation = cite(PARK_2017, Tag.UNVERIFIED, "Table 5")
    assert not citation.verified
    assert citation.label == "Park 2017, Table 5 (unverified)"


@pytest.mark.parametrize("tag", [Tag.SOURCE_READ, Tag.DESIGN])
def test_a_source_that_was_read_and_a_choice_of_ours_need_no_warning(tag: Tag) -> None:
    citation = cite(PROJECT_DESIGN, tag)
    assert citation.verified
    assert citation.label == "This project's choice"


def test_an_answer_carries_the_citation_with_its_tag() -> None:
    assert cite(PARK_2017, Tag.UNVERIFIED, "Table 4", "Minimal disease is at most 5 %.").as_dict() == {
        "source": "Park 2017",
        "reference": "International Neuroblastoma Response Criteria (INRC); "
        "J Clin Oncol 2017;35:2580-2587; PMC5676955",
        "doi": "10.1200/JCO.2016.72.0177",
        "where": "Table 4",
        "tag": "M",
        "verified": False,
    }
