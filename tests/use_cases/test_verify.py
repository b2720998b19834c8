"""The record is verified as a whole and by the episode, also while it goes on; what was signed is never signed over."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from pydantic import SecretStr

from pathway.proof.verifier import read_bundle, verify_bundle
from pathway.store.whole_site import WholeSite
from pathway.use_cases.checkpoints import Notary, NotSigned
from pathway.use_cases.keys import KeyMissing
from pathway.use_cases.prove_episode import prove_episode
from pathway.use_cases.verify import Report, verify_episode, verify_site
from tests.keys import OTHER
from tests.tampering import LATER, MUTATIONS, SITE, Hospital, Record, Touched, text_of
from tests.use_cases.honest import courses, filled, in_file, on_server
from tests.use_cases.journeys import Child


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record of a few children; beside it, the same some time earlier."""
    return filled(in_file(tmp_path_factory.mktemp("honest")))


def names(report: Report) -> set[tuple[str, int]]:
    return {(each.episode, each.entry) for each in report.findings if each.episode and each.entry}


def after(mutation: str, record: Record, seed: int) -> tuple[Report, Touched]:
    touched = MUTATIONS[mutation](record, random.Random(seed))
    return record.verified(), touched


@pytest.mark.shows("G6", "R-088", "C-31")
def test_an_honest_record_holds_and_every_recommendation_is_derived_again(honest: Record) -> None:
    report = honest.verified()
    assert report.findings == []
    assert report.episodes == 5
    assert report.derived == report.entries > 50
    assert report.checkpoints > 5
    assert report.waiting == 0


@pytest.mark.shows("T-28")
def test_a_checkpoint_of_another_key_is_told_as_forged(honest: Record, tmp_path: Path) -> None:
    report = honest.verified(signing_key=SecretStr(OTHER))
    assert {each.what for each in report.findings} == {"checkpoint_forged"}


def test_leaves_beside_a_checkpoint_that_were_touched_accuse_nobody(honest: Record, tmp_path: Path) -> None:
    record = honest.copy(tmp_path)
    kept = sorted((record.folder / "checkpoints" / SITE / "0001").glob("*.leaves"))[1]
    kept.write_text(kept.read_text().replace('"entry"', '"audit"', 1))
    assert record.verified().findings == []


def test_where_no_leaves_were_kept_it_is_told_between_which_checkpoints_it_lies(
    honest: Record, tmp_path: Path
) -> None:
    record = honest.copy(tmp_path)
    for kept in (record.folder / "checkpoints" / SITE / "0001").glob("*.leaves"):
        kept.unlink()
    report, touched = after("tree rebuilt", record, 3)
    assert touched.entries < names(report)
    assert {each.what for each in report.findings} == {"log_rebuilt"}


@pytest.mark.shows("R-089", "C-21", "T-26")
def test_a_restored_older_database_is_not_signed_over_until_somebody_answers_for_it(
    honest: Record, tmp_path: Path
) -> None:
    record = honest.copy(tmp_path)
    MUTATIONS["older backup restored"](record, random.Random(1))
    with record.installation() as installation:
        notary = Notary(installation)
        with pytest.raises(NotSigned, match="an older state of the database was restored"):
            notary.attest(SITE)
        side = Hospital.of(record, LATER)
        caller = side.caller("operator-lindqvist")
        kept = notary.accept(caller, "The disk failed; the backup of the night before was restored.")
        assert kept is not None
        side.stop()
        report = verify_site(installation, notary, SITE)
        assert report.findings == []
        assert report.checkpoints == 1
        assert "by operator-lindqvist: The disk failed" in " ".join(report.sentences())
        (answered,) = notary.answered(SITE)
        assert answered.by == "operator-lindqvist"
        assert answered.left > kept.checkpoint.size
        (record_of_it,) = installation.readers.audits(SITE, operation="accept_another_log")
        assert "The disk failed" in record_of_it.body


@pytest.mark.shows("C-21")
def test_nothing_is_signed_while_the_log_does_not_continue(honest: Record, tmp_path: Path) -> None:
    record = honest.copy(tmp_path)
    MUTATIONS["older backup restored"](record, random.Random(1))
    folder = record.folder / "checkpoints" / SITE / "0001"
    before = sorted(path.name for path in folder.iterdir())
    side = Hospital.of(record, LATER)
    child = Child.opened(side, "mrn-after-the-restore")
    for _ in range(40):
        child.tell("note_added", text="goes on")
    with pytest.raises(NotSigned, match="is another one than was signed"):
        Notary(side.installation).attest(SITE)
    side.stop()
    assert sorted(path.name for path in folder.iterdir()) == before


def test_one_episode_is_verified_by_itself(honest: Record, tmp_path: Path) -> None:
    record = honest.copy(tmp_path)
    touched = MUTATIONS["actor"](record, random.Random(2))
    ((episode, entry),) = touched.entries
    side = Hospital.of(record)
    notary = side.notary
    found = verify_episode(side.installation, notary, side.caller(), episode)
    assert (episode, entry) in names(found)
    others = {
        each.episode_id for each in side.installation.readers.worklist(SITE, today=side.clock.now.date())
    }
    (other, *_) = others - {episode}
    assert verify_episode(side.installation, notary, side.caller(), other).findings == []
    side.stop()


@pytest.mark.shows("T-27")
def test_a_recommendation_forged_before_it_was_sealed_does_not_follow(honest: Record, tmp_path: Path) -> None:
    """Somebody who could sign as the service would still have to make the recommendation follow from the facts."""
    record = honest.copy(tmp_path)
    with record.hand(random.Random(4)) as hand:
        entry = hand.an_entry(after=2)
        trace = text_of(json.loads(entry["recommendation"]) | {"recommended": "start_maintenance"})
        told = json.loads(entry["body"]) | {"recommendation": sha256(trace.encode()).hexdigest()}
        log = hand.log(entry["episode_id"])
        log[entry["sequence"] - 1] = entry | {"body": text_of(told), "recommendation": trace}
        hand.write_log(entry["episode_id"], log)
        hand.rebuild_the_tree()
    report = record.verified(checkpoints=tmp_path / "nothing")
    assert [(each.what, each.episode, each.entry) for each in report.findings] == [
        ("derivation_differs", entry["episode_id"], entry["sequence"])
    ]


@pytest.mark.shows("T-64")
def test_what_was_put_among_the_waiting_before_it_got_its_place_is_compared_too(tmp_path: Path) -> None:
    record = in_file(tmp_path)
    side = Hospital.of(record)
    child = Child.opened(side)
    side.stop()
    with record.hand(random.Random(1)) as hand:
        log = hand.log(child.episode)
        log[1] |= {
            "body": text_of(json.loads(log[1]["body"]) | {"actor": "somebody else"}),
            "actor": "somebody else",
        }
        hand.write_log(child.episode, log)
        for row in hand.rows("SELECT * FROM audit"):
            told = json.loads(row["body"])
            hashes = {each["entry_id"]: each["hash"] for each in hand.log(child.episode)}
            told["entries"] = [each | {"hash": hashes[each["entry"]]} for each in told["entries"]]
            hand.put_record(row, told)
    assert {"leaf_differs"} == {each.what for each in record.verified().findings}


@pytest.mark.shows("G5", "C-14", "T-67")
@pytest.mark.parametrize("what", ["lookup", "sealed, wrapped_key", "gone"])
def test_an_identifier_that_leads_to_another_child_is_found(
    honest: Record, tmp_path: Path, what: str
) -> None:
    """The entries are untouched: whoever looks one child up finds the course of another, or nobody."""
    record = honest.copy(tmp_path)
    with record.hand(random.Random(1)) as hand:
        one, other = hand.rows("SELECT * FROM patient ORDER BY pseudonym LIMIT 2")
        if what == "gone":
            hand.do("DELETE FROM patient WHERE pseudonym = ?", one["pseudonym"])
        else:
            for name in what.split(", "):
                for value, patient in (("between", one), (one[name], other), (other[name], one)):
                    hand.do(f"UPDATE patient SET {name} = ? WHERE pseudonym = ?", value, patient["pseudonym"])
        touched = {
            row["episode_id"]
            for row in hand.rows("SELECT * FROM episode")
            if row["pseudonym"] in (one["pseudonym"], other["pseudonym"])
        }
    report = record.verified()
    found = {each.episode for each in report.findings}
    assert {each.what for each in report.findings} == {
        "patient_missing" if what == "gone" else "patient_altered"
    }
    assert found <= touched
    assert len(found) == (1 if what == "gone" else 2)
    assert report.identifiers == (4 if what == "gone" else 3)


def test_without_the_key_to_identifiers_it_is_told_that_they_were_not_looked_at(
    honest: Record, tmp_path: Path
) -> None:
    record = honest.copy(tmp_path)
    report = record.verified(env="production", identifier_key=None)
    assert report.findings == []
    assert "identifiers were not looked at" in " ".join(report.sentences())


# While the service goes on.


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Record:
    if request.param == "sqlite":
        return in_file(tmp_path)
    return on_server(tmp_path, request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url"))


@contextmanager
def working(record: Record) -> Iterator[tuple[Hospital, list[Child]]]:
    """Somebody records all the while, and a worker signs."""
    side, ended = Hospital.of(record), Event()
    children = [Child.opened(side, f"mrn-{number}") for number in range(3)]

    def write() -> None:
        while not ended.is_set():
            children.append(Child.opened(side, f"mrn-{len(children)}"))
            for child in children[-3:]:
                child.tell("note_added", text="seen on the ward")

    def sign() -> None:
        while not ended.is_set():
            side.notary.attest(SITE)

    threads = [Thread(target=work) for work in (write, sign, sign)]
    for thread in threads:
        thread.start()
    try:
        yield side, children
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        side.stop()


@pytest.mark.shows("G5")
def test_a_record_that_goes_on_meanwhile_is_not_accused(empty: Record) -> None:
    with working(empty) as (side, children), empty.installation() as installation:
        notary, caller = Notary(installation), side.caller()
        for number in range(8):
            assert verify_site(installation, notary, SITE, derive=number % 4 == 0).findings == []
            assert verify_episode(installation, notary, caller, children[-1].episode).findings == []
    report = empty.verified()
    assert report.findings == []
    assert report.episodes == len(children) > 3
    assert report.checkpoints > 1


def verified_while_somebody_records(record: Record) -> Report:
    """At each of its steps the verification has looked at something, and something more is recorded and signed."""
    side = Hospital.of(record)
    child = Child.opened(side)

    def go_on(_records: int) -> None:
        child.tell("note_added", text="seen on the ward")
        side.notary.attest(SITE)

    report = verify_site(side.installation, side.notary, SITE, progress=go_on)
    side.stop()
    return report


def test_what_is_recorded_between_two_looks_is_left_to_the_next_verification(empty: Record) -> None:
    report = verified_while_somebody_records(empty)
    assert report.findings == []
    assert report.since > 0
    assert "recorded meanwhile" in " ".join(report.sentences())
    assert empty.verified().findings == []


@pytest.mark.shows("G5", control=True)
def test_a_verification_that_does_not_look_again_accuses_who_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WholeSite, "hashes", lambda *_: {})
    found = verified_while_somebody_records(in_file(tmp_path)).findings
    assert {each.what for each in found} == {"entry_missing"}


# Keys and series of checkpoints.


@pytest.mark.shows("C-42")
def test_when_the_key_changes_the_last_checkpoint_has_both_signatures_and_all_of_them_stay_good(
    honest: Record, tmp_path: Path
) -> None:
    record = honest.copy(tmp_path)
    with record.installation() as installation:
        before = Notary(installation)
        old, last = before.verifier_key, before.latest(SITE)
    assert last is not None
    changed: dict[str, Any] = {"signing_key": SecretStr(OTHER)}
    with record.installation(**changed) as installation, pytest.raises(NotSigned, match="is not ours"):
        Notary(installation).attest(SITE)
    known = changed | {"former_log_keys": f"{old}\n"}
    with record.installation(**known) as installation:
        notary = Notary(installation)
        side = Hospital.of(record, LATER)
        caller = side.caller()
        side.stop()
        (one, *_) = installation.readers.worklist(SITE, today=LATER.date())
        bundle = read_bundle(prove_episode(installation, notary, caller, one.episode_id))
        for key in (old, notary.verifier_key):
            assert verify_bundle(bundle, key).found == ()
        both = notary.latest(SITE)
        assert both is not None
        assert (both.path, both.key_age) == (last.path, 0)
        assert both.note.startswith(last.note)
        assert len(both.note.splitlines()) == len(last.note.splitlines()) + 1
        assert notary.attest(SITE) == both
        installation.tell_of(caller, "ok").result()
        further = notary.attest(SITE)
        assert further is not None
        assert further.checkpoint.size == both.checkpoint.size + 1
    report = record.verified(**known)
    assert report.findings == []
    assert report.checkpoints > 5

    # Nothing more can be signed with the key that was replaced.
    with record.installation() as installation:
        forged = Notary(installation).signer.sign(further.checkpoint)
    further.path.write_text(forged, encoding="utf-8")
    told = [each.sentence for each in record.verified(**known).findings]
    assert any("signed with a key that had been replaced" in each for each in told)


def test_a_former_key_that_cannot_be_read_is_told(honest: Record) -> None:
    unreadable = pytest.raises(KeyMissing, match="PATHWAY_FORMER_LOG_KEYS")
    with honest.installation(former_log_keys="pathway+0+x") as installation, unreadable:
        Notary(installation)


@pytest.mark.shows("T-63")
def test_a_series_of_checkpoints_that_nobody_answered_for_is_none(honest: Record, tmp_path: Path) -> None:
    record = honest.copy(tmp_path)
    (record.folder / "checkpoints" / SITE / "0002").mkdir()
    with record.installation() as installation, pytest.raises(NotSigned, match="Nobody answered"):
        Notary(installation).attest(SITE)
    assert {each.what for each in record.verified().findings} == {"checkpoint_forged"}


@pytest.mark.shows("C-42", "T-63")
def test_an_operator_who_lost_the_key_answers_for_a_new_series(honest: Record, tmp_path: Path) -> None:
    record = honest.copy(tmp_path)
    lost: dict[str, Any] = {"signing_key": SecretStr(OTHER)}
    with record.installation(**lost) as installation:
        side = Hospital.of(record, LATER)
        kept = Notary(installation).accept(side.caller("operator-lindqvist"), "The key was lost in a move.")
        side.stop()
    assert kept is not None
    assert record.verified(**lost).findings == []


@pytest.mark.shows("T-62")
def test_two_databases_that_go_apart_are_not_both_signed(honest: Record, tmp_path: Path) -> None:
    """A copy is started beside the original, with the same key and the same folder: whoever comes second is told."""
    one, other = honest.copy(tmp_path / "one"), honest.copy(tmp_path / "other")
    shutil.rmtree(other.folder / "checkpoints")
    (other.folder / "checkpoints").symlink_to(one.folder / "checkpoints")
    for record, name in ((one, "mrn-one"), (other, "mrn-other")):
        side = Hospital.of(record, LATER)
        Child.opened(side, name)
        side.stop()
    with one.installation() as installation:
        assert Notary(installation).attest(SITE) is not None
    with other.installation() as installation:
        notary = Notary(installation)
        with pytest.raises(NotSigned, match="is another one than was signed"):
            notary.attest(SITE)
        # Also when both had read what was signed before either signed.
        head = notary.log.head(SITE)
        with pytest.raises(NotSigned, match="two databases are at work"):
            notary._sign(SITE, head, 0)


# Under another engine.


@pytest.mark.shows("G6")
def test_what_another_engine_recommended_is_derived_again_and_told_as_the_same_or_not(tmp_path: Path) -> None:
    record = in_file(tmp_path)
    side = Hospital.of(record)
    side.installation = replace(side.installation, engine="0" * 64)
    courses(side, 0, 1)
    side.stop()
    report = record.verified()
    assert report.findings == []
    assert (report.derived, report.derived_otherwise) == (0, 0)
    assert report.derived_same == report.entries > 5
    assert f"this one makes {report.entries} the same and 0 otherwise" in " ".join(report.sentences())


@pytest.mark.shows("G6", control=True)
def test_another_recommendation_of_another_engine_is_no_fault_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that recommends otherwise, whose traces this one cannot make."""
    from pathway.engine.recommendation import Recommendation

    record, trace = in_file(tmp_path), Recommendation.trace
    side = Hospital.of(record)
    side.installation = replace(side.installation, engine="0" * 64)
    with monkeypatch.context() as older:
        older.setattr(Recommendation, "trace", lambda told: {**trace(told), "recommended": "aspirin"})
        courses(side, 0, 1)
    side.stop()
    report = record.verified()
    assert report.findings == []
    assert report.derived_otherwise == report.entries > 5
