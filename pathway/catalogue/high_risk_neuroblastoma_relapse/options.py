"""The options of this pathway: possible next steps, and what each needs beyond a row that offers it."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse import steps
from pathway.catalogue.high_risk_neuroblastoma_relapse.duties import LOCAL_CONTROL_KINDS
from pathway.catalogue.high_risk_neuroblastoma_relapse.later_findings import NO_GRAFT_VERSUS_HOST
from pathway.catalogue.high_risk_neuroblastoma_relapse.local_findings import LOCAL_CONTROL_OWED
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import OBTAIN
from pathway.engine.definition import Offer, Option

_SYSTEMIC = g.context_is("systemic", "local_control")
_WITH_ANTIBODY = g.context_is("systemic", "local_control", "maintenance")

OPTIONS: Final = (
    Option("start_chemoimmunotherapy", "start chemoimmunotherapy", (g.NO_LINE_UNDER_WAY, g.HIGH_RISK, g.NEW_LINE_CONSENT), True, "new_line"),
    Option("continue_chemoimmunotherapy", "continue chemoimmunotherapy", (g.LINE_UNDER_WAY, _SYSTEMIC, g.CONSENT), True, "agents", step=steps.cycle),
    Option("start_maintenance", "start or extend maintenance", (g.CONSENT, NO_GRAFT_VERSUS_HOST), True, "new_courses"),
    Option("continue_maintenance", "go on with maintenance", (g.context_is("maintenance"), g.CONSENT), True, "agents", step=steps.course),
    Option("local_control", "local control by surgery or radiotherapy", (g.LOCAL_DISEASE,), True),
    Option("bridge_to_car_t", "bridge to GD2 CAR-T cells", (g.CAR_T_ELIGIBLE, g.CAR_T_CONSENT), True, step=steps.to_cells),
    Option("continue_monitoring", "go on to the next time point after CAR-T cells", (g.context_is("car_t"),)),
    Option("change_line", "change to another line of systemic therapy", (g.NEW_LINE_CONSENT,), True, "new_line"),
    Option("consolidation_transplant", "consolidation with a stem cell transplant", (g.TRANSPLANT_OPEN,), True),
    Option("drop_antibody", "drop the antibody, and go on with the rest of the line", (g.ANTIBODY_GIVEN, _WITH_ANTIBODY, g.CONSENT), True, "drop_antibody"),
    Option("switch_antibody", "switch to another anti-GD2 antibody within the line", (g.ANTIBODY_GIVEN, _WITH_ANTIBODY, g.CONSENT), True, "switch_antibody"),
    Option("hold", "hold treatment and look again", (), False, "hold"),
    Option("resume", "resume treatment after a hold", (g.HELD, g.NO_EMERGENCY, g.TOLERANCE_KNOWN, g.NOT_COMFORT), True, "resume"),
    Option("stop_agent", "stop an agent for good", (), False, "stop"),
    Option(OBTAIN, "obtain what is missing"),
    Option("follow_up", "follow-up"),
    Option("supportive_care", "supportive care"),
    Option("waive_local_control", "waive the local control that is owed", (LOCAL_CONTROL_OWED,), False, "waive", LOCAL_CONTROL_KINDS),
    Option("refer", "refer elsewhere (central nervous system team, trial, other centre)"),
    Option("reopen", "reopen the episode", (), False, "reopen"),
    Option("close", "close the episode", (), False, "close"),
    Option("other", "something else, said in words"),
)  # fmt: skip

ALWAYS: Final = (
    Offer("hold"),
    Offer("resume"),
    Offer("stop_agent"),
    Offer("waive_local_control", "say why", needs_reason=True),
    Offer("other", "say what in words", needs_reason=True),
    Offer("close", "say why", needs_reason=True),
)
"""What no table takes away: making treatment safer, saying what the list lacks, ending the episode."""


def always(*taken: str) -> tuple[Offer, ...]:
    return tuple(offer for offer in ALWAYS if offer.option not in taken)
