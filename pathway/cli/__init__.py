"""The same use cases at a terminal: `pathway --help` is the way in."""

from __future__ import annotations

from pathway.cli.commands import app, main

__all__ = ["app", "main"]
