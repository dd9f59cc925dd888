"""Whoever is to be told of a morning, and when, is noticed at once; without a mail server nothing else happens."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.models import Digest
from app.settings import Settings
from app.worker.digests import Mailer
from tests.api.conftest import Office
from tests.worker.test_digests import PRIYA, next_look, next_wake, priya


async def look(office: Office, when: str) -> str | None:
    """Let a worker without a mail server look at a time, and say when it will look again."""
    office.at(when)
    await Mailer(office.database, Settings()).digest(office.agency.id)
    return await next_look(office)


async def test_nothing_is_noted_but_the_next_look(office: Office) -> None:
    await priya(office)
    assert await look(office, "Wed 15 Jul 08:30") == "Thu 16 Jul 08:30"
    async with office.database.transaction(office.agency.id) as db:
        assert await db.scalar(select(Digest).where(Digest.agency_id == office.agency.id)) is None


async def test_an_address_or_a_zone_that_changes_is_noticed(office: Office) -> None:
    consultant = await priya(office, email=None)
    assert await look(office, "Tue 14 Jul 18:00") is None
    await office.agency.patch(f"/v1/consultants/{consultant}", {"email": PRIYA})
    assert await next_look(office) == "Tue 14 Jul 18:00"
    assert await look(office, "Tue 14 Jul 18:01") == "Wed 15 Jul 08:30"
    await office.agency.patch(f"/v1/consultants/{consultant}", {"name": "Priya Shah-Lee"})
    assert await next_look(office) == "Wed 15 Jul 08:30"
    await office.agency.patch(f"/v1/consultants/{consultant}", {"timezone": "Asia/Tokyo"})
    assert await look(office, "Tue 14 Jul 18:02") == "Wed 15 Jul 00:30"


async def test_one_saved_by_an_external_id_is_noticed(office: Office) -> None:
    refs = {"external_refs": [{"source": "ats", "id": "1"}]}
    await priya(office, email=None, **refs)
    assert await look(office, "Tue 14 Jul 18:00") is None
    await office.agency.post("/v1/consultants", {"name": "Priya Shah", "email": PRIYA, **refs})
    assert await look(office, "Tue 14 Jul 18:01") == "Wed 15 Jul 08:30"


async def test_those_saved_in_bulk_are_noticed(office: Office) -> None:
    office.at("Tue 14 Jul 18:00")
    items = [
        {"kind": "consultant", "name": zone, "email": PRIYA, "timezone": zone, "external_refs": [ref]}
        for zone, ref in (
            ("Europe/London", {"source": "ats", "id": "1"}),
            ("Asia/Tokyo", {"source": "ats", "id": "2"}),
        )
    ]
    await office.agency.post("/v1/bulk", {"items": items})
    assert await look(office, "Tue 14 Jul 18:01") == "Wed 15 Jul 00:30"


async def test_a_day_that_becomes_a_working_day_is_noticed(office: Office) -> None:
    await priya(office)
    assert await look(office, "Fri 17 Jul 12:00") == "Mon 20 Jul 08:30"
    await office.agency.put("/v1/policy", {"working_hours": {"saturday": ["10:00", "14:00"]}})
    assert await look(office, "Fri 17 Jul 12:01") == "Sat 18 Jul 08:30"


async def test_where_the_holidays_are_not_known_it_is_put_off(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await priya(office)
    office.database.now = datetime(2102, 1, 2, 12, tzinfo=UTC)
    await Mailer(office.database, Settings()).digest(office.agency.id)
    assert "digests are put off" in caplog.text
    assert await next_wake(office) == office.database.now + timedelta(days=1)
