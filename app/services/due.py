"""The due list: one range scan of the status rows, one card per candidate, in the order of rule P1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Integer, Text

from app.rules.policy import Policy
from app.rules.status import CHASERS, chase_floor, not_before
from app.rules.vocabulary import Level, ReasonCode, Target
from app.services import facts
from app.services.scope import Caller

LEVELS = (Level.ESCALATED, Level.OVERDUE, Level.DUE)

# The sort key of a card is that of its first item; a page begins after the key of the last card before it.
_CARDS = text(
    """
WITH flagged AS MATERIALIZED (
  SELECT r.*,
    CASE WHEN r.escalate_at <= :at THEN 'escalated' WHEN r.overdue_at <= :at THEN 'overdue' ELSE 'due' END AS level,
    CASE WHEN r.urgent THEN 0 WHEN r.escalate_at <= :at THEN 1 WHEN r.overdue_at <= :at THEN 2 ELSE 3 END AS rank,
    COALESCE(r.application_id, r.candidate_id) AS subject_id
  FROM reasons r
  WHERE r.agency_id = :agency_id AND r.flagged_from <= :at AND r.flagged_until > :at
    AND (CAST(:consultant_id AS uuid) IS NULL OR r.consultant_id = :consultant_id)
    AND (CAST(:codes AS text[]) IS NULL OR r.code = ANY(:codes))
    AND (CAST(:targets AS text[]) IS NULL OR r.target = ANY(:targets))
), matching AS (
  SELECT * FROM flagged WHERE CAST(:levels AS text[]) IS NULL OR level = ANY(:levels)
), foremost AS (
  SELECT DISTINCT ON (candidate_id) candidate_id, rank, position, due_at, subject_id
  FROM matching ORDER BY candidate_id, rank, position, due_at, subject_id
), cards AS (
  SELECT * FROM foremost
  WHERE CAST(:after_rank AS integer) IS NULL
    OR (rank, position, due_at, subject_id) > (:after_rank, :after_position, :after_due_at, :after_subject_id)
  ORDER BY rank, position, due_at, subject_id LIMIT :limit
)
SELECT m.*, p.name AS candidate_name, p.timezone AS candidate_timezone, p.holidays AS candidate_holidays,
  k.name AS client_contact_name, k.timezone AS client_timezone, k.holidays AS client_holidays,
  s.name AS consultant_name, a.job_id, j.title AS job_title,
  c.rank AS card_rank, c.position AS card_position, c.due_at AS card_due_at, c.subject_id AS card_subject_id,
  (SELECT max(x.occurred_at) FROM contacts x
    WHERE x.agency_id = m.agency_id AND x.client_contact_id = m.client_contact_id
      AND x.direction = 'outbound' AND x.purpose = 'chase' AND x.occurred_at <= :at) AS chased_at
FROM cards c
JOIN matching m ON m.candidate_id = c.candidate_id
JOIN candidates p ON p.agency_id = m.agency_id AND p.id = m.candidate_id
LEFT JOIN applications a ON a.agency_id = m.agency_id AND a.id = m.application_id
LEFT JOIN jobs j ON j.agency_id = a.agency_id AND j.id = a.job_id
LEFT JOIN client_contacts k ON k.agency_id = m.agency_id AND k.id = m.client_contact_id
LEFT JOIN consultants s ON s.agency_id = m.agency_id AND s.id = m.consultant_id
ORDER BY c.rank, c.position, c.due_at, c.subject_id, m.rank, m.position, m.due_at, m.subject_id
"""
).bindparams(
    bindparam("at", type_=TIMESTAMP(timezone=True)),
    bindparam("agency_id", type_=PG_UUID),
    bindparam("consultant_id", type_=PG_UUID),
    bindparam("codes", type_=ARRAY(Text)),
    bindparam("targets", type_=ARRAY(Text)),
    bindparam("levels", type_=ARRAY(Text)),
    bindparam("after_rank", type_=Integer),
    bindparam("after_position", type_=Integer),
    bindparam("after_due_at", type_=TIMESTAMP(timezone=True)),
    bindparam("after_subject_id", type_=PG_UUID),
)


@dataclass(frozen=True, slots=True)
class DueFilter:
    """What the list is narrowed to; empty means everything."""

    consultant_id: UUID | None = None
    codes: Sequence[ReasonCode] = ()
    targets: Sequence[Target] = ()
    levels: Sequence[Level] = ()


@dataclass(frozen=True, slots=True)
class DuePage:
    """One page of cards and the sort key of the last, if more follow."""

    cards: list[dict[str, Any]]
    next_key: list[Any] | None


async def due_list(
    db: AsyncSession, caller: Caller, wanted: DueFilter, *, at: datetime, after: list[Any] | None, limit: int
) -> DuePage:
    """Who is due a word at an instant, as cards in the order of P1, from the status rows alone."""
    policy = await facts.policy_of(db, caller)
    parameters = {
        "agency_id": caller.agency_id,
        "at": at,
        "consultant_id": wanted.consultant_id,
        "codes": list(wanted.codes) or None,
        "targets": list(wanted.targets) or None,
        "levels": list(wanted.levels) or None,
        **_after(after),
        "limit": limit + 1,
    }
    rows = (await db.execute(_CARDS, parameters)).mappings().all()
    grouped: dict[UUID, list[RowMapping]] = {}
    for row in rows:
        grouped.setdefault(row["candidate_id"], []).append(row)
    cards = [_card(items, policy, at) for items in list(grouped.values())[:limit]]
    if len(grouped) <= limit:
        return DuePage(cards, None)
    last = list(grouped.values())[limit - 1][0]
    return DuePage(cards, _key(last))


def _key(row: RowMapping) -> list[Any]:
    due_at: datetime = row["card_due_at"]
    return [row["card_rank"], row["card_position"], due_at.isoformat(), str(row["card_subject_id"])]


def _after(key: list[Any] | None) -> dict[str, Any]:
    names = ("after_rank", "after_position", "after_due_at", "after_subject_id")
    if key is None:
        return dict.fromkeys(names)
    rank, position, due_at, subject_id = key
    return dict(zip(names, (rank, position, datetime.fromisoformat(due_at), UUID(subject_id)), strict=True))


def _card(rows: list[RowMapping], policy: Policy, at: datetime) -> dict[str, Any]:
    first = rows[0]
    return {
        "candidate": {"id": first["candidate_id"], "name": first["candidate_name"]},
        "level": min((row["level"] for row in rows), key=LEVELS.index),
        "due_at": min(row["due_at"] for row in rows),
        "items": [_item(row, policy, at) for row in rows],
    }


def _item(row: RowMapping, policy: Policy, at: datetime) -> dict[str, Any]:
    to_client = row["target"] == Target.CLIENT
    contact = row["client_contact_id"] if to_client else row["candidate_id"]
    name = row["client_contact_name"] if to_client else row["candidate_name"]
    return {
        "code": row["code"],
        "rule": row["rule"],
        "level": row["level"],
        "due_at": row["due_at"],
        "overdue_at": row["overdue_at"],
        "escalate_at": row["escalate_at"],
        "not_before": _not_before(row, policy, at),
        "application_id": row["application_id"],
        "job": row["job_id"] and {"id": row["job_id"], "title": row["job_title"]},
        "consultant": row["consultant_id"] and {"id": row["consultant_id"], "name": row["consultant_name"]},
        "target": {"kind": row["target"], "id": contact, "name": name},
        "since": {"kind": row["fact_kind"], "id": row["fact_id"], "at": row["fact_at"]},
    }


def _not_before(row: RowMapping, policy: Policy, at: datetime) -> datetime:
    target, due = Target(row["target"]), row["due_at"]
    if row["code"] in CHASERS and row["chased_at"]:
        due = max(due, chase_floor(policy, row["chased_at"]))
    person = (row["candidate_timezone"], row["candidate_holidays"])
    if target is Target.CLIENT:
        person = (row["client_timezone"] or policy.timezone, row["client_holidays"])
    return not_before(target, due, at, policy=policy, person=person)
