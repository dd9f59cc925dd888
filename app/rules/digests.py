"""The digest: when a consultant is told in the morning who is due a word, and in which words."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.rules.calendar import WorkingCalendar, local_instant
from app.rules.drafts import step
from app.rules.explanations import in_words
from app.rules.vocabulary import Level, ReasonCode, Target

TOLD_AT = time(8, 30)

# What each reason asks of the consultant.
ACTIONS = {
    ReasonCode.DECISION_TO_RELAY: "relay the decision",
    ReasonCode.WITHDRAWAL_TO_RELAY: "tell the client of the withdrawal",
    ReasonCode.PROMISED_UPDATE_DUE: "give the promised update",
    ReasonCode.COMPETING_DEADLINE: "tell the client of the competing deadline",
    ReasonCode.CANDIDATE_ENQUIRY_OPEN: "answer their question",
    ReasonCode.DEBRIEF_DUE: "take the debrief",
    ReasonCode.FEEDBACK_TO_RELAY: "relay the feedback",
    ReasonCode.JOB_CHANGE_TO_RELAY: "tell them how the job has changed",
    ReasonCode.SLIP_TO_RELAY: "tell them of the client's new date",
    ReasonCode.CLIENT_RESPONSE_DUE: "chase the client",
    ReasonCode.TIMESCALE_MISSING: "ask the client when they will answer",
    ReasonCode.NEXT_STEP_MISSING: "book the next step with the client",
    ReasonCode.MOVE_ON_SUGGESTED: "talk about moving on",
    ReasonCode.STATUTORY_NOTICE_DUE: "give the statutory notice",
    ReasonCode.CANDIDATE_UNRESPONSIVE: "write them one note",
    ReasonCode.HOLD_REVIEW: "review the hold with the client",
    ReasonCode.COURTESY_UPDATE_DUE: "give a courtesy update",
    ReasonCode.THANK_YOU_DUE: "send the thank-you note",
    ReasonCode.TOUCH_BASE_DUE: "touch base with the interviewer",
    ReasonCode.PREFERENCE_REVIEW: "review their preferences",
}

# What it asks instead where the words are flagged as discriminating: nothing of them is to be relayed.
MANAGERS_ACTIONS = {
    ReasonCode.DECISION_TO_RELAY: "take the decision to the manager",
    ReasonCode.FEEDBACK_TO_RELAY: "take the feedback to the manager",
}

# What a competing deadline asks where the client may not hear of it yet: only the candidate can allow that (L1).
CONSENT = "ask them whether the client may know of the competing deadline"


@dataclass(frozen=True, slots=True)
class Action:
    """One reason to speak about a candidate: for which job, and whose work it is if a colleague's."""

    code: ReasonCode
    job: str | None = None
    colleague: str | None = None
    target: Target | None = None
    for_manager: bool = False

    @property
    def words(self) -> str:
        """What there is to do."""
        if self.code is ReasonCode.COMPETING_DEADLINE and self.target is Target.CANDIDATE:
            return CONSENT
        return (MANAGERS_ACTIONS if self.for_manager else ACTIONS)[self.code]


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is due about one candidate."""

    name: str
    level: Level
    due_at: datetime
    not_before: datetime
    actions: Sequence[Action]


def digest_day(office: WorkingCalendar, zone: ZoneInfo, now: datetime) -> date | None:
    """The day whose digest is to be had by now, where that is today; None before it, and on days off.

    `office` says which days are worked, the consultant's own `zone` which day it is. Raises CalendarRangeError.
    """
    day = local_day(zone, now)
    return day if told_at(zone, day) <= now and office.is_working_day(day) else None


def next_digest(office: WorkingCalendar, zone: ZoneInfo, after: datetime) -> datetime:
    """The first digest strictly after an instant: at 08:30 of a working day. Raises CalendarRangeError."""
    day = local_day(zone, after)
    while True:
        day = office.on_or_after(day)
        at = told_at(zone, day)
        # Where a zone crosses the date line it skips a day: its 08:30 is that of the next.
        if at > after and local_day(zone, at) == day:
            return at
        day += timedelta(days=1)


def told_at(zone: ZoneInfo, day: date) -> datetime:
    """When the digest of a day is due, be it a working day or not."""
    return local_instant(zone, day, TOLD_AT)


def local_day(zone: ZoneInfo, at: datetime) -> date:
    """The day that an instant belongs to; of the instant of a digest it is the digest's day."""
    return at.astimezone(zone).date()


def subject(people: int) -> str:
    """The subject of the mail: it names nobody."""
    return f"Touchbase: {_people_due(people)}"


def line(entry: Entry, now: datetime, zone: ZoneInfo) -> str:
    """What is due about a candidate, on one line."""
    actions = "; ".join(_actions(entry.actions))
    since = in_words(step("{}, due since {}", entry.level, entry.due_at), zone)
    wait = in_words(step("; not before {}", entry.not_before), zone) if entry.not_before > now else ""
    return f"{_on_one_line(entry.name)}: {actions} ({since}{wait})"


def letter(day: date, lines: Sequence[str], more: int) -> str:
    """The digest of a working day as plain text, one line for each candidate."""
    headline = in_words(step("{}", day), ZoneInfo("UTC"))
    told = [f"{headline}: {_people_due(len(lines) + more)}."]
    if lines:
        told += ["", *(f"{number}. {each}" for number, each in enumerate(lines, start=1))]
    if more:
        told += ["", f"{more} more: see the due list."]
    return "\n".join(told) + "\n"


def silence(day: date, acting: str | None) -> str:
    """The digest of a day on which there is nothing for the consultant: one off, or somebody else covers."""
    headline = in_words(step("{}", day), ZoneInfo("UTC"))
    return f"{headline}: {f'{_on_one_line(acting)} covers for you' if acting else 'a day off'}.\n"


def _people_due(people: int) -> str:
    if people == 0:
        return "nobody is due a word"
    return "1 person is due a word" if people == 1 else f"{people} people are due a word"


def _actions(actions: Sequence[Action]) -> list[str]:
    """What there is to do, together for each job and each whose work it is."""
    together: dict[str, list[str]] = {}
    for action in actions:
        job = f" for {_on_one_line(action.job)}" if action.job else ""
        whose = f" ({_on_one_line(action.colleague)}'s)" if action.colleague else ""
        words = together.setdefault(f"{job}{whose}", [])
        if action.words not in words:
            words.append(action.words)
    return [f"{', '.join(words)}{about}" for about, words in together.items()]


def _on_one_line(words: str) -> str:
    """A name without line breaks and other control characters (S7)."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in words)
    return " ".join(spaced.split())
