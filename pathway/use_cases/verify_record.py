"""How far the record of a site is signed, and, where it is short enough, whether all of it holds."""

from __future__ import annotations

from typing import Any

import orjson

from pathway.store.whole_site import WholeSite
from pathway.use_cases.checkpoints import Notary, NotSigned, signed_at
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.verify import Report, verify_episode, verify_site


def verify_record(
    installation: Installation, notary: Notary, caller: Caller, most: int | None = None
) -> bytes:
    """The last checkpoint of the caller's site, and how much was recorded there, as JSON.

    With `most` the whole site is verified as well, if it has no more entries and audit records than that; `report`
    is null where it was not. Raises `Refusal`.
    """
    caller.require(Operation.READ_THE_AUDIT_RECORDS)
    entries, records = WholeSite(installation.engines, caller.site_id).counts()
    within = most is not None and entries + records <= most
    report = verify_site(installation, notary, caller.site_id) if within else None
    return orjson.dumps(
        {
            "site": caller.site_id,
            "entries": entries,
            "records": records,
            "report": _shown(report) if report else None,
            **_signed(notary, caller.site_id),
        }
    )


def verify_one(installation: Installation, notary: Notary, caller: Caller, episode_id: str) -> bytes:
    """Whether one of the caller's episodes holds, and the last checkpoint of the site, as JSON. Raises `Refusal`."""
    report = verify_episode(installation, notary, caller, episode_id)
    return orjson.dumps({"episode": episode_id, "report": _shown(report), **_signed(notary, caller.site_id)})


def _shown(report: Report) -> dict[str, Any]:
    return {"sentences": list(report.sentences()), **report.as_dict()}


def _signed(notary: Notary, site_id: str) -> dict[str, Any]:
    """The last checkpoint, or why it cannot be believed; how far the log has come; and the key."""
    fault, kept = None, None
    try:
        kept = notary.latest(site_id)
    except NotSigned as reason:
        fault = str(reason)
    head = notary.log.head(site_id)
    checkpoint = kept and {
        "size": kept.checkpoint.size,
        "root": kept.checkpoint.root,
        "signed_at": signed_at(kept).isoformat(timespec="seconds"),
        "note": kept.note,
    }
    log = {"size": head.size, "root": head.root}
    return {"key": notary.verifier_key, "checkpoint": checkpoint, "fault": fault, "log": log}
