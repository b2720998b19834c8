"""Assessments that arrive as measurements, part by part, through the front door."""

from __future__ import annotations

from tests.clinical.measured import mibg, mm
from tests.use_cases.journeys import Child, entry_of


def test_parts_of_one_component_add_up_and_a_second_value_is_refused(child: Child) -> None:
    child.treated()
    ct = {"sum_of_diameters_mm": mm(20, 60, 20), "uptake": "decreased", "new_lesions": False}
    first = child.tell(
        "assessment_recorded", components={"primary": "NI", "bone_marrow": "NI", "metastatic": ct}
    )
    assert first.document["next_step"]["response"]["in_force"] == "NE"
    scan = child.tell("assessment_recorded", components={"metastatic": {"mibg": mibg(8, 20)}})
    assert (scan.outcome, scan.document["next_step"]["response"]["in_force"]) == ("recorded", "PR")
    again = child.tell("assessment_recorded", components={"metastatic": {"mibg": mibg(9, 20)}})
    assert (again.outcome, again.document["entry"]) == ("message_conflict", entry_of(scan))
    assert again.document["errors"][0]["pointer"] == "/components/metastatic"


def test_the_same_measurements_sent_again_are_no_contradiction(child: Child) -> None:
    child.treated()
    told = {"primary": {"longest_diameter_mm": mm(20, 40, 20), "uptake": "none"}}
    child.tell("assessment_recorded", components=told)
    assert child.tell("assessment_recorded", components=told).outcome == "recorded"


def test_a_contradiction_is_flagged_in_the_answer_and_explained_in_the_next_step(child: Child) -> None:
    child.treated()
    parts = {
        "primary": {"longest_diameter_mm": mm(38, 40, 38), "uptake": "none", "rating": "PR"},
        "metastatic": "NI",
        "bone_marrow": "NI",
    }
    told = child.tell("assessment_recorded", components=parts).document
    assert told["flags"] == ["contradiction"]
    response = told["next_step"]["response"]
    assert (response["in_force"], response["derived"]) == (None, "SD")
    assert (response["components"]["primary"]["derived"], response["components"]["primary"]["reported"]) == (
        "SD",
        "PR",
    )
