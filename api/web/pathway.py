"""The published pathways: every state, row and sentence with its source, and every source with what rests on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, read
from api.web.rendering import Page, page, see
from api.web.sessions import Session, signed_in
from pathway.engine.document import Block, Heading, References, Table, anchor_of, lines_of, what_rests
from pathway.use_cases.pathways import RULES, list_pathways, write_pathway, write_rules
from pathway.use_cases.refusals import Refusal

router = APIRouter(route_class=Page, include_in_schema=False)

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


def _page(request: Request, session: Session, blocks: Sequence[Block], drawing: str) -> Response:
    title, *rest = blocks
    return page(
        request,
        "pathway.html",
        session,
        status=HTTPStatus.OK,
        title=title,
        blocks=rest,
        anchors=set(_anchors(blocks)),
        resting=what_rests(blocks),
        drawing=drawing,
        rules=list(RULES),
        lines_of=lines_of,
        anchor_of=anchor_of,
    )


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
