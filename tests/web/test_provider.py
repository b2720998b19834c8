"""Whom an ID token of the hospital's provider names, where providers and tokens differ in small things."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jws

from api.web.provider import Provider
from pathway.use_cases.installation import Caller
from pathway.use_cases.refusals import Refusal
from tests.web.hospital import CLIENT, PERSON, SECRET, Hospital, open_hospital

OTHER = "another client"


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    with open_hospital() as running:
        yield running


def signed_in(hospital: Hospital, issuer: str) -> Caller:
    """Who comes back from a provider of this name. Raises `Refusal`."""
    provider = Provider(issuer, CLIENT, SECRET, "http://127.0.0.1:1/sign-in/callback")

    async def go_through() -> Caller:
        address, kept = await provider.begin()
        sent_back = hospital.authorize(dict(parse_qsl(urlsplit(address).query)))
        told = dict(parse_qsl(urlsplit(sent_back).query))
        return await provider.finish(kept, told["code"], told["state"])

    return asyncio.run(go_through())


@pytest.mark.parametrize("set_with", ["", "/"])
def test_a_provider_whose_name_ends_with_a_stroke_signs_people_in(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, set_with: str
) -> None:
    published = hospital.metadata() | {"issuer": f"{hospital.issuer}/"}
    monkeypatch.setattr(hospital, "metadata", lambda: published, raising=False)
    hospital.told = {"iss": f"{hospital.issuer}/"}
    assert signed_in(hospital, f"{hospital.issuer}{set_with}").subject == PERSON["sub"]
    hospital.told = {"iss": hospital.issuer}
    with pytest.raises(Refusal):
        signed_in(hospital, f"{hospital.issuer}{set_with}")


def test_a_token_for_several_clients_says_that_it_was_made_for_us(hospital: Hospital) -> None:
    hospital.told = {"aud": [CLIENT, OTHER]}
    with pytest.raises(Refusal):
        signed_in(hospital, hospital.issuer)
    hospital.told = {"aud": [CLIENT, OTHER], "azp": CLIENT}
    assert signed_in(hospital, hospital.issuer).subject == PERSON["sub"]


@pytest.mark.parametrize("twice", ['"site":"south"', '"roles":["auditor"]', '"sub":"dr-sol"'])
def test_a_token_that_says_something_twice_signs_nobody_in(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, twice: str
) -> None:
    def signed(nonce: str, more: str) -> str:
        now = int(time.time())
        said: dict[str, Any] = {"iss": hospital.issuer, "aud": CLIENT, "nonce": nonce, "iat": now} | PERSON
        text = json.dumps(said | {"exp": now + 300})[:-1] + more + "}"
        head = {"alg": "Ed25519", "kid": hospital.key.kid}
        return jws.serialize_compact(head, text.encode(), hospital.key, algorithms=["Ed25519"])

    monkeypatch.setattr(hospital, "_signed", lambda nonce: signed(nonce, ""), raising=False)
    assert signed_in(hospital, hospital.issuer).site_id == PERSON["site"]
    monkeypatch.setattr(hospital, "_signed", lambda nonce: signed(nonce, f",{twice}"), raising=False)
    with pytest.raises(Refusal):
        signed_in(hospital, hospital.issuer)
