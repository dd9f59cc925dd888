"""What the facts of one application amount to at an instant, before any rule is asked."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import takewhile
from typing import NamedTuple, TypeVar

from app.rules.calendar import WorkingCalendar
from app.rules.derived import Derived, derived_from
from app.rules.drafts import Fact
from app.rules.facts import (
    Application,
    Contact,
    Debrief,
    Feedback,
    GivenTimescale,
    Interview,
    JobChange,
    Promise,
)
from app.rules.history import Dated, History, Kind
from app.rules.policy import Policy
from app.rules.timescales import expected_by
from app.rules.vocabulary import (
    ApplicationState,
    Decision,
    Direction,
    InterviewState,
    Purpose,
    TimescaleSource,
)

BEGINNING = datetime.min.replace(tzinfo=UTC)
HELD = frozenset({InterviewState.SCHEDULED, InterviewState.ATTENDED})

_OfRound = TypeVar("_OfRound", Debrief, GivenTimescale, Feedback)


class Expectation(NamedTuple):
    """When the client's answer is expected (section 2): as the client said, or assumed for want of a word."""

    at: datetime
    assumed: bool
    timescale: GivenTimescale | None
    fact: Fact  # that says so, or from which it is assumed


class OpenPromise(NamedTuple):
    """A promise to the candidate that no success has kept yet (E2)."""

    promise: Promise
    contact: Contact


class Case(NamedTuple):
    """One application with the policy that holds for it: the agency's, as its client has it."""

    application: Application
    policy: Policy


class Situation:
    """One application as known at an instant; nothing here depends on the clock beyond what is known by then.

    Valid until the next of `turning_points`: between two of them the rules give the same reasons, and only
    the passing of their due times changes what is shown.
    """

    def __init__(
        self, application: Application, policy: Policy, at: datetime, history: History | None = None
    ) -> None:
        self.application = application
        self.policy = policy
        self.at = at
        self.history = history or History(application)
        self.office: WorkingCalendar = policy.office

    def later(self, at: datetime, news: frozenset[Kind]) -> "Situation":
        """The application at a later instant, by which facts of some kinds have become known.

        What is derived from none of them stays.
        """
        later = Situation.__new__(Situation)
        known = later.__dict__ = self.__dict__ | {"at": at}
        for name in _outdated_by(news):
            known.pop(name, None)
        return later

    def knows(self, instant: datetime | None) -> bool:
        """Whether something dated `instant` has happened by now."""
        return instant is not None and instant <= self.at

    @derived_from()
    def client_office(self) -> WorkingCalendar:
        """The client contact's working time (T6); the agency's where no contact is named."""
        client = self.application.client
        return self.policy.hours_of(client.timezone, client.holidays) if client else self.office

    @derived_from()
    def candidate_office(self) -> WorkingCalendar:
        """Working time where the candidate is."""
        candidate = self.application.candidate
        return self.policy.hours_of(candidate.timezone, candidate.holidays)

    @derived_from(Kind.TURN)
    def round(self) -> Interview | None:
        """The current round (R1): the interview that ended last."""
        ended = [i for i in self.application.interviews if i.end <= self.at and i.state in HELD]
        return max(ended, key=lambda i: i.end, default=None)

    @derived_from(Kind.TURN)
    def coming(self) -> tuple[Interview, ...]:
        """Interviews still to end."""
        return tuple([i for i in self.application.interviews if i.end > self.at and i.state in HELD])

    @derived_from(Kind.TURN)
    def withdrawn(self) -> bool:
        """Whether the candidate has withdrawn."""
        return self.knows(self.application.withdrawn_at)

    @derived_from(Kind.TURN)
    def closed(self) -> bool:
        """Whether the file is closed: at every instant, unless it is known since when."""
        since = self.application.closed_at
        return self.application.state is ApplicationState.CLOSED and (since is None or self.knows(since))

    @derived_from(Kind.TURN)
    def on_hold(self) -> bool:
        """Whether the client holds the job at this instant, a hold that ended later included."""
        hold = self.application.hold
        begun = hold is None or hold.since is None or self.knows(hold.since)
        if self.application.state is ApplicationState.ON_HOLD:
            return begun
        return begun and hold is not None and hold.ended_at is not None and not self.knows(hold.ended_at)

    @derived_from(Kind.TURN)
    def awaiting(self) -> bool:
        """Whether the client still owes an answer for the current round (R3)."""
        undecided = self.decision is None and self.round is not None
        return undecided and not (self.closed or self.on_hold or self.withdrawn)

    @derived_from(Kind.TURN, Kind.DEBRIEF)
    def debriefed(self) -> bool:
        """Whether the candidate has given any account of the round."""
        return self._last_of_round(self.history.debriefs) is not None

    @derived_from(Kind.TURN, Kind.DEBRIEF)
    def last_call(self) -> Debrief | None:
        """The round's latest debrief in which we spoke with the candidate, after the interview's end (E1)."""
        last = self._last_of_round(self.history.calls)
        return last if last and self.round and last.occurred_at > self.round.end else None

    @derived_from(Kind.TURN, Kind.TIMESCALE)
    def timescales(self) -> tuple[GivenTimescale, ...]:
        """The round's timescales, oldest first."""
        return self._of_round(self.history.timescales.until(self.at))

    @derived_from(Kind.TURN, Kind.COMMENT)
    def feedback(self) -> tuple[Feedback, ...]:
        """The feedback that counts, oldest first: the round's, or all of it once the file is closed (R3)."""
        received = self.history.feedback.until(self.at)
        return received if self.closed else self._of_round(received)

    @derived_from(Kind.TURN)
    def decision(self) -> Feedback | None:
        """The latest decision (R3); a job on hold is one only while the hold lasts."""
        decisions = [f for f in self.feedback if self.counts_as_decision(f)]
        return decisions[-1] if decisions else None

    def counts_as_decision(self, feedback: Feedback) -> bool:
        """Whether feedback decides anything (R3): a job on hold does only while the hold lasts."""
        if feedback.decision is Decision.ROLE_ON_HOLD:
            return self.on_hold
        return feedback.decision is not Decision.UNDECIDED

    @derived_from(
        Kind.TURN,
        Kind.CANDIDATE_CONTACT,
        Kind.CANDIDATE_ATTEMPT,
        Kind.CLIENT_CONTACT,
        Kind.INTERVIEWER_CONTACT,
    )
    def contacts(self) -> tuple[Contact, ...]:
        """Every contact that covers this application, oldest first."""
        return self.history.contacts.until(self.at)

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT, Kind.CANDIDATE_ATTEMPT)
    def candidate_contacts(self) -> tuple[Contact, ...]:
        """Contacts with the candidate."""
        return self.history.candidate_contacts.until(self.at)

    @derived_from(Kind.TURN, Kind.CLIENT_CONTACT)
    def client_contacts(self) -> tuple[Contact, ...]:
        """Contacts with the client."""
        return self.history.client_contacts.until(self.at)

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT)
    def successes(self) -> tuple[Contact, ...]:
        """Contacts in which the candidate had a word from us (R2)."""
        return self.history.successes.until(self.at)

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT)
    def last_success_at(self) -> datetime:
        """The latest success, or the beginning of time."""
        last = self.history.successes.last(self.at)
        return last.at if last else BEGINNING

    def is_relayed(self, feedback: Feedback) -> bool:
        """Whether a success passed this feedback on (H1)."""
        return self.told_of(feedback) is not None

    def told_of(self, feedback: Feedback) -> Contact | None:
        """The first success that passed this feedback on, or an earlier record of the same news."""
        names = feedback.names
        return next((c for c in self.successes if not names.isdisjoint(c.relays)), None)

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT)
    def open_promise(self) -> OpenPromise | None:
        """The latest promise to the candidate, unless a success came strictly after it (E2)."""
        contact = self.history.promises.last(self.at)
        if contact is None or contact.promise is None or self.last_success_at > contact.at:
            return None
        return OpenPromise(contact.promise, contact)

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT)
    def enquiry(self) -> Contact | None:
        """The first question of the candidate's that no success has come after (E3)."""
        asked = self.history.enquiries.until(self.at)
        return next((c for c in asked if c.at >= self.last_success_at), None) if asked else None

    @derived_from(Kind.TURN, Kind.INTERVIEWER_CONTACT)
    def interviewer_contacts(self) -> tuple[Contact, ...]:
        """Contacts of a direct applicant with the interviewer (N1)."""
        return self.history.interviewer_contacts.until(self.at)

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT, Kind.CANDIDATE_ATTEMPT)
    def attempts(self) -> tuple[Contact, ...]:
        """What we tried since the interview and the candidate has left unanswered (B2), oldest first."""
        missed = self.history.missed.until(self.at)
        if self.round is None or not missed:
            return ()
        answer = self.history.candidate_responses.last(self.at)
        heard = answer.at if answer else BEGINNING
        return tuple([c for c in missed if c.at >= self.round.end and c.at > heard])

    @derived_from(Kind.TURN, Kind.CANDIDATE_CONTACT, Kind.CANDIDATE_ATTEMPT)
    def unresponsive(self) -> bool:
        """Whether so many attempts stay unanswered that another call would only annoy (B2)."""
        return len(self.attempts) >= self.policy.max_candidate_attempts

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE, Kind.INTERVIEWER_CONTACT)
    def touches(self) -> tuple[Contact, ...]:
        """A direct applicant's notes to ask for news that stay unanswered (N1), oldest first."""
        if self.round is None:
            return ()
        words = [c.at for c in self.interviewer_contacts if c.direction is Direction.INBOUND]
        words += [t.given_at for t in self.timescales] + [f.received_at for f in self.feedback]
        heard = max(words, default=BEGINNING)
        asked = (c for c in self.interviewer_contacts if c.direction is Direction.OUTBOUND)
        touches = (c for c in asked if c.purpose is Purpose.TOUCH_BASE)
        return tuple(c for c in touches if c.at >= self.round.end and c.at > heard)

    @derived_from(Kind.TURN, Kind.JOB_CHANGE, Kind.CANDIDATE_CONTACT)
    def untold_job_changes(self) -> tuple[JobChange, ...]:
        """Changes of the job that no success has passed on (H4)."""
        changes = [j for j in self.application.job_changes if j.changed_at <= self.at]
        if not changes:
            return ()
        told = frozenset[str]().union(*(c.relays for c in self.successes))
        return tuple([j for j in changes if j.id not in told])

    @derived_from(Kind.TURN, Kind.DEBRIEF)
    def rivals_named_by(self) -> Debrief | None:
        """The debrief of the round that last said what else the candidate is in (L1)."""
        saying = self._of_round([d for d in self.history.rivals_named if d.occurred_at <= self.at])
        return saying[-1] if saying else None

    @derived_from(Kind.TURN)
    def held_since(self) -> datetime | None:
        """Since when the job is on hold, as far as anybody said (F2)."""
        hold = self.application.hold
        if hold and hold.since:
            return hold.since
        words = [f.received_at for f in self.feedback if f.decision is Decision.ROLE_ON_HOLD]
        return max(words, default=self.round.end if self.round else None)

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE, Kind.CLIENT_CONTACT)
    def chasers(self) -> tuple[Contact, ...]:
        """Chasers of this round that the client has left unanswered (G2), oldest first."""
        missed = self.history.missed_chasers.until(self.at)
        if self.round is None or not missed:
            return ()
        since = max(self.round.end, self.last_response_at)
        return tuple([c for c in missed if c.at > since])

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE, Kind.CLIENT_CONTACT)
    def exhausted(self) -> bool:
        """Whether so many chasers stay unanswered that another would only annoy (G2)."""
        return len(self.chasers) >= self.policy.max_unanswered_chasers

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE, Kind.CLIENT_CONTACT)
    def last_response_at(self) -> datetime:
        """The client's last word of any kind (G2), or the beginning of time."""
        words = self.history.client_words
        known = bisect_right(words, self.at)
        return words[known - 1] if known else BEGINNING

    @derived_from(Kind.TURN, Kind.TIMESCALE)
    def current_timescale(self) -> GivenTimescale | None:
        """The client's latest timescale, else the latest that the candidate heard (section 2)."""
        given = self.timescales
        clients = [t for t in given if t.source is TimescaleSource.CLIENT]
        return (clients or given)[-1] if given else None

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE)
    def expectation(self) -> Expectation | None:
        """When the round's answer is expected; None without a round."""
        if self.round is None:
            return None
        given = self.current_timescale
        if given is None:
            base = self._assumption_base(self.round)
            days = self.policy.default_response_working_days
            return Expectation(self.office.add_days(base.at, days), True, None, base)
        fact = Fact("timescale", given.id, given.given_at)
        at = self.resolve(given)
        if at is not None:
            return Expectation(at, False, given, fact)
        days = self.policy.unknown_recheck_working_days
        return Expectation(self.office.add_days(fact.at, days), True, given, fact)

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE)
    def chase_at(self) -> datetime | None:
        """From when the client may be asked for its answer (D1's b, G4); None without a round."""
        if self.expectation is None:
            return None
        usual = self.office.add_hours(self.expectation.at, self.policy.client_grace_working_hours)
        return max(usual, self.client_back_at) if self.client_back_at else usual

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE)
    def told_day(self) -> date | None:
        """The day by which the candidate hears that the time has passed which the client named (E1)."""
        if not self.awaiting or self.expectation is None or self.expectation.assumed:
            return None
        passed = self.office.date_of(self.office.roll(self.expectation.at))
        return self.office.day_after(passed, self.policy.slip_update_working_days)

    @derived_from()
    def client_back_at(self) -> datetime | None:
        """When an absent client contact is back at work (G4)."""
        client = self.application.client
        return self.office.roll(client.unavailable_until) if client and client.unavailable_until else None

    @derived_from(Kind.TURN, Kind.COMMENT, Kind.TIMESCALE)
    def slipped_from(self) -> GivenTimescale | None:
        """The earlier timescale whose time comes before the one that the client names now (D3)."""
        current, expected = self.current_timescale, self.expectation
        if current is None or current.source is not TimescaleSource.CLIENT:
            return None
        if current is self.timescales[0] or expected is None or expected.assumed:
            return None
        before = tuple(takewhile(lambda given: given is not current, self.timescales))
        for given in reversed(before):
            at = self.resolve(given)
            if at is not None:
                return given if at < expected.at else None
        return None

    def resolve(self, given: GivenTimescale) -> datetime | None:
        """The latest instant a timescale names, None where it names none."""
        assert self.round is not None
        return expected_by(
            given.timescale,
            self.client_office,
            interview_end=self.round.end,
            event_offset=self.policy.event_offset_working_days,
        )

    @derived_from(Kind.TURN)
    def hold_ended_at(self) -> datetime | None:
        """When a past hold ended, where the job goes on."""
        ended = _goes_on_from(self.application, self.office)
        return ended if self.knows(ended) else None

    def _assumption_base(self, current: Interview) -> Fact:
        """The last of the interview, the client's comments on it and the end of a hold."""
        said = self._of_round(self.feedback)
        comments = [f.received_at for f in said if f.decision is Decision.UNDECIDED]
        since = max([current.end, *comments, self.hold_ended_at or current.end])
        comment = next((f for f in self.feedback if f.received_at == since), None)
        if comment:
            return Fact("feedback", comment.id, since)
        return Fact("interview", current.id, since) if since == current.end else Fact("hold_end", None, since)

    def _last_of_round(self, debriefs: Mapping[str, Dated[Debrief]]) -> Debrief | None:
        known = debriefs.get(self.round.id) if self.round else None
        return known.last(self.at) if known else None

    def _of_round(self, facts: Sequence[_OfRound]) -> tuple[_OfRound, ...]:
        current = self.round
        return tuple([f for f in facts if f.interview_id == current.id]) if current and facts else ()


@cache
def _outdated_by(news: frozenset[Kind]) -> list[str]:
    """What has to be worked out anew once facts of some kinds have become known."""
    values = {name: value for name, value in vars(Situation).items() if isinstance(value, Derived)}
    return [name for name, value in values.items() if not value.reads.isdisjoint(news)]


def _goes_on_from(application: Application, office: WorkingCalendar) -> datetime | None:
    """When a job that was on hold goes on, or went on, as far as that is said; also before its file was closed."""
    hold = application.hold
    if hold is None or application.state is ApplicationState.ON_HOLD:
        return None
    if hold.since and hold.ended_at and hold.ended_at <= hold.since:  # called off before it began
        return None
    if hold.ended_at is None and hold.until is not None:
        return office.start_of(hold.until)
    return hold.ended_at
