"""What a person is told on the way to GD2 CAR-T cells and after them. None of it opens or closes an option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_findings import car_t_eligibility
from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import gd2
from pathway.catalogue.high_risk_neuroblastoma_relapse.schedules import late_effects
from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity_prompts import DEATH
from pathway.catalogue.high_risk_neuroblastoma_relapse.windows import LATE_EFFECTS, SAFETY_CHECK
from pathway.clinical.car_t_eligibility import product_of
from pathway.clinical.cell_toxicity import meaning
from pathway.clinical.cycle_gate import FEVER_C
from pathway.clinical.evidence import (
    GD2_CAR_LITERATURE,
    LOCATELLI_2025,
    PROJECT_DESIGN,
    Tag,
    cite,
)
from pathway.clinical.terms import is_anti_gd2
from pathway.engine.definition import Noticed, Prompt
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted

_LADDER: Final = cite(GD2_CAR_LITERATURE, Tag.SOURCE_READ, "tocilizumab, anakinra, steroids; rimiducid")
_STEROID_FIRST: Final = cite(
    PROJECT_DESIGN, Tag.DESIGN, "ICANS is treated with steroids first, tocilizumab is for CRS"
)
_SWITCH: Final = cite(
    GD2_CAR_LITERATURE, Tag.SOURCE_READ, "rimiducid for refractory CRS grade 4 or ICANS grade 3"
)
_LATER: Final = cite(
    PROJECT_DESIGN, Tag.DESIGN, "after cells: IEC-HS, prolonged cytopenia, GD2 neuropathic pain"
)
_EPITOPE: Final = cite(
    PROJECT_DESIGN, Tag.DESIGN, "antibody washout where the receptor shares the antibody's epitope"
)
_BURDEN: Final = cite(
    LOCATELLI_2025, Tag.SOURCE_READ, "low disease burden as target population; no number is published"
)
_EARLY: Final = cite(
    GD2_CAR_LITERATURE, Tag.SOURCE_READ, "early collection of lymphocytes improved the outcome"
)
_EXITS: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "exits of the CAR-T bridge, each ending in a decision")
_ALLOGENEIC: Final = cite(
    GD2_CAR_LITERATURE, Tag.SOURCE_READ, "ALLO_GD2-CART01 where an autologous product is impossible"
)
_PARTIAL: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "eligibility for CAR-T cells: partial GD2 is flagged")

GIVEN: Final = ("car_t_bridge.monitoring", "car_t_bridge.response_due")
TO_CELLS: Final = (
    "car_t_bridge.referred",
    "car_t_bridge.apheresis",
    "car_t_bridge.manufacturing",
    "car_t_bridge.lymphodepletion",
)
CHOOSING: Final = ("progression_confirmed", "decision_due")

SWITCH_CRS_GRADE: Final = 4
SWITCH_ICANS_GRADE: Final = 3

Reading = Callable[[Episode, date], Iterator[Noticed]]


def grade_of(noted: Noted | None) -> int | None:
    """The grade a step was reported with; None when there is none."""
    last = noted.value.rpartition(" ")[2] if noted else ""
    return int(last) if last.isdigit() else None


def _lately(episode: Episode, step: str, as_of: date) -> Noted | None:
    """CRS or ICANS as last reported, for as long as it is looked for after an infusion; not what the child died of."""
    noted = episode.car_t.get(step)
    if noted is None or grade_of(noted) == DEATH or as_of > noted.at.on + timedelta(days=SAFETY_CHECK.target):
        return None
    return noted


def _graded(step: str, least: int = 1) -> Reading:
    """CRS or ICANS as last reported, from a grade on or without one, with what the grade means."""

    def read(episode: Episode, as_of: date) -> Iterator[Noticed]:
        noted = _lately(episode, step, as_of)
        if noted is None:
            return
        grade = grade_of(noted)
        if grade is None:
            yield Noticed(f"{step.upper()} without a grade", noted.at)
        elif grade >= least:
            what = meaning(step, grade)
            yield Noticed(f"{step.upper()} grade {grade}" + (f": {what.sentence}" if what else ""), noted.at)

    return read


def _severe_enough(episode: Episode, as_of: date) -> Noted | None:
    """CRS or ICANS of a grade at which a product's switch is thought of."""
    for step, least in (("crs", SWITCH_CRS_GRADE), ("icans", SWITCH_ICANS_GRADE)):
        noted = _lately(episode, step, as_of)
        if noted is not None and (grade_of(noted) or 0) >= least:
            return noted
    return None


def _switch(told: str | None) -> Reading:
    """Severe toxicity, while the product is known to have a switch, or while nobody has said."""

    def read(episode: Episode, as_of: date) -> Iterator[Noticed]:
        severe, switch = _severe_enough(episode, as_of), episode.car_t.get("safety_switch")
        if severe is not None and (switch.value if switch else None) == told:
            yield Noticed(severe.value.replace("crs", "CRS").replace("icans", "ICANS"), severe.at)

    return read


def _fever(episode: Episode, as_of: date) -> Iterator[Noticed]:
    infused, measured = episode.car_t.get("infused"), episode.fitness.get("temperature_c")
    if infused is None or measured is None or measured.at.on < infused.at.on:
        return
    counts = as_of <= measured.at.on + timedelta(days=t.INFECTION_DAYS.value)
    if counts and float(measured.value) >= float(FEVER_C):
        yield Noticed(f"{measured.value} °C", measured.at)


def _infused(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    infused = episode.car_t.get("infused")
    if infused is not None:
        yield Noticed(f"infused on {infused.at.when}", infused.at)


def _not_collected(episode: Episode, as_of: date) -> Iterator[Noticed]:
    found = car_t_eligibility.of(episode, as_of)
    if found.value == "yes" and "apheresis" not in episode.car_t:
        yield Noticed(found.shown, found.at)


def _eligible(episode: Episode, as_of: date) -> Iterator[Noticed]:
    found = car_t_eligibility.of(episode, as_of)
    if found.value == "yes":
        yield Noticed(found.shown, found.at)


def _partial(episode: Episode, as_of: date) -> Iterator[Noticed]:
    antigen = gd2.of(episode, as_of)
    if antigen.value == "partial":
        yield from (Noticed(antigen.shown, antigen.at) for _ in _eligible(episode, as_of))


def _epitope(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    last = episode.last_anti_gd2
    if last is not None:
        yield Noticed(f"anti-GD2 antibody last on {last.when}", last)
        return
    for therapy in episode.prior_therapies.values():
        if any(map(is_anti_gd2, therapy.agents)):
            yield Noticed("an anti-GD2 antibody was given before the episode", therapy.at)
            return


def _no_table(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    named = episode.car_t.get("product")
    if named is None:
        yield Noticed("no product was named")
    elif product_of(named.value) is None:
        yield Noticed(f"there is no table for {named.value}", named.at)


def _in_making(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    if "product_released" not in episode.car_t:
        yield Noticed()


def _late_effects(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    infused = episode.car_t.get("infused")
    if infused is not None and late_effects(episode):
        yield Noticed(f"infused on {infused.at.when}", infused.at)


def _exit(step: str) -> Reading:
    """The step that ended the bridge, while the decision it led to is waited for."""

    def read(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
        noted, entered = episode.car_t.get(step), episode.entered
        if noted is not None and noted.at == entered:
            yield Noticed("", noted.at)

    return read


_ENDINGS: Final = (
    ("ineligible", "The child was found not eligible for the cells, or not fit for lymphodepletion.", _EXITS),
    ("apheresis_failed", "Too few lymphocytes could be collected: collect again, or decide otherwise.", _EXITS),
    ("manufacturing_failed", "The cell product could not be made: collect again, an allogeneic product where an autologous one is impossible, or decide otherwise.", _ALLOGENEIC),
    ("out_of_specification", "The cell product is out of specification: whether it may be given is decided by the manufacturer and the authority, not here; else collect again or decide otherwise.", _EXITS),
    ("no_slot", "There is no slot for the cells: wait with bridging, look for another centre or trial, or decide otherwise. What was collected stays on record.", _EXITS),
    ("not_infused", "The cells were not infused: the product stays on record; whether lymphodepletion is given again asks for restaging and eligibility once more.", _EXITS),
)  # fmt: skip

PROMPTS: Final = (
    Prompt("crs", "CRS of any grade, or without one, after cells", "CRS: tocilizumab, then anakinra, then steroids, beside supportive care, by the protocol of the product.", _LADDER, _graded("crs"), urgent=True),
    Prompt("icans", "ICANS of any grade, or without one, after cells", "ICANS: steroids come first, anakinra beside them; tocilizumab is for CRS.", _STEROID_FIRST, _graded("icans"), urgent=True),
    Prompt("safety_switch", "CRS of grade 4 or ICANS of grade 3 or more, with a product that has iCasp9", "The product carries iCasp9: rimiducid is thought of in ICANS of grade 3 or more, and in CRS of grade 4 that does not respond.", _SWITCH, _switch("yes"), urgent=True),
    Prompt("safety_switch_unknown", "CRS of grade 4 or ICANS of grade 3 or more, with a product of which no switch was told", "Record whether the product carries iCasp9: rimiducid is of use with it alone.", _SWITCH, _switch(None), urgent=True),
    Prompt("fever_after_cells", "temperature of 38 °C or more after cells", "Fever after cells may be CRS, whose first grade it is, and may be an infection: take blood cultures, give antibiotics until they are negative, and grade CRS.", cite(PROJECT_DESIGN, Tag.DESIGN, "fever asks for cultures and antibiotics, also after cells"), _fever, urgent=True),
    Prompt("after_cells", "after cells, in monitoring and at the responses", "Look for what comes later: haemophagocytic syndrome after immune effector cells (IEC-HS), cytopenia that goes on, and neuropathic pain from GD2 on nerves.", _LATER, _infused, states=GIVEN),
    Prompt("early_collection", "a child found eligible of whom no lymphocytes were collected", "Lymphocytes can be collected now, before further chemotherapy, and the bridge be decided later: collection early, at diagnosis, improved the outcome.", _EARLY, _not_collected, states=("decision_due", "chemoimmunotherapy.ready")),
    Prompt("low_burden", "a child found eligible, where the bridge is chosen and on the way", "Children with a low disease burden gained most from the cells. No number for low was published: the team judges it.", _BURDEN, _eligible, states=(*CHOOSING, *TO_CELLS)),
    Prompt("cells_with_partial_gd2", "a child found eligible whose GD2 is partial", "GD2 is partial: no cut-off for cells against GD2 was found, so it bars no child; the team weighs it.", _PARTIAL, _partial, states=(*CHOOSING, *TO_CELLS)),
    Prompt("antibody_before_cells", "an anti-GD2 antibody given before, on the way to cells", "Where the receptor shares the epitope of the antibody, antibody left in the blood blocks it: ask the manufacturer for the washout. No number of days was found.", _EPITOPE, _epitope, states=TO_CELLS),
    Prompt("no_table_of_product", "no product named, or one without a table, on the way to cells", "Only what both tables ask for is held against the child; trials are not merged, the product's own protocol decides.", cite(PROJECT_DESIGN, Tag.DESIGN, "eligibility for CAR-T cells is a table per product"), _no_table, states=TO_CELLS),
    Prompt("gene_therapy_follow_up", "follow-up within 15 years of cells", "Gene therapy is followed for 15 years, in the first 5 actively.", LATE_EFFECTS.because, _late_effects, states=("follow_up",)),
    Prompt("bridging", "while the cells are made", "What may be given while the cells are made is the trial's rule; one centre allows local therapy alone. The aim is to keep the disease low. Record it as bridging: restaging counts from after it.", cite(GD2_CAR_LITERATURE, Tag.SOURCE_READ, "bridging depends on the trial; keep the disease low"), _in_making, states=("car_t_bridge.manufacturing",)),
    *(Prompt(f"bridge_ended_{step}", f"a decision after {step.replace('_', ' ')}", sentence, because, _exit(step), states=("decision_due",)) for step, sentence, because in _ENDINGS),
)  # fmt: skip
