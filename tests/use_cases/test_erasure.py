"""Who a patient was is erased for good: nobody finds it again, and the course stays, verifiable."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from sqlalchemy import text

from pathway.proof.chain import check
from pathway.store.sealing import IdentifierKey, Sealed
from pathway.store.tables import metadata
from pathway.use_cases import erasures
from pathway.use_cases.erase_patient import erase_patient
from pathway.use_cases.find_episodes import find_episodes
from pathway.use_cases.hold_patient import hold_patient, release_patient
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.open_episode import open_episode
from pathway.use_cases.permissions import GIVES, NEEDS, Operation, Role
from pathway.use_cases.read_history import read_history
from tests.keys import SECRET
from tests.owner import owner_of
from tests.postgres import as_owner
from tests.sides import PATHWAY, Answer, Clock, Side
from tests.use_cases.journeys import Child

CANARY = "canary-0815-4711"
PATIENT = {"system": "urn:mrn", "value": CANARY}
MAY = frozenset({NEEDS[Operation.ERASE_A_PATIENT]})


@pytest.fixture
def side(database_url: str, tmp_path: Path) -> Iterator[Side]:
    side = Side(database_url, "north", Clock(), checkpoints=tmp_path / "checkpoints")
    yield side
    side.stop()


@pytest.fixture
def child(side: Side) -> Child:
    return Child.opened(side, CANARY)


def asked(side: Side, use_case: Any, patient: dict[str, str] = PATIENT, **more: Any) -> Answer:
    side.clock.pass_days(0.001)  # so that audit records have an order
    body = {"patient": patient, "reason": "Asked for by the family, in writing."}
    return side.ask(use_case, body=body | more.pop("body", {}), subject="operator", scopes=MAY, **more)


def erased(side: Side, **more: Any) -> Answer:
    answer = asked(side, erase_patient, **more)
    assert answer.outcome == "erased", answer
    return answer


def found(side: Side) -> list[Any]:
    told = find_episodes(side.installation, side.caller(), json.dumps({"patient": PATIENT}).encode())
    episodes: list[Any] = json.loads(told)["episodes"]
    return episodes


def patient_row(child: Child) -> dict[str, Any]:
    pseudonym = child.side.summary(child.episode).pseudonym
    with owner_of(child.side.url) as owner, owner.read.connect() as connection:
        query = text("SELECT * FROM patient WHERE pseudonym = :pseudonym")
        return dict(connection.execute(query, {"pseudonym": pseudonym}).mappings().one())


def audit_bodies(side: Side) -> list[dict[str, Any]]:
    with owner_of(side.url) as owner, owner.read.connect() as connection:
        return [
            json.loads(body) for body in connection.scalars(text("SELECT body FROM audit ORDER BY audit_id"))
        ]


# What an erasure does.


def test_a_patient_who_was_erased_is_found_by_nobody_and_leaves_a_tombstone(side: Side, child: Child) -> None:
    assert [each["episode"] for each in found(side)] == [child.episode]
    before = patient_row(child)
    answer = erased(side)
    assert answer.document["episodes"] == [child.episode]
    assert found(side) == []
    row = patient_row(child)
    assert row["pseudonym"] == before["pseudonym"]
    assert [row[name] for name in ("lookup", "sealed", "wrapped_key", "key_id")] == [None] * 4
    assert row["erased_at"] is not None
    assert row["erased_by"] == "operator"


@pytest.mark.shows("R-097")
def test_the_course_stays_readable_and_its_chain_whole(side: Side, child: Child) -> None:
    child.tell("gd2_measured", status="partial")
    before = side.entries(child.episode)
    erased(side)
    assert side.entries(child.episode) == before
    assert check([entry.body for entry in before], [entry.hash for entry in before]) is None
    told = read_history(side.installation, side.caller(), child.episode, None, None, None, None, 200)
    assert b"gd2_measured" in json.dumps(told, default=str).encode()
    assert child.tell("gd2_measured", status="negative").outcome == "recorded"


def test_an_event_that_names_the_patient_is_refused_from_then_on(side: Side, child: Child) -> None:
    assert child.tell("gd2_measured", status="partial", patient=PATIENT).outcome == "recorded"
    erased(side)
    assert child.tell("gd2_measured", status="negative", patient=PATIENT).outcome == "another_patient"


def test_who_comes_again_is_somebody_new(side: Side, child: Child) -> None:
    erased(side)
    opening = {"pathway": PATHWAY, "patient": PATIENT, "opened_on": "2026-02-01"}
    again = side.ask(open_episode, body=opening)
    assert again.outcome == "created"
    assert side.summary(again.document["episode"]).pseudonym != side.summary(child.episode).pseudonym
    assert [each["episode"] for each in found(side)] == [again.document["episode"]]
    assert erased(side).document["episodes"] == [again.document["episode"]]


def test_it_leaves_one_audit_record_with_who_and_why_and_what(side: Side, child: Child) -> None:
    erased(side)
    record = audit_bodies(side)[-1]
    assert (record["subject"], record["outcome"]) == ("operator", "erased")
    assert record["reason"] == "Asked for by the family, in writing."
    assert record["shown"] == [child.episode]


def test_erasing_twice_is_refused_and_the_same_request_gets_the_same_answer(side: Side, child: Child) -> None:
    first = erased(side, key="the-same")
    again = asked(side, erase_patient, key="the-same")
    assert (again.text, again.replayed) == (first.text, True)
    assert asked(side, erase_patient).outcome == "unknown_patient"


@pytest.mark.shows("T-13")
def test_another_sites_patient_is_not_erased(side: Side, child: Child) -> None:
    other = Side(side.url, "south", side.clock, checkpoints=side.checkpoints)
    assert asked(other, erase_patient).outcome == "unknown_patient"
    other.stop()
    assert len(found(side)) == 1


@pytest.mark.shows("C-28")
def test_only_who_may_erase_does(side: Side, child: Child) -> None:
    body = {"patient": PATIENT, "reason": "because"}
    for use_case in (erase_patient, hold_patient, release_patient):
        assert side.ask(use_case, body=body).outcome == "not_permitted"
    assert len(found(side)) == 1


@pytest.mark.shows("T-18")
def test_a_reason_that_names_the_patient_is_refused_without_being_repeated(side: Side, child: Child) -> None:
    for use_case in (erase_patient, hold_patient):
        for written in (CANARY.upper(), CANARY.replace("-", " "), "Canary 08/15-47 11"):
            answer = asked(side, use_case, body={"reason": f"Because {written} asked."})
            assert answer.outcome == "invalid_body"
            assert written not in answer.text.decode()
    assert len(found(side)) == 1


def test_an_erasure_and_what_follows_it_may_wait_in_one_batch(side: Side, child: Child) -> None:
    """Opening, erasing and opening again, all waiting together: each sees what the one before it did."""
    opening = {
        "pathway": PATHWAY,
        "patient": {"system": "urn:mrn", "value": "swift"},
        "opened_on": "2026-02-01",
    }
    body = json.dumps(opening).encode()
    gone = json.dumps({"patient": opening["patient"], "reason": "asked for"}).encode()
    caller, operator = side.caller(), side.caller("operator", MAY)
    told = [
        open_episode(side.installation, caller, body, None, ""),
        hold_patient(side.installation, operator, gone, None, ""),
        erase_patient(side.installation, operator, gone, None, ""),
        release_patient(side.installation, operator, gone, None, ""),
        erase_patient(side.installation, operator, gone, None, ""),
        open_episode(side.installation, caller, body, None, ""),
        erase_patient(side.installation, operator, gone, None, ""),
    ]
    outcomes = [each.result(60).outcome for each in told]
    assert outcomes == ["created", "held", "patient_held", "released", "erased", "created", "erased"]


# Legal hold.


@pytest.mark.shows("G10", "R-097", "C-28")
def test_a_hold_blocks_an_erasure_until_it_is_released(side: Side, child: Child) -> None:
    assert asked(side, release_patient).outcome == "patient_not_held"
    held = asked(side, hold_patient)
    assert held.outcome == "held"
    refused = asked(side, erase_patient)
    assert refused.outcome == "patient_held"
    assert "2026-03-02" in refused.document["detail"]
    assert asked(side, hold_patient).outcome == "patient_held"
    assert len(found(side)) == 1
    assert asked(side, release_patient).outcome == "released"
    erased(side)
    told = [(record["outcome"], record["reason"]) for record in audit_bodies(side)[-6:]]
    assert [outcome for outcome, _ in told] == [
        "patient_not_held",
        "held",
        "patient_held",
        "patient_held",
        "released",
        "erased",
    ]
    assert all(reason for _, reason in told)


# Nothing is left.


@pytest.fixture
def everywhere(side: Side) -> Callable[[], bytes]:
    """Everything the database holds, as bytes: its files, or a dump of its tables; and what can be exported."""

    def dumped() -> bytes:
        whole = io.BytesIO()
        if side.installation.engines.dialect == "sqlite":
            file = Path(side.url.removeprefix("sqlite:///"))
            for path in sorted(file.parent.glob(f"{file.name}*")):
                whole.write(path.read_bytes())
            with sqlite3.connect(file) as connection:
                whole.write("\n".join(connection.iterdump()).encode())
        else:
            with (
                psycopg.connect(as_owner(side.url).replace("+psycopg", "")) as postgres,
                postgres.cursor() as cursor,
            ):
                for table in metadata.sorted_tables:
                    with cursor.copy(f"COPY {table.name} TO STDOUT") as copy:
                        whole.write(b"".join(bytes(piece) for piece in copy))
        return whole.getvalue()

    return dumped


def traces(child: Child) -> dict[str, bytes]:
    """Everything by which the identifier could be had again: in plain text, sealed, its key wrapped and bare."""
    row = patient_row(child)
    kept = Sealed(*(row[name] for name in ("lookup", "sealed", "wrapped_key", "key_id")))
    key = IdentifierKey(SECRET)
    assert key.unseal(child.side.site, row["pseudonym"], kept) == ("urn:mrn", CANARY)
    bare = key._own(child.side.site, row["pseudonym"], kept)
    return {
        "the identifier": CANARY.encode(),
        "its index": kept.lookup.encode(),
        "its seal": kept.sealed.encode(),
        "its wrapped key": kept.wrapped_key.encode(),
        "the wrapped key's bytes": base64.b64decode(kept.wrapped_key),
        "its key": bare,
        "its key in hexadecimal": bare.hex().encode(),
        "its key in base64": base64.b64encode(bare),
    }


@pytest.mark.shows("G10", "R-097", "T-33", "T-34")
def test_after_an_erasure_no_trace_is_left(
    side: Side,
    child: Child,
    everywhere: Callable[[], bytes],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(5):
        Child.opened(side, f"somebody-{number}")
    child.tell("gd2_measured", status="partial", patient=PATIENT)
    sought = traces(child)
    before = everywhere()
    there = [name for name, trace in sought.items() if trace in before]
    assert there == ["its index", "its seal", "its wrapped key"]  # the search finds what is there to be found
    erased(side, key="kept")
    asked(side, erase_patient, key="kept")
    after = everywhere()
    assert [name for name, trace in sought.items() if trace in after] == []
    printed = "".join(capfd.readouterr()) + caplog.text
    exported = json.dumps(audit_bodies(side)) + str(
        read_history(side.installation, side.caller(), child.episode, None, None, None, None, 200)
    )
    for name, trace in sought.items():
        assert trace.decode("latin-1") not in printed + exported, name


@pytest.mark.shows("T-12")
def test_the_digest_of_a_request_does_not_tell_whom_it_named(side: Side) -> None:
    """Whoever has the database alone cannot try all identifiers on what was kept for repeated requests."""
    opening = {"pathway": PATHWAY, "patient": PATIENT, "opened_on": "2026-02-01"}
    side.ask(open_episode, body=opening, key="k")
    with owner_of(side.url) as owner, owner.read.connect() as connection:
        (kept,) = connection.scalars(text("SELECT request_digest FROM answer")).all()
    computable = hashlib.sha256(
        repr((open_episode.__module__, (), orjson.dumps(opening))).encode()
    ).hexdigest()
    assert kept != computable
    assert kept == IdentifierKey(SECRET).blinded(side.site, computable)


# The list outside the database.


def test_each_erasure_stands_in_the_list_outside_by_its_pseudonym_alone(side: Side, child: Child) -> None:
    pseudonym = side.summary(child.episode).pseudonym
    path = erasures.list_of(side.installation.settings, side.site)
    before = erasures.listed(path)
    erased(side)
    assert erasures.listed(path) == [*before, pseudonym]
    assert CANARY not in path.read_text()
    erasures.keep_list(side.installation, side.site)
    assert erasures.listed(path) == [*before, pseudonym]


def test_where_the_list_cannot_be_kept_the_erasure_is_not_acknowledged_until_it_is(
    side: Side, child: Child
) -> None:
    path = erasures.list_of(side.installation.settings, side.site)
    path.mkdir(parents=True)
    body = json.dumps({"patient": PATIENT, "reason": "asked for"}).encode()
    operator = side.caller("operator", MAY)
    with pytest.raises(Exception, match="send it again"):
        erase_patient(side.installation, operator, body, "k", "d").result(60)
    path.rmdir()
    assert erase_patient(side.installation, operator, body, "k", "d").result(60).outcome == "erased"
    assert erasures.listed(path) == [side.summary(child.episode).pseudonym]


@pytest.mark.shows("G10", "R-097", "C-28")
def test_a_restored_backup_has_its_erasures_carried_out_again(side: Side, child: Child) -> None:
    """The row as the backup had it is put back, with a hold that was released before the erasure."""
    other = Child.opened(side, "another-child")
    kept = patient_row(child)
    erased(side)
    columns = [name for name in kept if name not in ("site_id", "pseudonym")]
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    with owner_of(side.url) as owner, owner.write.begin() as connection:
        connection.execute(
            text(f"UPDATE patient SET {changes} WHERE pseudonym = :pseudonym"),
            {name: kept[name] for name in [*columns, "pseudonym"]} | {"held_because": "a dispute"},
        )
    side.clock.pass_days(1)
    assert len(found(side)) == 1  # as a restored backup would show it
    assert erasures.carry_out_again(side.installation, side.caller("operator", MAY)) == 1
    assert found(side) == []
    record = audit_bodies(side)[-1]
    assert (record["operation"], record["shown"]) == ("erase_again_after_a_restore", [child.episode])
    assert erasures.carry_out_again(side.installation, side.caller("operator", MAY)) == 0
    assert side.summary(other.episode).is_open


def test_nobody_is_told_any_more_who_it_was(child: Child) -> None:
    side, pseudonym = child.side, child.side.summary(child.episode).pseudonym
    treating = side.caller("dr-adeyemi", GIVES[Role.CLINICIAN])
    assert name_patients(side.installation, treating, [pseudonym])[pseudonym].value == CANARY
    erased(side)
    assert name_patients(side.installation, treating, [pseudonym]) == {}
