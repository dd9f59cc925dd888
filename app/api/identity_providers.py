"""Identity providers: who vouches for the agency's consultants (S4)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.views import by_name, recorded
from app.models import IdentityProvider
from app.services import identity_providers as service
from app.services.scope import columns_of, find
from app.web.deps import AsSet, InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import AS_PRINTABLE, PRINTABLE, Id, Input, Instant, Name, absent

identity_providers = router("Access")


_Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=PRINTABLE), AS_PRINTABLE]


class IdentityProviderCreate(Input):
    """An OpenID Connect issuer, and the audience that stands in tokens meant for us."""

    name: Name
    issuer: _Text = Field(
        description="As it stands in tokens as `iss`; its discovery document lies below it.",
        examples=["https://login.brightpath.example"],
    )
    audience: _Text = Field(
        description="As it stands in tokens as `aud`: the client id, or the name of this API. One that ends in "
        "`touchbase:` and the agency's id keeps the tokens that have it from every other agency.",
        examples=["touchbase"],
    )


class IdentityProviderUpdate(Input):
    """What changes about an identity provider; absent members stay."""

    name: Name = absent()
    disabled: Annotated[bool, Field(description="Whether its tokens are refused.")] = absent()


class IdentityProviderView(Tagged):
    """An OpenID Connect issuer whose tokens for an audience the agency accepts."""

    id: Id
    name: str
    issuer: str
    audience: str
    disabled_at: Instant | None = Field(description="Since when its tokens are refused.")
    created_at: Instant
    updated_at: Instant


@identity_providers.post("/v1/identity-providers", status_code=201, **operation("access:write", 409))
async def create_identity_provider(
    body: IdentityProviderCreate, work: InWork, settings: AsSet
) -> IdentityProviderView:
    """Accept the tokens of an OpenID Connect issuer for an audience, as other agencies may.

    A token is of the agency in which its subject is linked; a subject that two agencies have linked is refused.
    """
    allowed = settings.oidc_allow_nets or ()
    return IdentityProviderView.model_validate(
        await service.create(work.db, work.caller, by_name(body), allowed)
    )


@identity_providers.get("/v1/identity-providers", **operation("access:read"))
async def list_identity_providers(work: InWork, paging: Paged) -> Page[IdentityProviderView]:
    """List the agency's identity providers, oldest first."""
    query = columns_of(work.caller, IdentityProvider)
    return await recorded(IdentityProviderView, work, paging, query, IdentityProvider)


@identity_providers.get("/v1/identity-providers/{identity_provider_id}", **operation("access:read", 404))
async def get_identity_provider(identity_provider_id: Id, work: InWork) -> IdentityProviderView:
    """Read an identity provider."""
    return IdentityProviderView.model_validate(
        await find(work.db, work.caller, IdentityProvider, identity_provider_id)
    )


@identity_providers.patch(
    "/v1/identity-providers/{identity_provider_id}", **operation("access:write", 404, 409)
)
async def update_identity_provider(
    identity_provider_id: Id, body: IdentityProviderUpdate, work: InWork
) -> IdentityProviderView:
    """Change an identity provider: rename it, refuse its tokens from now on, or accept them again."""
    terms = by_name(body, sent_only=True)
    row = await service.change(work.db, work.caller, identity_provider_id, terms, now=work.now)
    return IdentityProviderView.model_validate(row)
