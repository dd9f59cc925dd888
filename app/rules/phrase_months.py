"""Reads the words for months, quarters and years: 'end of the month', 'mid-August', 'end of Q3'."""

import re
from datetime import date, timedelta

from app.rules.phrase_readings import FAR_AHEAD, Days, DaysReader, Said, Words, month_end, one, stepped
from app.rules.phrase_words import EARLY, END_PART, LATE, MID, MONTH, PARTS, month

_DECEMBER = 12


def _month(words: Words, said: Said) -> Days:
    """'End of the month' is its last working day; any other part of a month makes us ask."""
    first = _month_named(words["name"], words["year"], said)
    last = month_end(first.year, first.month)
    part = words["part"] or ""
    far = not words["year"] and first - said.today > FAR_AHEAD
    client = said.client
    if MID.match(part):
        return one(client.on_or_after(first.replace(day=15)), ask=True)
    if EARLY.match(part):
        return Days(client.on_or_after(first), client.on_or_after(first.replace(day=7)), ask=True)
    if LATE.match(part):
        return Days(client.on_or_after(first.replace(day=21)), client.on_or_before(last), ask=True)
    if part not in {"", "in", "during"}:
        return one(client.on_or_before(last), ask=far or part == "by")
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
        return stepped(this, ahead, "month")
    wanted = month(name.removeprefix("next ").removeprefix("this "))
    if year:
        return date(int(year), wanted, 1)
    return date(this.year + (wanted < this.month), wanted, 1)


def _end_of_month(_: Words, said: Said) -> Days:
    return one(said.client.on_or_before(month_end(said.today.year, said.today.month)))


def _end_of_quarter(words: Words, said: Said) -> Days:
    """A quarter of the calendar year; the client's financial year may differ, so we ask."""
    quarter = int(words["quarter"] or (said.today.month + 2) // 3)
    passed = 3 * quarter < said.today.month
    return one(said.client.on_or_before(month_end(said.today.year + passed, 3 * quarter)), ask=True)


def _end_of_year(_: Words, said: Said) -> Days:
    return one(said.client.on_or_before(date(said.today.year, _DECEMBER, 31)))


def _christmas(words: Words, said: Said) -> Days:
    day = date(said.today.year, _DECEMBER, 24 if words["eve"] else 25)
    return one(day if day >= said.today else day.replace(year=day.year + 1), ask=day == said.today)


_THIS_MONTH = "(?:(?:the )?month after next|(?:this|the|next|the following|the coming) month)"
_MONTH_NAME = rf"(?P<name>{_THIS_MONTH}|(?:next |this )?{MONTH})"
_YEAR = r"(?: (?P<year>\d{4}))?"
# A month's name alone may be no month at all ("we may decide"), so a word must introduce it.
_PART_OF_MONTH = rf"(?:(?P<part>{PARTS}|in|during|by)(?: on)?(?: in| of)? )"
MONTHS: tuple[tuple[str, DaysReader], ...] = (
    (rf"(?:{END_PART}(?: of)? )(?:(?:the|this) )?(?:calendar )?year|year end|eoy", _end_of_year),
    (
        rf"(?:{END_PART}(?: of)? )(?:(?:the|this) )?(?:quarter|q(?P<quarter>[1-4]))|quarter end|eoq",
        _end_of_quarter,
    ),
    (rf"(?:{END_PART}(?: of)? )(?:(?:the|this) )?month|month end|eom", _end_of_month),
    (rf"(?:the )?(?P<which>first|last) week (?:of|in) {_MONTH_NAME}{_YEAR}(?P<part>)", _week_of_month),
    (rf"{_PART_OF_MONTH}{_MONTH_NAME}{_YEAR}", _month),
    (rf"(?P<part>)(?P<name>{_THIS_MONTH}|(?:next|this) {MONTH}){_YEAR}", _month),
    (rf"(?P<part>)(?P<name>{MONTH}) (?P<year>\d{{4}})", _month),
    ("christmas(?P<eve> eve)?(?: day)?|xmas", _christmas),
)
