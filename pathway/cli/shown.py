"""Answers as people read them at a terminal: the same documents the API gives, laid out as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pathway.cli.parts import cited, criteria, due, found, prompts, section, source
from pathway.engine.findings import in_words
from pathway.engine.outcome import OBTAIN
from pathway.use_cases.openings import applies, openings
from pathway.use_cases.words import Document, impact_in_words

STATUS: Final = {"recommended": "bold green", "possible": "cyan", "blocked": "dim"}
HOLDS: Final = {True: ("true", "green"), False: ("not true", "red"), "unknown": ("unknown", "yellow")}


def recommendation(told: Document, option: str | None = None) -> RenderableType:
    """The next step: what, why, what else and why not, what is missing, what is due; or one option in depth."""
    head = Text(told["state_label"], style="bold").append(f", as of {told['as_of']}", style="not bold dim")
    parts: list[RenderableType] = [
        head,
        Text(told["summary"], style="bold green"),
        *prompts(told, urgent=True),
    ]
    if option is not None:
        chosen = next(each for each in told["options"] if each["option"] == option)
        return Group(*parts, *section(_named(chosen), _in_depth(chosen, told)))
    if "response" in told:
        parts += _response(told["response"], told["rows"])
    parts += section("Why", _why(told["rows"]))
    parts += section("Missing", _missing(told))
    parts += section("Due", [due(each, sources=True) for each in told["due"]])
    for each in told["checklists"]:
        parts += section(each["label"], [criteria(each["criteria"])] if each["criteria"] else ())
    parts += section("Not to be forgotten", prompts(told, urgent=False))
    parts += section("Open to choose", [_options(told["options"])])
    parts += section("Why not the others", _why_not(told))
    parts += section("Notes", [Text(note) for note in told["notes"]])
    return Group(*parts)


def in_brief(told: Document) -> RenderableType:
    """The next step in a few lines."""
    head = Text(f"As of {told['as_of']}: ", style="dim").append(told["summary"], style="not dim bold green")
    parts: list[RenderableType] = [head, *prompts(told, urgent=True)]
    return Group(*parts, *_missing(told), *(due(each) for each in told["due"][:1]))


def _response(response: Document, rows: Iterable[Document]) -> Iterator[Text]:
    known = response["in_force"] or "unknown until a person confirms it"
    days = [_on(response[when]) for when in ("first", "last") if when in response]
    text = Text(f"Response at {response['assessment']}")
    text.append(f", examined {' to '.join(dict.fromkeys(days))}" if days else "")
    text.append(f": {known} ({response['why'].rstrip('.')})")
    if response["flags"]:
        text.append(f"; {', '.join(map(in_words, response['flags']))}", style="yellow")
    yield text.append(f" {source(response['because'])}" if response["because"] else "", style="dim")
    if (later := response.get("overridden_by")) is not None:
        yield Text(f"  {later['on']}: {later['sentence']}", style="yellow")
        return
    counted = (guard for row in rows for guard in row["guards"] if guard["finding"] == "response")
    if (now := next(counted, None)) is not None and now["found"] != response["in_force"]:
        yield Text(f"  On this day it counts as {now['found']}{found(now)}.", style="yellow")


def _on(stamp: Document) -> str:
    """The date as exactly as it is known."""
    return str(stamp["on"])[: {"year": 4, "month": 7}.get(stamp["precision"], 10)]


def assessed(told: Document) -> RenderableType:
    """A response worked out: overall, component by component, with rows, values, and what is open."""
    head = Text(f"{told['overall']}", style="bold green")
    head.append(f" ({told['rule']}) {told['sentence']}", style="not bold default")
    parts: list[RenderableType] = [head, Text(f"Source: {cited([told['because']])}.", style="dim")]
    if told["flags"]:
        parts.append(Text(f"To look at: {', '.join(map(in_words, told['flags']))}.", style="yellow"))
    for component, rating in told["components"].items():
        explained = told["explained"].get(component)
        unmeasured = Text("Not evaluated." if rating == "NE" else "As reported.")
        lines = [unmeasured] if explained is None else list(_derived(explained))
        parts += section(f"{in_words(component).capitalize()}: {rating}", lines)
    return Group(*parts)


def _derived(explained: Document) -> Iterator[Text]:
    yield Text(f"{explained['rule']}: {explained['sentence']}")
    yield Text(f"Source: {cited([explained['because']])}.", style="dim")
    if explained["reported"] is not None:
        yield Text(f"Reported as {explained['reported']}, derived as {explained['derived']}.")
    for policy in explained["policies"]:
        yield Text(
            f"Open question {policy['id']}: {policy['question']} Read as: {policy['reading']}", style="yellow"
        )
    for warning in explained["warnings"]:
        yield Text(warning, style="yellow")


def _why(rows: Iterable[Document]) -> Iterator[RenderableType]:
    for row in rows:
        yield Text(f"Row {row['row']}: {row['sentence']}")
        if row["guards"]:
            yield Padding(_guards(row["guards"]), (0, 0, 0, 2))
        yield Text(f"Sources: {cited(row['because'])}.", style="dim")


def _guards(guards: Iterable[Document]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for guard in guards:
        word, style = HOLDS[guard["value"]]
        sentence = Text(guard["sentence"])
        sentence.append(found(guard))
        own = [guard["found_because"]] if "found_because" in guard else []
        sentence.append(f" {cited([guard['because'], *own])}", style="dim")
        table.add_row(Text(word, style=style), sentence)
    return table


def _options(options: Iterable[Document]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in options:
        if each["status"] == "blocked":
            continue
        text = Text(each["label"])
        said = [each["remark"]] if "remark" in each else []
        said += ["with no anti-GD2 antibody"] if "without_antibody" in each else []
        said += ["give a reason"] if "needs_reason" in each else []
        text.append(f" ({'; '.join(said)})" if said else "", style="dim")
        table.add_row(Text(each["status"], style=STATUS[each["status"]]), Text(each["option"]), text)
    return table


def _why_not(told: Document) -> Iterator[RenderableType]:
    """The blocked options that somebody could open, or that apply here; `--option` tells of the others."""
    far = []
    for each in told["options"]:
        if each["status"] != "blocked" or each["option"] == OBTAIN:
            continue
        attainable, _ = openings(each, told)
        if not attainable and not applies(each):
            far.append(in_words(each["option"]))
            continue
        yield Text(_named(each), style="bold")
        yield from (Padding(line, (0, 0, 0, 2)) for line in (*_unmet(each), *map(_would_open, attainable)))
    if far:
        sentence = f"Nothing that anybody could obtain or decide opens these: {', '.join(far)}."
        yield Text(f"{sentence} --option NAME says what stands in the way of one.", style="dim")


def _named(option: Document) -> str:
    """The option in words, and the name it is chosen by."""
    label: str = option["label"]
    return f"{label[:1].upper()}{label[1:]} [{option['option']}]"


def _unmet(option: Document) -> Iterator[Text]:
    for guard in option["guards"]:
        if guard["value"] is not True:
            told = f"{HOLDS[guard['value']][0].capitalize()}: {guard['sentence']}{found(guard)}"
            yield Text(told).append(f" {source(guard['because'])}", style="dim")


def _would_open(condition: str) -> Text:
    return Text(f"It would open if {condition}.", style="cyan")


def _in_depth(option: Document, told: Document) -> Iterator[RenderableType]:
    yield Text(f"{option['status'].capitalize()}.", style=STATUS[option["status"]])
    if option["status"] == "possible" and told["recommended"]:
        yield Text("It is possible, but another option is recommended here.")
    if "remark" in option:
        yield Text(f"Offered with this: {option['remark']}.")
    if "without_antibody" in option:
        yield Text("A decision that gives an anti-GD2 antibody is refused.")
    if not option["offered_here"]:
        yield Text("The table does not offer it here.")
    if option["guards"]:
        yield Text("What it needs", style="bold")
        yield _guards(option["guards"])
    if option["status"] == "blocked":
        attainable, course = openings(option, told)
        yield from map(_would_open, attainable)
        if course:
            yield Text("Nobody brings this about by asking for it, but it would be open", style="dim")
            yield from (Text(f"  if {condition}", style="dim") for condition in course)
    yield Text("What the table says here", style="bold")
    yield from _why(told["rows"])


def _missing(told: Document) -> Iterator[Text]:
    labels = {each["option"]: each["label"] for each in told["options"]}
    for missing in told["missing"]:
        text = Text(missing["sentence"], style="yellow")
        if missing["now"] == "stale":
            text.append(found(missing), style="default")
        if "due" in missing:
            text.append(f" By {missing['due']}.")
        if missing["options"]:
            hangs = "; ".join(labels[name] for name in missing["options"])
            text.append(f" Hangs on it: {hangs}.", style="dim")
        yield text


def impact(told: Document) -> Iterator[Text]:
    """What a late, corrected or retracted fact changed."""
    for sentence in impact_in_words(told):
        yield Text(sentence, style="yellow")
