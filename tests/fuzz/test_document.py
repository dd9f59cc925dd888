"""The whole document under a fuzzer: every operation and every check it knows (H1, H2, H3, H13, H15).

`FUZZ_EXAMPLES=500 ./run pytest -m fuzz tests/fuzz` tries more; `FUZZ_SEED` other ones.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.contract.world import World
from tests.fuzz.conftest import Service
from tests.fuzz.prepared import prepared

pytestmark = pytest.mark.fuzz

FUZZER = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")

# Generated requests for each operation, beside the thousands that follow from the bounds of its schema.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
SEED = os.environ.get("FUZZ_SEED", "20260714")


async def test_no_request_breaks_a_promise_of_the_document(
    service: Service, world: World, tmp_path: Path
) -> None:
    document = tmp_path / "openapi.json"
    served = await world.agency.get("/openapi.json")
    document.write_text(json.dumps(prepared(served, world)), encoding="utf-8")
    code, output = await fuzzed(service, document)
    assert code == 0, f"{output}\n{service.log.read_text(encoding='utf-8')}"
    print(output)  # noqa: T201 - with -s it tells how many requests there were


async def fuzzed(service: Service, document: Path) -> tuple[int | None, str]:
    """The fuzzer's exit code, 0 if every check held, and its report."""
    options = ("--url", service.url, "--max-examples", EXAMPLES, "--seed", SEED, "--no-color")
    process = await asyncio.create_subprocess_exec(
        FUZZER,
        *("--config-file", CONFIG, "run", document, *options),
        env={**os.environ, "TOUCHBASE_FUZZ_KEY": service.key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
