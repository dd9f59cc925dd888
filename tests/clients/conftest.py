"""The tools, and a service that the clients call as they would call any."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agency import Json
from tests.clients import toolbox
from tests.serving import serving


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    """The tools, installed."""
    toolbox.install()


@pytest.fixture
def service() -> Iterator[Json]:
    """The address and the key of a service that knows nothing yet."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-clients-"))
    try:
        with serving(folder) as (_, ready):
            yield ready
    finally:
        shutil.rmtree(folder, ignore_errors=True)
