"""What every resource does alike: external ids, lists, partial changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import Field
from sqlalchemy import Select

from app.models import RecordKind, RefKind
from app.models.base import Row, TenantedBase
from app.services import objects
from app.services.objects import Saved
from app.web.deps import Work
from app.web.etags import Tagged
from app.web.paging import Page, Paging
from app.web.schema import Id, Input, Instant, Name, Output, SeveralIds, SeveralTexts

View = TypeVar("View", bound=Output)


class ExternalRef(Input):
    """The id under which another system knows the object."""

    source: Name = Field(description="The system, such as `bullhorn`.", examples=["bullhorn"])
    id: Name = Field(description="Its id there.", examples=["88412"])


class ExternalRefView(Output):
    """The id under which another system knows the object."""

    source: str
    id: str


ExternalRefs = Annotated[list[ExternalRef], Field(max_length=20)]


class Referable(Input):
    """An object that other systems know; posting a known external id changes the object instead."""

    external_refs: ExternalRefs = []

    def columns(self) -> dict[str, Any]:
        """The members that are columns."""
        return {k: v for k, v in by_name(self).items() if k != "external_refs"}

    def refs(self) -> list[dict[str, str]]:
        """The external ids."""
        return [ref.model_dump() for ref in self.external_refs]

    def given(self) -> frozenset[str]:
        """The members that were really sent."""
        return frozenset(self.model_fields_set)


class ObjectView(Tagged):
    """What every directory object has."""

    id: Id
    external_refs: list[ExternalRefView]
    created_at: Instant
    updated_at: Instant


SourceFilter = Annotated[
    SeveralTexts | None, Query(description="Only what this system knows; repeat for several")
]
ExternalIdFilter = Annotated[
    SeveralTexts | None, Query(description="Only what has this external id; repeat for several")
]
NamingFilter = Annotated[SeveralIds | None, Query(description="Only those that name it; repeat for several")]
POLLING = "Polling, go back by a minute each time: a change is dated when its request begins, and seen when it ends."
UpdatedSince = Annotated[
    Instant | None, Query(description=f"Only what was changed at or after this instant. {POLLING}")
]


@dataclass(frozen=True, slots=True)
class RefFilters:
    """By what another system narrows a list to what it knows."""

    external_source: SourceFilter = None
    external_id: ExternalIdFilter = None

    def narrow(
        self, query: Select[Any], work: Work, kind: RefKind | RecordKind, table: type[Row]
    ) -> Select[Any]:
        """A list of what is of a kind, so narrowed."""
        return objects.narrowed(query, work.caller, kind, table, self.external_source, self.external_id)


@dataclass(frozen=True, slots=True)
class SyncFilters(RefFilters):
    """The same for a list of objects, with which it keeps in step."""

    updated_since: UpdatedSince = None

    def of(self, work: Work, kind: RefKind, table: type[Row]) -> Select[Any]:
        """The objects of a table, so narrowed."""
        return objects.known_as(
            work.caller, kind, table, self.external_source, self.external_id, self.updated_since
        )


Referred = Annotated[RefFilters, Depends()]
Syncing = Annotated[SyncFilters, Depends()]


def by_name(body: Input, *, sent_only: bool = False) -> dict[str, Any]:
    """The members of a body; `sent_only` leaves out what the client did not send (PATCH)."""
    return body.model_dump(by_alias=True, exclude_unset=sent_only)


async def view(model: type[View], work: Work, row: TenantedBase, **more: Any) -> View:
    """An object as we answer it, with its external ids."""
    refs = await objects.refs_of(work.db, work.caller, [row.id])
    return model.model_validate({**_nested(objects.fields_of(row)), "external_refs": refs[row.id], **more})


async def saved_view(
    model: type[View], work: Work, response: Response, saved: Saved[Row], **more: Any
) -> View:
    """A created object as we answer it, with 201; or with 200 the one that an external id named."""
    response.status_code = 201 if saved.created else 200
    return await view(model, work, saved.row, **more)


def _nested(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns with those of a hold gathered into one member."""
    fields = dict(columns)
    if "hold_since" in fields:
        hold = {name: fields[f"hold_{name}"] for name in ("since", "until", "reason", "ended_at")}
        fields["hold"] = hold if hold["since"] else None
    return fields


async def listed(
    model: type[View], work: Work, paging: Paging, query: Select[Any], table: type[Row]
) -> Page[View]:
    """A page of objects with their external ids, in two statements however long the page."""
    rows, more = await objects.page(work.db, query, table, after=paging.after, limit=paging.limit)
    refs = await objects.refs_of(work.db, work.caller, [row["id"] for row in rows])
    items = [model.model_validate({**_nested(row), "external_refs": refs[row["id"]]}) for row in rows]
    return Page[model](items=items, next_cursor=paging.next_cursor(rows, more=more))  # type: ignore[valid-type]


async def recorded(
    model: type[View], work: Work, paging: Paging, query: Select[Any], table: type[Row]
) -> Page[View]:
    """A page of facts."""
    rows, more = await objects.page(work.db, query, table, after=paging.after, limit=paging.limit)
    items = [model.model_validate(row) for row in rows]
    return Page[model](items=items, next_cursor=paging.next_cursor(rows, more=more))  # type: ignore[valid-type]


def narrowed(query: Select[Any], table: type[TenantedBase], wanted: Mapping[str, UUID]) -> Select[Any]:
    """A list narrowed to rows with given values."""
    columns = table.__table__.columns
    return query.where(*(columns[name] == value for name, value in wanted.items()))


def filtered(
    query: Select[Any], table: type[TenantedBase], filters: Mapping[str, Collection[UUID | str] | None]
) -> Select[Any]:
    """A list narrowed to rows with any of the values that each filter names, if it names some."""
    columns = table.__table__.columns
    return query.where(*(columns[name].in_(values) for name, values in filters.items() if values))
