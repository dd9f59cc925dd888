"""The report of the lines that were rejected, in a file beside the one that is imported."""

import csv
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from app.importing.columns import REPORTED, Columns
from app.importing.lines import Line, Refusal

_FORMULA = re.compile(r"[=+\-@\t\r]")
_PHONE = re.compile(r"\+[0-9 ()./\-]+")


class Report:
    """The rejected lines of one import, each with its number, a code and words.

    Of a CSV file it is one as well, with the cells as they were; else NDJSON, with the item as it was.
    """

    def __init__(self, path: Path, columns: Columns | None, size: int) -> None:
        """Go on after the first `size` bytes, which earlier runs have written and are sure to be there."""
        self.path = path
        self._columns = columns
        self._file: IO[str] | None = None
        if size and path.exists():
            os.truncate(path, min(size, path.stat().st_size))
        else:
            path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejected: Sequence[tuple[Line, Refusal]]) -> int:
        """Write lines down for good; gives the size of the report in bytes."""
        if rejected:
            file = self._opened()
            for line, refusal in rejected:
                self._write(file, line, refusal)
            file.flush()
            os.fsync(file.fileno())
        return self.path.stat().st_size if self.path.exists() else 0

    def _opened(self) -> IO[str]:
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8", newline="")
            if self._columns is not None and self._file.tell() == 0:
                names = [f"{REPORTED}{name}" for name in ("line", "code", "detail")]
                kept = [name for name in self._columns.names if not name.startswith(REPORTED)]
                csv.writer(self._file).writerow([*names, *map(guarded, kept)])
        return self._file

    def _write(self, file: IO[str], line: Line, refusal: Refusal) -> None:
        if self._columns is None:
            row = {"line": line.number, "code": refusal.code, "detail": refusal.detail, "item": line.item}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            return
        # The columns of an earlier report make room for its own.
        names = self._columns.names
        cells = [
            cell
            for position, cell in enumerate(line.cells)
            if position >= len(names) or not names[position].startswith(REPORTED)
        ]
        row_of_csv = [line.number, refusal.code, refusal.detail, *cells]
        csv.writer(file).writerow([guarded(str(cell)) for cell in row_of_csv])


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (S7); a plain phone number stays as it is."""
    return f"'{cell}" if _FORMULA.match(cell) and not _PHONE.fullmatch(cell) else cell
