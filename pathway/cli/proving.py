"""What lets anybody check the record: verification, proofs that travel, and signed checkpoints."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from pathway.cli.faults import Commands
from pathway.cli.terminal import (
    SITE,
    As,
    Code,
    Episode,
    Json,
    Site,
    Stop,
    acting,
    print_document,
    progress_on_stderr,
    say,
    tell_of,
)

if TYPE_CHECKING:
    from pathway.use_cases.checkpoints import Notary
    from pathway.use_cases.installation import Installation
    from pathway.use_cases.verify import Report

app: Final = typer.Typer(
    cls=Commands, help="Look at signed checkpoints, and answer for a log that was restored."
)
SHOWN_FINDINGS: Final = 50
OnlySite = Annotated[
    str | None,
    typer.Option("--site", envvar="PATHWAY_SITE", help="Only this site; all of them, unless said."),
]


def verify(
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="[BUNDLE]", help="A proof to verify offline, as `pathway proof` writes it."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The public key of the log, for a bundle; ask a person for it.")
    ] = None,
    episode: Annotated[str | None, typer.Option(help="Only this episode of the site.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out deriving every recommendation again.")
    ] = False,
    as_json: Json = False,
    site: OnlySite = None,
    subject: As = None,
) -> None:
    """Verify the record: chains, log, checkpoints, and every recommendation. Ends with 1 when something was touched.

    With BUNDLE and --key a proof is verified that somebody sent: no database, no service and no setting is needed.
    """
    if bundle is not None:
        _verify_bundle(bundle, key, as_json=as_json)
        return
    from pathway.use_cases.verify import verify_episode, verify_site

    with acting(site or SITE, "verify_the_record", subject) as (installation, caller):
        notary = notary_of(installation)
        if episode is not None:
            reports = [verify_episode(installation, notary, caller, episode)]
        else:
            sites = [site] if site else notary.log.sites()
            reports = [
                _with_progress(
                    installation,
                    each,
                    lambda told, each=each: verify_site(
                        installation, notary, each, derive=not quick, progress=told
                    ),
                )
                for each in sites
            ]
        for each in reports:
            tell_of(installation, replace(caller, site_id=each.site), episode)
        public = notary.verifier_key
    if as_json:
        told = {"holds": all(each.holds for each in reports), "key": public}
        print_document(orjson.dumps({**told, "sites": [each.as_dict() for each in reports]}))
    else:
        for each in reports:
            _show(each)
        if not reports:
            say("Nothing has been recorded yet.")
        say(f"The log is signed with {public}", style="dim")
    if not all(each.holds for each in reports):
        raise typer.Exit(Code.REFUSED)


def proof(episode: Episode, site: Site = SITE, subject: As = None) -> None:
    """Print the proof of one episode, a bundle which `pathway verify BUNDLE --key ...` checks anywhere."""
    from pathway.use_cases.prove_episode import prove_episode

    with acting(site, "prove_an_episode", subject) as (installation, caller):
        document = prove_episode(installation, notary_of(installation), caller, episode)
        tell_of(installation, caller, episode)
    print_document(document)


def worker(
    once: Annotated[bool, typer.Option("--once", help="One round over the sites, then end.")] = False,
) -> None:
    """Integrate and sign the logs of all sites, again and again. The service does this by itself.

    Run it where the service does not hold the signing key. Several may run: each log is taken further by one.
    """
    from pathway.use_cases.checkpoints import CheckpointWorker

    with acting(SITE, "sign_a_checkpoint") as (installation, _):
        notary = notary_of(installation)
        seconds = installation.settings.checkpoint_seconds
        rounds = CheckpointWorker(notary, seconds, _say_unsigned)
        rounds.attest_all(leased=not once)
        if once:
            return
        say(f"Signing every {seconds} s with {notary.verifier_key}; Ctrl-C ends it.")
        while True:
            time.sleep(seconds)
            rounds.attest_all()


def _say_unsigned(site: str) -> None:
    say(f"Site {site} is not signed further: `pathway checkpoints show --site {site}` says why.")


@app.command()
def show(as_json: Json = False, site: Site = SITE) -> None:
    """Sign how far the log of a site has come, and show the checkpoint; print it, and it lies outside of everything."""
    from pathway.use_cases.checkpoints import NotSigned

    with acting(site, "sign_a_checkpoint") as (installation, caller):
        notary = notary_of(installation)
        try:
            kept = notary.attest(site)
        except NotSigned as reason:
            raise Stop(Code.REFUSED, str(reason)) from None
        tell_of(installation, caller)
        answered = [f"{each.at} by {each.by}: {each.because}" for each in notary.answered(site)]
    if as_json:
        note = kept.note if kept else None
        print_document(orjson.dumps({"checkpoint": note, "key": notary.verifier_key, "answered": answered}))
        return
    sys.stdout.write(kept.note + "\n" if kept else f"Nothing has been recorded at site {site} yet.\n")
    say(f"Public key: {notary.verifier_key}")
    for each in answered:
        say(f"The log was continued from another state, {each}")


@app.command()
def accept(
    because: Annotated[str, typer.Option(help="What happened, and why the log is right as it is.")],
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Answer for a log that does not continue what was signed, as after a restore; checkpoints then begin anew."""
    with acting(site, "accept_another_log", subject) as (installation, caller):
        kept = notary_of(installation).accept(caller, because)
    say(
        f"A new series of checkpoints has begun at {kept.checkpoint.size if kept else 0} leaves; the old one is kept."
    )


def notary_of(installation: Installation) -> Notary:
    """What signs for this installation. Raises `Stop` without a key to sign with."""
    from pathway.use_cases.checkpoints import Notary
    from pathway.use_cases.keys import KeyMissing

    try:
        return Notary(installation)
    except KeyMissing as reason:
        raise Stop(Code.USAGE, str(reason)) from None


def _with_progress(installation: Installation, site: str, work: Any) -> Report:
    from pathway.store.whole_site import WholeSite

    total = sum(WholeSite(installation.engines, site).counts())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with progress_on_stderr(*columns) as bar:
        task = bar.add_task(f"Verifying site {site}", total=total)
        report: Report = work(lambda records: bar.advance(task, records))
        return report


def _verify_bundle(bundle: Path, key: str | None, *, as_json: bool) -> None:
    from pathway.proof.verifier import NotVerifiable, read_bundle, verify_bundle

    if key is None:
        hint = "It looks like pathway+1f0b2c3d+AbC...; ask the hospital for it, not the server."
        raise Stop(Code.USAGE, "A bundle is verified with the public key of its log: give --key.", (hint,))
    try:
        verified = verify_bundle(read_bundle(bundle.read_bytes()), key)
    except OSError:
        raise Stop(Code.USAGE, f"{bundle} cannot be read.") from None
    except NotVerifiable as reason:
        raise Stop(Code.REFUSED, str(reason)) from None
    if as_json:
        told = {"holds": not verified.found, "sentences": list(verified.sentences())}
        print_document(orjson.dumps(told))
    else:
        for sentence in verified.sentences():
            say(sentence)
    if verified.found:
        raise typer.Exit(Code.REFUSED)


def _show(report: Report) -> None:
    for sentence in report.sentences():
        say(sentence, style=None if report.holds else "bold red")
    for each in report.findings[:SHOWN_FINDINGS]:
        where = f"Episode {each.episode}" if each.episode else f"Site {each.site}"
        where += f", entry {each.entry}" if each.entry else ""
        say(f"  {where}: {each.sentence}")
    if len(report.findings) > SHOWN_FINDINGS:
        sys.stderr.write(f"... and {len(report.findings) - SHOWN_FINDINGS} more; --json has them all.\n")
