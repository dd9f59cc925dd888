"""Contacts: calls, mails and voicemails with either side."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field

from app.api.shapes import ExplainedStatus, PromiseTerms, explained
from app.models import Contact
from app.models.contacts import ContactApplication
from app.rules.vocabulary import Channel, ContactParty, Direction, Outcome, Purpose
from app.services import contacts as service
from app.services import objects
from app.services.scope import check_named, columns_of, find
from app.web.deps import InWork, Work
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Day, Id, Input, Instant, Notes, Output, Word

contacts = router("Contacts")

ContactId = Annotated[Id, Path()]
Filter = Annotated[Id | None, Query()]


class ContactCreate(Input):
    """A call, mail, voicemail or attempt with a candidate or a client contact (R2)."""

    with_: Literal["candidate", "client"] = Field(alias="with")
    person_id: Id = Field(description="The candidate, or the client contact.")
    direction: Word[Direction]
    outcome: Word[Outcome]
    occurred_at: Instant | None = Field(default=None, description="When it happened; now if absent.")
    channel: Word[Channel] | None = None
    purpose: Word[Purpose] = Purpose.OTHER
    application_ids: Annotated[list[Id], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="What it was about; null for all of that person's applications (M1)."
    )
    relays: Annotated[list[Id], Field(max_length=200)] = Field(
        default=[], description="The feedback passed on to the candidate."
    )
    needs_reply: bool = Field(default=False, description="The candidate waits for an answer (E3).")
    automated: bool = Field(default=False, description="Sent by a machine; never counts as a word from us.")
    promise: PromiseTerms | None = Field(default=None, description="What we promised the candidate (E2).")
    consultant_id: Id | None = Field(default=None, description="Who made it.")
    notes: Notes | None = Field(default=None, description="Private to the agency.")

    def values(self) -> dict[str, Any]:
        """The columns and what goes beside them."""
        fields = self.model_dump()
        return {"party": ContactParty(fields.pop("with_")), **fields}


class PromiseView(Output):
    """What we promised the candidate."""

    by: Instant | None
    by_date: Day | None


class ContactView(Output):
    """A contact as it was recorded."""

    id: Id
    party: ContactParty = Field(serialization_alias="with")
    person_id: Id
    direction: Direction
    outcome: Outcome
    occurred_at: Instant
    recorded_at: Instant
    channel: Channel | None
    purpose: Purpose
    application_ids: list[Id] | None
    relays: list[Id]
    needs_reply: bool
    automated: bool
    promise: PromiseView | None
    consultant_id: Id | None
    notes: str | None


class ContactSaved(ContactView):
    """A contact with where every application it covers stands now."""

    application_statuses: list[ExplainedStatus]


@contacts.post("/v1/contacts", status_code=201, **operation("records:write", 404, body=True))
async def record_contact(body: ContactCreate, work: InWork) -> ContactSaved:
    """Record a contact over one or several applications, and what it relays or promises."""
    row, standings = await service.record(work.db, work.caller, body.values(), now=work.now)
    [fields] = await _fields(work, [row])
    return ContactSaved.model_validate({**fields, "application_statuses": [explained(s) for s in standings]})


@contacts.get("/v1/contacts", **operation("records:read", 404))
async def list_contacts(
    work: InWork,
    paging: Paged,
    candidate_id: Filter = None,
    client_contact_id: Filter = None,
    application_id: Annotated[Id | None, Query(description="Only those that name this application")] = None,
) -> Page[ContactView]:
    """List contacts, in the order they were recorded."""
    wanted = {
        "candidate_id": candidate_id,
        "client_contact_id": client_contact_id,
        "application_id": application_id,
    }
    await check_named(work.db, work.caller, {name: value for name, value in wanted.items() if value})
    query = columns_of(work.caller, Contact)
    if candidate_id is not None:
        query = query.where(Contact.candidate_id == candidate_id)
    if client_contact_id is not None:
        query = query.where(Contact.client_contact_id == client_contact_id)
    if application_id is not None:
        naming = columns_of(work.caller, ContactApplication).where(
            ContactApplication.application_id == application_id
        )
        query = query.where(Contact.id.in_(naming.with_only_columns(ContactApplication.contact_id)))
    rows, more = await objects.page(work.db, query, Contact, after=paging.after, limit=paging.limit)
    items = [ContactView.model_validate(fields) for fields in await _fields(work, rows)]
    return Page[ContactView](items=items, next_cursor=paging.next_cursor(rows, more=more))


@contacts.get("/v1/contacts/{contact_id}", **operation("records:read", 404))
async def get_contact(contact_id: ContactId, work: InWork) -> ContactView:
    """Read a contact."""
    [fields] = await _fields(work, [await find(work.db, work.caller, Contact, contact_id)])
    return ContactView.model_validate(fields)


async def _fields(work: Work, rows: Sequence[Any]) -> list[dict[str, Any]]:
    return await service.described(work.db, work.caller, rows)
