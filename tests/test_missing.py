from __future__ import annotations

import pytest

from tests.missing import missing

REASON = "there is no browser"


def test_a_missing_tool_skips_its_test_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATHWAY_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match=REASON):
        missing(REASON)


def test_a_missing_tool_fails_its_test_where_everything_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHWAY_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match=REASON):
        missing(REASON)
