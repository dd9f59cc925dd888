"""The headers that operations of a kind understand and send, in the document: H3, H5, H7, H8, H12."""

from typing import Any

from app.web import idempotency, trail
from app.web.operations import WITH_BODY, problem_response
from app.web.routes import BODIED, EDITS, SCOPED

Json = dict[str, Any]

_TAG = {"type": "string", "examples": ['"NFlwQjksQ3Ji3KojCEAL"']}

_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "Your name for the request; it comes back and stands in our logs. Any other form is replaced.",
    "schema": {"type": "string", "examples": ["7f0c1d8e-import-12"]},
}
_TAGS = "ETags in double quotes, or one `etag` as it is"
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": f"{_TAGS}: change the object only if its own is among them, and answer 412 otherwise.",
    "schema": _TAG,
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": f"{_TAGS}: answer 304 without a body if the object's own is among them.",
    "schema": _TAG,
}
_IDEMPOTENCY_KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "description": "Any text of your own, best random: for 24 hours the same request with the same key is answered "
    "as before, and is not carried out twice.",
    "schema": {
        "type": "string",
        "pattern": "^[!-~]{1,255}$",
        "maxLength": 255,
        "examples": ["0b5e2c1c-0c1f-4b5e-9d53-6f6d2f1f2c11"],
    },
}
_PURPOSE = {
    "name": trail.PURPOSE,
    "in": "header",
    "description": "To what end, in one word; it is kept in the audit trail.",
    "schema": {
        "type": "string",
        "pattern": "^[A-Za-z0-9._-]{1,64}$",
        "maxLength": 64,
        "examples": ["shortlist"],
    },
}

_ETAG = {
    "description": "The member `etag` in double quotes, or a tag of an answer that has none.",
    "schema": {"type": "string"},
}
_REPLAYED = {
    "description": "`true` if this is the answer that the key got before.",
    "schema": {"type": "string", "const": "true"},
}
_HEADERS = {
    "RateLimit-Policy": {
        "description": "How many requests the agency has (`q`) in so many seconds (`w`), unless there is no limit.",
        "schema": {"type": "string", "examples": ['"default";q=6000;w=60']},
    },
    "RateLimit": {
        "description": "How many of them are left (`r`), and in how many seconds there are new ones (`t`).",
        "schema": {"type": "string", "examples": ['"default";r=5999;t=42']},
    },
    "Retry-After": {"description": "In how many seconds to try again.", "schema": {"type": "integer"}},
}
_LINK = {
    "description": 'The next page, if this one is full: `<...>; rel="next"` (RFC 8288).',
    "schema": {"type": "string", "examples": ['</v1/clients?limit=50&cursor=AbC>; rel="next"']},
}
_ANSWERED_ID = {"description": "The name of the request in our logs.", "schema": {"type": "string"}}


def add_manners(document: Json) -> None:
    """Say of every operation which headers it understands and sends, and which answers come of them."""
    document["components"]["headers"] = _HEADERS
    for methods in document["paths"].values():
        for method, operation in methods.items():
            _take(operation, _REQUEST_ID)
            # Asked in an agency's name, be it with a credential or at a secret address.
            is_limited = "429" in operation["responses"]
            if is_limited:
                if _is_list(document, operation):
                    operation["responses"]["200"].setdefault("headers", {})["Link"] = _LINK
                _add(method, operation, has_tag=_has_tag(document, method, operation))
            for status, response in operation["responses"].items():
                limits = _limits(status, is_limited=is_limited)
                response["headers"] = {**response.get("headers", {}), "X-Request-Id": _ANSWERED_ID, **limits}
            operation["responses"] = dict(sorted(operation["responses"].items()))


def _add(method: str, operation: Json, *, has_tag: bool) -> None:
    responses = operation["responses"]
    if trail.is_audited(operation.get(SCOPED, ()), operation):
        operation[trail.AUDITED] = True
        _take(operation, _PURPOSE)
    if has_tag:
        for status in responses:
            if status.startswith("2"):
                responses[status].setdefault("headers", {})["ETag"] = _ETAG
    if has_tag and method == "get":
        _take(operation, _IF_NONE_MATCH)
        responses["304"] = {"description": "What you have is what there is.", "headers": {"ETag": _ETAG}}
    _add_writing(method.upper(), operation)


def _add_writing(method: str, operation: Json) -> None:
    responses = operation["responses"]
    if method in EDITS:
        _take(operation, _IF_MATCH)
        responses["412"] = problem_response(412)
    if method in BODIED:
        for status in WITH_BODY:
            responses.setdefault(str(status), problem_response(status))
    if method in idempotency.METHODS:
        _take(operation, _IDEMPOTENCY_KEY)
        responses["409"] = problem_response(409)
        for status, response in responses.items():
            # What is not kept cannot be answered again.
            if status.startswith("2") or int(status) in idempotency.REFUSED_FOR_GOOD:
                response.setdefault("headers", {})["Idempotency-Replayed"] = _REPLAYED


def _limits(status: str, *, is_limited: bool) -> Json:
    """The headers of the rate limit where clients look for them: on what succeeded, and on what came too early."""
    is_told = is_limited and (status.startswith("2") or status == "429")
    names = ["RateLimit-Policy", "RateLimit"] if is_told else []
    names += ["Retry-After"] if status in ("429", "503") else []
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _has_tag(document: Json, method: str, operation: Json) -> bool:
    """Whether an answer is an object, or what is read is at least no page of a list."""
    is_object = "etag" in _answered(document, operation)
    return is_object or (method == "get" and not _is_list(document, operation))


def _is_list(document: Json, operation: Json) -> bool:
    return "next_cursor" in _answered(document, operation)


def _answered(document: Json, operation: Json) -> set[str]:
    """The members of what an operation answers where it succeeds."""
    answers = [response for status, response in operation["responses"].items() if status.startswith("2")]
    return set().union(*(_members(document, answer["content"]) for answer in answers if "content" in answer))


def _members(document: Json, content: Json) -> set[str]:
    if "application/json" not in content:
        return set()
    schema = content["application/json"]["schema"]
    names = [part["$ref"].rpartition("/")[2] for part in schema.get("anyOf", [schema])]
    return {name for schema in names for name in document["components"]["schemas"][schema]["properties"]}


def _take(operation: Json, parameter: Json) -> None:
    operation.setdefault("parameters", []).append(parameter)
