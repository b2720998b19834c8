"""What is known of one episode: the medical facts so far, and where the episode stands.

Where the episode rests, and what runs beside its state (holds, obligations, review tasks), is set by the
fold in `pathway.engine`. An episode's size does not grow with its log: what a later fact replaces
is kept in the log alone. `to_json` and `from_json` are the stored snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import TypeAdapter

from pathway.clinical.terms import Component
from pathway.episodes.facts import (
    NO_CYCLES,
    Antigen,
    Cycles,
    Hold,
    Line,
    LocalControl,
    LocalPlan,
    Measured,
    Noted,
    Obligation,
    Occurrences,
    PendingDecision,
    PriorTherapy,
    Progression,
    Review,
    Stamp,
    Stop,
    Timepoint,
    Toxicity,
)


@dataclass(frozen=True, slots=True)
class Episode:
    """All that the pathway may read of one episode. Lines count from 1; dates are in the site's zone."""

    state: str
    opened: Stamp
    time_zone: str
    context: str = ""
    entered: Stamp | None = None
    """Since when the episode rests in its state."""
    line: int = 1
    line_began: Stamp | None = None
    line_open: bool = False
    """True from the decision for a line of therapy until follow-up, or until a new progression is planned for."""
    regimen: str | None = None
    agents: tuple[str, ...] = ()
    cycles: Cycles = NO_CYCLES
    courses: Cycles = NO_CYCLES
    earlier_lines: tuple[Line, ...] = ()
    prior_therapies: Mapping[str, PriorTherapy] = field(default_factory=dict)
    risk_group: Noted | None = None
    age_months: Noted | None = None
    """The age at the opening."""
    progression: Progression | None = None
    progressed: Stamp | None = None
    """When the latest progression was first confirmed: what was agreed or measured before it counts no longer."""
    progression_stands: bool = False
    """True from a confirmed progression until a line or a treatment begins, another response is assessed, or
    follow-up."""
    gd2: Antigen | None = None
    gd2_elsewhere: Antigen | None = None
    """What was measured before it on another specimen."""
    gd2_outdated: Stamp | None = None
    last_anti_gd2: Stamp | None = None
    """The last day known on which a cycle with an anti-GD2 antibody began or ended, in whichever line."""
    biomarkers: Mapping[str, Noted] = field(default_factory=dict)
    fitness: Mapping[str, Noted] = field(default_factory=dict)
    consents: Mapping[str, Noted] = field(default_factory=dict)
    intent: Noted | None = None
    cns: Noted | None = None
    cns_symptoms: bool = False
    """True when symptoms pointed to the central nervous system at its last mention."""
    toxicities: Mapping[str, Toxicity] = field(default_factory=dict)
    """By the key of the side effect, the same however it is spelled, each scale by itself."""
    occurrences: Mapping[str, Occurrences] = field(default_factory=dict)
    """By `occurrence_key`; carried over lines."""
    severe_in_cycle: Mapping[str, int] = field(default_factory=dict)
    repeatedly_severe: Mapping[str, Stamp] = field(default_factory=dict)
    stops: Mapping[str, Stop] = field(default_factory=dict)
    overridden: tuple[str, ...] = ()
    """Agents of this line that two clinicians allowed in spite of a stop."""
    timepoints: Mapping[str, Timepoint] = field(default_factory=dict)
    current_timepoint: str | None = None
    baselines: Mapping[Component, Measured] = field(default_factory=dict)
    """What was measured last before the line began; its assessments are compared with it."""
    assessments: int = 0
    last_response: Noted | None = None
    remission_after: int | None = None
    """Counted cycles of the line when a complete response was first seen."""
    local_control_feasible: Noted | None = None
    residual_sites: Noted | None = None
    """How many sites of disease the last assessment that told it found left."""
    local_plan: LocalPlan | None = None
    local_control: LocalControl | None = None
    irradiated: Mapping[str, Decimal] = field(default_factory=dict)
    """Gray given to each site in this episode, as far as it was told."""
    car_t: Mapping[str, Noted] = field(default_factory=dict)
    """The steps of the way to cells by name, the latest of each, with `product` and `safety_switch` as last told."""
    bridge_began: Stamp | None = None
    """The latest decision for a bridge to cells: what was stated of eligibility before it counts no longer."""
    follow_up: Noted | None = None
    closed: Noted | None = None
    holds: tuple[Hold, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    reviews: Mapping[str, Review] = field(default_factory=dict)
    pending: Mapping[str, PendingDecision] = field(default_factory=dict)
    last_decision: Noted | None = None
    reasoned: Noted | None = None
    """The last decision that was taken for a reason the table asked for, until a cycle ends; `value` is the state it
    was taken in."""

    @property
    def timepoint(self) -> Timepoint | None:
        """The assessment last added to."""
        return self.timepoints.get(self.current_timepoint) if self.current_timepoint else None

    def to_json(self) -> str:
        """The snapshot as JSON text; what is as it began is left out."""
        return _SNAPSHOT.dump_json(self, exclude_defaults=True).decode()

    @staticmethod
    def from_json(text: str) -> Episode:
        """The episode of a snapshot made by `to_json` of the same engine."""
        return _SNAPSHOT.validate_json(text)


_SNAPSHOT: TypeAdapter[Episode] = TypeAdapter(Episode)
