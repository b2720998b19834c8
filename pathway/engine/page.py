"""The pathway as a page: every state, row, option, edge, window and finding, each with its source, as Markdown.

A reader who disagrees can point at a line. What was not checked against its source says so wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pathway.clinical.evidence import Citation, Tag
from pathway.engine.definition import ANYWHERE, STAY, Offer, Option, Pathway, Row, State, Transition, Window
from pathway.engine.findings import OPEN

READING = (
    "In each state the table is read from the top: the first row whose sentences are all true says what is "
    "recommended and what is possible. Where it recommends nothing, the field is undecided and the tumour board "
    "chooses among the possible. What an option needs, in whichever row it stands, can only take it away. A fact "
    "that is missing or too old never opens an option: it is asked for."
)
TAGS = (
    ("S", "the source was read."),
    ("M", "general knowledge of the field, not checked against its source: shown as *unverified*."),
    ("D", "a choice of this project, not a published rule."),
)


def written(pathway: Pathway) -> str:
    """The whole definition as one Markdown page."""
    return "\n".join(_page(pathway)) + "\n"


def _page(pathway: Pathway) -> Iterator[str]:
    yield from (f"# {pathway.title}", "", f"`{pathway.id}`, version {pathway.version}", "")
    yield from (
        pathway.summary,
        "",
        f"![{pathway.title}: states and ways]({pathway.id}.svg)",
        "",
        READING,
        "",
    )
    yield "Where a line comes from:"
    yield ""
    yield from (f"- **[{tag}]** {meaning}" for tag, meaning in TAGS)
    yield from ("", "## States", "")
    yield from (f"- [{state.label}](#{_anchor(state.label)}) (`{state.name}`)" for state in pathway.states)
    for state in pathway.states:
        yield from _state(pathway, state)
    for heading, remark, lines in _sections(pathway):
        yield from ("", f"## {heading}", "", *((remark, "") if remark else ()))
        yield from lines


def _sections(pathway: Pathway) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Heading, remark and lines of each part that follows the states."""
    remark = "What each option needs beside a row that offers it."
    yield "Options", remark, table("option", "what it needs", "source", rows=_options(pathway.options))
    remark = "Days after the anchor: not before, best, not after. The next cycle follows its regimen."
    header = ("what", "after", "earliest", "target", "latest", "source")
    yield "Windows", remark, table(*header, rows=map(_window, pathway.windows))
    numbers = ((each.sentence, str(each.value), cited([each.because])) for each in pathway.thresholds)
    remark = "How long a fact counts, and where the limits lie."
    yield "Thresholds", remark, table("what", "value", "source", rows=numbers)
    duties = ((duty.label, duty.window.what, cited([duty.window.because])) for duty in pathway.duties)
    remark = "What has to be done beside the state."
    yield "Duties", remark, table("duty", "its window", "source", rows=duties)
    findings = (
        (f"{each.label} (`{each.name}`)", ", ".join(_value(value) for value in each.domain), each.request)
        for each in pathway.findings
    )
    remark = "What the sentences ask, each value it can have, and how it is obtained."
    yield "Findings", remark, table("finding", "values", "when it is missing", rows=findings)
    remark = "The first edge whose conditions hold is taken."
    edges = map(_edge, pathway.transitions)
    yield "Edges", remark, table("what happens", "from", "to", "when", "source", rows=edges)
    yield "Sources", "", _sources(pathway)


def _state(pathway: Pathway, state: State) -> Iterator[str]:
    yield from ("", f"### {state.label}", "", f"`{state.name}`", "")
    header = ("row", "when", "recommended", "possible", "obtain and note", "source")
    yield from table(*header, rows=(_row(pathway, row) for row in state.table))
    if state.always:
        yield from ("", f"Open in every row: {'; '.join(_offer(pathway, offer) for offer in state.always)}.")


def _row(pathway: Pathway, row: Row) -> tuple[str, ...]:
    conditions = " ".join(guard.sentence for guard in row.when) or "*In all other cases.*"
    when = row.sentence if conditions == row.sentence else f"**{row.sentence}**<br>{conditions}"
    recommended = (
        f"**{_offer(pathway, row.recommended)}**" if row.recommended else "*the tumour board chooses*"
    )
    if row.rests:
        recommended = "*nothing is due*"
    possible = "<br>".join(_offer(pathway, offer) for offer in row.possible)
    remarks = [*(f"Obtain: {each.label}." for each in row.obtains), *row.notes]
    sources = cited([*row.because, *(guard.because for guard in row.when)])
    return (
        f"**{row.number}**",
        when,
        recommended,
        possible,
        "<br>".join(remarks),
        sources,
    )


def _offer(pathway: Pathway, offer: Offer) -> str:
    told = [offer.remark] if offer.remark else []
    told += ["with a reason"] if offer.needs_reason else []
    told += ["free of what it needs elsewhere"] if offer.exempt else []
    label = pathway.option(offer.option).label
    return f"{label} ({'; '.join(told)})" if told else label


def _options(options: Iterable[Option]) -> Iterator[tuple[str, ...]]:
    for option in options:
        needs = "<br>".join(guard.sentence for guard in option.needs) or "nothing"
        kind = "<br>*treatment*" if option.treats else ""
        yield (
            f"**{option.label}**<br>`{option.name}`{kind}",
            needs,
            cited(guard.because for guard in option.needs),
        )


def _window(window: Window) -> tuple[str, ...]:
    days = (str(each) for each in (window.earliest, window.target, window.latest))
    return (window.what, window.anchor, *days, cited([window.because]))


def _edge(edge: Transition) -> tuple[str, ...]:
    places = {ANYWHERE: "*anywhere*", STAY: "*stays*"}
    source, target = (places.get(end, f"`{end}`") for end in (edge.source, edge.target))
    when = " ".join(guard.sentence for guard in edge.when)
    return (f"`{edge.trigger}`", source, target, when, cited(guard.because for guard in edge.when))


def _value(value: str) -> str:
    return f"*{value}*" if value in OPEN else f"`{value}`"


def _sources(pathway: Pathway) -> Iterator[str]:
    places: dict[str, dict[str, None]] = {}
    told: dict[str, str] = {}
    for citation in pathway.citations:
        source = citation.source
        doi = f" doi:{source.doi}" if source.doi else ""
        told[source.key] = f"**{source.title}.** {source.reference}.{doi}"
        places.setdefault(source.key, {})[_place(citation)] = None
    for key in sorted(told, key=lambda each: told[each].casefold()):
        yield f"- {told[key]} Cited for: {'; '.join(places[key])}."


def _place(citation: Citation) -> str:
    return f"{citation.where or 'as a whole'} [{citation.tag}]"


def cited(citations: Iterable[Citation]) -> str:
    """The places cited, each once, with their tags."""
    return "<br>".join(dict.fromkeys(_citation(each) for each in citations))


def _citation(citation: Citation) -> str:
    place = f"{citation.source.title}, {citation.where}" if citation.where else citation.source.title
    return f"{place} [{citation.tag}]{' *unverified*' if citation.tag is Tag.UNVERIFIED else ''}"


def table(*header: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table, line by line."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _anchor(heading: str) -> str:
    """The name by which a heading can be linked to."""
    kept = "".join(letter for letter in heading.casefold() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")
