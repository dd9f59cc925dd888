"""How far an import has come, kept in a small file beside the one that is imported until it is done."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from secrets import token_hex


@dataclass(frozen=True, slots=True)
class State:
    """What is done: up to which line, how many lines, how many of them rejected, and how many bytes of the report.

    `task` says what is imported and where; `run` tells a run that goes on from one that begins anew.
    """

    task: list[str]
    run: str
    line: int = 0
    done: int = 0
    rejected: int = 0
    reported: int = 0

    def after(self, line: int, count: int, rejected: int, reported: int) -> "State":
        """The state after `count` more lines, of which some were rejected."""
        done, rejected = self.done + count, self.rejected + rejected
        return replace(self, line=line, done=done, rejected=rejected, reported=reported)


@dataclass(frozen=True, slots=True)
class Memory:
    """The file that keeps the state; a dry run has none, and always begins anew."""

    path: Path | None

    def recall(self, task: list[str]) -> State:
        """The state of a task, or that of a beginning where nothing is known of it."""
        beginning = State(task, token_hex(16))
        if self.path is None:
            return beginning
        try:
            state = State(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return beginning
        return state if state.task == task else beginning

    def keep(self, state: State) -> None:
        """Write the state down so that the file has either this one or the one before, whatever happens."""
        if self.path is None:
            return
        beside = self.path.with_name(f"{self.path.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def forget(self) -> None:
        """What is done need not be remembered: another run of the same task does it anew."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
