"""The toxicity of the anti-GD2 antibodies as a page: what ends one for good, what to do, which grades."""

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
from pathway.engine.document import (
    Block,
    Cell,
    Heading,
    Line,
    Paragraph,
    Table,
    cited,
    cited_once,
    code,
    emphasis,
    lines,
    numbered,
    strong,
    table,
)
from pathway.engine.markdown import as_markdown
from pathway.engine.page import provenance

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
    return as_markdown(toxicity_page())


def toxicity_page() -> tuple[Block, ...]:
    """All tables of toxicity on one page."""
    return tuple(numbered(_page()))


def _page() -> Iterator[Block]:
    yield from (Heading(1, "Toxicity of the anti-GD2 antibodies"), Paragraph(READING))
    yield from provenance()
    yield Heading(2, "What a side effect can ask for")
    yield table("action", "what it means", rows=((code(each), each.in_words) for each in Action))
    yield Heading(2, "Read before every table")
    yield _actions([LIFE_THREATENING])
    for antibody in Antibody:
        yield from _antibody(antibody)
    yield from (Heading(2, "Each anti-GD2 antibody"), Paragraph("Read after the table of the antibody."))
    yield _stops(rule for rule in STOP_RULES if rule.antibody is None)
    yield _actions(rule for rule in ACTION_RULES if rule.antibody is None)
    yield from (Heading(2, "Side effects and their grades (CTCAE v5.0)"), Paragraph(KINDS))
    yield table("side effect", "also reported as", "grades", "kind", "source", rows=map(_term, TERMS))
    yield from _cells()


def _antibody(antibody: Antibody) -> Iterator[Block]:
    name = antibody.replace("_", " ").capitalize()
    yield from (Heading(2, name), Heading(3, f"What ends {name.casefold()} for good"), Paragraph(CONDITIONS))
    yield _stops(rule for rule in STOP_RULES if rule.antibody is antibody)
    yield Heading(3, f"While {name.casefold()} is given")
    own = [rule for rule in ACTION_RULES if rule.antibody is antibody]
    yield _actions([*own, *([CONTRAINDICATION] if CONTRAINDICATION.antibody is antibody else [])])


def _stops(rules: Iterable[StopRule]) -> Table:
    rows = ((rule.sentence, rule.condition or "", cited([rule.citation])) for rule in rules)
    return table("rule", "what a person has to have found", "source", rows=rows)


def _actions(rules: Iterable[ActionRule]) -> Table:
    rows = (
        (rule.event, code(rule.action), rule.sentence, rule.resume, cited([rule.citation])) for rule in rules
    )
    return table("event", "action", "what to do", "how to go on", "source", rows=rows)


def _term(term: Term) -> tuple[Cell, ...]:
    others = sorted(term.terms - {plain_term(term.name)})
    kinds = [*(["blood count"] if term.count else []), *(["with the infusion"] if term.with_infusion else [])]
    return (
        term.name,
        ", ".join(others),
        lines(*(_grade(*each) for each in term.grades)) if term.grades else emphasis("none of its own"),
        "".join(kinds),
        cited([term.citation]),
    )


def _grade(grade: int, text: str) -> Line:
    return (strong(str(grade)), f" {text}") if text else strong(str(grade))


def _cells() -> Iterator[Block]:
    yield Heading(2, "After CAR-T cells (ASTCT)")
    yield Paragraph(
        f"The worst item decides the grade. {FEVER_AFTER_TREATMENT} A grade by CTCAE is another scale."
    )
    for heading, grades in (
        ("Cytokine release syndrome", CRS_GRADES),
        ("ICANS from 12 years", ICANS_GRADES),
        ("ICANS under 12 years", CAPD_GRADES),
    ):
        yield Heading(3, heading)
        yield table("grade", "what has to be so", "source", rows=map(_cell_grade, grades))
    yield Paragraph((f"{LOW_BLOOD_PRESSURE} ", *cited_once(LOW_BLOOD_PRESSURE_SOURCE)))


def _cell_grade(grade: CellGrade) -> tuple[Cell, ...]:
    return (str(grade.grade), grade.sentence, cited([grade.citation]))
