"""`touchbase serve` in a process of its own, and calls to it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.agency import Json


@contextmanager
def serving(
    data_dir: Path, *options: str, **settings: object
) -> Iterator[tuple[subprocess.Popen[str], Json]]:
    """A running service with some settings, and the line of JSON it printed when it was ready."""
    command = [
        sys.executable,
        "-m",
        "app",
        "serve",
        "--data-dir",
        str(data_dir),
        "--port",
        "0",
        "--print-json",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHBASE_")}
    environment |= {f"TOUCHBASE_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def call(ready: Json, method: str, path: str, body: Json | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {ready['api_key']}"}
    return httpx.request(method, ready["url"] + path, headers=headers, json=body, trust_env=False)
