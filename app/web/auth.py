"""Who is calling: the bearer key of a request, and the scopes it carries (S3, S4)."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi.security import HTTPBearer
from starlette.requests import Request

from app.db import Database
from app.errors import ForbiddenError, UnauthenticatedError
from app.services import access, api_keys
from app.services.scope import Caller

# Shows the scheme in the document; the check itself is ours, so that it comes before everything else (H4).
API_KEY = HTTPBearer(
    scheme_name="api_key",
    bearerFormat="tb_<environment>_<key id>_<secret>",
    description="An API key. Its scopes:\n\n"
    + "\n".join(f"- `{scope}`: {words}" for scope, words in access.SCOPES.items()),
    auto_error=False,
)

# A key revoked elsewhere works on for this long at most (S3 allows 5).
REMEMBERED_SECONDS = 4
REMEMBERED_KEYS = 10_000


@dataclass
class Authenticator:
    """Looks keys up and remembers the good ones for a few seconds."""

    database: Database
    secret: str
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[bytes, tuple[float, api_keys.KnownKey]] = field(default_factory=OrderedDict)

    async def caller(self, request: Request, scopes: frozenset[str]) -> Caller:
        """The caller of a request. Raises UnauthenticatedError, or ForbiddenError if a scope is missing."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthenticatedError
        caller = await self._of_key(key.strip())
        if not scopes <= caller.scopes:
            raise ForbiddenError
        return caller

    async def _of_key(self, key: str) -> Caller:
        if api_keys.key_id_of(key) is None:
            raise UnauthenticatedError
        digest = api_keys.digest_of(key, self.secret)
        remembered = self._known.get(digest)
        if remembered and self.clock() < remembered[0]:
            return remembered[1].caller
        async with self.database.transaction(None) as db:
            now: datetime = db.info["now"]
            known = await api_keys.authenticate(db, key, secret=self.secret, now=now)
        if known is None:
            self._known.pop(digest, None)
            raise UnauthenticatedError
        self._remember(digest, known, now)
        return known.caller

    def _remember(self, digest: bytes, known: api_keys.KnownKey, now: datetime) -> None:
        left = (known.expires_at - now).total_seconds() if known.expires_at else REMEMBERED_SECONDS
        self._known[digest] = (self.clock() + min(left, REMEMBERED_SECONDS), known)
        self._known.move_to_end(digest)
        if len(self._known) > REMEMBERED_KEYS:
            self._known.popitem(last=False)
