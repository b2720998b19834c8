"""A patient's identifier has one form, so that one patient is not taken for two."""

import pytest
from pydantic import ValidationError

from pathway.episodes.events import PatientIdentifier


@pytest.mark.shows("C-14")
def test_a_letter_with_its_accent_apart_names_the_same_patient() -> None:
    composed = PatientIdentifier(system="urn:mrn", value="Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}-1")
    apart = PatientIdentifier(system=" urn:mrn ", value="Zoe\N{COMBINING DIAERESIS}-1 ")
    assert apart == composed


@pytest.mark.parametrize(
    "unseen",
    [
        "\N{ZERO WIDTH SPACE}",
        "\N{SOFT HYPHEN}",
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{LINE SEPARATOR}",
        "\N{PARAGRAPH SEPARATOR}",
        "\x85",
    ],
)
@pytest.mark.parametrize("field", ["system", "value"])
def test_an_identifier_with_a_character_nobody_sees_is_refused_and_not_repeated(
    field: str, unseen: str
) -> None:
    told = {"system": "urn:mrn", "value": "4711"}
    with pytest.raises(ValidationError) as refused:
        PatientIdentifier.model_validate(told | {field: f"47{unseen}11"})
    (fault,) = refused.value.errors(include_input=False)
    assert fault["loc"] == (field,)
    assert "47" not in fault["msg"]


@pytest.mark.shows("C-14")
def test_identifiers_that_differ_for_the_eye_stay_apart() -> None:
    assert PatientIdentifier(system="urn:mrn", value="a1") != PatientIdentifier(system="urn:mrn", value="A1")
