"""Who is calling: the bearer key or token of a request, and the scopes it carries (S3, S4)."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from fastapi import Request

from app.db import Database
from app.errors import UnauthenticatedError
from app.services import api_keys, identities, identity_providers
from app.services.scope import Caller, KnownCaller
from app.web import tokens
from app.web.issuers import Issuers

# A credential revoked elsewhere works on for this long at most (S3 allows 5).
REMEMBERED_SECONDS = 4
REMEMBERED_CREDENTIALS = 10_000


@dataclass
class Authenticator:
    """Looks credentials up and remembers the good ones for a few seconds; all who wait for one look-up share it."""

    database: Database
    secret: str
    issuers: Issuers
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[bytes, tuple[float, Caller]] = field(default_factory=OrderedDict)
    _asking: dict[bytes, asyncio.Task[Caller]] = field(default_factory=dict)

    async def caller(self, request: Request) -> Caller:
        """The caller of a request.

        Raises UnauthenticatedError, or UnavailableError if the issuer of a token cannot be asked for its keys.
        """
        given = request.headers.getlist("authorization")
        scheme, _, credential = "".join(given).partition(" ")
        if len(given) != 1 or scheme.lower() != "bearer":
            raise UnauthenticatedError
        return await self._of(credential.strip())

    async def _of(self, credential: str) -> Caller:
        digest = api_keys.digest_of(credential, self.secret)
        until, caller = self._known.get(digest, (0.0, None))
        if caller is not None and self.clock() < until:
            return caller
        if digest not in self._asking:
            # Whose a key is never changes, so only the first look-up has to ask for that as well.
            agency_id = caller.agency_id if caller else None
            self._asking[digest] = asyncio.create_task(self._ask(digest, credential, agency_id))
        return await asyncio.shield(self._asking[digest])

    async def _ask(self, digest: bytes, credential: str, agency_id: UUID | None) -> Caller:
        asked = self.clock()
        is_key = api_keys.key_id_of(credential) is not None
        try:
            known, now = await (
                self._of_key(credential, agency_id) if is_key else self._of_token(tokens.read(credential))
            )
            left = (known.expires_at - now).total_seconds() if known.expires_at else REMEMBERED_SECONDS
            self._remember(digest, known.caller, asked + min(left, REMEMBERED_SECONDS))
        except UnauthenticatedError:
            self._known.pop(digest, None)
            raise
        finally:
            del self._asking[digest]
        return known.caller

    async def _of_key(self, key: str, agency_id: UUID | None) -> tuple[KnownCaller, datetime]:
        """The caller who has a key, as known at an instant; `agency_id` where its agency is known already."""
        beginning = api_keys.beginning(key, agency_id) if agency_id else None
        async with self.database.transaction(agency_id, beginning) as db:
            now: datetime = db.info["now"]
            known = await api_keys.authenticate(db, key, secret=self.secret, now=now)
        if known is None:
            raise UnauthenticatedError
        return known, now

    async def _of_token(self, token: tokens.Token) -> tuple[KnownCaller, datetime]:
        """As `_of_key`. The issuer is asked for its keys between two transactions, not within one."""
        claims = token.claims
        async with self.database.transaction(None) as db:
            providers = await identity_providers.vouching(db, claims.iss, claims.audiences)
        if not providers:
            raise UnauthenticatedError
        await self.issuers.verify(token)
        async with self.database.transaction(None) as db:
            now: datetime = db.info["now"]
            tokens.check_times(claims, now)
            caller = await identities.authenticate(db, providers, claims.sub)
        if caller is None:
            raise UnauthenticatedError
        return KnownCaller(caller, claims.ends_at), now

    def _remember(self, digest: bytes, caller: Caller, until: float) -> None:
        self._known[digest] = (until, caller)
        self._known.move_to_end(digest)
        if len(self._known) > REMEMBERED_CREDENTIALS:
            self._known.popitem(last=False)
