"""What a side effect asks for while it goes on: proceed, modify, hold, end for today, delay, stop, or an emergency.

The rule for life-threatening side effects and what ends an antibody for good, or else the first line that fits in the
table of the antibody, are all kept; the gravest counts. Of an antibody that was not named each is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pathway.clinical.side_effects import is_blood_count, plain_term, possible_grades
from pathway.clinical.terms import Antibody
from pathway.clinical.toxicity import Judged, StopRule, concerns_antibody, stop_rule
from pathway.clinical.toxicity_tables import (
    ACTION_RULES,
    EMERGENCY_GRADE,
    LIFE_THREATENING,
    Action,
    ActionRule,
)

Rule: TypeAlias = ActionRule | StopRule


@dataclass(frozen=True, slots=True)
class Asked:
    """What one side effect asks for: the action, and every rule behind it, the gravest first."""

    action: Action
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """A side effect as it goes on; `grade` None is not known, `recurrent` that it was severe before as well."""

    term: str
    grade: int | None
    agent: str | None
    recurrent: bool = False
    condition_met: Judged = None


def asked(happening: Happening) -> Asked:
    """What a side effect asks for while it goes on.

    Without a grade it asks for what each grade it may have asks for; where they differ the grade decides, and the
    action is unknown, or to hold if even the mildest interrupts.
    """
    if happening.grade is not None:
        return _asked(happening, happening.grade)
    each = [_asked(happening, grade) for grade in possible_grades(happening.term)]
    mildest, gravest = (pick(each, key=lambda found: found.action.gravity) for pick in (min, max))
    if mildest.action.gravity >= Action.HOLD.gravity:
        common = tuple(rule for rule in mildest.rules if all(rule in found.rules for found in each))
        return Asked(Action.HOLD, common)
    return mildest if mildest.action is gravest.action else Asked(Action.UNKNOWN, gravest.rules)


def _asked(happening: Happening, grade: int) -> Asked:
    rules = tuple(sorted(_applying(happening, grade), key=lambda rule: action_of(rule).gravity, reverse=True))
    return Asked(action_of(rules[0]) if rules else Action.PROCEED, rules)


def action_of(rule: Rule) -> Action:
    """What a rule asks for."""
    return rule.action if isinstance(rule, ActionRule) else Action.STOP_AGENT


def _applying(happening: Happening, grade: int) -> Iterator[Rule]:
    if grade >= EMERGENCY_GRADE and not is_blood_count(happening.term):
        yield LIFE_THREATENING
    stop = stop_rule(happening.term, grade, happening.agent, happening.condition_met)
    if stop is not None:
        yield stop
        return
    may_be = [each for each in Antibody if concerns_antibody(happening.agent, each) is not False]
    yield from dict.fromkeys(
        rule for antibody in may_be if (rule := _first(antibody, happening, grade)) is not None
    )


def _first(antibody: Antibody, happening: Happening, grade: int) -> ActionRule | None:
    table = (rule for rule in ACTION_RULES if rule.antibody in (antibody, None))
    return next((rule for rule in table if _fits(rule, happening, grade)), None)


def _fits(rule: ActionRule, happening: Happening, grade: int) -> bool:
    if rule.effect is None:
        named = not is_blood_count(happening.term)
    else:
        named = plain_term(happening.term) in rule.effect.terms
    return named and grade in rule.grades and (happening.recurrent or not rule.recurrent)
