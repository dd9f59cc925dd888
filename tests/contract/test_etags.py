"""ETags and the conditions made of them, over every operation of the document (H7)."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.agency import Json
from tests.contract.calls import Call, calls
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.contract.world import World, stored

STALE = '"AAAAAAAAAAAAAAAAAAAA"'


def reads(document: Document, world: World) -> Iterator[Call]:
    """Every GET whose answer has an ETag."""
    for call, operation in calls(document, world):
        if call.method == "get" and "304" in operation["responses"]:
            call.query = {}
            yield call


def edits(document: Document, world: World) -> Iterator[Call]:
    """Every PATCH, PUT and DELETE."""
    for call, operation in calls(document, world):
        if call.method in ("patch", "put", "delete"):
            assert "412" in operation["responses"]
            yield call


def objects_in(value: Any) -> Iterator[Json]:
    """Every object with a tag in an answer."""
    if isinstance(value, list):
        for item in value:
            yield from objects_in(item)
    if isinstance(value, dict):
        if "etag" in value and "id" in value:
            yield value
        for item in value.values():
            yield from objects_in(item)


async def test_what_is_known_is_not_sent_again(document: Document, world: World) -> None:
    seen = 0
    for call in reads(document, world):
        answer = await call.send(world)
        tag = answer.headers["etag"]
        if "as_of" in answer.json():
            continue  # where somebody stands is another answer at each instant
        for header in (tag, f"W/{tag}", f'"other", {tag}', tag.strip('"'), "*"):
            known = await call.send(world, **{"If-None-Match": header})
            assert (known.status_code, known.content) == (304, b""), (call.operation, header)
            assert known.headers["etag"] == tag
        for header in (STALE, STALE.strip('"'), '"'):
            assert (await call.send(world, **{"If-None-Match": header})).content == answer.content
        head = await world.agency.call(
            "HEAD", call.path.format(**call.parameters), headers={"If-None-Match": tag}
        )
        assert head.status_code == 304
        seen += 1
    assert seen > 15


async def test_an_object_has_one_tag_wherever_it_is_shown(document: Document, world: World) -> None:
    tags: dict[str, set[str]] = {}
    for call, _ in calls(document, world):
        if call.method == "get":
            call.query = {}
            for item in objects_in((await call.send(world)).json()):
                tags.setdefault(item["id"], set()).add(item["etag"])
    assert len(tags) > 15
    assert {name: found for name, found in tags.items() if len(found) > 1} == {}


async def test_an_answer_to_a_write_has_the_tag_of_what_is_read_then(
    document: Document, world: World
) -> None:
    readers = {call.operation.removeprefix("get_"): call for call in reads(document, world)}
    compared = 0
    for call, operation in calls(document, world):
        reader = readers.get(call.operation.partition("_")[2])
        promised = [answer.get("headers", {}) for answer in operation["responses"].values()]
        if call.method == "get" or reader is None or not any("ETag" in headers for headers in promised):
            continue
        written = await call.send(world)
        assert written.headers["etag"] == f'"{written.json()["etag"]}"', call.operation
        if "id" in written.json():
            own = list(reader.parameters)[-1:]
            reader.parameters |= dict.fromkeys(own, written.json()["id"])
        assert (await reader.send(world)).headers["etag"] == written.headers["etag"], call.operation
        compared += 1
    assert compared > 25


async def test_an_edit_of_what_was_not_seen_changes_nothing(
    document: Document, world: World, owner: AsyncEngine
) -> None:
    tried = 0
    before = await stored(owner, world)
    for call in edits(document, world):
        reader = Call(call.operation, "get", call.path, call.parameters)
        present = (await reader.send(world)).headers["etag"]
        bare = present.strip('"')
        for header in (STALE, STALE.strip('"'), f"W/{present}", f"{STALE}, {STALE}"):
            problem_of(await call.send(world, **{"If-Match": header}), 412, "precondition_failed")
        for header in (
            "",
            ",",
            "stale",
            '"',
            f"W/{bare}",
            f"{bare}=",
            bare[:-1],
            f"{present} {present}",
            f"{STALE}, {bare}",
            f"{present}, stale",
        ):
            problem_of(await call.send(world, **{"If-Match": header}), 422, "invalid_etag")
        tried += 1
    assert tried > 8
    assert await stored(owner, world) == before


async def test_an_edit_of_what_was_seen_succeeds_and_says_the_new_tag(
    document: Document, world: World
) -> None:
    for call in edits(document, world):
        reader = Call(call.operation, "get", call.path, call.parameters)
        if call.method == "delete":
            present = (await reader.send(world)).headers["etag"]
            assert (await call.send(world, **{"If-Match": present})).status_code == 204
            problem_of(await reader.send(world), 404, "not_found")
            continue
        for header in (
            "{present}",
            "{bare}",
            "{stale}, {present}",
            ", ,{stale},,{present} ,",
            "{present},{stale}",
        ):
            present = (await reader.send(world)).headers["etag"]
            condition = header.format(stale=STALE, present=present, bare=present.strip('"'))
            edited = await call.send(world, **{"If-Match": condition})
            assert edited.is_success, (call.operation, edited.text)
            assert edited.headers["etag"] == (await reader.send(world)).headers["etag"], call.operation
        assert (await call.send(world, **{"If-Match": "*"})).is_success
