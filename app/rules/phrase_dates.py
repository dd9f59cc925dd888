"""Reads dates: 'the 21st', '21 July', 'Tuesday 21 July', '20-24 July', '21/07/2026'."""

from dataclasses import replace
from datetime import date

from app.rules.holidays import codes_of
from app.rules.phrase_readings import FAR_AHEAD, Days, DaysReader, Said, Words, is_other_weekday, one, stepped
from app.rules.phrase_words import END_PART, FIRST_TO_NINTH, MONTH, NO_NOUN, WEEKDAY, month, ordinal, unnamed

_MONTHS_A_YEAR = 12
_HOURS_A_DAY = 24


def _checked(day: date, words: Words, said: Said, *, ask: bool = False) -> Days:
    """The date; we ask if the weekday said with it is another, if it is today, or if it is far away."""
    no_year_said = not words.groupdict().get("year")
    far = no_year_said and day - said.today > FAR_AHEAD
    return one(day, ask=ask or is_other_weekday(words, day) or far or day == said.today)


def _day_and_month(words: Words, said: Said) -> Days:
    year = words.groupdict().get("year")
    return _checked(_dated(int(words["day"]), month(words["month"]), year, said), words, said)


def _end_of_day_or_month(words: Words, said: Said) -> Days:
    """'End of August 26' is read as that day; while 26 is no past year that month's end may be meant, so we ask."""
    days = _day_and_month(words, said)
    return replace(days, ask=days.ask or _full_year(words["day"]) >= said.today.year)


def _dated(day: int, wanted_month: int, year: str | None, said: Said) -> date:
    if year:
        return date(_full_year(year), wanted_month, day)
    years_with_a_leap_day = range(said.today.year, said.today.year + 9)
    dates = (_date_or_none(year, wanted_month, day) for year in years_with_a_leap_day)
    found = next((d for d in dates if d and d >= said.today), None)
    if found is None:
        raise ValueError(f"no month {wanted_month} has a day {day}")
    return found


def _full_year(year: str) -> int:
    return int(year) if len(year) > len("26") else 2000 + int(year)


def _date_or_none(year: int, wanted_month: int, day: int) -> date | None:
    try:
        return date(year, wanted_month, day)
    except ValueError:
        return None


def _day_of_month(words: Words, said: Said) -> Days | None:
    """'The 21st' is the next such date; of a month without that day we ask."""
    day, of = int(words["day"]), words["of"] or ""
    if "this" in of or "next" in of:
        first = stepped(said.today.replace(day=1), 1 if "next" in of else 0, "month")
        return _checked(first.replace(day=day), words, said)
    return _next_with_number(day, words, said)


def _ordinal_alone(words: Words, said: Said) -> Days | None:
    """'The first' may be one of the interviews or candidates as well, so we ask."""
    days = _next_with_number(ordinal(words["ordinal"]), words, said)
    return days and replace(days, ask=True)


def _next_with_number(day: int, words: Words, said: Said) -> Days | None:
    months = [stepped(said.today.replace(day=1), n, "month") for n in range(3)]
    dates = [_date_or_none(m.year, m.month, day) for m in months]
    found = next((d for d in dates if d and d >= said.today), None)
    return _checked(found, words, said, ask=None in dates[:2]) if found else None


def _day_to_day_of_month(words: Words, said: Said) -> Days:
    end = _day_and_month(words, said)
    begin = end.last.replace(day=int(words["begin"]))
    return Days(min(begin, end.last), end.last, ask=end.ask or words["joint"] == "or" or begin > end.last)


def _year_first(words: Words, said: Said) -> Days:
    return _checked(date(int(words["year"]), int(words["month"]), int(words["day"])), words, said)


def _slashes(words: Words, said: Said) -> Days:
    """Day first, but month first for clients in the United States; we ask if both could be meant."""
    a, b = int(words["a"]), int(words["b"])
    american = any(code.partition("-")[0] in {"US", "USA"} for code in codes_of(said.client.holidays))
    month_first = b > _MONTHS_A_YEAR or (american and a <= _MONTHS_A_YEAR)
    day, wanted = (b, a) if month_first else (a, b)
    either_way = a != b and max(a, b) <= _MONTHS_A_YEAR
    return _checked(_dated(day, wanted, words["year"], said), words, said, ask=either_way)


def _dotted(words: Words, said: Said) -> Days:
    """'By 17.07' is a date; we ask where it could be a time."""
    found = _slashes(words, said)
    return replace(found, ask=found.ask or int(words["a"]) < _HOURS_A_DAY)


_ORDINAL = "(?:st|nd|rd|th)"
_ON = rf"(?:(?P<weekday>{WEEKDAY}) )?(?:the )?"
_YEAR = r"(?: (?P<year>\d{4}))?"
_UNIT = "(?:days?|weeks?|months?|hours?|working|business)\\b"
_AND_OTHERS = rf"(?: (?:and|or|to) (?:the )?\d{{1,2}}{_ORDINAL}?)*"
_NO_NOUN_AFTER = rf"(?!{_AND_OTHERS} (?!(?:{NO_NOUN}|{MONTH})\b)[a-z])"
_FROM_DAY = rf"(?:the )?(?P<begin>\d{{1,2}}){_ORDINAL}?"
_TO_DAY = rf"(?P<joint>to|and|or) (?:the )?(?P<day>\d{{1,2}}){_ORDINAL}?"
DATES: tuple[tuple[str, DaysReader], ...] = (
    (r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})", _year_first),
    (rf"{_ON}(?P<a>\d{{1,2}})(?P<dot>[/.])(?P<b>\d{{1,2}})[/.](?P<year>\d{{4}}|\d\d)", _slashes),
    (rf"{_ON}(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?P<year>)", _slashes),
    (rf"(?<!at ){_ON}(?P<a>\d{{1,2}})\.(?P<b>0?[1-9]|1[0-2])(?P<year>)(?! {_UNIT})", _dotted),
    (rf"{_FROM_DAY} {_TO_DAY}(?: of)? (?P<month>{MONTH})", _day_to_day_of_month),
    (rf"{_ON}(?P<day>\d{{1,2}}){_ORDINAL}?(?: of)? (?P<month>{MONTH}){_YEAR}", _day_and_month),
    (rf"(?P<month>{MONTH}) {_FROM_DAY} {_TO_DAY}", _day_to_day_of_month),
    (rf"{END_PART}(?: of)? (?P<month>{MONTH}) (?P<day>\d\d)", _end_of_day_or_month),
    (rf"{_ON}(?P<month>{MONTH}) (?:the )?(?P<day>\d{{1,2}}){_ORDINAL}?{_YEAR}", _day_and_month),
    (
        rf"{_ON}(?P<day>\d{{1,2}}){_ORDINAL}(?P<of>(?: of)? (?:this|the|next) month)?{_NO_NOUN_AFTER}",
        _day_of_month,
    ),
    (
        rf"(?:(?P<weekday>{WEEKDAY}) )?the (?P<ordinal>{FIRST_TO_NINTH})(?=$|,| at| or| latest)",
        _ordinal_alone,
    ),
    (rf"the (?P<day>\d{{1,2}})(?P<of>){_NO_NOUN_AFTER}", _day_of_month),
    (rf"(?P<weekday>{WEEKDAY}) (?P<day>1[3-9]|2\d|3[01])(?P<of>)(?![.:/]\d){_NO_NOUN_AFTER}", _day_of_month),
)
DATE = "(?:" + "|".join(unnamed(pattern) for pattern, _ in DATES).replace(_NO_NOUN_AFTER, "") + ")"
