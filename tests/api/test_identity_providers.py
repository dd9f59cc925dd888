"""Identity providers: what may be one, and what may change about it (S4, S6)."""

import asyncio
from ipaddress import ip_network
from uuid import uuid4

import pytest

from app.db import Database
from app.main import create_app
from app.services import identity_providers
from app.services.scope import Caller
from app.settings import Settings
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import places_of, problem_of
from tests.locks import queued

PROVIDERS = "/v1/identity-providers"


def provider(**terms: object) -> Json:
    """A provider that no other agency has."""
    return {"name": "Ours", "issuer": "https://login.example/a", "audience": str(uuid4()), **terms}


async def test_a_provider_is_made_read_and_listed(agency: Agency, rival: Agency) -> None:
    body = provider()
    made = await agency.post(PROVIDERS, body)
    assert {name: made[name] for name in body} == body
    assert made["disabled_at"] is None
    assert await agency.get(f"{PROVIDERS}/{made['id']}") == made
    assert (await agency.get(PROVIDERS))["items"] == [made]
    assert (await rival.get(PROVIDERS))["items"] == []


async def test_a_provider_is_renamed_disabled_and_enabled(agency: Agency) -> None:
    made = await agency.post(PROVIDERS, provider())
    path = f"{PROVIDERS}/{made['id']}"
    changed = await agency.patch(path, {"name": "Keycloak", "disabled": True})
    assert changed["name"] == "Keycloak"
    again = await agency.patch(path, {"disabled": True})
    assert again["disabled_at"] == changed["disabled_at"] is not None
    assert (await agency.patch(path, {"disabled": False}))["disabled_at"] is None


@pytest.mark.parametrize(
    ("terms", "place", "code"),
    [
        ({"issuer": "https://other.example"}, "/issuer", "extra_forbidden"),
        ({"audience": "other"}, "/audience", "extra_forbidden"),
        ({"disabled": None}, "/disabled", "bool_type"),
        ({"disabled": "yes"}, "/disabled", "bool_type"),
        ({"name": " "}, "/name", "string_pattern_mismatch"),
    ],
)
async def test_the_issuer_and_its_audience_stay(agency: Agency, terms: Json, place: str, code: str) -> None:
    """Whoever could change them could become any of its people."""
    made = await agency.post(PROVIDERS, provider())
    path = f"{PROVIDERS}/{made['id']}"
    assert places_of(problem_of(await agency.call("PATCH", path, json=terms), 422)) == [(place, code)]
    assert await agency.get(path) == made


@pytest.mark.parametrize(
    ("terms", "place", "code"),
    [
        ({"issuer": "http://login.example"}, "/issuer", "issuer_url"),
        ({"issuer": "login.example"}, "/issuer", "issuer_url"),
        ({"issuer": "https://xn--"}, "/issuer", "issuer_url"),
        ({"issuer": "https://xn--a.example"}, "/issuer", "issuer_url"),
        ({"issuer": "https://127.0.0.1"}, "/issuer", "issuer_url"),
        ({"issuer": "https://[::1]/"}, "/issuer", "issuer_url"),
        ({"issuer": "https://169.254.169.254"}, "/issuer", "issuer_url"),
        ({"issuer": "https://login.example:22"}, "/issuer", "issuer_url"),
        ({"issuer": "https://me:pw@login.example"}, "/issuer", "issuer_url"),
        ({"issuer": "https://login.example/?a=b"}, "/issuer", "issuer_url"),
        ({"issuer": "https://login.example/#a"}, "/issuer", "issuer_url"),
        ({"issuer": "https://login.example/\n"}, "/issuer", "string_pattern_mismatch"),
        ({"issuer": "https://" + "x" * 300}, "/issuer", "string_too_long"),
        ({"issuer": None}, "/issuer", "string_type"),
        ({"audience": ""}, "/audience", "string_too_short"),
        ({"audience": "a b"}, "/audience", "string_pattern_mismatch"),
        ({"audience": ["a"]}, "/audience", "string_type"),
        ({"audience": f"touchbase:{uuid4()}"}, "/audience", "audience_of_another"),
        ({"audience": f"api://TOUCHBASE:{uuid4()}"}, "/audience", "audience_of_another"),
        ({"disabled": True}, "/disabled", "extra_forbidden"),
    ],
)
async def test_what_is_wrong_with_a_provider_is_named(
    agency: Agency, terms: Json, place: str, code: str
) -> None:
    answer = await agency.call("POST", PROVIDERS, json=provider(**terms))
    assert places_of(problem_of(answer, 422)) == [(place, code)]
    assert (await agency.get(PROVIDERS))["items"] == []


async def test_the_operator_may_allow_networks_of_their_own(database: Database, document: Document) -> None:
    settings = Settings(oidc_allow_nets=(ip_network("10.0.0.0/8"),))
    async with client_of(create_app(database, SECRET, settings), document) as http:
        agency = await found_agency(http, database, SECRET)
        await agency.post(PROVIDERS, provider(issuer="http://10.1.2.3:9000/realms/a"))
        await agency.post(PROVIDERS, provider(issuer="http://keycloak:9000/realms/a"))
        refused = await agency.call("POST", PROVIDERS, json=provider(issuer="http://192.168.0.1:9000"))
        problem_of(refused, 422, "issuer_url")


def test_networks_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHBASE_OIDC_ALLOW_NETS", "10.0.0.0/8, fd00::/8,")
    assert Settings().oidc_allow_nets == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    for wrong in ("10.0.0.1/8", "10.0.0.0/33", "everywhere"):
        monkeypatch.setenv("TOUCHBASE_OIDC_ALLOW_NETS", wrong)
        with pytest.raises(ValueError, match="oidc_allow_nets"):
            Settings()


async def test_an_agency_has_a_pair_once_even_if_it_is_disabled(agency: Agency) -> None:
    body = provider()
    made = await agency.post(PROVIDERS, body)
    await agency.patch(f"{PROVIDERS}/{made['id']}", {"disabled": True})
    answer = await agency.call("POST", PROVIDERS, json={**body, "name": "Again"})
    assert places_of(problem_of(answer, 409, "issuer_taken")) == [("/audience", "issuer_taken")]


async def test_only_one_of_two_at_once_gets_the_pair(agency: Agency) -> None:
    body = provider()
    calls = [agency.call("POST", PROVIDERS, json=body) for _ in range(2)]
    assert sorted([answer.status_code for answer in await asyncio.gather(*calls)]) == [201, 409]


async def test_a_pair_that_is_just_being_taken_is_told_as_taken(agency: Agency, database: Database) -> None:
    body = provider()
    async with database.transaction(agency.id) as db:
        await identity_providers.create(db, Caller(agency.id, "test", frozenset()), body, ())
        late = asyncio.create_task(agency.call("POST", PROVIDERS, json=body))
        await queued(db, late)
    assert places_of(problem_of(await late, 409, "issuer_taken")) == [("/audience", "issuer_taken")]


async def test_an_agency_may_name_itself_in_an_audience(agency: Agency) -> None:
    await agency.post(PROVIDERS, provider(audience=f"touchbase:{agency.id}"))
    await agency.post(PROVIDERS, provider(audience=f"touchbase:{agency.id}/users"))


async def test_nobody_takes_a_pair_by_being_first_or_learns_who_has_it(agency: Agency, rival: Agency) -> None:
    body = provider()
    await rival.post(PROVIDERS, body)
    made = await agency.post(PROVIDERS, body)
    assert (await agency.get(PROVIDERS))["items"] == [made]
