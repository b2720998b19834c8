"""A pathway as a table: states, options, rows, edges and windows. Contradictions surface when it is built.

A state's *table* is read from the top: the first row whose guards all hold says what is recommended and
what is possible. An option's own *needs* form a second layer that only takes away. `Pathway` checks itself
and raises `DefinitionContradicts` with every fault at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from pathway.clinical.evidence import Citation
from pathway.clinical.regimens import Regimen
from pathway.engine.chapters import Chapter, described_regimen, sources_of
from pathway.engine.checklists import Checklist
from pathway.engine.findings import Finding
from pathway.engine.guards import Guard
from pathway.episodes.episode import Episode
from pathway.episodes.events import Event
from pathway.episodes.facts import Stamp
from pathway.proof.canonical import digest

ANYWHERE = "*"
STAY = "="
"""As the target of an edge: the state it started from."""


Effect = Literal[
    "new_line",
    "new_courses",
    "agents",
    "drop_antibody",
    "switch_antibody",
    "hold",
    "resume",
    "stop",
    "close",
    "reopen",
    "waive",
]


@dataclass(frozen=True, slots=True)
class Offer:
    """An option a row allows: with a remark, with a reason to be given, or free of the option's own needs.

    `without_antibody` is more than a remark: a decision that names an anti-GD2 antibody, or would go on with the
    one given, is not the option that was offered.
    """

    option: str
    remark: str = ""
    needs_reason: bool = False
    exempt: bool = False
    without_antibody: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One line of a decision table. Without a recommendation the tumour board chooses among the possible."""

    number: str
    sentence: str
    when: tuple[Guard, ...]
    recommended: Offer | None
    possible: tuple[Offer, ...]
    because: tuple[Citation, ...]
    obtains: tuple[Finding, ...] = ()
    """What to obtain alongside, whatever is chosen."""
    notes: tuple[str, ...] = ()
    rests: bool = False
    """True where nothing is recommended because nothing is due."""
    undecided: bool = False
    """True where nothing is recommended because the field has not settled it; without it, it is a person's choice."""

    @property
    def tumour_board(self) -> bool:
        """True when the tumour board has to choose."""
        return self.recommended is None and not self.rests

    @property
    def offers(self) -> tuple[Offer, ...]:
        """All options of the row, the recommended one first."""
        return (*((self.recommended,) if self.recommended else ()), *self.possible)


@dataclass(frozen=True, slots=True)
class Option:
    """A possible next step, with what it needs beyond a row that offers it."""

    name: str
    label: str
    needs: tuple[Guard, ...] = ()
    treats: bool = False
    """True when taking it means giving treatment against the disease."""
    effect: Effect | None = None
    """What taking it does beside moving the episode."""
    duties: tuple[str, ...] = ()
    """The kinds of duty that the effect `waive` settles."""
    step: Callable[[Episode], str] | None = None
    """What taking it means for one episode, in words, where the label does not say enough."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a step is due, in days after its anchor: not before, best, and not after."""

    name: str
    what: str
    earliest: int
    target: int
    latest: int
    because: Citation
    anchor: str = ""
    """What the days are counted from, in words."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that findings rest on, and what it means."""

    sentence: str
    value: int
    because: Citation


Anchored = tuple[Window, Stamp | None]
"""A window and the fact its days are counted from; None when that fact is missing."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a prompt found in one episode, in words, and the fact it rests on; `because` where it differs."""

    detail: str = ""
    at: Stamp | None = None
    because: Citation | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Something a person is told beside the next step, whatever is chosen. It opens nothing and blocks nothing.

    `when` says in words when it is shown, `states` where (empty: everywhere); `read` gives what it found, and
    nothing where it does not apply.
    """

    name: str
    when: str
    sentence: str
    because: Citation
    read: Callable[[Episode, date], Iterable[Noticed]]
    states: tuple[str, ...] = ()
    urgent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Caution:
    """What has to be answered with a reason when such a treatment is chosen, even where it is recommended.

    `read` is asked of the agents that would be given, on a day; it yields what it found, and nothing where it does
    not apply. `effects` are those of the options it is about.
    """

    name: str
    when: str
    sentence: str
    because: Citation
    read: Callable[[Episode, date, tuple[str, ...]], Iterable[Noticed]]
    effects: tuple[Effect, ...] = ("new_line", "new_courses", "switch_antibody")


@dataclass(frozen=True, slots=True)
class State:
    """Where an episode can rest. `context` is what a decision taken after it will be about."""

    name: str
    label: str
    table: tuple[Row, ...]
    always: tuple[Offer, ...] = ()
    """Options open in every row of the table."""
    context: str | None = None
    ends_line: bool = False
    """True where the line of therapy is over: what comes next is a new one."""
    running: bool = False
    """True while a cycle runs: progression then ends the cycle."""
    begins_bridge: bool = False
    """True where a bridge to cells begins: entering it ends what was stated of eligibility before."""
    suspends: bool = False
    """True where neither duties nor holds run, nor what is told everywhere: treatment does not go on here."""
    schedule: Callable[[Episode], tuple[Anchored, ...]] = lambda _: ()
    checklists: tuple[Checklist, ...] = ()
    """What has to be met before the step that is due here."""


Told = Callable[[Episode, Event, Stamp], bool]
"""Asked of the episode that knows an entry, of the entry's event, and of its stamp."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that has to be done beside the state: what opens it, what settles it, and when it is due.

    What opens a duty that is owed already makes it count anew. Its window runs from what opened it, or from what
    `starts` it where that comes later.
    """

    kind: str
    label: str
    opens: Told
    settles: Told
    window: Window
    starts: Told | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """An edge: from `source` (a state, or anywhere) to `target` when all its guards hold."""

    trigger: str
    source: str
    target: str
    when: tuple[Guard, ...] = ()
    aside: bool = False
    """True for a way around the usual course: the tables list it, the picture leaves it out."""


class DefinitionContradicts(ValueError):
    """A pathway says two things at once, or speaks of something it does not have; `faults` are sentences."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(" ".join(self.faults))


@dataclass(frozen=True, eq=False)
class Pathway:
    """One published version of a pathway."""

    id: str
    version: int
    title: str
    summary: str
    initial: str
    states: tuple[State, ...]
    options: tuple[Option, ...]
    transitions: tuple[Transition, ...]
    duties: tuple[Duty, ...] = ()
    hold_window: Window | None = None
    windows: tuple[Window, ...] = ()
    """Every window a state, a hold or a duty may run, for whoever reads the definition."""
    thresholds: tuple[Threshold, ...] = ()
    """Every number the findings rest on, for whoever reads the definition."""
    prompts: tuple[Prompt, ...] = ()
    cautions: tuple[Caution, ...] = ()
    regimens: tuple[Regimen, ...] = ()
    """The regimens that set the rhythm and the limit of a line, for whoever reads the definition."""
    chapters: tuple[Chapter, ...] = ()
    """What a reader is told beside the rules."""
    medicine: tuple[Chapter, ...] = ()
    """The tables that the findings rest on: part of what is published, and read on pages of their own."""

    def __post_init__(self) -> None:
        faults = [*self._unknown_names(), *self._doubtful_rows(), *self._doubtful_edges()]
        if faults:
            raise DefinitionContradicts(faults)

    def state(self, name: str) -> State:
        """The state of this name. Raises `KeyError`."""
        return self._states[name]

    def option(self, name: str) -> Option:
        """The option of this name. Raises `KeyError`."""
        return self._options[name]

    def has_option(self, name: str) -> bool:
        """True when the pathway knows an option of this name."""
        return name in self._options

    @cached_property
    def _states(self) -> dict[str, State]:
        return {state.name: state for state in self.states}

    @cached_property
    def _options(self) -> dict[str, Option]:
        return {option.name: option for option in self.options}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding a guard of this pathway reads or a row asks for, each once."""
        found = {guard.finding: None for guard in self.guards}
        found |= {wanted: None for state in self.states for row in state.table for wanted in row.obtains}
        return tuple(found)

    @cached_property
    def guards(self) -> tuple[Guard, ...]:
        """Every guard of this pathway, each once."""
        return tuple(dict.fromkeys(self._all_guards()))

    @cached_property
    def checklists(self) -> tuple[Checklist, ...]:
        """Every checklist of this pathway, each once."""
        return tuple(dict.fromkeys(each for state in self.states for each in state.checklists))

    @cached_property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation of this pathway, each once."""
        cited = [guard.because for guard in self.guards]
        cited += [each for state in self.states for row in state.table for each in row.because]
        cited += [window.because for window in self.windows]
        cited += [threshold.because for threshold in self.thresholds]
        cited += [prompt.because for prompt in self.prompts]
        cited += [caution.because for caution in self.cautions]
        cited += [criterion.because for each in self.checklists for criterion in each.criteria]
        cited += [each for regimen in self.regimens for each in sources_of(regimen)]
        cited += [remark.because for each in self.chapters for remark in each.remarks]
        return tuple(dict.fromkeys(cited))

    def _all_guards(self) -> Iterator[Guard]:
        for state in self.states:
            for row in state.table:
                yield from row.when
        for option in self.options:
            yield from option.needs
        for edge in self.transitions:
            yield from edge.when

    def edges(self, trigger: str, source: str) -> tuple[Transition, ...]:
        """The edges of `trigger` out of `source`, in the order in which they are tried."""
        return self._edges.get((trigger, source), self._edges.get((trigger, ANYWHERE), ()))

    @cached_property
    def _edges(self) -> dict[tuple[str, str], tuple[Transition, ...]]:
        found: dict[tuple[str, str], tuple[Transition, ...]] = {}
        for edge in self.transitions:
            key = (edge.trigger, edge.source)
            found[key] = (*found.get(key, ()), edge)
        return found

    def _unknown_names(self) -> Iterator[str]:
        for kind, names in (
            ("state", [state.name for state in self.states]),
            ("option", [option.name for option in self.options]),
            ("prompt", [prompt.name for prompt in self.prompts]),
        ):
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"The {kind} {name} is defined twice."
        if self.initial not in self._states:
            yield f"The initial state {self.initial} does not exist."
        for edge in self.transitions:
            for end in (edge.source, edge.target):
                if end not in (ANYWHERE, STAY) and end not in self._states:
                    yield f"The edge {edge.trigger} speaks of the state {end}, which does not exist."
        for prompt in self.prompts:
            for name in sorted(set(prompt.states) - set(self._states)):
                yield f"The prompt {prompt.name} speaks of the state {name}, which does not exist."

    def _doubtful_rows(self) -> Iterator[str]:
        for state in self.states:
            numbers = [row.number for row in state.table]
            if len(set(numbers)) != len(numbers):
                yield f"Two rows of {state.name} have the same number."
            if not state.table or state.table[-1].when:
                yield f"The table of {state.name} has no last row for all other cases."
            for row in state.table:
                own = [offer.option for offer in row.offers]
                for name in sorted({name for name in own if own.count(name) > 1}):
                    yield f"Row {row.number} of {state.name} offers {name} twice."
                for name in (*own, *(offer.option for offer in state.always)):
                    if name not in self._options:
                        yield f"Row {row.number} of {state.name} offers {name}, which does not exist."

    def _doubtful_edges(self) -> Iterator[str]:
        for wanted in self._all_guards():
            for value in sorted(wanted.values - set(wanted.finding.domain)):
                yield f"A guard asks whether {wanted.finding.name} is {value}, which it can never be."
        for option in self.options:
            if (f"decide:{option.name}", ANYWHERE) not in self._edges:
                yield f"No edge says where the option {option.name} leads."

    def describe(self) -> dict[str, Any]:
        """The whole definition as JSON values, with every citation."""
        return {
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "summary": self.summary,
            "initial": self.initial,
            "states": [_described_state(state) for state in self.states],
            "options": [_described_option(option) for option in self.options],
            "transitions": [_described_edge(edge) for edge in self.transitions],
            "duties": [
                {"kind": duty.kind, "label": duty.label, "window": described_window(duty.window)}
                for duty in self.duties
            ],
            "windows": [described_window(window) for window in self.windows],
            "thresholds": [
                {"sentence": each.sentence, "value": each.value, "because": each.because.as_dict()}
                for each in self.thresholds
            ],
            "checklists": [each.describe() for each in self.checklists],
            "prompts": [_described_prompt(prompt) for prompt in self.prompts],
            "cautions": [_described_caution(caution) for caution in self.cautions],
            "regimens": [described_regimen(each) for each in self.regimens],
            "chapters": [each.describe() for each in self.chapters],
            "medicine": [each.describe() for each in self.medicine],
            "findings": [
                {
                    "finding": each.name,
                    "label": each.label,
                    "domain": list(each.domain),
                    "request": each.request,
                    "decided": each.decided,
                    "pending": sorted(each.pending),
                    "conditions": dict(each.conditions),
                }
                for each in self.findings
            ],
        }

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the description: a published version is never edited, and this shows it."""
        return digest(self.describe())


def described_guard(guard: Guard) -> dict[str, Any]:
    """A guard as answers carry it, before it is evaluated."""
    return {
        "sentence": guard.sentence,
        "finding": guard.finding.name,
        "values": sorted(guard.values),
        "because": guard.because.as_dict(),
    }


def described_window(window: Window) -> dict[str, Any]:
    """A window as the definition's description carries it, in days."""
    return {
        "what": window.what,
        "anchor": window.anchor,
        "earliest": window.earliest,
        "target": window.target,
        "latest": window.latest,
        "because": window.because.as_dict(),
    }


def _described_option(option: Option) -> dict[str, Any]:
    return {
        "option": option.name,
        "label": option.label,
        "treats": option.treats,
        "effect": option.effect,
        "duties": list(option.duties),
        "needs": [described_guard(each) for each in option.needs],
    }


def _described_prompt(prompt: Prompt) -> dict[str, Any]:
    return {
        "prompt": prompt.name,
        "when": prompt.when,
        "sentence": prompt.sentence,
        "states": list(prompt.states),
        "urgent": prompt.urgent,
        "because": prompt.because.as_dict(),
    }


def _described_caution(caution: Caution) -> dict[str, Any]:
    return {
        "caution": caution.name,
        "when": caution.when,
        "sentence": caution.sentence,
        "effects": list(caution.effects),
        "because": caution.because.as_dict(),
    }


def _described_edge(edge: Transition) -> dict[str, Any]:
    return {
        "trigger": edge.trigger,
        "source": edge.source,
        "target": edge.target,
        "when": [described_guard(each) for each in edge.when],
    }


def _described_offer(offer: Offer) -> dict[str, Any]:
    return {
        "option": offer.option,
        "remark": offer.remark,
        "needs_reason": offer.needs_reason,
        "exempt": offer.exempt,
        "without_antibody": offer.without_antibody,
    }


def _described_state(state: State) -> dict[str, Any]:
    return {
        "state": state.name,
        "label": state.label,
        "context": state.context,
        "running": state.running,
        "ends_line": state.ends_line,
        "begins_bridge": state.begins_bridge,
        "suspends": state.suspends,
        "checklists": [each.name for each in state.checklists],
        "always": [_described_offer(offer) for offer in state.always],
        "table": [
            {
                "row": row.number,
                "sentence": row.sentence,
                "when": [described_guard(each) for each in row.when],
                "recommended": _described_offer(row.recommended) if row.recommended else None,
                "possible": [_described_offer(offer) for offer in row.possible],
                "tumour_board": row.tumour_board,
                "undecided": row.undecided,
                "obtains": [each.name for each in row.obtains],
                "notes": list(row.notes),
                "because": [each.as_dict() for each in row.because],
            }
            for row in state.table
        ],
    }
