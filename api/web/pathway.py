"""The published pathways: every state, row and sentence with its source, and every source with what rests on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from http import HTTPStatus
from itertools import pairwise
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from api.dependencies import Query, installation, read
from api.web.rendering import Page, fragment, page, see
from api.web.sessions import Session, signed_in
from pathway.engine.document import Block, Heading, References, Table, anchor_of, lines_of, what_rests
from pathway.use_cases.pathways import RULES, list_pathways, write_pathway, write_rules
from pathway.use_cases.refusals import Refusal

router = APIRouter(route_class=Page, include_in_schema=False)

CHAPTER: Final = 2
"""The level of the headings that begin a chapter."""
_WHOLE: Final = re.compile(r"[0-9]{1,4}")


@router.get("/pathway", name="list_the_pathways")
async def show_list(request: Request) -> Response:
    """Each published version; where there is one alone, that one."""
    session, asking = signed_in(request)
    Query(request)
    service = installation(request)
    listed = orjson.loads(await read(request, lambda: list_pathways(service, asking)))["pathways"]
    if len(listed) == 1:
        return see(f"/pathway/{listed[0]['id']}/{listed[0]['version']}")
    return page(request, "pathways.html", session, pathways=listed)


@router.get("/pathway/{name}", name="describe_a_pathway")
async def show_rules(request: Request) -> Response:
    """The rules about the response, or about toxicity."""
    session, asking = signed_in(request)
    Query(request)

    def made() -> Response:
        return _page(request, session, write_rules(asking, request.path_params["name"]), "")

    return await read(request, made)


@router.get("/pathway/{pathway_id}/{version}", name="describe_a_pathway")
async def show(request: Request) -> Response:
    """One version, whole."""
    session, asking = signed_in(request)
    Query(request)
    pathway_id, version = (request.path_params[name] for name in ("pathway_id", "version"))
    if not _WHOLE.fullmatch(version):
        raise Refusal("not_found", "A pathway's version is a whole number.")
    service = installation(request)

    def made() -> Response:
        blocks, drawing = write_pathway(service, asking, pathway_id, int(version))
        return _page(request, session, blocks, drawing)

    return await read(request, made)


def _page(request: Request, session: Session, blocks: tuple[Block, ...], drawing: str) -> Response:
    return page(
        request,
        "pathway.html",
        session,
        status=HTTPStatus.OK,
        title=blocks[0],
        told=_told(blocks, drawing),
        drawing=drawing,
        rules=list(RULES),
    )


@lru_cache(maxsize=16)
def _told(blocks: tuple[Block, ...], drawing: str) -> Markup:
    """The blocks as they stand on a page. A definition is the same for everybody, and long: it is written once."""
    opening, chapters = _chapters(blocks[1:], CHAPTER)
    return fragment(
        "rules.html",
        opening=opening,
        chapters=[(heading, *_chapters(each, CHAPTER + 1)) for heading, each in chapters],
        anchors=set(_anchors(blocks)),
        resting=what_rests(blocks),
        drawing=drawing,
        lines_of=lines_of,
        anchor_of=anchor_of,
    )


def _chapters(
    blocks: Sequence[Block], level: int
) -> tuple[Sequence[Block], list[tuple[Heading, Sequence[Block]]]]:
    """What stands before the first heading of this level, and each such heading with what stands under it."""
    begins = [place for place, each in enumerate(blocks) if isinstance(each, Heading) and each.level == level]
    chapters = []
    for begin, end in pairwise([*begins, len(blocks)]):
        heading = blocks[begin]
        assert isinstance(heading, Heading)  # noqa: S101  (they were chosen by it)
        chapters.append((heading, blocks[begin + 1 : end]))
    return blocks[: begins[0]] if begins else blocks, chapters


def _anchors(blocks: Sequence[Block]) -> Iterator[str]:
    """Everything on the page that can be linked to."""
    for block in blocks:
        match block:
            case Heading():
                yield block.anchor
            case Table():
                yield from (row.anchor for row in block.rows)
            case References():
                yield from (anchor_of(each.source) for each in block.each)
            case _:
                pass
