"""The response by INRC 2017, for whoever wants to check one: no episode, and nothing is kept."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

from pathway.cli.terminal import Json, print_document, read_document, say
from pathway.cli.writing import with_fields


def inrc(
    content: Annotated[
        list[str],
        typer.Argument(
            metavar="JSON | NAME=VALUE...",
            help="JSON, a file with it, - for stdin; or fields.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Work out a response by INRC 2017 and say which rules and which measurements made it.

    Short form: pathway inrc primary=PR metastatic=NI bone_marrow.infiltration_percent.now=4
    """
    from pathway.cli import shown
    from pathway.use_cases.assess_response import assess_response

    by_fields = "=" in content[0] and not content[0].lstrip().startswith("{")
    body = orjson.dumps(with_fields({}, content)) if by_fields else _whole(content)
    document = assess_response(body)
    if as_json:
        print_document(document)
    else:
        say(shown.assessed(orjson.loads(document)))


def _whole(content: list[str]) -> bytes:
    if len(content) != 1:
        raise typer.BadParameter("Give one JSON document, or fields as name=value.")
    return read_document(content[0])
