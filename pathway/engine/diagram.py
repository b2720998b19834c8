"""The pathway as a picture: its states and the ways between them, drawn from the definition alone."""

from __future__ import annotations

from pathway.engine.definition import Pathway


def drawn(pathway: Pathway) -> str:
    """The pathway as an SVG document."""
    raise NotImplementedError
