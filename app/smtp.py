"""Mail to the agency's own people, over the operator's mail server."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)

from app.errors import MailRefusedError

PORTS = {"smtp": 587, "smtps": 465}
PERMANENT = 500  # and above: the server will say the same tomorrow
QUIT_SECONDS = 5

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, as whom, and from which address."""

    host: str
    port: int
    is_tls: bool
    sender: Address
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @staticmethod
    def of(url: str) -> "MailServer":
        """The server that `smtps://` or `smtp://` names. Raises ValueError, which quotes nothing."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("it is not a URL; special characters of a password are written as %2F") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("it must be smtps://host or smtp://host")
        query = parse_qs(parts.query, keep_blank_values=True)
        if parts.path not in ("", "/") or parts.fragment or not query.keys() <= {"from"}:
            raise ValueError("nothing but ?from= may follow the host")
        username, password = _credentials(parts)
        return MailServer(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            sender=_sender(query.get("from", [f"touchbase@{parts.hostname}"])),
            username=username,
            password=password,
        )

    async def send(self, message: EmailMessage, recipient: str, *, timeout: float) -> None:  # noqa: ASYNC109
        """Hand in one letter within so many seconds.

        Raises MailRefusedError if the server will not have it, and SMTPException or OSError for what may pass.
        """
        # A password is never sent in the clear; without one it is as the server offers.
        start_tls = None if self.username is None else True
        client = SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.is_tls,
            start_tls=False if self.is_tls else start_tls,
            username=self.username,
            password=self.password,
            timeout=timeout,
        )
        # Not every program finds a Message-ID that is folded, so the lines are as long as they may be.
        options = [] if (self.sender.addr_spec + recipient).isascii() else ["SMTPUTF8"]
        try:
            async with asyncio.timeout(timeout):
                await client.connect()
                await client.sendmail(
                    self.sender.addr_spec,
                    [recipient],
                    message.as_bytes(policy=POLICY.clone(utf8=bool(options), max_line_length=998)),
                    mail_options=options,
                )
            # It has been accepted, whatever comes of the farewell.
            with suppress(SMTPException, OSError):
                await client.quit(timeout=QUIT_SECONDS)
        except (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError) as error:
            raise _judged(error) from error
        finally:
            client.close()


def address(text: str) -> Address:
    """One address without a name. Raises ValueError for what is none, such as two of them or a line break."""
    try:
        return Address(addr_spec=text)
    except NonASCIILocalPartDefect:
        return _international(text)
    except (IndexError, MessageError, ValueError):
        raise ValueError("it is no address that can be written to") from None


def _international(text: str) -> Address:
    """An address whose local part is not ASCII (RFC 6531): Python takes it in parts, and checks none of them.

    So it is checked with letters in place of what is not ASCII; one in quotes is not taken.
    """
    address(_NOT_ASCII.sub("x", text))
    if '"' in text or not text.isprintable():
        raise ValueError("it is no address that can be written to")
    username, _, domain = text.rpartition("@")
    return Address(username=username, domain=domain)


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if (parts.username is None) != (parts.password is None):
        raise ValueError("a user and a password go together")
    if parts.username is None or parts.password is None:
        return None, None
    return unquote(parts.username), unquote(parts.password)


def _sender(given: list[str]) -> Address:
    if len(given) != 1:
        raise ValueError("?from= may stand once")
    try:
        found = address(given[0])
    except ValueError:
        found = None
    if found is None or not found.domain:
        raise ValueError("say in ?from= which address sends, as touchbase@agency.example")
    return found


def _judged(error: SMTPException) -> SMTPException | MailRefusedError:
    """The error itself if it may pass, else that the letter is refused, with the server's code alone (S5)."""
    refused: list[SMTPException] = (
        list(error.recipients) if isinstance(error, SMTPRecipientsRefused) else [error]
    )
    codes = [
        each.code
        for each in refused
        if isinstance(each, SMTPDataError | SMTPRecipientRefused | SMTPSenderRefused)
    ]
    return MailRefusedError(max(codes)) if codes and min(codes) >= PERMANENT else error
