"""What was recorded about an application, each record in a few neutral words.

Nothing personal stands in them: no names, no notes, nothing of the words that anybody used.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from app.rules.drafts import Step, counted, step
from app.rules.vocabulary import (
    ContactParty,
    DebriefSource,
    Decision,
    Direction,
    InterviewState,
    Outcome,
    Purpose,
    TimescaleKind,
    TimescaleSource,
)

# The members that a record's words are made of, as JSON has them.
Details = Mapping[str, Any]


class FactKind(StrEnum):
    """What is recorded of an application."""

    INTERVIEW = "interview"
    DEBRIEF = "debrief"
    TIMESCALE = "timescale"
    FEEDBACK = "feedback"
    CONTACT = "contact"
    JOB_CHANGE = "job_change"
    SNOOZE = "snooze"
    PAUSE = "pause"
    HOLD = "hold"
    HOLD_END = "hold_end"
    WITHDRAWAL = "withdrawal"
    CLOSED = "closed"
    VOID = "void"
    APPLICATION_EDIT = "application_edit"
    INTERVIEW_EDIT = "interview_edit"
    CANDIDATE_EDIT = "candidate_edit"
    CLIENT_CONTACT_EDIT = "client_contact_edit"


def summary(kind: FactKind, details: Details) -> list[Step]:
    """A record in words, as phrases; none where other records tell it already."""
    return list(_SUMMARIES[kind](details))


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _day(value: str) -> date:
    return date.fromisoformat(value)


def _interview(details: Details) -> Iterator[Step]:
    words = {
        InterviewState.SCHEDULED: "Interview, from {}",
        InterviewState.ATTENDED: "Interview held, from {}",
        InterviewState.CANCELLED: "Interview of {}, called off",
        InterviewState.NO_SHOW: "Interview of {}, to which the candidate did not come",
    }
    yield step(words[details["state"]], _instant(details["start"]))


def _debrief(details: Details) -> Iterator[Step]:
    words = {
        DebriefSource.CALL: "Debrief in a call",
        DebriefSource.SELF_SERVICE: "Debrief written by the candidate",
        DebriefSource.VOICE_NOTE: "Debrief by voice note",
        DebriefSource.IMPORT: "Debrief brought from another system",
    }
    yield step(words[details["source"]])


def _timescale(details: Details) -> Iterator[Step]:
    by_client = details["source"] == TimescaleSource.CLIENT
    who = "Client will answer" if by_client else "Candidate heard of an answer"
    match details["kind"]:
        case TimescaleKind.INSTANT:
            yield step(who + " by {}", _instant(details["at"]))
        case TimescaleKind.DATE:
            yield step(who + " by {}", _day(details["date"]))
        case TimescaleKind.RANGE:
            yield step(who + " between {} and {}", _day(details["from_date"]), _day(details["to_date"]))
        case TimescaleKind.WORKING_DAYS:
            yield step(who + " within {}", counted(details["n"], "working day"))
        case TimescaleKind.AFTER_EVENT if details["event_date"]:
            yield step(who + " after an event on {}", _day(details["event_date"]))
        case TimescaleKind.AFTER_EVENT:
            yield step(who + " after an event without a date")
        case _:
            yield step("Client gave no date" if by_client else "Candidate heard no date")


def _feedback(details: Details) -> Iterator[Step]:
    words = {
        Decision.OFFER: "Client made an offer",
        Decision.NEXT_STAGE: "Client invited to the next stage",
        Decision.REJECT: "Client said no",
        Decision.UNDECIDED: "Client has not decided",
        Decision.ROLE_ON_HOLD: "Client put the role on hold",
        Decision.ROLE_ELIMINATED: "Client gave the role up",
        Decision.ROLE_FILLED: "Client filled the role",
        Decision.ROLE_FILLED_INTERNALLY: "Client filled the role from within",
    }
    yield step(words[details["decision"]])
    if details["embargo_until"]:
        yield step("not to be told before {}", _instant(details["embargo_until"]))


_TALKS = {
    (Direction.OUTBOUND, Outcome.REACHED): "Spoke with the {}",
    (Direction.OUTBOUND, Outcome.SENT): "Wrote to the {}",
    (Direction.OUTBOUND, Outcome.LEFT_MESSAGE): "Voicemail left for the {}",
    (Direction.OUTBOUND, Outcome.NO_ANSWER): "Rang the {}, no answer",
    (Direction.INBOUND, Outcome.REACHED): "Call from the {}",
    (Direction.INBOUND, Outcome.SENT): "Message from the {}",
    (Direction.INBOUND, Outcome.LEFT_MESSAGE): "Voicemail from the {}",
    (Direction.INBOUND, Outcome.NO_ANSWER): "Missed a call from the {}",
}
_PURPOSES = {
    Purpose.CHASE: "asking for the answer",
    Purpose.WITHDRAWAL: "about the withdrawal",
    Purpose.COMPETING_DEADLINE: "about a deadline elsewhere",
    Purpose.STATUTORY_NOTICE: "with the statutory notice",
    Purpose.THANK_YOU: "to say thank you",
    Purpose.TOUCH_BASE: "to touch base",
}


def _contact(details: Details) -> Iterator[Step]:
    yield step(_TALKS[details["direction"], details["outcome"]], str(ContactParty(details["party"])))
    if details["purpose"] in _PURPOSES:
        yield step(_PURPOSES[details["purpose"]])
    if details["automated"]:
        yield step("sent automatically")
    if details["needs_reply"]:
        yield step("wants a reply")
    if details["relays"]:
        yield step("news passed on")
    if details["promise_by"]:
        yield step("next word promised by {}", _instant(details["promise_by"]))
    if details["promise_by_date"]:
        yield step("next word promised by {}", _day(details["promise_by_date"]))


def _job_change(details: Details) -> Iterator[Step]:
    verb = "corrected" if details["correction"] else "changed"
    yield step(f"Job {verb}: {{}}", ", ".join(sorted(details["members"])))


def _snooze(details: Details) -> Iterator[Step]:
    yield step(
        "{} put off until {}", details["code"].replace("_", " ").capitalize(), _instant(details["until"])
    )


def _pause(details: Details) -> Iterator[Step]:
    yield step("Candidate not to be contacted until {}", _instant(details["until"]))
    if details["lifted_at"]:
        yield step("lifted {}", _instant(details["lifted_at"]))


def _hold(details: Details) -> Iterator[Step]:
    yield step("Job put on hold")
    if details["until"]:
        yield step("until {}", _day(details["until"]))


def _void(details: Details) -> Iterator[Step]:
    voided = next(_SUMMARIES[details["of"]](details))
    yield step(f"Voided: {voided.words}", *voided.values)


def _always(words: str) -> Callable[[Details], Iterator[Step]]:
    return lambda _: iter([step(words)])


# Edits: `before` and `after` hold the members that changed. What has a dated record of its own (the hold, the
# withdrawal, the closing) is told by it when it comes about, and here only when it is changed afterwards.


def _application_edit(details: Details) -> Iterator[Step]:
    before, after = details["before"], details["after"]
    if "client_contact_id" in after:
        yield step("Another client contact answers")
    if "consultant_id" in after:
        yield step("Another consultant took over")
    if "continue_until" in after:
        yield from _dated("Wait agreed until {}", "Agreed wait taken back", _day, after["continue_until"])
    if "hold_until" in after and "hold_since" not in after:
        yield from _dated("Hold until {}", "Hold without an end", _day, after["hold_until"])
    for name, (changed, taken_back) in _TOLD_ELSEWHERE.items():
        if before.get(name):
            yield from _dated(changed, taken_back, _instant, after[name])


_TOLD_ELSEWHERE = {
    "hold_since": ("Hold now dated from {}", "Hold taken back"),
    "hold_ended_at": ("End of the hold now dated {}", "End of the hold taken back"),
    "withdrawn_at": ("Withdrawal now dated {}", "Withdrawal taken back"),
    "closed_at": ("Closing now dated {}", "Application opened again"),
}


def _interview_edit(details: Details) -> Iterator[Step]:
    before, after = details["before"], details["after"]
    if "start" in after:
        yield step("Interview moved from {} to {}", _instant(before["start"]), _instant(after["start"]))
    elif "end" in after:
        yield step("End of the interview moved to {}", _instant(after["end"]))
    if "state" in after:
        words = {
            InterviewState.SCHEDULED: "Interview on again",
            InterviewState.ATTENDED: "Interview noted as held",
            InterviewState.CANCELLED: "Interview called off",
            InterviewState.NO_SHOW: "Interview noted as missed by the candidate",
        }
        yield step(words[after["state"]])


def _person_edit(person: str) -> Callable[[Details], Iterator[Step]]:
    def told(details: Details) -> Iterator[Step]:
        after = details["after"]
        if "timezone" in after:
            yield step(f"{person}'s time zone changed")
        if "holidays" in after:
            yield step(f"{person}'s holidays changed")
        if "unavailable_until" in after:
            words = f"{person} away until {{}}", f"{person} not away any more"
            yield from _dated(*words, _instant, after["unavailable_until"])

    return told


def _dated(
    words: str, without: str, read: Callable[[str], datetime | date], value: str | None
) -> Iterator[Step]:
    """Words with a date, or other words where there is none any more."""
    yield step(words, read(value)) if value else step(without)


_SUMMARIES: dict[FactKind, Callable[[Details], Iterator[Step]]] = {
    FactKind.INTERVIEW: _interview,
    FactKind.DEBRIEF: _debrief,
    FactKind.TIMESCALE: _timescale,
    FactKind.FEEDBACK: _feedback,
    FactKind.CONTACT: _contact,
    FactKind.JOB_CHANGE: _job_change,
    FactKind.SNOOZE: _snooze,
    FactKind.PAUSE: _pause,
    FactKind.HOLD: _hold,
    FactKind.HOLD_END: _always("Hold ended"),
    FactKind.WITHDRAWAL: _always("Candidate withdrew"),
    FactKind.CLOSED: _always("Application closed"),
    FactKind.VOID: _void,
    FactKind.APPLICATION_EDIT: _application_edit,
    FactKind.INTERVIEW_EDIT: _interview_edit,
    FactKind.CANDIDATE_EDIT: _person_edit("Candidate"),
    FactKind.CLIENT_CONTACT_EDIT: _person_edit("Client contact"),
}
