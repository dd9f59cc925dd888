"""Feedback: what the client said of an interview."""

from typing import Annotated, Any

from fastapi import Response
from pydantic import Field

from app.api.records import Sendable, record_view, recorded_view, records_of
from app.api.shapes import ExplainedStatus, TimescaleTerms
from app.api.views import ExternalRefView, Referred, listed
from app.models import Feedback, Interview
from app.rules.vocabulary import (
    Decision,
    DelayReason,
    FeedbackReason,
    NextStepType,
    ResponsibilityChange,
    SalaryChange,
)
from app.services import feedback as service
from app.services import rounds
from app.services.scope import find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import begins, operation, router
from app.web.paging import Page, Paged
from app.web.schema import AsGiven, Day, Id, Input, Instant, Line, Money, Name, Notes, Word

feedback = router("Feedback")


class Remark(Input):
    """One thing the client liked or missed."""

    text: Line
    shareable: bool = Field(default=False, description="Whether the candidate may hear it.")


class NextStep(Input):
    """What the candidate is invited to next."""

    type: Word[NextStepType]
    proposed_slots: Annotated[list[Line], Field(max_length=50)] = []
    with_whom: Line | None = None


class RoleChange(Input):
    """How the job changed; the candidate must be told and asked again."""

    responsibilities: Word[ResponsibilityChange] | None = None
    salary: Word[SalaryChange] | None = None
    contract: Line | None = None
    location: Line | None = None
    details: Notes | None = None


class FeedbackHold(Input):
    """Since when and until when the client holds the job."""

    since: Instant | None = None
    until: Day | None = None
    reason: Name | None = None


class Offer(Input):
    """What the client offers."""

    salary: Money | None = None
    start: Day | None = None
    benefits: Line | None = None
    conditions: Line | None = None
    expires_at: Instant | None = None


class FeedbackDetails(Input):
    """Everything the rules do not read."""

    reason_codes: Annotated[list[Word[FeedbackReason]], Field(max_length=20)] = []
    strengths: Annotated[list[Remark], Field(max_length=100)] = []
    concerns: Annotated[list[Remark], Field(max_length=100)] = []
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    rank: Annotated[int, Field(ge=1, le=1_000)] | None = None
    shortlist_size: Annotated[int, Field(ge=1, le=1_000)] | None = None
    next_step: NextStep | None = None
    delay_reason: Word[DelayReason] | None = None
    role_change: RoleChange | None = None
    hold: FeedbackHold | None = None
    offer: Offer | None = None
    raw_text: Notes | None = Field(
        default=None, description="The client's words; never shown to the candidate."
    )
    relay_text: Notes | None = Field(default=None, description="The only text the candidate may be shown.")
    relay_text_approved_by: Name | None = None
    flag_discrimination: bool = Field(
        default=False,
        description="The words discriminate: they go to the manager, and nothing is relayed unless a record that "
        "supersedes this one takes the flag back. Never shown.",
    )


class FeedbackCreate(Sendable, FeedbackDetails):
    """What the client said, with or without a decision."""

    decision: Word[Decision]
    received_at: Instant | None = Field(default=None, description="When it reached us; now if absent.")
    from_contact: Id | None = Field(
        default=None, description="Who said it; the application's client contact if absent."
    )
    embargo_until: Instant | None = Field(default=None, description="Not to be passed on before.")
    supersedes: Id | None = Field(
        default=None, description="The record that this one corrects; it counts no more."
    )
    timescale: TimescaleTerms | None = Field(default=None, description="When the client will say more.")

    def values(self) -> dict[str, Any]:
        """The columns, with all that the rules do not read in `details`."""
        read = {"decision", "received_at", "from_contact", "embargo_until", "supersedes", "timescale"}
        return {
            **self.model_dump(include=read),
            "details": self.model_dump(mode="json", exclude=read | {"external_refs"}, by_alias=True),
        }


class FeedbackView(Tagged):
    """What the client said, for eyes inside the agency."""

    id: Id
    external_refs: list[ExternalRefView]
    interview_id: Id
    application_id: Id
    supersedes: Id | None
    superseded_by: Id | None
    received_at: Instant
    recorded_at: Instant
    from_contact: Id | None
    decision: Decision
    embargo_until: Instant | None
    details: Annotated[dict[str, Any], AsGiven(FeedbackDetails)] = Field(
        description="The other members as they were given."
    )


class FeedbackSaved(FeedbackView):
    """Feedback with where its application stands now."""

    beside = frozenset({"application_status"})

    application_status: ExplainedStatus


@feedback.post(
    "/v1/interviews/{interview_id}/feedback",
    status_code=201,
    **operation("records:write", 404, 409, resent=FeedbackSaved),
)
@begins(rounds.beginning)
async def record_feedback(
    interview_id: Id, body: FeedbackCreate, work: InWork, response: Response
) -> FeedbackSaved:
    """Record what the client said; `role_on_hold` puts the application on hold."""
    sent = body.sent()
    done = await service.record(work.db, work.caller, interview_id, body.values(), sent, now=work.now)
    return await recorded_view(FeedbackSaved, work, response, done, sent)


@feedback.get("/v1/interviews/{interview_id}/feedback", **operation("records:read", 404))
async def list_feedback(
    interview_id: Id,
    work: InWork,
    paging: Paged,
    referred: Referred,
) -> Page[FeedbackView]:
    """List the feedback on an interview, in the order it was recorded."""
    await find(work.db, work.caller, Interview, interview_id)
    query = records_of(work, Feedback, interview_id, referred)
    return await listed(FeedbackView, work, paging, query, Feedback)


@feedback.get("/v1/feedback/{feedback_id}", **operation("records:read", 404))
async def get_feedback(feedback_id: Id, work: InWork) -> FeedbackView:
    """Read a piece of feedback."""
    return await record_view(FeedbackView, work, Feedback, feedback_id)
