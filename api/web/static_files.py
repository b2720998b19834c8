"""Style and script of the pages: our own files, kept by browsers for ever under names that change with them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api.web.rendering import FOREVER, STATIC

router = APIRouter(include_in_schema=False)

FILES: Final = {
    path.name: (
        path.read_bytes(),
        {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}[path.suffix],
    )
    for path in sorted(STATIC.iterdir())
}


@router.get("/static/{name}", name="static")
async def file(request: Request) -> Response:
    """One of the files."""
    found = FILES.get(request.path_params["name"])
    if found is None:
        return Response(status_code=404)
    content, media_type = found
    return Response(content, media_type=media_type, headers={"cache-control": FOREVER})
