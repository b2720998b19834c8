"""What people write: an episode opened, what happened, what was decided."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Final

import orjson
import typer
from rich.text import Text

from pathway.cli.terminal import (
    SITE,
    As,
    Episode,
    Json,
    Site,
    acting,
    day,
    named,
    print_document,
    read_document,
    say,
    settled,
    tell_of,
)
from pathway.clinical.terms import DecidedBy, OverrideReason

PATHWAY: Final = "high_risk_neuroblastoma_relapse"
On = Annotated[
    str | None, typer.Option("--on", metavar="DAY", help="When it happened: 2026-03-01, today, yesterday.")
]
Basis = Annotated[str | None, typer.Option("--basis", help="The basis of the recommendation that was read.")]
Document = Annotated[
    str | None, typer.Argument(metavar="[JSON]", help="JSON, the name of a file with it, or - for stdin.")
]


def open_episode(
    document: Document = None,
    patient: Annotated[
        str | None, typer.Option(metavar="SYSTEM|VALUE", help="The patient's identifier.")
    ] = None,
    on: On = None,
    pathway: Annotated[str, typer.Option(help="The pathway.")] = PATHWAY,
    risk_group: Annotated[str | None, typer.Option(help="high or not_high, where known.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the id of the episode alone.")] = False,
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Open an episode for a patient.

    The options suffice for a start; a JSON document (the body of POST /v1/episodes) can also carry a baseline.
    An identifier given as an option can be seen in the list of processes: send real ones through stdin.
    """
    from pathway.cli import shown
    from pathway.use_cases.open_episode import open_episode as use_case

    body = read_document(document) if document else _opening(patient, on, pathway, risk_group, site)
    with acting(site, "open_an_episode", subject) as (installation, caller):
        done = settled(use_case(installation, caller, body, None, ""))
    told = orjson.loads(done.document)
    if as_json:
        print_document(done.document)
    elif quiet:
        say(told["episode"])
    else:
        say(f"Opened episode {told['episode']} at site {site}.", style="bold")
        say(shown.in_brief(told["next_step"]))


def _opening(patient: str | None, on: str | None, pathway: str, risk_group: str | None, site: str) -> bytes:
    system, _, value = (patient or "").partition("|")
    if not (system and value):
        raise typer.BadParameter("Give --patient 'SYSTEM|VALUE', or a JSON document.", param_hint="--patient")
    body: dict[str, Any] = {"pathway": pathway, "patient": {"system": system, "value": value}}
    body["opened_on"] = _on(on, site)
    return orjson.dumps(body | ({"risk_group": risk_group} if risk_group else {}))


def _on(text: str | None, site: str) -> str:
    wanted = day(text or "today", site)
    return wanted.isoformat() if wanted else ""


def record(
    episode: Episode,
    content: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[JSON | NAME=VALUE...]",
            help="JSON, a file with it, - for stdin; or fields, with --kind.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="The kind of event, where its fields are given one by one.")
    ] = None,
    on: On = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would do, and write nothing.")
    ] = False,
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Record what happened: one event, or {"events": [...]}, all or none.

    Short form: pathway record EPISODE --kind assessment_recorded --on 2026-03-01 components.primary=PR
    """
    from pathway.cli import shown
    from pathway.use_cases.record_events import record_events

    body = _event(kind, on, content or [], site) if kind else _whole(content or [], on)
    with acting(site, "record_what_happened", subject) as (installation, caller):
        done = settled(record_events(installation, caller, episode, body, None, "", dry_run=dry_run))
    if as_json:
        print_document(done.document)
        return
    told = orjson.loads(done.document)
    for sentence in _received(told, dry_run=dry_run):
        say(sentence)
    for line in shown.impact(told["impact"]):
        say(line)
    say(shown.in_brief(told["next_step"]))


def _event(kind: str, on: str | None, fields: list[str], site: str) -> bytes:
    event: dict[str, Any] = {"kind": kind, "occurred_on": _on(on, site)}
    return orjson.dumps(with_fields(event, fields))


def with_fields(document: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """The document with fields written NAME=VALUE, where a name may lead inwards: components.primary=PR."""
    for each in fields:
        name, separator, text = each.partition("=")
        if not separator:
            raise typer.BadParameter(f"Each field is written name=value; {each!r} is not.")
        inner = document
        *path, last = name.split(".")
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise typer.BadParameter(f"{name} lies in a field that has a value already.")
        try:
            inner[last] = orjson.loads(text)
        except orjson.JSONDecodeError:
            inner[last] = text
    return document


def _whole(content: list[str], on: str | None) -> bytes:
    if len(content) != 1 or on is not None:
        raise typer.BadParameter("Give one JSON document, or --kind with --on and its fields as name=value.")
    return read_document(content[0])


def _received(told: dict[str, Any], *, dry_run: bool) -> Iterator[str]:
    from pathway.engine.findings import in_words

    for entry in told["entries"]:
        if entry.get("duplicate"):
            yield f"Known already as {entry['entry']}: {in_words(entry['kind'])}."
        elif dry_run:
            yield f"Would be recorded: {in_words(entry['kind'])}, {entry['on']}."
        else:
            yield f"Kept as {entry['entry']}: {in_words(entry['kind'])}, {entry['on']}."
        if entry.get("unexpected"):
            yield "It was not expected where the episode stands: it is kept, and moves nothing."
    if told["moved"]:
        here = told["next_step"]["state_label"]
        yield f"The episode {'would then be' if dry_run else 'is now'} here: {here}."
    if told["flags"]:
        yield f"To look at: {', '.join(map(in_words, told['flags']))}."


def decide(
    episode: Episode,
    option: Annotated[
        str, typer.Argument(help="The option chosen, as `pathway next` names it.", show_default=False)
    ],
    basis: Basis = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="The day it was decided (today).")
    ] = None,
    decided_by: Annotated[
        DecidedBy | None, typer.Option(help="Who decided, where it was not whoever records it.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, in words, where it is not what is recommended.")
    ] = None,
    code: Annotated[
        OverrideReason | None,
        typer.Option("--reason-code", help="Why, as a code; a blocked option needs one."),
    ] = None,
    detail: Annotated[
        str | None, typer.Option(metavar="JSON", help='What exactly, such as {"regimen": "..."}.')
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before recording it.")] = False,
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Record a decision, on the recommendation as it is now unless --basis names the one that was read.

    At a terminal the recommendation is shown and you are asked before anything is recorded.
    """
    from pathway.cli import shown
    from pathway.use_cases.decide import decide as use_case
    from pathway.use_cases.next_step import next_step

    decided_on, option = day(on, site), named(option)
    with acting(site, "decide_on_an_option", subject) as (installation, caller):
        if basis is None:
            told = orjson.loads(next_step(installation, caller, episode, None, decided_on))
            basis = told["basis"]
            if not as_json:
                tell_of(installation, replace(caller, operation="read_the_next_step"), episode)
                _show_basis(told, option)
            if not yes and sys.stdin.isatty() and sys.stdout.isatty():
                typer.confirm(f"Record: {option.replace('_', ' ')}?", abort=True)
        body: dict[str, Any] = {"option": option, "basis": basis}
        if detail is not None:
            body["detail"] = _detail(detail)
        if decided_on is not None:
            body["decided_on"] = decided_on.isoformat()
        if decided_by is not None:
            body["decided_by"] = decided_by
        given = {"code": code, "text": reason}
        if any(given.values()):
            body["reason"] = {name: value for name, value in given.items() if value is not None}
        done = settled(use_case(installation, caller, episode, orjson.dumps(body), None, ""))
    if as_json:
        print_document(done.document)
        return
    told = orjson.loads(done.document)
    for line in _decided(told):
        say(line)
    say(shown.in_brief(told["next_step"]))


def review(
    episode: Episode,
    entry: Annotated[
        str,
        typer.Argument(help="The entry that raised the task, as the history names it.", show_default=False),
    ],
    because: Annotated[str, typer.Option(help="What was found, in a sentence that is kept for ever.")],
    as_json: Json = False,
    site: Site = SITE,
    subject: As = None,
) -> None:
    """Answer a review task: a decision without its facts, a result that contradicts what was decided on it."""
    from pathway.use_cases.resolve_review import resolve_review

    with acting(site, "answer_a_review_task", subject) as (installation, caller):
        body = orjson.dumps({"reason": because})
        done = settled(resolve_review(installation, caller, episode, entry, body, None, ""))
    if as_json:
        print_document(done.document)
    else:
        say("The review task is answered.")


def _decided(told: dict[str, Any]) -> Iterator[Text]:
    from pathway.cli.parts import cited
    from pathway.engine.findings import in_words

    if told["awaiting_second_signature"]:
        waits = f"Entry {told['entry']} waits for a second clinician: this overrides a hard stop."
        yield Text(waits, style="bold yellow")
        for stop in told["stops"]:
            source = f" {cited([stop['because']])}" if "because" in stop else ""
            yield Text(f"  {in_words(stop['agent'])}: {stop['sentence']}").append(source, style="dim")
    else:
        status = told["offered_as"]
        chosen = in_words(told["option"])
        yield Text(f"Decided on {told['decided_on']}: {chosen}, which was {status}.", style="bold")
        yield Text(f"This is entry {told['entry']}.")
    for caution in told["cautions"]:
        found = f"{in_words(caution['caution'])}: {in_words(caution['detail'])}"
        yield Text(f"  Answered with its reason: {found}").append(
            f" {cited([caution['because']])}", style="dim"
        )
    yield Text(f"The episode is here: {told['next_step']['state_label']}.")


def _detail(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise typer.BadParameter("This is not JSON.", param_hint="--detail") from None


def _show_basis(told: dict[str, Any], option: str) -> None:
    known = {each["option"]: each["status"] for each in told["options"]}
    say(Text(f"Deciding in: {told['state_label']}, as of {told['as_of']}", style="dim"))
    say(Text(told["summary"], style="dim"))
    if option in known:
        say(Text(f"You choose {option.replace('_', ' ')}, which is {known[option]}.", style="dim"))
