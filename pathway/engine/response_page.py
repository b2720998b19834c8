"""The response by INRC 2017 as a page: each row of each table and each open question with its source."""

from __future__ import annotations

from collections.abc import Iterator

from pathway.clinical.component_rules import POLICIES
from pathway.clinical.components import COMBINED, TABLES
from pathway.clinical.evidence import NCI_PDQ_2025, PARK_2017, PCDC_DICTIONARY, Tag, cite
from pathway.clinical.inrc import NOT_DECLARED, RULES
from pathway.engine.chapters import Remark
from pathway.engine.document import (
    Block,
    Heading,
    Paragraph,
    cited,
    cited_once,
    code,
    lines,
    numbered,
    strong,
    table,
)
from pathway.engine.markdown import as_markdown
from pathway.engine.page import provenance

READING = (
    "Each component has a table, read from the top: the first row that holds rates it. A row that can be neither "
    "confirmed nor excluded, because something was not measured, stops the reading if it would rate otherwise: the "
    "component is not evaluable, and what the row asks for is missing. Progression therefore needs nothing but what "
    "shows it, and nothing unknown counts as absent."
)
COMPARED = (
    "A value is compared with the baseline of its line of therapy and, for progression, with the smallest on study "
    "in that line. What a report does not repeat is looked up: in the earlier assessments of the line, and in the "
    "last evaluation at most 28 days before the line began. Scores of two systems are never compared."
)
GOES_IN = (
    Remark(
        "Curie score",
        "The nine segments of bone, 0 to 3 each; the tenth, of soft tissue, answers for uptake there.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "Curie score"),
    ),
    Remark(
        "SIOPEN score",
        "The twelve segments of bone, 0 to 6 each.",
        cite(PCDC_DICTIONARY, Tag.SOURCE_READ, "SIOPEN score"),
    ),
    Remark(
        "Relative score",
        "The bone score now by that at the baseline of this line, in one system throughout.",
        cite(PARK_2017, Tag.UNVERIFIED, "relative score"),
    ),
    Remark(
        "Smallest on study",
        "Growth is measured against the smallest value of the line, its baseline included.",
        cite(PARK_2017, Tag.UNVERIFIED, "smallest on study"),
    ),
    Remark(
        "Disease that takes up no MIBG",
        "FDG-PET stands in for MIBG.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "INRC: disease that takes up no MIBG"),
    ),
    Remark(
        "Marrow, free",
        "Two aspirates and two trephines, taken on both sides at one time point; one such set is enough.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "INRC, complete response: marrow"),
    ),
    Remark(
        "Marrow, infiltrated",
        "Where samples differ, the highest of its samples counts.",
        cite(PARK_2017, Tag.UNVERIFIED, "marrow: highest value"),
    ),
    Remark(
        "A report by the criteria of 1993",
        "Kept as what it is and never read as a category of 2017: its MR means a mixed response, and its progression "
        "begins at 25 %.",
        cite(PCDC_DICTIONARY, Tag.SOURCE_READ, "INRC of 1993"),
    ),
)
TITLES = {
    "primary": "Primary tumour",
    "soft_tissue": "Metastases of soft tissue",
    "bone": "Metastases of bone",
    "bone_marrow": "Bone marrow",
}


def response_written() -> str:
    """All tables of the response on one Markdown page."""
    return as_markdown(response_page())


def response_page() -> tuple[Block, ...]:
    """All tables of the response on one page."""
    return tuple(numbered(_page()))


def _page() -> Iterator[Block]:
    yield from (Heading(1, "The response by INRC 2017"), Paragraph(READING), Paragraph(COMPARED))
    yield from provenance()
    yield Heading(2, "What goes in")
    told = ((strong(each.about), each.says, cited([each.because])) for each in GOES_IN)
    yield table("what", "how", "source", rows=told)
    for name, rules in TABLES.items():
        yield Heading(2, TITLES[name])
        rows = (
            (
                strong(rule.id),
                rule.rating.value,
                rule.sentence,
                ", ".join(rule.flags),
                cited([rule.citation]),
            )
            for rule in rules
        )
        yield table("row", "rating", "rule", "flag", "source", rows=rows)
    yield Heading(2, "Soft tissue and bone together")
    yield Paragraph(
        "Progression of either is progression of the component; where one was not involved the other decides alone."
    )
    combined = ((strong(row.id), row.rating.value, row.sentence, cited([row.citation])) for row in COMBINED)
    yield table("row", "rating", "rule", "source", rows=combined)
    yield Heading(2, "The three components together")
    overall = (
        (strong(rule.id), rule.overall.value, _plain(rule.sentence), cited([rule.citation])) for rule in RULES
    )
    yield table("row", "response", "rule", "source", rows=overall)
    not_declared = (strong(NOT_DECLARED.rule), f" {NOT_DECLARED.sentence} ")
    yield Paragraph((*not_declared, *cited_once(NOT_DECLARED.citation)))
    yield Heading(2, "Open questions")
    yield Paragraph("Each is shown in the answer whenever its other reading would have rated otherwise.")
    policies = (
        (
            lines(strong(each.id), code(each.name)),
            each.question,
            each.reading,
            each.other,
            cited([each.citation]),
        )
        for each in POLICIES.values()
    )
    yield table("id", "question", "read as", "other reading", "source", rows=policies)


def _plain(sentence: str) -> str:
    """A sentence with its places for components written as words."""
    for name, words in {
        "CR_or_PR": "the components with CR or PR",
        "ceiling": "named as the ceiling",
    }.items():
        sentence = sentence.replace(f"{{{name}}}", words)
    for rating in ("CR", "PR", "MD", "SD", "PD", "NE"):
        sentence = sentence.replace(f"{{{rating}}}", f"the components with {rating}")
    return sentence
