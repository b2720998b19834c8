"""Erase who a patient was: key, seal and index are destroyed, the course stays as that of somebody unknown."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict

from pathway.episodes.events import PatientIdentifier, Prose
from pathway.store.engines import StoreUnavailable
from pathway.store.values import Erasure, KeptPatient, Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases import erasures
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal, read_body, refusing

SHORTEST_SOUGHT: Final = 4
"""An identifier of fewer letters and digits is looked for only as it is written: it would stand in any sentence."""


class Request(BaseModel):
    """Which patient, and why. The reason is kept for ever: it must not say who the patient is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    patient: PatientIdentifier
    reason: Prose


def erase_patient(
    installation: Installation, caller: Caller, body: bytes, key: str | None, request_digest: str
) -> Future[Settled]:
    """Erases the patient at the caller's site; a legal hold stands in the way. Raises `Refusal`.

    The answer is there once the erasure is durable and stands in the list outside the database.
    """
    asked = read_request(caller, Operation.ERASE_A_PATIENT, body)

    def decide(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _erased(view, caller, asked, now))

    return _once_listed(
        installation, caller.site_id, submit(installation, caller, asked, decide, key, request_digest)
    )


def read_request(caller: Caller, operation: Operation, body: bytes) -> Request:
    """What is asked by somebody who may. Raises `Refusal`, also for a reason that names the patient."""
    caller.require(operation)
    asked = read_body(Request, body)
    if _names(asked.reason, asked.patient.value):
        told = [("/reason", "The reason is kept for ever; say it without the patient's identifier.")]
        raise Refusal("invalid_body", "The body cannot be accepted; nothing was changed.", told)
    return asked


def _names(reason: str, value: str) -> bool:
    """True where the identifier stands in the reason, however its letters and digits are set apart."""
    bare_reason, bare = ("".join(filter(str.isalnum, text.casefold())) for text in (reason, value))
    return value.casefold() in reason.casefold() or (len(bare) >= SHORTEST_SOUGHT and bare in bare_reason)


def submit(
    installation: Installation,
    caller: Caller,
    asked: Request,
    decide: Callable[[View, datetime], Proposal],
    key: str | None,
    request_digest: str,
) -> Future[Settled]:
    """Has it decided, with the reason in its audit record."""
    access = replace(caller.access, reason=asked.reason)
    return installation.writer.submit(
        Command(caller.site_id, caller.client_id, None, decide, key, request_digest, access=access)
    )


def known_patient(view: View, asked: Request) -> KeptPatient:
    """The patient who is meant. Raises `Refusal`."""
    known = view.kept_patient(asked.patient.system, asked.patient.value)
    if known is None:
        raise Refusal("unknown_patient", "No patient is known here under this identifier.")
    return known


def _erased(view: View, caller: Caller, asked: Request, now: datetime) -> Proposal:
    known = known_patient(view, asked)
    if known.held_at is not None:
        raise Refusal(
            "patient_held",
            f"A legal hold stands since {known.held_at.date().isoformat()}; nothing was erased. Release it first.",
        )
    episodes = view.episodes_of(known.pseudonym)
    document = {"episodes": episodes, "erased_at": now.isoformat(timespec="seconds")}
    return Proposal(
        "erased",
        orjson.dumps(document),
        patient_change=Erasure(caller.site_id, known.pseudonym, now, caller.subject),
        shown=episodes,
    )


def _once_listed(installation: Installation, site_id: str, write: Future[Settled]) -> Future[Settled]:
    """The same answer, once the erasure stands where a restored backup does not undo it."""
    listed: Future[Settled] = Future()
    listed.set_running_or_notify_cancel()

    def keep(done: Future[Settled]) -> None:
        try:
            settled = done.result()
            if settled.outcome == "erased":
                erasures.keep_list(installation, site_id)
        except OSError:
            unlisted = "the erasure is done but not in the list outside the database; send it again"
            listed.set_exception(StoreUnavailable(unlisted))
        except Exception as error:  # noqa: BLE001 -- whatever became of the write is the answer
            listed.set_exception(error)
        else:
            listed.set_result(settled)

    write.add_done_callback(keep)
    return listed
