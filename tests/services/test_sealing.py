"""What is sealed says nothing and cannot be changed."""

import pytest

from app.errors import UnsealableError
from app.services.sealing import seal, unseal

SECRET = "a secret of the tests, long enough to be one"
PLAIN = b'{"key": "tb_live_0123456789AB_secret"}'


@pytest.mark.parametrize("plain", [b"", PLAIN, bytes(range(256)), b"x" * 1_048_576])
def test_what_is_sealed_can_be_unsealed(plain: bytes) -> None:
    assert unseal(seal(plain, SECRET), SECRET) == plain


def test_a_seal_says_nothing_of_what_it_holds() -> None:
    first, second = seal(PLAIN, SECRET), seal(PLAIN, SECRET)
    assert first != second
    assert b"tb_live" not in first


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(UnsealableError):
        unseal(seal(PLAIN, SECRET), SECRET + "x")


@pytest.mark.parametrize("place", [0, 1, 12, 40, -1, -40])
def test_a_seal_that_was_changed_is_refused(place: int) -> None:
    sealed = bytearray(seal(PLAIN, SECRET))
    sealed[place] = ord("A") if sealed[place] != ord("A") else ord("B")
    with pytest.raises(UnsealableError):
        unseal(bytes(sealed), SECRET)


@pytest.mark.parametrize("sealed", [b"", PLAIN, b"gAAAAA", b"\xff\x00"])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(UnsealableError):
        unseal(sealed, SECRET)
