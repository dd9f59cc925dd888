"""The tokens of identity providers: JWTs, read with suspicion and verified (S4).

Nothing of a token is believed before its signature is verified; until then its issuer and audience only tell whose
keys to ask for. What it says of time is held against the clock it is given, the database's (R6).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.errors import InvalidError, MalformedError, UnauthenticatedError
from app.web.body import parse

MOST_CHARACTERS = 8_192
LEEWAY = timedelta(seconds=60)
MOST_KEYS = 100

# Of each algorithm the kind of key, by the members of a JSON Web Key that say so.
ALGORITHMS: dict[str, dict[str, str]] = {
    "RS256": {"kty": "RSA"},
    "PS256": {"kty": "RSA"},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}
# The kinds of token that identity providers give to a person's client; others are meant for something else.
TYPES = ("jwt", "at+jwt", "application/at+jwt")

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
_JWS = jwt.PyJWS()
_RSA_BITS = range(2_048, 8_193)
_PUBLIC_MEMBERS = ("kty", "crv", "n", "e", "x", "y")

_Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
_Seconds = Annotated[float, Field(ge=0, le=datetime(9999, 1, 1, tzinfo=UTC).timestamp())]


class Claims(BaseModel):
    """What a token claims. Numbers are seconds since 1970, as whole or broken numbers."""

    model_config = ConfigDict(strict=True)

    iss: _Text
    aud: _Text | Annotated[list[_Text], Field(min_length=1, max_length=20)]
    sub: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    exp: _Seconds
    iat: _Seconds
    nbf: _Seconds = 0

    @property
    def audiences(self) -> list[str]:
        """For whom the token is."""
        return [self.aud] if isinstance(self.aud, str) else self.aud

    @property
    def ends_at(self) -> datetime:
        """Until when the token is good, with our leeway."""
        return datetime.fromtimestamp(self.exp, UTC) + LEEWAY


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature has not been verified."""

    text: str
    algorithm: str
    key_id: str | None
    claims: Claims


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key of an issuer."""

    key_id: str | None
    algorithms: frozenset[str]
    public: PublicKey


def read(text: str) -> Token:
    """A token taken apart. Raises UnauthenticatedError for what could not be one of ours, whoever signed it."""
    if len(text) > MOST_CHARACTERS or "=" in text:  # the library would take padding as well
        raise UnauthenticatedError
    try:
        parts = _JWS.decode_complete(text, options={"verify_signature": False})
        claims = Claims.model_validate(parse(parts["payload"]))
    except (jwt.PyJWTError, MalformedError, InvalidError, ValidationError, ValueError):
        raise UnauthenticatedError from None
    header: dict[str, Any] = parts["header"]
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in header:
        raise UnauthenticatedError
    if str(header.get("typ", "JWT")).lower() not in TYPES or not isinstance(key_id, str | None):
        raise UnauthenticatedError
    return Token(text, algorithm, key_id, claims)


def verify(token: Token, key: IssuerKey) -> None:
    """Raise UnauthenticatedError unless the key signed the token."""
    try:
        _JWS.decode(token.text, key.public, algorithms=[token.algorithm])
    except (jwt.PyJWTError, ValueError):
        raise UnauthenticatedError from None


def check_times(claims: Claims, now: datetime) -> None:
    """Raise UnauthenticatedError for a token that is over, or that begins or was made later than now."""
    begins = datetime.fromtimestamp(max(claims.nbf, claims.iat), UTC) - LEEWAY
    if not begins <= now < claims.ends_at:
        raise UnauthenticatedError


def read_keys(raw: bytes) -> list[IssuerKey]:
    """The keys of a JSON Web Key Set that can verify a token of ours; others are passed over.

    Raises ValueError for what is no key set.
    """
    document = json.loads(raw)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")  # noqa: TRY004 - what is wrong is the document
    return [key for jwk in listed[:MOST_KEYS] if isinstance(jwk, dict) and (key := _key_of(jwk))]


def fitting(keys: Sequence[IssuerKey], token: Token) -> IssuerKey | None:
    """The one key that may have signed a token: that of its key id, or the only one if it names none."""
    found = [key for key in keys if token.algorithm in key.algorithms]
    if token.key_id is not None:
        found = [key for key in found if key.key_id == token.key_id]
    return found[0] if len(found) == 1 else None


def _key_of(jwk: dict[str, Any]) -> IssuerKey | None:
    algorithms = [name for name, kind in ALGORITHMS.items() if kind.items() <= jwk.items()]
    algorithms = [name for name in algorithms if jwk.get("alg", name) == name]
    if not algorithms or not _is_for_verifying(jwk) or not isinstance(jwk.get("kid"), str | None):
        return None
    try:
        # Its public members alone: with a private one among them it would be read as a private key.
        public = jwt.PyJWK({name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}, algorithms[0]).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(public, RSAPublicKey) and public.key_size not in _RSA_BITS:
        return None
    return IssuerKey(jwk.get("kid"), frozenset(algorithms), public)


def _is_for_verifying(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
