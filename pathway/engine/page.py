"""The pathway as a page: every state, row, option, edge, window and finding, each with its source, as Markdown.

A reader who disagrees can point at a line. What was not checked against its source says so wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pathway.clinical.evidence import Citation, Source, Tag
from pathway.clinical.regimens import Regimen
from pathway.clinical.terms import is_anti_gd2
from pathway.engine.chapters import Chapter, sources_of
from pathway.engine.definition import (
    ANYWHERE,
    STAY,
    Duty,
    Offer,
    Option,
    Pathway,
    Prompt,
    Row,
    State,
    Transition,
    Window,
)
from pathway.engine.findings import OPEN

READING = (
    "In each state the table is read from the top: the first row whose sentences are all true says what is "
    "recommended and what is possible. Where it recommends nothing, the tumour board chooses among the possible, "
    "because the field is undecided or because it is a person's choice. What an option needs, in whichever row it "
    "stands, can only take it away. A fact that is missing or too old never opens an option: it is asked for."
)
CHECKLISTS = (
    "What has to be met before a step. A value counts for so many days; what is missing or too old is asked for, and "
    "never counts as met."
)
PROMPTS = (
    "What a person is told beside the next step, whatever is chosen. A prompt opens nothing and blocks nothing; the "
    "answer adds what it found in the episode."
)
CAUTIONS = (
    "What a decision has to answer with a reason, even where it is recommended, when it would give such a treatment. "
    "The reason is kept with the decision."
)
REGIMENS = (
    "What each consists of; days from day 1 of one cycle to day 1 of the next: not before, best, not after. Doses "
    "are not held: the service neither orders nor calculates them. Without a number of its own a regimen has the "
    "common limit. An agent that binds GD2 is set in bold."
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
    opening = tuple(_chapter(each) for each in pathway.chapters if each.opens)
    sections = tuple(_sections(pathway))
    headings = (*(each[0] for each in opening), "States", *(each[0] for each in sections))
    yield from ("", f"On this page: {', '.join(f'[{each}](#{_anchor(each)})' for each in headings)}.")
    yield from _parts(opening)
    yield from ("", "## States", "")
    yield from (f"- [{state.label}](#{_anchor(state.label)}) (`{state.name}`)" for state in pathway.states)
    for state in pathway.states:
        yield from _state(pathway, state)
    yield from _parts(sections)


def _parts(sections: Iterable[tuple[str, str, Iterable[str]]]) -> Iterator[str]:
    for heading, remark, lines in sections:
        yield from ("", f"## {heading}", "", *((remark, "") if remark else ()))
        yield from lines


def _sections(pathway: Pathway) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Heading, remark and lines of each part that follows the states."""
    remark = "What each option needs beside a row that offers it."
    yield "Options", remark, table("option", "what it needs", "source", rows=_options(pathway.options))
    yield "Checklists", CHECKLISTS, _checklists(pathway)
    header = ("what is told", "when", "where", "source")
    yield "Prompts", PROMPTS, table(*header, rows=(_prompt(pathway, each) for each in pathway.prompts))
    told = (
        (f"{each.sentence}<br>`{each.name}`", each.when, cited([each.because])) for each in pathway.cautions
    )
    yield "Cautions", CAUTIONS, table("what has to be answered", "when", "source", rows=told)
    yield "Regimens", REGIMENS, table(*_REGIMEN, rows=map(_regimen, pathway.regimens))
    remark = "Days after the anchor: not before, best, not after. The next cycle follows its regimen."
    yield "Windows", remark, table(*_WINDOW, rows=map(_window, pathway.windows))
    numbers = ((each.sentence, str(each.value), cited([each.because])) for each in pathway.thresholds)
    remark = "How long a fact counts, and where the limits lie."
    yield "Validity and limits", remark, table("what", "value", "source", rows=numbers)
    remark = "What has to be done beside the state, with its window in days after what opened it."
    yield "Duties", remark, table("duty", *_WINDOW, rows=map(_duty, pathway.duties))
    findings = (
        (f"{each.label} (`{each.name}`)", ", ".join(_value(value) for value in each.domain), each.request)
        for each in pathway.findings
    )
    remark = "What the sentences ask, each value it can have, and how it is obtained."
    yield "Findings", remark, table("finding", "values", "when it is missing", rows=findings)
    remark = "The first edge whose conditions hold is taken."
    edges = map(_edge, pathway.transitions)
    yield "Edges", remark, table("what happens", "from", "to", "when", "source", rows=edges)
    yield from (_chapter(each) for each in pathway.chapters if not each.opens)
    yield "Sources", "", _sources(pathway)


def _chapter(chapter: Chapter) -> tuple[str, str, Iterable[str]]:
    rows = ((f"**{each.about}**", each.says, cited([each.because])) for each in chapter.remarks)
    return chapter.heading, chapter.introduction, table(*chapter.columns, "source", rows=rows)


_WINDOW = ("what", "after", "earliest", "target", "latest", "source")
_REGIMEN = ("regimen", "agents", "backbone", "next cycle", "cycles at most", "what came of it", "source")


def _checklists(pathway: Pathway) -> Iterator[str]:
    for checklist in pathway.checklists:
        shown = _labels(state for state in pathway.states if checklist in state.checklists)
        yield from (f"### {checklist.label}", "", f"`{checklist.name}`, shown at: {shown}.", "")
        rows = (
            (
                f"**{each.name}**",
                each.sentence,
                "" if each.days is None else str(each.days),
                cited([each.because]),
            )
            for each in checklist.criteria
        )
        yield from table("criterion", "what has to be so", "days a value counts", "source", rows=rows)
        yield ""


def _labels(states: Iterable[State]) -> str:
    """The states by their labels; those of one part of the course are named together."""
    parts: dict[str, list[str]] = {}
    for state in states:
        part, _, place = state.label.partition(": ")
        parts.setdefault(part, []).append(place)
    return "; ".join(
        f"{part}: {', '.join(places)}" if all(places) else part for part, places in parts.items()
    )


def _prompt(pathway: Pathway, prompt: Prompt) -> tuple[str, ...]:
    where = _labels(map(pathway.state, prompt.states)) or "everywhere"
    urgent = "**Urgent.** " if prompt.urgent else ""
    return (f"{urgent}{prompt.sentence}<br>`{prompt.name}`", prompt.when, where, cited([prompt.because]))


def _regimen(regimen: Regimen) -> tuple[str, ...]:
    following, count, lasts = regimen.next_cycle, regimen.count, regimen.duration
    days = f"{following.earliest} / {following.target} / {following.latest}" if following else "not in cycles"
    published = f"As published: {lasts.statement}" if lasts else ""
    return (
        f"**{regimen.name}**<br>`{regimen.id}`<br>{regimen.use}",
        ", ".join(_agent(each) for each in regimen.agents),
        f"`{regimen.backbone}`" if regimen.backbone else "",
        days,
        str(count.cycles) if count else "",
        "<br>".join(filter(None, (regimen.citation.statement, published))),
        cited(sources_of(regimen)),
    )


def _agent(name: str) -> str:
    """An agent as people write it, in bold where it binds GD2."""
    plain = {"gm_csf": "GM-CSF", "dfmo": "DFMO", "mibg_131i": "131I-MIBG"}.get(name, name.replace("_", " "))
    return f"**{plain}**" if is_anti_gd2(name) else plain


def _duty(duty: Duty) -> tuple[str, ...]:
    return (f"**{duty.label}**<br>`{duty.kind}`", *_window(duty.window))


def _state(pathway: Pathway, state: State) -> Iterator[str]:
    yield from ("", f"### {state.label}", "", f"`{state.name}`", "")
    header = ("row", "when", "recommended", "possible", "obtain and note", "source")
    yield from table(*header, rows=(_row(pathway, row) for row in state.table))
    if state.always:
        yield from ("", f"Open in every row: {'; '.join(_offer(pathway, offer) for offer in state.always)}.")
    if state.suspends:
        yield from (
            "",
            "Treatment does not go on here: neither duties nor holds run, nor what is told everywhere.",
        )


def _row(pathway: Pathway, row: Row) -> tuple[str, ...]:
    conditions = " ".join(guard.sentence for guard in row.when) or "*In all other cases.*"
    when = row.sentence if conditions == row.sentence else f"**{row.sentence}**<br>{conditions}"
    recommended = (
        f"**{_offer(pathway, row.recommended)}**" if row.recommended else "*the tumour board chooses*"
    )
    if row.rests:
        recommended = "*nothing is due*"
    elif row.undecided:
        recommended = f"{recommended}<br>the field is undecided"
    possible = "<br>".join(_together(pathway, row.possible))
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


def _together(pathway: Pathway, offers: Iterable[Offer]) -> Iterator[str]:
    """The offers, those with the same remark on one line."""
    labels: dict[str, list[str]] = {}
    for offer in offers:
        labels.setdefault(_remark(offer), []).append(pathway.option(offer.option).label)
    for remark, named in labels.items():
        yield f"{'; '.join(named)} ({remark})" if remark else "<br>".join(named)


def _offer(pathway: Pathway, offer: Offer) -> str:
    return next(_together(pathway, [offer]))


def _remark(offer: Offer) -> str:
    told = [offer.remark] if offer.remark else []
    told += (
        ["enforced: a decision that gives an anti-GD2 antibody is refused"] if offer.without_antibody else []
    )
    told += ["with a reason"] if offer.needs_reason else []
    told += ["free of what it needs elsewhere"] if offer.exempt else []
    return "; ".join(told)


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
    """Each source with the places cited, those of one subject together."""
    places: dict[Source, dict[tuple[str, Tag], dict[str, None]]] = {}
    for citation in pathway.citations:
        subject, _, place = citation.where.partition(": ")
        of_source = places.setdefault(citation.source, {})
        of_source.setdefault((subject, citation.tag), {})[place] = None
    for source in sorted(places, key=lambda each: each.title.casefold()):
        doi = f" doi:{source.doi}" if source.doi else ""
        yield f"- **{source.title}.** {source.reference}.{doi}"
        for (subject, tag), found in sorted(places[source].items()):
            told = "; ".join(place for place in found if place)
            yield f"  - {subject or 'as a whole'}{f': {told}' if told else ''} {_tagged(tag)}"


def _tagged(tag: Tag) -> str:
    return f"[{tag}] *unverified*" if tag is Tag.UNVERIFIED else f"[{tag}]"


def cited(citations: Iterable[Citation]) -> str:
    """The places cited, each once, those of one source on one line with their tag."""
    lines: dict[tuple[str, Tag], dict[str, None]] = {}
    for each in citations:
        lines.setdefault((each.source.title, each.tag), {})[each.where] = None
    return "<br>".join(
        f"{title} {_tagged(tag)}{f': {told}' if (told := '; '.join(filter(None, places))) else ''}"
        for (title, tag), places in lines.items()
    )


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
