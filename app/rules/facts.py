"""What is known about one application: the input of the rules (section 3).

Every instant is an aware datetime. A dated fact counts from its date on; what has no date always counts.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import takewhile

from app.rules.timescales import Timescale
from app.rules.vocabulary import (
    IN_VAIN,
    ApplicationMode,
    ApplicationState,
    ContactParty,
    DebriefSource,
    Decision,
    Direction,
    InterviewState,
    Outcome,
    Purpose,
    ReasonCode,
    TimescaleSource,
)


@dataclass(frozen=True, slots=True)
class Pause:
    """The candidate asked not to be contacted for a while (G3)."""

    start: datetime
    until: datetime
    allow_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """The person who waits.

    `contacts` are those that cover all of their applications (M1), of which there may be none. Where the applications
    are at hand these have them, too, so they may be left out here.
    """

    id: str
    timezone: str
    holidays: str | None = None
    pauses: tuple[Pause, ...] = ()
    seeking: bool = False
    registered_at: datetime | None = None
    last_preference_review_at: datetime | None = None
    contacts: tuple["Contact", ...] = ()


@dataclass(frozen=True, slots=True)
class ClientContact:
    """The person at the client who answers for the job."""

    id: str
    timezone: str
    holidays: str | None = None
    unavailable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Interview:
    """One interview; the latest that has ended is the current round (R1)."""

    id: str
    start: datetime
    end: datetime
    state: InterviewState


@dataclass(frozen=True, slots=True)
class OtherProcess:
    """Another process of the candidate's in which an answer is due by a date (L1)."""

    deadline_date: date | None = None
    share_with_client: bool = False


@dataclass(frozen=True, slots=True)
class Debrief:
    """The candidate's account of an interview; `other_processes` None means that it says nothing of any."""

    id: str
    interview_id: str
    occurred_at: datetime
    source: DebriefSource = DebriefSource.CALL
    recorded_at: datetime | None = None
    other_processes: tuple[OtherProcess, ...] | None = None


@dataclass(frozen=True, slots=True)
class GivenTimescale:
    """A timescale somebody gave for an interview's answer (section 2)."""

    id: str
    interview_id: str
    source: TimescaleSource
    timescale: Timescale
    phrase: str | None = None

    @property
    def given_at(self) -> datetime:
        """When it was said."""
        return self.timescale.given_at


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the client said about an interview, with or without a decision (R6).

    `hold_since` is since when the job is on hold, where it says that. `earlier` are the records that this one
    supersedes, the newest first. What is said to discriminate is the manager's to deal with, and relayed by nobody.
    """

    id: str
    interview_id: str
    received_at: datetime
    decision: Decision
    embargo_until: datetime | None = None
    earlier: tuple["Feedback", ...] = ()
    flag_discrimination: bool = False
    hold_since: datetime | None = None

    @property
    def available_at(self) -> datetime:
        """The instant from which it may be passed on."""
        return max(self.received_at, self.embargo_until or self.received_at)

    @property
    def holds_from(self) -> datetime:
        """The instant from which it puts the job on hold: as it says, but no later than it was received (R6)."""
        return min(self.hold_since or self.received_at, self.received_at)

    @property
    def names(self) -> frozenset[str]:
        """Its id and those of earlier records of the same news: who was told of one of them knows it."""
        same = takewhile(lambda record: record.decision is self.decision, self.earlier)
        return frozenset([self.id, *(record.id for record in same)])

    @property
    def versions(self) -> list["Feedback"]:
        """It and each of the earlier records as it stood, the newest first."""
        before = (replace(each, earlier=self.earlier[n:]) for n, each in enumerate(self.earlier, start=1))
        return [self, *before]


def end_of_hold(received_at: datetime, since: datetime | None) -> datetime:
    """When a decision received at an instant ends a hold: never before it begins (R6)."""
    return max(received_at, since or received_at)


@dataclass(frozen=True, slots=True)
class JobChange:
    """A change of the job that the candidate has to hear of (H4), with the members that changed."""

    id: str
    changed_at: datetime
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """Our own word to the candidate: we speak again by an instant, or by the end of a date."""

    by: datetime | None = None
    by_date: date | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """One call, message or attempt with either side (R2); `application_ids` None means all of the person's.

    `relays` names the feedback and the job changes passed on.
    """

    at: datetime
    party: ContactParty
    person_id: str | None
    direction: Direction
    outcome: Outcome
    purpose: Purpose = Purpose.OTHER
    application_ids: frozenset[str] | None = None
    relays: frozenset[str] = frozenset()
    needs_reply: bool = False
    automated: bool = False
    promise: Promise | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """One reason put off until an instant, with an explanation (G5)."""

    code: ReasonCode
    until: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """The client stopped the job for a while; `ended_at` is set when it went on."""

    since: datetime | None = None
    until: date | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """One candidate put forward for one job, with every fact that bears on it.

    `debriefs` are in the order of recording, a correction in the place of what it corrects. `contacts` are those
    that cover this application (M1). `chased_at` are the instants of all chasers to its client contact, whatever
    they were about (M2). `closed_at` is set only where the closing is to count from its date on; without it a
    closed application is closed at every instant.
    """

    id: str
    candidate: Candidate
    client: ClientContact | None
    mode: ApplicationMode = ApplicationMode.AGENCY
    state: ApplicationState = ApplicationState.ACTIVE
    interviews: tuple[Interview, ...] = ()
    debriefs: tuple[Debrief, ...] = ()
    timescales: tuple[GivenTimescale, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    job_changes: tuple[JobChange, ...] = ()
    contacts: tuple[Contact, ...] = ()
    snoozes: tuple[Snooze, ...] = ()
    chased_at: tuple[datetime, ...] = ()
    withdrawn_at: datetime | None = None
    closed_at: datetime | None = None
    continue_until: date | None = None
    hold: Hold | None = None


def covers(contact: Contact, application_id: str, candidate_id: str, client_id: str | None) -> bool:
    """Whether a contact counts for an application (M1).

    An interviewer (N1) is nobody the records know, so such a contact stands under the candidate who made it.
    """
    if contact.application_ids is not None:
        return application_id in contact.application_ids
    person_id = client_id if contact.party is ContactParty.CLIENT else candidate_id
    return contact.person_id is not None and contact.person_id == person_id


def is_chaser(contact: Contact) -> bool:
    """Whether a contact asks the client for its answer (G2, M2)."""
    return (
        contact.party is ContactParty.CLIENT
        and contact.direction is Direction.OUTBOUND
        and contact.purpose is Purpose.CHASE
    )


def is_success(contact: Contact) -> bool:
    """Whether the candidate had a word from us (R2): a talk, or a note of ours, and no automatic message."""
    spoken = contact.outcome is Outcome.REACHED
    written = contact.outcome is Outcome.SENT and contact.direction is Direction.OUTBOUND
    return not contact.automated and (spoken or written)


def is_in_vain(contact: Contact) -> bool:
    """Whether we tried to reach somebody and nobody was there (G1)."""
    return contact.direction is Direction.OUTBOUND and contact.outcome in IN_VAIN


def is_delivered(contact: Contact) -> bool:
    """Whether a word of ours got there: a talk or a message, and no voicemail."""
    outbound = contact.direction is Direction.OUTBOUND
    return outbound and contact.outcome in (Outcome.REACHED, Outcome.SENT)


def is_response(contact: Contact) -> bool:
    """Whether the other side has answered in some way (B2, G2)."""
    return contact.direction is Direction.INBOUND or contact.outcome is Outcome.REACHED


def is_call(debrief: Debrief) -> bool:
    """Whether we spoke with the candidate; what they typed by themselves is no update from us (E1)."""
    return debrief.source is DebriefSource.CALL
