"""What was known of an episode at one instant, beside what was known at another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.api.conftest import Service

RELAPSE = {
    "kind": "progression_evidence_recorded",
    "occurred_on": "2026-01-06",
    "setting": "relapse",
    "pattern": "metastatic",
    "confirmed": True,
}
GD2 = {"kind": "gd2_measured", "occurred_on": "2026-01-07", "status": "positive"}
CONSENT = {"kind": "consent_recorded", "occurred_on": "2026-01-08", "given": True}
FIT = {
    "kind": "fitness_recorded",
    "occurred_on": "2026-01-08",
    "lansky": 90,
    "tolerance": "acceptable",
    "uncontrolled_infection": False,
}
LESS_FIT = {"kind": "fitness_recorded", "occurred_on": "2026-01-10", "lansky": 80}
HARM = {
    "kind": "toxicity_recorded",
    "occurred_on": "2026-01-09",
    "term": "pain",
    "scale": "ctcae_v5",
    "grade": 3,
    "agent": "dinutuximab_beta",
    "ongoing": True,
}


def instant() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def corrected(service: Service) -> tuple[str, dict[str, Any], str, str]:
    """An episode whose GD2 was corrected: its path, the entries by kind, and the instants around the correction."""
    episode = service.open_episode()
    service.record(episode, RELAPSE, CONSENT, FIT, GD2)
    before = instant()
    wrong = service.get(f"{episode}/history").json()["entries"][-1]["entry"]
    correction = {
        "kind": "event_corrected",
        "occurred_on": "2026-01-11",
        "entry": wrong,
        "replacement": GD2 | {"status": "negative"},
    }
    assert service.record(episode, correction, HARM, LESS_FIT).status_code == 201
    after = instant()
    entries = {row["kind"]: row for row in service.get(f"{episode}/history").json()["entries"]}
    return episode, entries, before, after


def test_it_names_what_came_what_stands_otherwise_and_what_is_another(service: Service) -> None:
    episode, entries, before, after = corrected(service)
    told = service.get(f"{episode}/diff?from={before}&to={after}&as_of=2026-01-12").json()
    came = ["event_corrected", "toxicity_recorded", "fitness_recorded"]
    assert told["entries"] == [entries[kind] for kind in came]
    (restated,) = told["restated"]
    assert (restated["entry"], restated["then"], restated["now"]) == (
        entries["gd2_measured"]["entry"],
        "in_force",
        "corrected",
    )
    assert restated["changed_by"] == entries["event_corrected"]["entry"]
    facts = {(each["fact"], each["of"]): each for each in told["facts"]}
    gd2 = facts["gd2", None]
    assert (gd2["then"]["value"], gd2["now"]["value"]) == ("positive", "negative")
    lansky = facts["fitness", "lansky"]
    assert (lansky["then"]["value"], lansky["now"]["value"]) == ("90", "80")
    (harm,) = (each for (name, _), each in facts.items() if name == "toxicities")
    assert (harm["then"], harm["now"]["grade"]) == (None, 3)
    assert set(facts) == {("gd2", None), ("fitness", "lansky"), ("toxicities", harm["of"])}


def test_each_side_says_what_the_next_step_was_on_what_was_known_then(service: Service) -> None:
    episode, _, before, after = corrected(service)
    told = service.get(f"{episode}/diff?from={before}&to={after}&as_of=2026-01-12").json()
    for name, known_at in (("then", before), ("now", after)):
        step = service.get(f"{episode}/next-step?as_of=2026-01-12&known_at={known_at}").json()
        same = ("state", "state_label", "recommended", "needs_tumour_board", "summary")
        assert {each: told[name][each] for each in same} == {each: step[each] for each in same}
        stands = {each["option"]: each["status"] for each in step["options"]}
        assert told["options"]
        assert all(stands[each["option"]] == each[name] for each in told["options"])


def test_between_one_instant_and_itself_there_is_no_difference(service: Service) -> None:
    episode, _, _, after = corrected(service)
    told = service.get(f"{episode}/diff?from={after}&to={after}").json()
    assert told["then"] == told["now"]
    assert [told[name] for name in ("facts", "options", "entries", "restated")] == [[], [], [], []]


def test_unless_said_it_begins_with_nothing_and_ends_now(service: Service) -> None:
    episode, _, _, _ = corrected(service)
    told = service.get(f"{episode}/diff").json()
    assert (told["from"], told["to"], told["then"]) == (None, None, None)
    assert [row["sequence"] for row in told["entries"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert told["now"]["summary"] == service.get(f"{episode}/next-step").json()["summary"]


def test_an_instant_behind_the_other_or_before_the_opening_is_refused(service: Service) -> None:
    episode, _, before, after = corrected(service)
    behind = service.get(f"{episode}/diff?from={after}&to={before}")
    assert (behind.status_code, behind.json()["errors"][0]["pointer"]) == (400, "from")
    assert service.get(f"{episode}/diff?to=2020-01-01T00:00:00Z").status_code == 404
