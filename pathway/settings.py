"""Which database, which keys, which time zones: read from the environment, and shown with secrets masked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "PATHWAY_"
MASK = "hidden"
_SECRETS = ("signing_key", "identifier_key", "identifier_key_old", "session_key", "oidc_client_secret")


class Settings(BaseSettings):
    """The settings in force, each `PATHWAY_<NAME>` or the content of the file `PATHWAY_<NAME>_FILE` names.

    Raises `pydantic.ValidationError` when a value cannot be used; its message never repeats the value.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    database_url: str = "sqlite:///var/pathway.db"
    application_role: str | None = None
    env: Literal["development", "production"] = "production"
    token_issuer: str | None = None
    token_audience: str | None = None
    jwks_url: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    public_url: str | None = None
    session_key: SecretStr | None = None
    site_time_zones: dict[str, str] = {}
    signing_key: SecretStr | None = None
    identifier_key: SecretStr | None = None
    identifier_key_old: SecretStr | None = None
    log_origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,100}$")] = "pathway"
    former_log_keys: str = ""
    checkpoints: Path | None = None
    checkpoint_seconds: Annotated[int, Field(ge=1, le=60)] = 60
    requests_at_once: Annotated[int, Field(ge=1, le=10_000)] = 512
    requests_of_a_client: Annotated[int, Field(ge=1, le=10_000)] = 256

    @field_validator("database_url")
    @classmethod
    def _is_a_supported_database(cls, value: str) -> str:
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError:
            raise ValueError("this is not a database URL") from None
        if backend not in ("sqlite", "postgresql"):
            raise ValueError("the database is SQLite (sqlite:///path) or PostgreSQL (postgresql://...)")
        return value

    @field_validator("site_time_zones")
    @classmethod
    def _are_known_zones(cls, value: dict[str, str]) -> dict[str, str]:
        for site, zone in value.items():
            try:
                ZoneInfo(zone)
            except (KeyError, OSError, ValueError):
                raise ValueError(f"the time zone of site {site!r} is not in the IANA list") from None
        return value

    def time_zone(self, site_id: str) -> str:
        """The IANA name of the zone in which the site counts its days; UTC unless set."""
        return self.site_time_zones.get(site_id, "UTC")

    def masked(self) -> dict[str, Any]:
        """Every setting by name, fit to be shown: no password in the URL or among its parameters."""
        shown = self.model_dump(mode="json")
        url = make_url(self.database_url)
        secret = {name: MASK for name in url.query if "pass" in name or "key" in name}
        shown |= {name: MASK for name in _SECRETS if getattr(self, name) is not None}
        shown["database_url"] = url.update_query_dict(secret).render_as_string(hide_password=True)
        return shown

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the files it names; nothing else is read."""
        return init_settings, env_settings, _NamedFiles(settings_cls)


class _NamedFiles(PydanticBaseSettingsSource):
    """Reads each setting from the file that `PATHWAY_<NAME>_FILE` names, without its last line end."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{PREFIX}{field_name.upper()}"
        named = os.environ.get(f"{variable}_FILE")
        if named is None:
            return None, field_name, False
        if variable in os.environ:
            raise ValueError(f"set {variable} or {variable}_FILE, not both")
        try:
            text = Path(named).read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"{variable}_FILE cannot be read: {error.strerror}") from None
        return text.rstrip("\r\n"), field_name, self.field_is_complex(field)

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, is_complex = self.get_field_value(field, name)
            if value is not None:
                found[key] = self.prepare_field_value(name, field, value, is_complex)
        return found
