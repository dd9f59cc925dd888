"""How late a reason is (R4): the level that its times make, and which of two levels is the worse."""

from datetime import datetime

from app.rules.vocabulary import Level

_LEVELS = tuple(Level)

# Those at which a reason can be shown, the worst first.
SHOWN = (Level.ESCALATED, Level.OVERDUE, Level.DUE)


def level_at(now: datetime, *, overdue_at: datetime | None, escalate_at: datetime | None) -> Level:
    """The level at an instant of what is due, or shown."""
    if escalate_at is not None and now >= escalate_at:
        return Level.ESCALATED
    return Level.OVERDUE if overdue_at is not None and now >= overdue_at else Level.DUE


def lateness(level: Level) -> int:
    """The place of a level in their order; the worst is the last."""
    return _LEVELS.index(level)
