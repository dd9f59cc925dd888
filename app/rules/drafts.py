"""What a rule gives: a draft reason, the facts it rests on and the steps of its arithmetic."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from app.rules.vocabulary import ReasonCode, Target


class Fact(NamedTuple):
    """The fact a reason rests on: its kind, its id where it has one, and its date."""

    kind: str
    id: str | None
    at: datetime


class Step(NamedTuple):
    """One step of the arithmetic: words with a `{}` for each value, put into plain text when asked for."""

    words: str
    values: tuple[datetime | date | str | int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A reason as a rule gives it, before cool-downs, snoozes, pauses and other reasons.

    `active_from` is set where the reason counts before it is due (R4). `urgent` marks what comes first, `good`
    an offer or a next stage (P1, G3). Where nothing grows late, `overdue_at` is None (N1).
    """

    code: ReasonCode
    rule: str
    target: Target
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    active_from: datetime | None = None
    urgent: bool = False
    good: bool = False


def counted(number: int, unit: str) -> str:
    """A number with its unit, as people say it."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def step(words: str, *values: datetime | date | str | int) -> Step:
    """A step of the arithmetic."""
    return Step(words, values)
