"""Bulk: up to 500 objects of any kind created or changed by their external ids in one call (H14)."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field, SkipValidation, ValidationError

from app.api.members import (
    ApplicationMembers,
    CandidateCreate,
    ClientContactCreate,
    ClientCreate,
    ConsultantCreate,
    InterviewCreate,
    JobMembers,
    Named,
    by_external_id,
)
from app.api.views import ExternalRef
from app.errors import InvalidError, MalformedError, RefusedError
from app.models import RefKind
from app.services import bulk as service
from app.services.bulk import Result
from app.services.items import Item
from app.web.body import ITEM_DEPTH, check_clean, escaped
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.problems import MOST_ERRORS, field_error, status_of
from app.web.routes import BulkRoute
from app.web.schema import Flag, Id, ImportedNotes, Input, Output

bulk = router("Bulk", BulkRoute)

MOST_ITEMS = 500


class ConsultantItem(Named, ConsultantCreate):
    """A consultant of the agency."""

    kind: Literal["consultant"]


class ClientItem(Named, ClientCreate):
    """A company that hires."""

    kind: Literal["client"]


class ClientContactItem(Named, ClientContactCreate):
    """A person at a client, which is named by `client` or `client_id`."""

    others = {RefKind.CLIENT: True}

    kind: Literal["client_contact"]
    client_id: Id | None = None
    client: ExternalRef | None = by_external_id(RefKind.CLIENT)


class CandidateItem(Named, CandidateCreate):
    """A candidate, whose owner may be named by `consultant` or `consultant_id`."""

    others = {RefKind.CONSULTANT: False}

    kind: Literal["candidate"]
    consultant: ExternalRef | None = by_external_id(RefKind.CONSULTANT)


class JobItem(Named, JobMembers):
    """A job at a client, which is named by `client` or `client_id`."""

    others = {RefKind.CLIENT: True}

    kind: Literal["job"]
    client_id: Id | None = None
    client: ExternalRef | None = by_external_id(RefKind.CLIENT)
    responsibilities: ImportedNotes | None = None


class ApplicationItem(Named, ApplicationMembers):
    """One candidate put forward for one job; each of those it names is named by our id or by an external one."""

    others = {
        RefKind.CANDIDATE: True,
        RefKind.JOB: True,
        RefKind.CLIENT_CONTACT: False,
        RefKind.CONSULTANT: False,
    }

    kind: Literal["application"]
    candidate_id: Id | None = None
    candidate: ExternalRef | None = by_external_id(RefKind.CANDIDATE)
    job_id: Id | None = None
    job: ExternalRef | None = by_external_id(RefKind.JOB)
    client_contact_id: Id | None = None
    client_contact: ExternalRef | None = by_external_id(RefKind.CLIENT_CONTACT)
    consultant: ExternalRef | None = by_external_id(RefKind.CONSULTANT)


class InterviewItem(Named, InterviewCreate):
    """An interview of an application, which is named by `application` or `application_id`."""

    others = {RefKind.APPLICATION: True}

    kind: Literal["interview"]
    application_id: Id | None = None
    application: ExternalRef | None = by_external_id(RefKind.APPLICATION)


ITEMS: dict[str, type[Named]] = {
    RefKind.CONSULTANT: ConsultantItem,
    RefKind.CLIENT: ClientItem,
    RefKind.CLIENT_CONTACT: ClientContactItem,
    RefKind.CANDIDATE: CandidateItem,
    RefKind.JOB: JobItem,
    RefKind.APPLICATION: ApplicationItem,
    RefKind.INTERVIEW: InterviewItem,
}

AnyItem = Annotated[
    ConsultantItem
    | ClientItem
    | ClientContactItem
    | CandidateItem
    | JobItem
    | ApplicationItem
    | InterviewItem,
    Field(discriminator="kind"),
]


class BulkCreate(Input):
    """Objects to create or change, in their order: an item may name what an earlier one makes."""

    atomic: bool = Field(default=False, description="All or nothing: one refused item undoes the others.")
    # Each item is judged on its own, so that a bad one spoils no other; the document shows what it should be.
    items: Annotated[list[SkipValidation[AnyItem]], Field(min_length=1, max_length=MOST_ITEMS)]


class ItemError(Output):
    """One thing that is wrong with an item, and where."""

    pointer: str = Field(description="JSON pointer into the body, such as `/items/3/name`.")
    code: str
    detail: str


class ItemProblem(Output):
    """Why an item was refused, as a problem of a request of its own would say."""

    code: str
    detail: str
    errors: list[ItemError]
    errors_omitted: int


class ItemResult(Output):
    """What became of one item."""

    kind: RefKind | None = Field(description="Null where it is none of ours.")
    status: int = Field(
        description="201 created, 200 changed, 424 undone or never tried for another item's sake, or 4xx."
    )
    id: Id | None = Field(description="Null if refused, and in a dry run.")
    problem: ItemProblem | None


class BulkResult(Output):
    """What became of each item, in their order."""

    items: list[ItemResult]


class BadItemError(InvalidError):
    """An item that is not of its shape, in as many places of it as `errors` says."""

    detail = "The item is not valid; see errors."

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__()
        self.errors = errors


@bulk.post("/v1/bulk", status_code=207, **operation("directory:write applications:write"))
async def save_items(
    body: BulkCreate,
    work: InWork,
    *,
    dry_run: Annotated[
        Flag, Query(description="Say what would become of each item, and store nothing.")
    ] = False,
) -> BulkResult:
    """Create or change up to 500 objects by their external ids: a refused item leaves the others alone.

    The answer is 207 with what became of each item, in their order. Sending the same again doubles nothing. Of a known
    object, members that are absent stay; those that must be given are needed all the same.
    """
    items = []
    for raw in body.items:
        items.append(_judged(raw))
        await asyncio.sleep(0)  # other requests go on
    results = await service.save(
        work.db, work.caller, items, atomic=body.atomic, dry_run=dry_run, now=work.now
    )
    return BulkResult(items=[_shown(result, number) for number, result in enumerate(results)])


def _judged(raw: Any) -> Item:
    """An item that can be saved, or one that says why it is refused."""
    given = raw.get("kind") if isinstance(raw, dict) else None
    kind = RefKind(given) if isinstance(given, str) and given in ITEMS else None
    try:
        check_clean(raw, depth=ITEM_DEPTH)
        if kind is None:
            raise _unknown_kind(raw)
        _check_size(raw, ITEMS[kind])
        return ITEMS[kind].model_validate(raw).item(kind)
    except (InvalidError, MalformedError) as error:
        return Item(kind, refused=error)
    except ValidationError as error:
        found = [field_error({**item, "loc": ("body", *item["loc"])}) for item in error.errors()]
        return Item(kind, refs=_refs_of(raw), refused=BadItemError(found))


def _check_size(raw: Mapping[str, Any], shape: type[Named]) -> None:
    """Raise BadItemError for more members than there are, before each that is unknown is made an error of."""
    if len(raw) > len(shape.model_fields):
        unknown = next(name for name in raw if name not in shape.model_fields)
        words = "is no member; the item has more members than there are"
        raise BadItemError([{"pointer": f"/{escaped(unknown)}", "code": "extra_forbidden", "detail": words}])


def _unknown_kind(raw: Any) -> BadItemError:
    place = "/kind" if isinstance(raw, dict) else ""
    words = f"must be an object whose kind is one of {', '.join(ITEMS)}"
    return BadItemError([{"pointer": place, "code": "unknown_kind", "detail": words}])


def _refs_of(raw: Mapping[str, Any]) -> list[dict[str, str]]:
    """The external ids of an item that is wrong elsewhere: what names it is told so."""
    try:
        return Named.model_validate({"external_refs": raw.get("external_refs")}).refs()
    except ValidationError:
        return []


def _shown(result: Result, number: int) -> ItemResult:
    error = result.error
    done = 201 if result.created else 200
    return ItemResult(
        kind=result.item.kind,
        status=status_of(error) if error else done,
        id=result.object_id,
        problem=_problem(error, result.item, number) if error else None,
    )


def _problem(error: RefusedError, item: Item, number: int) -> ItemProblem:
    errors = error.errors if isinstance(error, BadItemError) else _errors(error, item)
    told = [
        ItemError(**{**each, "pointer": f"/items/{number}{each['pointer']}"}) for each in errors[:MOST_ERRORS]
    ]
    omitted = max(0, len(errors) - MOST_ERRORS)
    return ItemProblem(code=error.code, detail=error.detail, errors=told, errors_omitted=omitted)


def _errors(error: RefusedError, item: Item) -> list[dict[str, str]]:
    """What a service says is wrong; with the item as a whole where it names no member."""
    place = item.place(error.pointer) if error.pointer else ""
    return [{"pointer": place, "code": error.code, "detail": error.detail}]
