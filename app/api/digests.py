"""The digest: what a consultant is told in the morning."""

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from app.api.cards import AsOf, NamedPerson
from app.rules.vocabulary import Level, ReasonCode
from app.services import digests as service
from app.web.deps import InWork
from app.web.media import preferred
from app.web.operations import operation, router
from app.web.schema import Day, Id, Instant, Output

digests = router("Status")

JSON, TEXT = "application/json", "text/plain"


class DigestItem(Output):
    """All that is due about one candidate: one line."""

    candidate: NamedPerson
    level: Level
    due_at: Instant
    codes: list[ReasonCode]
    not_before: Instant
    text: str = Field(description="The same on one line, with times in the consultant's zone.")


class DigestView(Output):
    """Who is due a word from a consultant, the most urgent first; nobody on a day off or while they are covered."""

    consultant: NamedPerson
    as_of: Instant
    day: Day = Field(description="The date in the consultant's zone.")
    timezone: str
    working_day: bool = Field(description="Whether the agency works on that date.")
    covered_by: NamedPerson | None = Field(
        description="Who does the consultant's work, and has it in theirs."
    )
    items: list[DigestItem]
    more: int = Field(description="How many more people there are than items.")


declared = operation("status:read", 404)
declared["responses"] |= {200: {"content": {TEXT: {"schema": {"type": "string"}}}}}


@digests.get("/v1/consultants/{consultant_id}/digest", response_model=DigestView, **declared)
async def get_digest(
    consultant_id: Id, work: InWork, request: Request, response: Response, as_of: AsOf = None
) -> Response | DigestView:
    """Tell a consultant who is due a word, one line per candidate, as JSON or with `Accept: text/plain` as text.

    It is what is mailed at 08:30 of every working day.
    """
    found = await service.report(work.db, work.caller, consultant_id, at=as_of or work.now)
    response.headers["Vary"] = "Accept"
    if preferred(request.headers.get("accept", ""), (JSON, TEXT)) == TEXT:
        return PlainTextResponse(found.text, headers=dict(response.headers))
    return DigestView.model_validate(
        {
            "consultant": found.consultant,
            "as_of": found.as_of,
            "day": found.day,
            "timezone": found.consultant.timezone,
            "working_day": found.working_day,
            "covered_by": found.covered_by,
            "items": found.items,
            "more": found.more,
        }
    )
