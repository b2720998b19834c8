"""The course of an episode from the entries in force: where it rests, and what each entry did.

Written from the pathway's definition (its edges, rows and findings) and from nothing else of the engine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from dataclasses import MISSING, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from pathway.clinical.regimens import REGIMENS, regimen
from pathway.clinical.terms import Delivered, Precision, is_anti_gd2, spelling
from pathway.engine.definition import Pathway
from pathway.episodes.assessments import response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.events import DecisionMade, Event, read_logged
from pathway.episodes.facts import Cycles, Hold, Line, Noted, Obligation, PendingDecision, Review, Stamp, Stop
from tests.reference.facts import Sheet, baselines, counter, take_in
from tests.reference.history import InForce
from tests.reference.tables import offered

TREATMENT = ("chemoimmunotherapy", "maintenance", "local_control", "car_t_bridge")
DECISIONS = ("decision_made", "decision_countersigned", "treatment_taken_over")
"""What may begin treatment: a decision taken here, or a line that goes on from where it was decided upon."""
SENTENCES = {
    "repeated_cycle": "A cycle with this number has been recorded already; correct or retract one of the two.",
    "decision_missing": "This happened without a recorded decision; record the decision with its own date.",
    "stopped_agent_given": (
        "The cycle has an agent that was stopped for good, without an override that two clinicians signed."
    ),
    "line_begun_before": (
        "A line of therapy that was begun elsewhere cannot be taken over from here on; nothing of it was counted."
    ),
    "gate_skipped": (
        "The cycle began without its start criteria on record: record the values with their own date, or say why."
    ),
    "contested": "On what is known now, this decision would not have been offered; look at it again.",
}


@dataclass(frozen=True)
class Taken:
    """One entry and what it did: from which state to which, and whether it came as a surprise."""

    entry: InForce
    came_from: str
    went_to: str
    unexpected: bool = False
    contested: bool = False
    flags: tuple[str, ...] = ()
    assessment: tuple[int, str] | None = None
    """The assessment it is a part of: how many lines had begun, and the name of the timepoint in its line."""


class Course:
    """All entries in force taken in, one after the other."""

    def __init__(self, pathway: Pathway, entries: Sequence[InForce]) -> None:
        self.pathway = pathway
        self.taken: list[Taken] = []
        self.lines_begun = 0
        self.sheet = _opened(pathway, entries[0])
        self.taken.append(Taken(entries[0], "", pathway.initial))
        for entry in entries[1:]:
            before = self.sheet["state"]
            did = self._take(entry)
            self.taken.append(replace(did, came_from=before, went_to=self.sheet["state"]))

    @property
    def episode(self) -> Episode:
        return Episode(**{name: copy(value) for name, value in self.sheet.items()})

    def _take(self, entry: InForce) -> Taken:
        event, sheet = entry.event, self.sheet
        done = Taken(entry, "", "")
        if event.kind == "review_resolved":
            sheet["reviews"].pop(entry.told["entry"], None)
            return done
        if event.kind == "decision_made":
            return replace(done, contested=self._decision(entry, event))
        if event.kind == "decision_countersigned":
            waiting = sheet["pending"].pop(entry.told["entry"], None)
            if waiting is not None:
                signed = read_logged(waiting.body)
                self._carry_out(signed, entry.at)
                sheet["overridden"] = planned(signed) or sheet["agents"]
            return done
        return self._fact(entry, event, done)

    # What is reported.

    def _fact(self, entry: InForce, event: Any, done: Taken) -> Taken:
        sheet, at = self.sheet, entry.at
        counted: Cycles = sheet[counter(sheet)]
        apart = self._is_kept_apart(event, counted)
        if apart is not None:
            self._ask_for_review(at, apart)
            return replace(done, unexpected=True)
        in_order = self._is_in_order(event, counted)
        owed = [each.kind for each in sheet["obligations"]]
        before = {name: sheet[name] for name in ("cycles", "courses", "regimen", "agents", "reasoned")}
        take_in(sheet, event, at)
        self._duties(event, at)
        self._notice_stopped_agent(event, at)
        if event.kind in ("cycle_started", "cycle_completed") and event.line not in (
            "unknown",
            sheet["line"],
        ):
            sheet.update(before)
        if event.kind == "fitness_recorded":
            self._close_tasks_of_the_gate(at)
        moves = _moves(event)
        if moves is None:
            return done
        if moves == "assessment_recorded":
            point = self.episode.timepoint
            assert point is not None
            done = replace(
                done, flags=response_in_force(point).flags, assessment=(self.lines_begun, point.name)
            )
        edges = self._edges(moves) if in_order else []
        if not edges:
            return self._leads_nowhere(event, at, done, owed)
        running = self.pathway.state(sheet["state"]).running
        course = counter(sheet)
        target = self._leads_to(moves, at)
        if target == sheet["state"]:
            return done
        gate = sheet["state"]
        self._go(target, at)
        first = event.kind == "cycle_started" and at.entry not in sheet["reviews"]
        if first and not self._passes(gate, at):
            self._ask_for_review(at, "gate_skipped")
        if moves in ("assessment_recorded", "progression_evidence_recorded"):
            if running:
                sheet[course] = replace(sheet[course], last_delivered=Delivered.ABORTED)
            for name in ("cycles", "courses"):
                sheet[name] = replace(sheet[name], since_assessment=0)
            sheet["assessments"] += 1
        return done

    def _is_kept_apart(self, event: Any, counted: Cycles) -> str | None:
        """The review under which an entry is kept that is not taken in."""
        if event.kind == "cycle_started" and self._is_repeated(event, counted):
            return "repeated_cycle"
        if event.kind != "treatment_taken_over":
            return None
        begun = self.sheet["line_began"] is not None
        return "line_begun_before" if begun or not self._edges(str(_moves(event))) else None

    def _leads_nowhere(self, event: Any, at: Stamp, done: Taken, owed: list[str]) -> Taken:
        left = [each.kind for each in self.sheet["obligations"]]
        settled = event.kind == "local_control_completed" and not set(owed) <= set(left)
        if settled or event.kind == "progression_evidence_recorded":
            return replace(done, flags=())
        if self._is_treatment(event) and at.entry not in self.sheet["reviews"]:
            self._ask_for_review(at, "decision_missing")
        return replace(done, unexpected=True)

    def _notice_stopped_agent(self, event: Any, at: Stamp) -> None:
        given = set(self.sheet["agents"]) - set(self.sheet["overridden"])
        stopped = any(stop.concerns(given) for stop in self.sheet["stops"].values())
        if event.kind in ("cycle_started", "treatment_taken_over") and stopped:
            self._ask_for_review(at, "stopped_agent_given")

    def _passes(self, gate: str, at: Stamp) -> bool:
        """What has to be met in a state is met on that day, or a decision taken there for a reason stands."""
        reasoned = self.sheet["reasoned"]
        found = [each.verdict(self.episode, at.on)[0] for each in self.pathway.state(gate).checklists]
        return (reasoned is not None and reasoned.value == gate) or set(found) <= {"met"}

    def _close_tasks_of_the_gate(self, at: Stamp) -> None:
        """Values of the day on which a cycle began, told after its beginning."""
        here, reviews = self.sheet["state"], self.sheet["reviews"]
        began = [edge for edge in self.pathway.transitions if edge.trigger == "cycle_started"]
        gates = {edge.source for edge in began if here in (edge.source, edge.target)}
        for entry in [key for key, review in reviews.items() if review.kind == "gate_skipped"]:
            if reviews[entry].at.on == at.on and gates and all(self._passes(gate, at) for gate in gates):
                del reviews[entry]

    def _is_repeated(self, event: Any, counted: Cycles) -> bool:
        if event.cycle == "unknown" or counted.last_number is None:
            return False
        return event.line in ("unknown", self.sheet["line"]) and event.cycle <= counted.last_number

    def _is_in_order(self, event: Any, counted: Cycles) -> bool:
        """Line and cycle follow on what came before; where a number is not known, they may."""
        if event.kind not in ("cycle_started", "cycle_completed"):
            return True
        if event.line not in ("unknown", self.sheet["line"]):
            return False
        if event.cycle == "unknown" or (counted.started > 0 and counted.last_number is None):
            return True
        last = counted.last_number or 0
        return bool(event.cycle == (last + 1 if event.kind == "cycle_started" else last))

    def _is_treatment(self, event: Any) -> bool:
        if event.kind == "car_t_step_recorded":
            return event.step in ("lymphodepletion", "infused")
        return event.kind in ("cycle_started", "local_control_completed", "episode_closed")

    def _duties(self, event: Event, at: Stamp) -> None:
        """Opened, or opened again in its place; else settled; else its window begins to run."""
        for duty in self.pathway.duties:
            kinds = [each.kind for each in self.sheet["obligations"]]
            now = list(self.sheet["obligations"])
            if duty.opens(self.episode, event, at):
                opened = Obligation(duty.kind, at, at if duty.starts is None else None)
                if duty.kind in kinds:
                    now[kinds.index(duty.kind)] = opened
                else:
                    now.append(opened)
            elif duty.kind in kinds:
                mine = now.pop(kinds.index(duty.kind))
                if not duty.settles(self.episode, event, at):
                    runs = mine.runs_from
                    if runs is None and duty.starts is not None and duty.starts(self.episode, event, at):
                        runs = at
                    now.insert(kinds.index(duty.kind), Obligation(duty.kind, mine.at, runs))
            self.sheet["obligations"] = tuple(now)

    def _ask_for_review(self, at: Stamp, kind: str) -> None:
        self.sheet["reviews"][at.entry] = Review(kind, SENTENCES[kind], at)

    # Along which edge.

    def _edges(self, trigger: str) -> list[Any]:
        there = [edge for edge in self.pathway.transitions if edge.trigger == trigger]
        own = [edge for edge in there if edge.source == self.sheet["state"]]
        return own or [edge for edge in there if edge.source == "*"]

    def _leads_to(self, trigger: str, at: Stamp) -> str:
        """The end of the first edge whose guards are all true; where there is none, the episode stays."""
        episode, here = self.episode, str(self.sheet["state"])
        for edge in self._edges(trigger):
            if all(guard.finding.of(episode, at.on).value in guard.values for guard in edge.when):
                return here if edge.target == "=" else str(edge.target)
        return here

    def _go(self, state: str, at: Stamp) -> None:
        self.sheet["state"], self.sheet["entered"] = state, at
        definition = self.pathway.state(state)
        if definition.context is not None:
            self.sheet["context"] = definition.context
            self.sheet["progression_stands"] &= definition.context != "follow_up"
        if definition.ends_line:
            self.sheet["line_open"] = False
        if definition.begins_bridge:
            self.sheet["bridge_began"] = at

    # What is decided.

    def _decision(self, entry: InForce, event: Any) -> bool:
        if event.awaits_second_signature:
            body = json.dumps(entry.told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self.sheet["pending"][entry.entry] = PendingDecision(body, entry.actor, entry.at)
            return False
        told = offered(self.pathway, self.episode, entry.on)
        contested = event.offered_as != "blocked" and told.statuses[event.option] == "blocked"
        state, known = self.sheet["state"], self.sheet["reasoned"]
        said = event.reason is not None or event.detail.text is not None
        offer = told.offers.get(event.option)
        self._carry_out(event, entry.at)
        self.sheet["reasoned"] = self._reason(event, offer, told.rows, state, entry.at) if said else None
        if self.sheet["reasoned"] is None and known and known.value != state == self.sheet["state"]:
            self.sheet["reasoned"] = known
        if contested:
            self._ask_for_review(entry.at, "contested")
        return contested

    def _reason(self, event: Any, offer: Any, rows: Any, state: str, at: Stamp) -> Noted | None:
        """Going on where the table asks why; where criteria have to be met, because of those criteria."""
        lists = [each.name for each in self.pathway.state(state).checklists]
        read = [guard.finding.name for row in rows for guard in row.when]
        if self.pathway.option(event.option).effect != "agents" or (offer and not offer.needs_reason):
            return None
        return None if lists and not set(lists) & set(read) else Noted(state, at)

    def _carry_out(self, event: Event, at: Stamp) -> None:
        assert isinstance(event, DecisionMade)
        sheet, detail = self.sheet, event.detail
        trigger = f"decide:{event.option}" + (f":{detail.rests_in}" if detail.rests_in else "")
        target = self._leads_to(trigger, at)  # as the decision finds the episode
        sheet["last_decision"] = Noted(event.option, at)
        self._effect(event, at)
        self._duties(event, at)
        if target == sheet["state"]:
            return
        point = sheet["timepoints"].get(sheet["current_timepoint"])
        if point is not None:
            sheet["timepoints"][point.name] = replace(point, decided=True)
        self._go(target, at)

    def _effect(self, event: DecisionMade, at: Stamp) -> None:
        sheet, detail = self.sheet, event.detail
        named = tuple(spelling(agent) for agent in detail.agents)
        self._effect_on_agents(event, at)
        match self.pathway.option(event.option).effect:
            case "hold":
                held = named or ("all treatment",)
                self._hold(held, detail.hold_until, at)
            case "resume":
                sheet["holds"] = ()
            case "stop":
                for agent in named:
                    why = "The team decided to stop this agent for good."
                    sheet["stops"].setdefault(agent, Stop(agent, why, at))
            case "close":
                sheet["closed"] = Noted(str(detail.closure or "other"), at)
            case "reopen":
                sheet["closed"] = None
            case "waive":
                waived = self.pathway.option(event.option).duties
                sheet["obligations"] = tuple(each for each in sheet["obligations"] if each.kind not in waived)

    def _effect_on_agents(self, event: DecisionMade, at: Stamp) -> None:
        match self.pathway.option(event.option).effect:
            case "new_line":
                self._new_line(at)
                self._plan(event)
            case "new_courses":
                self._maintain(event)
            case "agents" | "resume":
                self._plan(event)
            case "drop_antibody":
                self._drop_antibody(event)
            case "switch_antibody":
                self._switch_antibody(event)

    def _maintain(self, event: DecisionMade) -> None:
        """Backbones end; so does the regimen, unless it is one of maintenance or courses of it were given."""
        sheet = self.sheet
        maintained = sheet["courses"].started > 0 or "maintenance" in {
            str(each.use) for each in REGIMENS.values() if each.id == spelling(sheet["regimen"] or "")
        }
        sheet["regimen"] = sheet["regimen"] if maintained else None
        sheet["agents"] = tuple(agent for agent in sheet["agents"] if agent not in BACKBONE_AGENTS)
        sheet["courses"], sheet["severe_in_cycle"] = Cycles(), {}
        self._plan(event)

    def _drop_antibody(self, event: DecisionMade) -> None:
        """The backbone is left, of the agents and of the regimen."""
        sheet, known = self.sheet, regimen(self.sheet["regimen"] or "")
        self._plan(event)
        sheet["agents"] = tuple(agent for agent in sheet["agents"] if not is_anti_gd2(agent))
        if not event.detail.regimen and known and known.backbone:
            sheet["regimen"] = known.backbone

    def _switch_antibody(self, event: DecisionMade) -> None:
        """Antibodies that are named alone take the place of the one before, on the same backbone."""
        sheet, known = self.sheet, regimen(self.sheet["regimen"] or "")
        rest = tuple(agent for agent in sheet["agents"] if not is_anti_gd2(agent))
        self._plan(event)
        if planned(event) and {is_anti_gd2(agent) for agent in planned(event)} == {True}:
            sheet["agents"] += rest
        if not event.detail.regimen and known and known.backbone:
            others = [
                each.id
                for agent in sheet["agents"]
                for each in REGIMENS.values()
                if each.antibody == agent and each.backbone == known.backbone
            ]
            sheet["regimen"] = others[0] if others else None

    def _hold(self, agents: tuple[str, ...], until: Any, at: Stamp) -> None:
        """The last word on an agent counts; it is held since the first."""
        for agent in dict.fromkeys(agents):
            before = [hold for hold in self.sheet["holds"] if hold.agent == agent]
            rest = tuple(hold for hold in self.sheet["holds"] if hold.agent != agent)
            began = before[0].at if before else at
            self.sheet["holds"] = (*rest, Hold(agent, until, at=began, decided=at))

    def _new_line(self, at: Stamp) -> None:
        sheet = self.sheet
        self.lines_begun += 1
        if sheet["line_began"] is not None:
            last = sheet["last_response"].value if sheet["last_response"] else None
            sheet["earlier_lines"] += (
                Line(
                    sheet["line"],
                    sheet["regimen"],
                    sheet["agents"],
                    last,
                    sheet["last_anti_gd2"],
                    resistant=failed(sheet),
                ),
            )
            sheet["line"] += 1
        sheet["line_began"], sheet["line_open"], sheet["progression_stands"] = at, True, False
        sheet["baselines"] = baselines(sheet, at)
        fresh = _blank()
        for name in (
            "regimen", "agents", "overridden", "cycles", "courses", "timepoints", "current_timepoint", "assessments",
            "remission_after", "severe_in_cycle", "repeatedly_severe",
        ):  # fmt: skip
            sheet[name] = fresh[name]

    def _plan(self, event: DecisionMade) -> None:
        """The agents said, else those of the regimen said, else those given before."""
        if event.detail.regimen:
            self.sheet["regimen"] = event.detail.regimen
        if agents := planned(event):
            self.sheet["agents"] = agents


BACKBONE_AGENTS = {
    "irinotecan", "temozolomide", "topotecan", "cyclophosphamide", "cisplatin", "etoposide", "vindesine", "vincristine",
    "dacarbazine", "ifosfamide", "doxorubicin", "carboplatin",
}  # fmt: skip


def failed(sheet: Sheet) -> bool | None:
    """Whether a progression since the line began came while it went on, or within 183 days of what was given last."""
    progressed, began = sheet["progressed"], sheet["line_began"]
    if not progressed or not began or began.on >= progressed.on:
        return False
    if sheet["line_open"]:
        return True
    counted = (sheet["cycles"], sheet["courses"])
    stamps = [one.last_started for one in counted] + [one.last_completed for one in counted]
    given = [stamp for stamp in stamps if stamp]
    if not given or {each.precision for each in (*given, progressed)} != {Precision.DAY}:
        return None
    return bool(max(each.on for each in given) + timedelta(days=183) >= progressed.on)


def planned(event: Any) -> tuple[str, ...]:
    """The agents a decision names, else those of the regimen it names."""
    detail = event.detail
    known = regimen(spelling(detail.regimen)) if detail.regimen else None
    return tuple(spelling(agent) for agent in detail.agents or (known.agents if known else ()))


def _blank() -> Sheet:
    """A sheet with nothing written on it."""
    found: Sheet = {}
    for field in fields(Episode):
        if field.default is not MISSING:
            found[field.name] = field.default
        elif field.default_factory is not MISSING:
            found[field.name] = field.default_factory()
    return found


def _opened(pathway: Pathway, opening: InForce) -> Sheet:
    told, at = opening.told, opening.at
    risk = Noted(told["risk_group"], at) if "risk_group" in told else None
    age = Noted(str(told["age_months"]), at) if "age_months" in told else None
    return _blank() | {
        "age_months": age,
        "state": pathway.initial,
        "opened": at,
        "entered": at,
        "time_zone": told["time_zone"],
        "risk_group": risk,
    }


def _moves(event: Any) -> str | None:
    """The name of the edges that such an event may move an episode along."""
    match event.kind:
        case (
            "cycle_started" | "cycle_completed" | "local_control_completed" | "progression_evidence_recorded"
        ):
            return str(event.kind)
        case "assessment_recorded" | "response_confirmed" | "assessment_closed_not_evaluable":
            return "assessment_recorded"
        case "car_t_step_recorded":
            return f"car_t:{event.step}"
        case "treatment_taken_over":
            return f"treatment_taken_over:{'cycles' if event.maintenance_courses is None else 'maintenance'}"
        case "episode_closed":
            return "episode_closed:death" if event.reason == "death" else "episode_closed:other"
        case _:
            return None


def enters_treatment(taken: Taken) -> bool:
    """True when an entry took the episode from outside a kind of treatment into it, or to lymphodepletion."""
    before, after = taken.came_from.split(".")[0], taken.went_to.split(".")[0]
    to_lymphodepletion = taken.went_to.endswith(".lymphodepletion") and taken.came_from != taken.went_to
    return to_lymphodepletion or (before != after and after in TREATMENT)
