"""The keys of issuers: new ones are found, old ones end, and an issuer that is down is no fault of the caller."""

import asyncio

import pytest

from app.web import issuers
from tests.contract.problems import problem_of
from tests.issuer import DISCOVERY, jwk_of, rsa_key, signed
from tests.trusting import Trusting, refused


async def test_a_new_key_of_the_issuer_is_found_and_an_old_one_ends(trusting: Trusting) -> None:
    assert await trusting.statuses(trusting.token()) == [200, 200]
    trusting.issuer.publish(jwk_of(rsa_key(1), kid="two"))
    new = signed({"alg": "RS256", "kid": "two"}, trusting.claims(), rsa_key(1), "RS256")
    trusting.processes.seconds += issuers.ASKED_EVERY_SECONDS - 1
    assert await trusting.statuses(new) == [401, 401]
    assert len(trusting.issuer.asked) == 4
    trusting.processes.seconds += 1
    assert await trusting.statuses(new) == [200, 200]
    assert len(trusting.issuer.asked) == 8
    await refused(trusting, trusting.token())


async def test_unknown_key_ids_ask_the_issuer_at_most_every_half_minute(trusting: Trusting) -> None:
    for number in range(20):
        token = signed({"alg": "RS256", "kid": f"x{number}"}, trusting.claims(), rsa_key(), "RS256")
        assert await trusting.statuses(token) == [401, 401]
    assert trusting.issuer.asked == [DISCOVERY, "/keys"] * 2


async def test_keys_are_asked_for_again_once_they_are_old(trusting: Trusting) -> None:
    assert await trusting.statuses(trusting.token()) == [200, 200]
    trusting.processes.seconds = issuers.FRESH_SECONDS - 1
    assert await trusting.statuses(trusting.token(jti="2")) == [200, 200]
    assert len(trusting.issuer.asked) == 4
    trusting.issuer.publish(jwk_of(rsa_key(1), kid="two"))
    trusting.processes.seconds = issuers.FRESH_SECONDS
    await refused(trusting, trusting.token(jti="3"))


async def test_many_at_once_ask_the_issuer_once(trusting: Trusting) -> None:
    trusting.issuer.delay = 0.05
    tokens = [trusting.token(jti=str(number)) for number in range(10)]
    client = trusting.processes.clients[0]
    asked = [client.get("/v1/due", headers={"Authorization": f"Bearer {token}"}) for token in tokens]
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
    assert trusting.issuer.asked == [DISCOVERY, "/keys"]


async def test_an_issuer_that_was_never_reached_is_no_fault_of_the_caller(trusting: Trusting) -> None:
    await trusting.issuer.stop()
    for answer in await trusting.processes.ask(trusting.token()):
        problem_of(answer, 503, "issuer_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    await refused(trusting, trusting.token(iss="https://id.example"))
    await trusting.issuer.start()
    assert await trusting.statuses(trusting.token()) == [503, 503]
    trusting.processes.seconds += issuers.RETRIED_EVERY_SECONDS
    assert await trusting.statuses(trusting.token()) == [200, 200]


async def test_known_keys_serve_for_a_while_when_the_issuer_is_down(trusting: Trusting) -> None:
    assert await trusting.statuses(trusting.token()) == [200, 200]
    await trusting.issuer.stop()
    trusting.processes.seconds = issuers.STALE_SECONDS - 1
    assert await trusting.statuses(trusting.token()) == [200, 200]
    await refused(trusting, trusting.token(rsa_key(1)))
    unknown = signed({"alg": "RS256", "kid": "two"}, trusting.claims(), rsa_key(1), "RS256")
    assert await trusting.statuses(unknown) == [503, 503]
    trusting.processes.seconds = issuers.STALE_SECONDS
    trusting.processes.forget()
    assert await trusting.statuses(trusting.token()) == [503, 503]


BAD_DOCUMENTS: dict[str, tuple[str, bytes]] = {
    "another issuer's": (DISCOVERY, b'{"issuer": "https://id.example", "jwks_uri": "URL/keys"}'),
    "no issuer's": (DISCOVERY, b'{"jwks_uri": "URL/keys"}'),
    "no JSON": (DISCOVERY, b"<html>"),
    "a list": (DISCOVERY, b"[]"),
    "an abyss": (DISCOVERY, b"[" * 60_000),
    "no keys": (DISCOVERY, b'{"issuer": "URL"}'),
    "keys at no address": (DISCOVERY, b'{"issuer": "URL", "jwks_uri": 7}'),
    "keys in a file": (DISCOVERY, b'{"issuer": "URL", "jwks_uri": "file:///etc/passwd"}'),
    "keys on another machine": (DISCOVERY, b'{"issuer": "URL", "jwks_uri": "http://10.0.0.1/keys"}'),
    "keys that are no object": ("/keys", b"[]"),
    "keys that are no list": ("/keys", b'{"keys": {}}'),
    "keys that are no JSON": ("/keys", b"{"),
    "too large": ("/keys", b'{"keys": [], "x": "' + b"x" * 70_000 + b'"}'),
}


@pytest.mark.parametrize(("path", "body"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS.keys())
async def test_an_issuer_that_answers_nonsense_cannot_be_reached(
    trusting: Trusting, path: str, body: bytes
) -> None:
    trusting.issuer.answers[path] = ("200 OK", body.replace(b"URL", trusting.issuer.url.encode()))
    assert await trusting.statuses(trusting.token()) == [503, 503]


async def test_the_issuer_is_asked_while_no_transaction_is_open(trusting: Trusting) -> None:
    """With one connection and an issuer that takes its time, others are served meanwhile."""
    trusting.issuer.delay = 0.3
    client = trusting.processes.clients[0]
    slow = asyncio.create_task(client.get("/v1/due", headers={"Authorization": f"Bearer {trusting.token()}"}))
    while not trusting.issuer.asked:  # noqa: ASYNC110 - the server's
        await asyncio.sleep(0.01)
    assert trusting.database.pool.lent == 0
    assert (await slow).status_code == 200
