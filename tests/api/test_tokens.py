"""Tokens: what is accepted, and every way in which it is not, always with the same answer (S3, S4)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from app.web import issuers
from tests.agency import Json
from tests.issuer import Key, LocalIssuer, encoded, jwk_of, rsa_key, signed
from tests.trusting import AT, Trusting, refused

EC_KEY = ec.generate_private_key(ec.SECP256R1())
P384_KEY = ec.generate_private_key(ec.SECP384R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", rsa_key()), ("PS256", rsa_key()), ("ES256", EC_KEY), ("EdDSA", ED_KEY)],
    ids=["RS256", "PS256", "ES256", "EdDSA"],
)
async def test_the_algorithms_that_are_allowed(trusting: Trusting, algorithm: str, key: Key) -> None:
    trusting.issuer.publish(jwk_of(key, kid="one", use="sig", alg=algorithm))
    assert await trusting.statuses(trusting.token(key, algorithm)) == [200, 200]


GOOD_CLAIMS: dict[str, Json] = {
    "an audience in a list": {"aud": ["other", "AUDIENCE"]},
    "times in fractions": {"iat": AT - 0.5, "exp": AT + 0.5, "nbf": AT - 0.5},
    "members we do not know": {"email": "kim@example.com", "groups": ["a"], "nested": {"a": [1, None]}},
    "issued and begun with the leeway ahead": {"iat": AT + 60, "nbf": AT + 60},
    "over for less than the leeway": {"exp": AT - 59.999},
}


@pytest.mark.parametrize("claims", GOOD_CLAIMS.values(), ids=GOOD_CLAIMS.keys())
async def test_a_token_may_claim(trusting: Trusting, claims: Json) -> None:
    assert await trusting.statuses(trusting.token(**placed(claims, trusting))) == [200, 200]


def placed(claims: Json, trusting: Trusting) -> Json:
    """Claims with the office's own audience where it is meant."""
    named: Json = json.loads(json.dumps(claims).replace("AUDIENCE", trusting.audience))
    return named


BAD_CLAIMS: dict[str, Json] = {
    "another issuer": {"iss": "https://id.example"},
    "the issuer with a slash": {"iss": "SLASH"},
    "no issuer": {"iss": None},
    "a list of issuers": {"iss": ["SLASH"]},
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "an empty list of audiences": {"aud": []},
    "audiences that are no text": {"aud": [1]},
    "too many audiences": {"aud": ["other"] * 20 + ["AUDIENCE"]},
    "an audience in another case": {"aud": "TOUCHBASE"},
    "an unknown subject": {"sub": "lee"},
    "a subject in another case": {"sub": "Kim"},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a subject with NUL": {"sub": "kim\x00"},
    "half a character": {"sub": "\ud800"},
    "a long subject": {"sub": "x" * 256},
    "no end": {"exp": None},
    "an end in words": {"exp": str(AT + 300)},
    "an end that is true": {"exp": True},
    "an end beyond all time": {"exp": 1e300},
    "an end before all time": {"exp": -1},
    "over": {"exp": AT - 60},
    "long over": {"exp": 0},
    "no time of issue": {"iat": None},
    "issued later": {"iat": AT + 61},
    "begins later": {"nbf": AT + 61},
    "begins never": {"nbf": "never"},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
async def test_a_token_that_claims_otherwise_is_refused(trusting: Trusting, claims: Json) -> None:
    placed_claims = {k: trusting.issuer.url + "/" if v == "SLASH" else v for k, v in claims.items()}
    await refused(trusting, trusting.token(**placed(placed_claims, trusting)))


def pem_of(key: Key) -> bytes:
    """The public half as text, which a careless verifier takes for a shared secret."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def unsigned(header: Json, claims: Any, signature: str = "") -> str:
    """A token with any text for a signature."""
    return f"{encoded(header)}.{encoded(claims)}.{signature}"


HEADER = {"alg": "RS256", "kid": "one"}


def resigned(**header: Any) -> Callable[[Trusting], str]:
    """A token signed by the issuer's own key, with another header."""
    return lambda t: signed({**HEADER, **header}, t.claims(), rsa_key(), "RS256")


def raw(claims: Callable[[Trusting], bytes]) -> Callable[[Trusting], str]:
    """A token signed by the issuer's own key, with claims that are these bytes."""
    return lambda t: signed(HEADER, claims(t), rsa_key(), "RS256")


def doubled(trusting: Trusting) -> bytes:
    """Claims with two subjects."""
    return json.dumps(trusting.claims(sub="lee"))[:-1].encode() + b', "sub": "kim"}'


def tampered(trusting: Trusting) -> str:
    """A token whose claims were changed after it was signed."""
    head, _, signature = trusting.token(sub="lee").split(".")
    return f"{head}.{encoded(trusting.claims())}.{signature}"


ATTACKS: dict[str, Callable[[Trusting], str]] = {
    "no algorithm": lambda t: unsigned({"kid": "one"}, t.claims()),
    "none": lambda t: unsigned({"alg": "none", "kid": "one"}, t.claims()),
    "None": lambda t: unsigned({"alg": "None", "kid": "one"}, t.claims(), "AAAA"),
    "an algorithm that is a list": lambda t: unsigned({"alg": ["RS256"]}, t.claims(), "AAAA"),
    "a public key as a secret": lambda t: signed(
        {"alg": "HS256", "kid": "one"}, t.claims(), pem_of(rsa_key()), "HS256"
    ),
    "a key of another": lambda t: t.token(rsa_key(1)),
    "a key of another kind": lambda t: t.token(EC_KEY, "ES256"),
    "an algorithm that is not allowed": lambda t: t.token(algorithm="RS512"),
    "RS256 that says ES256": resigned(alg="ES256"),
    "RS256 that says PS256": resigned(alg="PS256"),
    "changed claims": tampered,
    "no signature": lambda t: t.token().rpartition(".")[0] + ".",
    "half a signature": lambda t: t.token()[:-100],
    "a bit more": lambda t: t.token() + "A",
    "an unknown key id": resigned(kid="two"),
    "a key id of a path": resigned(kid="../../../../dev/null"),
    "a key id of SQL": resigned(kid="one' OR '1'='1"),
    "a key id that is a number": resigned(kid=1),
    "a key id that is an object": resigned(kid={"one": 1}),
    "critical members": resigned(crit=["exp"], exp=AT + 300),
    "a critical member that says nothing": resigned(b64=True, crit=["b64"]),
    "no critical members": resigned(crit=[]),
    "a detached payload": resigned(b64=False, crit=["b64"]),
    "a token for logging out": resigned(typ="logout+jwt"),
    "a token that proves possession": resigned(typ="dpop+jwt"),
    "a type that is no text": resigned(typ=["JWT"]),
    "two subjects": raw(doubled),
    "claims that are a list": raw(lambda _: b"[]"),
    "claims that are no JSON": raw(lambda _: b"{"),
    "claims that are not UTF-8": raw(lambda _: b'{"sub": "\xff"}'),
    "NaN": raw(lambda t: json.dumps(t.claims(exp=0)).replace('"exp": 0', '"exp": NaN').encode()),
    "Infinity": raw(lambda t: json.dumps(t.claims(exp=0)).replace('"exp": 0', '"exp": 1e999').encode()),
    "an abyss": raw(lambda _: b"[" * 4_000),
    "an abyss of a header": lambda t: f"{encoded(b'[' * 2_000)}.{encoded(t.claims())}.AAAA",
    "five parts": lambda t: t.token() + ".AAAA.AAAA",
    "one part": lambda t: t.token().partition(".")[0],
    "only dots": lambda _: "..",
    "too long": lambda t: t.token(padding="x" * 8_192),
    "not ASCII": lambda t: t.token() + "\u00e9",
    "padded": lambda t: t.token() + "==",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_an_attack_is_refused_as_any_bad_credential(
    trusting: Trusting, attack: Callable[[Trusting], str]
) -> None:
    assert await trusting.statuses(trusting.token()) == [200, 200]
    await refused(trusting, attack(trusting))


async def test_a_key_that_a_token_brings_along_is_not_asked_for(trusting: Trusting) -> None:
    evil = LocalIssuer(keys=[jwk_of(rsa_key(1), kid="one")])
    await evil.start()
    address = f"{evil.url}/keys"
    for header in (
        {"jku": address},
        {"x5u": address},
        {"jwk": jwk_of(rsa_key(1), kid="one")},
        {"kid": address},
        {"iss": evil.url},
    ):
        await refused(trusting, signed({**HEADER, **header}, trusting.claims(), rsa_key(1), "RS256"))
    await refused(trusting, trusting.token(rsa_key(1), iss=evil.url))
    assert evil.asked == []
    await evil.stop()


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_the_types_of_token_that_people_get(trusting: Trusting, typ: str) -> None:
    assert await trusting.statuses(resigned(typ=typ)(trusting)) == [200, 200]


UNFIT_KEYS: dict[str, Json] = {
    "a secret": {"kty": "oct", "k": "c2VjcmV0"},
    "for encryption": jwk_of(rsa_key(), use="enc"),
    "for another algorithm": jwk_of(rsa_key(), alg="PS256"),
    "to sign with": jwk_of(rsa_key()) | {"key_ops": ["sign"]},
    "operations that are no list": jwk_of(rsa_key()) | {"key_ops": 7},
    "too short": jwk_of(rsa_key(3, 1_024)),
    "a modulus that is a number": {"kty": "RSA", "n": 7, "e": "AQAB"},
    "no modulus": {"kty": "RSA", "e": "AQAB"},
    "an even exponent": jwk_of(rsa_key()) | {"e": "Ag"},
    "another curve": jwk_of(P384_KEY),
    "of no kind": {"n": "x"},
    "of an odd kind": {"kty": {"RSA": 1}},
}


@pytest.mark.parametrize("jwk", UNFIT_KEYS.values(), ids=UNFIT_KEYS.keys())
async def test_a_key_that_does_not_fit_is_passed_over(trusting: Trusting, jwk: Json) -> None:
    key, algorithm = (rsa_key(3, 1_024), "RS256") if jwk == UNFIT_KEYS["too short"] else (rsa_key(), "RS256")
    trusting.issuer.publish({**jwk, "kid": "one"}, jwk_of(EC_KEY, kid="two"))
    await refused(trusting, trusting.token(key, algorithm))
    good = signed({"alg": "ES256", "kid": "two"}, trusting.claims(), EC_KEY, "ES256")
    assert await trusting.statuses(good) == [200, 200]


async def test_without_a_key_id_the_only_key_is_meant(trusting: Trusting) -> None:
    token = signed({"alg": "RS256"}, trusting.claims(), rsa_key(), "RS256")
    assert await trusting.statuses(token) == [200, 200]
    trusting.issuer.publish(jwk_of(rsa_key(), kid="one"), jwk_of(rsa_key(1), kid="two"))
    trusting.processes.seconds += issuers.FRESH_SECONDS
    await refused(trusting, token)


async def test_a_private_key_among_the_published_is_used_as_public(trusting: Trusting) -> None:
    leaked = {**jwk_of(rsa_key(), kid="one"), "d": "AQAB", "p": "AQAB", "q": "AQAB"}
    trusting.issuer.publish(leaked)
    assert await trusting.statuses(trusting.token()) == [200, 200]


async def test_a_token_is_not_remembered_past_its_end(trusting: Trusting) -> None:
    token = trusting.token(exp=AT - 58)
    assert await trusting.statuses(token) == [200, 200]
    trusting.database.now = datetime.fromtimestamp(AT + 2, UTC)
    trusting.processes.seconds = 2
    await refused(trusting, token)
