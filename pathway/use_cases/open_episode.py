"""Open an episode for a patient on a pathway, with what is known at the start."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from pathway.engine.definition import Pathway
from pathway.episodes.events import MOST_EVENTS, EpisodeOpened, Event, PatientIdentifier, Posted
from pathway.store.identifiers import new_identifier
from pathway.store.values import NewPatient, Proposal, Settled
from pathway.store.writer import Command, View
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Caller, Installation, latest_day
from pathway.use_cases.permissions import Operation
from pathway.use_cases.record_events import receive, require_right_to_state
from pathway.use_cases.refusals import Refusal, read_body, refusing


class Request(BaseModel):
    """Who the patient is, on which pathway, since when, and the events recorded with the opening."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    pathway: str
    version: Annotated[int, Field(ge=1)] | None = None
    patient: PatientIdentifier
    opened_on: date
    risk_group: Literal["high", "not_high"] | None = None
    age_months: Annotated[int, Field(ge=0, le=1500)] | None = None
    baseline: Annotated[tuple[Posted, ...], Field(max_length=MOST_EVENTS)] = ()


def open_episode(
    installation: Installation, caller: Caller, body: bytes, key: str | None, request_digest: str
) -> Future[Settled]:
    """Opens an episode; a patient may have one open episode per pathway at a site. Raises `Refusal`."""
    caller.require(Operation.OPEN_AN_EPISODE)
    asked = read_body(Request, body)
    require_right_to_state(caller, asked.baseline)
    pathway = installation.catalogue.find(asked.pathway, asked.version)
    if pathway is None:
        told = [("/version" if asked.version else "/pathway", "No such pathway has been published here.")]
        raise Refusal("invalid_body", "The body was not understood; nothing was recorded.", told)

    def decide(view: View, now: datetime) -> Proposal:
        return refusing(lambda: _proposed(installation, caller, asked, pathway, view, now))

    sources = tuple((each.source.system, each.source.message_id) for each in asked.baseline if each.source)
    return installation.writer.submit(
        Command(
            caller.site_id,
            caller.client_id,
            None,
            decide,
            key,
            request_digest,
            sources,
            access=caller.access,
        )
    )


def _proposed(
    installation: Installation,
    caller: Caller,
    asked: Request,
    pathway: Pathway,
    view: View,
    now: datetime,
) -> Proposal:
    if asked.opened_on > latest_day(now) or asked.opened_on.year < 1950:  # noqa: PLR2004
        told = [("/opened_on", "An episode is opened today or was opened before.")]
        raise Refusal("impossible_date", "The date of the opening cannot be true.", told)
    pseudonym = view.patient(asked.patient.system, asked.patient.value)
    _require_none_open(view, pseudonym, pathway)
    draft = Draft(
        installation,
        caller,
        pathway,
        view,
        now,
        new_identifier(now),
        pseudonym or new_identifier(now),
        ZoneInfo(installation.settings.time_zone(caller.site_id)),
        asked.opened_on,
    )
    opening = EpisodeOpened(
        occurred_on=asked.opened_on,
        time_zone=draft.zone.key,
        risk_group=asked.risk_group,
        age_months=asked.age_months,
    )
    draft.append(opening)
    received = [
        each.entry
        for each in receive(draft, tuple(_of(asked, event) for event in asked.baseline), "/baseline")
    ]
    document = {
        "episode": draft.episode_id,
        "pathway": {"id": pathway.id, "version": pathway.version},
        "opened_on": asked.opened_on.isoformat(),
        "time_zone": draft.zone.key,
        "state": draft.known.state,
        "entries": received,
        "next_step": draft.recommendation().document(draft.basis()),
    }
    patient = NewPatient(caller.site_id, draft.pseudonym, asked.patient.system, asked.patient.value)
    return draft.proposal(
        "created",
        document,
        location=f"/v1/episodes/{draft.episode_id}",
        patient=patient if pseudonym is None else None,
    )


def _of(asked: Request, event: Event) -> Event:
    """The event without its patient, who must be the one the episode is opened for."""
    if event.patient is not None and event.patient != asked.patient:
        raise Refusal(
            "another_patient", "An event names another patient than the one the episode is opened for."
        )
    return event.model_copy(update={"patient": None})


def _require_none_open(view: View, pseudonym: str | None, pathway: Pathway) -> None:
    known = view.open_episode(pseudonym, pathway.id) if pseudonym else None
    if known is not None:
        detail = "This patient has an open episode on this pathway; record events there."
        raise Refusal("episode_exists", detail, location=f"/v1/episodes/{known}", episode=known)
