"""Identity providers: the issuers of tokens that an agency trusts to say who its consultants are (S4).

Anybody can register any issuer and audience, so that alone takes nothing from anybody: a token is of the agency in
which its subject is linked (S1). A subject that two agencies have linked is nobody's, as none of them has proven more
than the other, and a call that is refused does less harm than one that writes into the wrong agency.

So a rival who links an agency's people can have them refused, and where the agency itself has not linked them, or no
longer, their calls are the rival's. Against both there are audiences that end in `touchbase:` and an agency's id: what
the issuer has signed for one agency is of no other.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import enter
from app.errors import ConflictError, InvalidError, OutboundError
from app.models import Credential, Identity, IdentityProvider
from app.outbound import Network, Reach, check_url
from app.services import access, objects
from app.services.scope import Caller, find, rows_of

# So many agencies may trust the same tokens: each is entered in turn to ask whether it knows the subject.
MOST_AGENCIES = 50

_NAMING = re.compile(r"touchbase:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.IGNORECASE)


async def create(
    db: AsyncSession, caller: Caller, terms: Mapping[str, Any], allowed: Sequence[Network]
) -> IdentityProvider:
    """Trust an issuer's tokens for an audience. `terms` are `name`, `issuer` and `audience`.

    Raises InvalidError for an issuer that could not be asked for its keys (`allowed` are networks of our own that
    may be called) or an audience that names another agency, and ConflictError if the agency has the pair already.
    Whether others have it is not told.
    """
    _check_issuer(terms["issuer"], allowed)
    if _agency_named(terms["audience"]) not in (None, caller.agency_id):
        raise InvalidError(
            "The audience names another agency.", code="audience_of_another", pointer="/audience"
        )
    pair = rows_of(caller, IdentityProvider).where(
        IdentityProvider.issuer == terms["issuer"], IdentityProvider.audience == terms["audience"]
    )
    if await db.scalar(pair) is not None:
        raise ConflictError(
            "The agency has this issuer for this audience already.", code="issuer_taken", pointer="/audience"
        )
    lookup = _lookup(terms["issuer"], terms["audience"])
    provider = IdentityProvider(agency_id=caller.agency_id, **terms)
    db.add_all([provider, Credential(lookup=lookup, agency_id=caller.agency_id)])
    await db.flush()
    return provider


async def change(
    db: AsyncSession, caller: Caller, provider_id: UUID, terms: Mapping[str, Any], *, now: datetime
) -> IdentityProvider:
    """Rename a provider, or accept its tokens no longer, or again; `terms` are `name` and `disabled`, if they change.

    Its issuer and audience stay: whoever could change them could make themselves any of its people. Raises
    NotFoundError, and ConflictError for disabling the provider that vouches for the caller.
    """
    provider = await find(db, caller, IdentityProvider, provider_id, lock=True)
    values = {"name": terms["name"]} if "name" in terms else {}
    if terms.get("disabled"):
        await access.check_keeps_own(db, caller, is_own=await _is_own(db, caller, provider), now=now)
        values["disabled_at"] = provider.disabled_at or now
    elif "disabled" in terms:
        values["disabled_at"] = None
    return await objects.change(db, provider, values, now=now)


async def vouching(db: AsyncSession, issuer: str, audiences: Sequence[str]) -> list[IdentityProvider]:
    """The providers whose tokens these may be, of every agency that trusts the issuer for one of the audiences.

    Where audiences name agencies, it is those alone. A disabled one is none of them. Of more than `MOST_AGENCIES`
    agencies none is asked, and there is none.
    """
    lookups = [_lookup(issuer, audience) for audience in audiences]
    claiming = select(Credential.agency_id).where(Credential.lookup.in_(lookups)).distinct()
    named = {_agency_named(audience) for audience in audiences} - {None}
    if named:
        claiming = claiming.where(Credential.agency_id.in_(named))
    agencies = (await db.scalars(claiming.limit(MOST_AGENCIES + 1))).all()
    if len(agencies) > MOST_AGENCIES:
        return []
    providers: list[IdentityProvider] = []
    for agency_id in agencies:
        await enter(db, agency_id)
        query = select(IdentityProvider).where(
            IdentityProvider.agency_id == agency_id,
            IdentityProvider.issuer == issuer,
            IdentityProvider.audience.in_(audiences),
            IdentityProvider.disabled_at.is_(None),
        )
        providers += await db.scalars(query)
    return providers


async def _is_own(db: AsyncSession, caller: Caller, provider: IdentityProvider) -> bool:
    """Whether it is this provider that vouches for the caller."""
    vouched = select(Identity.id).where(
        Identity.agency_id == caller.agency_id,
        Identity.identity_provider_id == provider.id,
        "identity:" + cast(Identity.id, Text) == caller.principal,
    )
    return await db.scalar(vouched) is not None


def _check_issuer(issuer: str, allowed: Sequence[Network]) -> None:
    try:
        check_url(issuer, Reach(allowed))
    except OutboundError as error:
        raise InvalidError(str(error), code="issuer_url", pointer="/issuer") from None
    if "?" in issuer or "#" in issuer:
        raise InvalidError(
            "An issuer has neither a query nor a fragment.", code="issuer_url", pointer="/issuer"
        )


def _agency_named(audience: str) -> UUID | None:
    """The agency whose id an audience ends in."""
    match = _NAMING.search(audience)
    return UUID(match[1]) if match else None


def _lookup(issuer: str, audience: str) -> str:
    """The name of a pair among the credentials. An issuer, being a URL, has no line break in it."""
    return "oidc:" + sha256(f"{issuer}\n{audience}".encode()).hexdigest()
