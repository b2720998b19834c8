"""A response worked out at a terminal."""

from __future__ import annotations

import pytest

from pathway.cli.terminal import Code
from tests.cli.conftest import Terminal


def test_a_response_is_worked_out_from_ratings_and_measurements_and_explained(terminal: Terminal) -> None:
    told = terminal.read(
        "inrc",
        "primary=PR",
        "metastatic=NI",
        "bone_marrow.infiltration_percent.now=4",
        "bone_marrow.infiltration_percent.baseline=10",
    )
    assert told.startswith("PR (R3) Partial response in the primary tumour")
    assert "Primary: PR As reported." in told
    assert "B6: Infiltration of up to 5 % is minimal disease. Found: 4 % now, 10 % at baseline." in told
    assert "Open question A3" in told
    assert "(unverified)" in told


def test_flags_warnings_and_a_contradicting_report_are_shown(terminal: Terminal) -> None:
    told = terminal.read(
        "inrc",
        '{"primary": {"longest_diameter_mm": {"now": 38, "baseline": 40}, "uptake": "none", "rating": "PR"}}',
    )
    assert "To look at: contradiction" in told
    assert "Reported as PR, derived as SD." in told
    assert "smallest diameter on study" in told


def test_a_document_comes_from_stdin_and_goes_out_as_json(terminal: Terminal) -> None:
    told = terminal.json("inrc", "-", stdin='{"primary": "CR", "metastatic": "CR", "bone_marrow": "NI"}')
    assert (told["overall"], told["rule"]) == ("CR", "R2")


@pytest.mark.parametrize("words", [["primary=CR", "nonsense"], ["{}", "{}"], []])
def test_what_is_not_written_as_it_should_be_is_told(terminal: Terminal, words: list[str]) -> None:
    terminal("inrc", *words, ends=Code.USAGE)


def test_what_is_not_known_is_refused_by_name(terminal: Terminal) -> None:
    refused = terminal("inrc", "primary.size=20", ends=Code.REFUSED)
    assert "/primary/size" in refused.stderr
