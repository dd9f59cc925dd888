"""What is flagged at an instant, as cards: one range scan of the status rows, in the order of rule P1.

A card holds all that one conversation can settle: `due` makes one of each candidate, `chase` of each client contact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Statement
from app.rules.holidays import Holidays
from app.rules.levels import SHOWN
from app.rules.policy import Policy
from app.rules.restraint import ASKING_CLIENT, chase_floor, not_before
from app.rules.vocabulary import Actor, ApplicationMode, Level, ReasonCode, Target
from app.services import covers, facts
from app.services.covers import Acting
from app.services.names import Named, Names, names_of
from app.services.scope import AGENCY, Caller, look_up

# Of a status row `r`, at an instant: whether it is shown, and at which level.
FLAGGED = "r.flagged_from <= :at AND r.flagged_until > :at"
LEVEL = (
    "CASE WHEN r.escalate_at <= :at THEN 'escalated' WHEN r.overdue_at <= :at THEN 'overdue' ELSE 'due' END"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty means everything."""

    consultant_ids: Sequence[UUID] = ()
    codes: Sequence[ReasonCode] = ()
    targets: Sequence[Target] = ()
    levels: Sequence[Level] = ()
    due_before: datetime | None = None


class Row(NamedTuple):
    """A flagged status row, in the order in which it is read; `mode` and `job_id` are its application's.

    Ids are text, since they go to JSON as they are: to make and hash an object of each was a tenth of a due list.
    """

    code: str
    rule: str
    target: str
    urgent: bool
    for_manager: bool
    position: int
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None
    fact_kind: str
    fact_id: str | None
    fact_at: datetime
    level: Level
    rank: int
    application_id: str | None
    candidate_id: str
    client_contact_id: str | None
    consultant_id: str | None
    mode: str | None
    job_id: str | None


_READ = ", ".join(f"CAST({name} AS text)" if name.endswith("_id") else name for name in Row._fields)


class Item(NamedTuple):
    """A flagged status row as the lists show it, the row itself, and whatever it names."""

    row: Row
    fields: dict[str, Any]
    names: Names


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
    "due_before": "r.due_at < :due_before",
}
_AFTER = ("after_rank", "after_position", "after_due_at", "after_subject_id")


@cache
def _statement(column: str, given: frozenset[str]) -> Statement:
    """The statement of a list with a card for each person that a column of the status rows names.

    The sort key of a card is that of its first item; a page begins after the key of the last card before it. `given`
    are the parameters there are.
    """
    narrowed = " AND ".join(["true", *(words for name, words in _NARROWED.items() if name in given)])
    levelled = f"{LEVEL} = ANY(:levels)" if "levels" in given else "true"
    key = "card_rank, card_position, card_due_at, card_subject_id"
    later = f"WHERE ({key}) > ({', '.join(f':{name}' for name in _AFTER)})" if "after_rank" in given else ""
    return Statement(
        f"""
WITH flagged AS (
  SELECT r.*, {LEVEL} AS level,
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
)
SELECT {_READ}
FROM numbered m {look_up("applications", "a", "m", "application_id", "mode, job_id")}
WHERE number <= :limit
ORDER BY number, rank, position, due_at, subject_id
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
    given = _given(wanted, acting, after)
    parameters = {"agency_id": caller.agency_id, "at": at, **given, "limit": limit + 1}
    found = await _statement(column, frozenset(given)).fetch(db, parameters)
    rows = list(map(Row._make, found))
    names = await names_of(db, caller, rows, at=at)
    hours = _hours(await facts.overrides_of(db, caller), names, at)
    covering = _covering(acting)
    grouped: dict[str, list[Item]] = {}
    for row in rows:
        item = Item(row, _fields(row, names, hours, covering), names)
        grouped.setdefault(getattr(row, column), []).append(item)
    groups = list(grouped.values())
    next_key = _key(groups[limit - 1][0].row) if len(groups) > limit else None
    return Page([card(items) for items in groups[:limit]], next_key)


def summary(items: Sequence[Item]) -> dict[str, Any]:
    """The worst level and the earliest due time of a card."""
    levels = {item.row.level for item in items}
    worst = next(level for level in SHOWN if level in levels)
    return {"level": worst, "due_at": min([item.row.due_at for item in items])}


def _given(wanted: Wanted, acting: Mapping[UUID, Acting], after: list[Any] | None) -> dict[str, Any]:
    """The parameters of what narrows a list, by name; none of what does not."""
    wishes = {
        **_owned(covers.owners(wanted.consultant_ids, acting)),
        "codes": list(wanted.codes),
        "targets": list(wanted.targets),
        "levels": list(wanted.levels),
        "due_before": wanted.due_before,
        **_after(after),
    }
    return {name: value for name, value in wishes.items() if value not in (None, [])}


def _covering(acting: Mapping[UUID, Acting]) -> dict[str | None, dict[str, Any]]:
    """Who does a consultant's work, by the consultant."""
    return {str(owner): {"id": other.id, "name": other.name} for owner, other in acting.items()}


def _owned(ids: Sequence[UUID]) -> dict[str, Any]:
    """Nearly always it is one, and the planner knows that few rows are one consultant's."""
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


def _hours(agency: Mapping[str, Any], names: Names, at: datetime) -> dict[str | None, _Hours]:
    """The hours for each client of a page, and those for what concerns no client."""
    own = _Hours(Policy.of(agency), at)
    return {
        client_id: _Hours(Policy.of({**agency, **mine}), at) if mine else own
        for client_id, mine in {named.client_id: named.client_policy for named in names.of.values()}.items()
    }


def _key(first: Row) -> list[Any]:
    """The sort key of a card, from its first item."""
    subject_id = first.application_id or first.candidate_id
    return [first.rank, first.position, first.due_at.isoformat(), subject_id]


def _after(key: list[Any] | None) -> dict[str, Any]:
    if key is None:
        return {}
    rank, position, due_at, subject_id = key
    return dict(zip(_AFTER, (rank, position, datetime.fromisoformat(due_at), UUID(subject_id)), strict=True))


def _fields(
    row: Row, names: Names, hours: Mapping[str | None, _Hours], covering: Mapping[str | None, Any]
) -> dict[str, Any]:
    job = names.of[row.job_id]
    person = names.of[_PARTIES[row.target](row)]
    return {
        "code": row.code,
        "rule": row.rule,
        "level": row.level,
        "urgent": row.urgent,
        "due_at": row.due_at,
        "overdue_at": row.overdue_at,
        "escalate_at": row.escalate_at,
        "not_before": _not_before(
            row, hours[job.client_id], person, names.of[row.client_contact_id].chased_at
        ),
        "application_id": row.application_id,
        "job": {"id": job.id, "title": job.name} if job.id else None,
        "actor": Actor.MANAGER if row.for_manager else _ACTORS[row.mode],
        "consultant": names.shown[row.consultant_id],
        "covered_by": covering.get(row.consultant_id),
        "target": {"kind": row.target, "id": person.id, "name": person.name},
        "since": {"kind": row.fact_kind, "id": row.fact_id, "at": row.fact_at},
    }


# Who must do it otherwise (N1): of what is about no application, the consultant.
_ACTORS: Mapping[str | None, Actor] = {
    None: Actor.CONSULTANT,
    ApplicationMode.AGENCY: Actor.CONSULTANT,
    ApplicationMode.DIRECT: Actor.CANDIDATE,
}

# Whom to speak with; an interviewer is nobody the records know (N1).
_PARTIES: Mapping[str, Callable[[Row], str | None]] = {
    Target.CANDIDATE: attrgetter("candidate_id"),
    Target.CLIENT: attrgetter("client_contact_id"),
    Target.INTERVIEWER: lambda _: None,
}


def _not_before(row: Row, hours: _Hours, person: Named, chased_at: datetime | None) -> datetime:
    due = row.due_at
    if chased_at and row.code in ASKING_CLIENT:
        due = max(due, hours.chase_floor(chased_at))
    place = (person.timezone, person.holidays) if person.timezone else hours.place
    return hours.first(row.target, max(due, hours.at), place)
