"""Messages as hospitals send them: twice, contradictory, for the wrong child, from the future, many at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.sides import Clock, Side
from tests.use_cases.journeys import ALL_CLEAR, MRN, Child, entry_of

LAB = {"system": "urn:lab", "message_id": "A-17"}


def entries(child: Child) -> int:
    return len(child.side.entries(child.episode))


@pytest.mark.shows("R-082", "C-17", "T-36")
def test_the_same_message_twice_is_one_entry_whatever_key_it_comes_with(child: Child) -> None:
    told = child.told("gd2_measured", status="partial", source=LAB)
    first = child.send(told)
    before = entries(child)
    again = child.send(told)
    assert again.outcome == "recorded"
    assert again.document["entries"] == [
        {"entry": entry_of(first), "kind": "gd2_measured", "duplicate": True}
    ]
    assert entries(child) == before


@pytest.mark.shows("R-082")
def test_the_same_message_twice_in_one_request_is_one_entry(child: Child) -> None:
    told = child.told("gd2_measured", status="partial", source=LAB)
    before = entries(child)
    first, second = child.send(told, told).document["entries"]
    assert second == {"entry": first["entry"], "kind": "gd2_measured", "duplicate": True}
    assert entries(child) == before + 1


@pytest.mark.shows("R-082", "T-37")
def test_the_same_message_with_another_content_is_refused_and_names_the_entry(child: Child) -> None:
    first = child.tell("gd2_measured", status="partial", source=LAB)
    before = entries(child)
    other = child.tell("gd2_measured", status="negative", source=LAB)
    assert (other.outcome, other.document["entry"]) == ("message_conflict", entry_of(first))
    assert other.document["errors"][0]["pointer"] == "/source"
    assert "event_corrected" in other.document["detail"]
    assert entries(child) == before


def test_a_request_that_contradicts_itself_names_no_entry_since_none_is_kept(child: Child) -> None:
    messages = [child.told("gd2_measured", status=status, source=LAB) for status in ("partial", "negative")]
    answers = [child.send(*messages)]
    ratings = [child.told("assessment_recorded", components={"primary": rating}) for rating in ("CR", "PR")]
    answers.append(child.send(*ratings))
    for answer, pointer in zip(answers, ("/events/1/source", "/events/1/components/primary"), strict=True):
        assert answer.outcome == "message_conflict"
        assert [each["pointer"] for each in answer.document["errors"]] == [pointer]
        assert "entry" not in answer.document


def test_a_message_of_one_episode_is_no_message_of_another(child: Child) -> None:
    child.tell("gd2_measured", status="partial", source=LAB)
    other = Child.opened(child.side, "mrn-0815")
    assert other.tell("gd2_measured", status="partial", source=LAB).outcome == "message_conflict"


@pytest.mark.shows("C-14", "T-38")
def test_an_event_of_another_patient_is_refused_and_takes_its_companions_with_it(child: Child) -> None:
    Child.opened(child.side, "mrn-0815")
    before = entries(child)
    note = child.told("note_added", text="seen")
    for value in ("mrn-0815", "mrn-nobody-knows"):
        wrong = child.told("gd2_measured", status="negative", patient={"system": "urn:mrn", "value": value})
        refused = child.send(note, wrong)
        assert refused.outcome == "another_patient"
        assert refused.document["errors"][0]["pointer"] == "/events/1/patient"
        assert value not in refused.text.decode()
    assert entries(child) == before
    right = child.told("gd2_measured", status="negative", patient={"system": "urn:mrn", "value": MRN})
    assert child.send(right).outcome == "recorded"


@pytest.mark.shows("C-14", "T-38")
def test_a_correction_that_names_another_patient_is_refused(child: Child) -> None:
    wrong = child.tell("gd2_measured", status="negative")
    before = entries(child)
    for value, outcome in (("mrn-nobody-knows", "another_patient"), (MRN, "recorded")):
        patient = {"system": "urn:mrn", "value": value}
        right = child.told("gd2_measured", status="positive", patient=patient)
        answer = child.tell("event_corrected", entry=entry_of(wrong), replacement=right)
        assert answer.outcome == outcome
        if outcome == "another_patient":
            assert answer.document["errors"][0]["pointer"] == "/replacement/patient"
            assert entries(child) == before


def test_a_second_value_for_a_component_is_refused_and_names_the_first(child: Child) -> None:
    child.treated()
    first = child.tell("assessment_recorded", components={"primary": "PR"})
    child.tell("assessment_recorded", components={"metastatic": "CR"})
    second = child.tell("assessment_recorded", components={"primary": "CR", "bone_marrow": "CR"})
    assert (second.outcome, second.document["entry"]) == ("message_conflict", entry_of(first))
    assert second.document["errors"][0]["pointer"] == "/components/primary"
    assert child.tell("assessment_recorded", components={"primary": "PR"}).outcome == "recorded"
    assert (
        child.tell("assessment_recorded", components={"bone_marrow": "CR"}).document["state"]
        == "decision_due"
    )


def test_a_second_value_that_arrives_late_is_refused_as_well(child: Child) -> None:
    child.treated()
    child.side.clock.pass_days(5)
    first = child.tell("assessment_recorded", components={"primary": "PR"})
    late = child.tell("assessment_recorded", ago=2, components={"primary": "CR"})
    assert (late.outcome, late.document["entry"]) == ("message_conflict", entry_of(first))


def test_another_assessment_may_have_another_value(child: Child) -> None:
    child.treated()
    child.tell("assessment_recorded", timepoint="before-surgery", components={"primary": "PR"})
    assert child.tell("assessment_recorded", components={"primary": "CR"}).outcome == "recorded"


@pytest.mark.shows("R-003")
@pytest.mark.parametrize("ahead", [2, 30])
def test_what_lies_in_the_future_everywhere_on_earth_is_refused(child: Child, ahead: int) -> None:
    before = entries(child)
    refused = child.tell("gd2_measured", ago=-ahead, status="negative")
    assert refused.outcome == "impossible_date"
    assert refused.document["errors"][0]["pointer"] == "/occurred_on"
    correction = child.tell(
        "event_corrected",
        entry=child.side.entries(child.episode)[1].entry_id,
        replacement=child.told("progression_evidence_recorded", ago=-ahead, confirmed=True),
    )
    assert correction.outcome == "impossible_date"
    assert child.decide("bridge_to_car_t", ago=-ahead).outcome == "impossible_date"
    assert entries(child) == before


@pytest.mark.shows("R-003")
@pytest.mark.parametrize(
    ("at", "ahead", "outcome"),
    [(9, 1, "impossible_date"), (10, 1, "recorded"), (23, 1, "recorded"), (23, 2, "impossible_date")],
)
def test_a_date_that_is_today_somewhere_on_earth_is_not_the_future(
    child: Child, at: int, ahead: int, outcome: str
) -> None:
    # At 10:00 UTC the next day begins on the Line Islands, fourteen hours ahead.
    child.side.clock.now = datetime(2026, 3, 2, at, 59 if at == 9 else 0, tzinfo=UTC)
    assert child.tell("gd2_measured", ago=-ahead, status="negative").outcome == outcome


@pytest.mark.shows("R-034", "C-23")
def test_an_instant_is_kept_on_the_day_it_was_at_the_site(database_url: str) -> None:
    side = Side(database_url, "auckland", Clock(), zone="Pacific/Auckland")
    child = Child.opened(side)
    child.tell("gd2_measured", status="negative", occurred_at="2026-03-01T23:30:00Z")
    assert side.entries(child.episode)[-1].occurred_on.isoformat() == "2026-03-02"
    side.stop()


@pytest.mark.shows("R-004")
def test_a_hundred_events_in_one_request_are_one_step_and_one_more_is_too_many(child: Child) -> None:
    notes = [child.told("note_added", text=f"note {number}") for number in range(101)]
    before = entries(child)
    assert child.send(*notes).outcome == "invalid_body"
    answer = child.send(*notes[:99], child.told("gd2_measured", ago=9, status="negative"))
    assert answer.outcome == "recorded"
    assert len(answer.document["entries"]) == 100
    assert entries(child) == before + 100
    assert child.stands()["facts"]["gd2"]["value"] == "negative"


@pytest.mark.shows("R-004")
def test_the_last_of_a_hundred_events_is_wrong_and_none_is_kept(child: Child) -> None:
    notes = [child.told("note_added", text=f"note {number}") for number in range(99)]
    before, summary = entries(child), child.side.summary(child.episode)
    refused = child.send(*notes, child.told("note_added", ago=-9, text="tomorrow's world"))
    assert refused.outcome == "impossible_date"
    assert refused.document["errors"][0]["pointer"] == "/events/99/occurred_on"
    assert (entries(child), child.side.summary(child.episode)) == (before, summary)


@pytest.mark.shows("R-025")
def test_a_dry_run_says_what_would_be_and_writes_nothing(child: Child) -> None:
    child.treated()
    before, summary = entries(child), child.side.summary(child.episode)
    told = child.told("assessment_recorded", components=ALL_CLEAR, source=LAB)
    foreseen = child.send(told, dry_run=True)
    assert (foreseen.outcome, foreseen.document["state"], foreseen.document["moved"]) == (
        "foreseen",
        "decision_due",
        True,
    )
    assert (entries(child), child.side.summary(child.episode)) == (before, summary)
    assert child.send(told).document["state"] == "decision_due"
