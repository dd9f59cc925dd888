"""Reads how clients say when they will answer (section 2, 'Reading a phrase').

A table of statements is searched in the phrase; the longest match is the reading. Words left over that
are more than small talk make it a proposal to confirm: nothing is guessed silently.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.errors import CalendarRangeError
from app.rules.calendar import WorkingCalendar, local_instant
from app.rules.phrase_counts import (
    read_day_of_interview,
    read_day_or_two,
    read_hours,
    read_minutes,
    read_next_working_day,
    read_weeks_after_interview,
    read_working_days,
)
from app.rules.phrase_days import DAYS, read_days
from app.rules.phrase_doubts import is_doubtful, is_small_talk
from app.rules.phrase_events import MAIN_CLAUSE, event_on, read_event
from app.rules.phrase_readings import Days, Reading, Said, Words, on_days
from app.rules.phrase_spellings import normal, plain
from app.rules.phrase_times import CLOSE, CLOSE_OF, END_OF_DAY, HOUR, TIME, ZONE, read_clock, soonest, zoned
from app.rules.phrase_words import AS_SOON_AS_POSSIBLE, NUMBER, POSSIBLE, WEEKDAY, number, weekday
from app.rules.timescales import Timescale, expected_by
from app.rules.vocabulary import TimescaleAnchor, TimescaleKind

LONGEST_PHRASE = 1_000


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A reading of a phrase, the latest instant it allows (UTC), and whether to ask before storing it."""

    timescale: Timescale
    expected_by: datetime | None
    needs_confirmation: bool


Reader = Callable[[Words, Said], Reading | None]


def interpret(
    phrase: str,
    given_at: datetime,
    client: WorkingCalendar,
    *,
    interview_end: datetime | None = None,
    event_offset: int = 1,
) -> Interpretation:
    """Read a phrase said at `given_at` by a client with this calendar (section 2).

    Times without a zone are the client's. Never raises on any text: words that cannot be read, or that
    lead past the known holidays, come back as kind unknown, to be confirmed.
    """
    said = Said(given_at, client, interview_end, event_offset)
    unread = Interpretation(Timescale(TimescaleKind.UNKNOWN, given_at), None, needs_confirmation=True)
    try:
        reading = _read(_spelt_out(phrase), said)
        return _interpretation(reading, said, ask="?" in phrase) if reading else unread
    except (CalendarRangeError, OverflowError):
        return unread


def _spelt_out(phrase: str) -> str:
    """The phrase made plain; nothing of one that is too long for a phrase, as it stands or once spelt out."""
    text = phrase if len(phrase) <= LONGEST_PHRASE else ""
    for made_plain in (normal, plain):
        text = made_plain(text)
        if len(text) > LONGEST_PHRASE:
            return ""
    return text


def _interpretation(reading: Reading, said: Said, *, ask: bool) -> Interpretation:
    timescale = reading.timescale
    if timescale.anchor is TimescaleAnchor.INTERVIEW and said.interview_end is None:
        return Interpretation(timescale, None, needs_confirmation=True)
    end = said.interview_end or said.given_at
    by = expected_by(timescale, said.client, interview_end=end, event_offset=said.event_offset)
    passed = by is not None and by < said.given_at
    return Interpretation(timescale, by, needs_confirmation=ask or reading.ask or passed)


def _read(text: str, said: Said) -> Reading | None:
    whole = _IDLE_COMMA.sub("", text)
    return _behind_event(text, said) or _longest_statement(whole, said) or _no_promise(whole, said)


def _behind_event(text: str, said: Said) -> Reading | None:
    """'After the panel we will let you know on Friday': the promise is what follows, and makes us ask."""
    words = _INTRODUCTION.search(text)
    promise = _longest_statement(_IDLE_COMMA.sub("", words["promise"]), said) if words else None
    return promise._replace(ask=True) if promise else None


def _longest_statement(text: str, said: Said) -> Reading | None:
    for words, reader in _longest_first(text):
        if reading := reader(words, said):
            return reading._replace(ask=reading.ask or is_doubtful(words))
    return None


def _longest_first(text: str) -> list[tuple[Words, Reader]]:
    """Every statement found, times without a day last; among equals in length the table decides."""
    found = [(words, reader) for pattern, reader in _STATEMENTS for words in pattern.finditer(text)]
    return sorted(found, key=_rank)


def _rank(match: tuple[Words, Reader]) -> tuple[bool, int]:
    words, _ = match
    names_a_day = words.groupdict().get("days", "whatever it counts")
    return not names_a_day, words.start() - words.end()


def _no_promise(text: str, said: Said) -> Reading | None:
    left_over, times = _NO_PROMISE.subn(" ", text)
    unknown = Timescale(TimescaleKind.UNKNOWN, said.given_at)
    return Reading(unknown, ask=not is_small_talk(left_over)) if times else None


# --- Days and spans of days ----------------------------------------------------------------------------


def _by_days(words: Words, said: Said) -> Reading | None:
    """'By Friday'; but of 'she is back on Friday' at best the answer follows, as 'when she is back' has it."""
    days = read_days(words["days"], said)
    if days is None:
        return None
    presence = _PRESENCE.search(words.string[: words.start()])
    if presence:
        return event_on(days.last, words.string[: presence.end("there")], said, said.event_offset, ask=True)
    return on_days(days, said)


def _before_days(words: Words, said: Said) -> Reading | None:
    """'Before Friday' and 'by Easter' end the working day before; 'before the end of Friday' is still Friday."""
    days = read_days(words["days"], said)
    if days is None:
        return None
    if re.search("end|close|eo[wmqy]", words["days"]):
        return on_days(days, said)
    day = said.client.day_before(days.first, 1)
    return on_days(Days(day, day), said, ask=True)


def _from_now(words: Words, said: Said) -> Reading | None:
    """'Within the next week' is within a week from now, whereas 'next week' is that of the calendar."""
    days = read_days(f"a {words['unit']}", said)
    return on_days(days, said) if days else None


def _by_number(words: Words, said: Said) -> Reading | None:
    """'By 20' is the 20th rather than eight in the evening, but who knows."""
    days = read_days(f"the {words['day']}", said)
    return on_days(days, said, ask=True) if days else None


def _not_before_days(words: Words, said: Said) -> Reading | None:
    days = read_days(words["days"], said)
    return on_days(Days(days.last, days.last), said, ask=True) if days else None


def _from_to(words: Words, said: Said) -> Reading | None:
    """'Between Monday and Wednesday'; 'Monday or Tuesday next week' takes both from next week, and asks."""
    last = read_days(words["end"], said)
    first = read_days(words["begin"], said)
    if first is None or last is None:
        return None
    begin, end = first.first, last.last
    if re.fullmatch(WEEKDAY, words["begin"]):
        begin = end - timedelta(days=(end.weekday() - weekday(words["begin"])) % 7)
    passed = begin < said.today and re.fullmatch(WEEKDAY, words["end"]) is not None
    shift = timedelta(days=7 if passed else 0)
    disordered = begin > end or first.last > last.last
    ask = first.ask or last.ask or words["joint"] == "or" or disordered or passed
    return on_days(Days(min(begin, end) + shift, max(begin, end) + shift), said, ask=ask)


# --- Times of day --------------------------------------------------------------------------------------


def _at_time(words: Words, said: Said) -> Reading | None:
    """'Friday at 3pm', 'by 5pm tomorrow', 'Monday EOD', or a time alone: see soonest."""
    groups = words.groupdict()
    time_said = groups.get("time") or ""
    clock = read_clock(time_said) if time_said else END_OF_DAY
    days = read_days(groups["days"], said) if groups["days"] else soonest(clock, groups, said)
    if clock is None or days is None:
        return None
    if clock.at is None:
        return on_days(days, said, ask=clock.ask)
    day = days.first if time_said.startswith("first thing") else days.last
    at, seasonal = zoned(day, clock.at, groups.get("zone"), said)
    ask = clock.ask or days.ask or days.first != days.last or seasonal
    return Reading(Timescale(TimescaleKind.INSTANT, said.given_at, at=at), ask)


def _in_the_morning(_: Words, said: Said) -> Reading:
    """Of tomorrow, for today's is 'this morning'; but early in the day it may be today's, so we ask."""
    noon = local_instant(said.client.zone, said.client.day_after(said.today, 1), time(12))
    return Reading(Timescale(TimescaleKind.INSTANT, said.given_at, at=noon), ask=True)


def _after_time(words: Words, said: Said) -> Reading | None:
    """'After 3pm on Friday' is still Friday; after the day's work, or 'not until', is asked."""
    clock = read_clock(words["time"]) or END_OF_DAY
    days = read_days(words["days"], said) if words["days"] else soonest(clock, words.groupdict(), said)
    if days is None:
        return None
    closing = said.client.end_of(days.last)
    late = clock.at is None or zoned(days.last, clock.at, words["zone"], said)[0] >= closing
    return on_days(days, said, ask=clock.ask or late or words["open"] is not None)


# --- Events --------------------------------------------------------------------------------------------


def _after_event(words: Words, said: Said) -> Reading:
    """'After second round on the 21st'; a promise before an event without a date counts, but makes us ask."""
    reading = read_event(said, words["event"], said.event_offset)
    if words[0].startswith("by the time"):
        reading = reading._replace(ask=True)
    if reading.timescale.event_date or reading.timescale.date:
        return reading
    promise = _longest_statement(words.string[: words.start()], said)
    return promise._replace(ask=True) if promise else reading


def _on_day_of_event(words: Words, said: Said) -> Reading:
    """'On the day of the panel on 22 July' is still that day."""
    return read_event(said, words["event"], 0)


def _counted_after_event(words: Words, said: Said) -> Reading:
    """'Two days after the panel on 3 August': offsets count working days, so plain days make us ask."""
    n, vague = number(words["n"] or "a")
    unit = words["unit"]
    days_each = 10 if "fortnight" in unit else 5 if "week" in unit else 1
    reading = read_event(said, words["event"], n * days_each)
    exact = "working" in unit or "business" in unit or (words["n"] is None and unit == "day")
    return reading._replace(ask=reading.ask or vague or not exact)


# --- The tables ----------------------------------------------------------------------------------------

# 'In' before these tells who is there, not when: 'he is in tomorrow'.
_IN = rf"in(?! (?:{WEEKDAY}|today|tomorrow|tonight|this|(?:\w+ )?next (?:week|month))\b)"
_SO_LONG = rf"{NUMBER} (?:\w+ )?(?:day|week|month|hour|minute|min|fortnight|wd|bd)s?\b"
# 'For two weeks' tells how long something lasts.
_FOR = rf"for(?! {_SO_LONG})"
_BY = (
    "(?:(?:due|sometime|some time|at the latest) )?"
    f"(?:(?:on or before|by|on|at|{_IN}|within|inside|(?:in )?under|{_FOR}|during|come|over(?= the )|until|till?"
    "|up to|max(?:imum)?(?: of)?|at most|(?:no|not) (?:later|more|longer) than) )?"
    rf"(?:(?:sometime|some time) )?(?:(?:the )?(?:next|following|coming) (?={_SO_LONG}))?"
)
_PART_OF_DAY = "(?: (?:in the )?(?:morning|afternoon|evening))?"
_UNTIL = "(?:at|by|before|for|in the|no later than)"
_COUNT = rf"(?P<n>{NUMBER})(?: more)?(?: (?P<joint>to|or) (?P<m>{NUMBER}))?"
_DAY_UNIT = (
    "(?P<unit>(?:full |clear )?(?:working|business|week|office) ?days?|wds?|bds?"
    "|(?:working|business) weeks?|days?)"
)
_THE_INTERVIEW = "(?:(?:the|our|his|her|their) )?interview"
_INTERVIEW = f"(?P<interview> (?:after|from|of|following|post|since) {_THE_INTERVIEW})"
_SPAN = rf"(?:(?P<n>{NUMBER})|the) (?P<unit>(?:working |business )?(?:days?|weeks?|fortnights?))"
_FROM = "(?:between |from |either )?"
_JOINT = "to|or|and|through|till|until"
_NOT_BEFORE = "(?:(?:not|nothing|not anything) (?:before|until|till)|(?:no|not) (?:earlier|sooner) than)"
_AFTER = (
    "(?:after|once(?! (?:an?|more|again|every)\\b)|when|as soon as|following(?! up\\b)|pending|upon"
    "|(?<!will )(?<!to )post|subject to|depends on|depending on|awaiting"
    "|waiting (?:for|on)|(?:not )?until(?: after)?|by the time)"
)
_NEWS = "(?:(?:any|some|an|a|the) )?(?:news|update|decision|answer|more|something)"
# What others do first is an event: 'once we hear from the board', 'when we know the budget'.
_OF_OTHERS = (
    rf"(?! (?:back )?(?:from|on (?!{WEEKDAY}\b|the \d|\d))"
    r"| (?:the|our|their|his|her) (?!(?:decision|answer|outcome|results?)\b))"
)
_AT_ONCE = f"{POSSIBLE}|ready"
_CIRCULAR = (
    rf"(?:{_AT_ONCE}|{_NEWS}\b{_OF_OTHERS}.*"
    rf"|(?:we|i|they) (?:(?:know|hear|decide|(?:get|have) {_NEWS})\b{_OF_OTHERS}"
    r"|(?:can|could)\b(?! (?:get (?!back|it)|see|meet|speak|agree)\b)).*)"
)

_HOUR = rf"(?:{HOUR}|{CLOSE}|(?:work|hours)(?= (?:on |today|tomorrow|{WEEKDAY})|$))"
_AN_EVENT = rf"(?!(?:{_CIRCULAR}|that|this|then|lunch)$|(?:{_AT_ONCE}|then|{_HOUR})\b)"

_STATEMENT_TABLE: tuple[tuple[str, Reader], ...] = (
    (r"(?:by|no later than) (?P<days>christmas|xmas|easter|(?:the )?new year)", _before_days),
    (rf"{_BY}(?P<days>{DAYS})", _by_days),
    (rf"(?:before|prior to|ahead of) (?P<days>{DAYS})", _before_days),
    (rf"{_NOT_BEFORE} (?P<days>{DAYS})", _not_before_days),
    ("(?:in|within|inside|over|during) the next (?P<unit>week|month|fortnight)", _from_now),
    (r"by (?P<day>1[3-9]|2\d|3[01])", _by_number),
    (rf"{_BY}{_FROM}(?P<begin>{DAYS}) (?P<joint>{_JOINT}) (?P<end>{DAYS})", _from_to),
    (
        rf"{_BY}(?P<days>{DAYS}),?{_PART_OF_DAY}(?: {_UNTIL})? (?:(?P<time>{TIME}){ZONE}|{CLOSE}|close)",
        _at_time,
    ),
    (rf"{_BY}(?:before )?(?:(?P<time>{TIME}){ZONE}|{CLOSE_OF})(?: (?:on|of|in))? (?P<days>{DAYS})", _at_time),
    (rf"{_BY}(?:before )?(?P<days>)the morning", _in_the_morning),
    (rf"{_BY}(?:before |this )?(?P<time>{TIME}){ZONE}(?P<days>)", _at_time),
    (rf"{_BY}(?:before )?{CLOSE}(?P<days>)", _at_time),
    (rf"{_BY}{_COUNT} {_DAY_UNIT}(?: time| from (?:now|today))?", read_working_days),
    (rf"{_BY}{_COUNT} {_DAY_UNIT}{_INTERVIEW}", read_working_days),
    (rf"{_BY}(?:an?|the next) day or (?P<more>two|three|so)", read_day_or_two),
    (rf"{_BY}(?:the )?(?:next|following) (?:working |business )day{_INTERVIEW}?", read_next_working_day),
    (rf"{_BY}(?:the )?(?:same |very )?day (?:of|as) {_THE_INTERVIEW}", read_day_of_interview),
    (rf"{_BY}(?:the )?day{_INTERVIEW}", read_next_working_day),
    (rf"{_BY}{_COUNT} hours?(?: time| from now|{_INTERVIEW})?", read_hours),
    (
        rf"{_BY}(?:(?P<n>{NUMBER}) min(?:ute)?s?|half an hour|(?:the |the next |next )hour)(?: time| from now)?",
        read_minutes,
    ),
    (rf"{_BY}(?P<span>{NUMBER} (?:weeks?|fortnights?|months?)){_INTERVIEW}", read_weeks_after_interview),
    (
        rf"(?P<open>not until )?(?:after|past) (?P<time>{_HOUR}){ZONE}(?:(?: on| of)? (?P<days>{DAYS}))?",
        _after_time,
    ),
    (rf"{_AFTER} {_AN_EVENT}(?P<event>.+)", _after_event),
    (rf"{_BY}(?:the )?(?:same |very )?day (?:of|as) (?P<event>.+)", _on_day_of_event),
    (rf"{_BY}{_SPAN} (?:after|following|from|of|post) (?P<event>.+)", _counted_after_event),
)
_NO_PROMISE_TABLE = (
    f"{AS_SOON_AS_POSSIBLE}|soon(?:ish)?|sooner rather than later|shortly",
    f"(?:once|when(?:ever)?|after|as soon as|until) {_CIRCULAR}",
    "any (?:day|time|moment)(?: now)?|imminently|before long|(?:with)?in (?:the coming )?(?:days|weeks)",
    "in (?:due course|good time|time|the near future|the fullness of time)",
    "(?:let|keep) you (?:know|posted|updated|informed)|(?:be|stay|get) in touch|(?:get|come|be) back to you",
    "(?:no|not an?y?|havent any) (?:idea|clue|timescales?|timelines?|time ?frames?|date|news|update|rush)",
    "(?:not|un) ?(?:yet )?(?:sure|known|decided|clear|certain|confirmed)|dunno|undecided|nothing yet",
    "(?:dont|do not|didnt|did not|doesnt|wont|cant|cannot|couldnt) (?:yet )?(?:know|say|tell|commit)",
    "tb[acd]|to be (?:advised|announced|confirmed|decided|determined)|n or a|na|none",
    "(?:hard|difficult|too early|too soon|impossible|tough) to (?:say|tell)|who knows|up in the air",
    "at some (?:point|stage)|some ?time|eventually|whenever|one day|as and when|later|ongoing|open ended",
    "leave it with (?:me|us)|watch this space|(?:you|youll) hear(?: from (?:us|me))?|(?:ring|call) you",
)
_STATEMENTS = tuple(
    (re.compile(rf"(?<![\w.:/])(?:{pattern})\b"), reader) for pattern, reader in _STATEMENT_TABLE
)
# A comma behind an ordinal tells that no noun of its own follows: 'by the 21st, Sarah tells me'.
_IDLE_COMMA = re.compile(r"(?<!\d(?:st|nd|rd|th)),")
_INTRODUCTION = re.compile(
    rf"\b(?:{_AFTER}|{_SPAN} (?:after|following)) {_AN_EVENT}[^,]+?"
    rf"(?:, (?!(?:at )?\d{{1,2}}(?:[:.]| ?(?:am|pm|oclock)\b))|[ ](?={MAIN_CLAUSE}))(?P<promise>.+)"
)
_PRESENCE = re.compile(
    r"\b(?P<there>(?:is|are|am|im|be|hes|shes|theyre) (?:back|in))"
    r"(?: (?:from|at|in|off) (?:the )?(?:office|work|leave|holiday))? $"
)
_NO_PROMISE = re.compile(rf"(?<!\w)(?:{'|'.join(_NO_PROMISE_TABLE)})\b")
