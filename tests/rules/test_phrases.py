"""How clients say when they will answer, and how it is read (rulebook section 2)."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rules.calendar import WorkingCalendar
from app.rules.phrases import interpret
from app.rules.timescales import expected_by
from tests.rules.phrases import INTERVIEW_END, LONDON, NOW, calendar_of, in_short, read

CASES = json.loads((Path(__file__).parent / "cases" / "timescale_phrases.json").read_text())["cases"]
FIELDS = {"from": "from_date", "to": "to_date", "offset_wd": "offset_working_days"}


# --- The cases -----------------------------------------------------------------------------------------


def field(key: str) -> str:
    return FIELDS.get(key, key)


def comparable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['phrase']} on {case['given_at'][:10]}")
def test_case(case: dict[str, Any]) -> None:
    client = calendar_of(case["client"]["timezone"], case["client"]["holidays"])
    end = datetime.fromisoformat(case["interview_end"]) if "interview_end" in case else None
    found = interpret(case["phrase"], datetime.fromisoformat(case["given_at"]), client, interview_end=end)
    expected = dict(case["expected"])
    by, ask = expected.pop("expected_by"), expected.pop("needs_confirmation")
    assert found.expected_by == (datetime.fromisoformat(by) if by else None)
    assert found.needs_confirmation is ask
    if "at" in expected:
        assert found.timescale.at == datetime.fromisoformat(expected.pop("at"))
    assert {key: comparable(getattr(found.timescale, field(key))) for key in expected} == expected


# --- Further phrases, said on Wednesday 15 July 2026 ---------------------------------------------------

READINGS = [
    # days
    ("today", "date, 15 Jul 17:30"),
    ("later today", "date, 15 Jul 17:30"),
    ("by close of play", "date, 15 Jul 17:30"),
    ("EOD", "date, 15 Jul 17:30"),
    ("by e.o.d.", "date, 15 Jul 17:30"),
    ("by the end of the day", "date, 15 Jul 17:30"),
    ("COB tomorrow", "date, 16 Jul 17:30"),
    ("end of tomorrow", "date, 16 Jul 17:30"),
    ("tmrw", "date, 16 Jul 17:30"),
    ("tomorow", "date, 16 Jul 17:30"),
    ("the day after tomorrow", "date, 17 Jul 17:30"),
    ("by Friday", "date, 17 Jul 17:30"),
    ("BY  FRIDAY!!!", "date, 17 Jul 17:30"),
    ("“by Friday”", "date, 17 Jul 17:30"),
    ("Fri EOD", "date, 17 Jul 17:30"),
    ("EOP", "date, 15 Jul 17:30"),
    ("by EOP Friday", "date, 17 Jul 17:30"),
    ("by start of business Monday", "instant, 20 Jul 09:00?"),
    ("by c.o.b. Friday", "date, 17 Jul 17:30"),
    ("this Friday", "date, 17 Jul 17:30"),
    ("by Weds", "date, 22 Jul 17:30?"),
    ("next Wed.", "date, 22 Jul 17:30?"),
    ("this Monday", "date, 20 Jul 17:30?"),
    ("Friday next week", "date, 24 Jul 17:30"),
    ("next week Friday", "date, 24 Jul 17:30"),
    ("on Tuesday of next week", "date, 21 Jul 17:30"),
    ("Friday week", "date, 24 Jul 17:30"),
    ("a week on Friday", "date, 24 Jul 17:30"),
    ("a week today", "date, 22 Jul 17:30"),
    ("two weeks on Monday", "date, 03 Aug 17:30"),
    ("a fortnight on Tuesday", "date, 04 Aug 17:30"),
    ("Tuesday fortnight", "date, 04 Aug 17:30"),
    ("Friday after next", "date, 31 Jul 17:30?"),
    ("before Friday", "date, 16 Jul 17:30?"),
    ("not before Friday", "date, 17 Jul 17:30?"),
    ("Saturday", "date, 18 Jul 17:30"),
    ("today, Wednesday", "date, 15 Jul 17:30"),
    ("tomorrow, Friday", "date, 16 Jul 17:30?"),
    ("two weeks tomorrow", "date, 30 Jul 17:30"),
    ("two weeks Friday", "date, 31 Jul 17:30"),
    # times
    ("by noon", "instant, 15 Jul 12:00"),
    ("by 9am", "instant, 16 Jul 09:00?"),
    ("at 17:30", "instant, 15 Jul 17:30"),
    ("Friday at 3pm", "instant, 17 Jul 15:00"),
    ("Fri 3.30pm", "instant, 17 Jul 15:30"),
    ("by 5pm tomorrow", "instant, 16 Jul 17:00"),
    ("10:30 on Monday", "instant, 20 Jul 10:30"),
    ("before noon tomorrow", "instant, 16 Jul 12:00"),
    ("at 3 on Thursday", "instant, 16 Jul 15:00?"),
    ("by 5", "instant, 15 Jul 17:00?"),
    ("by 3 o'clock", "instant, 15 Jul 15:00?"),
    ("Friday morning", "instant, 17 Jul 12:00"),
    ("Friday afternoon", "date, 17 Jul 17:30"),
    ("this afternoon", "date, 15 Jul 17:30"),
    ("first thing Monday", "instant, 20 Jul 10:00?"),
    ("by Thursday lunchtime", "instant, 16 Jul 13:00?"),
    ("midnight Friday", "date, 17 Jul 17:30?"),
    ("Monday 9am UK time", "instant, 20 Jul 09:00"),
    ("3pm GMT tomorrow", "instant, 16 Jul 15:00?"),
    ("by 5pm BST on Friday", "instant, 17 Jul 17:00"),
    ("3pm ET on Friday", "instant, 17 Jul 20:00"),
    ("by 21 July at 4pm", "instant, 21 Jul 16:00"),
    ("2026-07-21 15:00", "instant, 21 Jul 15:00"),
    ("2026-07-21T15:00", "instant, 21 Jul 15:00"),
    ("by Monday 9am your time", "instant, 20 Jul 09:00?"),
    ("Monday at 9 in the morning", "instant, 20 Jul 09:00"),
    ("tomorrow at 3 in the afternoon", "instant, 16 Jul 15:00"),
    ("Monday morning 9am", "instant, 20 Jul 09:00"),
    ("Friday late afternoon", "date, 17 Jul 17:30"),
    ("Friday am", "instant, 17 Jul 12:00"),
    ("Friday pm", "date, 17 Jul 17:30"),
    ("10a.m. Thursday", "instant, 16 Jul 10:00"),
    ("five o'clock", "instant, 15 Jul 17:00?"),
    ("four pm", "instant, 15 Jul 16:00"),
    ("half four", "instant, 15 Jul 16:30?"),
    ("half past ten on Friday", "instant, 17 Jul 10:30"),
    ("by ten on Friday", "instant, 17 Jul 10:00"),
    ("at 1600", "instant, 15 Jul 16:00"),
    ("12am Friday", "instant, 17 Jul 00:00?"),
    ("by 00:00 on Friday", "instant, 17 Jul 00:00?"),
    ("in the morning", "instant, 16 Jul 12:00?"),
    ("we'll ring you in the morning", "instant, 16 Jul 12:00?"),
    ("by the morning", "instant, 16 Jul 12:00?"),
    ("this morning", "instant, 15 Jul 12:00"),
    ("5pm Pacific time Friday", "instant, 18 Jul 01:00"),
    ("2026-07-21T15:00Z", "instant, 21 Jul 16:00"),
    ("2026-07-21T15:00:00Z", "instant, 21 Jul 16:00"),
    ("first thing next week", "instant, 20 Jul 10:00?"),
    # weeks
    ("this week", "range, 17 Jul 17:30"),
    ("later this week", "range, 17 Jul 17:30"),
    ("end of the week", "date, 17 Jul 17:30"),
    ("EOW", "date, 17 Jul 17:30"),
    ("by the weekend", "date, 17 Jul 17:30?"),
    ("by weekend", "date, 17 Jul 17:30?"),
    ("by week-end", "date, 17 Jul 17:30"),
    ("before the end of the week", "date, 17 Jul 17:30"),
    ("end of week", "date, 17 Jul 17:30"),
    ("by end-of-week", "date, 17 Jul 17:30"),
    ("before end of wk", "date, 17 Jul 17:30"),
    ("before EOW", "date, 17 Jul 17:30"),
    ("before EOM", "date, 31 Jul 17:30"),
    ("before close of week", "date, 17 Jul 17:30"),
    ("start of week", "range, 21 Jul 17:30?"),
    ("early in week", "range, 21 Jul 17:30?"),
    ("early next week", "range, 21 Jul 17:30"),
    ("beginning of next week", "range, 21 Jul 17:30"),
    ("mid next week", "date, 22 Jul 17:30"),
    ("midweek", "date, 22 Jul 17:30?"),
    ("mid-week", "date, 22 Jul 17:30?"),
    ("by the middle of the week", "date, 22 Jul 17:30?"),
    ("middle of week", "date, 22 Jul 17:30?"),
    ("middle of this week", "date, 15 Jul 17:30?"),
    ("late next week", "range, 24 Jul 17:30"),
    ("towards the end of next week", "range, 24 Jul 17:30"),
    ("second half of next week", "range, 24 Jul 17:30?"),
    ("the week after next", "range, 31 Jul 17:30"),
    ("w/c 27 July", "range, 31 Jul 17:30"),
    ("the week of the 27th", "range, 31 Jul 17:30"),
    ("end of the month", "date, 31 Jul 17:30"),
    ("end of month", "date, 31 Jul 17:30"),
    ("late in month", "range, 31 Jul 17:30?"),
    ("end of quarter", "date, 30 Sep 17:30?"),
    ("month end", "date, 31 Jul 17:30"),
    ("end of next month", "date, 28 Aug 17:30"),
    ("end of Aug '26", "date, 28 Aug 17:30"),
    ("by 1 Sept '26", "date, 01 Sep 17:30"),
    ("end of August 26", "date, 26 Aug 17:30?"),
    ("end of August 25", "date, 25 Aug 17:30"),
    ("end of day August 26", "date, 26 Aug 17:30"),
    ("end of May", "date, 28 May 17:30?"),
    ("by the end of August 2026", "date, 28 Aug 17:30"),
    ("next month", "range, 28 Aug 17:30"),
    ("in August", "range, 28 Aug 17:30"),
    ("by August", "date, 28 Aug 17:30?"),
    ("by next month", "date, 28 Aug 17:30?"),
    ("by August 2026", "date, 28 Aug 17:30?"),
    ("early August", "range, 07 Aug 17:30?"),
    ("mid-August", "date, 17 Aug 17:30?"),
    ("first week of August", "range, 07 Aug 17:30?"),
    ("end of the year", "date, 31 Dec 17:30"),
    ("end of Q3", "date, 30 Sep 17:30?"),
    ("first Monday in August", "date, 03 Aug 17:30"),
    ("by the second Tuesday of next month", "date, 11 Aug 17:30"),
    ("the last Friday of the month", "date, 31 Jul 17:30"),
    ("the first Monday of the month", "date, 03 Aug 17:30?"),
    ("the first working day of August", "date, 03 Aug 17:30"),
    ("the first day of August", "date, 03 Aug 17:30?"),
    ("the fourth Sunday of July", "date, 26 Jul 17:30"),
    ("3rd week of August", "range, 21 Aug 17:30?"),
    ("2nd week of August", "range, 14 Aug 17:30?"),
    ("September", "range, 30 Sep 17:30?"),
    ("before September", "date, 28 Aug 17:30?"),
    ("mid-month", "date, 15 Jul 17:30?"),
    ("Q3", "range, 30 Sep 17:30?"),
    ("in Q3", "range, 30 Sep 17:30?"),
    ("next quarter", "range, 31 Dec 17:30?"),
    ("by end of 2026", "date, 31 Dec 17:30"),
    ("this time next week", "date, 22 Jul 17:30"),
    ("in the week", "range, 17 Jul 17:30?"),
    ("within the week", "range, 17 Jul 17:30?"),
    ("start of the week", "range, 21 Jul 17:30?"),
    ("start of the month", "range, 07 Aug 17:30?"),
    ("within the month", "range, 31 Jul 17:30?"),
    ("w/c 23 July", "range, 24 Jul 17:30?"),
    ("week ending 24 July", "range, 24 Jul 17:30"),
    ("w/e Friday", "range, 17 Jul 17:30"),
    ("mid week next week", "date, 22 Jul 17:30"),
    ("w/c Monday", "range, 24 Jul 17:30"),
    ("w/b 3 Aug", "range, 07 Aug 17:30"),
    ("w.c. 3 Aug", "range, 07 Aug 17:30"),
    # dates
    ("the 21st", "date, 21 Jul 17:30"),
    ("by the 3rd", "date, 03 Aug 17:30"),
    ("the 31st", "date, 31 Jul 17:30"),
    ("21 July", "date, 21 Jul 17:30"),
    ("July 21st", "date, 21 Jul 17:30"),
    ("Tuesday 21 July", "date, 21 Jul 17:30"),
    ("Friday 21 July", "date, 21 Jul 17:30?"),
    ("Friday the 24th", "date, 24 Jul 17:30"),
    ("24th of July", "date, 24 Jul 17:30"),
    ("July 24, 2026", "date, 24 Jul 17:30"),
    ("July 24th, 2026", "date, 24 Jul 17:30"),
    ("July the twenty-fourth, 2026", "date, 24 Jul 17:30"),
    ("Friday July 24th, 2026", "date, 24 Jul 17:30"),
    ("21/07/2026", "date, 21 Jul 17:30"),
    ("07/21/2026", "date, 21 Jul 17:30"),
    ("03/08/2026", "date, 03 Aug 17:30?"),
    ("on 21.7.2026", "date, 21 Jul 17:30"),
    ("2026-07-21", "date, 21 Jul 17:30"),
    ("1 July 2026", "date, 01 Jul 17:30?"),
    ("the 21st of next month", "date, 21 Aug 17:30"),
    ("20-24 July", "range, 24 Jul 17:30"),
    ("July 28 - Aug 3", "range, 03 Aug 17:30"),
    ("3rd or 4th August", "range, 04 Aug 17:30?"),
    ("by Christmas", "date, 24 Dec 17:30?"),
    ("before Christmas", "date, 24 Dec 17:30?"),
    ("at Christmas", "date, 25 Dec 17:30?"),
    ("by Christmas Eve", "date, 24 Dec 17:30"),
    ("in the new year", "range, 07 Jan 17:30?"),
    ("by Easter Monday", "date, 29 Mar 17:30"),
    ("on New Year's Eve", "date, 31 Dec 17:30"),
    ("by New Year's Day", "date, 01 Jan 17:30"),
    ("by the New Year", "date, 31 Dec 17:30?"),
    ("31/02/2026", "unknown, never?"),
    ("before the bank holiday", "date, 28 Aug 17:30?"),
    ("by Boxing Day", "date, 26 Dec 17:30"),
    ("by Black Friday", "unknown, never?"),
    ("by 17.07", "date, 17 Jul 17:30?"),
    ("on 20.07", "date, 20 Jul 17:30?"),
    ("by 31.07", "date, 31 Jul 17:30"),
    ("at 17.07", "instant, 15 Jul 17:07"),
    ("by 10.30", "instant, 15 Jul 10:30"),
    ("by 20", "date, 20 Jul 17:30?"),
    ("Friday 24", "date, 24 Jul 17:30"),
    ("Fri 17:00", "instant, 17 Jul 17:00"),
    ("by the 3rd of the month", "date, 03 Aug 17:30"),
    ("fifth of August", "date, 05 Aug 17:30"),
    ("twenty-first of July", "date, 21 Jul 17:30"),
    ("the thirty first of July", "date, 31 Jul 17:30"),
    ("twenty second July", "date, 22 Jul 17:30"),
    ("July the twenty-third", "date, 23 Jul 17:30"),
    ("by July twenty fourth", "date, 24 Jul 17:30"),
    ("August first", "date, 01 Aug 17:30"),
    ("July twenty-two", "date, 22 Jul 17:30"),
    ("thirty July", "date, 30 Jul 17:30"),
    ("by the twenty-first", "date, 21 Jul 17:30"),
    ("Friday the thirty-first", "date, 31 Jul 17:30"),
    ("the twentieth, I think", "date, 20 Jul 17:30"),
    ("the fifth of the month", "date, 05 Aug 17:30"),
    ("the first", "date, 01 Aug 17:30?"),
    ("by the second at the latest", "date, 02 Aug 17:30?"),
    ("the first candidate", "unknown, never?"),
    ("the twelfth candidate", "unknown, never?"),
    ("July ten candidates", "range, 31 Jul 17:30?"),
    ("24July", "date, 24 Jul 17:30"),
    ("July 20-24", "range, 24 Jul 17:30"),
    ("28th July - 3rd August", "range, 03 Aug 17:30"),
    # spans
    ("within 3 business days", "working_days, 20 Jul 17:30"),
    ("10 working days", "working_days, 29 Jul 17:30"),
    ("in 3 working days' time", "working_days, 20 Jul 17:30"),
    ("2-3 working days", "working_days, 20 Jul 17:30"),
    ("next working day", "working_days, 16 Jul 17:30"),
    ("in a working week", "working_days, 22 Jul 17:30"),
    ("two or three days", "working_days, 20 Jul 17:30?"),
    ("in 5 days", "working_days, 22 Jul 17:30?"),
    ("in a couple of days", "working_days, 17 Jul 17:30?"),
    ("a day or two", "working_days, 17 Jul 17:30?"),
    ("next few days", "working_days, 20 Jul 17:30?"),
    ("48 hours", "working_days, 17 Jul 17:30?"),
    ("within 24 hours", "working_days, 16 Jul 17:30?"),
    ("72hrs", "working_days, 20 Jul 17:30?"),
    ("in 2 hours", "instant, 15 Jul 12:00"),
    ("half an hour", "instant, 15 Jul 10:30"),
    ("in two weeks", "date, 29 Jul 17:30"),
    ("two weeks' time", "date, 29 Jul 17:30"),
    ("in a week's time", "date, 22 Jul 17:30"),
    ("1-2 weeks", "range, 29 Jul 17:30"),
    ("a week or two", "range, 29 Jul 17:30?"),
    ("in a couple of weeks", "date, 29 Jul 17:30?"),
    ("10 calendar days", "date, 25 Jul 17:30?"),
    ("within a month", "date, 15 Aug 17:30?"),
    ("between Monday and Friday", "range, 24 Jul 17:30?"),
    ("Thursday or Friday", "range, 17 Jul 17:30?"),
    ("next week and Monday", "date, 20 Jul 17:30?"),
    ("Monday or Tuesday next week", "range, 21 Jul 17:30?"),
    ("3 days after the interview", "working_days, 17 Jul 17:30?"),
    ("within five working days of the interview", "working_days, 21 Jul 17:30"),
    ("the day after the interview", "working_days, 15 Jul 17:30"),
    ("on the day of the interview", "working_days, 14 Jul 17:30?"),
    ("a week after the interview", "date, 21 Jul 17:30"),
    ("within the next week", "date, 22 Jul 17:30"),
    ("in the next fortnight", "date, 29 Jul 17:30"),
    ("over the next month", "date, 15 Aug 17:30?"),
    ("in the next day or two", "working_days, 17 Jul 17:30?"),
    ("thirteen days", "working_days, 03 Aug 17:30?"),
    ("twenty five working days", "working_days, 19 Aug 17:30"),
    ("another week", "date, 22 Jul 17:30?"),
    ("2.5 weeks", "unknown, never?"),
    ("2/3 weeks", "range, 05 Aug 17:30?"),
    ("2w", "date, 29 Jul 17:30"),
    ("3d", "working_days, 20 Jul 17:30?"),
    ("48h", "working_days, 17 Jul 17:30?"),
    ("~2 weeks", "date, 29 Jul 17:30?"),
    ("within 48 hours of the interview", "working_days, 16 Jul 17:30?"),
    ("within 2 hours of the interview", "instant, 14 Jul 13:00?"),
    ("two more weeks", "date, 29 Jul 17:30?"),
    ("fortnight", "date, 29 Jul 17:30"),
    ("fortnight or so", "date, 29 Jul 17:30?"),
    ("1-2 months", "range, 15 Sep 17:30?"),
    ("in the next week or so", "date, 22 Jul 17:30?"),
    # said around
    ("We will let you know by Friday.", "date, 17 Jul 17:30"),
    ("I'll be in touch early next week", "range, 21 Jul 17:30"),
    ("They said they'd decide by the end of the month", "date, 31 Jul 17:30"),
    ("Hopefully by Friday", "date, 17 Jul 17:30"),
    ("asap, by Friday at the latest", "date, 17 Jul 17:30"),
    ("maybe Friday", "date, 17 Jul 17:30?"),
    ("around Friday", "date, 17 Jul 17:30?"),
    ("by Friday, unless the board objects", "date, 17 Jul 17:30?"),
    ("not sure, maybe Friday", "date, 17 Jul 17:30?"),
    ("Friday?", "date, 17 Jul 17:30?"),
    ("by Firday", "date, 17 Jul 17:30"),
    ("Thrusday", "date, 16 Jul 17:30"),
    ("Wendesday", "date, 22 Jul 17:30?"),
    ("Monady", "date, 20 Jul 17:30"),
    ("tomoz", "date, 16 Jul 17:30"),
    ("nxt week", "range, 24 Jul 17:30"),
    ("an HR decision by Friday", "date, 17 Jul 17:30?"),
    # unknown
    ("asap", "unknown, never"),
    ("As soon as possible!", "unknown, never"),
    ("soon", "unknown, never"),
    ("shortly", "unknown, never"),
    ("we'll let you know", "unknown, never"),
    ("we'd let you know", "unknown, never"),
    ("will be in touch", "unknown, never"),
    ("I will come back to you in due course", "unknown, never"),
    ("will let you know when we know more", "unknown, never"),
    ("once we know the outcome", "unknown, never"),
    ("as soon as we get any news", "unknown, never"),
    ("when we can", "unknown, never"),
    ("as soon as we hear back", "unknown, never"),
    ("once we have a decision", "unknown, never"),
    ("when possible", "unknown, never"),
    ("not sure yet", "unknown, never"),
    ("don't know", "unknown, never"),
    ("TBC", "unknown, never"),
    ("no news yet", "unknown, never"),
    ("any day now", "unknown, never"),
    ("imminently", "unknown, never"),
    ("before long", "unknown, never"),
    ("in the coming days", "unknown, never"),
    ("at some point", "unknown, never"),
    ("we may decide soon", "unknown, never?"),
    ("dunno mate", "unknown, never?"),
    ("when?", "unknown, never?"),
    ("", "unknown, never?"),
    (" ???", "unknown, never?"),
    ("in 99999 years", "unknown, never?"),
]


@pytest.mark.parametrize(("phrase", "reading"), READINGS)
def test_reading(phrase: str, reading: str) -> None:
    assert in_short(read(phrase), LONDON.zone) == reading


@pytest.mark.parametrize(
    ("phrase", "first", "last"),
    [
        ("this week", date(2026, 7, 15), date(2026, 7, 17)),
        ("next week", date(2026, 7, 20), date(2026, 7, 24)),
        ("late next week", date(2026, 7, 23), date(2026, 7, 24)),
        ("1-2 weeks", date(2026, 7, 22), date(2026, 7, 29)),
        ("20th to the 24th of July", date(2026, 7, 20), date(2026, 7, 24)),
        ("Thursday or Friday", date(2026, 7, 16), date(2026, 7, 17)),
    ],
)
def test_range(phrase: str, first: date, last: date) -> None:
    timescale = read(phrase).timescale
    assert (timescale.from_date, timescale.to_date) == (first, last)


def test_without_an_interview_there_is_nothing_to_count_from() -> None:
    found = interpret("3 working days after the interview", NOW, LONDON)
    assert in_short(found, LONDON.zone) == "working_days, never?"


# --- Properties ----------------------------------------------------------------------------------------

WORDS = """
    by on in at the a week next this end of early mid late friday tue 21st 21 31 july feb may 3 30 99 pm am
    noon two few couple or to and after when interview working days day hours month year quarter before not
    until tomorrow today 31/02/2026 29/02 00:00 24:00 3.30 - / : gmt week's back panel soon asap q4 second
    """.split()  # noqa: SIM905 - easier to read and to extend than a list.
sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
moments = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-12-31"), timezones=st.just(UTC)
)
clients = st.sampled_from([LONDON, calendar_of("America/New_York", "US"), calendar_of("Asia/Kolkata", None)])


@given(st.text() | sentences, moments, clients)
@example("1" * 1000, NOW, LONDON)
@example("at " * 333, NOW, LONDON)
@example("in 999 months", NOW, LONDON)
@example("by Easter", datetime(2100, 12, 29, tzinfo=UTC), LONDON)
@example("٣ working days", NOW, LONDON)
def test_any_text_is_read_without_raising(text: str, now: datetime, client: WorkingCalendar) -> None:
    found = read(text, now, client)
    assert found.needs_confirmation or found.expected_by is None or found.expected_by >= now
    if found.expected_by is not None:
        again = expected_by(found.timescale, client, interview_end=INTERVIEW_END, event_offset=1)
        assert found.expected_by == again


@pytest.mark.parametrize(
    "piece",
    ["in ", "&1", "\N{VULGAR FRACTION ONE NINTH}", "1", "monday, ", "the 1st and ", "once a ", "\ufdfa"],
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * 1000)[:1000]
    begin = process_time()
    read(text)
    assert process_time() - begin < 0.1


def test_a_text_too_long_for_a_phrase_is_not_read() -> None:
    assert in_short(read("by Friday" + "!" * 991), LONDON.zone) == "date, 17 Jul 17:30"
    for text in ("by Friday" + "!" * 992, "by Friday " + "&" * 500, "by Friday " + "\ufdfa" * 100):
        assert in_short(read(text), LONDON.zone) == "unknown, never?"


@given(st.sampled_from([phrase for phrase, _ in READINGS]), st.sampled_from(["  ", "\t", "\u00a0 "]))
def test_case_and_spaces_do_not_matter(phrase: str, space: str) -> None:
    assert read(space + phrase.upper().replace(" ", space) + space) == read(phrase)
