"""Settings come from the environment or from files, and are shown without their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pathway.settings import Settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PATHWAY_{name.upper()}", raising=False)
        monkeypatch.delenv(f"PATHWAY_{name.upper()}_FILE", raising=False)


def test_without_any_setting_it_is_production_on_an_sqlite_file() -> None:
    settings = Settings()
    assert settings.env == "production"
    assert settings.database_url == "sqlite:///var/pathway.db"
    assert settings.token_issuer is None
    assert settings.time_zone("anywhere") == "UTC"


def test_each_setting_is_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHWAY_ENV", "development")
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "postgresql://db/pathway")
    monkeypatch.setenv("PATHWAY_TOKEN_ISSUER", "https://issuer.example")
    monkeypatch.setenv("PATHWAY_SITE_TIME_ZONES", '{"lisbon": "Europe/Lisbon"}')
    settings = Settings()
    assert settings.env == "development"
    assert settings.database_url == "postgresql://db/pathway"
    assert settings.token_issuer == "https://issuer.example"
    assert settings.time_zone("lisbon") == "Europe/Lisbon"
    assert settings.time_zone("porto") == "UTC"


def test_a_setting_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:secret@db/pathway\n")
    (tmp_path / "zones").write_text('{"lisbon": "Europe/Lisbon"}')
    monkeypatch.setenv("PATHWAY_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("PATHWAY_SITE_TIME_ZONES_FILE", str(tmp_path / "zones"))
    assert Settings().database_url == "postgresql://u:secret@db/pathway"
    assert Settings().time_zone("lisbon") == "Europe/Lisbon"


def test_a_setting_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATHWAY_DATABASE_URL", "sqlite:///a.db")
    monkeypatch.setenv("PATHWAY_DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(ValueError, match="PATHWAY_DATABASE_URL or PATHWAY_DATABASE_URL_FILE, not both"):
        Settings()


def test_a_file_that_is_not_there_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATHWAY_DATABASE_URL_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="PATHWAY_DATABASE_URL_FILE cannot be read"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DATABASE_URL", "mysql://u:geheim@h/db", "SQLite"),
        ("DATABASE_URL", "geheim", "not a database URL"),
        ("ENV", "geheim", "development"),
        ("SITE_TIME_ZONES", '{"lisbon": "Mars/geheim"}', "lisbon"),
        ("SITE_TIME_ZONES", '{"lisbon": "../geheim"}', "lisbon"),
    ],
)
def test_a_value_of_no_use_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"PATHWAY_{name}", value)
    with pytest.raises(ValidationError, match=why) as refused:
        Settings()
    assert "geheim" not in str(refused.value)


@pytest.mark.shows("T-48")
def test_what_is_shown_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PATHWAY_DATABASE_URL", "postgresql://pathway:geheim@db:5432/pathway?sslpassword=geheim"
    )
    shown = Settings().masked()
    assert "geheim" not in str(shown)
    assert shown["database_url"] == "postgresql://pathway:***@db:5432/pathway?sslpassword=hidden"
    assert shown["env"] == "production"
