"""Debriefs: the candidate's account of an interview. Only `interest_score` must be given."""

from typing import Annotated, Any, Self

from fastapi import Response
from pydantic import Field, model_validator

from app.api.accounts import Account, Score
from app.api.members import (
    ApplicationMembers,
    CandidateCreate,
    ClientContactCreate,
    ClientCreate,
    InterviewCreate,
    JobMembers,
    Named,
    by_external_id,
)
from app.api.records import Sendable, record_view, recorded_view, records_of
from app.api.shapes import ExplainedStatus, PromiseTerms, TimescaleTerms
from app.api.views import ExternalRef, ExternalRefView, Referred, View, listed
from app.models import Debrief, Interview, RefKind
from app.rules.vocabulary import (
    Attended,
    Channel,
    DebriefSource,
    Direction,
    Outcome,
    Purpose,
    TimescaleSource,
    WouldAccept,
)
from app.services import captures, rounds
from app.services import debriefs as service
from app.services.debriefs import RecordedDebrief
from app.services.items import Item
from app.services.records import Sent
from app.services.scope import find
from app.web.deps import InWork, Work
from app.web.etags import Tagged
from app.web.operations import begins, operation, router
from app.web.paging import Page, Paged
from app.web.schema import AsGiven, Id, Input, Instant, Name, Notes, Output, Word, absent, misplaced

debriefs = router("Debriefs")


CAPTURE_SCOPES = "records:write directory:write applications:write"


class DebriefTimescale(TimescaleTerms):
    """What was said about when the client will answer."""

    source: Word[TimescaleSource] = TimescaleSource.CLIENT
    given_at: Instant | None = Field(default=None, description="When it was said; the talk's time if absent.")
    given_by: Id | None = None


class DebriefContact(Input):
    """The contact in which the debrief was taken, with this candidate about this application."""

    direction: Word[Direction] = Direction.OUTBOUND
    outcome: Word[Outcome] = Outcome.REACHED
    occurred_at: Instant | None = Field(default=None, description="The talk's time if absent.")
    channel: Word[Channel] | None = None
    purpose: Word[Purpose] = Purpose.UPDATE
    relays: Annotated[list[Id], Field(max_length=200)] = []
    notes: Notes | None = None


class DebriefAccount(Account):
    """What a debrief keeps as it was given."""

    attended: Word[Attended] = Field(
        default=Attended.ATTENDED, description="Also sets the interview's state."
    )
    channel: Word[Channel] | None = None


class ScoredAccount(DebriefAccount):
    """An account with the score, which alone must be given."""

    interest_score: Score = Field(description="How much they want the job, 0 to 10.")


class DebriefCreate(Sendable, ScoredAccount):
    """The candidate's account, and with it whatever else the talk brought: stored all together or not at all."""

    occurred_at: Instant | None = Field(default=None, description="The talk, not the typing; now if absent.")
    source: Word[DebriefSource] = DebriefSource.CALL
    supersedes: Id | None = Field(
        default=None, description="The version that this one corrects; it counts no more."
    )
    timescale: DebriefTimescale | None = Field(default=None, description="When the client will answer.")
    next_steps_timescale: TimescaleTerms | None = Field(
        default=None, description="When the client will answer, as the candidate heard it."
    )
    contact: DebriefContact | None = Field(
        default=None, description="The contact made, if it is to be recorded."
    )
    next_promise: PromiseTerms | None = Field(
        default=None,
        description="What we promised the candidate in the contact given, or in the debrief's own call.",
    )

    @model_validator(mode="after")
    def _conditions_go_with_yes_if(self) -> Self:
        if self.accept_conditions and self.would_accept not in (None, WouldAccept.YES_IF):
            raise misplaced("accept_conditions", "accept_conditions", "goes with would_accept yes_if")
        return self

    def entry(self) -> dict[str, Any]:
        """The columns and parts, with what is kept as it was given in `account`."""
        account = set(DebriefAccount.model_fields)
        read = set(type(self).model_fields) - set(Account.model_fields) - {"external_refs"}
        return {
            **self.model_dump(include=read),
            "account": self.model_dump(mode="json", include=account, by_alias=True, exclude_unset=True),
        }


GivenAccount = Annotated[dict[str, Any], AsGiven(DebriefAccount)]


class DebriefView(Tagged):
    """A debrief as it was recorded, for eyes inside the agency."""

    id: Id
    external_refs: list[ExternalRefView]
    interview_id: Id
    application_id: Id
    supersedes: Id | None
    superseded_by: Id | None
    version: int = Field(description="Counted for each interview.")
    occurred_at: Instant
    recorded_at: Instant
    source: DebriefSource
    interest_score: int
    account: GivenAccount = Field(description="The other members, as they were given.")


class CurrentDebrief(Output):
    """The account of an interview over all its versions, for eyes inside the agency."""

    interview_id: Id
    version: int = Field(description="The latest version in it.")
    account: Annotated[dict[str, Any], AsGiven(ScoredAccount)] = Field(
        description="Every member ever given; a later version wins, and a superseded one is left out. Of "
        "`would_accept` and `accept_conditions` that do not go together the one given later is kept."
    )
    origins: dict[str, Id] = Field(description="The debrief that each member comes from.")


class DebriefSaved(DebriefView):
    """A debrief, what was recorded with it, and where its application stands now."""

    beside = frozenset({"timescale_ids", "contact_id", "application_status"})

    timescale_ids: list[Id] = Field(description="Those recorded by this call.")
    contact_id: Id | None = Field(description="The one recorded by this call.")
    application_status: ExplainedStatus


class CapturedClient(Named, ClientCreate):
    """The client; a known one may be named by its external ids alone."""

    name: Name = absent()


class CapturedClientContact(Named, ClientContactCreate):
    """Who answers at the client; a known one may be named by their external ids alone."""

    name: Name = absent()


class CapturedCandidate(Named, CandidateCreate):
    """The candidate; a known one may be named by their external ids alone."""

    others = {RefKind.CONSULTANT: False}

    name: Name = absent()
    consultant: ExternalRef | None = by_external_id(RefKind.CONSULTANT)


class CapturedJob(Named, JobMembers):
    """The job; a known one may be named by its external ids alone."""

    title: Name = absent()


class CapturedApplication(Named, ApplicationMembers):
    """The application, of the candidate for the job."""

    others = {RefKind.CONSULTANT: False}

    consultant: ExternalRef | None = by_external_id(RefKind.CONSULTANT)


class CapturedInterview(Named, InterviewCreate):
    """The interview; a known one may be named by its external ids alone."""

    start: Instant = absent()
    end: Instant = absent()


class DebriefCapture(Input):
    """A debrief and all that it is about, by external ids.

    What is unknown is created, but for the consultant, who has to be there; what is known changes in the members that
    are given, and stays as it is without any.
    """

    client: CapturedClient
    client_contact: CapturedClientContact | None = Field(
        default=None, description="Only a direct application, or one that is known, does without."
    )
    candidate: CapturedCandidate
    job: CapturedJob
    application: CapturedApplication
    interview: CapturedInterview
    debrief: DebriefCreate

    def items(self) -> list[Item]:
        """What the debrief is about, in an order in which each comes after those it belongs to."""
        named = {
            RefKind.CLIENT: self.client,
            RefKind.CLIENT_CONTACT: self.client_contact,
            RefKind.CANDIDATE: self.candidate,
            RefKind.JOB: self.job,
            RefKind.APPLICATION: self.application,
            RefKind.INTERVIEW: self.interview,
        }
        return [each.item(kind) for kind, each in named.items() if each]


class DebriefCaptured(DebriefSaved):
    """A debrief as when it is recorded alone, with the ids of all that it is about."""

    beside = DebriefSaved.beside | {"client_id", "client_contact_id", "candidate_id", "job_id", "created"}

    client_id: Id
    client_contact_id: Id | None
    candidate_id: Id
    job_id: Id
    created: list[RefKind] = Field(description="Those that were not known before.")


@debriefs.post("/v1/debriefs", status_code=201, **operation(CAPTURE_SCOPES, 404, 409, resent=DebriefCaptured))
async def capture_debrief(body: DebriefCapture, work: InWork, response: Response) -> DebriefCaptured:
    """Record a debrief and save all it is about in one call: what no external id names yet is created.

    Sent again it adds a version of the debrief alone; with the same Idempotency-Key, or the debrief's own id, nothing.
    """
    sent = body.debrief.sent()
    done = await captures.capture(
        work.db, work.caller, body.items(), body.debrief.entry(), sent, now=work.now
    )
    ids = {"client_contact_id": None, **{f"{kind}_id": object_id for kind, object_id in done.ids.items()}}
    return await _saved(DebriefCaptured, work, response, done.recorded, sent, **ids, created=done.created)


@debriefs.post(
    "/v1/interviews/{interview_id}/debriefs",
    status_code=201,
    **operation("records:write", 404, 409, resent=DebriefSaved),
)
@begins(rounds.beginning)
async def record_debrief(
    interview_id: Id, body: DebriefCreate, work: InWork, response: Response
) -> DebriefSaved:
    """Record the candidate's account, with the timescale, the promise and the contact it brought."""
    sent = body.sent()
    done = await service.record(work.db, work.caller, interview_id, body.entry(), sent, now=work.now)
    return await _saved(DebriefSaved, work, response, done, sent)


@debriefs.get("/v1/interviews/{interview_id}/debriefs", **operation("records:read", 404, audited=True))
async def list_debriefs(
    interview_id: Id,
    work: InWork,
    paging: Paged,
    referred: Referred,
) -> Page[DebriefView]:
    """List the versions of an interview's debrief, oldest first."""
    await find(work.db, work.caller, Interview, interview_id)
    query = records_of(work, Debrief, interview_id, referred)
    return await listed(DebriefView, work, paging, query, Debrief)


@debriefs.get("/v1/interviews/{interview_id}/debrief", **operation("records:read", 404, audited=True))
async def get_current_debrief(interview_id: Id, work: InWork) -> CurrentDebrief:
    """Read the account as it stands: versions merged field by field, each with its origin."""
    return CurrentDebrief.model_validate(await service.current(work.db, work.caller, interview_id))


@debriefs.get("/v1/debriefs/{debrief_id}", **operation("records:read", 404, audited=True))
async def get_debrief(debrief_id: Id, work: InWork) -> DebriefView:
    """Read one version of a debrief."""
    return await record_view(DebriefView, work, Debrief, debrief_id)


async def _saved(
    model: type[View], work: Work, response: Response, done: RecordedDebrief, sent: Sent, **more: Any
) -> View:
    timescale_ids = [timescale.id for timescale in done.timescales]
    contact_id = done.contact and done.contact.id
    return await recorded_view(
        model, work, response, done, sent, timescale_ids=timescale_ids, contact_id=contact_id, **more
    )
