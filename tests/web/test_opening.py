"""Opening an episode and finding the episodes of a patient; an identifier stands in no address."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from pathway.episodes.events import PatientIdentifier
from pathway.use_cases.registers import written_otherwise
from tests.api.conftest import Service
from tests.web.conftest import Browser
from tests.web.filled_in import fill_in, standing
from tests.web.test_episode_page import TODAY, SignIn, ago, text_of

_numbers = itertools.count(1)
NEW = "/episodes/new"


@pytest.fixture
def coordinator(sign_in: SignIn) -> Browser:
    return sign_in("coordinator", subject="coordinator")


@pytest.fixture
def patient() -> dict[str, str]:
    return {"patient.system": "urn:example:mrn", "patient.value": f"new-child-{next(_numbers)}"}


def test_an_episode_is_opened_with_what_is_known_at_the_start(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    known = {
        "opened_on": ago(3),
        "risk_group": "high",
        "age_months": "40",
        "gd2_measured.status": "positive",
        "gd2_measured.occurred_on": ago(4),
        "progression_evidence_recorded.confirmed": "true",
        "progression_evidence_recorded.setting": "relapse",
    }
    answer = fill_in(coordinator, NEW, **patient, **known)
    assert answer.status_code == 303, text_of(answer.text)
    episode = answer.headers["location"]
    told = pages.get(f"/v1{episode}/history?limit=200").json()["entries"]
    events = {each["kind"]: each["event"] for each in told}
    assert set(events) == {"episode_opened", "gd2_measured", "progression_evidence_recorded"}
    assert (events["episode_opened"]["risk_group"], events["episode_opened"]["age_months"]) == ("high", 40)
    assert events["gd2_measured"]["occurred_on"] == ago(4)
    assert events["progression_evidence_recorded"]["occurred_on"] == ago(3)
    assert patient["patient.value"] in coordinator.open(episode)


def test_a_day_of_the_opening_that_may_be_a_slip_is_looked_at_first(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    day = TODAY - timedelta(days=203)
    answer = fill_in(coordinator, NEW, **patient, opened_on=ago(203))
    assert answer.status_code == 422
    told = f"The episode would be opened on {day.day} {day:%B %Y} (203 days ago)"
    assert told in text_of(answer.text)
    changed = fill_in(coordinator, NEW, answer.text, opened_on=ago(302))
    assert changed.status_code == 422
    opened = fill_in(coordinator, NEW, answer.text)
    assert opened.status_code == 303
    assert pages.get(f"/v1{opened.headers['location']}").json()["opened_on"] == ago(203)


def test_what_was_answered_once_is_not_asked_again(coordinator: Browser, patient: dict[str, str]) -> None:
    fill_in(coordinator, NEW, **patient)
    other = written(patient, value=patient["patient.value"].upper())
    asked = fill_in(coordinator, NEW, **other, opened_on=ago(203))
    assert "Is it the same child?" in text_of(asked.text)
    said = fill_in(coordinator, NEW, asked.text, another_child=" ".join(other.values()))
    assert "(203 days ago)" in text_of(said.text)
    assert fill_in(coordinator, NEW, said.text).status_code == 303


def test_an_episode_is_opened_with_nothing_but_its_patient(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    answer = fill_in(coordinator, NEW, **patient)
    assert answer.status_code == 303
    assert pages.get(f"/v1{answer.headers['location']}").json()["opened_on"] == TODAY.isoformat()


def test_who_has_an_open_episode_already_is_answered_with_it(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    first = fill_in(coordinator, NEW, **patient).headers["location"]
    answer = fill_in(coordinator, NEW, **patient)
    assert answer.status_code == 409
    assert f'href="{first}"' in answer.text
    assert standing(answer.text, NEW)["patient.value"] == patient["patient.value"]


# Whether it is the same child


def written(patient: dict[str, str], value: str = "", system: str = "") -> dict[str, str]:
    return {
        "patient.system": system or patient["patient.system"],
        "patient.value": value or patient["patient.value"],
    }


@pytest.mark.parametrize(
    "otherwise",
    [
        lambda patient: written(patient, value=patient["patient.value"].upper()),
        lambda patient: written(patient, value=patient["patient.value"].capitalize()),
        lambda patient: written(patient, system=patient["patient.system"].replace("urn", "URN")),
        lambda patient: written(patient, system="urn:example:another-register"),
    ],
)
def test_a_child_whose_identifier_is_written_otherwise_gets_no_second_episode_unasked(
    coordinator: Browser, patient: dict[str, str], otherwise: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    first = fill_in(coordinator, NEW, **patient).headers["location"]
    asked = fill_in(coordinator, NEW, **otherwise(patient))
    assert asked.status_code == 409
    assert "Is it the same child?" in text_of(asked.text)
    assert f"“{patient['patient.value']}” in the register {patient['patient.system']}" in text_of(asked.text)
    assert f'href="{first}"' in asked.text
    found = fill_in(coordinator, "/find", **otherwise(patient))
    assert "No episode of this patient here" in found.text
    assert f'href="{first}"' in found.text

    # Two children may differ in nothing else: whoever says so goes on.
    said = {"another_child": " ".join(otherwise(patient).values())}
    assert f'value="{said["another_child"]}" form="opening"' in asked.text
    second = fill_in(coordinator, NEW, asked.text, **said)
    assert second.status_code == 303
    assert second.headers["location"] != first


def test_what_was_said_of_one_child_does_not_count_for_the_next(
    coordinator: Browser, patient: dict[str, str]
) -> None:
    fill_in(coordinator, NEW, **patient)
    other = written(patient, value=patient["patient.value"].upper())
    asked = fill_in(coordinator, NEW, **other, another_child="urn:example:mrn somebody-else")
    assert asked.status_code == 409


def test_the_register_of_the_site_is_offered_and_typed_by_nobody(
    pages: Service, sign_in: SignIn, patient: dict[str, str]
) -> None:
    coordinator = sign_in("coordinator", site="west")
    assert standing(coordinator.open(NEW), NEW)["patient.system"] == ""
    assert fill_in(coordinator, NEW, **patient).status_code == 303
    for address in (NEW, "/find"):
        page = coordinator.open(address)
        assert standing(page, address)["patient.system"] == "urn:example:mrn"
        assert '<option value="urn:example:mrn"></option>' in page
    fill_in(coordinator, NEW, **patient | {"patient.system": "urn:example:trial"})
    page = coordinator.open("/find")
    assert '<option value="urn:example:trial"></option>' not in page
    fill_in(
        coordinator,
        NEW,
        **patient | {"patient.system": "urn:example:trial", "patient.value": "trial-7"},
    )
    page = coordinator.open("/find")
    assert '<option value="urn:example:trial"></option>' in page
    assert standing(page, "/find")["patient.system"] == ""


def test_who_may_not_know_who_patients_are_is_told_no_register(
    coordinator: Browser, sign_in: SignIn, patient: dict[str, str]
) -> None:
    fill_in(coordinator, NEW, **patient)
    page = sign_in("auditor", subject="auditor").open("/find")
    assert "<option" not in page


def test_a_wrong_child_in_the_opening_is_helped_where_it_is_met(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    episode = fill_in(coordinator, NEW, **patient).headers["location"]
    listed = coordinator.open(f"{episode}/record")
    assert "an episode of the wrong child is ended by" in text_of(listed)
    assert f'href="{episode}/record/episode_closed"' in listed
    opening = pages.get(f"/v1{episode}/history").json()["entries"][0]["entry"]
    told = coordinator.open(f"{episode}/record/event_corrected?entry={opening}", status=422)
    assert "because it was opened in error, and another one is opened" in text_of(told)


def test_the_same_form_sent_twice_opens_one_episode(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    page = coordinator.open(NEW)
    first, second = (fill_in(coordinator, NEW, page, **patient) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"patient.value": ""}, "patient.value"),
        ({"opened_on": ""}, "opened_on"),
        ({"opened_on": "2999-01-01"}, "opened_on"),
        ({"age_months": "four"}, "age_months"),
        ({"patient.system": ""}, "patient.system"),
        ({"gd2_measured.percent": "40"}, "gd2_measured.status"),
        (
            {"gd2_measured.status": "positive", "consent_recorded.scope": "car_t"},
            "consent_recorded.given",
        ),
        (
            {"cns_status_recorded.status": "suspected", "cns_status_recorded.occurred_on": "2999-01-01"},
            "cns_status_recorded.occurred_on",
        ),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(
    coordinator: Browser, patient: dict[str, str], typed: dict[str, str], field: str
) -> None:
    sent = patient | typed
    answer = fill_in(coordinator, NEW, **sent)
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    kept = standing(answer.text, NEW)
    assert {name: kept[name] for name in sent} == sent


def test_a_patients_episodes_are_found_by_the_identifier(
    pages: Service, coordinator: Browser, patient: dict[str, str]
) -> None:
    episode = fill_in(coordinator, NEW, **patient).headers["location"]
    answer = fill_in(coordinator, "/find", **patient)
    assert answer.status_code == 200
    assert f'href="{episode}"' in answer.text
    assert patient["patient.value"] not in str(answer.url)
    found = pages.get(f"/v1/audit?episode={episode.rpartition('/')[2]}", role="auditor", subject="auditor")
    assert "find_episodes_of_a_patient" in [each["operation"] for each in found.json()["records"]]


def test_who_has_no_episode_is_not_found(coordinator: Browser, patient: dict[str, str]) -> None:
    answer = fill_in(coordinator, "/find", **patient)
    assert "No episode of this patient here" in answer.text
    assert 'href="/episodes/new"' in answer.text


def test_episodes_of_another_site_are_not_found(
    coordinator: Browser, patient: dict[str, str], sign_in: SignIn
) -> None:
    fill_in(coordinator, NEW, **patient)
    answer = fill_in(sign_in("coordinator", site="south"), "/find", **patient)
    assert "No episode of this patient here" in answer.text


def test_what_cannot_be_looked_for_is_told_beside_its_field(coordinator: Browser) -> None:
    answer = fill_in(coordinator, "/find", **{"patient.system": "urn:example:mrn"})
    assert answer.status_code == 422
    assert 'id="patient.value-fault"' in answer.text
    assert "Give the identifier." in answer.text


def test_both_are_linked_from_the_worklist_for_those_who_may(coordinator: Browser, sign_in: SignIn) -> None:
    page = coordinator.open("/")
    assert 'href="/find"' in page
    assert f'href="{NEW}"' in page
    auditor = sign_in("auditor", subject="auditor")
    page = auditor.open("/")
    assert 'href="/find"' in page
    assert f'href="{NEW}"' not in page
    auditor.open(NEW, status=403)


@pytest.mark.parametrize("letters", ["ß" * 120, "İ" * 120, "ŉ" * 64])
def test_letters_that_are_two_when_written_large_make_no_other_identifier(letters: str) -> None:
    asked = PatientIdentifier(system="urn:example:mrn", value=letters)
    assert all(len(each.value) <= len(letters) * 2 for each in written_otherwise(asked, ["urn:other"]))
