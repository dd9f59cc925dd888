"""Facts with sensible defaults, so that tests read as examples; and random histories for properties.

Times are written as people say them, "Tue 14 Jul 11:00", and are London's of 2026 unless a zone is named. A
weekday that does not fit its date is refused. Unless told otherwise there is one application, p1, of the
candidate cand1 with the client contact cli1, both in London, whose interview i1 ended on Tue 14 Jul at 11:00.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from app.rules.facts import (
    Application,
    Candidate,
    ClientContact,
    Contact,
    Debrief,
    Feedback,
    GivenTimescale,
    Hold,
    Interview,
    JobChange,
    OtherProcess,
    Pause,
    Promise,
    Snooze,
    is_chaser,
)
from app.rules.policy import Policy
from app.rules.timescales import Timescale
from app.rules.vocabulary import (
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
    TimescaleAnchor,
    TimescaleKind,
    TimescaleSource,
)

LONDON = ZoneInfo("Europe/London")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def on(words: str) -> date:
    """A date of 2026, "Fri 17 Jul"."""
    weekday, day, month = words.split()
    found = date(2026, MONTHS.index(month) + 1, int(day))
    if DAYS[found.weekday()] != weekday:
        raise ValueError(f"{words} is a {DAYS[found.weekday()]}")
    return found


def at(words: str, zone: str = "Europe/London") -> datetime:
    """An instant of 2026, "Fri 17 Jul 17:30"."""
    day, _, clock = words.rpartition(" ")
    return datetime.combine(on(day), time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


def words(instant: datetime | None) -> str | None:
    """An instant as `at` reads it."""
    if instant is None:
        return None
    local = instant.astimezone(LONDON)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local:%H:%M}"


def policy(**overrides: Any) -> Policy:
    """The default policy with some parameters replaced."""
    return Policy.of(overrides)


def candidate(
    zone: str = "Europe/London",
    holidays: str | None = "GB-ENG",
    *,
    pause: Pause | None = None,
    seeking: bool = False,
    registered: str | None = None,
    reviewed: str | None = None,
) -> Candidate:
    """The candidate cand1."""
    return Candidate(
        "cand1",
        zone,
        holidays,
        (pause,) if pause else (),
        seeking,
        registered_at=at(registered) if registered else None,
        last_preference_review_at=at(reviewed) if reviewed else None,
    )


def pause(start: str, until: str, *, allow_urgent: bool = False) -> Pause:
    """A candidate's wish not to be contacted."""
    return Pause(at(start), at(until), allow_urgent)


def client(
    zone: str = "Europe/London", holidays: str | None = "GB-ENG", *, away_until: str | None = None
) -> ClientContact:
    """The client contact cli1."""
    return ClientContact("cli1", zone, holidays, at(away_until) if away_until else None)


def interview(
    ends: str = "Tue 14 Jul 11:00", *, id: str = "i1", state: InterviewState = InterviewState.ATTENDED
) -> Interview:
    """An interview of one hour."""
    return Interview(id, at(ends) - timedelta(hours=1), at(ends), state)


def debrief(
    when: str = "Tue 14 Jul 11:30",
    *,
    source: DebriefSource = DebriefSource.CALL,
    interview: str = "i1",
    recorded: str | None = None,
    rivals: Iterable[OtherProcess] | None = None,
) -> Debrief:
    """A debrief, by call and half an hour after the interview unless told otherwise."""
    others = None if rivals is None else tuple(rivals)
    return Debrief("d1", interview, at(when), source, at(recorded) if recorded else None, others)


def rival(deadline: str, *, shared: bool = False) -> OtherProcess:
    """Another process, in which the candidate must answer by a date."""
    return OtherProcess(on(deadline), share_with_client=shared)


def job_change(when: str, *members: str, id: str = "j1") -> JobChange:
    """A change of the job, of the members named."""
    return JobChange(id, at(when), members)


def said(
    when: str,
    *,
    date: str | None = None,
    source: TimescaleSource = TimescaleSource.CLIENT,
    interview: str = "i1",
    phrase: str | None = None,
    **structure: Any,
) -> GivenTimescale:
    """A timescale of the client's: a date, another `kind` with what it needs, or else no idea."""
    kind = TimescaleKind.DATE if date else structure.pop("kind", TimescaleKind.UNKNOWN)
    terms = Timescale(kind, at(when), date=on(date) if date else None, **structure)
    return GivenTimescale("t1", interview, source, terms, phrase)


def feedback(
    when: str,
    decision: Decision = Decision.UNDECIDED,
    *,
    id: str = "f1",
    interview: str = "i1",
    embargo: str | None = None,
    earlier: Iterable[Feedback] = (),
    discriminates: bool = False,
    held_since: str | None = None,
) -> Feedback:
    """What the client said about the interview, in place of what was recorded of it `earlier`."""
    until, since = (at(words) if words else None for words in (embargo, held_since))
    return Feedback(id, interview, at(when), decision, until, tuple(earlier), discriminates, since)


def contact(
    when: str,
    outcome: Outcome = Outcome.REACHED,
    *,
    party: ContactParty = ContactParty.CANDIDATE,
    direction: Direction = Direction.OUTBOUND,
    relays: Iterable[str] = (),
    **more: Any,
) -> Contact:
    """A call of ours that reached the candidate, or another contact."""
    person = "cli1" if party is ContactParty.CLIENT else "cand1"
    return Contact(at(when), party, person, direction, outcome, relays=frozenset(relays), **more)


def voicemail(when: str, **more: Any) -> Contact:
    """A voicemail left for the candidate."""
    return contact(when, Outcome.LEFT_MESSAGE, **more)


def note(when: str, **more: Any) -> Contact:
    """A message of ours to the candidate."""
    return contact(when, Outcome.SENT, **more)


def enquiry(when: str, outcome: Outcome = Outcome.SENT) -> Contact:
    """A message of the candidate's that wants an answer."""
    return contact(when, outcome, direction=Direction.INBOUND, needs_reply=True)


def promise(when: str, *, by: str | None = None, by_date: str | None = None) -> Contact:
    """A talk in which we promised the candidate another word."""
    ours = Promise(at(by) if by else None, on(by_date) if by_date else None)
    return contact(when, promise=ours)


def chaser(when: str, outcome: Outcome = Outcome.SENT, **more: Any) -> Contact:
    """Our question to the client for its answer."""
    return contact(when, outcome, party=ContactParty.CLIENT, purpose=Purpose.CHASE, **more)


def to_client(when: str, purpose: Purpose, outcome: Outcome = Outcome.SENT) -> Contact:
    """A word of ours to the client."""
    return contact(when, outcome, party=ContactParty.CLIENT, purpose=purpose)


def to_interviewer(when: str, purpose: Purpose = Purpose.TOUCH_BASE) -> Contact:
    """A direct applicant's note to the interviewer."""
    return contact(when, Outcome.SENT, party=ContactParty.INTERVIEWER, purpose=purpose)


def reply(when: str) -> Contact:
    """A message of the client's that says nothing."""
    return contact(when, Outcome.SENT, party=ContactParty.CLIENT, direction=Direction.INBOUND)


def snooze(code: ReasonCode, until: str) -> Snooze:
    """A reason put off."""
    return Snooze(code, at(until))


def hold(since: str | None = None, until: str | None = None, ended: str | None = None) -> Hold:
    """A hold of the job."""
    return Hold(at(since) if since else None, on(until) if until else None, at(ended) if ended else None)


def application(
    *,
    id: str = "p1",
    candidate: Candidate | None = None,
    client: ClientContact | None = None,
    mode: ApplicationMode = ApplicationMode.AGENCY,
    state: ApplicationState = ApplicationState.ACTIVE,
    interviews: Iterable[Interview] | None = None,
    debriefs: Iterable[Debrief] = (),
    timescales: Iterable[GivenTimescale] = (),
    feedback: Iterable[Feedback] = (),
    job_changes: Iterable[JobChange] = (),
    contacts: Iterable[Contact] = (),
    snoozes: Iterable[Snooze] = (),
    withdrawn: str | None = None,
    continue_until: str | None = None,
    hold: Hold | None = None,
) -> Application:
    """An application with its facts; every chaser among the contacts was to its own client contact (M2)."""
    contacts = tuple(contacts)
    return Application(
        id=id,
        candidate=candidate or _candidate(),
        client=client or _client(),
        mode=mode,
        state=state,
        interviews=(interview(),) if interviews is None else tuple(interviews),
        debriefs=tuple(debriefs),
        timescales=tuple(timescales),
        feedback=tuple(feedback),
        job_changes=tuple(job_changes),
        contacts=contacts,
        snoozes=tuple(snoozes),
        chased_at=tuple(c.at for c in contacts if is_chaser(c)),
        withdrawn_at=at(withdrawn) if withdrawn else None,
        continue_until=on(continue_until) if continue_until else None,
        hold=hold,
    )


_candidate, _client = candidate, client  # `application` has parameters of these names


# Random histories. Few days and few hours, so that facts often meet, and fall on weekends and bank holidays.

SUMMER = date(2026, 8, 10)
SEASONS = (SUMMER, date(2026, 3, 24), date(2026, 10, 15))  # with a bank holiday or a clock change each
_CLOCK = st.sampled_from([time(17, 30), *(time(hour) for hour in (0, 8, 9, 10, 11, 13, 16, 20))])
_FEEDBACK_IDS = ("f0", "f1", "f2")
_NEWS_IDS = (*_FEEDBACK_IDS, "f00", "f10", "j0", "j1")
_INTERVIEW_IDS = st.sampled_from(("i0", "i0", "i1"))


def days(first: date = SUMMER, span: int = 35) -> st.SearchStrategy[date]:
    """Dates within some weeks."""
    return st.integers(0, span).map(lambda n: first + timedelta(days=n))


def instants(first: date = SUMMER, span: int = 35) -> st.SearchStrategy[datetime]:
    """Instants of those weeks, on few hours of the London day."""
    local = st.builds(datetime.combine, days(first, span), _CLOCK, st.just(LONDON))
    return local.map(lambda instant: instant.astimezone(UTC))


def _maybe(strategy: st.SearchStrategy[Any], *, seldom: int = 3) -> st.SearchStrategy[Any]:
    return st.one_of(*[st.none()] * seldom, strategy)


def _several(strategy: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


def _timescales(when: st.SearchStrategy[datetime], day: st.SearchStrategy[date]) -> st.SearchStrategy[Any]:
    def of(kind: TimescaleKind, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Timescale]:
        return st.builds(Timescale, st.just(kind), when, **members)

    terms = st.one_of(
        of(TimescaleKind.UNKNOWN),
        of(TimescaleKind.INSTANT, at=when),
        of(TimescaleKind.DATE, date=day),
        of(TimescaleKind.WORKING_DAYS, n=st.integers(0, 6), anchor=st.sampled_from(TimescaleAnchor)),
        of(TimescaleKind.AFTER_EVENT, event=st.just("board"), event_date=_maybe(day, seldom=1)),
    )
    return st.builds(GivenTimescale, st.just("t"), _INTERVIEW_IDS, st.sampled_from(TimescaleSource), terms)


def _clients(when: st.SearchStrategy[datetime]) -> st.SearchStrategy[ClientContact]:
    zones = st.sampled_from(("Europe/London", "America/New_York"))
    return st.builds(ClientContact, st.just("cli1"), zones, st.just("US"), _maybe(when))


def _holds(when: st.SearchStrategy[datetime], day: st.SearchStrategy[date]) -> st.SearchStrategy[Hold]:
    return st.builds(Hold, _maybe(when, seldom=1), _maybe(day, seldom=1), _maybe(when, seldom=1))


def _contacts(when: st.SearchStrategy[datetime], day: st.SearchStrategy[date]) -> st.SearchStrategy[Any]:
    with_candidate = st.builds(
        Contact,
        when,
        st.just(ContactParty.CANDIDATE),
        st.just("cand1"),
        st.sampled_from(Direction),
        st.sampled_from(Outcome),
        purpose=st.sampled_from(Purpose),
        relays=st.frozensets(st.sampled_from(_NEWS_IDS), max_size=1),
        needs_reply=st.booleans(),
        automated=st.sampled_from((False, False, True)),
        promise=_maybe(st.builds(Promise, by=when) | st.builds(Promise, by_date=day)),
    )
    with_client = st.builds(
        Contact,
        when,
        st.just(ContactParty.CLIENT),
        st.just("cli1"),
        st.sampled_from((Direction.OUTBOUND, Direction.OUTBOUND, Direction.INBOUND)),
        st.sampled_from(Outcome),
        purpose=st.sampled_from((Purpose.CHASE, Purpose.CHASE, *Purpose)),
    )
    with_interviewer = st.builds(
        Contact,
        when,
        st.just(ContactParty.INTERVIEWER),
        st.just("cand1"),
        st.sampled_from(Direction),
        st.sampled_from(Outcome),
        purpose=st.sampled_from((Purpose.TOUCH_BASE, Purpose.TOUCH_BASE, Purpose.THANK_YOU)),
    )
    return with_candidate | with_client | with_interviewer


def in_turn(pauses: tuple[Pause, ...]) -> tuple[Pause, ...]:
    """Pauses as they are kept: none overlaps another, and the earlier come first."""
    spans = sorted((min(p.start, p.until), max(p.start, p.until), p.allow_urgent) for p in pauses)
    kept: list[Pause] = []
    for start, until, allow_urgent in spans:
        if start < until and not (kept and start < kept[-1].until):
            kept.append(Pause(start, until, allow_urgent))
    return tuple(kept)


def candidates(first: date = SUMMER) -> st.SearchStrategy[Candidate]:
    """A candidate, with or without a pause, who seeks and with whom we spoke about all of their applications."""
    when = instants(first)
    return st.builds(
        Candidate,
        st.just("cand1"),
        st.sampled_from(("Europe/London", "Asia/Singapore")),
        st.sampled_from(("GB-ENG", None)),
        _several(st.builds(Pause, when, when, st.booleans()), 2).map(in_turn),
        st.just(True),
        registered_at=_maybe(instants(first - timedelta(days=30)), seldom=1),
        last_preference_review_at=_maybe(when),
        contacts=_several(_contacts(when, days(first)), 2),
    )


def _feedback(name: str, interview: str, when: st.SearchStrategy[datetime]) -> st.SearchStrategy[Feedback]:
    """What the client said, perhaps in the place of an earlier record."""
    said: tuple[Any, ...] = (st.just(interview), when, st.sampled_from(Decision), _maybe(when))
    corrected = st.builds(Feedback, st.just(f"{name}0"), *said)
    return st.builds(Feedback, st.just(name), *said, _maybe(corrected).map(lambda e: (e,) if e else ()))


@st.composite
def histories(
    draw: st.DrawFn,
    states: Iterable[ApplicationState] = tuple(ApplicationState),
    *,
    person: Candidate | None = None,
    first: date = SUMMER,
) -> Application:
    """An application with any history at all, sensible or not."""
    when, day = instants(first), days(first)
    ends = [draw(when) for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2))))]
    held = st.sampled_from((InterviewState.ATTENDED, InterviewState.SCHEDULED, *InterviewState))
    feedback = [
        draw(_feedback(name, draw(_INTERVIEW_IDS), when)) for name in _FEEDBACK_IDS[: draw(st.integers(0, 3))]
    ]
    rivals = _several(st.builds(OtherProcess, _maybe(day, seldom=1), st.booleans()), 2)
    debriefs = st.builds(
        Debrief,
        st.just("d"),
        _INTERVIEW_IDS,
        when,
        st.sampled_from(DebriefSource),
        _maybe(when),
        _maybe(rivals),
    )
    changes = [JobChange(name, draw(when)) for name in ("j0", "j1")[: draw(st.integers(0, 2))]]
    contacts = draw(_several(_contacts(when, day), 7))
    return Application(
        id="p1",
        candidate=person or draw(candidates(first)),
        client=draw(_clients(when)),
        mode=draw(st.sampled_from((ApplicationMode.AGENCY,) * 5 + (ApplicationMode.DIRECT,))),
        state=draw(st.sampled_from(tuple(states))),
        interviews=tuple(
            Interview(f"i{n}", end - timedelta(hours=1), end, draw(held)) for n, end in enumerate(ends)
        ),
        debriefs=draw(_several(debriefs, 2)),
        timescales=draw(_several(_timescales(when, day), 3)),
        feedback=tuple(feedback),
        job_changes=tuple(changes),
        contacts=contacts,
        snoozes=draw(_several(st.builds(Snooze, st.sampled_from(ReasonCode), when), 2)),
        chased_at=tuple(c.at for c in contacts if is_chaser(c)),
        withdrawn_at=draw(_maybe(when, seldom=8)),
        closed_at=draw(_maybe(when)),
        continue_until=draw(_maybe(day, seldom=5)),
        hold=draw(_maybe(_holds(when, day), seldom=1)),
    )


@st.composite
def files(
    draw: st.DrawFn,
    first: date = SUMMER,
    states: Iterable[ApplicationState] = (ApplicationState.CLOSED,),
) -> tuple[Candidate, list[Application]]:
    """A candidate with up to two applications, none of which runs on unless told otherwise."""
    person = draw(candidates(first))
    theirs = draw(st.lists(histories(tuple(states), person=person, first=first), max_size=2))
    return person, [replace(a, id=f"p{n}") for n, a in enumerate(theirs)]


def policies() -> st.SearchStrategy[Policy]:
    """Policies that differ from the default in a few numbers."""
    few = {
        "client_grace_working_hours": (0, 3),
        "chaser_cooldown_working_days": (3, 1),
        "max_unanswered_chasers": (3, 2, 1),
        "move_on_working_days": (10, 4),
        "courtesy_every_working_days": (5, 2),
        "attempt_cooldown_working_hours": (4, 12),
        "max_candidate_attempts": (3, 1),
        "statutory_notice_days": (None, 10),
        "direct_max_follow_ups": (2, 1),
    }
    return st.builds(policy, **{name: st.sampled_from(values) for name, values in few.items()})
