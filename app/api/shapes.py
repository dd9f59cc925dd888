"""Shapes that several resources share: pauses, holds, timescales, promises, notice periods, statuses."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import Field, model_validator

from app.rules.explanations import explain
from app.rules.policy import Policy
from app.rules.restraint import Reason
from app.rules.timescales import REQUIRED_MEMBERS
from app.rules.vocabulary import (
    Actor,
    Confidence,
    Level,
    NoticeUnit,
    ReasonCode,
    Status,
    Target,
    TimescaleAnchor,
    TimescaleKind,
)
from app.services.standings import Standing
from app.web.schema import Day, Id, Input, Instant, Line, Name, Output, Word, misplaced

KnownAt = Annotated[
    Instant | None,
    Query(description="What had been recorded by then, and nothing later; everything if absent"),
]
WorkingDays = Annotated[int, Field(ge=0, le=260)]


class PauseCreate(Input):
    """A candidate's wish not to be contacted for a while (G3)."""

    from_: Instant = Field(alias="from")
    until: Instant
    allow_urgent: bool = Field(default=False, description="Offers and next stages may be told all the same.")
    reason: Name | None = None


class PauseTerms(PauseCreate):
    """The same as a member of the candidate: it replaces all other pauses."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.until <= self.from_:
            raise misplaced("until", "pause_end", "must be after from")
        return self


class HoldTerms(Input):
    """The client stopped the job for a while."""

    since: Instant | None = None
    until: Day | None = None
    reason: Name | None = None
    ended_at: Instant | None = None


class TimescaleTerms(Input):
    """When the client will answer, as structure."""

    kind: Word[TimescaleKind] = Field(
        description="`instant` needs `at`; `date` needs `date`; `range` needs `from` and `to`; `working_days` needs "
        "`n`, counted from `anchor`; `after_event` needs `event` and, once known, takes `event_date`, from which it "
        "counts `offset_working_days`; `unknown` needs nothing. None takes what another needs."
    )
    at: Instant | None = None
    date: Day | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    n: WorkingDays | None = None
    anchor: Word[TimescaleAnchor] | None = Field(default=None, description="`given` if absent.")
    event: Line | None = None
    event_date: Day | None = None
    offset_working_days: WorkingDays | None = Field(
        default=None, description="The policy's `event_offset_working_days` if absent."
    )
    phrase: Line | None = Field(
        default=None, description="The client's own words; never shown to the candidate."
    )
    confidence: Word[Confidence] | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = {_MEMBERS.get(name, name) for name in REQUIRED_MEMBERS[self.kind]}
        given = {name for name in _STRUCTURE if getattr(self, name) is not None}
        missing, extra = needed - given, given - needed - _OPTIONAL.get(self.kind, set())
        for names, verb in ((missing, "needs"), (extra, "does not take")):
            if names:
                spelt = sorted(name.rstrip("_") for name in names)
                words = f"kind {self.kind} {verb} {', '.join(spelt)}"
                raise misplaced(spelt[0], "timescale_members", words)
        if self.from_ and self.to and self.from_ > self.to:
            raise misplaced("to", "timescale_range", "must not be before from")
        if self.kind is TimescaleKind.WORKING_DAYS:
            self.anchor = self.anchor or TimescaleAnchor.GIVEN
        return self


_MEMBERS = {"from_date": "from_", "to_date": "to"}
_STRUCTURE = ("at", "date", "from_", "to", "n", "anchor", "event", "event_date", "offset_working_days")
_OPTIONAL: dict[TimescaleKind, set[str]] = {
    TimescaleKind.WORKING_DAYS: {"anchor"},
    TimescaleKind.AFTER_EVENT: {"event_date", "offset_working_days"},
}


class PromiseTerms(Input):
    """Our own word to the candidate: we speak again by an instant, or by the end of a date."""

    by: Instant | None = None
    by_date: Day | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.by is None) == (self.by_date is None):
            raise misplaced("by", "promise_members", "give by or by_date, one of the two")
        return self


class NoticePeriod(Input):
    """How long the candidate must give notice."""

    value: Annotated[int, Field(ge=0, le=366)]
    unit: Word[NoticeUnit]
    negotiable: bool = False


class VoidTerms(Input):
    """Why a record counts no more."""

    reason: Line = Field(description="Why; for the colleagues who wonder.")


class VoidedView(Output):
    """When a record was voided, and why."""

    at: Instant
    reason: str


class ReasonSummary(Output):
    """Why somebody is owed a word, and when it is due."""

    code: ReasonCode
    level: Level
    due_at: Instant
    overdue_at: Instant | None
    escalate_at: Instant | None
    target: Target


class WaitingReason(Output):
    """A reason that counts but is kept quiet until `resume_at`."""

    code: ReasonCode
    resume_at: Instant


class UpcomingReason(Output):
    """The next reason to come, while nothing else is going on."""

    code: ReasonCode
    due_at: Instant


class NextAction(Output):
    """Who does what next, towards whom, and not before when."""

    code: ReasonCode
    actor: Actor
    target: Target | None
    not_before: Instant


class StatusSummary(Output):
    """Where an application stands at one instant."""

    status: Status
    reasons: list[ReasonSummary]
    waiting: list[WaitingReason]
    upcoming: UpcomingReason | None
    touch_base_from: Instant | None
    next_action: NextAction | None


class FactReference(Output):
    """A fact that a reason rests on."""

    kind: str
    id: Id | None
    at: Instant


class ExplainedReason(ReasonSummary):
    """A reason with the rule it comes from, the facts it rests on and its arithmetic in words."""

    rule: str = Field(description="The id of the rule, to be looked up in the page of the rules.")
    facts: list[FactReference]
    explanation: str


class ExplainedWaiting(ExplainedReason):
    """A reason kept quiet, explained."""

    resume_at: Instant


class ExplainedStatus(Output):
    """Where an application stands and why."""

    application_id: Id
    as_of: Instant
    status: Status
    reasons: list[ExplainedReason]
    waiting: list[ExplainedWaiting]
    upcoming: UpcomingReason | None
    future: list[ExplainedReason] = Field(
        description="What comes next if nothing is recorded, soonest first."
    )
    touch_base_from: Instant | None
    next_action: NextAction | None


def explained(standing: Standing) -> ExplainedStatus:
    """Where an application stands, with every reason's rule, facts and arithmetic."""
    status, now = standing.status, standing.as_of
    return ExplainedStatus.model_validate(
        {
            "application_id": standing.application_id,
            "as_of": now,
            "status": status.status,
            "reasons": [explained_reason(r, standing.policy, now) for r in status.reasons],
            "waiting": [explained_waiting(r, standing.policy, now) for r in status.waiting],
            "upcoming": status.upcoming,
            "future": [explained_reason(r, standing.policy, now) for r in status.future],
            "touch_base_from": status.touch_base_from,
            "next_action": status.next_action,
        }
    )


def explained_reason(reason: Reason, policy: Policy, now: datetime) -> dict[str, Any]:
    """A reason with its rule, its facts and its arithmetic in words."""
    return {
        "code": reason.code,
        "level": reason.level(now),
        "due_at": reason.due_at,
        "overdue_at": reason.overdue_at,
        "escalate_at": reason.escalate_at,
        "target": reason.target,
        "rule": reason.rule,
        "facts": [{"kind": f.kind, "id": f.id, "at": f.at} for f in reason.facts],
        "explanation": explain(reason, now, policy.office.zone),
    }


def explained_waiting(reason: Reason, policy: Policy, now: datetime) -> dict[str, Any]:
    """The same of a reason kept quiet, with the end of that."""
    return {**explained_reason(reason, policy, now), "resume_at": reason.flagged_from}
