"""ETags: strong validators of what an object's answers say (H7)."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import blake2b
from typing import ClassVar

import msgspec
from pydantic import computed_field
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from app.errors import InvalidError
from app.web.schema import Output

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# Of a list's elements some may be empty, as behind a last comma (RFC 9110, 5.6.1).
_LIST = re.compile(rf"[\s,]*(?:{_TAG.pattern}\s*(?:,[\s,]*|\Z))+")

_BARE = re.compile(r"\s*([A-Za-z0-9_-]{20})\s*")  # one tag of ours, as the member `etag` has it


class Tagged(Output):
    """An object, whose answers carry `etag`: it changes whenever anything changes that the object says of itself.

    `beside` names the members of an answer that are not the object's own, such as where an application stands now.
    """

    beside: ClassVar[frozenset[str]] = frozenset()

    @computed_field(  # type: ignore[prop-decorator]
        description="Changes with the object; send it as `If-Match` to change only what you have seen. "
        "Headers have it in double quotes; one alone is understood without them too."
    )
    @property
    def etag(self) -> str:
        """The tag of the object's own members."""
        own = self.model_dump(mode="json", by_alias=True, exclude={"etag", *self.beside})
        # Sorted, since the database keeps the members of a JSON object in an order of its own.
        return digest(msgspec.json.encode(own, order="sorted"))


class _Object(msgspec.Struct):
    etag: str | None = None


def digest(content: bytes) -> str:
    """The tag of a content."""
    return urlsafe_b64encode(blake2b(content, digest_size=15).digest()).decode()


def tagged(request: Request, response: Response) -> Response:
    """The answer about an object with its ETag; 304 in its place where `If-None-Match` says that it is known.

    What is read but is no object by itself, such as a status, has a tag of the answer as it stands.
    """
    if not response.body:
        return response
    is_json = response.headers["content-type"].startswith("application/json")
    tag = msgspec.json.decode(response.body, type=_Object).etag if is_json else None
    is_reading = request.method == "GET"
    if tag is None and not is_reading:
        return response
    response.headers["ETag"] = f'"{tag or digest(bytes(response.body))}"'
    return unless_known(request.headers, response) if is_reading else response


def unless_known(headers: Headers, response: Response) -> Response:
    """A reading's answer, which has its ETag; 304 in its place where `If-None-Match` says that it is known."""
    given = conditions_of(headers, "If-None-Match")
    mine = response.headers["ETag"].strip('"')
    if given is None or (given.strip() != "*" and all(tag != mine for _, tag in _tags(given))):
        return response
    kept = {name: response.headers[name] for name in ("ETag", "Vary") if name in response.headers}
    return Response(status_code=304, headers=kept)


def conditions_of(headers: Headers, name: str) -> str | None:
    """What `If-Match` or `If-None-Match` says in all its lines, which are one list; None where it is not there."""
    lines = headers.getlist(name)
    return ", ".join(lines) if lines else None


def is_stale(given: str, present: str) -> bool:
    """Whether `If-Match` names another state of an object than its present tag. Raises InvalidError if malformed.

    Beside ETags in quotes it takes one `etag` as it stands in an object, which is easily sent.
    """
    if given.strip() == "*":
        return False
    if not (_LIST.fullmatch(given) or _BARE.fullmatch(given)):
        words = "Send ETags in double quotes, or the `etag` of one object as it is."
        raise InvalidError(words, code="invalid_etag", header="If-Match")
    return all(weak or tag != present for weak, tag in _tags(given))


def _tags(header: str) -> Iterator[tuple[str | None, str]]:
    if bare := _BARE.fullmatch(header):
        yield None, bare[1]
    for match in _TAG.finditer(header):
        yield match[1], match[2]
