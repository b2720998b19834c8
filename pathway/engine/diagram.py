"""The pathway as a picture: its states and the ways between them, drawn from the definition alone.

The main course runs down the middle to the decision; what a decision can lead to stands below it; dashed lines
are the ways that facts open by themselves. Only the normal course is drawn: the tables list every edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import Final

from pathway.engine.definition import Pathway
from pathway.engine.layout import BOX_WIDTH, PAD, RAIL, RIGHT, SPINE_TOP, Box, Plan, Way, planned

LETTER = 6.1
"""The width of a letter of the labels, about."""

STYLE = """
  svg { --ground: #ffffff; --ink: #1d2733; --soft: #5a6675; --line: #8593a3; --box: #f3f6f9; --edge: #b9c4cf;
        --main: #e3eefb; --main-edge: #6c9bd2; --hub: #1f5fa8; --hub-ink: #ffffff; --frame: #fafbfc; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #12171d; --ink: #e4e9ee; --soft: #a3afbb; --line: #75828f; --box: #222b34; --edge: #44515e;
          --main: #1c3450; --main-edge: #4f83bf; --hub: #7db4f0; --hub-ink: #0d1a29; --frame: #181f27; }
  }
  .ground { fill: var(--ground); }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: var(--ink);
         user-select: text; }
  .title { font-size: 20px; font-weight: 600; }
  .small { font-size: 11.5px; fill: var(--soft); }
  .name { font-weight: 600; fill: var(--soft); font-size: 12px; }
  .frame { fill: var(--frame); stroke: var(--edge); }
  .exit { fill: none; stroke: var(--edge); stroke-dasharray: 2 4; }
  .box { fill: var(--box); stroke: var(--edge); }
  .main { fill: var(--main); stroke: var(--main-edge); }
  .hub { fill: var(--hub); stroke: var(--hub); }
  .hub-text { fill: var(--hub-ink); font-weight: 600; }
  .way { fill: none; stroke: var(--line); stroke-width: 1.5; }
  .course { stroke: var(--main-edge); stroke-width: 2; }
  .fact { stroke-dasharray: 5 4; }
  .tip { fill: var(--line); }
"""
TIP = (
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="10" markerHeight="10" '
    'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 1 L10 5 L0 9 z"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Course:
    """The states an episode has been in, in order, the present one last; and where it can go from there.

    `ahead` says of each state that can be chosen whether that is recommended.
    """

    states: tuple[str, ...]
    ahead: Mapping[str, bool] = field(default_factory=dict)

    @property
    def present(self) -> str:
        """The state it rests in."""
        return self.states[-1]

    def signs(self, state: str) -> tuple[str, str]:
        """The class of the state's box, and the sign that says the same without a colour."""
        if state == self.present:
            return "here", HERE
        if state in self.ahead:
            return ("wanted", RECOMMENDED) if self.ahead[state] else ("open", OPEN)
        return ("been", BEEN) if state in self.states else ("", "")


HERE, BEEN, OPEN, RECOMMENDED = "●", "✓", "→", "★"
SIGNS: Final[Mapping[str, str]] = {
    HERE: "where the episode is",
    RECOMMENDED: "recommended from here",
    OPEN: "can be chosen from here",
    BEEN: "where it has been",
}
"""What the signs in the boxes mean; a line that was travelled is drawn thick."""


def drawn(pathway: Pathway) -> str:
    """The pathway as an SVG document, readable in light and in dark, with its text as text."""
    style = f"<style>{STYLE}</style>"
    return _picture(planned(pathway), pathway, None, pathway.title, pathway.summary, style=style)


def drawn_for_page(pathway: Pathway, told: str) -> str:
    """The same to stand in a page whose style sheet has its classes. `told` says in words what the picture shows."""
    return _picture(planned(pathway), pathway, None, f"{pathway.title}: states and ways", told)


def drawn_with(pathway: Pathway, course: Course, told: str) -> str:
    """The pathway with the course of one episode on it, to stand in a page whose style sheet has its classes.

    `told` says in words what the picture shows.
    """
    plan = planned(pathway)
    taken = set(pairwise(course.states))
    ways = (replace(way, travelled=(way.source, way.target) in taken) for way in plan.layout.ways)
    plan.layout = replace(plan.layout, ways=tuple(ways))
    return _picture(plan, pathway, course, f"{pathway.title}: where the episode is", told)


def _picture(
    plan: Plan, pathway: Pathway, course: Course | None, title: str, told: str, *, style: str = ""
) -> str:
    """The picture; without a style of its own it stands in a page, and its ids are its own there."""
    body = [
        *_frames(pathway, plan),
        *_ways(plan),
        *_boxes(pathway, plan, course),
        *_words(pathway, course),
    ]
    height = plan.floor + 5 * RAIL
    size = f"0 0 {plan.width:.0f} {height:.0f}"
    opening, prefix = 'aria-labelledby="title desc"', ""
    if not style:
        opening, prefix = (
            'aria-labelledby="map-title" aria-describedby="map-desc" class="map" role="img"',
            "map-",
        )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" {opening}>',
        f'<title id="{prefix}title">{escape(title)}</title>',
        f'<desc id="{prefix}desc">{escape(told)}</desc>',
        *([style] if style else ()),
        TIP,
        f'<rect class="ground" width="{plan.width:.0f}" height="{height:.0f}"/>',
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _frames(pathway: Pathway, plan: Plan) -> Iterator[str]:
    for first, frame in plan.frames.items():
        last = first in plan.layout.exits[:1]
        yield _rect(frame, "exit" if last else "frame", 12)
        prefix, _, own = pathway.state(first).label.rpartition(": ")
        title = "Open from any state" if last else prefix if "." in first else ""
        if title and (own or last):
            yield _text(frame.x + PAD, frame.y + 17, title, "name", "start")


def _boxes(pathway: Pathway, plan: Plan, course: Course | None) -> Iterator[str]:
    spine = {state for group in plan.layout.spine for state in group}
    for name, box in plan.boxes.items():
        label = pathway.state(name).label
        if "." in name:
            label = label.rpartition(": ")[2]
        hub = name == plan.layout.hub
        kind = "hub" if hub else "main" if name in spine else "box"
        mark, sign = course.signs(name) if course else ("", "")
        yield _rect(box, f"{kind} {mark}".rstrip(), 10)
        lines = wrap(f"{sign} {label[:1].upper()}{label[1:]}".lstrip(), 22)
        yield from _lines(box.middle, box.centre + 4.5, lines, "hub-text" if hub else "", "middle")


def _words(pathway: Pathway, course: Course | None) -> Iterator[str]:
    """The heading, and what the kinds of lines mean."""
    lines = wrap(pathway.title, 28, break_on_hyphens=False)
    yield from _lines(24, SPINE_TOP + 14, lines, "title", "start", downwards=True)
    y = SPINE_TOP + 26 + 24 * len(lines)
    yield _text(24, y, f"Version {pathway.version}", "small", "start")
    kinds = (("course", "the main course"), ("", "a person decides"), ("fact", "facts lead there"))
    for i, (kind, told) in enumerate(kinds, 1):
        at = y + 6 + 20 * i
        yield f'<path class="way {kind}" marker-end="url(#tip)" d="M24 {at - 4} H60"/>'
        yield _text(70, at, told, "small", "start")
    for i, (sign, told) in enumerate(SIGNS.items() if course else (), len(kinds) + 1):
        at = y + 6 + 20 * i
        yield _text(42, at, sign, "small", "middle")
        yield _text(70, at, told, "small", "start")


def _ways(plan: Plan) -> Iterator[str]:
    between: dict[tuple[str, str], list[Way]] = {}
    for way in plan.layout.ways:
        between.setdefault((_group(plan, way.source), _group(plan, way.target)), []).append(way)
    rails = [target for source, target in between if _goes_back_up(plan, source, target)]
    rails.sort(key=_spine_heads(plan).index, reverse=True)
    for (source, target), ways in between.items():
        if source == target:
            yield from _inside(plan, ways)
        elif target in plan.frames and target not in _spine_heads(plan):
            yield from _downwards(plan, target, ways)
        elif source in _spine_heads(plan):
            yield from _along_the_spine(plan, source, target, ways)
        elif target != plan.layout.hub:
            yield from _back_up(plan, source, target, ways, rails.index(target))
    yield from _returns(plan)


def _goes_back_up(plan: Plan, source: str, target: str) -> bool:
    heads = _spine_heads(plan)
    return target in heads and target != plan.layout.hub and source not in heads


def _group(plan: Plan, state: str) -> str:
    """The first state of the spine's group, the branch or the exits that `state` belongs to."""
    layout = plan.layout
    return next(group[0] for group in (*layout.spine, *layout.branches, layout.exits) if state in group)


def _spine_heads(plan: Plan) -> tuple[str, ...]:
    return tuple(group[0] for group in plan.layout.spine)


def _outline(plan: Plan, group: str) -> Box:
    return plan.frames.get(group) or plan.boxes[group]


def _inside(plan: Plan, ways: list[Way]) -> Iterator[str]:
    pairs: dict[tuple[str, str], list[Way]] = {}
    for way in ways:
        pairs.setdefault((way.source, way.target), []).append(way)
    for (source, target), both in pairs.items():
        one, other = plan.boxes[source], plan.boxes[target]
        alone = (target, source) not in pairs
        kind = "way" if all(way.decided for way in both) else "way fact"
        label = _labels(both)
        if one.y == other.y:
            across = -9 if one.x < other.x else 9
            start, end = (one.right, other.x) if one.x < other.x else (one.x, other.right)
            y = one.centre + (0 if alone else across)
            yield _path(kind, f"M{start:.0f} {y:.0f} H{end:.0f}", both)
            if abs(end - start) > BOX_WIDTH / 2:
                yield _text((start + end) / 2, y + (-6 if across < 0 else 16), label, "small", "middle")
            else:
                yield _text((start + end) / 2, one.bottom + 15, label, "small", "middle")
        elif _something_between(plan, one, other):
            # Round the side of what stands between; the step to its neighbour bears the same label.
            x = one.x - PAD / 2
            route = f"M{one.x:.0f} {one.centre:.0f} H{x:.0f} V{other.centre:.0f} H{other.x:.0f}"
            yield _path(kind, route, both)
        else:
            down = one.y < other.y
            x = one.middle + (0 if alone else -8 if down else 8)
            start, end = (one.bottom, other.y) if down else (one.y, other.bottom)
            yield _path(kind, f"M{x:.0f} {start:.0f} V{end:.0f}", both)
            left = down and not alone
            at = x - 6 if left else x + 6
            lines = _listed(both, BOX_WIDTH / 2 + 4)
            yield from _lines(at, (start + end) / 2 + 3, lines, "small", "end" if left else "start")


def _something_between(plan: Plan, one: Box, other: Box) -> bool:
    upper, lower = sorted((one.y, other.y))
    return any(box.x == one.x and upper < box.y < lower for box in plan.boxes.values())


def _along_the_spine(plan: Plan, source: str, target: str, ways: list[Way]) -> Iterator[str]:
    heads = _spine_heads(plan)
    here, there = heads.index(source), heads.index(target)
    one, other = _outline(plan, source), _outline(plan, target)
    label = _labels(ways)
    if there == here + 1:
        yield _path("way course", f"M{one.middle:.0f} {one.bottom:.0f} V{other.y:.0f}", ways)
        yield from _lines(
            one.middle + 10, (one.bottom + other.y) / 2 + 3, wrap(_told(ways), 46), "small", "start"
        )
        return
    onwards = there > here
    x = max(one.right, other.right) + (120 if onwards else 150)
    start, end = one.centre + (14 if onwards else 0), other.centre - (12 if onwards else 0)
    route = f"M{one.right:.0f} {start:.0f} H{x - 10:.0f} {_turn(x, start, end)} H{other.right:.0f}"
    yield _path("way fact" if onwards else "way", route, ways)
    if onwards:
        yield _text(x - 10, end - 7, label, "small", "end")
    else:
        yield from _lines(x + 10, (start + end) / 2, _listed(ways, 176), "small", "start")


def _turn(x: float, start: float, end: float) -> str:
    """Round a corner, go up or down at `x`, round the other."""
    step = 10 if end > start else -10
    return (
        f"Q{x:.0f} {start:.0f} {x:.0f} {start + step:.0f} "
        f"V{end - step:.0f} Q{x:.0f} {end:.0f} {x - 10:.0f} {end:.0f}"
    )


def _downwards(plan: Plan, target: str, ways: list[Way]) -> Iterator[str]:
    hub, frame = plan.boxes[plan.layout.hub], plan.frames[target]
    level = hub.bottom + 26
    yield _path(
        "way", f"M{hub.middle:.0f} {hub.bottom:.0f} V{level:.0f} H{frame.middle:.0f} V{frame.y:.0f}", ways
    )
    lines = _listed(ways, frame.width / 2 + 10)
    yield from _lines(frame.middle + 8, level + 18, lines, "small", "start", downwards=True)


def _back_up(plan: Plan, source: str, target: str, ways: list[Way], rail: int) -> Iterator[str]:
    """From a branch to a state of the main course: round the left of the picture, or round the right."""
    frame, box = plan.frames[source], _outline(plan, target)
    if source == plan.layout.branches[0][0]:
        x = frame.x - RAIL
        route = f"M{frame.x:.0f} {frame.centre:.0f} H{x:.0f} V{box.centre:.0f} H{box.x:.0f}"
        at, anchor = x + 8, "start"
    else:
        x, y = plan.width - RIGHT + RAIL * (3 + rail), plan.floor + RAIL * (2 + rail)
        foot = frame.middle + RAIL * (1 + rail)
        route = f"M{foot:.0f} {frame.bottom:.0f} V{y:.0f} H{x:.0f} V{box.centre:.0f} H{box.right:.0f}"
        at, anchor = x - RAIL * (1 + rail), "end"
    yield _path("way fact", route, ways)
    yield _text(at, box.centre - 8, _told(ways), "small", anchor)


def _returns(plan: Plan) -> Iterator[str]:
    """One line that collects what leads from the branches back to the hub."""
    hub = plan.boxes[plan.layout.hub]
    back = [way for way in plan.layout.ways if way.target == plan.layout.hub]
    back = [way for way in back if _group(plan, way.source) not in _spine_heads(plan)]
    if not back:
        return
    x, y = plan.width - RIGHT + 2 * RAIL, plan.floor + RAIL
    feet = [plan.frames[group].middle for group in dict.fromkeys(_group(plan, way.source) for way in back)]
    for foot, group in zip(feet, dict.fromkeys(_group(plan, way.source) for way in back), strict=True):
        yield f'<path class="way fact" d="M{foot:.0f} {plan.frames[group].bottom:.0f} V{y:.0f}"/>'
    route = f"M{min(feet):.0f} {y:.0f} H{x:.0f} V{hub.centre + 12:.0f} H{hub.right:.0f}"
    yield _path("way fact", route, back)
    lines = _listed(back, x - 20 - hub.right)
    yield from _lines(x - 10, hub.centre + 26, lines, "small", "end", downwards=True)


def _told(ways: list[Way]) -> str:
    """What leads along a line, and the condition where there is one alone."""
    when = ways[0].when if len(ways) == 1 else ""
    return f"{_labels(ways)}: {when[0].lower()}{when[1:].rstrip('.')}" if when else _labels(ways)


def _listed(ways: Iterable[Way], room: float) -> list[str]:
    """The labels in lines of at most `room`, a line holding whole labels where it can."""
    letters = int(room / LETTER)
    lines: list[str] = []
    for label in dict.fromkeys(way.label for way in ways):
        if lines and len(lines[-1]) + len(label) + 3 <= letters:
            lines[-1] += f" · {label}"
        else:
            lines += wrap(label, letters)
    return lines


def _labels(ways: Iterable[Way]) -> str:
    return " · ".join(dict.fromkeys(way.label for way in ways))


def _path(kind: str, route: str, ways: Iterable[Way]) -> str:
    ways = tuple(ways)
    told = "; ".join(dict.fromkeys(f"{way.label}. {way.when}".rstrip(". ") for way in ways))
    kind = f"{kind} travelled" if any(way.travelled for way in ways) else kind
    return f'<path class="{kind}" marker-end="url(#tip)" d="{route}"><title>{escape(told)}</title></path>'


def _rect(box: Box, kind: str, radius: int) -> str:
    return (
        f'<rect class="{kind}" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" rx="{radius}"/>'
    )


def _lines(
    x: float, y: float, lines: list[str], kind: str, anchor: str, *, downwards: bool = False
) -> Iterator[str]:
    """Lines of text around the height `y`, or from it downwards."""
    step = 24 if kind == "title" else 15
    first = y if downwards else y - step * (len(lines) - 1) / 2
    for i, line in enumerate(lines):
        yield _text(x, first + i * step, line, kind, anchor)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'
