"""The one writer of a process: takes what is waiting, commits it together, and answers only then."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pathway.store.batch import KEY_REUSED, Batch, Command, View
from pathway.store.engines import (
    NOTICES,
    Conflict,
    Engines,
    QueueFull,
    StoreError,
    StoreUnavailable,
    Unstorable,
    empty_the_log,
    fault,
)
from pathway.store.sealing import KeySource, no_key
from pathway.store.statements import Writing
from pathway.store.values import Settled

__all__ = [
    "KEY_REUSED",
    "Command",
    "Conflict",
    "QueueFull",
    "StoreError",
    "StoreUnavailable",
    "Unstorable",
    "View",
    "Writer",
]

BATCH = 64
ROOM = 1024

Answer = Settled | Exception


@dataclass(frozen=True, slots=True)
class _Waiting:
    command: Command
    future: Future[Settled] = field(default_factory=Future)

    def resolve(self, answer: Answer) -> None:
        if isinstance(answer, Exception):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Writer:
    """One thread and one connection which commit up to 64 waiting commands in one transaction.

    A batch that fails is taken apart and its commands written one by one, so that a bad one harms no other.
    `clock` gives the present instant in UTC, `key` what patients are found by. `room` is how many may wait.
    """

    def __init__(
        self,
        engines: Engines,
        clock: Callable[[], datetime],
        key: KeySource = no_key,
        *,
        room: int = ROOM,
    ) -> None:
        self._key = key
        self._engines = engines
        self._clock = clock
        self._room = room
        self._statements = Writing(engines.write.dialect)
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._sites: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Starts the thread; what was submitted before is written then."""
        self._thread.start()

    def close(self) -> None:
        """Takes nothing more, writes what is waiting, and ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        while self._waiting:  # it never started
            self._waiting.popleft().resolve(StoreUnavailable("the writer is closed"))

    def submit(self, command: Command) -> Future[Settled]:
        """The future answer; it cannot be cancelled, and is resolved once the write is durable.

        Raises `QueueFull` or, after `close`, `StoreUnavailable`. The future raises what `decide` raised,
        `StoreUnavailable` (not written, or not known to be: send it again with the same key), `Conflict`
        or `Unstorable`.
        """
        waiting = _Waiting(command)
        waiting.future.set_running_or_notify_cancel()
        with self._changed:
            if self._closed:
                raise StoreUnavailable("the writer is closed")
            if len(self._waiting) >= self._room:
                raise QueueFull("too many writes are waiting")
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.future

    def _run(self) -> None:
        while batch := self._take():
            self._settle(batch)

    def _take(self) -> list[_Waiting]:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _settle(self, batch: list[_Waiting]) -> None:
        answers = self._attempt([one.command for one in batch], tries=2)
        if isinstance(answers, StoreUnavailable):
            answers = [answers] * len(batch)
        if isinstance(answers, Exception):
            self._settle_one_by_one(batch)
            return
        for one, answer in zip(batch, answers, strict=True):
            one.resolve(answer)

    def _settle_one_by_one(self, batch: list[_Waiting]) -> None:
        gone: StoreUnavailable | None = None
        for one in batch:
            answers = gone or self._attempt([one.command], tries=8)
            if isinstance(answers, StoreUnavailable):
                gone = answers  # the others would only wait for it again
            one.resolve(answers if isinstance(answers, Exception) else answers[0])

    def _attempt(self, commands: Sequence[Command], tries: int) -> Sequence[Answer] | StoreError:
        """The answers to all commands, written together; or why nothing was written.

        A lost race is run again: what the other writer committed is seen then.
        """
        while True:
            tries -= 1
            try:
                return self._transact(commands)
            except StoreUnavailable as unknown:
                return unknown
            except SQLAlchemyError as error:
                failure = fault(error)
                stale = isinstance(error, DBAPIError) and error.connection_invalidated
                if not tries or not (stale or isinstance(failure, Conflict)):
                    return failure
            except Exception as error:  # noqa: BLE001 -- no bad value may end the thread that all others wait for
                return Unstorable(f"the database cannot hold this value: {type(error).__name__}")

    def _transact(self, commands: Sequence[Command]) -> Sequence[Answer]:
        with self._engines.write.connect() as connection:
            batch = Batch(connection, self._statements, self._clock, commands, self._sites, self._key)
            answers = [batch.settle(command) for command in commands]
            batch.write()
            notices: list[str] = connection.info.get(NOTICES, [])
            notices.clear()
            try:
                connection.commit()
            except SQLAlchemyError as error:
                raise StoreUnavailable(
                    f"it is not known whether the commit took place: {fault(error)}"
                ) from None
            if "WARNING" in notices:
                # PostgreSQL committed here, and stopped waiting for the standby: not durable as promised.
                raise StoreUnavailable("the commit is not confirmed by the standby")
            self._sites.update(batch.new_sites)
            if batch.erases:
                empty_the_log(connection)
            return answers
