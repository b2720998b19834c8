"""Which side effects end an anti-GD2 antibody for good."""

import pytest

from pathway.clinical.evidence import Tag
from pathway.clinical.side_effects import plain_term
from pathway.clinical.terms import Antibody
from pathway.clinical.toxicity import (
    STOP_RULES,
    StopRule,
    could_stop,
    pending_stop_rules,
    stop_rule,
)

ANTIBODIES = ["dinutuximab", "dinutuximab_beta", "naxitamab"]


def found(term: str, grade: int | None, agent: str | None) -> StopRule:
    rule = stop_rule(term, grade, agent)
    assert rule is not None
    return rule


@pytest.mark.parametrize("agent", [*ANTIBODIES, "3F8", None])
@pytest.mark.parametrize("grade", [None, 1, 4])
@pytest.mark.parametrize(
    "term",
    [
        "transverse myelitis",
        "Myelitis",
        "PRES",
        "RPLS",
        "Reversible posterior leukoencephalopathy syndrome",
        "brain-stem oedema",
        "Brainstem edema",
        "severe CNS neurotoxicity",
    ],
)
def test_damage_to_brain_or_cord_ends_the_antibody_whatever_its_grade(
    term: str, grade: int | None, agent: str | None
) -> None:
    assert stop_rule(term, grade, agent) is not None
    assert not could_stop(term, agent)


@pytest.mark.parametrize("agent", [*ANTIBODIES, None])
def test_anaphylaxis_ends_the_antibody_from_grade_three(agent: str | None) -> None:
    assert stop_rule("Anaphylaxis", 2, agent) is None
    assert stop_rule("Anaphylaxis", 3, agent) is not None
    assert stop_rule("anaphylaxis", 4, agent) is not None


@pytest.mark.parametrize("agent", [*ANTIBODIES, None])
def test_central_neurotoxicity_ends_the_antibody_from_grade_three(agent: str | None) -> None:
    assert stop_rule("central neurotoxicity", 2, agent) is None
    assert stop_rule("central neurotoxicity", 3, agent) is not None


@pytest.mark.parametrize(
    ("term", "agent", "from_grade"),
    [
        ("serum sickness", "dinutuximab", 3),
        ("peripheral sensory neuropathy", "dinutuximab", 4),
        ("peripheral motor neuropathy", "dinutuximab", 2),
        ("peripheral neuropathy", "dinutuximab_beta", 3),
        ("peripheral sensory neuropathy", "dinutuximab_beta", 3),
        ("peripheral motor neuropathy", "dinutuximab_beta", 3),
        ("Blurred vision", "dinutuximab_beta", 3),
        ("capillary leak syndrome", "dinutuximab_beta", 4),
        ("Infusion related reaction", "naxitamab", 4),
        ("motor neuropathy", "naxitamab", 2),
        ("sensory neuropathy", "naxitamab", 3),
        ("hypertension", "naxitamab", 4),
        ("motor neuropathy", None, 3),
        ("sensory neuropathy", None, 4),
    ],
)
def test_each_antibody_has_its_own_grade_at_which_it_ends(
    term: str, agent: str | None, from_grade: int
) -> None:
    ended = [grade for grade in range(1, 6) if stop_rule(term, grade, agent)]
    assert ended == list(range(from_grade, 6))
    assert stop_rule(term, None, agent) is None
    assert could_stop(term, agent)


@pytest.mark.parametrize("term", ["hypertension", "infusion related reaction"])
def test_what_ends_naxitamab_does_not_end_dinutuximab_beta(term: str) -> None:
    assert stop_rule(term, 4, "naxitamab") is not None
    assert stop_rule(term, 4, "dinutuximab_beta") is None
    assert not could_stop(term, "dinutuximab_beta")


@pytest.mark.parametrize(
    "term", ["atypical haemolytic uraemic syndrome", "Hemolytic uremic syndrome", "blindness"]
)
def test_uraemic_syndrome_and_loss_of_vision_end_dinutuximab(term: str) -> None:
    assert found(term, None, "Unituxin").antibody is Antibody.DINUTUXIMAB


@pytest.mark.parametrize("agent", ["temozolomide", "irinotecan", "GM-CSF"])
def test_a_side_effect_of_another_drug_ends_no_antibody(agent: str) -> None:
    assert stop_rule("anaphylaxis", 4, agent) is None
    assert stop_rule("transverse myelitis", None, agent) is None
    assert not could_stop("anaphylaxis", agent)
    assert pending_stop_rules("motor neuropathy", 2, agent) == ()


def test_an_agent_nobody_recognises_may_have_been_an_antibody() -> None:
    assert found("transverse myelitis", None, "study drug 17").antibody is None
    assert stop_rule("anaphylaxis", 3, "unknown") is not None


@pytest.mark.parametrize(
    ("term", "grade", "agent"),
    [
        ("pain", 3, "dinutuximab"),
        ("pain", 3, "naxitamab"),
        ("hyponatremia", 4, "dinutuximab_beta"),
        ("urinary retention", 1, "naxitamab"),
        ("capillary leak syndrome", 2, "dinutuximab_beta"),
        ("peripheral motor neuropathy", 2, "dinutuximab_beta"),
        ("peripheral sensory neuropathy", 3, "dinutuximab"),
        ("vision decreased", 2, "dinutuximab"),
    ],
)
def test_what_only_a_person_can_judge_ends_nothing_by_itself_but_is_asked(
    term: str, grade: int, agent: str
) -> None:
    assert stop_rule(term, grade, agent) is None
    (rule,) = pending_stop_rules(term, grade, agent)
    assert rule.condition is not None
    assert rule.condition in rule.sentence


@pytest.mark.parametrize(
    ("term", "grade", "agent"),
    [
        ("pain", 3, "dinutuximab"),
        ("pain", 3, "naxitamab"),
        ("hyponatremia", 4, "dinutuximab_beta"),
        ("urinary retention", None, "naxitamab"),
        ("capillary leak syndrome", 2, "dinutuximab_beta"),
        ("peripheral motor neuropathy", 2, "dinutuximab_beta"),
        ("peripheral sensory neuropathy", 3, "dinutuximab"),
        ("vision decreased", 2, "dinutuximab"),
    ],
)
def test_a_rule_with_a_condition_applies_once_a_person_found_it_met_and_not_when_found_unmet(
    term: str, grade: int | None, agent: str
) -> None:
    met = stop_rule(term, grade, agent, condition_met=True)
    assert met is not None
    assert met.condition is not None
    assert pending_stop_rules(term, grade, agent, condition_met=True) == ()
    assert stop_rule(term, grade, agent, condition_met=False) is None
    assert pending_stop_rules(term, grade, agent, condition_met=False) == ()


def test_a_rule_without_a_condition_needs_nobody_to_find_anything() -> None:
    assert stop_rule("anaphylaxis", 3, "naxitamab", condition_met=False) is not None


def test_blindness_ends_naxitamab_by_a_rule_that_was_not_checked() -> None:
    assert not found("blindness", None, "naxitamab").citation.verified


def test_pain_of_unknown_grade_does_not_hang_on_its_grade_alone() -> None:
    assert not could_stop("pain", "dinutuximab")
    assert len(pending_stop_rules("pain", None, "dinutuximab")) == 1
    assert pending_stop_rules("pain", 2, "dinutuximab") == ()


def test_once_the_condition_is_met_only_the_missing_grade_decides() -> None:
    assert could_stop("pain", "dinutuximab", condition_met=True)
    assert not could_stop("pain", "dinutuximab", condition_met=False)


def test_while_the_antibody_is_not_named_the_rules_of_each_stay_open() -> None:
    open_for = {rule.antibody for rule in pending_stop_rules("motor neuropathy", 2, None)}
    assert open_for == {Antibody.DINUTUXIMAB, Antibody.DINUTUXIMAB_BETA, Antibody.NAXITAMAB}


def test_nothing_stays_open_once_the_antibody_has_ended() -> None:
    assert pending_stop_rules("motor neuropathy", 3, "dinutuximab_beta") == ()


@pytest.mark.parametrize("term", ["fever", "none notable", "bilateral mydriasis", ""])
def test_other_side_effects_end_no_antibody(term: str) -> None:
    assert stop_rule(term, 4, "dinutuximab_beta") is None
    assert not could_stop(term, "dinutuximab_beta")
    assert pending_stop_rules(term, 4, "dinutuximab_beta") == ()


def test_british_and_american_spellings_name_the_same_side_effect() -> None:
    assert plain_term("Hyponatraemia") == plain_term("hyponatremia")
    assert plain_term(" Brain-Stem  OEDEMA") == plain_term("brain_stem edema")


@pytest.mark.parametrize("rule", STOP_RULES, ids=lambda rule: rule.sentence)
def test_every_rule_is_reached_and_reads_as_a_sentence(rule: StopRule) -> None:
    for term in rule.effect.terms:
        if rule.condition is None:
            assert stop_rule(term, 5, rule.antibody) is not None
        assert plain_term(term) == term
    assert rule.sentence.endswith(".")
    assert rule.effect.name in rule.sentence


def test_a_rule_for_all_antibodies_never_hides_the_label_of_one() -> None:
    assert found("transverse myelitis", None, "dinutuximab").citation.tag is Tag.SOURCE_READ
    assert found("transverse myelitis", None, "dinutuximab_beta").citation.tag is Tag.DESIGN
    assert not found("transverse myelitis", None, "naxitamab").citation.verified
