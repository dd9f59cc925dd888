"""Reads promises that wait for an event: 'after second round on the 21st', 'once budget is approved'."""

import re
from datetime import date

from app.rules.phrase_days import DAYS, read_days
from app.rules.phrase_doubts import is_small_talk
from app.rules.phrase_readings import Reading, Said, on_days
from app.rules.timescales import Timescale
from app.rules.vocabulary import TimescaleKind

_DATED = re.compile(
    r"\b(?:(?P<by>by|before|no later than) |on |in |at |this |(?:due|scheduled|planned)(?: for| on)? )?"
    rf"(?P<days>{DAYS})\b"
)
_IDLE_WORDS = re.compile(
    r"\b(?:the|a|an|our|their|my|his|her|your|is|are|was|has|have|had|been|being|gets|get|got|be|will"
    r"|weve|ive|theyve|shes|hes|theyre)\b ?"
)
_OPENING = re.compile(r"^(?:we|i|they|you|of) ")


def read_event(said: Said, text: str, offset: int | None) -> Reading:
    """An event, with its day if one is named; 'once we have met, by Friday' is Friday, and makes us ask."""
    dated = max(_DATED.finditer(text), key=lambda found: len(found[0]), default=None)
    days = read_days(dated["days"], said) if dated else None
    if dated is None or days is None:
        return event_on(None, text, said, offset, ask=True)
    if dated["by"]:
        return on_days(days, said, ask=True)
    before, rest = text[: dated.start()], text[dated.end() :]
    ask = days.ask or days.first != days.last or not text.replace(dated[0], "").strip()
    left_over = before.strip() != "" and not is_small_talk(rest)
    event = before if before.strip() else text
    return event_on(days.last, event, said, offset, ask=ask or left_over)


def event_on(day: date | None, event: str, said: Said, offset: int | None, *, ask: bool) -> Reading:
    """The promise to answer some working days after an event, on a day or on one not known."""
    timescale = Timescale(
        TimescaleKind.AFTER_EVENT,
        said.given_at,
        event=_event_name(event),
        event_date=day,
        offset_working_days=offset,
    )
    return Reading(timescale, ask)


def _event_name(text: str) -> str:
    """The event in few words: 'the hiring manager is back from holiday' is 'hiring manager back'."""
    name = _IDLE_WORDS.sub("", re.sub(r"\bback\b.*", "back", text)).strip()
    return _OPENING.sub("", name).strip() or text.strip()
