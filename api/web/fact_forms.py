"""The forms by which people enter facts by hand, one for each kind, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from api.web.assessment_form import ASSESSMENT
from api.web.fact_fields import GRADES, RESPONSES, SCORES, FactForm, Field, Group, Rows

_AGENTS: Final = "With commas between them."
_IF_KNOWN: Final = "Empty if not known."
_NO_NAMES: Final = "Names of people do not belong here."
_DETAIL: Final = Field("detail", "Remarks", _NO_NAMES)


def _multiple(name: str, label: str, *, unit: str) -> tuple[Field, ...]:
    return (
        Field(
            name,
            f"{label}, as a multiple",
            "Of the upper limit of normal. Or give value and limit instead.",
            "× ULN",
        ),
        Field(f"{name}.value", f"{label}, value"),
        Field(f"{name}.limit", f"{label}, upper limit of normal"),
        Field(f"{name}.unit", f"{label}, unit of both", f"Such as {unit}."),
    )


FORMS: Final[tuple[FactForm, ...]] = (
    ASSESSMENT,
    FactForm(
        "progression_evidence_recorded",
        "Evidence of progression",
        (
            Group(
                "The disease",
                (
                    Field("setting", "How it came to need another line"),
                    Field("pattern", "Where it shows itself", words={"cns": "central nervous system"}),
                    Field("confirmed", "Progression is confirmed", "Not: it is suspected still."),
                    Field("local_control_feasible", "It could be operated on or irradiated"),
                ),
            ),
            Group(
                "What shows it",
                (
                    Rows(
                        "evidence",
                        (
                            Field(
                                "modality",
                                "Examination",
                                words={"ct_mri": "CT or MRI", "mibg": "MIBG", "fdg_pet": "FDG-PET"},
                            ),
                            Field("finding", "Finding", _NO_NAMES),
                        ),
                        ({"modality": "", "finding": ""},) * 3,
                    ),
                ),
            ),
        ),
        obtains=frozenset(
            {"evidence", "progression_confirmed", "suspicion", "setting", "pattern", "local_disease"}
        ),
    ),
    FactForm(
        "baseline_recorded",
        "Age and risk group",
        (
            Group(
                "What was left open when the episode was opened, or was told wrongly",
                (
                    Field("risk_group", "Risk group at diagnosis"),
                    Field("age_months", "Age on the day below", unit="months"),
                ),
                "One of them, or both; what is left empty stays as it is.",
            ),
        ),
        obtains=frozenset({"risk_group", "age"}),
    ),
    FactForm(
        "gd2_measured",
        "GD2 on the tumour cells",
        (
            Group(
                "GD2",
                (
                    Field("status", "GD2 is"),
                    Field("method", "Method", "Such as flow cytometry or immunocytology."),
                    Field("specimen", "Specimen", "Such as marrow or tumour."),
                    Field("percent", "Cells that carry it", unit="%"),
                    Field("density", "Density", "As it was reported."),
                ),
            ),
        ),
        obtains=frozenset({"gd2"}),
    ),
    FactForm(
        "cns_status_recorded",
        "Central nervous system",
        (
            Group(
                "Disease in the central nervous system",
                (
                    Field("status", "What is known"),
                    Field(
                        "symptoms",
                        "There are symptoms that point there",
                        "An image then counts for days, not for weeks.",
                    ),
                ),
            ),
        ),
        obtains=frozenset({"cns"}),
    ),
    FactForm(
        "biomarker_recorded",
        "Another marker",
        (
            Group(
                "The marker",
                (
                    Field("marker", "Marker", "Such as MYCN or ALK.", suggested="markers"),
                    Field("value", "Value"),
                    Field("unit", "Unit", "If it has one."),
                ),
            ),
        ),
    ),
    FactForm(
        "cycle_started",
        "Cycle begun",
        (
            Group(
                "The cycle (in maintenance: the course)",
                (
                    Field("line", "Line of therapy", "Counted from 1 in this episode. Empty if not known."),
                    Field("cycle", "Cycle", "Counted from 1 in its line. Empty if not known."),
                    Field("regimen", "Regimen", suggested="regimens"),
                    Field("agents", "Agents", f"{_AGENTS} {_IF_KNOWN}"),
                ),
            ),
        ),
        obtains=frozenset({"antibody", "next_cycle_late"}),
    ),
    FactForm(
        "cycle_completed",
        "Cycle ended",
        (
            Group(
                "The cycle (in maintenance: the course)",
                (
                    Field("line", "Line of therapy", "Counted from 1 in this episode. Empty if not known."),
                    Field("cycle", "Cycle", "Counted from 1 in its line. Empty if not known."),
                    Field("delivered", "Given", words={"full": "in full", "unknown": "not known"}),
                ),
            ),
        ),
        obtains=frozenset({"phase", "consolidated"}),
    ),
    FactForm(
        "local_control_planned",
        "Local control planned",
        (
            Group(
                "The operation or radiotherapy",
                (
                    Field("modality", "By"),
                    Field("site", "Site"),
                    Field("planned_for", "Planned for"),
                    Field("after_cycle", "After cycle", "Counted from 1 in the line."),
                ),
            ),
        ),
        obtains=frozenset({"pause", "local_control_owed"}),
    ),
    FactForm(
        "local_control_completed",
        "Local control carried out",
        (
            Group(
                "The operation, or the last fraction of the radiotherapy",
                (
                    Field("modality", "By"),
                    Field("site", "Site"),
                    Field("extent", "Extent", "Of an operation: what was removed."),
                    Field("dose_gy", "Dose", "Of radiotherapy, as a whole.", "Gy"),
                ),
            ),
        ),
    ),
    FactForm(
        "car_t_step_recorded",
        "Step towards or after GD2 CAR-T cells",
        (
            Group(
                "The step",
                (
                    Field(
                        "step",
                        "What happened",
                        words={"crs": "cytokine release syndrome (CRS)", "icans": "neurotoxicity (ICANS)"},
                    ),
                    Field("grade", "Grade", "By ASTCT.", words=GRADES, when="step=crs icans"),
                    Field(
                        "product",
                        "Product or trial",
                        "Such as GD2-CART01; its own limits decide on eligibility.",
                    ),
                    Field("safety_switch", "It carries a switch that can end its cells"),
                    _DETAIL,
                ),
            ),
        ),
        obtains=frozenset({"car_t_eligibility", "product", "collected", "lymphodepletion"}),
    ),
    FactForm(
        "toxicity_recorded",
        "Side effect",
        (
            Group(
                "The side effect",
                (
                    Field("term", "Which", "By its CTCAE term.", suggested="terms"),
                    Field(
                        "scale",
                        "Scale of the grade",
                        words={"ctcae_v5": "CTCAE 5", "astct": "ASTCT (CRS and ICANS)"},
                    ),
                    Field("grade", "Grade", "A grade means nothing without its scale.", words=GRADES),
                    Field("agent", "Of which agent", suggested="agents"),
                    Field("ongoing", "It goes on"),
                    Field(
                        "condition_met",
                        "What the rule asks for beside the grade was found",
                        "Prolonged, despite fluids, beyond pain control …",
                    ),
                    _DETAIL,
                ),
            ),
        ),
        obtains=frozenset({"toxicity_action", "emergency"}),
    ),
    FactForm(
        "toxicity_resolved",
        "Side effect come down",
        (
            Group(
                "The side effect",
                (
                    Field("entry", "Which", suggested="toxicities"),
                    Field(
                        "to_grade",
                        "It has come down to",
                        words={
                            "0": "Grade 0: it is over",
                            **{str(each): f"Grade {each}" for each in range(1, 6)},
                        },
                    ),
                ),
            ),
        ),
    ),
    FactForm(
        "fitness_recorded",
        "Fitness, counts, organ function",
        (
            Group(
                "How the child is",
                (
                    Field("lansky", "Lansky score", words=SCORES),
                    Field("karnofsky", "Karnofsky score", words=SCORES),
                    Field("tolerance", "Treatment is tolerated", "As the team or the family judges."),
                    Field("uncontrolled_infection", "An infection that is not controlled"),
                    Field("temperature_c", "Temperature", unit="°C"),
                    Field("pain_grade", "Pain", words=GRADES),
                    Field("diarrhoea_grade", "Diarrhoea", words=GRADES),
                ),
                "Whatever is known, at least one value; each counts by itself.",
            ),
            Group(
                "Blood",
                (
                    Field("anc_per_ul", "Neutrophils", unit="per µl", counted=True),
                    Field("platelets_per_ul", "Platelets", unit="per µl", counted=True),
                    Field("hb_g_dl", "Haemoglobin", unit="g/dl"),
                ),
            ),
            Group(
                "Liver",
                (
                    *_multiple("alt_x_uln", "ALT", unit="U/l"),
                    *_multiple("ast_x_uln", "AST", unit="U/l"),
                    *_multiple("bilirubin_x_uln", "Bilirubin", unit="mg/dl"),
                ),
                "Each as a multiple of its upper limit of normal (ULN), or as value and limit in one unit.",
            ),
            Group(
                "Kidneys, heart, lungs",
                (
                    Field("gfr_ml_min_173", "Filtration rate", unit="ml/min/1.73 m²"),
                    Field("gfr_measured", "It was measured", "Not: it was estimated from creatinine."),
                    Field("lvef_percent", "Ejection fraction", unit="%"),
                    Field("spo2_percent", "Oxygen saturation", unit="%"),
                ),
            ),
            Group(
                "Examinations and conditions",
                (
                    Field("neurological_examination", "Neurological examination"),
                    Field("eye_examination", "Examination of the eyes"),
                    Field("pregnancy_test", "Pregnancy test"),
                    Field("systemic_steroids", "On systemic steroids"),
                    Field(
                        "graft_versus_host",
                        "Graft-versus-host disease",
                        words={"acute_1_2": "acute, grade 1 to 2", "acute_3_4": "acute, grade 3 to 4"},
                    ),
                ),
            ),
        ),
        obtains=frozenset(
            {"fitness", "tolerance", "start_criteria", "infection", "graft_versus_host", "cell_criteria"}
        ),
    ),
    FactForm(
        "consent_recorded",
        "Consent",
        (
            Group(
                "Consent",
                (
                    Field("scope", "To", words={"car_t": "GD2 CAR-T cells"}),
                    Field("given", "It was given", "Not: it was refused or withdrawn."),
                ),
            ),
        ),
        obtains=frozenset({"consent", "new_line_consent", "car_t_consent"}),
    ),
    FactForm(
        "intent_recorded",
        "Goal of care",
        (
            Group(
                "What was agreed with the family",
                (Field("intent", "Treatment is for", words={"treatment": "holding back the disease"}),),
            ),
        ),
        obtains=frozenset({"intent"}),
    ),
    FactForm(
        "prior_therapy_recorded",
        "Therapy before this episode",
        (
            Group(
                "The line of therapy",
                (
                    Field("line", "Number of the line", "The frontline is 1. Empty if not known."),
                    Field("regimen", "Regimen", suggested="regimens"),
                    Field("agents", "Agents", _AGENTS),
                    Field("best_response", "Best response", "As it was reported."),
                    Field("progressed_during", "The disease progressed during it"),
                    Field("months_to_progression", "From its end to the progression", unit="months"),
                    Field("high_dose_therapy", "With high-dose therapy and stem-cell rescue"),
                ),
            ),
        ),
        "As the day, its end.",
        frozenset({"line", "high_dose_therapy"}),
    ),
    FactForm(
        "treatment_taken_over",
        "Line of therapy begun elsewhere",
        (
            Group(
                "What was counted there",
                (
                    Field("line", "Line of therapy", "Counted from 1 in this episode."),
                    Field("regimen", "Regimen", suggested="regimens"),
                    Field("agents", "Agents", _AGENTS),
                    Field("cycles", "Cycles given so far", "Those that count towards the limit of the line."),
                    Field("cycles_since_assessment", "Cycles since the last assessment"),
                    Field(
                        "maintenance_courses",
                        "Courses of maintenance given",
                        "Empty if it is no maintenance.",
                    ),
                    Field("last_cycle_on", "The last cycle began on"),
                    _DETAIL,
                ),
            ),
        ),
        obtains=frozenset({"phase", "planned_courses"}),
    ),
    FactForm(
        "follow_up_recorded",
        "Visit after treatment",
        (Group("The visit", (Field("findings", "Found", words={"unknown": "not known"}), _DETAIL)),),
        obtains=frozenset({"word_from_elsewhere", "last_visit"}),
    ),
    FactForm(
        "episode_closed",
        "End of the episode",
        (Group("The end", (Field("reason", "Because"), _DETAIL)),),
        "It ends what the pathway says; what comes in later is still recorded.",
    ),
    FactForm(
        "episode_reopened",
        "Episode goes on",
        (Group("Why it goes on", (_DETAIL,)),),
        "For an episode that was closed.",
    ),
    FactForm(
        "response_confirmed",
        "Response settled by a person",
        (
            Group(
                "The response",
                (
                    Field("response", "Response", words=RESPONSES),
                    Field(
                        "reason", "Why", f"The rules leave it open; say what it was settled on. {_NO_NAMES}"
                    ),
                    Field("timepoint", "Name of the assessment", "Empty for the present one."),
                ),
            ),
        ),
        states=True,
    ),
    FactForm(
        "assessment_closed_not_evaluable",
        "Assessment closed as not evaluable",
        (
            Group(
                "The assessment",
                (
                    Field("reason", "Why the missing examinations will not come", _NO_NAMES),
                    Field("timepoint", "Name of the assessment", "Empty for the present one."),
                ),
            ),
        ),
        states=True,
    ),
    FactForm(
        "note_added",
        "Remark",
        (
            Group(
                "The remark",
                (Field("text", "Remark", f"It changes nothing that is worked out. {_NO_NAMES}"),),
            ),
        ),
    ),
)

BY_KIND: Final[Mapping[str, FactForm]] = MappingProxyType({each.kind: each for each in FORMS})

CORRECTABLE: Final = frozenset(each.kind for each in FORMS if not each.states)
"""What is corrected by a form; what a person decided or stated is taken back, and said anew."""

CHAPTERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Response and disease": (
            "assessment_recorded",
            "progression_evidence_recorded",
            "gd2_measured",
            "cns_status_recorded",
            "biomarker_recorded",
            "follow_up_recorded",
            "response_confirmed",
            "assessment_closed_not_evaluable",
        ),
        "Treatment": (
            "cycle_started",
            "cycle_completed",
            "local_control_planned",
            "local_control_completed",
            "car_t_step_recorded",
            "prior_therapy_recorded",
            "treatment_taken_over",
        ),
        "The child": ("baseline_recorded", "toxicity_recorded", "toxicity_resolved", "fitness_recorded"),
        "The family, and this episode": (
            "consent_recorded",
            "intent_recorded",
            "note_added",
            "episode_closed",
            "episode_reopened",
        ),
    }
)
"""All kinds in clinical groups."""

CORRECTION: Final = Group(
    "The correction",
    (
        Field("occurred_on", "The mistake was found on"),
        Field("reason", "What was wrong", _NO_NAMES, asked_for=True),
    ),
)
"""What is asked beside the replacement."""

RETRACTION: Final = Group(
    "The retraction",
    (
        Field(
            "reason",
            "Why it should not have been recorded",
            f"Or why a decision was not carried out. {_NO_NAMES}",
        ),
        Field("occurred_on", "This was found on"),
    ),
)
