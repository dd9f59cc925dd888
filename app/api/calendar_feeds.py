"""Calendar feeds: secret addresses of a consultant's calendar, and the calendar that is read there."""

import asyncio

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.responses import Response

from app.api.views import narrowed, recorded
from app.db import Database
from app.models import CalendarFeed, Consultant
from app.services import calendar_feeds as service
from app.services import calendars as content
from app.services.objects import fields_of
from app.services.scope import columns_of, find
from app.web import etags
from app.web.deps import InWork, WithSecret
from app.web.etags import Tagged
from app.web.operations import AT_THE_DOOR, operation, problem_responses, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant

calendar_feeds = router("Calendars")
calendars = router("Calendars", APIRoute)  # without a key: see `get_calendar`


# In our own words: FastAPI would promise 422 for a parameter of its own, where whatever is no token is not found.
TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "The secret part of the address.",
    "schema": {"type": "string", "pattern": "^tbc_[0-9A-Za-z_-]{32}$", "maxLength": 36},
}


class CalendarFeedView(Tagged):
    """A calendar feed, without its address."""

    id: Id
    consultant_id: Id
    created_at: Instant
    revoked_at: Instant | None = Field(description="Since when its address answers 410.")


class CalendarFeedIssued(CalendarFeedView):
    """A calendar feed with its address."""

    beside = frozenset({"url"})

    url: str = Field(
        description="The path at which calendars read it: put the address of this service before it. Whoever knows it "
        "needs no other credential. It is shown this once; we keep no copy.",
        examples=["/v1/calendars/tbc_<secret>.ics"],
    )


class CalendarText(Response):
    """An iCalendar document (RFC 5545)."""

    media_type = "text/calendar"


@calendar_feeds.post(
    "/v1/consultants/{consultant_id}/calendar-feeds",
    status_code=201,
    **operation("calendars:write", 404, 409),
)
async def create_calendar_feed(consultant_id: Id, work: InWork, secret: WithSecret) -> CalendarFeedIssued:
    """Create a calendar feed of what a consultant has to do; its secret address is in the answer, this once.

    A consultant has at most five. Consultants make their own; managing others' takes `access:write`.
    """
    issued = await service.create(work.db, work.caller, consultant_id, secret=secret, now=work.now)
    url = f"/v1/calendars/{issued.token}.ics"
    return CalendarFeedIssued.model_validate({**fields_of(issued.row), "url": url})


@calendar_feeds.get("/v1/consultants/{consultant_id}/calendar-feeds", **operation("calendars:read", 404))
async def list_calendar_feeds(consultant_id: Id, work: InWork, paging: Paged) -> Page[CalendarFeedView]:
    """List a consultant's calendar feeds, oldest first, with those that are revoked."""
    await find(work.db, work.caller, Consultant, consultant_id)
    query = narrowed(columns_of(work.caller, CalendarFeed), CalendarFeed, {"consultant_id": consultant_id})
    return await recorded(CalendarFeedView, work, paging, query, CalendarFeed)


@calendar_feeds.get("/v1/calendar-feeds/{calendar_feed_id}", **operation("calendars:read", 404))
async def get_calendar_feed(calendar_feed_id: Id, work: InWork) -> CalendarFeedView:
    """Read a calendar feed."""
    row = await find(work.db, work.caller, CalendarFeed, calendar_feed_id)
    return CalendarFeedView.model_validate(row)


@calendar_feeds.post("/v1/calendar-feeds/{calendar_feed_id}/revoke", **operation("calendars:write", 404, 409))
async def revoke_calendar_feed(calendar_feed_id: Id, work: InWork) -> CalendarFeedView:
    """Revoke a calendar feed for good: from now on its address answers 410."""
    row = await service.revoke(work.db, work.caller, calendar_feed_id, now=work.now)
    return CalendarFeedView.model_validate(row)


@calendars.get(
    "/v1/calendars/{token}.ics",
    response_class=CalendarText,
    responses=problem_responses(404, 410, 429, 503, *AT_THE_DOOR),
    openapi_extra={"parameters": [TOKEN]},
)
async def get_calendar(request: Request) -> Response:
    """Read the calendar at a secret address: what is due to be done, and what comes in the next 30 days.

    The address is the credential, as calendars send no other. It names nobody: titles are neutral, and each event has
    the id of its application. What others do while they cover for the consultant stands in their calendars instead.
    There are at most 500 events, the soonest.
    """
    database: Database = request.app.state.database
    async with database.transaction(None) as db:
        secret = request.app.state.authenticator.secret
        feed = await service.opened_by(db, request.path_params["token"], secret=secret)
    reader = request.scope["touchbase.caller"] = service.reader(feed)
    await request.app.state.rate_limiter.admit(request.scope, reader)
    async with database.transaction(reader.agency_id) as db:
        agenda = await content.read(db, reader, feed.consultant_id, now=db.info["now"])
    # A long one takes a tenth of a second to write, in which other requests go on.
    text = await asyncio.to_thread(content.write, agenda)
    answer = CalendarText(text, headers={"ETag": f'"{etags.digest(text)}"'})
    return etags.unless_known(request.headers, answer)
