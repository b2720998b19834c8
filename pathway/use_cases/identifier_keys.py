"""The key to patients' identifiers: that it is the right one, and how another takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pathway.settings import Settings
from pathway.store.engines import Engines, database_url, open_store
from pathway.store.readers import Readers
from pathway.store.rekeying import rekey
from pathway.store.tree import MerkleLog
from pathway.use_cases import keys
from pathway.use_cases.installation import Caller, Installation


def require_own_key(settings: Settings) -> None:
    """Raises `WrongKey` when the identifiers of a site are sealed under another key than the settings name.

    Raises `KeyMissing`, and `StoreError` where the database cannot be asked.
    """
    with _opened(settings) as engines:
        if engines is not None:
            readers = Readers(engines, keys.sealing_key(settings))
            for site_id in MerkleLog(engines).sites():
                readers.require_key(site_id)


def rotate(
    installation: Installation, as_caller: Callable[[str], Caller], told: Callable[[str, int], None]
) -> None:
    """Wraps the key of every patient of every site under the present key; the earlier one is given beside it.

    One transaction for each site, so that it may be run again after it was interrupted. Each site's change leaves
    an audit record in the name of `as_caller`; `told` hears of the site and how many patients it has.
    Raises `KeyMissing`, `WrongKey` and `StoreError`.
    """
    settings = installation.settings
    old, new = keys.former_key(settings), keys.sealing_key(settings)()
    for site_id in MerkleLog(installation.engines).sites():
        changed = rekey(installation.engines, site_id, old, new)
        if changed:
            reason = f"From key {old.id} to key {new.id}: {changed} patients."
            installation.tell_of(as_caller(site_id), "ok", reason=reason).result()
        told(site_id, changed)


@contextmanager
def _opened(settings: Settings) -> Iterator[Engines | None]:
    """The database; None where an SQLite file is not there, which looking for it must not create."""
    url = database_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        yield None
        return
    engines = open_store(settings.database_url)
    try:
        yield engines
    finally:
        engines.close()
