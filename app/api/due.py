"""The due list: who is due a word."""

from typing import Annotated

from fastapi import Query, Response

from app.api.cards import (
    AsOf,
    ByConsultant,
    DueBefore,
    DueItem,
    Levels,
    NamedPerson,
    Reasons,
    answered,
    check_consultants,
)
from app.rules.vocabulary import Level, Target
from app.services import due as service
from app.services.cards import Wanted
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Instant, Output, SeveralWords

due = router("Status")


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
    consultant_id: ByConsultant = None,
    level: Levels = None,
    reason: Reasons = None,
    target: Annotated[SeveralWords[Target] | None, Query(description="Repeat for several")] = None,
    due_before: DueBefore = None,
    as_of: AsOf = None,
) -> Response:
    """List who is due a word, one card per candidate, the most urgent first (P1).

    While pages are read, a card that a new record moves may be missed or come twice: ask again from the start.
    """
    wanted = Wanted(consultant_id or (), reason or (), target or (), level or (), due_before)
    at, after = paging.pinned(as_of or work.now)
    found = await service.due_list(work.db, work.caller, wanted, at=at, after=after, limit=paging.limit)
    await check_consultants(work, consultant_id, found)
    return answered(paging, at, found)
