"""Where a treatment leaves the label of its antibody, and what else about it has to be answered with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pathway.clinical.evidence import (
    DANYELZA_LABEL,
    MODY_2017,
    NCI_PDQ_2025,
    NHS_DIN1,
    PROJECT_DESIGN,
    QARZIBA_EMA,
    QARZIBA_SWISS,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.terms import Antibody, antibody_of, is_anti_gd2, spelling

YOUNGEST_MONTHS: Final = 12
"""The age from which dinutuximab beta is labelled, in months [S, label]."""


@dataclass(frozen=True, slots=True)
class Disease:
    """The state of the disease as labels ask for it; None stands for what is not known."""

    progressing: bool
    response: str | None
    """The response to the latest treatment."""
    local_only: bool | None
    age_months: int | None
    earlier_anti_gd2: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a treatment does against a label, or against the default of this pathway."""

    name: str
    sentence: str
    because: Citation


_PROGRESSING: Final = "off_label_active_progression"
_S: Final = Tag.SOURCE_READ
STABILISE_FIRST: Final = Conflict(
    _PROGRESSING,
    "Dinutuximab beta: its European label asks for actively progressing disease to be stabilised by other measures "
    "first.",
    cite(QARZIBA_EMA, _S, "section 4.1, relapsed disease"),
)
NOT_WHILE_PROGRESSING: Final = Conflict(
    _PROGRESSING,
    "Dinutuximab beta: its Swiss label excludes actively progressing disease, and knows it with isotretinoin or "
    "alone, not with chemotherapy.",
    cite(QARZIBA_SWISS, _S, "indication"),
)
NO_RESPONSE_YET: Final = Conflict(
    _PROGRESSING,
    "Naxitamab: its label asks for a partial response, a minor response or stable disease after earlier treatment.",
    cite(DANYELZA_LABEL, _S, "indication"),
)
NO_LABEL_READ: Final = Conflict(
    _PROGRESSING,
    "Dinutuximab, and any antibody that was not named: no label that was read covers it with chemotherapy during "
    "active progression.",
    cite(PROJECT_DESIGN, Tag.DESIGN, "label conflicts"),
)
NAXITAMAB_DISEASE: Final = Conflict(
    "off_label_naxitamab_disease",
    "Naxitamab: its label is for disease in bone or bone marrow that responded in part or in a minor way or is "
    "stable.",
    cite(DANYELZA_LABEL, _S, "indication"),
)
TOO_YOUNG: Final = Conflict(
    "off_label_age",
    f"Dinutuximab beta: its label begins at {YOUNGEST_MONTHS} months of age.",
    cite(QARZIBA_EMA, _S, "age"),
)
INTERLEUKIN: Final = Conflict(
    "off_label_interleukin_2",
    "Interleukin-2 with the antibody is off by default: later evidence shows more side effects and no benefit.",
    cite(NCI_PDQ_2025, _S, "dinutuximab beta with or without interleukin-2"),
)
EARLIER_ANTIBODY: Final = Conflict(
    "earlier_anti_gd2",
    "An anti-GD2 antibody was given before: trials allowed that, who pays for it may not.",
    cite(NHS_DIN1, _S, "no earlier anti-GD2 antibody, first line"),
)
EARLIER_ANTIBODY_IN_TRIALS: Final = cite(MODY_2017, _S, "earlier anti-GD2 antibody allowed")
"""Information only: it asks for no reason."""


def off_label(agents: Iterable[str], disease: Disease) -> tuple[Conflict, ...]:
    """Every conflict of giving these agents now, in the order of the conflicts above."""
    named = {spelling(agent) for agent in agents}
    antibodies = {agent for agent in named if is_anti_gd2(agent)}
    found = [each for agent in sorted(antibodies) for each in _of_antibody(antibody_of(agent), disease)]
    if antibodies and named & {"il_2", "interleukin_2", "aldesleukin"}:
        found.append(INTERLEUKIN)
    return tuple(dict.fromkeys(found))


def _of_antibody(antibody: Antibody | None, disease: Disease) -> Iterable[Conflict]:
    if antibody is Antibody.DINUTUXIMAB_BETA:
        if disease.progressing:
            yield from (STABILISE_FIRST, NOT_WHILE_PROGRESSING)
        if disease.age_months is not None and disease.age_months < YOUNGEST_MONTHS:
            yield TOO_YOUNG
    elif antibody is Antibody.NAXITAMAB:
        if disease.progressing:
            yield NO_RESPONSE_YET
        elif disease.local_only or disease.response in ("CR", "NED"):
            yield NAXITAMAB_DISEASE
    elif disease.progressing:
        yield NO_LABEL_READ
