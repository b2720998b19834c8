"""What each kind of event, and each decision, may do to the findings that courses are followed by.

The effects are declared here once, and held against the code by running real histories through it
(tests/engine/test_effects.py). An effect may be wider than what really happens, never narrower.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse.edges import TRANSITIONS
from pathway.catalogue.high_risk_neuroblastoma_relapse.options import OPTIONS
from pathway.catalogue.high_risk_neuroblastoma_relapse.start_criteria import start_criteria
from pathway.catalogue.high_risk_neuroblastoma_relapse.version_1 import STATES
from pathway.engine.cases import Wanted
from pathway.engine.checklists import MET
from pathway.engine.findings import Finding, Found, finding
from pathway.engine.paths import Effect, Fact, Tracked
from pathway.episodes.episode import Episode

# What is followed beside the findings that the tables read.


_COUNTED: Final = ("0", "1", "2 or more", "waived")


@finding("completed cycles of the line since the last assessment", (*_COUNTED, "maintenance"))
def cycles_since(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    """`waived` where two or more were given, and going on was decided with a reason; courses are not counted here."""
    if episode.context == "maintenance":
        return Found("maintenance")
    number = episode.cycles.since_assessment
    if number < 2:  # noqa: PLR2004  (the domain)
        return Found(str(number))
    return Found("2 or more" if episode.reasoned is None else "waived")


@finding(
    "what the response in force is",
    ("progression", "open progression", "not evaluable", "unsettled", "response"),
)
def answer(episode: Episode, as_of: date) -> Found:
    told = r.response.of(episode, as_of).value
    if told == "PD":
        confirmed = r.progression_confirmed.of(episode, as_of).value == "confirmed"
        return Found("progression" if confirmed else "open progression")
    return Found({"NE": "not evaluable", "unknown": "unsettled"}.get(told, "response"))


@finding("whether the criteria to begin a cycle are met", ("met", "not met"))
def gate(episode: Episode, as_of: date) -> Found:
    return Found("met" if start_criteria.of(episode, as_of).value == MET else "not met")


@finding("whether going on was decided here with a reason", ("yes", "no"))
def reasoned(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    here = episode.reasoned is not None and episode.reasoned.value == episode.state
    return Found("yes" if here else "no")


ABOUT_TREATMENT: Final = (
    "gate_skipped",
    "decision_missing",
    "stopped_agent_given",
    "repeated_cycle",
    "line_begun_before",
)


@finding("an open review task about treatment that was given", ("yes", "no"))
def review(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return Found("yes" if any(each.kind in ABOUT_TREATMENT for each in episode.reviews.values()) else "no")


@finding("an open review task about an agent that was stopped for good", ("yes", "no"))
def stop_review(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    kinds = {each.kind for each in episode.reviews.values()}
    return Found(
        "no" if kinds.isdisjoint(("stopped_agent_given", "repeated_cycle", "line_begun_before")) else "yes"
    )


@finding("an agent stopped for good", ("yes", "no"))
def stopped(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return Found("yes" if episode.stops else "no")


@finding("the agents of the present treatment", ("free", "signed", "stopped"))
def agents(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    concerned = [
        agent for agent in episode.agents if any(each.concerns([agent]) for each in episode.stops.values())
    ]
    if not concerned:
        return Found("free")
    return Found("signed" if set(concerned) <= set(episode.overridden) else "stopped")


def _others(one: Finding, *values: str) -> tuple[str, ...]:
    return tuple(value for value in one.domain if value not in values)


_NO_MAINTENANCE: Final = _others(f.context, "maintenance")
_FEW, _TWO = "fewer_than_two", "two_or_more"
TRACKED: Final = (
    Tracked(
        cycles_since,
        {
            "0": {r.cycles_since_assessment: (_FEW,), f.context: _NO_MAINTENANCE},
            "1": {r.cycles_since_assessment: (_FEW,), f.context: _NO_MAINTENANCE},
            "2 or more": {
                r.cycles_since_assessment: (_TWO,),
                f.context: _NO_MAINTENANCE,
                start_criteria: _others(start_criteria, MET),
                reasoned: ("no",),
            },
            "waived": {r.cycles_since_assessment: (_TWO,), f.context: _NO_MAINTENANCE},
            "maintenance": {f.context: ("maintenance",)},
        },
    ),
    Tracked(
        answer,
        {
            "progression": {r.response: ("PD",), r.progression_confirmed: ("confirmed",)},
            "open progression": {r.response: ("PD",), r.progression_confirmed: ("open", "unknown")},
            "not evaluable": {r.response: ("NE",)},
            "unsettled": {r.response: ("unknown",)},
            "response": {r.response: _others(r.response, "PD", "NE", "unknown")},
        },
    ),
    Tracked(
        gate, {"met": {start_criteria: (MET,)}, "not met": {start_criteria: _others(start_criteria, MET)}}
    ),
    Tracked(reasoned),
    Tracked(review),
    Tracked(stop_review),
    Tracked(stopped, {"no": {f.stopped_antibody: ("no",)}}),
    Tracked(
        agents,
        {
            "free": {f.tolerance: _others(f.tolerance, "stop")},
            "signed": {f.tolerance: ("stop", "emergency")},
            "stopped": {f.tolerance: ("stop", "emergency")},
        },
    ),
    Tracked(r.evidence),
    Tracked(r.assessment),
    Tracked(r.cycles_given),
    Tracked(f.line_under_way),
)

# What may happen.

ASSESSMENTS: Final = ("assessment_recorded", "response_confirmed", "assessment_closed_not_evaluable")
EVIDENCE: Final = ("progression confirmed", "progression suspected")
TAKEN_OVER: Final = ("treatment_taken_over:cycles", "treatment_taken_over:maintenance")
TIME: Final = "time passes"
SOMETHING_ELSE: Final = "something else is recorded"
"""Every kind of event without a cause of its own."""
REFUSED_LINE: Final = "a line begun elsewhere is not taken over"
_QUIET: Final = (
    REFUSED_LINE,
    "fitness_recorded",
    "toxicity_recorded",
    "toxicity_resolved",
    "review_resolved",
    TIME,
    SOMETHING_ELSE,
)
CELL_STEPS: Final = (
    "referred", "eligible", "ineligible", "apheresis", "product_released", "manufacturing_failed", "lymphodepletion",
    "infused", "crs", "icans", "response", "out_of_specification", "apheresis_failed", "no_slot", "bridging",
    "not_infused", "safety_switch_fired",
)  # fmt: skip

FACTS: Final = (
    Fact("cycle_started", "cycle_started", astray=True),
    Fact("cycle_completed", "cycle_completed", astray=True),
    *(Fact(cause, "assessment_recorded") for cause in ASSESSMENTS),
    *(Fact(cause, "progression_evidence_recorded") for cause in EVIDENCE),
    *(Fact(cause, cause) for cause in TAKEN_OVER),
    Fact("local_control_completed", "local_control_completed"),
    *(Fact(f"car_t:{step}", f"car_t:{step}") for step in CELL_STEPS),
    Fact("episode_closed:death", "episode_closed:death"),
    Fact("episode_closed:other", "episode_closed:other"),
    *(Fact(cause) for cause in _QUIET),
)

# What it does.

_DECISIONS: Final = tuple(f"decide:{option.name}" for option in OPTIONS)
NEW_LINE: Final = tuple(f"decide:{option.name}" for option in OPTIONS if option.effect == "new_line")
_ANYTHING: Final = (*(fact.cause for fact in FACTS), *_DECISIONS)
_BUT_A_CYCLE: Final = tuple(cause for cause in _ANYTHING if cause != "cycle_started")
_BUT_A_NEW_LINE: Final = tuple(cause for cause in _ANYTHING if cause not in NEW_LINE)
_WITHIN_A_LINE: Final = tuple(cause for cause in _DECISIONS if cause not in NEW_LINE)
_KEEPS_AGENTS: Final = ("agents", "drop_antibody", "switch_antibody", "new_courses", "resume")
GIVING_AGENTS: Final = (
    *NEW_LINE,
    *(f"decide:{option.name}" for option in OPTIONS if option.effect in _KEEPS_AGENTS),
)
SYSTEMIC: Final = ("chemoimmunotherapy.ready", "chemoimmunotherapy.cycle_running")
_IN_MAINTENANCE: Final = tuple(state.name for state in STATES if state.context == "maintenance")
_OTHER_CONTEXTS: Final = tuple(state.name for state in STATES if state.context not in (None, "maintenance"))
CELLS: Final = tuple(state.name for state in STATES if state.name.startswith("car_t_bridge."))
_LINE_ENDS: Final = tuple(state.name for state in STATES if state.ends_line)


_TAKING_OVER: Final = tuple({edge.source: None for edge in TRANSITIONS if edge.trigger in TAKEN_OVER})


def may(causes: tuple[str, ...], what: Finding, *to: str, given: Wanted | None = None) -> Effect:
    """The causes may give the finding any of these values, or leave it as it is."""
    return Effect(causes, what, to or what.domain, given or {}, certain=False)


def taken_over(what: Finding, *to: str) -> Effect:
    """A line that was begun elsewhere may come with any of these values, where it can be taken over."""
    return Effect(TAKEN_OVER, what, to or what.domain, states=_TAKING_OVER, certain=False)


_COUNTING: Final = (
    *(
        Effect(("cycle_completed",), cycles_since, (then,), {cycles_since: (now,)}, certain=False)
        for now, then in (("0", "1"), ("1", "2 or more"), ("waived", "2 or more"))
    ),
    # What moves the episode within the line is a cycle of the line.
    Effect(
        ("cycle_completed",),
        cycles_since,
        ("1", "2 or more"),
        {cycles_since: ("0", "1")},
        SYSTEMIC,
        moved=True,
    ),
    may(_WITHIN_A_LINE, cycles_since, "2 or more", "waived", given={cycles_since: ("2 or more", "waived")}),
    Effect((*ASSESSMENTS, *EVIDENCE), cycles_since, ("0",), {cycles_since: _COUNTED}, moved=True),
    Effect(NEW_LINE, cycles_since, ("0",), {cycles_since: _COUNTED}),
    Effect(NEW_LINE, cycles_since, ("0",), {cycles_since: ("maintenance",)}, moved=True),
    Effect(("treatment_taken_over:cycles",), cycles_since, _COUNTED, states=_TAKING_OVER),
    Effect(("treatment_taken_over:maintenance",), cycles_since, ("maintenance",), states=_TAKING_OVER),
    Effect(_ANYTHING, cycles_since, ("maintenance",), entering=_IN_MAINTENANCE),
    Effect(
        _BUT_A_NEW_LINE, cycles_since, _COUNTED, {cycles_since: ("maintenance",)}, entering=_OTHER_CONTEXTS
    ),
    may(("cycle_started",), r.cycles_given, "yes"),
    Effect(("cycle_started",), r.cycles_given, ("yes",), states=("chemoimmunotherapy.ready",), moved=True),
    Effect(NEW_LINE, r.cycles_given, ("no",)),
    taken_over(r.cycles_given),
    Effect(NEW_LINE, f.line_under_way, ("yes",)),
    taken_over(f.line_under_way, "yes"),
    Effect(_ANYTHING, f.line_under_way, ("no",), entering=_LINE_ENDS),
)
_RESPONSES: Final = (
    may((*ASSESSMENTS, *EVIDENCE), answer),
    taken_over(answer),
    Effect(NEW_LINE, answer, ("progression", "open progression", "not evaluable")),
    may((TIME, "cycle_started", "cycle_completed", "local_control_completed", "car_t:infused"), answer),
    Effect(("progression confirmed",), r.evidence, ("confirmed",)),
    may(("progression suspected",), r.evidence, "open"),
    may(ASSESSMENTS, r.assessment),
    taken_over(r.assessment),
    Effect(NEW_LINE, r.assessment, ("incomplete",)),
)
_STARTING: Final = (
    may(tuple(cause for cause in _ANYTHING if not cause.startswith(("car_t:", "episode_closed:"))), gate),
    # A criterion may apply in one context and not in another, and an assessment settles one.
    Effect(_BUT_A_CYCLE, gate, gate.domain, moved=True, certain=False),
    may(_DECISIONS, reasoned),
    may(("cycle_completed",), reasoned, "no"),
    Effect(_ANYTHING, reasoned, ("no",), moved=True),
    Effect(("cycle_started",), review, ("yes",), {gate: ("not met",), reasoned: ("no",)}, moved=True),
    Effect(("cycle_started", "car_t:infused", "car_t:lymphodepletion"), review, ("yes",), moved=False),
    Effect((REFUSED_LINE,), review, ("yes",)),
    may(TAKEN_OVER, review, "yes"),
    may(("cycle_started", "local_control_completed", "episode_closed:other"), review, "yes"),
    may(("review_resolved", "fitness_recorded"), review, "no"),
)
_STOPPING: Final = (
    may(("toxicity_recorded", "toxicity_resolved", "decide:stop_agent"), stopped, "yes"),
    may(("toxicity_recorded", "toxicity_resolved", "decide:stop_agent"), agents, "stopped"),
    may(("cycle_started", *GIVING_AGENTS), agents),
    taken_over(agents),
    Effect(("cycle_started", *TAKEN_OVER), stop_review, ("yes",), {agents: ("stopped",)}, moved=True),
    may(("cycle_started", REFUSED_LINE), stop_review, "yes"),
    may(("review_resolved",), stop_review, "no"),
)

EFFECTS: Final = (*_COUNTING, *_RESPONSES, *_STARTING, *_STOPPING)
AT_FIRST: Final = {
    cycles_since: ("0",),
    answer: ("not evaluable",),
    reasoned: ("no",),
    review: ("no",),
    stop_review: ("no",),
    stopped: ("no",),
    agents: ("free",),
    r.evidence: ("open",),
    r.assessment: ("incomplete",),
    r.cycles_given: ("no",),
    f.line_under_way: ("no",),
}
