"""Reads the words for days: 'tomorrow', 'next Friday', 'early next week', 'in a fortnight'.

Every reading follows section 2 of the rulebook: weeks are ISO weeks in the client's zone.
"""

import re
from dataclasses import replace
from datetime import date, timedelta

from app.rules.phrase_dates import DATE, DATES
from app.rules.phrase_months import MONTHS
from app.rules.phrase_readings import Days, DaysReader, Said, Words, is_other_weekday, one, stepped
from app.rules.phrase_words import EARLY, LATE, MID, NUMBER, PARTS, WEEKDAY, number, unnamed, weekday


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


def _working(day: date, said: Said) -> Days:
    """The day, or the next working day if the speaker cannot have meant a day off: then we ask."""
    working = said.client.on_or_after(day)
    return one(working, ask=working != day)


def _working_as_named(day: date, words: Words, said: Said) -> Days:
    """The same; we ask as well if the weekday said with the day is another."""
    days = _working(day, said)
    return replace(days, ask=days.ask or is_other_weekday(words, day))


def _today(words: Words, said: Said) -> Days:
    return _working_as_named(said.today, words, said)


def _tonight(_: Words, said: Said) -> Days:
    return one(said.today, ask=True)


def _tomorrow(words: Words, said: Said) -> Days:
    return _working_as_named(said.today + timedelta(days=1), words, said)


def _day_after_tomorrow(_: Words, said: Said) -> Days:
    return _working(said.today + timedelta(days=2), said)


def _later(words: Words, said: Said) -> Days:
    """'In two weeks', 'in 10 calendar days', 'a month': counted in calendar days from today."""
    groups = words.groupdict()
    n, vague = number(groups.get("n") or "a")
    unit = words["unit"]
    day = stepped(said.today, n, unit)
    since_when = groups.get("more") is not None
    return one(day, ask=vague or since_when or "month" in unit or not said.client.is_working_day(day))


def _between_counts(words: Words, said: Said) -> Days:
    """'One to two weeks'; we ask after 'two or three weeks', and after months as after one alone."""
    fewest, vague = number(words["n"])
    most, _ = number(words["m"])
    unit = words["unit"]
    first, last = sorted(stepped(said.today, n, unit) for n in (fewest, most))
    ask = vague or "month" in unit or words["joint"] != "to" or not said.client.is_working_day(last)
    return Days(first, last, ask)


def _one_or_two(words: Words, said: Said) -> Days:
    """'A week or two', 'a week or so': never more than a guess."""
    most = {"two": 2, "three": 3}.get(words["more"], 1)
    unit = words["unit"]
    return Days(stepped(said.today, 1, unit), stepped(said.today, most, unit), ask=True)


# --- Weekdays ------------------------------------------------------------------------------------------


def _strictly_later(day: date, wanted: int) -> date:
    return day + timedelta(days=(wanted - day.weekday() - 1) % 7 + 1)


def _weekday(words: Words, said: Said) -> Days:
    """The next such day strictly later; 'next Friday' is that of the next ISO week, and makes us ask."""
    wanted, which = weekday(words["weekday"]), (words["which"] or "").rpartition(" ")[2]
    if which in {"next", "following"}:
        return one(said.monday(1) + timedelta(days=wanted), ask=True)
    day = _strictly_later(said.today, wanted)
    beyond_this_week = which == "this" and day >= said.monday(1)
    return one(day, ask=wanted == said.today.weekday() or beyond_this_week)


def _weekday_after_next(words: Words, said: Said) -> Days:
    """A week after 'next Friday', and as doubtful."""
    return one(said.monday(2) + timedelta(days=weekday(words["weekday"])), ask=True)


def _weekday_of_week(words: Words, said: Said) -> Days | None:
    week = read_days(words["week"], said)
    return week and one(
        week.first - timedelta(days=week.first.weekday()) + timedelta(days=weekday(words["weekday"])),
        ask=week.ask,
    )


def _weeks_from_day(words: Words, said: Said) -> Days | None:
    """'A week on Friday', 'Friday week', 'two weeks from tomorrow': literal days, counted in weeks."""
    n, vague = number(words.groupdict().get("n") or "a")
    days_each = 14 if "fortnight" in words["unit"] else 7
    literal = {"today": 0, "now": 0, "tomorrow": 1}.get(words["start"])
    start = read_days(words["start"], said) if literal is None else one(said.today + timedelta(days=literal))
    if start is None:
        return None
    day = start.last + timedelta(days=days_each * n)
    day_off = literal is not None and not said.client.is_working_day(day)
    return one(day, ask=vague or start.ask or day_off)


# --- Weeks ---------------------------------------------------------------------------------------------


def _week(words: Words, said: Said) -> Days | None:
    """'Next week' is Monday to Friday; its end, start and middle are sections of it."""
    name, part = words["name"], words["part"] or ""
    of_this_week = name in {"week", "the week"}
    if of_this_week and MID.match(part):
        return _midweek(words, said)
    week = _week_of(words["start"], name, said) if words["start"] else _week_ahead(name, said)
    days = week and _part_of_week(part, week, said)
    if days is None or not of_this_week:
        return days
    if EARLY.match(part) and days.last < said.today:
        days = _part_of_week(part, _week_ahead("next week", said), said)
    return replace(days, ask=days.ask or part == "" or bool(EARLY.match(part)))


def _week_of(text: str, name: str, said: Said) -> Days | None:
    """'Week commencing 20 July'; we ask if that is no Monday."""
    start = read_days(text, said)
    if start is None:
        return None
    monday = start.first - timedelta(days=start.first.weekday())
    elsewhere = start.first != monday and re.search("week (?:of|ending)", name) is None
    return Days(monday, monday + timedelta(days=4), start.ask or elsewhere)


def _week_ahead(name: str, said: Said) -> Days:
    ahead = 2 if "after next" in name else 1 if re.search("next|follow|coming|after", name) else 0
    monday = said.monday(ahead)
    friday = monday + timedelta(days=4)
    first = min(friday, max(monday, said.today))
    return Days(first, friday, ask=bool(re.search("follow|coming|that|week after$", name)))


def _part_of_week(part: str, week: Days, said: Said) -> Days:
    """Early is the first two working days, late the last two, mid Wednesday, the end the last working day."""
    monday = week.first - timedelta(days=week.first.weekday())
    if MID.match(part):
        wednesday = monday + timedelta(days=2)
        return one(wednesday, ask=week.ask or wednesday == said.today)
    every_day = (monday + timedelta(days=n) for n in range(7))
    working = [day for day in every_day if said.client.is_working_day(day)] or [week.first, week.last]
    if part.endswith(" half"):
        working = working[:3] if "first" in part else working[-3:]
        return Days(working[0], working[-1], ask=True)
    if EARLY.match(part):
        return Days(working[0], working[:2][-1], week.ask)
    if LATE.match(part):
        return Days(min(max(working[-2:][0], said.today), working[-1]), working[-1], week.ask)
    return one(working[-1], ask=week.ask) if part else week


def _midweek(_: Words, said: Said) -> Days:
    """Wednesday; said on that day or later, the next one, and we ask."""
    wednesday = said.monday() + timedelta(days=2)
    passed = wednesday <= said.today
    return one(wednesday + timedelta(days=7) if passed else wednesday, ask=passed)


def _end_of_week(_: Words, said: Said) -> Days:
    last = said.client.on_or_before(said.monday() + timedelta(days=6))
    return one(last)


def _weekend(_: Words, said: Said) -> Days:
    return one(said.client.on_or_before(said.monday() + timedelta(days=6)), ask=True)


# --- The table -----------------------------------------------------------------------------------------

_PART = rf"(?:(?P<part>{PARTS})(?: on)?(?: in| of)? )?"
_PLAIN_WEEK = (
    "(?:(?:the )?week after next|the week after"
    "|(?:this|next|the following|following|the coming|coming|the|that) week)"
)
_WEEK_OF = "(?:the )?week (?:commencing|beginning|starting|ending|of)"
_WEEK_NAME = rf"(?P<name>{_WEEK_OF} (?P<start>{DATE}|{WEEKDAY})|{_PLAIN_WEEK})"
_WHICH = "this|next|coming|following|(?:the|this) (?:coming|following|next)"
_LATER_UNIT = "(?P<unit>weeks?|fortnights?|months?|calendar (?:days?|weeks?|months?))"
_WEEKS = "(?P<unit>weeks?|fortnights?)"
_FROM_NOW = "(?: time| from now| hence)?"
DAY_FORMS: tuple[tuple[str, DaysReader], ...] = (
    ("(?:the )?day after tomorrow|overmorrow", _day_after_tomorrow),
    (
        rf"(?P<n>{NUMBER}) {_WEEKS} (?:on|from) (?P<start>{WEEKDAY}|today|tomorrow|now|{DATE})",
        _weeks_from_day,
    ),
    (rf"(?P<n>{NUMBER}) {_WEEKS} (?P<start>today|tomorrow|{WEEKDAY})", _weeks_from_day),
    (rf"{_WEEKS} on (?P<start>{WEEKDAY})", _weeks_from_day),
    (rf"(?P<start>{WEEKDAY}|today|tomorrow) (?P<unit>week|fortnight)", _weeks_from_day),
    (rf"(?:the )?(?P<weekday>{WEEKDAY}) after next", _weekday_after_next),
    *DATES,
    (rf"(?P<weekday>{WEEKDAY})(?: of| in)? (?P<week>{_PLAIN_WEEK})", _weekday_of_week),
    (rf"(?P<week>{_PLAIN_WEEK})(?: on)? (?P<weekday>{WEEKDAY})", _weekday_of_week),
    (rf"{_PART}{_WEEK_NAME}", _week),
    (rf"(?:(?P<which>{_WHICH}) )?(?P<weekday>{WEEKDAY})", _weekday),
    (rf"(?P<part>{PARTS})(?: in| of)? (?P<name>week)(?P<start>)(?! \d)", _week),
    ("mid ?week", _midweek),
    ("week end|eow|end of (?:the )?working week", _end_of_week),
    ("(?:the |this )?weekend", _weekend),
    (rf"(?P<n>{NUMBER}) (?P<joint>to|or) (?P<m>{NUMBER}) {_LATER_UNIT}{_FROM_NOW}", _between_counts),
    ("(?:an?|the next) (?P<unit>week|month|fortnight) or (?P<more>two|three|so)", _one_or_two),
    (rf"(?P<n>{NUMBER})(?P<more> more)? {_LATER_UNIT}{_FROM_NOW}", _later),
    ("(?P<unit>fortnight)", _later),
    ("(?:this|the same|same) time next (?P<unit>week|month)", _later),
    *MONTHS,
    (rf"tomorrow(?: (?P<weekday>{WEEKDAY})(?! week))?", _tomorrow),
    ("tonight|this evening", _tonight),
    (rf"(?:later )?today(?: (?P<weekday>{WEEKDAY})(?! week))?", _today),
)
_COMPILED = tuple((re.compile(pattern), reader) for pattern, reader in DAY_FORMS)
DAYS = "(?:" + "|".join(unnamed(pattern) for pattern, _ in DAY_FORMS) + ")"
