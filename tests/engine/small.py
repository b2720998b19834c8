"""A small pathway of the tests' own: two states and a hub, with one finding."""

from __future__ import annotations

from datetime import date

from pathway.clinical.evidence import LERMAN_2023, PROJECT_DESIGN, Tag, cite
from pathway.engine.definition import ANYWHERE, STAY, Offer, Option, Pathway, Row, State, Transition, Window
from pathway.engine.findings import STALE, UNKNOWN, Finding, Found, finding
from pathway.engine.guards import guard
from pathway.episodes.episode import Episode

WHY = cite(PROJECT_DESIGN, Tag.DESIGN, "made up")


@finding("the weather", ("fair", "foul", UNKNOWN, STALE), request="Look out of the window.")
def weather(episode: Episode, as_of: date) -> Found:
    noted = episode.biomarkers.get("weather")
    return Found(noted.value, noted.value, noted.at) if noted else Found(UNKNOWN)


FAIR = guard(
    weather, "fair", sentence="The weather is fair.", because=cite(LERMAN_2023, Tag.UNVERIFIED, "page 1")
)
WINDOW = Window("walk", "take a walk", 1, 2, 3, WHY)
OTHERWISE = Row("2", "Otherwise.", (), None, (Offer("stay"),), (WHY,))
WALK = Row(
    "1", "A fair day.", (FAIR,), Offer("walk"), (Offer("stay", "with tea", needs_reason=True),), (WHY,)
)
REST = Row("1", "Rest.", (), None, (Offer("stay", exempt=True),), (WHY,), rests=True)


def small(**changed: object) -> Pathway:
    """A pathway from home to the hill, or what has been changed of it."""
    parts: dict[str, object] = {
        "id": "walk",
        "version": 1,
        "title": "A walk",
        "summary": "From home to the hill | and back.",
        "initial": "home",
        "states": (State("home", "At home", (WALK, OTHERWISE)), State("hill", "On the hill", (REST,))),
        "options": (
            Option("walk", "walk <up>", (FAIR,), treats=True),
            Option("stay", "stay"),
        ),
        "transitions": (
            Transition("decide:walk", ANYWHERE, "hill"),
            Transition("decide:stay", ANYWHERE, STAY),
        ),
        "windows": (WINDOW,),
    } | changed
    return Pathway(**parts)  # type: ignore[arg-type]


def finding_of(domain: tuple[str, ...], value: str) -> Finding:
    """A finding that always gives the same value."""

    @finding("made up", domain)
    def made_up(episode: Episode, as_of: date) -> Found:
        return Found(value)

    return made_up
