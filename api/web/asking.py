"""A form that asks for a page: what stands in the address, kept as it was typed, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from starlette.requests import Request

from api.dependencies import Query, installation
from api.web.forms import Form
from api.web.sessions import Session

_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEARS: Final = range(1900, 3000)
_WRONG_DAY: Final = "Write the day as 2026-03-31."
_WRONG_MOMENT: Final = "Write a day as 2026-03-31, or a minute of it as 2026-03-31 14:05."
_WRONG_NAME: Final = "A name here has letters, digits and signs without accents, at most 255."
_WRONG_ID: Final = "Copy the whole id, such as 0198f2c4-5d10-7c3e-9a52-3f1d6f0b8a11."
_NAME: Final = re.compile(r"[\x20-\x7e]{1,255}")
_IDENTIFIER: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MINUTE: Final = timedelta(minutes=1) - timedelta(microseconds=1)

T = TypeVar("T")


class Asked:
    """The fields of such a form; `faults` has a sentence for each that cannot be read, which then counts as empty.

    Raises `Refusal` (`invalid_parameter`) for a field that the form does not have.
    """

    def __init__(self, request: Request, session: Session, *fields: str) -> None:
        self.query = Query(request, *fields)
        self.form = Form({name: (request.query_params.get(name, ""),) for name in fields})
        self.faults: dict[str, str] = {}
        self.zone = installation(request).settings.time_zone(session.site_id)

    def day(self, name: str) -> date | None:
        """A day."""
        return self._read(name, _day, _WRONG_DAY)

    def beginning(self, name: str) -> datetime | None:
        """An instant; of a day or a minute its beginning, at the site where no zone is said."""
        return self._read(name, lambda text: _moment(text, self.zone, ends=False), _WRONG_MOMENT)

    def end(self, name: str) -> datetime | None:
        """The same, but of a day or a minute its end."""
        return self._read(name, lambda text: _moment(text, self.zone, ends=True), _WRONG_MOMENT)

    def name(self, name: str) -> str | None:
        """The name of a person, a system or an operation."""
        return self._read(name, lambda text: _whole(_NAME, text), _WRONG_NAME)

    def identifier(self, name: str) -> str | None:
        """The id of something this service made, however many blanks came along when it was copied."""
        return self._read(name, lambda text: _whole(_IDENTIFIER, "".join(text.lower().split())), _WRONG_ID)

    def sent(self, *without: str) -> dict[str, str]:
        """What was asked, for an address that asks it again."""
        return {
            name: told for name in self.form.fields if name not in without and (told := self.form.text(name))
        }

    def _read(self, name: str, read: Callable[[str], T], fault: str) -> T | None:
        text = self.form.text(name)
        if not text:
            return None
        try:
            return read(text)
        except ValueError:
            self.faults[name] = fault
            return None


def _whole(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError
    return text


def _day(text: str) -> date:
    return _within(date.fromisoformat(_whole(_DAY, text)))


def _within(day: date) -> date:
    if day.year not in _YEARS:
        raise ValueError
    return day


def _moment(text: str, zone: str, *, ends: bool) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None or (found[2] is None and found[5] is not None):
        raise ValueError
    day = _within(date.fromisoformat(found[1]))
    if found[2] is None:
        return datetime.combine(day, time.max if ends else time.min, ZoneInfo(zone))
    at = datetime.fromisoformat(text)
    if ends and found[3] is None:
        at += _MINUTE
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
