"""What callers may do: scopes, and the roles that are named sets of them (S4)."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, ForbiddenError, InvalidError, UnauthenticatedError
from app.models import ApiKey, Identity, IdentityProvider, Role
from app.services import locks
from app.services.locks import Lock
from app.services.scope import Caller, find, rows_of


class Scope(StrEnum):
    """Something that a caller may do."""

    DIRECTORY_READ = "directory:read"
    DIRECTORY_WRITE = "directory:write"
    APPLICATIONS_READ = "applications:read"
    APPLICATIONS_WRITE = "applications:write"
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"
    STATUS_READ = "status:read"
    POLICY_WRITE = "policy:write"
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    AUDIT_READ = "audit:read"
    EVENTS_READ = "events:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    CALENDARS_READ = "calendars:read"
    CALENDARS_WRITE = "calendars:write"


SCOPES = {
    Scope.DIRECTORY_READ: "Read consultants, clients, client contacts, candidates and jobs",
    Scope.DIRECTORY_WRITE: "Create and change consultants, clients, client contacts, candidates and jobs",
    Scope.APPLICATIONS_READ: "Read applications, interviews and snoozes",
    Scope.APPLICATIONS_WRITE: "Create and change applications, interviews and snoozes",
    Scope.RECORDS_READ: "Read debriefs, timescales, feedback and contacts",
    Scope.RECORDS_WRITE: "Record debriefs, timescales, feedback and contacts",
    Scope.STATUS_READ: "Ask who is due a word and why; read and try a policy; have a phrase read",
    Scope.POLICY_WRITE: "Change the policy of the agency and of its clients",
    Scope.ACCESS_READ: "Read API keys, identity providers and identities, never a secret",
    Scope.ACCESS_WRITE: "Create, rotate and revoke API keys; manage identity providers and identities",
    Scope.AUDIT_READ: "Read the audit trail",
    Scope.EVENTS_READ: "Read the log of events",
    Scope.WEBHOOKS_READ: "Read webhook endpoints and their deliveries, never a secret",
    Scope.WEBHOOKS_WRITE: "Manage webhook endpoints, and have deliveries sent again",
    Scope.CALENDARS_READ: "Read which calendar feeds there are, never an address",
    Scope.CALENDARS_WRITE: "Create and revoke calendar feeds; a consultant's token only the consultant's own",
}

ALL = frozenset(SCOPES)
_DAILY_WORK = ALL - {
    Scope.POLICY_WRITE,
    Scope.ACCESS_READ,
    Scope.ACCESS_WRITE,
    Scope.AUDIT_READ,
    Scope.WEBHOOKS_READ,
    Scope.WEBHOOKS_WRITE,
}

ROLES = {
    Role.ADMIN: ALL,
    Role.MANAGER: ALL - {Scope.ACCESS_WRITE},
    Role.CONSULTANT: _DAILY_WORK,
    Role.INTEGRATION: frozenset(scope for scope in _DAILY_WORK if scope.endswith(":read")),
}

Revocable = TypeVar("Revocable", ApiKey, Identity)

_REVOKED: dict[type, tuple[str, str]] = {
    ApiKey: ("The key is revoked.", "key_revoked"),
    Identity: ("The identity is revoked.", "identity_revoked"),
}


def roles_with(scopes: Iterable[str]) -> list[Role]:
    """The roles that have all of some scopes."""
    return [role for role, held in ROLES.items() if held.issuperset(scopes)]


def scopes_of(role: Role | None, scopes: Iterable[str]) -> frozenset[str]:
    """What a key may do: what its role may by now, or else the scopes of its own."""
    return ROLES[role] if role else frozenset(scopes)


def check_grant(caller: Caller, scopes: Iterable[str], *, pointer: str) -> None:
    """Raise InvalidError unless the caller may do all that they give to another; `pointer` names the member."""
    if not caller.scopes.issuperset(scopes):
        raise InvalidError("Nobody gives what they do not have.", code="beyond_own_scopes", pointer=pointer)


def check_reach(caller: Caller, scopes: Iterable[str]) -> None:
    """Raise ForbiddenError for what belongs to somebody who may do more than the caller."""
    if not caller.scopes.issuperset(scopes):
        raise ForbiddenError("It may do more than you may.", code="beyond_own_scopes")


async def check_keeps_own(db: AsyncSession, caller: Caller, *, is_own: bool, now: datetime) -> None:
    """Raise ConflictError if it is the caller's own credential that is to be taken away.

    Whoever takes a credential away keeps their own, so an agency is never left without one by a slip. Nor by two who
    take each other's: they queue up here, and the second raises UnauthenticatedError, or ForbiddenError for a role that
    was taken away.
    """
    if is_own:
        raise ConflictError(
            "Nobody takes their own access away; use another credential.", code="own_credential"
        )
    await locks.take(db, caller, Lock.ACCESS)
    kind, _, own_id = caller.principal.partition(":")
    if kind in _OWN and Scope.ACCESS_WRITE not in await _OWN[kind](db, caller, UUID(own_id), now):
        raise ForbiddenError


async def _of_key(db: AsyncSession, caller: Caller, key_id: UUID, now: datetime) -> Iterable[str]:
    """What a key may do by now. Raises UnauthenticatedError for one that has ended."""
    lasting = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    query = rows_of(caller, ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None), lasting)
    key = await db.scalar(query)
    if key is None:
        raise UnauthenticatedError
    return scopes_of(key.role, key.scopes)


async def _of_identity(db: AsyncSession, caller: Caller, identity_id: UUID, now: datetime) -> Iterable[str]:
    """The same for an identity. Raises as well for one that nobody vouches for any more."""
    trusted = select(IdentityProvider.id).where(
        IdentityProvider.agency_id == caller.agency_id, IdentityProvider.disabled_at.is_(None)
    )
    query = rows_of(caller, Identity).where(
        Identity.id == identity_id,
        Identity.revoked_at.is_(None),
        Identity.identity_provider_id.in_(trusted),
    )
    identity = await db.scalar(query)
    if identity is None:
        raise UnauthenticatedError
    return ROLES[identity.role]


# How the present scopes of a caller are found, by the kind of credential that a principal is named after.
_OWN = {"key": _of_key, "identity": _of_identity}


async def unrevoked(db: AsyncSession, caller: Caller, table: type[Revocable], row_id: UUID) -> Revocable:
    """The caller's credential with this id, locked. Raises NotFoundError, and ConflictError for one that is revoked."""
    row = await find(db, caller, table, row_id, lock=True)
    if row.revoked_at is not None:
        words, code = _REVOKED[table]
        raise ConflictError(words, code=code)
    return row
