"""Mails digests, agency by agency: exactly one a day to each consultant, unless a worker dies at the wrong moment.

Where it does, or the database is away then for longer than we are patient, it is sent again under the same Message-ID,
by which mail programs know that it is the same.
"""

import asyncio
import logging
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from uuid import UUID

from app.db import Database
from app.errors import MailRefusedError
from app.models import DigestState, WakeKind
from app.services import digests, wakes
from app.services.digests import Claim, Letter
from app.services.scope import worker
from app.settings import Settings
from app.smtp import MailServer, address
from app.worker.patience import patiently

TIMEOUT_SECONDS = 30
NO_MAILBOX_NAME = 553  # as a server would say it

logger = logging.getLogger("touchbase.digests")


class Mailer:
    """Sends what is due to be mailed; without a mail server in the settings nothing ever is."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        url = settings.smtp_url
        self._server = MailServer.of(url.get_secret_value()) if url else None
        self._lease = timedelta(seconds=settings.lease_seconds)
        # So that the outcome of an attempt is known while its lease still holds.
        self._timeout = min(TIMEOUT_SECONDS, settings.lease_seconds / 2)

    async def digest(self, agency_id: UUID) -> bool:
        """Send one batch of what an agency has to mail by now; another follows as long as there is more."""
        async with self._database.transaction(agency_id) as db:
            caller, now = worker(agency_id), db.info["now"]
            if not await wakes.take(db, caller, WakeKind.DIGEST, now=now):
                return False
            await digests.advance(db, caller, now=now, is_mailed=self._server is not None)
            if self._server is None:
                return True
            claims = await digests.claim(db, caller, now=now, lease=self._lease)
        results = await asyncio.gather(
            *(self._work(agency_id, self._server, each) for each in claims), return_exceptions=True
        )
        for error in filter(None, results):
            raise error
        return True

    async def _work(self, agency_id: UUID, server: MailServer, claim: Claim) -> None:
        outcome = await self._attempt(agency_id, server, claim)
        await patiently(partial(self._finish, agency_id, claim, outcome))

    async def _finish(self, agency_id: UUID, claim: Claim, outcome: DigestState) -> None:
        async with self._database.transaction(agency_id) as db:
            if not await digests.finish(db, worker(agency_id), claim, outcome, now=db.info["now"]):
                logger.warning("agency %s: digest %s has passed to another worker", agency_id, claim.id)

    async def _attempt(self, agency_id: UUID, server: MailServer, claim: Claim) -> DigestState:
        """What becomes of a digest. No error's own words are logged: they would quote addresses (S5)."""
        try:
            async with self._database.transaction(agency_id) as db:
                letter = await digests.write(db, worker(agency_id), claim, now=db.info["now"])
            if isinstance(letter, DigestState):
                return letter
            await server.send(message_of(claim, letter, server), letter.recipient, timeout=self._timeout)
        except MailRefusedError as error:
            logger.warning("agency %s: digest %s was refused: %s", agency_id, claim.id, error.code)
            return DigestState.DEAD
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this digest alone
            logger.warning("agency %s: digest %s not sent: %s", agency_id, claim.id, type(error).__name__)
            return DigestState.PENDING
        return DigestState.SENT


def message_of(claim: Claim, letter: Letter, server: MailServer) -> EmailMessage:
    """The mail of a digest. Raises MailRefusedError for an address that no server would take."""
    try:
        recipient = address(letter.recipient)
    except ValueError:
        raise MailRefusedError(NO_MAILBOX_NAME) from None
    message = EmailMessage(SMTP)
    message["From"] = server.sender
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = letter.written_at
    message["Message-ID"] = f"<digest.{claim.consultant_id}.{claim.day}@{server.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    return message
