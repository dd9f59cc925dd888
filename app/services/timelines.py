"""The timeline of an application: everything recorded about it, and every change of its status."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.rules.explanations import in_words
from app.rules.summaries import FactKind, summary
from app.rules.timeline import Change, changes
from app.services import facts
from app.services.revisions import KNOWN_THEN
from app.services.scope import AGENCY, Caller, look_up_all

# A call is logged within the hour; what comes later, others have missed meanwhile.
LATE = timedelta(hours=1)

# Whether only a debrief that was not known yet has said of an interview that it was held: of that there is no revision.
_HELD_LATER = f"""i.state = 'attended'
    AND (SELECT min(d.recorded_at) FROM debriefs d
      WHERE d.agency_id = {AGENCY} AND d.interview_id = i.id) > :known_at
    AND NOT EXISTS (SELECT FROM revisions r
      WHERE r.agency_id = {AGENCY} AND r.object_id = i.id AND r.recorded_at <= :known_at
        AND r.after->>'state' = 'attended')"""

# Every record with its own date and the members that its words are made of, as they were known at an instant. What
# is a dated column of the application was recorded by the edit that set it last. `row_id` tells records of one kind
# and instant apart.
_RECORDS = text(
    f"""
{KNOWN_THEN},
file AS (SELECT * FROM applications a WHERE a.agency_id = {AGENCY} AND a.id = :id),
dated AS (
  SELECT a.*, d.kind, d.at, d.details, COALESCE((SELECT max(r.recorded_at) FROM revisions r
    WHERE r.agency_id = {AGENCY} AND r.object_id = a.id AND r.recorded_at <= :known_at
      AND r.after ? d.member), a.created_at) AS recorded_at
  FROM file a CROSS JOIN LATERAL (VALUES
    ('hold', a.hold_since, 'hold_since', jsonb_build_object('until', a.hold_until)),
    ('hold_end', a.hold_ended_at, 'hold_ended_at', '{{}}'),
    ('withdrawal', a.withdrawn_at, 'withdrawn_at', '{{}}'),
    ('closed', a.closed_at, 'closed_at', '{{}}')) d (kind, at, member, details)
  WHERE d.at IS NOT NULL),
made AS (SELECT c.* FROM file a CROSS JOIN LATERAL ({facts.COVERING}) c WHERE c.recorded_at <= :known_at),
snoozed AS (
  SELECT s.* FROM file a {look_up_all("snoozes", "s", "a", "application_id")}
  WHERE s.recorded_at <= :known_at),
voided AS (
  SELECT v.*, jsonb_build_object('of', 'contact', 'party', c.party, 'direction', c.direction,
    'outcome', c.outcome) AS details
  FROM made c JOIN voids v ON v.agency_id = {AGENCY} AND v.contact_id = c.id
  WHERE v.recorded_at <= :known_at
  UNION ALL
  SELECT v.*, jsonb_build_object('of', 'snooze', 'code', s.code, 'until', s.until)
  FROM snoozed s JOIN voids v ON v.agency_id = {AGENCY} AND v.snooze_id = s.id
  WHERE v.recorded_at <= :known_at),
edited AS (
  SELECT a.agency_id, unnest(ARRAY[a.id, a.candidate_id, a.client_contact_id]) AS id, a.created_at FROM file a
  UNION ALL
  SELECT i.agency_id, i.id, a.created_at FROM file a
    {look_up_all("interviews", "i", "a", "application_id")})
SELECT kind, id AS row_id, id, at, recorded_at, CAST(NULL AS timestamptz) AS voided_at,
  CAST(NULL AS uuid) AS supersedes, CAST(NULL AS uuid) AS superseded_by, details
FROM dated
UNION ALL
SELECT 'interview', i.id, i.id, i."end", i.created_at, NULL, NULL, NULL,
  jsonb_build_object('start', i.start, 'state', CASE WHEN {_HELD_LATER} THEN 'scheduled' ELSE i.state END)
FROM file a {look_up_all("interviews", "i", "a", "application_id")}
UNION ALL
SELECT 'debrief', d.id, d.id, d.occurred_at, d.recorded_at, NULL, d.supersedes, n.id,
  jsonb_build_object('source', d.source)
FROM file a {look_up_all("debriefs", "d", "a", "application_id")}
LEFT JOIN debriefs n ON n.agency_id = {AGENCY} AND n.supersedes = d.id AND n.recorded_at <= :known_at
WHERE d.recorded_at <= :known_at
UNION ALL
SELECT 'timescale', t.id, t.id, t.given_at, t.recorded_at, NULL, t.supersedes, n.id,
  jsonb_build_object('source', t.source, 'kind', t.kind, 'at', t.at, 'date', t.date, 'from_date', t.from_date,
    'to_date', t.to_date, 'n', t.n, 'event_date', t.event_date)
FROM file a {look_up_all("timescales", "t", "a", "application_id")}
LEFT JOIN timescales n ON n.agency_id = {AGENCY} AND n.supersedes = t.id AND n.recorded_at <= :known_at
WHERE t.recorded_at <= :known_at
UNION ALL
SELECT 'feedback', f.id, f.id, f.received_at, f.recorded_at, NULL, f.supersedes, n.id,
  jsonb_build_object('decision', f.decision, 'embargo_until', f.embargo_until)
FROM file a {look_up_all("feedback", "f", "a", "application_id")}
LEFT JOIN feedback n ON n.agency_id = {AGENCY} AND n.supersedes = f.id AND n.recorded_at <= :known_at
WHERE f.recorded_at <= :known_at
UNION ALL
SELECT 'contact', c.id, c.id, c.occurred_at, c.recorded_at, v.recorded_at, NULL, NULL,
  jsonb_build_object('party', c.party, 'direction', c.direction, 'outcome', c.outcome, 'purpose', c.purpose,
    'automated', c.automated, 'needs_reply', c.needs_reply, 'promise_by', c.promise_by,
    'promise_by_date', c.promise_by_date, 'relays', EXISTS (SELECT FROM relays r
      WHERE r.agency_id = {AGENCY} AND r.contact_id = c.id))
FROM made c LEFT JOIN voided v ON v.contact_id = c.id
UNION ALL
SELECT 'snooze', s.id, s.id, s.recorded_at, s.recorded_at, v.recorded_at, NULL, NULL,
  jsonb_build_object('code', s.code, 'until', s.until)
FROM snoozed s LEFT JOIN voided v ON v.snooze_id = s.id
UNION ALL
SELECT 'void', v.id, COALESCE(v.contact_id, v.snooze_id), v.recorded_at, v.recorded_at, NULL, NULL, NULL, v.details
FROM voided v
UNION ALL
SELECT 'pause', u.id, u.id, u.start, u.recorded_at, NULL, NULL, NULL,
  jsonb_build_object('until', u.until, 'lifted_at', u.lifted_at)
FROM file a JOIN pauses u ON u.agency_id = {AGENCY} AND u.candidate_id = a.candidate_id
WHERE u.recorded_at <= :known_at
UNION ALL
SELECT 'job_change', g.id, g.id, g.changed_at, g.recorded_at, NULL, NULL, NULL,
  jsonb_build_object('correction', g.correction,
    'members', (SELECT jsonb_agg(d.name) FROM jsonb_object_keys(g.difference) AS d (name)))
FROM file a JOIN job_changes g ON g.agency_id = {AGENCY} AND g.job_id = a.job_id
WHERE g.recorded_at BETWEEN a.created_at AND :known_at AND (a.state <> 'closed' OR g.recorded_at < a.closed_at)
UNION ALL
SELECT r.kind || '_edit', r.id, r.object_id, r.recorded_at, r.recorded_at, NULL, NULL, NULL,
  jsonb_build_object('before', r.before, 'after', r.after)
FROM edited e {look_up_all("revisions", "r", "e", "object_id")}
WHERE r.recorded_at BETWEEN e.created_at AND :known_at
"""
)


@dataclass(frozen=True, slots=True)
class Record:
    """Something recorded about an application: when it happened, when that reached us, and in a few words what."""

    kind: FactKind
    row_id: UUID
    id: UUID
    at: datetime
    recorded_at: datetime
    voided_at: datetime | None
    supersedes: UUID | None
    superseded_by: UUID | None
    summary: str

    @property
    def is_late(self) -> bool:
        """Whether it reached us late."""
        return self.recorded_at - self.at > LATE


Entry = Record | Change
Key = tuple[datetime, int, str, str]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A part of the timeline, and the sort key of its last entry if more follow."""

    entries: Sequence[Entry]
    next_key: list[Any] | None


async def of_application(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    *,
    known_at: datetime,
    after: list[Any] | None,
    limit: int,
) -> Timeline:
    """What was recorded about an application by `known_at` and every change of its status that follows, ascending.

    A closed file has its past: its closing counts from its date on, where that is known. Raises NotFoundError, and
    CalendarRangeError where a date runs past the known holidays.
    """
    loaded = await facts.load(db, caller, [application_id], as_of=known_at, known_at=known_at)
    if application_id not in loaded:
        raise NotFoundError
    application, policy = loaded[application_id]
    records = await _load(db, caller, application_id, known_at, policy.office.zone)
    closed_at = next((record.at for record in records if record.kind is FactKind.CLOSED), None)
    entries: list[Entry] = [*records, *changes(replace(application, closed_at=closed_at), policy)]
    entries.sort(key=_key)
    following = [entry for entry in entries if after is None or _key(entry) > _read(after)]
    shown = following[:limit]
    return Timeline(shown, _written(_key(shown[-1])) if len(following) > limit else None)


async def _load(
    db: AsyncSession, caller: Caller, application_id: UUID, known_at: datetime, zone: ZoneInfo
) -> list[Record]:
    parameters = {"agency_id": caller.agency_id, "id": application_id, "known_at": known_at}
    records = []
    for row in (await db.execute(_RECORDS, parameters)).mappings():
        fields = dict(row)
        kind = FactKind(fields.pop("kind"))
        words = "; ".join(in_words(phrase, zone) for phrase in summary(kind, fields.pop("details")))
        if words:
            records.append(Record(kind=kind, summary=words, **fields))
    return records


def _key(entry: Entry) -> Key:
    """Facts come before the changes that they cause."""
    if isinstance(entry, Change):
        return entry.at, 1, "", ""
    return entry.at, 0, entry.kind, str(entry.row_id)


def _written(key: Key) -> list[Any]:
    at, *rest = key
    return [at.isoformat(), *rest]


def _read(key: list[Any]) -> Key:
    at, rank, kind, row_id = key
    return datetime.fromisoformat(at), rank, kind, row_id
