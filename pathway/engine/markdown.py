"""A page about rules as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import assert_never

from pathway.engine.document import (
    Block,
    Cell,
    Heading,
    Items,
    Line,
    Paragraph,
    Picture,
    Reference,
    References,
    Style,
    Table,
    Words,
    lines_of,
)


def as_markdown(blocks: Iterable[Block]) -> str:
    """The page as text that ends with the end of a line."""
    written: list[str] = []
    for block in blocks:
        written += ["", *_block(block)] if written else _block(block)
    return "\n".join(written) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {block.text}"
        case Paragraph():
            yield _line(block.line)
        case Picture():
            yield f"![{block.told}]({block.name})"
        case Items():
            yield from (f"- {_line(line)}" for line in block.lines)
        case Table():
            yield _row(block.header)
            yield f"|{'---|' * len(block.header)}"
            yield from (_row(map(_cell, row.cells)) for row in block.rows)
        case References():
            for each in block.each:
                yield from _reference(each)
        case _:
            assert_never(block)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return "<br>".join(_line(line) for line in lines_of(cell)).replace("|", "\\|")


def _line(line: Line) -> str:
    (pieces,) = lines_of(line)
    words = (Words(each) if isinstance(each, str) else each for each in pieces)
    return "".join(_styled(style, list(found)) for style, found in groupby(words, lambda each: each.style))


def _styled(style: Style, words: list[Words]) -> str:
    text = "".join(each.text for each in words)
    match style:
        case Style.PLAIN:
            return text
        case Style.STRONG:
            return f"**{text}**"
        case Style.EMPHASIS | Style.UNVERIFIED:
            return f"*{text}*"
        case Style.CODE:
            return f"`{text}`"
        case Style.LINK:
            return f"[{text}](#{words[0].to})"
        case _:
            assert_never(style)


def _reference(reference: Reference) -> Iterator[str]:
    source = reference.source
    doi = f" doi:{source.doi}" if source.doi else ""
    yield f"- **{source.title}.** {source.reference}.{doi}"
    yield from (f"  - {_line(line)}" for line in reference.places)
