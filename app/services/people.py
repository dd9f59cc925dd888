"""Candidates and client contacts: a change to a person is a change to every application it bears on."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidError, RetryError
from app.models import Application, Candidate, ClientContact, Contact, RefKind
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
        known = await status.lock_candidate(db, caller, known_id)
        if "seeking" in given and values["seeking"]:
            await _begin_to_seek(db, caller, known)
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
    if changes.get("seeking"):
        await _begin_to_seek(db, caller, candidate)
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
    if not saved.created:
        await review_ended(db, caller, [saved.row.id], now=now)
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
    if bears:
        await review_ended(db, caller, [client_contact_id], now=now)
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
    """Lock the candidates of a client contact's applications, as far as it bears on them, and then the contact.

    Gives the applications that are followed; no other comes to the contact from then on. If one did in between, to lock
    its candidate now would break the order of locks, so the request begins anew. Raises NotFoundError, RetryError;
    `pointer` is as in `find`.
    """
    seen = await _heeded(db, caller, client_contact_id)
    await status.lock_candidates(db, caller, seen)
    await find(db, caller, ClientContact, client_contact_id, pointer=pointer, lock=True)
    if not await _heeded(db, caller, client_contact_id) <= seen:
        raise RetryError
    return await followed(db, caller, client_contact_id)


async def _heeded(db: AsyncSession, caller: Caller, client_contact_id: UUID) -> set[UUID]:
    """The candidates on whom a fact about a client contact may bear."""
    query = _with(caller, [client_contact_id]).with_only_columns(Application.candidate_id)
    return set(await db.scalars(query.where(status.heeded(caller))))


async def followed(db: AsyncSession, caller: Caller, client_contact_id: UUID) -> list[UUID]:
    """The applications of a client contact that are followed."""
    query = _with(caller, [client_contact_id]).where(status.FOLLOWED)
    return list(await db.scalars(query.order_by(Application.id)))


def _with(caller: Caller, client_contact_ids: Collection[UUID]) -> Select[UUID]:
    """The applications of client contacts."""
    return select(Application.id).where(
        Application.agency_id == caller.agency_id, Application.client_contact_id.in_(client_contact_ids)
    )


async def review_ended(
    db: AsyncSession,
    caller: Caller,
    client_contact_ids: Collection[UUID],
    *,
    since: datetime | None = None,
    now: datetime,
) -> None:
    """Compute the reviews anew of those who seek and whose application is closed, of locked client contacts (K1).

    A review counts from the talk about moving on, if there was one, and that rests on what was known of the client by
    then: what came `since` an instant bears on no talk before it.
    """
    ended = _with(caller, client_contact_ids).where(~status.FOLLOWED, status.heeded(caller))
    if since is not None:
        ended = ended.where(
            exists().where(
                Contact.agency_id == caller.agency_id,
                Contact.candidate_id == Application.candidate_id,
                Contact.occurred_at >= since,
            )
        )
    candidates = await db.scalars(ended.with_only_columns(Application.candidate_id))
    await status.refresh_candidates(db, caller, set(candidates), now=now)


async def client_contacts_of(db: AsyncSession, caller: Caller, candidate_ids: Collection[UUID]) -> list[UUID]:
    """The client contacts of all applications of candidates."""
    query = select(Application.client_contact_id).where(
        Application.agency_id == caller.agency_id,
        Application.candidate_id.in_(candidate_ids),
        Application.client_contact_id.is_not(None),
    )
    return [each for each in await db.scalars(query.distinct()) if each]


async def _begin_to_seek(db: AsyncSession, caller: Caller, candidate: Candidate) -> None:
    """Lock the client contacts of a locked candidate: a fact about them comes before, or finds who seeks by then."""
    if not candidate.seeking:
        theirs = await client_contacts_of(db, caller, [candidate.id])
        mine = select(ClientContact.id).where(
            ClientContact.agency_id == caller.agency_id, ClientContact.id.in_(theirs)
        )
        await db.execute(mine.order_by(ClientContact.id).with_for_update(key_share=True))
