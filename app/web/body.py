"""Reads a JSON body strictly: bounded before it is parsed, and nothing in it that could mean two things (H13)."""

import asyncio
import json
from typing import Any, NoReturn

from starlette.requests import Request

from app.errors import InvalidError, MalformedError, TooLargeError, TooSlowError, UnsupportedMediaTypeError

MOST_BYTES = 1_048_576
MOST_BULK_BYTES = 5 * MOST_BYTES
MOST_SECONDS = 15
MOST_DEPTH = 32  # of arrays and objects within one another
ITEM_DEPTH = 3  # of an item in the body of a bulk call: object, array, object
MOST_ITEMS = 1_000
MOST_DIGITS = 4_300  # of a whole number: no more are read, as the time that takes grows with their square
UNCLEAN = "Text must hold neither NUL nor half a character."

_ENDLESS = object()  # in the place of a number of more digits, until it is known where that stands


class ParsedRequest(Request):
    """A request whose body has been read and parsed by our rules."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._value = value
        self.scope["touchbase.body"] = value  # for an error that must say which member is at fault

    async def body(self) -> bytes:
        """The bytes as they came."""
        return self._raw

    async def json(self) -> Any:
        """The parsed value."""
        return self._value


async def read(
    request: Request, *, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS
) -> bytes:
    """The body as it came.

    Raises TooLargeError as soon as it is, TooSlowError for one that is late as a whole, however it drips, or
    UnsupportedMediaTypeError for what is not JSON.
    """
    try:
        async with asyncio.timeout(most_seconds):
            raw = await _read(request, most_bytes)
    except TimeoutError:
        raise TooSlowError from None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and media_type != "application/json":
        raise UnsupportedMediaTypeError
    if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaTypeError("Send the body as it is, without a Content-Encoding.")
    return raw


def parse(raw: bytes) -> Any:
    """A JSON text in UTF-8, without duplicate members, NaN or Infinity.

    Raises MalformedError, or InvalidError where a string holds what no database takes (NUL, a lone surrogate), an array
    or an object holds too much, or a whole number has too many digits.
    """
    value = _load(raw)
    check_clean(value)
    return value


def parse_bulk(raw: bytes) -> Any:
    """The same but for what stands in `items`: each is checked on its own, so a bad one spoils no other (H14)."""
    value = _load(raw)
    check_clean({**value, "items": None} if isinstance(value, dict) else value)
    return value


def parse_item(raw: bytes) -> Any:
    """One of those items by itself. Raises as `parse`."""
    value = _load(raw)
    check_clean(value, depth=ITEM_DEPTH)
    return value


def _load(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except UnicodeDecodeError:
        raise MalformedError("The request body is not UTF-8.", code="not_utf8") from None
    except RecursionError:
        raise MalformedError("The request body is nested too deeply.", code="too_deep") from None
    except ValueError:
        raise MalformedError from None


async def _read(request: Request, most_bytes: int) -> bytes:
    announced = request.headers.get("content-length", "0").lstrip("0")
    if announced.isdecimal() and (len(announced) > len(str(most_bytes)) or int(announced) > most_bytes):
        raise TooLargeError
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most_bytes:
            raise TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError("A member stands twice in one object.", code="duplicate_member")
    return members


def _no_constant(name: str) -> NoReturn:
    raise MalformedError(f"{name} is not JSON.", code="not_a_number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise MalformedError("A number is too large.", code="not_a_number")
    return number


def _whole(digits: str) -> object:
    return int(digits) if len(digits) <= MOST_DIGITS else _ENDLESS


def check_clean(value: Any, pointer: str = "", depth: int = 1) -> None:
    """Raise InvalidError, naming the place, for what no database takes and for what holds too much.

    Raises MalformedError for what is nested too deeply; `pointer` and `depth` are where in the body the value stands.
    """
    if depth > MOST_DEPTH and isinstance(value, list | dict):
        raise MalformedError("The request body is nested too deeply.", code="too_deep")
    if isinstance(value, str) and not is_clean(value):
        raise InvalidError(UNCLEAN, code="invalid_text", pointer=pointer)
    if value is _ENDLESS:
        raise InvalidError("A number has too many digits.", code="too_many_digits", pointer=pointer)
    if isinstance(value, list | dict) and len(value) > MOST_ITEMS:
        detail = f"An array may hold {MOST_ITEMS} items, and an object as many members."
        raise InvalidError(detail, code="too_many_items", pointer=pointer)
    if isinstance(value, list):
        for position, item in enumerate(value):
            check_clean(item, f"{pointer}/{position}", depth + 1)
    if isinstance(value, dict):
        for name, item in value.items():
            if not is_clean(name):
                raise InvalidError(UNCLEAN, code="invalid_text", pointer=pointer)
            check_clean(item, f"{pointer}/{escaped(name)}", depth + 1)


def is_clean(text: str) -> bool:
    """Whether a database takes a text: not with NUL, nor with half a character."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def escaped(name: str) -> str:
    """A member's name as a part of a JSON pointer."""
    return name[:200].replace("~", "~0").replace("/", "~1")
