"""The parts of an answer that several commands show: sources, values, prompts, criteria and due dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pathway.engine.findings import in_words
from pathway.use_cases.words import Document, finding_in_words

TIMING: Final = {"overdue": "red", "due": "yellow", "not_yet": "dim", "unknown": "dim"}
STANDING: Final = {
    "met": ("met", "green"),
    "not_met": ("not met", "red"),
    "missing": ("missing", "yellow"),
    "stale": ("too old", "yellow"),
}


def cited(citations: Iterable[Document]) -> str:
    """Sources in one line; what was not checked against its source says so."""
    return "; ".join(dict.fromkeys(map(source, citations)))


def source(citation: Document) -> str:
    """One source; what was not checked against it says so."""
    place = f"{citation['source']}, {citation['where']}" if citation["where"] else citation["source"]
    return place if citation["verified"] else f"{place} (unverified)"


def section(title: str, lines: Iterable[RenderableType]) -> list[RenderableType]:
    """A heading and what stands under it; nothing where nothing does."""
    shown = list(lines)
    return (
        [Text(f"\n{title}", style="bold"), *(Padding(line, (0, 0, 0, 2)) for line in shown)] if shown else []
    )


def found(value: Document) -> str:
    """In brackets what was found and when; empty where the sentence says it already."""
    told = list(filter(None, [finding_in_words(value)]))
    told += [value["rests_on"]["on"]] if "rests_on" in value else []
    return f" ({', '.join(told)})" if told else ""


def prompts(told: Document, *, urgent: bool) -> Iterator[Text]:
    """What a person is told beside the next step; what one prompt found several times stands under it."""
    wanted = (each for each in told["prompts"] if each["urgent"] is urgent)
    for _, group in groupby(wanted, key=lambda each: each["prompt"]):
        noticed = list(group)
        text = Text("Now: " if urgent else "", style="bold red")
        text.append(noticed[0]["sentence"], style="" if urgent else "not bold default")
        for each in noticed:
            text.append(" " if len(noticed) == 1 else "\n- ")
            brackets = len(noticed) == 1 and not each["sentence"].endswith(":")
            text.append(_noticed(each, in_brackets=brackets), style="not bold default")
            text.append(source(each["because"]), style="not bold default dim")
        yield text


def _noticed(prompt: Document, *, in_brackets: bool) -> str:
    on = [prompt["rests_on"]["on"]] if "rests_on" in prompt else []
    detail = [prompt["detail"]] if "detail" in prompt else []
    if in_brackets or not detail:
        told = ", ".join((*(each.rstrip(".") for each in detail), *on))
        return f"({told}) " if told else ""
    return f"{detail[0]} ({on[0]}) " if on else f"{detail[0]} "


def criteria(held: Iterable[Document]) -> Table:
    """A checklist: how each criterion stands, the value, until when it counts, and the source."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    for ratio in (5, 3, 4):
        table.add_column(ratio=ratio)
    for each in held:
        word, style = STANDING[each["standing"]]
        value = Text(each.get("shown", ""))
        if "rests_on" in each:
            value.append(f" ({each['rests_on']['on']})" if value else each["rests_on"]["on"])
        if "counts_until" in each:
            value.append(f", counts until {each['counts_until']}", style="dim")
        table.add_row(
            Text(word, style=style), each["sentence"], value, Text(source(each["because"]), style="dim")
        )
    return table


def due(step: Document, *, sources: bool = False) -> Text:
    """One step with its window, and on wish where the window comes from; that it was not checked, always."""
    text = Text(f"{step['what']}: ")
    text.append(in_words(step["timing"]), style=TIMING[step["timing"]])
    if "target" in step:
        text.append(f", best on {step['target']}, from {step['earliest']} to {step['latest']}")
    if "why_unknown" in step:
        text.append(f". {step['why_unknown']}", style="dim")
    if sources:
        return text.append(f" {source(step['because'])}", style="dim")
    return text if step["because"]["verified"] else text.append(" (unverified)", style="dim")
