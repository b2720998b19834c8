"""Answers as people read them at a terminal: the same documents the API gives, laid out as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Document: TypeAlias = Mapping[str, Any]

STATUS: Final = {"recommended": "bold green", "possible": "cyan", "blocked": "dim"}
HOLDS: Final = {True: ("true", "green"), False: ("not true", "red"), "unknown": ("unknown", "yellow")}
TIMING: Final = {"overdue": "red", "due": "yellow", "not_yet": "dim", "unknown": "dim"}


def recommendation(told: Document, option: str | None = None) -> RenderableType:
    """The next step: what, why, what else and why not, what is missing, what is due; or one option in depth."""
    head = Text(told["state_label"], style="bold").append(f", as of {told['as_of']}", style="not bold dim")
    parts: list[RenderableType] = [head, Text(told["summary"], style="bold green")]
    if told["needs_tumour_board"]:
        parts.append(Text("Nothing is recommended: this is left to the tumour board."))
    if "response" in told:
        parts.append(_response(told["response"]))
    if option is not None:
        chosen = next(each for each in told["options"] if each["option"] == option)
        return Group(*parts, *_section(chosen["label"].capitalize(), _in_depth(chosen, told)))
    parts += _section("Why", _why(told["rows"]))
    parts += _section("Missing", [_missing(each) for each in told["missing"]])
    parts += _section("Due", [due(each) for each in told["due"]])
    parts += _section("Open to choose", [_options(told["options"])])
    parts += _section("Why not the others", _why_not(told["options"]))
    parts += _section("Open questions of the field", [Text(note) for note in told["notes"]])
    return Group(*parts)


def in_brief(told: Document) -> RenderableType:
    """The next step in a few lines."""
    head = Text(f"As of {told['as_of']}: ", style="dim").append(told["summary"], style="not dim bold green")
    parts: list[RenderableType] = [head]
    parts += [_missing(each) for each in told["missing"]]
    return Group(*parts, *(due(each) for each in told["due"][:1]))


def cited(citations: Iterable[Document]) -> str:
    """Sources in one line; what was not checked against its source says so."""
    return "; ".join(dict.fromkeys(map(_cited, citations)))


def _cited(citation: Document) -> str:
    place = f"{citation['source']}, {citation['where']}" if citation["where"] else citation["source"]
    return place if citation["verified"] else f"{place} (unverified)"


def _section(title: str, lines: Iterable[RenderableType]) -> list[RenderableType]:
    shown = list(lines)
    return (
        [Text(f"\n{title}", style="bold"), *(Padding(line, (0, 0, 0, 2)) for line in shown)] if shown else []
    )


def _response(response: Document) -> Text:
    known = response["in_force"] or "unknown until a person confirms it"
    text = Text(f"Response of {response['timepoint']}: {known} ({response['why']})")
    if response["flags"]:
        text.append(f"; {', '.join(flag.replace('_', ' ') for flag in response['flags'])}", style="yellow")
    return text


def assessed(told: Document) -> RenderableType:
    """A response worked out: overall, component by component, with rows, values, and what is open."""
    head = Text(f"{told['overall']}", style="bold green")
    head.append(f" ({told['rule']}) {told['sentence']}", style="not bold default")
    parts: list[RenderableType] = [head, Text(f"Source: {cited([told['because']])}.", style="dim")]
    if told["flags"]:
        parts.append(Text(f"To look at: {', '.join(map(plain, told['flags']))}.", style="yellow"))
    for component, rating in told["components"].items():
        explained = told["explained"].get(component)
        unmeasured = Text("Not evaluated." if rating == "NE" else "As reported.")
        lines = [unmeasured] if explained is None else list(_derived(explained))
        parts += _section(f"{plain(component).capitalize()}: {rating}", lines)
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
        rests_on = f", {guard['rests_on']['on']}" if "rests_on" in guard else ""
        sentence.append(f" ({guard.get('shown') or guard['found']}{rests_on})")
        sentence.append(f" {_cited(guard['because'])}", style="dim")
        table.add_row(Text(word, style=style), sentence)
    return table


def _options(options: Iterable[Document]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in options:
        if each["status"] == "blocked":
            continue
        text = Text(each["label"])
        said = [each["remark"]] if "remark" in each else []
        said += ["give a reason"] if "needs_reason" in each else []
        text.append(f" ({'; '.join(said)})" if said else "", style="dim")
        table.add_row(Text(each["status"], style=STATUS[each["status"]]), Text(each["option"]), text)
    return table


def _why_not(options: Iterable[Document]) -> Iterator[RenderableType]:
    """The blocked options, those last that nothing near at hand would open; `--option` tells more of one."""
    blocked = [each for each in options if each["status"] == "blocked"]
    for each in blocked:
        if each["would_open"]:
            yield Text(each["option"], style="bold")
            yield from (Padding(line, (0, 0, 0, 2)) for line in _needs_and_openings(each))
    if far := [each["option"] for each in blocked if not each["would_open"]]:
        yield Text(
            f"Not here, and no change of a few findings would open them: {', '.join(far)}.", style="dim"
        )


def _needs_and_openings(option: Document) -> Iterator[Text]:
    for guard in option["guards"]:
        if guard["value"] is not True:
            yield Text(f"{HOLDS[guard['value']][0].capitalize()}: {guard['sentence']}")
    for changes in option["would_open"]:
        wanted = " and ".join(_change(change) for change in changes)
        yield Text(f"Would open it: {wanted}.", style="cyan")


def _change(change: Document) -> str:
    return f"{change['label']}, now {plain(change['from'])}, were {' or '.join(map(plain, change['to']))}"


def plain(value: str) -> str:
    """A name as people read it."""
    return value.replace("_", " ")


def _in_depth(option: Document, told: Document) -> Iterator[RenderableType]:
    yield Text(f"{option['status'].capitalize()}.", style=STATUS[option["status"]])
    if option["status"] == "possible" and told["recommended"]:
        yield Text("It is possible, but another option is recommended here.")
    if option["status"] == "blocked":
        if not option["offered_here"]:
            yield Text("The table does not offer it here.")
        yield from _needs_and_openings(option)
    if option["guards"]:
        yield Text("What it needs", style="bold")
        yield _guards(option["guards"])
    if option["status"] != "recommended":
        yield Text("What the table says instead", style="bold")
        yield from _why(told["rows"])


def _missing(missing: Document) -> Text:
    text = Text(missing["sentence"], style="yellow")
    if "due" in missing:
        text.append(f" By {missing['due']}.")
    if missing["options"]:
        text.append(f" Hangs on it: {', '.join(missing['options'])}.", style="dim")
    return text


def due(step: Document) -> Text:
    """One step with its window."""
    text = Text(f"{step['what']}: ")
    text.append(step["timing"].replace("_", " "), style=TIMING[step["timing"]])
    if "target" in step:
        text.append(f", best on {step['target']}, from {step['earliest']} to {step['latest']}")
    if "why_unknown" in step:
        text.append(f". {step['why_unknown']}", style="dim")
    return text


def impact(told: Document) -> Iterator[Text]:
    """What a late, corrected or retracted fact changed."""
    for each in told["recommendations"]:
        then, now = (_said(each[when]) for when in ("then", "now"))
        yield Text(
            f"Would have been said differently on {each['on']}: {now} instead of {then}.", style="yellow"
        )
    for each in told["decisions"]:
        sentence = (
            f"Decision of {each['on']} ({each['option']}) was {each['then']} and would now be {each['now']}."
        )
        yield Text(sentence, style="yellow")
    for each in told["reviews_opened"]:
        yield Text(f"Review task: {each['sentence']}", style="yellow")


def _said(told: Document) -> str:
    return told["recommended"] or ("the tumour board" if told["needs_tumour_board"] else "nothing")


def history(rows: Iterable[Document]) -> Table:
    """The log, one line per entry."""
    table = _list("#", "Happened", "Recorded (UTC)", "By", "What")
    for row in rows:
        what = Text(row["kind"].replace("_", " "), style="bold")
        what.append(_content(row["event"]), style="not bold")
        if row["standing"] != "in_force":
            what.append(
                f"\n{row['standing'].replace('_', ' ')} by {row['changed_by']}", style="not bold yellow"
            )
        what.append(f"\n{row['entry']}", style="not bold dim")
        recorded = row["recorded_at"][:19].replace("T", " ")
        table.add_row(str(row["sequence"]), row["on"], recorded, row["actor"], what)
    return table


_LEFT_OUT: Final = (
    "kind",
    "occurred_on",
    "occurred_at",
    "occurred_precision",
    "source",
    "basis",
    "time_zone",
)


def _content(event: Document) -> str:
    if event["kind"] == "decision_made":
        event = {"option": event["option"], "offered_as": event["offered_as"]} | {
            name: event[name] for name in ("detail", "reason") if _flat(event.get(name, {})) != "{}"
        }
    told = [f"{name}={_flat(value)}" for name, value in event.items() if name not in _LEFT_OUT]
    return f" {', '.join(told)}" if told else ""


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{name}={_flat(each)}" for name, each in value.items() if each not in ([], None))
            + "}"
        )
    if isinstance(value, list):
        return " + ".join(map(_flat, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def worklist(items: Iterable[Document]) -> Table:
    """Episodes, the nearest due date first."""
    table = _list("Episode", "State", "Next", "Due")
    for item in items:
        following = item["recommended"] or (
            "tumour board" if item["needs_tumour_board"] else "nothing is due"
        )
        counts = {"missing": len(item["missing"]), "waiting": item["waiting"], "to review": item["reviews"]}
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        text = Text(plain(following)).append(f"\n{told}" if told else "", style="dim")
        table.add_row(item["episode"], item["state_label"], text, due(item["due"]) if item["due"] else "")
    return table


def next_steps(found: Iterable[tuple[str, Document]]) -> Table:
    """What comes next for some episodes, each with a name people know it by."""
    table = _list("Case and episode", "State", "Next")
    for name, told in found:
        episode = Text(name, style="bold").append(f"\n{told['episode']}", style="not bold")
        table.add_row(episode, told["state_label"], told["summary"])
    return table


def _list(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, overflow="fold")
    return table
