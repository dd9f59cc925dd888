"""`touchbase serve` as a newcomer starts it: real processes, ended by their ids."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from app import server
from app.errors import SetupError
from tests.contract.problems import problem_of
from tests.serving import call, serving


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that an unprivileged PostgreSQL can reach, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-serve-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_printed_line_is_enough_to_begin(data_dir: Path) -> None:
    with serving(data_dir) as (_, ready):
        assert ready.keys() == {"url", "docs", "api_key"}
        assert call(ready, "GET", "/v1/due").json()["items"] == []
        assert call(ready, "GET", "/docs").status_code == 200
        assert call(ready, "GET", "/docs/swagger-ui-bundle.js").status_code == 200
        assert "# The rules" in call(ready, "GET", "/rules").text
        assert call(ready, "GET", "/readyz").json() == {"status": "ok"}


def test_it_starts_also_when_its_first_key_has_ended(data_dir: Path) -> None:
    with serving(data_dir) as (_, first):
        [key] = call(first, "GET", "/v1/api-keys").json()["items"]
        answer = call(first, "POST", f"/v1/api-keys/{key['id']}/rotate", {"overlap_seconds": 0})
        renewed = answer.json()["key"]
        call(first | {"api_key": renewed}, "POST", "/v1/clients", {"name": "Northwind Foods"})
    with serving(data_dir) as (_, again):
        assert again["api_key"] is None
        assert len(call(again | {"api_key": renewed}, "GET", "/v1/clients").json()["items"]) == 1


def test_what_is_no_key_is_not_taken_for_one(data_dir: Path) -> None:
    with serving(data_dir):
        (data_dir / "api-key").write_text("secret\n")
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert f"What {data_dir}/api-key holds is no API key." in done.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_nothing_stays_behind(data_dir: Path, ending: signal.Signals) -> None:
    with serving(data_dir) as (process, _):
        process.send_signal(ending)
        assert process.wait(15) == 0
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_sigterm_says_so_first_and_serves_on(data_dir: Path) -> None:
    with serving(data_dir, drain_seconds=4) as (process, ready):
        assert call(ready, "GET", "/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        time.sleep(1)  # the header of every answer is renewed once a second
        draining = call(ready, "GET", "/readyz")
        problem_of(draining, 503, "draining")
        assert draining.headers["connection"] == "close"
        assert call(ready, "GET", "/v1/due").status_code == 200
        assert call(ready, "GET", "/livez").status_code == 200
        assert process.wait(20) == 0
        with pytest.raises(httpx.ConnectError):
            call(ready, "GET", "/livez")


def test_what_is_under_way_is_finished(data_dir: Path) -> None:
    body = b'{"name": "Northwind Foods"}'
    with serving(data_dir, drain_seconds=0) as (process, ready):
        url = httpx.URL(ready["url"])
        connection = HTTPConnection(url.host, url.port, timeout=20)
        connection.putrequest("POST", "/v1/clients")
        connection.putheader("Authorization", f"Bearer {ready['api_key']}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:9])
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        connection.send(body[9:])
        answer = connection.getresponse()
        assert answer.status == 201
        assert answer.headers["connection"] == "close"
        answer.read()
        assert process.wait(20) == 0
    with serving(data_dir) as (_, again):
        assert len(call(again, "GET", "/v1/clients").json()["items"]) == 1


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_another_signal_ends_the_draining(data_dir: Path, second: signal.Signals) -> None:
    with serving(data_dir, drain_seconds=300) as (process, ready):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert call(ready, "GET", "/readyz").status_code == 503
        process.send_signal(second)
        assert process.wait(20) == 0


def test_one_more_signal_waits_for_nobody(data_dir: Path) -> None:
    with serving(data_dir) as (process, ready):
        url = httpx.URL(ready["url"])
        with socket.create_connection((url.host, url.port), timeout=20) as idle:
            idle.sendall(b"POST /v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ")
            idle.sendall(ready["api_key"].encode() + b"\r\nContent-Length: 9\r\n\r\n")
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(8) == 0


def test_the_limits_hold_as_it_is_served(data_dir: Path) -> None:
    with serving(data_dir, rate_limit=3) as (_, ready):
        problem_of(call(ready, "GET", "/livez?" + "x" * 9_000), 414, "target_too_long")
        large = httpx.get(ready["url"] + "/livez", headers={"x": "x" * 33_000}, trust_env=False)
        problem_of(large, 431, "headers_too_large")
        left_of_minute = 60 - time.time() % 60
        if left_of_minute < 10:  # requests are counted by the minutes of the clock, and these belong to one
            time.sleep(left_of_minute)
        answers = [call(ready, "GET", "/v1/due") for _ in range(4)]
        assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers] == [
            f'"default";r={left}' for left in (2, 1, 0, 0)
        ]
        problem_of(answers[3], 429, "rate_limited")


def test_what_was_acknowledged_survives_kill_9(data_dir: Path) -> None:
    with serving(data_dir) as (process, first):
        made = call(first, "POST", "/v1/clients", {"name": "Northwind Foods"})
        assert made.status_code == 201
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with serving(data_dir) as (_, second):
        assert second["api_key"] == first["api_key"]
        assert call(second, "GET", f"/v1/clients/{made.json()['id']}").json() == made.json()


def test_the_demo_fills_the_due_list_once(data_dir: Path) -> None:
    for _ in range(2):
        with serving(data_dir, "--demo") as (_, ready):
            cards = call(ready, "GET", "/v1/due?limit=200").json()["items"]
            assert len(cards) > 5
            assert len(call(ready, "GET", "/v1/candidates?limit=200").json()["items"]) == 25


def test_a_taken_port_is_told_in_a_line(data_dir: Path) -> None:
    with serving(data_dir) as (_, ready):
        port = ready["url"].rpartition(":")[2]
        command = [sys.executable, "-m", "app", "serve", "--data-dir", str(data_dir), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_host_that_is_not_ours_is_told() -> None:
    """TEST-NET-1 is nobody's."""
    with pytest.raises(
        SetupError, match=r"Cannot listen on 192\.0\.2\.1:0: .*\. Choose another --host or --port"
    ):
        server.listen("192.0.2.1", 0)
