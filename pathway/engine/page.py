"""The pathway as a page: every state, row, option, edge, window and finding, each with its source.

A reader who disagrees can point at a line. What was not checked against its source says so wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
from pathway.engine.document import (
    Block,
    Cell,
    Heading,
    Items,
    Line,
    Paragraph,
    Picture,
    Style,
    Words,
    anchored,
    cited,
    code,
    emphasis,
    joined,
    lines,
    numbered,
    references,
    resting,
    strong,
    table,
)
from pathway.engine.findings import OPEN
from pathway.engine.guards import Guard
from pathway.engine.markdown import as_markdown

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
TAGS: tuple[tuple[str, tuple[str | Words, ...]], ...] = (
    ("S", ("the source was read.",)),
    (
        "M",
        (
            "general knowledge of the field, not checked against its source: shown as ",
            Words("unverified", Style.UNVERIFIED),
            ".",
        ),
    ),
    ("D", ("a choice of this project, not a published rule.",)),
)


def written(pathway: Pathway) -> str:
    """The whole definition as one Markdown page."""
    return as_markdown(page_of(pathway))


def page_of(pathway: Pathway) -> tuple[Block, ...]:
    """The whole definition as one page."""
    return tuple(numbered(_page(pathway)))


def provenance() -> Iterator[Block]:
    """What the tags behind a statement mean."""
    yield Paragraph("Where a line comes from:")
    yield Items(tuple((strong(f"[{tag}]"), " ", *meaning) for tag, meaning in TAGS))


def _page(pathway: Pathway) -> Iterator[Block]:
    yield Heading(1, pathway.title)
    yield Paragraph((code(pathway.id), f", version {pathway.version}"))
    yield Paragraph(pathway.summary)
    yield Picture(f"{pathway.title}: states and ways", f"{pathway.id}.svg")
    yield Paragraph(READING)
    yield from provenance()
    opening = [_chapter(each) for each in pathway.chapters if each.opens]
    states = [*_states(pathway)]
    sections = [*_sections(pathway)]
    headings = (block for section in (*opening, states, *sections) for block in section)
    links = (_link(each) for each in headings if isinstance(each, Heading) and each.level == 2)  # noqa: PLR2004
    yield Paragraph(("On this page: ", *joined(", ", links), "."))
    for section in (*opening, states, *sections):
        yield from section


def _link(heading: Heading) -> Words:
    return Words(heading.text, Style.LINK, heading.anchor)


def _section(heading: str, remark: str, *blocks: Block) -> list[Block]:
    return [Heading(2, heading), *([Paragraph(remark)] if remark else []), *blocks]


def _sections(pathway: Pathway) -> Iterator[list[Block]]:
    """The parts that follow the states."""
    remark = "What each option needs beside a row that offers it."
    options = map(_option, pathway.options)
    yield _section("Options", remark, anchored("option", "what it needs", "source", rows=options))
    yield _section("Checklists", CHECKLISTS, *_checklists(pathway), _NOTHING)
    columns = ("what is told", "when", "where", "source")
    prompts = (_prompt(pathway, each) for each in pathway.prompts)
    yield _section("Prompts", PROMPTS, anchored(*columns, rows=prompts))
    told = (
        (f"caution-{each.name}", (lines(each.sentence, code(each.name)), each.when, cited([each.because])))
        for each in pathway.cautions
    )
    yield _section("Cautions", CAUTIONS, anchored("what has to be answered", "when", "source", rows=told))
    yield _section("Regimens", REGIMENS, anchored(*_REGIMEN, rows=map(_regimen, pathway.regimens)))
    remark = "Days after the anchor: not before, best, not after. The next cycle follows its regimen."
    yield _section("Windows", remark, table(*_WINDOW, rows=map(_window, pathway.windows)))
    numbers = ((each.sentence, str(each.value), cited([each.because])) for each in pathway.thresholds)
    remark = "How long a fact counts, and where the limits lie."
    yield _section("Validity and limits", remark, table("what", "value", "source", rows=numbers))
    remark = "What has to be done beside the state, with its window in days after what opened it."
    yield _section("Duties", remark, anchored("duty", *_WINDOW, rows=map(_duty, pathway.duties)))
    findings = (
        (
            f"finding-{each.name}",
            ((f"{each.label} (", code(each.name), ")"), joined(", ", map(_value, each.domain)), each.request),
        )
        for each in pathway.findings
    )
    remark = "What the sentences ask, each value it can have, and how it is obtained."
    found = anchored("finding", "values", "when it is missing", rows=findings)
    yield _section("Findings", remark, found)
    remark = "The first edge whose conditions hold is taken."
    edges = map(_edge, pathway.transitions)
    yield _section("Edges", remark, table("what happens", "from", "to", "when", "source", rows=edges))
    yield from (_chapter(each) for each in pathway.chapters if not each.opens)
    yield _section("Sources", "", references(pathway.citations))


def _chapter(chapter: Chapter) -> list[Block]:
    rows = ((strong(each.about), each.says, cited([each.because])) for each in chapter.remarks)
    return _section(chapter.heading, chapter.introduction, table(*chapter.columns, "source", rows=rows))


_NOTHING = Items(())
"""Keeps the checklists, which have headings of their own, apart from what follows them."""

_WINDOW = ("what", "after", "earliest", "target", "latest", "source")
_REGIMEN = ("regimen", "agents", "backbone", "next cycle", "cycles at most", "what came of it", "source")


def _checklists(pathway: Pathway) -> Iterator[Block]:
    for checklist in pathway.checklists:
        shown = _labels(state for state in pathway.states if checklist in state.checklists)
        yield Heading(3, checklist.label)
        yield Paragraph((code(checklist.name), f", shown at: {shown}."))
        rows = (
            (
                strong(each.name),
                each.sentence,
                "" if each.days is None else str(each.days),
                cited([each.because]),
            )
            for each in checklist.criteria
        )
        yield table("criterion", "what has to be so", "days a value counts", "source", rows=rows)


def _labels(states: Iterable[State]) -> str:
    """The states by their labels; those of one part of the course are named together."""
    parts: dict[str, list[str]] = {}
    for state in states:
        part, _, place = state.label.partition(": ")
        parts.setdefault(part, []).append(place)
    return "; ".join(
        f"{part}: {', '.join(places)}" if all(places) else part for part, places in parts.items()
    )


Anchored = tuple[str, Sequence[Cell]]
"""An anchor, and the cells of the row that has it."""


def _prompt(pathway: Pathway, prompt: Prompt) -> Anchored:
    where = _labels(map(pathway.state, prompt.states)) or "everywhere"
    told: Line = (strong("Urgent."), f" {prompt.sentence}") if prompt.urgent else prompt.sentence
    cells = (lines(told, code(prompt.name)), prompt.when, where, cited([prompt.because]))
    return f"prompt-{prompt.name}", cells


def _regimen(regimen: Regimen) -> Anchored:
    following, count, lasts = regimen.next_cycle, regimen.count, regimen.duration
    days = f"{following.earliest} / {following.target} / {following.latest}" if following else "not in cycles"
    published = f"As published: {lasts.statement}" if lasts else ""
    return f"regimen-{regimen.id}", (
        lines(strong(regimen.name), code(regimen.id), regimen.use),
        joined(", ", map(_agent, regimen.agents)),
        code(regimen.backbone) if regimen.backbone else "",
        days,
        str(count.cycles) if count else "",
        lines(*filter(None, (regimen.citation.statement, published))),
        cited(sources_of(regimen)),
    )


def _agent(name: str) -> str | Words:
    """An agent as people write it, in bold where it binds GD2."""
    plain = {"gm_csf": "GM-CSF", "dfmo": "DFMO", "mibg_131i": "131I-MIBG"}.get(name, name.replace("_", " "))
    return strong(plain) if is_anti_gd2(name) else plain


def _duty(duty: Duty) -> Anchored:
    return f"duty-{duty.kind}", (lines(strong(duty.label), code(duty.kind)), *_window(duty.window))


def _states(pathway: Pathway) -> Iterator[Block]:
    yield Heading(2, "States")
    headings = [Heading(3, state.label) for state in pathway.states]
    named = zip(headings, pathway.states, strict=True)
    yield Items(tuple((_link(heading), " (", code(state.name), ")") for heading, state in named))
    for heading, state in zip(headings, pathway.states, strict=True):
        yield heading
        yield from _state(pathway, state)


def _state(pathway: Pathway, state: State) -> Iterator[Block]:
    yield Paragraph(code(state.name))
    header = ("row", "when", "recommended", "possible", "obtain and note", "source")
    rows = ((f"row-{state.name}-{row.number}", _row(pathway, row)) for row in state.table)
    yield anchored(*header, rows=rows)
    if state.always:
        offers = [each for offer in state.always for each in ("; ", *_offer(pathway, offer))]
        yield Paragraph(("Open in every row: ", *offers[1:], "."))
    if state.suspends:
        yield Paragraph(
            "Treatment does not go on here: neither duties nor holds run, nor what is told everywhere."
        )


def _row(pathway: Pathway, row: Row) -> tuple[Cell, ...]:
    conditions: Line = joined(" ", map(_said, row.when)) if row.when else emphasis("In all other cases.")
    alone = [guard.sentence for guard in row.when] == [row.sentence]
    recommended: list[Line] = [
        _stronger(_offer(pathway, row.recommended))
        if row.recommended
        else emphasis("the tumour board chooses")
    ]
    if row.rests:
        recommended = [emphasis("nothing is due")]
    elif row.undecided:
        recommended.append("the field is undecided")
    remarks: list[Line] = [*(f"Obtain: {each.label}." for each in row.obtains), *row.notes]
    return (
        strong(row.number),
        conditions if alone else lines(strong(row.sentence), conditions),
        lines(*recommended),
        lines(*_together(pathway, row.possible)),
        lines(*remarks),
        cited([*row.because, *(guard.because for guard in row.when)]),
    )


def _said(guard: Guard) -> Words:
    return resting(guard.sentence, guard.because)


def _stronger(line: Iterable[str | Words]) -> Line:
    return tuple(strong(each) if isinstance(each, str) else strong(each.text, each.to) for each in line)


def _together(pathway: Pathway, offers: Iterable[Offer]) -> Iterator[tuple[str | Words, ...]]:
    """The offers, those with the same remark on one line."""
    labels: dict[str, list[Words]] = {}
    for offer in offers:
        option = pathway.option(offer.option)
        labels.setdefault(_remark(offer), []).append(Words(option.label, to=f"option-{option.name}"))
    for remark, named in labels.items():
        if remark:
            yield (*joined("; ", named), f" ({remark})")
        else:
            yield from ((each,) for each in named)


def _offer(pathway: Pathway, offer: Offer) -> tuple[str | Words, ...]:
    return next(_together(pathway, [offer]))


def _remark(offer: Offer) -> str:
    told = [offer.remark] if offer.remark else []
    told += (
        ["enforced: a decision that gives an anti-GD2 antibody is refused"] if offer.without_antibody else []
    )
    told += ["with a reason"] if offer.needs_reason else []
    told += ["free of what it needs elsewhere"] if offer.exempt else []
    return "; ".join(told)


def _option(option: Option) -> Anchored:
    kind: list[Line] = [emphasis("treatment")] if option.treats else []
    needs = lines(*map(_said, option.needs)) if option.needs else "nothing"
    sources = cited(guard.because for guard in option.needs)
    return f"option-{option.name}", (lines(strong(option.label), code(option.name), *kind), needs, sources)


def _window(window: Window) -> tuple[Cell, ...]:
    days = (str(each) for each in (window.earliest, window.target, window.latest))
    return (window.what, window.anchor, *days, cited([window.because]))


def _edge(edge: Transition) -> tuple[Cell, ...]:
    places = {ANYWHERE: emphasis("anywhere"), STAY: emphasis("stays")}
    source, target = (places.get(end) or code(end) for end in (edge.source, edge.target))
    when = joined(" ", map(_said, edge.when))
    return (code(edge.trigger), source, target, when, cited(guard.because for guard in edge.when))


def _value(value: str) -> Words:
    return emphasis(value) if value in OPEN else code(value)
