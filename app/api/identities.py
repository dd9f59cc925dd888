"""Identities: who a subject of an identity provider is, and what they may do (S4)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.views import by_name, narrowed, recorded
from app.models import Consultant, Identity, Role
from app.services import identities as service
from app.services.scope import columns_of, find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Input, Instant, Word

identities = router("Access")


class IdentityCreate(Input):
    """Which subject of an identity provider a consultant is."""

    identity_provider_id: Id
    subject: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="As it stands in their tokens as `sub`.", examples=["248289761001"]
    )
    role: Word[Role]


class IdentityUpdate(Input):
    """What changes about an identity."""

    role: Word[Role]


class IdentityView(Tagged):
    """A subject of an identity provider: which consultant it is, and their role."""

    id: Id
    identity_provider_id: Id
    consultant_id: Id
    subject: str
    role: Role
    revoked_at: Instant | None
    created_at: Instant
    updated_at: Instant


@identities.post(
    "/v1/consultants/{consultant_id}/identities",
    status_code=201,
    **operation("access:write", 404, 409),
)
async def create_identity(consultant_id: Id, body: IdentityCreate, work: InWork) -> IdentityView:
    """Let a consultant call with the tokens of an identity provider, in a role."""
    row = await service.create(work.db, work.caller, consultant_id, by_name(body))
    return IdentityView.model_validate(row)


@identities.get("/v1/consultants/{consultant_id}/identities", **operation("access:read", 404))
async def list_identities(consultant_id: Id, work: InWork, paging: Paged) -> Page[IdentityView]:
    """List a consultant's identities, oldest first, with those that are revoked."""
    await find(work.db, work.caller, Consultant, consultant_id)
    query = narrowed(columns_of(work.caller, Identity), Identity, {"consultant_id": consultant_id})
    return await recorded(IdentityView, work, paging, query, Identity)


@identities.get("/v1/identities/{identity_id}", **operation("access:read", 404))
async def get_identity(identity_id: Id, work: InWork) -> IdentityView:
    """Read an identity."""
    return IdentityView.model_validate(await find(work.db, work.caller, Identity, identity_id))


@identities.patch("/v1/identities/{identity_id}", **operation("access:write", 404, 409))
async def update_identity(identity_id: Id, body: IdentityUpdate, work: InWork) -> IdentityView:
    """Change an identity: give it another role; every process knows within 5 s."""
    return IdentityView.model_validate(
        await service.change(work.db, work.caller, identity_id, body.role, now=work.now)
    )


@identities.post("/v1/identities/{identity_id}/revoke", **operation("access:write", 404, 409))
async def revoke_identity(identity_id: Id, work: InWork) -> IdentityView:
    """Revoke an identity for good; every process refuses its tokens within 5 s."""
    return IdentityView.model_validate(await service.revoke(work.db, work.caller, identity_id, now=work.now))
