"""The options of this pathway: possible next steps, and what each needs beyond a row that offers it."""

from __future__ import annotations

from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import guards as g
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import OBTAIN
from pathway.engine.definition import Offer, Option

_SYSTEMIC = g.context_is("systemic", "local_control")

OPTIONS: Final = (
    Option("start_chemoimmunotherapy", "start chemoimmunotherapy", (g.NO_LINE_UNDER_WAY, g.HIGH_RISK, g.CONSENT), True, "new_line"),
    Option("continue_chemoimmunotherapy", "continue chemoimmunotherapy", (g.LINE_UNDER_WAY, _SYSTEMIC, g.CONSENT), True, "agents"),
    Option("start_maintenance", "start or extend maintenance", (g.CONSENT,), True, "new_courses"),
    Option("continue_maintenance", "go on with maintenance", (g.context_is("maintenance"), g.CONSENT), True, "agents"),
    Option("local_control", "local control by surgery or radiotherapy", (g.LOCAL_DISEASE,), True),
    Option("bridge_to_car_t", "bridge to GD2 CAR-T cells", (g.CAR_T_ELIGIBLE, g.CAR_T_CONSENT), True),
    Option("continue_monitoring", "go on to the next time point after CAR-T cells", (g.context_is("car_t"),)),
    Option("change_line", "change to another line of systemic therapy", (g.CONSENT,), True, "new_line"),
    Option("consolidation_transplant", "consolidation with a stem cell transplant", (g.TRANSPLANT_OPEN,), True),
    Option("switch_or_drop_antibody", "switch or drop the antibody within the line", (g.ANTIBODY_GIVEN, g.CONSENT), True, "agents"),
    Option("hold", "hold treatment and look again", (), False, "hold"),
    Option("resume", "resume treatment after a hold", (g.HELD, g.NO_EMERGENCY, g.NOT_COMFORT), True, "resume"),
    Option("stop_agent", "stop an agent for good", (), False, "stop"),
    Option(OBTAIN, "obtain what is missing"),
    Option("follow_up", "follow-up"),
    Option("supportive_care", "supportive care"),
    Option("refer", "refer elsewhere (central nervous system team, trial, other centre)"),
    Option("reopen", "reopen the episode", (), False, "reopen"),
    Option("close", "close the episode", (), False, "close"),
    Option("other", "something else, said in words"),
)  # fmt: skip

ALWAYS: Final = (
    Offer("hold"),
    Offer("resume"),
    Offer("stop_agent"),
    Offer("other", "say what in words", needs_reason=True),
    Offer("close", "say why", needs_reason=True),
)
"""What no table takes away: making treatment safer, saying what the list lacks, ending the episode."""


def always(*taken: str) -> tuple[Offer, ...]:
    return tuple(offer for offer in ALWAYS if offer.option not in taken)
