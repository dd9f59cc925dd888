"""The audit trail: who wrote what, and who read a debrief; the names of the members that were sent, never a value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.models import AuditEntry
from app.services.scope import Caller

MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """What a caller does: by which request, and to what end as they say."""

    operation: str
    request_id: str
    purpose: str | None


def note(
    db: AsyncSession,
    caller: Caller,
    deed: Deed,
    done: Sequence[tuple[UUID | None, Any]],
    *,
    now: datetime,
) -> None:
    """Note a deed for each object it was done to, with the names of the members of the body that says what."""
    rows = (
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "principal": caller.principal,
            "consultant_id": caller.consultant_id,
            "operation": deed.operation,
            "object_id": object_id,
            "purpose": deed.purpose,
            "request_id": deed.request_id,
            "fields": sorted(set(member_names(body)))[:MOST_FIELDS],
            "recorded_at": now,
        }
        for object_id, body in done
    )
    writes.insert(db, AuditEntry, rows)


def member_names(body: Any, within: str = "") -> Iterator[str]:
    """The dotted names of a JSON value's innermost members; the items of an array share theirs."""
    if isinstance(body, dict) and body:
        for name, value in body.items():
            yield from member_names(value, f"{within}.{name}" if within else name)
    elif isinstance(body, list) and any(isinstance(item, dict | list) for item in body):
        for item in body:
            yield from member_names(item, within)
    elif within:
        yield within
