"""Reads promises that wait for an event: 'after second round on the 21st', 'once budget is approved'."""

import re
from datetime import date

from app.rules.phrase_days import DAYS, read_days
from app.rules.phrase_doubts import is_small_talk
from app.rules.phrase_readings import Reading, Said, on_days
from app.rules.phrase_times import TIME
from app.rules.timescales import Timescale
from app.rules.vocabulary import TimescaleKind

_DATED = re.compile(
    r"(?<!\w)(?:(?P<by>by|before|no later than) |on |in |at |this |(?:due|scheduled|planned)(?: for| on)? )?"
    rf"(?P<days>{DAYS})\b"
)
_TIME = re.compile(rf"(?<!\w){TIME}\b")
_IDLE_WORDS = re.compile(
    r"\b(?:the|a|an|our|their|my|his|her|your|is|are|was|has|have|had|been|being|gets|get|got|be|will"
    r"|weve|ive|theyve|shes|hes|theyre)\b ?"
)
# An event said to be so is doubtful, or is none but the answer itself.
_DOUBTFUL = re.compile(
    r"\b(?:(?:decide|confirm|respond|answer|tell|know|hear)s?|repl(?:y|ies)|lets?"
    r"|maybe|perhaps|possibly|may|might|not|or|if|unless|until|till?|from|since|around|about)\b"
)
_SPEAKER = "(?:we|weve|i|im|ive|ill|they|theyre|theyve|he|hes|she|shes)"
_WHO = "(?:(?:the |our |my )?(?:manager|client|team|hr|decision|feedback|answer)|you|it|there)"
_WILL = "(?:will|would|should|shall|(?:hope|expect|plan|aim|going)s? to)"
# In the clause of an event this begins another one, the promise: 'after the panel we will let you know'.
MAIN_CLAUSE = rf"(?:(?<!and )(?<!that ){_SPEAKER}|(?:{_WHO} )?{_WILL})\b"
_MAIN_CLAUSE = re.compile(f" (?={MAIN_CLAUSE})")
_OPENING = re.compile(r"^(?:we|i|they|you|of) ")


def read_event(said: Said, text: str, offset: int | None) -> Reading:
    """An event, with its day if one is named; 'once we have met, by Friday' is Friday, and makes us ask."""
    event, _, promise = _MAIN_CLAUSE.sub("\n", text, count=1).partition("\n")
    dated = [(found, days) for found in _DATED.finditer(event) if (days := read_days(found["days"], said))]
    if not dated:
        return event_on(None, event, said, offset, ask=True)
    found, days = max(dated, key=lambda one: (one[0]["by"] is not None, one[1].last))
    if found["by"]:
        return on_days(days, said, ask=True)
    before, rest = event[: found.start()], event[found.end() :]
    plain = len(dated) == 1 and days.first == days.last and not _DOUBTFUL.search(event)
    named = not is_small_talk(_TIME.sub(" ", f"{before} {rest}"))
    small = is_small_talk(promise) and (before.strip() == "" or is_small_talk(rest))
    ask = days.ask or not (plain and named and small)
    name = before if _IDLE_WORDS.sub("", before).strip() else event
    return event_on(days.last, name, said, offset, ask=ask)


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
