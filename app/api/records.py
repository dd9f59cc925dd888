"""What debriefs, timescales, feedback and contacts do alike: known to other systems, corrected, never changed."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from fastapi import Response
from pydantic import Field
from sqlalchemy import Select

from app.api.shapes import explained
from app.api.views import ExternalRefs, RefFilters, View, narrowed
from app.models.base import TenantedBase
from app.services import corrections, objects
from app.services.records import KINDS, UNNAMED, Recorded, Sent
from app.web.deps import Work
from app.web.schema import Input


class Sendable(Input):
    """A record that other systems know; what is posted again under a known external id is not recorded again."""

    external_refs: ExternalRefs = Field(
        default=[],
        description="The same again under one of them changes nothing and answers 200 with the record. Something else "
        "is a 409, unless the record is superseded by it, or counts no more.",
    )

    def sent(self) -> Sent:
        """Under which external ids it was sent, and a fingerprint of what it says, however that is spelt."""
        if not self.external_refs:
            return UNNAMED
        said = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"external_refs", "supersedes"}
        )
        fingerprint = sha256(msgspec.json.encode(said, order="deterministic")).digest()
        return Sent([ref.model_dump() for ref in self.external_refs], fingerprint)


async def record_view(
    model: type[View], work: Work, table: type[TenantedBase], record_id: UUID, **more: Any
) -> View:
    """A record as we answer it, with what supersedes it and its external ids."""
    row = await corrections.read(work.db, work.caller, table, record_id)
    refs = await objects.refs_of(work.db, work.caller, [record_id])
    return model.model_validate({**row, "external_refs": refs[record_id], **more})


async def recorded_view(
    model: type[View], work: Work, response: Response, done: Recorded[Any], sent: Sent, **more: Any
) -> View:
    """A new record as we answer it, with 201, or with 200 the one that came of the same before; and what it led to."""
    beside = {**more, "application_status": explained(done.standing)}
    if not done.created:
        response.status_code = 200
        return await record_view(model, work, type(done.row), done.row.id, **beside)
    own = {**objects.fields_of(done.row), "superseded_by": None, "external_refs": sent.noted}
    return model.model_validate({**own, **beside})


def records_of(work: Work, table: type[TenantedBase], interview_id: UUID, filters: RefFilters) -> Select[Any]:
    """The records about an interview, narrowed to those that other systems know."""
    about = narrowed(corrections.with_successors(work.caller, table), table, {"interview_id": interview_id})
    return filters.narrow(about, work, KINDS[table], table)
