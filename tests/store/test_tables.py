"""An instant in a table is an instant in UTC, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from pathway.store.tables import Instant
from tests.store.builders import Store

SEEN = Table("seen", MetaData(), Column("at", Instant))


@pytest.fixture
def seen(store: Store) -> Store:
    SEEN.create(store.owner.write)
    return store


def test_it_comes_back_in_utc_whatever_zone_it_was_given_in(seen: Store) -> None:
    given = datetime(2026, 3, 29, 2, 30, 0, 7, tzinfo=timezone(timedelta(hours=-7)))
    with seen.owner.write.begin() as connection:
        connection.execute(insert(SEEN), [{"at": given}, {"at": None}])
        found = connection.scalars(select(SEEN.c.at).order_by(SEEN.c.at.is_(None))).all()
    assert found == [given, None]
    assert found[0].isoformat() == "2026-03-29T09:30:00.000007+00:00"


def test_instants_compare_in_the_database_as_they_do_in_time(seen: Store) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    given = [noon + timedelta(microseconds=number) for number in (1_000_000, 0, 1, 999_999)]
    with seen.owner.write.begin() as connection:
        connection.execute(insert(SEEN), [{"at": one} for one in given])
        assert connection.scalars(select(SEEN.c.at).order_by(SEEN.c.at)).all() == sorted(given)
        assert connection.scalars(select(SEEN.c.at).where(noon > SEEN.c.at)).all() == []


def test_without_a_time_zone_it_is_refused(seen: Store) -> None:
    with seen.owner.write.begin() as connection, pytest.raises(StatementError, match="time zone"):
        connection.execute(insert(SEEN), [{"at": datetime(2026, 3, 2, 12)}])  # noqa: DTZ001 -- what is refused
