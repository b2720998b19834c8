"""Look at all courses of a site on one pathway: how long they stay where, what was assessed, how people agree with it.

Everything that is counted is told as `counts` tells it. Single courses are told only to those who may open each of
them. So is narrowing: from the counts with and without a narrow choice, those of a few could be subtracted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any, Final, get_args

import orjson

from pathway.clinical.terms import OverrideReason, Pattern, Response
from pathway.engine.definition import Pathway
from pathway.store.values import Summary
from pathway.use_cases.counts import SMALLEST, Count, count_told, is_told, together
from pathway.use_cases.courses import Agreement, Course, courses_of
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import NEEDS, Operation
from pathway.use_cases.refusals import Refusal

MOST: Final = 500
"""Episodes that one look takes in, the last opened: a site has tens of them, and it takes seconds for thousands."""

MOST_BARS: Final = 60
"""Courses that are told one by one, the last opened."""

PATTERNS: Final[tuple[str, ...]] = tuple(Pattern)
LINES: Final = (1, 2, 3)
"""The line an episode has come to; the last means this one or a later."""

AGREEMENTS: Final[tuple[Agreement, ...]] = get_args(Agreement)
DEVIATIONS: Final[tuple[Agreement, ...]] = ("possible", "override")
UNKNOWN: Final = "unknown"
CATEGORIES: Final = (*(each.value for each in Response if each is not Response.NONE), UNKNOWN)


_Courses = Sequence[tuple[str, Course]]
"""Each course with the patient whose it is: a patient may have several, and is one all the same."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which episodes are wanted: by the day of opening, the pattern of the progression, and the line come to."""

    opened_from: date | None = None
    opened_to: date | None = None
    pattern: str | None = None
    line: int | None = None

    @property
    def is_everything(self) -> bool:
        """True when nothing is left out."""
        return self == Narrowed()


def survey_cohort(
    installation: Installation, caller: Caller, pathway_id: str | None, narrowed: Narrowed
) -> bytes:
    """The cohort on the pathway (the first published, unless said) as JSON. Raises `Refusal`.

    Counts are `at_least` and `at_most`. `episodes`, whether there are `more` than a look takes in, and how many there
    are `in_all`, for those who may read episodes;
    `time_in_state`, days of stays that are over; `responses` by the number of the assessment; `concordance` by the
    state of the decision; `deviations` with their reasons; and `courses` for those who may read episodes, else null.
    """
    caller.require(Operation.READ_THE_COHORT)
    single = NEEDS[Operation.READ_AN_EPISODE] in caller.scopes
    if not single and not narrowed.is_everything:
        raise Refusal("not_permitted", "Narrowing a cohort needs the permission to read its episodes.")
    pathway = _pathway(installation, pathway_id)
    today = today_in(installation.settings.time_zone(caller.site_id), installation.clock())
    found = installation.readers.on_pathway(
        caller.site_id, pathway.id, since=narrowed.opened_from, until=narrowed.opened_to, limit=MOST + 1
    )
    wanted = [each for each in found[:MOST] if _is_wanted(each, narrowed)]
    logs = installation.readers.entries_of(caller.site_id, [each.episode_id for each in wanted])
    courses = courses_of(installation, wanted, logs)
    told = [(each.pseudonym, courses[each.episode_id]) for each in wanted]
    labels = _labels(installation, wanted) | {each.name: each.label for each in pathway.states}
    atoms = _atoms(told)
    return orjson.dumps(
        {
            "pathway": {"id": pathway.id, "title": pathway.title},
            "as_of": today.isoformat(),
            "episodes": _at_least([each.pseudonym for each in wanted]).as_dict(),
            "in_all": len(wanted) if single else None,
            "most": MOST,
            "more": len(found) > MOST,
            "smallest": SMALLEST,
            "time_in_state": _time_in_state(told, labels),
            "categories": CATEGORIES,
            "responses": _responses(told),
            "concordance": _concordance(atoms, labels),
            "deviations": _deviations(atoms, labels),
            "courses": _courses(wanted, courses, labels, today) if single else None,
        }
    )


def _at_least(patients: Sequence[str]) -> Count:
    """How many episodes there are, roughly: each is in one state, so the one small count would follow from it."""
    told = count_told(patients)
    return Count(SMALLEST, None) if told.at_least >= SMALLEST else told


def _pathway(installation: Installation, pathway_id: str | None) -> Pathway:
    wanted = pathway_id or next(iter(installation.catalogue)).id
    pathway = installation.catalogue.find(wanted)
    if pathway is None:
        raise Refusal("not_found", "There is no such pathway.")
    return pathway


def _is_wanted(summary: Summary, narrowed: Narrowed) -> bool:
    pattern, line = _pattern_and_line(summary)
    if narrowed.pattern is not None and pattern != narrowed.pattern:
        return False
    return narrowed.line is None or min(line, LINES[-1]) == narrowed.line


def _pattern_and_line(summary: Summary) -> tuple[str | None, int]:
    known = orjson.loads(summary.snapshot)
    return (known.get("progression") or {}).get("pattern"), known.get("line", 1)


def _labels(installation: Installation, summaries: Iterable[Summary]) -> dict[str, str]:
    versions = {(each.pathway_id, each.pathway_version) for each in summaries}
    return {
        state.name: state.label
        for pathway_id, version in sorted(versions)
        for state in installation.pathway(pathway_id, version).states
    }


def _time_in_state(courses: _Courses, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    stays = [(patient, stay) for patient, course in courses for stay in course.stays]
    told = []
    for state, label in labels.items():
        here = [(patient, stay) for patient, stay in stays if stay.state == state]
        over = [(patient, stay.days) for patient, stay in here if stay.days is not None]
        going_on = [patient for patient, stay in here if stay.until is None]
        unknown = [patient for patient, stay in here if stay.until is not None and stay.days is None]
        row: dict[str, Any] = {
            "state": state,
            "label": label,
            "over": count_told([patient for patient, _ in over]).as_dict(),
            "going_on": count_told(going_on).as_dict(),
            "day_not_known": count_told(unknown).as_dict(),
        }
        if over and is_told([patient for patient, _ in over]):
            days = [each for _, each in over]
            row |= {"median": median(days), "shortest": min(days), "longest": max(days)}
        if here and state != "closed":
            told.append(row)
    return told


def _responses(courses: _Courses) -> list[dict[str, Any]]:
    found: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for patient, course in courses:
        for number, each in enumerate(course.assessments, 1):
            found[number, each.response if each.response in CATEGORIES else UNKNOWN].append(patient)
    rows = []
    for number in sorted({number for number, _ in found}):
        counts = {category: count_told(found[number, category]) for category in CATEGORIES}
        rows.append(
            {
                "assessment": number,
                "counts": {category: count.as_dict() for category, count in counts.items()},
                "of": together(counts.values()).as_dict(),
            }
        )
    return rows


_Atom = tuple[str, Agreement, str | None]
"""State, agreement, and the reason of a deviation: the smallest count there is of decisions."""


def _atoms(courses: _Courses) -> dict[_Atom, Count]:
    """Every count of decisions that is told is a sum of these, so that none tells of another what it holds back."""
    found: defaultdict[_Atom, list[str]] = defaultdict(list)
    for patient, course in courses:
        for each in course.choices:
            reason = each.reason if each.agreement in DEVIATIONS else None
            found[each.state, each.agreement, reason].append(patient)
    return {atom: count_told(patients) for atom, patients in found.items()}


def _concordance(atoms: Mapping[_Atom, Count], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for state, label in labels.items():
        counts = {
            agreement: together(
                count for (at, how, _), count in atoms.items() if (at, how) == (state, agreement)
            )
            for agreement in AGREEMENTS
        }
        total = together(counts.values())
        if total.at_least:
            told = {agreement: count.as_dict() for agreement, count in counts.items()}
            rows.append({"state": state, "label": label, "counts": told, "of": total.as_dict()})
    return rows


def _deviations(atoms: Mapping[_Atom, Count], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    places = list(labels)
    found = [
        (state, how, reason, count) for (state, how, reason), count in atoms.items() if how in DEVIATIONS
    ]
    return [
        {
            "state": state,
            "label": labels[state],
            "agreement": how,
            "reason": reason,
            "reason_label": OverrideReason(reason).label if reason else None,
            "count": count.as_dict(),
        }
        for state, how, reason, count in sorted(
            found, key=lambda each: (places.index(each[0]), -each[3].at_least, each[1], each[2] or "")
        )
    ]


def _courses(
    summaries: Sequence[Summary], courses: Mapping[str, Course], labels: Mapping[str, str], today: date
) -> list[dict[str, Any]]:
    """Each course by itself, in days since its opening; by the order of its states where a day is not known."""
    return [_course(summary, courses[summary.episode_id], labels, today) for summary in summaries[:MOST_BARS]]


def _course(summary: Summary, course: Course, labels: Mapping[str, str], today: date) -> dict[str, Any]:
    began = course.stays[0].since.on
    pattern, line = _pattern_and_line(summary)
    exact = course.exact

    def day(on: date) -> int | None:
        return (on - began).days if exact else None

    return {
        "episode": summary.episode_id,
        "opened_on": summary.opened_on.isoformat(),
        "open": summary.is_open,
        "state_label": labels[summary.state],
        "pattern": pattern,
        "line": line,
        "exact": exact,
        "stays": [
            {
                "state": stay.state,
                "label": labels[stay.state],
                "from": day(stay.since.on),
                "to": day(stay.until.on if stay.until else max(today, stay.since.on)),
                "going_on": stay.until is None,
            }
            for stay in course.stays
        ],
        "assessments": [
            {"day": day(each.day.on), "place": _place(course, each.day.on), "response": each.response}
            for each in course.assessments
        ],
        "decisions": [
            {
                "day": day(each.day.on),
                "place": _place(course, each.day.on),
                "option": each.option,
                "agreement": each.agreement,
            }
            for each in course.choices
        ],
    }


def _place(course: Course, on: date) -> int:
    """How many of the stays had begun by then: where it stands where only the order is known."""
    return sum(stay.since.on <= on for stay in course.stays)
