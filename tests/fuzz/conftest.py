"""A served Touchbase with a world in it, for a fuzzer that speaks HTTP."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.agency import Agency
from tests.contract.world import World, build_world

NO_ID = UUID(int=0)  # the agency's own id is not needed to speak for it


@dataclass(frozen=True)
class Service:
    """A running service: where it listens, a key that may do everything, and what it logged."""

    url: str
    key: str
    log: Path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as `touchbase serve` runs it, without a rate limit: the fuzzer asks as fast as it can."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-fuzz-"))
    command = [sys.executable, "-m", "app", "serve", "--data-dir", str(folder), "--port", "0", "--print-json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHBASE_")}
    environment |= {"TOUCHBASE_RATE_LIMIT": "off", "TOUCHBASE_LOG_LEVEL": "error"}
    log = tmp_path_factory.mktemp("fuzz") / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment)
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield Service(ready["url"], ready["api_key"], log)
        finally:
            process.terminate()
            process.communicate(timeout=30)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def world(service: Service) -> AsyncIterator[World]:
    """An agency of that service with one of everything."""
    async with httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=30) as http:
        yield await build_world(Agency(NO_ID, service.key, http))
