"""Loads what the rules need to know of applications: one statement, decoded straight into the rules' facts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Beginning, Statement
from app.errors import NotFoundError
from app.models import Agency, Client, PolicyVersion
from app.rules.facts import Application, Candidate
from app.rules.policy import Policy
from app.rules.situation import Case
from app.services import locks
from app.services.locks import Lock
from app.services.revisions import KNOWN_THEN
from app.services.scope import AGENCY, Caller, look_up

# As late as any instant may be: everything that was ever recorded is known by then.
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_CANDIDATE = f"""
    'id', p.id, 'timezone', p.timezone, 'holidays', p.holidays, 'seeking', p.seeking,
    'registered_at', p.registered_at, 'last_preference_review_at', p.last_preference_review_at,
    'pauses', (SELECT COALESCE(json_agg(json_build_object(
        'start', u.start, 'until', u.ends, 'allow_urgent', u.allow_urgent) ORDER BY u.start), '[]')
      FROM (SELECT *, LEAST(until, CASE WHEN lifted_at <= :known_at THEN lifted_at END) AS ends FROM pauses) u
      WHERE u.agency_id = {AGENCY} AND u.candidate_id = p.id AND u.recorded_at <= :known_at
        AND u.start < u.ends)"""


def _covering_all(candidate_id: str) -> str:
    """The contacts with a candidate that bear on all of their applications (M1)."""
    return f"""
      SELECT * FROM contacts c1
        WHERE c1.agency_id = {AGENCY} AND c1.candidate_id = {candidate_id} AND c1.all_applications"""


# The contacts that bear on an application. Those with the client count only from the start of the first interview, of
# which a debrief may tell before its end (L1), or from the withdrawal on (J1), which keeps long relationships short.
COVERING = f"""{_covering_all("a.candidate_id")}
      UNION ALL
      SELECT * FROM contacts c2
        WHERE c2.agency_id = {AGENCY} AND c2.client_contact_id = a.client_contact_id AND c2.all_applications
          AND c2.occurred_at >= LEAST(a.withdrawn_at, (SELECT min(i.start) FROM interviews i
            WHERE i.agency_id = {AGENCY} AND i.application_id = a.id))
      UNION ALL
      SELECT c3.* FROM contact_applications ca
        JOIN contacts c3 ON c3.agency_id = {AGENCY} AND c3.id = ca.contact_id
        WHERE ca.agency_id = {AGENCY} AND ca.application_id = a.id
    """

# Since when a piece of feedback `f` says that the job is on hold.
_HOLD_SINCE = "CAST(f.details->'hold'->>'since' AS timestamptz)"

# Where a debrief `d` stands in the order of recording: a correction, in the place of the first that it corrects.
_PLACE = f"""CASE WHEN d.supersedes IS NULL THEN d.id ELSE (
        WITH RECURSIVE earlier AS (
          SELECT e.id, e.supersedes FROM debriefs e WHERE e.agency_id = {AGENCY} AND e.id = d.supersedes
          UNION ALL
          SELECT e.id, e.supersedes FROM earlier l
            JOIN debriefs e ON e.agency_id = {AGENCY} AND e.id = l.supersedes)
        SELECT id FROM earlier WHERE supersedes IS NULL) END"""


def _contacts(covering: str) -> str:
    """The contacts among some, as far as they are known and were not voided."""
    return f"""(SELECT COALESCE(json_agg(json_build_object(
      'id', c.id, 'at', c.occurred_at, 'party', c.party,
      'person_id', COALESCE(c.candidate_id, c.client_contact_id),
      'direction', c.direction, 'outcome', c.outcome, 'purpose', c.purpose, 'needs_reply', c.needs_reply,
      'automated', c.automated,
      'promise', CASE WHEN COALESCE(c.promise_by, c.promise_by_date) IS NOT NULL THEN json_build_object(
        'by', c.promise_by, 'by_date', c.promise_by_date) END,
      'relays', (SELECT COALESCE(json_agg(COALESCE(r.feedback_id, r.job_change_id)), '[]') FROM relays r
        WHERE r.agency_id = {AGENCY} AND r.contact_id = c.id)) ORDER BY c.id), '[]')
    FROM ({covering}) c
    WHERE c.recorded_at <= :known_at AND NOT EXISTS (SELECT FROM voids v
      WHERE v.agency_id = {AGENCY} AND v.contact_id = c.id AND v.recorded_at <= :known_at))"""


def last_chased(client_contact: str, until: str, *, known_at: str = "'infinity'") -> str:
    """When a client contact was last chased until an instant, whatever for (M2)."""
    return f"""SELECT c.occurred_at FROM contacts c
    WHERE c.agency_id = {AGENCY} AND c.client_contact_id = {client_contact}
      AND c.direction = 'outbound' AND c.purpose = 'chase' AND c.occurred_at <= {until}
      AND c.recorded_at <= {known_at} AND NOT EXISTS (SELECT FROM voids v
        WHERE v.agency_id = {AGENCY} AND v.contact_id = c.id AND v.recorded_at <= {known_at})
    ORDER BY c.occurred_at DESC LIMIT 1"""


# The members are named as in `app.rules.facts`, so that one decoder suffices. A record that another supersedes, or
# that was voided, is left out. A change of the job concerns whoever had been put forward for it by then and whose
# file was open (H4), unless a correction has put back all that it changed.
def applications(which: str, columns: str = "", *, as_of: str = ":as_of") -> str:
    """The statement that reads applications `a`, each as `facts` with the `policy` of its client, and more columns."""
    return f"""
SELECT json_build_object(
  'id', a.id,
  'mode', a.mode,
  'state', a.state,
  'withdrawn_at', a.withdrawn_at,
  'continue_until', a.continue_until,
  'hold', CASE WHEN a.hold_since IS NOT NULL THEN json_build_object(
    'since', a.hold_since, 'until', a.hold_until, 'ended_at', a.hold_ended_at) END,
  'candidate', json_build_object({_CANDIDATE}),
  'client', CASE WHEN k.id IS NOT NULL THEN json_build_object(
    'id', k.id, 'timezone', k.timezone, 'holidays', k.holidays, 'unavailable_until', k.unavailable_until) END,
  'interviews', (SELECT COALESCE(json_agg(json_build_object(
      'id', i.id, 'start', i.start, 'end', i."end", 'state', i.state) ORDER BY i.start, i.id), '[]')
    FROM interviews i
    WHERE i.agency_id = {AGENCY} AND i.application_id = a.id AND i.created_at <= :known_at),
  'debriefs', (SELECT COALESCE(json_agg(json_build_object(
      'id', d.id, 'interview_id', d.interview_id, 'occurred_at', d.occurred_at, 'source', d.source,
      'recorded_at', d.recorded_at, 'other_processes', d.account->'other_processes') ORDER BY {_PLACE}), '[]')
    FROM debriefs d
    WHERE d.agency_id = {AGENCY} AND d.application_id = a.id AND d.recorded_at <= :known_at
      AND NOT EXISTS (SELECT FROM debriefs n
        WHERE n.agency_id = {AGENCY} AND n.supersedes = d.id AND n.recorded_at <= :known_at)),
  'timescales', (SELECT COALESCE(json_agg(json_build_object(
      'id', t.id, 'interview_id', t.interview_id, 'source', t.source, 'phrase', t.phrase,
      'timescale', json_build_object(
        'kind', t.kind, 'given_at', t.given_at, 'at', t.at, 'date', t.date, 'from_date', t.from_date,
        'to_date', t.to_date, 'n', t.n, 'anchor', t.anchor, 'event', t.event, 'event_date', t.event_date,
        'offset_working_days', t.offset_working_days)) ORDER BY t.id), '[]')
    FROM timescales t
    WHERE t.agency_id = {AGENCY} AND t.application_id = a.id AND t.recorded_at <= :known_at
      AND NOT EXISTS (SELECT FROM timescales n
        WHERE n.agency_id = {AGENCY} AND n.supersedes = t.id AND n.recorded_at <= :known_at)),
  'feedback', (SELECT COALESCE(json_agg(json_build_object(
      'id', f.id, 'interview_id', f.interview_id, 'received_at', f.received_at, 'decision', f.decision,
      'embargo_until', f.embargo_until, 'hold_since', {_HOLD_SINCE},
      'flag_discrimination', COALESCE(CAST(f.details->'flag_discrimination' AS boolean), false),
      'earlier', (
        WITH RECURSIVE earlier AS (
          SELECT e.* FROM feedback e
            WHERE e.agency_id = {AGENCY} AND e.id = f.supersedes
          UNION ALL
          SELECT e.* FROM earlier l
            JOIN feedback e ON e.agency_id = {AGENCY} AND e.id = l.supersedes)
        SELECT COALESCE(json_agg(json_build_object(
            'id', f.id, 'interview_id', f.interview_id, 'received_at', f.received_at, 'decision', f.decision,
            'embargo_until', f.embargo_until, 'hold_since', {_HOLD_SINCE}) ORDER BY f.id DESC), '[]')
        FROM earlier f)) ORDER BY f.id), '[]')
    FROM feedback f
    WHERE f.agency_id = {AGENCY} AND f.application_id = a.id AND f.recorded_at <= :known_at
      AND NOT EXISTS (SELECT FROM feedback n
        WHERE n.agency_id = {AGENCY} AND n.supersedes = f.id AND n.recorded_at <= :known_at)),
  'job_changes', (SELECT COALESCE(json_agg(json_build_object('id', g.id, 'changed_at', g.changed_at,
      'members', (SELECT COALESCE(json_agg(d.name ORDER BY d.name), '[]')
        FROM jsonb_object_keys(g.difference) AS d (name))) ORDER BY g.id), '[]')
    FROM job_changes g
    WHERE g.agency_id = {AGENCY} AND g.job_id = a.job_id AND NOT g.correction
      AND g.recorded_at >= a.created_at AND (a.state <> 'closed' OR g.recorded_at < a.closed_at)
      AND g.recorded_at <= :known_at AND NOT EXISTS (SELECT FROM job_changes h
        WHERE h.agency_id = {AGENCY} AND h.job_id = g.job_id AND h.correction
          AND (h.recorded_at, h.id) > (g.recorded_at, g.id)
          AND h.recorded_at <= :known_at AND NOT EXISTS (SELECT FROM jsonb_each(g.difference) e
            WHERE h.difference->e.key->'to' IS DISTINCT FROM e.value->'from'))),
  'snoozes', (SELECT COALESCE(json_agg(json_build_object('code', s.code, 'until', s.until) ORDER BY s.id), '[]')
    FROM snoozes s
    WHERE s.agency_id = {AGENCY} AND s.application_id = a.id AND s.recorded_at <= :known_at
      AND NOT EXISTS (SELECT FROM voids v
        WHERE v.agency_id = {AGENCY} AND v.snooze_id = s.id AND v.recorded_at <= :known_at)),
  'contacts', {_contacts(COVERING)},
  'chased_at', (SELECT COALESCE(json_agg(occurred_at), '[]')
    FROM ({last_chased("a.client_contact_id", as_of, known_at=":known_at")}) last_chase)
)::text AS facts, l.policy{columns}
FROM applications a
{look_up("candidates", "p", "a", "candidate_id")}
{look_up("jobs", "j", "a", "job_id")}
{look_up("clients", "l", "j", "client_id")}
{look_up("client_contacts", "k", "a", "client_contact_id")}
WHERE a.agency_id = {AGENCY} AND {which} AND p.id IS NOT NULL
"""


NAMED = "a.id = ANY(:ids)"


def people(columns: str = "") -> str:
    """The statement that reads some candidates `p`, each as `facts` with their own contacts, and more columns."""
    return f"""
SELECT p.id, json_build_object({_CANDIDATE}, 'contacts', {_contacts(_covering_all("p.id"))})::text AS facts{columns}
FROM candidates p WHERE p.agency_id = {AGENCY} AND p.id = ANY(:ids)
"""


_FACTS_NOW, _FACTS_THEN = Statement(applications(NAMED)), Statement(f"{KNOWN_THEN} {applications(NAMED)}")
_PEOPLE_NOW, _PEOPLE_THEN = Statement(people()), Statement(f"{KNOWN_THEN} {people()}")

_decode = msgspec.json.Decoder(Application).decode
person_of = msgspec.json.Decoder(Candidate).decode
"""A candidate from the text of their facts."""


async def load(
    db: AsyncSession,
    caller: Caller,
    application_ids: Sequence[UUID],
    *,
    as_of: datetime,
    known_at: datetime = FOREVER,
) -> dict[UUID, Case]:
    """The facts of applications with the policy of each, by id.

    `as_of` bounds only the last chaser to the client contact (M2). With `known_at` they are what had been recorded by
    then: later records and later applications are left out, later edits and later policies undone.
    """
    agency = await overrides_of(db, caller, known_at=known_at)
    statement = _FACTS_NOW if known_at == FOREVER else _FACTS_THEN
    parameters = {
        "agency_id": caller.agency_id,
        "ids": application_ids,
        "as_of": as_of,
        "known_at": known_at,
    }
    rows = await statement.fetch(db, parameters)
    cases = [case_of(row["facts"], agency, row["policy"]) for row in rows]
    return {UUID(case.application.id): case for case in cases}


def case_of(facts: str, agency: Mapping[str, Any], client: Mapping[str, Any]) -> Case:
    """An application with the policy that holds for it: the agency's, as its client has it."""
    return Case(_decode(facts), Policy.of({**agency, **client} if client else agency))


async def load_candidate(
    db: AsyncSession, caller: Caller, candidate_id: UUID, *, known_at: datetime = FOREVER
) -> Candidate:
    """A candidate as the rules see the person, or saw them at `known_at`. Raises NotFoundError."""
    parameters = {"agency_id": caller.agency_id, "ids": [candidate_id], "known_at": known_at}
    statement = _PEOPLE_NOW if known_at == FOREVER else _PEOPLE_THEN
    rows = await statement.fetch(db, parameters)
    if not rows:
        raise NotFoundError
    return person_of(rows[0]["facts"])


async def overrides_of(
    db: AsyncSession, caller: Caller, *, known_at: datetime = FOREVER
) -> Mapping[str, Any]:
    """The agency's own parameters, or those it had at `known_at`.

    The present ones are read once in a transaction: several steps of one request ask for them.
    """
    if known_at != FOREVER:
        return await _overrides_then(db, caller, known_at)
    if "policy" not in db.info:
        found = await db.scalar(select(Agency.policy).where(Agency.agency_id == caller.agency_id))
        db.info["policy"] = found or {}
    overrides: Mapping[str, Any] = db.info["policy"]
    return overrides


async def _overrides_then(db: AsyncSession, caller: Caller, known_at: datetime) -> Mapping[str, Any]:
    versions = select(PolicyVersion.parameters).where(
        PolicyVersion.agency_id == caller.agency_id,
        PolicyVersion.client_id.is_(None),
        PolicyVersion.recorded_at <= known_at,
    )
    return await db.scalar(versions.order_by(PolicyVersion.version.desc()).limit(1)) or {}


async def hold_policy(db: AsyncSession, caller: Caller) -> None:
    """Keep the agency's and its clients' parameters as they are until the transaction ends, and read them anew.

    Whoever stores a status holds the policy it comes from. So a change of policy waits for them and then sees what
    they wrote, or they wait and then use the new one: no status is left behind. It is the first lock of all, before
    that of any row: who held a row and waited for the policy would wait in a ring with a change that wants the row.
    """
    if "policy_held" not in db.info:
        await locks.share(db, caller, Lock.POLICY)
        _forget_policy(db)
        await overrides_of(db, caller)
        db.info["policy_held"] = True


async def take_policy(db: AsyncSession, caller: Caller) -> None:
    """Keep everybody else from the agency's and its clients' parameters, to change them: see `hold_policy`."""
    await locks.take(db, caller, Lock.POLICY)
    _forget_policy(db)


def _forget_policy(db: AsyncSession) -> None:
    """What was read before a lock may have changed while it was waited for; it is read anew when it is asked for."""
    db.info.pop("policy", None)


def beginning(
    caller: Caller, more: Sequence[str] = (), first: tuple[Statement, Mapping[str, Any]] | None = None
) -> Beginning:
    """How a transaction begins that holds the policy: it is locked before it is read, and before what `more` lock."""
    return Beginning([locks.sharing(caller, Lock.POLICY), *more], first, {"policy_held": True})


async def policy_of(db: AsyncSession, caller: Caller, client_id: UUID | None = None) -> Policy:
    """The agency's policy, or that for one of its clients."""
    agency = await overrides_of(db, caller)
    if client_id is None:
        return Policy.of(agency)
    mine = select(Client.policy).where(Client.agency_id == caller.agency_id, Client.id == client_id)
    return Policy.of({**agency, **(await db.scalar(mine) or {})})
