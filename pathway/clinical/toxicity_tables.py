"""What to do with an anti-GD2 antibody while a side effect goes on: one table per antibody.

Grades are CTCAE v5.0. What ends an antibody for good stands in `pathway.clinical.toxicity` and comes before these
tables; `pathway.clinical.toxicity_actions` reads them. Rates are those of the labels: shown, never calculated.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pathway.clinical.evidence import (
    DANYELZA_LABEL,
    PROJECT_DESIGN,
    QARZIBA_EMA,
    QARZIBA_SWISS,
    QARZIBA_UK,
    UNITUXIN_LABEL,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.side_effects import (
    ALLERGIC,
    ANY_VISION,
    CYTOKINE_RELEASE,
    HYPERTENSION,
    HYPOTENSION,
    INFUSION_REACTION,
    LEAK,
    MOTOR,
    MYOCARDITIS,
    PHOTOPHOBIA,
    PUPILS,
    SYSTEMIC_INFECTION,
    TERMS,
    SideEffect,
)
from pathway.clinical.terms import Antibody


class Action(StrEnum):
    """What a side effect asks for, from the mildest to the gravest."""

    PROCEED = "proceed"
    MODIFY = "modify"
    UNKNOWN = "unknown"
    HOLD = "hold"
    END_TODAY = "end_today"
    DELAY = "delay"
    STOP_AGENT = "stop_agent"
    EMERGENCY = "emergency"

    @property
    def gravity(self) -> int:
        """Its place among the actions, from 0."""
        return tuple(Action).index(self)

    @property
    def in_words(self) -> str:
        """What it means for the antibody."""
        return _IN_WORDS[self]


_IN_WORDS: Final = {
    Action.PROCEED: "go on as planned",
    Action.MODIFY: "go on, modified",
    Action.UNKNOWN: "obtain the grade: it decides",
    Action.HOLD: "interrupt until it has come down",
    Action.END_TODAY: "end the infusion for today",
    Action.DELAY: "interrupt; the antibody again with the next course at the earliest",
    Action.STOP_AGENT: "stop this antibody for good",
    Action.EMERGENCY: "stop the infusion at once: emergency care",
}

EMERGENCY_GRADE: Final = 4
"""The grade from which a side effect other than a blood count is life-threatening."""


@dataclass(frozen=True, slots=True)
class ActionRule:
    """One line of a table.

    `antibody` None means each of them, `effect` None every side effect but the blood counts. `grades` are those it
    is for; none where it is not for a side effect. `recurrent` asks that it was severe before under the same
    antibody. `resume` says when and how to go on; it is empty where there is nothing to say.
    """

    name: str
    antibody: Antibody | None
    effect: SideEffect | None
    grades: tuple[int, ...]
    action: Action
    sentence: str
    resume: str
    citation: Citation
    recurrent: bool = False

    @property
    def event(self) -> str:
        """Which event it is for, in words."""
        name = self.effect.name if self.effect else "Any side effect but the blood counts"
        if not self.grades:
            return name
        if self.grades == _ANY:
            return f"{name}, whatever its grade"
        told = f"grade {self.grades[0]} or more" if self.grades[-1] == _HIGHEST else _grades(self.grades)
        return f"{name}, {told}{', severe before under this antibody' if self.recurrent else ''}"


def _grades(grades: tuple[int, ...]) -> str:
    return f"grade {' or '.join(map(str, grades))}"


_HIGHEST: Final = 5
_MILD: Final = (1, 2)
_ANY: Final = (1, 2, 3, 4, 5)
_SEVERE: Final = (3, 4, 5)
_LIFE_THREATENING: Final = (4, 5)

_BETA: Final = Antibody.DINUTUXIMAB_BETA
_DINUTUXIMAB: Final = Antibody.DINUTUXIMAB
_NAXITAMAB: Final = Antibody.NAXITAMAB
_HOLD, _MODIFY = Action.HOLD, Action.MODIFY

_BETA_READ: Final = cite(QARZIBA_UK, Tag.SOURCE_READ, "dose modification")
_BETA_UNREAD: Final = cite(QARZIBA_EMA, Tag.UNVERIFIED, "section 4.2, dose modification")
_BETA_WARNING: Final = cite(QARZIBA_SWISS, Tag.SOURCE_READ, "warnings: infusion reactions")
_UNITUXIN: Final = cite(UNITUXIN_LABEL, Tag.SOURCE_READ, "dose modification")
_DANYELZA: Final = cite(DANYELZA_LABEL, Tag.UNVERIFIED, "dose modification table")
_OUTCOMES: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "toxicity outcomes")
_COURSE_CRITERIA: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "criteria to give a course: nerves and eyes")

_HALF: Final = "Resume at half the rate when it has come down to grade 2 or less"
_PEOPLE_DECIDE: Final = "When and how to go on is for people to decide: no source read here says so."

WITH_INFUSION: Final = SideEffect(
    "A side effect that comes with the infusion",
    frozenset().union(*(term.terms for term in TERMS if term.with_infusion)),
)

_BETA_RULES: Final = (
    ActionRule("infusion_reaction", _BETA, INFUSION_REACTION, _SEVERE, Action.EMERGENCY, "Stop the infusion at once and give emergency care.", _PEOPLE_DECIDE, _BETA_WARNING),
    ActionRule("cytokine_release", _BETA, CYTOKINE_RELEASE, _SEVERE, Action.EMERGENCY, "Stop the infusion at once and give emergency care.", _PEOPLE_DECIDE, _BETA_WARNING),
    ActionRule("hypersensitivity_severe", _BETA, ALLERGIC, _SEVERE, Action.DELAY, "Interrupt the infusion and treat the reaction.", "The antibody is given again in the courses that follow.", _BETA_READ),
    ActionRule("hypersensitivity", _BETA, ALLERGIC, _MILD, _HOLD, "Interrupt the infusion.", "Resume at the original rate once it has resolved.", _BETA_READ),
    ActionRule("recurrent", _BETA, None, _SEVERE, Action.END_TODAY, "It was severe before under this antibody: end the infusion for today.", "Resume the next day if it has resolved.", _BETA_READ, recurrent=True),
    ActionRule("capillary_leak", _BETA, LEAK, _SEVERE, _HOLD, "Interrupt the infusion and give supportive care.", f"{_HALF}.", _BETA_UNREAD),
    ActionRule("pupils", _BETA, PUPILS, _ANY, _HOLD, "Interrupt the infusion.", "Resume at half the rate once it has resolved.", _BETA_UNREAD),
    ActionRule("severe", _BETA, None, _SEVERE, _HOLD, "Interrupt the infusion and give supportive care.", f"{_HALF}, at the original rate after complete resolution.", _BETA_READ),
    ActionRule("mild", _BETA, WITH_INFUSION, _MILD, _MODIFY, "Halve the rate of the infusion.", "Return to the original rate once it has resolved.", _BETA_READ),
)  # fmt: skip

_DINUTUXIMAB_RULES: Final = (
    ActionRule("capillary_leak_life_threatening", _DINUTUXIMAB, LEAK, _LIFE_THREATENING, Action.DELAY, "Stop the antibody for this cycle.", "In later cycles leave out or replace the cytokine.", _UNITUXIN),
    ActionRule("capillary_leak", _DINUTUXIMAB, LEAK, (3,), _HOLD, "Stop the infusion.", "Restart at 0.875 mg/m2/h, with the cytokine at half its dose.", _UNITUXIN),
    ActionRule("hypotension", _DINUTUXIMAB, HYPOTENSION, (2, *_SEVERE), _HOLD, "Stop the infusion.", "Restart at 0.875 mg/m2/h, up to 1.75 mg/m2/h after 2 stable hours.", _UNITUXIN),
    ActionRule("blood_pressure", _DINUTUXIMAB, HYPOTENSION, (1,), Action.PROCEED, "Stop the infusion if there are symptoms, the systolic pressure is below 70 mmHg, or it is more than 15 % below the baseline.", "", _UNITUXIN),
    ActionRule("systemic_infection", _DINUTUXIMAB, SYSTEMIC_INFECTION, _ANY, _HOLD, "Stop the antibody.", "Resume once the infection has resolved.", _UNITUXIN),
    ActionRule("severe", _DINUTUXIMAB, None, _SEVERE, _HOLD, "Interrupt the infusion and give supportive care.", _PEOPLE_DECIDE, _OUTCOMES),
)  # fmt: skip

_NAXITAMAB_RULES: Final = (
    ActionRule("infusion_reaction", _NAXITAMAB, INFUSION_REACTION, (3,), _HOLD, "Interrupt the infusion.", "Resume at half the rate.", _DANYELZA),
    ActionRule("infusion_reaction_moderate", _NAXITAMAB, INFUSION_REACTION, (2,), _MODIFY, "Halve the rate of the infusion.", "", _DANYELZA),
    ActionRule("hypertension", _NAXITAMAB, HYPERTENSION, (3,), _HOLD, "Interrupt the infusion and treat the blood pressure.", _PEOPLE_DECIDE, _DANYELZA),
    ActionRule("eye", _NAXITAMAB, ANY_VISION, _ANY, _HOLD, "Withhold the antibody until the eyes have been examined and it has resolved.", _PEOPLE_DECIDE, _DANYELZA),
    ActionRule("myocarditis", _NAXITAMAB, MYOCARDITIS, _ANY, _HOLD, "Withhold the antibody and have the heart examined.", _PEOPLE_DECIDE, _DANYELZA),
    ActionRule("severe", _NAXITAMAB, None, _SEVERE, _HOLD, "Interrupt the infusion and give supportive care.", _PEOPLE_DECIDE, _OUTCOMES),
)  # fmt: skip

_EYES: Final = SideEffect("Visual toxicity", ANY_VISION.terms | PHOTOPHOBIA.terms)
_COMMON_RULES: Final = (
    ActionRule("motor_neuropathy", None, MOTOR, (2,), _HOLD, "Withhold the antibody until it has come down, or it is known to be prolonged.", "", _COURSE_CRITERIA),
    ActionRule("eye", None, _EYES, _MILD, _HOLD, "Withhold the antibody until the eyes have recovered.", "", _COURSE_CRITERIA),
)  # fmt: skip

ACTION_RULES: Final[tuple[ActionRule, ...]] = (
    *_BETA_RULES,
    *_DINUTUXIMAB_RULES,
    *_NAXITAMAB_RULES,
    *_COMMON_RULES,
)
"""Every rule in the order in which they are read: those of one antibody before those of all."""

LIFE_THREATENING: Final = ActionRule(
    "life_threatening",
    None,
    None,
    _LIFE_THREATENING,
    Action.EMERGENCY,
    "A life-threatening side effect comes first: manage it, then decide again.",
    "",
    _OUTCOMES,
)
"""Read before every table, whichever drug it is ascribed to; the blood counts are none by themselves."""

CONTRAINDICATED_BY: Final = frozenset({"acute_3_4", "chronic_extensive"})
"""Graft-versus-host disease during which the antibody is not given."""
CONTRAINDICATION: Final = ActionRule(
    "graft_versus_host",
    _BETA,
    SideEffect("Acute graft-versus-host disease of grade 3 or 4, or extensive chronic disease", frozenset()),
    (),
    _HOLD,
    "The antibody is contraindicated while it lasts.",
    "",
    cite(QARZIBA_EMA, Tag.SOURCE_READ, "package leaflet: when it is not given"),
)
