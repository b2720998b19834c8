"""Walks published courses through the HTTP service and tells how the two agree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from pathway.cli.terminal import Code, Json, Stop, print_document, progress_on_stderr, say

if TYPE_CHECKING:
    import httpx2

    from pathway.use_cases.comparison import CaseReplay
    from pathway.use_cases.published_cases import Case

SITE: Final = "replay"
PERSON: Final = "published-case"


def replay(
    cases: Annotated[
        list[Path], typer.Argument(metavar="CASE.json...", help="The case files.", show_default=False)
    ],
    url: Annotated[
        str | None,
        typer.Option(
            envvar="PATHWAY_URL", help="A running service; needs PATHWAY_TOKEN. Without it one is started."
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="PATHWAY_TOKEN", help="A bearer token for --url.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Post published courses through the HTTP service, and compare what it says with what the clinicians chose.

    Without --url a service is started for this on a database of its own, which is thrown away afterwards.
    """
    from pathway.use_cases.replay import as_json as concordance
    from pathway.use_cases.replay import as_table, load_case

    read = [load_case(path) for path in cases]
    if url is None:
        with own_service() as client:
            replays = walked(read, client)
    else:
        if token is None:
            raise Stop(Code.USAGE, "--url needs a bearer token: set PATHWAY_TOKEN, or give --token.")
        with client_of(url, token) as client:
            replays = walked(read, client)
    if as_json:
        print_document(orjson.dumps(concordance(replays), option=orjson.OPT_NON_STR_KEYS))
    else:
        say(as_table(replays))


def walked(cases: Sequence[Case], client: httpx2.Client) -> list[CaseReplay]:
    """Each case after its replay, with a progress bar on stderr."""
    from pathway.use_cases.replay import replay as walk

    bar = (TextColumn("Replaying {task.description}"), BarColumn(), MofNCompleteColumn())
    replays = []
    with progress_on_stderr(*bar) as progress:
        task = progress.add_task("", total=len(cases))
        for case in cases:
            progress.update(task, description=case.case)
            replays.append(walk(case, client))
            progress.advance(task)
    return replays


@contextmanager
def client_of(url: str, token: str) -> Iterator[httpx2.Client]:
    """Speaks to the service at `url` with this token."""
    import httpx2

    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        yield client


@contextmanager
def own_service() -> Iterator[httpx2.Client]:
    """A service in development, on an empty database of its own, and a client with a token for it."""
    from pathway.cli.server_process import listening, service
    from pathway.cli.server_process import url as url_of
    from pathway.settings import PREFIX, Settings
    from pathway.store.migrate import migrate
    from pathway.use_cases.permissions import Role
    from pathway.use_cases.tokens import issue

    with tempfile.TemporaryDirectory(prefix="pathway-replay-") as folder:
        database = f"sqlite:///{folder}/pathway.db"
        own = Settings.model_construct(database_url=database, env="development")
        migrate(database)
        ours = [name for name in os.environ if name.startswith(PREFIX)]
        environment = {"PATHWAY_DATABASE_URL": database, "PATHWAY_ENV": "development"}
        with (
            listening("127.0.0.1", 0) as listener,
            service(listener, environment, Path(folder) / "service.log", without=ours),
            client_of(url_of(listener), issue(own, Role.COORDINATOR, SITE, PERSON, 24)) as client,
        ):
            yield client
