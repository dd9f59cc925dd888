"""Digests: who is due a word from a consultant this morning, told once by mail and at any time by the API.

The mail of a day is a row (R1). A worker claims it with a lease and a token, writes and sends it outside of any
transaction, and notes what came of it if the claim is still its own (R3).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import CalendarRangeError
from app.models import Consultant, Digest, DigestState, WakeKind
from app.rules import digests as rules
from app.rules.digests import Action, Entry
from app.rules.vocabulary import Actor, Level, ReasonCode, Target
from app.services import covers, due, facts, wakes
from app.services.cards import Wanted
from app.services.covers import Acting
from app.services.scope import Caller, find

MOST_LINES = 200
BATCH = 10
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
KEPT = timedelta(days=90)
PUT_OFF = timedelta(days=1)  # where the working days to come are not known

logger = logging.getLogger("touchbase.digests")


@dataclass(frozen=True, slots=True)
class Report:
    """A consultant's digest at an instant: `items` in the order of P1, and how many more people there are.

    There are none on a day off, and none for somebody who is covered.
    """

    consultant: Consultant
    as_of: datetime
    day: date
    working_day: bool
    covered_by: Acting | None
    items: list[dict[str, Any]]
    more: int

    @property
    def people(self) -> int:
        """How many people are due a word."""
        return len(self.items) + self.more

    @property
    def text(self) -> str:
        """The digest as plain text."""
        if self.covered_by or not self.working_day:
            return rules.silence(self.day, self.covered_by.name if self.covered_by else None)
        return rules.letter(self.day, [item["text"] for item in self.items], self.more)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send a digest until the lease ends, unless another worker has taken it over by then."""

    id: UUID
    consultant_id: UUID
    day: date
    attempts: int
    lease: UUID


@dataclass(frozen=True, slots=True)
class Letter:
    """A digest to be sent."""

    recipient: str
    subject: str
    text: str
    written_at: datetime


async def report(db: AsyncSession, caller: Caller, consultant_id: UUID, *, at: datetime) -> Report:
    """What a consultant's digest says at an instant. Raises NotFoundError and CalendarRangeError."""
    consultant = await find(db, caller, Consultant, consultant_id)
    zone = ZoneInfo(consultant.timezone)
    day = rules.local_day(zone, at)
    is_working_day = (await facts.policy_of(db, caller)).office.is_working_day(day)
    acting = (await covers.acting_at(db, caller, at)).get(consultant_id)
    items, more = [], 0
    if is_working_day and acting is None:
        found = await due.due_list(db, caller, Wanted([consultant_id]), at=at, after=None, limit=MOST_LINES)
        items = [_item(card, consultant_id, at, zone) for card in found.cards]
        if found.next_key:
            more = await due.count_cards(db, caller, consultant_id, at=at) - len(items)
    return Report(consultant, at, day, is_working_day, acting, items, more)


async def advance(db: AsyncSession, caller: Caller, *, now: datetime, is_mailed: bool) -> None:
    """Note the digests whose time has come, once each, if they are mailed; and look again when the next are due."""
    people = select(Consultant.id, Consultant.timezone).where(
        Consultant.agency_id == caller.agency_id, Consultant.email.is_not(None)
    )
    zones = {row.id: ZoneInfo(row.timezone) for row in await db.execute(people)}
    if not zones:
        return
    office = (await facts.policy_of(db, caller)).office
    try:
        days = {zone: rules.digest_day(office, zone, now) for zone in set(zones.values())}
        next_at = min(rules.next_digest(office, zone, now) for zone in days)
    except CalendarRangeError:
        logger.warning("agency %s: the holidays to come are not known, digests are put off", caller.agency_id)
        days, next_at = {}, now + PUT_OFF
    if is_mailed:
        today = {consultant_id: day for consultant_id, zone in zones.items() if (day := days.get(zone))}
        await _note(db, caller, today, now)
    wakes.add(db, caller, {WakeKind.DIGEST: next_at})


async def claim(db: AsyncSession, caller: Caller, *, now: datetime, lease: timedelta) -> list[Claim]:
    """Claim digests to send, as many as a batch holds; others are looked for at once, and these when the lease ends."""
    ready = select(Digest.id).where(
        Digest.agency_id == caller.agency_id,
        Digest.state == DigestState.PENDING,
        Digest.next_attempt_at <= now,
        or_(Digest.leased_until.is_(None), Digest.leased_until <= now),
    )
    ready = ready.order_by(Digest.next_attempt_at).limit(BATCH).with_for_update(skip_locked=True)
    ids = list(await db.scalars(ready))
    if not ids:
        return []
    token = uuid7()
    claimed = await db.execute(
        update(Digest)
        .where(Digest.agency_id == caller.agency_id, Digest.id.in_(ids))
        .values(lease=token, leased_until=now + lease, attempts=Digest.attempts + 1)
        .returning(Digest.id, Digest.consultant_id, Digest.day, Digest.attempts)
    )
    wakes.add(db, caller, {WakeKind.DIGEST: now + lease})
    if len(ids) == BATCH:
        wakes.add(db, caller, {WakeKind.DIGEST: now})
    return [Claim(*row, token) for row in claimed]


async def write(db: AsyncSession, caller: Caller, claim: Claim, *, now: datetime) -> Letter | DigestState:
    """The letter of a claimed digest as things stand; else what becomes of one that is not to be sent.

    Raises CalendarRangeError.
    """
    found = await report(db, caller, claim.consultant_id, at=now)
    if found.day != claim.day or claim.attempts > len(BACKOFF) + 1:
        return DigestState.DEAD
    recipient = found.consultant.email
    if not found.people or recipient is None:
        return DigestState.SKIPPED
    return Letter(recipient, rules.subject(found.people), found.text, now)


async def finish(
    db: AsyncSession, caller: Caller, claim: Claim, outcome: DigestState, *, now: datetime
) -> bool:
    """Note what came of an attempt; False where the claim has passed to another.

    What is still pending is tried again after a while, and given up in the end (R7).
    """
    values: dict[str, Any] = {"lease": None, "leased_until": None}
    if outcome is DigestState.PENDING and claim.attempts <= len(BACKOFF):
        values["next_attempt_at"] = now + BACKOFF[claim.attempts - 1]
        wakes.add(db, caller, {WakeKind.DIGEST: values["next_attempt_at"]})
    else:
        values["state"] = DigestState.DEAD if outcome is DigestState.PENDING else outcome
        values["finished_at"] = now
    mine = (Digest.agency_id == caller.agency_id, Digest.id == claim.id, Digest.lease == claim.lease)
    done = await db.execute(update(Digest).where(*mine).values(**values).returning(Digest.id))
    return done.first() is not None


async def prune(db: AsyncSession, caller: Caller, *, now: datetime) -> None:
    """Forget the mail of days long gone."""
    old = delete(Digest).where(Digest.agency_id == caller.agency_id, Digest.day < (now - KEPT).date())
    await db.execute(old.execution_options(synchronize_session=False))


async def _note(db: AsyncSession, caller: Caller, today: Mapping[UUID, date], now: datetime) -> None:
    """Have one digest of the day for each consultant, whoever else does the same."""
    known = select(Digest.consultant_id, Digest.day).where(
        Digest.agency_id == caller.agency_id, Digest.day.in_(set(today.values()))
    )
    noted = {tuple(row) for row in await db.execute(known)}
    rows = [
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "consultant_id": consultant_id,
            "day": day,
            "next_attempt_at": now,
            "recorded_at": now,
        }
        for consultant_id, day in today.items()
        if (consultant_id, day) not in noted
    ]
    if rows:
        await db.execute(insert(Digest).on_conflict_do_nothing(), rows)


def _item(card: Mapping[str, Any], consultant_id: UUID, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """What a card of the due list is in the digest: one line."""
    items = card["items"]
    actions = [_action(item, consultant_id) for item in items]
    not_before = min(item["not_before"] for item in items)
    entry = Entry(card["candidate"]["name"], Level(card["level"]), card["due_at"], not_before, actions)
    return {
        "candidate": card["candidate"],
        "level": card["level"],
        "due_at": card["due_at"],
        "codes": list(dict.fromkeys(action.code for action in actions)),
        "not_before": not_before,
        "text": rules.line(entry, at, zone),
    }


def _action(item: Mapping[str, Any], consultant_id: UUID) -> Action:
    job, owner = item["job"], item["consultant"]
    colleague = owner["name"] if owner and owner["id"] != str(consultant_id) else None
    target, for_manager = Target(item["target"]["kind"]), item["actor"] == Actor.MANAGER
    return Action(ReasonCode(item["code"]), job and job["title"], colleague, target, for_manager)
