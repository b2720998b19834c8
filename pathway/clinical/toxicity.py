"""Which side effects end an anti-GD2 antibody for good, and at which grade.

Grades are CTCAE v5.0. A stop is never cleared by software, and what ends chemotherapy is not decided here.
"""

from dataclasses import dataclass
from typing import Final

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
from pathway.clinical.terms import Antibody, antibody_of, is_anti_gd2, spelling


def plain_term(term: str) -> str:
    """The one spelling of a side effect: lower case, single spaces, no hyphens, American vowels."""
    plain = " ".join(term.casefold().replace("-", " ").replace("_", " ").split())
    return plain.replace("ae", "e").replace("oe", "e")


@dataclass(frozen=True, slots=True)
class SideEffect:
    """A side effect as people say it, and the spellings in which it is reported."""

    name: str
    terms: frozenset[str]


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


def _effect(name: str, *others: str) -> SideEffect:
    return SideEffect(name, frozenset(plain_term(term) for term in (name, *others)))


_ANAPHYLAXIS = _effect("Anaphylaxis", "anaphylactic reaction", "anaphylactic shock")
_SERUM_SICKNESS = _effect("Serum sickness")
_INFUSION_REACTION = _effect("Infusion-related reaction")
_LEAK = _effect("Capillary leak syndrome", "capillary leak")
_HYPERTENSION = _effect("Hypertension")
_HYPONATREMIA = _effect("Hyponatraemia")
_UREMIC = _effect("Atypical haemolytic uraemic syndrome", "haemolytic uraemic syndrome")
_RETENTION = _effect("Urinary retention")
_PAIN = _effect("Pain", "neuralgia", "neuropathic pain")
_MOTOR = _effect("Motor neuropathy", "peripheral motor neuropathy")
_SENSORY = _effect("Sensory neuropathy", "peripheral sensory neuropathy")
_PERIPHERAL = SideEffect(
    "Peripheral neuropathy", _effect("peripheral neuropathy").terms | _MOTOR.terms | _SENSORY.terms
)
_BLINDNESS = _effect(
    "Subtotal or total loss of vision", "blindness", "total vision loss", "subtotal vision loss"
)
_VISION = _effect(
    "Visual toxicity", "vision decreased", "blurred vision", "vision loss", "visual loss", *_BLINDNESS.terms
)
_MYELITIS = _effect("Transverse myelitis", "myelitis")
_PRES = _effect(
    "Posterior reversible encephalopathy",
    "posterior reversible encephalopathy syndrome",
    "reversible posterior leukoencephalopathy syndrome",
    "PRES",
    "RPLS",
)
_BRAIN_STEM = _effect("Brain-stem oedema", "brainstem oedema", "oedema of the brain stem")
_CENTRAL = _effect("Central neurotoxicity", "CNS neurotoxicity", "central nervous system neurotoxicity")
_SEVERE_CENTRAL = _effect("Severe central neurotoxicity", *(f"severe {term}" for term in _CENTRAL.terms))

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
    StopRule(_ANAPHYLAXIS, _DINUTUXIMAB, 3, None, _UNITUXIN),
    StopRule(_SERUM_SICKNESS, _DINUTUXIMAB, 3, None, _UNITUXIN),
    StopRule(_PAIN, _DINUTUXIMAB, 3, _UNCONTROLLED, _UNITUXIN),
    StopRule(_SENSORY, _DINUTUXIMAB, 4, None, _UNITUXIN),
    StopRule(_SENSORY, _DINUTUXIMAB, 3, "it limits daily activities for over two weeks", _UNITUXIN),
    StopRule(_MOTOR, _DINUTUXIMAB, 2, None, _UNITUXIN),
    StopRule(_RETENTION, _DINUTUXIMAB, None, "it persists after opioids were stopped", _UNITUXIN),
    StopRule(_MYELITIS, _DINUTUXIMAB, None, None, _UNITUXIN),
    StopRule(_PRES, _DINUTUXIMAB, None, None, _UNITUXIN),
    StopRule(_BLINDNESS, _DINUTUXIMAB, None, None, _UNITUXIN),
    StopRule(_VISION, _DINUTUXIMAB, None, "vision is lost totally or nearly so", _UNITUXIN),
    StopRule(_HYPONATREMIA, _DINUTUXIMAB, 4, _DESPITE_FLUIDS, _UNITUXIN),
    StopRule(_UREMIC, _DINUTUXIMAB, None, None, _UNITUXIN_UNREAD),
    StopRule(_ANAPHYLAXIS, _BETA, 3, None, _QARZIBA),
    StopRule(_PERIPHERAL, _BETA, 3, None, _QARZIBA),
    StopRule(_MOTOR, _BETA, 2, "it is prolonged", _QARZIBA),
    StopRule(_VISION, _BETA, 3, None, _QARZIBA),
    StopRule(_HYPONATREMIA, _BETA, 4, _DESPITE_FLUIDS, _QARZIBA),
    StopRule(_LEAK, _BETA, 4, None, _QARZIBA),
    StopRule(_LEAK, _BETA, None, "it is recurrent", _QARZIBA),
    StopRule(_INFUSION_REACTION, _NAXITAMAB, 4, None, _DANYELZA),
    StopRule(_ANAPHYLAXIS, _NAXITAMAB, 3, None, _DANYELZA),
    StopRule(_PAIN, _NAXITAMAB, 3, _UNCONTROLLED, _DANYELZA),
    StopRule(_PRES, _NAXITAMAB, None, None, _DANYELZA),
    StopRule(_MYELITIS, _NAXITAMAB, None, None, _DANYELZA),
    StopRule(_MOTOR, _NAXITAMAB, 2, None, _DANYELZA),
    StopRule(_SENSORY, _NAXITAMAB, 3, None, _DANYELZA),
    StopRule(_RETENTION, _NAXITAMAB, None, "it persists", _DANYELZA),
    StopRule(_HYPERTENSION, _NAXITAMAB, 4, None, _DANYELZA),
    StopRule(_MYELITIS, None, None, None, _UNGRADED),
    StopRule(_PRES, None, None, None, _UNGRADED),
    StopRule(_BRAIN_STEM, None, None, None, _UNGRADED),
    StopRule(_SEVERE_CENTRAL, None, None, None, _NEUROTOXICITY),
    StopRule(_CENTRAL, None, 3, None, _NEUROTOXICITY),
    StopRule(_ANAPHYLAXIS, None, 3, None, _IN_ALL_LABELS),
    StopRule(_MOTOR, None, 3, None, _IN_ALL_LABELS),
    StopRule(_SENSORY, None, 4, None, _IN_ALL_LABELS),
)
"""Every rule in the order in which they are read: those of one antibody before those of all."""

_HIGHEST_GRADE: Final = 5
_OTHER_AGENTS: Final = frozenset(
    agent for regimen in REGIMENS.values() for agent in regimen.agents if not is_anti_gd2(agent)
)


_BY_TERM: Final = {
    term: tuple(rule for rule in STOP_RULES if term in rule.effect.terms)
    for term in sorted(frozenset().union(*(rule.effect.terms for rule in STOP_RULES)))
}


def _concerns(rule: StopRule, agent: str | None) -> bool | None:
    if agent is not None and spelling(agent) in _OTHER_AGENTS:
        return False
    if rule.antibody is None:
        return True
    antibody = None if agent is None else antibody_of(agent)
    return None if antibody is None else antibody is rule.antibody


def _reaches(rule: StopRule, grade: int | None) -> bool | None:
    if rule.min_grade is None:
        return True
    return None if grade is None else grade >= rule.min_grade


def _applies(rule: StopRule, grade: int | None, agent: str | None) -> bool | None:
    parts = (_concerns(rule, agent), _reaches(rule, grade), None if rule.condition else True)
    if False in parts:
        return False
    return None if None in parts else True


def stop_rule(term: str, grade: int | None, agent: str | None) -> StopRule | None:
    """The rule by which this side effect ends the antibody for good, or None.

    `grade` is CTCAE v5.0; a rule that asks for a grade does not apply while it is unknown. An agent which is
    not given, or not known here, may be any antibody: then the rules for all of them apply. A side effect
    ascribed to another drug ends no antibody.
    """
    rules = _BY_TERM.get(plain_term(term), ())
    return next((rule for rule in rules if _applies(rule, grade, agent)), None)


def could_stop(term: str, agent: str | None) -> bool:
    """Whether it hangs on the unknown grade of this side effect if the antibody must end for good."""
    return stop_rule(term, None, agent) is None and stop_rule(term, _HIGHEST_GRADE, agent) is not None


def pending_stop_rules(term: str, grade: int | None, agent: str | None) -> tuple[StopRule, ...]:
    """The rules that would end the antibody if the grade, the agent or the condition they ask for were so.

    Empty when `stop_rule` already finds one: then nothing is open any more.
    """
    if stop_rule(term, grade, agent) is not None:
        return ()
    rules = _BY_TERM.get(plain_term(term), ())
    return tuple(rule for rule in rules if _applies(rule, grade, agent) is None)
