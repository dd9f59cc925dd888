"""Message authentication codes (HMAC-SHA-256) under the service's secret: what shows that it made something."""

import hmac
from functools import lru_cache


def mac_of(message: bytes, secret: str) -> bytes:
    """The code of a message."""
    code = _keyed(secret).copy()
    code.update(message)
    return code.digest()


@lru_cache(maxsize=1)
def _keyed(secret: str) -> hmac.HMAC:
    # OpenSSL looks its SHA-256 up for every new one, which takes longer than the hashing.
    return hmac.new(secret.encode(), digestmod="sha256")
