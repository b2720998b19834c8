"""Put a legal hold on a patient's data, under which nothing of it is erased, and release it again."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime

import orjson

from pathway.store.values import Hold, Proposal, Settled
from pathway.store.writer import View
from pathway.use_cases.erase_patient import Request, known_patient, read_request, submit
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal, refusing


def hold_patient(
    installation: Installation, caller: Caller, body: bytes, key: str | None, request_digest: str
) -> Future[Settled]:
    """Puts the hold on the patient at the caller's site. Raises `Refusal`."""
    asked = read_request(caller, Operation.HOLD_A_PATIENT, body)

    def decide(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _held(view, caller, asked, now))

    return submit(installation, caller, asked, decide, key, request_digest)


def release_patient(
    installation: Installation, caller: Caller, body: bytes, key: str | None, request_digest: str
) -> Future[Settled]:
    """Releases the hold on the patient at the caller's site. Raises `Refusal`."""
    asked = read_request(caller, Operation.RELEASE_A_PATIENT, body)

    def decide(view: View, _now: datetime) -> Proposal:
        return refusing(lambda: _released(view, caller, asked))

    return submit(installation, caller, asked, decide, key, request_digest)


def _held(view: View, caller: Caller, asked: Request, now: datetime) -> Proposal:
    known = known_patient(view, asked)
    if known.held_at is not None:
        since = known.held_at.date().isoformat()
        raise Refusal("patient_held", f"A legal hold stands already, since {since}.")
    episodes = view.episodes_of(known.pseudonym)
    document = {"episodes": episodes, "held_at": now.isoformat(timespec="seconds")}
    hold = Hold(caller.site_id, known.pseudonym, asked.reason, caller.subject, now)
    return Proposal("held", orjson.dumps(document), patient_change=hold, shown=episodes)


def _released(view: View, caller: Caller, asked: Request) -> Proposal:
    known = known_patient(view, asked)
    if known.held_at is None:
        raise Refusal("patient_not_held", "There is no legal hold on this patient's data.")
    episodes = view.episodes_of(known.pseudonym)
    document = {"episodes": episodes, "held_since": known.held_at.isoformat(timespec="seconds")}
    change = Hold(caller.site_id, known.pseudonym)
    return Proposal("released", orjson.dumps(document), patient_change=change, shown=episodes)
