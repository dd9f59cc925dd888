"""The numbers of the rulebook that an agency may choose for itself (section 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import time
from typing import Any, Self

from app.rules.calendar import WorkingCalendar, working_calendar


@dataclass(frozen=True, slots=True)
class Policy:
    """One agency's parameters; the defaults are the rulebook's.

    Names end in their unit: working hours, working days, or calendar days where just `days`.
    """

    timezone: str = "Europe/London"
    holidays: str | None = "GB-ENG"
    day_start: time = time(9)
    day_end: time = time(17, 30)
    debrief_overdue_working_hours: int = 4
    timescale_due_working_days: int = 1
    default_response_working_days: int = 5
    unknown_recheck_working_days: int = 5
    event_offset_working_days: int = 1
    client_grace_working_hours: int = 0
    client_overdue_working_days: int = 2
    client_escalate_working_days: int = 5
    chaser_cooldown_working_days: int = 3
    max_unanswered_chasers: int = 3
    move_on_working_days: int = 10
    relay_offer_working_hours: int = 2
    relay_next_stage_working_hours: int = 4
    relay_negative_working_days: int = 1
    relay_feedback_working_days: int = 1
    courtesy_every_working_days: int = 5
    courtesy_on_hold_working_days: int = 10
    slip_update_working_days: int = 1
    enquiry_working_days: int = 1
    attempt_cooldown_working_hours: int = 4
    max_candidate_attempts: int = 3
    escalate_working_days: int = 2
    escalate_decision_working_days: int = 1
    escalate_promise_working_days: int = 1
    withdrawal_working_hours: int = 4
    aftercare_working_days: int = 5
    preference_review_working_days: int = 20
    competing_lead_working_days: int = 2
    hold_review_working_days: int = 10
    next_step_working_days: int = 2
    statutory_notice_days: int | None = None
    direct_cooldown_working_days: int = 5
    direct_max_follow_ups: int = 2
    candidate_window: tuple[time, time] = (time(8), time(20))
    client_window: tuple[time, time] = (time(9), time(17, 30))

    @classmethod
    def of(cls, overrides: Mapping[str, Any]) -> Self:
        """The default policy with some parameters replaced, as JSON writes them (`"09:00"`, numbers).

        Raises ValueError for an unknown parameter or an unreadable clock time.
        """
        unknown = overrides.keys() - PARAMETERS
        if unknown:
            message = f"unknown policy parameters: {', '.join(sorted(unknown))}"
            raise ValueError(message)
        return replace(cls(), **{name: _parse(name, value) for name, value in overrides.items()})

    @property
    def office(self) -> WorkingCalendar:
        """The agency's own working time (T1)."""
        return working_calendar(self.timezone, self.holidays, self.day_start, self.day_end)

    def hours_of(self, timezone: str, holidays: str | None) -> WorkingCalendar:
        """Working time of somebody else's place, at this agency's hours (T6)."""
        return working_calendar(timezone, holidays, self.day_start, self.day_end)


PARAMETERS = frozenset(field.name for field in fields(Policy))


def _parse(name: str, value: Any) -> Any:
    if name in ("day_start", "day_end"):
        return time.fromisoformat(value)
    if name.endswith("_window"):
        start, end = value
        return time.fromisoformat(start), time.fromisoformat(end)
    return value
