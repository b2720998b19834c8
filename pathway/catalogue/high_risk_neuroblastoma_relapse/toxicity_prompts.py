"""What a person is told about side effects beside the next step: open questions, warnings, and what is not known here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity import (
    antibody_may_be_given,
    contraindicated,
    graded,
    in_words,
    is_of_another_agent,
    occurrences_of,
    of_present_treatment,
)
from pathway.clinical.cell_toxicity import LOW_BLOOD_PRESSURE, LOW_BLOOD_PRESSURE_SOURCE
from pathway.clinical.evidence import (
    BARONE_2021,
    CTCAE_V5,
    DANYELZA_LABEL,
    LEE_2019,
    PROJECT_DESIGN,
    QARZIBA_EMA,
    UNITUXIN_LABEL,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.regimens import REGIMENS
from pathway.clinical.side_effects import (
    ALLERGIC,
    ANAPHYLAXIS,
    ANY_PAIN,
    CYTOKINE_RELEASE,
    FEBRILE_NEUTROPENIA,
    FEVER,
    GRADED_BY_ASTCT,
    HYPOTENSION,
    INFUSION_REACTION,
    LEAK,
    SideEffect,
    known_term,
    plain_term,
    possible_grades,
)
from pathway.clinical.terms import ANTI_GD2_AGENTS, Antibody, ToxicityScale, antibody_of, is_anti_gd2
from pathway.clinical.toxicity import pending_stop_rules
from pathway.clinical.toxicity_tables import CONTRAINDICATION, Action
from pathway.engine.definition import Noticed, Prompt
from pathway.episodes.episode import Episode
from pathway.episodes.facts import UNNAMED_ANTIBODY, Noted, Stamp, Toxicity

_GIVING: Final = (
    "chemoimmunotherapy.ready",
    "chemoimmunotherapy.cycle_running",
    "maintenance.ready",
    "maintenance.cycle_running",
)
_IN_USE: Final = (
    "progression_suspected",
    "progression_confirmed",
    *_GIVING,
    "assessment_due",
    "decision_due",
    "local_control",
    "restaging",
)
"""Where an antibody is given, or may be given next: who chooses it there is to know what stands against it."""


def _design(where: str) -> Citation:
    return cite(PROJECT_DESIGN, Tag.DESIGN, where)


def _ongoing(episode: Episode, effect: SideEffect) -> Iterator[Toxicity]:
    for toxicity in episode.toxicities.values():
        if toxicity.ongoing and plain_term(toxicity.term) in effect.terms:
            yield toxicity


def _since(toxicity: Toxicity, as_of: date) -> str:
    if not toxicity.since.exact:
        return graded(toxicity)
    days = (as_of - toxicity.since.on).days
    return f"{graded(toxicity)}, since {toxicity.since.when} ({days} {'day' if days == 1 else 'days'})"


def _stop_questions(episode: Episode, as_of: date) -> Iterator[Noticed]:
    """Each rule that would end an antibody if what it asks for beside the grade were so, also after it has resolved."""
    never_given = not antibody_may_be_given(episode) and episode.last_anti_gd2 is None
    for toxicity in episode.toxicities.values():
        if toxicity.worst is None or (toxicity.agent is None and never_given):
            continue
        times = occurrences_of(episode, toxicity).told
        again = f", for the {times}. time" if times > 1 else ""
        for rule in pending_stop_rules(toxicity.term, toxicity.worst, toxicity.agent, toxicity.condition_met):
            told = f"{rule.sentence} Recorded: {_since(toxicity, as_of)}{again}{_unnamed(toxicity)}."
            yield Noticed(told, toxicity.at, rule.citation)


def _unnamed(toxicity: Toxicity) -> str:
    known = toxicity.agent is not None and antibody_of(toxicity.agent) is not None
    return "" if known else ", of an antibody that was not named"


DEATH: Final = 5
"""The grade which on either scale means that the child has died of it."""


def deaths(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    """The side effects that the child is recorded to have died of."""
    for toxicity in episode.toxicities.values():
        if toxicity.grade == DEATH:
            yield Noticed(graded(toxicity), toxicity.at)
    for step in ("crs", "icans"):
        noted = episode.car_t.get(step)
        if noted is not None and noted.value == f"{step} grade {DEATH}":
            yield Noticed(noted.value.replace(step, step.upper()), noted.at)


def _interruptions(episode: Episode, as_of: date) -> Iterator[Noticed]:
    yield from _rules(episode, as_of, _INTERRUPTING)
    if contraindicated(episode):
        noted = episode.fitness["graft_versus_host"]
        told = f"{noted.value.replace('_', ' ')}: {CONTRAINDICATION.sentence}"
        yield Noticed(told, noted.at, CONTRAINDICATION.citation)


def _modifications(episode: Episode, as_of: date) -> Iterator[Noticed]:
    yield from _rules(episode, as_of, (Action.PROCEED, Action.MODIFY))


_INTERRUPTING: Final = tuple(each for each in Action if each.gravity >= Action.HOLD.gravity)


def _rules(episode: Episode, as_of: date, actions: tuple[Action, ...]) -> Iterator[Noticed]:
    for toxicity, told in of_present_treatment(episode, as_of):
        if told.action in actions and toxicity.grade != DEATH:
            for rule in told.rules:
                whose = f" ({rule.antibody.replace('_', ' ')})" if rule.antibody else ""
                yield Noticed(f"{graded(toxicity)}{whose}: {in_words(rule)}", toxicity.at, rule.citation)


def _grades_wanted(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for toxicity, told in of_present_treatment(episode, as_of):
        if is_of_another_agent(toxicity) and episode.state not in _GIVING:
            continue
        if toxicity.grade is None and toxicity.no_grade is None and told.rules:
            known = known_term(toxicity.term)
            texts = dict(known.grades) if known else {}
            told_grades = [
                f"{each}, {texts[each]}" for each in possible_grades(toxicity.term) if texts.get(each)
            ]
            grades = "; ".join(told_grades)
            detail = f"{toxicity.term.replace('_', ' ')}{f'; it can have grade {grades}' if grades else ''}"
            yield Noticed(detail, toxicity.at, known.citation if known else None)


def _class_warnings(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    for stop in episode.stops.values():
        if stop.sentence.startswith(ANAPHYLAXIS.name):
            others = [each for each in Antibody if each != stop.agent]
            names = ", ".join(each.replace("_", " ") for each in others)
            yield Noticed(f"{stop.sentence} The others: {names}.", stop.at, stop.because)


FEVER_FROM: Final = Decimal("38.0")
_MEASURED_DAYS: Final = 1


def _fevers(episode: Episode, as_of: date) -> Iterator[tuple[str, Stamp]]:
    for effect in (FEVER, FEBRILE_NEUTROPENIA):
        for toxicity in _ongoing(episode, effect):
            yield _since(toxicity, as_of), toxicity.at
    measured = episode.fitness.get("temperature_c")
    if measured is not None and Decimal(measured.value) >= FEVER_FROM and _recent(measured, as_of):
        yield f"temperature {measured.value} °C", measured.at


def _recent(noted: Noted, as_of: date) -> bool:
    return not noted.at.exact or as_of <= noted.at.on + timedelta(days=_MEASURED_DAYS)


def _cultures(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for told, at in _fevers(episode, as_of):
        yield Noticed(told, at)


_LASTING_DAYS: Final = 2


def _lasting_fever(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for effect in (FEVER, FEBRILE_NEUTROPENIA):
        for toxicity in _ongoing(episode, effect):
            if toxicity.since.exact and as_of >= toxicity.since.on + timedelta(days=_LASTING_DAYS):
                yield Noticed(_since(toxicity, as_of), toxicity.at)


_LOW_NEUTROPHILS: Final = 1000


def _febrile_neutropenia(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for toxicity in _ongoing(episode, FEBRILE_NEUTROPENIA):
        yield Noticed(_since(toxicity, as_of), toxicity.at)
    count = episode.fitness.get("anc_per_ul")
    if count is not None and Decimal(count.value) < _LOW_NEUTROPHILS:
        for toxicity in _ongoing(episode, FEVER):
            yield Noticed(f"{_since(toxicity, as_of)}; neutrophils {count.value}/µl", toxicity.at)


def _no_such_grades(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    for toxicity in episode.toxicities.values():
        if toxicity.no_grade is not None:
            scale = "ASTCT" if toxicity.scale is ToxicityScale.ASTCT else "CTCAE v5.0"
            name = toxicity.term.replace("_", " ")
            yield Noticed(f"{name}: {scale} has no grade {toxicity.no_grade} of it", toxicity.at)


def _unknown_terms(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    for toxicity in episode.toxicities.values():
        if known_term(toxicity.term) is None and plain_term(toxicity.term) not in GRADED_BY_ASTCT:
            yield Noticed(toxicity.term.replace("_", " "), toxicity.at)


_SUPPORTING_AGENTS: Final = ("interleukin_2", "il_2", "aldesleukin", "sargramostim", "molgramostim", "g_csf", "filgrastim")  # fmt: skip
KNOWN_AGENTS: Final = frozenset(
    {
        *ANTI_GD2_AGENTS,
        *_SUPPORTING_AGENTS,
        *(agent for regimen in REGIMENS.values() for agent in regimen.agents),
    }
)
"""The agents that rules and regimens of this pathway speak of."""


def _unknown_agents(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    named: dict[str, Stamp | None] = dict.fromkeys(episode.agents, episode.line_began)
    named |= {each.agent: each.at for each in episode.toxicities.values() if each.agent is not None}
    named |= {stop.agent: stop.at for stop in episode.stops.values()}
    for agent in sorted(set(named) - KNOWN_AGENTS):
        alike = get_close_matches(agent, sorted(KNOWN_AGENTS), 1)
        meant = f"; did you mean {alike[0]}?" if alike else ""
        yield Noticed(f"{agent}{meant}".replace("_", " "), named[agent])


def _unnamed_antibody(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    stop = episode.stops.get(UNNAMED_ANTIBODY)
    if stop is not None:
        yield Noticed(stop.sentence, stop.at, stop.because)


def _low_pressure(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for toxicity in _ongoing(episode, HYPOTENSION):
        yield Noticed(_since(toxicity, as_of), toxicity.at)


def _other_scale(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    if "infused" not in episode.car_t:
        return
    for toxicity in _ongoing(episode, CYTOKINE_RELEASE):
        if toxicity.scale is ToxicityScale.CTCAE_V5:
            yield Noticed(graded(toxicity), toxicity.at)


def _pain(episode: Episode, as_of: date) -> Iterator[Noticed]:
    for toxicity in _ongoing(episode, ANY_PAIN):
        if (toxicity.grade or 0) > 1 and (toxicity.agent is None or is_anti_gd2(toxicity.agent)):
            yield Noticed(_since(toxicity, as_of), toxicity.at)


_OBSERVED: Final = {
    Antibody.DINUTUXIMAB: Noticed("dinutuximab: at least 4 hours", None, cite(UNITUXIN_LABEL, Tag.SOURCE_READ, "observation after the infusion")),
    Antibody.NAXITAMAB: Noticed("naxitamab: at least 2 hours", None, cite(DANYELZA_LABEL, Tag.SOURCE_READ, "observation after the infusion")),
}  # fmt: skip


def _observation(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    for antibody, told in _OBSERVED.items():
        if antibody in episode.agents:
            yield told


_REACTIONS: Final = frozenset().union(
    *(effect.terms for effect in (ALLERGIC, LEAK, INFUSION_REACTION, CYTOKINE_RELEASE))
)


def _again(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    for toxicity in episode.toxicities.values():
        reacted = plain_term(toxicity.term) in _REACTIONS and not toxicity.ongoing
        if reacted and toxicity.agent in episode.agents and occurrences_of(episode, toxicity).severe:
            yield Noticed(f"{toxicity.term} under {toxicity.agent}".replace("_", " "), toxicity.at)


PROMPTS: Final = (
    Prompt("death", "when a side effect was recorded with grade 5", "Grade 5 means that the child has died of it. If so, close the episode with the day of death; if not, correct the grade.", cite(CTCAE_V5, Tag.SOURCE_READ, "grade 5 is death"), deaths, urgent=True),
    Prompt("interrupt_antibody", "while a side effect that goes on asks for the antibody to be interrupted", "Give no antibody while this goes on: interrupt the infusion now if one runs.", _design("toxicity outcomes"), _interruptions, _IN_USE, urgent=True),
    Prompt("stop_question", "while a rule that ends an antibody for good hangs on what only a person can judge", "An antibody may have to be stopped for good. Say whether it is so: correct the entry with the answer, or record the side effect again with it.", _design("toxicity outcomes: conditions a person judges"), _stop_questions, urgent=True),
    Prompt("antibody_rule", "while a side effect that goes on is milder, and its antibody has a rule for it", "The antibody's rule for a side effect that goes on.", _design("toxicity outcomes"), _modifications, _GIVING),
    Prompt("grade_wanted", "while the grade of a side effect that goes on is not known and decides", "Obtain the grade of this side effect: it decides what to do. Until then take it for severe.", _design("toxicity outcomes"), _grades_wanted, _IN_USE, urgent=True),
    Prompt("no_such_grade", "when a grade was recorded that its scale does not have", "This grade does not exist, and no rule reads it: correct the term or the grade.", cite(CTCAE_V5, Tag.SOURCE_READ, "grades of the terms"), _no_such_grades, urgent=True),
    Prompt("term_not_known", "when a side effect was recorded that is not known here", "This term is not known here: its rules cannot be looked up.", _design("terms of side effects"), _unknown_terms),
    Prompt("agent_not_known", "when an agent was named that is not known here", "This agent is not known here: no rule for an antibody applies to it. Correct it if it was misspelled.", _design("names of agents"), _unknown_agents),
    Prompt("antibody_not_named", "while a stop holds for each antibody, because none or none known here was named", "Name the antibody: until then the stop holds for each of them.", _design("toxicity outcomes: stop agent"), _unnamed_antibody),
    Prompt("class_warning", "after anaphylaxis of grade 3 or 4 to an anti-GD2 antibody", "Warning for the whole class: whether another anti-GD2 antibody may be given after this is for people to choose.", _design("toxicity outcomes: class warning"), _class_warnings, urgent=True),
    Prompt("blood_cultures", "while fever goes on, or 38.0 °C or more was measured within a day", "Take blood cultures, always: software cannot tell the antibody's fever from sepsis.", cite(BARONE_2021, Tag.SOURCE_READ, "Table 2: fever"), _cultures, urgent=True),
    Prompt("lasting_fever", "from 48 hours of fever on", "Fever that lasts over 48 to 72 hours in spite of treatment needs further work-up.", cite(BARONE_2021, Tag.SOURCE_READ, "Table 2: fever"), _lasting_fever, urgent=True),
    Prompt("febrile_neutropenia", "while febrile neutropenia goes on, or fever with neutrophils under 1000/µl", "Give antibiotics at least until the blood cultures are negative.", cite(BARONE_2021, Tag.SOURCE_READ, "Table 2: febrile neutropenia"), _febrile_neutropenia, urgent=True),
    Prompt("pain_control", "while pain of grade 2 or 3 of an antibody goes on", "Step up the treatment of pain: paracetamol or ibuprofen, gabapentin and morphine together; ketamine where they do not suffice, then a lower rate or dose.", cite(BARONE_2021, Tag.SOURCE_READ, "Table 2: pain"), _pain, _GIVING),
    Prompt("blood_pressure_of_children", "while hypotension goes on", LOW_BLOOD_PRESSURE, LOW_BLOOD_PRESSURE_SOURCE, _low_pressure),
    Prompt("scale_of_cytokine_release", "when cytokine release after cells was graded by CTCAE", "After CAR-T cells cytokine release is graded by ASTCT; the grade by CTCAE is another one and is not read for it.", cite(LEE_2019, Tag.SOURCE_READ, "grades of cytokine release syndrome"), _other_scale),
    Prompt("observation", "while a cycle with dinutuximab or naxitamab runs", "Observe the child after each infusion.", _design("observation after the infusion, as the labels ask for it"), _observation, tuple(each for each in _GIVING if each.endswith("running"))),
    Prompt("given_again", "once a severe reaction to the antibody of the present treatment has come down: hypersensitivity, a reaction to the infusion, cytokine release, capillary leak", "Whether to give it again after a severe reaction is not settled: hypersensitivity is a contraindication in the leaflet of dinutuximab beta, and its label resumes in the courses that follow. People choose, with a reason.", cite(QARZIBA_EMA, Tag.SOURCE_READ, "package leaflet: when it is not given"), _again, _IN_USE, urgent=True),
)  # fmt: skip
"""What this pathway prompts about side effects."""
