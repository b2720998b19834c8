"""Who may do what, cell by cell over real HTTP: every set of roles, every call, at the caller's site and at another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, count
from pathlib import Path
from typing import Any

import pytest

from api.app import openapi_document
from pathway.settings import Settings
from pathway.use_cases import installation, permissions
from pathway.use_cases.permissions import GIVES, NEEDS, Operation, Role, roles_for
from tests.api.conftest import PATHWAY, Service, serving
from tests.api.issuer import Issuer, issuing, production

READERS = "integration coordinator clinician auditor"
EVERYBODY = f"{READERS} pathway_owner operator"
MAY = {
    "open_an_episode": "integration coordinator clinician",
    "record_what_happened": "integration coordinator clinician",
    "decide_on_an_option": "coordinator clinician",
    "sign_a_decision": "clinician",
    "answer_a_review_task": "coordinator clinician",
    "find_episodes_of_a_patient": READERS,
    "read_an_episode": READERS,
    "read_the_history": READERS,
    "compare_what_was_known": READERS,
    "read_the_next_step": READERS,
    "suppose_something_happened": READERS,
    "read_the_worklist": READERS,
    "subscribe_to_the_worklist": READERS,
    "read_the_cohort": "coordinator clinician auditor pathway_owner",
    "prove_an_episode": READERS,
    "verify_an_episode": READERS,
    "read_the_audit_records": "auditor",
    "list_the_pathways": EVERYBODY,
    "describe_a_pathway": EVERYBODY,
    "draw_a_pathway": EVERYBODY,
    "work_out_a_response": EVERYBODY,
    "erase_a_patient": "operator",
    "hold_a_patient": "operator",
    "release_a_patient": "operator",
    "is_ready": "operator",
    "read_metrics": "operator",
}
"""Written out a second time on purpose, by role and not by permission: a change of rights is to be made twice."""

WITHIN = {
    "name_a_patient": "coordinator clinician",
    "state_what_a_person_found": "coordinator clinician",
    "take_back_a_persons_word": "coordinator clinician",
    "override_a_stop": "clinician",
    "take_back_a_stop": "clinician",
}
"""What is done within another operation, and has tests of its own beside those of the operation."""

CALLS = {
    operation["operationId"]: (method, path)
    for path, methods in openapi_document()["paths"].items()
    for method, operation in methods.items()
    if operation["security"]
}
UNKNOWN = "00000000-0000-7000-8000-000000000000"
ENTRY = "00000000-0000-7000-8000-000000000001"
FIT = {"kind": "fitness_recorded", "occurred_on": "2026-01-06", "lansky": 90}
OF_THE_NORTH = {"system": "urn:example:mrn", "value": "of-the-north"}
BODY: dict[str, object] = {
    "record_what_happened": FIT,
    "suppose_something_happened": FIT,
    "decide_on_an_option": {"option": "other", "basis": "0" * 64},
    "sign_a_decision": {"reason": "Because."},
    "answer_a_review_task": {"reason": "Because."},
    "find_episodes_of_a_patient": {"patient": OF_THE_NORTH},
}
_keys = count()
VOLATILE = {"x-request-id", "date", "content-length"}


@dataclass
class Matrix:
    """A service with an episode in the north, and tokens for any roles at any site."""

    service: Service
    issuer: Issuer
    episode: str
    cells: int = 0
    wrong: list[tuple[str, ...]] = field(default_factory=list)

    def ask(self, name: str, roles: Iterable[str], site: str, episode: str) -> Any:
        method, path = CALLS[name]
        place = path.format(episode_id=episode, entry_id=ENTRY, pathway_id=PATHWAY, version=1)
        token = self.issuer.sign(roles=list(roles), site=site)
        headers = {"authorization": f"Bearer {token}"}
        if method == "get":
            return self.service.http.get(place, headers=headers)
        return posted(self.service, place, BODY.get(name, {}), headers)

    def look(self, name: str, roles: tuple[str, ...]) -> None:
        """Two cells: the roles at the episode's own site, and at another."""
        signs = name == "sign_a_decision"
        may = bool(set(roles) & set(MAY[name].split())) and not (signs and "integration" in roles)
        for site in ("north", "south"):
            self.cells += 1
            answer = self.ask(name, roles, site, self.episode)
            if (answer.status_code != 403) != may or answer.status_code >= 500:
                self.wrong.append((name, site, *roles, str(answer.status_code)))
            # The records of the south tell what the south asked for: ids that its callers sent themselves.
            shown = "" if name == "read_the_audit_records" else answer.text.replace(f"/{self.episode}", "")
            if site == "south" and self.episode in shown:
                self.wrong.append((name, site, *roles, "shows the episode"))
            if site == "south" and may and "{episode_id}" in CALLS[name][1]:
                unknown = self.ask(name, roles, site, UNKNOWN)
                if _plain(answer, self.episode) != _plain(unknown, UNKNOWN):
                    self.wrong.append((name, site, *roles, "differs from an unknown one"))


def posted(service: Service, path: str, body: object, headers: dict[str, str]) -> Any:
    return service.http.post(path, json=body, headers={**headers, "idempotency-key": f"key-{next(_keys)}"})


def _plain(answer: Any, episode: str) -> tuple[int, str, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in VOLATILE}
    return answer.status_code, answer.text.replace(episode, "EPISODE"), headers


@pytest.fixture
def matrix(new_sqlite: Callable[[], str], tmp_path: Path) -> Iterator[Matrix]:
    yield from _matrix(new_sqlite(), tmp_path)


def _matrix(url: str, folder: Path) -> Iterator[Matrix]:
    with issuing() as issuer, serving(production(issuer, database_url=url, checkpoints=folder)) as service:
        headers = {"authorization": f"Bearer {issuer.sign()}"}
        body = {"pathway": PATHWAY, "patient": OF_THE_NORTH, "opened_on": "2026-01-05"}
        opened = posted(service, "/v1/episodes", body, headers)
        assert opened.status_code == 201
        yield Matrix(service, issuer, opened.json()["episode"])


def sets_of_roles(sizes: Iterable[int]) -> list[tuple[str, ...]]:
    """Every set of so many roles."""
    roles = [role.value for role in Role]
    return list(chain.from_iterable(combinations(roles, size) for size in sizes))


@pytest.mark.shows("C-33", "T-44")
def test_every_call_has_a_row_in_the_table_and_every_row_a_call_or_a_reason() -> None:
    assert set(CALLS) == set(MAY)
    assert {operation.value for operation in Operation} == MAY.keys() | WITHIN.keys()
    assert set(NEEDS) == set(Operation)
    assert set(GIVES) == set(Role)


@pytest.mark.shows("R-091")
def test_the_table_says_what_was_written_out_by_hand() -> None:
    for name, roles in (MAY | WITHIN).items():
        assert {role.value for role in roles_for(Operation(name))} == set(roles.split()), name


@pytest.mark.shows("G7", "R-091", "C-33", "T-11", "T-14")
@pytest.mark.parametrize(
    ("database", "sizes"),
    [
        pytest.param("sqlite", (0, 1, 2, 6), id="sqlite-quick", marks=pytest.mark.quick),
        pytest.param("postgresql", (0, 1, 5), id="postgresql-quick", marks=pytest.mark.quick),
        pytest.param("sqlite", range(7), id="sqlite-full", marks=pytest.mark.full),
        pytest.param("postgresql", range(7), id="postgresql-full", marks=pytest.mark.full),
    ],
)
def test_every_set_of_roles_may_do_what_the_table_says_at_its_own_site_and_nothing_at_another(
    database: str,
    sizes: Iterable[int],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """In full with every set of roles there is; else each role, few together, and nearly or really all."""
    url = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[database])
    sets = sets_of_roles(sizes)
    for matrix in _matrix(url, tmp_path):
        for roles in sets:
            for name in MAY:
                matrix.look(name, roles)
        assert matrix.wrong == []
        assert matrix.cells == len(sets) * len(MAY) * 2
        record_property("cells", matrix.cells)
        record_property("wrong cells", len(matrix.wrong))


def test_the_short_form_of_it_looks_into_at_least_1500_cells() -> None:
    assert (len(sets_of_roles((0, 1, 2, 6))) + len(sets_of_roles((0, 1, 5)))) * len(MAY) * 2 >= 1_500
    assert len(sets_of_roles(range(7))) == 2 ** len(Role)


@pytest.mark.shows("G7", "C-33", "T-44", control=True)
def test_a_call_that_forgets_to_ask_is_found(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: one operation whose check does nothing."""
    check = installation.Caller.require

    def forgetful(caller: installation.Caller, operation: Operation) -> None:
        if operation is not Operation.READ_THE_WORKLIST:
            check(caller, operation)

    monkeypatch.setattr(installation.Caller, "require", forgetful)
    for role in Role:
        matrix.look("read_the_worklist", (role.value,))
        matrix.look("read_an_episode", (role.value,))
    assert {(name, role) for name, _, role, _ in matrix.wrong} == {
        ("read_the_worklist", "pathway_owner"),
        ("read_the_worklist", "operator"),
    }


@pytest.mark.shows("G7", "C-33", "T-14", control=True)
def test_a_wrong_row_in_the_table_is_found(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an operation that needs another permission than it should."""
    rows = {**NEEDS, Operation.ERASE_A_PATIENT: "events.write"}
    monkeypatch.setattr(permissions, "NEEDS", rows)
    monkeypatch.setattr(installation, "NEEDS", rows)
    for role in Role:
        matrix.look("erase_a_patient", (role.value,))
    assert {role for _, _, role, _ in matrix.wrong} == {"integration", "coordinator", "clinician", "operator"}


@pytest.mark.shows("R-091")
def test_the_description_says_of_each_call_which_permission_it_needs() -> None:
    for methods in openapi_document()["paths"].values():
        for described in methods.values():
            if described["security"]:
                needed = NEEDS[Operation(described["operationId"])]
                assert described["security"] == [{"bearer": [needed]}]


def test_an_issuers_other_roles_give_nothing(new_sqlite: Callable[[], str]) -> None:
    with issuing() as issuer:
        settings: Settings = production(issuer, database_url=new_sqlite())
        with serving(settings) as service:
            token = issuer.sign(roles=["janitor", "Clinician", "clinician "])
            answer = service.http.get("/v1/pathways", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 403
