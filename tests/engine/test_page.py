"""The page of a pathway: every line of the definition, each with its source."""

from __future__ import annotations

import re

from pathway.clinical.evidence import SOURCES, Tag
from pathway.engine.page import written
from tests.engine.small import small
from tests.story import PATHWAY

PAGE = written(PATHWAY)


def test_every_state_row_option_window_finding_and_edge_stands_on_the_page() -> None:
    for state in PATHWAY.states:
        assert f"### {state.label}\n\n`{state.name}`" in PAGE
        for row in state.table:
            assert row.sentence in PAGE
            assert all(note in PAGE for note in row.notes)
    for option in PATHWAY.options:
        assert f"**{option.label}**" in PAGE
    for window in PATHWAY.windows:
        assert (
            f"| {window.what} | {window.anchor} | {window.earliest} | {window.target} | {window.latest} |"
            in PAGE
        )
    for threshold in PATHWAY.thresholds:
        assert f"| {threshold.sentence} | {threshold.value} |" in PAGE
    for finding in PATHWAY.findings:
        assert f"{finding.label} (`{finding.name}`)" in PAGE
        assert finding.request in PAGE
    for edge in PATHWAY.transitions:
        assert f"`{edge.trigger}`" in PAGE


def test_every_sentence_of_a_guard_stands_on_the_page() -> None:
    assert all(guard.sentence in PAGE for guard in PATHWAY.guards)


def test_every_citation_stands_on_the_page_with_its_tag() -> None:
    for citation in PATHWAY.citations:
        place = f"{citation.source.title}, {citation.where}" if citation.where else citation.source.title
        assert f"{place} [{citation.tag}]" in PAGE


def test_what_is_unverified_says_so_wherever_it_stands() -> None:
    tables = PAGE[: PAGE.index("## Sources")]
    unverified = [citation for citation in PATHWAY.citations if citation.tag is Tag.UNVERIFIED]
    assert unverified
    for citation in unverified:
        place = re.escape(f"{citation.source.title}, {citation.where} [M]")
        assert re.findall(place, tables)
        assert len(re.findall(place, tables)) == len(re.findall(rf"{place} \*unverified\*", tables))


def test_every_source_cited_is_listed_once_and_none_besides() -> None:
    listed = PAGE[PAGE.index("## Sources") :]
    cited = {citation.source.key for citation in PATHWAY.citations}
    for source in SOURCES.values():
        assert listed.count(f"**{source.title}.**") == (source.key in cited)


def test_links_to_states_lead_to_their_headings() -> None:
    links = set(re.findall(r"\]\(#([a-z0-9-]+)\)", PAGE))
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.casefold()).replace(" ", "-")
        for heading in re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    }
    assert links == headings


def test_every_table_is_as_wide_as_its_head() -> None:
    width = 0
    for line in PAGE.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            width = 0
        elif width:
            assert cells == width
        else:
            width = cells


def test_a_bar_in_a_sentence_breaks_no_table() -> None:
    page = written(small(options=small().options))
    assert "| **walk <up>**<br>`walk`<br>*treatment* |" in page
    assert "From home to the hill | and back." in page


def test_rows_say_where_nothing_is_due_or_the_tumour_board_chooses() -> None:
    page = written(small())
    assert "*nothing is due*" in page
    assert "*the tumour board chooses*" in page
    assert "stay (with tea; with a reason)" in page
    assert "stay (free of what it needs elsewhere)" in page
