"""`python -m pathway.cli` is `pathway`."""

from __future__ import annotations

from pathway.cli.commands import main

main()
