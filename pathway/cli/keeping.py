"""Backups: everything that is stored in one file, and back into an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from pathway.cli.patients import erase_again
from pathway.cli.terminal import SITE, As, Code, Stop, acting, progress_on_stderr, say, tell_of

if TYPE_CHECKING:
    from pathway.use_cases.archive import Manifest
    from pathway.use_cases.back_up import Progress
    from pathway.use_cases.installation import Installation


def backup(
    file: Annotated[Path, typer.Argument(help="Where the backup is to be; there may be nothing yet.")],
    subject: As = None,
) -> None:
    """Write everything that is stored, of all sites, to one FILE, while the service goes on.

    The file restores into SQLite and into PostgreSQL. No key is in it: without the identifier key nobody is named.
    How far each log has come is signed first, so that what is restored can be told from what is older.
    """
    from pathway.store.walls import sites
    from pathway.use_cases.back_up import back_up

    with acting(SITE, "back_up", subject) as (installation, caller):
        for site in sites(installation.engines):
            tell_of(installation, replace(caller, site_id=site))
            _sign(installation, site)
        with _told(file), _progress("Backing up") as progress:
            now = installation.clock()
            manifest = back_up(installation.settings, installation.engines, now, file, progress)
    say(f"{file} holds {manifest.rows} rows of {_sites(manifest)}, as they were at {manifest.made_at}.")
    say("Keep the identifier key and the signing key in another place: neither is in it.")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup, as `pathway backup` wrote it.")],
    subject: As = None,
) -> None:
    """Put the backup in FILE into the empty database that is in force, which `pathway migrate` makes.

    Ends with 1 when it is older than the last signed checkpoint: then nothing is signed until somebody says why.
    """
    from pathway.use_cases.back_up import restore as put_back

    with acting(SITE, "restore", subject) as (installation, caller):
        with _told(file), _progress("Restoring") as progress:
            manifest = put_back(installation.engines, file, progress)
        say(f"{manifest.rows} rows of {_sites(manifest)} are back, as they were at {manifest.made_at}.")
        sites = [replace(caller, site_id=each.site) for each in manifest.sites]
        for each in sites:
            tell_of(installation, each)
        for each in sites:
            erase_again(installation, each)
        continues = [_continues(installation, each.site_id) for each in sites]
    say("Run `pathway verify` to have every entry looked at.")
    if not all(continues):
        raise typer.Exit(Code.REFUSED)


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with progress_on_stderr(*columns) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Says in a sentence why it could not be. Raises `Stop`."""
    from pathway.use_cases.archive import NoArchive
    from pathway.use_cases.back_up import NotRestored

    try:
        yield
    except NoArchive as reason:
        raise Stop(Code.REFUSED, f"{file} is no backup that can be restored.", (str(reason),)) from None
    except NotRestored as reason:
        raise Stop(Code.REFUSED, "Nothing was restored.", (str(reason),)) from None
    except FileExistsError:
        raise Stop(Code.REFUSED, f"There is something at {file} already; it was not touched.") from None
    except OSError as error:
        raise Stop(Code.UNAVAILABLE, f"{file} cannot be used: {error.strerror}.") from None


def _sign(installation: Installation, site: str) -> None:
    """Signs how far the log of the site has come, by which an earlier backup is later known to be one."""
    from pathway.use_cases.checkpoints import Notary, NotSigned
    from pathway.use_cases.keys import KeyMissing

    try:
        Notary(installation).attest(site)
    except KeyMissing:
        say(f"{site}: there is no signing key here; a restore is compared with what the service signed last.")
    except NotSigned as reason:
        say(str(reason), style="bold red")


def _continues(installation: Installation, site: str) -> bool:
    """Whether what was restored continues what was signed of the site, said in a sentence."""
    from pathway.use_cases.checkpoints import Notary, NotSigned
    from pathway.use_cases.keys import KeyMissing

    try:
        notary = Notary(installation)
        latest = notary.latest(site)
        notary.attest(site)
    except KeyMissing:
        say(f"{site}: there is no signing key here to compare it with the last checkpoint.")
        return True
    except NotSigned as reason:
        say(str(reason), style="bold red")
        return False
    if latest is None:
        say(f"{site}: no checkpoint is in the folder to compare it with.")
    else:
        say(f"{site}: it continues the last checkpoint, of {latest.checkpoint.size} leaves.")
    return True


def _sites(manifest: Manifest) -> str:
    count = len(manifest.sites)
    return f"{count} site{'' if count == 1 else 's'}"
