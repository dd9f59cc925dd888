"""The mail server as an operator names it, and what is never sent to it or said of it."""

import asyncio
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtplib import SMTPException, SMTPNotSupported
from click.testing import CliRunner

from app.cli import main
from app.errors import SetupError
from app.settings import Settings, read_settings
from app.smtp import MailServer, address
from tests.certificates import certify
from tests.mailbox import Mailbox, receiving


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 587, False, None, None, "touchbase@mail.example")),
        ("smtps://mail.example", ("mail.example", 465, True, None, None, "touchbase@mail.example")),
        ("smtp://127.0.0.1:2525/", ("127.0.0.1", 2525, False, None, None, "touchbase@127.0.0.1")),
        (
            "smtps://kim%40x.example:p%2Fw%3A%20%25@mail.example?from=news@agency.example",
            ("mail.example", 465, True, "kim@x.example", "p/w: %", "news@agency.example"),
        ),
        ("smtp://[::1]:25?from=a%2Bb@x.example", ("::1", 25, False, None, None, "a+b@x.example")),
    ],
)
def test_a_url_names_a_server(url: str, expected: tuple[object, ...]) -> None:
    server = MailServer.of(url)
    told = (server.host, server.port, server.is_tls, server.username, server.password)
    assert (*told, server.sender.addr_spec) == expected
    assert "p/w" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.secret",
        "https://mail.secret",
        "smtp://",
        "smtp://:25",
        "smtp://host:secret",
        "smtp://user:sec/ret@host",
        "smtp://user:sec#ret@host",
        "smtp://[::secret",
        "smtp://secret@host",
        "smtp://host/secret",
        "smtp://host?to=secret@x.example",
        "smtp://host?from=secret",
        "smtp://host?from=",
        "smtp://host?from=secret@x.example&from=b@x.example",
        "smtp://host?from=secret@x.example,b@x.example",
        "smtp://host?from=secret%0d%0aBcc:eve@x.example",
        "smtp://host?from=%22secret%22%20%3Ca@x.example%3E",
        "smtp://[::1]",
    ],
)
def test_a_wrong_one_is_told_at_start_and_not_quoted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TOUCHBASE_SMTP_URL", url)
    with pytest.raises(SetupError, match="TOUCHBASE_SMTP_URL") as caught:
        read_settings()
    assert "secret" not in str(caught.value)
    started = CliRunner().invoke(main, ["worker"])
    assert started.exit_code == 1
    assert "TOUCHBASE_SMTP_URL" in started.output
    assert "secret" not in started.output


def test_the_setting_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(Settings(smtp_url="smtps://kim:hunter2@mail.example"))


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a@",
        "a,b@x.example",
        "a@x.example>",
        "a@x.example\r\nBcc: b@x.example",
        "",
        "ö",
        "ö@",
        "ö,b@x.example",
        "ö b@x.example",
        "ö@x@y.example",
        "ö@x.example>",
        '"ö"@x.example',
        "ö\0@x.example",
        "ö@x.example\r\nBcc: b@x.example",
        "ö@x.example\u2028Bcc: b@x.example",
    ],
)
def test_one_address_is_one_address(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        address(text)


@pytest.mark.parametrize(
    ("sender", "recipient"),
    [
        ("touchbase@agency.example", "dörte@x.example"),
        ("touchbase@agency.example", "kim@exämple.example"),
        ("bürö@agency.example", "kim@x.example"),
    ],
)
async def test_an_address_may_be_of_any_script(sender: str, recipient: str) -> None:
    message = letter()
    message["From"], message["To"] = address(sender), address(recipient)
    async with receiving(Mailbox()) as box:
        server = MailServer.of(f"smtp://127.0.0.1:{box.port}?from={sender}")
        await server.send(message, recipient, timeout=5)
    [(taken_for, taken)] = box.letters
    assert (taken_for, taken["From"], taken["To"]) == (recipient, sender, recipient)


async def test_a_server_that_knows_one_script_alone_is_asked_for_no_other() -> None:
    async with receiving(Mailbox(takes_utf8=False)) as box:
        server = MailServer.of(box.url)
        with pytest.raises(SMTPNotSupported):
            await server.send(letter(), "dörte@x.example", timeout=5)
        await server.send(letter(), "kim@x.example", timeout=5)
    assert [recipient for recipient, _ in box.letters] == ["kim@x.example"]


async def test_a_password_is_not_sent_in_the_clear() -> None:
    async with receiving(Mailbox()) as box:
        server = MailServer.of(f"smtp://kim:secret@127.0.0.1:{box.port}")
        with pytest.raises(SMTPException, match="STARTTLS") as caught:
            await server.send(letter(), "kim@x.example", timeout=5)
    assert box.letters == []
    assert "secret" not in str(caught.value)


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server at localhost encrypts with, whose certificate this process trusts."""
    certificate = certify("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_password_is_sent_encrypted(encrypted: ssl.SSLContext, scheme: str) -> None:
    how = {"tls": encrypted} if scheme == "smtps" else {"start_tls": encrypted}
    async with receiving(Mailbox(), **how) as box:
        server = MailServer.of(f"{scheme}://kim%40x.example:p%2Fw@localhost:{box.port}")
        await server.send(letter(), "kim@x.example", timeout=5)
    assert box.logins == [("kim@x.example", "p/w")]
    assert [recipient for recipient, _ in box.letters] == ["kim@x.example"]


async def test_a_certificate_of_another_name_is_not_trusted(encrypted: ssl.SSLContext) -> None:
    async with receiving(Mailbox(), start_tls=encrypted) as box:
        server = MailServer.of(f"smtp://kim:secret@127.0.0.1:{box.port}")
        with pytest.raises((SMTPException, OSError)):
            await server.send(letter(), "kim@x.example", timeout=5)
    assert (box.logins, box.letters) == ([], [])


async def test_a_server_that_says_nothing_is_left_in_time() -> None:
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(TimeoutError):
        await MailServer.of(f"smtp://127.0.0.1:{port}").send(letter(), "kim@x.example", timeout=0.2)
    silent.close()


def letter() -> EmailMessage:
    message = EmailMessage()
    message.set_content("A word.")
    return message
