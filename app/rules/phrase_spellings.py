"""Spells a phrase in one way: characters, abbreviations, slips of the pen, times, dates and signs."""

import re
import unicodedata
from collections.abc import Callable

from app.rules.phrase_words import (
    FIRST_TO_NINTH,
    MONTH,
    NO_NOUN,
    TEENS,
    TENTH_TO_LAST,
    UNITS,
    WEEKDAY,
    number,
    ordinal,
)


def normal(phrase: str) -> str:
    """The phrase in lower case and with plain spaces, in the characters that are usual for what it says."""
    return " ".join(unicodedata.normalize("NFKC", phrase).casefold().split())


def plain(text: str) -> str:
    """The normal text with plain dashes, apostrophes, times and dates, ready to be matched.

    What ends a clause is a comma, and stands at the end of a word.
    """
    text = _spelt(text.translate(_SIGNS), _WORDS)
    if _DIGIT.search(text):
        text = _spelt(text, _NUMBERS)
    return _spelt(text, _MARKS).strip(" ,")


_Spelling = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _spelt(text: str, spellings: tuple[_Spelling, ...]) -> str:
    for pattern, replacement in spellings:
        text = pattern.sub(replacement, text)
    return text


def _meant(words: re.Match[str]) -> str:
    return _ABBREVIATED[(words.lastindex or 1) - 1]


def _as_digits(words: re.Match[str]) -> str:
    return str(number(words[0])[0])


def _as_ordinal(words: re.Match[str]) -> str:
    return _nth(words[0])


def _nth(words: str) -> str:
    day = ordinal(words)
    return f"{day}{_SUFFIXES.get(day, 'th')}"


def _as_ordinal_of_month(words: re.Match[str]) -> str:
    return f"{words['month']} {_nth(words['day'])}"


def _as_day_of_month(words: re.Match[str]) -> str:
    return f"{words['month']} {number(words['day'])[0]}"


_SIGNS = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u02bc`\u00b4", "'")
    | dict.fromkeys("~\u2248", " about ")
    | {">": " over ", "+": " plus ", "&": " and "}
)
_MEANT = {
    "tomorrow": "tmrw|tmr|tomo|tmw|tomoz|tomorow|tommorow|tommorrow|tomorro|2moro",
    "wednesday": "wensday|wednsday|wendesday|weds",
    "thursday": "thurday|thrusday",
    "tuesday": "tuseday",
    "monday": "monady",
    "friday": "firday",
    "week commencing": "w ?/ ?[bc]|wc",
    "week ending": "w ?/ ?e",
    "next": "nxt",
    "week": "wk",
    "weeks": r"wks|(?<=\d )w",
    "days": r"dys|(?<=\d )d",
    "hours": r"hrs|(?<=\d )hr|(?<=\bin an )hr|(?<=(?:24|36|48|72) )h",
    "the": "teh",
    "please": "pls|plz",
    "thanks": "thx|tks|thanx",
}
_ABBREVIATED = tuple(_MEANT)
_HOURS = f"(?:{'|'.join(UNITS)}|ten|eleven|twelve)"
_NO_NOUN_AFTER = rf"(?![-\w]| (?!(?:{NO_NOUN}|{MONTH})\b)[a-z])"
_DAY_IN_WORDS = f"(?:{TENTH_TO_LAST}|{FIRST_TO_NINTH})"
_SUFFIXES = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_DAY_COUNT = f"(?:thirty(?: one)?|twenty(?: (?:{'|'.join(UNITS)}))?|{'|'.join(TEENS + UNITS)})"
# 'We may' and 'it may' name no month.
_OF_MONTH = f"(?= (?:(?:of )?(?!may){MONTH}|of may|of (?:this|the|next) month)\\b)"
_AFTER_MONTH = rf"\b(?P<month>(?!may (?!the )){MONTH})(?: the)? "
_UNIT = "(?:days?|weeks?|working|business|hours?|months?)"
_TH = "(?:st|nd|rd|th)?"

_WORDS: tuple[_Spelling, ...] = (
    (re.compile(rf"(?<=\d)(?=(?:h|hrs?|hours?|mins?|days?|wks?|weeks?|w?ds?|w|bds?|{MONTH})\b)"), " "),
    (re.compile(r"(?<![a-z])([a-z])\.([a-z])(?:\.([a-z]))?\b\.?"), r"\1\2\3"),
    (re.compile(rf"\b(?:{'|'.join(f'({wrong})' for wrong in _MEANT.values())})\b"), _meant),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(rf"\b({MONTH}) '(?=\d\d\b)"), r"\1 20"),
    (re.compile(r"'s\b|'"), ""),
    (re.compile(rf"(?<!\bon )\b({WEEKDAY})s(?= [a-z])"), r"\1"),
    (re.compile(rf"\b({WEEKDAY}|tomorrow|this) am\b"), r"\1 morning"),
    (re.compile(rf"\b({WEEKDAY}|tomorrow|this) pm\b"), r"\1 afternoon"),
    (re.compile(rf"\b({WEEKDAY}) ?- ?(?={WEEKDAY}\b)"), r"\1 to "),
    (re.compile(r"\b(twenty|thirty)-(?=[a-z])"), r"\1 "),
    (re.compile(rf"\b{_HOURS}(?= (?:am|pm|oclock|in the (?:morning|afternoon|evening))\b)"), _as_digits),
    (re.compile(rf"(?<=half |past ){_HOURS}\b(?! {_UNIT})"), _as_digits),
    (re.compile(rf"(?<=\bat |\bby ){_HOURS}(?=$| on | today| tomorrow| {WEEKDAY})"), _as_digits),
    (re.compile(rf"\b{_DAY_IN_WORDS}{_OF_MONTH}|\b{TENTH_TO_LAST}{_NO_NOUN_AFTER}"), _as_ordinal),
    (re.compile(rf"{_AFTER_MONTH}(?P<day>{_DAY_IN_WORDS}){_NO_NOUN_AFTER}"), _as_ordinal_of_month),
    (re.compile(rf"\b{_DAY_COUNT}{_OF_MONTH}"), _as_digits),
    (re.compile(rf"{_AFTER_MONTH}(?P<day>{_DAY_COUNT}){_NO_NOUN_AFTER}"), _as_day_of_month),
    (re.compile(r"(?<=[a-z]) ?/ ?(?=[a-z])"), " or "),
)
_NUMBERS: tuple[_Spelling, ...] = (
    (re.compile(r"\bhalf (?:past )?(\d{1,2})\b"), r"\1:30"),
    (re.compile(r"\bquarter past (\d{1,2})\b"), r"\1:15"),
    (re.compile(r"\b((?:at|by) \d{1,2}|\d{1,2}[:.]\d\d)(?: oclock)? in the morning\b"), r"\1am"),
    (
        re.compile(r"\b((?:at|by) \d{1,2}|\d{1,2}[:.]\d\d)(?: oclock)? in the (?:afternoon|evening)\b"),
        r"\1pm",
    ),
    (re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d))?"), r"\1/\2/\3 "),
    (re.compile(r"(?<=\d:\d\d)(?::\d\d(?:\.\d+)?)?z\b"), " utc"),
    (re.compile(r"\b(\d{1,2})-(\d{1,2})-(\d{4})\b"), r"\1/\2/\3"),
    (re.compile(rf"\b(\d{{1,2}}) ?/ ?(\d{{1,2}})(?= {_UNIT}\b)"), r"\1 or \2"),
    (re.compile(rf"(\d{_TH}) ?- ?(?=\d)"), r"\1 to "),
    (re.compile(rf"\b({MONTH} \d{{1,2}}{_TH}) ?- ?(?={MONTH} \d)"), r"\1 to "),
    (re.compile(rf"(?<=\d|[dht]) ?({MONTH}) ?- ?(?=\d{{1,2}}{_TH} ?{MONTH}\b)"), r" \1 to "),
    (re.compile(r"\b(\d{1,3}) +plus "), r"over \1 "),
    (
        re.compile(rf"\b({MONTH} \d+),(?= )|({MONTH}(?: the)? \d+{_TH}),(?= \d{{4}}\b)|(?<=\d),(?=\d)"),
        r"\1\2",
    ),
)
_MARKS: tuple[_Spelling, ...] = (
    (re.compile(rf"\b({WEEKDAY}),(?= )"), r"\1"),
    (re.compile(r"[,;.](?=\s)|\s-+(?=\s)"), ","),
    (re.compile(r"(?<!\d)[:./]|[:./](?!\d)"), " "),
    (re.compile(r"[^\w:./,]|_"), " "),
    (re.compile(r"\s*,[\s,]*"), ", "),
    (re.compile(r"\s+"), " "),
)
_DIGIT = re.compile(r"\d")
