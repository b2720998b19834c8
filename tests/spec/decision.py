"""The decision after an assessment, asked with a value for each finding."""

from __future__ import annotations

from pathway.catalogue import CATALOGUE
from pathway.engine.outcome import Outcome, findings_of, outcome_of

PATHWAY = next(iter(CATALOGUE))
STATE = PATHWAY.state("decision_due")
FINDINGS = {finding.name: finding for finding in findings_of(PATHWAY, "decision_due")}
USUAL = {
    "tolerance": "fine",
    "emergency": "no",
    "held": "no",
    "intent": "treatment",
    "consent": "given",
    "new_line_consent": "given",
    "local_disease": "no",
    "local_control_owed": "no",
    "graft_versus_host": "compatible",
    "cns": "none",
    "response": "SD",
    "progression_confirmed": "confirmed",
    "line_under_way": "yes",
    "context": "systemic",
    "risk_group": "high",
    "antibody": "yes",
    "fitness": "fit",
    "line": "first_or_second",
    "car_t_eligibility": "no",
    "car_t_consent": "unknown",
    "gd2": "positive",
    "work_up": "in",
    "assessment": "complete",
    "high_dose_therapy": "given",
    "phase": "early",
    "consolidated": "no",
    "stopped_antibody": "no",
    "cell_time_points": "left",
}
"""A fit child in the first line with stable disease after two well tolerated cycles."""


def outcome(**changed: str) -> Outcome:
    values = USUAL | changed
    return outcome_of(PATHWAY, "decision_due", tuple(values[name] for name in FINDINGS))
