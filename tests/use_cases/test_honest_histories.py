"""Nobody is accused who touched nothing: random histories with everything that honestly happens to a record."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from pathway.use_cases.back_up import back_up, restore
from pathway.use_cases.erase_patient import erase_patient
from pathway.use_cases.installation import Installation
from pathway.use_cases.permissions import NEEDS, Operation
from pathway.use_cases.record_events import record_events
from pathway.use_cases.verify import Finding, verify_site
from tests import random_events
from tests.tampering import SITE, Hospital, Record
from tests.use_cases.honest import in_file, on_server
from tests.use_cases.journeys import BASELINE, Child

TOGETHER = 5
"""Histories that are recorded before the record is verified."""

TODAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ERASES = frozenset({NEEDS[Operation.ERASE_A_PATIENT]})
Make = Callable[[], Record]


@st.composite
def histories(draw: st.DrawFn) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the child was well when its episode was opened, and what was told afterwards."""
    events = draw(st.lists(random_events.facts(TODAY.date()), min_size=1, max_size=8))
    return draw(st.booleans()), events


HAPPENINGS = ("restart", "erase a patient", "replace the key", "restore the latest backup", "two workers")


@dataclass
class Going:
    """A hospital on a record that is moved, restarted, and given other keys."""

    make: Make
    record: Record = field(init=False)
    side: Hospital = field(init=False)
    keys: list[str] = field(default_factory=list)
    children: list[tuple[str, Child]] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    backups: int = 0

    def __post_init__(self) -> None:
        self.record = self.make()
        self.replace_the_key()

    @property
    def installation(self) -> Installation:
        return self.side.installation

    def start(self) -> None:
        keys = {"signing_key": SecretStr(self.keys[-1]), "former_log_keys": " ".join(reversed(self.former))}
        self.side = Hospital.of(self.record, TODAY, **keys)

    def stop(self) -> None:
        self.installation.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def replace_the_key(self) -> None:
        if self.keys:
            self.former.append(self.side.notary.verifier_key)
            self.stop()
        self.keys.append(base64.b64encode(bytes([len(self.keys)] * 32)).decode())
        self.start()

    def restore_the_latest_backup(self) -> None:
        """The database is lost, and put into another from a backup made after the last write."""
        self.backups += 1
        archive = self.record.folder / f"backup-{self.backups}.zip"
        back_up(self.installation.settings, self.installation.engines, TODAY, archive)
        checkpoints = self.record.folder / "checkpoints"
        checkpoints.mkdir(exist_ok=True)
        self.stop()
        self.record = self.make()
        (self.record.folder / "checkpoints").symlink_to(checkpoints.resolve(), target_is_directory=True)
        self.start()
        restore(self.installation.engines, archive)

    def erase_a_patient(self) -> None:
        if self.children:
            value, _ = self.children.pop()
            body = {"patient": {"system": "urn:mrn", "value": value}, "reason": "Asked for by the family."}
            self.side.ask(erase_patient, body=body, subject="operator", scopes=ERASES)

    def two_workers(self) -> None:
        for holder in ("one", "another"):
            self.side.notary.attest(SITE, holder)

    def go_on(self, happening: str) -> None:
        {
            "restart": self.restart,
            "erase a patient": self.erase_a_patient,
            "replace the key": self.replace_the_key,
            "restore the latest backup": self.restore_the_latest_backup,
            "two workers": self.two_workers,
        }[happening]()

    def live(self, well: bool, events: list[dict[str, Any]], draw: Callable[..., Any]) -> None:
        """One history, some of it corrected and retracted."""
        value = f"mrn-{len(self.children)}-{self.backups}-{len(self.keys)}-{id(events)}"
        child = Child.opened(self.side, value, *(BASELINE if well else BASELINE[:1]))
        self.children.append((value, child))
        entries = []
        for event in events:
            answer = self.side.ask(record_events, child.episode, body=event)
            entries += [each["entry"] for each in answer.document.get("entries", ())]
        for entry in draw(st.lists(st.sampled_from(entries or ["none"]), max_size=2)):
            if draw(st.booleans()):
                child.tell("event_retracted", entry=entry, reason="wrong_patient")
            else:
                put = draw(random_events.facts(TODAY.date() - timedelta(days=1)))
                child.tell("event_corrected", entry=entry, replacement=put)

    def findings(self) -> list[Finding]:
        notary = self.side.notary
        notary.attest(SITE)
        report = verify_site(self.installation, notary, SITE)
        assert report.derived == report.entries > 0
        return report.findings


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes empty records."""
    if request.param == "sqlite":
        return lambda: in_file(tmp_path_factory.mktemp("honest"))
    databases, new = request.getfixturevalue("postgres"), request.getfixturevalue("new_postgres")
    return lambda: on_server(tmp_path_factory.mktemp("honest"), databases, new())


@pytest.mark.shows("G5")
@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(4, id="quick", marks=pytest.mark.quick),
        pytest.param(100, id="full", marks=pytest.mark.full),
    ],
)
def test_an_honest_record_is_never_accused(
    make: Make, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    alarms: list[Finding] = []
    told = 0

    @settings(
        max_examples=rounds, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
    )
    @given(st.data())
    def live(data: st.DataObject) -> None:
        nonlocal told
        going = Going(make)
        try:
            for number in range(TOGETHER):
                going.live(*data.draw(histories()), data.draw)
                if number % 2:
                    going.go_on(data.draw(st.sampled_from(HAPPENINGS)))
            alarms.extend(going.findings())
            told += TOGETHER
        finally:
            going.stop()
            going.record.drop()

    live()
    record_property("honest histories", told)
    record_property("false alarms", len(alarms))
    assert alarms == []
    assert told >= rounds * TOGETHER
