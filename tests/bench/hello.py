"""The floor: applications that do nothing, on the uvicorn that Touchbase runs on.

`python -m tests.bench.hello KIND PORT` serves one kind, `asgi` or `fastapi`.
"""

import sys

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.web.protocol import Protocol

GREETING = b'{"hello":"world"}'


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Bare ASGI."""
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(GREETING)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": GREETING})


def fastapi() -> FastAPI:
    """FastAPI with one operation."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.get("/")
    async def greet() -> dict[str, str]:
        return {"hello": "world"}

    return app


if __name__ == "__main__":
    kind, port = sys.argv[1:]
    uvicorn.run(
        asgi if kind == "asgi" else fastapi(),
        host="127.0.0.1",
        port=int(port),
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )
