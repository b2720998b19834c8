"""The tables of medicine which the findings rest on, as part of the definition: a rule that changes changes the version.

They are the rules themselves, written as statements; people read them on pages of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pathway.clinical.cell_toxicity import CAPD_GRADES, CRS_GRADES, ICANS_GRADES
from pathway.clinical.component_rules import POLICIES
from pathway.clinical.components import COMBINED, TABLES
from pathway.clinical.inrc import RULES
from pathway.clinical.side_effects import TERMS
from pathway.clinical.toxicity import STOP_RULES
from pathway.clinical.toxicity_tables import ACTION_RULES, CONTRAINDICATION, LIFE_THREATENING
from pathway.engine.chapters import Chapter, Remark

_COLUMNS: Final = ("rule", "what it says")


def _table(heading: str, introduction: str, remarks: Iterable[Remark]) -> Chapter:
    return Chapter(heading, introduction, _COLUMNS, tuple(remarks))


MEDICINE: Final = (
    _table(
        "The response by INRC 2017, component by component",
        "Read from the top: the first row that holds rates the component.",
        (
            *(
                Remark(each.id, f"{each.rating.value}: {each.sentence}", each.citation)
                for rules in TABLES.values()
                for each in rules
            ),
            *(Remark(each.id, f"{each.rating.value}: {each.sentence}", each.citation) for each in COMBINED),
        ),
    ),
    _table(
        "The response by INRC 2017, the components together",
        "Read from the top: the first row that holds is the response.",
        (Remark(each.id, f"{each.overall.value}: {each.sentence}", each.citation) for each in RULES),
    ),
    _table(
        "What INRC 2017 leaves open",
        "How each question is read in this version.",
        (Remark(each.id, f"{each.question} {each.reading}", each.citation) for each in POLICIES.values()),
    ),
    _table(
        "What ends an anti-GD2 antibody for good",
        "Looked up first, for whichever event.",
        (
            Remark(each.effect.name, each.sentence, each.citation)
            for each in STOP_RULES
        ),
    ),
    _table(
        "What a side effect asks for while an antibody is given",
        "Read from the top of the antibody's table: the first line that fits is taken.",
        (
            Remark(
                f"{each.antibody or 'each antibody'}: {each.event}",
                f"{each.action}: {each.sentence} {each.resume}".rstrip(),
                each.citation,
            )
            for each in (LIFE_THREATENING, *ACTION_RULES, CONTRAINDICATION)
        ),
    ),
    _table(
        "Side effects and their grades",
        "CTCAE v5.0.",
        (
            Remark(each.name, "; ".join(f"{grade}: {text}" for grade, text in each.grades), each.citation)
            for each in TERMS
        ),
    ),
    _table(
        "Side effects of CAR-T cells and their grades",
        "ASTCT: the worst item decides.",
        (
            Remark(f"{name}, grade {each.grade}", each.sentence, each.citation)
            for name, grades in (
                ("Cytokine release syndrome", CRS_GRADES),
                ("ICANS from 12 years", ICANS_GRADES),
                ("ICANS under 12 years", CAPD_GRADES),
            )
            for each in grades
        ),
    ),
)  # fmt: skip
