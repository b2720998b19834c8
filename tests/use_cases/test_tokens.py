"""The development issuer."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt

from pathway.settings import Settings
from pathway.use_cases.permissions import Role
from pathway.use_cases.tokens import TokenNotIssued, issue, verification_keys


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(env="development", database_url=f"sqlite:///{tmp_path}/var/pathway.db")


def read(settings: Settings, token: str) -> jwt.Token:
    return jwt.decode(token, verification_keys(settings), algorithms=["Ed25519"])


@pytest.mark.parametrize("role", Role)
def test_a_token_says_who_acts_as_what_at_which_site(settings: Settings, role: Role) -> None:
    token = read(settings, issue(settings, role, "north", "dr-okafor", 2))
    assert token.header["typ"] == "at+jwt"
    assert token.claims["site"] == "north"
    assert token.claims["sub"] == "dr-okafor"
    assert token.claims["roles"] == [role]
    assert token.claims["exp"] - token.claims["iat"] == 2 * 3600


def test_the_key_is_made_once_and_only_its_owner_may_read_it(settings: Settings, tmp_path: Path) -> None:
    first = issue(settings, "clinician", "north", "dr-okafor", 1)
    made = list((tmp_path / "var").iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600]
    issue(settings, "clinician", "north", "dr-okafor", 1)
    assert read(settings, first).claims["site"] == "north"


def test_processes_that_make_the_first_key_together_end_up_with_one(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda n: issue(settings, "clinician", "north", f"dr-{n}", 1), range(8)))
    assert {read(settings, token).claims["sub"] for token in tokens} == {f"dr-{n}" for n in range(8)}


def test_only_the_public_half_is_given_to_verify_with(settings: Settings) -> None:
    assert all(not key.is_private for key in verification_keys(settings))


@pytest.mark.shows("R-114", "T-09")
def test_in_production_no_token_is_issued_and_no_key_is_made(tmp_path: Path) -> None:
    settings = Settings(env="production", database_url=f"sqlite:///{tmp_path}/var/pathway.db")
    with pytest.raises(TokenNotIssued, match="PATHWAY_ENV"):
        issue(settings, "clinician", "north", "dr-okafor", 1)
    with pytest.raises(TokenNotIssued, match="PATHWAY_ENV"):
        verification_keys(settings)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"role": "surgeon"}, "the roles are integration, coordinator"),
        ({"site": ""}, "site and a subject"),
        ({"subject": ""}, "site and a subject"),
        ({"hours": 0}, "more than 0"),
        ({"hours": 10_000}, "at most"),
    ],
    ids=repr,
)
def test_what_cannot_be_said_in_a_token_is_refused_with_a_sentence(
    settings: Settings, said: dict[str, Any], why: str
) -> None:
    usual: dict[str, Any] = {"role": "clinician", "site": "north", "subject": "dr-okafor", "hours": 1}
    with pytest.raises(TokenNotIssued, match=why):
        issue(settings, **(usual | said))


def test_a_key_that_leaks_into_the_audience_of_another_installation_is_not_trusted_there(
    tmp_path: Path,
) -> None:
    here = Settings(env="development", database_url=f"sqlite:///{tmp_path}/here/pathway.db")
    there = Settings(env="development", database_url=f"sqlite:///{tmp_path}/there/pathway.db")
    (key_here,), (key_there,) = verification_keys(here), verification_keys(there)
    assert key_here.kid != key_there.kid
