"""The audit trail: who wrote what, and who read a debrief."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.views import filtered, recorded
from app.models import AuditEntry
from app.services.scope import check_filters, columns_of, find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant, SeveralIds, SeveralTexts

audit = router("Audit")


class AuditEntryView(Tagged):
    """One write, or one reading of a debrief."""

    id: Id
    recorded_at: Instant
    principal: str = Field(description="Who did it: `key:` or `identity:` and its id.")
    consultant_id: Id | None = Field(description="The consultant, if it was a person.")
    operation: str = Field(description="The operation, by its name in this document.")
    object_id: Id | None = Field(description="What it was done to.")
    purpose: str | None = Field(description="To what end, as the caller said.")
    request_id: str
    fields: list[str] = Field(description="The names of the members that were sent, never a value.")


@audit.get("/v1/audit", **operation("audit:read", 404))
async def list_audit_entries(
    work: InWork,
    paging: Paged,
    principal: Annotated[
        SeveralTexts | None, Query(description="Only what this caller did; repeat for several")
    ] = None,
    consultant_id: Annotated[
        SeveralIds | None, Query(description="Only what this consultant did; repeat for several")
    ] = None,
    operation: Annotated[
        SeveralTexts | None, Query(description="Only this operation, by its name; repeat for several")
    ] = None,
    object_id: Annotated[
        SeveralIds | None, Query(description="Only what was done to this object; repeat for several")
    ] = None,
    since: Annotated[Instant | None, Query(description="Only what was recorded then or later")] = None,
    until: Annotated[Instant | None, Query(description="Only what was recorded before")] = None,
) -> Page[AuditEntryView]:
    """List what was done, oldest first."""
    await check_filters(work.db, work.caller, {"consultant_id": consultant_id})
    filters = {
        "principal": principal,
        "consultant_id": consultant_id,
        "operation": operation,
        "object_id": object_id,
    }
    query = filtered(columns_of(work.caller, AuditEntry), AuditEntry, filters)
    if since is not None:
        query = query.where(AuditEntry.recorded_at >= since)
    if until is not None:
        query = query.where(AuditEntry.recorded_at < until)
    return await recorded(AuditEntryView, work, paging, query, AuditEntry)


@audit.get("/v1/audit/{audit_entry_id}", **operation("audit:read", 404))
async def get_audit_entry(audit_entry_id: Id, work: InWork) -> AuditEntryView:
    """Read an entry of the audit trail."""
    return AuditEntryView.model_validate(await find(work.db, work.caller, AuditEntry, audit_entry_id))
