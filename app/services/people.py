"""Candidates and client contacts: a change to a person is a change to every application it bears on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Candidate, ClientContact
from app.models.external_refs import RefKind
from app.services import objects, status
from app.services.objects import Refs, Saved, change, save
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
    """Create a candidate, or change the one an external id names."""
    columns = with_pause(values)
    if "do_not_contact" in given:
        given |= columns.keys() - values.keys()
    known_id = await objects.named(db, caller, RefKind.CANDIDATE, refs)
    if known_id is not None:
        await status.lock_candidate(db, caller, known_id)
    saved = await save(db, caller, RefKind.CANDIDATE, Candidate, columns, refs, given=given)
    await _recompute_candidate(db, caller, saved.row, now)
    return saved


async def update_candidate(
    db: AsyncSession, caller: Caller, candidate_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> Candidate:
    """Change a candidate; a pause, a zone or a review moves what is due to them. Raises NotFoundError."""
    candidate = await find(db, caller, Candidate, candidate_id, lock=True)
    await change(db, candidate, with_pause(changes))
    await _recompute_candidate(db, caller, candidate, now)
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
    known_id = await objects.named(db, caller, RefKind.CLIENT_CONTACT, refs)
    if known_id is not None:
        await _lock_applications(db, caller, known_id)
    saved = await objects.save_within(
        db, caller, RefKind.CLIENT_CONTACT, ClientContact, values, refs, given=given, owner="client_id"
    )
    await _recompute_client_contact(db, caller, saved.row.id, now)
    return saved


async def update_client_contact(
    db: AsyncSession, caller: Caller, client_contact_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> ClientContact:
    """Change a client contact; their zone, holidays and absence move what they promised. Raises NotFoundError."""
    await find(db, caller, ClientContact, client_contact_id)
    await _lock_applications(db, caller, client_contact_id)
    contact = await find(db, caller, ClientContact, client_contact_id, lock=True)
    await change(db, contact, changes)
    await _recompute_client_contact(db, caller, client_contact_id, now)
    return contact


def with_pause(values: Mapping[str, Any]) -> dict[str, Any]:
    """A `do_not_contact` object as its columns."""
    columns = dict(values)
    if "do_not_contact" in columns:
        pause = columns.pop("do_not_contact") or {}
        columns |= {
            "pause_from": pause.get("from"),
            "pause_until": pause.get("until"),
            "pause_allow_urgent": pause.get("allow_urgent", False),
            "pause_reason": pause.get("reason"),
        }
    return columns


async def _lock_applications(db: AsyncSession, caller: Caller, client_contact_id: UUID) -> None:
    """Candidates come before client contacts in the order of locks."""
    ids = await status.open_applications(db, caller, client_contact_id=client_contact_id)
    await status.lock(db, caller, ids)


async def _recompute_candidate(db: AsyncSession, caller: Caller, candidate: Candidate, now: datetime) -> None:
    ids = await status.open_applications(db, caller, candidate_id=candidate.id)
    await _recompute(db, caller, ids, now)
    # With the applications of a candidate who seeks, their review has been computed already.
    if not (ids and candidate.seeking):
        await status.refresh_candidates(db, caller, [candidate.id], now=now)


async def _recompute_client_contact(
    db: AsyncSession, caller: Caller, contact_id: UUID, now: datetime
) -> None:
    await _recompute(
        db, caller, await status.open_applications(db, caller, client_contact_id=contact_id), now
    )


async def _recompute(db: AsyncSession, caller: Caller, ids: list[UUID], now: datetime) -> None:
    if ids:
        await status.lock(db, caller, ids)
        await status.refresh(db, caller, ids, now=now)
