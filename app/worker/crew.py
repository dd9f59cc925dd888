"""All that runs in the background, in one process of several: `touchbase worker`, or within the embedded service."""

import asyncio
from functools import partial

from app.db import Database
from app.models import WakeKind
from app.settings import Settings
from app.worker import recomputations, retention
from app.worker.announcements import announce
from app.worker.deliveries import Sender
from app.worker.digests import Mailer
from app.worker.publications import publish
from app.worker.wakes import Handler, Watch


async def run(database: Database, secret: str, settings: Settings, stop: asyncio.Event) -> None:
    """Do all background work until told to stop; what is under way is finished first, and leases are given back."""
    sender = Sender(database, secret, settings)
    handlers: dict[WakeKind, Handler] = {
        WakeKind.ANNOUNCE: partial(announce, database),
        WakeKind.PUBLISH: partial(publish, database, delay=settings.webhook_retry_schedule[0]),
        WakeKind.DELIVER: sender.deliver,
    }
    # On its own: a slow mail server delays nothing else.
    mail = Watch(database, {WakeKind.DIGEST: Mailer(database, settings).digest})
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recomputations.run(database, stop))
            tasks.create_task(retention.run(database, stop))
            tasks.create_task(Watch(database, handlers).run(stop, interval=settings.announce_interval))
            tasks.create_task(mail.run(stop, interval=settings.announce_interval))
    finally:
        await sender.close()
