"""A mail server of the tests' own, on 127.0.0.1, that takes or refuses what it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

TAKEN = "250 OK"


@dataclass
class Mailbox:
    """What has been taken, with the one it is for; `to_recipient` and `to_letter` is what the server answers."""

    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    to_recipient: str = TAKEN
    to_letter: str = TAKEN
    takes_utf8: bool = True
    port: int = 0
    logins: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The server, as the setting names it."""
        return f"smtp://127.0.0.1:{self.port}?from=touchbase@agency.example"

    def login(
        self, _server: SMTP, session: Session, _envelope: Envelope, _how: str, given: Any
    ) -> AuthResult:
        """Let anybody in, and note with which password."""
        self.logins.append((given.login.decode(), given.password.decode()))
        session.authenticated = True
        return AuthResult(success=True)

    # The names and the parameters are aiosmtpd's.

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether the server knows somebody."""
        if self.to_recipient == TAKEN:
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter, or not."""
        if self.to_letter == TAKEN:
            message: Any = message_from_bytes(envelope.original_content or b"", policy=POLICY)
            [recipient] = envelope.rcpt_tos
            self.letters.append((recipient, message))
        return self.to_letter


@asynccontextmanager
async def receiving(
    box: Mailbox, *, tls: ssl.SSLContext | None = None, start_tls: ssl.SSLContext | None = None
) -> AsyncIterator[Mailbox]:
    """A mailbox while its server runs, on the port that it had or else on a free one."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        # To aiosmtpd a connection that is encrypted from the first byte looks like one that is not.
        return SMTP(
            box,
            loop=loop,
            enable_SMTPUTF8=box.takes_utf8,
            tls_context=start_tls,
            authenticator=box.login,
            auth_require_tls=tls is None,
        )

    server = await loop.create_server(session, "127.0.0.1", box.port, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
