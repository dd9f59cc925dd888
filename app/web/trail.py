"""What of a request goes to the audit trail: every write, and every reading of a debrief."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.errors import InvalidError
from app.services import audit
from app.services.audit import Deed
from app.web.deps import Work, ids_in_path

PURPOSE = "X-Purpose"
AUDITED = "x-audited"  # how the document says it of an operation

_PURPOSE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Object(msgspec.Struct):
    id: UUID | None = None


class _Objects(msgspec.Struct):
    items: list[_Object]


def is_audited(scopes: Iterable[str], declared: Mapping[str, Any] | None) -> bool:
    """Whether the requests of an operation are noted."""
    return any(scope.endswith(":write") for scope in scopes) or AUDITED in (declared or {})


def deed_of(request: Request, operation: str) -> Deed:
    """What a request is about to do, and to what end. Raises InvalidError for an unfit purpose."""
    return Deed(operation, request.scope["touchbase.request_id"], _purpose(request))


def note(request: Request, work: Work, deed: Deed, body: Any, response: Response) -> None:
    """Note a deed that was done, in its own transaction."""
    audit.note(work.db, work.caller, deed, _done(request, body, response), now=work.now)


def _done(request: Request, body: Any, response: Response) -> list[tuple[UUID | None, Any]]:
    """The objects it was done to, each with the body that says what; in bulk its own item, and none if refused."""
    if response.status_code != HTTPStatus.MULTI_STATUS:
        return [(_object_of(request, response), body)]
    results = msgspec.json.decode(response.body, type=_Objects).items
    items = zip(results, body["items"], strict=True)
    return [(result.id, {"items": [item]}) for result, item in items if result.id]


def _purpose(request: Request) -> str | None:
    given = request.headers.get(PURPOSE)
    if given is not None and not _PURPOSE.fullmatch(given):
        words = "Say the purpose in one word of up to 64 letters, digits, dots, dashes and underscores."
        raise InvalidError(words, code="invalid_purpose", header=PURPOSE)
    return given


def _object_of(request: Request, response: Response) -> UUID | None:
    """The object in the answer, or else the last that the path names."""
    answered = msgspec.json.decode(response.body, type=_Object).id if response.body else None
    named = list(ids_in_path(request).values())
    return answered or (named[-1] if named else None)
