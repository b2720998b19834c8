"""Episodes at a terminal: opened, recorded, decided and read, on a real database."""

from __future__ import annotations

import csv
import getpass
import io
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal, clean_environment

EVIDENCE = {
    "kind": "progression_evidence_recorded",
    "occurred_on": "2025-06-03",
    "pattern": "metastatic",
    "confirmed": True,
}
BASELINE = [
    EVIDENCE,
    {"kind": "gd2_measured", "occurred_on": "2025-06-04", "status": "positive"},
    {"kind": "fitness_recorded", "occurred_on": "2025-06-04", "lansky": 90},
    {"kind": "consent_recorded", "occurred_on": "2025-06-04", "given": True},
]
CYCLES = [
    {"kind": "cycle_started", "occurred_on": "2025-06-09", "line": 1, "cycle": 1},
    {"kind": "cycle_completed", "occurred_on": "2025-06-29", "line": 1, "cycle": 1, "delivered": "full"},
    {"kind": "cycle_started", "occurred_on": "2025-06-30", "line": 1, "cycle": 2},
    {"kind": "cycle_completed", "occurred_on": "2025-07-20", "line": 1, "cycle": 2, "delivered": "full"},
]

AGREED = ("--reason", "Agreed with the family; the label is documented.")


@pytest.fixture
def assessed(terminal: Terminal) -> str:
    """An episode after two cycles, with stable disease."""
    episode = terminal.open("--risk-group", "high")
    terminal("record", episode, json.dumps({"events": BASELINE}))
    terminal("decide", episode, "start_chemoimmunotherapy", "--on", "2025-06-05", *AGREED)
    terminal("record", episode, json.dumps({"events": CYCLES}))
    ratings = ("components.primary=SD", "components.metastatic=SD", "components.bone_marrow=NI")
    terminal("record", episode, "--kind", "fitness_recorded", "--on", "2025-07-22", "lansky=90")
    terminal("record", episode, "--kind", "assessment_recorded", "--on", "2025-07-22", *ratings)
    return episode


def test_an_episode_is_opened_with_its_patient_and_says_what_is_next(terminal: Terminal) -> None:
    told = terminal("open", "--patient", "urn:example:mrn|4711", "--on", "2025-06-02").stdout
    assert "Opened episode" in told
    assert "Recommended: obtain what is missing" in told
    assert "4711" not in told


def test_a_whole_opening_comes_through_stdin(terminal: Terminal) -> None:
    body = {
        "pathway": "high_risk_neuroblastoma_relapse",
        "patient": {"system": "urn:example:mrn", "value": "4711"},
        "opened_on": "2025-06-03",
        "baseline": [EVIDENCE],
    }
    told = terminal.json("open", "-", stdin=json.dumps(body))
    assert told["state"] == "progression_confirmed"


def test_a_second_open_episode_of_a_patient_is_refused_with_the_first(terminal: Terminal) -> None:
    first = terminal.open()
    told = terminal("open", "--patient", "urn:example:mrn|mrn-1", ends=1)
    assert told.stdout == ""
    assert f"episode: {first}" in told.stderr


@pytest.mark.parametrize("patient", [(), ("--patient", "4711"), ("--patient", "|4711")])
def test_an_opening_without_a_whole_identifier_is_a_fault_of_the_command(
    terminal: Terminal, patient: tuple[str, ...]
) -> None:
    assert "SYSTEM|VALUE" in terminal("open", *patient, ends=2).stderr


@pytest.mark.shows("R-110")
def test_an_event_is_recorded_as_json_as_a_file_through_stdin_and_field_by_field(
    terminal: Terminal, tmp_path: Path
) -> None:
    episode = terminal.open()
    note = {"kind": "note_added", "occurred_on": "2025-06-02"}
    file = tmp_path / "note.json"
    file.write_text(json.dumps(note | {"text": "from a file"}))
    terminal("record", episode, json.dumps(note | {"text": "as it is"}))
    terminal("record", episode, str(file))
    terminal("record", episode, "-", stdin=json.dumps(note | {"text": "from stdin"}))
    terminal("record", episode, "--kind", "note_added", "--on", "2025-06-02", "text=field by field")
    rows = terminal.json("history", episode)["entries"]
    texts = [row["event"].get("text") for row in rows]
    assert texts == [None, "as it is", "from a file", "from stdin", "field by field"]


def test_fields_are_numbers_booleans_and_nested_where_they_look_so(terminal: Terminal) -> None:
    episode = terminal.open()
    fields = ("components.metastatic=CR", "residual.local_control_feasible=true", "residual.sites=2")
    terminal("record", episode, "--kind", "assessment_recorded", "--on", "2025-06-03", *fields)
    (_, row) = terminal.json("history", episode)["entries"]
    assert row["event"]["components"] == {"metastatic": "CR"}
    assert row["event"]["residual"] == {"sites": 2, "local_control_feasible": True}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("{}", "{}"),
        ("{}", "--on", "2025-06-02"),
        ("--kind", "note_added", "text"),
        ("--kind", "note_added", "a=1", "a.b=2"),
        ("--kind", "note_added", "--on", "2.6.2025", "text=x"),
    ],
)
def test_a_record_command_that_is_not_understood_writes_nothing(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    episode = terminal.open()
    terminal("record", episode, *words, ends=2)
    assert len(terminal.json("history", episode)["entries"]) == 1


def test_a_refused_event_says_where_and_what_and_repeats_nothing(terminal: Terminal) -> None:
    episode = terminal.open()
    told = terminal("record", episode, "--kind", "cycle_started", "--on", "2025-06-09", "cycl=4711", ends=1)
    assert "/cycl: This field is not known here." in told.stderr
    assert "4711" not in told.stderr
    assert told.stdout == ""


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(terminal: Terminal) -> None:
    episode = terminal.open()
    told = terminal("record", episode, json.dumps(EVIDENCE), "--dry-run").stdout
    assert "Would be recorded: progression evidence recorded, 2025-06-03." in told
    assert "would then be here: Progression confirmed: planning." in told
    assert len(terminal.json("history", episode)["entries"]) == 1


def test_a_message_that_is_sent_again_is_known_already(terminal: Terminal) -> None:
    episode = terminal.open()
    note = {"kind": "note_added", "occurred_on": "2025-06-02", "text": "seen"}
    message = json.dumps(note | {"source": {"system": "ehr", "message_id": "1"}})
    terminal("record", episode, message)
    assert ": note added." in terminal.read("record", episode, message).partition("Known already as ")[2]


def test_who_decided_is_said_at_the_terminal_and_stands_in_the_history(
    terminal: Terminal, assessed: str
) -> None:
    on = ("continue_chemoimmunotherapy", "--on", "2025-07-22")
    terminal("decide", assessed, *on, "--decided-by", "tumour_board")
    assert "decided by the tumour board" in terminal.read("history", assessed)


@pytest.mark.shows("R-041")
def test_a_late_result_tells_its_impact(terminal: Terminal, assessed: str) -> None:
    terminal("decide", assessed, "continue_chemoimmunotherapy", "--on", "2025-07-22")
    late = terminal(
        "record", assessed, "--kind", "cns_status_recorded", "--on", "2025-07-21", "status=new_disease"
    ).stdout
    assert "On 22 Jul 2025 the next step would have been" in late
    assert (
        "The decision of 22 Jul 2025 (continue chemoimmunotherapy) was recommended and would now be blocked."
        in late
    )


def test_an_unexpected_cycle_is_kept_and_said_to_be_unexpected(terminal: Terminal) -> None:
    episode = terminal.open()
    told = terminal("record", episode, json.dumps(CYCLES[0])).stdout
    assert "It was not expected where the episode stands: it is kept, and moves nothing." in told


@pytest.mark.shows("R-020")
def test_the_next_step_says_what_why_why_not_and_what_would_change_it(
    terminal: Terminal, assessed: str
) -> None:
    told = terminal.read("next", assessed, "--as-of", "2025-07-22")
    for part in (
        "Recommended: give cycle 3 of line 1.",
        "Response at the assessment after cycle 2 of line 1, examined 2025-07-22: SD (Stable disease",
        "makes the overall response SD) NCI PDQ 2025, INRC overall response, stable disease",
        "Row 35: Stable disease before the fourth cycle: continue.",
        "Park 2017, Table 5 (unverified)",
        "(2 cycles counted, limit 6, 2025-07-20)",
        "cycle limit where the regimen gives none",
        "decide on the next step: due, best on 2025-07-29, from 2025-07-22 to 2025-08-05 This project's choice",
        "Local control by surgery or radiotherapy [local_control]",
        "It would open if local control were judged feasible.",
        "The figures behind this are from first relapses",
    ):
        assert part in told


@pytest.mark.shows("C-35")
def test_what_nobody_could_obtain_or_decide_is_not_put_as_advice(terminal: Terminal, assessed: str) -> None:
    told = terminal.read("next", assessed, "--as-of", "2025-07-22")
    openings = [each.partition(".")[0] for each in told.split("It would open if ")[1:]]
    assert openings
    assert not [each for each in openings if "response" in each or "phase" in each or "negative" in each]
    (far,) = (part.partition(".")[0] for part in told.split("obtain or decide opens these: ")[1:])
    assert "start maintenance" in far
    assert "complete workup" not in told
    deep = terminal.read("next", assessed, "--as-of", "2025-07-22", "--option", "start maintenance")
    assert "Nobody brings this about by asking for it, but it would be open" in deep
    assert "if the response in force were CR or NED" in deep


def test_a_family_that_refused_could_still_consent(terminal: Terminal, assessed: str) -> None:
    terminal("record", assessed, "--kind", "consent_recorded", "--on", "2025-07-22", "given=false")
    told = terminal.read("next", assessed, "--as-of", "2025-07-22")
    assert "The pathway recommends nothing here: the tumour board chooses among " in told
    assert "It would open if the family consented to systemic therapy." in told


@pytest.mark.shows("R-020")
def test_one_option_is_explained_in_depth(terminal: Terminal, assessed: str) -> None:
    told = terminal.read("next", assessed, "--as-of", "2025-07-22", "--option", "start_maintenance")
    assert "Blocked." in told
    assert "The table does not offer it here." in told
    assert "true The family has consented to the treatment." in told
    assert "Row 35" in told
    possible = terminal.read("next", assessed, "--as-of", "2025-07-22", "--option", "refer")
    assert "It is possible, but another option is recommended here." in possible
    recommended = terminal(
        "next", assessed, "--as-of", "2025-07-22", "--option", "continue_chemoimmunotherapy"
    ).stdout
    assert "Recommended." in recommended
    told = terminal("next", assessed, "--option", "waiting", ends=2).stderr
    assert "There is no option waiting." in told


@pytest.mark.shows("R-022")
def test_where_nothing_is_recommended_the_tumour_board_is_named(terminal: Terminal, assessed: str) -> None:
    terminal("record", assessed, "--kind", "fitness_recorded", "--on", "2025-07-22", "lansky=30")
    told = terminal.read("next", assessed, "--as-of", "2025-07-22")
    assert "The pathway recommends nothing here: the tumour board chooses among " in told


def test_a_response_that_no_longer_counts_says_so_beside_it(terminal: Terminal, assessed: str) -> None:
    told = terminal.read("next", assessed, "--as-of", "2025-12-01")
    assert "examined 2025-07-22: SD" in told
    assert "On this day it counts as NE (examined more than 28 days ago, 2025-07-22)." in told


def test_a_progression_confirmed_after_an_assessment_stands_beside_its_response(
    terminal: Terminal, assessed: str
) -> None:
    later = EVIDENCE | {"occurred_on": "2025-08-20"}
    terminal("record", assessed, json.dumps(later))
    told = terminal.read("next", assessed, "--as-of", "2025-08-21")
    assert "examined 2025-07-22: SD" in told
    assert (
        "2025-08-20: A progression was confirmed on that day or after it: progression counts instead." in told
    )


def under_treatment(terminal: Terminal) -> str:
    """An episode whose line has begun, and no cycle yet."""
    episode = terminal.open("--risk-group", "high")
    terminal("record", episode, json.dumps({"events": BASELINE}))
    detail = '{"regimen": "dinutuximab_beta_irinotecan_temozolomide"}'
    terminal("decide", episode, "start_chemoimmunotherapy", "--on", "2025-06-05", "--detail", detail, *AGREED)
    return episode


@pytest.mark.shows("R-027")
def test_what_is_urgent_stands_under_the_summary_and_after_each_entry(terminal: Terminal) -> None:
    episode = under_treatment(terminal)
    terminal("record", episode, json.dumps(CYCLES[0]))
    leak = ("term=capillary_leak_syndrome", "grade=4", "agent=dinutuximab_beta")
    recorded = terminal.read("record", episode, "--kind", "toxicity_recorded", "--on", "2025-06-10", *leak)
    told = terminal.read("next", episode, "--as-of", "2025-06-10")
    assert recorded.index("Now: Give no antibody") < recorded.index("best on")
    assert told.index("Now: Give no antibody") < told.index("Why")
    assert "(unverified)" in told[told.index("Now: Give no antibody") : told.index("Why")]


def test_a_checklist_shows_each_value_its_age_and_its_source(terminal: Terminal) -> None:
    episode = under_treatment(terminal)
    values = ("anc_per_ul=400", "pain_grade=1")
    terminal("record", episode, "--kind", "fitness_recorded", "--on", "2025-06-06", *values)
    told = terminal.read("next", episode, "--as-of", "2025-06-06")
    checklist = told[told.index("Criteria to begin") :]
    assert "not met Neutrophils for the antibody" in checklist
    assert "400 (2025-06-06), counts until 2025-06-09" in checklist
    assert "missing Platelets for the antibody" in checklist
    assert "(unverified)" in checklist


def test_an_assessment_shows_its_ceiling_and_what_contradicts_it(terminal: Terminal) -> None:
    episode = terminal.open()
    terminal("record", episode, json.dumps({"events": BASELINE}))
    assess = ("record", episode, "--kind", "assessment_recorded", "--on", "2025-06-05")
    terminal(*assess, "components.primary=PR", "components.metastatic=NE")
    assert "the best still possible is PR" in terminal.read("next", episode, "--as-of", "2025-06-05")
    rest = ("components.metastatic=SD", "components.bone_marrow=NI", "reported_overall=CR")
    assert "To look at: " in terminal(*assess, "timepoint=second", "components.primary=PR", *rest).stdout
    assert "reported" in terminal.read("next", episode, "--as-of", "2025-06-05")


@pytest.mark.shows("R-042")
def test_what_was_known_yesterday_is_asked_for_in_plain_words(terminal: Terminal, assessed: str) -> None:
    assert (
        terminal("history", assessed, "--known-at", "yesterday").stdout
        == "Nothing of this episode was known then.\n"
    )
    assert (
        "Nothing was known of this episode by then."
        in terminal("next", assessed, "--known-at", "yesterday", ends=1).stderr
    )
    rows = terminal.json("history", assessed, "--known-at", "today")["entries"]
    cut = rows[5]["recorded_at"]
    assert terminal.json("history", assessed, "--known-at", cut)["entries"] == rows[:6]
    assert (
        terminal.json("next", assessed, "--known-at", cut, "--as-of", "2025-06-05")["state"]
        == "chemoimmunotherapy.ready"
    )


@pytest.mark.parametrize("instant", ["2025-06-01T12:00:00", "lately", "2025-13-01", "2025-06-01T99:00:00Z"])
def test_an_instant_without_a_zone_or_meaning_is_refused(terminal: Terminal, instant: str) -> None:
    terminal("history", terminal.open(), "--known-at", instant, ends=2)


def test_the_history_names_who_what_and_what_became_of_it(terminal: Terminal, assessed: str) -> None:
    rows = terminal.json("history", assessed)["entries"]
    note = terminal.json("record", assessed, "--kind", "note_added", "--on", "2025-07-22", "text=mistaken")
    entry = note["entries"][0]["entry"]
    terminal(
        "record",
        assessed,
        "--kind",
        "event_retracted",
        "--on",
        "2025-07-22",
        f"entry={entry}",
        "reason=mistaken",
    )
    told = terminal("history", assessed).stdout
    assert "decision made: start chemoimmunotherapy, which was recommended, because: Agreed with" in told
    assert "assessment recorded: criteria: INRC 2017, primary SD, metastases SD, bone marrow NI" in told
    assert "progression evidence recorded: confirmed, disease: metastatic" in told
    assert "retracted by" in told
    assert {row["actor"] for row in rows} == {getpass.getuser()}
    assert {row["client"] for row in rows} == {f"terminal/{getpass.getuser()}"}


def test_the_history_is_a_table_for_a_spreadsheet(terminal: Terminal, assessed: str) -> None:
    table = list(csv.DictReader(io.StringIO(terminal("history", assessed, "--csv").stdout)))
    assert [row["kind"] for row in table][:2] == ["episode_opened", "progression_evidence_recorded"]
    some = terminal("history", assessed, "--csv", "--from", "2025-07-01", "--to", "2025-07-21").stdout
    assert [row["kind"] for row in csv.DictReader(io.StringIO(some))] == ["cycle_completed"]


def test_a_long_history_is_read_to_its_end(terminal: Terminal) -> None:
    episode = terminal.open()
    note = {"kind": "note_added", "occurred_on": "2025-06-02", "text": "seen"}
    for _ in range(3):
        terminal("record", episode, json.dumps({"events": [note] * 100}))
    assert len(terminal.json("history", episode)["entries"]) == 301


@pytest.mark.shows("R-110")
def test_a_decision_shows_what_it_rests_on_and_is_made_in_the_name_given(
    terminal: Terminal, assessed: str
) -> None:
    told = terminal(
        "decide", assessed, "continue_chemoimmunotherapy", "--on", "2025-07-22", "--as", "dr-okafor"
    ).stdout
    assert "Deciding in: Decision due, as of 2025-07-22" in told
    assert "You choose continue chemoimmunotherapy, which is recommended." in told
    assert "Decided on 2025-07-22: continue chemoimmunotherapy, which was recommended." in told
    assert "The episode is here: Chemoimmunotherapy or another line: ready for the next cycle." in told
    last = terminal.json("history", assessed)["entries"][-1]
    assert (last["actor"], last["client"]) == ("dr-okafor", f"terminal/{getpass.getuser()}")


def test_a_decision_repeats_what_was_answered_with_a_reason(terminal: Terminal) -> None:
    episode = terminal.open("--risk-group", "high")
    terminal("record", episode, json.dumps({"events": BASELINE}))
    told = terminal("decide", episode, "start_chemoimmunotherapy", "--on", "2025-06-05", *AGREED).stdout
    assert "Answered with its reason: off label active progression" in told


@pytest.mark.shows("R-110")
@pytest.mark.parametrize(("answer", "decisions"), [("n", 1), ("y", 2)])
def test_at_a_terminal_one_is_asked_before_a_decision_is_recorded(
    terminal: Terminal, assessed: str, answer: str, decisions: int
) -> None:
    keyboard, screen = pty.openpty()
    words = [
        sys.executable,
        "-m",
        "pathway.cli",
        "decide",
        assessed,
        "continue_chemoimmunotherapy",
        "--on",
        "2025-07-22",
    ]
    environment = clean_environment() | {
        "PATHWAY_DATABASE_URL": os.environ["PATHWAY_DATABASE_URL"],
        "TERM": "dumb",
    }
    with subprocess.Popen(words, stdin=screen, stdout=screen, stderr=screen, env=environment):
        os.close(screen)
        shown = b""
        while b"Record: continue chemoimmunotherapy?" not in shown:
            shown += os.read(keyboard, 4096)
        assert b"Recommended: give cycle 3 of line 1." in shown
        os.write(keyboard, answer.encode() + b"\n")
        with suppress(OSError):  # how Linux says that the other side is gone
            while os.read(keyboard, 4096):
                pass
    os.close(keyboard)
    rows = terminal.json("history", assessed)["entries"]
    assert [row["kind"] for row in rows].count("decision_made") == decisions


def test_a_decision_with_a_basis_that_no_longer_holds_is_refused_with_what_holds_now(
    terminal: Terminal, assessed: str
) -> None:
    read = terminal.json("next", assessed, "--as-of", "2025-07-22")["basis"]
    terminal("record", assessed, "--kind", "intent_recorded", "--on", "2025-07-22", "intent=comfort")
    words = ("decide", assessed, "continue_chemoimmunotherapy", "--on", "2025-07-22", "--basis", read)
    told = terminal(*words, ends=1).stderr
    assert "Look at it again and decide anew." in told
    assert "Now: Recommended: supportive care." in told


@pytest.mark.shows("R-013")
def test_a_deviation_needs_a_reason_and_an_override_a_code(terminal: Terminal, assessed: str) -> None:
    change = ("decide", assessed, "change_line", "--on", "2025-07-22")
    assert "needs a reason" in terminal(*change, ends=1).stderr
    blocked = (
        "decide",
        assessed,
        "start_maintenance",
        "--on",
        "2025-07-22",
        "--reason",
        "The family asks for it.",
    )
    assert "needs a reason with a code" in terminal(*blocked, ends=1).stderr
    coded = terminal.json(*blocked, "--reason-code", "does-not-align-preferences")
    assert coded["offered_as"] == "blocked"


def test_the_detail_of_a_decision_is_json(terminal: Terminal, assessed: str) -> None:
    words = ("decide", assessed, "close", "--on", "2025-07-22", "--reason", "Moved away.", "--detail")
    assert "This is not JSON." in terminal(*words, "closure", ends=2).stderr
    assert terminal.json(*words, '{"closure": "transferred"}')["state"] == "closed"


@pytest.mark.shows("C-11")
def test_the_override_of_a_hard_stop_waits_for_a_second_clinician(terminal: Terminal) -> None:
    episode = terminal.open("--risk-group", "high")
    terminal("record", episode, json.dumps({"events": BASELINE}))
    agents = '{"agents": ["dinutuximab_beta", "temozolomide", "irinotecan"]}'
    terminal("decide", episode, "start_chemoimmunotherapy", "--on", "2025-06-05", "--detail", agents, *AGREED)
    stop = (
        "decide",
        episode,
        "stop_agent",
        "--on",
        "2025-06-06",
        "--detail",
        '{"agents": ["dinutuximab_beta"]}',
    )
    terminal(*stop, "--reason", "Transverse myelitis.")
    on = ("decide", episode, "continue_chemoimmunotherapy", "--on", "2025-06-06")
    with_a_code = (*on, "--reason-code", "recipient-disagrees-evidence", "--detail", agents)
    told = terminal(*with_a_code, "--reason", "Rechallenge under supervision.").stdout
    assert "waits for a second clinician" in told
    assert "dinutuximab beta: The team decided to stop this agent for good." in told


@pytest.mark.shows("R-024")
def test_a_stop_names_its_source_and_says_that_it_was_not_checked(terminal: Terminal) -> None:
    episode = terminal.open("--risk-group", "high")
    terminal("record", episode, json.dumps({"events": BASELINE}))
    agents = '{"agents": ["dinutuximab_beta", "temozolomide", "irinotecan"]}'
    terminal("decide", episode, "start_chemoimmunotherapy", "--on", "2025-06-05", "--detail", agents, *AGREED)
    side_effect = ("term=anaphylaxis", "grade=4", "agent=dinutuximab_beta", "ongoing=false")
    terminal("record", episode, "--kind", "toxicity_recorded", "--on", "2025-06-10", *side_effect)
    told = terminal.read("next", episode, "--as-of", "2025-06-10")
    assert "(unverified)" in told.partition("ends dinutuximab beta for good")[2][:300]
    on = ("decide", episode, "continue_chemoimmunotherapy", "--on", "2025-06-10", "--detail", agents)
    told = terminal.read(*on, "--reason-code", "recipient-disagrees-evidence", *AGREED)
    assert "for good. Qarziba label (EMA), section 4.2, permanent discontinuation (unverified)" in told


def test_the_worklist_is_of_one_site_page_by_page_and_by_kind(terminal: Terminal) -> None:
    episodes = {terminal.open(value=f"mrn-{number}") for number in range(3)}
    terminal("open", "--patient", "urn:example:mrn|9", "--site", "south", "--quiet")
    assert {item["episode"] for item in terminal.json("worklist")["items"]} == episodes
    first = terminal("worklist", "--limit", "2")
    assert "There are more: --cursor" in first.stderr
    cursor = first.stderr.split("--cursor ")[1].strip()
    last = terminal.json("worklist", "--limit", "2", "--cursor", cursor)["items"]
    assert len(last) == 1
    assert "Nothing waits at site east." in terminal("worklist", "--site", "east").stdout
    assert terminal.json("worklist", "--kind", "overdue", "--due-before", "2025-07-01") is not None
    assert "The kinds are" in terminal("worklist", "--kind", "late", ends=1).stderr


@pytest.mark.parametrize("words", [("--site", "north wing"), ("--site", ""), ("--as", "dr\t9")])
def test_a_site_or_a_person_that_no_token_could_name_is_refused(
    terminal: Terminal, words: tuple[str, str]
) -> None:
    told = terminal("open", "--patient", "urn:example:mrn|1", *words, ends=2).stderr
    assert "This cannot be the name of a site or of a person." in told


@pytest.mark.parametrize("known_at", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00"])
def test_an_instant_at_the_end_of_time_is_an_instant(terminal: Terminal, known_at: str) -> None:
    rows = terminal.json("history", terminal.open(), "--known-at", known_at)["entries"]
    assert len(rows) == (0 if known_at.startswith("0001") else 1)


@pytest.mark.shows("R-034")
def test_the_days_of_a_site_are_counted_in_its_own_zone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "PATHWAY_SITE_TIME_ZONES", '{"east": "Pacific/Kiritimati", "west": "Pacific/Pago_Pago"}'
    )
    days = {
        site: terminal.json("open", "--patient", f"urn:example:mrn|{site}", "--site", site)["opened_on"]
        for site in ("east", "west")
    }
    assert days["west"] < days["east"]


# Review tasks.


def test_a_review_task_is_answered_with_a_sentence_that_the_history_keeps(terminal: Terminal) -> None:
    episode = terminal.open()
    entry = terminal.json(
        "record", episode, "--kind", "cycle_started", "--on", "2025-06-03", "line=1", "cycle=1"
    )["entries"][0]["entry"]
    assert terminal.json("worklist", "--kind", "review")["items"][0]["reviews"] == 1
    wrong = terminal("review", episode, episode, "--because", "Looked at.", ends=1)
    assert "No review task is open under this id." in wrong.stderr
    assert "is answered" in terminal.read("review", episode, entry, "--because", "Decided on the ward.")
    assert terminal.json("worklist", "--kind", "review")["items"] == []
    assert "Decided on the ward" in terminal.read("history", episode)
