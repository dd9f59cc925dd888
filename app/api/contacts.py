"""Contacts: calls, mails and voicemails with either side, and whether one may be made now."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from app.api.records import Sendable
from app.api.shapes import ExplainedStatus, PromiseTerms, VoidedView, VoidTerms, explained
from app.api.views import ExternalRefView, NamingFilter, Referred, filtered
from app.models import Contact, ContactApplication, RecordKind
from app.rules.objections import Objection, allowed_from, objections
from app.rules.vocabulary import Answer, Channel, ContactParty, Direction, Outcome, Purpose
from app.services import contacts as service
from app.services import facts, objects
from app.services.contacts import Recorded
from app.services.scope import check_filters, columns_of, find
from app.services.voids import is_voided
from app.web.deps import InWork, Work
from app.web.etags import Tagged
from app.web.operations import begins, operation, router
from app.web.paging import Page, Paged
from app.web.schema import Day, Flag, Id, Input, Instant, Notes, Output, Word

contacts = router("Contacts")

ApplicationIds = Annotated[list[Id], Field(min_length=1, max_length=200)]
News = Annotated[list[Id], Field(max_length=200)]


class ContactCreate(Sendable):
    """A call, mail, voicemail or attempt with a candidate or a client contact (R2).

    `interviewer` is for a direct applicant's own note to whoever interviewed them (N1), about a direct application.
    """

    with_: Word[ContactParty] = Field(alias="with")
    person_id: Id = Field(
        description="The candidate, or the client contact; with an interviewer the candidate whose note it is."
    )
    direction: Word[Direction]
    outcome: Word[Outcome]
    occurred_at: Instant | None = Field(default=None, description="When it happened; now if absent.")
    channel: Word[Channel] | None = None
    purpose: Word[Purpose] = Purpose.OTHER
    application_ids: ApplicationIds | None = Field(
        default=None, description="What it was about; null for all of that person's applications (M1)."
    )
    relays: News = Field(
        default=[], description="The feedback and the changes of the job passed on to the candidate."
    )
    answer: Word[Answer] | None = Field(
        default=None,
        description="What the candidate says to a change of the job that is relayed, by itself or with feedback "
        "that has a `role_change`; `out` withdraws.",
    )
    needs_reply: bool = Field(default=False, description="The candidate waits for an answer (E3).")
    automated: bool = Field(default=False, description="Sent by a machine; never counts as a word from us.")
    promise: PromiseTerms | None = Field(default=None, description="What we promised the candidate (E2).")
    consultant_id: Id | None = Field(default=None, description="Who made it.")
    notes: Notes | None = Field(default=None, description="Private to the agency.")

    def values(self) -> dict[str, Any]:
        """The columns and what goes beside them."""
        fields = self.model_dump(exclude={"external_refs"})
        return {"party": fields.pop("with_"), **fields}


class CheckedParty(StrEnum):
    """With whom a contact can be checked: what we send to an interviewer is the candidate's own note."""

    CANDIDATE = "candidate"
    CLIENT = "client"


class ContactCheck(Input):
    """A call, mail or message of ours that is about to be made."""

    with_: Word[CheckedParty] = Field(alias="with")
    person_id: Id = Field(description="The candidate, or the client contact.")
    at: Instant | None = Field(default=None, description="When it would be made; now if absent.")
    channel: Word[Channel] | None = Field(default=None, description="A call if absent.")
    purpose: Word[Purpose] = Purpose.OTHER
    application_ids: ApplicationIds | None = Field(
        default=None, description="What it is about; null for all of that person's applications (M1)."
    )
    relays: News = Field(
        default=[], description="The feedback and the changes of the job it would pass on to the candidate."
    )

    def values(self) -> dict[str, Any]:
        """The plan's members."""
        fields = self.model_dump()
        return {"party": ContactParty(fields.pop("with_")), **fields}


class PromiseView(Output):
    """What we promised the candidate."""

    by: Instant | None
    by_date: Day | None


class ContactView(Tagged):
    """A contact as it was recorded."""

    id: Id
    external_refs: list[ExternalRefView]
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
    answer: Answer | None
    needs_reply: bool
    automated: bool
    promise: PromiseView | None
    consultant_id: Id | None
    notes: str | None
    voided: VoidedView | None = Field(description="Set where it was recorded by mistake and counts no more.")


class ContactVoided(ContactView):
    """A contact that counts no more, with where every application it covered stands now."""

    beside = frozenset({"application_statuses"})

    application_statuses: list[ExplainedStatus]


class ObjectionView(Output):
    """What speaks against a contact."""

    rule: str = Field(description="The id of the rule, to be looked up in the page of the rules.")
    explanation: str
    until: Instant | None = Field(
        description="From when it speaks against it no more; null if only a word from the other side ends it."
    )
    application_id: Id | None = Field(description="Null where it is about the person.")


class ContactSaved(ContactView):
    """A contact with where every application it covers stands now."""

    beside = frozenset({"application_statuses", "warnings"})

    application_statuses: list[ExplainedStatus]
    warnings: list[ObjectionView] = Field(
        description="What spoke against making it when it was made; it is recorded all the same."
    )


class ContactChecked(Output):
    """Whether a contact may be made."""

    allowed: bool
    allowed_from: Instant | None = Field(
        description="The first instant, from the one asked about on, at which nothing speaks against it; null if "
        "only a word from the other side can change that."
    )
    objections: list[ObjectionView]


@contacts.post("/v1/contacts", status_code=201, **operation("records:write", 404, 409, resent=ContactSaved))
@begins(facts.beginning)
async def record_contact(body: ContactCreate, work: InWork, response: Response) -> ContactSaved:
    """Record a contact over one or several applications, and what it relays or promises."""
    values, sent = body.values(), body.sent()
    done = await service.record(work.db, work.caller, values, sent, now=work.now)
    if done.created:
        fields = service.as_recorded(done.contact, values, sent)
    else:
        response.status_code = 200
        [fields] = await _fields(work, [done.contact])
    return ContactSaved.model_validate({**fields, **_statuses(done), "warnings": _views(done.warnings)})


@contacts.post("/v1/contacts/check", **operation("status:read", 404))
async def check_contact(body: ContactCheck, work: InWork) -> ContactChecked:
    """Ask whether a chaser or a call may be made now, why not, and from when; nothing is stored."""
    plan = await service.plan(work.db, work.caller, body.values(), now=work.now)
    found = objections(plan)
    return ContactChecked(allowed=not found, allowed_from=allowed_from(plan), objections=_views(found))


@contacts.get("/v1/contacts", **operation("records:read", 404))
async def list_contacts(
    work: InWork,
    paging: Paged,
    referred: Referred,
    candidate_id: NamingFilter = None,
    client_contact_id: NamingFilter = None,
    application_id: NamingFilter = None,
    voided: Annotated[
        Flag | None, Query(description="Only those that were voided, or only the others")
    ] = None,
) -> Page[ContactView]:
    """List contacts, in the order they were recorded."""
    people = {"candidate_id": candidate_id, "client_contact_id": client_contact_id}
    await check_filters(work.db, work.caller, {**people, "application_id": application_id})
    query = filtered(columns_of(work.caller, Contact), Contact, people)
    query = referred.narrow(query, work, RecordKind.CONTACT, Contact)
    if application_id:
        naming = filtered(
            columns_of(work.caller, ContactApplication),
            ContactApplication,
            {"application_id": application_id},
        )
        query = query.where(Contact.id.in_(naming.with_only_columns(ContactApplication.contact_id)))
    if voided is not None:
        query = query.where(is_voided() if voided else ~is_voided())
    rows, more = await objects.page(work.db, query, Contact, after=paging.after, limit=paging.limit)
    items = [ContactView.model_validate(fields) for fields in await _fields(work, rows)]
    return Page[ContactView](items=items, next_cursor=paging.next_cursor(rows, more=more))


@contacts.get("/v1/contacts/{contact_id}", **operation("records:read", 404))
async def get_contact(contact_id: Id, work: InWork) -> ContactView:
    """Read a contact."""
    [fields] = await _fields(work, [await find(work.db, work.caller, Contact, contact_id)])
    return ContactView.model_validate(fields)


@contacts.post("/v1/contacts/{contact_id}/void", **operation("records:write", 404, 409))
async def void_contact(contact_id: Id, body: VoidTerms, work: InWork) -> ContactVoided:
    """Void a contact that was recorded by mistake: it counts no more, and stays to be read."""
    done = await service.void(work.db, work.caller, contact_id, body.reason, now=work.now)
    [fields] = await _fields(work, [done.contact])
    return ContactVoided.model_validate({**fields, **_statuses(done)})


def _views(found: Sequence[Objection]) -> list[ObjectionView]:
    return [ObjectionView.model_validate(objection) for objection in found]


def _statuses(done: Recorded) -> dict[str, Any]:
    return {"application_statuses": [explained(standing) for standing in done.standings]}


async def _fields(work: Work, rows: Sequence[Any]) -> list[dict[str, Any]]:
    return await service.described(work.db, work.caller, rows)
