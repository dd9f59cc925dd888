"""Passings told by PostgreSQL itself: what time has brought to applications of which the stored rows say it all.

That is where something is shown now, so that the status is the worst of it, and where no instant to touch base has
come. The rest needs the facts and the rules: see `announcements`. What is told here is what `app.rules.events.told`
finds where the rows before and after are the same, to the byte.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Beginning, Statement
from app.models import WakeKind
from app.services import wakes
from app.services.facts import FOREVER
from app.services.scope import AGENCY, Caller, look_up_all

BATCH = 1_000

# A plan is made once. Of tables that were empty then, one that reads them whole would go on to do so as they grow.
_LOOK_UP = "SET LOCAL enable_seqscan = off"

# The members of a body as SQL, named and ordered as in `outbox`.
Members = Mapping[str, "str | Members"]


def _object(members: Members) -> str:
    """The SQL of a JSON object."""
    pairs = (
        f"""'"{name}":' || {value if isinstance(value, str) else _object(value)}"""
        for name, value in members.items()
    )
    return "'{' || " + " || ',' || ".join(pairs) + " || '}'"


def _string(value: str) -> str:
    """The SQL of a JSON string, in which every letter stands for itself, or of null."""
    return f"""COALESCE('"' || {value} || '"', 'null')"""


def _instant(value: str) -> str:
    """The SQL of an instant as the rules' own JSON has it: in UTC, with six digits of a second or none."""
    digits = f"""to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
    return _string(f"replace({digits}, '.000000', '') || 'Z'")


_BODY = _object(
    {
        "type": _string("type"),
        "timestamp": _instant("at"),
        "data": {
            "application_id": _string("id"),
            "candidate_id": _string("candidate_id"),
            "consultant_id": _string("consultant_id"),
            "sequence": "sequence",
            "status": _string("(ARRAY['due', 'overdue', 'escalated'])[level]"),
            "reason": {
                "code": _string("code"),
                "rule": _string("rule"),
                "target": _string("target"),
                "urgent": "urgent",
                "due_at": _instant("due_at"),
                "overdue_at": _instant("overdue_at"),
                "escalate_at": _instant("escalate_at"),
            },
        },
    }
)


def _due(now: str) -> str:
    return f"s.agency_id = {AGENCY} AND s.next_at <= {now}"


def _clear(now: str) -> str:
    return f"""s.id <> s.candidate_id AND s.announced_until IS NOT NULL
    AND (s.touch_base_at IS NULL OR s.touch_base_at > {now})"""


# A transaction begins with the claim, so the claim asks the clock itself where no instant is given. Where an index is
# wanted, as a subselect: behind the wall of row-level security `now()` itself would be put to every row instead.
_CLOCK = "COALESCE(:now, now())"
_NOW = f"(SELECT {_CLOCK})"

# With the wakes that have come. Of those for whom time has come, who has waited longest first, a batch is looked at; of
# these the ones that are clear are locked by their candidates, in the order of their ids.
_CLAIM = Statement(
    f"""
WITH taken AS ({wakes.taken(_CLOCK)}), due AS (
  SELECT s.* FROM event_streams s WHERE {_due(_NOW)} AND EXISTS (SELECT FROM taken) ORDER BY s.next_at LIMIT :limit
), clear AS (
  SELECT s.id
  FROM due s JOIN candidates c ON c.agency_id = {AGENCY} AND c.id = s.candidate_id
  WHERE {_clear(_NOW)} AND EXISTS (
    SELECT FROM reasons r WHERE r.agency_id = s.agency_id AND r.application_id = s.id
      AND r.flagged_from <= {_NOW} AND r.flagged_until > {_NOW}
    OFFSET 0)
  ORDER BY c.id
  FOR NO KEY UPDATE OF c
)
SELECT {_NOW} AS now, EXISTS (SELECT FROM taken) AS is_woken, ARRAY(SELECT id FROM clear) AS ids
"""
)

# Read once they are locked: whoever was quicker has told it. A reason's rows follow one another; it is due with the
# first, gone with the last, and gets worse in the first that still lasts when its time comes.
_TELL = Statement(
    f"""
WITH due AS (
  SELECT s.agency_id, s.id, s.candidate_id, s.last_sequence, s.announced_until AS since,
    GREATEST(s.announced_until, :now) AS until
  FROM event_streams s WHERE {_due(":now")} AND s.id = ANY(:ids) AND {_clear(":now")}
), shown AS (
  SELECT s.*, r.consultant_id, r.code, r.rule, r.target, r.urgent, r.due_at, r.overdue_at, r.escalate_at,
    r.flagged_from, r.flagged_until,
    row_number() OVER of_reason AS number,
    count(*) OVER of_reason AS numbers,
    last_value(r.overdue_at) OVER of_reason AS worse_at,
    last_value(r.escalate_at) OVER of_reason AS worst_at,
    lag(r.flagged_until, 1, '-infinity') OVER of_reason AS lasted_until,
    max(CASE WHEN r.escalate_at <= s.until THEN 3 WHEN r.overdue_at <= s.until THEN 2 ELSE 1 END)
      FILTER (WHERE r.flagged_from <= s.until AND s.until < r.flagged_until) OVER (PARTITION BY s.id) AS level
  FROM due s {look_up_all("reasons", "r", "s", "application_id")}
  WINDOW of_reason AS (PARTITION BY s.id, r.code, r.due_at ORDER BY r.flagged_from
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), passings AS (
  SELECT s.*, p.type, p.place, p.at, p.at > s.since AND p.at <= s.until AND NOT EXISTS (
      SELECT FROM events e WHERE e.agency_id = s.agency_id AND e.subject_id = s.id
        AND e.type = p.type AND e.code = s.code AND e.due_at = s.due_at) AS is_news
  FROM shown s CROSS JOIN LATERAL (VALUES
    ('reason.settled', 1, CASE WHEN number = numbers AND flagged_until < :forever THEN flagged_until END),
    ('reason.due', 2, CASE WHEN number = 1 THEN flagged_from END),
    ('reason.overdue', 3, CASE WHEN worse_at >= lasted_until AND worse_at < flagged_until
      THEN GREATEST(worse_at, flagged_from) END),
    ('reason.escalated', 4, CASE WHEN worst_at >= lasted_until AND worst_at < flagged_until
      THEN GREATEST(worst_at, flagged_from) END)) p (type, place, at)
  WHERE s.level IS NOT NULL AND p.at IS NOT NULL
), numbered AS (
  SELECT *, last_sequence + row_number() OVER (
    PARTITION BY id ORDER BY at, place, code COLLATE "C", due_at) AS sequence
  FROM passings WHERE is_news
), told AS (
  INSERT INTO events (agency_id, id, type, subject_id, application_id, candidate_id, sequence, code, due_at,
    occurred_at, recorded_at, body)
  SELECT agency_id, CAST(:id_begins || substr(CAST(gen_random_uuid() AS text), 16) AS uuid), type, id, id,
    candidate_id, sequence, code, due_at, at, :now, convert_to({_BODY}, 'UTF8')
  FROM numbered
  RETURNING agency_id
), moved AS (
  UPDATE event_streams s
  SET last_sequence = s.last_sequence + p.news, announced_until = p.until, next_at = LEAST(p.next_at, s.touch_base_at)
  FROM (
    SELECT id, until, count(*) FILTER (WHERE is_news) AS news, min(at) FILTER (WHERE at > until) AS next_at
    FROM passings GROUP BY id, until
  ) p
  WHERE s.agency_id = {AGENCY} AND s.id = p.id
  RETURNING s.id, s.next_at
), upcoming AS (
  SELECT next_at FROM moved
  UNION ALL (
    SELECT s.next_at FROM event_streams s
    WHERE s.agency_id = {AGENCY} AND s.next_at IS NOT NULL AND s.id NOT IN (SELECT id FROM moved)
    ORDER BY s.next_at LIMIT 1)
)
INSERT INTO wakes (agency_id, id, kind, at)
SELECT {AGENCY}, gen_random_uuid(), kind, at
FROM (SELECT 'publish' AS kind, min(:now) AS at FROM told UNION ALL SELECT 'announce', min(next_at) FROM upcoming) w
WHERE at IS NOT NULL
"""
)


class Claimed(NamedTuple):
    """Whether there was a wake, and the locked applications that are clear, as many as a batch holds."""

    is_woken: bool
    application_ids: Sequence[UUID]


def beginning(caller: Caller) -> Beginning:
    """How a transaction begins that is to tell what has passed: with the claim, by the database's clock."""
    return Beginning([_LOOK_UP], (_CLAIM, _wanted(caller, None)))


async def claim(db: AsyncSession, caller: Caller, *, now: datetime) -> Claimed:
    """Take the wakes that have come by now, and lock what they are for as far as it is clear."""
    row: Any = db.info.pop("begun", None)
    if row is None:
        [row] = await _CLAIM.fetch(db, _wanted(caller, now))
    return Claimed(row["is_woken"], row["ids"])


def _wanted(caller: Caller, now: datetime | None) -> dict[str, Any]:
    return {"agency_id": caller.agency_id, "now": now, "kind": WakeKind.ANNOUNCE, "limit": BATCH}


async def tell(db: AsyncSession, caller: Caller, application_ids: Sequence[UUID], *, now: datetime) -> None:
    """Tell what has passed by now of claimed applications, and wake workers for that and for what is next."""
    # The ids of a batch begin with its millisecond, as each of its own would.
    told = {"ids": application_ids, "forever": FOREVER, "id_begins": str(uuid7())[:15]}
    await _TELL.fetch(db, {"agency_id": caller.agency_id, "now": now, **told})
