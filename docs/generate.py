"""Writes the generated pages under docs/, from the sources alone: `make docs`. The tests compare them by diff."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from api.app import openapi_document
from docs.guarantees import page as guarantees_page
from docs.supply_chain import bill_of_materials, soup_page
from pathway.catalogue import CATALOGUE
from pathway.engine.definition import Pathway
from pathway.engine.diagram import drawn
from pathway.engine.page import written
from pathway.engine.response_page import response_written
from pathway.engine.toxicity_page import toxicity_written

FOLDER: Final = Path(__file__).parent
NOTE: Final = "<!-- Generated from the definition by `make docs`: change the definition, not this page. -->"


def documents() -> Mapping[str, Callable[[], str]]:
    """Every generated file, by its path below docs/, with the function that gives its text."""
    found: dict[str, Callable[[], str]] = {"openapi.json": openapi}
    found["sbom.cdx.json"] = bill_of_materials
    found["soup.md"] = soup_page
    found["pathways/response_inrc_2017.md"] = response
    found["pathways/toxicity_of_anti_gd2_antibodies.md"] = toxicity
    for pathway in CATALOGUE:
        found[f"pathways/{pathway.id}.md"] = partial(page, pathway)
        found[f"pathways/{pathway.id}.svg"] = partial(drawn, pathway)
    found["guarantees.md"] = guarantees_page
    return found


def openapi() -> str:
    """The calls, their bodies and their answers."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def page(pathway: Pathway) -> str:
    """The pathway as tables that a clinician can check line by line."""
    return f"{NOTE}\n\n{written(pathway)}"


def response() -> str:
    """The tables by which an assessment is rated."""
    return f"{NOTE}\n\n{response_written()}"


def toxicity() -> str:
    """The tables by which side effects are acted upon."""
    return f"{NOTE}\n\n{toxicity_written()}"


def main() -> None:
    """Write every document, and say which changed."""
    for name, text in documents().items():
        path, made = FOLDER / name, text()
        unchanged = path.exists() and path.read_text(encoding="utf-8") == made
        if not unchanged:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8")
        print(f"docs/{name}: {'unchanged' if unchanged else 'written'}")


if __name__ == "__main__":
    main()
