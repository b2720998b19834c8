"""Random events as they are posted: every kind, from small sets of values, so that they meet and contradict."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.story import READY

Told = dict[str, Any]
Events = st.SearchStrategy[Told]

AGENTS = ("dinutuximab_beta", "irinotecan", "temozolomide", "naxitamab")
REGIMENS = ("dinutuximab_beta_irinotecan_temozolomide", "BEACON", "naxitamab with something local")
TERMS = (
    "pain",
    "anaphylaxis",
    "Transverse myelitis",
    "neutropenia",
    "capillary leak syndrome",
    "capillary leak",
    "CRS",
)
RATINGS = ("CR", "PR", "SD", "PD", "NI", "NE")
MARROW = ("CR", "MD", "SD", "PD", "NI", "NE")

_line = st.sampled_from([1, 1, 1, 2, "unknown"])
_cycle = st.sampled_from([1, 2, 3, 4, "unknown"])
_agents = st.one_of(st.just("unknown"), st.lists(st.sampled_from(AGENTS), max_size=2, unique=True))


def _kind(name: str, required: dict[str, Any] | None = None, **optional: Any) -> Events:
    always = {"kind": st.just(name)} | (required or {})
    return st.fixed_dictionaries(always, optional=optional)


_length = st.fixed_dictionaries(
    {"now": st.sampled_from(["0", "8", "24", "30"])}, optional={"baseline": st.sampled_from(["30", "40"])}
)
_uptake = st.sampled_from(["none", "unchanged", "increased"])
_mibg = st.fixed_dictionaries(
    {"score": st.sampled_from(["curie", "siopen"]), "absolute": st.sampled_from(["0", "6", "15"])},
    optional={"baseline": st.sampled_from(["12", "20"]), "new_sites": st.sampled_from([0, 0, 1])},
)
_infiltration = st.fixed_dictionaries(
    {"now": st.sampled_from(["0", "3", "30"])}, optional={"baseline": st.sampled_from(["0", "10"])}
)


def _finding(ratings: tuple[str, ...], **measured: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    rated = st.sampled_from(ratings)
    found = st.fixed_dictionaries({"new_lesions": st.booleans()}, optional=measured | {"rating": rated})
    return st.one_of(rated, rated, found)


COMPONENTS = st.fixed_dictionaries(
    {},
    optional={
        "primary": _finding(RATINGS, longest_diameter_mm=_length, uptake=_uptake),
        "metastatic": _finding(
            RATINGS,
            sum_of_diameters_mm=_length,
            mibg=_mibg,
            uptake=_uptake,
            soft_tissue_at_baseline=st.booleans(),
        ),
        "bone_marrow": _finding(MARROW, infiltration_percent=_infiltration),
    },
)
FULL_COMPONENTS = st.fixed_dictionaries(
    {
        "primary": st.sampled_from(RATINGS),
        "metastatic": st.sampled_from(RATINGS),
        "bone_marrow": st.sampled_from(MARROW),
    }
)
_timepoint = st.sampled_from(["1.2", "extra"])
_reported = st.one_of(
    st.fixed_dictionaries({"reported_overall": st.sampled_from(["CR", "PR", "SD", "PD", "NE"])}),
    st.fixed_dictionaries(
        {"reported_overall": st.sampled_from(["VGPR", "NR", "CR"]), "criteria": st.just("inrc_1993")}
    ),
)
ASSESSMENTS: Events = st.one_of(
    _kind("assessment_recorded", {"components": FULL_COMPONENTS}),
    _kind(
        "assessment_recorded", {"components": COMPONENTS}, timepoint=_timepoint, central_review=st.booleans()
    ),
    st.builds(lambda one, other: one | other, _kind("assessment_recorded", timepoint=_timepoint), _reported),
    _kind(
        "assessment_recorded",
        {
            "residual": st.sampled_from(
                [{"local_control_feasible": True}, {"sites": 2, "local_control_feasible": False}]
            ),
            "components": COMPONENTS,
        },
    ),
)
CYCLES: Events = st.one_of(
    _kind("cycle_started", line=_line, cycle=_cycle, agents=_agents, regimen=st.sampled_from(REGIMENS)),
    _kind("cycle_started", {"line": st.just("unknown"), "cycle": st.just("unknown")}),
    _kind(
        "cycle_completed",
        line=_line,
        cycle=_cycle,
        delivered=st.sampled_from(["full", "modified", "chemotherapy_only", "aborted"]),
    ),
)
TOXICITIES: Events = _kind(
    "toxicity_recorded",
    {"term": st.sampled_from(TERMS)},
    grade=st.sampled_from([1, 2, 3, 4, "unknown"]),
    agent=st.sampled_from(AGENTS),
    ongoing=st.booleans(),
    condition_met=st.booleans(),
    scale=st.sampled_from(["ctcae_v5", "ctcae_v5", "astct"]),
)
PROGRESSIONS: Events = _kind(
    "progression_evidence_recorded",
    {"confirmed": st.booleans()},
    setting=st.sampled_from(["relapse", "refractory"]),
    pattern=st.sampled_from(["local", "metastatic", "cns"]),
    local_control_feasible=st.booleans(),
    evidence=st.lists(
        st.sampled_from([{"modality": each, "finding": "seen"} for each in ("mibg", "ct_mri", "marrow")]),
        max_size=2,
    ),
)
CAR_T: Events = _kind(
    "car_t_step_recorded",
    {
        "step": st.sampled_from(
            [
                "referred", "eligible", "ineligible", "apheresis", "product_released", "manufacturing_failed",
                "lymphodepletion", "infused", "crs", "icans", "response", "apheresis_failed", "out_of_specification",
                "no_slot", "bridging", "not_infused", "safety_switch_fired",
            ]
        )
    },
    grade=st.integers(0, 4),
    product=st.sampled_from(["GD2-CART01", "autologous GD2 CAR-T", "1RG-CART"]),
    safety_switch=st.booleans(),
)  # fmt: skip
CLOSURES: Events = st.one_of(
    _kind("episode_closed", {"reason": st.sampled_from(["death", "completed", "withdrawn"])}),
    _kind("episode_reopened"),
)
FITNESS: Events = st.one_of(
    _kind(
        "fitness_recorded", {"lansky": st.sampled_from([40, 60, 100])}, uncontrolled_infection=st.booleans()
    ),
    _kind("fitness_recorded", {"tolerance": st.sampled_from(["acceptable", "limiting"])}),
    _kind("fitness_recorded", {"alt_x_uln": st.just({"value": "93.5", "limit": "45", "unit": "U/l"})}),
    _kind("fitness_recorded", {"hb_g_dl": st.sampled_from(["7.5", "10.0"])}),
    _kind(
        "fitness_recorded",
        {name: st.just(value) for name, value in READY.items() if name != "temperature_c"},
        temperature_c=st.sampled_from(["37.9", "38.0", "39.4"]),
        gfr_measured=st.booleans(),
    ),
)
QUIET: Events = st.one_of(
    FITNESS,
    _kind(
        "fitness_recorded", {"lvef_percent": st.sampled_from(["45", "60"])}, systemic_steroids=st.booleans()
    ),
    _kind(
        "prior_therapy_recorded",
        {"line": st.sampled_from([1, 2, "unknown"])},
        regimen=st.sampled_from(REGIMENS),
        agents=st.lists(st.sampled_from(AGENTS), max_size=2),
        months_to_progression=st.sampled_from(["3.5", "18"]),
        high_dose_therapy=st.booleans(),
    ),
    _kind(
        "gd2_measured",
        {"status": st.sampled_from(["positive", "partial", "negative", "indeterminate"])},
        specimen=st.sampled_from(["tumour", "marrow", "Marrow"]),
        method=st.just("flow cytometry"),
        percent=st.sampled_from(["80", "99.5"]),
    ),
    _kind(
        "biomarker_recorded",
        {"marker": st.sampled_from(["MYCN", "N-Myc", "ALK"]), "value": st.sampled_from(["amplified", "not"])},
        unit=st.just("copies"),
    ),
    _kind("consent_recorded", {"given": st.booleans()}, scope=st.sampled_from(["car_t", "systemic_therapy"])),
    _kind(
        "baseline_recorded",
        {"risk_group": st.sampled_from(["high", "high", "not_high"])},
        age_months=st.sampled_from([9, 60, 260]),
    ),
    _kind("intent_recorded", {"intent": st.sampled_from(["treatment", "treatment", "comfort"])}),
    _kind(
        "cns_status_recorded",
        {"status": st.sampled_from(["no_suspicion", "suspected", "controlled"])},
        symptoms=st.booleans(),
    ),
    _kind("follow_up_recorded", findings=st.sampled_from(["no_disease", "suspicious"])),
    _kind("note_added", {"text": st.sampled_from(["seen", "rang the family"])}),
)
STATEMENTS: Events = st.one_of(
    _kind(
        "response_confirmed", {"response": st.sampled_from(["CR", "PR", "PD"]), "reason": st.just("reviewed")}
    ),
    _kind("assessment_closed_not_evaluable", {"reason": st.just("no second marrow")}, timepoint=_timepoint),
)
_modality = st.sampled_from(["surgery", "radiotherapy"])
_site = st.sampled_from(["adrenal", "skull"])
LOCAL_CONTROLS: Events = st.one_of(
    _kind(
        "local_control_completed",
        {"modality": _modality},
        site=_site,
        extent=st.just("complete"),
        dose_gy=st.sampled_from(["21", "3.6"]),
    ),
    _kind(
        "local_control_planned",
        modality=_modality,
        site=_site,
        planned_for=st.just("2026-04-01"),
        after_cycle=st.integers(1, 4),
    ),
)

TAKEN_OVER: Events = _kind(
    "treatment_taken_over",
    {"line": st.sampled_from([1, 2]), "cycles": st.integers(0, 4)},
    regimen=st.sampled_from(REGIMENS),
    agents=st.lists(st.sampled_from(AGENTS), max_size=2, unique=True),
    cycles_since_assessment=st.integers(0, 2),
    maintenance_courses=st.integers(0, 5),
    last_cycle_on=st.just("2026-02-20"),
)

FACTS: Events = st.one_of(
    TAKEN_OVER,
    CYCLES,
    CYCLES,
    ASSESSMENTS,
    ASSESSMENTS,
    TOXICITIES,
    PROGRESSIONS,
    CAR_T,
    LOCAL_CONTROLS,
    QUIET,
    QUIET,
)
"""What may happen at any time; closures are told apart, or no episode would stay open for long."""


BY_KIND: dict[str, Events] = {
    "cycle_started": CYCLES.filter(lambda told: told["kind"] == "cycle_started"),
    "cycle_completed": CYCLES.filter(lambda told: told["kind"] == "cycle_completed"),
    "assessment_recorded": ASSESSMENTS,
    "toxicity_recorded": TOXICITIES,
    "progression_evidence_recorded": PROGRESSIONS,
    "car_t_step_recorded": CAR_T,
    "local_control_completed": LOCAL_CONTROLS.filter(lambda told: told["kind"] == "local_control_completed"),
    "local_control_planned": LOCAL_CONTROLS.filter(lambda told: told["kind"] == "local_control_planned"),
    "fitness_recorded": FITNESS,
    "treatment_taken_over": TAKEN_OVER,
}
"""Another event of the same kind, for the kinds on which much hangs."""


def replacements(told: Told, today: date) -> Events:
    """What may be said in the place of an event: the same on another day, another of its kind, anything."""
    when = instants(today, 20)
    same = {
        name: value for name, value in told.items() if not name.startswith("occurred_") and name != "source"
    }
    own = [dated(st.just(same), when)] if told["kind"] in FACT_KINDS else []
    if told["kind"] in BY_KIND:
        own.append(dated(BY_KIND[told["kind"]], when))
    return st.one_of(*own, *own, dated(FACTS, when))


FACT_KINDS = frozenset(
    {
        *BY_KIND, "prior_therapy_recorded", "gd2_measured", "biomarker_recorded", "consent_recorded",
        "baseline_recorded", "intent_recorded", "cns_status_recorded", "toxicity_resolved", "follow_up_recorded",
        "episode_closed", "episode_reopened", "note_added",
    }
)  # fmt: skip
"""What may be corrected."""


def instants(today: date, back: int, ahead: int = 0) -> Events:
    """When something happened: mostly a day shortly before `today`, sometimes an instant or something coarser."""
    days = st.integers(-ahead, back).map(lambda n: (today - timedelta(days=n)).isoformat())
    return st.one_of(
        days.map(lambda day: {"occurred_on": day}),
        days.map(lambda day: {"occurred_on": day}),
        days.map(lambda day: {"occurred_at": f"{day}T23:30:00-02:00"}),
        st.builds(
            lambda day, precision: {"occurred_on": day, "occurred_precision": precision},
            days,
            st.sampled_from(["month", "year", "order"]),
        ),
    )


def facts(today: date, back: int = 20) -> Events:
    """Any fact or statement, dated."""
    return dated(st.one_of(FACTS, FACTS, FACTS, STATEMENTS, CLOSURES), instants(today, back))


def dated(events: Events, when: Events) -> Events:
    """The events at these times."""
    return st.builds(lambda event, time: event | time, events, when)
