"""A consultant's agenda: what is due to be done and what comes, under neutral titles, at the times to do it."""

from datetime import datetime, time

from app.rules.calendar import WorkingCalendar, local_instant
from app.rules.events import Shown
from app.rules.vocabulary import ReasonCode

# A calendar is seen by whoever looks over a shoulder, so a title says what is to be done and never of whom.
TITLES = {
    ReasonCode.DECISION_TO_RELAY: "Client decision to pass on",
    ReasonCode.WITHDRAWAL_TO_RELAY: "Withdrawal to pass on",
    ReasonCode.PROMISED_UPDATE_DUE: "Promised update due",
    ReasonCode.COMPETING_DEADLINE: "Competing deadline near",
    ReasonCode.CANDIDATE_ENQUIRY_OPEN: "Candidate enquiry to answer",
    ReasonCode.DEBRIEF_DUE: "Debrief due",
    ReasonCode.FEEDBACK_TO_RELAY: "Client feedback to pass on",
    ReasonCode.JOB_CHANGE_TO_RELAY: "Job change to pass on",
    ReasonCode.SLIP_TO_RELAY: "New timescale to pass on",
    ReasonCode.CLIENT_RESPONSE_DUE: "Client answer due",
    ReasonCode.TIMESCALE_MISSING: "Client timescale to ask for",
    ReasonCode.NEXT_STEP_MISSING: "Next step to arrange",
    ReasonCode.MOVE_ON_SUGGESTED: "Moving on to be discussed",
    ReasonCode.STATUTORY_NOTICE_DUE: "Statutory notice due",
    ReasonCode.CANDIDATE_UNRESPONSIVE: "Written note to candidate due",
    ReasonCode.HOLD_REVIEW: "Hold to review",
    ReasonCode.COURTESY_UPDATE_DUE: "Candidate update due",
    ReasonCode.THANK_YOU_DUE: "Thank-you note due",
    ReasonCode.TOUCH_BASE_DUE: "Touching base due",
    ReasonCode.PREFERENCE_REVIEW: "Candidate preferences to review",
}

# Where the words are flagged as discriminating, nothing of them is to be passed on.
MANAGERS_TITLES = {
    ReasonCode.DECISION_TO_RELAY: "Client decision to take to the manager",
    ReasonCode.FEEDBACK_TO_RELAY: "Client feedback to take to the manager",
}


def title(shown: Shown) -> str:
    """What a reason asks to be done."""
    return (MANAGERS_TITLES if shown.for_manager else TITLES)[shown.code]


def whom(shown: Shown) -> str:
    """Whom to speak with about it."""
    return "manager" if shown.for_manager else shown.target


def first_at(shown: Shown) -> datetime:
    """When a reason is to be acted on first: once it is due and nothing, such as a cool-down, holds it back."""
    return max(shown.due_at, shown.flagged_from)


def stands_at(shown: Shown, now: datetime, office: WorkingCalendar) -> datetime:
    """Where a reason that is shown now or later stands in the calendar.

    What has been open since an earlier day stands where work begins today, or on the next working day.
    """
    first, today = first_at(shown), office.date_of(now)
    return first if office.date_of(first) >= today else office.start_of(office.on_or_after(today))


def stands_since(shown: Shown, recorded_at: datetime, now: datetime, office: WorkingCalendar) -> datetime:
    """Since when a reason that was last recorded at an instant stands where it does.

    What has been open since an earlier day was taken along when today began.
    """
    today = office.date_of(now)
    if office.date_of(first_at(shown)) >= today:
        return recorded_at
    return max(recorded_at, local_instant(office.zone, today, time.min))
