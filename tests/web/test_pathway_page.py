"""The pathway as a page: what stands in the definition, each line with its source, and every way of linking to it."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import pytest

from pathway.catalogue import CATALOGUE
from pathway.clinical.evidence import Tag
from pathway.engine.document import Heading, References, Table, lines_of, what_rests
from pathway.engine.page import page_of
from pathway.engine.response_page import response_page
from pathway.engine.toxicity_page import toxicity_page
from pathway.use_cases.permissions import Role
from tests.api.conftest import PATHWAY, Service
from tests.web.conftest import Browser
from tests.web.test_episode_page import planned, questions, text_of
from tests.web.test_history_page import SignIn

__all__ = ["questions"]
ADDRESS = f"/pathway/{PATHWAY}/1"
VERSION = next(each for each in CATALOGUE if (each.id, each.version) == (PATHWAY, 1))


@pytest.fixture
def page(sign_in: SignIn) -> str:
    return sign_in("pathway_owner").open(ADDRESS)


def row(page: str, anchor: str) -> str:
    """What a reader sees of one row."""
    return text_of(page.split(f'<tr id="{anchor}">')[1].split("</tr>", maxsplit=1)[0])


def test_everything_the_markdown_page_says_stands_there_too(page: str) -> None:
    shown = text_of(page)
    for block in page_of(VERSION):
        if isinstance(block, Heading):
            assert block.text in shown
        if isinstance(block, Table):
            for each in block.rows:
                told = row(page, each.anchor)
                for cell in each.cells:
                    for line in lines_of(cell):
                        for piece in line:
                            words = piece if isinstance(piece, str) else piece.text
                            assert " ".join(words.split()) in told


def test_each_sentence_of_a_row_says_its_source_and_tag(page: str) -> None:
    guards = 0
    for state in VERSION.states:
        for each in state.table:
            told = row(page, f"row-{state.name}-{each.number}")
            for guard in each.when:
                guards += 1
                mark = f"[{guard.because.tag}]" + ("" if guard.because.verified else " unverified")
                assert re.search(
                    rf"{re.escape(guard.sentence)} \( ?{re.escape(guard.because.source.title)} {re.escape(mark)} ?\)",
                    told,
                ), (guard.sentence, told)
    assert guards > 100


def test_each_source_stands_there_once_with_its_doi_and_what_rests_on_it(page: str) -> None:
    sources = {citation.source for citation in VERSION.citations}
    (references,) = (block for block in page_of(VERSION) if isinstance(block, References))
    assert {each.source for each in references.each} == sources
    for source in sources:
        at = f'<li id="source-{source.key}">'
        assert page.count(at) == 1
        part = page.split(at)[1].split('<li id="source-', maxsplit=1)[0]
        assert text_of(part).startswith(f"{source.title}. {source.reference}")
        if source.doi:
            assert f'href="https://doi.org/{source.doi}"' in unescape(part)
    resting = what_rests(page_of(VERSION))
    review = page.split('<li id="source-review">')[1].split('<li id="source-', maxsplit=1)[0]
    assert f"What rests on it: {len(resting['source-review'])} lines" in review
    assert all(f'href="#{each.anchor}"' in review for each in resting["source-review"])


def test_what_rests_on_a_source_are_the_rows_that_cite_it() -> None:
    resting = what_rests(page_of(VERSION))
    for option in VERSION.options:
        for guard in option.needs:
            anchors = {each.anchor for each in resting[f"source-{guard.because.source.key}"]}
            assert f"option-{option.name}" in anchors


def test_what_is_unverified_is_marked_wherever_it_stands(page: str) -> None:
    because = {f"prompt-{each.name}": each.because for each in VERSION.prompts}
    because |= {f"caution-{each.name}": each.because for each in VERSION.cautions}
    because |= {f"windows-{n}": each.because for n, each in enumerate(VERSION.windows, 1)}
    because |= {f"validity-and-limits-{n}": each.because for n, each in enumerate(VERSION.thresholds, 1)}
    marked = {anchor for anchor in because if "unverified" in row(page, anchor)}
    assert marked == {anchor for anchor, each in because.items() if each.tag is Tag.UNVERIFIED}
    assert 0 < len(marked) < len(because)


@pytest.mark.parametrize("path", [ADDRESS, "/pathway/response", "/pathway/toxicity"])
def test_every_link_on_the_page_leads_somewhere_and_every_anchor_is_there_once(
    sign_in: SignIn, path: str
) -> None:
    page = sign_in("auditor").open(path)
    anchors = Counter(re.findall(r' id="([^"]*)"', page))
    assert [each for each, times in anchors.items() if times > 1] == []
    assert {unescape(each) for each in re.findall(r'href="#([^"]*)"', page)} <= set(anchors)


def test_the_picture_stands_in_the_page_without_a_style_of_its_own(page: str) -> None:
    drawing = page[page.index("<svg") : page.index("</svg>")]
    assert 'class="map"' in drawing
    assert "<style" not in drawing
    assert "style=" not in page
    for state in VERSION.states:
        assert state.label in unescape(drawing)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_who_is_signed_in_may_read_it_and_is_led_there(sign_in: SignIn, role: Role) -> None:
    browser = sign_in(role.value)
    page = browser.open("/pathway")
    assert VERSION.title in page
    assert 'href="/pathway"' in page
    assert "Bone marrow" in browser.open("/pathway/response")
    assert "After CAR-T cells" in browser.open("/pathway/toxicity")


@pytest.mark.parametrize("path", ["nothing", "nothing/1", f"{PATHWAY}/2", f"{PATHWAY}/one", f"{PATHWAY}/%00"])
def test_what_was_not_published_is_not_there(sign_in: SignIn, path: str) -> None:
    sign_in("clinician").open(f"/pathway/{path}", status=404)


def test_reading_the_definition_asks_the_database_nothing_and_leaves_a_record(
    pages: Service, sign_in: SignIn, questions: list[None]
) -> None:
    sign_in("pathway_owner", subject="owner-silva").open(ADDRESS)
    assert questions == []
    (record,) = pages.get("/v1/audit?subject=owner-silva", role="auditor").json()["records"][:1]
    assert record["operation"] == "describe_a_pathway"


def test_an_episode_leads_to_its_record_and_to_the_rows_that_speak(
    pages: Service, sign_in: SignIn, page: str
) -> None:
    episode = planned(pages)
    browser: Browser = sign_in("auditor")
    shown = browser.open(episode)
    for path in ("history", "verification"):
        assert f'href="{episode}/{path}"' in shown
    both = shown + browser.open(f"{episode}/history")
    links = re.findall(rf'href="{ADDRESS}#([^"]*)"', both)
    assert any(each.startswith("row-") for each in links)
    assert any(each.startswith("finding-") for each in links)
    assert all(f'id="{each}"' in page for each in links)


def test_the_rules_of_the_response_and_of_toxicity_are_pages_of_the_same_kind(sign_in: SignIn) -> None:
    browser = sign_in("clinician")
    for name, blocks in (("response", response_page()), ("toxicity", toxicity_page())):
        shown = browser.open(f"/pathway/{name}")
        rows = [each for block in blocks if isinstance(block, Table) for each in block.rows]
        assert len(rows) > 20
        assert all(f'<tr id="{each.anchor}">' in shown for each in rows)
