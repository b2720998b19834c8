"""Summaries asked for together are those asked for one by one."""

from __future__ import annotations

from tests.store.builders import SITE, Store, opening


def test_several_episodes_of_several_sites_are_read_together(store: Store) -> None:
    for episode in ("first", "second", "third"):
        store.do(opening(episode))
    store.do(opening("first-elsewhere", site_id="elsewhere"))
    keys = [(SITE, "first"), (SITE, "third"), ("elsewhere", "first-elsewhere")]
    found = store.readers.summaries([*keys, (SITE, "nobody"), ("elsewhere", "second")])
    assert found == {key: store.readers.summary(*key) for key in keys}


def test_nothing_asked_is_nothing_found(store: Store) -> None:
    assert store.readers.summaries([]) == {}
