"""API keys: `tb_<environment>_<key id>_<secret><checksum>`, of which only an HMAC is kept (S3)."""

import hmac
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import enter
from app.models import Agency, ApiKey, Credential, Role
from app.services.access import ROLES
from app.services.scope import Caller

USE_NOTED_EVERY = timedelta(minutes=1)

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY_ID_LENGTH = 12
_SECRET_LENGTH = 32  # of 62 letters each: 190 random bits
_CHECK_LENGTH = 6
_FORM = re.compile(
    rf"tb_(?:live|test)_([0-9A-Za-z]{{{_KEY_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECK_LENGTH}}}"
)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A valid key, as long as it is neither expired nor revoked."""

    caller: Caller
    expires_at: datetime | None


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
    return hmac.digest(secret.encode(), key.encode(), "sha256")


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


async def authenticate(db: AsyncSession, key: str, *, secret: str, now: datetime) -> KnownKey | None:
    """Whose key this is, or None for any key that is not valid. Notes the use, at most once a minute."""
    key_id = key_id_of(key)
    if key_id is None:
        return None
    agency_id = await db.scalar(select(Credential.agency_id).where(Credential.lookup == key_id))
    if agency_id is None:
        return None
    await enter(db, agency_id)
    either = (ApiKey.key_id == key_id) | (ApiKey.previous_key_id == key_id)
    row = await db.scalar(select(ApiKey).where(ApiKey.agency_id == agency_id, either))
    if row is None or not _is_live(row, now):
        return None
    kept, expires_at = _kept(row, key_id)
    if not hmac.compare_digest(kept, digest_of(key, secret)) or (
        expires_at is not None and now >= expires_at
    ):
        return None
    if row.last_used_at is None or now - row.last_used_at >= USE_NOTED_EVERY:
        mine = update(ApiKey).where(ApiKey.agency_id == agency_id, ApiKey.id == row.id)
        await db.execute(mine.values(last_used_at=now, updated_at=ApiKey.updated_at))
    # The key itself is the principal, not its text: that changes when it is rotated.
    return KnownKey(Caller(agency_id, f"key:{row.id}", scopes_of(row)), expires_at)


def scopes_of(key: ApiKey) -> frozenset[str]:
    """What a key may do."""
    return ROLES[key.role] if key.role else frozenset(key.scopes)


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
