"""Client contacts: the people at a client who answer."""

from fastapi import Response

from app.api.members import ClientContactCreate
from app.api.views import (
    ObjectView,
    Syncing,
    by_name,
    listed,
    narrowed,
    saved_view,
    view,
)
from app.models import Client, ClientContact, RefKind
from app.services import people
from app.services.scope import find
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Email, Holidays, Id, Input, Instant, Name, Phone, Zone, absent

client_contacts = router("Client contacts")


class ClientContactUpdate(Input):
    """What changes about a client contact; absent members stay."""

    name: Name = absent()
    role: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    timezone: Zone = absent()
    holidays: Holidays | None = None
    unavailable_until: Instant | None = None


class ClientContactView(ObjectView):
    """A person at a client."""

    client_id: Id
    name: str
    role: str | None
    email: str | None
    phone: str | None
    timezone: str
    holidays: str | None
    unavailable_until: Instant | None


@client_contacts.post(
    "/v1/clients/{client_id}/contacts",
    status_code=201,
    **operation("directory:write", 404, 409, upsert=ClientContactView),
)
async def create_client_contact(
    client_id: Id, body: ClientContactCreate, work: InWork, response: Response
) -> ClientContactView:
    """Create a contact at a client, or change the one that an external id names."""
    await find(work.db, work.caller, Client, client_id)
    values = {**body.columns(), "client_id": client_id}
    saved = await people.save_client_contact(
        work.db, work.caller, values, body.refs(), given=body.given(), now=work.now
    )
    return await saved_view(ClientContactView, work, response, saved)


@client_contacts.get("/v1/clients/{client_id}/contacts", **operation("directory:read", 404))
async def list_client_contacts(
    client_id: Id, work: InWork, sync: Syncing, paging: Paged
) -> Page[ClientContactView]:
    """List the contacts at a client, oldest first."""
    await find(work.db, work.caller, Client, client_id)
    query = sync.of(work, RefKind.CLIENT_CONTACT, ClientContact)
    query = narrowed(query, ClientContact, {"client_id": client_id})
    return await listed(ClientContactView, work, paging, query, ClientContact)


@client_contacts.get("/v1/client-contacts/{client_contact_id}", **operation("directory:read", 404))
async def get_client_contact(client_contact_id: Id, work: InWork) -> ClientContactView:
    """Read a client contact."""
    row = await find(work.db, work.caller, ClientContact, client_contact_id)
    return await view(ClientContactView, work, row)


@client_contacts.patch("/v1/client-contacts/{client_contact_id}", **operation("directory:write", 404))
async def update_client_contact(
    client_contact_id: Id, body: ClientContactUpdate, work: InWork
) -> ClientContactView:
    """Change a client contact; zone, holidays and absence move what they promised."""
    changes = by_name(body, sent_only=True)
    row = await people.update_client_contact(work.db, work.caller, client_contact_id, changes, now=work.now)
    return await view(ClientContactView, work, row)
