"""The published pathways, with every citation."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, json_answer, read
from api.openapi import operation
from pathway.use_cases import pathways
from pathway.use_cases.refusals import Refusal

router = APIRouter()

_PICTURE: Final = {
    "content-type": "image/svg+xml",
    # Opened by itself a picture runs in this origin: it may load and run nothing.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_WHOLE: Final = re.compile(r"[0-9]{1,4}")


@router.get("/v1/pathways", **operation("List the pathways", tag="pathways"))
async def list_the_pathways(request: Request) -> Response:
    """Each published version."""
    asking = await caller(request)
    Query(request)
    return json_answer(await read(request, lambda: pathways.list_pathways(installation(request), asking)))


@router.get(
    "/v1/pathways/{pathway_id}/{version}",
    **operation("Read a pathway", path=("pathway_id", "version"), refusals=("not_found",), tag="pathways"),
)
async def describe_a_pathway(request: Request) -> Response:
    """States, options, guards and what they rest on."""
    asking = await caller(request)
    Query(request)
    pathway_id, version = request.path_params["pathway_id"], _version(request)
    return json_answer(
        await read(
            request, lambda: pathways.describe_pathway(installation(request), asking, pathway_id, version)
        )
    )


@router.get(
    "/v1/pathways/{pathway_id}/{version}/diagram.svg",
    **operation(
        "The pathway as a picture",
        path=("pathway_id", "version"),
        refusals=("not_found",),
        media_types=("image/svg+xml",),
        tag="pathways",
    ),
)
async def draw_a_pathway(request: Request) -> Response:
    """Drawn from the definition."""
    asking = await caller(request)
    Query(request)
    pathway_id, version = request.path_params["pathway_id"], _version(request)
    picture = await read(
        request, lambda: pathways.draw_pathway(installation(request), asking, pathway_id, version)
    )
    return Response(picture, headers=_PICTURE)


def _version(request: Request) -> int:
    text = request.path_params["version"]
    if not _WHOLE.fullmatch(text):
        raise Refusal("not_found", "A pathway's version is a whole number.")
    return int(text)
