"""The log of events, for systems that cannot be called."""

import re
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Query, Request, Response
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.payloads import DATA
from app.models import Event
from app.rules.events import EventType
from app.services import events as service
from app.services import publications
from app.services.scope import find
from app.web.deps import AsSet, InWork
from app.web.operations import operation, router
from app.web.paging import Limit, Page, link_next
from app.web.routes import WaitingRoute
from app.web.schema import ID, Id, Instant, Output, SeveralWords, parse_count, parse_id
from app.web.waiting import WISH, Wish

events = router("Events", WaitingRoute)


MOST_WAIT_SECONDS = 30
_POSITION = "0|[1-9][0-9]{0,17}"


def _parse_after(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(_POSITION, value):
        return int(value)
    try:
        return parse_id(value)
    except PydanticCustomError:
        raise PydanticCustomError(
            "after_format", "must be the `next_cursor` of an answer, or the id of an event"
        ) from None


After = Annotated[
    int | UUID,
    BeforeValidator(_parse_after),
    WithJsonSchema(
        {"type": "string", "maxLength": 36, "pattern": f"^({_POSITION}|{ID})$", "examples": ["1042"]}
    ),
]


class EventView(Output):
    """Something that has happened; what `data` holds stands with its type under `webhooks`."""

    id: Id = Field(description="The same as `webhook-id`.")
    position: int | None = Field(description="Its place in the log; there are no gaps.")
    type: EventType
    timestamp: Instant = Field(description="When it happened.")
    data: Annotated[dict[str, Any], WithJsonSchema({"anyOf": [{"$ref": place} for place in DATA]})]


class EventPage(Page[EventView]):
    """A stretch of the log."""

    next_cursor: str = Field(
        description="Give it as `after` to go on from here, also when nothing follows yet."
    )


@events.get("/v1/events", **operation("events:read", 404, 410))
async def list_events(
    request: Request,
    response: Response,
    work: InWork,
    settings: AsSet,
    after: Annotated[
        After | None,
        Query(
            description="`next_cursor` of the answer before, or the id of the last event that was seen; "
            "the oldest that is kept if absent",
        ),
    ] = None,
    type: Annotated[SeveralWords[EventType] | None, Query(description="Repeat for several")] = None,
    limit: Annotated[Limit, Query(description="Events at most")] = 50,
    wait: Annotated[
        int,
        Field(ge=0, le=MOST_WAIT_SECONDS),
        BeforeValidator(parse_count),
        Query(
            description="How many seconds to wait at most for an event if there is none yet; "
            "if too many of the agency's requests wait already, the answer comes at once"
        ),
    ] = 0,
) -> EventPage:
    """Read the log of events, oldest first; it is kept for 90 days, and no event is ever skipped."""
    # What no worker has come to, but not all of it: the rest is left to a worker, or to the next reader.
    delay = settings.webhook_retry_schedule[0]
    await publications.publish(work.db, work.caller, delay=delay, now=work.now, waits=False)
    found = await service.read(work.db, work.caller, after, type or (), limit=limit)
    if wait and not found.events:
        # Behind an event that has no place yet, whatever is in the log may be news.
        position = found.next_after if isinstance(found.next_after, int) else 0
        request.scope[WISH] = Wish(wait, position)
    items, next_cursor = [_view(row) for row in found.events], str(found.next_after)
    if len(items) == limit:
        link_next(request, response, "after", next_cursor)
    return EventPage(items=items, next_cursor=next_cursor)


@events.get("/v1/events/{event_id}", **operation("events:read", 404))
async def get_event(event_id: Id, work: InWork) -> EventView:
    """Read an event; its `position` is null as long as it has no place in the log."""
    return _view(await find(work.db, work.caller, Event, event_id))


def _view(row: Any) -> EventView:
    body = msgspec.json.decode(row.body)
    return EventView.model_validate({"id": row.id, "position": row.position, **body})
