"""The words phrases are made of: numbers, names of days and months, parts of a week or month."""

import re

WEEKDAY = (
    "(?:mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = """
    ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    """.split()  # noqa: SIM905 - a list of so many words, one a line, would be unreadable.
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBERS = {"a": 1, "an": 1} | {name: n for n, name in enumerate(UNITS + TEENS, 1)}
_NUMBERS |= {name: 10 * n for n, name in enumerate(_TENS, 2)}
_VAGUE_NUMBERS = {"couple": 2, "few": 3, "several": 3, "another": 1}
_SPELT = f"(?:{'|'.join(_TENS)})(?: (?:{'|'.join(UNITS)}))?|{'|'.join(TEENS + UNITS)}|an?"
_ORDINAL_UNITS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_ORDINAL_TEENS = """
    tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth
    """.split()  # noqa: SIM905 - a list of so many words, one a line, would be unreadable.
_ORDINAL_TWENTIES = ["twentieth", *(f"twenty {unit}" for unit in _ORDINAL_UNITS)]
_ORDINALS = [*_ORDINAL_UNITS, *_ORDINAL_TEENS, *_ORDINAL_TWENTIES, "thirtieth", "thirty first"]
FIRST_TO_NINTH = f"(?:{'|'.join(_ORDINAL_UNITS)})"
TENTH_TO_LAST = f"(?:{'|'.join(_ORDINALS[len(_ORDINAL_UNITS) :])})"
NUMBER = rf"(?:\d{{1,3}}|(?:an? )?(?:couple|few|several)(?: of)?|another|{_SPELT})"
POSSIBLE = "(?:possible|poss|practicable|practical)"
AS_SOON_AS_POSSIBLE = f"as soon as {POSSIBLE}|asap"
# An ordinal names a day of the month unless a noun follows: 'the 2nd round', 'the 1st and 2nd interviews'.
NO_NOUN = (
    "a|after|afternoon|all|an|and|are|as|at|be|because|before|but|by|close|co[bp]|depending|due|either|end|eo[bd]"
    "|evening|first|for|from|he|her|his|hopefully|hr|i|ideally|if|ill|im|in|is|it|latest|likely|lunch|lunchtime"
    "|maybe|midday|morning|my|noon|of|on|once|or|our|pending|please|probably|provided|she|should|since|so|subject"
    r"|thanks?|that|the|their|then|there|they|though|through|till?|to|unless|until|we|when|will|with|would|yes|you"
    r"|\w+ (?:will|would|should)"
)
# The parts of a week or a month.
EARLY = re.compile("(?:the )?(?:early|earlier|start|beginning|first|top)")
MID = re.compile("(?:the )?(?:mid|half)")
LATE = re.compile("(?:the )?(?:late|toward|second|back|latter)")
_EARLY_PART = "(?:early|earlier|(?:the )?(?:start|beginning|first part|first half|top))"
_MID_PART = "(?:(?:the )?(?:mid ?week|mid|middle|mid point)|midway through|halfway through)"
_LATE_PART = "(?:later?|towards? the end|(?:the )?(?:latter part|second half|back end))"
END_PART = "(?:(?:the )?(?:very )?(?:end|close|last (?:working |business )?day))"
PARTS = f"{_EARLY_PART}|{_MID_PART}|{_LATE_PART}|{END_PART}"

_WEEKDAY_INITIALS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_INITIALS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def number(words: str) -> tuple[int, bool]:
    """The number some words stand for, and whether they are vague: 'a couple of' is (2, True)."""
    for vague, n in _VAGUE_NUMBERS.items():
        if vague in words:
            return n, True
    return (int(words) if words.isdecimal() else sum(_NUMBERS[word] for word in words.split())), False


def ordinal(words: str) -> int:
    """The day of the month some words name: 'twenty first' is 21."""
    return _ORDINALS.index(words) + 1


def weekday(name: str) -> int:
    """The weekday of a name or abbreviation, 0 for Monday."""
    return _WEEKDAY_INITIALS.index(name[:3])


def month(name: str) -> int:
    """The month of a name or abbreviation, 1 for January."""
    return _MONTH_INITIALS.index(name[:3]) + 1


def unnamed(pattern: str) -> str:
    """The pattern without its group names, so that it can be part of another one."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)
