"""`POST /v1/status/preview`: the status of facts that are not stored."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.api.parameters import PolicyParameters
from app.api.shapes import PauseTerms, PromiseTerms, StatusSummary, TimescaleTerms
from app.rules.vocabulary import (
    ApplicationMode,
    ApplicationState,
    ContactParty,
    DebriefSource,
    Decision,
    Direction,
    InterviewState,
    Level,
    Outcome,
    Purpose,
    ReasonCode,
    TimescaleSource,
)
from app.services.previews import MOST_PAIRS, preview
from app.web.operations import operation, router
from app.web.schema import Day, Holidays, Input, Instant, Line, Output, Word, Zone, misplaced

previews = router("Status")

Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class PreviewPause(PauseTerms):
    """A candidate's wish not to be contacted for a while."""

    reason: Line | None = None


class PreviewPerson(Input):
    """A candidate or a client contact, with what the rules need of each."""

    kind: Word[ContactParty]
    timezone: Zone
    holidays: Holidays | None = None
    do_not_contact: PreviewPause | None = None
    pauses: Annotated[list[PreviewPause], Field(max_length=100)] = Field(
        default=[], description="More pauses; none may overlap another."
    )
    seeking: bool = False
    registered_at: Instant | None = None
    last_preference_review_at: Instant | None = None
    unavailable_until: Instant | None = None

    @model_validator(mode="after")
    def _no_pause_overlaps_another(self) -> Self:
        pauses = [*self.pauses, *([self.do_not_contact] if self.do_not_contact else [])]
        pauses.sort(key=lambda pause: pause.from_)
        for earlier, later in pairwise(pauses):
            if later.from_ < earlier.until:
                raise misplaced("pauses", "pause_overlap", "must not overlap")
        return self


class PreviewInterview(Input):
    """An interview."""

    id: Key
    start: Instant
    end: Instant
    status: Word[InterviewState]

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end < self.start:
            raise misplaced("end", "interview_end", "must not be before start")
        return self


class PreviewOtherProcess(Input):
    """Another process the candidate is in."""

    stage: Key
    label: Line | None = None
    deadline_date: Day | None = None
    preference: Key | None = None
    share_with_client: bool = False


class PreviewDebrief(Input):
    """The candidate's account; the rules look at its dates, its source and the deadlines it names."""

    id: Key
    interview: Key
    occurred_at: Instant
    recorded_at: Instant | None = None
    source: Word[DebriefSource] = DebriefSource.CALL
    interest_score: Annotated[int, Field(ge=0, le=10)] | None = None
    other_processes: Annotated[list[PreviewOtherProcess], Field(max_length=50)] | None = None


class PreviewTimescale(TimescaleTerms):
    """A timescale of any kind."""

    id: Key
    interview: Key
    given_at: Instant
    source: Word[TimescaleSource]


class PreviewHold(Input):
    """The client stopped the job for a while."""

    since: Instant | None = None
    until: Day | None = None
    reason: Line | None = None
    ended_at: Instant | None = None


class PreviewFeedback(Input):
    """What the client said; the rules look at its date, decision and embargo, and since when it holds the job."""

    id: Key
    interview: Key
    received_at: Instant
    decision: Word[Decision]
    embargo_until: Instant | None = None
    supersedes: Key | None = Field(
        default=None, description="The record before it in the list that this one corrects."
    )
    role_change: Annotated[dict[Key, Key], Field(max_length=50)] | None = None
    hold: PreviewHold | None = None
    reason_codes: Annotated[list[Key], Field(max_length=50)] = []


class PreviewJobChange(Input):
    """A change of the job that the candidate has to hear of (H4)."""

    id: Key
    changed_at: Instant


class PreviewContact(Input):
    """A call, message or attempt; `application_ids` null means all of that person's."""

    id: Key | None = None
    at: Instant
    with_: Word[ContactParty] = Field(alias="with")
    person: Key | None = None
    direction: Word[Direction]
    outcome: Word[Outcome]
    channel: Key | None = None
    purpose: Word[Purpose] = Purpose.OTHER
    application_ids: Annotated[list[Key], Field(max_length=1_000)] | None = None
    relays: Annotated[list[Key], Field(max_length=1_000)] = []
    needs_reply: bool = False
    automated: bool = False
    promise: PromiseTerms | None = None


class PreviewSnooze(Input):
    """One reason of one application put off."""

    application: Key
    code: Word[ReasonCode]
    until: Instant
    reason: Line | None = None


class PreviewApplication(Input):
    """One candidate put forward for one job."""

    id: Key
    candidate: Key
    client_contact: Key | None = None
    mode: Word[ApplicationMode] = ApplicationMode.AGENCY
    state: Word[ApplicationState] = ApplicationState.ACTIVE
    interviews: Annotated[list[PreviewInterview], Field(max_length=1_000)] = []
    debriefs: Annotated[list[PreviewDebrief], Field(max_length=1_000)] = Field(
        default=[],
        description="In the order of recording; one that corrects another stands alone, in the other's place.",
    )
    timescales: Annotated[list[PreviewTimescale], Field(max_length=1_000)] = []
    feedback: Annotated[list[PreviewFeedback], Field(max_length=1_000)] = []
    job_changes: Annotated[list[PreviewJobChange], Field(max_length=1_000)] = []
    hold: PreviewHold | None = None
    withdrawn_at: Instant | None = None
    continue_until: Day | None = None

    @model_validator(mode="after")
    def _facts_name_its_interviews(self) -> Self:
        known = {interview.id for interview in self.interviews}
        for name in ("debriefs", "timescales", "feedback"):
            for position, fact in enumerate(getattr(self, name)):
                if fact.interview not in known:
                    place = (name, position, "interview")
                    raise misplaced(place, "unknown_interview", "names no interview of the application")
        return self

    @model_validator(mode="after")
    def _corrections_name_what_stands_before_them(self) -> Self:
        standing: set[tuple[str, str]] = set()
        for position, said in enumerate(self.feedback):
            if said.supersedes is not None:
                if (said.supersedes, said.interview) not in standing:
                    place = ("feedback", position, "supersedes")
                    raise misplaced(place, "unknown_feedback", "names no feedback on the interview before it")
                standing.remove((said.supersedes, said.interview))
            standing.add((said.id, said.interview))
        return self

    @model_validator(mode="after")
    def _each_fact_has_an_id_of_its_own(self) -> Self:
        for name in ("interviews", "debriefs", "timescales", "feedback", "job_changes"):
            _check_ids((fact.id for fact in getattr(self, name)), name)
        return self


class PreviewFacts(Input):
    """People, applications with what happened in them, contacts and snoozes."""

    people: Annotated[dict[Key, PreviewPerson], Field(max_length=1_000)]
    applications: Annotated[list[PreviewApplication], Field(max_length=1_000)]
    contacts: Annotated[list[PreviewContact], Field(max_length=1_000)] = Field(
        default=[],
        description="Each counts for every application that it bears on, a chaser twice: "
        f"{MOST_PAIRS:,} times in all at most.",
    )
    snoozes: Annotated[list[PreviewSnooze], Field(max_length=1_000)] = []

    @model_validator(mode="after")
    def _names_only_known_people(self) -> Self:
        for position, application in enumerate(self.applications):
            place = ("applications", position)
            self._check_person(application.candidate, "candidate", (*place, "candidate"))
            if application.client_contact is not None:
                self._check_person(application.client_contact, "client", (*place, "client_contact"))
        return self

    @model_validator(mode="after")
    def _each_has_an_id_of_its_own(self) -> Self:
        _check_ids((application.id for application in self.applications), "applications")
        _check_ids((contact.id for contact in self.contacts), "contacts")
        return self

    def _check_person(self, person: str, kind: str, place: tuple[str | int, ...]) -> None:
        if person not in self.people or self.people[person].kind != kind:
            raise misplaced(place, "unknown_person", f"names no {kind} of people")


def _check_ids(ids: Iterable[str | None], name: str) -> None:
    """Of two facts of a kind with one id, one would be lost."""
    seen: set[str] = set()
    for position, each in enumerate(ids):
        if each in seen:
            raise misplaced((name, position, "id"), "repeated_id", "stands twice")
        if each is not None:
            seen.add(each)


class PreviewRequest(Input):
    """Facts, the policy parameters that differ from the defaults, and the instant to ask about."""

    facts: PreviewFacts
    policy: PolicyParameters = Field(default_factory=PolicyParameters)
    now: Instant


class PreviewReview(Output):
    """A reason that concerns the candidate as a person."""

    code: ReasonCode
    level: Level
    due_at: Instant
    overdue_at: Instant | None


class PreviewAnswer(Output):
    """The status of each application and candidate, and the due list over all of them."""

    applications: dict[str, StatusSummary]
    candidates: dict[str, list[PreviewReview]]
    due_list: list[str] = Field(description="`application:code` in the order of rule P1.")


@previews.post("/v1/status/preview", **operation("status:read"))
async def preview_status(body: PreviewRequest) -> PreviewAnswer:
    """Work out the status of facts you send, under a policy you choose, at an instant; nothing is stored."""
    # Many take a second or so to work out, in which other requests go on.
    return await asyncio.to_thread(_previewed, body)


def _previewed(body: PreviewRequest) -> PreviewAnswer:
    facts = body.facts.model_dump(by_alias=True)
    return PreviewAnswer.model_validate(preview(facts, body.policy.policy(), body.now))
