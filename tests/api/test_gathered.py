"""Reads that arrive together go to the database together, and none harms another."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

import pytest

from api.dependencies import Gathered
from tests.api.conftest import Service


def test_those_who_arrive_together_are_asked_for_together_and_later_ones_anew() -> None:
    questions: list[set[int]] = []

    def squares(numbers: Collection[int]) -> dict[int, int]:
        questions.append(set(numbers))
        return {number: number * number for number in numbers if number != 3}

    async def ask() -> tuple[list[int | None], int | None]:
        gathered = Gathered(squares)
        together = await asyncio.gather(*(gathered.get(number) for number in (2, 3, 2)))
        return together, await gathered.get(4)

    assert asyncio.run(ask()) == ([4, None, 4], 16)
    assert questions == [{2, 3}, {4}]


def test_what_the_database_cannot_answer_is_raised_to_each_who_asked() -> None:
    def unavailable(numbers: Collection[int]) -> dict[int, int]:
        raise LookupError(len(numbers))

    async def ask() -> list[int | BaseException | None]:
        gathered = Gathered(unavailable)
        return list(await asyncio.gather(gathered.get(1), gathered.get(2), return_exceptions=True))

    assert [type(answer) for answer in asyncio.run(ask())] == [LookupError, LookupError]


def test_a_caller_who_goes_away_takes_no_answer_from_the_others() -> None:
    async def ask() -> int | None:
        gathered = Gathered(lambda numbers: {number: -number for number in numbers})
        leaving, staying = (asyncio.create_task(gathered.get(number)) for number in (1, 2))
        await asyncio.sleep(0)
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        return await staying

    assert asyncio.run(ask()) == -2


@pytest.mark.parametrize(
    "name", ["x", "%00", "%F0%9F%92%A9", "00000000-0000-7000-8000-00000000000%00", "a" * 300]
)
def test_an_address_that_is_no_id_is_an_unknown_episode(service: Service, name: str) -> None:
    response = service.get(f"/v1/episodes/{name}/next-step")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:pathway:problem:unknown_episode"
