"""Timescales: when a client says it will answer."""

from typing import Annotated, Any, Self

from fastapi import Response
from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from app.api.records import Sendable, record_view, recorded_view, records_of
from app.api.shapes import ExplainedStatus, TimescaleTerms
from app.api.views import ExternalRefView, Referred, listed
from app.models import Interview, Timescale
from app.rules.phrases import Interpretation, interpret
from app.rules.vocabulary import Confidence, TimescaleAnchor, TimescaleKind, TimescaleSource
from app.services import facts, rounds
from app.services import timescales as service
from app.services.scope import find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import begins, operation, router
from app.web.paging import Page, Paged
from app.web.schema import Day, Holidays, Id, Input, Instant, Line, Output, Word, Zone, misplaced

timescales = router("Timescales")


def _where_counted(anchor: TimescaleAnchor | None, fields: ValidationInfo) -> TimescaleAnchor | None:
    """An anchor where days are counted from it; the other kinds do not take one."""
    return anchor if fields.data["kind"] is TimescaleKind.WORKING_DAYS else None


Anchor = Annotated[
    TimescaleAnchor | None,
    AfterValidator(_where_counted),
    Field(description="From when `working_days` count; null for the other kinds."),
]


class TimescaleCreate(Sendable, TimescaleTerms):
    """What was said about when the client will answer."""

    source: Word[TimescaleSource] = Field(
        default=TimescaleSource.CLIENT, description="The client said it, or the candidate heard it."
    )
    given_at: Instant | None = Field(default=None, description="When it was said; now if absent.")
    given_by: Id | None = Field(default=None, description="The client contact who said it.")
    supersedes: Id | None = Field(
        default=None, description="The record that this one corrects; it counts no more."
    )

    def values(self) -> dict[str, Any]:
        """The columns."""
        return self.model_dump(exclude={"external_refs"})


class TimescaleView(Tagged):
    """A timescale as it was recorded."""

    id: Id
    external_refs: list[ExternalRefView]
    interview_id: Id
    application_id: Id
    supersedes: Id | None
    superseded_by: Id | None
    source: TimescaleSource
    given_by: Id | None
    given_at: Instant
    recorded_at: Instant
    phrase: str | None
    confidence: Confidence | None
    kind: TimescaleKind
    at: Instant | None
    date: Day | None
    from_date: Day | None = Field(serialization_alias="from")
    to_date: Day | None = Field(serialization_alias="to")
    n: int | None
    anchor: Anchor
    event: str | None
    event_date: Day | None
    offset_working_days: int | None


class TimescaleSaved(TimescaleView):
    """A timescale with where its application stands now."""

    beside = frozenset({"application_status"})

    application_status: ExplainedStatus


class PhraseToRead(Input):
    """A client's words, when they were said, and where: a client contact, or a zone and its holidays."""

    phrase: Line
    given_at: Instant
    timezone: Zone | None = None
    holidays: Holidays | None = None
    client_contact_id: Id | None = None
    interview_end: Instant | None = Field(
        default=None, description="For words that count from the interview."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.timezone is None) == (self.client_contact_id is None):
            words = "give timezone (and holidays) or client_contact_id, one of the two"
            raise misplaced("timezone", "place_members", words)
        return self


class PhraseRead(Output):
    """What the words mean. `needs_confirmation` marks a reading to be asked about before it is recorded.

    To record it send all but `offset_wd`, `expected_by` and `needs_confirmation`, with the `phrase` and its `given_at`.
    """

    kind: TimescaleKind
    at: Instant | None
    date: Day | None
    from_: Day | None = Field(alias="from")
    to: Day | None
    n: int | None
    anchor: Anchor
    event: str | None
    event_date: Day | None
    offset_wd: int | None = Field(
        description="Working days after the event; recorded as `offset_working_days`."
    )
    offset_working_days: int | None
    expected_by: Instant | None = Field(
        description="The latest instant that keeps it; null if it names none."
    )
    needs_confirmation: bool


@timescales.post(
    "/v1/interviews/{interview_id}/timescales",
    status_code=201,
    **operation("records:write", 404, 409, resent=TimescaleSaved),
)
@begins(rounds.beginning)
async def record_timescale(
    interview_id: Id, body: TimescaleCreate, work: InWork, response: Response
) -> TimescaleSaved:
    """Record when the client will answer, in its own words and as structure; a revision is a new record."""
    sent = body.sent()
    done = await service.record(work.db, work.caller, interview_id, body.values(), sent, now=work.now)
    return await recorded_view(TimescaleSaved, work, response, done, sent)


@timescales.get("/v1/interviews/{interview_id}/timescales", **operation("records:read", 404))
async def list_timescales(
    interview_id: Id,
    work: InWork,
    paging: Paged,
    referred: Referred,
) -> Page[TimescaleView]:
    """List the timescales of an interview, in the order they were recorded."""
    await find(work.db, work.caller, Interview, interview_id)
    query = records_of(work, Timescale, interview_id, referred)
    return await listed(TimescaleView, work, paging, query, Timescale)


@timescales.get("/v1/timescales/{timescale_id}", **operation("records:read", 404))
async def get_timescale(timescale_id: Id, work: InWork) -> TimescaleView:
    """Read a timescale."""
    return await record_view(TimescaleView, work, Timescale, timescale_id)


@timescales.post("/v1/timescales/interpret", **operation("status:read", 404))
async def interpret_timescale(body: PhraseToRead, work: InWork) -> PhraseRead:
    """Read a client's words such as `by end of next week`; nothing is stored."""
    policy = await facts.policy_of(work.db, work.caller)
    if body.timezone is None:
        client = await service.client_calendar(
            work.db, work.caller, body.client_contact_id, policy, pointer="/client_contact_id"
        )
    else:
        client = policy.hours_of(body.timezone, body.holidays)
    offset = policy.event_offset_working_days
    read = interpret(
        body.phrase, body.given_at, client, interview_end=body.interview_end, event_offset=offset
    )
    return PhraseRead.model_validate(_members(read))


def _members(read: Interpretation) -> dict[str, Any]:
    terms = read.timescale
    return {
        "kind": terms.kind,
        "at": terms.at,
        "date": terms.date,
        "from": terms.from_date,
        "to": terms.to_date,
        "n": terms.n,
        "anchor": terms.anchor,
        "event": terms.event,
        "event_date": terms.event_date,
        "offset_wd": terms.offset_working_days,
        "offset_working_days": terms.offset_working_days,
        "expected_by": read.expected_by,
        "needs_confirmation": read.needs_confirmation,
    }
