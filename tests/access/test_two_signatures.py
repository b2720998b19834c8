"""The override of a hard stop takes two clinicians, over real HTTP, whatever one of them tries."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.api.conftest import PATHWAY, Service, serving
from tests.api.issuer import Issuer, issuing, production

ANTIBODY = "dinutuximab_beta"
TREATMENT = {"agents": [ANTIBODY, "irinotecan", "temozolomide"]}
WITHOUT = {"agents": ["irinotecan", "temozolomide"]}
FOR_A_REASON = {"code": "does-not-align-preferences", "text": "Discussed at the tumour board."}
AGREED = {"reason": "I agree."}
_numbers = itertools.count(1)


def on(days_ago: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=days_ago)).isoformat()


def told(kind: str, days_ago: int = 5, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "occurred_on": on(days_ago), **more}


BASELINE = (
    told("progression_evidence_recorded", confirmed=True, setting="relapse", pattern="metastatic"),
    told("gd2_measured", status="positive"),
    told("consent_recorded", given=True),
    told("fitness_recorded", lansky=90, uncontrolled_infection=False, tolerance="acceptable"),
)
ANAPHYLAXIS = told("toxicity_recorded", term="anaphylaxis", grade=3, ongoing=False, agent=ANTIBODY)


@dataclass(frozen=True)
class Person:
    """Somebody, or some system, with a token of the issuer."""

    subject: str
    roles: tuple[str, ...] = ("clinician",)
    client: str = "ehr"
    site: str = "north"


ADEYEMI = Person("dr-adeyemi")
BRANDT = Person("dr-brandt")
COORDINATOR = Person("coordinator-silva", ("coordinator",))
LABORATORY = Person("laboratory", ("integration",), "laboratory")


@dataclass(frozen=True)
class Course:
    """An episode whose antibody was stopped for good, and what people ask of it."""

    service: Service
    issuer: Issuer
    episode: str
    stop: str

    def post(self, who: Person, path: str, body: object, key: str | None = None) -> httpx2.Response:
        return posted(self.service, self.issuer, who, f"{self.episode}{path}", body, key)

    def get(self, path: str = "") -> Any:
        return self.service.http.get(
            f"{self.episode}{path}", headers={"authorization": f"Bearer {signed(self.issuer, ADEYEMI)}"}
        ).json()

    def decide(self, who: Person, option: str = "start_chemoimmunotherapy", **more: Any) -> httpx2.Response:
        basis = self.get("/next-step")["basis"]
        body = {"option": option, "detail": TREATMENT, "basis": basis, "reason": FOR_A_REASON} | more
        return self.post(who, "/decisions", body)

    def overridden(self, who: Person = ADEYEMI) -> str:
        """Decides on what the stop forbids, and gives the entry that awaits a second signature."""
        first = self.decide(who)
        assert (first.status_code, first.json()["awaiting_second_signature"]) == (202, True), first.text
        return str(first.json()["entry"])

    def sign(self, who: Person, entry: str, key: str | None = None) -> httpx2.Response:
        return self.post(who, f"/decisions/{entry}/countersignature", AGREED, key)

    @property
    def treats(self) -> bool:
        """True once a decision took effect by which treatment is given."""
        return str(self.get()["state"]).startswith("chemoimmunotherapy")


def signed(issuer: Issuer, who: Person) -> str:
    return issuer.sign(sub=who.subject, client_id=who.client, roles=list(who.roles), site=who.site)


def posted(
    service: Service, issuer: Issuer, who: Person, path: str, body: object, key: str | None = None
) -> httpx2.Response:
    headers = {
        "authorization": f"Bearer {signed(issuer, who)}",
        "idempotency-key": key or f"two-signatures-{next(_numbers)}",
    }
    return service.http.post(path, json=body, headers=headers)


def outcome(answer: httpx2.Response) -> str:
    return str(answer.json().get("type", "")).rpartition(":")[2] or "done"


@pytest.fixture(scope="module")
def served(new_sqlite: Callable[[], str]) -> Iterator[tuple[Service, Issuer]]:
    with issuing() as issuer, serving(production(issuer, database_url=new_sqlite())) as service:
        yield service, issuer


@pytest.fixture
def course(served: tuple[Service, Issuer]) -> Course:
    service, issuer = served
    patient = {"system": "urn:example:mrn", "value": f"mrn-stopped-{next(_numbers)}"}
    opening = {
        "pathway": PATHWAY,
        "patient": patient,
        "opened_on": on(10),
        "risk_group": "high",
        "baseline": BASELINE,
    }
    opened = posted(service, issuer, COORDINATOR, "/v1/episodes", opening)
    assert opened.status_code == 201, opened.text
    episode = opened.headers["location"]
    stopped = posted(service, issuer, LABORATORY, f"{episode}/events", ANAPHYLAXIS)
    assert stopped.status_code == 201, stopped.text
    return Course(service, issuer, episode, stopped.json()["entries"][0]["entry"])


@pytest.mark.shows("R-014", "C-11")
def test_two_clinicians_override_a_stop_and_it_takes_effect_with_the_second(course: Course) -> None:
    entry = course.overridden(ADEYEMI)
    assert not course.treats
    assert [each["entry"] for each in course.get()["awaiting_second_signature"]] == [entry]
    second = course.sign(BRANDT, entry)
    assert (second.status_code, second.json()["moved"]) == (201, True)
    assert course.treats


# Who does not count as a second clinician.


@pytest.mark.shows("T-15")
@pytest.mark.parametrize(
    ("who", "refused_as"),
    [
        (ADEYEMI, "not_permitted"),
        (Person("dr-adeyemi", client="another-application"), "not_permitted"),
        (Person("dr-adeyemi", ("clinician", "operator", "auditor")), "not_permitted"),
        (Person("Dr-Adeyemi"), "not_permitted"),
        (COORDINATOR, "not_permitted"),
        (LABORATORY, "not_permitted"),
        (Person("laboratory", ("integration", "clinician"), "laboratory"), "not_permitted"),
        (Person("dr-brandt", ("Clinician", "clinician ")), "not_permitted"),
        (Person("dr-brandt", ()), "not_permitted"),
        (Person("operator", ("operator", "auditor", "pathway_owner", "coordinator")), "not_permitted"),
        (Person("dr-brandt", site="south"), "unknown_episode"),
    ],
    ids=lambda value: value.subject + "-" + "+".join(value.roles) if isinstance(value, Person) else "",
)
def test_the_second_signature_is_another_clinicians_of_the_same_site(
    course: Course, who: Person, refused_as: str
) -> None:
    entry = course.overridden()
    refused = course.sign(who, entry)
    assert outcome(refused) == refused_as
    assert not course.treats
    assert course.sign(BRANDT, entry).status_code == 201


@pytest.mark.shows("R-014")
@pytest.mark.parametrize(
    "who",
    [COORDINATOR, LABORATORY, Person("laboratory", ("integration", "clinician"), "laboratory")],
    ids=lambda who: "+".join(who.roles),
)
def test_the_first_signature_is_a_clinicians_too(course: Course, who: Person) -> None:
    assert outcome(course.decide(who)) == "not_permitted"
    assert course.get()["awaiting_second_signature"] == []


# A signature counts once, for one decision, while what it rests on stands.


def test_a_second_signature_that_is_sent_again_is_answered_again_and_counts_once(course: Course) -> None:
    entry = course.overridden()
    first, again = (course.sign(BRANDT, entry, "the-same") for _ in range(2))
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    signatures = [
        each for each in course.get("/history")["entries"] if each["kind"] == "decision_countersigned"
    ]
    assert len(signatures) == 1
    assert outcome(course.sign(BRANDT, entry)) == "unknown_entry"


def test_a_signature_of_one_decision_signs_no_other(course: Course) -> None:
    entry = course.overridden()
    assert course.sign(BRANDT, entry, "of-the-first").status_code == 201
    withdrawn = told("event_retracted", 0, entry=entry, reason="Not carried out.")
    assert course.post(ADEYEMI, "/events", withdrawn).status_code == 201
    other = course.overridden()
    assert outcome(course.sign(BRANDT, other, "of-the-first")) == "idempotency_key_reused"
    assert outcome(course.sign(BRANDT, entry)) == "unknown_entry"
    assert not course.treats


@pytest.mark.shows("T-15")
def test_one_who_sends_anothers_signature_again_does_not_sign(course: Course) -> None:
    entry = course.overridden()
    assert outcome(course.sign(ADEYEMI, entry, "shared-key")) == "not_permitted"
    signed = course.sign(BRANDT, entry, "shared-key")
    assert signed.status_code == 201
    assert outcome(course.sign(ADEYEMI, entry, "shared-key")) == "idempotency_key_reused"


def test_a_decision_that_was_withdrawn_is_signed_by_nobody(course: Course) -> None:
    entry = course.overridden()
    withdrawn = told("event_retracted", 0, entry=entry, reason="Thought better of it.")
    assert course.post(ADEYEMI, "/events", withdrawn).status_code == 201
    assert outcome(course.sign(BRANDT, entry)) == "unknown_entry"
    assert not course.treats


@pytest.mark.parametrize(
    "fact",
    [
        told("gd2_measured", 0, status="negative"),
        told("fitness_recorded", 0, lansky=40),
        told("toxicity_recorded", 1, term="anaphylaxis", grade=4, ongoing=True, agent=ANTIBODY),
    ],
    ids=lambda fact: fact["kind"],
)
def test_a_decision_that_facts_have_overtaken_is_signed_by_nobody(
    course: Course, fact: dict[str, Any]
) -> None:
    entry = course.overridden()
    assert course.post(LABORATORY, "/events", fact).status_code == 201
    refused = course.sign(BRANDT, entry)
    assert (refused.status_code, outcome(refused)) == (409, "stale_decision")
    assert refused.json()["recommendation"]["basis"] == course.get("/next-step")["basis"]
    assert not course.treats


def test_neither_an_entry_that_is_no_decision_nor_one_of_another_episode_is_signed(
    course: Course, served: tuple[Service, Issuer]
) -> None:
    entry = course.overridden()
    assert outcome(course.sign(BRANDT, course.stop)) == "unknown_entry"
    service, issuer = served
    opening = {
        "pathway": PATHWAY,
        "patient": {"system": "urn:example:mrn", "value": f"mrn-other-{next(_numbers)}"},
        "opened_on": on(10),
    }
    other = posted(service, issuer, COORDINATOR, "/v1/episodes", opening).headers["location"]
    elsewhere = posted(service, issuer, BRANDT, f"{other}/decisions/{entry}/countersignature", AGREED)
    assert outcome(elsewhere) == "unknown_entry"
    assert not course.treats


# Ways round it.


def test_a_decision_or_a_signature_is_not_recorded_as_if_it_were_a_fact(course: Course) -> None:
    entry = course.overridden()
    decision = told("decision_made", 0, option="start_chemoimmunotherapy", detail=TREATMENT, basis="0" * 64)
    signature = told("decision_countersigned", 0, entry=entry, reason="I agree.")
    for event in (
        signature,
        decision,
        decision | {"awaits_second_signature": False, "offered_as": "recommended"},
        told("event_corrected", 0, entry=entry, replacement=decision),
        told("event_corrected", 0, entry=course.stop, replacement=signature),
    ):
        refused = course.post(BRANDT, "/events", event)
        assert refused.status_code == 422, refused.text
    assert [each["entry"] for each in course.get()["awaiting_second_signature"]] == [entry]
    assert not course.treats


@pytest.mark.shows("T-15")
@pytest.mark.parametrize(
    "more",
    [
        {"decided_on": on(9)},
        {"detail": {"agents": ["Dinutuximab-β", "irinotecan"]}},
        {"detail": {"regimen": "dinutuximab_beta_irinotecan_temozolomide", **WITHOUT}},
        {"detail": {"agents": ["an anti-GD2 antibody"]}},
        {"option": "other", "detail": TREATMENT | {"text": "As agreed.", "rests_in": "follow_up"}},
        {"option": "change_line"},
    ],
    ids=[
        "dated back",
        "other letters",
        "hidden in a regimen",
        "not named",
        "as something else",
        "as a new line",
    ],
)
def test_no_other_way_to_say_it_makes_one_signature_enough(course: Course, more: dict[str, Any]) -> None:
    answer = course.decide(ADEYEMI, **more)
    assert answer.status_code != 201, answer.text
    assert not course.treats


@pytest.mark.shows("T-17")
@pytest.mark.parametrize("who", [COORDINATOR, LABORATORY], ids=lambda who: who.subject)
@pytest.mark.parametrize(
    "change",
    [
        lambda stop: told("event_retracted", 0, entry=stop, reason="Another child's."),
        lambda stop: told("event_corrected", 0, entry=stop, replacement=ANAPHYLAXIS | {"grade": 1}),
        lambda stop: told(
            "event_corrected", 0, entry=stop, replacement=ANAPHYLAXIS | {"agent": "temozolomide"}
        ),
        lambda stop: told("event_corrected", 0, entry=stop, replacement=told("note_added", text="nothing")),
    ],
    ids=["retracted", "milder", "another agent's", "a note"],
)
def test_who_may_not_sign_does_not_take_back_the_stop_either(
    course: Course, who: Person, change: Callable[[str], dict[str, Any]]
) -> None:
    alone = course.post(who, "/events", change(course.stop))
    assert outcome(alone) in {"not_permitted", "not_correctable", "invalid_body"}, alone.text
    among_others = {"events": [told("note_added", 0, text="seen"), change(course.stop)]}
    assert course.post(who, "/events", among_others).status_code in {403, 422}
    assert len(course.get()["stops"]) == 1


@pytest.mark.shows("T-17")
def test_a_side_effect_that_is_over_keeps_the_antibody_stopped(course: Course) -> None:
    resolved = told("toxicity_resolved", 0, entry=course.stop, to_grade=0)
    assert course.post(LABORATORY, "/events", resolved).status_code == 201
    course.overridden()


@pytest.mark.parametrize(
    "change",
    [
        lambda stop: told("event_retracted", 0, entry=stop, reason="Another child's."),
        lambda stop: told("event_corrected", 0, entry=stop, replacement=ANAPHYLAXIS | {"grade": 1}),
    ],
    ids=["retracted", "milder"],
)
def test_who_took_back_the_stop_does_not_decide_alone_what_it_forbade(
    course: Course, change: Callable[[str], dict[str, Any]]
) -> None:
    assert course.post(ADEYEMI, "/events", change(course.stop)).status_code == 201
    assert course.get()["stops"] == []
    entry = course.overridden(ADEYEMI)
    assert not course.treats
    assert outcome(course.sign(ADEYEMI, entry)) == "not_permitted"
    assert course.sign(BRANDT, entry).status_code == 201
    assert course.treats


def test_what_one_clinician_took_back_another_decides_on_alone(course: Course) -> None:
    """They are two already, each with a signature of their own in the log."""
    taken_back = told("event_retracted", 0, entry=course.stop, reason="Another child's.")
    assert course.post(ADEYEMI, "/events", taken_back).status_code == 201
    assert course.decide(BRANDT).status_code == 201
    assert course.treats


def test_what_the_stop_does_not_forbid_takes_one_signature(course: Course) -> None:
    """The control: the harness tells one signature from two."""
    alone = course.decide(ADEYEMI, detail=WITHOUT)
    assert alone.status_code == 201, alone.text
    assert course.treats
