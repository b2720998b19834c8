"""The commands on one screen: which there are, in what order, and what `pathway --help` teaches."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Final

import typer

from pathway.cli import (
    auditing,
    doctor,
    keeping,
    pathways,
    patients,
    proving,
    reading,
    replay,
    response,
    running,
    writing,
)
from pathway.cli.faults import Commands
from pathway.cli.terminal import say

SESSION: Final = (
    "A session:",
    "$ export PATHWAY_ENV=development",
    "$ pathway demo --once",
    "$ pathway worklist",
    "$ EPISODE=$(pathway open --patient 'urn:example:mrn|4711' --risk-group high --quiet)",
    "$ pathway record $EPISODE --kind progression_evidence_recorded pattern=metastatic confirmed=true",
    "$ pathway next $EPISODE --option start_chemoimmunotherapy",
    "$ pathway record $EPISODE --kind fitness_recorded lansky=90",
    "$ pathway record $EPISODE --kind consent_recorded given=true",
    "$ pathway decide $EPISODE start_chemoimmunotherapy --reason 'Agreed at the tumour board.'",
    "$ pathway history $EPISODE",
    (
        "Exit codes: 0 done; 1 refused, or a check found something; 2 the command or a setting was not understood; "
        "3 the database or the service is not available; 4 a fault of pathway itself; 130 interrupted."
    ),
    (
        "Commands act on the database that PATHWAY_DATABASE_URL names (sqlite:///var/pathway.db unless set), in the "
        "name of whoever is logged in to this machine unless --as says otherwise. `pathway doctor` shows what is in "
        "force."
    ),
)

app: Final = typer.Typer(
    cls=Commands,
    name="pathway",
    help="Walk each child with relapsed or refractory high-risk neuroblastoma along a published treatment pathway: "
    "record what happened, read what should come next and why, decide, and keep the history.",
    epilog="\n\n".join(SESSION),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"pathway {version('pathway')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Nothing is done here: the help of the application stands above."""


_EPISODES: Final = "Episodes"
app.command("open", rich_help_panel=_EPISODES)(writing.open_episode)
app.command("record", rich_help_panel=_EPISODES)(writing.record)
app.command("next", rich_help_panel=_EPISODES)(reading.following)
app.command("decide", rich_help_panel=_EPISODES)(writing.decide)
app.command("review", rich_help_panel=_EPISODES)(writing.review)
app.command("history", rich_help_panel=_EPISODES)(reading.history)
app.command("worklist", rich_help_panel=_EPISODES)(reading.worklist)

_AUDIT: Final = "Audit"
app.command("audit", rich_help_panel=_AUDIT)(auditing.audit)
app.command("verify", rich_help_panel=_AUDIT)(proving.verify)
app.command("proof", rich_help_panel=_AUDIT)(proving.proof)
app.add_typer(proving.app, name="checkpoints", rich_help_panel=_AUDIT)

_PATHWAYS: Final = "Pathways"
app.command("inrc", rich_help_panel=_PATHWAYS)(response.inrc)
app.command("replay", rich_help_panel=_PATHWAYS)(replay.replay)
app.add_typer(pathways.app, name="pathways", rich_help_panel=_PATHWAYS)

_RUNNING: Final = "Running the service"
app.command("demo", rich_help_panel=_RUNNING)(running.demo)
app.command("serve", rich_help_panel=_RUNNING)(running.serve)
app.command("migrate", rich_help_panel=_RUNNING)(running.migrate)
app.command("backup", rich_help_panel=_RUNNING)(keeping.backup)
app.command("restore", rich_help_panel=_RUNNING)(keeping.restore)
app.command("erase", rich_help_panel=_RUNNING)(patients.erase)
app.command("hold", rich_help_panel=_RUNNING)(patients.hold)
app.add_typer(patients.keys, name="keys", rich_help_panel=_RUNNING)
app.command("doctor", rich_help_panel=_RUNNING)(doctor.doctor)
app.command("worker", rich_help_panel=_RUNNING)(proving.worker)
app.command("token", rich_help_panel=_RUNNING)(running.token)


def main() -> None:
    """Runs `pathway`."""
    app()
