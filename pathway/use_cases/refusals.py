"""Everything that can come out of a use case, and how a refusal is told: an outcome, a sentence, pointers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from pathway.episodes.events import faults
from pathway.store.values import Proposal

OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "created": "The episode was opened",
        "recorded": "The events were recorded",
        "foreseen": "This is what recording it would do",
        "decided": "The decision was recorded",
        "awaiting_second_signature": "The decision awaits a second clinician's signature",
        "countersigned": "The decision took effect",
        "review_resolved": "The review task was resolved",
        "erased": "The patient was erased",
        "held": "A legal hold was put on the patient's data",
        "released": "The legal hold was released",
        "malformed_json": "The body is not JSON",
        "idempotency_key_missing": "An Idempotency-Key is required",
        "invalid_parameter": "A parameter cannot be used",
        "unauthenticated": "The caller is not known",
        "not_permitted": "The caller may not do this",
        "unknown_episode": "There is no such episode",
        "unknown_patient": "There is no such patient",
        "not_found": "There is nothing here",
        "method_not_allowed": "This cannot be done here",
        "not_acceptable": "The answer has no such form",
        "episode_exists": "The patient has an open episode on this pathway",
        "episode_closed": "The episode is closed",
        "patient_held": "A legal hold stands in the way",
        "patient_not_held": "There is no legal hold",
        "message_conflict": "This contradicts what was recorded",
        "stale_decision": "The facts have changed since this was decided",
        "timeout": "The write is still under way",
        "too_slow": "The body did not arrive in time",
        "too_large": "The body is too large",
        "unsupported_media_type": "The body's media type cannot be read",
        "invalid_body": "The body cannot be accepted",
        "another_patient": "This is another patient",
        "impossible_date": "The date cannot be true",
        "idempotency_key_reused": "The Idempotency-Key was used for something else",
        "not_an_option": "There is no such option",
        "reason_required": "A reason is required",
        "unknown_entry": "There is no such entry",
        "not_correctable": "This entry cannot be changed",
        "too_many_requests": "Too many requests",
        "unavailable": "The service cannot answer at present",
        "overloaded": "The service has too much to do",
        "internal": "Something went wrong in the service",
    }
)
"""Outcome -> title. The edges translate them; a test holds that each edge knows every one."""

ENTRIES: Final = frozenset(
    {"created", "recorded", "decided", "awaiting_second_signature", "countersigned", "review_resolved"}
)
"""Outcomes of calls that write entries; of one that is sent again, none."""
CHANGES: Final = ENTRIES | {"erased", "held", "released"}
"""Outcomes of calls that change what is kept."""
ANSWERS: Final = frozenset({"ok", "foreseen"})
"""Outcomes of calls that show something; every other outcome is a refusal, or a failure."""


Model = TypeVar("Model", bound=BaseModel)


class Refusal(Exception):
    """A request that is not carried out: `outcome` says which kind, `detail` why, in a sentence.

    `errors` pairs JSON pointers into the request with sentences; `extra` are further members of the answer.
    Nothing in it repeats what the caller sent.
    """

    def __init__(
        self,
        outcome: str,
        detail: str,
        errors: Iterable[tuple[str, str]] = (),
        *,
        location: str | None = None,
        **extra: Any,
    ) -> None:
        self.outcome = outcome
        self.detail = detail
        self.errors = tuple(errors)
        self.location = location
        self.extra = extra
        super().__init__(f"{outcome}: {detail}")

    def document(self) -> bytes:
        """The refusal as a JSON object."""
        told: dict[str, Any] = {"detail": self.detail}
        if self.errors:
            told["errors"] = [{"pointer": pointer, "detail": detail} for pointer, detail in self.errors]
        return orjson.dumps(told | self.extra)

    def proposal(self) -> Proposal:
        """The refusal as the writer keeps it, so that the same request gets the same answer."""
        return Proposal(self.outcome, self.document(), self.location)


NEVER_KEPT: Final = frozenset({"not_permitted", "unavailable"})
"""Outcomes that are not kept under the request's key: they may be otherwise the next time."""


def refusing(propose: Callable[[], Proposal]) -> Proposal:
    """What `propose` proposes; a refusal it raises becomes a proposal that writes nothing."""
    try:
        return propose()
    except Refusal as refusal:
        if refusal.outcome in NEVER_KEPT:
            raise
        return refusal.proposal()


def read_body(model: type[Model], body: bytes) -> Model:
    """The request as `model`. Raises `Refusal`."""
    try:
        return model.model_validate_json(body or b"null")
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors(include_input=False)):
            raise Refusal("malformed_json", "The body is not JSON.") from None
        detail = "The body was not understood; nothing was recorded."
        raise Refusal("invalid_body", detail, faults(error, fields=frozenset(model.model_fields))) from None
