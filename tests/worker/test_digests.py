"""The digest by mail: once a day, to the right person, and never when there is nothing to say."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.main import create_app
from app.models import Digest, DigestState, Wake, WakeKind
from app.services import digests, wakes
from app.services.scope import worker
from app.settings import Settings
from app.smtp import MailServer
from app.worker.digests import Mailer, message_of
from app.worker.retention import forget
from tests import given
from tests.agency import found_agency
from tests.api.conftest import Office
from tests.clock import ClockedDatabase
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.locks import someone_waits
from tests.mailbox import TAKEN, Mailbox, receiving

PRIYA = "priya.shah@brightpath.example"
KIM = "kim@brightpath.example"


@pytest.fixture
async def office(database_url: str, document: Document) -> AsyncIterator[Office]:
    database = ClockedDatabase(database_url)
    async with client_of(create_app(database, SECRET), document) as http:
        yield Office(await found_agency(http, database, SECRET), database)
    await database.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with receiving(Mailbox()) as box:
        yield box


def mailer(office: Office, mailbox: Mailbox, **settings: Any) -> Mailer:
    return Mailer(office.database, Settings(smtp_url=mailbox.url, **settings))


async def look(office: Office, mailbox: Mailbox, when: str) -> None:
    """Let a worker look at a time for what is to be mailed."""
    office.at(when)
    await mailer(office, mailbox).digest(office.agency.id)


async def interviewed(office: Office, consultant: str, **candidate: Any) -> None:
    """A candidate of a consultant whose debrief is due since Tue 14 Jul 11:00."""
    office.at("Fri 10 Jul 09:00")
    person = await office.agency.candidate(**candidate)
    application = await office.agency.application(consultant_id=consultant, candidate_id=person)
    await office.agency.interview(application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")


async def priya(office: Office, *, email: str | None = PRIYA, **fields: Any) -> str:
    office.at("Fri 10 Jul 09:00")
    return await office.agency.consultant(name="Priya Shah", email=email, **fields)


async def stored(office: Office) -> Sequence[Digest]:
    async with office.database.transaction(office.agency.id) as db:
        query = select(Digest).where(Digest.agency_id == office.agency.id).order_by(Digest.day)
        return list(await db.scalars(query))


async def states(office: Office) -> list[str]:
    return [digest.state for digest in await stored(office)]


async def next_wake(office: Office) -> datetime | None:
    """From when on there may be something to mail."""
    async with office.database.transaction(office.agency.id) as db:
        mine = (Wake.agency_id == office.agency.id, Wake.kind == WakeKind.DIGEST)
        return min(await db.scalars(select(Wake.at).where(*mine)), default=None)


async def next_look(office: Office) -> str | None:
    """The same in words."""
    return given.words(await next_wake(office))


async def test_it_comes_once_at_half_past_eight(office: Office, mailbox: Mailbox) -> None:
    consultant = await priya(office)
    await interviewed(office, consultant, name="Amara Osei")
    await look(office, mailbox, "Wed 15 Jul 08:29")
    assert mailbox.letters == []
    assert await next_look(office) == "Wed 15 Jul 08:30"
    for when in ("Wed 15 Jul 08:30", "Wed 15 Jul 08:32", "Wed 15 Jul 17:00"):
        await look(office, mailbox, when)
    [(recipient, letter)] = mailbox.letters
    assert recipient == PRIYA
    assert letter["To"] == PRIYA
    assert letter["From"] == "touchbase@agency.example"
    assert letter["Subject"] == "Touchbase: 1 person is due a word"
    assert letter["Message-ID"] == f"<digest.{consultant}.2026-07-15@agency.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == given.at("Wed 15 Jul 08:30")
    text = await office.agency.call(
        "GET",
        f"/v1/consultants/{consultant}/digest",
        params={"as_of": "2026-07-15T08:30:00+01:00"},
        headers={"Accept": "text/plain"},
    )
    assert letter.get_content().replace("\r\n", "\n") == text.text
    assert "1. Amara Osei: take the debrief for Engineer" in text.text
    assert await states(office) == ["sent"]
    await look(office, mailbox, "Thu 16 Jul 08:30")
    assert len(mailbox.letters) == 2
    assert await states(office) == ["sent", "sent"]


async def test_each_is_told_in_their_own_morning(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    kim = await office.agency.consultant(name="Kim", email=KIM, timezone="America/New_York")
    await interviewed(office, kim)
    for when, recipients in (
        ("Wed 15 Jul 08:30", [PRIYA]),
        ("Wed 15 Jul 13:29", [PRIYA]),
        ("Wed 15 Jul 13:30", [PRIYA, KIM]),
        ("Wed 15 Jul 23:00", [PRIYA, KIM]),
    ):
        await look(office, mailbox, when)
        assert [recipient for recipient, _ in mailbox.letters] == recipients, when
    assert await next_look(office) == "Thu 16 Jul 08:30"


@pytest.mark.parametrize(
    ("quiet", "again"),
    [
        (["Fri 17 Jul 17:31", "Sat 18 Jul 08:30", "Sun 19 Jul 08:30"], "Mon 20 Jul 08:30"),
        (["Fri 28 Aug 17:31", "Mon 31 Aug 08:30"], "Tue 1 Sep 08:30"),
    ],
)
async def test_weekends_and_holidays_are_silent(
    office: Office, mailbox: Mailbox, quiet: list[str], again: str
) -> None:
    await interviewed(office, await priya(office))
    await look(office, mailbox, quiet[0])
    before = len(mailbox.letters)
    for when in quiet[1:]:
        await look(office, mailbox, when)
    assert len(mailbox.letters) == before
    assert await next_look(office) == again
    await look(office, mailbox, again)
    assert len(mailbox.letters) == before + 1


async def test_with_nothing_to_say_nothing_is_sent(office: Office, mailbox: Mailbox) -> None:
    await priya(office)
    await look(office, mailbox, "Wed 15 Jul 08:30")
    assert (mailbox.letters, await states(office)) == ([], ["skipped"])


async def test_who_covers_is_told_in_place_of_who_is_away(office: Office, mailbox: Mailbox) -> None:
    away = await priya(office)
    kim = await office.agency.consultant(name="Kim", email=KIM)
    await interviewed(office, away, name="Amara Osei")
    cover = {"covered_by": kim, "from": "2026-07-13", "to": "2026-07-17"}
    await office.agency.post(f"/v1/consultants/{away}/covers", cover)
    await look(office, mailbox, "Wed 15 Jul 08:30")
    [(recipient, letter)] = mailbox.letters
    assert recipient == KIM
    assert "Amara Osei: take the debrief for Engineer (Priya Shah's)" in letter.get_content()
    assert sorted(await states(office)) == ["sent", "skipped"]
    await look(office, mailbox, "Mon 20 Jul 08:30")
    assert [recipient for recipient, _ in mailbox.letters] == [KIM, PRIYA]


async def test_a_name_never_gets_into_a_header_nor_onto_a_line_of_its_own(
    office: Office, mailbox: Mailbox
) -> None:
    broken = "Amara\r\nBcc: eve@evil.example\r\n\r\n.\r\nQUIT"
    await interviewed(office, await priya(office), name=broken)
    await look(office, mailbox, "Wed 15 Jul 08:30")
    [(recipient, letter)] = mailbox.letters
    assert recipient == PRIYA
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Touchbase: 1 person is due a word"
    assert "1. Amara Bcc: eve@evil.example . QUIT: take the debrief" in letter.get_content()
    assert all(name not in str(letter["Subject"]) for name in ("Amara", "Osei"))


async def test_names_of_every_script_arrive(office: Office, mailbox: Mailbox) -> None:
    name = "Zoë Łukasz 山田太郎 " + "ü" * 150
    await interviewed(office, await priya(office), name=name)
    await look(office, mailbox, "Wed 15 Jul 08:30")
    [(_, letter)] = mailbox.letters
    assert f"1. {name}: take the debrief" in letter.get_content()


async def test_an_address_that_is_refused_is_given_up(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    mailbox.to_recipient = "550 5.1.1 No such user"
    await look(office, mailbox, "Wed 15 Jul 08:30")
    mailbox.to_recipient = TAKEN
    await look(office, mailbox, "Wed 15 Jul 12:00")
    assert (mailbox.letters, await states(office)) == ([], ["dead"])


async def test_a_letter_that_is_refused_is_given_up(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    mailbox.to_letter = "554 5.6.0 Not this one"
    await look(office, mailbox, "Wed 15 Jul 08:30")
    assert await states(office) == ["dead"]


@pytest.mark.parametrize("place", ["to_recipient", "to_letter"])
async def test_what_may_pass_is_tried_again(office: Office, mailbox: Mailbox, place: str) -> None:
    await interviewed(office, await priya(office))
    setattr(mailbox, place, "451 4.3.0 Try again later")
    await look(office, mailbox, "Wed 15 Jul 08:30")
    assert (mailbox.letters, await states(office)) == ([], ["pending"])
    assert await next_look(office) == "Wed 15 Jul 08:31"
    setattr(mailbox, place, TAKEN)
    await look(office, mailbox, "Wed 15 Jul 08:31")
    assert (len(mailbox.letters), await states(office)) == (1, ["sent"])


async def test_a_server_that_is_down_is_asked_later_and_later_and_then_no_more(office: Office) -> None:
    await interviewed(office, await priya(office))
    async with receiving(Mailbox()) as down:
        pass
    tried = []
    for when in ("08:30", "08:31", "08:36", "09:06", "11:06"):
        await look(office, down, f"Wed 15 Jul {when}")
        [digest] = await stored(office)
        tried.append((digest.attempts, digest.state, given.words(digest.next_attempt_at)))
    assert tried == [
        (1, "pending", "Wed 15 Jul 08:31"),
        (2, "pending", "Wed 15 Jul 08:36"),
        (3, "pending", "Wed 15 Jul 09:06"),
        (4, "pending", "Wed 15 Jul 11:06"),
        (5, "dead", "Wed 15 Jul 11:06"),
    ]
    async with receiving(down):
        await look(office, down, "Wed 15 Jul 17:00")
        assert down.letters == []
        await look(office, down, "Thu 16 Jul 08:30")
        assert len(down.letters) == 1


async def test_what_was_not_sent_on_its_day_is_not_sent_on_the_next(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    mailbox.to_letter = "451 4.3.0 Try again later"
    await look(office, mailbox, "Wed 15 Jul 23:59")
    mailbox.to_letter = TAKEN
    await look(office, mailbox, "Thu 16 Jul 00:01")
    assert (mailbox.letters, await states(office)) == ([], ["dead"])


async def test_an_address_that_cannot_be_written_to_stops_nobody_else(
    office: Office, mailbox: Mailbox
) -> None:
    await interviewed(office, await priya(office, email="a,b@x.example"))
    await interviewed(office, await priya(office))
    await look(office, mailbox, "Wed 15 Jul 08:30")
    assert [recipient for recipient, _ in mailbox.letters] == [PRIYA]
    assert sorted(await states(office)) == ["dead", "sent"]


async def claimed(office: Office, when: str) -> list[digests.Claim]:
    """A worker that claims what is to be mailed at a time, and is not heard of again."""
    office.at(when)
    async with office.database.transaction(office.agency.id) as db:
        caller, now = worker(office.agency.id), db.info["now"]
        assert await wakes.take(db, caller, WakeKind.DIGEST, now=now)
        await digests.advance(db, caller, now=now, is_mailed=True)
        return await digests.claim(db, caller, now=now, lease=timedelta(seconds=60))


async def test_what_a_killed_worker_had_begun_is_sent_by_another(office: Office, mailbox: Mailbox) -> None:
    consultant = await priya(office)
    await interviewed(office, consultant)
    await claimed(office, "Wed 15 Jul 08:30")
    await look(office, mailbox, "Wed 15 Jul 08:30")
    assert mailbox.letters == []
    assert await next_look(office) == "Wed 15 Jul 08:31"  # when the lease ends
    await look(office, mailbox, "Wed 15 Jul 08:31")
    [(_, letter)] = mailbox.letters
    assert letter["Message-ID"] == f"<digest.{consultant}.2026-07-15@agency.example>"


async def test_what_was_sent_but_not_noted_is_sent_again_as_the_same(
    office: Office, mailbox: Mailbox
) -> None:
    """The worker is killed between the two: once the letter is with the server it cannot be called back."""
    await interviewed(office, await priya(office))
    [claim] = await claimed(office, "Wed 15 Jul 08:30")
    server = MailServer.of(mailbox.url)
    async with office.database.transaction(office.agency.id) as db:
        letter = await digests.write(db, worker(office.agency.id), claim, now=db.info["now"])
    assert isinstance(letter, digests.Letter)
    await server.send(message_of(claim, letter, server), letter.recipient, timeout=30)
    await look(office, mailbox, "Wed 15 Jul 08:31")
    (_, first), (_, second) = mailbox.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()
    assert await states(office) == ["sent"]


@dataclass
class Deliberate(Mailbox):
    """A mail server that takes a letter only when it is let."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802
        self.arrived.set()
        await self.let.wait()
        return await super().handle_DATA(*given)


async def test_what_was_sent_is_noted_though_the_database_is_busy_for_a_moment(office: Office) -> None:
    await interviewed(office, await priya(office))
    mailbox = Deliberate()
    async with receiving(mailbox):
        working = asyncio.create_task(look(office, mailbox, "Wed 15 Jul 08:30"))
        await mailbox.arrived.wait()
        async with office.database.transaction(office.agency.id) as db:
            await db.execute(select(Digest).where(Digest.agency_id == office.agency.id).with_for_update())
            mailbox.let.set()
            await someone_waits(office.database)
            await someone_waits(office.database, does=False)  # the lock was not to be had in time
        await working
        await look(office, mailbox, "Wed 15 Jul 08:31")
    assert (len(mailbox.letters), await states(office)) == (1, ["sent"])


async def test_a_worker_that_wakes_after_its_lease_finishes_nothing(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    [claim] = await claimed(office, "Wed 15 Jul 08:30")
    [other] = await claimed(office, "Wed 15 Jul 08:31")
    for outcome in (DigestState.SENT, DigestState.PENDING, DigestState.DEAD):
        async with office.database.transaction(office.agency.id) as db:
            now = db.info["now"]
            assert not await digests.finish(db, worker(office.agency.id), claim, outcome, now=now)
    [digest] = await stored(office)
    assert (digest.state, digest.lease) == ("pending", other.lease)


async def test_a_digest_that_kills_its_worker_each_time_is_given_up(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    for minute in range(30, 35):
        await claimed(office, f"Wed 15 Jul 08:{minute}")
    await look(office, mailbox, "Wed 15 Jul 08:35")
    assert (mailbox.letters, await states(office)) == ([], ["dead"])


async def test_no_address_and_no_name_is_logged(
    office: Office, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "touchbase")
    await interviewed(office, await priya(office), name="Amara Osei")
    await interviewed(office, await priya(office, email="a,b@brightpath.example"))
    for answer in (TAKEN, f"550 {PRIYA} is unknown", f"451 {PRIYA} is busy"):
        mailbox.to_recipient = answer
        office.database.now += timedelta(days=7)
        await mailer(office, mailbox).digest(office.agency.id)
    assert "was refused: 550" in caplog.text
    assert "not sent: SMTPRecipientsRefused" in caplog.text
    assert not [word for word in ("Priya", "Amara", "brightpath", "unknown", "busy") if word in caplog.text]


async def test_after_a_quarter_they_are_forgotten(office: Office, mailbox: Mailbox) -> None:
    await interviewed(office, await priya(office))
    for when in ("Wed 15 Jul 08:30", "Thu 16 Jul 08:30"):
        await look(office, mailbox, when)
    office.at("Wed 14 Oct 12:00")
    await forget(office.database, office.agency.id, asyncio.Event())
    assert [digest.day for digest in await stored(office)] == [given.on("Thu 16 Jul")]


async def test_two_workers_send_one(office: Office, mailbox: Mailbox) -> None:
    for _ in range(25):
        await interviewed(office, await priya(office))
    office.at("Wed 15 Jul 08:30")
    workers = [mailer(office, mailbox) for _ in range(2)]
    while (at := await next_wake(office)) and at <= office.database.now:
        await asyncio.gather(*(each.digest(office.agency.id) for each in workers))
    assert len(mailbox.letters) == 25
    assert len({letter["Message-ID"] for _, letter in mailbox.letters}) == 25
    assert await states(office) == ["sent"] * 25
