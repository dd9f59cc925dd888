"""Candidates and client contacts: a change to a person is a change to every application it bears on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidError, RetryError
from app.models import Application, Candidate, ClientContact, RefKind
from app.services import facts, objects, pauses, status
from app.services.instants import happened_at
from app.services.objects import Refs, Saved, change, put
from app.services.revisions import bears_on_status
from app.services.scope import Caller, find


async def save_candidate(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[Candidate]:
    """Create a candidate, or change the one an external id names. Raises as `store_candidate`."""
    saved = await store_candidate(db, caller, values, refs, given=given, now=now)
    await status.refresh_person(db, caller, saved.row, now=now)
    return saved


async def store_candidate(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[Candidate]:
    """Save a candidate; the caller will refresh. Raises InvalidError for a review still to come."""
    _check_review(values, now)
    columns, pause = _apart(values)
    await facts.hold_policy(db, caller)
    known_id = await objects.named(db, caller, RefKind.CANDIDATE, refs)
    if known_id is not None:
        await status.lock_candidate(db, caller, known_id)
    saved = await put(db, caller, RefKind.CANDIDATE, Candidate, known_id, columns, refs, given=given, now=now)
    if pause or (not saved.created and "do_not_contact" in given):
        await pauses.replace(db, caller, saved.row, pause, now=now)
    return saved


async def update_candidate(
    db: AsyncSession, caller: Caller, candidate_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> Candidate:
    """Change a candidate; a pause, a zone or a review moves what is due to them.

    Raises NotFoundError, InvalidError for a review still to come.
    """
    candidate = await status.lock_candidate(db, caller, candidate_id)
    _check_review(changes, now)
    columns, pause = _apart(changes)
    if "do_not_contact" in changes:
        await pauses.replace(db, caller, candidate, pause, now=now)
    await change(db, candidate, columns, now=now)
    if "do_not_contact" in changes or bears_on_status(Candidate, changes):
        await status.refresh_person(db, caller, candidate, now=now)
    return candidate


async def save_client_contact(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[ClientContact]:
    """Create a client contact, or change the one an external id names. Raises InvalidError if that is elsewhere."""
    saved, concerned = await store_client_contact(db, caller, values, refs, given=given, now=now)
    if concerned:
        await status.refresh(db, caller, concerned, now=now)
    return saved


async def store_client_contact(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> tuple[Saved[ClientContact], list[UUID]]:
    """Save a client contact; gives also the applications that it bears on, which the caller will refresh.

    Raises InvalidError if the one named works elsewhere.
    """
    await facts.hold_policy(db, caller)
    known_id = await objects.named(db, caller, RefKind.CLIENT_CONTACT, refs)
    concerned = [] if known_id is None else await lock_client_contact(db, caller, known_id)
    saved = await objects.put_within(
        db,
        caller,
        RefKind.CLIENT_CONTACT,
        ClientContact,
        known_id,
        values,
        refs,
        given=given,
        owner="client_id",
        now=now,
    )
    return saved, concerned


async def update_client_contact(
    db: AsyncSession, caller: Caller, client_contact_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> ClientContact:
    """Change a client contact; their zone, holidays and absence move what they promised. Raises NotFoundError."""
    bears = bears_on_status(ClientContact, changes)
    concerned = await lock_client_contact(db, caller, client_contact_id) if bears else []
    contact = await find(db, caller, ClientContact, client_contact_id)
    await change(db, contact, changes, now=now)
    if concerned:
        await status.refresh(db, caller, concerned, now=now)
    return contact


def _check_review(values: Mapping[str, Any], now: datetime) -> None:
    """A review still to come would put off the next one for good (K1)."""
    happened_at(values.get("last_preference_review_at"), now, "/last_preference_review_at")


def _apart(values: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """The columns, and the pause that `do_not_contact` names: it has a row of its own."""
    columns = dict(values)
    return columns, columns.pop("do_not_contact", None)


async def check_client(
    db: AsyncSession,
    caller: Caller,
    client_contact_id: UUID,
    client_id: UUID,
    *,
    pointer: str,
    lock: bool = False,
) -> None:
    """Check that a client contact works for the client of a job; the options are as in `find`.

    Raises NotFoundError, InvalidError.
    """
    contact = await find(db, caller, ClientContact, client_contact_id, pointer=pointer, lock=lock)
    if contact.client_id != client_id:
        raise InvalidError(
            "The client contact works for another client than the job's.",
            code="wrong_client",
            pointer=pointer,
        )


async def lock_client_contact(
    db: AsyncSession, caller: Caller, client_contact_id: UUID, *, pointer: str | None = None
) -> list[UUID]:
    """Lock the candidates of a client contact's applications, as far as these are followed, and then the contact.

    Gives the applications; no other comes to the contact from then on. If one did in between, to lock its candidate
    now would break the order of locks, so the request begins anew. Raises NotFoundError, RetryError; `pointer` is as
    in `find`.
    """
    seen = await followed(db, caller, client_contact_id)
    await status.lock_candidates(db, caller, set(seen.values()))
    await find(db, caller, ClientContact, client_contact_id, pointer=pointer, lock=True)
    found = await followed(db, caller, client_contact_id)
    if not set(found.values()) <= set(seen.values()):
        raise RetryError
    return sorted(found)


async def followed(db: AsyncSession, caller: Caller, client_contact_id: UUID) -> dict[UUID, UUID]:
    """The applications of a client contact that are followed, each with its candidate."""
    query = select(Application.id, Application.candidate_id).where(
        Application.agency_id == caller.agency_id,
        Application.client_contact_id == client_contact_id,
        status.FOLLOWED,
    )
    return {row.id: row.candidate_id for row in await db.execute(query)}
