"""Covers: who does whose work, and what the due list makes of it."""

import asyncio
from datetime import date
from uuid import UUID

import pytest

from app.db import Database
from app.services import consultants, covers
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of
from tests.locks import queued

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
NOON = "2026-07-14T12:00:00+01:00"
WEEK = {"from": "2026-07-13", "to": "2026-07-17"}
AHEAD = {"from": "2097-07-15", "to": "2097-07-19"}


async def team(agency: Agency, *names: str) -> list[str]:
    return [await agency.consultant(name=name) for name in names]


async def cover(agency: Agency, absent: str, by: str, **days: str) -> Json:
    return await agency.post(f"/v1/consultants/{absent}/covers", {"covered_by": by, **(days or WEEK)})


async def refused(agency: Agency, absent: str, body: Json, status: int = 422) -> list[tuple[str, str]]:
    """What is wrong with a cover, of which nothing may then be stored."""
    before = await agency.get(f"/v1/consultants/{absent}/covers")
    answer = await agency.call("POST", f"/v1/consultants/{absent}/covers", json=body)
    places = places_of(problem_of(answer, status))
    assert await agency.get(f"/v1/consultants/{absent}/covers") == before
    return places


async def interviewed(agency: Agency, consultant: str, **fields: str) -> Json:
    application = await agency.application(consultant_id=consultant, **fields)
    await agency.interview(application["id"], START, END)
    return application


async def listed(agency: Agency, as_of: str = NOON, **params: object) -> list[tuple[str, str | None]]:
    """Whose work stands in the list, and who does it meanwhile."""
    due = await agency.get("/v1/due", as_of=as_of, **params)
    items = [item for card in due["items"] for item in card["items"]]
    return sorted((i["consultant"]["name"], i["covered_by"] and i["covered_by"]["name"]) for i in items)


async def test_a_cover_is_recorded_read_and_listed(agency: Agency) -> None:
    kim, lee = await team(agency, "Kim", "Lee")
    made = await cover(agency, kim, lee)
    assert (made["consultant_id"], made["covered_by"], made["cancelled_at"]) == (kim, lee, None)
    assert (made["from"], made["to"]) == (WEEK["from"], WEEK["to"])
    assert await agency.get(f"/v1/covers/{made['id']}") == made
    assert (await agency.get(f"/v1/consultants/{kim}/covers"))["items"] == [made]
    assert (await agency.get(f"/v1/consultants/{lee}/covers"))["items"] == []


@pytest.mark.parametrize("how", ["patch", "upsert"])
async def test_whoever_moves_takes_the_days_of_their_covers_along(agency: Agency, how: str) -> None:
    refs = [{"source": "crm", "id": "kim"}]
    kim = await agency.consultant(name="Kim", timezone="Pacific/Kiritimati", external_refs=refs)
    lee = await agency.consultant(name="Lee")
    await cover(agency, kim, lee, **{"from": "2097-07-15", "to": "2097-07-15"})
    past = await cover(agency, kim, lee)
    await interviewed(agency, kim)
    assert set(await listed(agency, as_of="2097-07-14T12:00:00Z")) == {("Kim", "Lee")}
    moved = {"timezone": "America/St_Johns"}
    if how == "patch":
        await agency.patch(f"/v1/consultants/{kim}", moved)
    else:
        await agency.post("/v1/consultants", {"name": "Kim", "external_refs": refs, **moved})
    assert set(await listed(agency, as_of="2097-07-14T12:00:00Z")) == {("Kim", None)}
    assert set(await listed(agency, as_of="2097-07-15T12:00:00Z")) == {("Kim", "Lee")}
    assert await agency.get(f"/v1/covers/{past['id']}") == past


class Mover:
    """Kim, whom Lee covers, moves to Auckland."""

    def __init__(self, agency: Agency) -> None:
        self.agency, self.caller = agency, Caller(agency.id, "test", frozenset())

    async def join(self) -> "Mover":
        self.kim, self.lee = await team(self.agency, "Kim", "Lee")
        await interviewed(self.agency, self.kim)
        return self

    async def is_covered_by_the_days_of_auckland(self) -> bool:
        before, first = "2097-07-14T11:59:59Z", "2097-07-14T12:00:00Z"
        last, after = "2097-07-19T11:59:59Z", "2097-07-19T12:00:00Z"
        lists = [await listed(self.agency, as_of) for as_of in (before, first, last, after)]
        return [{who for _, who in items} for items in lists] == [{None}, {"Lee"}, {"Lee"}, {None}]


async def test_a_cover_waits_for_whoever_is_moving(agency: Agency, database: Database) -> None:
    mover = await Mover(agency).join()
    async with database.transaction(agency.id) as db:
        moved, now = {"timezone": "Pacific/Auckland"}, db.info["now"]
        await consultants.update(db, mover.caller, UUID(mover.kim), moved, now=now)
        covering = asyncio.create_task(cover(agency, mover.kim, mover.lee, **AHEAD))
        await queued(db, covering)
    await covering
    assert await mover.is_covered_by_the_days_of_auckland()


async def test_whoever_moves_waits_for_a_cover(agency: Agency, database: Database) -> None:
    mover = await Mover(agency).join()
    async with database.transaction(agency.id) as db:
        days = {name: date.fromisoformat(day) for name, day in AHEAD.items()}
        terms, now = {"covered_by": UUID(mover.lee), **days}, db.info["now"]
        await covers.create(db, mover.caller, UUID(mover.kim), terms, now=now)
        move = asyncio.create_task(
            agency.patch(f"/v1/consultants/{mover.kim}", {"timezone": "Pacific/Auckland"})
        )
        await queued(db, move)
    await move
    assert await mover.is_covered_by_the_days_of_auckland()


async def test_the_list_of_the_one_who_covers_shows_the_items_marked(agency: Agency) -> None:
    kim, lee, ann = await team(agency, "Kim", "Lee", "Ann")
    await interviewed(agency, kim)
    await interviewed(agency, lee)
    await cover(agency, kim, lee)
    assert await listed(agency, consultant_id=lee) == [("Kim", "Lee"), ("Lee", None)]
    assert await listed(agency, consultant_id=kim) == [("Kim", "Lee")]
    assert await listed(agency, consultant_id=ann) == []
    assert await listed(agency) == [("Kim", "Lee"), ("Lee", None)]


async def test_the_list_of_several_shows_what_each_of_them_does(agency: Agency) -> None:
    kim, lee, ann, joe = await team(agency, "Kim", "Lee", "Ann", "Joe")
    for consultant in (kim, lee, ann, joe):
        await interviewed(agency, consultant)
    await cover(agency, kim, lee)
    assert await listed(agency, consultant_id=[lee, ann]) == [("Ann", None), ("Kim", "Lee"), ("Lee", None)]
    assert await listed(agency, consultant_id=[lee, lee]) == await listed(agency, consultant_id=lee)
    chased = {"as_of": "2026-07-15T12:00:00+01:00", "consultant_id": [lee, ann]}
    assert len((await agency.get("/v1/chase", **chased))["items"]) == 3


async def test_the_end_of_the_chain_does_the_work(agency: Agency) -> None:
    kim, lee, ann = await team(agency, "Kim", "Lee", "Ann")
    await interviewed(agency, kim)
    await interviewed(agency, lee)
    await cover(agency, kim, lee)
    await cover(agency, lee, ann)
    assert await listed(agency, consultant_id=ann) == [("Kim", "Ann"), ("Lee", "Ann")]
    assert await listed(agency, consultant_id=lee) == [("Lee", "Ann")]


async def test_the_days_are_those_of_the_absent_consultants_zone(agency: Agency) -> None:
    kim = await agency.consultant(name="Kim", timezone="Asia/Singapore")
    [lee] = await team(agency, "Lee")
    await interviewed(agency, kim)
    await cover(agency, kim, lee, **{"from": "2026-07-15", "to": "2026-07-15"})
    for as_of, expected in (
        ("2026-07-14T15:59:59Z", None),
        ("2026-07-14T16:00:00Z", "Lee"),
        ("2026-07-15T15:59:59Z", "Lee"),
        ("2026-07-15T16:00:00Z", None),
    ):
        assert {who for _, who in await listed(agency, as_of)} == {expected}, as_of


async def test_a_cancelled_cover_ends_at_once(agency: Agency) -> None:
    kim, lee = await team(agency, "Kim", "Lee")
    await interviewed(agency, kim)
    made = await cover(agency, kim, lee, **{"from": "2026-07-13", "to": "2097-07-13"})
    later = "2097-07-12T12:00:00Z"
    assert {who for _, who in await listed(agency, later)} == {"Lee"}
    assert (await agency.post(f"/v1/covers/{made['id']}/cancel"))["cancelled_at"] is not None
    assert {who for _, who in await listed(agency, later)} == {None}
    assert {who for _, who in await listed(agency, NOON)} == {"Lee"}  # history stays


async def test_what_is_over_cannot_be_cancelled(agency: Agency) -> None:
    kim, lee = await team(agency, "Kim", "Lee")
    coming, past = await cover(agency, kim, lee, **AHEAD), await cover(agency, kim, lee)
    await agency.post(f"/v1/covers/{coming['id']}/cancel")
    for over in (coming, past):
        problem_of(await agency.call("POST", f"/v1/covers/{over['id']}/cancel"), 409, "cover_over")
    await cover(agency, kim, lee, **AHEAD)  # what was cancelled is free again


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"from": "2026-07-18"}, "/to", "cover_end"),
        ({"to": "2026-07-12"}, "/to", "cover_end"),
        ({"to": "2026-07-17T00:00:00Z"}, "/to", "date_format"),
        ({"from": "1800-01-01"}, "/from", "date_range"),
        ({"from": None}, "/from", "date_format"),
        ({"covered_by": "Lee"}, "/covered_by", "id_format"),
        ({"consultant_id": None}, "/consultant_id", "extra_forbidden"),
    ],
    ids=str,
)
async def test_bad_input_names_the_member_and_stores_nothing(
    agency: Agency, change: Json, place: str, code: str
) -> None:
    kim, lee = await team(agency, "Kim", "Lee")
    assert await refused(agency, kim, {"covered_by": lee, **WEEK, **change}) == [(place, code)]


async def test_nobody_covers_themselves(agency: Agency) -> None:
    [kim] = await team(agency, "Kim")
    assert await refused(agency, kim, {"covered_by": kim, **WEEK}) == [("/covered_by", "cover_self")]


async def test_covers_of_one_consultant_do_not_overlap(agency: Agency) -> None:
    kim, lee, ann = await team(agency, "Kim", "Lee", "Ann")
    await cover(agency, kim, lee)
    overlap = [("/from", "cover_overlap")]
    for first, last in (("2026-07-17", "2026-07-20"), ("2026-07-01", "2026-07-13")):
        assert await refused(agency, kim, {"covered_by": ann, "from": first, "to": last}, 409) == overlap
    await cover(agency, kim, ann, **{"from": "2026-07-18", "to": "2026-07-20"})
    await cover(agency, kim, ann, **{"from": "2026-07-12", "to": "2026-07-12"})
    await cover(agency, ann, lee)


async def test_covers_make_no_ring_on_a_common_day(agency: Agency) -> None:
    kim, lee, ann = await team(agency, "Kim", "Lee", "Ann")
    ring = [("/covered_by", "cover_cycle")]
    await cover(agency, kim, lee)
    assert await refused(agency, lee, {"covered_by": kim, **WEEK}, 409) == ring
    await cover(agency, lee, ann, **{"from": "2026-07-16", "to": "2026-07-31"})
    assert await refused(agency, ann, {"covered_by": kim, **WEEK, "from": "2026-07-17"}, 409) == ring
    await cover(agency, ann, kim, **{"from": "2026-07-18", "to": "2026-07-31"})
    await cover(agency, lee, kim, **{"from": "2026-08-03", "to": "2026-08-07"})


async def test_where_a_move_makes_a_ring_everyone_does_their_own_work(agency: Agency) -> None:
    kim, lee, mo = await team(agency, "Kim", "Lee", "Mo")
    await cover(agency, kim, lee, **{"from": "2097-07-15", "to": "2097-07-15"})
    await cover(agency, lee, kim, **{"from": "2097-07-16", "to": "2097-07-16"})
    await cover(agency, mo, lee, **{"from": "2097-07-15", "to": "2097-07-16"})
    for consultant in (kim, lee, mo):
        await interviewed(agency, consultant)
    await agency.patch(f"/v1/consultants/{lee}", {"timezone": "Asia/Tokyo"})
    alone = {("Kim", None), ("Lee", None), ("Mo", None)}
    assert set(await listed(agency, as_of="2097-07-15T16:00:00Z")) == alone
    away = {("Kim", "Lee"), ("Lee", None), ("Mo", "Lee")}
    assert set(await listed(agency, as_of="2097-07-15T12:00:00Z")) == away
    assert {name for name, _ in await listed(agency, as_of="2097-07-15T16:00:00Z", consultant_id=lee)} == {
        "Lee"
    }


async def test_a_cancelled_cover_makes_no_ring(agency: Agency) -> None:
    kim, lee = await team(agency, "Kim", "Lee")
    made = await cover(agency, kim, lee, **AHEAD)
    assert await refused(agency, lee, {"covered_by": kim, **AHEAD}, 409) == [("/covered_by", "cover_cycle")]
    await agency.post(f"/v1/covers/{made['id']}/cancel")
    await cover(agency, lee, kim, **AHEAD)


async def test_of_those_who_race_to_a_ring_one_is_refused(agency: Agency) -> None:
    kim, lee, ann = await team(agency, "Kim", "Lee", "Ann")
    pairs = [(kim, lee), (lee, ann), (ann, kim)]
    answers = await asyncio.gather(
        *(
            agency.call("POST", f"/v1/consultants/{absent}/covers", json={"covered_by": by, **WEEK})
            for absent, by in pairs
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_of_a_covered_list_meet_everything_once(agency: Agency, limit: int) -> None:
    kim, lee = await team(agency, "Kim", "Lee")
    for consultant in (kim, lee, kim):
        await interviewed(agency, consultant)
    await cover(agency, kim, lee)
    params = {"as_of": NOON, "consultant_id": lee}
    whole = (await agency.get("/v1/due", **params))["items"]
    page = await agency.get("/v1/due", **params, limit=limit)
    seen = page["items"]
    while page["next_cursor"]:
        page = await agency.get("/v1/due", **params, limit=limit, cursor=page["next_cursor"])
        seen += page["items"]
    assert seen == whole
    assert len(whole) == 3
