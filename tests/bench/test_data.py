"""The benchmark's data: a desk told through the API, and copies of it that are no less real."""

from app import postgres
from tests.bench import check, data
from tests.bench.conftest import STORIES
from tests.bench.data import Dataset, Size
from tests.bench.desks import connect


async def test_the_status_service_makes_just_what_is_stored(dataset: Dataset) -> None:
    assert dataset.applications == 2 * 3 * STORIES
    assert await check.differing(dataset, sample=2 * STORIES) == []


async def test_what_the_rules_would_not_say_is_found(dataset: Dataset) -> None:
    place = next(dataset.places())
    wrong = place.id(dataset.desk.stories[0].application_id)
    connection = await connect(dataset.url)
    undo = connection.transaction()
    await undo.start()
    await connection.execute(
        "UPDATE reasons SET due_at = due_at - interval '1 day' WHERE application_id = $1", wrong
    )
    await undo.commit()
    try:
        assert wrong in await check.differing(dataset, sample=4 * STORIES)
    finally:
        await connection.execute(
            "UPDATE reasons SET due_at = due_at + interval '1 day' WHERE application_id = $1", wrong
        )
        await connection.close()


async def test_every_copy_is_whole_and_its_references_stay_within(dataset: Dataset) -> None:
    connection = await connect(dataset.url)
    try:
        for table, rows in dataset.desk.rows.items():
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 6 * rows.count("\n"), table
        names = "SELECT conrelid::regclass::text AS of, conname FROM pg_constraint WHERE contype = 'f'"
        for row in await connection.fetch(names):
            # A key that is proven anew shows what the loading took on trust.
            await connection.execute(
                f'ALTER TABLE {row["of"]} ALTER CONSTRAINT "{row["conname"]}" NOT ENFORCED'
            )
            await connection.execute(f'ALTER TABLE {row["of"]} ALTER CONSTRAINT "{row["conname"]}" ENFORCED')
    finally:
        await connection.close()


async def test_loading_goes_on_where_it_was_killed(
    server: postgres.Server, template: str, dataset: Dataset
) -> None:
    server.create_database("bench_killed", template)
    url, desk = server.url_for("bench_killed"), dataset.desk
    some = await data.load(url, Size("some", 1, 2), desk, lambda _words: None)
    more = await data.load(url, Size("more", 3, 2), desk, lambda _words: None)
    assert len(more.agencies) == 3
    assert more.agencies[0] == some.agencies[0]  # it was left alone, with its key
    connection = await connect(url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM applications") == more.applications
    finally:
        await connection.close()
