"""The toxicity of the anti-GD2 antibodies as a page: what ends one for good, what to do, which grades, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pathway.clinical.cell_toxicity import (
    CAPD_GRADES,
    CRS_GRADES,
    FEVER_AFTER_TREATMENT,
    ICANS_GRADES,
    LOW_BLOOD_PRESSURE,
    LOW_BLOOD_PRESSURE_SOURCE,
    CellGrade,
)
from pathway.clinical.side_effects import TERMS, Term, plain_term
from pathway.clinical.terms import Antibody
from pathway.clinical.toxicity import STOP_RULES, StopRule
from pathway.clinical.toxicity_tables import (
    ACTION_RULES,
    CONTRAINDICATION,
    LIFE_THREATENING,
    Action,
    ActionRule,
)
from pathway.engine.page import TAGS, cited, table

READING = (
    "What ends an antibody for good is looked up first, for whichever event; what is asked while a side effect goes on "
    "is then read from the top of the antibody's table, and the first line that fits is taken. The gravest of both is "
    "what counts. Of an antibody that was not named the worst of the three tables is taken. A side effect ascribed to "
    "another drug ends no antibody and interrupts none, except where it is life-threatening. A grade that decides and "
    "is not known is asked for; a grade which its term does not have is no grade, and a person is told."
)
CONDITIONS = (
    "A rule with a condition waits for a person to say whether it is so: it is shown until then, and never applies by "
    "itself."
)
KINDS = (
    "Blood counts interrupt no antibody and are no emergency by themselves. What comes with the infusion is halved in "
    "rate at grade 1 or 2 under dinutuximab beta; which side effects those are is a choice of this project."
)


def toxicity_written() -> str:
    """All tables of toxicity on one Markdown page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield from ("# Toxicity of the anti-GD2 antibodies", "", READING, "", "Where a line comes from:", "")
    yield from (f"- **[{tag}]** {meaning}" for tag, meaning in TAGS)
    yield from ("", "## What a side effect can ask for", "")
    meanings = ((f"`{each}`", each.in_words) for each in Action)
    yield from table("action", "what it means", rows=meanings)
    yield from ("", "## Read before every table", "")
    yield from _actions([LIFE_THREATENING])
    for antibody in Antibody:
        yield from _antibody(antibody)
    yield from ("", "## Each anti-GD2 antibody", "", "Read after the table of the antibody.", "")
    yield from _stops(rule for rule in STOP_RULES if rule.antibody is None)
    yield ""
    yield from _actions(rule for rule in ACTION_RULES if rule.antibody is None)
    yield from ("", "## Side effects and their grades (CTCAE v5.0)", "", KINDS, "")
    yield from table("side effect", "also reported as", "grades", "kind", "source", rows=map(_term, TERMS))
    yield from _cells()


def _antibody(antibody: Antibody) -> Iterator[str]:
    name = antibody.replace("_", " ").capitalize()
    yield from ("", f"## {name}", "", f"### What ends {name.casefold()} for good", "", CONDITIONS, "")
    yield from _stops(rule for rule in STOP_RULES if rule.antibody is antibody)
    yield from ("", f"### While {name.casefold()} is given", "")
    own = [rule for rule in ACTION_RULES if rule.antibody is antibody]
    yield from _actions([*own, *([CONTRAINDICATION] if CONTRAINDICATION.antibody is antibody else [])])


def _stops(rules: Iterable[StopRule]) -> Iterator[str]:
    rows = ((rule.sentence, rule.condition or "", cited([rule.citation])) for rule in rules)
    yield from table("rule", "what a person has to have found", "source", rows=rows)


def _actions(rules: Iterable[ActionRule]) -> Iterator[str]:
    rows = (
        (rule.event, f"`{rule.action}`", rule.sentence, rule.resume, cited([rule.citation])) for rule in rules
    )
    yield from table("event", "action", "what to do", "how to go on", "source", rows=rows)


def _term(term: Term) -> tuple[str, ...]:
    others = sorted(term.terms - {plain_term(term.name)})
    grades = "<br>".join(f"**{grade}** {text}".strip() for grade, text in term.grades)
    kinds = [*(["blood count"] if term.count else []), *(["with the infusion"] if term.with_infusion else [])]
    return (
        term.name,
        ", ".join(others),
        grades or "*none of its own*",
        "".join(kinds),
        cited([term.citation]),
    )


def _cells() -> Iterator[str]:
    yield from ("", "## After CAR-T cells (ASTCT)", "")
    yield f"The worst item decides the grade. {FEVER_AFTER_TREATMENT} A grade by CTCAE is another scale."
    for heading, grades in (
        ("Cytokine release syndrome", CRS_GRADES),
        ("ICANS from 12 years", ICANS_GRADES),
        ("ICANS under 12 years", CAPD_GRADES),
    ):
        yield from ("", f"### {heading}", "")
        yield from table("grade", "what has to be so", "source", rows=map(_cell_grade, grades))
    yield from ("", f"{LOW_BLOOD_PRESSURE} {cited([LOW_BLOOD_PRESSURE_SOURCE])}")


def _cell_grade(grade: CellGrade) -> tuple[str, ...]:
    return (str(grade.grade), grade.sentence, cited([grade.citation]))
