"""The timeline of an application: what was recorded, and how its status changed and will change."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.shapes import FactReference, KnownAt
from app.rules.summaries import FactKind
from app.rules.timeline import Change, Move, sentence
from app.rules.vocabulary import Level, ReasonCode, Status
from app.services import timelines as service
from app.services.revisions import check_known
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant, Output

timelines = router("Status")


class RecordedFact(Output):
    """Something recorded about the application, at its own date."""

    entry: Literal["fact"]
    at: Instant
    planned: bool = Field(description="Whether it is yet to come.")
    kind: FactKind
    id: Id = Field(description="The record's id; for an edit or a void that of what was edited or voided.")
    summary: str
    recorded_at: Instant
    late: bool = Field(description="Whether it was recorded more than an hour after it happened.")
    voided_at: Instant | None
    supersedes: Id | None
    superseded_by: Id | None


class ReasonLevel(Output):
    """A reason shown, and how late it is."""

    code: ReasonCode
    level: Level


class ReasonMove(Output):
    """What became of a reason."""

    code: ReasonCode
    move: Move


class Cause(StrEnum):
    """Why a status changed: facts dated at this very instant, or time passed."""

    FACTS = "facts"
    TIME = "time"


class StatusChange(Output):
    """A change of the status, or of the reasons shown and their levels."""

    entry: Literal["change"]
    at: Instant
    planned: bool = Field(description="Whether it is yet to come, if nothing more is recorded.")
    before: Status
    after: Status
    reasons: list[ReasonLevel] = Field(description="Those shown from then on, the most urgent first.")
    moves: list[ReasonMove]
    cause: Cause
    facts: list[FactReference]
    summary: str


class Timeline(Page[Annotated[RecordedFact | StatusChange, Field(discriminator="entry")]]):
    """A part of the timeline, ascending, as known at an instant; `next_cursor` is null at its end."""

    known_at: Instant


@timelines.get("/v1/applications/{application_id}/timeline", **operation("status:read", 404))
async def get_application_timeline(
    application_id: Id, work: InWork, paging: Paged, known_at: KnownAt = None
) -> Timeline:
    """Tell the story of an application: every fact and every change of its status, past and planned, with its cause.

    At every instant it says what `status` says with `as_of`, but that a file closed by now has its past: there the
    two agree from the closing on.
    """
    check_known(known_at, work.now)
    known, after = paging.pinned(known_at or work.now)
    found = await service.of_application(
        work.db, work.caller, application_id, known_at=known, after=after, limit=paging.limit
    )
    cursor = paging.cursor([known.isoformat(), *found.next_key]) if found.next_key else None
    items = [_shown(entry, known) for entry in found.entries]
    return Timeline.model_validate({"known_at": known, "items": items, "next_cursor": cursor})


def _shown(entry: service.Entry, known_at: datetime) -> dict[str, Any]:
    planned = entry.at > known_at
    return {"planned": planned, **(_change(entry) if isinstance(entry, Change) else _fact(entry))}


def _fact(record: service.Record) -> dict[str, Any]:
    names = ("at", "kind", "id", "summary", "recorded_at", "voided_at", "supersedes", "superseded_by")
    return {"entry": "fact", "late": record.is_late, **{name: getattr(record, name) for name in names}}


def _change(change: Change) -> dict[str, Any]:
    return {
        "entry": "change",
        "at": change.at,
        "before": change.before,
        "after": change.after,
        "reasons": [{"code": code, "level": level} for code, level in change.levels.items()],
        "moves": [{"code": code, "move": move} for code, move in change.moves.items()],
        "cause": Cause.FACTS if change.causes else Cause.TIME,
        "facts": [fact._asdict() for fact in change.causes],
        "summary": sentence(change),
    }
