"""The numbers of the rulebook that an agency may choose for itself (section 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, time
from functools import cached_property, lru_cache
from typing import Any

from app.rules.calendar import MONDAY_TO_FRIDAY, Span, WorkingCalendar, working_calendar
from app.rules.holidays import Holidays

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Policy:
    """One agency's parameters; the defaults are the rulebook's.

    Names end in their unit: working hours, working days, or calendar days where just `days`. `working_hours` names
    the weekdays that have hours of their own, None where the agency is closed; the others are Monday to Friday from
    `day_start` to `day_end`. On `closing_days` the agency itself is closed.
    """

    timezone: str = "Europe/London"
    holidays: Holidays = "GB-ENG"
    day_start: time = time(9)
    day_end: time = time(17, 30)
    working_hours: tuple[tuple[str, Span | None], ...] = ()
    closing_days: frozenset[date] = frozenset()
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

    @staticmethod
    def of(overrides: Mapping[str, Any]) -> "Policy":
        """The default policy with some parameters replaced, as JSON writes them (`"09:00"`, numbers).

        Policies are shared: the same parameters give the same object, with its calendars. Raises ValueError for an
        unknown parameter or an unreadable date or clock time.
        """
        return _policy(frozenset([(name, _frozen(value)) for name, value in overrides.items()]))

    @cached_property
    def week(self) -> dict[str, Span | None]:
        """When work begins and ends on each weekday; None where it does not."""
        usual = dict.fromkeys(WEEKDAYS[: len(MONDAY_TO_FRIDAY)], (self.day_start, self.day_end))
        return dict.fromkeys(WEEKDAYS) | usual | dict(self.working_hours)

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter as JSON writes it, with the working hours of all weekdays."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _written(value) for name, value in {**values, "working_hours": self.week}.items()}

    @cached_property
    def office(self) -> WorkingCalendar:
        """The agency's own working time (T1). Raises ValueError if there is none."""
        return working_calendar(self.timezone, self.holidays, *self._hours, self.closing_days)

    def hours_of(self, timezone: str, holidays: Holidays) -> WorkingCalendar:
        """Working time of somebody else's place, at this agency's hours (T6); its closing days are its own."""
        return working_calendar(timezone, holidays, *self._hours, frozenset())

    @cached_property
    def _hours(self) -> tuple[time, time, frozenset[int], tuple[tuple[int, Span], ...]]:
        hours = tuple((number, self.week[name]) for number, name in enumerate(WEEKDAYS))
        worked = tuple((number, span) for number, span in hours if span)
        return self.day_start, self.day_end, frozenset(number for number, _ in worked), worked

    @property
    def idle_parameter(self) -> str | None:
        """The parameter that leaves a year without any working day, if one does."""
        if not any(self.week.values()):
            return "working_hours"
        known = self.office.known_until().year
        unclosed = replace(self, closing_days=frozenset()).office
        if not unclosed.works_in(known):
            return "working_hours"
        years = {day.year for day in self.closing_days if day.year <= known}
        idle = any(unclosed.works_in(year) and not self.office.works_in(year) for year in years)
        return "closing_days" if idle else None


PARAMETERS = frozenset(field.name for field in fields(Policy))


@lru_cache(maxsize=1024)
def _policy(overrides: frozenset[tuple[str, Any]]) -> Policy:
    given = dict(overrides)
    unknown = given.keys() - PARAMETERS
    if unknown:
        message = f"unknown policy parameters: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return replace(Policy(), **{name: _parse(name, value) for name, value in given.items()})


def _frozen(value: Any) -> Any:
    """A JSON value as one that can be looked up."""
    if isinstance(value, dict):
        return tuple((name, _frozen(value[name])) for name in sorted(value))
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _parse(name: str, value: Any) -> Any:
    if name in ("day_start", "day_end"):
        return time.fromisoformat(value)
    if name.endswith("_window"):
        return _span(value)
    if name == "working_hours":
        return tuple((weekday, span and _span(span)) for weekday, span in value)
    if name == "closing_days":
        return frozenset(map(date.fromisoformat, value))
    return value


def _written(value: Any) -> Any:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _written(member) for name, member in value.items()}
    if isinstance(value, frozenset):
        return [_written(item) for item in sorted(value)]
    return [_written(item) for item in value] if isinstance(value, tuple) else value


def _span(clocks: tuple[str, str]) -> Span:
    start, end = clocks
    return time.fromisoformat(start), time.fromisoformat(end)
