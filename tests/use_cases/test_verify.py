"""Whatever is touched in the record is found and named; an honest record is never accused."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from pathway.settings import Settings
from pathway.store.migrate import migrate
from pathway.use_cases.checkpoints import Notary, NotSigned
from pathway.use_cases.installation import Installation
from pathway.use_cases.verify import Report, verify_episode, verify_site
from tests.sides import Clock, Side
from tests.tampering import LATER, MUTATIONS, SITE, Record, Touched, hand_in, with_another_definition
from tests.use_cases.journeys import Child, entry_of

EACH = 6
EACH_IN_FULL = 90


@dataclass
class Hospital(Side):
    """A side with the keys of a development installation beside its database."""

    def start(self) -> None:
        settings = Settings(env="development", database_url=self.url, site_time_zones={self.site: self.zone})
        self.installation = Installation.open(settings, self.clock)


def courses(side: Side, notary: Notary, first: int, last: int) -> None:
    """Children whose courses differ: short and long, with late, corrected and retracted facts, and an override."""
    for number in range(first, last):
        child = Child.opened(side, f"mrn-{number}")
        notary.attest(side.site)
        if number % 2:
            child.treated()
            noted = child.tell("note_added", text="seen on the ward")
            child.tell("gd2_measured", ago=30, status="positive")
            child.tell("event_retracted", entry=entry_of(noted), reason="wrong_patient")
        else:
            child.ready_for_cycle()
            measured = child.tell("gd2_measured", status="partial", ago=3)
            corrected = child.told("gd2_measured", status="positive", ago=3)
            child.tell("event_corrected", entry=entry_of(measured), replacement=corrected)
        side.clock.pass_days(1)
        notary.attest(side.site)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record of a few children; beside it, the same some time earlier."""
    record = Record(tmp_path_factory.mktemp("honest"))
    url = f"sqlite:///{record.database}"
    migrate(url)
    side = Hospital(url, SITE, Clock())
    notary = Notary(side.installation)
    courses(side, notary, 0, 3)
    with closing(sqlite3.connect(record.database)) as source, closing(sqlite3.connect(record.older)) as copy:
        source.backup(copy)
    courses(side, notary, 3, 5)
    side.stop()
    return record


def names(report: Report) -> set[tuple[str, int]]:
    return {(each.episode, each.entry) for each in report.findings if each.episode and each.entry}


def after(mutation: str, record: Record, seed: int) -> tuple[Report, Touched]:
    touched = MUTATIONS[mutation](record, random.Random(seed))
    change = with_another_definition if mutation == "definition file changed" else (lambda one: one)
    return record.verified(change), touched


def hunt(honest: Record, folder: Path, mutation: str, times: int) -> None:
    for seed in range(times):
        record = honest.copy(folder / str(seed))
        report, touched = after(mutation, record, seed)
        assert not report.holds, (mutation, seed)
        assert touched.entries & names(report), (mutation, seed, touched, report.findings)
        assert not touched.what or touched.what in {each.what for each in report.findings}


@pytest.mark.shows("R-088")
def test_an_honest_record_holds_and_every_recommendation_is_derived_again(honest: Record) -> None:
    report = honest.verified()
    assert report.findings == []
    assert report.episodes == 5
    assert report.derived == report.entries > 50
    assert report.checkpoints > 5
    assert report.waiting == 0


@pytest.mark.shows("R-088", "C-19", "T-23", "T-24", "T-25")
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_what_was_touched_is_found_and_named(honest: Record, tmp_path: Path, mutation: str) -> None:
    hunt(honest, tmp_path, mutation, EACH)


@pytest.mark.shows("C-19", "T-25", control=True)
def test_without_checkpoints_a_log_that_was_rebuilt_passes_for_honest(honest: Record, tmp_path: Path) -> None:
    """The control: what is kept outside the database is what finds it."""
    record = honest.copy(tmp_path)
    MUTATIONS["tree rebuilt"](record, random.Random(1))
    with record.installation() as installation:
        notary = Notary(installation)
        notary.folder = tmp_path / "nothing"
        report = verify_site(installation, notary, SITE)
    assert report.findings == []


@pytest.mark.shows("T-28")
def test_a_checkpoint_of_another_key_is_told_as_forged(honest: Record, tmp_path: Path) -> None:
    record = honest.copy(tmp_path)
    (record.folder / "development-signing-key").unlink()
    assert {each.what for each in record.verified().findings} == {"checkpoint_forged"}


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
        side = Hospital(f"sqlite:///{record.database}", SITE, Clock(LATER))
        caller = side.caller("operator-lindqvist")
        kept = notary.accept(caller, "The disk failed; the backup of the night before was restored.")
        assert kept is not None
        side.stop()
        report = verify_site(installation, notary, SITE)
        assert report.findings == []
        assert report.checkpoints == 1
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
    side = Hospital(f"sqlite:///{record.database}", SITE, Clock(LATER))
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
    side = Hospital(f"sqlite:///{record.database}", SITE, Clock())
    notary = Notary(side.installation)
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
    import json
    from hashlib import sha256

    record = honest.copy(tmp_path)
    with hand_in(record, random.Random(4)) as hand:
        entry = hand.an_entry(after=2)
        trace = json.loads(entry["recommendation"]) | {"recommended": "start_maintenance"}
        text = json.dumps(trace, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        told = json.loads(entry["body"]) | {"recommendation": sha256(text.encode()).hexdigest()}
        body = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        log = hand.log(entry["episode_id"])
        log[entry["sequence"] - 1] = entry | {"body": body, "recommendation": text}
        hand.write_log(entry["episode_id"], log)
        hand.rebuild_the_tree()
    with record.installation() as installation:
        notary = Notary(installation)
        notary.folder = tmp_path / "nothing"
        report = verify_site(installation, notary, SITE)
    assert [(each.what, each.episode, each.entry) for each in report.findings] == [
        ("derivation_differs", entry["episode_id"], entry["sequence"])
    ]


@pytest.mark.shows("C-19", "T-24")
def test_each_class_of_mutation_is_there() -> None:
    assert len(MUTATIONS) == 12
    assert Counter(MUTATIONS.values()).most_common(1)[0][1] == 1


def test_on_postgresql_an_honest_record_holds_and_an_edited_row_is_named(
    postgres_url: str, tmp_path: Path
) -> None:
    from sqlalchemy import text

    side = Hospital(postgres_url, SITE, Clock())
    notary = Notary(side.installation)
    notary.folder = tmp_path
    courses(side, notary, 0, 2)
    assert verify_site(side.installation, notary, SITE).findings == []
    (first, *_) = side.installation.readers.worklist(SITE, today=side.clock.now.date())
    with side.installation.engines.write.begin() as connection:
        connection.execute(text("ALTER TABLE entry DISABLE TRIGGER entry_append_only"))
        connection.execute(
            text("UPDATE entry SET actor = 'somebody else' WHERE episode_id = :episode AND sequence = 2"),
            {"episode": first.episode_id},
        )
    found = verify_site(side.installation, notary, SITE)
    assert (first.episode_id, 2) in names(found)
    assert {each.what for each in found.findings} == {"columns_differ", "trigger_missing"}
    side.stop()
