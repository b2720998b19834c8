"""What a page about rules is made of, and what can be found out from it."""

from __future__ import annotations

from pathway.clinical.evidence import Source, Tag, cite
from pathway.engine.document import (
    Block,
    Heading,
    Items,
    Paragraph,
    Rests,
    Table,
    Words,
    anchored,
    cited,
    emphasis,
    joined,
    lines,
    numbered,
    references,
    resting,
    strong,
    table,
    what_rests,
)
from pathway.engine.markdown import as_markdown

PARK = Source("park", "Park 2017", "J Clin Oncol 2017", "10.1200/x")
LABEL = Source("label", "A label", "EMA")
READ = cite(PARK, Tag.SOURCE_READ, "response: marrow")
ALSO_READ = cite(PARK, Tag.SOURCE_READ, "response: bone")
BELIEVED = cite(LABEL, Tag.UNVERIFIED)


def test_places_of_one_source_with_one_tag_stand_on_one_line_and_what_is_unverified_says_so() -> None:
    told = as_markdown([table("source", rows=[(cited([READ, BELIEVED, ALSO_READ, READ]),)])])
    assert told.splitlines()[2] == (
        "| Park 2017 [S]: response: marrow; response: bone<br>A label [M] *unverified* |"
    )


def test_words_of_one_style_that_follow_one_another_are_marked_once() -> None:
    line = joined(", ", ("a", strong("b"), Words("c", because=READ), emphasis("d")))
    assert as_markdown([Paragraph(line)]) == "a, **b**, c, *d*\n"
    assert as_markdown([Paragraph((strong("a"), strong(" b")))]) == "**a b**\n"


def test_a_bar_in_a_cell_divides_no_cell() -> None:
    assert as_markdown([table("a", rows=[(lines("x|y", "z"),)])]).splitlines()[2] == "| x\\|y<br>z |"


def test_a_list_without_lines_leaves_its_room() -> None:
    assert as_markdown([Paragraph("a"), Items(()), Paragraph("b")]) == "a\n\n\nb\n"


def test_rows_without_an_anchor_get_that_of_the_heading_above_and_their_number() -> None:
    page: list[Block] = [
        Heading(2, "Validity and limits"),
        table("a", rows=[("x",), ("y",)]),
        anchored("a", rows=[("own", ("z",))]),
        table("a", rows=[("w",)]),
        Heading(3, "GD2: testing"),
        table("a", rows=[("v",)]),
    ]
    found = [row.anchor for block in numbered(page) if isinstance(block, Table) for row in block.rows]
    assert found == [
        "validity-and-limits-1",
        "validity-and-limits-2",
        "own",
        "validity-and-limits-4",
        "gd2-testing-1",
    ]


def test_what_rests_on_a_source_is_found_from_its_rows() -> None:
    page: list[Block] = [
        Heading(2, "Windows"),
        anchored("what", "source", rows=[("w", (strong("Assessment"), cited([READ, ALSO_READ])))]),
        Heading(2, "Rows"),
        anchored(
            "row",
            "when",
            rows=[("r", ("1", joined(" ", [resting("It is so.", BELIEVED)]))), ("s", ("2", ""))],
        ),
        Heading(2, "Sources"),
        references([READ, BELIEVED]),
    ]
    assert what_rests(page) == {
        "source-park": [Rests("Windows", "Assessment", "w")],
        "source-label": [Rests("Rows", "1", "r")],
    }


def test_each_source_stands_once_with_the_places_of_one_subject_together() -> None:
    told = as_markdown([references([READ, BELIEVED, ALSO_READ])])
    assert told.splitlines() == [
        "- **A label.** EMA.",
        "  - as a whole [M] *unverified*",
        "- **Park 2017.** J Clin Oncol 2017. doi:10.1200/x",
        "  - response: marrow; bone [S]",
    ]
