"""What the rules cost, measured alone: `./run python -m tests.bench.rules`.

Processor time of this process, so that a busy machine counts for little, in microseconds per call: the median of some
rounds, with the least and the most. Rounds of everything take turns, so that what slows the machine slows them alike.
Calls of the calendar go through many instants, and no answer is kept from one call to the next.
"""

import statistics
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from time import process_time
from typing import NamedTuple, TypeVar

from app.rules.calendar import WorkingCalendar
from app.rules.facts import (
    Application,
    Candidate,
    ClientContact,
    Contact,
    Debrief,
    Feedback,
    GivenTimescale,
    Interview,
    is_chaser,
)
from app.rules.intervals import Course, schedule, touch_bases
from app.rules.policy import Policy
from app.rules.status import evaluate
from app.rules.timeline import changes
from app.rules.timescales import Timescale
from app.rules.vocabulary import (
    ContactParty,
    DebriefSource,
    Decision,
    Direction,
    InterviewState,
    Outcome,
    Purpose,
    TimescaleKind,
    TimescaleSource,
)
from tests.given import at, on

ROUNDS = 25
NOW = at("Tue 28 Jul 10:00")  # when the typical application is asked about

Value = TypeVar("Value")
Calls = tuple[int, Callable[[], object]]


class Cost(NamedTuple):
    """Microseconds of processor time for one call."""

    median: float
    least: float
    most: float


def measure(rounds: int = ROUNDS) -> dict[str, Cost]:
    """The cost of everything, by its name."""
    calls = {"a thousand additions, for comparison": (1, _additions), **_rules(), **_working_time()}
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, (number, call) in calls.items():
            begun = process_time()
            call()
            found[name].append((process_time() - begun) / number * 1e6)
    # The first round lays out the calendars.
    return {
        name: Cost(statistics.median(each[1:]), min(each[1:]), max(each[1:])) for name, each in found.items()
    }


def _additions() -> None:
    total = 0
    for number in range(1000):
        total += number


def _rules() -> Mapping[str, Calls]:
    application, policy = typical(), Policy()

    def refresh() -> None:
        course = Course(application, policy)
        course.intervals()
        course.status(NOW)
        course.touch_bases(NOW)

    return {
        "evaluate": _many(100, lambda: evaluate(application, policy, NOW)),
        "schedule": _many(20, lambda: schedule(application, policy)),
        "touch_bases": _many(100, lambda: touch_bases(application, policy, NOW)),
        "refresh (intervals, status and touch bases)": _many(20, refresh),
        "timeline": _many(20, lambda: changes(application, policy)),
    }


def _many(number: int, call: Callable[[], object]) -> Calls:
    def repeated() -> None:
        for _ in range(number):
            call()

    return number, repeated


# Months of instants at all hours, so that weekends, nights and clock changes are among them.
_INSTANTS = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=7, minutes=1) * n for n in range(500)]
_DATES = [instant.date() for instant in _INSTANTS]
_MANY = frozenset(date(2026, 1, 1) + timedelta(days=3 * n) for n in range(1000))


def _working_time() -> Mapping[str, Calls]:
    usual = WorkingCalendar("Europe/London", "GB-ENG", time(9), time(17, 30))
    closed = WorkingCalendar("Europe/London", "GB-ENG", time(9), time(17, 30), closing_days=_MANY)
    return {
        "roll": _each(_INSTANTS, usual.roll),
        "add_hours, 4": _each(_INSTANTS, lambda t: usual.add_hours(t, 4)),
        "add_hours, 4,000": _each(_INSTANTS, lambda t: usual.add_hours(t, 4_000)),
        "add_days, 3": _each(_INSTANTS, lambda t: usual.add_days(t, 3)),
        "add_days, 1,000": _each(_INSTANTS, lambda t: usual.add_days(t, 1_000)),
        "add_days, 3, with 1,000 closing days": _each(_INSTANTS, lambda t: closed.add_days(t, 3)),
        "day_after, 3": _each(_DATES, lambda d: usual.day_after(d, 3)),
        "day_after, 1,000": _each(_DATES, lambda d: usual.day_after(d, 1_000)),
        "end_of": _each(_DATES, usual.end_of),
        "date_of": _each(_INSTANTS, usual.date_of),
    }


def _each(values: list[Value], call: Callable[[Value], object]) -> Calls:
    def in_turn() -> None:
        for value in values:
            call(value)

    return len(values), in_turn


def typical() -> Application:
    """An application of ten facts: the client put the answer off, said a little, and was chased twice."""
    contacts = (
        _contact("Tue 14 Jul 11:40", ContactParty.CANDIDATE, Outcome.REACHED),
        _contact("Wed 15 Jul 09:30", ContactParty.CLIENT, Outcome.REACHED, Purpose.CHASE),
        _contact("Mon 20 Jul 10:10", ContactParty.CLIENT, Outcome.SENT, Purpose.CHASE),
        _contact("Tue 21 Jul 14:20", ContactParty.CANDIDATE, Outcome.REACHED, relays=frozenset({"f1"})),
        _contact("Mon 27 Jul 09:45", ContactParty.CLIENT, Outcome.LEFT_MESSAGE, Purpose.CHASE),
    )
    return Application(
        "p1",
        Candidate("cand1", "Europe/London", "GB-ENG"),
        ClientContact("cli1", "Europe/London", "GB-ENG"),
        interviews=(
            Interview("i1", at("Tue 14 Jul 10:00"), at("Tue 14 Jul 11:00"), InterviewState.ATTENDED),
        ),
        debriefs=(
            Debrief("d1", "i1", at("Tue 14 Jul 11:40"), DebriefSource.CALL, at("Tue 14 Jul 12:05"), None),
        ),
        timescales=(
            _timescale("t1", "Wed 15 Jul 09:30", "by Friday", "Fri 17 Jul"),
            _timescale("t2", "Mon 20 Jul 16:00", "end of the week", "Fri 24 Jul"),
        ),
        feedback=(Feedback("f1", "i1", at("Tue 21 Jul 11:15"), Decision.UNDECIDED),),
        contacts=contacts,
        chased_at=tuple(c.at for c in contacts if is_chaser(c)),
    )


def _contact(
    when: str,
    party: ContactParty,
    outcome: Outcome,
    purpose: Purpose = Purpose.OTHER,
    relays: frozenset[str] = frozenset(),
) -> Contact:
    person = "cli1" if party is ContactParty.CLIENT else "cand1"
    return Contact(at(when), party, person, Direction.OUTBOUND, outcome, purpose, relays=relays)


def _timescale(name: str, given: str, phrase: str, day: str) -> GivenTimescale:
    terms = Timescale(TimescaleKind.DATE, at(given), date=on(day))
    return GivenTimescale(name, "i1", TimescaleSource.CLIENT, terms, phrase)


def main() -> None:
    """Print the costs as a table."""
    sys.stdout.write(f"{'microseconds of processor time':<45} median   least    most\n")
    for name, cost in measure().items():
        sys.stdout.write(f"{name:<45} {cost.median:6.1f}  {cost.least:6.1f}  {cost.most:6.1f}\n")


if __name__ == "__main__":
    main()
