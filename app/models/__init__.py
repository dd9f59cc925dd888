"""The tables, one file per aggregate; importing this package registers them all."""

from app.models.access import ApiKey, Identity, IdentityProvider, Role
from app.models.agencies import Agency, AgencyUsage, AgencyWork, Credential, Wake, WakeKind
from app.models.applications import Application, Snooze
from app.models.audit import AuditEntry
from app.models.base import Base
from app.models.calendar_feeds import CalendarFeed
from app.models.candidates import Candidate, Pause
from app.models.clients import Client, ClientContact
from app.models.consultants import Consultant, Cover
from app.models.contacts import Contact, ContactApplication, Relay, Void
from app.models.debriefs import Debrief
from app.models.digests import Digest, DigestState
from app.models.events import Event, EventLog, EventStream
from app.models.external_refs import ExternalRef, RecordKind, RefKind
from app.models.feedback import Feedback
from app.models.idempotency_keys import IdempotencyKey
from app.models.interviews import Interview
from app.models.jobs import Job, JobChange
from app.models.policies import Phase, PolicyVersion, Recomputation, RecomputationStretch
from app.models.preferences import Preference
from app.models.reasons import Reason
from app.models.revisions import RevisedKind, Revision
from app.models.timescales import Timescale
from app.models.webhooks import (
    Delivery,
    DeliveryAttempt,
    DeliveryQueue,
    EndpointState,
    WebhookEndpoint,
)

__all__ = [
    "Agency",
    "AgencyUsage",
    "AgencyWork",
    "ApiKey",
    "Application",
    "AuditEntry",
    "Base",
    "CalendarFeed",
    "Candidate",
    "Client",
    "ClientContact",
    "Consultant",
    "Contact",
    "ContactApplication",
    "Cover",
    "Credential",
    "Debrief",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryQueue",
    "Digest",
    "DigestState",
    "EndpointState",
    "Event",
    "EventLog",
    "EventStream",
    "ExternalRef",
    "Feedback",
    "IdempotencyKey",
    "Identity",
    "IdentityProvider",
    "Interview",
    "Job",
    "JobChange",
    "Pause",
    "Phase",
    "PolicyVersion",
    "Preference",
    "Reason",
    "Recomputation",
    "RecomputationStretch",
    "RecordKind",
    "RefKind",
    "Relay",
    "RevisedKind",
    "Revision",
    "Role",
    "Snooze",
    "Timescale",
    "Void",
    "Wake",
    "WakeKind",
    "WebhookEndpoint",
]
