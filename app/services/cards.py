"""What is flagged at an instant, as cards: one range scan of the status rows, in the order of rule P1.

A card holds all that one conversation can settle: `due` makes one of each candidate, `chase` of each client contact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Integer, Text

from app.rules.policy import Policy
from app.rules.status import CHASERS, chase_floor, not_before
from app.rules.vocabulary import Actor, ApplicationMode, Level, ReasonCode, Target
from app.services import covers, facts
from app.services.covers import Acting
from app.services.scope import AGENCY, Caller, look_up

LEVELS = (Level.ESCALATED, Level.OVERDUE, Level.DUE)

# Of a status row `r`, at an instant: whether it is shown, and at which level.
FLAGGED = "r.flagged_from <= :at AND r.flagged_until > :at"
LEVEL = (
    "CASE WHEN r.escalate_at <= :at THEN 'escalated' WHEN r.overdue_at <= :at THEN 'overdue' ELSE 'due' END"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty means everything."""

    consultant_id: UUID | None = None
    codes: Sequence[ReasonCode] = ()
    targets: Sequence[Target] = ()
    levels: Sequence[Level] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A flagged status row as the lists show it, and the row itself for what only one of them shows."""

    row: RowMapping
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of cards and the sort key of the last, if more follow."""

    cards: list[dict[str, Any]]
    next_key: list[Any] | None


def _statement(column: str) -> TextClause:
    """The statement of a list with a card for each person that a column of the status rows names.

    The sort key of a card is that of its first item; a page begins after the key of the last card before it. Only
    what a page holds is looked up, each row by its id.
    """
    return text(
        f"""
WITH flagged AS (
  SELECT r.id, r.agency_id, r.{column}, r.position, r.due_at,
    {LEVEL} AS level,
    CASE WHEN r.urgent THEN 0 WHEN r.escalate_at <= :at THEN 1 WHEN r.overdue_at <= :at THEN 2 ELSE 3 END AS rank,
    COALESCE(r.application_id, r.candidate_id) AS subject_id
  FROM reasons r
  WHERE r.agency_id = {AGENCY} AND {FLAGGED}
    AND r.{column} IS NOT NULL
    AND (CAST(:owners AS uuid[]) IS NULL OR r.consultant_id = ANY(:owners))
    AND (CAST(:codes AS text[]) IS NULL OR r.code = ANY(:codes))
    AND (CAST(:targets AS text[]) IS NULL OR r.target = ANY(:targets))
), keyed AS (
  SELECT *, first_value(rank) OVER card AS card_rank, first_value(position) OVER card AS card_position,
    first_value(due_at) OVER card AS card_due_at, first_value(subject_id) OVER card AS card_subject_id
  FROM flagged WHERE CAST(:levels AS text[]) IS NULL OR level = ANY(:levels)
  WINDOW card AS (PARTITION BY {column} ORDER BY rank, position, due_at, subject_id)
), numbered AS (
  SELECT *, dense_rank() OVER (ORDER BY card_rank, card_position, card_due_at, card_subject_id) AS number
  FROM keyed
  WHERE CAST(:after_rank AS integer) IS NULL
    OR (card_rank, card_position, card_due_at, card_subject_id)
      > (:after_rank, :after_position, :after_due_at, :after_subject_id)
)
SELECT r.*, m.level, m.card_rank, m.card_position, m.card_due_at, m.card_subject_id,
  p.name AS candidate_name, p.timezone AS candidate_timezone, p.holidays AS candidate_holidays,
  k.name AS client_contact_name, k.timezone AS client_timezone, k.holidays AS client_holidays,
  s.name AS consultant_name, a.mode, a.job_id, j.title AS job_title,
  j.client_id, l.name AS client_name, l.policy AS client_policy,
  (SELECT x.occurred_at FROM contacts x
    WHERE x.agency_id = {AGENCY} AND x.client_contact_id = r.client_contact_id
      AND x.direction = 'outbound' AND x.purpose = 'chase' AND x.occurred_at <= :at
      AND NOT EXISTS (SELECT FROM voids v WHERE v.agency_id = {AGENCY} AND v.contact_id = x.id)
    ORDER BY x.occurred_at DESC LIMIT 1) AS chased_at
FROM numbered m
{look_up("reasons", "r", "m", "id")}
{look_up("candidates", "p", "r", "candidate_id")}
{look_up("applications", "a", "r", "application_id")}
{look_up("jobs", "j", "a", "job_id")}
{look_up("clients", "l", "j", "client_id")}
{look_up("client_contacts", "k", "r", "client_contact_id")}
{look_up("consultants", "s", "r", "consultant_id")}
WHERE m.number <= :limit
ORDER BY m.number, m.rank, m.position, m.due_at, m.subject_id
"""
    ).bindparams(
        bindparam("at", type_=TIMESTAMP(timezone=True)),
        bindparam("agency_id", type_=PG_UUID),
        bindparam("owners", type_=ARRAY(PG_UUID)),
        bindparam("codes", type_=ARRAY(Text)),
        bindparam("targets", type_=ARRAY(Text)),
        bindparam("levels", type_=ARRAY(Text)),
        bindparam("after_rank", type_=Integer),
        bindparam("after_position", type_=Integer),
        bindparam("after_due_at", type_=TIMESTAMP(timezone=True)),
        bindparam("after_subject_id", type_=PG_UUID),
    )


_STATEMENTS = {column: _statement(column) for column in ("candidate_id", "client_contact_id")}


async def page(
    db: AsyncSession,
    caller: Caller,
    column: str,
    card: Callable[[Sequence[Item]], dict[str, Any]],
    wanted: Wanted,
    *,
    at: datetime,
    after: list[Any] | None,
    limit: int,
) -> Page:
    """What is flagged at an instant, from the status rows alone, in the order of P1.

    `card` makes one card of all items that name the same person in `column`.
    """
    acting = await covers.acting_at(db, caller, at)
    parameters = {
        "agency_id": caller.agency_id,
        "at": at,
        "owners": owners(wanted.consultant_id, acting),
        "codes": list(wanted.codes) or None,
        "targets": list(wanted.targets) or None,
        "levels": list(wanted.levels) or None,
        **_after(after),
        "limit": limit + 1,
    }
    rows = (await db.execute(_STATEMENTS[column], parameters)).mappings().all()
    policies = _policies(await facts.overrides_of(db, caller), rows)
    grouped: dict[UUID, list[Item]] = {}
    for row in rows:
        item = Item(row, _fields(row, policies[row["client_id"]], acting, at))
        grouped.setdefault(row[column], []).append(item)
    groups = list(grouped.values())
    next_key = _key(groups[limit - 1][0].row) if len(groups) > limit else None
    return Page([card(items) for items in groups[:limit]], next_key)


def summary(items: Sequence[Item]) -> dict[str, Any]:
    """The worst level and the earliest due time of a card."""
    fields = [item.fields for item in items]
    return {
        "level": min((each["level"] for each in fields), key=LEVELS.index),
        "due_at": min(each["due_at"] for each in fields),
    }


def named(row: RowMapping, kind: str) -> dict[str, Any] | None:
    """Somebody of a row, by id and name."""
    found = row[f"{kind}_id"]
    return found and {"id": found, "name": row[f"{kind}_name"]}


def owners(consultant_id: UUID | None, acting: Mapping[UUID, Acting]) -> list[UUID] | None:
    """Whose items a consultant sees: their own, and those of everybody whose work they do."""
    if consultant_id is None:
        return None
    return [consultant_id, *(owner for owner, other in acting.items() if other.id == consultant_id)]


def _policies(agency: Mapping[str, Any], rows: Sequence[RowMapping]) -> dict[UUID | None, Policy]:
    """The policy for each client of a page, and that for what concerns no client."""
    own = Policy.of(agency)
    clients = {row["client_id"]: row["client_policy"] for row in rows}
    return {key: Policy.of({**agency, **mine}) if mine else own for key, mine in clients.items()}


def _key(row: RowMapping) -> list[Any]:
    due_at: datetime = row["card_due_at"]
    return [row["card_rank"], row["card_position"], due_at.isoformat(), str(row["card_subject_id"])]


def _after(key: list[Any] | None) -> dict[str, Any]:
    names = ("after_rank", "after_position", "after_due_at", "after_subject_id")
    if key is None:
        return dict.fromkeys(names)
    rank, position, due_at, subject_id = key
    return dict(zip(names, (rank, position, datetime.fromisoformat(due_at), UUID(subject_id)), strict=True))


def _fields(row: RowMapping, policy: Policy, acting: Mapping[UUID, Acting], at: datetime) -> dict[str, Any]:
    covering = acting.get(row["consultant_id"])
    return {
        "code": row["code"],
        "rule": row["rule"],
        "level": row["level"],
        "urgent": row["urgent"],
        "due_at": row["due_at"],
        "overdue_at": row["overdue_at"],
        "escalate_at": row["escalate_at"],
        "not_before": _not_before(row, policy, at),
        "application_id": row["application_id"],
        "job": row["job_id"] and {"id": row["job_id"], "title": row["job_title"]},
        "actor": Actor.CANDIDATE if row["mode"] == ApplicationMode.DIRECT else Actor.CONSULTANT,
        "consultant": named(row, "consultant"),
        "covered_by": covering and {"id": covering.id, "name": covering.name},
        "target": _target(row),
        "since": {"kind": row["fact_kind"], "id": row["fact_id"], "at": row["fact_at"]},
    }


# Where a target stands in the rows; an interviewer is nobody the records know (N1).
_PEOPLE = {Target.CANDIDATE: "candidate", Target.CLIENT: "client_contact"}


def _target(row: RowMapping) -> dict[str, Any]:
    kind = _PEOPLE.get(row["target"])
    person = kind and named(row, kind)
    return {"kind": row["target"], **(person or {"id": None, "name": None})}


def _not_before(row: RowMapping, policy: Policy, at: datetime) -> datetime:
    target, due = Target(row["target"]), row["due_at"]
    if row["code"] in CHASERS and row["chased_at"]:
        due = max(due, chase_floor(policy, row["chased_at"]))
    person = (policy.timezone, policy.holidays)
    if target is Target.CANDIDATE:
        person = (row["candidate_timezone"], row["candidate_holidays"])
    elif target is Target.CLIENT and row["client_contact_id"]:
        person = (row["client_timezone"], row["client_holidays"])
    return not_before(target, due, at, policy=policy, person=person)
