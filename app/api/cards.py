"""What the due list and the chase list share: their filters, their items, and the way they are answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Response
from pydantic import Field

from app.rules.vocabulary import Actor, Level, ReasonCode, Target
from app.services.cards import Page
from app.services.scope import check_filters
from app.web.deps import Work
from app.web.paging import Paging
from app.web.schema import Id, Instant, Output, SeveralIds, SeveralWords

ByConsultant = Annotated[
    SeveralIds | None,
    Query(
        description="Only what this consultant does: their own, and that of those they cover; repeat for several"
    ),
]
Levels = Annotated[SeveralWords[Level] | None, Query(description="Repeat for several")]
Reasons = Annotated[SeveralWords[ReasonCode] | None, Query(description="Repeat for several")]
DueBefore = Annotated[Instant | None, Query(description="Only what fell due before this instant")]
AsOf = Annotated[Instant | None, Query(description="Another instant; now if absent")]


class NamedPerson(Output):
    """Somebody, by id and name."""

    id: Id
    name: str


class NamedJob(Output):
    """A job, by id and title."""

    id: Id
    title: str


class DueTarget(Output):
    """Whom to speak with; an interviewer is nobody with an id (N1)."""

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
    urgent: bool = Field(
        description="Comes before everything else (P1): an offer to relay, a competing deadline."
    )
    due_at: Instant
    overdue_at: Instant | None
    escalate_at: Instant | None
    not_before: Instant = Field(description="The first moment within the person's hours (T7, M2).")
    application_id: Id | None
    job: NamedJob | None
    actor: Actor = Field(
        description="Who must do it: the consultant; the manager, where the client's words are flagged as "
        "discriminating; or a direct applicant alone (N1)."
    )
    consultant: NamedPerson | None = Field(description="Whose work it is.")
    covered_by: NamedPerson | None = Field(description="Who does it while that consultant is away.")
    target: DueTarget
    since: DueSince


async def check_consultants(work: Work, ids: Sequence[UUID] | None, found: Page) -> None:
    """Raise NotFoundError unless the consultants whose list was asked for are there; one who has cards is."""
    if ids and (len(ids) > 1 or not found.cards):
        await check_filters(work.db, work.caller, {"consultant_id": ids})


def answered(paging: Paging, at: datetime, found: Page) -> Response:
    """A page of cards as JSON.

    These lists are asked for all day long, so their rows go straight to JSON; the tests hold them to the document.
    """
    cursor = paging.cursor([at.isoformat(), *found.next_key]) if found.next_key else None
    answer = {"as_of": at, "items": found.cards, "next_cursor": cursor}
    body = msgspec.json.encode(answer, enc_hook=str)
    return Response(body, headers=dict(paging.response.headers), media_type="application/json")
