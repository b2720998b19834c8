"""What a fault looks like at a terminal: a sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

import os
from typing import Any, Final

import typer
from typer._click.exceptions import ClickException
from typer.core import TyperGroup

from pathway.cli.terminal import Code, Stop, refused, screen

TRACEBACK: Final = "PATHWAY_TRACEBACK"


class Commands(TyperGroup):
    """A group of commands whose faults are told in sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(Code.INTERRUPTED) from None
        except Exception as error:
            stop = stop_for(error)
            if stop is None or os.environ.get(TRACEBACK):
                raise
            console = screen(stderr=True)
            console.print(stop.sentence, style="bold red", soft_wrap=True)
            for line in stop.more:
                console.print(f"  {line}", soft_wrap=True)
            raise typer.Exit(stop.code) from None


def stop_for(error: Exception) -> Stop | None:
    """How an exception ends the command; None for those that the command line library tells itself."""
    if isinstance(error, Stop):
        return error
    if isinstance(error, typer.Abort | typer.Exit | ClickException | BrokenPipeError):
        return None
    return _of_ours(error) or Stop(
        Code.FAULT,
        f"This is a fault of pathway itself ({type(error).__name__}), not of what you asked.",
        (f"Set {TRACEBACK}=1 and run it again to see where, and report that.",),
    )


def _of_ours(error: Exception) -> Stop | None:
    import httpx2

    from pathway.episodes.events import EventNotUnderstood
    from pathway.store.engines import StoreError
    from pathway.use_cases.keys import KeyMissing
    from pathway.use_cases.refusals import Refusal
    from pathway.use_cases.replay import CaseNotUnderstood, ReplayRefused
    from pathway.use_cases.tokens import TokenNotIssued

    match error:
        case EventNotUnderstood():
            lines = tuple(f"{pointer or 'the body'}: {detail}" for pointer, detail in error.errors)
            return Stop(Code.REFUSED, "The event was not understood; nothing was recorded.", lines)
        case Refusal():
            errors = [{"pointer": pointer, "detail": detail} for pointer, detail in error.errors]
            return refused(error.outcome, error.detail, {"errors": errors, **error.extra})
        case StoreError():
            return Stop(Code.UNAVAILABLE, f"The database cannot be used: {error}.", _advice())
        case CaseNotUnderstood():
            faults = tuple(f"{pointer or 'the whole file'}: {sentence}" for pointer, sentence in error.faults)
            return Stop(Code.REFUSED, f"{error.path} is no case.", faults)
        case KeyMissing():
            return Stop(Code.USAGE, str(error))
        case ReplayRefused() | TokenNotIssued():
            return Stop(Code.REFUSED, str(error))
        case httpx2.HTTPError():
            return Stop(Code.UNAVAILABLE, f"The service cannot be reached ({type(error).__name__}).")
        case TimeoutError():
            sentence = "The write is still under way; look at the history before writing it again."
            return Stop(Code.UNAVAILABLE, sentence)
        case _:
            return None


def _advice() -> tuple[str, ...]:
    """Whether the database lacks its tables, which is the usual reason."""
    from pathway.cli.terminal import settings
    from pathway.store.engines import StoreError
    from pathway.store.migrate import current, head

    try:
        migrated = current(settings().database_url) == head()
    except (StoreError, Stop, ValueError):
        migrated = True
    if not migrated:
        return ("Its tables are not those of this release: run `pathway migrate`.",)
    return ("`pathway doctor` shows what is in force.",)
