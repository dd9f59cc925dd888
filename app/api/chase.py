"""The chase list: which client contacts are due a word."""

from fastapi import Response
from pydantic import Field

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
from app.rules.vocabulary import Level
from app.services import chase as service
from app.services.cards import Wanted
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Instant, Output

chase = router("Status")


class ChaseItem(DueItem):
    """One thing to settle with the client, and whom it is about."""

    candidate: NamedPerson


class ChaseCard(Output):
    """Everything that waits on one client contact: one call. `due_at` is the earliest, `level` the worst."""

    client_contact: NamedPerson
    client: NamedPerson
    level: Level
    due_at: Instant
    not_before: Instant = Field(description="The first moment at which all of it may be asked (T7, M2).")
    items: list[ChaseItem]


class ChaseList(Page[ChaseCard]):
    """A page of the chase list, and the instant it is about."""

    as_of: Instant


@chase.get("/v1/chase", response_model=ChaseList, **operation("status:read", 404))
async def list_chase(
    work: InWork,
    paging: Paged,
    consultant_id: ByConsultant = None,
    level: Levels = None,
    reason: Reasons = None,
    due_before: DueBefore = None,
    as_of: AsOf = None,
) -> Response:
    """List what waits on clients, one card per client contact with all that one call can settle (P1).

    While pages are read, a card that a new record moves may be missed or come twice: ask again from the start.
    """
    wanted = Wanted(consultant_id or (), reason or (), levels=level or (), due_before=due_before)
    at, after = paging.pinned(as_of or work.now)
    found = await service.chase_list(work.db, work.caller, wanted, at=at, after=after, limit=paging.limit)
    await check_consultants(work, consultant_id, found)
    return answered(paging, at, found)
