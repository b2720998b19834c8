"""Looking at an episode on another day, or with what was known then, as the address says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request

from api.dependencies import Query, installation
from api.web.sessions import Session
from pathway.use_cases.installation import today_in
from pathway.use_cases.refusals import Refusal

PARAMETERS: Final = ("as_of", "known_at")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Looking:
    """The day the question is asked, and the instant by which what is told had been recorded; None is now."""

    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def elsewhere(self) -> bool:
        """True when this is not the episode as it stands today: nothing can be recorded on it."""
        return self.as_of is not None or self.known_at is not None

    def decides(self, today: date) -> bool:
        """True where a decision can be recorded: on all that is known, as of a day that is not to come.

        What was decided last week is recorded on that day's recommendation, which today's may no longer be.
        """
        return self.known_at is None and (self.as_of is None or self.as_of <= today)

    @property
    def address(self) -> str:
        """What goes behind the address of a page that is to look in the same way; empty for today."""
        told = {"as_of": self.as_of, "known_at": self.known_at}
        sent = {name: value.isoformat() for name, value in told.items() if value is not None}
        return f"?{urlencode(sent)}" if sent else ""


def looking(request: Request, session: Session, query: Query) -> Looking:
    """What the address asks for; an instant may be given as a day, which is then its end at the site.

    Raises `Refusal` (`invalid_parameter`).
    """
    as_of, known_at = (request.query_params.get(name, "") for name in PARAMETERS)
    service = installation(request)
    zone = service.settings.time_zone(session.site_id)
    on = query.day("as_of") if as_of else None
    if on == today_in(zone, service.clock()):
        on = None
    if not _DAY.fullmatch(known_at):
        return Looking(on, _at(query.instant("known_at"), zone) if known_at else None)
    by = query.day("known_at")
    return Looking(on, datetime.combine(by, time.max, ZoneInfo(zone)) if by else None)


def _at(instant: datetime | None, zone: str) -> datetime | None:
    """The instant as it is shown, in the time of the site; at the ends of the calendar another zone may have none."""
    try:
        return instant.astimezone(ZoneInfo(zone)) if instant else None
    except OverflowError:
        raise Refusal("invalid_parameter", "The parameter known_at lies outside the calendar.") from None
