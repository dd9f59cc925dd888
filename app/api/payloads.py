"""What webhooks send: the body of every type of event, as the document's section `webhooks` shows it (H15, H16)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import Field, create_model

from app.rules.delivery import DisabledReason
from app.rules.events import EventType
from app.rules.vocabulary import ReasonCode, Status, Target
from app.web.schema import Id, Instant, Output


class ReasonTold(Output):
    """A reason: the same one as long as `code` and `due_at` are the same."""

    code: ReasonCode
    rule: str
    target: Target
    urgent: bool
    due_at: Instant
    overdue_at: Instant | None
    escalate_at: Instant | None


class StatusTold(Output):
    """Whom an event is about, and where that stands since; nothing personal."""

    application_id: Id | None = Field(description="Null where it concerns a candidate as a person.")
    candidate_id: Id
    consultant_id: Id | None
    sequence: int = Field(description="Counts the events of the application, or of the candidate, from 1.")
    status: Status


class ReasonData(StatusTold):
    """A reason is shown, gets worse, or is gone."""

    reason: ReasonTold


class TouchBaseData(StatusTold):
    """The candidate may ask from now on (N0)."""

    touch_base_from: Instant


class EndpointData(Output):
    """A webhook endpoint of the agency."""

    webhook_endpoint_id: Id
    sequence: int


class EndpointDisabledData(EndpointData):
    """A webhook endpoint that is called no more."""

    reason: DisabledReason


def _told_of(*records: str) -> type[StatusTold]:
    """Whom an event is about, with the ids of the records that say it."""
    name = "".join(word.title() for word in records[0].split("_")) + "Data"
    members: dict[str, Any] = {f"{record}_id": (Id, ...) for record in records}
    return create_model(name, __base__=StatusTold, __doc__="Something was recorded.", **members)


_INTERVIEW, _CONTACT, _SNOOZE, _PAUSE = map(_told_of, ("interview", "contact", "snooze", "pause"))

# What `data` holds, and in words when an event comes.
EVENTS: dict[EventType, tuple[type[Output], str]] = {
    EventType.APPLICATION_CREATED: (StatusTold, "A candidate was put forward for a job."),
    EventType.APPLICATION_UPDATED: (StatusTold, "An application was changed."),
    EventType.INTERVIEW_CREATED: (_INTERVIEW, "An interview was scheduled."),
    EventType.INTERVIEW_UPDATED: (_INTERVIEW, "An interview was moved, called off or said to be held."),
    EventType.DEBRIEF_RECORDED: (_told_of("debrief", "interview"), "A debrief was recorded."),
    EventType.TIMESCALE_RECORDED: (_told_of("timescale", "interview"), "A timescale was recorded."),
    EventType.FEEDBACK_RECORDED: (_told_of("feedback", "interview"), "Feedback of the client was recorded."),
    EventType.CONTACT_RECORDED: (
        _CONTACT,
        "A contact was recorded; one event for each application it covers.",
    ),
    EventType.CONTACT_VOIDED: (_CONTACT, "A contact was voided; one event for each application it covered."),
    EventType.SNOOZE_RECORDED: (_SNOOZE, "A reason was put off."),
    EventType.SNOOZE_VOIDED: (_SNOOZE, "A reason is put off no longer."),
    EventType.PAUSE_RECORDED: (_PAUSE, "A candidate asked not to be contacted for a time."),
    EventType.PAUSE_LIFTED: (_PAUSE, "A candidate's pause was ended."),
    EventType.PREFERENCE_RECORDED: (_told_of("preference"), "A candidate said what they look for."),
    EventType.JOB_CHANGED: (
        _told_of("job_change", "job"),
        "The terms of a job changed; one event for each open application.",
    ),
    EventType.REASON_DUE: (ReasonData, "A word is due; at most once for one `code` and `due_at`."),
    EventType.REASON_OVERDUE: (ReasonData, "A word that is due is overdue."),
    EventType.REASON_ESCALATED: (ReasonData, "A word that is overdue is escalated."),
    EventType.REASON_SETTLED: (
        ReasonData,
        (
            "A word that was due is due no more; at most once for one `code` and `due_at`. A void or a correction can"
            " bring it back without another `reason.due`: ask for the status after `contact.voided`."
        ),
    ),
    EventType.CANDIDATE_MAY_TOUCH_BASE: (TouchBaseData, "A candidate has waited long enough to ask (N0)."),
    EventType.WEBHOOK_ENDPOINT_DISABLED: (
        EndpointDisabledData,
        "An endpoint answered 410, or has failed for five days, and is called no more; the others hear of it.",
    ),
    EventType.WEBHOOK_ENDPOINT_TEST: (EndpointData, "Somebody asked for a test of this endpoint."),
}

# Where the document has the shapes of `data`.
DATA = [f"#/components/schemas/{name}" for name in sorted({data.__name__ for data, _ in EVENTS.values()})]

_RESPONSES: dict[int | str, dict[str, Any]] = {
    "2XX": {"description": "Heard. Anything else, a redirect too, is tried again."},
    410: {"description": "Do not call this endpoint again: it is disabled."},
}

_SIGNATURE = """\
Signatures as in Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), separated by spaces: two for 24 hours \
after a rotation, of which one that fits is enough. Each is `v1,` and the base64 of HMAC-SHA256 over \
`{webhook-id}.{webhook-timestamp}.{raw body}`; the key is the base64-decoded part of the secret after `whsec_`. Refuse \
timestamps more than five minutes off."""

webhooks = APIRouter()


def _webhook(event_type: EventType, data: type[Output], words: str) -> None:
    """Describe a type of event as FastAPI describes what it sends."""
    name = "".join(word.title() for word in event_type.replace(".", "_").split("_"))
    members: dict[str, Any] = {
        "type": (Literal[event_type.value], ...),
        "timestamp": (Annotated[Instant, Field(description="When it happened.")], ...),
        "data": (data, ...),
    }
    body: Any = create_model(f"{name}Event", __base__=Output, __doc__=words, **members)

    def told(
        body: body,
        webhook_id: Annotated[str, Header(description="The id of the event, the same on every attempt")],
        webhook_timestamp: Annotated[
            str, Header(description="When this attempt was made, in seconds since 1970")
        ],
        webhook_signature: Annotated[str, Header(description=_SIGNATURE)],
    ) -> None:
        """Nothing of ours is called: this describes what receivers get."""

    webhooks.add_api_route(
        event_type.value,
        told,
        methods=["POST"],
        tags=["Events"],
        summary=words.partition(";")[0].rstrip("."),
        description=words,
        operation_id=event_type.replace(".", "_"),
        responses=_RESPONSES,
        status_code=204,
    )


for _type, (_data, _words) in EVENTS.items():
    _webhook(_type, _data, _words)
