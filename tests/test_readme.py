"""The README is true where it can be checked."""

import os
import re
import socket
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx
from standardwebhooks import Webhook

from app.cli import main
from app.settings import CLIENT_VARIABLES, Settings

ROOT = Path(__file__).parent.parent
APP = ROOT / "app"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        given = field.default
        text = ",".join(map(str, given)) if isinstance(given, tuple) else given
        default = "unset" if given is None else f"`{text}`"
        assert f"| `TOUCHBASE_{name.upper()}` | {default} | {field.description} |" in README


def test_every_variable_that_a_client_reads_is_documented() -> None:
    for name in CLIENT_VARIABLES:
        assert f"`{name}`" in README


def test_every_command_is_documented_with_its_options() -> None:
    for path, command in commands(main, "touchbase"):
        [synopsis] = re.findall(rf"^\| `({path}(?: .*?)?)` \|", README, re.MULTILINE)
        options = [each.opts[0] for each in command.params if isinstance(each, click.Option)]
        assert [option for option in options if option not in synopsis] == [], path


def commands(group: click.Group, prefix: str) -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        found += commands(command, path) if isinstance(command, click.Group) else [(path, command)]
    return found


def test_every_folder_of_the_code_is_on_the_map() -> None:
    folders = [each.name for each in APP.iterdir() if each.is_dir() and each.name != "__pycache__"]
    assert [name for name in folders if f"| `app/{name}/` |" not in README] == []


def test_the_receiver_hears_what_is_signed_and_nothing_else() -> None:
    [program] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(program.strip().splitlines()) <= 18
    secret, body = "whsec_" + b64encode(b"x" * 24).decode(), b'{"type":"reason.due","data":{"sequence":1}}'
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)}
    receiver = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert [post(port, secret, body), post(port, secret[:-4] + "AAAA", body)] == [204, 400]
        assert receiver.stdout
        assert receiver.stdout.readline() == b"evt_1 reason.due 1\n"
    finally:
        receiver.kill()
        receiver.communicate()


def post(port: int, secret: str, body: bytes) -> int:
    """The status with which a receiver answers a body that is signed with a secret."""
    now = datetime.now(UTC)
    signature = Webhook(secret).sign("evt_1", now, body.decode())
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, trust_env=False) as client:
        return client.post(f"http://127.0.0.1:{port}/", content=body, headers=headers).status_code
