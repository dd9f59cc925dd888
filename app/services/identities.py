"""Identities: which consultant a subject of an identity provider is, and what they may do (S4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import enter
from app.errors import ConflictError
from app.models import Consultant, Identity, IdentityProvider, Role
from app.services import access, objects
from app.services.access import ROLES
from app.services.scope import Caller, find, rows_of


async def create(db: AsyncSession, caller: Caller, consultant_id: UUID, terms: Mapping[str, Any]) -> Identity:
    """Link a subject of a provider to a consultant. `terms` are `identity_provider_id`, `subject` and `role`.

    Raises NotFoundError; InvalidError for a role that may do more than the caller; ConflictError if the subject is
    linked already. One that was revoked can be linked anew.
    """
    await find(db, caller, Consultant, consultant_id)
    await find(db, caller, IdentityProvider, terms["identity_provider_id"], pointer="/identity_provider_id")
    access.check_grant(caller, ROLES[terms["role"]], pointer="/role")
    linked = rows_of(caller, Identity).where(
        Identity.identity_provider_id == terms["identity_provider_id"],
        Identity.subject == terms["subject"],
        Identity.revoked_at.is_(None),
    )
    if await db.scalar(linked) is not None:
        raise ConflictError("The subject is linked already.", code="subject_linked", pointer="/subject")
    identity = Identity(agency_id=caller.agency_id, consultant_id=consultant_id, **terms)
    db.add(identity)
    await db.flush()
    return identity


async def change(
    db: AsyncSession, caller: Caller, identity_id: UUID, role: Role, *, now: datetime
) -> Identity:
    """Give an identity another role.

    Raises NotFoundError; ForbiddenError for an identity that may do more than the caller, and InvalidError for a role
    that may; ConflictError for an identity that is revoked, and for the caller's own.
    """
    identity = await access.unrevoked(db, caller, Identity, identity_id)
    access.check_reach(caller, ROLES[identity.role])
    access.check_grant(caller, ROLES[role], pointer="/role")
    await access.check_keeps_own(db, caller, is_own=caller.principal == principal_of(identity), now=now)
    return await objects.change(db, identity, {"role": role}, now=now)


async def revoke(db: AsyncSession, caller: Caller, identity_id: UUID, *, now: datetime) -> Identity:
    """End an identity for good: anybody's, so that whoever sees that one is misused can stop it at once.

    Raises NotFoundError; ConflictError for an identity that is revoked, and for the caller's own.
    """
    identity = await access.unrevoked(db, caller, Identity, identity_id)
    await access.check_keeps_own(db, caller, is_own=caller.principal == principal_of(identity), now=now)
    return await objects.change(db, identity, {"revoked_at": now}, now=now)


async def authenticate(
    db: AsyncSession, providers: Sequence[IdentityProvider], subject: str
) -> Caller | None:
    """Whom the providers that a token may be of vouch for, disabled ones no longer.

    None if the subject is nobody's; and if it is linked at more than one of them, be they of one agency or of several.
    """
    found: list[Identity] = []
    for agency_id in {provider.agency_id for provider in providers}:
        await enter(db, agency_id)
        query = select(Identity).join(
            IdentityProvider,
            (IdentityProvider.agency_id == Identity.agency_id)
            & (IdentityProvider.id == Identity.identity_provider_id),
        )
        found += await db.scalars(
            query.where(
                Identity.agency_id == agency_id,
                Identity.identity_provider_id.in_([provider.id for provider in providers]),
                Identity.subject == subject,
                Identity.revoked_at.is_(None),
                IdentityProvider.disabled_at.is_(None),
            )
        )
    if len(found) != 1:
        return None
    [identity] = found
    return Caller(identity.agency_id, principal_of(identity), ROLES[identity.role], identity.consultant_id)


def principal_of(identity: Identity) -> str:
    """The name of an identity as the one who acts."""
    return f"identity:{identity.id}"
