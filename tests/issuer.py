"""A real issuer of tokens: an HTTP server on 127.0.0.1 with a discovery document and keys, and tokens it signs."""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.agency import Json

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

DISCOVERY = "/.well-known/openid-configuration"


@cache
def rsa_key(number: int = 0, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """An RSA key; the same for the same number, as they take long to make."""
    assert number >= 0
    return rsa.generate_private_key(65_537, bits)


def jwk_of(key: Key, **members: Any) -> Json:
    """A JSON Web Key of the public half."""
    algorithms = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    kind: Any = next((a for k, a in algorithms.items() if isinstance(key, k)), OKPAlgorithm)
    jwk: Json = kind.to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"} | members


def encoded(part: Any) -> str:
    """A part of a token."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: Any, claims: Any, key: Any, algorithm: str) -> str:
    """A token, whatever its parts say; `algorithm` is what it is really signed with."""
    body = f"{encoded(header)}.{encoded(claims)}"
    if algorithm == "HS256":  # by hand: the library would not take a public key for a secret
        return f"{body}.{encoded(hmac.digest(key, body.encode(), 'sha256'))}"
    signer = jwt.get_algorithm_by_name(algorithm)
    return f"{body}.{encoded(signer.sign(body.encode(), signer.prepare_key(key)))}"


@dataclass
class LocalIssuer:
    """The server. `answers` are what it says at a path; `asked` are the paths it was asked for."""

    keys: list[Json] = field(default_factory=lambda: [jwk_of(rsa_key(), kid="one")])
    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    delay: float = 0
    _server: asyncio.Server | None = None
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The issuer, as it stands in tokens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Answer, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answer no longer."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def publish(self, *keys: Json) -> None:
        """Have other keys from now on."""
        self.keys = list(keys)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        task.add_done_callback(
            lambda _: writer.close()
        )  # whoever is cancelled before they answer hangs up as well

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split(b" ")[1].decode()
        self.asked.append(path)
        await asyncio.sleep(self.delay)
        status, body = self.answers.get(path) or self._answer(path)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    def _answer(self, path: str) -> tuple[str, bytes]:
        documents: dict[str, Json] = {
            DISCOVERY: {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": self.keys},
        }
        if path in documents:
            return "200 OK", json.dumps(documents[path]).encode()
        return "404 Not Found", b"{}"
