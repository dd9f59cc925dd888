"""Every place of every request, given what it cannot be and what it might be (H1, H2, H13).

Made from the document: a new member, parameter or operation is tried without a change here.
"""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import Database
from app.main import create_app
from app.settings import Settings
from tests.agency import Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract import corpus
from tests.contract.corpus import MARK
from tests.contract.document import Document
from tests.contract.places import Place, kinds_of, least, places, schema_of
from tests.contract.problems import places_of, problem_of
from tests.contract.world import World, bodies, build_world, stored

JSON = {"Content-Type": b"application/json"}

pytestmark = pytest.mark.fuzz


@dataclass
class Target:
    """An operation, with a request for it that its world understands."""

    world: World
    operation: Json
    method: str
    path: str
    body: Json | None

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.operation["operationId"])

    async def send(
        self, content: bytes | None = None, *, headers: Mapping[str, bytes] | None = None, **options: Any
    ) -> httpx.Response:
        """The answer to the request, with another body, other headers or other parameters than its own."""
        if content is None and self.body is not None:
            content = json.dumps(self.body).encode()
        agency, path = self.world.agency, options.pop("path", self.path)
        usual = {"Authorization": f"Bearer {agency.key}".encode(), "Content-Type": b"application/json"}
        sent = {name.encode(): value for name, value in {**usual, **(headers or {})}.items()}
        return await agency.http.request(self.method, path, content=content, headers=sent, **options)


@pytest.fixture(scope="module")
async def unlimited(database: Database, document: Document) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that lets it ask as often as it likes."""
    async with client_of(create_app(database, SECRET, Settings(rate_limit="off")), document) as client:
        yield client


@pytest.fixture
async def new_world(unlimited: httpx.AsyncClient, database: Database) -> Callable[[], Awaitable[World]]:
    """Makes an agency with one of everything."""

    async def new() -> World:
        return await build_world(await found_agency(unlimited, database, SECRET))

    return new


@pytest.fixture
async def world(new_world: Callable[[], Awaitable[World]]) -> World:
    """One of them."""
    return await new_world()


@pytest.fixture
def targets(world: World, document: Document) -> list[Target]:
    """Every operation."""
    return list(targets_in(world, document.document))


def targets_in(world: World, document: Json) -> Iterator[Target]:
    """Every operation, as a request of a world."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = None
            if "requestBody" in operation:
                known = bodies(world.ids).get(operation["operationId"])
                body = known[0] if known else least(schema_of(operation), document)
            yield Target(world, operation, method, path.format(**world.in_paths), body)


def with_body(targets: Iterable[Target]) -> list[Target]:
    """Those that take a body."""
    return [target for target in targets if target.body is not None]


async def each_in_a_world_of_its_own(
    new_world: Callable[[], Awaitable[World]], document: Document
) -> AsyncIterator[Target]:
    """Every operation with a body; what one has changed does not stand in the way of another."""
    for number in range(len(with_body(targets_in(await new_world(), document.document)))):
        yield with_body(targets_in(await new_world(), document.document))[number]


def places_in(target: Target, document: Document) -> Iterator[Place]:
    """Every place of a request's body."""
    return places(schema_of(target.operation), document.document, target.body)


def check(answer: httpx.Response, *told: Any) -> None:
    """Fail on an answer that no request may get: a 5xx, an error of another shape, one that repeats its input."""
    assert answer.status_code < 500, (told, answer.text)
    if answer.status_code >= 400:
        problem = problem_of(answer, answer.status_code)
        # A request may have a name of its own, which comes back (H5).
        assert MARK not in answer.text.replace(problem["request_id"], ""), (told, answer.text)


def check_refused(answer: httpx.Response, place: str, *told: Any) -> None:
    """Fail unless an answer is a 422 that names a place, or one below it."""
    check(answer, *told)
    status, problem = refusal_of(answer)
    assert status == 422, (told, answer.text)
    named = [where for where, _ in places_of(problem)]
    assert any(f"{where}/".startswith(f"{place}/") for where in named), (told, named)


def refusal_of(answer: httpx.Response) -> tuple[int, Json]:
    """The status and the problem of a request, or of the one item of a bulk call."""
    if answer.status_code == 207:
        [item] = answer.json()["items"]
        return item["status"], item["problem"]
    return answer.status_code, answer.json()


def is_refused(answer: httpx.Response) -> bool:
    """Whether nothing came of a request."""
    return refusal_of(answer)[0] >= 400


async def test_what_a_place_cannot_take_is_refused_by_name(
    targets: list[Target], document: Document, owner: AsyncEngine, world: World
) -> None:
    tried = 0
    for target in with_body(targets):
        before = await stored(owner, world)
        for turn, place in enumerate(places_in(target, document)):
            fragments = list(corpus.refused(place.kinds, turn))
            answers = await asyncio.gather(*(target.send(place.filled(each)) for each in fragments))
            for fragment, answer in zip(fragments, answers, strict=True):
                check_refused(answer, place.pointer, target.name, fragment[:100])
            tried += len(fragments)
        assert await stored(owner, world) == before, target.name
    print(tried, "wrong values")  # noqa: T201 - with -s it says how many there were
    assert tried > 5_000


async def test_what_cannot_be_parsed_is_400_wherever_it_stands(
    targets: list[Target], document: Document, owner: AsyncEngine, world: World
) -> None:
    before = await stored(owner, world)
    for target in with_body(targets):
        for turn, place in enumerate(places_in(target, document)):
            fragment = corpus.in_turn(corpus.UNPARSABLE, turn)
            answer = await target.send(place.filled(fragment))
            check(answer, target.name, place.pointer, fragment[:100])
            assert refusal_of(answer)[0] == 400, (target.name, place.pointer, fragment[:100])
    assert await stored(owner, world) == before


async def test_what_a_place_might_take_breaks_nothing(
    new_world: Callable[[], Awaitable[World]], document: Document, owner: AsyncEngine
) -> None:
    accepted: Counter[bool] = Counter()
    async for target in each_in_a_world_of_its_own(new_world, document):
        ids, refused = list(target.world.ids.values()), []
        # A captured debrief is one as any other; a thousand of them would only make each slower.
        tried = [place for place in places_in(target, document) if "debrief" not in place.path]
        for turn, place in enumerate(tried):
            for content in (place.filled(json.dumps(value)) for value in corpus.odd(place.kinds, ids, turn)):
                answer = await target.send(content)
                check(answer, target.name, content)
                accepted[not is_refused(answer)] += 1
                refused += [content] if is_refused(answer) else []
        await store_nothing(target, refused, owner)
    print(accepted, "odd values")  # noqa: T201
    assert accepted[True] > 500


async def store_nothing(target: Target, refused: list[bytes], owner: AsyncEngine) -> None:
    """Fail if bodies that were refused leave a trace when they are sent again.

    One may be taken now, for what others have changed since; the rest are then looked at anew.
    """
    while refused:
        before = await stored(owner, target.world)
        answers = [await target.send(content) for content in refused]
        if all(is_refused(answer) for answer in answers):
            assert await stored(owner, target.world) == before, target.name
            return
        refused = [body for body, answer in zip(refused, answers, strict=True) if is_refused(answer)]


# These store nothing, or answer with ids alone, as the records do of what is recorded beside them.
TELL_NOTHING = {"preview_status", "interpret_timescale", "check_contact", "capture_debrief", "save_items"}
BESIDE = {"timescale", "next_steps_timescale", "contact"}
# No text stands there but with another member, which only some bodies have.
NOT_ALONE = {"event", "external_refs", "hold"}


def texts_told(target: Target, document: Document) -> Iterator[tuple[Place, Json]]:
    """The places of a request where any words may stand that its answer repeats, each with its schema."""
    for place in places_in(target, document) if target.name not in TELL_NOTHING else ():
        if place.path[0] not in BESIDE:
            yield from ((place, kind) for kind in place.kinds if corpus.is_free_text(kind))


async def test_any_text_is_read_back_exactly(
    new_world: Callable[[], Awaitable[World]], document: Document
) -> None:
    tried = 0
    async for target in each_in_a_world_of_its_own(new_world, document):
        for place, kind in texts_told(target, document):
            answers = [await is_read_back(target, place, text) for text in corpus.texts(kind)]
            tried += len(answers)
            assert any(answers) or NOT_ALONE & set(place.path), (target.name, place.pointer)
    print(tried, "texts")  # noqa: T201
    assert tried > 300


async def is_read_back(target: Target, place: Place, text: str) -> bool:
    """Whether a text was stored; fails where it comes back as another."""
    answer = await target.send(place.filled(json.dumps(text)))
    check(answer, target.name, place.pointer, text)
    assert not answer.is_success or text in _strings(answer.json()), (target.name, place.pointer, text)
    return answer.is_success


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(each)


# Whole bodies, the media type they come with, and what is answered.
WHOLE: dict[str, tuple[bytes, dict[str, bytes], int]] = {
    "nothing": (b"", {}, 422),
    "null": (b"null", {}, 422),
    "an array": (b"[]", {}, 422),
    "a text": (f'"{MARK}"'.encode(), {}, 422),
    "a number": (b"7", {}, 422),
    "a mark of order": (b"\xef\xbb\xbf{}", {}, 400),
    "UTF-16": ("{}".encode("utf-16"), {}, 400),
    "UTF-16, as it says": (
        "{}".encode("utf-16-le"),
        {"Content-Type": b"application/json; charset=utf-16"},
        400,
    ),
    "Latin-1": (f'{{"{MARK}é": 1}}'.encode("latin-1"), {}, 400),
    "half a character": (b'{"\xed\xa0\x80": 1}', {}, 400),
    "an overlong one": (b'{"\xc0\xaf": 1}', {}, 400),
    "compressed": (gzip.compress(b"{}"), {"Content-Encoding": b"gzip"}, 415),
    "said to be compressed": (b"{}", {"Content-Encoding": b"br"}, 415),
    "a form": (b"a=1", {"Content-Type": b"application/x-www-form-urlencoded"}, 415),
    "a form of parts": (b"--x--", {"Content-Type": b"multipart/form-data; boundary=x"}, 415),
    "text": (b"{}", {"Content-Type": b"text/plain"}, 415),
    "no type": (b"{}", {"Content-Type": b""}, 415),
    "a list of types": (b"{}", {"Content-Type": b"application/json, text/plain"}, 415),
    "a broken type": (b"{}", {"Content-Type": b'x/\x7f;;="application/json'}, 415),
    "a mebibyte of spaces": (b" " * 6_000_000, {}, 413),
}


async def test_a_body_that_is_none_stores_nothing(
    targets: list[Target], owner: AsyncEngine, world: World
) -> None:
    before = await stored(owner, world)
    for target in with_body(targets):
        for name, (content, headers, status) in WHOLE.items():
            answer = await target.send(content, headers=headers)
            check(answer, target.name, name)
            assert answer.status_code == status, (target.name, name, answer.text)
        for fragment in corpus.UNPARSABLE:
            answer = await target.send(fragment.encode())
            check(answer, target.name, fragment[:100])
            assert answer.status_code == 400, (target.name, fragment[:100], answer.text)
    assert await stored(owner, world) == before


async def test_a_parameter_that_is_none_is_refused_by_name(targets: list[Target], document: Document) -> None:
    tried = 0
    for target in targets:
        for parameter in target.operation.get("parameters", []):
            if parameter["in"] == "query":
                for text in _refused_of(parameter["schema"], document.document):
                    answer = await target.send(params={parameter["name"]: text})
                    check_refused(answer, parameter["name"], target.name, text[:100])
                    tried += 1
    print(tried, "parameters")  # noqa: T201
    assert tried > 1_000


def _refused_of(schema: Json, document: Json) -> Iterator[str]:
    for kind in kinds_of(schema, document):
        for each in kinds_of(kind.get("items", kind), document):
            yield from corpus.refused_texts(each)


async def test_an_id_in_the_path_that_is_none_is_not_found(targets: list[Target], world: World) -> None:
    ids = set(world.ids.values())
    for target in targets:
        own = [part for part in target.path.split("/") if part in ids]
        for text in (*corpus.FORMATS["uuid"], *corpus.WORDS, *corpus.TEXTS) if own else ():
            answer = await target.send(path=target.path.replace(own[0], quote(text, safe="")))
            check(answer, target.name, text)
            assert answer.status_code in (404, 405), (target.name, text, answer.text)


async def test_no_header_breaks_anything(targets: list[Target]) -> None:
    tried = 0
    for start, target in enumerate(targets):
        # An empty object changes as little as can be.
        content = None if target.body is None else b"{}"
        for turn, (name, values) in enumerate(corpus.HEADERS.items(), start):
            for value in (corpus.in_turn(values, 3 * turn + number) for number in range(3)):
                check(await target.send(content, headers={name: value}), target.name, name, value[:100])
                tried += 1
    print(tried, "headers")  # noqa: T201
    assert tried > 4_000
