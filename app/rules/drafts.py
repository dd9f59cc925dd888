"""What a rule gives: a draft reason, the facts it rests on and the steps of its arithmetic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import NamedTuple

from app.rules.vocabulary import ReasonCode, Target


class Fact(NamedTuple):
    """The fact a reason rests on: its kind, its id where it has one, and its date."""

    kind: str
    id: str | None
    at: datetime


class Part(Enum):
    """What a step tells of: how the times come about, or one of them."""

    HOW = auto()
    DUE = auto()
    OVERDUE = auto()


class Step(NamedTuple):
    """One step of the arithmetic: words with a `{}` for each value, put into plain text when asked for."""

    words: str
    values: tuple[datetime | date | str | int, ...]
    part: Part = Part.HOW


# Put together only where somebody reads them: of a hundred reasons worked out, one is explained.
Steps = Callable[[], Sequence[Step]]


# Not frozen, which makes an object six times as dear: dozens of these are made for each application.
@dataclass(slots=True)
class Draft:
    """A reason as a rule gives it, before cool-downs, snoozes, pauses and other reasons.

    `active_from` is set where the reason counts before it is due. `urgent` marks what comes first, `good`
    an offer or a next stage (P1, G3), `for_manager` what is not the consultant's to do. Where nothing grows late,
    `overdue_at` is None (N1).
    """

    code: ReasonCode
    rule: str
    target: Target
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None
    facts: tuple[Fact, ...]
    steps: Steps
    active_from: datetime | None = None
    urgent: bool = False
    good: bool = False
    for_manager: bool = False

    @property
    def counts_from(self) -> datetime:
        """From when it counts, be it shown or not (R4)."""
        return self.active_from or self.due_at


def counted(number: int, unit: str) -> str:
    """A number with its unit, as people say it."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def listed(names: Sequence[str]) -> str:
    """Names as people list them, "salary, location and hours"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def step(words: str, *values: datetime | date | str | int) -> Step:
    """A step of the arithmetic."""
    return Step(words, values)


def due_step(words: str, due: datetime) -> Step:
    """The step that says from when a reason is due."""
    return Step(words, (due,), Part.DUE)


def overdue_step(words: str, *values: datetime | str) -> Step:
    """The step that says when a reason is overdue."""
    return Step(words, values, Part.OVERDUE)
