"""Promises that wait for an event, and how they are read (rulebook section 2)."""

from datetime import date

import pytest

from app.rules.phrases import interpret
from app.rules.vocabulary import TimescaleKind
from tests.rules.phrases import LONDON, NOW, in_short, read

EVENTS = [
    ("after the board meeting on Tuesday", "board meeting", date(2026, 7, 21), 1, False),
    ("After Thursday's board meeting", "thursday board meeting", date(2026, 7, 16), 1, False),
    ("We'll let you know after second round on the 21st", "second round", date(2026, 7, 21), 1, False),
    ("once interviews conclude on 24 July", "interviews conclude", date(2026, 7, 24), 1, False),
    ("two days after the panel on 3 August", "panel", date(2026, 8, 3), 2, True),
    ("2 working days after the panel on 3 August", "panel", date(2026, 8, 3), 2, False),
    ("the day after the panel on 3 August", "panel", date(2026, 8, 3), 1, False),
    ("on the day of the panel on 22 July", "panel", date(2026, 7, 22), 0, False),
    ("the same day as the board meeting on Tuesday", "board meeting", date(2026, 7, 21), 0, False),
    ("on the day of the panel", "panel", None, 0, True),
    ("after our Monday meeting", "monday meeting", date(2026, 7, 20), 1, True),
    ("after a Friday panel", "friday panel", date(2026, 7, 17), 1, True),
    # A long weekend may be another than the next.
    ("after the long weekend", "long", date(2026, 7, 17), 1, True),
    ("after the holiday weekend", "holiday", date(2026, 7, 17), 1, True),
    ("when Sarah is back on Monday", "sarah back", date(2026, 7, 20), 1, False),
    ("when the CEO gets back from annual leave", "ceo back", None, 1, True),
    ("when I get back from leave", "back", None, 1, True),
    ("once we get sign-off from finance", "sign off from finance", None, 1, True),
    ("when we get the references", "references", None, 1, True),
    ("once we get approval on the 21st", "approval", date(2026, 7, 21), 1, False),
    ("after the results", "results", None, 1, True),
    ("once we hear back from the board", "hear back", None, 1, True),
    ("once we know the budget", "know budget", None, 1, True),
    ("when we decide on headcount", "decide on headcount", None, 1, True),
    ("as soon as we can get the panel together", "can panel together", None, 1, True),
    ("once budget is approved", "budget approved", None, 1, True),
    ("once the budget has been signed off", "budget signed off", None, 1, True),
    ("as soon as we've seen everyone", "seen everyone", None, 1, True),
    ("pending sign-off", "sign off", None, 1, True),
    ("subject to budget approval", "budget approval", None, 1, True),
    ("after all interviews are done", "all interviews done", None, 1, True),
    ("after Tuesday", "tuesday", date(2026, 7, 21), 1, True),
    ("after Monday morning", "monday morning", date(2026, 7, 20), 1, True),
    ("until two weeks or so", "two weeks or so", date(2026, 7, 29), 1, True),
    ("after the board or the panel on Friday", "board or panel", date(2026, 7, 17), 1, True),
    ("after the 21st", "21st", date(2026, 7, 21), 1, True),
    ("as soon as possible after the 20th", "20th", date(2026, 7, 20), 1, True),
    ("by the time Sarah is back on Monday", "sarah back", date(2026, 7, 20), 1, True),
    ("after the board meeting on Tuesday, 21 July", "board meeting", date(2026, 7, 21), 1, False),
    ("after lunch with the board on Friday", "lunch with board", date(2026, 7, 17), 1, False),
    ("when I have spoken with HR", "spoken with hr", None, 1, True),
    # what follows an event
    ("after second round on the 21st we'll let you know", "second round", date(2026, 7, 21), 1, False),
    ("after the panel on Monday we will check references", "panel", date(2026, 7, 20), 1, True),
    ("after the panel the team decides on Friday", "panel team decides", date(2026, 7, 17), 1, True),
    ("waiting on the client until Friday", "client until", date(2026, 7, 17), 1, True),
    ("after the panel possibly on Friday", "panel possibly", date(2026, 7, 17), 1, True),
    # an ordinal before a noun
    ("after the 2nd interview", "2nd interview", None, 1, True),
    ("after the 2nd interview on Friday", "2nd interview", date(2026, 7, 17), 1, False),
    ("after the first and second rounds on Friday", "first and second rounds", date(2026, 7, 17), 1, False),
    ("once the tenth candidate is seen on Friday", "tenth candidate seen", date(2026, 7, 17), 1, False),
    ("after 2nd round", "2nd round", None, 1, True),
    ("after the 1st and 2nd rounds", "1st and 2nd rounds", None, 1, True),
    ("once the 3rd party checks are done", "3rd party checks done", None, 1, True),
    ("when the 2nd candidate has been seen", "2nd candidate seen", None, 1, True),
    ("after the 2 interviews", "2 interviews", None, 1, True),
    ("after the 21st July panel", "21st july panel", date(2026, 7, 21), 1, False),
    # several days
    ("after Monday's call and Friday's board", "monday call and friday board", date(2026, 7, 20), 1, True),
    ("after Thursday's interviews and Friday's", "thursday interviews and", date(2026, 7, 17), 1, True),
    ("after Friday on leave until the 10th", "friday on leave until", date(2026, 8, 10), 1, True),
]


@pytest.mark.parametrize(("phrase", "event", "day", "offset", "ask"), EVENTS)
def test_event(phrase: str, event: str, day: date | None, offset: int, ask: bool) -> None:
    found = read(phrase)
    timescale = found.timescale
    assert timescale.kind is TimescaleKind.AFTER_EVENT
    assert (timescale.event, timescale.event_date, timescale.offset_working_days) == (event, day, offset)
    assert found.needs_confirmation is ask
    assert (found.expected_by is None) is (day is None)


def test_the_offset_after_an_event_is_the_policy_s() -> None:
    found = interpret("after the panel on 21 July", NOW, LONDON, event_offset=3)
    assert found.timescale.offset_working_days == 3
    assert in_short(found, LONDON.zone) == "after_event, 24 Jul 17:30"


@pytest.mark.parametrize(
    ("phrase", "reading"),
    [
        ("by Friday once we have met the team", "date, 17 Jul 17:30?"),
        ("once we've met the team, by Friday", "date, 17 Jul 17:30?"),
        ("when we have met the others, Friday", "date, 17 Jul 17:30?"),
        ("pending references - Tuesday", "date, 21 Jul 17:30?"),
        ("Waiting for the CFO, will decide on Tuesday", "date, 21 Jul 17:30?"),
        ("After speaking to the board we will decide tomorrow", "date, 16 Jul 17:30?"),
        ("Once I've spoken to the team I'll call you on Friday", "date, 17 Jul 17:30?"),
        ("Following the interview we will let you know on Friday", "date, 17 Jul 17:30?"),
        ("following our call today, we will decide on Friday", "date, 17 Jul 17:30?"),
        ("after the panel on Monday, we will let you know on Thursday", "date, 16 Jul 17:30?"),
        ("once references are in we decide on Friday", "date, 17 Jul 17:30?"),
        ("Two days after the panel we will decide on Friday", "date, 17 Jul 17:30?"),
        ("after Friday I will be on leave until the 10th", "date, 10 Aug 17:30?"),
    ],
)
def test_a_promise_beside_an_event_is_the_promise_but_asked(phrase: str, reading: str) -> None:
    assert in_short(read(phrase), LONDON.zone) == reading


@pytest.mark.parametrize(
    ("phrase", "reading"),
    [
        ("as soon as possible on Monday", "date, 20 Jul 17:30"),
        ("when possible on Friday", "date, 17 Jul 17:30?"),
        ("once ready on Monday", "date, 20 Jul 17:30?"),
        ("after 3pm Thursday", "date, 16 Jul 17:30"),
        ("after noon tomorrow", "date, 16 Jul 17:30"),
        ("after lunch on Friday", "date, 17 Jul 17:30"),
        ("after 3pm", "date, 15 Jul 17:30"),
        ("after 6pm on Friday", "date, 17 Jul 17:30?"),
        ("not until after 3pm Friday", "date, 17 Jul 17:30?"),
        ("after work on Friday", "date, 17 Jul 17:30?"),
        ("after close of business Friday", "date, 17 Jul 17:30?"),
        ("we'll decide on the 2nd candidate", "unknown, never?"),
        ("1st decision soon", "unknown, never?"),
        ("by the 21st, HR will let you know", "date, 21 Jul 17:30"),
        ("the 21st or 22nd", "range, 22 Jul 17:30?"),
    ],
)
def test_what_only_looks_like_an_event_or_a_day_is_none(phrase: str, reading: str) -> None:
    assert in_short(read(phrase), LONDON.zone) == reading
