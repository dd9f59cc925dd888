"""What `touchbase serve` leaves behind of requests that no test client would send: nothing that they said (S5)."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.agency import Json
from tests.canaries import MARK, seen_in
from tests.collector import collecting

RAW = [
    f"GET /{MARK}?{MARK} HTTP/1.1\r\nHost: {MARK}\r\n\r\n",
    f"{MARK}\r\n\r\n",
    f"GET /{MARK} HTTP/{MARK}\r\n\r\n",
    f"GET /livez HTTP/1.1\r\n{MARK}\r\n\r\n",
    f"GET /livez HTTP/1.1\r\nHost: x\r\n{MARK}\0: x\r\n\r\n",
    f"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: {MARK}\r\n\r\n",
    f"GET /{MARK} HTTP/1.1\r\nHost: x\r\nX: {MARK * 20_000}\r\n\r\n",
    f"GET /{MARK}?{MARK} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    f"POST /v1/clients HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}\r\n",
    f"POST /v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 900\r\n\r\n{MARK}",
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged PostgreSQL can reach, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="touchbase-served-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextmanager
def serving(folder: Path, log: Path, **settings: str) -> Iterator[Json]:
    """A service with settings, and what it printed when it was ready; ended as a service manager does."""
    command = [sys.executable, "-m", "app", "serve", "--data-dir", str(folder), "--port", "0", "--print-json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHBASE_")} | settings
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def send(url: str, raw: str) -> bytes:
    """The answer to bytes that need not be HTTP; the connection is closed from our side at once."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(raw.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while more := connection.recv(65_536):
                answer += more
        except ConnectionError:
            pass  # it was given up while we still wrote
    return answer


def test_a_service_that_tells_and_traces_all_it_can_repeats_nobody(folder: Path, tmp_path: Path) -> None:
    with collecting() as collector:
        settings = {
            "TOUCHBASE_LOG_LEVEL": "debug",
            "TOUCHBASE_TRACES": "on",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "NO_PROXY": "127.0.0.1",
        }
        with serving(folder, tmp_path / "log", **settings) as ready:
            answers = [send(ready["url"], raw.replace("KEY", ready["api_key"])) for raw in RAW]
            headers = {"Authorization": f"Bearer {ready['api_key']}"}
            kept = {"name": MARK, "email": f"{MARK}@x.test"}
            made = httpx.post(f"{ready['url']}/v1/candidates", json=kept, headers=headers, trust_env=False)
            assert made.status_code == 201
    written = (tmp_path / "log").read_text()
    postgres = [path.read_text() for path in folder.rglob("*.log")]
    spans = str(collector.requests)
    assert "touchbase.requests" in written
    assert postgres
    assert "create_candidate" in spans
    assert seen_in("\n".join([written, *postgres, spans])) == []
    assert seen_in(b"".join(answers).decode()) == []
    assert all(answers[:-1])  # though the other side had ended; of the last something was still to come
