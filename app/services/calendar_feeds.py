"""Calendar feeds: secret addresses at which a consultant's calendar is read without any other credential.

Of an address only an HMAC is kept. It is looked up by that, as the credential that it is.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import enter
from app.errors import ConflictError, ForbiddenError, GoneError, NotFoundError
from app.models import CalendarFeed, Consultant, Credential
from app.services.access import Scope
from app.services.api_keys import digest_of
from app.services.scope import Caller, find

MOST_LIVE = 5  # of one consultant

_PREFIX = "tbc_"
_SECRET_BYTES = 24  # 192 random bits, in 32 letters
_FORM = re.compile(rf"{_PREFIX}[0-9A-Za-z_-]{{32}}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A feed with its token, which is shown this once."""

    row: CalendarFeed
    token: str


async def create(
    db: AsyncSession, caller: Caller, consultant_id: UUID, *, secret: str, now: datetime
) -> Issued:
    """Make a feed of a consultant's calendar.

    Raises NotFoundError; ForbiddenError for another consultant's; ConflictError where there are five.
    """
    await find(db, caller, Consultant, consultant_id, lock=True)  # who comes meanwhile counts this one too
    _check_own(caller, consultant_id)
    live = select(func.count()).where(
        CalendarFeed.agency_id == caller.agency_id,
        CalendarFeed.consultant_id == consultant_id,
        CalendarFeed.revoked_at.is_(None),
    )
    if (await db.execute(live)).scalar_one() >= MOST_LIVE:
        raise ConflictError(
            f"A consultant has at most {MOST_LIVE} feeds; revoke one first.", code="too_many_feeds"
        )
    token = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    digest = digest_of(token, secret)
    feed = CalendarFeed(
        agency_id=caller.agency_id, id=uuid7(), consultant_id=consultant_id, digest=digest, created_at=now
    )
    db.add_all([feed, Credential(lookup=_lookup(digest), agency_id=caller.agency_id)])
    await db.flush()
    return Issued(feed, token)


async def revoke(db: AsyncSession, caller: Caller, calendar_feed_id: UUID, *, now: datetime) -> CalendarFeed:
    """End a feed for good.

    Raises NotFoundError; ForbiddenError for another consultant's; ConflictError for a feed that is revoked already.
    """
    feed = await find(db, caller, CalendarFeed, calendar_feed_id, lock=True)
    _check_own(caller, feed.consultant_id)
    if feed.revoked_at is not None:
        raise ConflictError("The feed is revoked.", code="feed_revoked")
    feed.revoked_at = now
    await db.flush()
    return feed


async def opened_by(db: AsyncSession, token: str, *, secret: str) -> CalendarFeed:
    """The feed whose token this is; the transaction then sees its agency.

    Raises NotFoundError for what is no feed's, and GoneError for a feed that is revoked.
    """
    if not _FORM.fullmatch(token):
        raise NotFoundError
    digest = digest_of(token, secret)
    agency_id = await db.scalar(select(Credential.agency_id).where(Credential.lookup == _lookup(digest)))
    if agency_id is None:
        raise NotFoundError
    await enter(db, agency_id)
    mine = select(CalendarFeed).where(CalendarFeed.agency_id == agency_id, CalendarFeed.digest == digest)
    feed = (await db.scalars(mine)).one()
    if feed.revoked_at is not None:
        raise GoneError("The calendar feed is revoked.")
    return feed


def reader(feed: CalendarFeed) -> Caller:
    """Who reads a feed: it needs no scope, as it can read nothing else."""
    return Caller(feed.agency_id, f"calendar_feed:{feed.id}", frozenset())


def _check_own(caller: Caller, consultant_id: UUID) -> None:
    """Raise ForbiddenError where a consultant reaches for another's feed, unless they manage credentials."""
    if caller.consultant_id not in (None, consultant_id) and Scope.ACCESS_WRITE not in caller.scopes:
        raise ForbiddenError("It is another consultant's calendar.", code="not_own_calendar")


def _lookup(digest: bytes) -> str:
    return "calendar:" + digest.hex()
