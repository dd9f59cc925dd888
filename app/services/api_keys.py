"""API keys: `tb_<environment>_<key id>_<secret><checksum>`, of which only an HMAC is kept (S3)."""

import hmac
import re
import secrets
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Beginning, Statement, enter
from app.errors import ConflictError, InvalidError
from app.models import Agency, ApiKey, Credential, Role
from app.services import access, objects
from app.services.access import ROLES, scopes_of
from app.services.macs import mac_of
from app.services.scope import AGENCY, Caller, KnownCaller

USE_NOTED_EVERY = timedelta(minutes=1)

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY_ID_LENGTH = 12
_SECRET_LENGTH = 32  # of 62 letters each: 190 random bits
_CHECK_LENGTH = 6
_FORM = re.compile(
    rf"tb_(?:live|test)_([0-9A-Za-z]{{{_KEY_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECK_LENGTH}}}"
)


_CREDENTIAL = Statement("SELECT agency_id FROM credentials WHERE lookup = :key_id")
_KEY = Statement(
    f"""
SELECT now(), agency_id, id, key_id, digest, previous_key_id, previous_digest, previous_expires_at, role, scopes,
  expires_at, revoked_at, last_used_at
FROM api_keys WHERE agency_id = {AGENCY} AND (key_id = :key_id OR previous_key_id = :key_id)
"""
)


@dataclass(frozen=True, slots=True)
class Mint:
    """What new keys are made with: the environment that stands in them, and the secret of their HMAC."""

    environment: str
    secret: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A key with its new text, which is shown this once."""

    row: ApiKey
    text: str


def generate(environment: str) -> str:
    """A new key."""
    body = f"tb_{environment}_{_random(_KEY_ID_LENGTH)}_{_random(_SECRET_LENGTH)}"
    return body + _checksum(body)


def key_id_of(key: str) -> str | None:
    """The public part of a key, None if it is no key of ours: a typo is found without asking the database."""
    match = _FORM.fullmatch(key)
    if match is None or _checksum(key[:-_CHECK_LENGTH]) != key[-_CHECK_LENGTH:]:
        return None
    return match[1]


def digest_of(key: str, secret: str) -> bytes:
    """What is kept of a key."""
    return mac_of(key.encode(), secret)


async def create_agency(db: AsyncSession, name: str) -> UUID:
    """A new agency; the transaction then sees its rows."""
    agency_id: UUID = uuid7()
    await enter(db, agency_id)
    db.add(Agency(agency_id=agency_id, name=name, policy={}))
    await db.flush()
    return agency_id


async def create_key(
    db: AsyncSession,
    agency_id: UUID,
    key: str,
    *,
    secret: str,
    name: str,
    role: Role = Role.ADMIN,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Keep a generated key for an agency; it may do what `scopes` name, or else what its role may."""
    key_id = key_id_of(key)
    assert key_id is not None
    row = ApiKey(
        agency_id=agency_id,
        key_id=key_id,
        name=name,
        digest=digest_of(key, secret),
        role=role if scopes is None else None,
        scopes=sorted(ROLES[role] if scopes is None else scopes),
        expires_at=expires_at,
    )
    db.add_all([row, Credential(lookup=key_id, agency_id=agency_id)])
    await db.flush()
    return row


def beginning(key: str, agency_id: UUID) -> Beginning:
    """How a transaction begins that authenticates a key which is known to be of an agency."""
    return Beginning(first=(_KEY, {"agency_id": agency_id, "key_id": key_id_of(key)}))


async def authenticate(db: AsyncSession, key: str, *, secret: str, now: datetime) -> KnownCaller | None:
    """Whose key this is, or None for any key that is not valid. Notes the use, at most once a minute.

    Unless the transaction began with the key, it sees the rows of the key's agency afterwards.
    """
    key_id = key_id_of(key)
    if key_id is None:
        return None
    row = await _known(db, key_id)
    if row is None or not _is_live(row, now):
        return None
    kept, expires_at = _kept(row, key_id)
    if not hmac.compare_digest(kept, digest_of(key, secret)) or (
        expires_at is not None and now >= expires_at
    ):
        return None
    if row.last_used_at is None or now - row.last_used_at >= USE_NOTED_EVERY:
        mine = update(ApiKey).where(ApiKey.agency_id == row.agency_id, ApiKey.id == row.id)
        # Another process may just be noting it.
        unnoted = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - USE_NOTED_EVERY)
        await db.execute(mine.where(unnoted).values(last_used_at=now, updated_at=ApiKey.updated_at))
    return KnownCaller(Caller(row.agency_id, principal_of(row), scopes_of(row.role, row.scopes)), expires_at)


async def agency_of(db: AsyncSession, key: str) -> UUID | None:
    """Whose key this is, or was before it ended; None for one that never was."""
    key_id = key_id_of(key)
    return await _entered(db, key_id) if key_id else None


async def _known(db: AsyncSession, key_id: str) -> ApiKey | None:
    """The key that has, or had before, a public part."""
    found: Any = db.info.pop("begun", None)
    if found is None and (agency_id := await _entered(db, key_id)):
        found = next(iter(await _KEY.fetch(db, {"agency_id": agency_id, "key_id": key_id})), None)
    return ApiKey(**{name: value for name, value in found.items() if name != "now"}) if found else None


async def _entered(db: AsyncSession, key_id: str) -> UUID | None:
    """The agency of a key, whose rows the transaction sees from now on."""
    for credential in await _CREDENTIAL.fetch(db, {"key_id": key_id}):
        agency_id: UUID = credential["agency_id"]
        await enter(db, agency_id)
        return agency_id
    return None


async def issue(
    db: AsyncSession, caller: Caller, mint: Mint, terms: Mapping[str, Any], *, now: datetime
) -> Issued:
    """Make a new key. `terms` are `name`, `role` or `scopes`, and `expires_at`.

    Raises InvalidError for more than the caller may do, and for a key that would be over already.
    """
    _check_terms(caller, terms, now)
    text = generate(mint.environment)
    role = {"role": terms["role"]} if terms["role"] else {"scopes": set(terms["scopes"])}
    named = {"name": terms["name"], "expires_at": terms["expires_at"]}
    return Issued(await create_key(db, caller.agency_id, text, secret=mint.secret, **named, **role), text)


async def change(
    db: AsyncSession, caller: Caller, api_key_id: UUID, terms: Mapping[str, Any], *, now: datetime
) -> ApiKey:
    """Change a key's name, its role or scopes, or when it expires; `terms` are as in `issue`, those that change.

    Raises NotFoundError; ForbiddenError for a key that may do more than the caller; InvalidError as `issue`;
    ConflictError for a revoked key, and for the caller's own unless only its name changes.
    """
    key = await access.unrevoked(db, caller, ApiKey, api_key_id)
    access.check_reach(caller, scopes_of(key.role, key.scopes))
    _check_terms(caller, terms, now)
    if terms.keys() - {"name"}:
        await access.check_keeps_own(db, caller, is_own=caller.principal == principal_of(key), now=now)
    values = {name: terms[name] for name in terms.keys() & {"name", "expires_at"}}
    if terms.get("role") or terms.get("scopes"):
        role = terms.get("role")
        values |= {"role": role, "scopes": sorted(ROLES[role] if role else set(terms["scopes"]))}
    return await objects.change(db, key, values, now=now)


async def rotate(
    db: AsyncSession, caller: Caller, mint: Mint, api_key_id: UUID, *, overlap: timedelta, now: datetime
) -> Issued:
    """Give a key a new text; the present one goes on working for `overlap`, one still older ends now.

    Raises NotFoundError; ForbiddenError for a key that may do more than the caller; ConflictError for a key that is
    revoked or has expired.
    """
    key = await access.unrevoked(db, caller, ApiKey, api_key_id)
    if not _is_live(key, now):
        raise ConflictError("The key has expired; let it expire later first.", code="key_expired")
    access.check_reach(caller, scopes_of(key.role, key.scopes))
    if not overlap and caller.principal != principal_of(key):
        await access.check_keeps_own(db, caller, is_own=False, now=now)
    text = generate(mint.environment)
    values = {
        "key_id": text.split("_")[2],
        "digest": digest_of(text, mint.secret),
        "previous_key_id": key.key_id if overlap else None,
        "previous_digest": key.digest if overlap else None,
        "previous_expires_at": now + overlap if overlap else None,
    }
    db.add(Credential(lookup=values["key_id"], agency_id=caller.agency_id))
    return Issued(await objects.change(db, key, values, now=now), text)


async def revoke(db: AsyncSession, caller: Caller, api_key_id: UUID, *, now: datetime) -> ApiKey:
    """End a key for good, its previous text as well.

    Raises NotFoundError; ConflictError for a key that is revoked already, and for the caller's own.
    """
    key = await access.unrevoked(db, caller, ApiKey, api_key_id)
    await access.check_keeps_own(db, caller, is_own=caller.principal == principal_of(key), now=now)
    return await objects.change(db, key, {"revoked_at": now}, now=now)


def principal_of(key: ApiKey) -> str:
    """The name of a key as the one who acts: it stays the same when the key gets a new text."""
    return f"key:{key.id}"


def _check_terms(caller: Caller, terms: Mapping[str, Any], now: datetime) -> None:
    if terms.get("role"):
        access.check_grant(caller, ROLES[terms["role"]], pointer="/role")
    if terms.get("scopes"):
        access.check_grant(caller, terms["scopes"], pointer="/scopes")
    if terms.get("expires_at") is not None and terms["expires_at"] <= now:
        raise InvalidError(
            "A key must expire in time to come; revoke it instead.", code="expiry_past", pointer="/expires_at"
        )


def _is_live(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def _kept(key: ApiKey, key_id: str) -> tuple[bytes, datetime | None]:
    """The digest of the key's present or previous text, and until when that text works."""
    if key.previous_digest is None or key.previous_expires_at is None or key.previous_key_id != key_id:
        return key.digest, key.expires_at
    return key.previous_digest, min(key.previous_expires_at, key.expires_at or key.previous_expires_at)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters
