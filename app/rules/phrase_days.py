"""Reads the words for days: 'tomorrow', 'next Friday', 'early next week', '21 July', 'in a fortnight'.

Every reading follows section 2 of the rulebook: weeks are ISO weeks in the client's zone.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

from app.rules.holidays import codes_of
from app.rules.phrase_readings import Days, Said, Words
from app.rules.phrase_words import MONTH, NUMBER, WEEKDAY, month, number, unnamed, weekday

FAR_AHEAD = timedelta(days=270)
_MONTHS_A_YEAR = 12
_DECEMBER = 12
_DAYS_EACH = {"day": 1, "week": 7, "fortnight": 14}


Reader = Callable[[Words, Said], Days | None]


def read_days(text: str, said: Said) -> Days | None:
    """The days that a whole text names; None if it names none or an impossible one such as 31 June."""
    for pattern, reader in _COMPILED:
        if words := pattern.fullmatch(text):
            try:
                return reader(words, said)
            except (ValueError, OverflowError):
                return None
    return None


# --- Days counted from today ---------------------------------------------------------------------------


def _one(day: date, *, ask: bool = False) -> Days:
    return Days(day, day, ask)


def _working(day: date, said: Said) -> Days:
    """The day, or the next working day if the speaker cannot have meant a day off: then we ask."""
    working = said.client.on_or_after(day)
    return _one(working, ask=working != day)


def _today(_: Words, said: Said) -> Days:
    return _working(said.today, said)


def _tonight(_: Words, said: Said) -> Days:
    return _one(said.today, ask=True)


def _tomorrow(_: Words, said: Said) -> Days:
    return _working(said.today + timedelta(days=1), said)


def _day_after_tomorrow(_: Words, said: Said) -> Days:
    return _working(said.today + timedelta(days=2), said)


def _later(words: Words, said: Said) -> Days:
    """'In two weeks', 'in 10 calendar days', 'a month': counted in calendar days from today."""
    n, vague = number(words["n"])
    unit = words["unit"]
    day = _stepped(said.today, n, unit)
    return _one(day, ask=vague or "month" in unit or not said.client.is_working_day(day))


def _between_counts(words: Words, said: Said) -> Days:
    """'One to two weeks', and 'two or three weeks', which makes us ask."""
    fewest, vague = number(words["n"])
    most, _ = number(words["m"])
    unit = words["unit"]
    first, last = sorted(_stepped(said.today, n, unit) for n in (fewest, most))
    return Days(first, last, ask=vague or words["joint"] != "to")


def _one_or_two(words: Words, said: Said) -> Days:
    """'A week or two', 'a week or so': never more than a guess."""
    most = {"two": 2, "three": 3}.get(words["more"], 1)
    unit = words["unit"]
    return Days(_stepped(said.today, 1, unit), _stepped(said.today, most, unit), ask=True)


def _stepped(day: date, n: int, units: str) -> date:
    unit = units.removeprefix("calendar ").removesuffix("s")
    if unit == "month":
        year, month_index = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + n, _MONTHS_A_YEAR)
        last = _month_end(year, month_index + 1)
        return last.replace(day=min(day.day, last.day))
    return day + timedelta(days=n * _DAYS_EACH[unit])


# --- Weekdays ------------------------------------------------------------------------------------------


def _strictly_later(day: date, wanted: int) -> date:
    return day + timedelta(days=(wanted - day.weekday() - 1) % 7 + 1)


def _weekday(words: Words, said: Said) -> Days:
    """The next such day strictly later; 'next Friday' is that of the next ISO week, and makes us ask."""
    wanted, which = weekday(words["weekday"]), (words["which"] or "").rpartition(" ")[2]
    if which in {"next", "following"}:
        return _one(said.monday(1) + timedelta(days=wanted), ask=True)
    day = _strictly_later(said.today, wanted)
    beyond_this_week = which == "this" and day >= said.monday(1)
    return _one(day, ask=wanted == said.today.weekday() or beyond_this_week)


def _weekday_of_week(words: Words, said: Said) -> Days | None:
    week = read_days(words["week"], said)
    return week and _one(
        week.first - timedelta(days=week.first.weekday()) + timedelta(days=weekday(words["weekday"])),
        ask=week.ask,
    )


def _weeks_from_day(words: Words, said: Said) -> Days | None:
    """'A week on Friday', 'Friday week', 'two weeks from tomorrow': literal days, counted in weeks."""
    n, vague = number(words.groupdict().get("n") or "a")
    literal = {"today": 0, "now": 0, "tomorrow": 1}.get(words["start"])
    start = read_days(words["start"], said) if literal is None else _one(said.today + timedelta(days=literal))
    return _one(start.last + timedelta(days=7 * n), ask=vague or start.ask) if start else None


# --- Weeks ---------------------------------------------------------------------------------------------


def _week(words: Words, said: Said) -> Days | None:
    """'Next week' is Monday to Friday; its end, start and middle are sections of it."""
    week = _week_of(words["start"], said) if words["start"] else _week_ahead(words["name"], said)
    return _part_of_week(words["part"] or "", week, said) if week else None


def _week_of(text: str, said: Said) -> Days | None:
    start = read_days(text, said)
    if start is None:
        return None
    monday = start.first - timedelta(days=start.first.weekday())
    return Days(monday, monday + timedelta(days=4), start.ask)


def _week_ahead(name: str, said: Said) -> Days:
    ahead = 2 if "after next" in name else 1 if re.search("next|follow|coming|after", name) else 0
    monday = said.monday(ahead)
    friday = monday + timedelta(days=4)
    first = min(friday, max(monday, said.today))
    return Days(first, friday, ask=bool(re.search("follow|coming|that|week after$", name)))


def _part_of_week(part: str, week: Days, said: Said) -> Days:
    """Early is the first two working days, late the last two, mid Wednesday, the end the last working day."""
    monday = week.first - timedelta(days=week.first.weekday())
    if _MID.match(part):
        return _one(monday + timedelta(days=2), ask=week.ask)
    every_day = (monday + timedelta(days=n) for n in range(7))
    working = [day for day in every_day if said.client.is_working_day(day)] or [week.first, week.last]
    if part.endswith(" half"):
        working = working[:3] if "first" in part else working[-3:]
        return Days(working[0], working[-1], ask=True)
    if _EARLY.match(part):
        return Days(working[0], working[:2][-1], week.ask)
    if _LATE.match(part):
        return Days(working[-2:][0], working[-1], week.ask)
    return _one(working[-1], ask=week.ask) if part else week


def _midweek(_: Words, said: Said) -> Days:
    wednesday = said.monday() + timedelta(days=2)
    passed = wednesday <= said.today
    return _one(wednesday + timedelta(days=7) if passed else wednesday, ask=passed)


def _end_of_week(_: Words, said: Said) -> Days:
    last = said.client.on_or_before(said.monday() + timedelta(days=6))
    return _one(last)


def _weekend(_: Words, said: Said) -> Days:
    return _one(said.client.on_or_before(said.monday() + timedelta(days=6)), ask=True)


# --- Months, quarters and years ------------------------------------------------------------------------


def _month_end(year: int, number_of_month: int) -> date:
    return date(year + number_of_month // _DECEMBER, number_of_month % _DECEMBER + 1, 1) - timedelta(days=1)


def _month(words: Words, said: Said) -> Days:
    """'End of the month' is its last working day; any other part of a month makes us ask."""
    first = _month_named(words["name"], words["year"], said)
    last = _month_end(first.year, first.month)
    part = words["part"] or ""
    far = not words["year"] and first - said.today > FAR_AHEAD
    client = said.client
    if _MID.match(part):
        return _one(client.on_or_after(first.replace(day=15)), ask=True)
    if _EARLY.match(part):
        return Days(client.on_or_after(first), client.on_or_after(first.replace(day=7)), ask=True)
    if _LATE.match(part):
        return Days(client.on_or_after(first.replace(day=21)), client.on_or_before(last), ask=True)
    if part not in {"", "in", "during"}:
        return _one(client.on_or_before(last), ask=far or part == "by")
    begin = max(client.on_or_after(first), said.today)
    return Days(begin, max(begin, client.on_or_before(last)), ask=far)


def _week_of_month(words: Words, said: Said) -> Days:
    """'The first week of August' is the week of its first working day; a guess, so we ask."""
    month_said = _month(words, said)
    day = month_said.first if words["which"] == "first" else month_said.last
    monday = day - timedelta(days=day.weekday())
    return Days(monday, monday + timedelta(days=4), ask=True)


def _month_named(name: str, year: str | None, said: Said) -> date:
    this = said.today.replace(day=1)
    if name.endswith("month") or "after next" in name:
        ahead = 2 if "after next" in name else 1 if re.search("next|following|coming", name) else 0
        return _stepped(this, ahead, "month")
    wanted = month(name.removeprefix("next ").removeprefix("this "))
    if year:
        return date(int(year), wanted, 1)
    return date(this.year + (wanted < this.month), wanted, 1)


def _end_of_month(_: Words, said: Said) -> Days:
    return _one(said.client.on_or_before(_month_end(said.today.year, said.today.month)))


def _end_of_quarter(words: Words, said: Said) -> Days:
    """A quarter of the calendar year; the client's financial year may differ, so we ask."""
    quarter = int(words["quarter"] or (said.today.month + 2) // 3)
    passed = 3 * quarter < said.today.month
    return _one(said.client.on_or_before(_month_end(said.today.year + passed, 3 * quarter)), ask=True)


def _end_of_year(_: Words, said: Said) -> Days:
    return _one(said.client.on_or_before(date(said.today.year, _DECEMBER, 31)))


def _christmas(words: Words, said: Said) -> Days:
    day = date(said.today.year, _DECEMBER, 24 if words["eve"] else 25)
    return _one(day if day >= said.today else day.replace(year=day.year + 1), ask=day == said.today)


# --- Dates ---------------------------------------------------------------------------------------------


def _checked(day: date, words: Words, said: Said, *, ask: bool = False) -> Days:
    """The date; we ask if the weekday said with it is another, if it is today, or if it is far away."""
    named = words.groupdict().get("weekday")
    mismatch = named is not None and weekday(named) != day.weekday()
    no_year_said = not words.groupdict().get("year")
    far = no_year_said and day - said.today > FAR_AHEAD
    return _one(day, ask=ask or mismatch or far or day == said.today)


def _day_and_month(words: Words, said: Said) -> Days:
    return _checked(_dated(int(words["day"]), month(words["month"]), words["year"], said), words, said)


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
    first = said.today.replace(day=1)
    if of:
        return _checked(_stepped(first, 1 if "next" in of else 0, "month").replace(day=day), words, said)
    months = [_stepped(first, n, "month") for n in range(3)]
    dates = [_date_or_none(m.year, m.month, day) for m in months]
    found = next((d for d in dates if d and d >= said.today), None)
    return _checked(found, words, said, ask=None in dates[:2]) if found else None


def _day_to_day_of_month(words: Words, said: Said) -> Days | None:
    end = read_days(f"{words['day']} {words['month']}", said)
    if end is None:
        return None
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


# --- The table -----------------------------------------------------------------------------------------

_EARLY = re.compile("(?:the )?(?:early|earlier|start|beginning|first|top)")
_MID = re.compile("(?:the )?(?:mid|half)")
_LATE = re.compile("(?:the )?(?:late|toward|second|back|latter)")
_EARLY_PART = "(?:early|earlier|(?:the )?(?:start|beginning|first part|first half|top))"
_MID_PART = "(?:(?:the )?(?:mid|middle|mid point)|midway through|halfway through)"
_LATE_PART = "(?:later?|towards? the end|(?:the )?(?:latter part|second half|back end))"
_END_PART = "(?:(?:the )?(?:very )?(?:end|close|last (?:working |business )?day))"
_PARTS = f"{_EARLY_PART}|{_MID_PART}|{_LATE_PART}|{_END_PART}"
_PART = rf"(?:(?P<part>{_PARTS})(?: on)?(?: in| of)? )?"
_PLAIN_WEEK = (
    "(?:(?:the )?week after next|the week after"
    "|(?:this|next|the following|following|the coming|coming|the|that) week)"
)
_ORDINAL = "(?:st|nd|rd|th)"
_ON = rf"(?:(?P<weekday>{WEEKDAY}) )?(?:the )?"
_YEAR = r"(?: (?P<year>\d{4}))?"
_FROM_DAY = rf"(?:the )?(?P<begin>\d{{1,2}}){_ORDINAL}?"
_TO_DAY = rf"(?P<joint>to|and|or) (?:the )?(?P<day>\d{{1,2}}){_ORDINAL}?"
_DATES: tuple[tuple[str, Reader], ...] = (
    (r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})", _year_first),
    (rf"{_ON}(?P<a>\d{{1,2}})(?P<dot>[/.])(?P<b>\d{{1,2}})[/.](?P<year>\d{{4}}|\d\d)", _slashes),
    (rf"{_ON}(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?P<year>)", _slashes),
    (rf"{_FROM_DAY} {_TO_DAY}(?: of)? (?P<month>{MONTH})", _day_to_day_of_month),
    (rf"{_ON}(?P<day>\d{{1,2}}){_ORDINAL}?(?: of)? (?P<month>{MONTH}){_YEAR}", _day_and_month),
    (rf"{_ON}(?P<month>{MONTH}) (?:the )?(?P<day>\d{{1,2}}){_ORDINAL}?{_YEAR}", _day_and_month),
    (
        rf"{_ON}(?P<day>\d{{1,2}}){_ORDINAL}(?P<of>(?: of)? (?:this|the|next) month)?",
        _day_of_month,
    ),
    (r"the (?P<day>\d{1,2})(?P<of>)", _day_of_month),
)
_DATE = "(?:" + "|".join(unnamed(pattern) for pattern, _ in _DATES) + ")"
_WEEK_NAME = rf"(?P<name>(?:the )?week (?:commencing|beginning|starting|of) (?P<start>{_DATE})|{_PLAIN_WEEK})"
_THIS_MONTH = "(?:(?:the )?month after next|(?:this|the|next|the following|the coming) month)"
_MONTH_NAME = rf"(?P<name>{_THIS_MONTH}|(?:next |this )?{MONTH})"
# A month's name alone may be no month at all ("we may decide"), so a word must introduce it.
_PART_OF_MONTH = rf"(?:(?P<part>{_PARTS}|in|during|by)(?: on)?(?: in| of)? )"
_WHICH = "this|next|coming|following|(?:the|this) (?:coming|following|next)"
_LATER_UNIT = "(?P<unit>weeks?|fortnights?|months?|calendar (?:days?|weeks?|months?))"
_FROM_NOW = "(?: time| from now| hence)?"
DAY_FORMS: tuple[tuple[str, Reader], ...] = (
    ("(?:the )?day after tomorrow|overmorrow", _day_after_tomorrow),
    (rf"(?P<n>{NUMBER}) weeks? (?:on|from) (?P<start>{WEEKDAY}|today|tomorrow|now|{_DATE})", _weeks_from_day),
    (rf"week on (?P<start>{WEEKDAY})", _weeks_from_day),
    (rf"(?P<n>a) week (?P<start>today|tomorrow|{WEEKDAY})", _weeks_from_day),
    (rf"(?P<start>{WEEKDAY}|today|tomorrow) week", _weeks_from_day),
    *_DATES,
    (rf"(?P<weekday>{WEEKDAY})(?: of| in)? (?P<week>{_PLAIN_WEEK})", _weekday_of_week),
    (rf"(?P<week>{_PLAIN_WEEK})(?: on)? (?P<weekday>{WEEKDAY})", _weekday_of_week),
    (rf"{_PART}{_WEEK_NAME}", _week),
    (rf"(?:(?P<which>{_WHICH}) )?(?P<weekday>{WEEKDAY})", _weekday),
    ("mid ?week|(?:the )?middle of the week", _midweek),
    ("week ?end|eow|end of (?:the )?working week", _end_of_week),
    ("(?:the |this )?weekend", _weekend),
    (rf"(?P<n>{NUMBER}) (?P<joint>to|or) (?P<m>{NUMBER}) {_LATER_UNIT}{_FROM_NOW}", _between_counts),
    ("an? (?P<unit>week|month|fortnight) or (?P<more>two|three|so)", _one_or_two),
    (rf"(?P<n>{NUMBER}) {_LATER_UNIT}{_FROM_NOW}", _later),
    (rf"(?:{_END_PART}(?: of)? )(?:(?:the|this) )?(?:calendar )?year|year end|eoy", _end_of_year),
    (
        rf"(?:{_END_PART}(?: of)? )(?:(?:the|this) )?(?:quarter|q(?P<quarter>[1-4]))|quarter end|eoq",
        _end_of_quarter,
    ),
    (rf"(?:{_END_PART}(?: of)? )(?:(?:the|this) )?month|month end|eom", _end_of_month),
    (rf"(?:the )?(?P<which>first|last) week (?:of|in) {_MONTH_NAME}{_YEAR}(?P<part>)", _week_of_month),
    (rf"{_PART_OF_MONTH}{_MONTH_NAME}{_YEAR}", _month),
    (rf"(?P<part>)(?P<name>{_THIS_MONTH}|(?:next|this) {MONTH}){_YEAR}", _month),
    (rf"(?P<part>)(?P<name>{MONTH}) (?P<year>\d{{4}})", _month),
    ("christmas(?P<eve> eve)?(?: day)?|xmas", _christmas),
    ("tomorrow", _tomorrow),
    ("tonight|this evening", _tonight),
    ("(?:later )?today", _today),
)
_COMPILED = tuple((re.compile(pattern), reader) for pattern, reader in DAY_FORMS)
DAYS = "(?:" + "|".join(unnamed(pattern) for pattern, _ in DAY_FORMS) + ")"
