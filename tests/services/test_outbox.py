"""Where nothing is new there is nothing to tell, and nothing to write."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.rules.events import told
from app.rules.intervals import TouchBase
from app.rules.vocabulary import Status
from app.services import outbox
from app.services.facts import FOREVER
from app.services.outbox import Past, Subject
from app.services.reasons import Owner
from app.services.scope import worker
from tests.services.test_passings import files, hour, hours

SOMEBODY = UUID(int=1, version=4)


@st.composite
def pasts(draw: st.DrawFn) -> dict[str, Any]:
    """Rows, what has been told of them, and what N0 names; perhaps the subject was put off."""
    file = draw(files())
    rows, since, touch_base_at = file["rows"], file["since"], file["touch_base_at"]
    coming = [at for at in (told(rows, rows, since, since, FOREVER).next_at, touch_base_at) if at]
    put_off = draw(st.sampled_from([None, None, timedelta(days=1, minutes=7)]))
    past = Past(
        len(file["known"]),
        since,
        draw(st.sampled_from([None, hour(1)])),
        touch_base_at,
        since + put_off if put_off else min(coming, default=None),
        frozenset((p.type, p.reason.code, p.reason.due_at) for p in file["known"]),
    )
    return {"rows": rows, "past": past}


@given(file=pasts(), named=st.lists(hours, max_size=2, unique=True).map(sorted), now=hours)
def test_what_is_still_has_nothing_to_tell(
    file: dict[str, Any], named: Sequence[datetime], now: datetime
) -> None:
    rows, past = file["rows"], file["past"]
    touch_bases = [TouchBase(at, at) for at in named]
    assume(outbox.is_still(past, rows, touch_bases, now))
    db = AsyncSession()
    subject = Subject(Owner(SOMEBODY, SOMEBODY, None, None), Status.DUE, past, rows, rows, touch_bases)
    outbox.tell(db, worker(SOMEBODY), [subject], now=now)
    gathered = {part.table: rows for part, rows in writes.of(db).parts.items()}
    assert "events" not in gathered
    [stream] = gathered["event_streams"]
    known = [name for name in Past._fields if name not in ("told", "announced_until")]
    assert [stream[name] for name in known] == [getattr(past, name) for name in known]


@pytest.mark.parametrize(("later", "still"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_subject_is_still_until_its_next_instant(later: int, still: bool) -> None:
    past = Past(1, hour(0), None, hour(2), hour(2))
    assert outbox.is_still(past, [], [TouchBase(hour(2), hour(2))], hour(later)) is still


def test_one_of_which_nothing_was_ever_told_is_not_still() -> None:
    assert not outbox.is_still(Past(), [], None, hour(0))


def test_one_that_was_put_off_is_not_still() -> None:
    assert not outbox.is_still(Past(1, hour(0), None, None, hour(30)), [], None, hour(1))
