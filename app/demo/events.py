"""What can happen in a scene, as plain data; times are in the words of `moments`.

A fact about an interview belongs to the last interview before it in the scene. Everything is recorded as
it happens, so that the past can be told as it was known.
"""

from dataclasses import dataclass
from datetime import timedelta

from app.rules.vocabulary import (
    Answer,
    Channel,
    Confidence,
    ContactParty,
    DebriefSource,
    Decision,
    Direction,
    Impression,
    Outcome,
    ProcessStage,
    Purpose,
    ReasonCode,
    Status,
    TimescaleSource,
)


@dataclass(frozen=True, slots=True)
class Interview:
    """An interview, by its end; it was booked some days before."""

    end: str
    title: str = "First interview"
    minutes: int = 60

    @property
    def length(self) -> timedelta:
        """How long it takes."""
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Rival:
    """Another process of the candidate's, with the day by which they must answer there."""

    name: str
    stage: ProcessStage
    deadline: str
    share_with_client: bool = False


@dataclass(frozen=True, slots=True)
class Debrief:
    """The candidate's account."""

    at: str
    score: int
    liked: str
    impression: Impression = Impression.POSITIVE
    notes: str | None = None
    source: DebriefSource = DebriefSource.CALL
    rival: Rival | None = None


@dataclass(frozen=True, slots=True)
class Timescale:
    """When the client will answer, in its own words; `{day}` stands for the name of the day `day`."""

    at: str
    phrase: str
    day: str | None = None
    source: TimescaleSource = TimescaleSource.CLIENT
    confidence: Confidence | None = None

    @property
    def by_client(self) -> bool:
        """Whether the client said it to us, not to the candidate."""
        return self.source is TimescaleSource.CLIENT


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the client said; `hold_until` goes with a role on hold."""

    at: str
    decision: Decision
    words: str
    embargo: str | None = None
    hold_until: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A call, message or attempt; `tells` passes on the last feedback, `also` names other scenes it covers.

    An `answer` is the candidate's to the last change of the job. `noted` is when somebody wrote it down, if later.
    """

    at: str
    party: ContactParty = ContactParty.CANDIDATE
    direction: Direction = Direction.OUTBOUND
    outcome: Outcome = Outcome.REACHED
    channel: Channel = Channel.PHONE
    purpose: Purpose = Purpose.UPDATE
    notes: str | None = None
    tells: bool = False
    needs_reply: bool = False
    promise: str | None = None
    also: tuple[str, ...] = ()
    answer: Answer | None = None
    noted: str | None = None


@dataclass(frozen=True, slots=True)
class Void:
    """The contact before it turns out to be a mistake."""

    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """One reason put off."""

    at: str
    code: ReasonCode
    until: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The candidate agrees to wait for a silent client."""

    at: str
    until: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The candidate withdraws."""

    at: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The application is closed."""

    at: str


Event = Interview | Debrief | Timescale | Feedback | Contact | Void | Snooze | Wait | Withdrawal | Closing


@dataclass(frozen=True, slots=True)
class Scene:
    """One application and what happened: `status` is what it then shows.

    Without a client contact the candidate has applied without us.
    """

    candidate: str
    job: str
    client_contact: str | None
    status: Status
    events: tuple[Event, ...]

    @property
    def first_interview(self) -> Interview:
        """The interview with which it begins."""
        return next(event for event in self.events if isinstance(event, Interview))

    @property
    def name(self) -> str:
        """What the scene is known by: nobody is put forward twice for one job."""
        return f"{self.candidate}-{self.job}"


def told(at: str, notes: str | None = None) -> Contact:
    """A call that passed the last feedback on to the candidate."""
    return Contact(at, tells=True, notes=notes)


def asked(at: str, answer: Answer, notes: str) -> Contact:
    """A call that told the candidate how the job has changed, and their answer."""
    return Contact(at, answer=answer, notes=notes)


def talk(
    at: str, notes: str | None = None, *, promise: str | None = None, noted: str | None = None
) -> Contact:
    """A call that reached the candidate, perhaps with a promise for a day."""
    return Contact(at, notes=notes, promise=promise, noted=noted)


def voicemail(at: str) -> Contact:
    """A voicemail left for the candidate."""
    return Contact(at, outcome=Outcome.LEFT_MESSAGE)


def no_answer(at: str) -> Contact:
    """A call that the candidate did not take."""
    return Contact(at, outcome=Outcome.NO_ANSWER)


def note(at: str, notes: str) -> Contact:
    """A mail to the candidate."""
    return Contact(at, outcome=Outcome.SENT, channel=Channel.EMAIL, notes=notes)


def enquiry(at: str, notes: str) -> Contact:
    """A message of the candidate's that wants an answer."""
    return Contact(
        at, ContactParty.CANDIDATE, Direction.INBOUND, Outcome.SENT, Channel.WHATSAPP,
        Purpose.OTHER, notes, needs_reply=True,
    )  # fmt: skip


def chaser(at: str, outcome: Outcome = Outcome.SENT, *, also: tuple[str, ...] = ()) -> Contact:
    """Our question to the client for its answer: a mail, or a call that did not get through."""
    channel = Channel.EMAIL if outcome is Outcome.SENT else Channel.PHONE
    return Contact(
        at, ContactParty.CLIENT, outcome=outcome, channel=channel, purpose=Purpose.CHASE, also=also
    )


def reply(at: str, notes: str) -> Contact:
    """A message of the client's that says nothing yet."""
    return Contact(
        at, ContactParty.CLIENT, Direction.INBOUND, Outcome.SENT, Channel.EMAIL, Purpose.OTHER, notes
    )


def client_told(at: str, notes: str) -> Contact:
    """The client hears that the candidate withdrew."""
    return Contact(at, ContactParty.CLIENT, purpose=Purpose.WITHDRAWAL, notes=notes)
