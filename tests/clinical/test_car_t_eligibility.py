"""What each GD2 CAR-T product asks for, as numbers and names; the trials are never merged."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pathway.clinical.car_t_eligibility import (
    COMMON,
    GD2_CART01,
    OTHER_AUTOLOGOUS,
    PRODUCTS,
    product_of,
)
from pathway.clinical.evidence import Tag


@pytest.mark.parametrize("name", ["GD2-CART01", "gd2 cart01", "NCT03373097"])
def test_a_product_is_found_by_what_reports_call_it(name: str) -> None:
    assert product_of(name) is GD2_CART01


def test_a_product_without_a_table_is_none_of_those_that_have_one() -> None:
    assert product_of("1RG-CART") is None
    assert product_of("Autologous GD2 CAR-T trial") is OTHER_AUTOLOGOUS


@pytest.mark.parametrize(
    ("value", "allowed", "not_allowed"),
    [
        ("gfr_ml_min_173", "61", "60"),
        ("alt_x_uln", "2.5", "2.51"),
        ("ast_x_uln", "2.5", "2.51"),
        ("bilirubin_x_uln", "1.5", "1.51"),
        ("lvef_percent", "50", "49"),
        ("spo2_percent", "93", "92"),
    ],
)
def test_the_organ_limits_are_those_of_the_trial_that_published_them(
    value: str, allowed: str, not_allowed: str
) -> None:
    (limit,) = [each for each in OTHER_AUTOLOGOUS.limits if each.value == value]
    assert limit.met(Decimal(allowed))
    assert not limit.met(Decimal(not_allowed))
    assert limit.because.tag is Tag.SOURCE_READ


def test_gd2_cart01_publishes_no_organ_limits_and_is_lent_none() -> None:
    assert not GD2_CART01.limits


def test_what_both_tables_ask_for_takes_the_milder_of_their_grades() -> None:
    assert (GD2_CART01.worst_toxicity, OTHER_AUTOLOGOUS.worst_toxicity) == (2, 1)
    assert COMMON.worst_toxicity == 2
    assert COMMON not in PRODUCTS
    assert not (COMMON.age)
    assert not (COMMON.limits)
    assert not (COMMON.judged)
    assert not (COMMON.performance)
