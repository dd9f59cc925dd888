"""Cursor pages (H9): opaque, signed, and bound to the agency, the list and its filters."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import Depends, Query, Request, Response
from pydantic import BeforeValidator, Field

from app.errors import InvalidError
from app.services.macs import mac_of
from app.services.scope import Caller
from app.web.problems import path_of
from app.web.schema import Output, parse_count

Item = TypeVar("Item")
Limit = Annotated[int, Field(ge=1, le=200), BeforeValidator(parse_count)]

_TAG_BYTES = 16


class Page(Output, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None = Field(description="Give it as `cursor` to get the next page.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """The name in the document, such as ClientPage."""
        return f"{params[0].__name__.removesuffix('View')}Page"


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page begins and how long it is."""

    request: Request
    response: Response
    limit: int
    key: list[Any] | None
    binding: bytes

    @property
    def after(self) -> UUID | None:
        """The id after which the page begins, for lists in the order of ids."""
        return UUID(self.key[0]) if self.key else None

    def pinned(self, at: datetime) -> tuple[datetime, list[Any] | None]:
        """The instant of a list in time and the sort key after which the page begins.

        The first page fixes the instant, so that the order holds while the pages are read.
        """
        if self.key is None:
            return at, None
        instant, *key = self.key
        return datetime.fromisoformat(instant), key

    def next_cursor(self, rows: Sequence[Any], *, more: bool) -> str | None:
        """The cursor after the last row of a list in the order of ids."""
        return self.cursor([str(rows[-1]["id"])]) if more else None

    def cursor(self, key: list[Any]) -> str:
        """A cursor for a sort key; also sets the Link header."""
        payload = msgspec.json.encode(key)
        token = _spelt(self._tag(payload) + payload)
        link_next(self.request, self.response, "cursor", token)
        return token

    def _tag(self, payload: bytes) -> bytes:
        return _sign(self.request, self.binding + payload)


def link_next(request: Request, response: Response, name: str, value: str) -> None:
    """Set the Link header to the page after this one: the same address, begun elsewhere."""
    others = [(k, v) for k, v in request.query_params.multi_items() if k != name]
    query = urlencode([*others, (name, value)])
    response.headers["Link"] = f'<{path_of(request)}?{query}>; rel="next"'


async def get_paging(
    request: Request,
    response: Response,
    limit: Annotated[Limit, Query(description="Items on a page")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=2_000, description="`next_cursor` of the page before")
    ] = None,
) -> Paging:
    """The paging of a list request. Raises InvalidError for a cursor that is not ours or not of this list."""
    caller: Caller = request.scope["touchbase.caller"]
    filters = sorted((k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "limit"))
    binding = json.dumps([str(caller.agency_id), request.scope["path"], filters]).encode()
    key = None if cursor is None else _opened(request, cursor, binding)
    return Paging(request, response, limit, key, binding)


def _opened(request: Request, cursor: str, binding: bytes) -> list[Any]:
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise _foreign() from None
    tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    # Base64 may be spelt in many ways; only ours is a cursor.
    if cursor != _spelt(raw) or not compare_digest(tag, _sign(request, binding + payload)):
        raise _foreign()
    key: list[Any] = json.loads(payload)
    return key


def _spelt(token: bytes) -> str:
    return urlsafe_b64encode(token).decode().rstrip("=")


def _foreign() -> InvalidError:
    return InvalidError("The cursor does not belong to this list.", code="invalid_cursor", parameter="cursor")


def _sign(request: Request, message: bytes) -> bytes:
    secret: str = request.app.state.authenticator.secret
    return mac_of(b"cursor:" + message, secret)[:_TAG_BYTES]


Paged = Annotated[Paging, Depends(get_paging)]
