"""The page of a pathway: every line of the definition, each with its source."""

from __future__ import annotations

import re

import pytest

from pathway.clinical.evidence import SOURCES, Tag
from pathway.engine.chapters import sources_of
from pathway.engine.page import written
from tests.engine.small import small
from tests.story import PATHWAY

PAGE = written(PATHWAY)
TABLES = PAGE[: PAGE.index("## Sources")]


@pytest.mark.shows("R-072")
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


def test_every_caution_stands_on_the_page_and_what_is_enforced_says_so() -> None:
    for caution in PATHWAY.cautions:
        assert f"| {caution.sentence}<br>`{caution.name}` | {caution.when} |" in PAGE
    assert "chemotherapy only; enforced: a decision that gives an anti-GD2 antibody is refused" in PAGE


@pytest.mark.shows("R-072")
def test_every_sentence_of_a_guard_stands_on_the_page() -> None:
    assert all(guard.sentence in PAGE for guard in PATHWAY.guards)


def _cell(title: str, tag: Tag) -> str:
    return f"{title} [{tag}]{' *unverified*' if tag is Tag.UNVERIFIED else ''}"


@pytest.mark.shows("R-024")
def test_every_citation_stands_on_the_page_with_its_tag() -> None:
    lines = [line for row in TABLES.splitlines() for cell in row.split(" | ") for line in cell.split("<br>")]
    for citation in PATHWAY.citations:
        start = _cell(citation.source.title, citation.tag)
        assert any(line.lstrip("| ").startswith(start) and citation.where in line for line in lines), (
            citation.label
        )


@pytest.mark.shows("R-024")
def test_what_is_unverified_says_so_wherever_it_stands() -> None:
    unverified = {each.source.title for each in PATHWAY.citations if each.tag is Tag.UNVERIFIED}
    assert unverified
    assert PAGE.count("[M]") == PAGE.count("[M] *unverified*") + PAGE.count("**[M]**")
    for title in unverified:
        assert f"{title} [M] *unverified*" in TABLES


def test_every_source_cited_is_listed_once_and_none_besides() -> None:
    listed = PAGE[PAGE.index("## Sources") :]
    cited = {citation.source.key for citation in PATHWAY.citations}
    for source in SOURCES.values():
        assert listed.count(f"**{source.title}.**") == (source.key in cited)


def test_links_lead_to_headings_and_every_state_and_section_has_one() -> None:
    links = re.findall(r"\]\(#([a-z0-9-]+)\)", PAGE)
    headings = [
        re.sub(r"[^a-z0-9 -]", "", heading.casefold()).replace(" ", "-")
        for heading in re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    ]
    assert len(set(headings)) == len(headings)
    assert set(links) <= set(headings)
    assert len(links) == len(PATHWAY.states) + len(re.findall(r"^## ", PAGE, re.MULTILINE))


def test_every_prompt_stands_on_the_page_with_when_and_where_it_is_told() -> None:
    prompts = PAGE.split("\n## Prompts\n")[1].split("\n## ")[0].splitlines()
    for prompt in PATHWAY.prompts:
        (line,) = (each for each in prompts if f"<br>`{prompt.name}` |" in each)
        assert f"{prompt.sentence}<br>" in line
        assert f"| {prompt.when} |" in line
        assert ("**Urgent.**" in line) is prompt.urgent
        where = [PATHWAY.state(name).label.split(": ") for name in prompt.states] or [["everywhere"]]
        assert all(part in line for label in where for part in label)
        assert _cell(prompt.because.source.title, prompt.because.tag) in line


def test_every_criterion_stands_on_the_page_with_the_days_it_counts() -> None:
    for checklist in PATHWAY.checklists:
        assert f"### {checklist.label}\n\n`{checklist.name}`, shown at: " in PAGE
        for each in checklist.criteria:
            days = "" if each.days is None else str(each.days)
            start = _cell(each.because.source.title, each.because.tag)
            assert f"| **{each.name}** | {each.sentence} | {days} | {start}" in PAGE


def test_every_regimen_stands_on_the_page_with_its_rhythm_and_its_limit() -> None:
    for each in PATHWAY.regimens:
        (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| **{each.name}**<br>`{each.id}`"))
        assert all(agent.replace("_", "-").split("-")[0] in line.casefold() for agent in each.agents)
        assert each.citation.statement in line
        assert each.duration is None or each.duration.statement in line
        if each.next_cycle is None:
            assert "| not in cycles |" in line
        else:
            days = (each.next_cycle.earliest, each.next_cycle.target, each.next_cycle.latest)
            assert f"| {' / '.join(map(str, days))} |" in line
        assert f"| {each.count.cycles if each.count else ''} |" in line
        assert all(_cell(cited.source.title, cited.tag) in line for cited in sources_of(each))


def test_every_duty_stands_on_the_page_with_its_window() -> None:
    for duty in PATHWAY.duties:
        window = duty.window
        days = f"| {window.earliest} | {window.target} | {window.latest} |"
        assert f"| **{duty.label}**<br>`{duty.kind}` | {window.what} | {window.anchor} {days}" in PAGE


def test_every_remark_of_a_chapter_stands_on_the_page_with_its_source() -> None:
    for chapter in PATHWAY.chapters:
        assert f"## {chapter.heading}\n\n{chapter.introduction}\n" in PAGE
        for each in chapter.remarks:
            start = _cell(each.because.source.title, each.because.tag)
            assert f"| **{each.about}** | {each.says} | {start}" in PAGE


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


def test_a_state_says_where_treatment_does_not_go_on() -> None:
    told = [
        PAGE.split(f"### {state.label}\n")[1].split("\n### ")[0].count("Treatment does not go on here")
        for state in PATHWAY.states
    ]
    assert told == [state.suspends for state in PATHWAY.states]


def test_a_row_says_where_the_field_is_undecided() -> None:
    undecided = sum(row.undecided for state in PATHWAY.states for row in state.table)
    assert undecided
    assert PAGE.count("*the tumour board chooses*<br>the field is undecided |") == undecided


def test_rows_say_where_nothing_is_due_or_the_tumour_board_chooses() -> None:
    page = written(small())
    assert "*nothing is due*" in page
    assert "*the tumour board chooses*" in page
    assert "stay (with tea; with a reason)" in page
    assert "stay (free of what it needs elsewhere)" in page
