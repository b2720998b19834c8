"""How cytokine release and neurotoxicity after CAR-T cells are graded by ASTCT."""

from pathway.clinical.cell_toxicity import CAPD_GRADES, CRS_GRADES, ICANS_GRADES, meaning
from pathway.clinical.evidence import Tag


def test_each_scale_has_four_grades_in_order() -> None:
    for scale in (CRS_GRADES, ICANS_GRADES, CAPD_GRADES):
        assert [each.grade for each in scale] == [1, 2, 3, 4]
        assert all(each.sentence.endswith(".") for each in scale)


def test_one_vasopressor_makes_cytokine_release_grade_three_and_several_make_it_four() -> None:
    assert "one vasopressor" in CRS_GRADES[2].sentence
    assert "several vasopressors" in CRS_GRADES[3].sentence


def test_a_lasting_seizure_makes_icans_grade_four() -> None:
    assert "5 minutes" in ICANS_GRADES[3].sentence
    assert "resolves rapidly" in ICANS_GRADES[2].sentence


def test_the_score_for_young_children_is_not_checked_against_its_source() -> None:
    assert {each.citation.tag for each in CAPD_GRADES} == {Tag.UNVERIFIED}
    assert {each.citation.tag for each in (*CRS_GRADES, *ICANS_GRADES)} == {Tag.SOURCE_READ}


def test_a_grade_is_looked_up_by_its_scale() -> None:
    assert meaning("crs", 2) is CRS_GRADES[1]
    assert meaning("icans", 3) is ICANS_GRADES[2]
    assert meaning("crs", 5) is None
