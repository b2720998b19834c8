"""Writes the generated pages under docs/, from the sources alone: `make docs`. The tests compare them by diff."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from api.app import openapi_document
from pathway.catalogue import CATALOGUE
from pathway.clinical.evidence import Citation
from pathway.engine.definition import Offer, Option, Pathway, Row, State, Transition, Window
from pathway.engine.diagram import drawn
from pathway.engine.guards import Guard

FOLDER: Final = Path(__file__).parent
NOTE: Final = "<!-- Generated from the definition by `make docs`: change the definition, not this page. -->"


def documents() -> Mapping[str, Callable[[], str]]:
    """Every generated file, by its path below docs/, with the function that gives its text."""
    found: dict[str, Callable[[], str]] = {"openapi.json": openapi}
    for pathway in CATALOGUE:
        found[f"pathways/{pathway.id}.md"] = partial(page, pathway)
        found[f"pathways/{pathway.id}.svg"] = partial(drawn, pathway)
    return found


def openapi() -> str:
    """The calls, their bodies and their answers."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def page(pathway: Pathway) -> str:
    """The pathway as tables that a clinician can check line by line."""
    return "\n".join(_page(pathway)).rstrip() + "\n"


def _page(pathway: Pathway) -> Iterator[str]:
    yield from (NOTE, "", f"# {pathway.title}", "", f"`{pathway.id}`, version {pathway.version}.", "")
    yield from (pathway.summary, "", f"![The states and the ways between them]({pathway.id}.svg)", "")
    yield from (
        "How to read the tables: in each state the first row whose sentences are all true says what is recommended",
        "and what is possible; a sentence that is neither true nor false, because a fact is missing or too old,",
        "asks for the fact. An option's own needs then take away what is not safe. `[S]` the source was read, `[M]`",
        "general knowledge not checked against a source, `[D]` a choice of this project.",
        "",
    )
    yield "## States"
    for state in pathway.states:
        yield from _state(pathway, state)
    yield from ("", "## Options", "", "What each option needs, wherever a row offers it.")
    for option in pathway.options:
        yield from _option(option)
    yield from ("", "## Edges", "", "| what happens | from | to | when |", "|---|---|---|---|")
    for edge in pathway.transitions:
        yield _edge(edge)
    yield from (
        "",
        "## Duties and windows",
        "",
        "| what | earliest | target | latest | source |",
        "|---|---|---|---|---|",
    )
    for label, window in _windows(pathway):
        days = " | ".join(f"day {day}" for day in (window.earliest, window.target, window.latest))
        yield f"| {_cell(label)} | {days} | {_cell(_cited(window.because))} |"
    yield from ("", "## Findings", "", "What the sentences read, and the values each can have.", "")
    yield from ("| finding | values | to obtain |", "|---|---|---|")
    for finding in pathway.findings:
        values = ", ".join(f"`{value}`" for value in finding.domain)
        yield f"| {_cell(finding.label)} | {values} | {_cell(finding.request)} |"
    yield from ("", "## Sources", "")
    yield from _sources(pathway)


def _state(pathway: Pathway, state: State) -> Iterator[str]:
    yield from ("", f"### {state.label}", "", f"`{state.name}`")
    if state.always:
        always = "; ".join(_offered(pathway, offer) for offer in state.always)
        yield from ("", f"Open in every row: {always}.")
    yield from (
        "",
        "| row | when all of this is true | recommended | possible | because |",
        "|---|---|---|---|---|",
    )
    for row in state.table:
        yield _row(pathway, row)


def _row(pathway: Pathway, row: Row) -> str:
    conditions = "<br>".join(f"• {each.sentence}" for each in row.when) or "*(all other cases)*"
    if row.recommended:
        recommended = f"**{_offered(pathway, row.recommended)}**"
    else:
        recommended = "*nothing is due*" if row.rests else "*tumour board*"
    possible = "<br>".join(_offered(pathway, offer) for offer in row.possible)
    remarks = [row.sentence, *(f"Obtain: {each.label}." for each in row.obtains), *row.notes]
    sources = "; ".join(dict.fromkeys(_cited(each) for each in row.because))
    because = "<br>".join((*remarks, f"*{sources}*") if sources else remarks)
    return f"| {row.number} | {_cell(conditions)} | {recommended} | {_cell(possible)} | {_cell(because)} |"


def _offered(pathway: Pathway, offer: Offer) -> str:
    remarks = [
        offer.remark,
        "with a reason" if offer.needs_reason else "",
        "whatever it needs" if offer.exempt else "",
    ]
    said = "; ".join(remark for remark in remarks if remark)
    label = pathway.option(offer.option).label
    return f"{label} ({said})" if said else label


def _option(option: Option) -> Iterator[str]:
    yield from (
        "",
        f"### {option.label}",
        "",
        f"`{option.name}`" + (", gives treatment" if option.treats else ""),
    )
    if option.needs:
        yield ""
    for need in option.needs:
        yield f"- {_guard(need)}"


def _edge(edge: Transition) -> str:
    when = "<br>".join(each.sentence for each in edge.when)
    return f"| `{edge.trigger}` | {_place(edge.source)} | {_place(edge.target)} | {_cell(when)} |"


def _place(name: str) -> str:
    return {"*": "anywhere", "=": "the same state"}.get(name, f"`{name}`")


def _windows(pathway: Pathway) -> Iterator[tuple[str, Window]]:
    for duty in pathway.duties:
        yield duty.label, duty.window
    if pathway.hold_window:
        yield pathway.hold_window.what, pathway.hold_window


def _sources(pathway: Pathway) -> Iterator[str]:
    cited = [each.because for each in pathway.guards]
    cited += [each for state in pathway.states for row in state.table for each in row.because]
    for source in sorted({each.source for each in cited}, key=lambda each: each.title):
        where = f" doi:{source.doi}" if source.doi else ""
        yield f"- **{source.title}**: {source.reference}.{where}"


def _guard(guard: Guard) -> str:
    return f"{guard.sentence} *{_cited(guard.because)}*"


def _cited(citation: Citation) -> str:
    return f"{citation.label} [{citation.tag}]"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write every document, and say which changed."""
    for name, text in documents().items():
        path, made = FOLDER / name, text()
        unchanged = path.exists() and path.read_text(encoding="utf-8") == made
        if not unchanged:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8")
        print(f"docs/{name}: {'unchanged' if unchanged else 'written'}")


if __name__ == "__main__":
    main()
