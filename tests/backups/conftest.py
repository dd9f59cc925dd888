"""What the tests of backups share."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import postgres
from app.backups import back_up
from tests.backups.original import Original, due, populate
from tests.contract.document import Document


@pytest.fixture(scope="session")
def original(
    server: postgres.Server, template: str, document: Document, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Original]:
    """A populated database with its backup."""
    server.create_database("original", template)
    url = server.url_for("original")
    agency = asyncio.run(populate(url, document))
    # Before the backup, since an answer leaves its traces: the use of the key, the requests of the agency.
    shown = asyncio.run(due(url, agency.key, document))
    file = tmp_path_factory.mktemp("backups") / "original"
    back_up(url, file, None)
    yield Original(url, agency, shown, file)
    server.drop_database("original")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged PostgreSQL can reach, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="touchbase-backups-")).resolve()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
