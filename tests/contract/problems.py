"""What every error answer has in common (H1), checked wherever a test expects one."""

from typing import Any

import httpx

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "errors", "errors_omitted"}
NOWHERE = "0197f3a0-0000-7000-8000-000000000000"  # the id of nothing
ALWAYS = MEMBERS - {"errors", "errors_omitted"}


def problem_of(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem that an answer holds; fails unless it has this status and the one shape of errors."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) >= ALWAYS
    assert set(body) <= MEMBERS
    assert body["status"] == status
    # A replay is the answer of the first request, which had an id of its own.
    replayed = "idempotency-replayed" in response.headers
    assert replayed or body["request_id"] == response.headers["x-request-id"]
    assert code is None or body["code"] == code, body
    assert status != 422 or all(map(_names_one_place, body["errors"])), body
    return body


def _names_one_place(error: dict[str, str]) -> bool:
    return len(error.keys() & {"pointer", "parameter", "header"}) == 1


def places_of(problem: dict[str, Any]) -> list[tuple[str, str]]:
    """Where each error stands, with its code."""
    places = ("pointer", "parameter", "header")
    return [
        (next(error[place] for place in places if place in error), error["code"])
        for error in problem["errors"]
    ]


def without_request_id(response: httpx.Response) -> bytes:
    """An answer's body byte for byte, but for the request's own id."""
    return response.content.replace(response.headers["x-request-id"].encode(), b"REQUEST")
