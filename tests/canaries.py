"""Texts that must never be seen again: in no log line, no error, no figure and no span (S5)."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx

from app.web.idempotency import HEADER
from app.web.trail import PURPOSE
from tests.agency import Json
from tests.contract.places import places, schema_of
from tests.contract.world import World, bodies

MARK = "zqcanary"
PHONE = "+44 7700 900123"
_numbers = count()

# What a text must look like to be taken, by the member it stands in.
_SHAPES = {"email": "{}@x.test", "url": "https://hooks.example/{}", "phone": PHONE + " x{}"}

Request = tuple[str, str, dict[str, Any]]


def canary(member: str = "") -> str:
    """A new text, such as the member of a body would take."""
    number = next(_numbers)
    return _SHAPES.get(member, "{}").format(number if member == "phone" else f"{MARK}{number}")


def seen_in(written: str, *secrets: str) -> list[str]:
    """Which canaries, or other secrets, a text holds, with some words around."""
    lowered = written.lower()
    places = [(lowered.find(each.lower()), each) for each in (MARK, PHONE, *secrets)]
    return [written[max(0, place - 200) : place + 100] for place, _ in places if place >= 0]


def of_an_answer(response: httpx.Response) -> str:
    """What an error tells; an answer that succeeds may tell what was asked for."""
    headers = [f"{name}: {value}" for name, value in response.headers.items()]
    return "\n".join([*headers, response.text]) if response.is_error else ""


def requests(world: World, document: Json) -> Iterator[Request]:
    """Requests for every operation with a canary in each place that takes what a client writes."""
    for url, methods in document["paths"].items():
        for method, operation in methods.items():
            for name, request in _of_operation(world, document, url, operation):
                yield method.upper(), name, request
    yield from _of_no_operation()


def _of_operation(
    world: World, document: Json, url: str, operation: Json
) -> Iterator[tuple[str, dict[str, Any]]]:
    path = url.format(**world.in_paths)
    known = bodies(world.ids).get(operation["operationId"], [])
    given = known[0] if known else None
    if known:
        yield from ((path, options) for options in _bodies(operation, document, known))
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            yield url.format(**world.in_paths | {parameter["name"]: canary()}), {"json": given}
        else:
            yield path, {"params": {parameter["name"]: canary()}, "json": given}
    yield from ((path, {"headers": headers, "json": given}) for headers in _headers())


def _bodies(operation: Json, document: Json, known: list[Json]) -> Iterator[dict[str, Any]]:
    """Bodies with a canary at each place, each once: those that are filled up are alike, whatever they began as."""
    found = (place for body in known for place in places(schema_of(operation), document, body))
    for place in {place.filled(""): place for place in found}.values():
        shape = next((part for part in reversed(place.path) if isinstance(part, str)), "")
        content = place.filled(json.dumps(canary(shape)))
        yield {"content": content, "headers": {"Content-Type": "application/json"}}
    yield {"json": canary()}
    broken = (f'{{"name": "{canary()}"', f'{{"{canary()}": NaN}}', f'{{"name": "{canary()}\\u0000"}}')
    for text in broken:
        yield {"content": text, "headers": {"Content-Type": "application/json"}}
    yield {"content": canary(), "headers": {"Content-Type": f"text/{canary()}"}}
    yield {"content": canary().encode() + b"\xff", "headers": {"Content-Type": "application/json"}}


# Headers that change nothing of an answer.
_HARMLESS = (
    *("Accept", "Cookie", "Forwarded", "Host", "Referer", "User-Agent", "X-Forwarded-For"),
    *("traceparent", "tracestate", "baggage", PURPOSE),
)


def _headers() -> Iterator[dict[str, str]]:
    """Headers that we read, or a library may. An id of a request that could be one is kept (H5), so this is none."""
    yield {**{name: canary() for name in _HARMLESS}, "X-Request-Id": f"{canary()} {canary()}"}
    for name in ("Authorization", HEADER, "If-Match", "If-None-Match"):
        yield {name: f"Bearer {canary()}"}
        yield {name: f'"{canary()}"'}


def _of_no_operation() -> Iterator[Request]:
    yield "GET", f"/{canary()}", {}
    yield "GET", f"/v1/clients/{canary()}%20{canary()}/more", {}
    yield "GET", f"/v1/{canary()}?name={canary()}", {}
    yield canary().upper(), "/v1/clients", {}
    yield "DELETE", f"/v1/clients/{canary()}", {}
    yield "OPTIONS", f"/v1/clients?{canary()}={canary()}", {"headers": {"Origin": f"https://{canary()}"}}
