"""`Idempotency-Key`: a POST or PATCH that is sent again is answered as before, and not carried out twice (H8)."""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.db import Beginning, attempt
from app.errors import ConflictError, InvalidError, RefusedError, UnsealableError
from app.services import idempotency
from app.services.idempotency import Keyed, SealedResponse
from app.services.sealing import seal, unseal
from app.web.deps import Work
from app.web.etags import conditions_of
from app.web.problems import refused

HEADER = "Idempotency-Key"
METHODS = {"POST", "PATCH"}
REFUSED_FOR_GOOD = {400, 404, 409, 412}

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def answer_once(
    request: Request,
    work: Work,
    keyed: Keyed,
    beginning: Beginning | None,
    perform: Callable[[], Awaitable[Response]],
    check_path: Callable[[], Awaitable[None]],
) -> Response:
    """The answer to a request that comes with a key: the one it got before, if it did. See `idempotency.claim`.

    It is not told again of what is not there any more: `check_path` then raises NotFoundError (H4).
    What its operation begins with comes after the claim, so that whoever sends again waits for no lock to be told.
    """
    secret: str = request.app.state.authenticator.secret
    known = await idempotency.claim(work.db, work.caller, keyed, now=work.now)
    if known is not None:
        if known.status != HTTPStatus.NOT_FOUND:
            await check_path()
        return _replay(known, secret)
    response = await _attempted(request, work, beginning, perform)
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    answer = SealedResponse(response.status_code, headers, seal(bytes(response.body), secret))
    idempotency.keep(work.db, work.caller, keyed, answer, now=work.now)
    return response


def keyed_of(request: Request, raw: bytes) -> Keyed | None:
    """A request with its key, if it comes with one. Raises InvalidError for what is no key."""
    keys = request.headers.getlist(HEADER)
    if not keys or request.method not in METHODS:
        return None
    key = keys[0]
    if len(keys) > 1 or not _KEY.fullmatch(key):
        words = "A key has 1 to 255 visible characters without spaces, all of them ASCII."
        raise InvalidError(words, code="invalid_idempotency_key", header=HEADER)
    condition = conditions_of(request.headers, "If-Match") or ""
    asked = (request.method, request.scope["path"], request.url.query, condition)
    return Keyed(key, sha256("\n".join(asked).encode("utf-8", "surrogatepass") + b"\n" + raw).digest())


def _replay(known: SealedResponse, secret: str) -> Response:
    try:
        body = unseal(known.body, secret)
    except UnsealableError:
        words = "This key was used, but its answer cannot be read since the service's secret was changed."
        raise ConflictError(words, code="idempotency_answer_lost") from None
    return Response(body, known.status, {**known.headers, "Idempotency-Replayed": "true"})


async def _attempted(
    request: Request, work: Work, beginning: Beginning | None, perform: Callable[[], Awaitable[Response]]
) -> Response:
    """The answer, also to what is refused for good: its effect is undone, while the key stays held."""
    try:
        async with attempt(work.db, beginning):
            return await perform()
    except RefusedError as error:
        response = refused(request, error)
        if response.status_code not in REFUSED_FOR_GOOD:
            raise
        return response
