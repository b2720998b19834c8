"""What a state's table offers, found by trying every value that something unknown may turn out to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product

from pathway.engine.definition import Offer, Pathway, Row
from pathway.engine.findings import Finding
from pathway.engine.guards import Guard
from pathway.episodes.episode import Episode

NOT_KNOWN = ("unknown", "stale")


@dataclass(frozen=True)
class Offered:
    """Each option's status, and the recommended one, unless the tumour board chooses or nothing is due."""

    statuses: Mapping[str, str]
    recommended: str | None
    needs_tumour_board: bool
    offers: Mapping[str, Offer]
    rows: tuple[Row, ...]


def offered(pathway: Pathway, episode: Episode, day: date) -> Offered:
    """What the episode is offered on a day."""
    asked = {guard.finding for row in pathway.state(episode.state).table for guard in row.when}
    asked |= {guard.finding for option in pathway.options for guard in option.needs}
    values = tuple(
        sorted(((one, one.of(episode, day).value) for one in asked), key=lambda pair: pair[0].name)
    )
    return _read(pathway, episode.state, values)


@lru_cache(maxsize=10_000)
def _read(pathway: Pathway, name: str, pairs: tuple[tuple[Finding, str], ...]) -> Offered:
    state, values = pathway.state(name), dict(pairs)
    rows = _rows(state.table, values)
    common: dict[str, Offer] = {}
    for option in (each.name for each in pathway.options):
        offers = [_offer(row, state.always, option) for row in rows]
        if offers[0] is not None and None not in offers:
            common[option] = offers[0]
    statuses = {option.name: "blocked" for option in pathway.options}
    for option, offer in common.items():
        if offer.exempt or all(_holds(need, values) is True for need in pathway.option(option).needs):
            statuses[option] = "possible"
    recommended, needs_tumour_board = _recommended(pathway, rows, values, statuses)
    if recommended is not None:
        statuses[recommended] = "recommended"
    return Offered(statuses, recommended, needs_tumour_board, common, tuple(rows))


def _rows(table: tuple[Row, ...], values: dict[Finding, str]) -> list[Row]:
    """Every row that may be the first to fit, in the order of the table."""
    open_ones = [one for one in values if one.completed and values[one] in NOT_KNOWN]
    known = [[value for value in one.domain if value not in NOT_KNOWN] for one in open_ones]
    found = []
    for picked in product(*known):
        settled = {**values, **dict(zip(open_ones, picked, strict=True))}
        found.append(
            next(row for row in table if all(settled[each.finding] in each.values for each in row.when))
        )
    return [row for row in table if row in found]


def _offer(row: Row, always: tuple[Offer, ...], option: str) -> Offer | None:
    own = [row.recommended] if row.recommended else []
    return next((offer for offer in (*own, *row.possible, *always) if offer.option == option), None)


def _holds(guard: Guard, values: Mapping[Finding, str]) -> bool | None:
    if values[guard.finding] in guard.values:
        return True
    return None if values[guard.finding] in NOT_KNOWN else False


def _recommended(
    pathway: Pathway, rows: list[Row], values: dict[Finding, str], statuses: dict[str, str]
) -> tuple[str | None, bool]:
    if len(rows) > 1:
        return "complete_workup", False
    wanted = rows[0].recommended
    if wanted is None:
        return None, not rows[0].rests
    if statuses[wanted.option] == "possible":
        return wanted.option, False
    if any(_holds(need, values) is False for need in pathway.option(wanted.option).needs):
        return None, True
    return "complete_workup", False
