"""The generated pages say what the sources say: each is made again and compared line by line."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

from docs.generate import FOLDER, documents

WHOLLY_GENERATED = ("pathways",)


@pytest.mark.shows("R-072")
@pytest.mark.parametrize("name", list(documents()))
def test_the_page_is_up_to_date(name: str) -> None:
    path = FOLDER / name
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    difference = list(
        unified_diff(kept.splitlines(), documents()[name]().splitlines(), "kept", "made", lineterm="", n=1)
    )
    assert not difference, f"docs/{name} is out of date, `make docs` writes it:\n" + "\n".join(
        difference[:60]
    )


@pytest.mark.parametrize("folder", WHOLLY_GENERATED)
def test_no_page_is_left_over(folder: str) -> None:
    kept = {str(Path(path).relative_to(FOLDER)) for path in (FOLDER / folder).rglob("*") if path.is_file()}
    assert kept == {name for name in documents() if name.startswith(f"{folder}/")}
