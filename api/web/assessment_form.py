"""The form of an assessment of response: each component of INRC 2017 as a rating or as measurements."""

from __future__ import annotations

from typing import Final

from api.web.fact_fields import RESPONSES, SCORING, Choice, FactForm, Field, Group, Rows, Words

_OF_THE_LINE: Final = "At the last complete evaluation before this line of therapy; looked up if recorded."
_NADIR: Final = "On study in this line; looked up if recorded."


def _mibg(name: str, label: str, hint: str = "", words: Words | None = None) -> Field:
    return Field(f"components.metastatic.mibg.{name}", label, hint, words=words or {})


def _rating(component: str, *ratings: str, hint: str = "") -> Field:
    words = {each: RESPONSES[each] for each in ratings}
    told = f"By INRC 2017. {hint}".rstrip()
    return Field(f"components.{component}.rating", "Reported rating", told, words=words, only=True)


def _length(name: str, label: str) -> tuple[Field, ...]:
    return (
        Field(f"{name}.now", f"{label}, now", unit="mm"),
        Field(f"{name}.baseline", f"{label}, at baseline", _OF_THE_LINE, "mm"),
        Field(f"{name}.nadir", f"{label}, smallest since", _NADIR, "mm"),
    )


_PRIMARY: Final = Choice(
    "components.primary",
    "Primary tumour",
    (
        Group(
            "",
            (_rating("primary", "CR", "PR", "SD", "PD", "NI", "NE"),),
            when="components.primary.how=rated measured",
        ),
        Group(
            "Measurements of the primary tumour",
            (
                *_length("components.primary.longest_diameter_mm", "Longest diameter"),
                Field("components.primary.uptake", "Uptake of MIBG (or FDG) against baseline"),
                Field("components.primary.involved_at_baseline", "There was a primary tumour at baseline"),
                Field("components.primary.new_lesions", "There is a new lesion"),
                Field("components.primary.mibg_nonavid", "The disease takes up no MIBG"),
            ),
            when="components.primary.how=measured",
        ),
    ),
)

_METASTATIC: Final = Choice(
    "components.metastatic",
    "Metastases in soft tissue and bone",
    (
        Group(
            "",
            (_rating("metastatic", "CR", "PR", "SD", "PD", "NI", "NE"),),
            when="components.metastatic.how=rated measured",
        ),
        Group(
            "Soft tissue",
            (
                *_length("components.metastatic.sum_of_diameters_mm", "Sum of diameters"),
                Field(
                    "components.metastatic.target_node_short_axis_mm",
                    "Largest target node, short axis",
                    unit="mm",
                ),
                Field("components.metastatic.largest_lesion_mm", "Largest lesion that is no node", unit="mm"),
                Field(
                    "components.metastatic.non_target",
                    "Lesions that are not measured",
                    "Empty if there are none.",
                ),
                Field("components.metastatic.uptake", "Uptake of MIBG (or FDG) against baseline"),
                Field(
                    "components.metastatic.soft_tissue_at_baseline", "Soft tissue was involved at baseline"
                ),
            ),
            "The sum: short axis of discrete nodes, longest diameter of other lesions, targets only.",
            "components.metastatic.how=measured",
        ),
        Group(
            "Bone by MIBG",
            (
                _mibg("score", "Scoring system", words=SCORING),
                _mibg("absolute", "Score of the bones, now", "Without Curie’s segment of soft tissue."),
                _mibg("baseline", "Score of the bones, at baseline", _OF_THE_LINE),
                _mibg("nadir", "Score of the bones, lowest since", _NADIR),
                _mibg("new_sites", "New avid bone sites", "How many; 0 if there are none."),
                Field("components.metastatic.bone_at_baseline", "Bone was involved at baseline"),
                Field("components.metastatic.mibg_nonavid", "The disease takes up no MIBG"),
            ),
            when="components.metastatic.how=measured",
        ),
        Group(
            "Bone by FDG, where the disease takes up no MIBG",
            (
                Field("components.metastatic.fdg.bone_lesions", "Avid bone lesions, now"),
                Field("components.metastatic.fdg.baseline", "Avid bone lesions, at baseline", _OF_THE_LINE),
                Field("components.metastatic.fdg.new_bone_lesions", "New avid bone lesions"),
                Field(
                    "components.metastatic.fdg.new_confirmed",
                    "A new one is confirmed",
                    "By CT, MRI or histology.",
                ),
            ),
            when="components.metastatic.mibg_nonavid=true",
        ),
        Group(
            "New lesions",
            (
                Field(
                    "components.metastatic.new_lesions", "There is a new lesion", "In soft tissue or bone."
                ),
                Field(
                    "components.metastatic.new_lesion_avid",
                    "A new lesion of soft tissue takes up MIBG (or FDG)",
                ),
                Field(
                    "components.metastatic.new_lesion_biopsy",
                    "Biopsy of the new lesion",
                    "Whether it showed neuroblastoma or ganglioneuroblastoma.",
                ),
                Field(
                    "components.metastatic.mixed",
                    "Lesions went opposite ways",
                    "As the reader of the images saw it.",
                ),
            ),
            when="components.metastatic.how=measured",
        ),
        Group(
            "Segments of the MIBG scan, and what else is seldom reported",
            (
                _mibg(
                    "segments",
                    "Scores of the segments, now",
                    "With commas: Curie’s nine of bone and, if scored, soft tissue; SIOPEN’s twelve.",
                ),
                _mibg("segments_baseline", "Scores of the segments, at baseline", "In the same order."),
                _mibg(
                    "baseline_score", "Scoring system at baseline", "If it was another one.", words=SCORING
                ),
                _mibg("reappeared_sites", "Of the new sites, avid in an earlier line"),
                Field(
                    "components.metastatic.involved_at_baseline",
                    "Soft tissue or bone was involved at baseline",
                ),
            ),
            when="components.metastatic.how=measured",
            folded=True,
        ),
    ),
)

_MARROW: Final = Choice(
    "components.bone_marrow",
    "Bone marrow",
    (
        Group(
            "",
            (
                _rating(
                    "bone_marrow",
                    "CR",
                    "MD",
                    "SD",
                    "PD",
                    "NI",
                    "NE",
                    hint="CR only if it was involved at baseline; otherwise NI (not involved).",
                ),
            ),
            when="components.bone_marrow.how=rated measured",
        ),
        Group(
            "Infiltration",
            (
                Field(
                    "components.bone_marrow.infiltration_percent.now",
                    "Highest infiltration, now",
                    "Empty if it was not repeated.",
                    "%",
                ),
                Field(
                    "components.bone_marrow.infiltration_percent.baseline",
                    "Highest infiltration, at baseline",
                    _OF_THE_LINE,
                    "%",
                ),
                Field(
                    "components.bone_marrow.bilateral",
                    "Both sides, aspirates and trephines, at one time point",
                ),
                Field("components.bone_marrow.involved_at_baseline", "The marrow was involved at baseline"),
            ),
            when="components.bone_marrow.how=measured",
        ),
        Group(
            "Each sample, where they are reported one by one",
            (
                Rows(
                    "components.bone_marrow.marrow_samples",
                    (
                        Field("kind", "Sample"),
                        Field("side", "Side"),
                        Field("percent", "Infiltration", unit="%"),
                    ),
                    tuple(
                        {"kind": kind, "side": side, "percent": ""}
                        for kind in ("aspirate", "trephine")
                        for side in ("left", "right")
                    ),
                ),
            ),
            when="components.bone_marrow.how=measured",
            folded=True,
        ),
    ),
)


ASSESSMENT: Final = FactForm(
    "assessment_recorded",
    "Assessment of response",
    (
        _PRIMARY,
        _METASTATIC,
        _MARROW,
        Group(
            "What was reported as a whole",
            (
                Field("reported_overall", "Reported overall response", words=RESPONSES),
                Field(
                    "criteria",
                    "By the criteria",
                    words={"inrc_2017": "INRC 2017", "inrc_1993": "INRC of 1993", "other": "Others"},
                ),
                Field("central_review", "Reviewed centrally"),
                Field("residual.sites", "Sites with disease left", "How many."),
                Field("residual.local_control_feasible", "What is left could be operated on or irradiated"),
                Field(
                    "timepoint",
                    "Name of the assessment",
                    "Joins examinations of different days; empty for the present one.",
                ),
            ),
        ),
    ),
    "One examination or several; those that come later are recorded then, and are joined with these.",
    frozenset({"assessment", "restaged", "response", "work_up", "local_disease"}),
)
