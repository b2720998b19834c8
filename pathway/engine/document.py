"""What a page about rules consists of: headings, paragraphs, lists, tables and sources. How it looks others say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, TypeAlias

from pathway.clinical.evidence import Citation, Source, Tag


class Style(StrEnum):
    """How words stand out."""

    PLAIN = "plain"
    STRONG = "strong"
    EMPHASIS = "emphasis"
    CODE = "code"
    LINK = "link"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Words:
    """Words in one style. `to` is an anchor of the same page; `because` is what the words rest on."""

    text: str
    style: Style = Style.PLAIN
    to: str = ""
    because: Citation | None = None


Line: TypeAlias = str | Words | tuple[str | Words, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Several lines in one cell."""

    each: tuple[Line, ...]


Cell: TypeAlias = Line | Lines


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the first, second or third level; by its anchor it can be linked to."""

    kind: ClassVar = "heading"
    level: int
    text: str

    @property
    def anchor(self) -> str:
        """The name by which the heading can be linked to."""
        kept = "".join(letter for letter in self.text.casefold() if letter.isalnum() or letter in " -")
        return kept.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text."""

    kind: ClassVar = "paragraph"
    line: Line


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, by the name of its file, and what it shows."""

    kind: ClassVar = "picture"
    told: str
    name: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    kind: ClassVar = "items"
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; with an anchor it can be linked to."""

    cells: tuple[Cell, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading for each column."""

    kind: ClassVar = "table"
    header: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A source, and each place in it that is cited."""

    source: Source
    places: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class References:
    """The sources of a page."""

    kind: ClassVar = "references"
    each: tuple[Reference, ...]


Block: TypeAlias = Heading | Paragraph | Picture | Items | Table | References


def strong(text: str, to: str = "") -> Words:
    """Words that stand out."""
    return Words(text, Style.STRONG, to)


def emphasis(text: str) -> Words:
    """Words in another voice."""
    return Words(text, Style.EMPHASIS)


def code(text: str, to: str = "") -> Words:
    """A name that programs use."""
    return Words(text, Style.CODE, to)


def resting(text: str, because: Citation) -> Words:
    """A statement with what it rests on."""
    return Words(text, because=because)


def lines(*each: Line) -> Lines:
    """Several lines in one cell."""
    return Lines(each)


def joined(between: str, words: Iterable[str | Words]) -> tuple[str | Words, ...]:
    """One line of all these, with something between each two."""
    line: list[str | Words] = []
    for each in words:
        line += [between, each] if line else [each]
    return tuple(line)


def table(*header: str, rows: Iterable[Sequence[Cell]]) -> Table:
    """A table whose rows cannot be linked to."""
    return Table(header, tuple(Row(tuple(row)) for row in rows))


def anchored(*header: str, rows: Iterable[tuple[str, Sequence[Cell]]]) -> Table:
    """A table of rows, each with its anchor."""
    return Table(header, tuple(Row(tuple(cells), anchor) for anchor, cells in rows))


def cited(citations: Iterable[Citation]) -> Lines:
    """The places cited, each once, those of one source on one line with their tag."""
    places: dict[tuple[Source, Tag], dict[str, None]] = {}
    for each in citations:
        places.setdefault((each.source, each.tag), {})[each.where] = None
    return Lines(tuple(_cited(*each) for each in places.items()))


def cited_once(citation: Citation) -> tuple[str | Words, ...]:
    """One place cited, in a line with other words."""
    return _cited((citation.source, citation.tag), [citation.where])


def _cited(of: tuple[Source, Tag], places: Iterable[str]) -> tuple[str | Words, ...]:
    source, tag = of
    told = "; ".join(filter(None, places))
    return (Words(source.title, to=anchor_of(source)), *tagged(tag), f": {told}" if told else "")


def tagged(tag: Tag) -> tuple[str | Words, ...]:
    """How a statement is supported, as it stands behind it."""
    mark = f" [{tag}]"
    return (f"{mark} ", Words("unverified", Style.UNVERIFIED)) if tag is Tag.UNVERIFIED else (mark,)


def references(citations: Iterable[Citation]) -> References:
    """Each source by its title, with the places cited, those of one subject together."""
    places: dict[Source, dict[tuple[str, Tag], dict[str, None]]] = {}
    for citation in citations:
        subject, _, place = citation.where.partition(": ")
        of_source = places.setdefault(citation.source, {})
        of_source.setdefault((subject, citation.tag), {})[place] = None
    found = []
    for source in sorted(places, key=lambda each: each.title.casefold()):
        cited_at = tuple(_place(*each) for each in sorted(places[source].items()))
        found.append(Reference(source, cited_at))
    return References(tuple(found))


def _place(of: tuple[str, Tag], places: Iterable[str]) -> Line:
    subject, tag = of
    told = "; ".join(filter(None, places))
    return (f"{subject or 'as a whole'}{f': {told}' if told else ''}", *tagged(tag))


def anchor_of(source: Source) -> str:
    """Where a page has the source."""
    return f"source-{source.key}"


def lines_of(cell: Cell) -> list[tuple[str | Words, ...]]:
    """The lines of a cell, each in its pieces."""
    each = cell.each if isinstance(cell, Lines) else (cell,)
    return [line if isinstance(line, tuple) else (line,) for line in each]


def numbered(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks, with anchors for rows that have none: that of the heading above, and the number of the row."""
    above = ""
    rows = 0
    for block in blocks:
        if isinstance(block, Heading):
            above, rows = block.anchor, 0
        if isinstance(block, Table):
            yield replace(
                block,
                rows=tuple(
                    row if row.anchor else replace(row, anchor=f"{above}-{rows + number}")
                    for number, row in enumerate(block.rows, 1)
                ),
            )
            rows += len(block.rows)
        else:
            yield block


def text_of(cell: Cell) -> str:
    """The words of a cell's first line."""
    return "".join(each if isinstance(each, str) else each.text for each in lines_of(cell)[0])


@dataclass(frozen=True, slots=True)
class Rests:
    """A row that rests on a source: the heading above it, what the row is, and its anchor."""

    under: str
    row: str
    anchor: str


def what_rests(blocks: Iterable[Block]) -> dict[str, list[Rests]]:
    """By the anchor of each source, the rows of all tables that rest on it."""
    found: dict[str, list[Rests]] = {}
    under = ""
    for block in blocks:
        if isinstance(block, Heading):
            under = block.text
        for row in block.rows if isinstance(block, Table) else ():
            for source in dict.fromkeys(_sources(row)):
                found.setdefault(source, []).append(Rests(under, text_of(row.cells[0]), row.anchor))
    return found


def _sources(row: Row) -> Iterator[str]:
    for cell in row.cells:
        for line in lines_of(cell):
            for each in line:
                if isinstance(each, Words) and each.to.startswith("source-"):
                    yield each.to
                if isinstance(each, Words) and each.because is not None:
                    yield anchor_of(each.because.source)
