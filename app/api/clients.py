"""Clients: the companies that hire."""

from fastapi import Response

from app.api.members import ClientCreate
from app.api.views import (
    ObjectView,
    Syncing,
    by_name,
    listed,
    saved_view,
    view,
)
from app.models import Client, RefKind
from app.services import objects
from app.services.scope import find
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Input, Name, absent

clients = router("Clients")


class ClientUpdate(Input):
    """What changes about a client; absent members stay."""

    name: Name = absent()


class ClientView(ObjectView):
    """A company that hires."""

    name: str


@clients.post("/v1/clients", status_code=201, **operation("directory:write", 409, upsert=ClientView))
async def create_client(body: ClientCreate, work: InWork, response: Response) -> ClientView:
    """Create a client, or change the one that an external id names."""
    saved = await objects.save(
        work.db,
        work.caller,
        RefKind.CLIENT,
        Client,
        body.columns(),
        body.refs(),
        given=body.given(),
        now=work.now,
    )
    return await saved_view(ClientView, work, response, saved)


@clients.get("/v1/clients", **operation("directory:read"))
async def list_clients(work: InWork, sync: Syncing, paging: Paged) -> Page[ClientView]:
    """List clients, oldest first."""
    query = sync.of(work, RefKind.CLIENT, Client)
    return await listed(ClientView, work, paging, query, Client)


@clients.get("/v1/clients/{client_id}", **operation("directory:read", 404))
async def get_client(client_id: Id, work: InWork) -> ClientView:
    """Read a client."""
    return await view(ClientView, work, await find(work.db, work.caller, Client, client_id))


@clients.patch("/v1/clients/{client_id}", **operation("directory:write", 404))
async def update_client(client_id: Id, body: ClientUpdate, work: InWork) -> ClientView:
    """Change a client; absent members stay as they are."""
    row = await find(work.db, work.caller, Client, client_id)
    changed = await objects.change(work.db, row, by_name(body, sent_only=True), now=work.now)
    return await view(ClientView, work, changed)
