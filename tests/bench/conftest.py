"""A small dataset of the benchmark, for the tests of the benchmark itself."""

import pytest

from app import postgres
from tests.bench import data, desks
from tests.bench.data import Dataset, Size

STORIES = 13  # one of each plot


@pytest.fixture(scope="session")
async def dataset(server: postgres.Server, template: str) -> Dataset:
    """Two agencies of three desks each, in a database that is dropped with the server."""
    server.create_database("bench_desk", template)
    desk = await desks.tell(server.url_for("bench_desk"), STORIES)
    server.create_database("bench_small", template)
    return await data.load(server.url_for("bench_small"), Size("small", 2, 3), desk, lambda _words: None)
