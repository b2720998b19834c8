"""How published courses and the service agree: counted with their denominators, as a table and as JSON.

What a source states is counted apart from what was inferred or only planned, and a course that is no
verifiable patient is never among the counted. Agreement with a case is not correctness, and disagreement is
no error: each is a question whose answer names a rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pathway.engine.findings import in_words
from pathway.use_cases.comparison import OBTAIN, CaseReplay, DecisionPoint, Reading, Verdict
from pathway.use_cases.published_cases import Basis

BASES: Final[tuple[Basis, ...]] = get_args(Basis)

MEANING: Final = {
    Verdict.RECOMMENDATION: "they chose what is recommended",
    Verdict.POSSIBLE: "another option is recommended, theirs is possible",
    Verdict.TUMOUR_BOARD: "left to the tumour board, theirs is among the possible",
    Verdict.OBTAIN_FIRST: "facts are asked for first; nothing known speaks against theirs",
    Verdict.BLOCKED: "a known fact, or the table where nothing is missing, stands against theirs",
}
_STYLE: Final = {
    Verdict.RECOMMENDATION: "green",
    Verdict.POSSIBLE: "cyan",
    Verdict.TUMOUR_BOARD: "blue",
    Verdict.OBTAIN_FIRST: "yellow",
    Verdict.BLOCKED: "red",
}
_SUPPOSED: Final = "consent and fitness, which no case report tells"

Verdicts = dict[Basis, dict[Verdict, int]]


@dataclass(frozen=True, slots=True)
class Tally:
    """Decision points counted by where the choice is known from and by verdict, with what they are out of."""

    cases: int
    patients: int
    decision_points: int
    of: dict[Basis, int]
    recorded: Verdicts
    """On the record as the source gives it."""
    supposing: Verdicts
    """Supposing what case reports leave out."""


def tally(replays: Sequence[CaseReplay]) -> Tally:
    """The count over some replays."""
    points = [point for each in replays for point in each.points]
    bases = Counter(point.basis for point in points)
    return Tally(
        cases=len(replays),
        patients=sum(each.case.patients for each in replays if each.case.counts_as_patient),
        decision_points=len(points),
        of={basis: bases[basis] for basis in BASES},
        recorded=_verdicts([(point.basis, point.recorded.verdict) for point in points]),
        supposing=_verdicts([(point.basis, point.supposing.verdict) for point in points]),
    )


def _verdicts(found: Sequence[tuple[Basis, Verdict]]) -> Verdicts:
    counted = Counter(found)
    return {basis: {verdict: counted[basis, verdict] for verdict in Verdict} for basis in BASES}


def as_json(replays: Sequence[CaseReplay]) -> dict[str, Any]:
    """The concordance as JSON values: the counts, then each case with its decision points."""
    counted, apart = _split(replays)
    return {
        "counted": asdict(tally(counted)),
        "counted_apart": asdict(tally(apart)),
        "verdicts": {verdict.value: meaning for verdict, meaning in MEANING.items()},
        "cases": [_case(each) for each in replays],
    }


def as_table(replays: Sequence[CaseReplay]) -> RenderableType:
    """The concordance for a terminal: one line per decision point, then the counts with their denominators."""
    counted, apart = _split(replays)
    shown: list[RenderableType] = [_points(replays), _counts("Courses of patients", tally(counted))]
    if apart:
        shown.append(_counts("Counted apart, no verifiable patient", tally(apart)))
    if silent := [each.case.case for each in replays if not each.points]:
        shown.append(Text(f"No decision can be read from the source of {', '.join(silent)}."))
    shown.append(
        Text(
            "Agreement with a case is not correctness; a disagreement is a question, and the rule answers it."
        )
    )
    return Group(*shown)


def _split(replays: Sequence[CaseReplay]) -> tuple[list[CaseReplay], list[CaseReplay]]:
    counted = [each for each in replays if each.case.counts_as_patient]
    return counted, [each for each in replays if not each.case.counts_as_patient]


def _case(played: CaseReplay) -> dict[str, Any]:
    case = played.case
    return {
        "case": case.case,
        "citation": case.citation.model_dump(mode="json"),
        "quality": case.quality,
        "patients": case.patients,
        "counts_as_patient": case.counts_as_patient,
        "episode": played.episode,
        "state": played.state,
        "points": [{**asdict(point), "on": point.on.isoformat()} for point in played.points],
        "reviews": list(played.reviews),
        "remarks": list(case.remarks),
    }


def _points(replays: Sequence[CaseReplay]) -> Table:
    table = Table(title="What the clinicians chose, and what the service says", expand=True, show_lines=True)
    table.add_column("Case", ratio=4, overflow="fold")
    table.add_column("They chose", ratio=4, overflow="fold")
    table.add_column("On the record", ratio=7)
    table.add_column(f"Supposing {_SUPPOSED}", ratio=7)
    for played in replays:
        for point in played.points:
            table.add_row(
                _where(played, point), _choice(point), _read(point.recorded), _read(point.supposing)
            )
    return table


def _where(played: CaseReplay, point: DecisionPoint) -> Text:
    case = played.case
    shown = Text(case.case, style="bold")
    if not case.counts_as_patient:
        shown.append("\nno verifiable patient", style="not bold")
    elif case.patients > 1:
        shown.append(f"\n{case.patients} patients", style="not bold")
    return shown.append(f"\n{point.state_label}; response: {point.response_known}", style="not bold dim")


def _choice(point: DecisionPoint) -> Text:
    return Text(point.chosen).append(f"\n{in_words(point.option)}, {point.basis}", style="dim")


def _read(found: Reading) -> Text:
    shown = Text(in_words(found.verdict), style=_STYLE[found.verdict])
    if found.verdict is not Verdict.RECOMMENDATION:
        shown.append(f"\n{_service(found)}", style="default")
    return shown.append("".join(f"\n{sentence}" for sentence in found.because), style="default dim")


def _service(found: Reading) -> str:
    if found.recommended == OBTAIN and found.obtain:
        return f"Obtain {', '.join(found.obtain)}."
    if found.recommended_label is not None:
        return f"Recommended: {found.recommended_label}."
    return "The tumour board chooses." if found.needs_tumour_board else "Nothing is due."


def _counts(title: str, counted: Tally) -> Table:
    numbers = (
        _number(counted.cases, "case"),
        _number(counted.patients, "patient"),
        _number(counted.decision_points, "decision point"),
    )
    table = Table(title=f"{title}: {', '.join(numbers)}", title_justify="left", caption_justify="left")
    table.caption = f"Left: on the record. Right: supposing {_SUPPOSED}."
    table.add_column("Verdict")
    present = [basis for basis in BASES if counted.of[basis]]
    for basis in present:
        table.add_column(f"{basis} (of {counted.of[basis]})", justify="right")
    table.add_column("Meaning")
    for verdict, meaning in MEANING.items():
        cells = [
            f"{counted.recorded[each][verdict]} | {counted.supposing[each][verdict]}" for each in present
        ]
        table.add_row(Text(in_words(verdict), style=_STYLE[verdict]), *cells, meaning)
    return table


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
