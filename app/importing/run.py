"""One run of an import: every line of a file is sent once, in the order of the file, and counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import dropwhile
from pathlib import Path
from typing import Any

import httpx

from app.importing.columns import Columns, columns_of
from app.importing.lines import Line, Refusal, batches, digest_of, header_of, read_csv, read_ndjson
from app.importing.reports import Report
from app.importing.sender import SECONDS, Sender
from app.importing.state import Memory

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be imported and where to: a CSV file holds one `kind`, an NDJSON file says it in each line."""

    file: Path
    url: str
    key: str
    kind: str | None = None
    source: str | None = None
    dry_run: bool = False

    def names(self) -> list[str]:
        """What makes it the same task in another run."""
        return [digest_of(self.file), self.url, self.kind or "", self.source or ""]

    def columns(self) -> Columns | None:
        """The columns of a CSV file. Raises UnreadableFileError."""
        return None if self.kind is None else columns_of(header_of(self.file), self.kind, self.source)

    def memory(self) -> Memory:
        """Where it is kept how far it has come."""
        return Memory(None if self.dry_run else self._beside("importing.json"))

    def report(self) -> Path:
        """The file of the lines that are rejected."""
        ending = f"rejected.{'ndjson' if self.kind is None else 'csv'}"
        return self._beside(f"dry-run.{ending}" if self.dry_run else ending)

    def client(self) -> httpx.Client:
        """A connection to the service, straight to its address."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS, trust_env=False)

    def _beside(self, ending: str) -> Path:
        return self.file.with_name(f"{self.file.name}.{ending}")


@dataclass
class Summary:
    """What became of the lines.

    `skipped` were imported by an earlier run; `unsure` name what an earlier line would make, which a dry run does not
    store, so that only their shape is known to be good.
    """

    created: int = 0
    changed: int = 0
    rejected: int = 0
    skipped: int = 0
    unsure: int = 0


@dataclass
class Named:
    """The names of what a dry run would have made, in eight bytes each."""

    _digests: set[bytes] = field(default_factory=set)

    def add(self, item: Json) -> None:
        """Note what an item is named by."""
        self._digests.update(_digest(item["kind"], ref) for ref in item["external_refs"])

    def explains(self, item: Json, problem: Json) -> bool:
        """Whether an item is refused for nothing but that an earlier line has not been stored."""
        return bool(problem["errors"]) and all(self._is_named(item, error) for error in problem["errors"])

    def _is_named(self, item: Json, error: Json) -> bool:
        member = error["pointer"].rpartition("/")[2]
        is_missing = error["code"] in ("not_found", "failed_dependency") and isinstance(
            item.get(member), dict
        )
        return is_missing and _digest(member, item[member]) in self._digests


def _digest(kind: str, ref: Json) -> bytes:
    return blake2b("\0".join((kind, ref["source"], ref["id"])).encode(), digest_size=8).digest()


def run(task: Task, *, progress: Callable[[int], None]) -> Summary:
    """Import a file, or go on where an earlier run of the same task ended; `progress` hears of bytes that are done.

    Raises ImportStoppedError; the same task can then be run again.
    """
    names, columns, memory = task.names(), task.columns(), task.memory()
    state = memory.recall(names)
    summary = Summary(rejected=state.rejected, skipped=state.done - state.rejected)
    lines = read_ndjson(task.file) if columns is None else read_csv(task.file, columns)
    left = dropwhile(lambda line: line.number <= state.line, lines)
    at, named = 0, Named() if task.dry_run else None
    with task.client() as client, Report(task.report(), columns, state.reported) as report:
        sender = Sender(client, state.run, task.dry_run)
        memory.keep(state)
        for batch in batches(left):
            rejected = _import(batch, sender, named, summary)
            state = state.after(batch[-1].number, len(batch), len(rejected), report.add(rejected))
            memory.keep(state)
            progress(batch[-1].end - at)
            at = batch[-1].end
    memory.forget()
    return summary


def _import(
    batch: Sequence[Line], sender: Sender, named: Named | None, summary: Summary
) -> list[tuple[Line, Refusal]]:
    """Send the lines of one call and count what became of them; gives those that were rejected."""
    sent = [line for line in batch if line.refusal is None]
    results = sender.send(sent) if sent else []
    told = dict(zip((line.number for line in sent), results, strict=True))
    rejected = []
    for line in batch:
        refusal = line.refusal or _count(line, told[line.number], named, summary)
        if refusal is not None:
            rejected.append((line, refusal))
    summary.rejected += len(rejected)
    return rejected


def _count(line: Line, result: Json, named: Named | None, summary: Summary) -> Refusal | None:
    problem = result["problem"]
    if problem is not None and not (named and named.explains(line.item, problem)):
        return _refusal(problem)
    if named is not None:
        named.add(line.item)
    if problem is not None:
        summary.unsure += 1
    elif result["status"] == httpx.codes.CREATED:
        summary.created += 1
    else:
        summary.changed += 1
    return None


def _refusal(problem: Json) -> Refusal:
    """All that is wrong with an item, each with the member it is about."""
    errors = [(error["pointer"].split("/", 3)[3:], error) for error in problem["errors"]]
    words = [": ".join([*(part.replace("/", ".") for part in place), e["detail"]]) for place, e in errors]
    code = problem["errors"][0]["code"] if errors else problem["code"]
    return Refusal(code, "; ".join(words) or problem["detail"])
