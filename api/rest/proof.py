"""What lets anybody check an episode: its proof as a bundle, and a verification on the spot."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, json_answer, notary, read, verifications
from api.openapi import operation
from pathway.use_cases.prove_episode import prove_episode
from pathway.use_cases.verify import verify_episode

router = APIRouter()


@router.get(
    "/v1/episodes/{episode_id}/proof",
    **operation(
        "The proof of an episode, to be verified offline",
        path=("episode_id",),
        refusals=("unknown_episode",),
        tag="audit",
    ),
)
async def prove_an_episode(request: Request) -> Response:
    """The sealed entries, the records of who wrote them, their places in the site's log, and a signed checkpoint.

    `pathway verify BUNDLE --key KEY` verifies it with the public key alone, as does the single module
    `pathway/proof/verifier.py`.
    """
    asking = await caller(request)
    Query(request)
    episode_id = request.path_params["episode_id"]
    return json_answer(
        await read(request, lambda: prove_episode(installation(request), notary(request), asking, episode_id))
    )


@router.get(
    "/v1/episodes/{episode_id}/verify",
    **operation("Verify an episode", path=("episode_id",), refusals=("unknown_episode",), tag="audit"),
)
async def verify_an_episode(request: Request) -> Response:
    """Its chain, its places in the log, the last checkpoint, and every recommendation derived again.

    `holds` is true when nothing was found. Who does not trust the server verifies the proof instead.
    """
    asking = await caller(request)
    Query(request)
    episode_id = request.path_params["episode_id"]

    def verified() -> bytes:
        signing = notary(request)
        report = verify_episode(installation(request), signing, asking, episode_id)
        told = {"key": signing.verifier_key, "sentences": list(report.sentences()), **report.as_dict()}
        return orjson.dumps({"episode": episode_id, **told})

    return json_answer(await verifications(request).get(asking, verified))
