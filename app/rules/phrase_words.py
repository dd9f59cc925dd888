"""The words phrases are made of: spelling made plain, numbers, names of days and months."""

import re
import unicodedata

WEEKDAY = (
    "(?:mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fourteen": 14,
    "fifteen": 15,
    "twenty": 20,
    "twenty four": 24,
    "thirty": 30,
    "forty eight": 48,
    "seventy two": 72,
}
_VAGUE_NUMBERS = {"couple": 2, "few": 3, "several": 3}
_SPELT = "|".join(sorted(_NUMBERS, key=len, reverse=True))
NUMBER = rf"(?:\d{{1,3}}|(?:an? )?(?:couple|few|several)(?: of)?|{_SPELT})"
# The parts of a week or a month.
EARLY = re.compile("(?:the )?(?:early|earlier|start|beginning|first|top)")
MID = re.compile("(?:the )?(?:mid|half)")
LATE = re.compile("(?:the )?(?:late|toward|second|back|latter)")
_EARLY_PART = "(?:early|earlier|(?:the )?(?:start|beginning|first part|first half|top))"
_MID_PART = "(?:(?:the )?(?:mid|middle|mid point)|midway through|halfway through)"
_LATE_PART = "(?:later?|towards? the end|(?:the )?(?:latter part|second half|back end))"
END_PART = "(?:(?:the )?(?:very )?(?:end|close|last (?:working |business )?day))"
PARTS = f"{_EARLY_PART}|{_MID_PART}|{_LATE_PART}|{END_PART}"

_WEEKDAY_INITIALS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_INITIALS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def plain(phrase: str) -> str:
    """The phrase in lower case with plain spaces, dashes, apostrophes and dates, ready to be matched.

    What ends a clause is a comma, and stands at the end of a word.
    """
    text = unicodedata.normalize("NFKC", phrase).casefold()
    for pattern, replacement in _SPELLINGS:
        text = pattern.sub(replacement, text)
    return text.strip(" ,")


def number(words: str) -> tuple[int, bool]:
    """The number some words stand for, and whether they are vague: 'a couple of' is (2, True)."""
    for vague, n in _VAGUE_NUMBERS.items():
        if vague in words:
            return n, True
    return (int(words) if words.isdecimal() else _NUMBERS[words]), False


def weekday(name: str) -> int:
    """The weekday of a name or abbreviation, 0 for Monday."""
    return _WEEKDAY_INITIALS.index(name[:3])


def month(name: str) -> int:
    """The month of a name or abbreviation, 1 for January."""
    return _MONTH_INITIALS.index(name[:3]) + 1


def unnamed(pattern: str) -> str:
    """The pattern without its group names, so that it can be part of another one."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_MISSPELT = {
    "tomorrow": "tmrw|tmr|tomo|tmw|tomorow|tommorow|tommorrow|tomorro|2moro",
    "wednesday": "wensday|wednsday|wednesdays?|weds",
    "thursday": "thurday|thursdays?",
    "tuesday": "tuseday|tuesdays?",
    "monday": "mondays",
    "friday": "fridays",
    "week commencing": "w ?/ ?c|wc",
    "week": "wk",
    "weeks": "wks",
    "days": "dys",
    "hours": r"hrs|(?<=\d )hr|(?<=\ban )hr",
    "the": "teh",
}

_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=\d)(?=(?:h|hrs?|hours?|mins?|days?|wks?|weeks?|w?ds?|bds?)\b)"), " "),
    *((re.compile(rf"\b(?:{wrong})\b"), right) for right, wrong in _MISSPELT.items()),
    (re.compile("[\u2010-\u2015\u2212]"), "-"),
    (re.compile("[\u2018\u2019\u02bc`\u00b4]"), "'"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'s\b"), ""),
    (re.compile("'"), ""),
    (re.compile(r"\b([a-z])\.([a-z])(?:\.([a-z]))?\b\.?"), r"\1\2\3"),
    (re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d))?"), r"\1/\2/\3 "),
    (re.compile(r"\b(\d{1,2})-(\d{1,2})-(\d{4})\b"), r"\1/\2/\3"),
    (re.compile(r"(\d(?:st|nd|rd|th)?) ?- ?(?=\d)"), r"\1 to "),
    (re.compile(rf"\b({WEEKDAY}) ?- ?(?={WEEKDAY}\b)"), r"\1 to "),
    (re.compile(r"(?<=[a-z]) ?/ ?(?=[a-z])"), " or "),
    (re.compile(r"(\d+) ?\+"), r"over \1 "),
    (re.compile(">"), " over "),
    (re.compile(r"\+"), " plus "),
    (re.compile("&"), " and "),
    (re.compile(rf"\b({WEEKDAY}|{MONTH} \d+),(?= )|(?<=\d),(?=\d)"), r"\1"),
    (re.compile(r"[,;.](?=\s)|\s-+(?=\s)"), ","),
    (re.compile(r"(?<!\d)[:./]|[:./](?!\d)"), " "),
    (re.compile(r"[^\w:./,]|_"), " "),
    (re.compile(r"\s*,[\s,]*"), ", "),
    (re.compile(r"\s+"), " "),
)
