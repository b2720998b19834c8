"""Whether the record holds, in words; and how to find that out without this service."""

from __future__ import annotations

from typing import Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, notary, note_shown, read, verifications
from api.web.rendering import HEADERS, Page, page
from api.web.sessions import signed_in
from pathway.use_cases.prove_episode import prove_episode
from pathway.use_cases.verify_record import verify_one, verify_record

router = APIRouter(route_class=Page, include_in_schema=False)

AT_ONCE: Final = 2_000
"""Up to how many entries and audit records a whole site is verified while somebody waits for the page."""

SHOWN_FINDINGS: Final = 50


@router.get("/verification", name="verify_the_record")
async def show_site(request: Request) -> Response:
    """What the last checkpoint says; with `all=true` the whole site is verified, if it is not too long for that."""
    session, asking = signed_in(request)
    most = AT_ONCE if Query(request, "all").flag("all") else None
    service, signing = installation(request), notary(request)

    def looked_at() -> bytes:
        return verify_record(service, signing, asking, most)

    found = await (
        read(request, looked_at) if most is None else verifications(request).get(asking, looked_at)
    )
    told = orjson.loads(found)
    findings = told["report"]["findings"][:SHOWN_FINDINGS] if told["report"] else []
    note_shown(request, dict.fromkeys(each["episode"] for each in findings if each["episode"]))
    return page(
        request,
        "verification.html",
        session,
        told=told,
        findings=findings,
        at_once=AT_ONCE,
        zone=service.settings.time_zone(session.site_id),
        episode_id=None,
    )


@router.get("/episodes/{episode_id}/verification", name="verify_an_episode")
async def show_episode(request: Request) -> Response:
    """One episode, verified now."""
    session, asking = signed_in(request)
    Query(request)
    service, signing = installation(request), notary(request)
    episode_id = request.path_params["episode_id"]
    told = orjson.loads(
        await verifications(request).get(asking, lambda: verify_one(service, signing, asking, episode_id))
    )
    return page(
        request,
        "verification.html",
        session,
        told=told,
        findings=told["report"]["findings"][:SHOWN_FINDINGS],
        at_once=AT_ONCE,
        zone=service.settings.time_zone(session.site_id),
        episode_id=episode_id,
    )


@router.get("/episodes/{episode_id}/bundle.json", name="prove_an_episode")
async def download_bundle(request: Request) -> Response:
    """The proof of the episode as a file, which is verified offline."""
    _, asking = signed_in(request)
    Query(request)
    service, signing = installation(request), notary(request)
    episode_id = request.path_params["episode_id"]
    bundle = await read(request, lambda: prove_episode(service, signing, asking, episode_id))
    name = f'attachment; filename="bundle-{episode_id}.json"'
    headers = {**HEADERS, "content-disposition": name}
    return Response(bundle, headers=headers, media_type="application/json")
