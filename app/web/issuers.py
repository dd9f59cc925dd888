"""The keys of the issuers of tokens: found through their discovery documents, and kept for a while.

The issuer of a token is asked only if an agency has named it. No transaction is open meanwhile.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from app.errors import OutboundError, UnauthenticatedError, UnavailableError
from app.outbound import Outbound
from app.web import tokens
from app.web.tokens import IssuerKey, Token

# Keys are asked for again after this long; a key that the issuer withdraws is good for as long.
FRESH_SECONDS = 300
# While the issuer cannot be reached its keys go on serving, but no longer than this.
STALE_SECONDS = 3_600
# Tokens with key ids that nobody has heard of make us ask at most this often.
ASKED_EVERY_SECONDS = 30
RETRIED_EVERY_SECONDS = 5
DEADLINE_SECONDS = 5
MOST_ISSUERS = 1_000

logger = logging.getLogger("touchbase.issuers")


@dataclass
class Issuer:
    """What we know of an issuer: its keys as of `read_at`, and when and how we last asked, on the process's clock."""

    keys: list[IssuerKey] = field(default_factory=list)
    read_at: float | None = None
    asked_at: float | None = None
    answered: bool = False
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Issuers:
    """Finds the key that signed a token."""

    outbound: Outbound
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[str, Issuer] = field(default_factory=OrderedDict)

    async def verify(self, token: Token) -> None:
        """Check a token's signature with a key of its issuer.

        Raises UnauthenticatedError, or UnavailableError if the issuer cannot be reached and its key is not known.
        """
        tokens.verify(token, await self._key_of(token))

    async def close(self) -> None:
        """Close what is open."""
        await self.outbound.close()

    async def _key_of(self, token: Token) -> IssuerKey:
        issuer = self._issuer(token.claims.iss)
        key = self._kept(issuer, token)
        if key and (self._is_fresh(issuer) or issuer.asking.locked()):
            return key
        async with issuer.asking:
            if self._may_ask(issuer, known=self._kept(issuer, token) is not None):
                await self._ask(token.claims.iss, issuer)
        key = self._kept(issuer, token)
        if key:
            return key
        if not issuer.answered:
            raise UnavailableError(
                "The issuer of the token cannot be reached right now. Try again shortly.",
                code="issuer_unavailable",
            )
        raise UnauthenticatedError

    def _issuer(self, url: str) -> Issuer:
        issuer = self._known.setdefault(url, Issuer())
        self._known.move_to_end(url)
        if len(self._known) > MOST_ISSUERS:
            self._known.popitem(last=False)
        return issuer

    def _kept(self, issuer: Issuer, token: Token) -> IssuerKey | None:
        if issuer.read_at is None or self.clock() - issuer.read_at >= STALE_SECONDS:
            return None
        return tokens.fitting(issuer.keys, token)

    def _is_fresh(self, issuer: Issuer) -> bool:
        return issuer.read_at is not None and self.clock() - issuer.read_at < FRESH_SECONDS

    def _may_ask(self, issuer: Issuer, *, known: bool) -> bool:
        """Whether it is time to ask: a while after the last time, sooner if nobody can come in until it answers."""
        if issuer.asked_at is None:
            return True
        if known and self._is_fresh(issuer):
            return False
        pause = ASKED_EVERY_SECONDS if known or issuer.answered else RETRIED_EVERY_SECONDS
        return self.clock() - issuer.asked_at >= pause

    async def _ask(self, url: str, issuer: Issuer) -> None:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                issuer.keys = await self._fetch(url)
        except (OutboundError, TimeoutError, ValueError, RecursionError) as error:
            issuer.answered = False
            logger.warning("issuer not available: %s", type(error).__name__)
        else:
            issuer.answered, issuer.read_at = True, self.clock()
        issuer.asked_at = self.clock()

    async def _fetch(self, url: str) -> list[IssuerKey]:
        """The keys of an issuer. Raises OutboundError, or ValueError for what is not what it should be."""
        document = json.loads(
            await self.outbound.get(url.removesuffix("/") + "/.well-known/openid-configuration")
        )
        if not isinstance(document, dict) or document.get("issuer") != url:
            raise ValueError("the discovery document is another issuer's")
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise ValueError("the discovery document names no keys")  # noqa: TRY004 - the document is wrong
        return tokens.read_keys(await self.outbound.get(address))
