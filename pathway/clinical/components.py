"""The rating of one INRC 2017 component from its measurements, and how it stands beside what was reported.

`rate` derives; `component_in_force` weighs the derived rating against a reported one. `ALL_RULES` are the rows
of all tables by id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from pathway.clinical.bone_metastases import BONE_RULES, bone_warnings, bone_went
from pathway.clinical.component_rules import (
    BY_DEFAULT,
    MIXED,
    POLICIES,
    ComponentResponse,
    ComponentRule,
    Otherwise,
    Readings,
    by_rule,
    design,
    not_evaluable,
    read_table,
)
from pathway.clinical.evidence import Citation
from pathway.clinical.marrow import MARROW_RULES, marrow_warnings
from pathway.clinical.measurements import Measurements
from pathway.clinical.primary import PRIMARY_RULES, primary_warnings
from pathway.clinical.soft_tissue_metastases import (
    SOFT_TISSUE_RULES,
    soft_tissue_warnings,
    soft_tissue_went,
)
from pathway.clinical.terms import Component, ComponentRating

CR, PR, MD, SD, PD, NI, NE = ComponentRating


@dataclass(frozen=True, slots=True)
class CombinationRule:
    """How soft tissue and bone make one rating where both were involved, or neither."""

    id: str
    rating: ComponentRating
    sentence: str
    citation: Citation
    among: frozenset[ComponentRating]
    """The row fits when both parts are rated like this."""


_TOGETHER: Final = design("soft tissue and bone together")

COMBINED: Final[tuple[CombinationRule, ...]] = (
    CombinationRule(
        "M1", NI, "Neither soft tissue nor bone was involved, and neither is now.", _TOGETHER, frozenset({NI})
    ),
    CombinationRule("M2", CR, "Complete response of soft tissue and of bone.", _TOGETHER, frozenset({CR})),
    CombinationRule(
        "M3", PR, "Soft tissue and bone both respond, not both completely.", _TOGETHER, frozenset({CR, PR})
    ),
    CombinationRule(
        "M4", SD, "Stable disease in soft tissue or bone keeps the component at stable disease.", _TOGETHER,
        frozenset({CR, PR, SD}),
    ),
)  # fmt: skip
"""Soft tissue with bone, read from the top; progression of either comes before, and the one that is involved
decides alone."""

TABLES: Final[Mapping[str, tuple[ComponentRule, ...]]] = MappingProxyType(
    {
        "primary": PRIMARY_RULES,
        "soft_tissue": SOFT_TISSUE_RULES,
        "bone": BONE_RULES,
        "bone_marrow": MARROW_RULES,
    }
)
"""The tables in the order in which people read them."""

ALL_RULES: Final[Mapping[str, ComponentRule | CombinationRule]] = MappingProxyType(
    {rule.id: rule for table in TABLES.values() for rule in table} | {row.id: row for row in COMBINED}
)

_BELONGING: Final[Mapping[Component, frozenset[str]]] = MappingProxyType(
    {
        Component.PRIMARY: frozenset(
            {"involved_at_baseline", "new_lesions", "longest_diameter_mm", "uptake", "mibg_nonavid"}
        ),
        Component.METASTATIC: frozenset(Measurements.model_fields)
        - {"longest_diameter_mm", "infiltration_percent", "marrow_samples", "bilateral"},
        Component.BONE_MARROW: frozenset(
            {"involved_at_baseline", "infiltration_percent", "marrow_samples", "bilateral"}
        ),
    }
)
"""The measurements which the rules of a component read."""


def rate(
    component: Component, measured: Measurements, otherwise: Otherwise = BY_DEFAULT
) -> ComponentResponse:
    """What the measurements of `component` show; the reporter's own rating is not looked at.

    `otherwise` are the policies read the other way than by default.
    """
    derive = _DERIVED[component]
    readings = Readings(otherwise)
    answer = derive(measured, readings)
    decided = tuple(
        POLICIES[name].turned() if name in otherwise else POLICIES[name]
        for name in sorted({*readings.came_up})
        if derive(measured, Readings(otherwise ^ {name})).rating is not answer.rating
    )
    warnings = (*_warnings(component, measured, answer.rating), *_not_read(component, measured))
    return replace(answer, policies=decided, warnings=warnings)


def _by_table(
    table: tuple[ComponentRule, ...], measured: Measurements, readings: Readings
) -> ComponentResponse:
    decided = read_table(table, measured, readings)
    return not_evaluable(decided) if isinstance(decided, tuple) else by_rule(decided, measured)


def _primary(measured: Measurements, readings: Readings) -> ComponentResponse:
    return _by_table(PRIMARY_RULES, measured, readings)


def _marrow(measured: Measurements, readings: Readings) -> ComponentResponse:
    return _by_table(MARROW_RULES, measured, readings)


def metastatic_parts(measured: Measurements) -> Mapping[str, ComponentResponse]:
    """The metastases in soft tissue and in bone, each by its own table: whichever of them decides, both are told."""
    readings = Readings(BY_DEFAULT)
    return {part: _by_table(TABLES[part], measured, readings) for part in ("soft_tissue", "bone")}


def _metastatic(measured: Measurements, readings: Readings) -> ComponentResponse:
    soft = _by_table(SOFT_TISSUE_RULES, measured, readings)
    bone = _by_table(BONE_RULES, measured, readings)
    answer = _together(soft, bone)
    went = soft_tissue_went(measured, soft.rating), bone_went(measured, bone.rating)
    if measured.mixed or (any(better for better, _ in went) and any(worse for _, worse in went)):
        answer = replace(answer, flags=(*answer.flags, MIXED))
    return answer


def _together(soft: ComponentResponse, bone: ComponentResponse) -> ComponentResponse:
    progressed = [part for part in (soft, bone) if part.rating is PD]
    if progressed:
        confirmed = [part for part in progressed if not part.flags]
        return (confirmed or progressed)[0]
    if missing := tuple(dict.fromkeys((*soft.missing, *bone.missing))):
        return not_evaluable(missing)
    if (soft.rating is NI) != (bone.rating is NI):
        return bone if soft.rating is NI else soft
    row = next(row for row in COMBINED if {soft.rating, bone.rating} <= row.among)
    sentence = (
        f"{row.sentence} Soft tissue ({soft.rule}): {soft.sentence} Bone ({bone.rule}): {bone.sentence}"
    )
    return ComponentResponse(row.rating, row.id, sentence, row.citation)


_DERIVED: Final = MappingProxyType(
    {Component.PRIMARY: _primary, Component.METASTATIC: _metastatic, Component.BONE_MARROW: _marrow}
)


def _warnings(component: Component, measured: Measurements, rating: ComponentRating) -> tuple[str, ...]:
    if component is Component.BONE_MARROW:
        return marrow_warnings(measured, rating)
    if component is Component.PRIMARY:
        told, length = primary_warnings(measured, rating), measured.longest_diameter_mm
    else:
        told = (*soft_tissue_warnings(measured, rating), *bone_warnings(measured, rating))
        length = measured.sum_of_diameters_mm
    if rating not in {PD, NE} and length is not None and length.baseline and length.nadir is None:
        told = (*told, "Without the smallest diameter on study, growth was measured against the baseline.")
    return told


def _not_read(component: Component, measured: Measurements) -> tuple[str, ...]:
    alien = [name for name in measured.given if name not in _BELONGING[component]]
    return (f"Not read, for it says nothing about this component: {', '.join(alien)}.",) if alien else ()


CONTRADICTION: Final = "contradiction"
"""What was reported and what was derived differ."""
RATING_AS_REPORTED: Final = "rating_as_reported"
"""The measurements of a component do not suffice, so its reported rating holds."""


@dataclass(frozen=True, slots=True)
class ComponentInForce:
    """One component: derived from measurements, reported, and the rating that counts, with flags."""

    rating: ComponentRating
    derived: ComponentResponse
    reported: ComponentRating | None
    flags: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The component as answers carry it: which rule and which measurements decided, and what is open."""
        return {
            "rating": self.rating,
            "derived": self.derived.rating,
            "reported": self.reported,
            "rule": self.derived.rule,
            "sentence": self.derived.sentence,
            "because": self.derived.citation.as_dict(),
            "policies": [policy.as_dict() for policy in self.derived.policies],
            "warnings": list(self.derived.warnings),
            "missing": list(self.derived.missing),
            "flags": list(self.flags),
        }


def component_in_force(
    component: Component, measured: Measurements, otherwise: Otherwise = BY_DEFAULT
) -> ComponentInForce:
    """The rating of a component that counts: the derived one, the reported one where measurements do not suffice.

    Progression counts whichever says it. Any other contradiction is flagged and left for a person.
    """
    derived = rate(component, measured, otherwise)
    reported = measured.rating
    flags = derived.flags
    if reported is None or reported in {NE, derived.rating}:
        return ComponentInForce(derived.rating, derived, reported, flags)
    if derived.rating is NE:
        return ComponentInForce(reported, derived, reported, (*flags, RATING_AS_REPORTED))
    in_force = PD if PD in {reported, derived.rating} else derived.rating
    return ComponentInForce(in_force, derived, reported, (*flags, CONTRADICTION))
