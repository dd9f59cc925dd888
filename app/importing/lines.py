"""Lines: what a file holds, read one after another so that a file of any length takes little memory."""

import codecs
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from app.api.bulk import MOST_ITEMS
from app.errors import RefusedError, UnreadableFileError
from app.importing.columns import Columns
from app.web.body import MOST_BULK_BYTES, parse_item

# What a call may hold, but for the text around its items.
MOST_BYTES = MOST_BULK_BYTES - 1_000

_CHUNK = 1_048_576
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line was not imported: a stable code, and words for people."""

    code: str
    detail: str


TOO_LARGE = Refusal("too_large", "The line is larger than a call may be.")


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a file, by the number of the line on which it begins: an item, or why it is none.

    `text` is the item as JSON; `cells` are those of a CSV file; `end` counts the bytes of the file up to here.
    """

    number: int
    end: int
    item: Any = None
    text: bytes = b""
    cells: list[str] = field(default_factory=list)
    refusal: Refusal | None = None


def digest_of(path: Path) -> str:
    """The SHA-256 of a file. Raises UnreadableFileError, naming the line, for one that is not UTF-8 throughout."""
    digest, decoder, line = sha256(), codecs.getincrementaldecoder("utf-8")(), 1
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            raise UnreadableFileError(f"{path} is UTF-16; save it as UTF-8.")
        file.seek(0)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            line = _checked(decoder, chunk, path, line)
    _checked(decoder, b"", path, line)
    return digest.hexdigest()


def _checked(decoder: codecs.IncrementalDecoder, chunk: bytes, path: Path, line: int) -> int:
    """The number of the line in which the next chunk begins."""
    try:
        decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        line += error.object.count(b"\n", 0, error.start)
        raise UnreadableFileError(
            f"{path}, line {line}: this is not UTF-8; save the file as UTF-8."
        ) from None
    return line + chunk.count(b"\n")


def read_ndjson(path: Path) -> Iterator[Line]:
    """The items of a file that holds one JSON object in each line; empty lines are passed over."""
    with path.open("rb") as file:
        for number, raw in enumerate(_raw_lines(file), 1):
            text = raw.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").strip()
            if len(raw) > MOST_BYTES:
                yield Line(number, file.tell(), refusal=TOO_LARGE)
            elif text:
                yield _parsed(number, file.tell(), text)


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only so much that this shows."""
    while raw := file.readline(MOST_BYTES + 1):
        rest = raw
        while len(rest) > MOST_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MOST_BYTES + 1)
        yield raw


def _parsed(number: int, end: int, text: bytes) -> Line:
    try:
        return Line(number, end, parse_item(text), text)
    except RefusedError as error:
        return Line(number, end, refusal=Refusal(error.code, error.detail))


def read_csv(path: Path, columns: Columns) -> Iterator[Line]:
    """The items of a CSV file, whose first record is the header; empty lines are passed over.

    Raises UnreadableFileError for what is no CSV.
    """
    with path.open("rb") as file:
        records = _records(path, file)
        next(records)
        for number, cells in records:
            yield _composed(number, file.tell(), cells, columns)


def header_of(path: Path) -> list[str]:
    """The first record of a CSV file. Raises UnreadableFileError if there is none."""
    with path.open("rb") as file:
        for _, cells in _records(path, file):
            return cells
    raise UnreadableFileError(f"{path} is empty; its first line should name the columns.")


def _records(path: Path, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV file but for empty lines, each with the number of the line on which it begins."""
    csv.field_size_limit(MOST_BYTES)
    reader, begins = csv.reader(_texts(path, file), strict=True), 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(f"{path}, the record of line {begins} is not CSV: {error}.") from None


def _texts(path: Path, file: BinaryIO) -> Iterator[str]:
    """The lines of a CSV file, whether they end in LF, CRLF or CR alone."""
    for number, raw in enumerate(_raw_lines(file), 1):
        if len(raw) > MOST_BYTES:
            raise UnreadableFileError(f"{path}, line {number}: the line is too long.")
        text = raw.removeprefix(codecs.BOM_UTF8 if number == 1 else b"")
        for line in text.splitlines(keepends=True):
            yield line.decode("utf-8")


def _composed(number: int, end: int, cells: list[str], columns: Columns) -> Line:
    if len(cells) != len(columns.names):
        words = f"The line has {len(cells)} cells, and the header {len(columns.names)}."
        return Line(number, end, cells=cells, refusal=Refusal("wrong_number_of_cells", words))
    item = columns.item(cells)
    text = json.dumps(item, ensure_ascii=False).encode("utf-8")
    return Line(number, end, item, text, cells, TOO_LARGE if len(text) > MOST_BYTES else None)


def batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Lines in the order of the file, as many at a time as one call takes."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == MOST_ITEMS or size + len(line.text) > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.text) + 1
    if batch:
        yield batch
