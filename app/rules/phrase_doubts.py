"""What stands around a reading: small talk that changes nothing, and turns of speech that leave it in doubt.

Whoever answers may be said in many ways. A word that could as well be said of somebody's presence ('back',
'in'), of a talk with somebody else ('call', 'with') or of the past ('decided') is small talk only in a turn of
speech that says which is meant.
"""

import re

from app.rules.phrase_readings import Words
from app.rules.phrase_words import AS_SOON_AS_POSSIBLE

# Where the reading stood.
_HERE = "|"
_WORDS = frozenset(
    """
    a absolutely aim aiming aims all an and answer answers are be certainly confirm confirming
    decide deciding decision decisions definitely directly expect expected expecting expects feedback
    get getting give giving have he hell hello hi hope hopefully hopes hoping i ideally im immediately
    indicated is it know later latest likely mentioned my news ok okay our outcome plan planning plans
    probably promise promised promises reply respond response result results revert said say says shall she
    shell shortly should some sometime soon sorry straight sure thank thanks that the their then they theyll
    think thinks this to told update updates we well will would yes yet youll
    """.split()  # noqa: SIM905 - a list of so many words, one a line, would be unreadable.
) | {_HERE, ","}

_WILL = "(?:will|would|should|shall|can|could|to)"
_OUR = "(?:the|our|my|their|your|his|her|an?)"
_YOU = f"(?:you|me|us|them|him|her|(?:{_OUR} )?candidate)"
_ANSWER = (
    f"(?:(?:{_OUR}|some|any|more|final|firm|full) )*"
    "(?:answers?|decisions?|feedback|news|updates?|outcome|response|results?|reply)"
)
_WHO = f"(?:{_OUR} )?(?:hiring )?(?:manager|client|team|hr)"
_DONE = "(?:decided|made|confirmed|known|given|heard|told|reached)"
_RING = "(?:call|ring|phone|e ?mail|text|tell|update|contact|answer)"
_REPORTED = "(?:said|says|told|mentioned|indicated|promised|confirmed)"

_TURN_TABLE = (
    rf"{_WHO}(?= (?:{_WILL}|is|are|have|hopes?|expects?|plans?|thinks?|{_REPORTED})\b)",
    rf"let {_YOU} (?:all )?know|keep {_YOU} (?:posted|updated|informed)|{_RING} {_YOU}(?: back)?",
    rf"(?:give|get|send) {_YOU}(?: a (?:call|ring|bell|shout))?|get a call",
    rf"(?:get|getting|come|coming|be|report|revert|write)(?: straight| right)? back to {_YOU}|get(?:ting)? back",
    rf"{_WILL} (?:{_RING}|speak)(?: back)?(?= [{_HERE}])|speak (?:to|with) you|by (?:e ?mail|phone)",
    rf"(?:be|get|stay|keep) in touch(?: with {_YOU})?|touch base(?: with {_YOU})?",
    r"hear(?: back)? from (?:us|me|them|him|her)|hear(?: back)?(?! from)",
    rf"(?:(?:come|get|be) back )?with {_ANSWER}|{_ANSWER} {_WILL} be with {_YOU}",
    rf"{_ANSWER} (?:on|for|about|to) (?:{_YOU}|this|it)|(?:told|promised|reply to|respond to) {_YOU}",
    # Alone, 'the final' is an interview.
    rf"final(?= {_ANSWER})",
    rf"(?:mak(?:e|ing)|reach(?:ing)?|com(?:e|ing) to) {_ANSWER}|mak(?:e|ing) up {_OUR} minds?",
    rf"(?:will|should|shall|can|to) (?:\w+ )?(?:be|have|have been|get) {_DONE}",
    "you(?= (?:will|should|can|would))|there(?= (?:will|should))|will do|going to|this time|for (?:sure|certain)",
    "at (?:the (?:very )?)?latest|at most|max(?:imum)?|able to|can(?= \\w)",
    AS_SOON_AS_POSSIBLE,
    # 'Please' before a verb is a request: 'please confirm by Friday'.
    r"please(?! (?!(?:many|thanks?|cheers|regards|kind)\b)\w)|cheers|ta|all the best|no (?:worries|problem)",
    "(?:(?:with|kind(?:est)?|best|warm(?:est)?|many) )*(?:regards|wishes|thanks)|best$",
    "(?:thank you|thanks)(?: (?:so|very) much| a lot| again)?",
)
_TURNS = re.compile(rf"(?<!\w)(?:{'|'.join(_TURN_TABLE)})(?![^\s{_HERE}])")
_REQUEST = re.compile(rf"(?:let|{_RING}|give|send|(?:get|come) back to) (?:me|us)\b")
# A question may lack its mark: 'is it Friday', 'shall we say Friday'.
_QUESTION = re.compile(
    "(?:is|are|will|would|should|shall|can|could) (?:it|that|this|there|i|we|you|they|he|she)\\b"
)
_SAID_BEFORE = re.compile(rf"\b{_REPORTED}(?: {_YOU})? $")
_SAID_AFTER = re.compile(rf" (?:\w+ ){{0,3}}{_REPORTED}\b")
_CLAUSE = re.compile(r" (?!i think)(?:that|we|i|they|he|she|it|you|the|there)\b")
_DEADLINE = re.compile(
    "(?:by|before|within|in|under|no|not|until|till|due|for|next|tomorrow|end|early|late)\\b"
)


def is_doubtful(words: Words) -> bool:
    """Whether what stands around some words could change what they mean."""
    before, after = words.string[: words.start()], words.string[words.end() :]
    return (
        not is_small_talk(f"{before.strip()} {_HERE} {after.strip()}")
        or _QUESTION.match(before) is not None
        or any(_REQUEST.match(around.strip()) for around in (before, after))
        or _tells_when_it_was_said(words[0], before, after)
    )


def is_small_talk(text: str) -> bool:
    """Whether the text holds nothing that could change the reading of the words beside it."""
    return _WORDS.issuperset(text.split()) or _WORDS.issuperset(_TURNS.sub(" ", text).split())


def _tells_when_it_was_said(day: str, before: str, after: str) -> bool:
    """'He told me on Monday that they will answer soon': Monday is when he said so."""
    if _DEADLINE.match(day):
        return False
    if _SAID_BEFORE.search(before):
        return day.startswith("on ") or _CLAUSE.match(after) is not None
    return _SAID_AFTER.match(after) is not None
