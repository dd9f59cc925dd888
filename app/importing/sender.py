"""The sender: puts a call before the service again and again until it has an answer."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import httpx

from app.errors import ImportStoppedError
from app.importing.lines import Line

Json = dict[str, Any]

TRIES = 8
LONGEST_WAIT = 60.0  # seconds
SECONDS = 120.0  # for the service to answer

# A request that is still at work, too many of them, or a service that is not there for a moment.
PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the items of one run to a service over one connection.

    The key of a call comes from the run, the call's first line and its content: sent again after a lost answer it does
    nothing twice, while a later run does it anew, and so does a later call of the same content.
    """

    client: httpx.Client
    run: str
    dry_run: bool

    def send(self, lines: Sequence[Line]) -> list[Json]:
        """What became of each line. Raises ImportStoppedError if the service refuses the call, or keeps silent."""
        body = b'{"items":[' + b",".join(line.text for line in lines) + b"]}"
        headers = {"Content-Type": "application/json"}
        if not self.dry_run:
            headers["Idempotency-Key"] = sha256(f"{self.run} {lines[0].number} ".encode() + body).hexdigest()
        request = self.client.build_request(
            "POST",
            "/v1/bulk",
            params={"dry_run": "true"} if self.dry_run else None,
            content=body,
            headers=headers,
        )
        results: list[Json] = self._answer(request)["items"]
        return results

    def _answer(self, request: httpx.Request) -> Json:
        said = ""
        for attempt in range(TRIES):
            try:
                response = self.client.send(request)
            except httpx.TransportError as error:
                said, wait = f"no answer ({type(error).__name__})", 0.0
            else:
                if response.status_code == HTTPStatus.MULTI_STATUS:
                    answer: Json = response.json()
                    return answer
                said, wait = _said(response), _retry_after(response)
                if response.status_code not in PASSING:
                    break
            if attempt < TRIES - 1:
                time.sleep(min(max(wait, 0.5 * 2**attempt), LONGEST_WAIT))
        raise ImportStoppedError(f"The service at {self.client.base_url} did not take the lines: {said}.")


def _retry_after(response: httpx.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdecimal() else 0.0


def _said(response: httpx.Response) -> str:
    """What a refusal says of itself."""
    try:
        problem = json.loads(response.content)
        return f"{response.status_code} {problem['code']}: {problem['detail'].removesuffix('.')}"
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"it answered {response.status_code}; is this the address of Touchbase?"
