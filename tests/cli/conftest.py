"""The command line on a real, fresh SQLite file: in this process where that is enough, else as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pathway.cli import app
from pathway.cli.terminal import Code
from tests.keys import AS_TEXT


@dataclass(frozen=True)
class Terminal:
    """Types commands."""

    folder: Path

    def __call__(self, *words: str, stdin: str | None = None, ends: int = Code.DONE) -> Result:
        """Runs a command and holds that it ends as expected, without a traceback."""
        result = CliRunner().invoke(app, words, input=stdin)
        assert result.exit_code == ends, (result.stdout, result.stderr, result.exception)
        assert "Traceback" not in result.stderr
        return result

    def read(self, *words: str) -> str:
        """What a command tells people, whatever the lines it is broken into."""
        return " ".join(self(*words).stdout.split())

    def json(self, *words: str, stdin: str | None = None) -> Any:
        """What a command prints with --json; nothing else may be on stdout."""
        return json.loads(self(*words, "--json", stdin=stdin).stdout)

    def process(
        self, *words: str, ends: int = Code.DONE, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as a process of its own, in the folder, with only these settings."""
        told = subprocess.run(
            [sys.executable, "-m", "pathway.cli", *words],
            cwd=self.folder,
            env=clean_environment() | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert told.returncode == ends, (told.stdout, told.stderr)
        assert "Traceback" not in told.stderr
        return told

    def open(self, *words: str, value: str = "mrn-1") -> str:
        """Opens an episode and gives its id."""
        patient = f"urn:example:mrn|{value}"
        return self("open", "--patient", patient, "--on", "2025-06-02", "--quiet", *words).stdout.strip()


def clean_environment() -> dict[str, str]:
    """The environment of this process without settings of the service, and with this checkout's sources."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PATHWAY_", "COV_CORE"))
    }
    return kept | {"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"}


@pytest.fixture
def terminal(new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    """A terminal in an empty folder, with a fresh migrated database in force."""
    for name in [name for name in os.environ if name.startswith("PATHWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATHWAY_DATABASE_URL", url := new_sqlite())
    # Beside the database too, where a process in development looks for it.
    monkeypatch.setenv("PATHWAY_IDENTIFIER_KEY", AS_TEXT)
    Path(url.removeprefix("sqlite:///")).with_name("development-identifier-key").write_text(AS_TEXT)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path)
