"""Seals bytes that may hold a secret, so that whoever reads the database learns nothing from them (S3).

The key is made from the service's secret, so a copy of the database alone opens nothing.
"""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from app.errors import UnsealableError
from app.services.macs import mac_of


def seal(plain: bytes, secret: str) -> bytes:
    """The bytes, encrypted and protected against change; no two seals of the same bytes are alike."""
    return _box(secret).encrypt(plain)


def unseal(sealed: bytes, secret: str) -> bytes:
    """The bytes that were sealed. Raises UnsealableError if they were changed, or sealed under another secret."""
    try:
        return _box(secret).decrypt(sealed)
    except InvalidToken:
        raise UnsealableError from None


def _box(secret: str) -> Fernet:
    # A key of its own: the secret itself also signs API keys and cursors.
    return Fernet(urlsafe_b64encode(mac_of(b"sealing", secret)))
