"""Consultants who call with the tokens of an issuer: who they are, what they may do, and for how long (S4)."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.db import Database
from app.models import Role
from app.services import identities, identity_providers
from app.services.access import ROLES
from app.services.scope import Caller
from app.web import issuers
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET
from tests.contract.problems import places_of, problem_of
from tests.issuer import LocalIssuer, jwk_of, rsa_key
from tests.locks import queued
from tests.trusting import PROVIDERS, Trusting, refused


async def test_a_consultant_calls_with_a_token_in_their_role(trusting: Trusting) -> None:
    assert await trusting.statuses(trusting.token()) == [200, 200]
    assert await trusting.statuses(trusting.token(), PROVIDERS) == [403, 403]
    headers = {"Authorization": f"Bearer {trusting.token()}"}
    made = await trusting.processes.clients[1].post("/v1/clients", json={"name": "Acme"}, headers=headers)
    assert made.status_code == 201
    [entry] = (await trusting.agency.get("/v1/audit", operation="create_client"))["items"]
    assert (entry["principal"], entry["consultant_id"]) == (
        f"identity:{trusting.identity}",
        trusting.consultant,
    )
    assert entry["object_id"] == made.json()["id"]


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_has_its_scopes(trusting: Trusting, role: Role) -> None:
    await trusting.link(trusting.provider, str(role), role)
    for path, scope in (("/v1/due", "status:read"), (PROVIDERS, "access:read"), ("/v1/audit", "audit:read")):
        expected = 200 if scope in ROLES[role] else 403
        assert await trusting.statuses(trusting.token(sub=str(role)), path) == [expected, expected]


async def test_revocation_and_roles_count_in_every_process_within_five_seconds(trusting: Trusting) -> None:
    token, path = trusting.token(), f"/v1/identities/{trusting.identity}"
    assert await trusting.statuses(token, PROVIDERS) == [403, 403]
    assert (await trusting.agency.patch(path, {"role": "manager"}))["role"] == "manager"
    trusting.processes.forget()
    assert await trusting.statuses(token, PROVIDERS) == [200, 200]
    assert (await trusting.agency.post(f"{path}/revoke"))["revoked_at"]
    trusting.processes.forget()
    await refused(trusting, token)
    problem_of(await trusting.agency.call("POST", f"{path}/revoke"), 409, "identity_revoked")
    problem_of(await trusting.agency.call("PATCH", path, json={"role": "admin"}), 409, "identity_revoked")


async def test_a_disabled_provider_vouches_for_nobody(trusting: Trusting) -> None:
    token, path = trusting.token(), f"{PROVIDERS}/{trusting.provider}"
    assert await trusting.statuses(token) == [200, 200]
    await trusting.agency.patch(path, {"disabled": True})
    trusting.processes.forget()
    await refused(trusting, token)
    await trusting.issuer.stop()
    trusting.processes.seconds = issuers.STALE_SECONDS
    await refused(trusting, token)  # nor is its issuer asked for keys
    await trusting.issuer.start()
    await trusting.agency.patch(path, {"disabled": False})
    assert await trusting.statuses(token) == [200, 200]


async def test_a_provider_disabled_while_its_issuer_answers_vouches_for_nobody(trusting: Trusting) -> None:
    trusting.issuer.delay = 0.3
    client = trusting.processes.clients[0]
    headers = {"Authorization": f"Bearer {trusting.token()}"}
    slow = asyncio.create_task(client.get("/v1/due", headers=headers))
    while not trusting.issuer.asked:  # noqa: ASYNC110 - the server's
        await asyncio.sleep(0.01)
    await trusting.agency.patch(f"{PROVIDERS}/{trusting.provider}", {"disabled": True})
    assert (await slow).status_code == 401


async def test_a_subject_that_is_just_being_linked_is_told_as_linked(
    agency: Agency, database: Database
) -> None:
    consultant = await agency.consultant()
    provider = {"name": "Ours", "issuer": "https://login.example/a", "audience": str(uuid4())}
    body = {
        "identity_provider_id": (await agency.post(PROVIDERS, provider))["id"],
        "subject": "kim",
        "role": "admin",
    }
    async with database.transaction(agency.id) as db:
        caller = Caller(agency.id, "test", ROLES[Role.ADMIN])
        terms = {**body, "identity_provider_id": UUID(body["identity_provider_id"])}
        await identities.create(db, caller, UUID(consultant), terms)
        late = asyncio.create_task(agency.call("POST", f"/v1/consultants/{consultant}/identities", json=body))
        await queued(db, late)
    assert places_of(problem_of(await late, 409, "subject_linked")) == [("/subject", "subject_linked")]


async def test_a_revoked_subject_can_be_linked_anew(trusting: Trusting) -> None:
    again = {"identity_provider_id": trusting.provider, "subject": "kim", "role": "admin"}
    path = f"/v1/consultants/{trusting.consultant}/identities"
    taken = problem_of(await trusting.agency.call("POST", path, json=again), 409, "subject_linked")
    assert places_of(taken) == [("/subject", "subject_linked")]
    await trusting.agency.post(f"/v1/identities/{trusting.identity}/revoke")
    anew = await trusting.agency.post(path, again)
    assert anew["id"] != trusting.identity
    assert await trusting.statuses(trusting.token(), PROVIDERS) == [200, 200]
    listed = (await trusting.agency.get(path))["items"]
    assert [(item["id"], item["role"]) for item in listed] == [
        (trusting.identity, "consultant"),
        (anew["id"], "admin"),
    ]
    assert await trusting.agency.get(f"/v1/identities/{anew['id']}") == anew


@pytest.mark.parametrize(
    ("terms", "place", "code"),
    [
        ({"role": "owner"}, "/role", "enum"),
        ({"role": None}, "/role", "enum"),
        ({"subject": ""}, "/subject", "string_too_short"),
        ({"subject": "x" * 256}, "/subject", "string_too_long"),
        ({"subject": 7}, "/subject", "string_type"),
        ({"identity_provider_id": "x"}, "/identity_provider_id", "id_format"),
        ({"consultant_id": str(uuid4())}, "/consultant_id", "extra_forbidden"),
    ],
)
async def test_what_is_wrong_with_an_identity_is_named(
    trusting: Trusting, terms: Json, place: str, code: str
) -> None:
    path = f"/v1/consultants/{trusting.consultant}/identities"
    body = {"identity_provider_id": trusting.provider, "subject": "lee", "role": "consultant", **terms}
    answer = await trusting.agency.call("POST", path, json=body)
    assert places_of(problem_of(answer, 422)) == [(place, code)]
    assert len((await trusting.agency.get(path))["items"]) == 1


async def test_nobody_gives_a_role_that_may_do_more_than_they(trusting: Trusting) -> None:
    scopes = ["access:write", "access:read", "directory:read"]
    limited = await trusting.agency.post("/v1/api-keys", {"name": "limited", "scopes": scopes})
    actor = Agency(trusting.agency.id, limited["key"], trusting.agency.http)
    body = {"identity_provider_id": trusting.provider, "subject": "lee", "role": "integration"}
    answer = await actor.call("POST", f"/v1/consultants/{trusting.consultant}/identities", json=body)
    assert places_of(problem_of(answer, 422)) == [("/role", "beyond_own_scopes")]
    for role in ("admin", "integration"):
        answer = await actor.call("PATCH", f"/v1/identities/{trusting.identity}", json={"role": role})
        problem_of(answer, 403, "beyond_own_scopes")


async def test_nobody_takes_their_own_access_away(trusting: Trusting) -> None:
    own = await trusting.link(trusting.provider, "boss", "admin")
    actor = Agency(trusting.agency.id, trusting.token(sub="boss"), trusting.agency.http)
    for method, path, body in (
        ("POST", f"/v1/identities/{own['id']}/revoke", None),
        ("PATCH", f"/v1/identities/{own['id']}", {"role": "manager"}),
        ("PATCH", f"{PROVIDERS}/{trusting.provider}", {"disabled": True}),
    ):
        problem_of(await actor.call(method, path, json=body), 409, "own_credential")
    await actor.post(f"/v1/identities/{trusting.identity}/revoke")


async def test_two_issuers_serve_one_agency_and_their_subjects_do_not_mix(trusting: Trusting) -> None:
    second = LocalIssuer(keys=[jwk_of(rsa_key(1), kid="one")])
    await second.start()
    provider = await trusting.trust(second.url, "hub")
    theirs = trusting.token(rsa_key(1), iss=second.url, aud="hub")
    await refused(trusting, theirs)  # Kim of the first issuer is nobody there
    await trusting.link(provider, "kim", "integration")
    assert await trusting.statuses(theirs) == [200, 200]
    await refused(trusting, trusting.token(rsa_key(1), aud="hub"), trusting.token(iss=second.url, aud="hub"))
    await refused(trusting, trusting.token(aud="hub"))
    await second.stop()


async def test_a_token_for_two_providers_at_once_is_refused_where_both_know_its_subject(
    trusting: Trusting,
) -> None:
    other = f"hub-{uuid4()}"
    provider = await trusting.trust(trusting.issuer.url, other)
    assert await trusting.statuses(trusting.token(aud=[trusting.audience, other])) == [200, 200]
    await trusting.link(provider, "kim")
    trusting.processes.forget()
    assert await trusting.statuses(trusting.token(aud=other)) == [200, 200]
    await refused(trusting, trusting.token(aud=[trusting.audience, other]))


async def rival_of(trusting: Trusting, audience: str) -> Trusting:
    """Another agency that trusts the same issuer, for an audience; it has a consultant, and nobody linked."""
    agency = await found_agency(trusting.agency.http, trusting.database, SECRET)
    rival = replace(trusting, agency=agency, consultant=await agency.consultant())
    rival.provider = await rival.trust(trusting.issuer.url, audience)
    return rival


async def test_another_agencys_tokens_open_nothing_here(trusting: Trusting) -> None:
    """The same issuer serves both; only the audience tells them apart."""
    audience = f"rival-{uuid4()}"
    rival = await rival_of(trusting, audience)
    await refused(trusting, trusting.token(aud=audience))
    problem_of(await rival.agency.call("GET", f"{PROVIDERS}/{trusting.provider}"), 404)
    problem_of(await rival.agency.call("GET", f"/v1/identities/{trusting.identity}"), 404)


async def test_who_trusts_an_audience_of_our_tokens_takes_them_from_nobody(trusting: Trusting) -> None:
    """Many issuers put their own address for user data beside the audience that was asked for."""
    also = f"{trusting.issuer.url}/userinfo"
    token = trusting.token(aud=[trusting.audience, also])
    assert await trusting.statuses(token) == [200, 200]
    rival = await rival_of(trusting, also)
    trusting.processes.forget()
    assert await trusting.statuses(token, f"/v1/consultants/{trusting.consultant}") == [200, 200]
    await rival.link(rival.provider, "lee")
    theirs = trusting.token(aud=[trusting.audience, also], sub="lee")
    assert await trusting.statuses(theirs, f"/v1/consultants/{rival.consultant}") == [200, 200]
    await rival.agency.patch(f"{PROVIDERS}/{rival.provider}", {"disabled": True})
    trusting.processes.forget()
    assert await trusting.statuses(token) == [200, 200]
    await refused(trusting, theirs)


async def test_agencies_share_an_issuer_and_an_audience_but_not_their_people(trusting: Trusting) -> None:
    rival = await rival_of(trusting, trusting.audience)
    await rival.link(rival.provider, "lee")
    for sub, one, other in (("kim", trusting, rival), ("lee", rival, trusting)):
        token = trusting.token(sub=sub)
        assert await trusting.statuses(token, f"/v1/consultants/{one.consultant}") == [200, 200]
        assert await trusting.statuses(token, f"/v1/consultants/{other.consultant}") == [404, 404]
    await refused(trusting, trusting.token(sub="sam"))


async def test_a_subject_of_two_agencies_is_nobodys_while_both_vouch_for_it(trusting: Trusting) -> None:
    also = f"{trusting.issuer.url}/userinfo"
    token = trusting.token(aud=[trusting.audience, also])
    rival = await rival_of(trusting, also)
    linked = await rival.link(rival.provider, "kim")
    await refused(trusting, token)
    path = f"{PROVIDERS}/{rival.provider}"
    await rival.agency.patch(path, {"disabled": True})
    assert await trusting.statuses(token, f"/v1/consultants/{trusting.consultant}") == [200, 200]
    await rival.agency.patch(path, {"disabled": False})
    trusting.processes.forget()
    await refused(trusting, token)
    await rival.agency.post(f"/v1/identities/{linked['id']}/revoke")
    assert await trusting.statuses(token, f"/v1/consultants/{trusting.consultant}") == [200, 200]


async def test_a_token_whose_audience_names_an_agency_is_of_no_other(trusting: Trusting) -> None:
    own, also = f"https://api.example/touchbase:{trusting.agency.id}", f"{trusting.issuer.url}/userinfo"
    await trusting.link(await trusting.trust(trusting.issuer.url, own), "kim")
    rival = await rival_of(trusting, also)
    for subject in ("kim", "lee"):
        await rival.link(rival.provider, subject)
    token = trusting.token(aud=[own, also])
    assert await trusting.statuses(token, f"/v1/consultants/{trusting.consultant}") == [200, 200]
    theirs = trusting.token(aud=also, sub="lee")
    assert await trusting.statuses(theirs, f"/v1/consultants/{rival.consultant}") == [200, 200]
    await refused(trusting, trusting.token(aud=[own, also], sub="lee"))
    named = [f"touchbase:{each.agency.id}" for each in (trusting, rival)]
    assert await trusting.statuses(trusting.token(aud=[own, also, named[0]])) == [200, 200]
    await refused(trusting, trusting.token(aud=[also, named[0]]), trusting.token(aud=[*named, own, also]))


async def test_where_too_many_agencies_trust_the_same_tokens_nobody_is_asked(
    trusting: Trusting, monkeypatch: pytest.MonkeyPatch
) -> None:
    also = f"{trusting.issuer.url}/userinfo"
    await rival_of(trusting, also)
    monkeypatch.setattr(identity_providers, "MOST_AGENCIES", 1)
    await refused(trusting, trusting.token(aud=[trusting.audience, also]))
    assert trusting.issuer.asked == []
    assert await trusting.statuses(trusting.token()) == [200, 200]


async def test_of_two_who_take_each_others_access_away_one_keeps_it(trusting: Trusting) -> None:
    agency = trusting.agency
    [key] = (await agency.get("/v1/api-keys"))["items"]
    boss = await trusting.link(trusting.provider, "boss", "admin")
    other = Agency(agency.id, trusting.token(sub="boss"), agency.http)
    await other.get("/v1/api-keys")
    both = await asyncio.gather(
        agency.call("POST", f"/v1/identities/{boss['id']}/revoke"),
        other.call("POST", f"/v1/api-keys/{key['id']}/revoke"),
    )
    assert sorted(each.status_code for each in both) == [200, 401]


async def test_who_is_vouched_for_no_longer_takes_nobodys_access(trusting: Trusting) -> None:
    agency = trusting.agency
    [key] = (await agency.get("/v1/api-keys"))["items"]
    await trusting.link(trusting.provider, "boss", "admin")
    other = Agency(agency.id, trusting.token(sub="boss"), agency.http)
    await other.get("/v1/api-keys")
    await agency.patch(f"{PROVIDERS}/{trusting.provider}", {"disabled": True})
    problem_of(await other.call("POST", f"/v1/api-keys/{key['id']}/revoke"), 401, "unauthenticated")
