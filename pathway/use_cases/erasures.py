"""The list of erasures outside the database: what a restored backup brings back is erased again from it.

`<PATHWAY_CHECKPOINTS>/<site>/erasures.txt` has one pseudonym a line and nothing else; it only ever grows.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pathway.settings import Settings
from pathway.store.values import Erasure, Proposal
from pathway.store.writer import Command, View
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.keys import beside_the_database

LIST: Final = "erasures.txt"
AGAIN: Final = "erase_again_after_a_restore"


def list_of(settings: Settings, site_id: str) -> Path:
    """Where the site's list is."""
    folder = settings.checkpoints or beside_the_database(settings) / "checkpoints"
    return folder / site_id / LIST


def keep_list(installation: Installation, site_id: str) -> None:
    """Adds to the list whatever was erased and is not in it; durable on return. Raises `OSError`, `StoreError`."""
    path = list_of(installation.settings, site_id)
    known = set(listed(path))
    new = [each for each in installation.readers.erased_patients(site_id) if each not in known]
    if not new:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may add at once: what is appended replaces nothing of another's.
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"\n{pseudonym}" for pseudonym in new) + "\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def listed(path: Path) -> list[str]:
    """The pseudonyms in a list; none where there is no list."""
    if not path.exists():
        return []
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]


def carry_out_again(installation: Installation, caller: Caller) -> int:
    """Erases at the caller's site whoever is in its list and is not erased; gives how many.

    For a database that was restored from a backup: each leaves an audit record, and a hold that stood when the
    backup was made does not stand in the way, since it was released before the erasure. Raises `StoreError`.
    """
    there = set(installation.readers.unerased_patients(caller.site_id))
    again = [each for each in listed(list_of(installation.settings, caller.site_id)) if each in there]
    reason = "It had been carried out after the backup was made from which the database was restored."
    access = replace(caller.access, operation=AGAIN, reason=reason)

    def command(pseudonym: str) -> Command:
        def decide(view: View, now: datetime) -> Proposal:
            change = Erasure(caller.site_id, pseudonym, now, caller.subject)
            episodes = view.episodes_of(pseudonym)
            return Proposal("erased", b"{}", patient_change=change, shown=episodes)

        return Command(caller.site_id, caller.client_id, None, decide, access=access)

    for pseudonym in dict.fromkeys(again):
        installation.writer.submit(command(pseudonym)).result()
    return len(set(again))
