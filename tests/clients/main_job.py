"""The main job through the generated Python client; prints what it learned as JSON.

It is no module of the tests: it runs where the client has just been generated, and is type-checked there.
"""

import datetime as dt
import json
import sys
from typing import TypeVar
from uuid import UUID

from touchbase_client import AuthenticatedClient
from touchbase_client.api.applications import create_application
from touchbase_client.api.candidates import create_candidate, list_candidates
from touchbase_client.api.client_contacts import create_client_contact
from touchbase_client.api.clients import create_client, get_client
from touchbase_client.api.consultants import create_consultant
from touchbase_client.api.debriefs import get_debrief, record_debrief
from touchbase_client.api.interviews import schedule_interview
from touchbase_client.api.jobs import create_job
from touchbase_client.api.status import get_application_status, list_due
from touchbase_client.models import (
    ApplicationCreate,
    CandidateCreate,
    ClientContactCreate,
    ClientCreate,
    Concern,
    ConcernCategory,
    ConsultantCreate,
    DebriefCreate,
    DebriefTimescale,
    ExternalRef,
    InterviewCreate,
    JobCreate,
    Problem,
    TimescaleKind,
)
from touchbase_client.types import UNSET, Unset

NOBODY = UUID("0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5f")
LATER = dt.datetime.fromisoformat("2026-07-20T09:00:00+01:00")

Answer = TypeVar("Answer")
address, key = sys.argv[1:]
client = AuthenticatedClient(
    base_url=address, token=key, raise_on_unexpected_status=True, httpx_args={"trust_env": False}
)


def good(answer: Answer | Problem | None) -> Answer:
    """The answer of a request that succeeded."""
    assert answer is not None
    assert not isinstance(answer, Problem), answer
    return answer


def problem(answer: object) -> Problem:
    """The answer of a request that was refused."""
    assert isinstance(answer, Problem), answer
    return answer


def interview() -> tuple[UUID, UUID]:
    """An application and the interview that has taken place."""
    consultant = good(create_consultant.sync(client=client, body=ConsultantCreate(name="Kim Adeyemi")))
    hiring = good(create_client.sync(client=client, body=ClientCreate(name="Northwind Foods")))
    contact = ClientContactCreate(name="Rosa Blum", holidays="GB-ENG")
    contact_id = good(create_client_contact.sync(hiring.id, client=client, body=contact)).id
    candidate = good(create_candidate.sync(client=client, body=CandidateCreate(name="Amara Osei")))
    job = good(create_job.sync(client=client, body=JobCreate(client_id=hiring.id, title="Buyer")))
    application = ApplicationCreate(
        candidate_id=candidate.id, job_id=job.id, client_contact_id=contact_id, consultant_id=consultant.id
    )
    application_id = good(create_application.sync(client=client, body=application)).id
    planned = InterviewCreate(
        start=dt.datetime.fromisoformat("2026-07-14T10:00:00+01:00"),
        end=dt.datetime.fromisoformat("2026-07-14T11:00:00+01:00"),
    )
    return application_id, good(schedule_interview.sync(application_id, client=client, body=planned)).id


def debrief(interview_id: UUID) -> list[object]:
    """The members of the account that come back, as they were given."""
    said = DebriefCreate(
        interest_score=8,
        occurred_at=dt.datetime.fromisoformat("2026-07-14T11:30:00+01:00"),
        liked=["The team"],
        concerns=[Concern(category=ConcernCategory.COMMUTE, text="Two trains")],
        timescale=DebriefTimescale(kind=TimescaleKind.DATE, date=dt.date(2026, 7, 17), phrase="by Friday"),
    )
    saved = good(record_debrief.sync(interview_id, client=client, body=said))
    account = good(get_debrief.sync(saved.id, client=client)).account
    assert not isinstance(account.concerns, Unset)
    return [account.liked, account.concerns[0].category.value, account.notes is UNSET]


def status(application_id: UUID) -> list[str]:
    """Where the application stands, and why."""
    explained = good(get_application_status.sync(application_id, client=client, as_of=LATER))
    return [explained.status.value, *(reason.explanation for reason in explained.reasons)]


def due() -> list[str]:
    """Who is due a word."""
    cards = good(list_due.sync(client=client, as_of=LATER)).items
    return [
        f"{card.candidate.name}: {item.code.value} to {item.target.name}"
        for card in cards
        for item in card.items
    ]


def refusals(interview_id: UUID) -> list[list[object]]:
    """What is said of an unknown id, and of a score that is none."""
    missing = problem(get_client.sync(NOBODY, client=client))
    refused = problem(record_debrief.sync(interview_id, client=client, body=DebriefCreate(interest_score=11)))
    assert isinstance(refused.errors, list)
    return [
        [missing.status, missing.code],
        [refused.status, refused.errors[0].pointer, refused.errors[0].code],
    ]


def upserts() -> list[int]:
    """How two requests with one external id are answered."""
    body = ClientCreate(name="Halden Rail", external_refs=[ExternalRef(source="bullhorn", id="88412")])
    answers = [create_client.sync_detailed(client=client, body=body) for _ in range(2)]
    return [answer.status_code.value for answer in answers]


def kept() -> str:
    """The zone of a candidate who is posted again without it."""
    refs = [ExternalRef(source="bullhorn", id="90017")]
    abroad = CandidateCreate(name="Li Wei", timezone="Asia/Singapore", external_refs=refs)
    good(create_candidate.sync(client=client, body=abroad))
    again = CandidateCreate(name="Li Wei Tan", external_refs=refs)
    return good(create_candidate.sync(client=client, body=again)).timezone


def retries() -> bool:
    """Whether a request sent again with its key made nothing new."""
    body = ConsultantCreate(name="Priya Shah-Lee")
    first, second = (
        good(create_consultant.sync(client=client, body=body, idempotency_key="one-press")) for _ in range(2)
    )
    return first.id == second.id


def pages() -> list[list[str]]:
    """The names on each page of a list."""
    for name in ("Ben Carver", "Chiara Neri", "Dana Whitlock", "Emeka Obi"):
        good(create_candidate.sync(client=client, body=CandidateCreate(name=name)))
    page = good(list_candidates.sync(client=client, limit=2))
    names = [[candidate.name for candidate in page.items]]
    while page.next_cursor is not None:
        page = good(list_candidates.sync(client=client, limit=2, cursor=page.next_cursor))
        names.append([candidate.name for candidate in page.items])
    return names


with client:
    application_id, interview_id = interview()
    learned = {
        "debrief": debrief(interview_id),
        "status": status(application_id),
        "due": due(),
        "refusals": refusals(interview_id),
        "upserts": upserts(),
        "kept": kept(),
        "retries": retries(),
        "pages": pages(),
    }
sys.stdout.write(json.dumps(learned))
