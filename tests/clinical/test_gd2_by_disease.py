"""GD2 disease by disease, as information beside the pathway for neuroblastoma."""

from __future__ import annotations

from pathway.clinical.evidence import Tag
from pathway.clinical.gd2 import GD2_BY_DISEASE


def test_every_disease_says_how_gd2_is_expressed_and_only_neuroblastoma_has_a_drug() -> None:
    assert len({each.disease for each in GD2_BY_DISEASE}) == len(GD2_BY_DISEASE)
    assert all(each.expression for each in GD2_BY_DISEASE)
    assert [each.disease for each in GD2_BY_DISEASE if each.approved] == ["neuroblastoma"]


def test_the_sources_of_the_table_are_not_taken_over() -> None:
    cited = {each.citation.source.key for each in GD2_BY_DISEASE}
    assert cited == {"review"}
    assert all(each.citation.tag is Tag.SOURCE_READ for each in GD2_BY_DISEASE)


def test_what_to_verify_is_said_only_where_a_rule_was_read() -> None:
    assert [each.disease for each in GD2_BY_DISEASE if each.verification] == ["neuroblastoma"]
