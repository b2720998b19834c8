"""The worklist as a calendar: what RFC 5545 asks of it, its days, and that it names nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import httpx2

from tests.api.conftest import Service

TODAY = datetime.now(UTC).date()


def unfolded(answer: httpx2.Response) -> list[str]:
    """The lines as they are meant; each as it was sent has at most 75 octets and ends as it should."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    sent = answer.content.split(b"\r\n")
    assert sent.pop() == b""
    assert all(len(line) <= 75 and b"\n" not in line for line in sent)
    return answer.content.decode().replace("\r\n ", "").split("\r\n")[:-1]


def entries(answer: httpx2.Response) -> list[dict[str, str]]:
    lines = unfolded(answer)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert "VERSION:2.0" in lines
    found: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and name != "END":
            found[-1][name] = value
    return found


def confirmed(service: Service, site: str, value: str) -> str:
    """An episode whose progression was confirmed: treatment has to begin."""
    path = service.open_episode(opened_on=(TODAY - timedelta(days=9)).isoformat(), value=value, site=site)
    evidence = {
        "kind": "progression_evidence_recorded",
        "confirmed": True,
        "setting": "relapse",
        "pattern": "metastatic",
        "occurred_on": (TODAY - timedelta(days=8)).isoformat(),
    }
    assert service.record(path, evidence, site=site).status_code == 201
    return path


def test_each_episode_with_a_date_lasts_as_long_as_its_window(service: Service) -> None:
    site = "calendar"
    path = confirmed(service, site, "child-of-the-calendar")
    due = service.get("/v1/worklist", site=site).json()["items"][0]["due"]
    (entry,) = entries(service.get("/v1/worklist.ics", site=site))
    assert entry["UID"] == f"{path.rpartition('/')[2]}@pathway"
    assert entry["SUMMARY"].casefold() == due["what"].casefold()
    assert entry["DTSTART;VALUE=DATE"] == due["earliest"].replace("-", "")
    day_after = date.fromisoformat(due["latest"]) + timedelta(days=1)
    assert entry["DTEND;VALUE=DATE"] == f"{day_after:%Y%m%d}"
    target = date.fromisoformat(due["target"])
    assert f"Best on {target.day} {target:%b %Y}" in entry["DESCRIPTION"]


def test_it_names_nobody_and_another_site_is_not_in_it(service: Service) -> None:
    confirmed(service, "named", "child-with-a-name")
    pseudonym = service.get("/v1/worklist", site="named").json()["items"][0]["patient"]
    text = service.get("/v1/worklist.ics", site="named").text
    assert "child-with-a-name" not in text
    assert pseudonym not in text
    assert len(entries(service.get("/v1/worklist.ics", site="named"))) == 1
    assert entries(service.get("/v1/worklist.ics", site="nobody")) == []


def test_it_is_narrowed_as_the_worklist_is(service: Service) -> None:
    site = "narrowed"
    confirmed(service, site, "child-to-narrow")
    for narrowed in (
        "kind=overdue",
        "kind=due",
        "kind=review",
        "due_before=2020-01-01",
        "due_before=2999-01-01",
    ):
        listed = service.get(f"/v1/worklist?{narrowed}", site=site).json()["items"]
        assert len(entries(service.get(f"/v1/worklist.ics?{narrowed}", site=site))) == len(listed)
    assert service.get("/v1/worklist.ics?kind=anything", site=site).status_code == 400


def test_its_record_lists_the_episodes_that_stand_in_it(service: Service) -> None:
    site = "recorded-calendar"
    episode = confirmed(service, site, "child-on-record").rpartition("/")[2]
    service.get("/v1/worklist.ics", site=site)
    asked = f"/v1/audit?operation=subscribe_to_the_worklist&episode={episode}"
    assert len(service.get(asked, role="auditor", site=site).json()["records"]) == 1
