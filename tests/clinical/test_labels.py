"""Where a treatment leaves the label of its antibody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pathway.clinical.labels import Disease, off_label

STABLE = Disease(progressing=False, response="SD", local_only=False, age_months=48, earlier_anti_gd2=False)
PROGRESSING = replace(STABLE, progressing=True, response=None)


def names(*agents: str, disease: Disease = STABLE) -> list[str]:
    return sorted({each.name for each in off_label(agents, disease)})


@pytest.mark.parametrize("antibody", ["Qarziba", "dinutuximab", "naxitamab", "anti_gd2", "3f8"])
def test_an_antibody_during_active_progression_is_off_label(antibody: str) -> None:
    assert names(antibody, "irinotecan", disease=PROGRESSING) == ["off_label_active_progression"]
    assert names(antibody, "irinotecan") == []


def test_the_european_and_the_swiss_label_of_dinutuximab_beta_are_told_apart() -> None:
    found = off_label(["dinutuximab_beta"], PROGRESSING)
    assert [each.because.source.key for each in found] == ["qarziba_ema", "qarziba_swiss"]


def test_chemotherapy_alone_has_no_label_to_leave() -> None:
    assert names("topotecan", "cyclophosphamide", "il_2", disease=PROGRESSING) == []


@pytest.mark.parametrize(
    ("disease", "expected"),
    [
        (STABLE, []),
        (replace(STABLE, response="PR"), []),
        (replace(STABLE, response=None, local_only=None), []),
        (replace(STABLE, response="CR"), ["off_label_naxitamab_disease"]),
        (replace(STABLE, response="NED"), ["off_label_naxitamab_disease"]),
        (replace(STABLE, local_only=True), ["off_label_naxitamab_disease"]),
    ],
)
def test_naxitamab_is_for_bone_or_marrow_that_responded_in_part_or_is_stable(
    disease: Disease, expected: list[str]
) -> None:
    assert names("naxitamab", disease=disease) == expected


@pytest.mark.parametrize(("months", "young"), [(11, True), (12, False), (None, False)])
def test_dinutuximab_beta_is_labelled_from_twelve_months(months: int | None, *, young: bool) -> None:
    assert (
        names("dinutuximab_beta", disease=replace(STABLE, age_months=months)) == ["off_label_age"]
    ) == young
    assert names("naxitamab", disease=replace(STABLE, age_months=months)) == []


def test_interleukin_2_beside_the_antibody_is_off_by_default() -> None:
    assert names("dinutuximab_beta", "IL-2") == ["off_label_interleukin_2"]
