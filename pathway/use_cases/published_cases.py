"""Published courses of individual patients, encoded as the events and decisions to send to the service.

A case file holds a citation, the facts in our own encoding, and for each decision of the clinicians what they
chose and whether the source says so. `examples/cases/README.md` has the rules of the encoding.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pathway.clinical.terms import OverrideReason
from pathway.episodes.events import DecisionDetail, Event, PatientIdentifier, Posted

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Basis = Literal["stated", "inferred", "planned"]


class CaseNotUnderstood(ValueError):
    """A file is no case; `faults` pairs a JSON pointer with a sentence for each fault."""

    def __init__(self, path: Path, faults: tuple[tuple[str, str], ...]) -> None:
        self.path = path
        self.faults = faults
        told = "; ".join(f"{pointer or '(whole file)'}: {sentence}" for pointer, sentence in faults)
        super().__init__(f"{path}: {told}")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Strict):
    """Where the course was published; what was not seen is None."""

    authors: Name | None
    year: Annotated[int, Field(ge=1950, le=2100)] | None
    title: Name | None
    journal: Name | None
    doi: Annotated[str, StringConstraints(pattern=r"^10\.\d{4,9}/\S+$")] | None
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    read: Name
    """How much of the source the encoding rests on."""

    def __str__(self) -> str:
        parts = (self.authors, str(self.year) if self.year else None, self.title, self.journal)
        return ". ".join(part for part in parts if part) + "."


class PublishedDecision(_Strict):
    """What the clinicians chose, as an option of the pathway, and where that is known from."""

    option: Name
    detail: DecisionDetail
    chosen: Name
    """The choice in a few words."""
    basis: Basis
    response_known: Name
    """The response on which they decided, as far as the source tells it."""
    words: Sentence
    decided_on: date
    reason_code: OverrideReason | None = None
    """Only where the source itself says why."""


class Step(_Strict):
    """One step of the course: a fact, exactly as it is sent, or a decision."""

    event: Posted | None = None
    decision: PublishedDecision | None = None

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> Self:
        if (self.event is None) == (self.decision is None):
            raise ValueError("A step is either an event or a decision.")
        return self

    @property
    def on(self) -> date:
        """The clinical date, which is invented but keeps the order."""
        if self.decision is not None:
            return self.decision.decided_on
        assert self.event is not None  # noqa: S101  (held by the validator above)
        assert self.event.occurred_on is not None  # noqa: S101  (held by the validator of the case)
        return self.event.occurred_on


class Case(_Strict):
    """One published course: what is sent to open its episode, and each step after that in order."""

    case: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,60}$")]
    citation: Source
    quality: Literal["A", "B", "C"]
    patients: Annotated[int, Field(ge=1)]
    """How many patients share these facts."""
    counts_as_patient: bool
    """False for a course that is no verifiable patient: it is counted apart."""
    patient: PatientIdentifier
    pathway: Name
    opened_on: date
    risk_group: Literal["high", "not_high"] | None = None
    age_months: Annotated[int, Field(ge=0, le=1500)] | None = None
    baseline: tuple[Posted, ...]
    steps: tuple[Step, ...]
    remarks: tuple[Sentence, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        """All facts in order, those at the opening first."""
        return (*self.baseline, *(step.event for step in self.steps if step.event is not None))

    @model_validator(mode="after")
    def _tells_one_course_in_order(self) -> Self:
        for event in self.events:
            if event.occurred_on is None:
                raise ValueError("An event of a case has a date: an instant would claim more than is known.")
            if event.source is None or event.source.system != "published-case":
                raise ValueError("Each event names its source with the system published-case.")
        keys = Counter(event.source.message_id for event in self.events if event.source)
        if repeated := [key for key, times in keys.items() if times > 1]:
            raise ValueError(f"Two events share the message id {repeated[0]}.")
        if foreign := [key for key in keys if not key.startswith(f"{self.case}/")]:
            raise ValueError(f"The message id {foreign[0]} does not begin with the name of the case.")
        if any(event.occurred_on > self.opened_on for event in self.baseline if event.occurred_on):
            raise ValueError("What is recorded with the opening happened by then.")
        choices = Counter((step.decision.option, step.on) for step in self.steps if step.decision)
        if any(times > 1 for times in choices.values()):
            raise ValueError("The same option is decided twice on one day.")
        days = [self.opened_on, *(step.on for step in self.steps)]
        if days != sorted(days):
            raise ValueError("The steps do not stand in the order of their dates.")
        return self

    def opening(self) -> dict[str, Any]:
        """The body that opens the episode."""
        told = self.model_dump(
            mode="json",
            include={"pathway", "patient", "opened_on", "risk_group", "age_months"},
            exclude_none=True,
        )
        return {**told, "baseline": [as_sent(event) for event in self.baseline]}


def as_sent(event: Event) -> dict[str, Any]:
    """An event exactly as the file has it: nothing that it leaves out is filled in."""
    return event.model_dump(mode="json", exclude_unset=True)


def load_case(path: Path) -> Case:
    """The case in the file at `path`. Raises `CaseNotUnderstood`, also when the file cannot be read."""
    try:
        return Case.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CaseNotUnderstood(path, (("", f"The file cannot be read: {error.strerror}."),)) from None
    except ValidationError as error:
        faults = tuple(
            ("".join(f"/{part}" for part in fault["loc"]), fault["msg"])
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise CaseNotUnderstood(path, faults) from None
