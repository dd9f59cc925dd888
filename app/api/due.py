"""The due list: who is due a word."""

from typing import Annotated

import msgspec
from fastapi import Query, Response
from pydantic import Field

from app.rules.vocabulary import Level, ReasonCode, Target
from app.services import due as service
from app.services.scope import check_named
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant, Output, Word

due = router("Status")


class NamedPerson(Output):
    """Somebody, by id and name."""

    id: Id
    name: str


class NamedJob(Output):
    """A job, by id and title."""

    id: Id
    title: str


class DueTarget(Output):
    """Whom to speak with."""

    kind: Target
    id: Id | None
    name: str | None


class DueSince(Output):
    """The fact since which it is due."""

    kind: str
    id: Id | None
    at: Instant


class DueItem(Output):
    """One reason to speak with somebody."""

    code: ReasonCode
    rule: str
    level: Level
    due_at: Instant
    overdue_at: Instant
    escalate_at: Instant | None
    not_before: Instant = Field(description="The first moment within the person's hours (T7, M2).")
    application_id: Id | None
    job: NamedJob | None
    consultant: NamedPerson | None = Field(description="Who must do it.")
    target: DueTarget
    since: DueSince


class DueCard(Output):
    """Everything due about one candidate: one call. `due_at` is the earliest, `level` the worst of its items."""

    candidate: NamedPerson
    level: Level
    due_at: Instant
    items: list[DueItem]


class DueList(Page[DueCard]):
    """A page of the due list, and the instant it is about."""

    as_of: Instant


@due.get("/v1/due", response_model=DueList, **operation("status:read", 404))
async def list_due(
    work: InWork,
    paging: Paged,
    consultant_id: Annotated[Id | None, Query(description="Only what this consultant owes")] = None,
    level: Annotated[list[Word[Level]] | None, Query(description="Repeat for several")] = None,
    reason: Annotated[list[Word[ReasonCode]] | None, Query(description="Repeat for several")] = None,
    target: Annotated[list[Word[Target]] | None, Query(description="Repeat for several")] = None,
    as_of: Annotated[Instant | None, Query(description="Another instant; now if absent")] = None,
) -> Response:
    """List who is due a word, one card per candidate, the most urgent first (P1)."""
    if consultant_id is not None:
        await check_named(work.db, work.caller, {"consultant_id": consultant_id})
    wanted = service.DueFilter(consultant_id, reason or (), target or (), level or ())
    at, after = paging.pinned(as_of or work.now)
    found = await service.due_list(work.db, work.caller, wanted, at=at, after=after, limit=paging.limit)
    cursor = paging.cursor([at.isoformat(), *found.next_key]) if found.next_key else None
    answer = {"as_of": at, "items": found.cards, "next_cursor": cursor}
    # This list is asked for all day long, so its rows go straight to JSON; the tests hold it to the document.
    body = msgspec.json.encode(answer, enc_hook=str)
    return Response(body, headers=dict(paging.response.headers), media_type="application/json")
