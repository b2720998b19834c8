"""Faults that are planted into a service of the tests, to see that the tests find them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import date, datetime
from http import HTTPStatus
from threading import Timer
from typing import Any, cast

from api import problems
from pathway.engine.recommendation import Recommendation
from pathway.store.values import Proposal, Settled
from pathway.store.writer import Command, View, Writer
from pathway.use_cases import decide, worklist
from pathway.use_cases.draft import Draft
from pathway.use_cases.installation import Installation

LATE_S = 0.05
EARLY_S = 0.005


class HastyWriter(Writer):
    """Answers when a write is decided, a while before it is durable."""

    def submit(self, command: Command) -> Future[Settled]:
        early: Future[Settled] = Future()

        def decided(view: View, now: datetime) -> Proposal:
            proposal = command.decide(view, now)
            if not early.done():
                early.set_result(Settled(proposal.outcome, proposal.document, proposal.location))
                time.sleep(EARLY_S)
            return proposal

        super().submit(replace(command, decide=decided)).add_done_callback(lambda done: _pass_on(done, early))
        return early


def _pass_on(done: Future[Settled], early: Future[Settled]) -> None:
    if early.done():
        return
    error = done.exception()
    if error is None:
        early.set_result(done.result())
    else:
        early.set_exception(error)


class ForgetfulWriter(Writer):
    """Writes each request as if it had never come before."""

    def submit(self, command: Command) -> Future[Settled]:
        return super().submit(replace(command, key=None))


class LateWriter(Writer):
    """Answers a while after a write is durable."""

    def submit(self, command: Command) -> Future[Settled]:
        late: Future[Settled] = Future()
        super().submit(command).add_done_callback(lambda done: Timer(LATE_S, _pass_on, (done, late)).start())
        return late


def answer_too_early(installation: Installation) -> None:
    installation.writer.__class__ = HastyWriter


def answer_too_late(installation: Installation) -> None:
    installation.writer.__class__ = LateWriter


def forget_keys(installation: Installation) -> None:
    installation.writer.__class__ = ForgetfulWriter


def take_stale_decisions(_: Installation) -> None:
    def whatever_was_seen(draft: Draft, asked: decide.Request, on: date) -> Recommendation:
        return draft.recommendation(on)

    decide._fresh = whatever_was_seen


def fail_on_the_worklist(_: Installation) -> None:
    def fail(*_: Any) -> bytes:
        raise RuntimeError("planted")

    worklist.read_worklist = fail  # type: ignore[assignment]  # whatever it is asked


def answer_with_another_status(_: Installation) -> None:
    cast("dict[str, HTTPStatus]", problems.STATUS)["unknown_episode"] = HTTPStatus.GONE


PLANTED: Mapping[str, Callable[[Installation], None]] = {
    "answers too early": answer_too_early,
    "answers too late": answer_too_late,
    "forgets keys": forget_keys,
    "takes stale decisions": take_stale_decisions,
    "fails on the worklist": fail_on_the_worklist,
    "answers with another status": answer_with_another_status,
}
