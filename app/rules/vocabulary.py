"""The words of the rulebook and of the records: one closed list per noun, one word per thing."""

from enum import StrEnum

# --- The status service -------------------------------------------------------------------------------


class ReasonCode(StrEnum):
    """Why somebody is owed a word. The order of definition is the order within a rank (P1)."""

    DECISION_TO_RELAY = "decision_to_relay"
    WITHDRAWAL_TO_RELAY = "withdrawal_to_relay"
    PROMISED_UPDATE_DUE = "promised_update_due"
    COMPETING_DEADLINE = "competing_deadline"
    CANDIDATE_ENQUIRY_OPEN = "candidate_enquiry_open"
    DEBRIEF_DUE = "debrief_due"
    FEEDBACK_TO_RELAY = "feedback_to_relay"
    JOB_CHANGE_TO_RELAY = "job_change_to_relay"
    SLIP_TO_RELAY = "slip_to_relay"
    CLIENT_RESPONSE_DUE = "client_response_due"
    TIMESCALE_MISSING = "timescale_missing"
    NEXT_STEP_MISSING = "next_step_missing"
    MOVE_ON_SUGGESTED = "move_on_suggested"
    STATUTORY_NOTICE_DUE = "statutory_notice_due"
    CANDIDATE_UNRESPONSIVE = "candidate_unresponsive"
    HOLD_REVIEW = "hold_review"
    COURTESY_UPDATE_DUE = "courtesy_update_due"
    THANK_YOU_DUE = "thank_you_due"
    TOUCH_BASE_DUE = "touch_base_due"
    PREFERENCE_REVIEW = "preference_review"


class Level(StrEnum):
    """How late a reason is, from not yet to worst (R4)."""

    SCHEDULED = "scheduled"
    DUE = "due"
    OVERDUE = "overdue"
    ESCALATED = "escalated"


class Status(StrEnum):
    """Where an application stands as a whole; the first that applies is the one shown (R5)."""

    ESCALATED = "escalated"
    OVERDUE = "overdue"
    DUE = "due"
    CLOSED = "closed"
    PAUSED = "paused"
    WAITING = "waiting"
    ON_TRACK = "on_track"


class Target(StrEnum):
    """Whom the next action speaks to."""

    CANDIDATE = "candidate"
    CLIENT = "client"
    INTERVIEWER = "interviewer"


class Actor(StrEnum):
    """Who has to act: the consultant, the manager where news is not to be relayed, or the direct applicant (N1)."""

    CONSULTANT = "consultant"
    MANAGER = "manager"
    CANDIDATE = "candidate"


# --- Applications and interviews ----------------------------------------------------------------------


class ApplicationMode(StrEnum):
    """Whether an agency represents the candidate or the candidate applied directly (N1)."""

    AGENCY = "agency"
    DIRECT = "direct"


class ApplicationState(StrEnum):
    """Whether an application is running, on hold or over (R6, K2)."""

    ACTIVE = "active"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class InterviewState(StrEnum):
    """What became of an interview; only the first two count as a round (R1)."""

    SCHEDULED = "scheduled"
    ATTENDED = "attended"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


# --- Jobs ---------------------------------------------------------------------------------------------


class JobState(StrEnum):
    """Whether a client still wants a job filled, and whether it shrank."""

    OPEN = "open"
    REDUCED = "reduced"
    ON_HOLD = "on_hold"
    ELIMINATED = "eliminated"
    FILLED = "filled"


class Answer(StrEnum):
    """What the candidate says to a changed job; `out` withdraws."""

    STILL_IN = "still_in"
    OUT = "out"
    THINKING = "thinking"


# --- Contacts -----------------------------------------------------------------------------------------


class ContactParty(StrEnum):
    """The person at the other end of a contact (R2, ``with``)."""

    CANDIDATE = "candidate"
    CLIENT = "client"
    INTERVIEWER = "interviewer"


class Direction(StrEnum):
    """Who began a contact, seen from us (R2)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Outcome(StrEnum):
    """Whether a contact got through (R2)."""

    REACHED = "reached"
    SENT = "sent"
    LEFT_MESSAGE = "left_message"
    NO_ANSWER = "no_answer"


# An attempt that got through to nobody (R2).
IN_VAIN = frozenset({Outcome.LEFT_MESSAGE, Outcome.NO_ANSWER})


class Purpose(StrEnum):
    """What a contact was for (R2)."""

    UPDATE = "update"
    CHASE = "chase"
    WITHDRAWAL = "withdrawal"
    COMPETING_DEADLINE = "competing_deadline"
    STATUTORY_NOTICE = "statutory_notice"
    THANK_YOU = "thank_you"
    TOUCH_BASE = "touch_base"
    OTHER = "other"


class Channel(StrEnum):
    """The medium of a contact or a debrief."""

    PHONE = "phone"
    VIDEO = "video"
    IN_PERSON = "in_person"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    FORM = "form"


# --- Client timescales --------------------------------------------------------------------------------


class TimescaleKind(StrEnum):
    """The shape of what the client said about when an answer will come."""

    INSTANT = "instant"
    DATE = "date"
    RANGE = "range"
    WORKING_DAYS = "working_days"
    AFTER_EVENT = "after_event"
    UNKNOWN = "unknown"


class TimescaleAnchor(StrEnum):
    """The day from which promised working days are counted."""

    GIVEN = "given"
    INTERVIEW = "interview"


class TimescaleSource(StrEnum):
    """Who told us: the client, or the candidate who heard it from them."""

    CLIENT = "client"
    CANDIDATE = "candidate"


class Confidence(StrEnum):
    """How firmly a timescale was given; it changes the wording and never the rules."""

    FIRM = "firm"
    INDICATIVE = "indicative"
    GUESS = "guess"


# --- Client feedback ----------------------------------------------------------------------------------


class Decision(StrEnum):
    """What the client decided about a candidate, or that they have not yet (R6)."""

    OFFER = "offer"
    NEXT_STAGE = "next_stage"
    REJECT = "reject"
    UNDECIDED = "undecided"
    ROLE_ON_HOLD = "role_on_hold"
    ROLE_ELIMINATED = "role_eliminated"
    ROLE_FILLED = "role_filled"
    ROLE_FILLED_INTERNALLY = "role_filled_internally"


# A no, in whatever words.
NOES = frozenset(
    {Decision.REJECT, Decision.ROLE_ELIMINATED, Decision.ROLE_FILLED, Decision.ROLE_FILLED_INTERNALLY}
)


# What lets a job go on, or end, that was on hold (R6).
ENDS_HOLD = frozenset(Decision) - {Decision.UNDECIDED, Decision.ROLE_ON_HOLD}


# What may be told in a pause that allows it (G3).
GOOD_NEWS = frozenset({Decision.OFFER, Decision.NEXT_STAGE})


class FeedbackReason(StrEnum):
    """Why the client decided as they did (``reason_codes`` of a piece of feedback)."""

    SKILLS_GAP = "skills_gap"
    EXPERIENCE_LEVEL = "experience_level"
    TEAM_FIT = "team_fit"
    COMMUNICATION = "communication"
    SALARY = "salary"
    AVAILABILITY = "availability"
    STRONGER_CANDIDATE = "stronger_candidate"
    INTERNAL_CANDIDATE = "internal_candidate"
    ROLE_CHANGED = "role_changed"
    BUDGET = "budget"
    OTHER = "other"


class NextStepType(StrEnum):
    """The stage a candidate is invited to next."""

    SECOND_INTERVIEW = "second_interview"
    FINAL = "final"
    PANEL = "panel"
    PRESENTATION = "presentation"
    TEST = "test"
    TRIAL_DAY = "trial_day"
    REFERENCES = "references"
    OFFER = "offer"


class DelayReason(StrEnum):
    """Why the client has not decided yet."""

    MORE_INTERVIEWS = "more_interviews"
    DECISION_MAKER_AWAY = "decision_maker_away"
    BUDGET_APPROVAL = "budget_approval"
    HEADCOUNT_APPROVAL = "headcount_approval"
    INTERNAL_CANDIDATE = "internal_candidate"
    REORGANISATION = "reorganisation"
    WORKLOAD = "workload"
    COMPARING_SHORTLIST = "comparing_shortlist"
    AWAITING_REFERENCES = "awaiting_references"
    UNKNOWN = "unknown"


class ResponsibilityChange(StrEnum):
    """How the responsibilities of a job changed after it was put to the candidate."""

    UNCHANGED = "unchanged"
    REDUCED = "reduced"
    EXPANDED = "expanded"
    CHANGED = "changed"


class SalaryChange(StrEnum):
    """How the salary of a job changed after it was put to the candidate."""

    UNCHANGED = "unchanged"
    REDUCED = "reduced"
    INCREASED = "increased"


# --- Debriefs -----------------------------------------------------------------------------------------


class DebriefSource(StrEnum):
    """How a debrief reached us; only a call counts as an update from us (E1)."""

    CALL = "call"
    SELF_SERVICE = "self_service"
    VOICE_NOTE = "voice_note"
    IMPORT = "import"


class Attended(StrEnum):
    """What happened on the day, as the candidate tells it."""

    ATTENDED = "attended"
    CUT_SHORT = "cut_short"
    NO_SHOW = "no_show"
    CANCELLED_BY_CLIENT = "cancelled_by_client"
    CANCELLED_BY_CANDIDATE = "cancelled_by_candidate"
    RESCHEDULED = "rescheduled"


class Impression(StrEnum):
    """The candidate's overall impression of an interview."""

    VERY_POSITIVE = "very_positive"
    POSITIVE = "positive"
    MIXED = "mixed"
    NEGATIVE = "negative"
    VERY_NEGATIVE = "very_negative"


class WouldAccept(StrEnum):
    """Whether the candidate would take the job if it were offered."""

    YES = "yes"
    YES_IF = "yes_if"
    UNDECIDED = "undecided"
    NO = "no"


class ConcernCategory(StrEnum):
    """What a candidate's concern is about."""

    SALARY = "salary"
    COMMUTE = "commute"
    HOURS = "hours"
    HYBRID_POLICY = "hybrid_policy"
    ROLE_CONTENT = "role_content"
    SENIORITY = "seniority"
    TEAM = "team"
    MANAGER = "manager"
    CULTURE = "culture"
    STABILITY = "stability"
    PROGRESSION = "progression"
    CONTRACT = "contract"
    RELOCATION = "relocation"
    OTHER = "other"


class Severity(StrEnum):
    """How much a concern weighs."""

    MINOR = "minor"
    MAJOR = "major"
    DEAL_BREAKER = "deal_breaker"


class AnswerQuality(StrEnum):
    """How well the candidate answered a question."""

    STRONG = "strong"
    OK = "ok"
    WEAK = "weak"
    NOT_ANSWERED = "not_answered"


class ClientSignals(StrEnum):
    """How keen the client seemed to the candidate."""

    STRONG = "strong"
    SOME = "some"
    NEUTRAL = "neutral"
    WEAK = "weak"
    UNCLEAR = "unclear"


class ProcessStage(StrEnum):
    """How far another process of the candidate has come."""

    APPLIED = "applied"
    INTERVIEWING = "interviewing"
    FINAL = "final"
    OFFER = "offer"
    ACCEPTED = "accepted"


class Preference(StrEnum):
    """Whether the candidate prefers another process to this one."""

    AHEAD = "ahead"
    EQUAL = "equal"
    BEHIND = "behind"


class CounterOfferRisk(StrEnum):
    """How likely the present employer is to make a counter-offer that is taken."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class ThankYouNote(StrEnum):
    """How far the candidate's thank-you note has come."""

    NOT_SENT = "not_sent"
    DRAFT_WANTED = "draft_wanted"
    SENT = "sent"
    NOT_WANTED = "not_wanted"


class LinkedInConnection(StrEnum):
    """Whether the candidate has connected with the interviewer."""

    NOT_SENT = "not_sent"
    REQUESTED = "requested"
    CONNECTED = "connected"
    NOT_WANTED = "not_wanted"


class AttachmentKind(StrEnum):
    """What the candidate promised to send."""

    PORTFOLIO = "portfolio"
    REFERENCES = "references"
    CERTIFICATES = "certificates"
    WORK_SAMPLE = "work_sample"
    IDENTITY = "identity"
    TASK = "task"
    OTHER = "other"


class AttachmentState(StrEnum):
    """How far a promised attachment has come."""

    PROMISED = "promised"
    RECEIVED = "received"
    SENT = "sent"


# --- Preferences --------------------------------------------------------------------------------------


class Wish(StrEnum):
    """What a candidate may want of a job, or say of when they could begin."""

    ROLES = "roles"
    SALARY_MINIMUM = "salary_minimum"
    SALARY_TARGET = "salary_target"
    LOCATIONS = "locations"
    CONTRACTS = "contracts"
    HYBRID = "hybrid"
    NOTICE_PERIOD = "notice_period"
    AVAILABLE_FROM = "available_from"
    NOTES = "notes"


class WorkArrangement(StrEnum):
    """Where the candidate wants to work; any if they do not mind."""

    ON_SITE = "on_site"
    HYBRID = "hybrid"
    REMOTE = "remote"
    ANY = "any"


# --- Pay and notice -----------------------------------------------------------------------------------


class PayPeriod(StrEnum):
    """What an amount of pay is for."""

    YEAR = "year"
    DAY = "day"
    HOUR = "hour"


class NoticeUnit(StrEnum):
    """The unit of a notice period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
