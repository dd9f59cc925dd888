"""The tables, one file per aggregate; importing this package registers them all."""

from app.models.agencies import Agency, ApiKey, Credential
from app.models.applications import Application, Snooze
from app.models.base import Base
from app.models.candidates import Candidate
from app.models.clients import Client, ClientContact
from app.models.consultants import Consultant
from app.models.contacts import Contact, ContactApplication, Relay
from app.models.debriefs import Debrief
from app.models.external_refs import ExternalRef
from app.models.feedback import Feedback
from app.models.interviews import Interview
from app.models.jobs import Job
from app.models.reasons import Reason
from app.models.timescales import Timescale

__all__ = [
    "Agency",
    "ApiKey",
    "Application",
    "Base",
    "Candidate",
    "Client",
    "ClientContact",
    "Consultant",
    "Contact",
    "ContactApplication",
    "Credential",
    "Debrief",
    "ExternalRef",
    "Feedback",
    "Interview",
    "Job",
    "Reason",
    "Relay",
    "Snooze",
    "Timescale",
]
