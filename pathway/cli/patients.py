"""What operators do about patients' identifiers at a terminal: erase one, hold one, exchange the key to all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from pathway.cli.terminal import (
    SITE,
    As,
    Json,
    Site,
    acting,
    print_document,
    read_document,
    say,
    settled,
)

if TYPE_CHECKING:
    from pathway.use_cases.installation import Caller, Installation

Document = Annotated[
    str | None,
    typer.Argument(metavar="[JSON]", help="The body of the HTTP call, the name of a file with it, or -."),
]
Patient = Annotated[
    str | None,
    typer.Option(
        "--patient",
        metavar="SYSTEM|VALUE",
        help="The patient's identifier, visible in the list of processes: send a real one through stdin.",
    ),
]
Because = Annotated[
    str | None,
    typer.Option("--because", help="The reason, kept for ever: do not say in it who the patient is."),
]
keys = typer.Typer(help="The key under which patients' identifiers are sealed.", no_args_is_help=True)


def erase(
    document: Document = None,
    patient: Patient = None,
    because: Because = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Erase whoever was erased before and came back with a restored database."
        ),
    ] = False,
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Erase who a patient was. Nobody finds the patient again; the course stays, and its proofs hold."""
    from pathway.use_cases.erase_patient import erase_patient

    if again:
        from pathway.use_cases.erasures import AGAIN

        with acting(site, AGAIN, subject) as (installation, caller):
            erase_again(installation, caller)
        return
    told = _changed("erase_a_patient", erase_patient, _body(document, patient, because), site, subject)
    if as_json:
        print_document(told)
        return
    episodes = orjson.loads(told)["episodes"]
    say(f"Erased at site {site}. What stays, and is nobody's: {', '.join(episodes) or 'nothing'}.")
    say("Notes and reasons that somebody wrote stay as they are. Earlier backups still have the identifier:")
    say("`pathway restore` erases it again, `pathway keys rotate` makes it unreadable in them.")


def hold(
    document: Document = None,
    patient: Patient = None,
    because: Because = None,
    release: Annotated[bool, typer.Option("--release", help="Release the hold instead.")] = False,
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Put a legal hold on a patient's data, under which nobody can be erased, or release it."""
    from pathway.use_cases.hold_patient import hold_patient, release_patient

    operation, use_case = (
        ("release_a_patient", release_patient) if release else ("hold_a_patient", hold_patient)
    )
    told = _changed(operation, use_case, _body(document, patient, because), site, subject)
    if as_json:
        print_document(told)
    else:
        say(
            "The hold was released." if release else "Nothing of this patient is erased until it is released."
        )


@keys.command("rotate")
def rotate(subject: As = None) -> None:
    """Wrap every patient's key under PATHWAY_IDENTIFIER_KEY; PATHWAY_IDENTIFIER_KEY_OLD holds the one before.

    Stop the service for it, or start it anew with the new key right after: with the old one it refuses patients.
    """
    from pathway.use_cases.identifier_keys import rotate as use_case

    def told(site: str, changed: int) -> None:
        say(f"{site}: {changed} patients are under the new key." if changed else f"{site}: nothing to do.")

    with acting(SITE, "rotate_the_identifier_key", subject) as (installation, caller):
        use_case(installation, lambda site: replace(caller, site_id=site), told)


def erase_again(installation: Installation, caller: Caller) -> None:
    """Erases at the caller's site whoever was erased before and is there again, and says how many."""
    from pathway.use_cases.erasures import carry_out_again

    count = carry_out_again(installation, caller)
    who = (
        "1 patient who had been erased since was"
        if count == 1
        else f"{count} patients who had been erased since were"
    )
    if count:
        say(f"{caller.site_id}: {who} erased again.")
    else:
        say(f"{caller.site_id}: nobody who had been erased is there again.")


def _body(document: str | None, patient: str | None, because: str | None) -> bytes:
    if document:
        return read_document(document)
    system, _, value = (patient or "").partition("|")
    if not (system and value and because):
        raise typer.BadParameter("Give --patient 'SYSTEM|VALUE' and --because, or a JSON document.")
    body: dict[str, Any] = {"patient": {"system": system, "value": value}, "reason": because}
    return orjson.dumps(body)


def _changed(
    operation: str, use_case: Callable[..., Any], body: bytes, site: str, subject: str | None
) -> bytes:
    with acting(site, operation, subject) as (installation, caller):
        document: bytes = settled(use_case(installation, caller, body, None, "")).document
    return document
