"""Loads what the rules need to know of applications: one statement, decoded straight into the rules' facts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Agency
from app.rules.facts import Application
from app.rules.policy import Policy
from app.services.scope import Caller

# The members are named as in `app.rules.facts`, so that one decoder suffices. Contacts with the client count only
# from the first interview's end or the withdrawal on (G2, J1), which keeps long relationships short.
_FACTS = text(
    """
SELECT json_build_object(
  'id', a.id,
  'mode', a.mode,
  'state', a.state,
  'withdrawn_at', a.withdrawn_at,
  'continue_until', a.continue_until,
  'hold', CASE WHEN a.hold_since IS NOT NULL THEN json_build_object(
    'since', a.hold_since, 'until', a.hold_until, 'ended_at', a.hold_ended_at) END,
  'candidate', json_build_object(
    'id', p.id, 'timezone', p.timezone, 'holidays', p.holidays, 'seeking', p.seeking,
    'registered_at', p.registered_at, 'last_preference_review_at', p.last_preference_review_at,
    'pause', CASE WHEN p.pause_from IS NOT NULL THEN json_build_object(
      'start', p.pause_from, 'until', p.pause_until, 'allow_urgent', p.pause_allow_urgent) END),
  'client', CASE WHEN k.id IS NOT NULL THEN json_build_object(
    'id', k.id, 'timezone', k.timezone, 'holidays', k.holidays, 'unavailable_until', k.unavailable_until) END,
  'interviews', (SELECT COALESCE(json_agg(json_build_object(
      'id', i.id, 'start', i.start, 'end', i."end", 'state', i.state) ORDER BY i.start, i.id), '[]')
    FROM interviews i WHERE i.agency_id = a.agency_id AND i.application_id = a.id),
  'debriefs', (SELECT COALESCE(json_agg(json_build_object(
      'id', d.id, 'interview_id', d.interview_id, 'occurred_at', d.occurred_at, 'source', d.source)
      ORDER BY d.id), '[]')
    FROM debriefs d WHERE d.agency_id = a.agency_id AND d.application_id = a.id),
  'timescales', (SELECT COALESCE(json_agg(json_build_object(
      'id', t.id, 'interview_id', t.interview_id, 'source', t.source, 'phrase', t.phrase,
      'timescale', json_build_object(
        'kind', t.kind, 'given_at', t.given_at, 'at', t.at, 'date', t.date, 'from_date', t.from_date,
        'to_date', t.to_date, 'n', t.n, 'anchor', t.anchor, 'event', t.event, 'event_date', t.event_date,
        'offset_working_days', t.offset_working_days)) ORDER BY t.id), '[]')
    FROM timescales t WHERE t.agency_id = a.agency_id AND t.application_id = a.id),
  'feedback', (SELECT COALESCE(json_agg(json_build_object(
      'id', f.id, 'interview_id', f.interview_id, 'received_at', f.received_at, 'decision', f.decision,
      'embargo_until', f.embargo_until) ORDER BY f.id), '[]')
    FROM feedback f WHERE f.agency_id = a.agency_id AND f.application_id = a.id),
  'snoozes', (SELECT COALESCE(json_agg(json_build_object('code', s.code, 'until', s.until) ORDER BY s.id), '[]')
    FROM snoozes s WHERE s.agency_id = a.agency_id AND s.application_id = a.id),
  'contacts', (SELECT COALESCE(json_agg(json_build_object(
      'id', c.id, 'at', c.occurred_at, 'party', c.party,
      'person_id', COALESCE(c.candidate_id, c.client_contact_id),
      'direction', c.direction, 'outcome', c.outcome, 'purpose', c.purpose, 'needs_reply', c.needs_reply,
      'automated', c.automated,
      'promise', CASE WHEN COALESCE(c.promise_by, c.promise_by_date) IS NOT NULL THEN json_build_object(
        'by', c.promise_by, 'by_date', c.promise_by_date) END,
      'relays', (SELECT COALESCE(json_agg(r.feedback_id), '[]') FROM relays r
        WHERE r.agency_id = c.agency_id AND r.contact_id = c.id)) ORDER BY c.id), '[]')
    FROM (
      SELECT * FROM contacts c1
        WHERE c1.agency_id = a.agency_id AND c1.candidate_id = a.candidate_id AND c1.all_applications
      UNION ALL
      SELECT * FROM contacts c2
        WHERE c2.agency_id = a.agency_id AND c2.client_contact_id = a.client_contact_id AND c2.all_applications
          AND c2.occurred_at >= LEAST(a.withdrawn_at, (SELECT min(i."end") FROM interviews i
            WHERE i.agency_id = a.agency_id AND i.application_id = a.id))
      UNION ALL
      SELECT c3.* FROM contact_applications ca
        JOIN contacts c3 ON c3.agency_id = ca.agency_id AND c3.id = ca.contact_id
        WHERE ca.agency_id = a.agency_id AND ca.application_id = a.id
    ) c),
  'chased_at', (SELECT COALESCE(json_agg(chased), '[]') FROM (
      SELECT c.occurred_at AS chased FROM contacts c
      WHERE c.agency_id = a.agency_id AND c.client_contact_id = a.client_contact_id
        AND c.direction = 'outbound' AND c.purpose = 'chase' AND c.occurred_at <= :as_of
      ORDER BY c.occurred_at DESC LIMIT 1) last_chase)
)::text
FROM applications a
JOIN candidates p ON p.agency_id = a.agency_id AND p.id = a.candidate_id
LEFT JOIN client_contacts k ON k.agency_id = a.agency_id AND k.id = a.client_contact_id
WHERE a.agency_id = :agency_id AND a.id = ANY(:ids)
"""
).bindparams(bindparam("ids", type_=ARRAY(PG_UUID)))

_decode = msgspec.json.Decoder(Application).decode


async def load(
    db: AsyncSession, caller: Caller, application_ids: Sequence[UUID], *, as_of: datetime
) -> dict[UUID, Application]:
    """The facts of applications, by id; `as_of` bounds only the last chaser to the client contact (M2)."""
    parameters = {"agency_id": caller.agency_id, "ids": list(application_ids), "as_of": as_of}
    found = [_decode(row) for row in await db.scalars(_FACTS, parameters)]
    return {UUID(application.id): application for application in found}


async def policy_of(db: AsyncSession, caller: Caller) -> Policy:
    """The agency's policy, read once in a transaction: several steps of one request ask for it."""
    if "policy" not in db.info:
        overrides = await db.scalar(select(Agency.policy).where(Agency.agency_id == caller.agency_id))
        db.info["policy"] = Policy.of(overrides or {})
    policy: Policy = db.info["policy"]
    return policy
