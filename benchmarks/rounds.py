"""Two or more sides measured in turn, so that whatever disturbs the machine disturbs them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.figures import Rates


def in_turn(sides: Mapping[str, Callable[[], float]], rounds: int) -> Rates:
    """What each side did per second in each round.

    The order is reversed from round to round: no side is always the one that comes after another. The first
    round only warms up and is not counted.
    """
    found: dict[str, list[float]] = {side: [] for side in sides}
    order = list(sides)
    for number in range(rounds + 1):
        for side in order:
            rate = sides[side]()
            if number > 0:
                found[side].append(rate)
        order.reverse()
    return found
