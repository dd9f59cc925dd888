"""What the service says to PostgreSQL, read off the wire between them: so nobody's word need be taken for it.

A recorder is a Unix socket that passes everything on. Of each request it keeps the statements that were run with their
parameters, in the order in which they were sent, and how often the service waited for an answer.
"""

import asyncio
import json
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

_MODERN = datetime(2000, 1, 1, tzinfo=UTC)
_FOREVER = 2**63 - 1

# The type of a parameter, by PostgreSQL's number.
UUID_TYPE, INTEGERS = 2950, {20: ">q", 23: ">i", 21: ">h"}

_TEXTS = (25, 1043, 18, 19, 114)
_ARRAYS = {
    2951: UUID_TYPE,
    1009: 25,
    1015: 1043,
    1007: 23,
    1005: 21,
    1016: 20,
    1185: 1184,
    1182: 1082,
    1000: 16,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it was run; parameters are as PostgreSQL's text, None for NULL, with their types."""

    sql: str
    parameters: tuple[str | None, ...] = ()
    types: tuple[int, ...] = ()


@dataclass
class Recording:
    """What one piece of work has sent."""

    statements: list[Statement] = field(default_factory=list)
    round_trips: int = 0


@dataclass
class Recorder:
    """Passes connections on, and records what is said in them while somebody listens."""

    target: Path
    startup: dict[str, str] = field(default_factory=dict)
    recording: Recording | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Recording]:
        """What is sent while the context lasts."""
        self.recording = Recording()
        try:
            yield self.recording
        finally:
            self.recording = None

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        their_reader, their_writer = await asyncio.open_unix_connection(str(self.target))
        talk = Talk(self)
        await asyncio.gather(
            _pass_on(reader, their_writer, talk.asked), _pass_on(their_reader, writer, talk.answered)
        )


@asynccontextmanager
async def recorder(socket_dir: Path, port: int, folder: Path) -> AsyncIterator[Recorder]:
    """A recorder in front of the server of `socket_dir`, listening in `folder` under the same name."""
    name = f".s.PGSQL.{port}"
    recorder = Recorder(socket_dir / name)
    server = await asyncio.start_unix_server(recorder.connect, str(folder / name))
    async with server:
        yield recorder


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Callable[[bytes], None]
) -> None:
    try:
        while data := await reader.read(65_536):
            look(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Talk:
    """One connection: cuts both directions into messages and keeps what has been prepared."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._asked, self._answered = bytearray(), bytearray()
        self._has_started = False
        self._ours_last = False
        self._sql: dict[bytes, str] = {}
        self._types: dict[bytes, tuple[int, ...]] = {}
        self._described: deque[bytes] = deque()

    def asked(self, data: bytes) -> None:
        """What the service sends."""
        recording = self._recorder.recording
        if recording and not self._ours_last:
            recording.round_trips += 1
        self._ours_last = True
        self._asked += data
        if not self._has_started:
            self._start()
        for kind, body in _messages(self._asked) if self._has_started else ():
            self._ask(kind, body)

    def answered(self, data: bytes) -> None:
        """What PostgreSQL answers."""
        self._ours_last = False
        self._answered += data
        for kind, body in _messages(self._answered):
            if kind == b"t":
                (count,) = struct.unpack_from(">h", body)
                self._types[self._described.popleft()] = struct.unpack_from(f">{count}i", body, 2)

    def _start(self) -> None:
        """Keep the settings that the connection begins with."""
        length = int.from_bytes(self._asked[:4], "big")
        if len(self._asked) < length or not length:
            return
        words = bytes(self._asked[8:length]).rstrip(b"\0").decode().split("\0")
        self._recorder.startup = dict(zip(words[::2], words[1::2], strict=True))
        del self._asked[:length]
        self._has_started = True

    def _ask(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, sql, _ = body.split(b"\0", 2)
            self._sql[name] = sql.decode()
        elif kind == b"D" and body[:1] == b"S":
            self._described.append(body[1:-1])
        elif recording := self._recorder.recording:
            if kind == b"B":
                recording.statements.append(self._bound(body))
            elif kind == b"Q":
                parts = map(str.strip, body.rstrip(b"\0").decode().split(";"))
                recording.statements += [Statement(part) for part in parts if part]

    def _bound(self, body: bytes) -> Statement:
        _, name, rest = body.split(b"\0", 2)
        types = self._types.get(name, ())
        (formats,) = struct.unpack_from(">h", rest)
        codes = struct.unpack_from(f">{formats}h", rest, 2)
        at = 2 + 2 * formats
        (count,) = struct.unpack_from(">h", rest, at)
        at += 2
        parameters: list[str | None] = []
        for number in range(count):
            (length,) = struct.unpack_from(">i", rest, at)
            at += 4
            if length < 0:
                parameters.append(None)
                continue
            value, at = rest[at : at + length], at + length
            is_binary = codes[number % len(codes)] if codes else 0
            parameters.append(_text(value, types[number]) if is_binary else value.decode())
        return Statement(self._sql[name], tuple(parameters), types)


def _messages(buffer: bytearray) -> list[tuple[bytes, bytes]]:
    """The whole messages that a buffer begins with; they are taken out of it."""
    found = []
    while len(buffer) >= 5:  # a letter and the length
        length = int.from_bytes(buffer[1:5], "big")
        if len(buffer) < 1 + length:
            break
        found.append((bytes(buffer[:1]), bytes(buffer[5 : 1 + length])))
        del buffer[: 1 + length]
    return found


def _text(value: bytes, kind: int) -> str:
    """A binary parameter as PostgreSQL's text."""
    if kind in _ARRAYS:
        return _array(value, _ARRAYS[kind])
    if kind in INTEGERS:
        return str(struct.unpack(INTEGERS[kind], value)[0])
    if kind in _TEXTS:
        return value.decode()
    return _SCALARS[kind](value)


def _instant(value: bytes) -> str:
    microseconds: int = struct.unpack(">q", value)[0]
    return "infinity" if microseconds == _FOREVER else str(_MODERN + timedelta(microseconds=microseconds))


_SCALARS: dict[int, Callable[[bytes], str]] = {
    16: lambda value: "true" if value == b"\1" else "false",
    17: lambda value: "\\x" + value.hex(),
    701: lambda value: str(struct.unpack(">d", value)[0]),
    1082: lambda value: str(date(2000, 1, 1) + timedelta(days=struct.unpack(">i", value)[0])),
    1184: _instant,
    UUID_TYPE: lambda value: str(UUID(bytes=value)),
    3802: lambda value: value[1:].decode(),
}


def _array(value: bytes, kind: int) -> str:
    (dimensions,) = struct.unpack_from(">i", value)
    if not dimensions:
        return "{}"
    (count,) = struct.unpack_from(">i", value, 12)
    at, parts = 20, []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", value, at)
        at += 4
        parts.append(
            "NULL" if length < 0 else json.dumps(_text(value[at : at + length], kind), ensure_ascii=False)
        )
        at += max(length, 0)
    return "{" + ",".join(parts) + "}"
