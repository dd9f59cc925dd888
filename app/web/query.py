"""Reads a query strictly: nothing in it that is unknown, could mean two things, or that no database takes (H13)."""

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from app.errors import InvalidError
from app.web.body import UNCLEAN, is_clean

REPLACEMENT = "\ufffd"  # what a query is read as where it is not UTF-8


def check_query(request: Request, known: Mapping[str, bool]) -> None:
    """Raise InvalidError for a parameter the operation does not know, or one that holds what no database takes.

    `known` tells of each parameter whether it may be repeated. A misspelt filter would otherwise widen the answer in
    silence, and of two values one would be ignored.
    """
    given = request.query_params
    for name, value in given.multi_items():
        if name not in known:
            detail = "The operation has no such parameter."
            raise InvalidError(detail, code="unknown_parameter", parameter=name[:200])
        if not known[name] and len(given.getlist(name)) > 1:
            raise InvalidError("Give it once.", code="repeated_parameter", parameter=name)
        if not is_clean(value) or (REPLACEMENT in value and not _is_utf8(request)):
            raise InvalidError(UNCLEAN, code="invalid_text", parameter=name)


def _is_utf8(request: Request) -> bool:
    try:
        unquote_to_bytes(request.scope["query_string"]).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
