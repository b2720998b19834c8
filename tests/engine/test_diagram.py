"""The picture of a pathway: well formed, whole, from the definition alone."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pathway.engine.definition import Offer, Option, Pathway, Row, State, Transition
from pathway.engine.diagram import BEEN, HERE, OPEN, RECOMMENDED, SIGNS, Course, drawn, drawn_with
from pathway.engine.layout import Plan, kin, laid_out, planned, words
from tests.engine.small import OTHERWISE, REST, WHY, small
from tests.story import PATHWAY

SVG = "{http://www.w3.org/2000/svg}"


def picture(pathway: Pathway) -> ET.Element:
    return ET.fromstring(drawn(pathway))


def said(pathway: Pathway) -> str:
    return " ".join("".join(text.itertext()) for text in picture(pathway).iter(f"{SVG}text"))


def test_the_main_course_of_figure_1_runs_down_the_middle() -> None:
    layout = laid_out(PATHWAY)
    assert [kin(group[0]) for group in layout.spine] == [
        "progression_suspected",
        "progression_confirmed",
        "chemoimmunotherapy",
        "assessment_due",
        "decision_due",
    ]
    plan = planned(PATHWAY)
    middles = {round(_outline(plan, group[0])) for group in layout.spine}
    assert len(middles) == 1
    heights = [plan.boxes[group[0]].y for group in layout.spine]
    assert heights == sorted(heights)


def _outline(plan: Plan, state: str) -> float:
    return (plan.frames.get(state) or plan.boxes[state]).middle


def test_below_the_decision_stand_maintenance_local_control_cells_and_follow_up() -> None:
    layout = laid_out(PATHWAY)
    assert [kin(branch[0]) for branch in layout.branches] == [
        "maintenance",
        "local_control",
        "car_t_bridge",
        "follow_up",
    ]
    assert layout.branches[1] == ("local_control", "restaging")
    assert set(layout.exits) == {"supportive_care", "referred_elsewhere", "closed"}


def test_every_state_is_drawn_once_and_no_box_covers_another() -> None:
    plan = planned(PATHWAY)
    assert set(plan.boxes) == {state.name for state in PATHWAY.states}
    for one, other in combinations(plan.boxes.values(), 2):
        apart = one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y
        assert apart
    for box in plan.boxes.values():
        assert box.x >= 0
        assert box.right <= plan.width


WIDE, HIGH = {"title": 11.5, "small": 6.1}, {"title": 17, "small": 9}
"""About how wide a letter of a kind of text is, and how high above its line."""


def _rectangle(text: ET.Element) -> tuple[float, float, float, float]:
    kind, x, y = text.get("class", ""), float(text.get("x", "")), float(text.get("y", ""))
    width = len("".join(text.itertext())) * WIDE.get(kind, 7)
    left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
    return left, y - HIGH.get(kind, 10), left + width, y


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_no_text_lies_on_another_and_no_label_on_a_box() -> None:
    drawing = picture(PATHWAY)
    texts = [(each, _rectangle(each)) for each in drawing.iter(f"{SVG}text")]
    over = [
        f"{''.join(one.itertext())} / {''.join(other.itertext())}"
        for (one, here), (other, there) in combinations(texts, 2)
        if _meet(here, there)
    ]
    assert over == []
    boxes = []
    for each in drawing.iter(f"{SVG}rect"):
        if set(each.get("class", "").split()) & {"box", "main", "hub"}:
            x, y, width, height = (float(each.get(name, "")) for name in ("x", "y", "width", "height"))
            boxes.append((x, y, x + width, y + height))
    small = [(each, at) for each, at in texts if each.get("class") == "small"]
    covered = ["".join(each.itertext()) for each, at in small if any(_meet(at, box) for box in boxes)]
    assert covered == []


def test_the_picture_says_what_it_is_in_title_and_description_and_its_text_is_text() -> None:
    root = picture(PATHWAY)
    assert root.find(f"{SVG}title") is not None
    assert "".join((root.find(f"{SVG}desc") or root).itertext()).strip()
    told = said(PATHWAY)
    for words_told in ("Decision due", "start maintenance", "two cycles were completed", "bridge to CAR-T"):
        assert words_told in told


def test_the_picture_has_a_dark_face_and_fetches_nothing() -> None:
    text = drawn(PATHWAY)
    assert "prefers-color-scheme: dark" in text
    assert "<script" not in text
    assert "href" not in text
    assert "@import" not in text
    assert text.replace("http://www.w3.org/2000/svg", "").count("http") == 0


def test_drawing_twice_gives_the_same_picture() -> None:
    assert drawn(PATHWAY) == drawn(PATHWAY)


def test_what_stands_in_a_definition_is_escaped() -> None:
    pathway = small(title="A walk <b>& back</b>")
    assert "<b>" not in drawn(pathway)
    assert "& back" in said(pathway)


def test_a_small_pathway_is_drawn_too() -> None:
    layout = laid_out(small())
    assert (layout.hub, layout.spine, layout.branches, layout.exits) == ("home", (("home",),), (), ("hill",))
    assert "On the hill" in said(small())


def test_a_pathway_that_ends_at_its_decision_is_drawn() -> None:
    pathway = small(
        states=(State("home", "At home", (OTHERWISE,)),),
        options=(Option("stay", "stay"),),
        transitions=(Transition("decide:stay", "*", "="),),
    )
    assert "At home" in said(pathway)


def _row(number: str, recommended: str | None, *possible: str) -> Row:
    return Row(
        number,
        "Said.",
        (),
        Offer(recommended) if recommended else None,
        tuple(Offer(name) for name in possible),
        (WHY,),
    )


def branching() -> Pathway:
    """A hub with two ways to go, both of which lead back, one of them to before the hub."""
    return small(
        states=(
            State("home", "At home", (_row("1", "set_out"),)),
            State("gate", "At the gate", (_row("1", None, "walk", "ride", "stay"),)),
            State("hill.foot", "The hill: foot", (REST,)),
            State("hill.top", "The hill: top", (REST,)),
            State("road", "On the road", (REST,)),
            State("lost", "Lost", (REST,)),
        ),
        options=tuple(Option(name, name) for name in ("set_out", "walk", "ride", "stay")),
        transitions=(
            Transition("decide:set_out", "*", "gate"),
            Transition("decide:walk", "*", "hill.foot"),
            Transition("decide:ride", "*", "road"),
            Transition("decide:stay", "*", "="),
            Transition("climbed", "hill.foot", "hill.top"),
            Transition("sunset", "hill.top", "home"),
            Transition("sunset", "road", "home"),
            Transition("rain", "road", "gate"),
            Transition("fog", "lost", "road"),
        ),
    )


def test_ways_back_run_round_the_picture() -> None:
    layout = laid_out(branching())
    assert layout.branches == (("hill.foot", "hill.top"), ("road",), ("lost",))
    told = said(branching())
    assert told.count("sunset") == 2
    assert "rain" in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("decide:bridge_to_car_t", "bridge to CAR-T"),
        ("car_t:product_released", "product released"),
        ("assessment_recorded", "assessment"),
    ],
)
def test_the_names_of_edges_are_told_in_words(name: str, told: str) -> None:
    assert words(name) == told


# With the course of an episode on it

COURSE = Course(
    (
        "progression_suspected",
        "progression_confirmed",
        "chemoimmunotherapy.ready",
        "chemoimmunotherapy.cycle_running",
        "chemoimmunotherapy.ready",
    ),
    {"supportive_care": False, "maintenance.ready": True},
)


def test_where_an_episode_is_was_and_can_go_is_said_by_a_sign_and_by_a_class() -> None:
    labels = [state.label for state in PATHWAY.states]
    assert not any(sign in label for sign in SIGNS for label in labels)
    on_it = ET.fromstring(drawn_with(PATHWAY, COURSE, "told"))
    shown = [text.text or "" for text in on_it.iter(f"{SVG}text")]
    signs = [text[0] for text in shown if text[:1] in SIGNS and len(text) > 1]
    assert sorted(signs) == sorted([HERE, RECOMMENDED, OPEN, *[BEEN] * 3])
    kinds = [box.get("class", "").split()[-1] for box in on_it.iter(f"{SVG}rect")]
    assert [kinds.count(kind) for kind in ("here", "wanted", "open", "been")] == [1, 1, 1, 3]
    assert all(told in shown for told in SIGNS.values())


def test_the_ways_it_took_are_marked_and_no_others() -> None:
    def travelled(course: Course) -> list[str]:
        picture = ET.fromstring(drawn_with(PATHWAY, course, "told"))
        marked = [path for path in picture.iter(f"{SVG}path") if "travelled" in path.get("class", "")]
        return ["".join(path.itertext()) for path in marked]

    assert travelled(Course(("progression_suspected",))) == []
    told = sorted(each.partition(".")[0].partition(";")[0] for each in travelled(COURSE))
    assert told == ["cycle completed", "cycle started", "progression evidence", "start chemoimmunotherapy"]


def test_on_a_page_it_has_no_style_of_its_own_and_says_in_words_what_it_shows() -> None:
    told = 'It is in <decision due> & "more".'
    drawing = drawn_with(PATHWAY, COURSE, told)
    assert "style" not in drawing
    assert ET.fromstring(drawing).findtext(f"{SVG}desc") == told


def test_the_style_sheet_of_the_pages_has_each_of_its_classes(root: Path) -> None:
    sheet = (root / "api" / "web" / "static" / "pathway.css").read_text()
    drawing = drawn_with(PATHWAY, COURSE, "told")
    classes = {name for each in re.findall(r'class="([^"]*)"', drawing) for name in each.split()} - {"map"}
    assert {name for name in classes if f".map .{name}" not in sheet} == set()
    assert {"here", "been", "open", "wanted", "travelled"} <= classes
