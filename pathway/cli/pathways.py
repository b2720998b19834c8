"""The published pathways: which there are, what they say, and whether they keep their promises."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer
from rich.console import Group, RenderableType
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from pathway.cli.faults import Commands
from pathway.cli.terminal import SITE, Code, Json, Stop, acting, print_document, progress_on_stderr, say

if TYPE_CHECKING:
    from pathway.engine.claims import Claim
    from pathway.engine.definition import Pathway
    from pathway.engine.paths import Courses
    from pathway.engine.safety import Checked

app: Final = typer.Typer(
    cls=Commands, help="List, show and check the published pathways.", no_args_is_help=True
)

Name = Annotated[
    str | None, typer.Argument(metavar="[PATHWAY]", help="The pathway; the only one, unless said.")
]
Version = Annotated[int | None, typer.Option("--version", help="The version; the newest, unless said.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the published pathways, each version with the hash of its content."""
    from pathway.use_cases.pathways import list_pathways

    with acting(SITE, "list_the_pathways", on_database=False) as (installation, caller):
        document = list_pathways(installation, caller)
    if as_json:
        print_document(document)
        return
    for each in orjson.loads(document)["pathways"]:
        say(f"{each['id']} version {each['version']}", style="bold")
        say(f"  {each['title']}. {each['summary']}\n  Content {each['content_hash']}")


@app.command()
def show(
    name: Name = None,
    version: Version = None,
    state: Annotated[
        str | None, typer.Option(help="Only the table of this state, such as decision_due.")
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Draw it: SVG on stdout.")] = False,
    as_json: Json = False,
) -> None:
    """Show a pathway as tables: what each state recommends and allows, with sources."""
    from pathway.use_cases.pathways import describe_pathway, draw_pathway

    found = _found(name, version)
    with acting(SITE, "describe_a_pathway", on_database=False) as (installation, caller):
        document = describe_pathway(installation, caller, found.id, found.version)
        drawn = draw_pathway(installation, caller, found.id, found.version) if svg else None
    if drawn is not None or as_json:
        print_document(document if drawn is None else drawn.encode())
        return
    told = orjson.loads(document)
    names = [each["state"] for each in told["states"]]
    if state is not None and state not in names:
        raise Stop(Code.USAGE, f"There is no state {state}.", (f"The states are {', '.join(names)}.",))
    say(f"{told['title']} ({told['id']} version {told['version']})", style="bold")
    say(told["summary"])
    for each in told["states"]:
        if state in (None, each["state"]):
            say(_table(each))


@app.command()
def check(
    name: Name = None,
    version: Version = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name the rows of which the first one wins.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a pathway: its tables over every combination of findings, and every course an episode can take.

    Ends with 1 when something was found.
    """
    from pathway.catalogue import claims_of, courses_of
    from pathway.engine.safety import check as check_pathway

    found = _found(name, version)
    claims, courses = claims_of(found), courses_of(found)
    bar = (TextColumn("Checking every combination and every course"), BarColumn(), TaskProgressColumn())
    began = perf_counter()
    with progress_on_stderr(*bar) as progress:
        task = progress.add_task("", total=1.0)
        checked = check_pathway(found, claims, courses, lambda share: progress.update(task, completed=share))
    if as_json:
        told = {
            "combinations": checked.combinations,
            "cases": checked.cases,
            "overlaps": [dataclasses.asdict(each) for each in checked.overlaps],
            "nodes": checked.explored.nodes,
            "steps": checked.explored.steps,
            "faults": [dataclasses.asdict(fault) for fault in checked.faults],
        }
        print_document(orjson.dumps({"id": found.id, "version": found.version, **told}))
    else:
        say(f"{found.id} version {found.version}", style="bold")
        _say_what_was_checked(checked, claims, courses, verbose=verbose)
        _say_faults(checked)
        say(f"It took {perf_counter() - began:.1f} seconds.")
    if checked.faults:
        raise typer.Exit(Code.REFUSED)


def _say_what_was_checked(
    checked: Checked, claims: Sequence[Claim], courses: Courses, *, verbose: bool
) -> None:
    from pathway.engine.claims import OpenUnknown, Spared

    held = "These were to hold" if checked.faults else "These hold"
    say("\nTables", style="bold")
    say(f"{checked.combinations:,} combinations of findings, which fall into {checked.cases:,} cases.")
    say(f"{held} in every one:")
    _say_each(GENERAL)
    pairs = len(checked.overlaps)
    say(
        f"Read from the top, the first row wins; {pairs:,} pairs of rows match together and recommend otherwise."
    )
    if verbose:
        _say_each(f"{each.state}: row {each.first} before row {each.second}" for each in checked.overlaps)
    by_design = [claim.sentence for claim in claims if isinstance(claim, Spared | OpenUnknown)]
    promised = [claim.sentence for claim in claims if not isinstance(claim, Spared | OpenUnknown)]
    say("\nClaims", style="bold")
    say(f"{held} in every case of the tables:")
    _say_each(dict.fromkeys(promised))
    say("These are exceptions, each made on purpose:")
    _say_each(dict.fromkeys(by_design))
    say("\nCourses", style="bold")
    say(f"{checked.explored.nodes:,} nodes and {checked.explored.steps:,} steps, which is every course.")
    say(f"{held} on every one:")
    _say_each((*ON_COURSES, *(each.sentence for each in courses.properties)))


def _say_each(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        say(f"  {sentence}")


def _say_faults(checked: Checked) -> None:
    say("\nFound", style="bold")
    for fault in checked.faults:
        say(f"Fault in {fault.state or 'the pathway'}: {fault.sentence}", style="red")
        if fault.example:
            example = ", ".join(f"{finding} is {value}" for finding, value in fault.example.items())
            say(f"  For example: {example}.")
        for number, step in enumerate(fault.path, start=1):
            say(f"  {number}. {step}")
    if not checked.faults:
        say("Nothing was found.", style="bold green")


GENERAL: Final = (
    "The definition does not contradict itself.",
    "Every combination reaches a row, and every row is reached.",
    "At most one option is recommended; where none is, there is one to choose, or nothing is due.",
    "No option is open while what it needs is unknown or not true.",
    "No treatment is open because a finding is unknown, but for the exceptions below.",
    "Every state can be reached, and every option is offered somewhere.",
)
ON_COURSES: Final = (
    "From every state, whatever is found, decisions lead on, and in the end to the closure.",
)


def _found(name: str | None, version: int | None) -> Pathway:
    """The pathway that is meant. Raises `Stop`, which lists the published ones."""
    from pathway.catalogue import CATALOGUE

    known = [each for each in CATALOGUE if name in (None, each.id) and version in (None, each.version)]
    if not known or (name is None and len({each.id for each in known}) > 1):
        published = tuple(f"{each.id} version {each.version}" for each in CATALOGUE)
        raise Stop(Code.USAGE, "Say which pathway is meant; these are published:", published)
    return max(known, key=lambda each: each.version)


def _table(state: Mapping[str, Any]) -> RenderableType:
    from pathway.cli.parts import cited
    from pathway.engine.findings import in_words

    table = Table(show_lines=True, expand=True)
    for column, ratio in (("Row", 2), ("When", 8), ("Recommended", 4), ("Possible", 5), ("Sources", 6)):
        table.add_column(column, ratio=ratio, overflow="fold")
    for row in state["table"]:
        first = "left to the tumour board" if row["tumour_board"] else "nothing is due"
        if row["recommended"]:
            first = in_words(row["recommended"]["option"])
        possible = ", ".join(in_words(offer["option"]) for offer in row["possible"])
        table.add_row(row["row"], row["sentence"], first, possible, cited(row["because"]))
    return Group(Text(f"\n{state['label']} ({state['state']})", style="bold"), table)
