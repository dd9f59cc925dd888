"""Signatures of Standard Webhooks: how a receiver knows that a call is ours, and that nobody has changed it (H16)."""

import hmac
from base64 import b64decode, b64encode
from datetime import datetime
from uuid import UUID

PREFIX = "whsec_"


def sign(secret: str, event_id: UUID | str, at: datetime, body: bytes) -> str:
    """The signature of a call at an instant, under a secret of the form `whsec_` and base64."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
