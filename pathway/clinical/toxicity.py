"""Which side effects end an anti-GD2 antibody for good, and at which grade.

Grades are CTCAE v5.0. A stop is never cleared by software, and what ends chemotherapy is not decided here.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from pathway.clinical.evidence import (
    DANYELZA_LABEL,
    FIELD_KNOWLEDGE,
    PROJECT_DESIGN,
    QARZIBA_EMA,
    UNITUXIN_LABEL,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.regimens import REGIMENS
from pathway.clinical.side_effects import (
    ANAPHYLAXIS,
    ANY_PAIN,
    ANY_VISION,
    BLINDNESS,
    BRAIN_STEM,
    CENTRAL,
    HYPERTENSION,
    HYPONATREMIA,
    INFUSION_REACTION,
    LEAK,
    MOTOR,
    MYELITIS,
    PERIPHERAL_NEUROPATHY,
    PRES,
    RETENTION,
    SENSORY,
    SERUM_SICKNESS,
    SEVERE_CENTRAL,
    UREMIC,
    SideEffect,
    plain_term,
)
from pathway.clinical.terms import Antibody, antibody_of, is_anti_gd2, spelling


@dataclass(frozen=True, slots=True)
class StopRule:
    """One reason to stop an antibody permanently.

    `antibody` None means whichever anti-GD2 antibody was given: the stop is for that one, what it means for
    the others is a person's choice. `min_grade` None means whatever the grade. `condition` is what a person
    must have found beside term and grade; a rule with a condition never applies by itself.
    """

    effect: SideEffect
    antibody: Antibody | None
    min_grade: int | None
    condition: str | None
    citation: Citation

    @property
    def sentence(self) -> str:
        """The rule as people read it."""
        grade = ", whatever its grade," if self.min_grade is None else f" of grade {self.min_grade} or more"
        condition = f" if {self.condition}" if self.condition else ""
        ended = "the anti-GD2 antibody" if self.antibody is None else self.antibody.replace("_", " ")
        return f"{self.effect.name}{grade} ends {ended} for good{condition}."


_DINUTUXIMAB = Antibody.DINUTUXIMAB
_BETA = Antibody.DINUTUXIMAB_BETA
_NAXITAMAB = Antibody.NAXITAMAB

_UNITUXIN = cite(UNITUXIN_LABEL, Tag.SOURCE_READ, "permanent discontinuation")
_UNITUXIN_UNREAD = cite(UNITUXIN_LABEL, Tag.UNVERIFIED, "permanent discontinuation")
_QARZIBA = cite(QARZIBA_EMA, Tag.UNVERIFIED, "section 4.2, permanent discontinuation")
_DANYELZA = cite(DANYELZA_LABEL, Tag.UNVERIFIED, "dose modification table")
_IN_ALL_LABELS = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "stopped under each of the three antibodies")
_NEUROTOXICITY = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "severe central neurotoxicity")
_UNGRADED = cite(PROJECT_DESIGN, Tag.DESIGN, "permanent stops whatever the grade")

_UNCONTROLLED = "maximum supportive measures do not control it"
_DESPITE_FLUIDS = "fluid management did not correct it"

STOP_RULES: Final[tuple[StopRule, ...]] = (
    StopRule(ANAPHYLAXIS, _DINUTUXIMAB, 3, None, _UNITUXIN),
    StopRule(SERUM_SICKNESS, _DINUTUXIMAB, 3, None, _UNITUXIN),
    StopRule(ANY_PAIN, _DINUTUXIMAB, 3, _UNCONTROLLED, _UNITUXIN),
    StopRule(SENSORY, _DINUTUXIMAB, 4, None, _UNITUXIN),
    StopRule(SENSORY, _DINUTUXIMAB, 3, "it limits daily activities for over two weeks", _UNITUXIN),
    StopRule(MOTOR, _DINUTUXIMAB, 2, None, _UNITUXIN),
    StopRule(RETENTION, _DINUTUXIMAB, None, "it persists after opioids were stopped", _UNITUXIN),
    StopRule(MYELITIS, _DINUTUXIMAB, None, None, _UNITUXIN),
    StopRule(PRES, _DINUTUXIMAB, None, None, _UNITUXIN),
    StopRule(BLINDNESS, _DINUTUXIMAB, None, None, _UNITUXIN),
    StopRule(ANY_VISION, _DINUTUXIMAB, None, "vision is lost totally or nearly so", _UNITUXIN),
    StopRule(HYPONATREMIA, _DINUTUXIMAB, 4, _DESPITE_FLUIDS, _UNITUXIN),
    StopRule(UREMIC, _DINUTUXIMAB, None, None, _UNITUXIN_UNREAD),
    StopRule(ANAPHYLAXIS, _BETA, 3, None, _QARZIBA),
    StopRule(PERIPHERAL_NEUROPATHY, _BETA, 3, None, _QARZIBA),
    StopRule(MOTOR, _BETA, 2, "it is prolonged", _QARZIBA),
    StopRule(ANY_VISION, _BETA, 3, None, _QARZIBA),
    StopRule(HYPONATREMIA, _BETA, 4, _DESPITE_FLUIDS, _QARZIBA),
    StopRule(LEAK, _BETA, 4, None, _QARZIBA),
    StopRule(LEAK, _BETA, None, "it is recurrent", _QARZIBA),
    StopRule(INFUSION_REACTION, _NAXITAMAB, 4, None, _DANYELZA),
    StopRule(ANAPHYLAXIS, _NAXITAMAB, 3, None, _DANYELZA),
    StopRule(ANY_PAIN, _NAXITAMAB, 3, _UNCONTROLLED, _DANYELZA),
    StopRule(PRES, _NAXITAMAB, None, None, _DANYELZA),
    StopRule(MYELITIS, _NAXITAMAB, None, None, _DANYELZA),
    StopRule(MOTOR, _NAXITAMAB, 2, None, _DANYELZA),
    StopRule(SENSORY, _NAXITAMAB, 3, None, _DANYELZA),
    StopRule(RETENTION, _NAXITAMAB, None, "it persists", _DANYELZA),
    StopRule(HYPERTENSION, _NAXITAMAB, 4, None, _DANYELZA),
    StopRule(BLINDNESS, _NAXITAMAB, None, None, _DANYELZA),
    StopRule(MYELITIS, None, None, None, _UNGRADED),
    StopRule(PRES, None, None, None, _UNGRADED),
    StopRule(BRAIN_STEM, None, None, None, _UNGRADED),
    StopRule(SEVERE_CENTRAL, None, None, None, _NEUROTOXICITY),
    StopRule(CENTRAL, None, 3, None, _NEUROTOXICITY),
    StopRule(ANAPHYLAXIS, None, 3, None, _IN_ALL_LABELS),
    StopRule(MOTOR, None, 3, None, _IN_ALL_LABELS),
    StopRule(SENSORY, None, 4, None, _IN_ALL_LABELS),
)
"""Every rule in the order in which they are read: those of one antibody before those of all."""

Judged: TypeAlias = bool | None
"""Whether a person found a condition met; None while nobody has said."""

_HIGHEST_GRADE: Final = 5
_OTHER_AGENTS: Final = frozenset(
    agent for regimen in REGIMENS.values() for agent in regimen.agents if not is_anti_gd2(agent)
)


_BY_TERM: Final = {
    term: tuple(rule for rule in STOP_RULES if term in rule.effect.terms)
    for term in sorted(frozenset().union(*(rule.effect.terms for rule in STOP_RULES)))
}


def concerns_antibody(agent: str | None, antibody: Antibody | None) -> bool | None:
    """Whether a side effect ascribed to `agent` is one of `antibody` (None: of any); None while that is not known."""
    if agent is not None and spelling(agent) in _OTHER_AGENTS:
        return False
    if antibody is None:
        return True
    named = None if agent is None else antibody_of(agent)
    return None if named is None else named is antibody


def _reaches(rule: StopRule, grade: int | None) -> bool | None:
    if rule.min_grade is None:
        return True
    return None if grade is None else grade >= rule.min_grade


def _applies(rule: StopRule, grade: int | None, agent: str | None, condition_met: Judged) -> bool | None:
    met = condition_met if rule.condition else True
    parts = (concerns_antibody(agent, rule.antibody), _reaches(rule, grade), met)
    if False in parts:
        return False
    return None if None in parts else True


def stop_rule(
    term: str,
    grade: int | None,
    agent: str | None,
    condition_met: Judged = None,
) -> StopRule | None:
    """The rule by which this side effect ends the antibody for good, or None.

    `grade` is CTCAE v5.0; a rule that asks for a grade does not apply while it is unknown, and one with a condition
    applies once a person has found it met. An agent which is not given, or not known here, may be any antibody:
    then the rules for all of them apply. A side effect ascribed to another drug ends no antibody.
    """
    rules = _BY_TERM.get(plain_term(term), ())
    return next((rule for rule in rules if _applies(rule, grade, agent, condition_met)), None)


def could_stop(term: str, agent: str | None, condition_met: Judged = None) -> bool:
    """Whether it hangs on the unknown grade of this side effect if the antibody must end for good."""
    now, at_worst = (stop_rule(term, grade, agent, condition_met) for grade in (None, _HIGHEST_GRADE))
    return now is None and at_worst is not None


def pending_stop_rules(
    term: str,
    grade: int | None,
    agent: str | None,
    condition_met: Judged = None,
) -> tuple[StopRule, ...]:
    """The rules that would end the antibody if the grade, the agent or the condition they ask for were so.

    Empty when `stop_rule` already finds one: then nothing is open any more.
    """
    if stop_rule(term, grade, agent, condition_met) is not None:
        return ()
    rules = _BY_TERM.get(plain_term(term), ())
    return tuple(rule for rule in rules if _applies(rule, grade, agent, condition_met) is None)
