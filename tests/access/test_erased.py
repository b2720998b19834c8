"""Whoever was erased is named by nothing: no replica, file, dump, export, repeated answer or restored backup."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from pathway.proof.verifier import verify_bundle
from pathway.settings import Settings
from pathway.store.engines import open_store
from pathway.store.sealing import IdentifierKey, Sealed
from pathway.store.tables import metadata
from pathway.use_cases import erasures
from pathway.use_cases.back_up import back_up, restore
from pathway.use_cases.find_episodes import find_episodes
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Role, permissions_of
from tests.access.test_canaries import files, of_the_database, unpacked
from tests.api.conftest import PATHWAY, Service, serving
from tests.canaries import WHO, Canaries
from tests.keys import AS_TEXT, SECRET
from tests.owner import owner_of

REASON = "Asked for by the family, in writing."


@dataclass
class Known:
    """A patient known to two replicas of a service, with a backup of the time before anything is erased."""

    replicas: tuple[Service, Service]
    settings: Settings
    folder: Path
    canaries: Canaries
    patient: dict[str, str]
    opening: dict[str, Any]
    episode: str
    bundle: dict[str, Any]
    files_of_the_database: Callable[[], dict[str, bytes]]

    @property
    def request(self) -> dict[str, Any]:
        return {"patient": self.patient, "reason": REASON}

    def kept(self) -> dict[str, Any]:
        """The patient's row."""
        return next(
            row for row in rows(self.settings.database_url, "patient") if row["pseudonym"] == self.pseudonym
        )

    @property
    def pseudonym(self) -> str:
        with owner_of(self.settings.database_url) as engines, engines.read.connect() as connection:
            query = text("SELECT pseudonym FROM episode WHERE episode_id = :episode")
            told: str = connection.scalar(query, {"episode": self.episode.rpartition("/")[2]})
        return told

    def found_by(self, service: Service) -> list[str]:
        answer = service.post("/v1/episodes:find", {"patient": self.patient})
        assert answer.status_code == 200
        return [each["episode"] for each in answer.json()["episodes"]]

    def places(self) -> dict[str, bytes]:
        """Everywhere somebody could look for the patient."""
        first, second = self.replicas
        backup = self.folder / f"backup-{time.monotonic_ns()}.zip"
        saved(self.settings, backup)
        forms = ("application/json", "text/csv", "application/x-ndjson")
        audits = [
            first.get(f"/v1/audit?limit=200{more}", headers={"accept": form}, role="auditor").content
            for form in forms
            for more in ("", f"&episode={self.episode.rpartition('/')[2]}", "&operation=erase_a_patient")
        ]
        again = second.post("/v1/episodes", self.opening, key="the-first-opening")
        return self.files_of_the_database() | {
            "a dump": b"\n".join(
                orjson.dumps(list(map(str, row.values())))
                for table in metadata.sorted_tables
                for row in rows(self.settings.database_url, table.name)
            ),
            "a backup": unpacked(backup),
            "the list of erasures and the checkpoints": files(self.folder / "checkpoints"),
            "the audit records": b"".join(audits),
            "the history": b"".join(
                second.get(f"{self.episode}/history", headers={"accept": form}).content for form in forms
            ),
            "the episode": second.get(self.episode).content,
            "the proof": second.get(f"{self.episode}/proof").content,
            "the worklist": first.get("/v1/worklist?limit=200").content,
            "the answer to the first request, sent again": again.content + str(again.headers).encode(),
            "metrics": first.get("/metrics", role="operator").content,
        }


def rows(url: str, table: str) -> list[dict[str, Any]]:
    with owner_of(url) as engines, engines.read.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]


def saved(settings: Settings, to: Path) -> Path:
    with closing(open_store(settings.database_url)) as engines:
        back_up(settings, engines, datetime.now(UTC), to)
    return to


@pytest.fixture
def known(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Known]:
    settings = Settings(
        env="development",
        database_url=database_url,
        identifier_key=SecretStr(AS_TEXT),
        checkpoints=tmp_path / "checkpoints",
    )
    canaries = Canaries()
    patient = {"system": "urn:example:mrn", "value": canaries.new(WHO, "the patient")}
    opening = {"pathway": PATHWAY, "patient": patient, "opened_on": "2026-01-05"}
    with ExitStack() as stack:
        first, second = (stack.enter_context(serving(settings)) for _ in range(2))
        opened = first.post("/v1/episodes", opening, key="the-first-opening")
        assert opened.status_code == 201
        episode = opened.headers["location"]
        note = {"kind": "note_added", "occurred_on": "2026-01-06", "text": "Seen.", "patient": patient}
        assert second.record(episode, note).status_code == 201
        saved(settings, tmp_path / "before.zip")
        yield Known(
            (first, second),
            settings,
            tmp_path,
            canaries,
            patient,
            opening,
            episode,
            second.get(f"{episode}/proof").json(),
            lambda: of_the_database(database_url, lambda: request.getfixturevalue("postgres")),
        )


def ways_back(kept: dict[str, Any]) -> list[bytes]:
    """What, with the key of the installation, names the patient again."""
    return [str(kept[name]).encode() for name in ("lookup", "sealed", "wrapped_key") if kept[name]]


@pytest.mark.shows("G10", "R-097", "C-28", "T-33", "T-34")
def test_whoever_was_erased_is_named_by_nothing(
    known: Known, record_property: Callable[[str, object], None]
) -> None:
    first, second = known.replicas
    before = known.kept()
    seal = Sealed(*(before[name] for name in ("lookup", "sealed", "wrapped_key", "key_id")))
    key = IdentifierKey(SECRET)
    assert key.unseal("north", known.pseudonym, seal)[1] == known.patient["value"]
    assert known.found_by(first) == known.found_by(second) != []

    started = time.monotonic()
    assert first.post("/v1/patients:erase", known.request, role="operator").status_code == 200
    seconds = time.monotonic() - started

    # No replica finds the patient, and what was answered before brings nobody back.
    assert known.found_by(first) == known.found_by(second) == []
    again = second.post("/v1/episodes", known.opening, key="the-first-opening")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.headers["location"] == known.episode
    assert known.found_by(second) == []

    places = known.places()
    found = {name for name, place in places.items() if known.canaries.found(place, WHO)}
    # The files of PostgreSQL hold the former row, under the key of the installation, until it is vacuumed.
    sealed = set(places) - ({"the database's files"} if "the database's own log" in places else set())
    found |= {name for name in sealed if any(way in places[name] for way in ways_back(before))}
    record_property("places searched", len(places))
    record_property("identifiers found", len(found))
    record_property("seconds to erase", round(seconds, 3))
    assert found == set()

    # The course is whole, and so is a proof of it from before.
    verified = second.get(f"{known.episode}/verify", role="auditor").json()
    assert verified["holds"] is True
    for bundle in (known.bundle, second.get(f"{known.episode}/proof").json()):
        assert verify_bundle(bundle, verified["key"]).found == ()


@pytest.mark.shows("G10", "R-097", "C-28")
def test_a_backup_from_before_has_the_erasure_done_again(
    known: Known, new_sqlite: Callable[[], str], record_property: Callable[[str, object], None]
) -> None:
    assert known.replicas[0].post("/v1/patients:erase", known.request, role="operator").status_code == 200
    settings = known.settings.model_copy(update={"database_url": new_sqlite()})
    with closing(open_store(settings.database_url)) as engines:
        restore(engines, known.folder / "before.zip")
    assert found_in(settings, known.patient) != [], "the control: before the list is gone through it is back"
    operator = Caller("north", "terminal", "operator", permissions_of([Role.OPERATOR]))
    installation = Installation.open(settings)
    assert erasures.carry_out_again(installation, operator) == 1
    installation.close()
    found = found_in(settings, known.patient)
    left = [row for row in rows(settings.database_url, "patient") if row["sealed"]]
    record_property("places searched", 1)
    record_property("identifiers found", len(found) + len(left))
    assert found == left == []


def found_in(settings: Settings, patient: dict[str, str]) -> list[Any]:
    installation = Installation.open(settings)
    clinician = Caller("north", "ehr", "dr-okafor", permissions_of([Role.CLINICIAN]))
    told = find_episodes(installation, clinician, orjson.dumps({"patient": patient}))
    installation.close()
    episodes: list[Any] = orjson.loads(told)["episodes"]
    return episodes


@pytest.mark.shows("G10", "R-097", "C-28")
def test_a_hold_put_on_at_one_replica_stands_at_the_other(known: Known) -> None:
    first, second = known.replicas
    assert first.post("/v1/patients:hold", known.request, role="operator").status_code == 200
    refused = second.post("/v1/patients:erase", known.request, role="operator")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:pathway:problem:patient_held")
    assert known.found_by(second) != []
    assert second.post("/v1/patients:release", known.request, role="operator").status_code == 200
    assert first.post("/v1/patients:erase", known.request, role="operator").status_code == 200


@pytest.mark.shows("G10", "T-34", control=True)
def test_who_was_not_erased_is_found_and_so_is_an_identifier_left_in_a_file(known: Known) -> None:
    """The same places and the same search, without an erasure."""
    folder = known.folder / "checkpoints" / "north"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "notes.txt").write_text(f"Seen: {known.patient['value']}")
    places = known.places()
    kept = known.kept()
    found = {name for name, place in places.items() if any(way in place for way in ways_back(kept))}
    assert {"a dump", "a backup", "the database's files"} <= found
    named = {name for name, place in places.items() if known.canaries.found(place, WHO)}
    assert named == {"the list of erasures and the checkpoints"}, "in plain text it is nowhere else"
