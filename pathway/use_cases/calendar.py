"""When what is due at a site, as a calendar that others subscribe to (iCalendar, RFC 5545); it names nobody.

It goes by what is stored with each episode, and folds nothing: a calendar is asked for every hour, by many.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from pathway.store.readers import Kind
from pathway.store.values import Summary
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation

MOST: Final = 500
"""Episodes in one calendar, those with the nearest dates."""

_LONGEST_LINE: Final = 75
"""Octets of a line, its end not counted."""

_HEAD: Final = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//pathway//worklist//EN",
    "CALSCALE:GREGORIAN",
    "METHOD:PUBLISH",
    "NAME:Pathway worklist",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    # A calendar without any component is none, and there are days on which nothing is due.
    "BEGIN:VTIMEZONE",
    "TZID:UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def read_calendar(
    installation: Installation, caller: Caller, kind: Kind | None, due_before: date | None
) -> tuple[bytes, list[str]]:
    """The caller's worklist as a calendar, and the episodes that stand in it; without a date one does not.

    An entry lasts from the first day of the window to its last. Raises `Refusal`.
    """
    caller.require(Operation.SUBSCRIBE_TO_THE_WORKLIST)
    today = today_in(installation.settings.time_zone(caller.site_id), installation.clock())
    found = installation.readers.worklist(
        caller.site_id, today=today, kind=kind, due_before=due_before or date.max, limit=MOST
    )
    dated = sorted(found, key=lambda each: (each.due_target or date.max, each.episode_id))
    lines = list(_HEAD)
    for summary in dated:
        lines += _entry(summary, installation.settings.public_url)
    text = "".join(f"{folded}\r\n" for line in (*lines, "END:VCALENDAR") for folded in _folded(line))
    return text.encode(), [each.episode_id for each in dated]


def _entry(summary: Summary, public_url: str | None) -> Iterator[str]:
    target = summary.due_target
    assert target is not None  # noqa: S101  (only what has one is listed)
    first, last = summary.due_earliest or target, summary.due_latest or target
    what = summary.due_what or "next step"
    yield "BEGIN:VEVENT"
    yield f"UID:{summary.episode_id}@pathway"
    yield f"DTSTAMP:{_instant(summary.head_recorded_at)}"
    yield f"SEQUENCE:{summary.head_sequence}"
    yield f"DTSTART;VALUE=DATE:{first:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(what[:1].upper() + what[1:])}"
    yield f"DESCRIPTION:{_text(f'Best on {target.day} {target:%b %Y}. Who it is about stands in Pathway alone.')}"
    if public_url:
        yield f"URL:{public_url.rstrip('/')}/episodes/{summary.episode_id}"
    yield "CLASS:CONFIDENTIAL"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    for character in ("\\", ";", ","):
        value = value.replace(character, f"\\{character}")
    return value.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, no character split; each but the first begins with a blank."""
    piece = ""
    for character in line:
        if len((piece + character).encode()) > _LONGEST_LINE:
            yield piece
            piece = " "
        piece += character
    yield piece
