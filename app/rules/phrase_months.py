"""Reads the words for months, quarters and years: 'end of the month', 'mid-August', 'end of Q3'."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from app.rules.holidays import named_holidays, public_holidays
from app.rules.phrase_readings import FAR_AHEAD, Days, DaysReader, Said, Words, month_end, one, stepped
from app.rules.phrase_words import EARLY, END_PART, LATE, MID, MONTH, PARTS, WEEKDAY, month, weekday

_DECEMBER = 12
_MONTHS_A_QUARTER = 3
_NTH = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3}


def _month(words: Words, said: Said) -> Days:
    """'End of the month' is its last working day; any other part of a month makes us ask."""
    first = _month_named(words["name"], words["year"], said)
    part = words["part"] or ""
    far = not words["year"] and first - said.today > FAR_AHEAD
    client = said.client
    if MID.match(part):
        return one(client.on_or_after(first.replace(day=15)), ask=True)
    if EARLY.match(part):
        return _early_in_month(words, first, said)
    last = client.on_or_before(month_end(first.year, first.month))
    if LATE.match(part):
        return Days(client.on_or_after(first.replace(day=21)), last, ask=True)
    if part not in {"", "in", "during"}:
        return one(last, ask=far or part == "by")
    begin = max(client.on_or_after(first), said.today)
    return Days(begin, max(begin, last), ask=far or begin > last or words["name"] == "the month")


def _early_in_month(words: Words, first: date, said: Said) -> Days:
    """Its first week; the start of 'the month', once that has passed, is the next month's."""
    week = Days(said.client.on_or_after(first), said.client.on_or_after(first.replace(day=7)), ask=True)
    passed = words["name"] in {"month", "the month"} and week.last < said.today
    return _early_in_month(words, stepped(first, 1, "month"), said) if passed else week


def _week_of_month(words: Words, said: Said) -> Days:
    """'The first week of August' is the week of its first working day; a guess, so we ask."""
    first = _month_named(words["name"], words["year"], said)
    days = _nth_week(first, words["which"], said)
    if days.last < said.today and words["name"] == "the month":
        days = _nth_week(stepped(first, 1, "month"), words["which"], said)
    return days


def _nth_week(first: date, which: str, said: Said) -> Days:
    client, last = said.client, month_end(first.year, first.month)
    day = client.on_or_after(first) if which in _NTH else client.on_or_before(last)
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=_NTH.get(which, 0))
    return Days(monday, monday + timedelta(days=4), ask=True)


def _weekday_of_month(words: Words, said: Said) -> Days | None:
    """'The first Monday of August'; that of 'the month', once it has passed, is the next month's, and asked."""
    first = _month_named(words["name"], words["year"], said)
    day = _nth_weekday(first, words["which"], weekday(words["weekday"]))
    if day >= said.today or words["name"] != "the month":
        return one(day, ask=day == said.today or (not words["year"] and day - said.today > FAR_AHEAD))
    return one(_nth_weekday(stepped(first, 1, "month"), words["which"], weekday(words["weekday"])), ask=True)


def _first_day_of_month(words: Words, said: Said) -> Days:
    """Its first working day; we ask unless that has been said, or is the first."""
    first = _month_named(words["name"], words["year"], said)
    day = said.client.on_or_after(first)
    return one(day, ask=day <= said.today or (day != first and not words["working"]))


def _nth_weekday(first: date, which: str, wanted: int) -> date:
    if which in _NTH:
        return first + timedelta(days=(wanted - first.weekday()) % 7, weeks=_NTH[which])
    last = month_end(first.year, first.month)
    return last - timedelta(days=(last.weekday() - wanted) % 7)


def _middle_of_month(_: Words, said: Said) -> Days | None:
    middles = (stepped(said.today.replace(day=15), n, "month") for n in range(2))
    return _upcoming(map(said.client.on_or_after, middles), said, ask=True)


def _month_alone(words: Words, said: Said) -> Days:
    return replace(_month(words, said), ask=True)


def _month_named(name: str, year: str | None, said: Said) -> date:
    this = said.today.replace(day=1)
    if name.endswith("month") or "after next" in name:
        ahead = 2 if "after next" in name else 1 if re.search("next|following|coming", name) else 0
        return stepped(this, ahead, "month")
    wanted = month(name.removeprefix("next ").removeprefix("this "))
    if year:
        return date(int(year), wanted, 1)
    return date(this.year + (wanted < this.month), wanted, 1)


def _end_of_month(_: Words, said: Said) -> Days:
    return one(said.client.on_or_before(month_end(said.today.year, said.today.month)))


def _quarter(words: Words, said: Said) -> Days:
    """A quarter of the calendar year; the client's financial year may differ, so we ask."""
    this = (said.today.month + 2) // _MONTHS_A_QUARTER
    quarter = int(words["quarter"]) if words["quarter"] else this + ("next" in words[0])
    first = date(said.today.year + (quarter < this), 1, 1)
    first = stepped(first, _MONTHS_A_QUARTER * (quarter - 1), "month")
    last = said.client.on_or_before(month_end(first.year, first.month + 2))
    if words["part"]:
        return one(last, ask=True)
    return Days(min(max(first, said.today), last), last, ask=True)


def _end_of_year(words: Words, said: Said) -> Days:
    year = int(words.groupdict().get("year") or said.today.year)
    return one(said.client.on_or_before(date(year, _DECEMBER, 31)))


def _christmas(words: Words, said: Said) -> Days | None:
    """Christmas Eve and Day are days; Christmas alone may be the days around it, so we ask."""
    day = date(said.today.year, _DECEMBER, 24 if words["day"] == "eve" else 25)
    return _upcoming([day, day.replace(year=day.year + 1)], said, ask=words["day"] is None)


def _easter(_: Words, said: Said) -> Days | None:
    """Easter Sunday, the day before England's Easter Monday."""
    years = (said.today.year, said.today.year + 1)
    mondays = (named_holidays("GB-ENG", year).get("easter monday") for year in years)
    return _upcoming([monday - timedelta(days=1) for monday in mondays if monday], said, ask=True)


def _new_years_eve_or_day(words: Words, said: Said) -> Days | None:
    day = date(said.today.year, _DECEMBER, 31) if words["day"] == "eve" else date(said.today.year, 1, 1)
    return _upcoming([day, day.replace(year=day.year + 1)], said)


def _new_year(_: Words, said: Said) -> Days:
    """The first week of January, as in 'early January'; a guess, so we ask."""
    january = date(said.today.year + 1, 1, 1)
    return Days(said.client.on_or_after(january), said.client.on_or_after(january.replace(day=7)), ask=True)


def _feast(words: Words, said: Said) -> Days | None:
    """'Good Friday', where the client's calendar knows it; else nothing, and certainly not a Friday."""
    feast = words["feast"].removesuffix(" day")
    years = (said.today.year, said.today.year + 1)
    tables = (named_holidays(said.client.holidays, year) for year in years)
    return _upcoming(
        [table[name] for table in tables for name in (feast, f"{feast} day") if name in table], said
    )


def _bank_holiday(_: Words, said: Said) -> Days | None:
    """The next one; which is meant is a guess, so we ask."""
    years = (said.today.year, said.today.year + 1)
    days = (day for year in years for day in sorted(public_holidays(said.client.holidays, year)))
    return _upcoming(days, said, ask=True)


def _upcoming(days: Iterable[date], said: Said, *, ask: bool = False) -> Days | None:
    """The first of some days that has not passed; we ask if it is today or far away."""
    day = next((day for day in days if day >= said.today), None)
    return None if day is None else one(day, ask=ask or day == said.today or day - said.today > FAR_AHEAD)


_THIS_MONTH = "(?:(?:the )?month after next|(?:this|the|next|the following|the coming) month)"
_MONTH_NAME = rf"(?P<name>{_THIS_MONTH}|(?:next |this )?{MONTH})"
_YEAR = r"(?: (?P<year>\d{4}))?"
_FEASTS = (
    "(?:good|black) friday|(?:easter|whit|cyber) monday|(?:easter|palm) sunday|ash wednesday|shrove tuesday"
    "|boxing day|thanksgiving(?: day)?|(?:may|memorial|labou?r|independence|canada|victoria) day"
)
# The short name of a month alone, and some long ones, may be none ("we may decide"): a word must introduce it.
_LONG_MONTH = "january|february|july|august|september|october|november|december"
_PART_OF_MONTH = rf"(?:(?P<part>{PARTS}|in|during|by)(?: on)?(?: in| of)? )"
MONTHS: tuple[tuple[str, DaysReader], ...] = (
    (
        rf"(?:{END_PART}(?: of)? )(?:(?:(?:the|this) )?(?:calendar )?year|(?P<year>\d{{4}}))|year end|eoy",
        _end_of_year,
    ),
    (rf"(?:(?P<part>{END_PART})(?: of)? )?(?:(?:the |this |next )quarter|q(?P<quarter>[1-4]))", _quarter),
    (rf"(?P<part>{END_PART}(?: of)? quarter|quarter end|eoq)(?P<quarter>)", _quarter),
    (rf"(?:{END_PART}(?: of)? )(?:(?:the|this) )?month|month end|eom", _end_of_month),
    ("mid ?month|(?:the )?middle of the month", _middle_of_month),
    (
        rf"(?:the )?first (?P<working>working |business )?day (?:of|in) {_MONTH_NAME}{_YEAR}",
        _first_day_of_month,
    ),
    (
        rf"(?:the )?(?P<which>{'|'.join(_NTH)}|last) (?P<weekday>{WEEKDAY}) (?:of|in) {_MONTH_NAME}{_YEAR}",
        _weekday_of_month,
    ),
    (rf"(?:the )?(?P<which>{'|'.join(_NTH)}|last|final) week (?:of|in) {_MONTH_NAME}{_YEAR}", _week_of_month),
    (rf"{_PART_OF_MONTH}{_MONTH_NAME}{_YEAR}", _month),
    (rf"(?P<part>{PARTS})(?: in| of)? (?P<name>month)(?P<year>)", _month),
    (rf"(?<!by )(?P<part>)(?P<name>{_THIS_MONTH}|(?:next|this) {MONTH}){_YEAR}", _month),
    (rf"(?<!by )(?P<part>)(?P<name>{MONTH}) (?P<year>\d{{4}})", _month),
    (rf"(?<!in )(?<!by )(?<!during )(?P<part>)(?P<name>{_LONG_MONTH})(?P<year>)", _month_alone),
    ("(?:christmas|xmas)(?: (?P<day>eve|day))?", _christmas),
    (rf"(?P<feast>{_FEASTS})", _feast),
    ("easter", _easter),
    ("new years? (?P<day>eve|day)", _new_years_eve_or_day),
    ("(?:early )?(?:in )?(?:the )?new year", _new_year),
    ("(?:the )?(?:next )?bank holiday", _bank_holiday),
)
