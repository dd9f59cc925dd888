"""What is flagged at an instant, as cards: one range scan of the status rows, in the order of rule P1.

A card holds all that one conversation can settle: `due` makes one of each candidate, `chase` of each client contact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Statement
from app.rules.holidays import Holidays
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


class Row(NamedTuple):
    """A flagged status row with whatever it names, in the order in which it is read."""

    code: str
    rule: str
    target: str
    urgent: bool
    position: int
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None
    application_id: UUID | None
    fact_kind: str
    fact_id: UUID | None
    fact_at: datetime
    level: Level
    rank: int
    candidate_id: UUID
    candidate_name: str
    candidate_timezone: str
    candidate_holidays: Holidays
    client_contact_id: UUID | None
    client_contact_name: str | None
    client_timezone: str | None
    client_holidays: Holidays
    consultant_id: UUID | None
    consultant_name: str | None
    mode: str | None
    job_id: UUID | None
    job_title: str | None
    client_id: UUID | None
    client_name: str | None
    client_policy: Mapping[str, Any] | None
    chased_at: datetime | None


class Item(NamedTuple):
    """A flagged status row as the lists show it, and the row itself for what only one of them shows."""

    row: Row
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of cards and the sort key of the last, if more follow."""

    cards: list[dict[str, Any]]
    next_key: list[Any] | None


# What narrows the status rows, by the parameter it needs. A condition that is not asked for is left out: as
# `:owners IS NULL OR ...` it would make the database plan the statement anew for every call. So would an array whose
# length it saw.
_NARROWED = {
    "owner": "r.consultant_id = :owner",
    "owners": "r.consultant_id = ANY((SELECT CAST(:owners AS uuid[]))::uuid[])",
    "codes": "r.code = ANY(:codes)",
    "targets": "r.target = ANY(:targets)",
}
_AFTER = ("after_rank", "after_position", "after_due_at", "after_subject_id")


@cache
def _statement(column: str, given: frozenset[str]) -> Statement:
    """The statement of a list with a card for each person that a column of the status rows names.

    The sort key of a card is that of its first item; a page begins after the key of the last card before it. Only
    what a page holds is looked up, by its id, and once however many items name it. `given` are the parameters there
    are.
    """
    narrowed = " AND ".join(["true", *(words for name, words in _NARROWED.items() if name in given)])
    levelled = f"{LEVEL} = ANY(:levels)" if "levels" in given else "true"
    key = "card_rank, card_position, card_due_at, card_subject_id"
    later = f"WHERE ({key}) > ({', '.join(f':{name}' for name in _AFTER)})" if "after_rank" in given else ""
    return Statement(
        f"""
WITH flagged AS (
  SELECT r.code, r.rule, r.target, r.urgent, r.position, r.due_at, r.overdue_at, r.escalate_at, r.application_id,
    r.fact_kind, r.fact_id, r.fact_at, r.candidate_id, r.client_contact_id, r.consultant_id,
    {LEVEL} AS level,
    CASE WHEN r.urgent THEN 0 WHEN r.escalate_at <= :at THEN 1 WHEN r.overdue_at <= :at THEN 2 ELSE 3 END AS rank,
    COALESCE(r.application_id, r.candidate_id) AS subject_id
  FROM reasons r
  WHERE r.agency_id = {AGENCY} AND {FLAGGED} AND r.{column} IS NOT NULL AND {narrowed} AND {levelled}
), keyed AS (
  SELECT *, first_value(rank) OVER card AS card_rank, first_value(position) OVER card AS card_position,
    first_value(due_at) OVER card AS card_due_at, first_value(subject_id) OVER card AS card_subject_id
  FROM flagged
  WINDOW card AS (PARTITION BY {column} ORDER BY rank, position, due_at, subject_id)
), numbered AS (
  SELECT *, dense_rank() OVER (ORDER BY {key}) AS number FROM keyed {later}
), shown AS MATERIALIZED (
  SELECT m.*, a.mode, a.job_id FROM numbered m {look_up("applications", "a", "m", "application_id")}
  WHERE m.number <= :limit
), jobs_shown AS MATERIALIZED (
  SELECT j.id, j.title, l.id AS client_id, l.name AS client_name, NULLIF(l.policy, '{{}}') AS client_policy
  FROM (SELECT DISTINCT job_id FROM shown) m
  {look_up("jobs", "j", "m", "job_id")}
  {look_up("clients", "l", "j", "client_id")}
), contacts_shown AS MATERIALIZED (
  SELECT k.id, k.name, k.timezone, k.holidays, x.occurred_at AS chased_at
  FROM (SELECT DISTINCT client_contact_id FROM shown) m
  {look_up("client_contacts", "k", "m", "client_contact_id")}
  LEFT JOIN LATERAL (SELECT c.occurred_at FROM contacts c
    WHERE c.agency_id = {AGENCY} AND c.client_contact_id = k.id
      AND c.direction = 'outbound' AND c.purpose = 'chase' AND c.occurred_at <= :at
      AND NOT EXISTS (SELECT FROM voids v WHERE v.agency_id = {AGENCY} AND v.contact_id = c.id)
    ORDER BY c.occurred_at DESC LIMIT 1) x ON true
), consultants_shown AS MATERIALIZED (
  SELECT s.id, s.name
  FROM (SELECT DISTINCT consultant_id FROM shown) m {look_up("consultants", "s", "m", "consultant_id")}
)
SELECT m.code, m.rule, m.target, m.urgent, m.position, m.due_at, m.overdue_at, m.escalate_at, m.application_id,
  m.fact_kind, m.fact_id, m.fact_at, m.level, m.rank,
  m.candidate_id, p.name AS candidate_name, p.timezone AS candidate_timezone, p.holidays AS candidate_holidays,
  m.client_contact_id, k.name AS client_contact_name, k.timezone AS client_timezone, k.holidays AS client_holidays,
  m.consultant_id, s.name AS consultant_name, m.mode, m.job_id, j.title AS job_title,
  j.client_id, j.client_name, j.client_policy, k.chased_at
FROM shown m
{look_up("candidates", "p", "m", "candidate_id")}
LEFT JOIN jobs_shown j ON j.id = m.job_id
LEFT JOIN contacts_shown k ON k.id = m.client_contact_id
LEFT JOIN consultants_shown s ON s.id = m.consultant_id
ORDER BY m.number, m.rank, m.position, m.due_at, m.subject_id
"""
    )


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
    wishes = {
        **_owned(owners(wanted.consultant_id, acting)),
        "codes": list(wanted.codes),
        "targets": list(wanted.targets),
        "levels": list(wanted.levels),
        **_after(after),
    }
    given = {name: value for name, value in wishes.items() if value not in (None, [])}
    statement = _statement(column, frozenset(given))
    parameters = {"agency_id": caller.agency_id, "at": at, **given, "limit": limit + 1}
    rows = list(map(Row._make, await statement.fetch(db, parameters)))
    hours = _hours(await facts.overrides_of(db, caller), rows, at)
    grouped: dict[UUID, list[Item]] = {}
    for row in rows:
        item = Item(row, _fields(row, hours[row.client_id], acting))
        grouped.setdefault(getattr(row, column), []).append(item)
    groups = list(grouped.values())
    next_key = _key(groups[limit - 1][0].row) if len(groups) > limit else None
    return Page([card(items) for items in groups[:limit]], next_key)


def summary(items: Sequence[Item]) -> dict[str, Any]:
    """The worst level and the earliest due time of a card."""
    levels = [item.row.level for item in items]
    return {
        "level": next(level for level in LEVELS if level in levels),
        "due_at": min([item.row.due_at for item in items]),
    }


def named(found: UUID | None, name: str | None) -> dict[str, Any] | None:
    """Somebody, by id and name."""
    return {"id": found, "name": name} if found else None


def owners(consultant_id: UUID | None, acting: Mapping[UUID, Acting]) -> list[UUID] | None:
    """Whose items a consultant sees: their own, and those of everybody whose work they do."""
    if consultant_id is None:
        return None
    return [consultant_id, *(owner for owner, other in acting.items() if other.id == consultant_id)]


def _owned(ids: Sequence[UUID] | None) -> dict[str, Any]:
    """Nearly always it is one, and the planner knows that few rows are one consultant's."""
    if ids is None:
        return {}
    return {"owner": ids[0]} if len(ids) == 1 else {"owners": ids}


class _Hours:
    """When people may be asked under one policy (T7, M2), from an instant on: most rows of a page ask the same."""

    def __init__(self, policy: Policy, at: datetime) -> None:
        self.place = (policy.timezone, policy.holidays)
        self.chase_floor = cache(partial(chase_floor, policy))
        self.first = cache(self._first)
        self._policy, self.at = policy, at

    def _first(self, target: str, due: datetime, person: tuple[str, Holidays]) -> datetime:
        """The first moment within somebody's hours."""
        return not_before(Target(target), due, self.at, policy=self._policy, person=person)


def _hours(agency: Mapping[str, Any], rows: Sequence[Row], at: datetime) -> dict[UUID | None, _Hours]:
    """The hours for each client of a page, and those for what concerns no client."""
    own = _Hours(Policy.of(agency), at)
    clients = {row.client_id: row.client_policy for row in rows}
    return {
        client_id: _Hours(Policy.of({**agency, **mine}), at) if mine else own
        for client_id, mine in clients.items()
    }


def _key(first: Row) -> list[Any]:
    """The sort key of a card, from its first item."""
    subject_id = first.application_id or first.candidate_id
    return [first.rank, first.position, first.due_at.isoformat(), str(subject_id)]


def _after(key: list[Any] | None) -> dict[str, Any]:
    if key is None:
        return {}
    rank, position, due_at, subject_id = key
    return dict(zip(_AFTER, (rank, position, datetime.fromisoformat(due_at), UUID(subject_id)), strict=True))


def _fields(row: Row, hours: _Hours, acting: Mapping[UUID, Acting]) -> dict[str, Any]:
    covering = acting.get(row.consultant_id) if row.consultant_id else None
    return {
        "code": row.code,
        "rule": row.rule,
        "level": row.level,
        "urgent": row.urgent,
        "due_at": row.due_at,
        "overdue_at": row.overdue_at,
        "escalate_at": row.escalate_at,
        "not_before": _not_before(row, hours),
        "application_id": row.application_id,
        "job": {"id": row.job_id, "title": row.job_title} if row.job_id else None,
        "actor": _ACTORS.get(row.mode, Actor.CONSULTANT),
        "consultant": named(row.consultant_id, row.consultant_name),
        "covered_by": named(covering.id, covering.name) if covering else None,
        "target": _target(row),
        "since": {"kind": row.fact_kind, "id": row.fact_id, "at": row.fact_at},
    }


_ACTORS: Mapping[str | None, Actor] = {ApplicationMode.DIRECT: Actor.CANDIDATE}


def _target(row: Row) -> dict[str, Any]:
    """Whom to speak with; an interviewer is nobody the records know (N1)."""
    match row.target:
        case Target.CANDIDATE:
            return {"kind": row.target, "id": row.candidate_id, "name": row.candidate_name}
        case Target.CLIENT:
            return {"kind": row.target, "id": row.client_contact_id, "name": row.client_contact_name}
    return {"kind": row.target, "id": None, "name": None}


def _not_before(row: Row, hours: _Hours) -> datetime:
    due = row.due_at
    if row.chased_at and row.code in CHASERS:
        due = max(due, hours.chase_floor(row.chased_at))
    person = hours.place
    if row.target == Target.CANDIDATE:
        person = (row.candidate_timezone, row.candidate_holidays)
    elif row.target == Target.CLIENT and row.client_timezone:
        person = (row.client_timezone, row.client_holidays)
    return hours.first(row.target, max(due, hours.at), person)
