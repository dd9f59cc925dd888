"""What a candidate tells in a debrief; of it the rules read the other processes alone (L1)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.api.shapes import NoticePeriod
from app.rules.vocabulary import (
    AnswerQuality,
    AttachmentKind,
    AttachmentState,
    ClientSignals,
    ConcernCategory,
    CounterOfferRisk,
    Impression,
    LinkedInConnection,
    Preference,
    ProcessStage,
    Severity,
    ThankYouNote,
    WouldAccept,
)
from app.web.schema import Day, Input, Instant, Line, Money, Name, Notes, Word, misplaced

OneToFive = Annotated[int, Field(ge=1, le=5)]
Score = Annotated[int, Field(ge=0, le=10)]
Lines = Annotated[list[Line], Field(max_length=100)]


class Concern(Input):
    """Something that holds the candidate back."""

    category: Word[ConcernCategory]
    severity: Word[Severity] = Severity.MINOR
    text: Line
    shareable: bool = Field(default=False, description="Whether the client may hear it.")


class Question(Input):
    """A question the candidate was asked."""

    question: Line
    answer_quality: Word[AnswerQuality] | None = None
    improve: Line | None = None


class Interviewer(Input):
    """Who sat on the other side."""

    name: Name
    role: Name | None = None
    spelling_confirmed: bool = False
    linkedin_connected: bool = False


class Task(Input):
    """Homework the client set."""

    description: Line
    due: Instant | None = None


class OtherProcess(Input):
    """Another process the candidate is in; never told to the client unless it may be shared."""

    stage: Word[ProcessStage]
    label: Line | None = None
    deadline_date: Day | None = None
    preference: Word[Preference] | None = None
    share_with_client: bool = False


class Signals(Input):
    """How interested the client seemed."""

    strength: Word[ClientSignals]
    text: Line | None = None


class Risk(Input):
    """How likely the present employer is to counter."""

    level: Word[CounterOfferRisk]
    text: Line | None = None


class Interval(Input):
    """A time the candidate is free."""

    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise misplaced("end", "interval_end", "must be after start")
        return self


class DayRange(Input):
    """Days the candidate is not free."""

    from_: Day = Field(alias="from")
    to: Day

    @model_validator(mode="after")
    def _ends_no_sooner_than_it_starts(self) -> Self:
        if self.to < self.from_:
            raise misplaced("to", "range_end", "must not be before from")
        return self


class Note(Input):
    """The thank-you note."""

    state: Word[ThankYouNote]
    sent_at: Instant | None = None


class Attachment(Input):
    """Something the candidate promised to send."""

    kind: Word[AttachmentKind]
    due: Instant | None = None
    state: Word[AttachmentState] = AttachmentState.PROMISED


class Summary(Input):
    """The only free text a client payload may carry, once approved."""

    text: Notes
    approved_at: Instant | None = None


class Account(Input):
    """What the candidate may say that is kept as it was given."""

    overall_impression: Word[Impression] | None = None
    interest_before: Score | None = None
    interest_blockers: Line | None = None
    would_accept: Word[WouldAccept] | None = None
    accept_conditions: Line | None = None
    salary_minimum: Money | None = None
    salary_target: Money | None = None
    package_notes: Line | None = None
    role_fit: OneToFive | None = None
    company_fit: OneToFive | None = None
    manager_fit: OneToFive | None = None
    liked: Lines = []
    concerns: Annotated[list[Concern], Field(max_length=100)] = []
    questions_asked: Annotated[list[Question], Field(max_length=100)] = []
    mistakes_to_correct: Lines = []
    wished_said: Lines = []
    skills_to_reinforce: Lines = []
    interviewers: Annotated[list[Interviewer], Field(max_length=50)] = []
    client_signals: Signals | None = None
    tasks_set: Annotated[list[Task], Field(max_length=50)] = []
    next_steps_said: Line | None = Field(default=None, description="Raw words of what happens next.")
    other_processes: Annotated[list[OtherProcess], Field(max_length=50)] = []
    counter_offer_risk: Risk | None = None
    notice_period: NoticePeriod | None = None
    earliest_start: Day | None = None
    availability_next_stage: Annotated[list[Interval], Field(max_length=100)] = []
    unavailable: Annotated[list[DayRange], Field(max_length=100)] = []
    thank_you_note: Note | None = None
    linkedin_connection: Word[LinkedInConnection] | None = None
    attachments_promised: Annotated[list[Attachment], Field(max_length=50)] = []
    share_summary: Summary | None = None
    consultant_view: OneToFive | None = None
    notes: Notes | None = Field(default=None, description="Private; the candidate may ask to see it.")
