"""The worklist shows each open episode once, in the same order on every database."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from pathway.store.readers import Kind, Position, _page
from pathway.store.values import Summary
from tests.store.builders import SITE, TODAY, Store, opened, opening, recording

KINDS: dict[Kind | None, Callable[[Summary], bool]] = {
    None: lambda _: True,
    "urgent": lambda row: row.urgent is None or row.urgent > 0,
    "due": lambda row: (
        (row.due_earliest or row.due_target) is not None
        and (row.due_earliest or row.due_target or date.max) <= TODAY
        and (
            (row.due_latest or row.due_target) is None
            or (row.due_latest or row.due_target or date.min) >= TODAY
        )
    ),
    "overdue": lambda row: (row.due_latest or row.due_target or date.max) < TODAY,
    "missing": lambda row: row.missing > 0,
    "waiting": lambda row: row.waiting > 0,
    "board": lambda row: row.needs_tumour_board,
    "review": lambda row: row.reviews > 0,
}


def around_today(chance: random.Random) -> date | None:
    return chance.choice([None, *(TODAY + timedelta(days=days) for days in (-9, -2, -1, 0, 1, 4))])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def listed(request: pytest.FixtureRequest) -> Iterator[tuple[Store, list[Summary]]]:
    """Sixty episodes, the same on both databases, some closed and some of another site."""
    url: str = request.getfixturevalue(
        {"sqlite": "new_sqlite", "postgresql": "new_postgres"}[request.param]
    )()
    chance = random.Random(11)
    with opened(url) as store:
        store.start()
        for number in range(60):
            command = opening(
                f"{chance.randrange(16**6):06x}-{number}",
                site_id="elsewhere" if number % 10 == 9 else SITE,
                is_open=number % 7 != 6,
                due_what="assessment",
                due_earliest=around_today(chance),
                due_target=around_today(chance),
                due_latest=around_today(chance),
                missing=chance.randrange(2),
                waiting=chance.randrange(2),
                reviews=chance.randrange(2),
                urgent=chance.choice([None, 0, 0, 0, 2]),
                needs_tumour_board=chance.randrange(3) == 0,
            )
            store.do(command)
        pseudonyms = [row[0] for row in _rows(store, "SELECT pseudonym FROM episode")]
        episodes = [one for pseudonym in pseudonyms for one in store.readers.episodes_of(SITE, pseudonym)]
        expected = sorted(
            (episode for episode in episodes if episode.is_open),
            key=lambda row: (row.urgent == 0, row.due_target or date.max, row.episode_id),
        )
        yield store, expected


def _rows(store: Store, query: str) -> list[tuple[str]]:
    with store.owner.read.connect() as connection:
        return [(str(row[0]),) for row in connection.exec_driver_sql(query)]


def paged(store: Store, limit: int, kind: Kind | None, due_before: date | None = None) -> list[Summary]:
    """The whole list, page by page."""
    rows: list[Summary] = []
    after: Position | None = None
    while page := store.readers.worklist(
        SITE, today=TODAY, kind=kind, due_before=due_before, after=after, limit=limit
    ):
        assert len(page) <= limit
        rows += page
        after = (page[-1].leads, page[-1].due_target, page[-1].episode_id)
    return rows


@pytest.mark.shows("R-033")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_paging_shows_each_episode_once_and_in_order(
    listed: tuple[Store, list[Summary]], kind: Kind | None, limit: int
) -> None:
    store, episodes = listed
    expected = [row for row in episodes if KINDS[kind](row)]
    assert paged(store, limit, kind) == expected
    assert expected
    assert (len(expected) < len(episodes)) == (kind is not None)


@pytest.mark.shows("C-24")
@pytest.mark.parametrize("kind", KINDS)
def test_due_before_keeps_what_has_an_earlier_target(
    listed: tuple[Store, list[Summary]], kind: Kind | None
) -> None:
    store, episodes = listed
    expected = [row for row in episodes if KINDS[kind](row) and (row.due_target or date.max) < TODAY]
    assert paged(store, 3, kind, due_before=TODAY) == expected


@pytest.mark.shows("C-24")
@pytest.mark.parametrize("due_before", [None, TODAY, TODAY + timedelta(days=2)])
def test_the_counts_are_those_of_the_lists(
    listed: tuple[Store, list[Summary]], due_before: date | None
) -> None:
    store, expected = listed
    counts = store.readers.worklist_counts(SITE, today=TODAY, due_before=due_before)
    within = [row for row in expected if due_before is None or (row.due_target or date.max) < due_before]
    assert counts == {kind: sum(map(holds, within)) for kind, holds in KINDS.items()}
    assert 0 < counts["due"] < len(expected)


def test_what_is_urgent_or_not_known_to_be_none_comes_first_and_what_has_no_date_last(
    listed: tuple[Store, list[Summary]],
) -> None:
    store, _ = listed
    rows = paged(store, 5, None)
    leading = [row for row in rows if row.urgent != 0]
    assert rows[: len(leading)] == leading
    assert {row.urgent for row in leading} == {None, 2}
    for part in (leading, rows[len(leading) :]):
        targets = [row.due_target for row in part]
        first_without = targets.index(None)
        assert set(targets[first_without:]) == {None}
        assert targets[:first_without] == sorted(date for date in targets if date is not None)


def test_a_page_finds_those_that_lead_by_an_index_of_their_own(listed: tuple[Store, list[Summary]]) -> None:
    store, _ = listed
    asked = _page(None, None, bounded=False).params(site_id=SITE, limit=50)
    with store.owner.read.connect() as connection:
        how = "EXPLAIN"
        if connection.dialect.name == "sqlite":
            how = "EXPLAIN QUERY PLAN"
        else:
            connection.exec_driver_sql(
                "SET LOCAL enable_seqscan = off"
            )  # sixty rows are read fastest in a row
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        told = str(asked.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [str(row) for row in connection.exec_driver_sql(f"{how} {told}")]
    assert sum("episode_urgent_idx" in line for line in plan) == 2, plan
    assert sum("episode_worklist_idx" in line for line in plan) == 2, plan


def test_behind_what_has_no_date_nothing_is_due_before_a_day(listed: tuple[Store, list[Summary]]) -> None:
    store, _ = listed
    after: Position = (False, None, "0")
    assert store.readers.worklist(SITE, today=TODAY, due_before=TODAY, after=after) == []


@pytest.mark.shows("R-033")
def test_an_episode_recorded_on_while_one_pages_appears_no_second_time(store: Store) -> None:
    for number in range(6):
        store.do(opening(f"episode {number}", due_target=TODAY + timedelta(days=number), urgent=0))
    first = store.readers.worklist(SITE, today=TODAY, limit=3)
    store.do(recording("episode 5", missing=1))
    store.do(opening("episode 1b", due_target=TODAY + timedelta(days=1), urgent=0))
    after = (first[-1].leads, first[-1].due_target, first[-1].episode_id)
    rest = store.readers.worklist(SITE, today=TODAY, after=after)
    assert [row.episode_id for row in first] == ["episode 0", "episode 1", "episode 2"]
    assert [row.episode_id for row in rest] == ["episode 3", "episode 4", "episode 5"]
