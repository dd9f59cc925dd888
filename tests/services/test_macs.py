"""Codes are HMAC-SHA-256: those of keys and seals in a database, and of cursors out there, hold for ever."""

import pytest

from app.services.macs import mac_of


# The second test case of RFC 4231, and the code of nothing under nothing.
@pytest.mark.parametrize(
    ("secret", "message", "code"),
    [
        (
            "Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("", b"", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ],
)
def test_a_code_is_what_the_standard_says(secret: str, message: bytes, code: str) -> None:
    assert mac_of(message, secret).hex() == code


def test_a_code_depends_on_the_message_and_the_secret_alone() -> None:
    asked = [(b"one", "a"), (b"two", "a"), (b"one", "b")]
    codes = [mac_of(message, secret) for message, secret in asked]
    assert len(set(codes)) == len(asked)
    assert [mac_of(message, secret) for message, secret in reversed(asked)] == codes[::-1]
